"""What of the parameters may change while a state lives, and by how much.

Spec: docs/spec/01-numbers.md, gov.continues.
"""

from rollup.protocol.market import Governance, Market
from rollup.protocol.rejection import Reason, Rejected


def require_continues(before: Governance, after: Governance) -> None:
    """Refuse unless a state under `before` can go on under `after`: every market keeps its number,
    symbol, kind, scale and bucket, since positions are counted in its lots and triggers in its
    buckets; its maintenance, and both haircuts of an asset, move by the narrower step of both at
    most, and one that is delisted stays so; others may be added behind them; and fee account and
    backstop stay, which L1 cannot know to exist. A feed and its decimals may change: the price then
    walks to the new one by steps."""
    for name in ("fee_account", "backstop_account"):
        kept, given = getattr(before, name), getattr(after, name)
        if given != kept:
            raise Rejected(Reason.GOVERNANCE_CHANGED, f"{name} must stay {kept}, not {given}")
    if len(after.markets) < len(before.markets):
        raise Rejected(
            Reason.GOVERNANCE_CHANGED,
            f"all {len(before.markets)} markets must stay, not {len(after.markets)}",
        )
    for number, (old, new) in enumerate(zip(before.markets, after.markets, strict=False)):
        step = min(terms.oracle.feeds[number].step for terms in (before, after))
        _require_market_continues(number, old, new, step)


def _require_market_continues(number: int, before: Market, after: Market, step: int) -> None:
    kept = ("symbol", "kind", "price_decimals", "size_decimals", "bucket")
    if any(getattr(before, name) != getattr(after, name) for name in kept):
        raise Rejected(
            Reason.GOVERNANCE_CHANGED,
            f"market {number} must keep its symbol, its kind, its scale and its bucket",
        )
    if before.delisted and not after.delisted:
        detail = f"market {number} is delisted, and stays so"
        raise Rejected(Reason.GOVERNANCE_CHANGED, detail)
    moved = abs(after.maintenance_fraction - before.maintenance_fraction)
    if moved > step:
        raise Rejected(
            Reason.GOVERNANCE_CHANGED,
            f"market {number}: maintenance may move by a step of {step}, not by {moved}",
        )
    moved = abs(after.initial_fraction - before.initial_fraction)
    if before.is_asset and moved > step:
        raise Rejected(
            Reason.GOVERNANCE_CHANGED,
            f"market {number}: a haircut may move by a step of {step}, not by {moved}",
        )
