"""Fill: one row matches a buy order with a sell order, or one of both with a liquidated account.

The size moves from seller to buyer and size x (price - F) back, F the market's funding, in the same
row, so every row conserves; each side pays its fee on size x price, rounded up. Row j accesses
memory at time FILL_TIMESTAMP + 2 j + 1; the time before it is that of orders that are placed for
it. A side that is *taken* has no order, slot or fee: its account is
liquidated, and what it does not get of what the order pays is a rest, which is the backstop's
(`taken.py`).
Height: one row a fill, padded; rows in use need not be contiguous, and are among the first rows,
as many as the shape class takes trades. Degree: 3.
Buses: receives TRADE, and ORDER or LIQUIDATION of either side, accesses six words of MEMORY, sends
the sums of fees and rests on FEES once, and what is counted of it on TALLY (`counted.py`).
Claims: docs/spec/claims/fill.md. Spec: docs/spec/04-orders.md.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from circuits.air.builder import Builder
from circuits.air.expr import linear
from circuits.air.graph import MODULUS
from circuits.air.layout import LIMB_BITS, Layout, cell
from circuits.air.table import Table
from circuits.gadgets.buses import FEES, ORDER, TRADE
from circuits.gadgets.compare import require_at_most
from circuits.gadgets.integer import require_identity
from circuits.gadgets.memory import require_access
from circuits.gadgets.words import CASH_WORD, POSITION_WORD, SLOT_WORD
from circuits.tables.fill.columns import (
    FEE_LIMBS,
    FILL_ROWS_MAX,
    REMAINDER_BITS,
    Columns,
    cash_identity,
    fee_identity,
    moved_identity,
    notional_identity,
    position_identity,
)
from circuits.tables.fill.counted import require_counted
from circuits.tables.fill.taken import charged, kind, ordered, require_taken, rested, taken
from rollup.protocol.constants import (
    FEE_RATE_BITS,
    FEE_SCALE,
    FILL_TIMESTAMP,
    PRICE_BITS,
    SIZE_BITS,
)
from rollup.protocol.order import PEG_BIAS, Side

_PER_LIMB = pow(2**LIMB_BITS, -1, MODULUS)


class Fixed(Layout):
    """The fixed columns."""

    place = cell()  # 1 on the rows that may hold a fill


def fixed_values(trades: int, height: int) -> Mapping[str, Sequence[int]]:
    """The first `trades` rows may hold a fill."""
    del height
    return {"place": [1] * trades}


def constraints(air: Builder, now: Columns, after: Columns) -> None:
    """One fill, and the fee sums down the table."""
    # Lie: half a fill, counted in one sum and not in another; a taker that is neither side.
    air.require_bit(now.active, "fill.flags")
    air.require_bit(now.seller_takes, "fill.flags")
    # Lie: a fill beyond the batch's last, at a time not before the fee credit.
    air.require_zero(now.active * (1 - air.fixed.place), "fill.place")
    # Lie: a batch made anew after its prices were known, with fills that this knowledge chose.
    air.require_zero(now.active * air.public("redo"), "fill.redo")
    # Lie: a fill at the band, fees, funding or clip of another market, or one that is not listed.
    terms = (*now.band_low, *now.band_high, now.taker_fee, now.maker_fee, *now.funding)
    trade = (*terms, *now.oracle, *now.net, now.steady, now.clip_low, now.clip_high)
    # Lie: the nearer edge of a takeover is missing; two orders meet beyond it.
    # Lie: the backstop buys above the oracle's price or sells below, and a friend has the rest.
    air.receive(TRADE, (now.market, kind(now), *trade), now.active, claim="fill.market")
    require_taken(air, now)
    _terms(air, now)
    _price(air, now)
    _rates(air, now)
    sides = ((now.buyer, Side.BUY), (now.seller, Side.SELL))
    for side, which in sides:
        _order(air, now, side, which)
        _fee(air, now, side)
        _slot(air, now, side)
        _balances(air, now, side, which)
        _reduces(air, now, side, which)
    require_counted(air, now)
    _fee_sums(air, now, after)


def _terms(air: Builder, row: Columns) -> None:
    """Price, size and notional are numbers, the size is positive, the accounts differ."""
    # Lie: a limb that wraps, so that a negative size or price passes for a positive one.
    numbers = (row.price, row.size, row.notional, row.notional_carries)
    for number in (*numbers, row.moved, row.moved_carries):
        air.range_check(number, row.active, claim="fill.bounds")
    size_sum = linear((1, limb) for limb in row.size)
    distance = row.buyer.account - row.seller.account
    with air.when(row.active):
        # Lie: a fill of nothing, to touch somebody's order. Four limbs sum below p.
        air.require_equal(size_sum * row.size_inverse, 1, "fill.size-positive")
        # Lie: an account that trades with itself to print a price or to move its fills.
        air.require_equal(distance * row.accounts_inverse, 1, "fill.distinct-accounts")
        # Lie: fees of less than the size is worth at the price.
        require_identity(air, notional_identity(row), row.notional_carries, "fill.notional")
        # Lie: a fill without its funding, or with it the wrong way round: whoever buys would be
        # paid all that longs ever paid.
        require_identity(air, moved_identity(row), row.moved_carries, "fill.moved")


def _price(air: Builder, row: Columns) -> None:
    """band low <= price <= band high; buy limit >= price >= sell limit."""
    low, high = row.band_low, row.band_high
    price = row.price.packed()
    below, above = row.band_room[:2], row.band_room[2:]
    # Lie: a fill far from the oracle price, to hand one account's cash to another. The band starts
    # at 1 or higher, so no price is 0.
    require_at_most(air, low, price, PRICE_BITS, below, row.active, "fill.band")
    require_at_most(air, price, high, PRICE_BITS, above, row.active, "fill.band")
    # Lie: a worse price than the order allows; or a price whose upper part is no price's, so that
    # the word of a slot's leaf that holds it comes apart in another way (circuits.tables.slot.air).
    for side, bounds in (
        (row.buyer, (price, row.buyer.worst)),
        (row.seller, (row.seller.worst, price)),
    ):
        _worst(air, row, side)
        room, count = side.price_room, ordered(row, side)
        require_at_most(air, *bounds, PRICE_BITS, room, count, "fill.limit", carried=False)


def _worst(air: Builder, row: Columns, side: Any) -> None:
    """The limit in this batch: what was signed, or so much from the oracle's price."""
    low, high = row.oracle
    # Lie: a pegged order's offset is taken for a price, or a price for an offset.
    for worst, signed, away in zip(side.worst, side.limit, (low - PEG_BIAS, high), strict=True):
        air.require_equal(worst, signed + side.pegged * away, "fill.peg")


