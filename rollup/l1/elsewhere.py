"""What home keeps of each outpost: what of its deposits was taken, what was let out through it, and
how much of the money that home's books count is there. Spec: docs/spec/25-chains.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from rollup.l1.reasons import Revert, Reverted
from rollup.protocol.assets import USDC, require_mark
from rollup.protocol.checkpoint import (
    ENTRIES_MAX,
    ENTRY_END,
    Entry,
    InboxEntry,
    Link,
    OutboxEntry,
    extended,
    head_after,
)
from rollup.protocol.committee import Attestation
from rollup.protocol.constants import AMOUNT_BITS, MARKETS_MAX, OWNER_BYTES, SIZE_BITS
from rollup.protocol.rejection import Reason
from rollup.protocol.units import require_bounds, require_bytes, require_tuple_of

Caps = tuple[tuple[int, int], ...]
"""By rising mark, how much of an asset may be at an outpost: quanta or lots."""


def require_caps(caps: object) -> None:
    """Rejected unless marks rise and each cap is an amount: as much as an entry can be at most."""
    require_tuple_of("caps", caps, tuple)
    pairs: Sequence[tuple[int, int]] = caps  # type: ignore[assignment]
    require_bounds("caps", len(pairs), 1, MARKETS_MAX + 2, Reason.TOO_MANY)
    least = USDC
    for mark, cap in pairs:
        require_mark("mark", mark)
        require_bounds("mark", mark, least, mark + 1, Reason.MARKET_OUT_OF_BOUNDS)
        bits = AMOUNT_BITS if mark == USDC else SIZE_BITS
        require_bounds("cap", cap, 1, 1 << bits, Reason.AMOUNT_OUT_OF_BOUNDS)
        least = mark + 1


@dataclass(frozen=True, slots=True)
class Outpost:
    """An outpost as home is told of it: its chain and address, and how much may be there, which is
    the most that a dishonest committee can invent."""

    chain: int
    address: bytes
    caps: Caps

    def __post_init__(self) -> None:
        require_bytes("address", self.address, OWNER_BYTES)
        require_caps(self.caps)

    def cap(self, mark: int) -> int:
        """How much of an asset may be there; nothing of one that is not named."""
        return dict(self.caps).get(mark, 0)


@dataclass(slots=True)
class OutpostBook:
    """Home's books of one outpost, in force from `valid_from` (L1 time in ms) on: inbox entries
    `taken` with their chain, the outbox with its chain, and by mark what is `elsewhere`."""

    outpost: Outpost
    valid_from: int
    inbox_head: bytes
    outbox_head: bytes
    taken: int = 0
    elsewhere: dict[int, int] = field(default_factory=dict)
    outbox: list[OutboxEntry] = field(default_factory=list)

    @classmethod
    def opened(cls, link: Link, outpost: Outpost, valid_from: int) -> Self:
        """Empty books."""
        return cls(outpost, valid_from, link.inbox_start, link.outbox_start)

    def copied(self) -> "OutpostBook":
        """A copy that later calls do not change."""
        elsewhere = {mark: amount for mark, amount in self.elsewhere.items() if amount}
        return replace(self, elsewhere=elsewhere, outbox=list(self.outbox))

    def require_follow(self, entries: Sequence[InboxEntry]) -> bytes:
        """The chain after these, which follow on from what was taken. Revert where they do not."""
        return require_follow(self.inbox_head, self.taken, entries)

    def require_caps(self, entries: Sequence[InboxEntry]) -> None:
        """Revert where more would be counted there than may be."""
        counted = dict(self.elsewhere)
        for entry in entries:
            counted[entry.asset] = counted.get(entry.asset, 0) + entry.amount
            if counted[entry.asset] > self.outpost.cap(entry.asset):
                detail = f"entry {entry.index}: {counted[entry.asset]} of asset {entry.asset}"
                raise Reverted(Revert.CAP_PASSED, detail)

    def take(self, entry: InboxEntry) -> None:
        """Count an entry, whose money is there."""
        self.taken += 1
        self.inbox_head = extended(self.inbox_head, entry)
        self.elsewhere[entry.asset] = self.elsewhere.get(entry.asset, 0) + entry.amount

    def send(self, owner: bytes, asset: int, amount: int) -> OutboxEntry:
        """Let so much of what is there out to its owner. Revert where it is not there."""
        there = self.elsewhere.get(asset, 0)
        if amount > there:
            raise Reverted(Revert.NOT_ELSEWHERE, f"{amount} of {there} that are there")
        if len(self.outbox) + 1 >= ENTRY_END:
            raise Reverted(Revert.QUEUE_FULL, "the outbox's counter is used up")
        entry = OutboxEntry(len(self.outbox), owner, asset, amount)
        self.elsewhere[asset] = there - amount
        self.outbox.append(entry)
        self.outbox_head = extended(self.outbox_head, entry)
        return entry


def require_follow(head: bytes, count: int, entries: Sequence[Entry]) -> bytes:
    """The chain after 1 to 32 entries that come on top of `count`. Revert where one is out of its
    place, there are too many, or no more of them can be counted."""
    found = head_after(head, count, entries)
    is_counted = 1 <= len(entries) <= ENTRIES_MAX and count + len(entries) < ENTRY_END
    if found is None or not is_counted:
        raise Reverted(Revert.ENTRIES_DIFFER, f"1 to {ENTRIES_MAX} entries from {count} on")
    return found


@dataclass(slots=True)
class Elsewhere:
    """The books of all outposts by their chains, and which entries of the queue came from one."""

    books: dict[int, OutpostBook] = field(default_factory=dict)
    came: set[int] = field(default_factory=set)

    def of(self, mark: int) -> int:
        """How much of an asset is at outposts."""
        return sum(each.elsewhere.get(mark, 0) for each in self.books.values())

    def book(self, chain: object, now: int) -> OutpostBook:
        """The books of the outpost on a chain. Revert where none is in force."""
        found = self.books.get(chain) if type(chain) is int else None
        if found is None or now < found.valid_from:
            raise Reverted(Revert.UNKNOWN_CHAIN, f"no outpost of chain {chain} is in force")
        return found

    @property
    def view(self) -> Mapping[int, OutpostBook]:
        """A copy of all books."""
        return {chain: book.copied() for chain, book in self.books.items()}


@dataclass(frozen=True, slots=True)
class OutpostAnnounced:
    """An outpost will be heard from this L1 time on."""

    outpost: Outpost
    valid_from: int


@dataclass(frozen=True, slots=True)
class InboxTaken:
    """A deposit at an outpost was taken: it is queued, or its sender can withdraw it."""

    chain: int
    entry: InboxEntry
    is_queued: bool


@dataclass(frozen=True, slots=True)
class SentOut:
    """So much of a pending balance is let out through an outpost."""

    chain: int
    entry: OutboxEntry


class HomeL1(Protocol):
    """What a venue's contract is to its outposts. Each call succeeds whole, or raises Reverted and
    changes nothing."""

    @property
    def outposts(self) -> Mapping[int, OutpostBook]:
        """By its chain what is kept of each outpost: a copy."""

    def announce_outpost(self, sender: bytes, outpost: Outpost) -> int:
        """Let an outpost on another chain be heard once the governance delay is over; returns from
        which L1 time on."""

    def take_in_from(
        self, sender: bytes, chain: int, entries: Sequence[InboxEntry], attestation: Attestation
    ) -> int:
        """Take the next deposits of an outpost, 32 at the most, as the committee attests to them;
        returns how many were taken of it in all. Anybody can."""

    def send(self, sender: bytes, chain: int, asset: int, amount: int) -> OutboxEntry:
        """Let so much of the sender's pending balance out through the outpost on a chain, as far
        as it is there."""
