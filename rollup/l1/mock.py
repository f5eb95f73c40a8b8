"""MockL1: the contract in plain Python, deterministic, without an EVM.

Its own counters say what it owes: custody of the rollup, deposits still queued, and pending
balances. What it holds is never less; a donated unit makes it more, which breaks nothing.
Spec: docs/spec/09-l1.md.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rollup.hash.poseidon import Digest
from rollup.l1.interface import (
    Address,
    BatchAccepted,
    DepositQueued,
    DepositRefunded,
    Event,
    GovernanceAnnounced,
    GovernanceEnacted,
    Revert,
    Reverted,
    Withdrawn,
)
from rollup.ports import Pins, VerificationError, Verifier
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    AMOUNT_BITS,
    CASH_BITS,
    DIGEST_LENGTH,
    OWNER_BYTES,
    QUEUE_BITS,
)
from rollup.protocol.deposit import KEY_WORDS, NO_KEY, NO_VIEWING, EntryKind, QueueEntry
from rollup.protocol.encoding import hex_digest
from rollup.protocol.genesis import FIRST_ACCOUNT, Genesis
from rollup.protocol.public import PublicInput

GOVERNANCE_DIGEST_BYTES = 32
WORD_END = 2**32


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the contract is created with. Times in ms; `root` is the state root of `genesis`.

    Deposits that no batch has consumed yet have the whole delay to leave or adapt, so a longer
    `governance_delay` is safer.
    """

    genesis: Genesis
    root: Digest
    pins: Pins
    operator: Address
    governor: Address
    governance_delay: int


