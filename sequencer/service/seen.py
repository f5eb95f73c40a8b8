"""What was last seen of L1, at one moment, and whether it can be true.

The courier looks (`sequencer.service.courier`); the venue reads what was seen and never waits. What
no L1 can be is refused whole: half a look would be believed where it suits whoever lies.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import reduce
from typing import Any, Final, TypeAlias

from rollup.l1.connection import RefusedByPeer
from rollup.l1.deployment import Deployment
from rollup.l1.given import reports_digest
from rollup.l1.interface import GovernanceAnnounced, HeaderRefused, HeldHeader
from rollup.l1.private_exit import EXIT_CLASS
from rollup.oracle.package import SignedPackage
from rollup.protocol.deposit import QUEUE_START, QueueEntry, extend_queue

Read: TypeAlias = tuple[str, Mapping[str, object]]
ReadAll: TypeAlias = Callable[[Sequence[Read]], list[Any]]
"""What several reads answer at one moment."""

PAGE: Final = 1_024
"""Queue entries of one look."""

WINDOW_MAX: Final = 65_536
"""Queue entries that no proved batch consumed and that are kept at hand: more than the unproved
batches of any venue file consume, so a longer queue costs its senders money and us nothing."""

ROUNDS_MAX: Final = 80
"""Looks until one is whole: each brings a page, some slots of reports, or what changed since the
one before. No L1 holds reports of more than 768 slots."""

DIGESTS: Final = 64
"""Digests of one round; L1 takes so many requests together."""

REPORT_SLOTS: Final = 16
"""Slots whose reports are read together: some MiB where every market is reported by every
signer."""


class AnotherContract(RefusedByPeer):
    """Somebody else's contract answers at this address."""