def _rates(air: Builder, row: Columns) -> None:
    """The taking side pays the taker's rate of the market, the other the maker's."""
    taker, maker = row.taker_fee, row.maker_fee
    difference = row.seller_takes * (maker - taker)
    # Lie: a side charged another rate than governance set.
    air.require_equal(row.buyer.rate, taker + difference, "fill.rate")
    air.require_equal(row.seller.rate, maker - difference, "fill.rate")


def _order(air: Builder, row: Columns, side: Any, which: Side) -> None:
    """Both orders were signed, now or before, are of this market, and are on their own side."""
    terms = (side.account, side.slot, side.generation, row.market, int(which))
    marks = (side.pegged, side.reduce_only, side.when_clamped, side.backstop)
    signed = (*terms, *side.limit, side.max_fee, *marks)
    # Lie: an order that nobody signed, of another market, or a sale passed off as a purchase.
    # Lie: an order that rests nowhere, expired, or is of a key that the account has no longer.
    air.receive(ORDER, signed, ordered(row, side), claim="fill.order")


def _fee(air: Builder, row: Columns, side: Any) -> None:
    """fee = ceil(notional * rate / 10^6), and rate <= the signed maximum."""
    for number in (side.fee, side.remainder, side.fee_carries):
        air.range_check(number, row.active, claim="fill.bounds")
    # Lie: a fee rounded up twice, so that one side pays a quantum more than the other.
    room = FEE_SCALE - 1 - side.remainder.value() - side.remainder_room
    count = ordered(row, side)
    air.range_check((side.remainder_room, LIMB_BITS), count, claim="fill.fee-rounding")
    top_width = REMAINDER_BITS - LIMB_BITS
    air.range_check((room * _PER_LIMB, top_width), count, claim="fill.fee-rounding")
    with air.when(count):
        # Lie: a fee that is not the rate's.
        require_identity(air, fee_identity(row, side), side.fee_carries, "fill.fee")
    # Lie: a rate above the one signed. A rate is below 2^13, so a negative room cannot wrap.
    air.range_check((side.max_fee - side.rate, FEE_RATE_BITS), count, claim="fill.fee-cap")


