"""Open steps, as everybody sees them: what stands while one is open, and for how long it may be.

Whether a batch leaves its step open and makes progress is proved; the rest follows from public
inputs, so that rules, L1 and whoever verifies ask the same here. Spec: docs/spec/15-triggers.md.
"""

from collections.abc import Sequence

from rollup.protocol.constants import STALLED_MAX
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook
from rollup.protocol.public import PublicInput
from rollup.protocol.rejection import Reason, Rejected


def require_terms_stand(before: MarketBook, governance: Governance) -> None:
    """While a step is open its parameters are those of its first batch."""
    if before.is_open and governance.digest() != before.governance:
        detail = "the step is open, so its parameters stand"
        raise Rejected(Reason.STEP_GOVERNANCE, detail)


def require_last_prices_stand(before: MarketBook, prices: Sequence[int]) -> None:
    """The price of a market that has ended stands for good."""
    for market in sorted(before.ended):
        if market < len(prices) and prices[market] != before.markets[market].price:
            raise Rejected(Reason.MARKET_ENDED, f"market {market} has ended, so its price stands")


def require_moving(after: MarketBook) -> None:
    """A step that has been open for long is not held open: of its batches only so many in a row
    make no progress."""
    if after.stalled > STALLED_MAX:
        detail = f"{after.stalled} batches in a row leave an old step open without progress"
        raise Rejected(Reason.STEP_STALLED, detail)


def require_step_kept(public: PublicInput) -> None:
    """Both, of a batch whose public input alone is known."""
    require_terms_stand(public.book_before, public.governance)
    require_moving(public.book_after)