@dataclass(frozen=True, slots=True)
class GivenSlot:
    """The reports that L1 holds of a slot, and their digest."""

    digest: bytes
    reports: tuple[SignedPackage, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """L1 at one moment. `queue` begins with the first entry that no proved batch consumed, and
    `queue_head` is its chain after the last of it; `digests` of headers by number, `given` the
    reports that it holds by slot."""

    head_number: int = 0
    proved_number: int = 0
    tail: tuple[HeldHeader, ...] = ()
    refusal: HeaderRefused | None = None
    redo_until: int = 0
    parameters: tuple[GovernanceAnnounced, ...] = ()
    consumed: int = 0
    queue: tuple[QueueEntry, ...] = ()
    queue_head: bytes | None = None
    digests: Mapping[int, bytes] = field(default_factory=dict)
    given: Mapping[int, GivenSlot] = field(default_factory=dict)
    ahead_ms: int = 0

    @property
    def queue_end(self) -> int:
        """Index after the last entry at hand."""
        return self.consumed + len(self.queue)


def look(
    read_all: ReadAll, deployment: Deployment, clock: Callable[[], int], before: Seen | None = None
) -> Seen:
    """L1 now, going on from what was seen before. RefusedByPeer if it cannot be one."""
    known = Seen() if before is None else before
    for _ in range(ROUNDS_MAX):
        known, is_whole = _round(read_all, deployment, clock, known)
        if is_whole:
            return known
    raise RefusedByPeer("L1 changes faster than it can be read")


def all_digests(read_all: ReadAll, seen: Seen) -> Seen:
    """The same moment with the digests of all headers; RefusedByPeer if L1 has moved on."""
    found: dict[int, bytes] = {}
    for first in range(1, seen.head_number + 1, DIGESTS):
        numbers = range(first, min(first + DIGESTS, seen.head_number + 1))
        answers = read_all([("header_digest", {"number": number}) for number in numbers])
        found |= dict(zip(numbers, answers, strict=True))
    if any(found.get(number) != digest for number, digest in seen.digests.items()):
        raise RefusedByPeer("L1 changed while its headers were read")
    if None in found.values():
        raise RefusedByPeer("L1 lacks the digest of a header that it holds")
    return replace(seen, digests=found)


_ALWAYS: Final = (
    "deployment",
    "now",
    "head_number",
    "proved_number",
    "tail",
    "refusal",
    "redo_until",
    "parameters",
    "consumed",
    "given",
)


def _round(
    read_all: ReadAll, deployment: Deployment, clock: Callable[[], int], known: Seen
) -> tuple[Seen, bool]:
    """One look, and whether all that is wanted of L1 is of this moment."""
    answers = read_all(
        [
            *((name, {}) for name in _ALWAYS),
            ("header_digest", {"number": known.proved_number}),
            ("queue_head", {"count": known.queue_end}),
            ("queue_from", {"first": known.queue_end, "count": _room(known)}),
        ]
    )
    found = dict(zip((*_ALWAYS, "digest", "queue_head", "page"), answers, strict=True))
    there = of_batches(found["deployment"])
    if there != of_batches(deployment):
        raise AnotherContract(_other(there, of_batches(deployment)))
    seen = Seen(
        head_number=found["head_number"],
        proved_number=found["proved_number"],
        tail=tuple(found["tail"]),
        refusal=found["refusal"],
        redo_until=found["redo_until"],
        parameters=tuple(found["parameters"]),
        consumed=found["consumed"],
        ahead_ms=clock() - found["now"],
    )
    _require_possible(seen, deployment)
    seen, has_digest = _with_digests(seen, known, found["digest"])
    seen, has_queue = _with_queue(seen, known, found["queue_head"], tuple(found["page"]))
    seen, has_given = _with_given(seen, known, found["given"], read_all)
    return seen, has_digest and has_queue and has_given


def of_batches(deployment: Deployment) -> Deployment:
    """A deployment as it concerns who brings batches: which circuit of private exits is pinned is
    nothing to a venue that lives."""
    if not isinstance(deployment, Deployment):
        return deployment
    pins = tuple(each for each in deployment.pins if each.shape_class != EXIT_CLASS)
    return replace(deployment, pins=pins)


def _other(found: Deployment, wanted: Deployment) -> str:
    names = [
        each.name
        for each in fields(Deployment)
        if getattr(found, each.name, None) != getattr(wanted, each.name)
    ]
    return f"another contract answers there: it differs from this venue's in {', '.join(names)}"


def _room(known: Seen) -> int:
    return max(0, min(PAGE, WINDOW_MAX - len(known.queue)))


def _require_possible(seen: Seen, deployment: Deployment) -> None:
    """What every L1 holds to, whatever happened to it."""
    numbers = [held.header.number for held in seen.tail]
    if not 0 <= seen.proved_number <= seen.head_number:
        raise RefusedByPeer(f"{seen.proved_number} batches proved of {seen.head_number} held")
    if numbers != list(range(seen.proved_number + 1, seen.head_number + 1)):
        raise RefusedByPeer("the headers that wait are not those after the last proof")
    if any(held.header.digest() != held.digest for held in seen.tail):
        raise RefusedByPeer("a header that waits has another digest")
    if not seen.parameters or seen.parameters[0].governance != deployment.genesis.governance:
        raise RefusedByPeer("the parameters do not begin with those of genesis")
    if seen.consumed < 0:
        raise RefusedByPeer("fewer than no deposits are consumed")


def _with_digests(seen: Seen, known: Seen, digest: bytes | None) -> tuple[Seen, bool]:
    """Digests of the headers that wait, and of the last proved one, which was asked for by the
    number that it had before."""
    digests = {held.header.number: held.digest for held in seen.tail}
    is_asked = seen.proved_number == known.proved_number
    if is_asked and seen.proved_number:
        if digest is None:
            raise RefusedByPeer(f"batch {seen.proved_number} is proved and has no header")
        digests[seen.proved_number] = digest
    return replace(seen, digests=digests), is_asked or not seen.proved_number


def _with_queue(
    seen: Seen, known: Seen, head: bytes | None, page: tuple[QueueEntry, ...]
) -> tuple[Seen, bool]:
    """The queue from the first unconsumed entry on: what was known of it, if L1's chain says that
    it is still so, and what came since. Else it is read anew from its beginning, next round."""
    is_same = head is not None and known.queue_head in (None, head)
    end = known.queue_end + len(page)
    if not is_same or not known.consumed <= seen.consumed <= end:
        if known.queue_head is None and known.queue_end == seen.consumed:
            raise RefusedByPeer(f"{seen.consumed} entries are consumed of a shorter queue")
        return seen, False
    if [entry.index for entry in page] != list(range(known.queue_end, end)) or len(page) > PAGE:
        raise RefusedByPeer("queue entries are out of order")
    chain = reduce(extend_queue, page, head or QUEUE_START)
    queue = (*known.queue, *page)[seen.consumed - known.consumed :]
    return replace(seen, queue=queue, queue_head=chain), len(page) < PAGE


def _with_given(
    seen: Seen, known: Seen, digests: Mapping[int, bytes], read_all: ReadAll
) -> tuple[Seen, bool]:
    """The reports that L1 holds: what was known of them where its digest is the same, and others
    read anew, as many as travel together; whether that is all."""
    given = {slot: held for slot, held in known.given.items() if digests.get(slot) == held.digest}
    asked = sorted(digests.keys() - given.keys(), reverse=True)[:REPORT_SLOTS]
    answers = read_all([("given_reports", {"slot": slot}) for slot in asked]) if asked else []
    for slot, reports in zip(asked, map(tuple, answers), strict=True):
        if reports_digest(reports) == digests[slot]:  # else it changed in between
            given[slot] = GivenSlot(digests[slot], reports)
    return replace(seen, given=given), len(given) == len(digests)