def _slot(air: Builder, row: Columns, side: Any) -> None:
    """The slot holds this order, and as much less of it afterwards."""
    count, size, before = ordered(row, side), row.size.packed(), side.left_before
    # Lie: an order filled past what is left of it.
    # Lie: what is left does not fall by the size, so that the order fills again and again.
    left = require_at_most(air, size, before, SIZE_BITS, side.left_after, count, "fill.left")
    words = ((side.generation, *before, 0), (side.generation, *left, 0))
    # Lie: another generation, cancelled, replaced or not there yet, fills; or what was left before
    # other fills.
    word, times = (side.account, side.slot + SLOT_WORD), (side.slot_ts, _time(row))
    require_access(air, word, times, words, count, "fill.slot-access")


def _time(row: Columns) -> Any:
    return 2 * row.index + FILL_TIMESTAMP + 1


def _balances(air: Builder, row: Columns, side: Any, which: Side) -> None:
    """Cash and position move by what the size is worth, fee and size."""
    direction = 1 if which is Side.BUY else -1
    # Lie: a balance that overflows and comes back on the other end.
    for number in (side.cash_after, side.cash_carries, side.position_after, side.position_carries):
        air.range_check(number, row.active, claim="fill.bounds")
    with air.when(row.active):
        # Lie: cash from nowhere, or a fee that is not taken.
        cash = cash_identity(row, side, direction)
        require_identity(air, cash, side.cash_carries, "fill.cash")
        # Lie: positions that do not sum to zero.
        position = position_identity(row, side, direction)
        require_identity(air, position, side.position_carries, "fill.position")
    now = _time(row)
    # Lie: another account's cash, or an account that does not exist (the word's last element).
    cash_values = ((*side.cash_before, 1), (*side.cash_after.packed(), 1))
    cash_word = (side.account, CASH_WORD)
    require_access(air, cash_word, (side.cash_ts, now), cash_values, row.active, "fill.cash-access")
    # Lie: the position of another market or account.
    # Lie: nobody is told that an order traded there. One of the backstop's is not counted: it only
    # reduces, and the backstop may take lots there all the same.
    word = (side.account, row.market + POSITION_WORD)
    other = row.seller if which is Side.BUY else row.buyer
    met = row.active - taken(row) - side.backstop
    counts = (side.traded + met, side.took + other.taken)
    before = (*side.position_before, side.traded, side.took)
    values = (before, (*side.position_after.packed(), *counts))
    times = (side.position_ts, now)
    require_access(air, word, times, values, row.active, "fill.position-access")


def _reduces(air: Builder, row: Columns, side: Any, which: Side) -> None:
    """A fill of a reduce-only order leaves the position smaller, and does not flip it: whoever buys
    ends at 0 or below, whoever sells at 0 or above. An order of the backstop is one, whatever was
    signed.

    A position is biased by 2^40, which is 2 in its top limb and 0 in the others.
    """
    *lower, top = side.position_after
    bound = side.reduce_only + side.backstop
    # Lie: an order of the backstop takes risk, just when it is needed.
    # Lie: somebody who only wanted to get out is brought in, on the other side.
    if which is Side.SELL:
        air.require_zero(bound * (top - 2) * (top - 3), "fill.reduce-only")
        return
    air.require_bit(row.flat, "fill.flags")
    # Three limbs sum below p.
    air.require_zero(row.flat * sum(lower[1:], lower[0]), "fill.reduce-only")
    air.require_zero(row.flat * (top - 2), "fill.reduce-only")
    below = top - row.flat
    air.require_zero(bound * below * (below - 1), "fill.reduce-only")


def _fee_sums(air: Builder, now: Columns, after: Columns) -> None:
    """The limb sums of all fees and of all rests, handed to the batch table on the last row.

    A row adds less than 2^14, so that sums over FILL_ROWS_MAX rows do not wrap.
    """
    for k in range(FEE_LIMBS):
        # Lie: fees that are charged and credited to nobody, or credited and charged to nobody.
        # Lie: a rest goes to the fee account, or to nobody.
        for name, part in (("fees", charged), ("rests", rested)):
            total, more = getattr(now, name)[k], getattr(after, name)[k]
            with air.first_row():
                air.require_equal(total, part(now, k), "fill.fee-sum")
            with air.transition():
                air.require_equal(more, total + part(after, k), "fill.fee-sum")
    air.send(FEES, (*now.fees, *now.rests), now.last, claim="fill.fees-sent")


def table(trades: int) -> Table:
    """The table with room for so many fills."""
    values = partial(fixed_values, trades)
    return Table("fill", Columns, constraints, Fixed, values, height_max=FILL_ROWS_MAX)
