"""Positions: what an account holds in each market, where it is not nothing.

Spec: docs/spec/03-state.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rollup.private import Private
from rollup.protocol.constants import MARKET_BITS, MARKETS_MAX
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import require_bounds, require_position


@dataclass(frozen=True, slots=True, repr=False)
class Positions(Private):
    """Signed lots by market: `held` has (market, size) of each that is not empty, markets rising.

    One form for one holding: what is empty is not there, so it has no other encoding or leaf.
    """

    held: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.held, tuple):
            raise Rejected(Reason.MALFORMED, "positions are a tuple of (market, size)")
        if len(self.held) > MARKETS_MAX:
            raise Rejected(Reason.TOO_MANY, f"an account holds at most {MARKETS_MAX} positions")
        last = -1
        for position in self.held:
            last = _require_position(position, last)

    def __getitem__(self, market: int) -> int:
        """Lots held in a market: 0 where none are."""
        for held, size in self.held:
            if held == market:
                return size
        return 0

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """(market, size) of each position that is not empty."""
        return iter(self.held)

    @property
    def markets(self) -> tuple[int, ...]:
        """Markets in which something is held, rising."""
        return tuple(market for market, _ in self.held)

    def put(self, market: int, size: int) -> "Positions":
        """The same with another size in one market; 0 leaves nothing there."""
        others = [position for position in self.held if position[0] != market]
        if size:
            others.append((market, size))
        return Positions(tuple(sorted(others)))


def _require_position(position: object, last: int) -> int:
    """The market of a position, which must be above the last one's. Rejected if it is not."""
    if not isinstance(position, tuple) or len(position) != 2:
        raise Rejected(Reason.MALFORMED, "a position is (market, size)")
    market, size = position
    require_bounds("market", market, 0, 1 << MARKET_BITS, Reason.MARKET_OUT_OF_BOUNDS)
    if market <= last:
        raise Rejected(Reason.POSITION_ORDER, "markets of positions must rise")
    require_position("position", size)
    if size == 0:
        raise Rejected(Reason.POSITION_EMPTY, "an empty position is not listed")
    return int(market)


NO_POSITIONS = Positions()
"""Nothing held."""
