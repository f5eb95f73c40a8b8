"""The takeover row: its numbers, fee, cash and positions; each lie refused by its claim."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.gadgets.balanced import balanced
from circuits.gadgets.buses import LIQUIDATION, MEMORY, TAKE, TALLY
from circuits.gadgets.tally import ESTATE, SETTLED
from circuits.gadgets.words import CASH_WORD, POSITION_WORD
from circuits.tables.records import (
    CashAccess,
    PositionAccess,
    TakeoverHolder,
    TakeoverRecords,
)
from circuits.tables.takeover.air import table
from circuits.tables.takeover.columns import FULL_FEE_BITS
from circuits.tables.takeover.trace import build
from rollup.field.koalabear import P
from rollup.protocol.constants import CASH_LIMIT, POSITION_LIMIT, TAKEOVER_TIMESTAMP
from rollup.protocol.encoding import limbs, packed
from tests.helpers.isolation import Isolated

HEIGHT = 4
PLACES = 2
ACCOUNT, FRIEND, BACKSTOP, MARKET = 5, 9, 2**30 - 1, 3
VALUE, LOT_FEE = 600_000, 15_000
SIZE = 2**27 + 5
CASH = (-(10**15), 2**62)
LOTS = (2**30, -77)
TOOK = 3
"""How often the backstop took lots there before."""

TAKEOVER = Isolated(table(PLACES), {"backstop_account": BACKSTOP})


def column(value: int, kind: Any = np.int64) -> Any:
    return np.array([value], dtype=kind)


def holder(
    account: int, cash: tuple[int, int], lots: tuple[int, int], last: int = 71, took: int = 0
) -> TakeoverHolder:
    """Cash and position of an account, before and after; the position is as it was at `last`, and
    it had taken lots there so often."""
    before, after = (np.array([(c + CASH_LIMIT) % 2**64], dtype=np.uint64) for c in cash)
    one = column(1)
    return TakeoverHolder(
        cash=CashAccess(column(account), column(70), before, after, one, one),
        position=PositionAccess(
            column(last), column(lots[0] + POSITION_LIMIT), column(lots[1] + POSITION_LIMIT)
        ),
        took=column(took),
    )


def records(
    *,
    short: int = 0,
    exhausted: int = 0,
    waived: int = 0,
    size: int = SIZE,
    value: int = VALUE,
    lot_fee: int = LOT_FEE,
    closes: int = 0,
    estate: int = 0,
    standing: int = 0,
    last: int = 71,
    settled: int = 0,
) -> TakeoverRecords:
    """One honest takeover of these numbers, or a settlement, of all that is there."""
    way = -1 if short else 1
    lot_fee = 0 if settled else lot_fee
    waived = size * lot_fee if closes or estate else waived
    fee = size * lot_fee - waived
    taker = FRIEND if closes else BACKSTOP
    took = 0 if closes else TOOK
    paid, moved = way * size * value - fee, way * size
    held = way * (size if settled else LOTS[0])
    return TakeoverRecords(
        account=column(ACCOUNT),
        market=column(MARKET),
        short=column(short),
        exhausted=column(exhausted),
        take=np.array([[*balanced(value), *limbs(lot_fee, 30)]], dtype=np.int64),
        size=column(size),
        fee=column(fee),
        waived=np.array([limbs(waived, FULL_FEE_BITS)], dtype=np.int64),
        liquidated=holder(ACCOUNT, (CASH[0], CASH[0] + paid), (held, held - moved)),
        closes=column(closes),
        settled=column(settled),
        taker_account=column(0 if settled else taker),
        standing=column(standing),
        estate=column(estate),
        taker=holder(0, (0, 0), (0, 0), 0)
        if settled
        else holder(taker, (CASH[1], CASH[1] - paid), (LOTS[1], LOTS[1] + moved), last, took),
    )


def trace(**terms: int) -> Any:
    return build(records(**terms), HEIGHT, 0)


HONEST = {
    "a long": {},
    "a short": {"short": 1},
    "one lot": {"size": 1},
    "exhausted": {"exhausted": 1, "waived": SIZE * LOT_FEE},
    "exhausted in part": {"exhausted": 1, "waived": 12_345},
    "exhausted, and the whole fee all the same": {"exhausted": 1},
    "the largest numbers": {"size": 2**29 - 1, "value": 2**30 - 1, "lot_fee": 2**30 - 1},
    "a market without a fee": {"lot_fee": 0},
    "a lot worth less than nothing": {"value": -(2**30) + 1},
    "that deleverages somebody": {"closes": 1, "standing": 2, "last": 0},
    "that liquidates both": {"closes": 1, "standing": 0, "last": 0},
    "that settles lots held": {"settled": 1},
    "that settles lots owed": {"settled": 1, "short": 1},
    "that settles as many as there can be": {"settled": 1, "size": 2**40 - 1, "value": 5},
    "that liquidates both, and exhausts one": {"closes": 1, "standing": 1, "short": 1, "last": 0},
}


@pytest.mark.parametrize("terms", HONEST.values(), ids=HONEST.keys())
def test_an_honest_takeover_holds(terms: dict[str, int]) -> None:
    matrix = trace(**terms)
    assert TAKEOVER.failed(matrix) == set()
    given = records(**terms)
    assert TAKEOVER.messages(matrix, TAKE) == {
        (MARKET, *(digit % P for digit in given.take[0].tolist()), int(given.settled[0])): -1
    }
    short = int(given.short[0])
    if given.settled[0]:
        assert not TAKEOVER.messages(matrix, LIQUIDATION)
        return
    named = {(ACCOUNT, MARKET, short, int(given.exhausted[0])): -1}
    if given.closes[0]:
        named[FRIEND, MARKET, 1 - short, int(given.standing[0])] = -1
    assert TAKEOVER.messages(matrix, LIQUIDATION) == named


def test_both_accounts_words_are_taken_and_put_back() -> None:
    given, said = records(), TAKEOVER.messages(trace(), MEMORY)
    assert len(said) == 8
    for account, values, took in ((ACCOUNT, given.liquidated, 0), (BACKSTOP, given.taker, TOOK)):
        old, new = (packed(int(side[0]), 64) for side in (values.cash.before, values.cash.after))
        assert said[(account, CASH_WORD, 70, *old, 1)] == -1
        assert said[(account, CASH_WORD, TAKEOVER_TIMESTAMP, *new, 1)] == 1
        word, place = POSITION_WORD + MARKET, values.position
        old, new = (packed(int(side[0]), 41) for side in (place.before, place.after))
        assert said[(account, word, 71, *old, 0, took)] == -1
        more = took + (account == BACKSTOP)
        assert said[(account, word, TAKEOVER_TIMESTAMP, *new, 0, more)] == 1


def test_a_settlement_touches_one_account_and_is_counted() -> None:
    for short in (0, 1):
        matrix = trace(settled=1, short=short)
        said = TAKEOVER.messages(matrix, MEMORY)
        assert {message[0] for message in said} == {ACCOUNT} and len(said) == 4
        counted = TAKEOVER.messages(matrix, TALLY)
        sign = -1 if short else 1
        places = {(MARKET, SETTLED, k): sign * limb for k, limb in enumerate(limbs(SIZE, 40))}
        assert counted == {place: count for place, count in places.items() if count}
    assert not TAKEOVER.messages(trace(), TALLY)


@pytest.mark.parametrize("left", [1, -1, 2**40 - 1])
def test_what_is_settled_is_all_there_is(left: int) -> None:
    given = records(settled=1)
    cash = (CASH[0], CASH[0] + SIZE * VALUE)
    lie = replace(given, liquidated=holder(ACCOUNT, cash, (SIZE + left, left)))
    assert TAKEOVER.failed(build(lie, HEIGHT, 0)) == {"takeover.settled-whole"}


def test_lots_that_were_owed_are_not_settled_as_if_they_were_held() -> None:
    given = records(settled=1, short=1)
    found = TAKEOVER.failed(build(replace(given, short=column(0)), HEIGHT, 0))
    assert {"takeover.cash", "takeover.position"} <= found


def test_a_settlement_costs_nothing() -> None:
    given = records(settled=1)
    cash = (CASH[0], CASH[0] + SIZE * VALUE - 7)
    lie = replace(given, fee=column(7), liquidated=holder(ACCOUNT, cash, (SIZE, 0)))
    assert "takeover.fee" in TAKEOVER.failed(build(lie, HEIGHT, 0))


@pytest.mark.parametrize(
    ("name", "value", "claims"),
    [
        ("settled", 2, {"takeover.flags"}),
        ("counted", -1, {"takeover.settled-counted"}),
        ("counted", 0, {"takeover.settled-counted"}),
        ("closes", 1, {"takeover.padding-is-silent"}),
    ],
)
def test_a_changed_cell_of_a_settlement(name: str, value: int, claims: set[str]) -> None:
    matrix = trace(settled=1)
    assert claims <= TAKEOVER.failed(TAKEOVER.forge(matrix, 0, name, value))


def test_padding_settles_nothing() -> None:
    """It would hand out what only the position of a liquidated account sends."""
    matrix = trace(settled=1, size=0, value=0)
    for name, value in {"active": 0, "taker_account": BACKSTOP}.items():
        matrix = TAKEOVER.forge(matrix, 0, name, value)
    assert TAKEOVER.failed(matrix) == {"takeover.padding-is-silent"}
    assert TAKEOVER.messages(matrix, LIQUIDATION) == {(ACCOUNT, MARKET, 0, 0): 1}


def test_a_takeover_that_is_none_is_not_counted() -> None:
    found = TAKEOVER.failed(TAKEOVER.forge(trace(), 0, "counted", 1))
    assert found == {"takeover.settled-counted"}


def test_padding_says_nothing() -> None:
    matrix = trace()
    matrix[0] = 0
    assert TAKEOVER.failed(matrix) == set()
    assert not TAKEOVER.messages(matrix, MEMORY) and not TAKEOVER.messages(matrix, LIQUIDATION)


@pytest.mark.parametrize(
    ("column_", "change", "claims"),
    [
        ("active", 1, {"takeover.flags"}),
        ("short", 1, {"takeover.side", "takeover.position"}),
        ("exhausted", 2, {"takeover.flags"}),
        ("closes", 2, {"takeover.flags"}),
        ("given.0", 1, {"takeover.side", "takeover.cash"}),
        ("size.0", 1, {"takeover.size-positive", "takeover.fee", "takeover.cash"}),
        ("fee.0", 1, {"takeover.fee", "takeover.cash"}),
        ("waived.0", 1, {"takeover.fee", "takeover.fee-waived"}),
        ("liquidated.cash_after.0", 1, {"takeover.cash", "takeover.cash-kept"}),
        ("taker.cash_after.0", 1, {"takeover.cash-kept"}),
        ("taker.position_after.0", 1, {"takeover.position"}),
        ("liquidated.position_after.0", 1, {"takeover.position"}),
        ("taker.position_after.3", 4, {"takeover.bounds"}),
        ("liquidated.cash_ts", 5000, {"takeover.cash-access"}),
        ("taker_account", 1, {"takeover.backstop"}),
        ("taker.position_ts", 5000, {"takeover.position-access"}),
    ],
)
def test_a_changed_cell_breaks_its_claim(column_: str, change: int, claims: set[str]) -> None:
    matrix = trace()
    names = TAKEOVER.table.columns.names()
    old = int(matrix[0, names.index(column_)])
    assert claims <= TAKEOVER.failed(TAKEOVER.forge(matrix, 0, column_, old + change))


def test_a_takeover_below_the_rows_that_have_a_time() -> None:
    matrix = trace()
    matrix[PLACES] = matrix[0]
    matrix[0] = 0
    assert TAKEOVER.failed(matrix) == {"takeover.place"}


@pytest.mark.parametrize("waived", [1, SIZE * LOT_FEE])
def test_nothing_is_waived_of_an_account_that_is_not_exhausted(waived: int) -> None:
    assert TAKEOVER.failed(trace(waived=waived)) == {"takeover.fee-waived"}


def test_a_fee_above_the_whole_one_has_no_number_of_what_is_waived() -> None:
    given = records(exhausted=1)
    more = replace(
        given,
        fee=given.fee + 1,
        waived=np.array([limbs(2**FULL_FEE_BITS - 1, FULL_FEE_BITS)], dtype=np.int64),
    )
    assert "takeover.fee" in TAKEOVER.failed(build(more, HEIGHT, 0))


def test_a_taker_is_one_whose_orders_did_not_trade_there() -> None:
    """Its position's word counts them; whoever takes reads and writes zeros."""
    said = TAKEOVER.messages(trace(closes=1, standing=2, last=70), MEMORY)
    words = [message for message in said if message[1] != CASH_WORD]
    assert len(words) == 4
    assert all(message[-2:] == (0, 0) for message in words)


