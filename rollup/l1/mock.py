"""MockL1: the contract in plain Python, deterministic, without an EVM.

Money, queue, headers and schedule have rooms of their own; here are the calls, their order of
checks, and their events. Spec: docs/spec/09-l1.md.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy

from rollup.hash.many import CompressMany
from rollup.l1.bonds import BondedL1
from rollup.l1.checks import (
    require_address,
    require_amount,
    require_asset,
    require_book,
    require_deposit,
    require_keys,
    require_pinned,
    require_step,
)
from rollup.l1.committee import require_attested
from rollup.l1.deployment import Deployment, require_deployment
from rollup.l1.exits import answered
from rollup.l1.given import require_slot, signed_by, slot_of
from rollup.l1.headers import Head, HeaderChain
from rollup.l1.interface import (
    Address,
    BatchAccepted,
    DepositQueued,
    DepositRefunded,
    GovernanceAnnounced,
    GovernanceEnacted,
    HeaderRefused,
    HeaderTaken,
    HeaderVerdict,
    Refusal,
    ReportsGiven,
    Revert,
    Reverted,
    WithdrawalGranted,
    Withdrawn,
)
from rollup.l1.outposts import OutpostsL1
from rollup.l1.private_exit import EXIT_CLASS, ExitVerifier
from rollup.l1.queue import FULL, DepositQueue, QueueLimits
from rollup.l1.sales import buy, cover, take_in
from rollup.l1.schedule import Schedule, Scheduled, require_interval
from rollup.l1.state import ContractState
from rollup.oracle.package import SignedPackage
from rollup.ports import VerificationError, Verifier
from rollup.protocol.assets import USDC, assets_of
from rollup.protocol.committee import Attestation
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.header import BatchHeader, header_of
from rollup.protocol.market import Governance
from rollup.protocol.public import PublicInput

HELD = HeaderVerdict()


class MockL1(OutpostsL1, BondedL1):
    """One venue's contract, with a token ledger beside it. `clock` gives the L1 time in ms."""

    def __init__(
        self,
        deployment: Deployment,
        verifiers: Sequence[Verifier],
        clock: Callable[[], int],
        compress_many: CompressMany,
        limits: QueueLimits = FULL,
        exit_verifier: ExitVerifier | None = None,
    ) -> None:
        require_deployment(deployment, compress_many)
        self._verifiers = {each.pins.shape_class: each for each in verifiers}
        genesis = deployment.genesis
        head = Head(number=0, time=genesis.time, root=deployment.root, deposits=0)
        queue = DepositQueue(limits)
        headers, schedule = HeaderChain(head), Schedule(genesis.governance)
        state = ContractState(headers, schedule, genesis.book().digest(), queue)
        super().__init__(state, deployment, clock, compress_many, exit_verifier)

    def checkpoint(self) -> ContractState:
        """L1 as it is now, for `revert_to`. Not a call of the contract."""
        return deepcopy(self._state)

    def revert_to(self, checkpoint: ContractState) -> None:
        """Forget all since the checkpoint, as a reorganisation does. The clock goes on."""
        self._state = deepcopy(checkpoint)

    def mint(self, owner: Address, amount: int, asset: int = USDC) -> None:
        """Give an address test money, of USDC or of an asset. Not a call of the contract."""
        require_address(owner)
        require_asset(asset, self.governance)
        require_amount(amount, asset)
        vault = self._state.vault_of(asset)
        vault.wallets[owner] += amount
        self._state.keep(vault)

    def donate(self, sender: Address, amount: int) -> None:
        """Send money to the contract without telling it."""
        require_amount(amount)
        self._state.vault.take(sender, amount)

    def register(
        self,
        sender: Address,
        key_words: Sequence[int],
        viewing_words: Sequence[int],
        amount: int,
        asset: int = USDC,
    ) -> QueueEntry:
        """Queue the registration of the sender's own account, with a first deposit."""
        self._require_live()
        require_address(sender)
        key, viewing = require_keys(key_words, viewing_words)
        self._require_deposit(amount, asset)
        return self._enqueue(self._state.queue.registration(sender, key, viewing, amount, asset))

    def credit(self, sender: Address, account: int, amount: int, asset: int = USDC) -> QueueEntry:
        """Queue a deposit into an assigned account."""
        self._require_live()
        require_address(sender)
        self._require_deposit(amount, asset)
        return self._enqueue(self._state.queue.credit(sender, account, amount, asset))

    def rotate(
        self,
        sender: Address,
        account: int,
        key_words: Sequence[int],
        viewing_words: Sequence[int],
        amount: int,
    ) -> QueueEntry:
        """Queue another key for an assigned account, with a deposit into it. Whether the sender
        owns the account is the batch's to find out: L1 does not know the headers."""
        self._require_live()
        require_address(sender)
        key, viewing = require_keys(key_words, viewing_words)
        self._require_deposit(amount)
        return self._enqueue(self._state.queue.rotation(sender, account, key, viewing, amount))

    def _require_deposit(self, amount: int, asset: int = USDC) -> None:
        require_deposit(amount, asset, self._deployment.least_deposit, self.governance)

    def _enqueue(self, entry: QueueEntry) -> QueueEntry:
        """Money first, since it can revert; then the entry."""
        self._state.vault_of(entry.asset).enqueue(entry.owner, entry.amount)
        self._state.queue.append(entry, self._clock())
        self._state.events.append(DepositQueued(entry))
        return entry

    def withdraw(self, sender: Address, asset: int = USDC) -> int:
        """Pay the sender's pending balance, of USDC or of an asset."""
        require_address(sender)
        require_asset(asset, self.governance)
        state = self._state
        amount = state.vault_of(asset).pay(sender, *state.not_here(asset))
        self._state.events.append(Withdrawn(sender, asset, amount))
        return amount

    def buy(self, sender: Address, asset: int, lots: int, most: int) -> int:
        """Sell lots that the estate has, for what they cost now."""
        require_address(sender)
        require_asset(asset, self.governance)
        require_amount(lots, asset)
        return buy(self._state, self._deployment, self._clock(), (sender, asset, lots, most))

    def cover(self, sender: Address, amount: int) -> None:
        """Take money for what the estate lacks."""
        require_address(sender)
        require_amount(amount)
        cover(self._state, sender, amount)

    def give_reports(self, sender: Address, reports: Sequence[SignedPackage]) -> int:
        """Hold signed reports of one slot, from now on, against headers that call it missing."""
        self._require_live()
        require_address(sender)
        now, given = self._clock(), self._state.given
        slot, wanted = slot_of(reports), self._state.wanted(now)
        governance = self._state.schedule.entry_for(self.head_number + 1, now).governance
        require_slot(slot, governance, now, wanted)
        if not given.has_room(slot, wanted):
            raise Reverted(Revert.REPORT_STALE, f"older slots are held, and no more than {slot}")
        by_whom = signed_by(reports, governance, slot)
        pairs = zip(reports, by_whom, strict=True)
        added = [market for report, (market, signer) in pairs if given.hold(report, signer, now)]
        given.forget(wanted)
        for market in sorted(set(added)):
            held = given.signers(governance.oracle.feeds[market].feed, slot, now + 1)
            self._state.events.append(ReportsGiven(slot, market, len(held)))
        return len(added)

    def commit_header(self, sender: Address, header: BatchHeader) -> HeaderVerdict:
        """Hold a closed batch to its content, or put on record why it cannot be held."""
        self._require_live()
        self._require_operator(sender)
        headers, digest, now = self._state.headers, header.digest(), self._clock()
        if headers.holds(header, digest):
            return HELD
        headers.require_next(header)
        self._require_on_grid(header)
        terms = self._state.schedule.entry_of(header)
        ahead = terms.governance.clock_ahead_ms
        if header.time > now + ahead:
            raise Reverted(Revert.CLOCK_AHEAD, f"{header.time} is more than {ahead} ms after {now}")
        recorded = headers.refused.get(digest)
        if recorded is not None and not header.redo:
            return HeaderVerdict(recorded)
        is_late = header.time < now - terms.governance.clock_behind_ms
        is_called = headers.require_redo(header, is_late)
        headers.require_proofs(now, self._deployment.proof_deadline_ms)
        reason = self._judge(header, terms, is_late, now)
        if reason is None:
            if header.redo and not is_called:
                self._refuse(header, digest, Refusal.CLOCK_BEHIND, now)
            return self._take(header, digest, now)
        return HeaderVerdict(recorded or self._refuse(header, digest, reason, now))

    def _require_on_grid(self, header: BatchHeader) -> None:
        """The time is a place of the venue's grid. A redo has the time that it had."""
        interval, start = self._deployment.interval_ms, self._deployment.genesis.time
        if (header.time - start) % interval:
            detail = f"batches end every {interval} ms after {start}, none at {header.time}"
            raise Reverted(Revert.OFF_GRID, detail)

    def _judge(
        self, header: BatchHeader, terms: Scheduled, is_late: bool, now: int
    ) -> Refusal | None:
        """Why an honest operator, too, could find its closed batch impossible to hold."""
        count = header.deposits_before + header.deposits
        if header.governance != terms.digest:
            return Refusal.GOVERNANCE
        if header.queue_head != self._state.queue.head(count):
            return Refusal.DEPOSIT_NOT_QUEUED
        if is_late and not header.redo:
            return Refusal.CLOCK_BEHIND
        if self._state.given.withheld(header, terms.governance, now):
            return Refusal.REPORT_WITHHELD
        if self._holds_back(header, count):
            return Refusal.QUEUE_HELD_BACK
        return None

    def _holds_back(self, header: BatchHeader, count: int) -> bool:
        """Whether the batch leaves an entry that had waited too long when it ended, and takes fewer
        than any batch has room for."""
        since = self._state.queue.waits_since(count)
        if since is None or header.deposits >= self._deployment.entries_least:
            return False
        return header.time - since > self._deployment.entry_wait_ms

    def _take(self, header: BatchHeader, digest: bytes, now: int) -> HeaderVerdict:
        self._state.headers.take(header, digest, now)
        self._state.events.append(HeaderTaken(header.number, header.time, digest))
        if self._state.schedule.use(header):
            self._state.events.append(GovernanceEnacted(header.governance, header.number))
        self._state.given.forget(self._state.wanted(now))
        return HELD

    def _refuse(
        self, header: BatchHeader, digest: bytes, reason: Refusal, now: int
    ) -> HeaderRefused:
        refusal = self._state.headers.refuse(header, digest, reason, now)
        self._state.events.append(refusal)
        return refusal

    def post_batch(
        self,
        sender: Address,
        public: PublicInput,
        proof: bytes,
        attestation: Attestation | None = None,
    ) -> None:
        """Check everything about a batch, its proof last; then advance the root."""
        self._require_live()
        self._require_operator(sender)
        verifier = self._verifier_for(public.shape_class)
        self._require_header(public)
        self._require_venue(public)
        self._require_deposits(public)
        self._require_book(public)
        require_attested(public, attestation)
        try:
            verifier.verify(public, proof)
        except VerificationError as error:
            raise Reverted(Revert.PROOF, str(error)) from error
        self._advance(public)

    def _require_operator(self, sender: Address) -> None:
        if sender != self._deployment.operator:
            raise Reverted(Revert.NOT_OPERATOR, "only the operator brings headers and proofs")

    def _verifier_for(self, shape_class: str) -> Verifier:
        """The verifier of the class that a batch says it is of: that is pinned, and the one at hand
        is the one that was deployed."""
        pins = {each.shape_class: each for each in self._deployment.pins}
        is_of_batches = shape_class in pins and shape_class != EXIT_CLASS
        if not is_of_batches or shape_class not in self._verifiers:
            detail = f"{', '.join(pins)} are pinned, and class {shape_class} has no verifier"
            raise Reverted(Revert.PIN_SHAPE, detail)
        verifier = self._verifiers[shape_class]
        require_pinned(pins[shape_class], verifier.pins)
        return verifier

    def _require_header(self, public: PublicInput) -> None:
        """The batch is the oldest of the tail, and is what its header said, whole."""
        number = self.proved_number + 1
        if public.number != number:
            raise Reverted(Revert.WRONG_NUMBER, f"batch {number} is next, not {public.number}")
        if not self._state.headers.tail:
            raise Reverted(Revert.NO_HEADER, f"batch {number} has no header")
        held = self._state.headers.tail[0]
        found = header_of(public, held.header.queue_head).digest()
        if found != held.digest:
            raise Reverted(
                Revert.HEADER_DIFFERS, f"batch {number} is {held.digest.hex()}, not {found.hex()}"
            )

    def _require_venue(self, public: PublicInput) -> None:
        """The batch is of this venue: no header says so."""
        genesis = self._deployment.genesis
        if (public.chain, public.venue) != (genesis.chain, genesis.venue):
            raise Reverted(
                Revert.WRONG_VENUE,
                f"chain {genesis.chain} venue {genesis.venue}, "
                f"not chain {public.chain} venue {public.venue}",
            )

    def _require_deposits(self, public: PublicInput) -> None:
        """The entries are those of the queue; the total grows by those credited and falls by what
        is withdrawn."""
        queue = self._state.queue.entries
        for place, deposit in enumerate(public.deposits, self.consumed):
            if place >= len(queue) or queue[place] != deposit.entry:
                raise Reverted(Revert.DEPOSIT_NOT_QUEUED, f"entry {place} is not in the queue")
        if public.total_before != self.custody:
            grown = f"{self.custody} + {public.credited} + {public.estate_paid}"
            changes = f"{grown} - {public.withdrawn} quanta"
            raise Reverted(Revert.TOTAL, f"{changes} are under custody, not {public.total}")
        for mark in assets_of(public.governance):
            self._state.vault_of(mark).require_covers(public)

    def _require_book(self, public: PublicInput) -> None:
        """The prices go on from the book that is proved, by the reports, and so does its step."""
        require_book(public, self.book)
        require_step(public)

    def _advance(self, public: PublicInput) -> None:
        """Take over the new root, settle the deposits, and make refunds and what the batch grants
        withdrawable."""
        state = self._state
        state.book = public.book_after.digest()
        state.headers.prove()
        for vault in (state.vault, *state.assets.values()):
            vault.settle(public, self._deployment.least_deposit)
        for deposit in public.deposits:
            state.queue.settle(deposit)
        state.events.append(
            BatchAccepted(public.number, public.time, public.old_root, public.new_root)
        )
        for refund in public.refunds:
            entry = refund.entry
            state.events.append(
                DepositRefunded(entry.index, entry.owner, entry.asset, entry.amount, refund.outcome)
            )
        state.events += answered(public)
        take_in(state, public, self._clock())
        for place, granted in enumerate(public.withdrawals):
            state.events.append(
                WithdrawalGranted(
                    public.number, place, granted.owner, granted.asset, granted.amount
                )
            )

    def announce_governance(
        self,
        sender: Address,
        governance: Governance,
        number: int,
        possession: Sequence[bytes] = (),
    ) -> int:
        """Announce parameters for batches from a number on; returns their earliest batch time."""
        self._require_live()
        if sender != self._deployment.governor:
            raise Reverted(Revert.NOT_GOVERNOR, "only the governor announces parameters")
        if type(number) is not int or number <= self.head_number:
            raise Reverted(
                Revert.NUMBER_PASSED, f"batch {self.head_number} has a header; {number} is too late"
            )
        require_interval(governance, self._deployment.interval_ms)
        delay = self._deployment.governance_delay
        scheduled = self._state.schedule.announce(
            governance, number, self._clock(), delay, possession
        )
        self._state.events.append(GovernanceAnnounced(governance, number, scheduled.valid_from))
        return scheduled.valid_from
