"""An outpost's contract on a chain, as the calls and records of `rollup.l1.outpost`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from rollup.hash.poseidon import Digest
from rollup.l1.checks import require_address
from rollup.l1.connection import RefusedByPeer
from rollup.l1.elsewhere import require_caps
from rollup.l1.evm.abi import Interface, address, word
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.chain import CallReverted, Chain, Receipt
from rollup.l1.evm.contract import ALL_OF_IT, TokenTerms, joined_proofs, reverted
from rollup.l1.evm.records import inbox_entry_from_bytes, outbox_entry_from_bytes, root_of
from rollup.l1.evm.workshop import Workshop
from rollup.l1.interface import Address
from rollup.l1.outpost import (
    CheckpointHeard,
    CommitteeHeard,
    Deposited,
    DepositReclaimed,
    OutpostDeployment,
    OutpostEvent,
    PaidOut,
    Released,
)
from rollup.protocol.assets import USDC
from rollup.protocol.checkpoint import Checkpoint, InboxEntry, OutboxEntry
from rollup.protocol.committee import (
    MEMBER_KEY_BYTES,
    Attestation,
    Committee,
)

OUTPOST: Final = "Outpost"


class EvmOutpost:
    """Makes the calls of `rollup.l1.outpost.MockOutpost`, on a chain that takes a sender's word."""

    def __init__(
        self, chain: Chain, deployment: OutpostDeployment, tokens: Mapping[int, TokenTerms]
    ) -> None:
        """`deployment` with the address that it has; `tokens` by mark, as it was created with
        them."""
        self.deployment = deployment
        self.link = deployment.link
        self.address = deployment.link.address
        self._chain = chain
        self._tokens = tokens
        self._calls, self._token = (Interface(artefact(n).abi) for n in (OUTPOST, "Token"))

    @property
    def standing(self) -> tuple[int, int, int, int]:
        """What was heard of home last: proved batch, sent, taken, closed."""
        number, _, sent, taken, closed = self._read("heard")
        return int(number), int(sent), int(taken), int(closed)

    @property
    def root(self) -> Digest:
        """Home's state root, as it was heard last."""
        return root_of(self._read("heard")[1])

    @property
    def committee(self) -> Committee:
        """Who is heard now."""
        return committee_from_bytes(self._read("committee")[0])

    @property
    def serial(self) -> int:
        """How many committees were heard before this one."""
        return int(self._read("committee")[1])

    @property
    def inbox(self) -> Sequence[InboxEntry]:
        """All deposits, in order, as the contract said them."""
        return tuple(each.entry for each in self.events if isinstance(each, Deposited))

    @property
    def events(self) -> Sequence[OutpostEvent]:
        """Everything that happened, in order."""
        heard = (self._calls.heard(log) for log in self._chain.logs(self.address))
        found = (_event(*each) for each in heard if each is not None)
        return tuple(each for each in found if each is not None)

    def inbox_from(self, first: int, count: int) -> Sequence[InboxEntry]:
        """At most `count` deposits, from index `first` on."""
        start = max(0, first)
        return self.inbox[start : start + max(0, count)]

    def inbox_head(self, count: int) -> bytes | None:
        """The inbox's chain after so many deposits; None where there are fewer."""
        try:
            return bytes(self._read("inboxHead", word(count))[0])
        except CallReverted:
            return None

    def custody(self, asset: int = USDC) -> int:
        """What is here of an asset and neither let out nor reclaimed."""
        return int(self._read("ledger", asset)[0])

    def funds(self, asset: int = USDC) -> int:
        """What the contract holds of an asset."""
        return int(self._read("ledger", asset)[1])

    def pending(self, owner: Address, asset: int = USDC) -> int:
        """What an owner can withdraw here."""
        return int(self._read("pending", word(asset), owner)[0])

    def wallet(self, owner: Address, asset: int = USDC) -> int:
        """What of the token somebody has."""
        token, unit = self._tokens[asset]
        data = self._chain.read(token, self._token.call("balanceOf", owner))
        return int(self._token.answer("balanceOf", data)[0]) // unit

    def mint(self, owner: Address, amount: int, asset: int = USDC) -> None:
        """Give an address test money, which it lets the contract take."""
        token, unit = self._tokens[asset]
        self._chain.send(token, self._token.call("mint", owner, amount * unit), owner)
        allow = self._token.call("approve", self.address, ALL_OF_IT)
        self._chain.send(token, allow, owner)

    def deposit(self, sender: Address, account: int, amount: int, asset: int = USDC) -> InboxEntry:
        """Take money for an account of the venue."""
        receipt = self._send(sender, "deposit", word(account), word(amount), word(asset))
        return inbox_entry_from_bytes(self._heard_in(receipt, "Deposited")["entry"])

    def hear(
        self,
        sender: Address,
        checkpoint: Checkpoint,
        entries: Sequence[OutboxEntry],
        attestation: Attestation,
    ) -> None:
        """Believe what the committee says of home, and let out what it adds to the outbox."""
        data = b"".join(entry.encode() for entry in entries)
        self._send(sender, "hear", checkpoint.encode(), data, attestation.encode())

    def succeed(
        self,
        sender: Address,
        committee: Committee,
        proofs: Sequence[bytes],
        attestation: Attestation,
    ) -> None:
        """Hear another committee from now on."""
        call = (committee.encode(), joined_proofs(proofs), attestation.encode())
        self._send(sender, "succeed", *call)

    def withdraw(self, sender: Address, asset: int = USDC) -> int:
        """Pay the sender's pending balance; returns what was paid."""
        receipt = self._send(sender, "withdraw", word(asset))
        return int(self._calls.answer("withdraw", receipt.data)[0])

    def reclaim(self, sender: Address, index: int) -> int:
        """Pay a deposit back that home never took, once home is closed."""
        deposits = self.inbox
        data = deposits[index].encode() if 0 <= index < len(deposits) else b""
        receipt = self._send(sender, "reclaim", word(index), data)
        return int(self._calls.answer("reclaim", receipt.data)[0])

    def _read(self, name: str, *arguments: object) -> tuple[Any, ...]:
        return self._calls.answer(
            name, self._chain.read(self.address, self._calls.call(name, *arguments))
        )

    def _send(self, sender: Address, name: str, *arguments: object) -> Receipt:
        require_address(sender)
        try:
            return self._chain.send(self.address, self._calls.call(name, *arguments), sender)
        except CallReverted as error:
            raise reverted(error.data) from error

    def _heard_in(self, receipt: Receipt, wanted: str) -> Mapping[str, Any]:
        logs = (log for log in receipt.logs if log.address == self.address)
        heard = filter(None, map(self._calls.heard, logs))
        return next(said for name, said in heard if name == wanted)


