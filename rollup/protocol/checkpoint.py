"""What a committee says between the chains of one book: of an outpost's deposits to home, of home's
payouts to an outpost, and which committee an outpost hears next.

An *outpost* is a contract on another chain than the venue's, its *home*. Its deposits are its
*inbox*; what home lets out through it is its *outbox*. Each is a hash chain of canonical bytes that
starts from who the two are, so that no head of one pair is a head of another.
Spec: docs/spec/25-chains.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rollup.hash.keccak import DIGEST_BYTES, keccak256
from rollup.hash.poseidon import Digest
from rollup.protocol.assets import USDC, require_mark
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    AMOUNT_BITS,
    CHAIN_BITS,
    NUMBER_BITS,
    OWNER_BYTES,
    QUEUE_BITS,
    SIZE_BITS,
)
from rollup.protocol.encoding import digest_bytes
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import require_bounds, require_bytes, require_digest, require_flag

INBOX_TAG = b"crypsis-inbox-1"
"""Of what is said to home of an outpost's deposits."""

OUTBOX_TAG = b"crypsis-outbox-1"
"""Of the chain of what home lets out; no message begins so."""

CHECKPOINT_TAG = b"crypsis-checkpoint-1"
"""Of what is said to an outpost of home."""

SUCCESSION_TAG = b"crypsis-succession-1"
"""Of which committee an outpost hears next."""

ENTRIES_MAX: Final = 32
"""Entries of an inbox or outbox that one call brings at the most."""

ENTRY_END: Final = 1 << QUEUE_BITS
"""An inbox and an outbox have fewer entries than this."""

SERIAL_BITS: Final = 30
"""Committees that an outpost hears, one after the other."""


def _numbers(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(8, "big") for number in numbers)


def _require_amount(amount: object, asset: int) -> None:
    bits = AMOUNT_BITS if asset == USDC else SIZE_BITS
    require_bounds("amount", amount, 1, 1 << bits, Reason.AMOUNT_OUT_OF_BOUNDS)


@dataclass(frozen=True, slots=True)
class Link:
    """Which outpost of which venue: home's chain and the venue, and the outpost's chain, another
    one, and address."""

    home: int
    venue: int
    chain: int
    address: bytes

    def __post_init__(self) -> None:
        for name in ("home", "venue", "chain"):
            number = getattr(self, name)
            require_bounds(name, number, 0, 1 << CHAIN_BITS, Reason.IDENTIFIER_OUT_OF_BOUNDS)
        require_bytes("address", self.address, OWNER_BYTES)
        if self.chain == self.home:
            raise Rejected(Reason.MALFORMED, "an outpost is on another chain than its home")

    def encode(self) -> bytes:
        """Canonical bytes: home, venue, chain, 8 bytes each, and the address."""
        return _numbers(self.home, self.venue, self.chain) + self.address

    @property
    def inbox_start(self) -> bytes:
        """Head of the inbox before its first entry."""
        return keccak256(INBOX_TAG + self.encode())

    @property
    def outbox_start(self) -> bytes:
        """Head of the outbox before its first entry."""
        return keccak256(OUTBOX_TAG + self.encode())


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """A deposit that an outpost took: for an account of the venue, by `owner`, whose it is where it
    is not credited. Quanta of USDC, or lots of the asset of a mark."""

    index: int
    owner: bytes
    account: int
    asset: int
    amount: int

    def __post_init__(self) -> None:
        require_bounds("inbox index", self.index, 0, ENTRY_END, Reason.NUMBER_OUT_OF_BOUNDS)
        require_bytes("owner", self.owner, OWNER_BYTES)
        account_end = 1 << ACCOUNT_BITS
        require_bounds("account", self.account, 0, account_end, Reason.ACCOUNT_OUT_OF_BOUNDS)
        require_mark("asset", self.asset)
        _require_amount(self.amount, self.asset)

    def encode(self) -> bytes:
        """Canonical bytes: numbers as 8 bytes big-endian, the owner as 20."""
        numbers = _numbers(self.account, self.asset, self.amount)
        return _numbers(self.index) + self.owner + numbers


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """What home lets out through an outpost, for its owner to withdraw there."""

    index: int
    owner: bytes
    asset: int
    amount: int

    def __post_init__(self) -> None:
        require_bounds("outbox index", self.index, 0, ENTRY_END, Reason.NUMBER_OUT_OF_BOUNDS)
        require_bytes("owner", self.owner, OWNER_BYTES)
        require_mark("asset", self.asset)
        _require_amount(self.amount, self.asset)

    def encode(self) -> bytes:
        """Canonical bytes: numbers as 8 bytes big-endian, the owner as 20."""
        return _numbers(self.index) + self.owner + _numbers(self.asset, self.amount)