class MockL1:
    """One venue's contract, with a token ledger beside it. `clock` gives the L1 time in ms."""

    def __init__(
        self, deployment: Deployment, verifier: Verifier, clock: Callable[[], int]
    ) -> None:
        _require_address(deployment.operator)
        _require_address(deployment.governor)
        self._deployment = deployment
        self._verifier = verifier
        self._clock = clock
        self.root = deployment.root
        self.number = 0
        self.time = deployment.genesis.time
        self.governance_digest = deployment.genesis.governance.digest()
        self.announced: GovernanceAnnounced | None = None
        self.queue: list[QueueEntry] = []
        self.consumed = 0
        self.accounts: dict[Address, int] = {}
        self.next_account = FIRST_ACCOUNT
        self.custody = 0
        self.queued = 0
        self.pending: defaultdict[Address, int] = defaultdict(int)
        self.funds = 0
        self.wallets: defaultdict[Address, int] = defaultdict(int)
        self.events: list[Event] = []

    @property
    def owed(self) -> int:
        """Quanta the contract owes by its own counters; never more than `funds`."""
        return self.custody + self.queued + sum(self.pending.values())

    def mint(self, owner: Address, amount: int) -> None:
        """Give an address test money. Not a call of the contract."""
        _require_address(owner)
        _require_amount(amount, 1)
        self.wallets[owner] += amount

    def donate(self, sender: Address, amount: int) -> None:
        """Send money to the contract without telling it."""
        _require_amount(amount, 1)
        self._take(sender, amount)

    def register(
        self,
        sender: Address,
        key_words: Sequence[int],
        viewing_words: Sequence[int],
        amount: int,
    ) -> QueueEntry:
        """Queue the registration of the sender's own account, with a first deposit."""
        _require_address(sender)
        _require_words("key", key_words, KEY_WORDS)
        _require_words("viewing commitment", viewing_words, DIGEST_LENGTH)
        _require_amount(amount, 0)
        account = self.accounts.get(sender, self.next_account)
        if account >= 1 << ACCOUNT_BITS:
            raise Reverted(Revert.ACCOUNTS_FULL, "every account index is assigned")
        entry = self._enqueue(
            EntryKind.REGISTER, account, sender, tuple(key_words), tuple(viewing_words), amount
        )
        self.accounts[sender] = account
        self.next_account = max(self.next_account, account + 1)
        return entry

    def credit(self, sender: Address, account: int, amount: int) -> QueueEntry:
        """Queue a deposit into an assigned account."""
        _require_address(sender)
        _require_amount(amount, 1)
        if type(account) is not int or not 0 <= account < self.next_account:
            raise Reverted(Revert.UNKNOWN_ACCOUNT, f"account {account} was never assigned")
        return self._enqueue(EntryKind.CREDIT, account, sender, NO_KEY, NO_VIEWING, amount)

    def _enqueue(
        self,
        kind: EntryKind,
        account: int,
        sender: Address,
        key_words: tuple[int, ...],
        viewing_words: tuple[int, ...],
        amount: int,
    ) -> QueueEntry:
        if len(self.queue) >= (1 << QUEUE_BITS) - 1:
            raise Reverted(Revert.QUEUE_FULL, "the queue's counter is used up")
        if self.custody + self.queued + amount >= 1 << CASH_BITS:
            raise Reverted(Revert.CUSTODY_FULL, "the total would not fit 64 bits")
        entry = QueueEntry(len(self.queue), kind, account, sender, key_words, viewing_words, amount)
        self._take(sender, amount)
        self.queue.append(entry)
        self.queued += amount
        self.events.append(DepositQueued(entry))
        return entry

    def _take(self, sender: Address, amount: int) -> None:
        held = self.wallets.get(sender, 0)
        if held < amount:
            raise Reverted(Revert.BALANCE_TOO_SMALL, f"{amount} quanta of {held} held")
        self.wallets[sender] -= amount
        self.funds += amount

    def post_batch(self, sender: Address, public: PublicInput, proof: bytes) -> None:
        """Check everything about a batch, its proof last; then advance the root."""
        if sender != self._deployment.operator:
            raise Reverted(Revert.NOT_OPERATOR, "only the operator posts batches")
        self._require_pins()
        self._require_next(public)
        self._require_clock(public)
        self._require_deposits(public)
        try:
            self._verifier.verify(public, proof)
        except VerificationError as error:
            raise Reverted(Revert.PROOF, str(error)) from error
        self._advance(public)

    def _require_pins(self) -> None:
        """The verifier at hand is the one that was deployed."""
        pinned, found = self._deployment.pins, self._verifier.pins
        checks = (
            (Revert.PIN_CIRCUIT, pinned.circuit.hex(), found.circuit.hex()),
            (Revert.PIN_PARAMETERS, pinned.parameter_set, found.parameter_set),
            (Revert.PIN_SHAPE, pinned.shape_class, found.shape_class),
        )
        for reason, want, got in checks:
            if want != got:
                raise Reverted(reason, f"{want} is pinned, the verifier is for {got}")

    def _require_next(self, public: PublicInput) -> None:
        """The batch is of this venue and its parameters, and follows the current root."""
        genesis = self._deployment.genesis
        if (public.chain, public.venue) != (genesis.chain, genesis.venue):
            raise Reverted(
                Revert.WRONG_VENUE,
                f"chain {genesis.chain} venue {genesis.venue}, "
                f"not chain {public.chain} venue {public.venue}",
            )
        if public.governance.digest() != self.governance_digest:
            raise Reverted(Revert.GOVERNANCE, "the batch's parameters are not those in force")
        if public.number != self.number + 1:
            raise Reverted(
                Revert.WRONG_NUMBER, f"batch {self.number + 1} is next, not {public.number}"
            )
        if public.old_root != self.root:
            raise Reverted(Revert.OLD_ROOT, f"the root is {hex_digest(self.root)}")

    def _require_clock(self, public: PublicInput) -> None:
        """The batch's time moves on and is near the L1's own."""
        if public.time <= self.time:
            raise Reverted(Revert.CLOCK_NOT_ADVANCED, f"{public.time} is not after {self.time}")
        now = self._clock()
        if public.time < now - public.governance.clock_behind_ms:
            raise Reverted(Revert.CLOCK_BEHIND, f"{public.time} is too far before {now}")
        if public.time > now + public.governance.clock_ahead_ms:
            raise Reverted(Revert.CLOCK_AHEAD, f"{public.time} is too far after {now}")

    def _require_deposits(self, public: PublicInput) -> None:
        """The entries are exactly the next of the queue, and the total grows by those credited."""
        if public.deposits_before != self.consumed:
            raise Reverted(
                Revert.DEPOSITS_SKIPPED,
                f"entry {self.consumed} is next, not {public.deposits_before}",
            )
        for place, deposit in enumerate(public.deposits, self.consumed):
            if place >= len(self.queue) or self.queue[place] != deposit.entry:
                raise Reverted(Revert.DEPOSIT_NOT_QUEUED, f"entry {place} is not in the queue")
        if public.total != self.custody + public.credited:
            raise Reverted(
                Revert.TOTAL,
                f"{self.custody} + {public.credited} quanta are under custody, not {public.total}",
            )

    def _advance(self, public: PublicInput) -> None:
        """Take over the new root, move deposits into custody, and make refunds withdrawable."""
        self.events.append(
            BatchAccepted(public.number, public.time, public.old_root, public.new_root)
        )
        self.root, self.number, self.time = public.new_root, public.number, public.time
        self.consumed += len(public.deposits)
        self.queued -= sum(deposit.entry.amount for deposit in public.deposits)
        self.custody = public.total
        for refund in public.refunds:
            entry = refund.entry
            self.pending[entry.owner] += entry.amount
            self.events.append(
                DepositRefunded(entry.index, entry.owner, entry.amount, refund.outcome)
            )

    def withdraw(self, sender: Address) -> int:
        """Pay the sender's pending balance."""
        _require_address(sender)
        amount = self.pending.get(sender, 0)
        if amount == 0:
            raise Reverted(Revert.NOTHING_TO_WITHDRAW, "no pending balance")
        del self.pending[sender]
        self.funds -= amount
        self.wallets[sender] += amount
        self.events.append(Withdrawn(sender, amount))
        return amount

    def announce_governance(self, sender: Address, digest: bytes) -> int:
        """Announce new parameters by digest; a later announcement replaces an earlier one."""
        if sender != self._deployment.governor:
            raise Reverted(Revert.NOT_GOVERNOR, "only the governor announces parameters")
        if not isinstance(digest, bytes) or len(digest) != GOVERNANCE_DIGEST_BYTES:
            raise Reverted(Revert.BAD_DIGEST, f"{GOVERNANCE_DIGEST_BYTES} bytes are wanted")
        valid_from = self._clock() + self._deployment.governance_delay
        self.announced = GovernanceAnnounced(digest, valid_from)
        self.events.append(self.announced)
        return valid_from

    def enact_governance(self) -> None:
        """Make the announced parameters valid, once their delay is over."""
        if self.announced is None:
            raise Reverted(Revert.NOTHING_ANNOUNCED, "no parameters are announced")
        if self._clock() < self.announced.valid_from:
            raise Reverted(Revert.DELAY_NOT_OVER, f"valid from {self.announced.valid_from}")
        self.governance_digest = self.announced.digest
        self.announced = None
        self.events.append(GovernanceEnacted(self.governance_digest))


def _require_address(address: object) -> None:
    if not isinstance(address, bytes) or len(address) != OWNER_BYTES:
        raise Reverted(Revert.BAD_ADDRESS, f"an address is {OWNER_BYTES} bytes")


def _require_amount(amount: object, least: int) -> None:
    if type(amount) is not int or not least <= amount < 1 << AMOUNT_BITS:
        raise Reverted(
            Revert.BAD_AMOUNT, f"from {least} to 2^{AMOUNT_BITS} - 1 quanta, not {amount}"
        )


def _require_words(name: str, words: Sequence[int], count: int) -> None:
    if len(words) != count or not all(type(w) is int and 0 <= w < WORD_END for w in words):
        raise Reverted(Revert.BAD_WORDS, f"a {name} is {count} words of 32 bits")
