"""How a batch leaves the slots of those who trade: what trades no more in it is settled as it
closes, in the room that trading left.

What ends an order of the state by a signature goes in first, then orders lapse that the venue
ended, then live orders are placed that no batch carried yet, the oldest first, and last come
cancels of what never was in the state. Once an order is placed the state holds it and its signature
is of no more use. An order lapses, and is placed, only in an account that the batch opens for
another reason, decoys included, so that neither tells of anybody; a cancel of what the state holds
opens its account, since it is for good only once a batch carries it. Sweeps have a quarter of the
nodes to themselves, and what finds no room is asked again in the next batch; but for a cancel, of
which the order then lapses. Spec: docs/spec/04-orders.md.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rollup.protocol.cancel import SignedCancel
from rollup.protocol.margin import excess
from rollup.protocol.order import TimeInForce
from rollup.protocol.slot import SlotKey, SlotState, cancelled, lapsed, placed
from sequencer.engine.carried import Action
from sequencer.engine.decoys import SHARE, open_decoys
from sequencer.engine.live import LiveOrder
from sequencer.engine.slots import rests
from sequencer.engine.state import CoreState
from sequencer.engine.work import Work

UNSEEN_SHARE: Final = 8
"""The signatures of a batch over this are the most cancels of one account that it carries of what
never was in the state."""


def prepare(state: CoreState, work: Work, lot: bytes | None = None) -> None:
    """Bring the slots of the open batch to what it leaves them with, outflows apart; once, and
    nothing may trade in it after that. Decoys are opened by `lot`, where it is given."""
    if work.prepared:
        return
    work.prepared = True
    asked = work.to_cancel.items()
    ending = {key: signed for key, signed in asked if _ends_what_rests(state, key, signed)}
    for key, signed in ending.items():
        _cancel(state, work, key, signed)
    if lot is not None:
        open_decoys(state, lot)
    _drop_immediate(state, work)
    for key in sorted(state.stale):
        _clear(state, work, key)
    for live in list(state.unplaced.values()):
        _place(state, work, live)
    _cancel_unseen(state, work, [(key, each) for key, each in asked if key not in ending])


def _ends_what_rests(state: CoreState, key: SlotKey, signed: SignedCancel) -> bool:
    holder = state.ledger.holders.get(key[0])
    if holder is None:
        return False
    stored = holder.slot(key[1])
    return stored.order is not None and signed.cancel.generation + 1 >= stored.generation


def _cancel_unseen(
    state: CoreState, work: Work, asked: Sequence[tuple[SlotKey, SignedCancel]]
) -> None:
    """Carry cancels of what never was in the state, in the room that is left, of accounts that are
    open and of each no more than a share: they cost nothing to send, and keep nobody else out."""
    carried: Counter[int] = Counter()
    most = max(1, work.shape_class.orders // UNSEEN_SHARE)
    for key, signed in asked:
        account = key[0]
        if account in work.before and carried[account] < most:
            before = len(work.cancels)
            _cancel(state, work, key, signed)
            carried[account] += len(work.cancels) - before


def _cancel(state: CoreState, work: Work, key: SlotKey, signed: SignedCancel) -> None:
    """Carry a cancel, if it still ends anything: an order of the state, or a signature that never
    came to it."""
    account, slot = key
    holder = state.ledger.holders.get(account)
    if holder is None or not _may_sign(state, work, key, signed):
        return
    stored, generation = holder.slot(slot), signed.cancel.generation
    ends_nothing = stored.order is None and generation + 1 == stored.generation
    if (
        generation + 1 < stored.generation
        or ends_nothing
        or not _may_open(state, work, key, [signed])
    ):
        return
    work.carry(signed)
    _leave(state, work, key, cancelled(generation, stored))


def _may_sign(state: CoreState, work: Work, key: SlotKey, signed: Action) -> bool:
    """Whether there is room for a signature, of an account that the batch leaves healthy, and the
    slot is not that of an outflow, which may be paid, after cancels and before placements."""
    holding = state.ledger.holders[key[0]].holding
    healthy = key[0] not in work.liquidated and excess(holding, work.terms) >= 0
    return healthy and work.may_carry([signed]) and not _is_asked(state, key)


def _is_asked(state: CoreState, key: SlotKey) -> bool:
    return any(each.key[:2] == key for each in state.asked)


def _may_open(state: CoreState, work: Work, key: SlotKey, signed: Sequence[Action] = ()) -> bool:
    """Whether the batch has room for a slot, and what is signed for it: of an account that is
    open, or of another one whom nobody has to look at."""
    account, slot = key
    beside = work.carried.more_nodes(signed)
    if account in work.before:
        return work.room.fits_slot(account, slot, beside)
    opening = state.ledger.opening(account, (), (slot,))
    return account not in work.due and work.room.fits([opening], share=SHARE, beside=beside)


def _leave(state: CoreState, work: Work, key: SlotKey, after: SlotState) -> None:
    """From now on the batch leaves a slot so."""
    account, slot = key
    state.ledger.touch(work, account, (), (slot,))
    state.ledger.holders[account].slots[slot] = after
    state.stale.discard(key)


def _drop_immediate(state: CoreState, work: Work) -> None:
    """What is left of an immediate-or-cancel order lapses with the batch, by the rules."""
    for signed in work.orders:
        order = signed.order
        stored = state.ledger.stored(order)
        if order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL and rests(order, stored):
            _leave(state, work, (order.account, order.slot), lapsed(stored))


def _clear(state: CoreState, work: Work, key: SlotKey) -> None:
    """Let a later order take the place of one that ended, or let that lapse."""
    account, slot = key
    stored, live = state.ledger.holders[account].slot(slot), state.live.get(key)
    if stored.order is None or _lives(state, key, stored):
        state.stale.discard(key)
        return
    if live is not None and _place(state, work, live):
        return
    if account in work.before and not _is_asked(state, key) and _may_open(state, work, key):
        work.lapsed.add(key)
        _leave(state, work, key, lapsed(stored))


def _place(state: CoreState, work: Work, live: LiveOrder) -> bool:
    """Let a live order rest in its slot, signed in this batch. False where it has to wait."""
    account, slot, _ = live.key
    holder = state.ledger.holders[account]
    stored = holder.slot(slot)
    if rests(live.order, stored):
        state.unplaced.pop(live.sequence, None)
        return False
    if work.redo or not live.is_resting or (account, slot) in work.lapsed:
        return False
    if account not in work.before or not _may_sign(state, work, (account, slot), live.signed):
        return False
    if not _may_open(state, work, (account, slot), [live.signed]):
        return False
    work.carry(live.signed)
    _leave(state, work, (account, slot), placed(live.order, holder.header.key, stored))
    del state.unplaced[live.sequence]
    return True


def note_slots(state: CoreState) -> None:
    """Note which live orders are not in their slots, and which slots hold what lives no more: all
    of that follows from orders and slots, where the open batch did not begin."""
    lives = sorted(state.live.values(), key=lambda live: live.sequence)
    unplaced = (live for live in lives if not rests(live.order, state.ledger.stored(live.order)))
    state.unplaced = {live.sequence: live for live in unplaced}
    state.stale = {
        (account, slot)
        for account, holder in state.ledger.holders.items()
        for slot, stored in holder.slots.items()
        if stored.order is not None and not _lives(state, (account, slot), stored)
    }


def _lives(state: CoreState, key: SlotKey, stored: SlotState) -> bool:
    live = state.live.get(key)
    return live is not None and rests(live.order, stored)
