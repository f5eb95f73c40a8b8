"""The batch row: roots, clock, queue position and fee credit; each lie refused by its claim."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.gadgets.buses import DATA, FEES, HASH, MEMORY, NODE, RISK_NUMBERS, TRADE_KINDS
from circuits.gadgets.buses import FLAGGED as FLAGGED_BUS
from circuits.gadgets.buses import FRONTIERS as FRONTIERS_BUS
from circuits.gadgets.buses import SPENT as SPENT_BUS
from circuits.tables.account.publishing_trace import Committed
from circuits.tables.batch.air import table
from circuits.tables.batch.columns import FEE_SUM_MAX, Columns
from circuits.tables.batch.trace import build
from circuits.tables.fill.columns import FILL_ROWS_MAX
from circuits.tables.records import BatchRecords, CashAccess, MarketRecords
from rollup.hash.poseidon import Digest, chain, compress, fold_start
from rollup.protocol.constants import (
    CASH_LIMIT,
    FEE_TIMESTAMP,
    MARKETS_LEAF_VERSION,
    PUBLISHED_VERSION,
    REST_TIMESTAMP,
)
from rollup.protocol.encoding import (
    TypeCode,
    fold_markets,
    globals_blocks,
    limbs,
    market_blocks,
    packed,
)
from rollup.protocol.outcome import Spent
from rollup.protocol.progress import quotas
from rollup.protocol.shape_class import CLASS_S
from tests.helpers.isolation import Isolated

HEIGHT = 4
TABLE = table(CLASS_S)
SPENT = Spent(finished=3, accounts=5, positions=9, buckets=0)
"""What the batch does for its step: not enough for progress."""
TIMES = (1_723_000_000_000, 1_723_000_000_400)
TOTALS = (5 * 10**12, 5 * 10**12 + 777)
CONSUMED = (40, 42)
FRONTIERS = (((17_000, 48_000), (300, 401)), ((17_005, 47_990), (300, 401), (7, 8)))
"""Of the markets listed before, and after: one is new."""
NUMBERS = ((17_005, 47_990), (300, 390), (7, 8))
"""The price's buckets: one side lags."""
TALLIES = ((7, 11, 13), (12, 16, 18))
"""Premium, volume and open interest of every market, before and after."""
FLAGGED = (3, 5)
ACCOUNTS = tuple(np.arange(8, dtype=np.uint32) + 100 * k for k in (1, 2))
TRIGGERS = tuple(np.arange(8, dtype=np.uint32) + 500 * k for k in (1, 2))
MARKET_SALTS = tuple(np.arange(4, dtype=np.uint32) + 1000 * k for k in (1, 2))
GLOBAL_SALTS = tuple(np.arange(4, dtype=np.uint32) + 2000 * k for k in (1, 2))
NUMBER = 9
FEE_ACCOUNT = 3
FEES_PAID = [300_000, 60_000, 1, 2**45]
BACKSTOP = 4
RESTS = [77_000, 2**45 + 9]


PUBLISHED = Committed(3, np.arange(8, dtype=np.uint32) + 7000)
"""So many leaves, and the commitment as far as they."""


def digests(which: int) -> tuple[Digest, Digest]:
    """Of markets and of globals."""
    salt = tuple(int(value) for value in MARKET_SALTS[which])
    tallies = [TALLIES[which]] * len(FRONTIERS[which])
    markets = fold_markets(market_blocks(FRONTIERS[which], tallies, salt), compress_all)  # type: ignore[arg-type]
    blocks = globals_blocks(
        NUMBER - 1 + which,
        TIMES[which],
        TOTALS[which],
        CONSUMED[which],
        FLAGGED[which],
        tuple(int(value) for value in GLOBAL_SALTS[which]),  # type: ignore[arg-type]
    )
    return markets, chain(TypeCode.GLOBALS, blocks)


def root(which: int) -> Digest:
    accounts, triggers = ([int(v) for v in each[which]] for each in (ACCOUNTS, TRIGGERS))
    markets, globals_ = digests(which)
    return compress(compress(accounts, markets), compress(triggers, globals_))


def commitment() -> Digest:
    markets, globals_ = digests(1)
    state = compress(PUBLISHED.state.tolist(), markets)
    return compress(state, compress(TRIGGERS[1].tolist(), globals_))


def compress_all(left: Any, right: Any) -> list[Any]:
    return [compress(a, b) for a, b in zip(left, right, strict=True)]


