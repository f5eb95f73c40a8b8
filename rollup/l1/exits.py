"""The calls by which owners take out what is theirs without the operator's leave: an exit through
the queue; and those that end a venue, and take out what is in it after that.

Spec: docs/spec/20-exits.md.
"""

from collections.abc import Callable

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.l1.checks import require_address, require_pinned, require_wanted
from rollup.l1.deployment import Deployment
from rollup.l1.escape import LeafOpening, Payout, is_payable, payout
from rollup.l1.freeze import is_overdue, pace, turn_of
from rollup.l1.interface import (
    AccountEscaped,
    Address,
    AssetEscaped,
    DepositQueued,
    EntryReclaimed,
    EscapedPrivately,
    EstateTook,
    ExitAnswered,
    Frozen,
    Revert,
    Reverted,
)
from rollup.l1.private_exit import (
    EXIT_CLASS,
    ExitStatement,
    ExitVerifier,
    PrivateExit,
    nullifier_of,
    require_wanted_exit,
)
from rollup.l1.sales import endow
from rollup.l1.state import ContractState, ContractView
from rollup.ports import VerificationError
from rollup.protocol.deposit import EntryKind, QueueEntry
from rollup.protocol.market_book import MarketBook
from rollup.protocol.public import PublicInput


class ExitingL1(ContractView):
    """A contract that can be frozen, and what is done with it then."""

    def __init__(
        self,
        state: ContractState,
        deployment: Deployment,
        clock: Callable[[], int],
        compress_many: CompressMany,
        exit_verifier: ExitVerifier | None = None,
    ) -> None:
        super().__init__(state)
        self._exit_verifier = exit_verifier
        self._deployment = deployment
        self._clock = clock
        self._compress_many = compress_many

    def _require_live(self) -> None:
        if self.is_frozen:
            raise Reverted(Revert.FROZEN, f"the venue ended with batch {self.proved_number}")

    def _require_frozen(self) -> None:
        if not self.is_frozen:
            raise Reverted(Revert.NOT_FROZEN, "the venue lives")

    def freeze(self, sender: Address) -> None:
        """End the venue, where something waited too long for a proof."""
        require_address(sender)
        self._require_live()
        if not is_overdue(self._clock(), self._deployment.freeze_after_ms, self._waits()):
            raise Reverted(Revert.NOT_OVERDUE, "nothing has waited long enough for a proof")
        self._end(sender)

    def _end(self, sender: Address) -> None:
        """The venue ends now, by this sender's call."""
        now, state = self._clock(), self._state
        state.exits.frozen_at = now
        state.events.append(Frozen(sender, self.proved_number, now))
        endow(state, self._deployment, now)

    def request_exit(self, sender: Address, account: int, amount: int) -> QueueEntry:
        """Queue what an owner wants out of an account. Whether the sender owns it is the batch's to
        find out. The stake is what a place in the queue costs: it comes back."""
        self._require_live()
        require_address(sender)
        require_wanted(amount)
        state = self._state
        entry = state.queue.exit(sender, account, amount)
        state.vault.enqueue(sender, self._deployment.least_deposit)
        state.queue.append(entry, self._clock())
        state.events.append(DepositQueued(entry))
        return entry

    def _waits(self) -> list[int]:
        """Since when the oldest entry waits that no proved batch consumed, and the oldest header
        that is not proved."""
        times, deployment = self._state.queue.times, self._deployment
        waits = [held.taken_at for held in self.tail[:1]]
        if self.consumed < len(times):
            each = pace(deployment.interval_ms, deployment.entries_least)
            waits.append(turn_of(times, self.consumed, each))
        return waits

    def reclaim(self, sender: Address, index: int) -> int:
        """Pay an entry back that no proved batch consumed, to its sender."""
        require_address(sender)
        self._require_frozen()
        state, queue = self._state, self._state.queue.entries
        is_waiting = type(index) is int and self.consumed <= index < len(queue)
        if not is_waiting or index in state.exits.reclaimed:
            raise Reverted(Revert.NOTHING_TO_RECLAIM, f"entry {index} waits for nothing")
        entry = queue[index]
        if entry.owner != sender:
            raise Reverted(Revert.NOT_OWNER, f"entry {index} is somebody else's")
        state.exits.reclaimed.add(index)
        is_exit = entry.kind is EntryKind.EXIT
        amount = self._deployment.least_deposit if is_exit else entry.amount
        if index in state.elsewhere.came:
            state.vault_of(entry.asset).owe_back(sender, amount)
        else:
            state.vault_of(entry.asset).give_back(sender, amount)
        state.events.append(EntryReclaimed(index, sender, entry.asset, amount))
        return amount

    def escape(self, sender: Address, leaf: LeafOpening, book: MarketBook) -> Payout:
        """Give the owner of an account what it has by the last root and book, once."""
        require_address(sender)
        self._require_frozen()
        if leaf.index in self._state.exits.escaped:
            raise Reverted(Revert.ESCAPED, f"account {leaf.index} has escaped")
        self._require_opened(sender, leaf, book)
        nullifier = nullifier_of(leaf.index, leaf.account.salt, self._compress_many)
        self._require_unspent(nullifier)
        paid = payout(leaf.account, book, self.governance)
        self._require_there(paid)
        self._state.exits.escaped.add(leaf.index)
        self._let_out(sender, leaf.index, paid, nullifier)
        return paid

    def escape_privately(
        self, sender: Address, wanted: PrivateExit, book: MarketBook, proof: bytes
    ) -> int:
        """Give a recipient what some account is worth, by a proof that does not say which, once."""
        require_address(sender)
        self._require_frozen()
        require_wanted_exit(wanted)
        self._require_unspent(wanted.nullifier)
        self._require_book_beside(book)
        verifier = self._pinned_exit_verifier()
        genesis = self._deployment.genesis
        known = (genesis.chain, genesis.venue, self.root, book, self.governance)
        try:
            verifier.verify(ExitStatement(*known, wanted), proof)
        except VerificationError as error:
            raise Reverted(Revert.PROOF, str(error)) from error
        self._pay_out(wanted.recipient, Payout(wanted.amount), wanted.nullifier)
        said = EscapedPrivately(wanted.nullifier, wanted.recipient, wanted.amount)
        self._state.events.append(said)
        return wanted.amount

    def _pinned_exit_verifier(self) -> ExitVerifier:
        """What proofs of private exits are held to: what was deployed."""
        pins = {each.shape_class: each for each in self._deployment.pins}
        if EXIT_CLASS not in pins or self._exit_verifier is None:
            raise Reverted(Revert.PIN_SHAPE, "no circuit of private exits is pinned")
        require_pinned(pins[EXIT_CLASS], self._exit_verifier.pins)
        return self._exit_verifier

    def _require_unspent(self, nullifier: Digest) -> None:
        """Either way spends what the other would."""
        if nullifier in self._state.exits.nullifiers:
            raise Reverted(Revert.ESCAPED, "the account with this nullifier has escaped")

    def _require_opened(self, sender: Address, leaf: LeafOpening, book: MarketBook) -> None:
        """The leaf is the sender's, and of the last root; and the book is that beside it."""
        if leaf.account.header.owner != sender:
            raise Reverted(Revert.NOT_OWNER, f"account {leaf.index} is somebody else's")
        self._require_book_beside(book)
        is_there = leaf.root(self._compress_many) == self.root
        if not is_there or not is_payable(leaf.account, book, self.governance):
            raise Reverted(Revert.WRONG_LEAF, f"account {leaf.index} is another one there")

    def _require_book_beside(self, book: MarketBook) -> None:
        """The book is that of the last root."""
        if book.digest() != self.book:
            detail = f"the last market book is {self.book.hex()}, not {book.digest().hex()}"
            raise Reverted(Revert.BOOK_BEFORE, detail)

    def _require_there(self, paid: Payout) -> None:
        """No asset leaves beyond what is under custody: a false root takes nothing of another."""
        for each in paid.assets:
            lots, there = each.lots + each.kept, self._state.vault_of(each.asset).custody
            if lots > there:
                detail = f"asset {each.asset}: {lots} would leave, of {there}"
                raise Reverted(Revert.GRANT_TOO_LARGE, detail)

    def _pay_out(self, owner: Address, paid: Payout, nullifier: Digest) -> None:
        """USDC of an escape is somebody's to withdraw, and its account has escaped."""
        state = self._state
        state.exits.nullifiers.add(nullifier)
        state.exits.debts, state.vault.custody = _left(state, paid)
        state.vault.owe(owner, paid.amount)

    def _let_out(self, owner: Address, account: int, paid: Payout, nullifier: Digest) -> None:
        """What is paid is the owner's to withdraw, and what is kept the estate's to sell."""
        state, now = self._state, self._clock()
        self._pay_out(owner, paid, nullifier)
        state.events.append(AccountEscaped(account, owner, paid.amount, nullifier))
        for each in paid.assets:
            state.vault_of(each.asset).release(owner, each.lots, each.kept)
            state.events.append(
                AssetEscaped(account, owner, each.asset, each.lots, each.kept, each.price)
            )
            if each.kept:
                state.estate.take(each.asset, each.kept, each.price, now)
                state.events.append(
                    EstateTook(self.proved_number, each.asset, each.kept, each.price)
                )


def answered(public: PublicInput) -> list[ExitAnswered]:
    """What became of the exits that a batch consumed."""
    exits = (each for each in public.deposits if each.entry.kind is EntryKind.EXIT)
    return [
        ExitAnswered(each.entry.index, each.entry.owner, each.entry.amount, each.outcome)
        for each in exits
    ]


def _left(state: ContractState, paid: Payout) -> tuple[int, int]:
    """Debts and custody of USDC after an escape. Their difference is what all accounts together
    that have not escaped have of it: it grows by what was kept, and falls by what is paid."""
    left = state.vault.custody - state.exits.debts + paid.covered - paid.amount
    return max(0, -left), max(0, left)
