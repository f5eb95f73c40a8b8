"""The L1 queue: registrations, credits, rotations of keys and exits, and what becomes of each.

Every entry that L1 can enqueue is consumable: credited, or refused with a reason and refunded.
So no deposit, however malformed, can stop the venue. Spec: docs/spec/05-deposits.md.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

from rollup.crypto.curve import Point, is_on_curve
from rollup.field.koalabear import P
from rollup.hash.keccak import DIGEST_BYTES, keccak256
from rollup.protocol.account import Header
from rollup.protocol.assets import USDC, is_taken, require_mark
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    AMOUNT_BITS,
    CASH_LIMIT,
    DIGEST_LENGTH,
    OUTFLOW_BITS,
    OWNER_BYTES,
    POSITION_LIMIT,
    QUEUE_BITS,
    SEPTIC_LENGTH,
    SIZE_BITS,
)
from rollup.protocol.encoding import point_of
from rollup.protocol.holding import Holding, balance
from rollup.protocol.market import Governance
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import (
    require_bounds,
    require_bytes,
    require_length,
)

KEY_WORDS = 2 * SEPTIC_LENGTH
NO_KEY = (0,) * KEY_WORDS
NO_VIEWING = (0,) * DIGEST_LENGTH
QUEUE_START = bytes(DIGEST_BYTES)
"""Head of the queue's hash chain before its first entry."""


class EntryKind(IntEnum):
    """What a queue entry asks for."""

    REGISTER = 0
    CREDIT = 1
    ROTATE = 2
    EXIT = 3


class DepositOutcome(IntEnum):
    """What became of a queue entry: credited and done, or why its amount goes back; of an exit
    CREDITED says that it was paid."""

    CREDITED = 0
    KEY_NON_CANONICAL = 1
    KEY_OFF_CURVE = 2
    ACCOUNT_EXISTS = 3
    ACCOUNT_MISSING = 4
    CASH_OVERFLOW = 5
    NOT_OWNER = 6
    ASSET_OVERFLOW = 7
    ASSET_UNKNOWN = 8
    EXIT_BARRED = 9


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One entry of the L1 deposit queue, exactly as L1 accepted it.

    `owner` is the L1 sender: the new account's owner, who alone may give it another key, and whom a
    refund goes to. Words are any 32-bit numbers, because L1 does not know the field; REGISTER and
    ROTATE bring a key (x, y) and a viewing commitment, CREDIT has zeros there. `amount` is in
    quanta of USDC, or in lots of the asset that the mark `asset` names (rollup.protocol.assets),
    which ROTATE does not bring. EXIT brings nothing: its amount, of USDC, is what its sender wants
    out of the account.
    """

    index: int
    kind: EntryKind
    account: int
    owner: bytes
    key_words: tuple[int, ...]
    viewing_words: tuple[int, ...]
    amount: int
    asset: int = USDC

    def __post_init__(self) -> None:
        require_bounds("queue index", self.index, 0, 1 << QUEUE_BITS, Reason.NUMBER_OUT_OF_BOUNDS)
        if not isinstance(self.kind, EntryKind):
            raise Rejected(Reason.MALFORMED, "kind must be an EntryKind")
        account_end = 1 << ACCOUNT_BITS
        require_bounds("account", self.account, 0, account_end, Reason.ACCOUNT_OUT_OF_BOUNDS)
        require_bytes("owner", self.owner, OWNER_BYTES)
        require_length("key_words", self.key_words, KEY_WORDS)
        require_length("viewing_words", self.viewing_words, DIGEST_LENGTH)
        for word in (*self.key_words, *self.viewing_words):
            require_bounds("word", word, 0, 1 << 32, Reason.WORD_OUT_OF_BOUNDS)
        require_mark("asset", self.asset)
        self._require_amount()
        if not self.has_key and any((*self.key_words, *self.viewing_words)):
            raise Rejected(Reason.MALFORMED, "it brings no key and no viewing commitment")
        if self.kind in (EntryKind.ROTATE, EntryKind.EXIT) and self.asset != USDC:
            raise Rejected(Reason.MALFORMED, "a rotation and an exit are of USDC")

    def _require_amount(self) -> None:
        bits, least = AMOUNT_BITS if self.asset == USDC else SIZE_BITS, 0
        if self.kind is EntryKind.EXIT:
            bits, least = OUTFLOW_BITS, 1
        require_bounds("amount", self.amount, least, 1 << bits, Reason.AMOUNT_OUT_OF_BOUNDS)

    def encode(self) -> bytes:
        """Canonical bytes, every member at its width, big-endian: numbers 8 bytes, words 4."""
        numbers = (self.index, int(self.kind), self.account, self.asset, self.amount)
        return b"".join(
            (
                *(number.to_bytes(8, "big") for number in numbers),
                self.owner,
                *(word.to_bytes(4, "big") for word in (*self.key_words, *self.viewing_words)),
            )
        )

    @property
    def has_key(self) -> bool:
        """Whether it brings a key and a viewing commitment."""
        return self.kind in (EntryKind.REGISTER, EntryKind.ROTATE)

    @property
    def brought(self) -> int:
        """What comes in with it, quanta or lots: of an exit nothing."""
        return 0 if self.kind is EntryKind.EXIT else self.amount

    @property
    def is_canonical(self) -> bool:
        """Whether all 22 words are field elements."""
        return all(word < P for word in (*self.key_words, *self.viewing_words))

    @property
    def key(self) -> Point:
        """The key (x, y), each word reduced modulo p: what the circuit's message carries."""
        return point_of([word % P for word in self.key_words])

    def header(self) -> Header:
        """The header of the account that this registration opens, or that it has once the owner
        gave it another key. Only for a canonical entry."""
        a, b, c, d, e, f, g, h = self.viewing_words
        return Header(owner=self.owner, key=self.key, viewing=(a, b, c, d, e, f, g, h))