Entry = InboxEntry | OutboxEntry


def extended(head: bytes, entry: Entry) -> bytes:
    """The chain after one more entry: Keccak-256 of the head before it and its bytes."""
    return keccak256(head + entry.encode())


def head_after(head: bytes, count: int, entries: Sequence[Entry]) -> bytes | None:
    """The chain after entries that come on top of `count`; None where one is out of its place."""
    for place, entry in enumerate(entries, count):
        if entry.index != place:
            return None
        head = extended(head, entry)
    return head


@dataclass(frozen=True, slots=True)
class InboxHead:
    """Said to home: an outpost took `count` deposits, whose chain is `head`."""

    link: Link
    count: int
    head: bytes

    def __post_init__(self) -> None:
        require_bounds("count", self.count, 0, ENTRY_END, Reason.NUMBER_OUT_OF_BOUNDS)
        require_bytes("head", self.head, DIGEST_BYTES)

    def encode(self) -> bytes:
        """The message that is signed."""
        return INBOX_TAG + self.link.encode() + _numbers(self.count) + self.head


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Said to an outpost: of home the last proved batch and its root, how much of the outbox there
    is (`sent`, whose chain is `head`), how many inbox entries home `taken`, and whether home is
    `closed`, so that it takes no more."""

    link: Link
    number: int
    root: Digest
    sent: int
    head: bytes
    taken: int
    closed: bool

    def __post_init__(self) -> None:
        require_bounds("number", self.number, 0, 1 << NUMBER_BITS, Reason.NUMBER_OUT_OF_BOUNDS)
        require_digest("root", self.root)
        for name in ("sent", "taken"):
            number = getattr(self, name)
            require_bounds(name, number, 0, ENTRY_END, Reason.NUMBER_OUT_OF_BOUNDS)
        require_bytes("head", self.head, DIGEST_BYTES)
        require_flag("closed", self.closed)

    def encode(self) -> bytes:
        """The message that is signed."""
        return b"".join(
            (
                CHECKPOINT_TAG,
                self.link.encode(),
                _numbers(self.number),
                digest_bytes(self.root),
                _numbers(self.sent),
                self.head,
                _numbers(self.taken, int(self.closed)),
            )
        )

    @property
    def standing(self) -> tuple[int, int, int, int]:
        """What never falls from one checkpoint to the next."""
        return (self.number, self.sent, self.taken, int(self.closed))

    def is_later(self, standing: Sequence[int]) -> bool:
        """Whether it says more than what an outpost heard last, and takes nothing back."""
        pairs = list(zip(self.standing, standing, strict=True))
        return all(new >= old for new, old in pairs) and any(new > old for new, old in pairs)


@dataclass(frozen=True, slots=True)
class Succession:
    """Said to an outpost: hear this committee next, by its canonical bytes. `serial` is how many
    came before it."""

    link: Link
    serial: int
    committee: bytes

    def __post_init__(self) -> None:
        require_bounds("serial", self.serial, 1, 1 << SERIAL_BITS, Reason.NUMBER_OUT_OF_BOUNDS)
        require_bytes("committee", self.committee, len(self.committee))

    def encode(self) -> bytes:
        """The message that is signed."""
        return SUCCESSION_TAG + self.link.encode() + _numbers(self.serial) + self.committee
