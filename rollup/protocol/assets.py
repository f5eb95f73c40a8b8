"""Assets: what can be deposited and taken out beside USDC, and how each is named.

An asset is a market of its own kind whose lots are held by L1 for whoever has them. A queue entry,
an outflow and a grant say by one number what they are of: 0 is USDC, the cash of an account; n + 1
is the asset of market n, lots of which are an account's position there.
Spec: docs/spec/17-assets.md.
"""

from collections.abc import Collection
from typing import Final

from rollup.protocol.constants import MARKET_BITS
from rollup.protocol.market import Governance
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import require_bounds

USDC: Final = 0
"""The mark of cash, in quanta."""

MARKS: Final = 1 << MARKET_BITS
"""Marks are below this: 16 bits, as a signed order has for its market."""


def require_mark(name: str, mark: object) -> None:
    """Rejected unless it is USDC or can be an asset."""
    require_bounds(name, mark, 0, MARKS, Reason.MARKET_OUT_OF_BOUNDS)


def mark_of(market: int) -> int:
    """The mark of a market's asset."""
    return market + 1


def market_of(mark: int) -> int:
    """The market whose asset a mark is of. ValueError for USDC, which has none."""
    if mark == USDC:
        raise ValueError("USDC is in no market")
    return mark - 1


def markets_of(mark: int) -> tuple[int, ...]:
    """The market whose positions a mark is of; none for USDC."""
    return () if mark == USDC else (market_of(mark),)


def is_asset(governance: Governance, market: int) -> bool:
    """Whether a market is listed, and of the kind."""
    return 0 <= market < len(governance.markets) and governance.markets[market].is_asset


def is_known(governance: Governance, mark: int) -> bool:
    """Whether the venue keeps what a mark is of: USDC, or an asset that is listed."""
    return mark == USDC or is_asset(governance, market_of(mark))


def is_taken(governance: Governance, ended: Collection[int], mark: int) -> bool:
    """Whether the venue takes more of what a mark is of: not of an asset that has ended."""
    return is_known(governance, mark) and (mark == USDC or market_of(mark) not in ended)


def require_known(governance: Governance, mark: int) -> None:
    """Rejected with ASSET_UNKNOWN unless the venue keeps what a mark is of."""
    if not is_known(governance, mark):
        raise Rejected(Reason.ASSET_UNKNOWN, "no asset is listed under its mark")


def symbol_of(governance: Governance, mark: int) -> str:
    """What people call it: USDC, or the symbol of its market. Rejected as `require_known` is."""
    require_known(governance, mark)
    return "USDC" if mark == USDC else governance.markets[market_of(mark)].symbol


def assets_of(governance: Governance) -> tuple[int, ...]:
    """Marks of all listed assets, rising; USDC is not among them."""
    markets = range(len(governance.markets))
    return tuple(mark_of(market) for market in markets if is_asset(governance, market))
