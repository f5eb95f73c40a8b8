"""What can be read of a venue's contract on a chain: numbers and money from its storage, lists from
what it said."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from rollup.hash.poseidon import Digest
from rollup.l1.deployment import Deployment
from rollup.l1.development import PROPERTIES, frozen
from rollup.l1.elsewhere import InboxTaken, OutpostBook
from rollup.l1.estate import Estate, Sale
from rollup.l1.evm.abi import Interface, address, word
from rollup.l1.evm.bond_view import BondView
from rollup.l1.evm.chain import CallReverted, Log, Readable
from rollup.l1.evm.history import REFUSALS, History
from rollup.l1.evm.records import root_of
from rollup.l1.freeze import Exits
from rollup.l1.interface import (
    Address,
    Event,
    GovernanceAnnounced,
    HeaderRefused,
    HeldHeader,
)
from rollup.l1.state import ContractState
from rollup.l1.vault import Vault
from rollup.oracle.package import SignedPackage
from rollup.protocol.assets import USDC
from rollup.protocol.deposit import EntryKind, QueueEntry
from rollup.protocol.market import Governance

NOT_REFUSED: Final = 255
"""Where a place in Refusal would stand."""

NOBODY: Final = bytes(20)
_LOGS: Final = b""
"""In place of calldata: all that a contract said."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class VenueContract:
    """Where a venue's contract is, what it was created with, and how many ms one unit of the
    chain's timestamps is. `rollup` and `token` are their interfaces."""

    address: Address
    deployment: Deployment
    unit: int
    rollup: Interface
    token: Interface


