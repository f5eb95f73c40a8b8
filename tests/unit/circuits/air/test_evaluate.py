"""Messages of sparse tables, and rows told apart: both against the plainest way there is."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.air.builder import Builder
from circuits.air.bus import Bus
from circuits.air.circuit import Circuit
from circuits.air.evaluate import (
    BLOCK_ROWS,
    COUNTED_MAX,
    Filled,
    distinct_rows,
    filled,
    messages,
    requests,
)
from circuits.air.layout import Layout, cell
from circuits.air.publics import PublicLayout
from circuits.air.table import Table
from rollup.field.koalabear import P

PAIR = Bus("PAIR", 1, ("one", "two"))
OTHER = Bus("OTHER", 2, ("one",))
BUSES = (PAIR.identifier, OTHER.identifier)
HEIGHT = 4 * BLOCK_ROWS


class Columns(Layout):
    one = cell()
    two = cell()
    said = cell()


def rules(air: Builder, now: Any, after: Any) -> None:
    air.send(PAIR, [now.one + 3 * now.two, now.one], now.said, claim="pairs.sent")
    air.send(PAIR, [now.two, air.public("start")], now.said * now.two, claim="pairs.weighed")
    air.receive(OTHER, [now.one], now.said, claim="pairs.received")


CIRCUIT = Circuit.build(
    [(Table("pairs", Columns, rules), HEIGHT)], PublicLayout((("start", 1),)), [PAIR, OTHER]
)


def table(said: list[int], blinded: int) -> Filled:
    draw = np.random.default_rng(5)
    matrix = draw.integers(0, P, (HEIGHT, 3), dtype=np.uint32)
    matrix[:, 2] = 0
    matrix[said, 2] = 1 + np.arange(len(said))
    matrix[said[::2], 1] = 0
    return filled(CIRCUIT.table("pairs"), matrix, blinded)


def expected(main: np.ndarray, active: int) -> dict[str, list[tuple[int, tuple[int, ...], int]]]:
    """(row, payload, count) of each claim, one row after the other."""
    found: dict[str, list[tuple[int, tuple[int, ...], int]]] = {
        "pairs.sent": [],
        "pairs.weighed": [],
        "pairs.received": [],
    }
    for row in range(active):
        one, two, said = (int(value) for value in main[row])
        if said:
            found["pairs.sent"].append((row, ((one + 3 * two) % P, one), said))
            found["pairs.received"].append((row, (one,), P - said))
        if said * two % P:
            found["pairs.weighed"].append((row, (two, 9), said * two % P))
    return found


@pytest.mark.parametrize(
    ("said", "blinded"),
    [
        ([], 0),
        ([0], 0),
        (list(range(7)), 3),
        ([2, 3, BLOCK_ROWS - 1, BLOCK_ROWS, HEIGHT - 9], 8),
        ([HEIGHT - 2, HEIGHT - 1], 0),
        (list(range(0, HEIGHT, 3)), 5),
        (list(range(HEIGHT)), 0),
    ],
)
def test_messages_are_those_of_every_row_whose_count_is_not_zero(
    said: list[int], blinded: int
) -> None:
    pairs = table(said, blinded)
    wanted = expected(pairs.main, pairs.active)
    spoken = {each.interaction.claim: each for each in messages(pairs, (9,), BUSES)}
    assert list(spoken) == [each.claim for each in pairs.graph.interactions]
    assert set(spoken) == set(wanted)
    for claim, rows in wanted.items():
        found = spoken[claim]
        triples = zip(found.rows, found.payload, found.counts, strict=True)
        assert [(int(r), tuple(map(int, p)), int(c)) for r, p, c in triples] == rows


def test_requests_are_net_counts_of_distinct_tuples() -> None:
    pairs = table(list(range(50)), 0)
    net: Counter[tuple[int, ...]] = Counter()
    rows = expected(pairs.main, pairs.active)
    for claim in ("pairs.sent", "pairs.weighed"):
        for _, said, count in rows[claim]:
            net[said] += count - P if count > P // 2 else count
    payload, counts = requests([pairs], (9,), PAIR.identifier, PAIR.width)
    found = dict(zip(map(tuple, payload.tolist()), counts.tolist(), strict=True))
    assert found == {each: count for each, count in net.items() if count}


numbers = st.integers(0, 5) | st.integers(0, 2**32 - 1) | st.integers(0, 2 * COUNTED_MAX)


@given(st.integers(1, 3).flatmap(lambda n: st.lists(st.lists(numbers, min_size=n, max_size=n))))
def test_rows_are_told_apart(rows: list[list[int]]) -> None:
    width = len(rows[0]) if rows else 2
    matrix = np.array(rows, dtype=np.uint32).reshape(len(rows), width)
    distinct, place = distinct_rows(matrix)
    assert distinct.dtype == np.uint32
    assert sorted(distinct.tolist()) == sorted(map(list, {tuple(row) for row in rows}))
    assert distinct[place].tolist() == rows


@pytest.mark.parametrize("end", [COUNTED_MAX - 1, COUNTED_MAX, 2**32 - 1])
def test_pairs_about_the_bound_of_what_is_counted(end: int) -> None:
    for rows in ([[0, end], [0, 0], [0, end]], [[end, 0], [0, 0], [end, 0]], [[end, end]]):
        distinct, place = distinct_rows(np.array(rows, dtype=np.uint32))
        assert len(distinct) == len({tuple(row) for row in rows})
        assert distinct[place].tolist() == rows
