"""The Poseidon table against the plain permutation, and each cell of a row held by its round."""

import numpy as np
import pytest

from circuits.gadgets.buses import HASH
from circuits.tables.poseidon.air import TABLE, Columns
from circuits.tables.poseidon.forms import partial_rounds
from circuits.tables.poseidon.trace import build
from rollup.field.koalabear import P
from rollup.hash.constants import VECTOR_INPUT, WIDTH
from rollup.hash.poseidon import compress
from tests.helpers.isolation import Isolated

POSEIDON = Isolated(TABLE)
ROUNDS = {
    "first_cubes": "poseidon.full-round",
    "last_cubes": "poseidon.full-round",
    "partial_cubes": "poseidon.partial-round",
}


def inputs(count: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    found = rng.integers(0, P, (count, WIDTH), dtype=np.uint32)
    found[0] = VECTOR_INPUT
    return found


def requests(states: np.ndarray) -> np.ndarray:
    """What a table asks for: (in 16, out 8)."""
    digests = [compress(*(state.tolist()[i : i + 8] for i in (0, 8))) for state in states]
    return np.concatenate([states, np.array(digests, dtype=np.uint32)], axis=1)


def trace() -> np.ndarray:
    return build(requests(inputs(5)), np.array([1, 2, 3, 4, 5]), 8, 2)


def test_rows_are_the_plain_compression() -> None:
    matrix = trace()
    assert POSEIDON.failed(matrix) == set()
    wanted = requests(inputs(5))
    said = POSEIDON.messages(matrix, HASH)
    assert said == {tuple(row.tolist()): count for count, row in enumerate(wanted, start=1)}


@pytest.mark.parametrize("column", [name for name in Columns.names() if "cubes" in name])
def test_a_changed_cube_breaks_its_round(column: str) -> None:
    matrix = trace()
    forged = POSEIDON.forge(matrix, 1, column, int(matrix[1, Columns.names().index(column)]) + 1)
    assert ROUNDS[column.split(".", maxsplit=1)[0]] in POSEIDON.failed(forged)


def test_a_changed_input_breaks_the_first_round() -> None:
    forged = POSEIDON.forge(trace(), 0, "inputs.9", 10)
    assert POSEIDON.failed(forged) == {"poseidon.full-round"}


def test_a_changed_input_breaks_the_feed_forward_too() -> None:
    forged = POSEIDON.forge(trace(), 0, "inputs.3", 10)
    assert POSEIDON.failed(forged) == {"poseidon.full-round", "poseidon.digest"}


@pytest.mark.parametrize("element", range(8))
def test_a_changed_digest_breaks_it_alone(element: int) -> None:
    matrix = trace()
    place = Columns.names().index(f"digest.{element}")
    forged = POSEIDON.forge(matrix, 2, f"digest.{element}", int(matrix[2, place]) + 1)
    assert POSEIDON.failed(forged) == {"poseidon.digest"}


def test_a_forged_digest_finds_no_message() -> None:
    asked = requests(inputs(2))
    asked[1, 23] ^= 1
    matrix = build(asked, np.array([1, 1]), 8, 0)
    said = POSEIDON.messages(matrix, HASH)
    assert tuple(asked[0].tolist()) in said
    assert tuple(asked[1].tolist()) not in said


def test_too_many_requests_are_an_error() -> None:
    with pytest.raises(ValueError, match="7 compressions, the Poseidon table holds 6"):
        build(requests(inputs(7)), np.ones(7, dtype=np.int64), 8, 2)


def test_partial_rounds_as_forms_are_the_rounds() -> None:
    """The forms reach every cube before them and no later one."""
    rounds = partial_rounds()
    for step, form in enumerate(rounds.cubed):
        assert all(form[:WIDTH])
        assert all(form[WIDTH : WIDTH + step])
        assert not any(form[WIDTH + step : -1])
