"""Lies in a fill, each refused by the claim that forbids it, and by no luck elsewhere."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.air.graph import MODULUS
from circuits.gadgets.buses import FEES, LIQUIDATION, MEMORY, ORDER, TALLY, TRADE
from circuits.gadgets.words import SLOT_WORD
from circuits.tables.fill.air import table
from circuits.tables.fill.columns import Columns
from circuits.tables.fill.trace import build
from rollup.protocol.constants import CASH_LIMIT, FILL_TIMESTAMP, POSITION_LIMIT
from tests.helpers.fills import PUBLICS, fill_records
from tests.helpers.isolation import Isolated

FILL = Isolated(table(4), PUBLICS)
NOW = FILL_TIMESTAMP + 1
"""Of the first row."""

HEIGHT = 8


def trace(*rows: dict[str, int]) -> Any:
    return build(fill_records(*rows), HEIGHT, 0)


def failed(*rows: dict[str, int]) -> set[str]:
    return FILL.failed(trace(*rows))


def test_honest_fills_hold_and_so_does_an_empty_table() -> None:
    assert failed() == set()
    ether = {"market": 1, "price": 250_000, "taker": 1, "seller.limit": 240_000}
    assert failed({}, ether, {"size": 1}) == set()
    assert failed({"funding": 1_234}, {**ether, "funding": -(2**28)}, {"funding": 600_001}) == set()


prices = st.integers(580_000, 620_000)


@settings(max_examples=40, deadline=None)
@given(
    prices,
    st.integers(1, 2**31),
    st.integers(0, 1),
    st.integers(-(2**61), 2**61),
    st.integers(-(2**39), 2**39),
    st.integers(0, 2**39),
    st.integers(-(2**28), 2**28),
)
def test_every_fill_that_the_rules_allow_is_provable(
    price: int, size: int, taker: int, cash: int, position: int, left: int, funding: int
) -> None:
    row = {"price": price, "size": size, "taker": taker, "funding": funding}
    for side, limit in (("buyer", 2**30 - 1), ("seller", 1)):
        own = {"cash": cash, "position": position, "limit": limit, "left": size + left}
        row |= {f"{side}.{name}": value for name, value in own.items()}
    assert failed(row) == set()


def test_messages_say_what_the_fill_did() -> None:
    matrix = trace({"buyer.cash": 5, "buyer.position": -40, "buyer.previous_cash_ts": 9})
    fee = 600_000 * 1000 * 500 // 10**6
    after = 5 - 600_000_000 - fee + CASH_LIMIT
    said = FILL.messages(matrix, MEMORY)
    before = (5 + CASH_LIMIT) & (2**26 - 1), (5 + CASH_LIMIT) >> 26 & (2**26 - 1), 2**63 >> 52
    assert said[(11, 0, 9, *before, 1)] == -1
    pairs = (after & (2**26 - 1), after >> 26 & (2**26 - 1), after >> 52)
    assert said[(11, 0, NOW, *pairs, 1)] == 1
    moved = POSITION_LIMIT - 40 + 1000
    assert said[(11, 1, NOW, moved & (2**26 - 1), moved >> 26, 1, 0)] == 1
    assert said[(12, SLOT_WORD + 3, NOW, 7, 39_000, 0, 0)] == 1
    assert len(said) == 12
    assert said[(12, SLOT_WORD + 3, 0, 7, 40_000, 0, 0)] == -1
    order = (11, 3, 7, 0, 0, 600_500, 0, 1000, 0, 0, 0, 0)
    assert FILL.messages(matrix, ORDER)[order] == -1
    assert FILL.messages(matrix, ORDER).total() == -2


def test_fee_sums_are_sent_once_over_all_rows() -> None:
    matrix = trace({}, {"size": 77}, {"taker": 1})
    (said,) = FILL.messages(matrix, FEES)
    sums, rests = said[:4], said[4:]
    assert rests == (0, 0, 0, 0)
    fees = [600_000 * size * rate for size in (1000, 77, 1000) for rate in (500, 100)]
    charged = sum(-(-fee // 10**6) for fee in fees)
    assert sum(limb << 13 * k for k, limb in enumerate(sums)) == charged


def test_a_fill_in_a_batch_made_anew() -> None:
    """Refused under one claim alone, whatever the fill; without fills such a batch holds."""
    anew = Isolated(table(4), {**PUBLICS, "redo": 1})
    assert anew.failed(trace({})) == {"fill.redo"}
    assert anew.failed(trace({}, {"size": 77}, {"taker": 1})) == {"fill.redo"}
    assert anew.failed(trace()) == set()


def test_pegged_limits_follow_the_oracle() -> None:
    """Also where the sum of both carries into the upper word, or the limit is below zero."""
    near = {"buyer.pegged": 1, "buyer.limit": 2**19, "seller.pegged": 1, "seller.limit": 2**19}
    assert failed(near) == set()
    wide = {"buyer.pegged": 1, "buyer.limit": 2**20 - 1, "seller.pegged": 1, "seller.limit": 1}
    assert failed(wide, {**wide, "oracle": 400_000}) == set()
    high = {"price": 2**26 + 5, "band_low": 1, "band_high": 2**30 - 1, "buyer.pegged": 1}
    high |= {"size": 1, "buyer.limit": 2**19 + 10, "seller.limit": 1}
    assert failed({**high, "oracle": 2**26 - 5}) == set()
    assert failed({**high, "oracle": 2**26 - 6}) == {"fill.limit"}


def test_reduce_only_orders_may_end_at_nothing() -> None:
    short, long = {"buyer.position": -1000}, {"seller.position": 1000}
    both = {"buyer.reduce_only": 1, "seller.reduce_only": 1}
    assert failed({**short, **long, **both}) == set()
    more = {"buyer.position": -(2**40), "seller.position": 2**40 - 1}
    assert failed({**more, **both}, {**short, "buyer.reduce_only": 1}) == set()


BUYS = {"buyer.backstop": 1, "buyer.reduce_only": 1, "buyer.position": -5_000}
"""The backstop owes lots, and buys some of another trader."""

SELLS = {"seller.backstop": 1, "seller.reduce_only": 1, "seller.position": 5_000}


def test_orders_of_the_backstop_trade_at_the_oracle_price_or_better() -> None:
    best = {"price": 580_000, "seller.limit": 1}, {"price": 620_000, "buyer.limit": 2**30 - 1}
    assert failed(BUYS, SELLS, {**BUYS, **best[0]}, {**SELLS, **best[1]}) == set()


def test_terms_of_a_fill_of_the_backstop() -> None:
    """It asks for the kind that has the oracle's price as an edge, and its word counts nothing, so
    that the backstop may take lots there later."""
    for changes, kind, band in ((BUYS, 3, (580_000, 600_000)), (SELLS, 4, (600_000, 620_000))):
        ((terms, count),) = FILL.messages(trace(changes), TRADE).items()
        assert (terms[:2], terms[2], terms[4], count) == ((0, kind), *band, -1)
    said = FILL.messages(trace(BUYS), MEMORY)
    left, other = POSITION_LIMIT - 4_000, POSITION_LIMIT - 1_040
    for account, size, traded in ((11, left, 0), (12, other, 1)):
        assert said[(account, 1, NOW, size & (2**26 - 1), size >> 26, traded, 0)] == 1


HELD = {"taker": 1, "seller.taken": 1, "seller.position": 5_000, "price": 598_000}
"""Lots that were held are bought, 2,000 ticks below the oracle's price; the fee is 15,000."""

