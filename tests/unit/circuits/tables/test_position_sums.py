"""Sums over positions: columns stay inside the bounds that the total table is proved with."""

from random import Random

import numpy as np
import pytest

from circuits.air.graph import MODULUS
from circuits.gadgets.balanced import balanced
from circuits.gadgets.integer import carry_bits
from circuits.tables.position.chain import normalised
from circuits.tables.position.sums import (
    COLUMNS,
    LADDER_COLUMNS,
    LADDER_WIDTHS,
    POSITIONS_MAX,
    SUM_BITS,
    cash_columns,
    column_reach,
    ladder_reach,
    normal,
    normal_ladder,
    product,
    raw,
    raw_ladder,
    spans,
)
from circuits.tables.total.columns import CARRY_BITS
from rollup.protocol.constants import (
    BUCKET_BITS,
    CASH_LIMIT,
    MARKETS_MAX,
    POSITION_LIMIT,
    PRICE_BITS,
)
from rollup.protocol.encoding import cash_words, limbs

MOST = 2 ** (PRICE_BITS + 1) - 1
"""A short's side value is at most twice a price in size."""


def value_of(columns: list[int]) -> int:
    return sum(column << 13 * place for place, column in enumerate(columns))


def walk(rng: Random, size: int, number: int) -> list[int]:
    """Cash and as many positions as one sum takes, without a total."""
    cash = rng.choice([-CASH_LIMIT, CASH_LIMIT - 1])
    columns = list(cash_columns(cash_words(cash)))
    for _ in range(POSITIONS_MAX):
        terms = product(limbs(size, 41), balanced(number))
        columns = [a + b for a, b in zip(columns, terms, strict=True)]
    assert value_of(columns) == cash + POSITIONS_MAX * size * number
    return columns


@pytest.mark.parametrize("seed", range(200))
def test_no_column_of_a_sum_reaches_further_than_its_bound(seed: int) -> None:
    rng = Random(seed)
    size = rng.choice([POSITION_LIMIT, POSITION_LIMIT - 1, rng.getrandbits(40)])
    worst = -(4096 + (4096 << 13)) - (32 << 26)
    number = rng.choice([MOST, -MOST, worst, rng.randint(-MOST, MOST)])
    for place, column in enumerate(walk(rng, size, max(-MOST, number))):
        assert abs(column) <= column_reach(place)


def test_bounds_leave_room_for_the_carries_that_total_has() -> None:
    gap = raw([0] * COLUMNS) - normal([0] * COLUMNS)
    assert carry_bits(gap) <= CARRY_BITS
    for column in gap.columns:
        reach = max(-column.low, column.high) + 2 ** (CARRY_BITS - 1) * (2**13 + 1)
        assert reach < MODULUS


def test_the_largest_account_fits_the_limbs_of_a_sum() -> None:
    assert MARKETS_MAX * POSITION_LIMIT * MOST + CASH_LIMIT < 2**SUM_BITS


def test_limbs_of_a_sum_are_the_sum() -> None:
    rng = Random(1)
    ladder = [POSITIONS_MAX * c for c in product(limbs(2**20, 41), balanced(1000, BUCKET_BITS, 2))]
    rows = []
    for number in (MOST, -MOST, 1, -1):
        values = walk(rng, POSITION_LIMIT, number)
        rows.append([*values, *values, *ladder, *values, *values])
    found = normalised(np.array(rows, dtype=np.int64))
    for before, after in zip(rows, found.tolist(), strict=True):
        for span in spans().values():
            assert value_of(before[span]) == value_of(after[span])
            *lower, top = after[span]
            assert all(0 <= limb < 2**13 for limb in lower)
            assert -(2**13) <= top < 2**13


def test_no_column_of_a_ladder_reaches_further_than_its_bound() -> None:
    for size in (POSITION_LIMIT, POSITION_LIMIT - 1):
        for bucket in (1, 4096, 4095, 2**BUCKET_BITS - 1, 2**BUCKET_BITS - 4096):
            terms = product(limbs(size, 41), balanced(bucket, BUCKET_BITS, 2))
            assert value_of(terms) == size * bucket
            for place, column in enumerate(terms):
                assert POSITIONS_MAX * abs(column) <= ladder_reach(place)
    gap = raw_ladder([0] * LADDER_COLUMNS) - normal_ladder([0] * len(LADDER_WIDTHS))
    assert carry_bits(gap) <= CARRY_BITS
