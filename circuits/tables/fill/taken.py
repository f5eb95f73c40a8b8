"""A side of a fill that is a liquidated account, and what it leaves to the backstop.

The order is the maker: so the side that takes is the one that is taken, and `taken` of both follows
from the taker. The account gets net x size of what the order pays, where it held the lots, and the
rest is the backstop's; where it owed them it pays net x size, and the order gets the rest less.
"""

from typing import Any

from circuits.air.builder import Builder
from circuits.gadgets.buses import LIQUIDATION
from circuits.gadgets.integer import require_identity
from circuits.tables.fill.columns import Columns, rest_identity

# On cells and on arrays.


def taken(row: Columns) -> Any:
    """1 if a side is."""
    return row.buyer.taken + row.seller.taken


def kind(row: Columns) -> Any:
    """0 of two orders, 1 where lots that were held are bought, 2 where lots that were owed are
    sold, 3 where the backstop's order buys of another, 4 where it sells: as TRADE says it."""
    of_backstop = 3 * row.buyer.backstop + 4 * row.seller.backstop
    return row.seller.taken + 2 * row.buyer.taken + of_backstop


def ordered(row: Columns, side: Any) -> Any:
    """1 if the side has an order."""
    return row.active - side.taken


def charged(row: Columns, k: int) -> Any:
    """A limb of the fees of a row."""
    return sum(ordered(row, side) * side.fee[k] for side in (row.buyer, row.seller))


def rested(row: Columns, k: int) -> Any:
    """A limb of what a row leaves to the backstop."""
    return sum(side.taken * side.fee[k] for side in (row.buyer, row.seller))


def require_taken(air: Builder, row: Columns) -> None:
    """Whose lots they are, what is left of the price, and who may take them now."""
    buyer, seller = row.buyer, row.seller
    air.require_bit(row.exhausted, "fill.flags")
    for side in (buyer, seller):
        air.require_bit(side.taken, "fill.flags")
        air.bit_elsewhere(ordered(row, side), "only a row in use is taken")
        # Lie: a padding row uses up what a position says.
        air.require_zero(side.taken * (1 - row.active), "fill.padding-is-silent")
    air.bit_elsewhere(taken(row), "one side takes, and only that is taken")
    for side in (buyer, seller):
        # Lie: the backstop takes by its orders, for more than its fee leaves it.
        # Lie: a side without an order is called the backstop's, to have other edges.
        air.require_zero(taken(row) * side.backstop, "fill.backstop-takes-not")
    # Lie: the order pays the taker's fee; both sides are taken, and nobody's lots are lost.
    air.require_zero(seller.taken * (1 - row.seller_takes), "fill.taken-takes")
    air.require_zero(buyer.taken * row.seller_takes, "fill.taken-takes")
    # Lie: lots of an account that is healthy, or that signed an order; or of its other side.
    for side, short in ((seller, 0), (buyer, 1)):
        named = (side.account, row.market, short, row.exhausted)
        air.receive(LIQUIDATION, named, side.taken, claim="fill.taken")
    # The lower three limbs of what is waived are in range: fill.clip.
    top = (row.waived[-1], row.waived.widths[-1])
    for number in (top, row.rest_carries):
        air.range_check(number, taken(row), claim="fill.bounds")
    # Lie: a friend takes for less than the backstop would, or keeps what is the backstop's.
    for side, direction in ((seller, 1), (buyer, -1)):
        with air.when(side.taken):
            require_identity(
                air, rest_identity(row, side, direction), row.rest_carries, "fill.rest"
            )
    # Lie: an account that has something left leaves the backstop less. Four limbs sum below p.
    first, *others = row.waived
    whole = taken(row) * (1 - row.exhausted)
    air.require_zero(whole * sum(others, first), "fill.rest-waived")
    # Lie: prices stand still, and somebody's order takes at them who never agreed to that.
    for side, order in ((seller, buyer), (buyer, seller)):
        for held_back in (1 - row.steady, air.public("begins_open")):
            unasked = side.taken * (1 - order.when_clamped)
            air.require_zero(held_back * unasked, "fill.when-clamped")
