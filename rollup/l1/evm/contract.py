"""A venue's contract on a chain, as the calls and records of `rollup.l1`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias

from rollup.hash.keccak import keccak256
from rollup.l1.checks import WORD_END, require_address, require_amount, require_asset
from rollup.l1.connection import RefusedByPeer
from rollup.l1.development import MARKS_MAX, DevelopmentError
from rollup.l1.elsewhere import Outpost
from rollup.l1.escape import AssetPayout, LeafOpening, Payout
from rollup.l1.evm.abi import SELECTOR_BYTES, WORD, Interface, word
from rollup.l1.evm.bond_contract import BondCalls
from rollup.l1.evm.chain import CallReverted, Chain, Receipt
from rollup.l1.evm.history import REFUSALS
from rollup.l1.evm.records import entry_from_bytes, outbox_entry_from_bytes
from rollup.l1.evm.view import NOT_REFUSED, VenueContract
from rollup.l1.interface import (
    Address,
    HeaderRefused,
    HeaderVerdict,
    Revert,
    Reverted,
)
from rollup.l1.private_exit import EXIT_CLASS, ExitStatement, PrivateExit, require_wanted_exit
from rollup.oracle.package import SignedPackage, packages_to_bytes
from rollup.protocol.assets import USDC, assets_of
from rollup.protocol.checkpoint import InboxEntry, OutboxEntry
from rollup.protocol.committee import MEMBER_SIGNATURE_BYTES, Attestation
from rollup.protocol.constants import DIGEST_LENGTH, OWNER_BYTES, TIME_BITS
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.encoding import digest_bytes
from rollup.protocol.header import BatchHeader
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook
from rollup.protocol.public import PublicInput

REVERTS: Final = tuple(Revert)
"""By the places that contracts say them by."""

REVERTED: Final = keccak256(b"Reverted(uint8)")[:SELECTOR_BYTES]
ALL_OF_IT: Final = (1 << 256) - 1
"""What an owner lets the contract take of a token: the contract takes what a call says."""

TokenTerms: TypeAlias = tuple[Address, int]
"""A token, and how many of its smallest parts one quantum or lot is."""


class NotProved(Exception):
    """A verifier's contract refused a proof; says why in its words."""


class Facts(Protocol):
    """How a proof comes to the contract that verifies those of its class."""

    def bring(self, public: PublicInput, proof: bytes, sender: Address) -> Sequence[Receipt]:
        """Bring a proof, in as many transactions as it takes. NotProved if it is refused."""

    def bring_exit(
        self, statement: ExitStatement, proof: bytes, sender: Address
    ) -> Sequence[Receipt]:
        """The same of a private exit."""


class Tokens(Protocol):
    """Who makes tokens on a development chain."""

    def __call__(self, mark: int) -> TokenTerms:
        """A token for a mark that has none."""