def test_who_is_deleveraged_is_paid_no_fee() -> None:
    given = records(closes=1, standing=2, last=0)
    paid = replace(given, fee=given.fee + 1, waived=records().waived)
    found = TAKEOVER.failed(build(paid, HEIGHT, 0))
    assert "takeover.fee-free" in found


def test_padding_uses_up_nothing() -> None:
    matrix = trace(closes=1, standing=2, last=0)
    found = TAKEOVER.failed(TAKEOVER.forge(matrix, 1, "closes", 1))
    assert "takeover.padding-is-silent" in found


def test_a_takeover_of_nothing_is_none() -> None:
    assert TAKEOVER.failed(trace(size=0)) == {"takeover.size-positive"}


def test_cash_that_overflows_is_out_of_range() -> None:
    given = records()
    change = (CASH_LIMIT - 1, CASH_LIMIT + 10**12)
    lie = replace(given, liquidated=holder(ACCOUNT, change, (LOTS[0], LOTS[0] - SIZE)))
    assert "takeover.cash" in TAKEOVER.failed(build(lie, HEIGHT, 0))


def of_the_estate() -> Any:
    return trace(estate=1)


def test_the_estate_takes_for_no_fee_and_nobody_is_given_the_lots() -> None:
    matrix, given = of_the_estate(), records(estate=1)
    assert TAKEOVER.failed(matrix) == set()
    said = TAKEOVER.messages(matrix, MEMORY)
    assert len(said) == 4 and {message[0] for message in said} == {ACCOUNT}
    told = TAKEOVER.messages(matrix, TALLY)
    digits = limbs(SIZE, 40)
    assert told == {(MARKET, ESTATE, k): digit for k, digit in enumerate(digits) if digit}
    assert int(given.fee[0]) == 0 and not TAKEOVER.messages(trace(), TALLY)


@pytest.mark.parametrize(
    ("column_", "value", "claims"),
    [
        ("closes", 1, {"takeover.estate"}),
        ("fee.0", 1, {"takeover.fee-free", "takeover.fee"}),
        ("liquidated.cash_after.0", 1, {"takeover.cash"}),
        ("liquidated.position_after.0", 1, {"takeover.position"}),
        ("estate", 0, {"takeover.backstop", "takeover.fee-waived"}),
    ],
)
def test_a_changed_cell_of_the_estates_row(column_: str, value: int, claims: set[str]) -> None:
    matrix = TAKEOVER.forge(of_the_estate(), 0, "taker_account", FRIEND)
    names = TAKEOVER.table.columns.names()
    old = int(matrix[0, names.index(column_)])
    new = value if column_ in ("closes", "estate") else old + value
    assert claims <= TAKEOVER.failed(TAKEOVER.forge(matrix, 0, column_, new))


def test_padding_gives_the_estate_nothing() -> None:
    matrix = TAKEOVER.forge(trace(), 1, "estate", 1)
    assert "takeover.estate" in TAKEOVER.failed(matrix)