OWED = {"buyer.taken": 1, "buyer.position": -5_000, "price": 601_000}
HELD_ORDER = {"buyer.limit": 598_500}
OWED_ORDER = {"seller.limit": 600_900}


def test_orders_take_lots_of_liquidated_accounts() -> None:
    held, owed = {**HELD, **HELD_ORDER}, {**OWED, **OWED_ORDER}
    assert failed(held, owed, {}) == set()
    assert failed({**held, "price": 596_250}, {**owed, "price": 603_750}) == set()
    far = ({**held, "price": 620_000, "buyer.limit": 2**30 - 1}, {**owed, "price": 580_000})
    assert failed(far[0], {**far[1], "seller.limit": 1, "funding": -77}) == set()


def test_an_exhausted_account_leaves_less() -> None:
    held = {**HELD, **HELD_ORDER, "exhausted": 1}
    assert failed({**held, "waived": 5_000}, {**held, "waived": 13_000_000}) == set()


ROOMS = ("above_room.0", "above_room.1", "below_room.0", "below_room.1")
"""Cells that hold what is waived where a side is taken."""


@pytest.mark.parametrize(
    ("cell", "least"), [*((room, 2**13) for room in ROOMS[:3]), (ROOMS[3], 2**7)]
)
def test_what_is_waived_is_in_range(cell: str, least: int) -> None:
    """In the cells of the rooms, whose ranges are those of two orders: as large a number, or one
    below zero, would make any rest whole."""
    matrix = trace({**HELD, **HELD_ORDER, "exhausted": 1, "waived": 5_000})
    for value in (least, MODULUS - 1):
        broken = FILL.failed(FILL.forge(matrix, 0, cell, value))
        assert ("fill.clip" if least == 2**13 else "fill.bounds") in broken


