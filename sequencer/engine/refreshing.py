"""Refresh fees while a batch is open: whoever is due has paid as it opens, and pays what is left of
the fee as soon as a fill of his leaves him more.

The fee goes to the backstop at once, so that all that is planned later counts it. What is charged
is always what the rules will take as the batch ends (rollup.protocol.refreshing): the fee, or all
of the excess before it.
"""

from rollup.protocol.holding import Holding
from rollup.protocol.margin import excess
from rollup.protocol.market import Governance
from rollup.protocol.refreshing import refresh_fee
from rollup.protocol.rejection import Reason, Rejected
from sequencer.engine.holder import Holder
from sequencer.engine.work import Work


def pays(governance: Governance, work: Work, account: int, holder: Holder) -> bool:
    """Whether the price has passed a trigger that an account has, and it is not the backstop. Who
    is flagged has them at the price."""
    return (
        account in work.due
        and account != governance.backstop_account
        and any(seat.trigger > work.terms[seat.market].numbers[seat.side] for seat in holder.seats)
    )


def owed(governance: Governance, work: Work, account: int, holder: Holder, holding: Holding) -> int:
    """What an account still owes for being due if it ends the batch with a holding, of which all
    that it paid so far is taken; below zero where it paid more than it then would."""
    if not pays(governance, work, account, holder):
        return 0
    paid = work.refreshed.get(account, 0)
    return refresh_fee(governance, excess(holding, work.terms) + paid) - paid


def is_short(governance: Governance, work: Work, account: int, holder: Holder) -> bool:
    """Whether an account is due and has not paid the whole fee, so that more cash is no gain."""
    paid = work.refreshed.get(account, 0)
    return paid < governance.refresh_fee and pays(governance, work, account, holder)


def require_payable(governance: Governance, work: Work, more: int) -> None:
    """Refuse what would change a fee that others count on: nothing is paid back, and nothing comes
    to the backstop once what it has decides what is taken of it, or of others."""
    backstop = governance.backstop_account
    decided = bool(work.zones) or backstop in work.liquidated or backstop not in work.before
    if more < 0 or (more and decided):
        raise Rejected(Reason.MARGIN, "its refresh fee cannot change any more")
