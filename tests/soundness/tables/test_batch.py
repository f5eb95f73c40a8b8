"""The batch row: roots, clock, queue position and fee credit; each lie refused by its claim."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.gadgets.buses import FEES, HASH, MEMORY, NODE
from circuits.tables.batch.air import TABLE
from circuits.tables.batch.columns import FEE_SUM_MAX, Columns
from circuits.tables.batch.trace import build
from circuits.tables.fill.columns import FILL_ROWS_MAX
from circuits.tables.records import BatchRecords, CashAccess
from rollup.hash.poseidon import chain, compress
from rollup.protocol.constants import CASH_LIMIT, FEE_TIMESTAMP
from rollup.protocol.encoding import TypeCode, globals_blocks, limbs, market_blocks, packed
from tests.helpers.isolation import Isolated

HEIGHT = 4
TIMES = (1_723_000_000_000, 1_723_000_000_400)
TOTALS = (5 * 10**12, 5 * 10**12 + 777)
CONSUMED = (40, 42)
PRICES = (tuple(range(70, 78)), tuple(range(80, 88)))
"""Digests of the prices before and after."""
ACCOUNTS = tuple(np.arange(8, dtype=np.uint32) + 100 * k for k in (1, 2))
MARKET_SALTS = tuple(np.arange(4, dtype=np.uint32) + 1000 * k for k in (1, 2))
GLOBAL_SALTS = tuple(np.arange(4, dtype=np.uint32) + 2000 * k for k in (1, 2))
NUMBER = 9
FEE_ACCOUNT = 3
FEES_PAID = [300_000, 60_000, 1, 2**45]


def root(which: int, time: int = 0) -> tuple[int, ...]:
    salt = tuple(int(value) for value in MARKET_SALTS[which])
    markets = chain(TypeCode.MARKETS, market_blocks(PRICES[which], salt))  # type: ignore[arg-type]
    blocks = globals_blocks(
        NUMBER - 1 + which,
        time or TIMES[which],
        TOTALS[which],
        CONSUMED[which],
        tuple(int(value) for value in GLOBAL_SALTS[which]),  # type: ignore[arg-type]
    )
    left = compress([int(value) for value in ACCOUNTS[which]], markets)
    return compress(left, compress(chain(TypeCode.GLOBALS, blocks), (0,) * 8))


PUBLICS: dict[str, Any] = {
    "number": NUMBER,
    "time": limbs(TIMES[1], 52),
    "old_root": root(0),
    "new_root": root(1),
    "fee_account": FEE_ACCOUNT,
    "total_old": limbs(TOTALS[0], 64),
    "total_new": limbs(TOTALS[1], 64),
    "deposits_before": CONSUMED[0],
    "deposits_count": CONSUMED[1] - CONSUMED[0],
    "prices": PRICES[1],
}
BATCH = Isolated(TABLE, PUBLICS)


def records(fees: list[int] | None = None, cash: int = -(10**9)) -> BatchRecords:
    paid = FEES_PAID if fees is None else fees
    one = np.ones(1, dtype=np.int64)
    sums = [[fee >> 13 * k & 8191 for k in range(4)] for fee in paid]
    total = sum(paid)
    return BatchRecords(
        chain=1,
        venue=2,
        number=NUMBER,
        time=TIMES,
        total=TOTALS,
        deposits_consumed=CONSUMED,
        prices=(np.array(PRICES[0], dtype=np.uint32), np.array(PRICES[1], dtype=np.uint32)),
        accounts_root=(ACCOUNTS[0], ACCOUNTS[1]),
        markets_salt=(MARKET_SALTS[0], MARKET_SALTS[1]),
        globals_salt=(GLOBAL_SALTS[0], GLOBAL_SALTS[1]),
        fee_account=FEE_ACCOUNT,
        fees=total,
        fee_sums=np.array(sums, dtype=np.int64).reshape(-1, 4).sum(axis=0),
        credited=TOTALS[1] - TOTALS[0],
        cash=CashAccess(
            account=one * FEE_ACCOUNT,
            previous_ts=one * 70,
            before=np.array([cash + CASH_LIMIT], dtype=np.uint64),
            after=np.array([(cash + total + CASH_LIMIT) % 2**64], dtype=np.uint64),
            existed=one,
            exists=one,
        ),
    )


def trace(changed: BatchRecords | None = None) -> Any:
    return build(changed or records(), HEIGHT, 0)


def hashes_hold(matrix: Any) -> bool:
    """Whether every compression that the table asks for is a true one."""
    asked = BATCH.messages(matrix, HASH)
    return all(compress(tuple_[:8], tuple_[8:16]) == tuple_[16:] for tuple_ in asked)


def test_an_honest_batch_holds() -> None:
    matrix = trace()
    assert BATCH.failed(matrix) == set()
    assert hashes_hold(matrix)
    assert len(BATCH.messages(matrix, HASH)) == 14
    accounts = (*ACCOUNTS[0].tolist(), *ACCOUNTS[1].tolist())
    assert BATCH.messages(matrix, NODE) == {(0, 0, 0, *accounts): 1}
    assert BATCH.messages(matrix, FEES) == {tuple(records().fee_sums.tolist()): -1}


def test_the_fee_account_is_credited_also_with_nothing() -> None:
    for fees in ([], FEES_PAID, [2**46 - 1] * 256):
        changed = records(fees)
        matrix = trace(changed)
        assert BATCH.failed(matrix) == set()
        before, after = (
            packed(int(side[0]), 64) for side in (changed.cash.before, changed.cash.after)
        )
        said = BATCH.messages(matrix, MEMORY)
        assert said[(FEE_ACCOUNT, 0, 70, *before, 1)] == -1
        assert said[(FEE_ACCOUNT, 0, FEE_TIMESTAMP, *after, 1)] == 1


def test_rows_below_the_first_say_nothing() -> None:
    matrix = trace()
    matrix[1:] = 12345
    assert BATCH.failed(matrix) == set()
    assert BATCH.messages(matrix, NODE) == BATCH.messages(trace(), NODE)
    assert BATCH.messages(matrix, HASH) == BATCH.messages(trace(), HASH)


@pytest.mark.parametrize(
    "name",
    ["number", "old_root", "new_root", "total_old", "total_new", "deposits_before", "prices"],
)
def test_another_public_value_is_another_root(name: str) -> None:
    value = PUBLICS[name]
    other = value + 1 if isinstance(value, int) else (value[0] + 1, *value[1:])
    asked = Isolated(TABLE, {**PUBLICS, name: other}).messages(trace(), HASH)
    assert any(compress(said[:8], said[8:16]) != said[16:] for said in asked)


@pytest.mark.parametrize("late", [0, 1, 2**26, 2**40])
def test_a_clock_that_does_not_advance(late: int) -> None:
    changed = replace(records(), time=(TIMES[1] + late, TIMES[1]))
    assert BATCH.failed(trace(changed)) == {"batch.clock"}


def test_the_clock_may_advance_by_one() -> None:
    changed = replace(records(), time=(TIMES[1] - 1, TIMES[1]))
    assert BATCH.failed(trace(changed)) == set()


def test_more_fees_than_were_charged() -> None:
    changed = replace(records(), fees=sum(FEES_PAID) + 1)
    assert BATCH.failed(trace(changed)) == {"batch.fees", "batch.credit"}


def test_cash_from_nowhere_for_the_fee_account() -> None:
    honest = records()
    cash = replace(honest.cash, after=honest.cash.after + np.uint64(1))
    assert BATCH.failed(trace(replace(honest, cash=cash))) == {"batch.credit"}


def test_a_credit_that_overflows() -> None:
    found = BATCH.failed(trace(records(cash=CASH_LIMIT - 5)))
    assert found == {"batch.credit"}


def test_a_credit_before_the_last_fill() -> None:
    honest = records()
    cash = replace(honest.cash, previous_ts=honest.cash.previous_ts + FEE_TIMESTAMP)
    assert BATCH.failed(trace(replace(honest, cash=cash))) == {"batch.fee-account"}


def test_fee_sums_of_the_tallest_fill_table_stay_below_the_modulus() -> None:
    assert FEE_SUM_MAX == FILL_ROWS_MAX * 2 * 8191 < 2**26


@pytest.mark.parametrize("column", ["fees.0", "fees.4", "cash_after.2", "fee_carries.1.0"])
def test_a_limb_out_of_range(column: str) -> None:
    value = int(trace()[0, Columns.names().index(column)])
    assert "batch.bounds" in BATCH.failed(BATCH.forge(trace(), 0, column, value + 8192))
