"""The deposit queue: who may enter it, and the hash chain that names what is in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from rollup.l1.interface import Address, Revert, Reverted
from rollup.protocol.assets import USDC
from rollup.protocol.constants import QUEUE_BITS
from rollup.protocol.deposit import (
    NO_KEY,
    NO_VIEWING,
    QUEUE_START,
    DepositOutcome,
    EntryKind,
    QueueEntry,
    extend_queue,
)
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, FIRST_ACCOUNT
from rollup.protocol.public import ConsumedDeposit


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """The first account index that is never assigned, and how many entries there can ever be. Only
    a test has other numbers than these: nobody can queue 2**30 deposits to see what comes then."""

    accounts: int = BACKSTOP_ACCOUNT
    entries: int = (1 << QUEUE_BITS) - 1


FULL = QueueLimits()


class DepositQueue:
    """Every entry ever queued, the L1 time in ms of each, the chain's head after each, and whose
    registrations, rotations and exits are open."""

    def __init__(self, limits: QueueLimits = FULL) -> None:
        self.limits = limits
        self.entries: list[QueueEntry] = []
        self.times: list[int] = []
        self.accounts: dict[Address, int] = {}
        self._heads = [QUEUE_START]
        self.registered: set[Address] = set()
        self.rotating: set[Address] = set()
        self.exiting: set[Address] = set()
        self._next_account = FIRST_ACCOUNT

    def head(self, count: int) -> bytes | None:
        """The chain after `count` entries; None where the queue is shorter."""
        return self._heads[count] if 0 <= count < len(self._heads) else None

    def registration(
        self,
        sender: Address,
        key: tuple[int, ...],
        viewing: tuple[int, ...],
        amount: int,
        asset: int = USDC,
    ) -> QueueEntry:
        """The entry that asks for the sender's own account; it is not queued yet."""
        if sender in self.registered:
            raise Reverted(Revert.REGISTERED, "the sender's registration is queued or credited")
        account = self.accounts.get(sender, self._next_account)
        if account >= self.limits.accounts:
            raise Reverted(Revert.ACCOUNTS_FULL, "every account index is assigned")
        index = self._next_index()
        kind = EntryKind.REGISTER
        return QueueEntry(index, kind, account, sender, key, viewing, amount, asset)

    def credit(self, sender: Address, account: int, amount: int, asset: int = USDC) -> QueueEntry:
        """The entry that adds to an account whose index was assigned, or to the backstop; it is not
        queued yet."""
        self._require_assigned(account)
        index, kind = self._next_index(), EntryKind.CREDIT
        return QueueEntry(index, kind, account, sender, NO_KEY, NO_VIEWING, amount, asset)

    def rotation(
        self,
        sender: Address,
        account: int,
        key: tuple[int, ...],
        viewing: tuple[int, ...],
        amount: int,
    ) -> QueueEntry:
        """The entry that asks for another key of such an account; it is not queued yet. A sender
        has one at a time: a batch takes no second one of an account, so they would fill it."""
        if sender in self.rotating:
            raise Reverted(Revert.ROTATING, "the sender's last rotation is not consumed")
        self._require_assigned(account)
        index = self._next_index()
        return QueueEntry(index, EntryKind.ROTATE, account, sender, key, viewing, amount)

    def exit(self, sender: Address, account: int, amount: int) -> QueueEntry:
        """The entry that asks for USDC out of such an account; it is not queued yet. A sender has
        one at a time, as of rotations."""
        if sender in self.exiting:
            raise Reverted(Revert.EXITING, "the sender's last exit is not consumed")
        self._require_assigned(account)
        index, kind = self._next_index(), EntryKind.EXIT
        return QueueEntry(index, kind, account, sender, NO_KEY, NO_VIEWING, amount)

    def _require_assigned(self, account: int) -> None:
        is_assigned = type(account) is int and 0 <= account < self._next_account
        if not is_assigned and account != BACKSTOP_ACCOUNT:
            raise Reverted(Revert.UNKNOWN_ACCOUNT, f"account {account} was never assigned")

    def waits_since(self, count: int) -> int | None:
        """Since which L1 time the oldest entry waits that is not among the first `count`."""
        return self.times[count] if 0 <= count < len(self.times) else None

    def append(self, entry: QueueEntry, now: int) -> None:
        """Queue an entry that one of the above has made."""
        self.entries.append(entry)
        self.times.append(now)
        self._heads.append(extend_queue(self._heads[-1], entry))
        if entry.kind is EntryKind.REGISTER:
            self.registered.add(entry.owner)
            self.accounts[entry.owner] = entry.account
            self._next_account = max(self._next_account, entry.account + 1)
        elif entry.kind is EntryKind.ROTATE:
            self.rotating.add(entry.owner)
        elif entry.kind is EntryKind.EXIT:
            self.exiting.add(entry.owner)

    def settle(self, deposit: ConsumedDeposit) -> None:
        """A batch that consumed an entry is proved: a refused registration may be tried again, and
        a next rotation or exit sent."""
        if deposit.entry.kind is EntryKind.ROTATE:
            self.rotating.discard(deposit.entry.owner)
        elif deposit.entry.kind is EntryKind.EXIT:
            self.exiting.discard(deposit.entry.owner)
        is_refused = deposit.outcome is not DepositOutcome.CREDITED
        if is_refused and deposit.entry.kind is EntryKind.REGISTER:
            self.registered.discard(deposit.entry.owner)

    @classmethod
    def restored(
        cls,
        limits: QueueLimits,
        entries: Sequence[QueueEntry],
        times: Sequence[int],
        registered: Iterable[Address],
        rotating: Iterable[Address],
        exiting: Iterable[Address],
    ) -> Self:
        """The queue that held these entries, each since its time; `registered` are whose
        registrations are open, `rotating` whose rotations, `exiting` whose exits."""
        queue = cls(limits)
        for entry, time in zip(entries, times, strict=True):
            queue.append(entry, time)
        queue.registered, queue.rotating = set(registered), set(rotating)
        queue.exiting = set(exiting)
        return queue

    def _next_index(self) -> int:
        if len(self.entries) >= self.limits.entries:
            raise Reverted(Revert.QUEUE_FULL, "the queue's counter is used up")
        return len(self.entries)