def deploy_outpost(
    workshop: Workshop, deployment: OutpostDeployment, tokens: Mapping[int, TokenTerms]
) -> EvmOutpost:
    """The contract of an outpost; its address is the chain's to give, whatever the link says.
    Reverted where it is refused."""
    require_caps(deployment.caps)
    link, leasts = deployment.link, dict(deployment.leasts)
    assets = [
        (word(mark), word(cap), word(leasts.get(mark, 0)), tokens[mark])
        for mark, cap in deployment.caps
    ]
    called = (link.home, link.venue, link.chain, deployment.committee.encode())
    try:
        made = workshop.create(OUTPOST, (*called, joined_proofs(deployment.proofs), assets))
    except CallReverted as error:
        raise reverted(error.data) from error
    there = replace(deployment, link=replace(link, address=made))
    return EvmOutpost(workshop.chain, there, tokens)


def committee_from_bytes(data: bytes) -> Committee:
    """The committee whose `encode` this is. RefusedByPeer for anything else."""
    keys, threshold = data[8:-8], int.from_bytes(data[-8:], "big")
    parts = (keys[at : at + MEMBER_KEY_BYTES] for at in range(0, len(keys), MEMBER_KEY_BYTES))
    found = Committee(threshold, tuple(parts))
    if found.encode() != data:
        raise RefusedByPeer("these are no canonical bytes of a committee")
    return found


def _event(name: str, said: Mapping[str, Any]) -> OutpostEvent | None:
    """What the contract said, as the mock says it; of tokens and the first committee nothing."""
    made = _EVENTS.get(name)
    is_first = name == "CommitteeHeard" and not said["serial"]
    return None if made is None or is_first else made(said)


def _checkpoint_heard(said: Mapping[str, Any]) -> OutpostEvent:
    counts = (said["sent"], said["taken"], said["closed"])
    return CheckpointHeard(said["number"], root_of(said["root"]), *counts)


def _reclaimed(said: Mapping[str, Any]) -> OutpostEvent:
    owner = address(said["owner"])
    return DepositReclaimed(said["index"], owner, said["asset"], said["amount"])


_EVENTS: Final[Mapping[str, Callable[[Mapping[str, Any]], OutpostEvent]]] = {
    "Deposited": lambda said: Deposited(inbox_entry_from_bytes(said["entry"])),
    "Released": lambda said: Released(outbox_entry_from_bytes(said["entry"])),
    "CheckpointHeard": _checkpoint_heard,
    "CommitteeHeard": lambda said: CommitteeHeard(
        committee_from_bytes(said["committee"]), said["serial"]
    ),
    "PaidOut": lambda said: PaidOut(address(said["owner"]), said["asset"], said["amount"]),
    "DepositReclaimed": _reclaimed,
}
