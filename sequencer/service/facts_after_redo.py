"""What owners are told where batches were made anew: what of before is void, and what is so now."""

from collections.abc import Iterable, Iterator, Sequence

from sequencer.engine import event as core
from sequencer.engine.core import CoreState
from sequencer.service.facts import ChangedHands, Fact, Lives, Voided, facts_of


def facts_after_redo(
    number: int,
    accounts: Iterable[int],
    done: Iterable[tuple[int, Sequence[core.Event]]],
    dropped: Iterable[tuple[int, Fact]],
    before: CoreState,
    after: CoreState,
) -> Iterator[tuple[int, Fact]]:
    """What owners are told once batches from `number` on were made anew: who is concerned, that
    what they heard is void; then what was `done` instead, by batch, and which of their commands
    were `dropped`; then all that lives.

    Concerned are these accounts, those that something happened to now, and those whose live orders
    are others. One that has another owner now hears nothing of the one before.
    """
    yield from ((account, ChangedHands()) for account in _handed_on(before, after))
    told = [fact for batch, events in done for fact in facts_of(events, batch)]
    named = {*accounts, *(account for account, _ in told), *_moved(before, after)}
    same = {account for account in named if _is_same(account, before, after)}
    yield from ((account, Voided(number)) for account in sorted(same))
    yield from told
    yield from ((account, fact) for account, fact in dropped if account in same)
    concerned = {*same, *(account for account, _ in told)}
    for (account, slot), live in sorted(after.live.items()):
        if account in concerned:
            key = (slot, live.order.generation)
            yield account, Lives(key, live.remaining, live.receipt)


def _handed_on(before: CoreState, after: CoreState) -> list[int]:
    """Accounts that had an owner, and have not the same one."""
    return [account for account in before.ledger.holders if not _is_same(account, before, after)]


def _moved(before: CoreState, after: CoreState) -> set[int]:
    """Accounts whose live orders, or what is left of one, are not what they were."""
    was, now = _standing(before), _standing(after)
    return {place[0] for place, _ in was.items() ^ now.items()}


def _standing(state: CoreState) -> dict[tuple[int, int], tuple[int, int]]:
    return {place: (live.order.generation, live.remaining) for place, live in state.live.items()}


def _is_same(account: int, before: CoreState, after: CoreState) -> bool:
    was, holder = before.ledger.holders.get(account), after.ledger.holders.get(account)
    return was is not None and holder is not None and was.header.owner == holder.header.owner
