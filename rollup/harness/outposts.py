"""Outposts in scenarios, as home sees them: announced, their deposits taken in by the word of the
committee, and what is let out through them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from rollup.harness.bent_words import BENT_ENTRIES, NOBODYS_HEAD, OTHER_WORDS
from rollup.harness.committee import word_of
from rollup.harness.difference import Difference
from rollup.harness.people import GOVERNOR, START, address
from rollup.harness.scenario import Step
from rollup.harness.stage import Stage
from rollup.l1 import interface as l1
from rollup.l1.elsewhere import Outpost
from rollup.protocol.assets import USDC
from rollup.protocol.checkpoint import (
    InboxEntry,
    InboxHead,
    Link,
    OutboxEntry,
    head_after,
)

Act = Callable[[], Sequence[l1.Event]]
Entries = Sequence[InboxEntry]

_SAID: Final[Mapping[str, Callable[[InboxHead], InboxHead]]] = {
    **OTHER_WORDS,
    "count": lambda said: replace(said, count=said.count + 1),
}
"""What a committee attests to of another outpost, or other deposits."""


def _link(stage: Stage, chain: int) -> Link:
    genesis = stage.books.genesis
    return Link(genesis.chain, genesis.venue, chain, _address(chain))


def _address(chain: int) -> bytes:
    return address(f"outpost on {chain}")


def _outpost(stage: Stage, step: Step) -> Act:
    sender, chain = address(step.get("as", GOVERNOR)), step["outpost"]
    outpost = Outpost(chain, _address(chain), tuple((mark, cap) for mark, cap in step["caps"]))

    def act() -> Sequence[l1.Event]:
        valid_from = stage.l1.announce_outpost(sender, outpost)
        if valid_from - START != step.get("from", valid_from - START):
            raise Difference(f"it is heard from {valid_from - START} ms on")
        return [l1.OutpostAnnounced(outpost, valid_from)]

    return act


def _take_in(stage: Stage, step: Step) -> Act:
    """Deposits come in turn: each is whose, for which account, how much, and of what mark. They
    follow on from what was taken, or are `again` the first ones of the inbox."""
    chain, books = step["take_in"], stage.l1.outposts
    is_next, link = chain in books and not step.get("again"), _link(stage, chain)
    taken = books[chain].taken if is_next else 0
    entries = [_deposit(taken + place, said) for place, said in enumerate(step["deposits"])]
    start = books[chain].inbox_head if is_next else link.inbox_start
    head = head_after(start, taken, entries) or NOBODYS_HEAD
    said = InboxHead(link, taken + len(entries), head)
    if "says" in step:
        said = _SAID[step["says"]](said)
    brought = BENT_ENTRIES[step["bend"]](entries) if "bend" in step else entries
    word = word_of(step["attest"], stage.l1.governance.committee, said.encode())

    def act() -> Sequence[l1.Event]:
        queued = len(stage.l1.queue)
        count = stage.l1.take_in_from(address(step.get("as", "eve")), chain, brought, word)
        if count != taken + len(entries):
            raise Difference(f"it has taken {count}, wanted {taken + len(entries)}")
        return _taken(stage, chain, entries, step["queues"], queued)

    return act


def _deposit(index: int, said: Sequence[Any]) -> InboxEntry:
    who, account, amount, *rest = said
    return InboxEntry(index, address(who), account, rest[0] if rest else USDC, amount)


def _taken(
    stage: Stage, chain: int, entries: Entries, queues: Sequence[bool], queued: int
) -> list[l1.Event]:
    """What must have come of each: a credit in the queue, or a pending balance."""
    events: list[l1.Event] = []
    for entry, is_queued in zip(entries, queues, strict=True):
        events.append(l1.InboxTaken(chain, entry, is_queued))
        if is_queued:
            found = stage.l1.queue_from(queued, 1)[0]
            came = (found.owner, found.account, found.asset, found.amount)
            if came != (entry.owner, entry.account, entry.asset, entry.amount):
                raise Difference(f"entry {entry.index} is queued as another one")
            events.append(l1.DepositQueued(found))
            queued += 1
    return events


def _send(stage: Stage, step: Step) -> Act:
    sender, chain = address(step["send"]), step["chain"]
    asset, amount = step.get("asset", USDC), step["amount"]

    def act() -> Sequence[l1.Event]:
        entry = stage.l1.send(sender, chain, asset, amount)
        if entry != OutboxEntry(step.get("gets", entry.index), sender, asset, amount):
            raise Difference(f"it let out {entry}")
        return [l1.SentOut(chain, entry)]

    return act


def says_outposts(stage: Stage, wanted: Any) -> Any:
    """Of each outpost its chain, entries taken and sent, and USDC that is there."""
    return [
        [chain, book.taken, len(book.outbox), book.elsewhere.get(USDC, 0)]
        for chain, book in sorted(stage.l1.outposts.items())
    ]


OUTPOST_VERBS: Mapping[str, Callable[[Stage, Step], Act]] = {
    "outpost": _outpost,
    "take_in": _take_in,
    "send": _send,
}