PUBLICS: dict[str, Any] = {
    "number": NUMBER,
    "time": limbs(TIMES[1], 52),
    "old_root": root(0),
    "new_root": root(1),
    "data_commitment": commitment(),
    "fee_account": FEE_ACCOUNT,
    "backstop_account": BACKSTOP,
    "total_old": limbs(TOTALS[0], 64),
    "total_new": limbs(TOTALS[1], 64),
    "deposits_before": CONSUMED[0],
    "deposits_count": CONSUMED[1] - CONSUMED[0],
    "closed": 0,
    "progress": 0,
}
BATCH = Isolated(TABLE, PUBLICS)


def sums_of(amounts: list[int]) -> Any:
    sums = [[amount >> 13 * k & 8191 for k in range(4)] for amount in amounts]
    return np.array(sums, dtype=np.int64).reshape(-1, 4).sum(axis=0)


def access(account: int, cash: int, credited: int) -> CashAccess:
    one = np.ones(1, dtype=np.int64)
    return CashAccess(
        account=one * account,
        previous_ts=one * 70,
        before=np.array([cash + CASH_LIMIT], dtype=np.uint64),
        after=np.array([(cash + credited + CASH_LIMIT) % 2**64], dtype=np.uint64),
        existed=one,
        exists=one,
    )


def records(
    fees: list[int] | None = None,
    cash: int = -(10**9),
    rests: list[int] | None = None,
    refreshed: int = 0,
) -> BatchRecords:
    paid = FEES_PAID if fees is None else fees
    left = RESTS if rests is None else rests
    total = sum(paid)
    return BatchRecords(
        chain=1,
        venue=2,
        number=NUMBER,
        time=TIMES,
        total=TOTALS,
        deposits_consumed=CONSUMED,
        accounts_root=(ACCOUNTS[0], ACCOUNTS[1]),
        triggers_root=(TRIGGERS[0], TRIGGERS[1]),
        flagged=FLAGGED,
        markets_salt=(MARKET_SALTS[0], MARKET_SALTS[1]),
        globals_salt=(GLOBAL_SALTS[0], GLOBAL_SALTS[1]),
        fee_account=FEE_ACCOUNT,
        fees=total,
        fee_sums=sums_of(paid),
        credited=TOTALS[1] - TOTALS[0],
        cash=access(FEE_ACCOUNT, cash, total),
        backstop=BACKSTOP,
        refreshed=refreshed,
        rested=int(bool(left) or refreshed > 0),
        rests=sum(left),
        rest_sums=sums_of(left),
        rest_cash=access(BACKSTOP, 5, sum(left) + refreshed),
        spent=SPENT,
        progress_by=None,
        progress_over=0,
    )


def markets(lag: int = 11, listed: int = 2) -> MarketRecords:
    """Three markets; the shorts of the second lag by `lag` buckets."""
    count = len(FRONTIERS[1])
    zeros, numbers = np.zeros(count, dtype=np.int64), np.array(NUMBERS)
    risk = np.zeros((count, RISK_NUMBERS), dtype=np.int64)
    risk[:, -2:] = numbers
    after = np.array(FRONTIERS[1])
    after[1, 1] = NUMBERS[1][1] + lag
    before, later = (
        np.array([(2**63 + premium, volume, lots)] * count, dtype=np.uint64)
        for premium, volume, lots in TALLIES
    )
    return MarketRecords(
        market=np.arange(count),
        risk=risk,
        trade=np.zeros((count, 23), dtype=np.int64),
        least=np.zeros((count, 2), dtype=np.int64),
        hour=np.zeros((count, 18), dtype=np.int64),
        tally=(before, later),
        counted=np.zeros((count, 6, 4), dtype=np.int64),
        lot_fee=np.zeros((count, 3), dtype=np.int64),
        steady=zeros,
        missing=zeros,
        asset=zeros,
        ended=zeros,
        ends=zeros,
        idle=zeros,
        estate=np.zeros((count, 4), dtype=np.int64),
        asset_uses=zeros,
        trade_uses=np.zeros((count, TRADE_KINDS), dtype=np.int64),
        take_uses=zeros,
        listed=(np.arange(count) < listed).astype(np.int64),
        frontier=(np.array([(17_000, 48_000), (300, 401), (7, 8)]), after),
        zoned=np.zeros((count, 2), dtype=np.int64),
        zone=np.zeros((count, 2), dtype=np.int64),
        full=np.zeros((count, 2), dtype=np.int64),
        backstop=np.zeros(16, dtype=np.int64),
    )


