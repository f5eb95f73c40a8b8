"""Fill: one row matches a buy order with a sell order.

The size moves from seller to buyer and size x (price - F) back, F the market's funding, in the same
row, so every row conserves; each side pays its fee on size x price, rounded up. Row j accesses
memory at time FILL_TIMESTAMP + j.
Height: one row a fill, padded; rows in use need not be contiguous, and are among the first rows,
as many as the shape class takes trades. Degree: 3.
Buses: receives TRADE, ORDER twice, accesses six words of MEMORY, sends the fee sums on FEES once,
and what is counted of it on TALLY (`counted.py`).
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
    FILL_ROWS_MAX,
    REMAINDER_BITS,
    Columns,
    cash_identity,
    fee_identity,
    filled_identity,
    moved_identity,
    notional_identity,
    position_identity,
)
from circuits.tables.fill.counted import require_counted
from rollup.protocol.constants import (
    FEE_RATE_BITS,
    FEE_SCALE,
    FILL_TIMESTAMP,
    PRICE_BITS,
    SIZE_BITS,
)
from rollup.protocol.order import Side

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
    trade = (*terms, now.clip_low, now.clip_high)
    air.receive(TRADE, (now.market, *trade), now.active, claim="fill.market")
    _terms(air, now)
    _price(air, now)
    _rates(air, now)
    sides = ((now.buyer, Side.BUY), (now.seller, Side.SELL))
    for side, which in sides:
        _order(air, now, side, which)
        _fee(air, now, side)
        _slot(air, now, side)
        _balances(air, now, side, which)
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
    # Lie: a worse price than the order allows.
    buyer, seller = row.buyer, row.seller
    require_at_most(air, price, buyer.limit, PRICE_BITS, buyer.price_room, row.active, "fill.limit")
    require_at_most(
        air, seller.limit, price, PRICE_BITS, seller.price_room, row.active, "fill.limit"
    )


def _rates(air: Builder, row: Columns) -> None:
    """The taking side pays the taker's rate of the market, the other the maker's."""
    taker, maker = row.taker_fee, row.maker_fee
    difference = row.seller_takes * (maker - taker)
    # Lie: a side charged another rate than governance set.
    air.require_equal(row.buyer.rate, taker + difference, "fill.rate")
    air.require_equal(row.seller.rate, maker - difference, "fill.rate")


def _order(air: Builder, row: Columns, side: Any, which: Side) -> None:
    """Both orders were signed, are of this market, and are on their own side."""
    terms = (side.account, side.slot, side.generation, row.market, int(which))
    signed = (*terms, *side.limit, *side.order_size, side.max_fee, 0)
    # Lie: an order that nobody signed, of another market, or a sale passed off as a purchase.
    # Lie: a signed withdrawal, filled as if it were an order.
    air.receive(ORDER, signed, row.active, claim="fill.order")


def _fee(air: Builder, row: Columns, side: Any) -> None:
    """fee = ceil(notional * rate / 10^6), and rate <= the signed maximum."""
    for number in (side.fee, side.remainder, side.fee_carries):
        air.range_check(number, row.active, claim="fill.bounds")
    # Lie: a fee rounded up twice, so that one side pays a quantum more than the other.
    room = FEE_SCALE - 1 - side.remainder.value() - side.remainder_room
    air.range_check((side.remainder_room, LIMB_BITS), row.active, claim="fill.fee-rounding")
    top_width = REMAINDER_BITS - LIMB_BITS
    air.range_check((room * _PER_LIMB, top_width), row.active, claim="fill.fee-rounding")
    with air.when(row.active):
        # Lie: a fee that is not the rate's.
        require_identity(air, fee_identity(row, side), side.fee_carries, "fill.fee")
    # Lie: a rate above the one signed. A rate is below 2^13, so a negative room cannot wrap.
    air.range_check((side.max_fee - side.rate, FEE_RATE_BITS), row.active, claim="fill.fee-cap")


def _slot(air: Builder, row: Columns, side: Any) -> None:
    """The slot counts this order's fills; never more than its size, never an older generation."""
    air.require_bit(side.continues, "fill.flags")
    rise = side.generation - side.stored_generation
    room = rise - 1 + side.continues
    with air.when(row.active):
        # Lie: a generation that only seems to continue, so that its count starts from another's.
        air.require_zero(side.continues * rise, "fill.generation")
    # Lie: an older generation, cancelled or replaced, fills again.
    high = (room - side.generation_room) * _PER_LIMB
    air.range_check((side.generation_room, LIMB_BITS), row.active, claim="fill.generation")
    air.range_check((high, LIMB_BITS), row.active, claim="fill.generation")
    for number in (side.filled_after, side.filled_carries):
        air.range_check(number, row.active, claim="fill.bounds")
    with air.when(row.active):
        # Lie: the count does not grow by the size, so that the order fills again and again.
        require_identity(air, filled_identity(row, side), side.filled_carries, "fill.filled")
    filled = side.filled_after.packed()
    # Lie: an order filled past its size.
    require_at_most(air, filled, side.order_size, SIZE_BITS, side.size_room, row.active, "fill.cap")
    before = (side.stored_generation, *side.filled_before, 0)
    after = (side.generation, *filled, 0)
    word = (side.account, side.slot + SLOT_WORD)
    # Lie: a count other than the slot's last one.
    times = (side.slot_ts, row.index + FILL_TIMESTAMP)
    require_access(air, word, times, (before, after), row.active, "fill.slot-access")


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
    now = row.index + FILL_TIMESTAMP
    # Lie: another account's cash, or an account that does not exist (the word's last element).
    cash_values = ((*side.cash_before, 1), (*side.cash_after.packed(), 1))
    cash_word = (side.account, CASH_WORD)
    require_access(air, cash_word, (side.cash_ts, now), cash_values, row.active, "fill.cash-access")
    # Lie: the position of another market or account.
    word = (side.account, row.market + POSITION_WORD)
    values = ((*side.position_before, 0, 0), (*side.position_after.packed(), 0, 0))
    times = (side.position_ts, now)
    require_access(air, word, times, values, row.active, "fill.position-access")


def _fee_sums(air: Builder, now: Columns, after: Columns) -> None:
    """The limb sums of all fees, handed to the batch table on the last row.

    A row adds less than 2^14, so that sums over FILL_ROWS_MAX rows do not wrap.
    """
    for k, total in enumerate(now.fees):
        paid = now.active * (now.buyer.fee[k] + now.seller.fee[k])
        then = after.active * (after.buyer.fee[k] + after.seller.fee[k])
        # Lie: fees that are charged and credited to nobody, or credited and charged to nobody.
        with air.first_row():
            air.require_equal(total, paid, "fill.fee-sum")
        with air.transition():
            air.require_equal(after.fees[k], total + then, "fill.fee-sum")
    air.send(FEES, now.fees, now.last, claim="fill.fees-sent")


def table(trades: int) -> Table:
    """The table with room for so many fills."""
    values = partial(fixed_values, trades)
    return Table("fill", Columns, constraints, Fixed, values, height_max=FILL_ROWS_MAX)
