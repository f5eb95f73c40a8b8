"""What the contract said, replayed: lists that its storage keeps no more of than a check needs.

The records of the mock do the keeping (`rollup.l1.state`); nothing is judged here. Numbers and
money are never read from this, but from the contract's own storage.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from rollup.crypto.plain_recovery import plain_signer_of
from rollup.l1 import interface as l1
from rollup.l1.deployment import Deployment
from rollup.l1.elsewhere import Outpost, OutpostBook
from rollup.l1.evm.abi import Interface, address
from rollup.l1.evm.chain import Log
from rollup.l1.evm.records import (
    entry_from_bytes,
    header_from_bytes,
    inbox_entry_from_bytes,
    outbox_entry_from_bytes,
    root_of,
)
from rollup.l1.headers import Head, HeaderChain
from rollup.l1.schedule import Schedule, Scheduled, is_replaceable
from rollup.l1.state import ContractState
from rollup.oracle.package import SignedPackage, packages_from_bytes
from rollup.protocol.assets import USDC
from rollup.protocol.checkpoint import Link
from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.governance_codec import governance_from_bytes
from rollup.protocol.market import Governance

REFUSALS: Final = tuple(l1.Refusal)
"""By the places that contracts say them by."""

Members = Mapping[str, Any]


class History:
    """All logs of one contract, taken in as they come; a reorganisation begins anew."""

    def __init__(self, deployment: Deployment, interface: Interface) -> None:
        self._deployment = deployment
        self._interface = interface
        self._seen: list[Log] = []
        self._start()

    def _start(self) -> None:
        genesis = self._deployment.genesis
        head = Head(number=0, time=genesis.time, root=self._deployment.root, deposits=0)
        schedule = Schedule(genesis.governance)
        self.state = ContractState(HeaderChain(head), schedule, genesis.book().digest())
        self.governances = {genesis.governance.digest(): genesis.governance}
        self.tokens: dict[int, tuple[l1.Address, int]] = {}

    def read(self, logs: Sequence[Log]) -> None:
        """Take in what is new of all that the contract ever said."""
        known = len(self._seen)
        if list(logs[:known]) != self._seen:
            self._seen, known = [], 0
            self._start()
        for log in logs[known:]:
            self._seen.append(log)
            heard = self._interface.heard(log)
            if heard is not None:
                name, members = heard
                _TAKEN[name](self, members)

    def pending_owners(self, asset: int) -> set[l1.Address]:
        """Who was ever granted, paid or given back any of an asset."""
        kinds = (l1.DepositRefunded, l1.WithdrawalGranted, l1.AssetEscaped, l1.EntryReclaimed)
        events = self.state.events
        found = {each.owner for each in events if isinstance(each, kinds) and each.asset == asset}
        taken = (each.entry for each in events if isinstance(each, l1.InboxTaken))
        found |= {entry.owner for entry in taken if entry.asset == asset}
        if asset == USDC:
            found |= {each.owner for each in events if isinstance(each, l1.ExitAnswered)}
        if asset == USDC and self.state.exits.is_frozen:
            found |= {each.owner for each in events if isinstance(each, l1.AccountEscaped)}
            private = (each for each in events if isinstance(each, l1.EscapedPrivately))
            found |= {each.recipient for each in private}
            found.add(self._deployment.genesis.backstop_header.owner)
        return found

    def _frozen(self, said: Members) -> None:
        self.state.exits.frozen_at = said["time"]
        event = l1.Frozen(address(said["sender"]), said["number"], said["time"])
        self.state.events.append(event)

    def _reclaimed(self, said: Members) -> None:
        self.state.exits.reclaimed.add(said["index"])
        owner = address(said["owner"])
        event = l1.EntryReclaimed(said["index"], owner, said["asset"], said["amount"])
        self.state.events.append(event)

    def _escaped(self, said: Members) -> None:
        self.state.exits.escaped.add(said["account"])
        nullifier = root_of(said["nullifier"])
        self.state.exits.nullifiers.add(nullifier)
        owner = address(said["owner"])
        event = l1.AccountEscaped(said["account"], owner, said["amount"], nullifier)
        self.state.events.append(event)

    def _escaped_privately(self, said: Members) -> None:
        nullifier = root_of(said["nullifier"])
        self.state.exits.nullifiers.add(nullifier)
        recipient = address(said["recipient"])
        self.state.events.append(l1.EscapedPrivately(nullifier, recipient, said["amount"]))

    def _queued(self, said: Members) -> None:
        entry = entry_from_bytes(said["entry"])
        self.state.queue.append(entry, said["time"])
        self.state.events.append(l1.DepositQueued(entry))

    def _header_taken(self, said: Members) -> None:
        header = header_from_bytes(said["header"])
        self.state.headers.take(header, said["digest"], said["takenAt"])
        self.state.schedule.use(header)
        self.state.given.forget(self.state.wanted(said["takenAt"]))
        self.state.events.append(l1.HeaderTaken(said["number"], said["time"], said["digest"]))

    def _header_refused(self, said: Members) -> None:
        reason = REFUSALS[said["reason"]]
        refusal = l1.HeaderRefused(said["number"], said["time"], said["digest"], reason)
        self.state.headers.refusal = refusal
        self.state.events.append(refusal)

    def _accepted(self, said: Members) -> None:
        self.state.headers.prove()
        roots = (root_of(said["oldRoot"]), root_of(said["newRoot"]))
        self.state.events.append(l1.BatchAccepted(said["number"], said["time"], *roots))

    def _announced(self, said: Members) -> None:
        governance = read_governance(said["governance"])
        digest, valid_from = governance.digest(), said["validFrom"]
        self.governances[digest] = governance
        schedule, now = self.state.schedule, valid_from - self._deployment.governance_delay
        if is_replaceable(schedule.entries[-1], now):
            schedule.entries = schedule.entries[:-1]
        scheduled = Scheduled(governance, digest, said["number"], valid_from)
        schedule.entries = [*schedule.entries, scheduled]
        self.state.events.append(l1.GovernanceAnnounced(governance, said["number"], valid_from))

    def _reports_came(self, said: Members) -> None:
        for report in packages_from_bytes(said["reports"]):
            self.state.given.hold(report, signer_of(report), said["givenAt"])
        self.state.given.forget(self.state.wanted(said["givenAt"]))

    def _outpost_announced(self, said: Members) -> None:
        caps = tuple(zip(said["marks"], said["caps"], strict=True))
        outpost = Outpost(said["chain"], address(said["outpost"]), caps)
        genesis = self._deployment.genesis
        link = Link(genesis.chain, genesis.venue, outpost.chain, outpost.address)
        book = OutpostBook.opened(link, outpost, said["validFrom"])
        self.state.elsewhere.books[outpost.chain] = book
        self.state.events.append(l1.OutpostAnnounced(outpost, said["validFrom"]))

    def _inbox_taken(self, said: Members) -> None:
        entry = inbox_entry_from_bytes(said["entry"])
        self.state.elsewhere.books[said["chain"]].take(entry)
        self.state.events.append(l1.InboxTaken(said["chain"], entry, said["isQueued"]))

    def _sent_out(self, said: Members) -> None:
        entry = outbox_entry_from_bytes(said["entry"])
        book = self.state.elsewhere.books[said["chain"]]
        book.send(entry.owner, entry.asset, entry.amount)
        self.state.events.append(l1.SentOut(said["chain"], entry))

    def _listed(self, said: Members) -> None:
        self.tokens[said["asset"]] = (address(said["token"]), said["unit"])


def _plain(event: Callable[..., l1.Event], *names: str) -> Callable[[History, Members], None]:
    """An event that is its members and no more."""

    def take(history: History, said: Members) -> None:
        values = [address(said[n]) if _is_person(n) else said[n] for n in names]
        history.state.events.append(event(*values))

    return take


def _is_person(name: str) -> bool:
    return name in ("owner", "buyer", "sender")


def _refunded(history: History, said: Members) -> None:
    owner, outcome = address(said["owner"]), DepositOutcome(said["outcome"])
    refund = l1.DepositRefunded(said["index"], owner, said["asset"], said["amount"], outcome)
    history.state.events.append(refund)


def _answered(history: History, said: Members) -> None:
    owner, outcome = address(said["owner"]), DepositOutcome(said["outcome"])
    answer = l1.ExitAnswered(said["index"], owner, said["amount"], outcome)
    history.state.events.append(answer)


_TAKEN: Final[Mapping[str, Callable[[History, Members], None]]] = {
    "DepositQueued": History._queued,
    "HeaderTaken": History._header_taken,
    "HeaderRefused": History._header_refused,
    "BatchAccepted": History._accepted,
    "DepositRefunded": _refunded,
    "ExitAnswered": _answered,
    "WithdrawalGranted": _plain(
        l1.WithdrawalGranted, "number", "place", "owner", "asset", "amount"
    ),
    "Withdrawn": _plain(l1.Withdrawn, "owner", "asset", "amount"),
    "EstateTook": _plain(l1.EstateTook, "number", "asset", "lots", "price"),
    "EstateSold": _plain(l1.EstateSold, "buyer", "asset", "lots", "paid"),
    "EstateCovered": _plain(l1.EstateCovered, "sender", "amount"),
    "GovernanceAnnounced": History._announced,
    "GovernanceEnacted": _plain(l1.GovernanceEnacted, "digest", "number"),
    "ReportsGiven": _plain(l1.ReportsGiven, "slot", "market", "signers"),
    "ReportsCame": History._reports_came,
    "TokenListed": History._listed,
    "Frozen": History._frozen,
    "EntryReclaimed": History._reclaimed,
    "AccountEscaped": History._escaped,
    "EscapedPrivately": History._escaped_privately,
    "OutpostAnnounced": History._outpost_announced,
    "InboxTaken": History._inbox_taken,
    "SentOut": History._sent_out,
    "AssetEscaped": _plain(l1.AssetEscaped, "account", "owner", "asset", "lots", "kept", "price"),
}


@lru_cache(maxsize=256)
def read_governance(data: bytes) -> Governance:
    """The parameters in these bytes."""
    return governance_from_bytes(data)


@lru_cache(maxsize=4096)
def signer_of(report: SignedPackage) -> l1.Address:
    """Who signed a report that the contract has taken."""
    return plain_signer_of(report.package.digest(), report.signature)