def extend_queue(head: bytes, entry: QueueEntry) -> bytes:
    """Head of the queue's hash chain after one more entry: it names all entries up to there, so
    that two queues that differ anywhere before it have different heads."""
    return keccak256(head + entry.encode())


def judge(
    entry: QueueEntry,
    holding: Holding | None,
    owner: bytes | None,
    governance: Governance,
    ended: Collection[int] = (),
    *,
    is_paid: bool = False,
) -> DepositOutcome:
    """What becomes of an entry, given what its account holds and whose it is (None: no such
    account), and which markets have ended.

    What it is of must be listed, and not have ended. Registration and rotation: canonical words,
    then on the curve. Registration: the account must not exist. All others: it must. Rotation: the
    sender owns it. Then cash + amount must stay below 2**63, or lots + amount below 2**40. Exit:
    the account must exist and be the sender's; then the batch says whether it `is_paid`, and is
    held to that when it ends (rollup.protocol.exits).
    """
    if not is_taken(governance, ended, entry.asset):
        return DepositOutcome.ASSET_UNKNOWN
    if entry.has_key and (fault := _key_fault(entry)) is not None:
        return fault
    if entry.kind is EntryKind.REGISTER:
        return DepositOutcome.CREDITED if holding is None else DepositOutcome.ACCOUNT_EXISTS
    if holding is None:
        return DepositOutcome.ACCOUNT_MISSING
    if entry.kind in (EntryKind.ROTATE, EntryKind.EXIT) and entry.owner != owner:
        return DepositOutcome.NOT_OWNER
    return _judge_money(entry, holding, is_paid=is_paid)


def _judge_money(entry: QueueEntry, holding: Holding, *, is_paid: bool) -> DepositOutcome:
    """Of an entry that its account may have."""
    if entry.kind is EntryKind.EXIT:
        return DepositOutcome.CREDITED if is_paid else DepositOutcome.EXIT_BARRED
    if entry.asset == USDC:
        fits, too_much = holding.cash + entry.amount < CASH_LIMIT, DepositOutcome.CASH_OVERFLOW
    else:
        lots = balance(holding, entry.asset) + entry.amount
        fits, too_much = lots < POSITION_LIMIT, DepositOutcome.ASSET_OVERFLOW
    return DepositOutcome.CREDITED if fits else too_much


def _key_fault(entry: QueueEntry) -> DepositOutcome | None:
    if not entry.is_canonical:
        return DepositOutcome.KEY_NON_CANONICAL
    return None if is_on_curve(entry.key) else DepositOutcome.KEY_OFF_CURVE
