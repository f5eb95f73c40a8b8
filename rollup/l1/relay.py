"""What members of a committee sign between chains, and who carries it: a member signs what it reads
of both chains itself, and nothing else; a relay asks enough of them and brings their word.

Spec: docs/spec/25-chains.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from rollup.crypto.bls import BlsSecret, is_signed_by_all
from rollup.hash.poseidon import Digest
from rollup.l1.elsewhere import OutpostBook
from rollup.protocol.checkpoint import (
    ENTRIES_MAX,
    Checkpoint,
    InboxEntry,
    InboxHead,
    Link,
    OutboxEntry,
    head_after,
)
from rollup.protocol.committee import Attestation, Committee, attestation_of, attested
from rollup.protocol.rejection import Rejected

Said: TypeAlias = InboxHead | Checkpoint


class TooFewSigned(Exception):
    """Fewer members signed than the threshold: they are silent, or read something else."""


class ReadHome(Protocol):
    """What is read of home, and what is brought there."""

    @property
    def outposts(self) -> Mapping[int, OutpostBook]:
        """By its chain what is kept of each outpost."""

    @property
    def proved_number(self) -> int:
        """Number of the last proved batch."""

    @property
    def root(self) -> Digest:
        """The state root that is proved."""

    @property
    def is_frozen(self) -> bool:
        """Whether the venue has ended."""

    def take_in_from(
        self, sender: bytes, chain: int, entries: Sequence[InboxEntry], attestation: Attestation
    ) -> int:
        """Take the next deposits of an outpost, as the committee attests to them."""


class ReadOutpost(Protocol):
    """What is read of an outpost, and what is brought there."""

    @property
    def link(self) -> Link:
        """Whose it is, and where."""

    def inbox_from(self, first: int, count: int) -> Sequence[InboxEntry]:
        """At most `count` deposits, from index `first` on, in order."""

    @property
    def standing(self) -> tuple[int, int, int, int]:
        """What it heard of home last."""

    @property
    def committee(self) -> Committee:
        """Who is heard now."""

    def inbox_head(self, count: int) -> bytes | None:
        """The inbox's chain after so many deposits."""

    def hear(
        self,
        sender: bytes,
        checkpoint: Checkpoint,
        entries: Sequence[OutboxEntry],
        attestation: Attestation,
    ) -> None:
        """Believe what the committee says of home."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Home and one outpost, as somebody reads them: finally, since what is signed is not taken back
    where a chain is."""

    home: ReadHome
    outpost: ReadOutpost

    @property
    def book(self) -> OutpostBook:
        """Home's books of the outpost."""
        return self.home.outposts[self.outpost.link.chain]

    def is_announced(self) -> bool:
        """Whether home hears of this outpost, at its address."""
        link, books = self.outpost.link, self.home.outposts
        return link.chain in books and books[link.chain].outpost.address == link.address

    def coming(self) -> Sequence[InboxEntry]:
        """The next deposits that home has not taken, as many as one call brings."""
        return self.outpost.inbox_from(self.book.taken, ENTRIES_MAX)

    def inbox_head(self, count: int) -> InboxHead | None:
        """What is true of the first deposits; None where there are fewer."""
        head = self.outpost.inbox_head(count)
        return None if head is None else InboxHead(self.outpost.link, count, head)

    def checkpoint(self, sent: int) -> Checkpoint | None:
        """What is true of home, with so much of the outbox; None where there is less."""
        book, link = self.book, self.outpost.link
        if not 0 <= sent <= len(book.outbox):
            return None
        head = head_after(link.outbox_start, 0, book.outbox[:sent])
        if head is None:
            return None
        proved = (self.home.proved_number, self.home.root)
        return Checkpoint(link, *proved, sent, head, book.taken, self.home.is_frozen)


@dataclass(frozen=True, slots=True)
class Member:
    """One member: its key, and both chains by connections of its own."""

    secret: BlsSecret
    sight: Sight

    def sign(self, said: Said) -> bytes | None:
        """Its signature of what it reads; None for anything else."""
        if not self.sight.is_announced():
            return None
        if isinstance(said, InboxHead):
            found: Said | None = self.sight.inbox_head(said.count)
        else:
            found = self.sight.checkpoint(said.sent)
        return self.secret.sign(said.encode()) if found == said else None


Sign: TypeAlias = Callable[[Said], bytes | None]


def word_of(committee: Committee, members: Sequence[tuple[bytes, Sign]], said: Said) -> Attestation:
    """The word of as many members, by their keys, as are wanted: one whose signature is wrong does
    not count. TooFewSigned if fewer sign."""
    wanted, message = max(1, committee.threshold), said.encode()
    signed: dict[bytes, bytes] = {}
    left = [(key, sign) for key, sign in members if key in committee.keys]
    while len(signed) < wanted and left:
        key, sign = left.pop(0)
        if key in signed and is_signed_by_all([key], message, signed[key]):
            continue
        signature = sign(said)
        if signature is None:
            continue
        signed[key] = signature
        if len(signed) == wanted:
            word = _whole(committee, message, signed)
            if word is not None:
                return word
            signed = {k: s for k, s in signed.items() if is_signed_by_all([k], message, s)}
    raise TooFewSigned(f"{len(signed)} of {committee.threshold} signed")


def _whole(
    committee: Committee, message: bytes, signed: Mapping[bytes, bytes]
) -> Attestation | None:
    """The word of these members; None where one of them did not sign the message."""
    try:
        word = attestation_of(committee, signed)
    except Rejected:
        return None
    return word if attested(committee, message, word) is None else None


@dataclass(frozen=True, slots=True)
class Relay:
    """Whoever carries words between home and an outpost: it has no say in them. `committee` is that
    of home's parameters."""

    sight: Sight
    members: Sequence[tuple[bytes, Sign]]
    sender: bytes

    def take_in(self, committee: Committee) -> int:
        """Bring home the next deposits; returns how many, 0 where there are none."""
        entries = self.sight.coming()
        said = self.sight.inbox_head(self.sight.book.taken + len(entries))
        if not entries or said is None:
            return 0
        word = word_of(committee, self.members, said)
        chain = self.sight.outpost.link.chain
        self.sight.home.take_in_from(self.sender, chain, entries, word)
        return len(entries)

    def tell(self) -> bool:
        """Tell the outpost of home, with the next of the outbox; returns whether there was more to
        say than it had heard."""
        outpost, outbox = self.sight.outpost, self.sight.book.outbox
        before = outpost.standing[1]
        said = self.sight.checkpoint(min(len(outbox), before + ENTRIES_MAX))
        if said is None or not said.is_later(outpost.standing):
            return False
        word = word_of(outpost.committee, self.members, said)
        outpost.hear(self.sender, said, outbox[before : said.sent], word)
        return True
