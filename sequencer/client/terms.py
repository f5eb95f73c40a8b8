"""What a trader asks for, in words and decimals, before it is an order."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from rollup.private import Private
from rollup.protocol.market import Market
from rollup.protocol.order import Side, TimeInForce
from sequencer.client.amounts import Number, lots_of, offset_of, ticks_of
from sequencer.client.errors import OutOfRange, Unknown
from sequencer.client.slots import Key

SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
TIMES_IN_FORCE: Final = {
    "good-till-expiry": TimeInForce.GOOD_TILL_EXPIRY,
    "gtt": TimeInForce.GOOD_TILL_EXPIRY,
    "immediate-or-cancel": TimeInForce.IMMEDIATE_OR_CANCEL,
    "ioc": TimeInForce.IMMEDIATE_OR_CANCEL,
}
LIFE_MS: Final = 24 * 3_600_000
"""An order that says no expiry lasts a day."""

CLIENT_ID_MAX: Final = 64

W = TypeVar("W")


@dataclass(frozen=True, slots=True, repr=False)
class Terms(Private):
    """One order as a trader says it. Price and size as Decimal, text or int, on tick and lot; the
    price of a `pegged` order is how far from the oracle's price it is, below zero too.

    `expires` is a timedelta from now or a venue's time in ms; `max_fee` the highest fee rate
    accepted, in millionths, by default the market's taker fee as it is now. `client_id` is the
    caller's own name for it, told to nobody. `replaces` is the key of a live order, whose slot this
    one takes: the venue ends that as it takes this, and leaves it where it refuses this.
    """

    market: str
    side: str
    price: Number
    size: Number
    time_in_force: str = "good-till-expiry"
    post_only: bool = False
    reduce_only: bool = False
    pegged: bool = False
    when_clamped: bool = False
    client_id: str | None = None
    expires: timedelta | int | None = None
    max_fee: int | None = None
    replaces: Key | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Checked(Private):
    """Terms on the grid of their market; only slot, generation and expiry are open."""

    terms: Terms
    number: int
    market: Market
    side: Side
    ticks: int
    lots: int
    time_in_force: TimeInForce
    max_fee: int


def checked(terms: Terms, markets: tuple[Market, ...]) -> Checked:
    """Terms that an order can have, or a Refusal that says what was wanted."""
    number, market = market_of(terms.market, markets)
    if terms.client_id is not None and not 0 < len(terms.client_id) <= CLIENT_ID_MAX:
        raise OutOfRange(f"a client id has 1 to {CLIENT_ID_MAX} characters")
    return Checked(
        terms,
        number,
        market,
        _word("side", terms.side, SIDES),
        offset_of(terms.price, market) if terms.pegged else ticks_of(terms.price, market),
        lots_of(terms.size, market),
        _word("time in force", terms.time_in_force, TIMES_IN_FORCE),
        market.taker_fee if terms.max_fee is None else terms.max_fee,
    )


def market_of(symbol: str, markets: tuple[Market, ...]) -> tuple[int, Market]:
    """A market and its number, by symbol. Unknown."""
    for number, market in enumerate(markets):
        if market.symbol == symbol:
            return number, market
    known = ", ".join(market.symbol for market in markets)
    raise Unknown(f"a market of {known} is wanted, not {symbol[:40]!r}")


def expiry_of(terms: Terms, now: int, dead_man_ms: int | None) -> int:
    """The last batch time at which it may trade: as it says, and no later than the dead man's
    switch allows."""
    match terms.expires:
        case None:
            expiry = now + LIFE_MS
        case timedelta():
            expiry = now + terms.expires // timedelta(milliseconds=1)
        case _:
            expiry = terms.expires
    return expiry if dead_man_ms is None else min(expiry, now + dead_man_ms)


def _word(name: str, word: str, known: dict[str, W]) -> W:
    if word not in known:
        raise Unknown(f"{name}: one of {', '.join(known)} is wanted, not {word[:40]!r}")
    return known[word]