def trace(changed: BatchRecords | None = None, listed: MarketRecords | None = None) -> Any:
    return build(changed or records(), listed or markets(), PUBLISHED, HEIGHT, 0)


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
    triggers = (*TRIGGERS[0].tolist(), *TRIGGERS[1].tolist())
    roots = {(0, 0, 0, *accounts): 1, (2**30 + 1, 0, 0, *triggers): 1}
    assert BATCH.messages(matrix, NODE) == roots
    assert BATCH.messages(matrix, FLAGGED_BUS) == {(2, 0): -1}
    start = fold_start(TypeCode.DATA, PUBLISHED_VERSION)
    said = {(0, *start): 1, (3, *PUBLISHED.state.tolist()): -1}
    assert BATCH.messages(matrix, DATA) == said
    start = fold_start(TypeCode.MARKETS, MARKETS_LEAF_VERSION)
    ends = BATCH.messages(matrix, FRONTIERS_BUS)
    assert ends.pop((0, 1, 0, 0, *start, *start)) == 1
    assert [(*said[:4], count) for said, count in ends.items()] == [(3, 0, 1, 0, -1)]
    assert BATCH.messages(matrix, FEES) == {(*records().fee_sums, *records().rest_sums): -1}


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


@pytest.mark.parametrize("rests", [[], RESTS])
@pytest.mark.parametrize("refreshed", [0, 1, 2**13 - 1, (2**13 - 1) * 2**12])
def test_the_backstop_is_credited_refresh_fees_too(rests: list[int], refreshed: int) -> None:
    changed = records(rests=rests, refreshed=refreshed)
    matrix = trace(changed)
    assert BATCH.failed(matrix) == set()
    assert BATCH.messages(matrix, FLAGGED_BUS) == {(2, refreshed): -1}
    credited = int(changed.rest_cash.after[0]) - int(changed.rest_cash.before[0])
    assert credited == sum(rests) + refreshed
    if refreshed:
        assert BATCH.failed(trace(replace(changed, refreshed=refreshed - 1))) == {"batch.credit"}


def test_the_backstop_is_credited_only_if_something_is_left_to_it() -> None:
    def said_of_it(matrix: Any) -> dict[int, int]:
        assert BATCH.failed(matrix) == set()
        said = BATCH.messages(matrix, MEMORY)
        return {message[2]: count for message, count in said.items() if message[0] == BACKSTOP}

    assert said_of_it(trace()) == {70: -1, REST_TIMESTAMP: 1}
    assert said_of_it(trace(records(rests=[]))) == {}
    # Lie: nothing is credited, although something was left.
    assert BATCH.failed(trace(replace(records(), rested=0))) == {"batch.rests"}


def test_a_credit_of_more_than_was_left() -> None:
    changed = replace(records(), rests=sum(RESTS) + 1)
    assert BATCH.failed(trace(changed)) == {"batch.fees", "batch.credit"}
    cash = access(BACKSTOP, 5, sum(RESTS) + 1)
    assert BATCH.failed(trace(replace(records(), rest_cash=cash))) == {"batch.credit"}


def test_rows_below_the_first_say_nothing() -> None:
    matrix = trace()
    matrix[1:] = 12345
    assert BATCH.failed(matrix) == set()
    assert BATCH.messages(matrix, NODE) == BATCH.messages(trace(), NODE)
    assert BATCH.messages(matrix, HASH) == BATCH.messages(trace(), HASH)


@pytest.mark.parametrize(
    "name",
    [
        "number",
        "old_root",
        "new_root",
        "data_commitment",
        "total_old",
        "total_new",
        "deposits_before",
    ],
)
def test_another_public_value_is_another_root(name: str) -> None:
    value = PUBLICS[name]
    other = value + 1 if isinstance(value, int) else (value[0] + 1, *value[1:])
    asked = Isolated(TABLE, {**PUBLICS, name: other}).messages(trace(), HASH)
    assert any(compress(said[:8], said[8:16]) != said[16:] for said in asked)


def closed(value: int) -> Isolated:
    return Isolated(TABLE, {**PUBLICS, "closed": value})


def test_a_step_is_closed_where_nothing_is_left() -> None:
    matrix = trace(replace(records(), flagged=(3, 0)), markets(lag=0))
    assert closed(1).failed(matrix) == set()
    # Lie: it is kept open at its prices, although it could close.
    assert closed(0).failed(matrix) == {"batch.open"}


