"""What is packaged is what the sources say; `make golden` writes it."""

from collections.abc import Callable
from importlib import resources

import pytest

from circuits.exit.keygen import exit_circuit_messages, exit_tapes, exit_verification_key
from circuits.exit.pinned import EXIT_CIRCUIT_FILE, EXIT_KEY_FILE, EXIT_MESSAGES_FILE
from circuits.statement.keygen import statement_key, statement_messages, statement_tapes
from circuits.statement.pinned import circuit_file, key_file, messages_file
from rollup.protocol.shape_class import SHAPE_CLASSES, ShapeClass


@pytest.mark.parametrize(
    ("name", "made"),
    [
        (EXIT_KEY_FILE, lambda: exit_verification_key().to_json()),
        (EXIT_CIRCUIT_FILE, exit_tapes),
        (EXIT_MESSAGES_FILE, exit_circuit_messages),
    ],
)
def test_what_is_packaged_of_the_exit_circuit_is_what_it_says(
    name: str, made: Callable[[], str]
) -> None:
    packaged = (resources.files("circuits") / "keys" / name).read_text(encoding="ascii")
    assert packaged == made(), "run `make golden` and note it in CHANGELOG.md"


@pytest.mark.parametrize("shape_class", SHAPE_CLASSES.values(), ids=lambda shape: shape.name)
def test_the_packaged_key_is_the_key_of_the_statement(shape_class: ShapeClass) -> None:
    file = resources.files("circuits") / "keys" / key_file(shape_class)
    packaged = file.read_text(encoding="ascii")
    assert packaged == statement_key(shape_class).to_json(), (
        "run `make golden` and note it in CHANGELOG.md"
    )


@pytest.mark.parametrize("shape_class", SHAPE_CLASSES.values(), ids=lambda shape: shape.name)
def test_the_packaged_tapes_are_those_of_the_statement(shape_class: ShapeClass) -> None:
    file = resources.files("circuits") / "keys" / circuit_file(shape_class)
    packaged = file.read_text(encoding="ascii")
    assert packaged == statement_tapes(shape_class), "run `make golden`"


@pytest.mark.parametrize("shape_class", SHAPE_CLASSES.values(), ids=lambda shape: shape.name)
def test_the_packaged_messages_are_those_of_the_statement(shape_class: ShapeClass) -> None:
    file = resources.files("circuits") / "keys" / messages_file(shape_class)
    packaged = file.read_text(encoding="ascii")
    assert packaged == statement_messages(shape_class), "run `make golden`"
