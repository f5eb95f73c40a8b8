"""Every cell of an honest exit is held: with another value somebody notices, but for a few that say
nothing, which are listed."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from circuits.air.graph import MODULUS
from circuits.air.layout import Layout
from circuits.air.trace import U32
from circuits.exit.holding import Columns as Holding
from circuits.exit.leaf import Columns as Leaf
from circuits.exit.witness import ExitWitness
from tests.helpers.private_exits import Escaping, broken, some_escape

FREE = {
    "held": set[str](),
    "priced, and nothing held": {"short", "borrow", "trigger", "hashed"},
    "not listed": {"short", "borrow", "trigger", "hashed", "value"},
}
"""Of holding, by kind of row: what stands beside no position, and the worth of no market. A sign is
of nothing; a bit that it is one is asked all the same."""

BITS = {"short", "borrow"}


@cache
def escaping() -> Escaping:
    return some_escape(3, 5)


@cache
def witness() -> ExitWitness:
    return escaping().witness()


def columns(layout: type[Layout]) -> Iterator[tuple[int, str]]:
    """Each column, and the attribute that it is of."""
    yield from ((k, name.partition(".")[0]) for k, name in enumerate(layout.names()))


def is_noticed(table: str, row: int, column: int, is_bit: bool = False) -> bool:
    """Whether another value of a cell breaks anything; a bit is turned over."""
    matrix = witness().traces[table].copy()
    value = int(matrix[row, column])
    matrix[row, column] = 1 - value if is_bit else (value + 1) % MODULUS
    return bool(broken(with_trace(table, matrix)))


def with_trace(table: str, matrix: U32) -> ExitWitness:
    """The honest witness with another trace of one table."""
    honest = witness()
    traces = {**honest.traces, table: matrix}
    return ExitWitness(honest.circuit, traces, honest.statement, honest.blinded)


@pytest.mark.parametrize("name", list(Leaf.fields))
def test_every_cell_of_the_account_is_held(name: str) -> None:
    found = [k for k, of in columns(Leaf) if of == name]
    assert found
    for column in found[:: max(1, len(found) // 3)]:
        assert is_noticed("exit", 0, column), Leaf.names()[column]


def rows() -> dict[str, int]:
    """A row of holding of each kind."""
    held = dict(escaping().leaf.account.positions)
    idle = next(market for market in range(64) if market not in held)
    return {"held": min(held), "priced, and nothing held": idle, "not listed": 70}


@pytest.mark.parametrize("kind", FREE)
@pytest.mark.parametrize("name", list(Holding.fields))
def test_every_cell_of_a_market_is_held_but_what_says_nothing(kind: str, name: str) -> None:
    found = [k for k, of in columns(Holding) if of == name]
    for column in found[:: max(1, len(found) // 3)]:
        noticed = is_noticed("holding", rows()[kind], column, name in BITS)
        assert noticed is (name not in FREE[kind]), Holding.names()[column]


def test_rows_below_the_account_mean_nothing() -> None:
    """They may be anything that bits and ranges allow: all that the table says is said by its first
    row."""
    honest = witness()
    matrix = honest.traces["exit"].copy()
    random = np.random.default_rng(1)
    sign = Leaf.names().index("negative")
    below = matrix[1 : len(matrix) - honest.blinded]
    kept = below[:, sign].copy()
    below[...] = random.integers(0, MODULUS, below.shape, dtype=np.uint32)
    below[:, sign] = kept
    assert broken(with_trace("exit", matrix)) == set()
