"""Deleveraging carried out: a plan becomes part of the batch that is open, if it fits."""

from rollup.protocol.margin import closing
from rollup.protocol.rejection import Rejected
from rollup.protocol.takeover import Route, Takeover
from sequencer.engine.deleveraging import Draft, Scene, merged, plan, zone_leaves
from sequencer.engine.ledger import Ledger
from sequencer.engine.refreshing import is_short
from sequencer.engine.work import Work


def deleverage(ledger: Ledger, work: Work, account: int) -> tuple[Takeover, ...]:
    """Take of an account below maintenance margin what the backstop can carry, and close lots
    of the other side with the rest. Empty, with nothing changed, where that does not heal it,
    or the batch has no room for it."""
    if len(work.takeovers) >= work.shape_class.takeovers:
        return ()
    backstop = ledger.governance.backstop_account
    scene = Scene(
        ledger.holders,
        ledger.index,
        work.terms,
        backstop,
        work.before,
        work.due,
        frozenset(work.liquidated),
        work.zones,
        frozenset(work.took),
        work.acted_in(backstop),
    )
    draft = plan(scene, account)
    if draft is None or not _room_to_close(ledger, work, draft):
        return ()
    if not all(_may_end(ledger, work, draft, index) for index in draft.ends):
        return ()
    others = draft.ends.keys() - draft.liquidated
    if any(is_short(ledger.governance, work, i, ledger.holders[i]) for i in others):
        return ()
    markets = {takeover.market for takeover in draft.takeovers}
    for index in {*draft.ends, backstop}:
        ledger.touch(work, index, markets if index in draft.ends else ())
    for index, after in draft.ends.items():
        ledger.hold(work, index, after)
    work.act(backstop, draft.acted)
    work.takeovers += draft.takeovers
    work.liquidated |= draft.liquidated
    work.zones = merged(work.zones, draft.zones)
    work.room.reserve(zone_leaves(work.zones, work.terms))
    work.deleveraged |= {
        (each.taker, each.market) for each in draft.takeovers if each.route is Route.DELEVERAGED
    }
    return tuple(draft.takeovers)


def _may_end(ledger: Ledger, work: Work, draft: Draft, index: int) -> bool:
    """Whether the closing rule lets the batch end with what a plan leaves: one of two that are
    liquidated may be left flagged."""
    if index not in draft.paired:
        acted = draft.acted if index == ledger.governance.backstop_account else ()
        return ledger.may_become(work, index, draft.ends[index], acted)
    before = work.before.get(index, ledger.holders[index].holding)
    try:
        acted = work.acted_in(index)
        closing(before, draft.ends[index], work.terms, traded=False, acted=acted)
    except Rejected:
        return False
    return True


def _room_to_close(ledger: Ledger, work: Work, draft: Draft) -> bool:
    """Whether the batch can hold a plan beside what it has."""
    markets = {takeover.market for takeover in draft.takeovers}
    backstop = ledger.opening(ledger.governance.backstop_account)
    opened = [backstop, *(ledger.opening(index, markets) for index in draft.ends)]
    zones = zone_leaves(merged(work.zones, draft.zones), work.terms)
    takeovers = len(work.takeovers) + len(draft.takeovers)
    return takeovers <= work.shape_class.takeovers and work.room.fits(opened, zones=zones)
