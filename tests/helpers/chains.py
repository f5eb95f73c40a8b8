"""A home and its outpost, with a committee of three, two of whom are enough.

`quick` stands in for the pairing, where a test is about what is counted: members sign by a hash.
Who counts, and how many are wanted, is the real rule either way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import pytest

from rollup.crypto.bls import SIGNATURE_BYTES, BlsSecret
from rollup.harness.books import Choice, queued_after
from rollup.hash.keccak import keccak256
from rollup.l1.elsewhere import Outpost
from rollup.l1.mock import MockL1
from rollup.l1.outpost import MockOutpost, OutpostDeployment
from rollup.protocol.checkpoint import (
    Checkpoint,
    InboxEntry,
    InboxHead,
    Link,
    head_after,
)
from rollup.protocol.committee import Attestation, Committee, availability_message
from rollup.protocol.public import GrantedWithdrawal
from tests.helpers import l1, venue

SECRETS = sorted((BlsSecret.from_number(number) for number in (3, 5, 7)), key=lambda s: s.key)
KEYS = tuple(secret.key for secret in SECRETS)
COMMITTEE = Committee(2, KEYS)
NEXT = Committee(1, KEYS[:1])
GOVERNANCE = replace(venue.GOVERNANCE, committee=COMMITTEE)
FAR_CHAIN, ADDRESS = 9, b"\x0f" * 20
LINK = Link(venue.CHAIN, venue.VENUE, FAR_CHAIN, ADDRESS)
CAP, LEAST = 10_000, 3


@cache
def possession(committee: Committee = COMMITTEE) -> tuple[bytes, ...]:
    """Proofs of possession of a committee's keys."""
    return tuple(s.prove_possession() for s in SECRETS if s.key in committee.keys)


def really(key: bytes, message: bytes) -> bytes:
    """A member's signature."""
    (secret,) = (each for each in SECRETS if each.key == key)
    return secret.sign(message)


def quickly(key: bytes, message: bytes) -> bytes:
    """What stands for it in tests of what is counted."""
    return keccak256(key + message) * (SIGNATURE_BYTES // 32)


def quick_sum(signatures: Sequence[bytes]) -> bytes:
    """What stands for a sum."""
    total = 0
    for each in signatures:
        total ^= int.from_bytes(each, "big")
    return total.to_bytes(SIGNATURE_BYTES, "big")


def make_quick(patch: pytest.MonkeyPatch) -> None:
    """Let `quickly` be how members sign."""
    place = "rollup.crypto.bls."
    patch.setattr(
        place + "is_signed_by_all",
        lambda keys, message, signature: (
            signature == quick_sum([quickly(key, message) for key in keys])
        ),
    )
    known = dict(zip(KEYS, possession(), strict=True))
    patch.setattr(place + "is_possessed", lambda key, proof: known.get(key) == proof)


@dataclass
class Pair:
    """Home, where a batch is proved at will, and its outpost, which is in force."""

    sign: Callable[[bytes, bytes], bytes] = quickly
    sum: Callable[[Sequence[bytes]], bytes] = quick_sum
    world: "CommitteeWorld" = field(default_factory=lambda: CommitteeWorld())  # noqa: PLW0108 (not defined yet)
    outpost: MockOutpost = field(init=False)

    def __post_init__(self) -> None:
        caps, leasts = ((0, CAP),), ((0, LEAST),)
        made = OutpostDeployment(LINK, COMMITTEE, possession(), caps, leasts)
        self.outpost = MockOutpost(made)
        self.world.attest = self.attest
        self.home.announce_outpost(l1.GOVERNOR, Outpost(FAR_CHAIN, ADDRESS, caps))
        self.world.pass_time(l1.DELAY)

    @property
    def home(self) -> MockL1:
        """The contract at home."""
        return self.world.l1

    def attest(
        self, message: bytes, members: Sequence[int] = (0, 1), keys: Sequence[bytes] = KEYS
    ) -> Attestation:
        """Some members' word for a message."""
        signed = self.sum([self.sign(keys[member], message) for member in members])
        return Attestation(sum(1 << member for member in set(members)), signed)

    def inbox_head(self, count: int) -> InboxHead:
        """What members say of the outpost's first deposits."""
        head = self.outpost.inbox_head(count)
        assert head is not None
        return InboxHead(LINK, count, head)

    def entries(self) -> list[InboxEntry]:
        """What home has not taken yet."""
        return list(self.outpost.inbox[self.home.outposts[FAR_CHAIN].taken :])

    def take_in(self, entries: Sequence[InboxEntry] | None = None) -> int:
        """Home takes what there is, as the committee attests to it."""
        entries = self.entries() if entries is None else entries
        said = self.inbox_head(self.home.outposts[FAR_CHAIN].taken + len(entries))
        word = self.attest(said.encode())
        return self.home.take_in_from(l1.STRANGER, FAR_CHAIN, entries, word)

    def checkpoint(self, sent: int | None = None) -> Checkpoint:
        """What members say of home now."""
        book = self.home.outposts[FAR_CHAIN]
        count = len(book.outbox) if sent is None else sent
        head = head_after(LINK.outbox_start, 0, book.outbox[:count])
        assert head is not None
        proved = (self.home.proved_number, self.home.root)
        return Checkpoint(LINK, *proved, count, head, book.taken, self.home.is_frozen)

    def hear(self, checkpoint: Checkpoint | None = None, **word: Sequence[int]) -> None:
        """The outpost hears it, with the entries that it adds."""
        said = self.checkpoint() if checkpoint is None else checkpoint
        before = self.outpost.standing[1]
        entries = self.home.outposts[FAR_CHAIN].outbox[before : said.sent]
        self.outpost.hear(l1.STRANGER, said, entries, self.attest(said.encode(), **word))

    def deposit(self, owner: bytes, account: int, amount: int) -> InboxEntry:
        """A deposit at the outpost, with the money that it takes."""
        self.outpost.mint(owner, amount)
        return self.outpost.deposit(owner, account, amount)


class CommitteeWorld(l1.World):
    """A home whose parameters have the committee, which attests to every batch that is posted."""

    attest: Callable[[bytes], Attestation]

    def __post_init__(self) -> None:
        genesis = replace(venue.genesis(), governance=GOVERNANCE, possession=possession())
        root = genesis.state(venue.toy_compress_many).root
        made = l1.deployment(genesis=genesis, root=root)
        self.start(made)

    def post(self, closed: l1.Closed) -> None:
        public = closed.public
        message = availability_message(public.digest())
        word = self.attest(message)
        self.l1.post_batch(l1.OPERATOR, public, l1.proof_of(public), word)

    def batch(self, *withdrawals: tuple[bytes, int]) -> None:
        """A batch that consumes what is queued, and pays so much USDC out of custody."""
        self.pass_time(1)
        paid = tuple(GrantedWithdrawal(owner, amount) for owner, amount in withdrawals)
        tip = self.head
        entries = queued_after(self.l1, tip)
        chosen = tip.governance_for(self.l1, self.now)
        closed = self.books.close(tip, Choice(self.now, False, chosen, entries, withdrawals=paid))
        assert self.commit(closed).is_taken
        self.prove_tail()
