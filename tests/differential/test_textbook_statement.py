"""The real statement before the textbook verifier: a proof of class S, and every map of stacks.

The packaged circuits and keys are read by the textbook's own reader.
"""

import ast
import json
from importlib import resources
from pathlib import Path

import pytest

from circuits.prove import StarkProver
from circuits.stark.parameters import FAST, PARAMETER_SETS
from circuits.stark.shape import shape_of
from circuits.stark.stacks import Phase, arrange
from circuits.statement.inputs import public_messages, public_values
from circuits.statement.pinned import circuit_file, key_file, packaged_circuit, pinned_key
from rollup.protocol.batch_codec import batch_to_bytes
from rollup.protocol.shape_class import CLASS_S, SHAPE_CLASSES
from tests.helpers import textbook, textbook_format, textbook_shape
from tests.helpers.scrambled import flip, overwrite
from tests.helpers.seed import draws
from tests.helpers.two_verifiers import Case, numbers, read
from tests.helpers.venue import USDC, Match, Venue, buy, real, sell

SHARED = {
    "circuits.air.tape",
    "rollup.field.extension",
    "rollup.field.koalabear",
    "rollup.hash.keccak",
}
"""All of the product that the textbook verifier may import."""


@pytest.fixture(scope="module")
def class_s() -> Case:
    """A batch of class S at `fast`: the packaged circuit, key and prover."""
    venue = Venue(suite=real()).with_traders(*[1000 * USDC] * 2)
    batch = batch_to_bytes(venue.batch([], [Match(buy(1, 100), sell(2, 100), 100)]))
    bundle = StarkProver(FAST.name, CLASS_S.name).prove_bundle(batch)
    return Case(
        packaged_circuit(CLASS_S),
        packaged(circuit_file(CLASS_S)),
        pinned_key(CLASS_S),
        bundle.public.digest(),
        tuple(public_values(bundle.public)),
        tuple(public_messages(bundle.public)),
        FAST,
        bundle.proof,
    )


def packaged(name: str) -> str:
    """A file of circuits/keys."""
    return (resources.files("circuits") / "keys" / name).read_text(encoding="ascii")


def test_the_statement_of_class_s(class_s) -> None:
    assert class_s.judged() is None
    record = json.loads(packaged(key_file(CLASS_S)))
    assert bytes.fromhex(record["fixed_roots"][FAST.name]) == class_s.key.fixed_roots[FAST.name]
    draw = draws(1)
    for mutate in (flip, overwrite):
        assert class_s.judged(proof=mutate(class_s.proof, draw)) is not None


def test_the_map_of_stacks_of_every_class_and_set() -> None:
    for shape_class in SHAPE_CLASSES.values():
        circuit = read(packaged(circuit_file(shape_class)))
        for parameters in PARAMETER_SETS.values():
            mine = textbook_shape.Shape(circuit, numbers(parameters)).stacks
            theirs = shape_of(packaged_circuit(shape_class), parameters).stacks
            assert [(s.phase, s.group, s.columns, s.below) for s in mine] == [
                (s.phase, s.group, s.columns, s.below) for s in theirs
            ]


def test_the_arrangement_of_any_group() -> None:
    draw, own = draws(2), 0
    for _ in range(300):
        width, places = draw.randint(1, 40), 2 ** draw.randrange(6)
        below = sorted(draw.sample(range(width), draw.randint(0, min(width, 6))))
        phase, queries = draw.choice([Phase.MAIN, Phase.LOOKUP]), draw.randint(1, 90)
        words = 5 if phase is Phase.LOOKUP else 1
        mine = textbook_shape.arrange(width, below, places, words, queries)
        theirs = arrange(phase, 0, width, below, places, queries)
        assert [tuple(columns) for columns in mine] == [stack.columns for stack in theirs]
        own += any(len(columns) < places for columns in mine[:-1])
    assert 0 < own < 300


def test_the_textbook_shares_no_more_than_it_says() -> None:
    imported = set()
    for module in (textbook, textbook_format, textbook_shape):
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        assert not any(
            isinstance(node, ast.Import) and node.names[0].name != "json" for node in ast.walk(tree)
        )
        found = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported |= {
            name for name in found if name.split(".")[0] in ("circuits", "rollup", "tests")
        }
    assert imported - SHARED == {"tests.helpers.textbook_format", "tests.helpers.textbook_shape"}
