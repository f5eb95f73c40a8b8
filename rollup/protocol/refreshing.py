"""Refresh fees: whoever comes due costs the venue work, and pays a little for it.

An account is *due* if the price has passed one of the triggers that it had before the batch. One
that the batch opens, does not liquidate, and leaves with what maintenance margin asks, pays the
fee, or all of its excess where that is less: so that nobody is below maintenance by it, and nobody
else decides whether it is paid. What all pay is the backstop's, which pays nothing itself.
Spec: docs/spec/15-triggers.md.
"""

from collections.abc import Collection, Sequence

from rollup.protocol.ledger import Ledger
from rollup.protocol.margin import excess
from rollup.protocol.market import Governance
from rollup.protocol.progress import due_markets
from rollup.protocol.terms import MarketTerms
from rollup.protocol.units import require_cash


def charge_refreshes(
    ledger: Ledger,
    governance: Governance,
    terms: Sequence[MarketTerms],
    liquidated: Collection[int],
) -> dict[int, int]:
    """Take the fee of whoever pays one, in quanta, by account; of a whole batch, all else done."""
    charged: dict[int, int] = {}
    for index, entry in ledger.accounts.items():
        spared = index == governance.backstop_account or index in liquidated
        if spared or not due_markets(entry.before, terms):
            continue
        fee = refresh_fee(governance, excess(entry.holding, terms))
        if fee:
            require_cash("cash", entry.cash - fee)
            entry.cash -= fee
            charged[index] = fee
    return charged


def refresh_fee(governance: Governance, left: int) -> int:
    """What a refresh costs an account with so much excess over maintenance margin as the batch
    ends, the fee not counted, in quanta."""
    return min(governance.refresh_fee, max(0, left))
