"""The lie that the product is about: the operator spares an account of its own that is due.

It has the state before the batch, and makes the batch as it likes: without the liquidation, the
account never opened. Then it says, as it must to go on with new prices, that the step is closed.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rollup.protocol.batch import Batch
from rollup.protocol.constants import RESTING_PLACE
from rollup.protocol.counting import frontiers_before, sweep_of
from rollup.protocol.openings import completed
from rollup.protocol.state import State
from rollup.protocol.takeover import liquidated_in
from rollup.protocol.terms import batch_terms
from rollup.protocol.triggers import leaf_of, leaves_of, place_of, seats
from sequencer.batches.branches import Source
from sequencer.batches.machine import Machine, Setup
from sequencer.batches.replay import Replay
from sequencer.demo.forgery import Forgery


def skip_forgeries(journal: Path, setup: Setup, fallen: Batch) -> Sequence[Forgery]:
    """Lies about a batch with a liquidation, for who has its journal: the account is skipped, and
    once more with the counter that shows it lowered."""
    state = state_before(journal, setup, fallen.number)
    return (
        Forgery(
            "skipped account",
            "the operator leaves out its own account that is due, and says that nobody is",
            lambda batch: skip(batch, state),
        ),
        Forgery(
            "lowered counter",
            "the same, with one position less counted where the account's trigger is",
            lambda batch: lower_counter(skip(batch, state), batch),
        ),
    )


def state_before(journal: Path, setup: Setup, number: int) -> State:
    """The committed state before a batch, from the journal."""
    source, machine = Source(journal, setup), Machine(setup)
    for closed in Replay(journal, machine).run(source.entries(source.survey().now)):
        if closed.batch.number == number - 1:
            break
    return machine.batcher.state


def skip(batch: Batch, state: State) -> Batch:
    """The batch without its liquidated accounts, as if every step were closed."""
    spared = liquidated_in(batch.takeovers, batch.order_takeovers)
    spared |= {batch.governance.backstop_account}
    slots: dict[int, list[int]] = {
        opening.index: [] for opening in batch.pre.accounts if opening.index not in spared
    }
    trading = _trading(batch)
    acting = [signed.order for signed in trading.orders]
    used = {*trading.resting, *((action.account, action.slot) for action in acting)}
    used |= {(each.outflow.account, each.outflow.slot) for each in batch.outflows}
    for opening in batch.pre.slots:
        if (opening.account, opening.slot) in used:
            slots[opening.account].append(opening.slot)
    salts = replace(batch.salts, accounts=batch.salts.accounts[: len(slots)])
    told = tuple(pair for pair in batch.viewing_keys if pair[0] in slots)
    pre = state.open(slots)
    draft = replace(trading, takeovers=(), pre=pre, salts=salts, viewing_keys=told)
    honest = completed(draft, state)
    terms = batch_terms(batch.governance, batch.book)
    claimed = tuple(each.numbers for each in terms)
    before = frontiers_before(state.markets.frontiers, terms)
    counted = {opening.index for opening in honest.pre.triggers} - {0}  # which is for nothing
    leaves = counted | leaves_of(sweep_of(before, claimed))
    triggers, siblings = state.open_triggers(leaves)
    pre = replace(honest.pre, triggers=triggers, trigger_siblings=siblings)
    return replace(honest, pre=pre, frontiers=claimed)


def _trading(batch: Batch) -> Batch:
    """The batch with its fills and the orders that they name, and with no more of orders: none
    takes lots, comes to rest without a fill, is cancelled or lapses."""
    used = sorted({place for fill in batch.fills for place in (fill.buy, fill.sell)})
    signed = [place for place in used if place < RESTING_PLACE]
    resting = [place for place in used if place >= RESTING_PLACE]
    places = {old: new for new, old in enumerate(signed)}
    places |= {old: new for new, old in enumerate(resting, RESTING_PLACE)}
    return replace(
        batch,
        orders=tuple(batch.orders[place] for place in signed),
        resting=tuple(batch.resting[place - RESTING_PLACE] for place in resting),
        fills=tuple(replace(f, buy=places[f.buy], sell=places[f.sell]) for f in batch.fills),
        order_takeovers=(),
        cancels=(),
        lapsed=(),
    )


def lower_counter(skipped: Batch, batch: Batch) -> Batch:
    """The batch that skips an account, with its position counted no more before it either."""
    spared = min(liquidated_in(batch.takeovers, batch.order_takeovers))
    (account,) = [each.account for each in batch.pre.accounts if each.index == spared]
    seat = next(iter(seats(account)))
    triggers = []
    for opening in skipped.pre.triggers:
        counters = list(opening.counters)
        if opening.index == leaf_of(*seat):
            counters[place_of(seat.trigger)] -= 1
        triggers.append(replace(opening, counters=tuple(counters)))
    return replace(skipped, pre=replace(skipped.pre, triggers=tuple(triggers)))