@pytest.mark.parametrize(("flagged", "lag"), [(1, 0), (0, 1), (7, 11)])
def test_a_step_with_something_left_is_not_closed(flagged: int, lag: int) -> None:
    matrix = trace(replace(records(), flagged=(3, flagged)), markets(lag=lag))
    assert closed(0).failed(matrix) == set()
    assert "batch.closed" in closed(1).failed(matrix)


# Progress.


def moving(public: int, by: int | None, found: Spent, *, shut: int = 0) -> set[str]:
    """What is denied of a batch that did this, and claims progress for that reason."""
    left = 0 if shut else 11
    over = found[by - 1] - WANTED[by - 1] if by else 0
    flagged = (3, 0 if shut else 5)
    changed = replace(records(), spent=found, progress_by=by, progress_over=over, flagged=flagged)
    statement = Isolated(TABLE, {**PUBLICS, "closed": shut, "progress": public})
    return statement.failed(trace(changed, markets(lag=left)))


WANTED = quotas(CLASS_S)
MOVING = Isolated(TABLE, {**PUBLICS, "progress": 1})


def progressing(by: int, more: int = 7) -> Any:
    """The trace of a batch that does so much more of one kind than is progress."""
    spent = SPENT._replace(**{Spent._fields[by - 1]: WANTED[by - 1] + more})
    return trace(replace(records(), spent=spent, progress_by=by, progress_over=more))


def test_a_step_that_closes_is_progress() -> None:
    assert moving(1, 0, SPENT, shut=1) == set()
    # Lie: it is said to close for the sake of progress, and does not.
    assert moving(1, 0, SPENT) == {"batch.progress-closed"}


@pytest.mark.parametrize("place", range(len(WANTED)))
def test_an_eighth_of_one_kind_is_progress(place: int) -> None:
    name, want = Spent._fields[place], WANTED[place]
    enough = SPENT._replace(**{name: want})
    assert moving(1, place + 1, enough) == set()
    assert moving(1, place + 1, enough._replace(**{name: want + 100})) == set()
    # Lie: one fewer.
    assert moving(1, place + 1, enough._replace(**{name: want - 1})) == {"batch.progress-enough"}
    # Lie: for another reason than the one that holds.
    assert moving(1, (place + 1) % 4 + 1, enough) == {"batch.progress-enough"}


def test_progress_without_a_reason() -> None:
    full = Spent(*(2 * want for want in WANTED))
    assert moving(1, None, full) == {"batch.progress"}
    assert moving(0, 2, full) == {"batch.progress"}
    assert moving(0, None, full) == set()


def test_two_halves_of_a_reason() -> None:
    """Lie: more of one kind for what another lacks."""
    many = SPENT._replace(accounts=4000)
    over = 4000 - WANTED.accounts
    matrix = trace(replace(records(), spent=many, progress_by=2, progress_over=over))
    statement = Isolated(TABLE, {**PUBLICS, "progress": 1})
    assert statement.failed(matrix) == set()
    for place, half in ((1, 2**30), (2, -(2**30))):
        matrix = statement.forge(matrix, 0, f"reasons.{place}", half)
    assert "batch.progress" in statement.failed(matrix)


def test_rows_that_are_spent_are_heard() -> None:
    said = BATCH.messages(trace(), SPENT_BUS)
    assert said == {(1,): -3, (2,): -5, (3,): -9}


def test_buckets_are_those_of_the_markets_leaf() -> None:
    matrix = trace(replace(records(), spent=SPENT._replace(buckets=4321)))
    ends = BATCH.messages(matrix, FRONTIERS_BUS)
    assert [said[3] for said, count in ends.items() if count == -1] == [4321]


def test_less_than_nothing_is_no_progress() -> None:
    """Lie: what is lacking wraps the field."""
    matrix = trace(replace(records(), progress_by=4, progress_over=-WANTED.buckets))
    statement = Isolated(TABLE, {**PUBLICS, "progress": 1})
    assert statement.failed(matrix) == {"batch.progress-enough"}


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
    assert FEE_SUM_MAX == FILL_ROWS_MAX * 2 * 8191 < 2**25


@pytest.mark.parametrize(
    "column", ["fees.amount.0", "fees.amount.4", "rests.cash_after.2", "fees.sum_carries.1.0"]
)
def test_a_limb_out_of_range(column: str) -> None:
    value = int(trace()[0, Columns.names().index(column)])
    assert "batch.bounds" in BATCH.failed(BATCH.forge(trace(), 0, column, value + 8192))