class EvmL1(BondCalls):
    """Implements `rollup.l1.development.DevelopmentL1` by the contract of a venue, on a chain that
    takes a sender's word. Who is no address can call no contract: that is said here."""

    def __init__(
        self,
        chain: Chain,
        venue: VenueContract,
        facts: Mapping[str, Facts],
        tokens: Tokens,
        paid: Callable[[str, Receipt], None] = lambda what, receipt: None,
    ) -> None:
        """`facts` by the name of the class; `paid` hears of each transaction of the contract."""
        super().__init__(chain, venue)
        self._chain = chain
        self._facts = facts
        self._tokens = tokens
        self._paid = paid
        self._allowed: set[tuple[Address, Address]] = set()
        self._marks: dict[int, Any] = {}
        self._marked = 0

    def register(
        self,
        sender: Address,
        key_words: Sequence[int],
        viewing_words: Sequence[int],
        amount: int,
        asset: int = USDC,
    ) -> QueueEntry:
        """Queue the registration of the sender's own account, with a first deposit."""
        words = (_words(key_words), _words(viewing_words))
        return self._enqueued(self._send(sender, "register", *words, word(amount), word(asset)))

    def credit(self, sender: Address, account: int, amount: int, asset: int = USDC) -> QueueEntry:
        """Queue a deposit into an assigned account."""
        numbers = (word(account), word(amount), word(asset))
        return self._enqueued(self._send(sender, "credit", *numbers))

    def rotate(
        self,
        sender: Address,
        account: int,
        key_words: Sequence[int],
        viewing_words: Sequence[int],
        amount: int,
    ) -> QueueEntry:
        """Queue another key for an assigned account, with a deposit into it."""
        words = (_words(key_words), _words(viewing_words))
        return self._enqueued(self._send(sender, "rotate", word(account), *words, word(amount)))

    def request_exit(self, sender: Address, account: int, amount: int) -> QueueEntry:
        """Ask for USDC out of the sender's account."""
        numbers = (word(account), word(amount))
        return self._enqueued(self._send(sender, "requestExit", *numbers))

    def withdraw(self, sender: Address, asset: int = USDC) -> int:
        """Pay the sender's pending balance, of USDC or of an asset."""
        return int(self._answer("withdraw", self._send(sender, "withdraw", word(asset))))

    def buy(self, sender: Address, asset: int, lots: int, most: int) -> int:
        """Buy lots that the estate has, for what they cost now."""
        numbers = (word(asset), word(lots), word(most))
        return int(self._answer("buy", self._send(sender, "buy", *numbers)))

    def cover(self, sender: Address, amount: int) -> None:
        """Pay what the estate lacks."""
        self._send(sender, "cover", word(amount))

    def freeze(self, sender: Address) -> None:
        """End the venue, where something waited too long for a proof."""
        self._send(sender, "freeze")

    def reclaim(self, sender: Address, index: int) -> int:
        """Pay an entry back that no proved batch consumed: by its bytes, if it was ever queued."""
        queued = self.queue_from(index, 1) if index >= 0 else ()
        data = queued[0].encode() if queued else b""
        receipt = self._send(sender, "reclaim", word(index), data)
        return int(self._answer("reclaim", receipt))

    def escape(self, sender: Address, leaf: LeafOpening, book: MarketBook) -> Payout:
        """Give the owner of an account what it has by the last root and book, once."""
        receipt = self._send(sender, "escape", leaf.encode(), book.encode())
        said = dict(self._heard_in(receipt, "AccountEscaped")[0])
        assets = tuple(
            AssetPayout(each["asset"], each["lots"], each["kept"], each["price"])
            for each in self._heard_in(receipt, "AssetEscaped")
        )
        return Payout(said["amount"], sum(each.kept * each.price for each in assets), assets)

    def escape_privately(
        self, sender: Address, wanted: PrivateExit, book: MarketBook, proof: bytes
    ) -> int:
        """Give a recipient what some account is worth: its proof comes where the contract asks for
        nothing else."""
        require_address(sender)
        if not _has_words(wanted):
            self._refuse_without_words(wanted)
        try:
            return self._escape_privately(sender, wanted, book)
        except Reverted as error:
            facts = self._facts.get(EXIT_CLASS)
            if error.reason is not Revert.PROOF or facts is None:
                raise
        genesis = self._venue.deployment.genesis
        known = (genesis.chain, genesis.venue, self.root, book, self.governance)
        try:
            for receipt in facts.bring_exit(ExitStatement(*known, wanted), proof, sender):
                self._paid("proof", receipt)
        except NotProved as error:
            raise Reverted(Revert.PROOF, str(error)) from error
        return self._escape_privately(sender, wanted, book)

    def _refuse_without_words(self, wanted: PrivateExit) -> None:
        """What the contract would say of what no call can say."""
        if not self.is_frozen:
            raise Reverted(Revert.NOT_FROZEN, "the venue lives")
        require_wanted_exit(wanted)

    def _escape_privately(self, sender: Address, wanted: PrivateExit, book: MarketBook) -> int:
        asked = (digest_bytes(wanted.nullifier), wanted.amount, wanted.recipient)
        self._send(sender, "escapePrivately", *asked, book.encode())
        return wanted.amount

    def give_reports(self, sender: Address, reports: Sequence[SignedPackage]) -> int:
        """Have signed reports of one slot held."""
        data = packages_to_bytes(tuple(reports))
        return int(self._answer("giveReports", self._send(sender, "giveReports", data)))

    def commit_header(self, sender: Address, header: BatchHeader) -> HeaderVerdict:
        """Bring a header, to be held or refused on record."""
        _require_someone(sender, Revert.NOT_OPERATOR)
        receipt = self._send(sender, "commitHeader", header.encode())
        place = self._answer("commitHeader", receipt)
        if place == NOT_REFUSED:
            return HeaderVerdict()
        reason = REFUSALS[place]
        return HeaderVerdict(HeaderRefused(header.number, header.time, header.digest(), reason))

    def post_batch(
        self,
        sender: Address,
        public: PublicInput,
        proof: bytes,
        attestation: Attestation | None = None,
    ) -> None:
        """Bring a batch, and its proof before it where the contract asks for nothing else: what it
        would refuse anyway costs no verification."""
        _require_someone(sender, Revert.NOT_OPERATOR)
        try:
            self._post(sender, public, attestation)
            return
        except Reverted as error:
            facts = self._facts.get(public.shape_class)
            if error.reason is not Revert.PROOF or facts is None:
                raise
        try:
            for receipt in facts.bring(public, proof, sender):
                self._paid("proof", receipt)
        except NotProved as error:
            raise Reverted(Revert.PROOF, str(error)) from error
        self._post(sender, public, attestation)

    def _post(self, sender: Address, public: PublicInput, attestation: Attestation | None) -> None:
        parts = (public.encode(), public.governance.encode(), public.book_before.encode())
        word_of = b"" if attestation is None else attestation.encode()
        self._send(sender, "post", *parts, packages_to_bytes(tuple(public.reports)), word_of)

    def announce_governance(
        self,
        sender: Address,
        governance: Governance,
        number: int,
        possession: Sequence[bytes] = (),
    ) -> int:
        """Announce parameters for batches from a number on; returns their earliest batch time."""
        marks = [mark for mark in assets_of(governance) if mark not in self._heard().tokens]
        tokens = [self._tokens(mark) for mark in marks]
        # A number below zero has passed as surely as that of genesis, and has no word.
        call = (governance.encode(), max(0, number), tokens, joined_proofs(possession))
        _require_someone(sender, Revert.NOT_GOVERNOR)
        receipt = self._send(sender, "announceGovernance", *call)
        return int(self._answer("announceGovernance", receipt))

    def announce_outpost(self, sender: Address, outpost: Outpost) -> int:
        """Let an outpost be heard once the governance delay is over; returns from when on."""
        _require_someone(sender, Revert.NOT_GOVERNOR)
        marks, caps = zip(*outpost.caps, strict=True)
        call = (word(outpost.chain), outpost.address, marks, caps)
        return int(self._answer("announceOutpost", self._send(sender, "announceOutpost", *call)))

    def take_in_from(
        self, sender: Address, chain: int, entries: Sequence[InboxEntry], attestation: Attestation
    ) -> int:
        """Take the next deposits of an outpost, as the committee attests to them."""
        data = b"".join(entry.encode() for entry in entries)
        receipt = self._send(sender, "takeInFrom", word(chain), data, attestation.encode())
        return int(self._answer("takeInFrom", receipt))

    def send(self, sender: Address, chain: int, asset: int, amount: int) -> OutboxEntry:
        """Let so much of the sender's pending balance out through an outpost."""
        receipt = self._send(sender, "send", word(chain), word(asset), word(amount))
        return outbox_entry_from_bytes(self._heard_in(receipt, "SentOut")[0]["entry"])

    def warp(self, milliseconds: int) -> int:
        """Move the clock on; returns the time it then shows, in whole units of the chain's."""
        if milliseconds < 0 or self.now() + milliseconds >= 1 << TIME_BITS:
            raise DevelopmentError(f"a clock moves on from 0 ms, inside {TIME_BITS} bits")
        units = -(-milliseconds // self._venue.unit)
        self._chain.set_time(self._chain.time() + units)
        return self.now()

    def mint(self, owner: Address, amount: int, asset: int = USDC) -> None:
        """Give an address test money, which it lets the contract take."""
        require_address(owner)
        require_asset(asset, self.governance)
        require_amount(amount, asset)
        token, unit = self._heard().tokens[asset]
        self._of_owner(token, owner, "mint", owner, amount * unit)
        if (token, owner) not in self._allowed:
            for taker in (self._venue.address, self._bond_at):
                self._of_owner(token, owner, "approve", taker, ALL_OF_IT)
            self._allowed.add((token, owner))

    def donate(self, sender: Address, amount: int) -> None:
        """Send money to the contract without telling it."""
        require_amount(amount)
        token, unit = self._heard().tokens[USDC]
        if self._balance(token, sender) < amount * unit:
            raise Reverted(Revert.BALANCE_TOO_SMALL, f"{amount} is not there")
        self._of_owner(token, sender, "transfer", self._venue.address, amount * unit)

    def mark(self) -> int:
        """Keep L1 as it is now; returns the name to go back by."""
        self._marked += 1
        self._marks[self._marked] = self._chain.checkpoint()
        self._marks.pop(self._marked - MARKS_MAX, None)
        return self._marked

    def reorganise(self, mark: int) -> None:
        """Forget all since the mark, later marks as well. The clock goes on."""
        if mark not in self._marks:
            raise DevelopmentError(f"checkpoint {mark} is not kept; the last {MARKS_MAX} are")
        self._chain.restore(self._marks[mark])
        self._marks = {each: kept for each, kept in self._marks.items() if each <= mark}
        self._allowed.clear()

    def _of_owner(self, token: Address, owner: Address, name: str, *arguments: object) -> None:
        self._chain.send(token, self._venue.token.call(name, *arguments), owner)

    def _send(self, sender: Address, name: str, *arguments: object) -> Receipt:
        return self._send_to(self._venue.address, self._venue.rollup, sender, name, *arguments)

    def _send_to(
        self,
        contract: Address,
        interface: Interface,
        sender: Address,
        name: str,
        *arguments: object,
    ) -> Receipt:
        require_address(sender)
        calldata = interface.call(name, *arguments)
        try:
            receipt = self._chain.send(contract, calldata, sender)
        except CallReverted as error:
            raise reverted(error.data) from error
        self._paid(name, receipt)
        return receipt

    def _answer(self, name: str, receipt: Receipt) -> Any:
        return self._venue.rollup.answer(name, receipt.data)[0]

    def _enqueued(self, receipt: Receipt) -> QueueEntry:
        """The entry that a call has queued, as the contract says it."""
        (said, *_) = self._heard_in(receipt, "DepositQueued")
        return entry_from_bytes(said["entry"])

    def _heard_in(self, receipt: Receipt, wanted: str) -> list[Mapping[str, Any]]:
        """What the contract said of one kind, in a transaction."""
        logs = [log for log in receipt.logs if log.address == self._venue.address]
        heard = filter(None, (self._venue.rollup.heard(log) for log in logs))
        return [said for name, said in heard if name == wanted]


def _require_someone(sender: Address, otherwise: Revert) -> None:
    """Revert for what is no address, in whose name nothing can be sent: it has no such office."""
    if len(sender) != OWNER_BYTES:
        raise Reverted(otherwise, f"an address is {OWNER_BYTES} bytes")


def _has_words(wanted: PrivateExit) -> bool:
    """Whether a call can say it: an address, a word, and 8 times 4 bytes, whatever they are."""
    words = wanted.nullifier
    are_words = isinstance(words, tuple) and len(words) == DIGEST_LENGTH
    return (
        isinstance(wanted.recipient, bytes)
        and len(wanted.recipient) == OWNER_BYTES
        and type(wanted.amount) is int
        and 0 <= wanted.amount < WORD
        and are_words
        and all(type(each) is int and 0 <= each < WORD_END for each in words)
    )


def joined_proofs(proofs: Sequence[bytes]) -> bytes:
    """Proofs of possession one behind the other, each in its place: what has not the length of one
    stands there as zeros, the point at infinity, which proves nothing."""
    nothing = bytes(MEMBER_SIGNATURE_BYTES)
    return b"".join(each if len(each) == len(nothing) else nothing for each in proofs)


def _words(words: Sequence[int]) -> list[int]:
    return [word(each) for each in words]


def reverted(data: bytes) -> Reverted | RefusedByPeer:
    """What a contract of the venue said as it refused: a reason of the list, or that it could not
    read what it was sent."""
    place = int.from_bytes(data[SELECTOR_BYTES:], "big")
    is_reason = data[:SELECTOR_BYTES] == REVERTED and len(data) == SELECTOR_BYTES + 32
    if is_reason and place < len(REVERTS):
        return Reverted(REVERTS[place])
    return RefusedByPeer(f"the contract refused with {data[:68].hex() or 'no word'}")