class EvmView(BondView):
    """The contract's public storage, read only."""

    def __init__(self, chain: Readable, venue: VenueContract) -> None:
        self._read_from = chain
        self._venue = venue
        self._history = History(venue.deployment, venue.rollup)
        self._moment: dict[tuple[Address, bytes], Any] | None = None

    @property
    def deployment(self) -> Deployment:
        """What the contract was created with."""
        return self._venue.deployment

    def view(self) -> Mapping[str, object]:
        """All properties at one moment, by name; nobody's zero is listed."""
        with self._at_one_moment():
            return {name: frozen(getattr(self, name)) for name in PROPERTIES}

    def now(self) -> int:
        """L1's time in ms: that of the next block."""
        return self._read_from.time() * self._venue.unit

    @contextmanager
    def _at_one_moment(self) -> Iterator[None]:
        """Nothing is asked twice, since nothing changes."""
        self._moment = {}
        try:
            yield
        finally:
            self._moment = None

    def _once(self, asked: tuple[Address, bytes], ask: Callable[[], T]) -> T:
        """What the chain answers; at one moment what it answered before."""
        if self._moment is None:
            return ask()
        if asked not in self._moment:
            self._moment[asked] = ask()
        found: T = self._moment[asked]
        return found

    def _logs(self, address: Address) -> Sequence[Log]:
        return self._once((address, _LOGS), lambda: self._read_from.logs(address))

    def _heard(self) -> History:
        self._history.read(self._logs(self._venue.address))
        return self._history

    @property
    def _said(self) -> ContractState:
        return self._heard().state

    def _read(self, name: str, *arguments: object) -> tuple[Any, ...]:
        return self._ask(self._venue.address, self._venue.rollup, name, *arguments)

    def _ask(
        self, contract: Address, interface: Interface, name: str, *arguments: object
    ) -> tuple[Any, ...]:
        calldata = interface.call(name, *arguments)
        answer = self._once((contract, calldata), lambda: self._read_from.read(contract, calldata))
        return interface.answer(name, answer)

    def _balance(self, token: Address, owner: Address) -> int:
        return int(self._ask(token, self._venue.token, "balanceOf", owner)[0])

    @property
    def root(self) -> Digest:
        """The state root that is proved."""
        return root_of(self._read("proved")[2])

    @property
    def proved_number(self) -> int:
        """Number of the last batch that is proved; 0 is genesis."""
        return int(self._read("proved")[0])

    @property
    def head_number(self) -> int:
        """Number of the last batch whose header is held, proved or not."""
        return int(self._read("head")[0])

    @property
    def tail(self) -> Sequence[HeldHeader]:
        """Headers held and not proved yet, oldest first."""
        return tuple(self._said.headers.tail)

    @property
    def refusal(self) -> HeaderRefused | None:
        """The refusal on record that waits for its redo."""
        number, time, digest, reason = self._read("refusal")
        if reason == NOT_REFUSED:
            return None
        return HeaderRefused(number, time, digest, REFUSALS[reason])

    @property
    def redo_until(self) -> int:
        """L1 time of the last refusal: batches up to it were closed before anybody could know."""
        return int(self._read("redoUntil")[0])

    @property
    def governance(self) -> Governance:
        """The parameters that the last header was under."""
        return self._heard().governances[self._read("governance")[0]]

    @property
    def parameters(self) -> Sequence[GovernanceAnnounced]:
        """All parameters there are, genesis first."""
        return tuple(
            GovernanceAnnounced(each.governance, each.number, each.valid_from)
            for each in self._said.schedule.entries
        )

    @property
    def queue(self) -> Sequence[QueueEntry]:
        """All deposits ever queued, in order."""
        return tuple(self._said.queue.entries)

    @property
    def consumed(self) -> int:
        """Queue entries that a proved batch has consumed."""
        return int(self._read("proved")[3])

    @property
    def accounts(self) -> Mapping[Address, int]:
        """The index that each sender was assigned."""
        asked = {each.owner for each in self.queue if each.kind is EntryKind.REGISTER}
        return {owner: int(self._read("sender", owner)[0]) for owner in asked}

    @property
    def book(self) -> bytes:
        """Digest of the market book that the last proved batch left."""
        return bytes(self._read("book")[0])

    @property
    def custody(self) -> int:
        """Quanta under custody of the rollup."""
        return int(self._read("vault", USDC)[0])

    @property
    def queued(self) -> int:
        """Quanta of deposits that no proved batch has consumed."""
        return int(self._read("vault", USDC)[1])

    @property
    def funds(self) -> int:
        """Quanta that the contract holds."""
        return int(self._read("vault", USDC)[3])

    @property
    def owed(self) -> int:
        """Quanta that the contract owes by its own counters."""
        return self._ledger(USDC).owed

    @property
    def pending(self) -> Mapping[Address, int]:
        """Quanta that each sender can withdraw."""
        return self._pending(USDC)

    @property
    def wallets(self) -> Mapping[Address, int]:
        """Test money of each address."""
        return self._wallets(USDC)

    @property
    def assets(self) -> Mapping[int, Vault]:
        """The ledger of each asset of which anybody ever had any, here or at an outpost, by its
        mark, in lots."""
        ledgers = [self._ledger(mark) for mark in sorted(self._heard().tokens) if mark != USDC]
        taken = {each.entry.asset for each in self._said.events if isinstance(each, InboxTaken)}
        return {each.mark: each for each in ledgers if each.wallets or each.mark in taken}

    @property
    def estate(self) -> Estate:
        """What the estate lacks, and what of it is for sale."""
        lacks, surplus = self._read("estate")
        marks = [mark for mark in sorted(self._heard().tokens) if mark != USDC]
        sales = {mark: Sale(*self._read("sale", mark)) for mark in marks}
        return Estate(lacks, surplus, {mark: sale for mark, sale in sales.items() if sale.lots})

    @property
    def exits(self) -> Exits:
        """Whether the venue is frozen, and who took out what since."""
        is_frozen, at, debts = self._read("exits")
        heard = self._said.exits
        frozen_at = int(at) if is_frozen else None
        sets = (set(heard.reclaimed), set(heard.escaped), set(heard.nullifiers))
        return Exits(frozen_at, int(debts), *sets)

    @property
    def outposts(self) -> Mapping[int, OutpostBook]:
        """By its chain what is kept of each outpost: counts and heads as the contract has them, the
        outbox as it said it."""
        found = {}
        for chain, said in self._said.elsewhere.view.items():
            _, valid_from, taken, inbox_head, _, outbox_head = self._read("outpost", chain)
            marks = [mark for mark, _ in said.outpost.caps]
            there = {mark: int(self._read("elsewhere", chain, mark)[0]) for mark in marks}
            book = replace(said, valid_from=valid_from, taken=taken, inbox_head=inbox_head)
            book.outbox_head, book.elsewhere = outbox_head, there
            found[chain] = book.copied()
        return found

    @property
    def is_frozen(self) -> bool:
        """Whether the venue has ended: nothing is left to do but to take out what is in it."""
        return self.exits.is_frozen

    @property
    def given(self) -> Mapping[int, bytes]:
        """By slot, in ms, the digest of the signed reports of it that are held."""
        return self._said.given.digests

    @property
    def events(self) -> Sequence[Event]:
        """Everything that happened, in order."""
        return tuple(self._said.events)

    def given_reports(self, slot: int) -> Sequence[SignedPackage]:
        """The reports of a slot that are held, by feed and signer."""
        return self._said.given.of(slot)

    def queue_from(self, first: int, count: int) -> Sequence[QueueEntry]:
        """At most `count` entries of the queue, from index `first` on."""
        start = max(0, first)
        return self.queue[start : start + max(0, count)]

    def wants_redo(self, number: int, time: int) -> bool:
        """Whether a batch of this number and time must be made anew."""
        return bool(self._read("wantsRedo", word(number), word(time))[0])

    def header_digest(self, number: int) -> bytes | None:
        """Digest of the header held under a number, also after it is proved."""
        digest = bytes(self._read("headerDigest", word(number))[0])
        return digest if any(digest) else None

    def queue_head(self, count: int) -> bytes | None:
        """The queue's hash chain after `count` entries; None where the queue is shorter."""
        try:
            return bytes(self._read("queueHead", word(count))[0])
        except CallReverted:
            return None

    def governance_for(self, number: int, time: int) -> Governance:
        """The parameters in force for a batch of this number and time."""
        digest = self._read("governanceFor", word(number), word(time))[0]
        return self._heard().governances[digest]

    def _ledger(self, mark: int) -> Vault:
        custody, queued, lots, funds, _ = self._read("vault", mark)
        pending, wallets = self._pending(mark), self._wallets(mark)
        balances = (defaultdict(int, pending), funds, lots, defaultdict(int, wallets))
        return Vault(mark, custody, queued, *balances)

    def _pending(self, mark: int) -> dict[Address, int]:
        owners = self._heard().pending_owners(mark)
        found = {owner: int(self._read("pending", mark, owner)[0]) for owner in owners}
        return {owner: amount for owner, amount in found.items() if amount}

    def _wallets(self, mark: int) -> dict[Address, int]:
        """Balances of all who ever got any of a token, the contract's own not among them."""
        if mark not in self._heard().tokens:
            return {}
        token, unit = self._history.tokens[mark]
        moves = [self._venue.token.heard(log) for log in self._logs(token)]
        people = {address(said["to"]) for name, said in filter(None, moves) if name == "Transfer"}
        people -= {self._venue.address, self._bond_at, NOBODY}
        return {each: self._balance(token, each) // unit for each in people}