@pytest.mark.parametrize("cell", ROOMS)
def test_rooms_of_two_orders_are_in_range(cell: str) -> None:
    for value in (2**13, MODULUS - 1):
        assert "fill.clip" in FILL.failed(FILL.forge(trace({}), 0, cell, value))


def test_rooms_of_two_orders_waive_nothing() -> None:
    """Nor are they held to be nothing, as what is waived of an account that is not exhausted."""
    matrix = trace({})
    assert any(FILL.cell(matrix, 0, room) for room in ROOMS)
    assert FILL.failed(matrix) == set()
    assert FILL.failed(FILL.forge(matrix, 0, "exhausted", 1)) == set()


def test_messages_of_a_takeover_by_an_order() -> None:
    """The order pays its price and the maker's fee, and nobody else signs or has a slot."""
    matrix = trace({**HELD, **HELD_ORDER, "exhausted": 1})
    assert FILL.messages(matrix, ORDER).total() == -1
    assert FILL.messages(matrix, LIQUIDATION) == {(12, 0, 0, 1): -1}
    (sums,) = FILL.messages(matrix, FEES)
    amounts = [sum(part << 13 * k for k, part in enumerate(sums[i : i + 4])) for i in (0, 4)]
    assert amounts == [598_000_000 * 100 // 10**6, 1_000 * (15_000 - 2_000)]
    said = FILL.messages(matrix, MEMORY)
    assert len(said) == 10
    paid = 10**12 + CASH_LIMIT + 598_000_000 - 13_000_000
    pairs = (paid & (2**26 - 1), paid >> 26 & (2**26 - 1), paid >> 52)
    assert said[(12, 0, NOW, *pairs, 1)] == 1
    left = POSITION_LIMIT + 4_000
    assert said[(12, 1, NOW, left & (2**26 - 1), left >> 26, 0, 0)] == 1
    taken = POSITION_LIMIT + 960
    assert said[(11, 1, NOW, taken & (2**26 - 1), taken >> 26, 0, 1)] == 1
    ((terms, count),) = FILL.messages(matrix, TRADE).items()
    assert (terms[:2], count) == ((0, 1), -1)


def test_only_marked_orders_take_while_prices_stand() -> None:
    """Where they are held back, and where the step is open at prices that were fresh."""
    stands = Isolated(table(4), {**PUBLICS, "begins_open": 1})
    held, owed = {**HELD, **HELD_ORDER}, {**OWED, **OWED_ORDER}
    for row, order in ((held, "buyer"), (owed, "seller")):
        marked = {**row, f"{order}.when_clamped": 1}
        assert failed({**row, "steady": 0}) == {"fill.when-clamped"}
        assert failed({**marked, "steady": 0}) == set()
        assert stands.failed(trace(row)) == {"fill.when-clamped"}
        assert stands.failed(trace(marked)) == set()


LIES = [
    (
        "lots that were held, below the nearer edge",
        {**HELD, **HELD_ORDER, "price": 596_249},
        {"fill.band"},
    ),
    (
        "lots that were owed, above the nearer edge",
        {**OWED, **OWED_ORDER, "price": 603_751},
        {"fill.band"},
    ),
    (
        "lots that were held, above the band",
        {**HELD, "price": 620_001, "buyer.limit": 2**29},
        {"fill.band"},
    ),
    (
        "lots above the limit of the order",
        {**HELD, **HELD_ORDER, "price": 598_501},
        {"fill.limit"},
    ),
    (
        "lots below the limit of the order",
        {**OWED, **OWED_ORDER, "price": 600_899},
        {"fill.limit"},
    ),
    ("a rest that is not whole", {**HELD, **HELD_ORDER, "seller.fee": 12_999_999}, {"fill.rest"}),
    ("a rest beyond the whole", {**OWED, **OWED_ORDER, "buyer.fee": 14_000_001}, {"fill.rest"}),
    (
        "a rest that is waived for a friend",
        {**HELD, **HELD_ORDER, "waived": 1},
        {"fill.rest-waived"},
    ),
    (
        "the order as the taker",
        {**HELD, **HELD_ORDER, "taker": 0},
        {"fill.taken-takes"},
    ),
    (
        "an order taken past what is left",
        {**HELD, **HELD_ORDER, "buyer.left": 999},
        {"fill.left"},
    ),
    (
        "an order of the account itself",
        {**HELD, **HELD_ORDER, "seller.account": 11},
        {"fill.distinct-accounts"},
    ),
    ("the backstop above the oracle", {**BUYS, "price": 600_001}, {"fill.band"}),
    ("the backstop below the oracle", {**SELLS, "price": 599_999}, {"fill.band"}),
    (
        "the backstop takes what is held",
        {**HELD, **HELD_ORDER, **BUYS},
        {"fill.backstop-takes-not"},
    ),
    (
        "the backstop takes what is owed",
        {**OWED, **OWED_ORDER, **SELLS},
        {"fill.backstop-takes-not"},
    ),
    (
        "a side without an order is the backstop's",
        {**HELD, **HELD_ORDER, "seller.backstop": 1},
        {"fill.backstop-takes-not"},
    ),
    (
        "a reduce-only order that buys past nothing",
        {"buyer.reduce_only": 1, "buyer.position": -999},
        {"fill.reduce-only"},
    ),
    (
        "one that buys more of what is held",
        {"buyer.reduce_only": 1, "buyer.position": 2**39},
        {"fill.reduce-only"},
    ),
    (
        "a reduce-only order that sells past nothing",
        {"seller.reduce_only": 1, "seller.position": 999},
        {"fill.reduce-only"},
    ),
    (
        "one that sells more of what is owed",
        {"seller.reduce_only": 1, "seller.position": -1},
        {"fill.reduce-only"},
    ),
    (
        "a price above a pegged limit",
        {"buyer.pegged": 1, "buyer.limit": 2**19 - 1},
        {"fill.limit"},
    ),
    (
        "a price below a pegged limit",
        {"seller.pegged": 1, "seller.limit": 2**19 + 1},
        {"fill.limit"},
    ),
    (
        "the backstop, who says that it only reduces or not",
        {"buyer.backstop": 1, "buyer.position": -999},
        {"fill.reduce-only"},
    ),
    ("an order filled past what is left", {"buyer.left": 999}, {"fill.left"}),
    ("by far", {"buyer.left": 1, "size": 2**28}, {"fill.left"}),
    ("a price above the buyer's limit", {"buyer.limit": 599_999}, {"fill.limit"}),
    ("a price below the seller's limit", {"seller.limit": 600_001}, {"fill.limit"}),
    ("a price above the band", {"price": 620_001, "buyer.limit": 630_000}, {"fill.band"}),
    ("a price below the band", {"price": 579_999, "seller.limit": 1}, {"fill.band"}),
    ("a rate above the signed maximum", {"seller.max_fee": 99}, {"fill.fee-cap"}),
    ("a rate that governance did not set", {"buyer.rate": 400}, {"fill.rate"}),
    ("the maker charged as taker", {"seller.rate": 500}, {"fill.rate"}),
    ("a fee rounded down", {"size": 1, "buyer.fee": 299}, {"fill.fee"}),
    ("a fee rounded up twice", {"buyer.fee": 300_001}, {"fill.fee-rounding"}),
    ("a fill without its offset", {"funding": 1_234, "moved": 600_000_000}, {"fill.moved"}),
    ("funding of another rate", {"funding": 1_234, "moved": 598_767_000}, {"fill.moved"}),
    ("funding of another sign", {"funding": 1_234, "moved": 601_234_000}, {"fill.moved"}),
    (
        "a seller who is not charged funding",
        {"funding": 1_234, "seller.cash_after": 10**12 + 600_000_000 - 60_000},
        {"fill.cash"},
    ),
    (
        "more moved than cash can hold",
        {"funding": -(2**28), "size": 2**34, "buyer.left": 2**39, "seller.left": 2**39},
        {"fill.bounds"},
    ),
    ("a notional a quantum too small", {"notional": 599_999_999}, {"fill.notional"}),
    ("a notional of 2^52", {"size": 2**33}, {"fill.bounds", "fill.left"}),
    ("a size of zero", {"size": 0}, {"fill.size-positive"}),
    ("an account trading with itself", {"seller.account": 11}, {"fill.distinct-accounts"}),
    ("cash from nowhere", {"buyer.cash_after": 10**12}, {"fill.cash"}),
    ("a seller paid too much", {"seller.cash_after": 10**12 + 600_000_001}, {"fill.cash"}),
    ("a position kept", {"buyer.position_after": -40}, {"fill.position"}),
    ("a position moved the other way", {"seller.position_after": 960}, {"fill.position"}),
    ("as much left as before", {"buyer.left_after": 40_000}, {"fill.left"}),
    ("less left than there is", {"buyer.left_after": 38_999}, {"fill.left"}),
    ("a value of the future", {"buyer.previous_cash_ts": 68}, {"fill.cash-access"}),
    ("a position of the future", {"seller.previous_position_ts": 68}, {"fill.position-access"}),
    ("a count of the future", {"seller.previous_slot_ts": 68}, {"fill.slot-access"}),
]


@pytest.mark.parametrize(("lie", "changes", "claims"), LIES, ids=[lie[0] for lie in LIES])
def test_a_lie_breaks_its_claim(lie: str, changes: dict[str, int], claims: set[str]) -> None:
    assert failed({}, changes, {}) == claims


def test_a_negative_size_is_no_size() -> None:
    """-1000 lots as a limb of p - 1000: cash and position identities hold modulo p."""
    matrix = FILL.forge(trace({}), 0, "size.0", -1000)
    assert "fill.bounds" in FILL.failed(matrix)


def test_a_fill_takes_the_slot_as_it_is() -> None:
    """Its word has the generation that the order's terms are of, before and after."""
    matrix = FILL.forge(trace({}), 0, "buyer.generation", 8)
    assert FILL.failed(matrix) == set()
    generations = {m[3] for m in FILL.messages(matrix, MEMORY) if m[:2] == (11, SLOT_WORD + 3)}
    (order,) = (m for m in FILL.messages(matrix, ORDER) if m[0] == 11)
    assert (generations, order[2]) == ({8}, 8)


@pytest.mark.parametrize("size", [1, 2**13, 2**26 - 1, 2**26, 2**39 - 1, 2**39])
def test_what_is_left_borrows_from_above(size: int) -> None:
    """Down to nothing, and with any limbs below zero."""
    clip = {"clip_low": 0, "clip_high": 10, "oracle": 5}
    row = {"price": 1, "band_low": 1, "size": size, "seller.limit": 1, **clip}
    for left in (0, 1, 2**13, 2**39 - 1):
        assert failed({**row, "buyer.left": size + left, "seller.left": 2**40 - 1}) == set()
    assert failed({**row, "buyer.left": size - 1, "seller.left": 2**40 - 1}) == {"fill.left"}


def test_a_fee_left_out_of_the_sums() -> None:
    matrix = trace({}, {})
    for row in range(1, HEIGHT):
        matrix[row, Columns.names().index("fees.0")] = matrix[0, Columns.names().index("fees.0")]
    assert FILL.failed(matrix) == {"fill.fee-sum"}


def test_padding_takes_nobodys_lots() -> None:
    """It would use up what a position says of its account."""
    padding = FILL.forge(trace({}), 5, "seller.taken", 1)
    padding = FILL.forge(padding, 5, "seller_takes", 1)
    assert "fill.padding-is-silent" in FILL.failed(padding)


def test_padding_cannot_pay_fees() -> None:
    matrix = FILL.forge(trace({}), 5, "buyer.fee.0", 50)
    assert FILL.failed(matrix) == set()
    assert FILL.messages(matrix, FEES) == FILL.messages(trace({}), FEES)


def test_a_price_near_the_top_does_not_wrap_below_a_low_band() -> None:
    """price - band high = p - small: one field element could not tell it from a small distance."""
    row = {"price": 2**30 - 1, "buyer.limit": 2**30 - 1, "size": 1}
    assert failed(row) == {"fill.band"}


def test_bits_are_bits() -> None:
    for column in ("active", "seller_takes", "flat"):
        assert "fill.flags" in FILL.failed(FILL.forge(trace({}), 0, column, 2))


def test_a_fill_asks_for_the_terms_that_it_trades_at() -> None:
    """Band, fees, funding and clip of one market, and its number: whatever differs is another
    question."""
    given = {"funding": -8_193}
    said = FILL.messages(trace(given), TRADE)
    band = [part for end in (580_000, 620_000) for part in (end & (2**26 - 1), end >> 26)]
    rest = (600_000, 0, 0, 0, 0, 1)
    digits = (MODULUS - 1, MODULUS - 1, 0)
    assert said == {(0, 0, *band, 500, 100, *digits, *rest, 598_560, 601_440): -1}
    numbers = ("market", "band_low.0", "band_high.0", "taker_fee", "maker_fee", "funding.0")
    for column in (*numbers, "funding.2", "clip_low", "clip_high"):
        assert FILL.messages(FILL.forge(trace(given), 0, column, 77), TRADE) != said


def test_a_fill_below_the_rows_of_the_class() -> None:
    assert failed({}, {}, {}, {}) == set()
    assert failed({}, {}, {}, {}, {}) == {"fill.place"}


@pytest.mark.parametrize(
    ("price", "kind"),
    [(598_559, 2), (598_560, 0), (600_000, 0), (601_440, 0), (601_441, 1)],
)
def test_a_fill_is_counted_by_its_side_of_the_clip(price: int, kind: int) -> None:
    size, notional = 2**40 // 7**9, price * (2**40 // 7**9)
    limits = {"buyer.limit": 2**30 - 1, "seller.limit": 1, "buyer.left": 2**40 - 1}
    row = {"price": price, "size": size, "seller.left": 2**40 - 1, **limits}
    said = FILL.messages(trace(row, {"market": 1, "price": 250_000, "seller.limit": 1}), TALLY)
    wanted = {(0, kind, k): size >> 13 * k & 8191 for k in range(4)}
    if kind == 0:
        wanted |= {(0, 3, k): notional >> 13 * k & 8191 for k in range(4)}
    assert {m: n for m, n in said.items() if m[0] == 0} == {m: n for m, n in wanted.items() if n}
    assert sum(n << 13 * k for (m, what, k), n in said.items() if (m, what) == (1, 0)) == 1_000


@pytest.mark.parametrize(
    ("price", "above", "below"),
    [
        (601_439, 1, 0),
        (601_441, 0, 0),
        (601_441, 0, 1),
        (598_561, 0, 1),
        (598_559, 0, 0),
        (598_559, 1, 0),
        (600_000, 1, 1),
    ],
)
def test_a_fill_on_another_side_of_the_clip(price: int, above: int, below: int) -> None:
    """With the distances that go with the lie, so that only their sign is wrong."""
    row = {"price": price, "buyer.limit": 2**30 - 1, "seller.limit": 1}
    matrix = trace(row)
    rooms = ((1 - 2 * above) * (601_440 - price), (1 - 2 * below) * (price - 598_560))
    for name, side, room in (("above", above, rooms[0]), ("below", below, rooms[1])):
        matrix = FILL.forge(matrix, 0, name, side)
        for place, width in enumerate((13, 13, 4)):
            limb = room % 2**30 >> 13 * place & 2**width - 1
            matrix = FILL.forge(matrix, 0, f"{name}_room.{place}", limb)
    assert FILL.failed(matrix) == {"fill.clip"}


def test_at_the_edge_of_the_clip_either_side_counts_the_same() -> None:
    """At its very edge a price counts as itself and as the edge: both are true, and one number."""
    matrix = trace({"price": 601_440, "buyer.limit": 2**30 - 1})
    assert FILL.failed(FILL.forge(matrix, 0, "above", 1)) == set()


def test_the_farthest_prices_do_not_wrap() -> None:
    """The widest band and clip around the highest oracle price."""
    top = 2**29 - 1
    clip = top * 65_528 // 10**6
    ends = {"band_low": 1, "band_high": 2**30 - 1, "clip_low": top - clip, "clip_high": top + clip}
    limits = {"buyer.limit": 2**30 - 1, "seller.limit": 1}
    for price in (1, 2 * top):
        matrix = trace({"price": price, "size": 1, **ends, **limits})
        assert FILL.failed(matrix) == set()
        name = "above" if price > top else "below"
        lie = FILL.forge(matrix, 0, name, 0)
        room = (top + clip - price) if name == "above" else (price - (top - clip))
        for place in range(3):
            limb = room % MODULUS >> 13 * place & (8191 if place < 2 else 2**31)
            lie = FILL.forge(lie, 0, f"{name}_room.{place}", limb)
        assert FILL.failed(lie) == {"fill.clip"}
