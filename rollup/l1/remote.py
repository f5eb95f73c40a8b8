"""An L1 that is reached by JSON-RPC: the same calls as the mock's, over a socket."""

from collections.abc import Mapping, Sequence

from rollup.l1.development import PROPERTIES, frozen
from rollup.l1.elsewhere import Outpost
from rollup.l1.escape import LeafOpening, Payout
from rollup.l1.interface import Address, HeaderVerdict
from rollup.l1.methods import BY_ATTRIBUTE
from rollup.l1.private_exit import PrivateExit
from rollup.l1.remote_bond import RemoteBond
from rollup.l1.remote_contract import RemoteContract
from rollup.oracle.package import SignedPackage
from rollup.protocol.assets import USDC
from rollup.protocol.checkpoint import InboxEntry, OutboxEntry
from rollup.protocol.committee import Attestation
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.header import BatchHeader
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook
from rollup.protocol.public import PublicInput


class RemoteL1(RemoteContract, RemoteBond):
    """Implements `rollup.l1.development.DevelopmentL1` at an address."""

    _methods = BY_ATTRIBUTE

    def view(self) -> Mapping[str, object]:
        """All properties at one moment, by name; nobody's zero is listed."""
        results = self.read_all([(name, {}) for name in PROPERTIES])
        return {name: frozen(result) for name, result in zip(PROPERTIES, results, strict=True)}

    def register(
        self,
        sender: Address,
        key_words: Sequence[int],
        viewing_words: Sequence[int],
        amount: int,
        asset: int = USDC,
    ) -> QueueEntry:
        """Ask for the sender's own account, with a first deposit."""
        entry: QueueEntry = self._call(
            "register",
            sender=sender,
            key_words=key_words,
            viewing_words=viewing_words,
            amount=amount,
            asset=asset,
        )
        return entry

    def credit(self, sender: Address, account: int, amount: int, asset: int = USDC) -> QueueEntry:
        """Deposit into an account whose index was assigned."""
        what = {"account": account, "amount": amount, "asset": asset}
        entry: QueueEntry = self._call("credit", sender=sender, **what)
        return entry

    def rotate(
        self,
        sender: Address,
        account: int,
        key_words: Sequence[int],
        viewing_words: Sequence[int],
        amount: int,
    ) -> QueueEntry:
        """Ask that an account have another key, with a deposit into it."""
        entry: QueueEntry = self._call(
            "rotate",
            sender=sender,
            account=account,
            key_words=key_words,
            viewing_words=viewing_words,
            amount=amount,
        )
        return entry

    def request_exit(self, sender: Address, account: int, amount: int) -> QueueEntry:
        """Ask for USDC out of the sender's account."""
        what = {"account": account, "amount": amount}
        entry: QueueEntry = self._call("request_exit", sender=sender, **what)
        return entry

    def give_reports(self, sender: Address, reports: Sequence[SignedPackage]) -> int:
        """Give signed reports of one slot; returns how many L1 did not hold."""
        return int(self._call("give_reports", sender=sender, reports=tuple(reports)))

    def commit_header(self, sender: Address, header: BatchHeader) -> HeaderVerdict:
        """Hold a closed batch to its content, before there is a proof."""
        verdict: HeaderVerdict = self._call("commit_header", sender=sender, header=header)
        return verdict

    def post_batch(
        self,
        sender: Address,
        public: PublicInput,
        proof: bytes,
        attestation: Attestation | None = None,
    ) -> None:
        """Advance the state root by the oldest header of the tail, if its proof holds."""
        brought = {"public": public, "proof": proof, "attestation": attestation}
        self._call("post_batch", sender=sender, **brought)

    def withdraw(self, sender: Address, asset: int = USDC) -> int:
        """Pay the sender's pending balance of USDC or of an asset; returns what was paid."""
        return int(self._call("withdraw", sender=sender, asset=asset))

    def buy(self, sender: Address, asset: int, lots: int, most: int) -> int:
        """Buy lots of an asset that the estate has; returns what was paid."""
        return int(self._call("buy", sender=sender, asset=asset, lots=lots, most=most))

    def cover(self, sender: Address, amount: int) -> None:
        """Pay so many quanta of what the estate lacks."""
        self._call("cover", sender=sender, amount=amount)

    def freeze(self, sender: Address) -> None:
        """End the venue, where something waited too long for a proof."""
        self._call("freeze", sender=sender)

    def reclaim(self, sender: Address, index: int) -> int:
        """Pay an entry back that no proved batch consumed; returns what was paid."""
        return int(self._call("reclaim", sender=sender, index=index))

    def escape(self, sender: Address, leaf: LeafOpening, book: MarketBook) -> Payout:
        """Give the owner of an account what it has by the last root and book, once."""
        paid: Payout = self._call("escape", sender=sender, leaf=leaf, book=book)
        return paid

    def escape_privately(
        self, sender: Address, wanted: PrivateExit, book: MarketBook, proof: bytes
    ) -> int:
        """Give a recipient what some account is worth, by a proof that does not say which."""
        what = {"wanted": wanted, "book": book, "proof": proof}
        return int(self._call("escape_privately", sender=sender, **what))

    def announce_governance(
        self,
        sender: Address,
        governance: Governance,
        number: int,
        possession: Sequence[bytes] = (),
    ) -> int:
        """Announce parameters for batches from a number on; returns their earliest batch time."""
        announced = {"governance": governance, "number": number, "possession": possession}
        return int(self._call("announce_governance", sender=sender, **announced))

    def announce_outpost(self, sender: Address, outpost: Outpost) -> int:
        """Let an outpost be heard once the governance delay is over; returns from when on."""
        return int(self._call("announce_outpost", sender=sender, outpost=outpost))

    def take_in_from(
        self, sender: Address, chain: int, entries: Sequence[InboxEntry], attestation: Attestation
    ) -> int:
        """Take the next deposits of an outpost; returns how many were taken in all."""
        what = {"chain": chain, "entries": tuple(entries), "attestation": attestation}
        return int(self._call("take_in_from", sender=sender, **what))

    def send(self, sender: Address, chain: int, asset: int, amount: int) -> OutboxEntry:
        """Let so much of the sender's pending balance out through an outpost."""
        what = {"chain": chain, "asset": asset, "amount": amount}
        entry: OutboxEntry = self._call("send", sender=sender, **what)
        return entry

    def now(self) -> int:
        """L1's time in ms."""
        return int(self._call("now"))

    def warp(self, milliseconds: int) -> int:
        """Move the clock on; returns the time it then shows."""
        return int(self._call("warp", milliseconds=milliseconds))

    def mint(self, owner: Address, amount: int, asset: int = USDC) -> None:
        """Give an address test money."""
        self._call("mint", owner=owner, amount=amount, asset=asset)

    def donate(self, sender: Address, amount: int) -> None:
        """Send money to the contract without telling it."""
        self._call("donate", sender=sender, amount=amount)

    def mark(self) -> int:
        """Keep L1 as it is now; returns the name to go back by."""
        return int(self._call("mark"))

    def reorganise(self, mark: int) -> None:
        """Forget all since the mark. The clock goes on."""
        self._call("reorganise", mark=mark)
