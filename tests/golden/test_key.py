"""What is packaged is what the sources say; `make golden` writes it."""

from importlib import resources

import pytest

from circuits.statement.keygen import statement_key, statement_messages, statement_tapes
from circuits.statement.pinned import circuit_file, key_file, messages_file
from rollup.protocol.shape_class import SHAPE_CLASSES, ShapeClass


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
