"""Pairs of worlds: one public story, and two things that may have been done in it.

Deposits, prices, times and withdrawals are the same in both worlds of a pair, and so is how often a
batch closes. `known` are the features that are known to tell them apart, which a report must find
and no others; where there are none the pair must look alike. Spec: docs/spec/26-leaks.md.
"""

from dataclasses import dataclass
from typing import Final

from rollup.protocol.order import Side
from sequencer.leak.acts import Act, Behaviour, Deal, Moment, Retracted, Taken
from sequencer.leak.run import HOUR_MS, PRICES, QUANTA, WINDOW_MS, World

BTC_PRICE, ETH_PRICE = PRICES
LOTS: Final = 1_000
"""0.01 BTC."""

LARGE: Final = 20_000
"""0.2 BTC: worth more than the notional below which a premium rate is floored more coarsely."""

LEVERED: Final = 1_900_000
"""19 BTC on a deposit of 100,000 USDC: 11.7 times leverage."""

CALM: Final = Moment(WINDOW_MS, PRICES)
FALLEN: Final = Moment(WINDOW_MS, (BTC_PRICE * 955 // 1000, ETH_PRICE))
"""BTC a step lower, as far as one goes."""

HOUR_LATER: Final = Moment(HOUR_MS, PRICES)
HELD: Final = frozenset({"positions", "data-bytes", "words", "word-bits"})
"""What shows in how many markets somebody holds something: there are more words, whatever they
are."""


@dataclass(frozen=True, slots=True)
class Pair:
    """`name` in a table, `differs` in what, in one clause."""

    name: str
    differs: str
    worlds: tuple[World, World]
    known: frozenset[str] = frozenset()

    @property
    def must_hide(self) -> bool:
        """Whether nobody should be able to tell its worlds apart."""
        return not self.known


def _pair(
    name: str,
    differs: str,
    one: Behaviour,
    other: Behaviour,
    known: frozenset[str] = frozenset(),
    story: tuple[Moment, ...] = (CALM, CALM),
    silent: frozenset[int] = frozenset(),
) -> Pair:
    worlds = (World(story, one, silent), World(story, other, silent))
    return Pair(name, differs, worlds, known)


def _deal(
    buyer: int, seller: int, lots: int = LOTS, price: int = BTC_PRICE, market: int = 0
) -> Deal:
    return Deal(buyer, seller, lots, price, market)


NOTHING: Final[tuple[Act, ...]] = ()
FIRST: Final = _deal(1, 2)
SECOND: Final = _deal(3, 4)
BOTH: Final = (FIRST, SECOND)
REST: Final = (_deal(2, 1, LOTS // 2),)
"""What a second batch has, so that it is no empty one."""

RETRACTED: Final = Retracted(3, Side.BUY, LOTS, BTC_PRICE * 99 // 100)
WITHDRAWN: Final = 500 * QUANTA

PAIRS: Final = (
    _pair(
        "partners",
        "who trades with whom, the same accounts with the same results",
        ((FIRST, SECOND), REST),
        ((_deal(1, 4), _deal(3, 2)), REST),
    ),
    _pair("side", "who is long and who is short", ((FIRST,), REST), ((_deal(2, 1),), REST)),
    _pair(
        "price",
        "the price of a trade, inside the hour",
        ((_deal(1, 2, price=BTC_PRICE - 5_000),), REST),
        ((_deal(1, 2, price=BTC_PRICE + 5_000),), REST),
    ),
    _pair("size", "the size of a trade", ((FIRST,), REST), ((_deal(1, 2, 50 * LOTS),), REST)),
    _pair(
        "market",
        "in which market they trade",
        ((FIRST,), NOTHING),
        ((_deal(1, 2, price=ETH_PRICE, market=1),), NOTHING),
    ),
    _pair(
        "count",
        "one trade, or twenty of a twentieth",
        ((_deal(1, 2, 20 * LOTS),), REST),
        ((FIRST,) * 20, REST),
    ),
    _pair(
        "cancelled",
        "an order that was taken back, or none, while others trade",
        ((FIRST, RETRACTED), REST),
        ((FIRST,), REST),
    ),
    _pair(
        "turn, in a market they hold",
        "which two of four trade, all of whom hold something in the market",
        (BOTH, (REST[0],)),
        (BOTH, (_deal(4, 3, LOTS // 2),)),
    ),
    _pair(
        "active, in a market they hold",
        "whether two or four trade, all of whom hold something in the market",
        (BOTH, (REST[0], _deal(4, 3, LOTS // 2))),
        (BOTH, REST),
    ),
    _pair(
        "payer",
        "from which of an owner's two accounts a withdrawal comes",
        ((FIRST,), (Taken(3, WITHDRAWN),)),
        ((FIRST,), (Taken(4, WITHDRAWN),)),
    ),
    _pair(
        "side, price falls",
        "who is long with all leverage as the price falls",
        ((_deal(1, 2, LEVERED),), NOTHING),
        ((_deal(2, 1, LEVERED),), NOTHING),
        story=(CALM, FALLEN),
    ),
    _pair(
        "lone order",
        "an order that was taken back, or none, while nobody else sends anything",
        ((RETRACTED,), REST),
        (NOTHING, REST),
        frozenset({"receipts"}),
    ),
    _pair(
        "turn",
        "which two trade first",
        ((FIRST,), (SECOND,)),
        ((SECOND,), (FIRST,)),
        frozenset({"positions"}),
    ),
    _pair(
        "active",
        "whether two more accounts trade",
        (BOTH, REST),
        ((FIRST,), REST),
        HELD,
    ),
    _pair(
        "second market",
        "whether a second trade is in another market",
        ((FIRST,), (_deal(1, 2, price=ETH_PRICE, market=1),)),
        ((FIRST,), (FIRST,)),
        HELD,
    ),
    _pair(
        "closed out",
        "whether a second trade gives the first position up",
        ((FIRST,), (_deal(2, 1),)),
        ((FIRST,), REST),
        HELD,
    ),
    _pair(
        "price, at the hour",
        "the price of the hour's one trade, once the hour is charged",
        ((_deal(1, 2, LARGE),), NOTHING),
        ((_deal(1, 2, LARGE, BTC_PRICE + 2_000),), NOTHING),
        frozenset({"premium-rates", "book"}),
        story=(CALM, HOUR_LATER),
    ),
    _pair(
        "side, key untold",
        "who is long, where one of them never told its viewing key",
        ((FIRST,), REST),
        ((_deal(2, 1),), REST),
        frozenset({"clear"}),
        silent=frozenset({1}),
    ),
)
"""Those that must look alike first."""
