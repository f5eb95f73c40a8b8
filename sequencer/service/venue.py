"""The venue in one process: L1's queue, admission, journal, core and batcher put together.

    envelopes -> admission -> journal -> core -> events -> batcher -> batch file -> prover -> L1

A daemon would do the same behind sockets and a clock; here the caller decides when.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rollup.crypto.envelope import EnvelopeReason, OpeningKey, SealingKey
from rollup.crypto.salt import SaltKey
from rollup.hash.many import CompressMany
from rollup.l1.interface import Address
from rollup.private import Private
from rollup.protocol.batch_codec import batch_to_bytes
from rollup.protocol.constants import DEPOSITS_MAX
from rollup.protocol.deposit import QUEUE_START
from rollup.protocol.encoding import digest_bytes
from rollup.protocol.genesis import Genesis
from rollup.protocol.header import header_of
from rollup.protocol.public import PublicInput
from rollup.protocol.units import VerifyMany
from sequencer.batches.artefacts import BatchFolder, VenueFolder
from sequencer.batches.batcher import Batcher, ClosedBatch, Due, Policy
from sequencer.batches.journal import Journal, identity_of
from sequencer.batches.ports import L1
from sequencer.engine.command import CloseBatch, Command, Deposits, OpenBatch, Submit
from sequencer.engine.core import new_state, refusal, step
from sequencer.engine.event import AnyReason, BatchClosed, Event
from sequencer.intake.admission import Admission, sender_of
from sequencer.service.facts import Fact, facts_of


@dataclass(frozen=True, slots=True, repr=False)
class Receipt(Private):
    """What its envelope did to the sender's own orders, and the reason if it got no further.

    Neither for padding.
    """

    facts: tuple[Fact, ...] = ()
    reason: AnyReason | EnvelopeReason | None = None


class Venue:
    """One venue, running. Owns its journal; `close` it when done."""

    def __init__(
        self,
        genesis: Genesis,
        folder: VenueFolder,
        l1: L1,
        operator: Address,
        salt_key: SaltKey,
        policy: Policy,
        *,
        compress_many: CompressMany,
        verify_many: VerifyMany,
    ) -> None:
        self.core = new_state(genesis, policy.shape_class)
        self.batcher = Batcher(
            genesis,
            salt_key,
            compress_many=compress_many,
            verify_many=verify_many,
            shape_class=policy.shape_class,
        )
        key = OpeningKey.generate()
        self.sealing_key: SealingKey = key.sealing_key()
        self._admission = Admission(
            key, self.core, compress_many=compress_many, verify_many=verify_many
        )
        self._folder = folder
        self._l1 = l1
        self._operator = operator
        self._policy = policy
        self._opened_ms = genesis.time
        self._facts: list[tuple[int, Fact]] = []
        self._journal = Journal(folder.journal, identity_of(genesis, policy.shape_class))

    def open_batch(self, time: int, prices: tuple[int, ...]) -> list[Event]:
        """Start the next batch and consume what L1 has queued, as far as a batch can."""
        self._opened_ms = self.core.time
        events = self._do(OpenBatch(self.core.number + 1, time, prices))
        consumed = self.core.deposits_consumed
        entries = tuple(self._l1.queue[consumed : consumed + DEPOSITS_MAX])
        return events + self._do(Deposits(entries)) if entries else events

    def submit(self, envelopes: Sequence[bytes]) -> list[Receipt]:
        """Admit, journal and apply envelopes in their order; a receipt for each."""
        receipts = []
        for verdict in self._admission.admit(envelopes, self.core.clock):
            command, reason = verdict.command, verdict.reason
            if isinstance(command, Submit):
                reason = refusal(self.core, command.signed.order)
            if command is None or reason is not None:
                receipts.append(Receipt(reason=reason))
                continue
            first = len(self._facts)
            self._do(command)
            sender = sender_of(command)
            own = tuple(fact for owner, fact in self._facts[first:] if owner == sender)
            receipts.append(Receipt(own))
        return receipts

    def take_facts(self) -> list[tuple[int, Fact]]:
        """What happened since the last call, each fact with the one account that may know it.

        These are all owners' private streams, in order. Kept until taken: whoever runs a venue
        takes them often.
        """
        taken, self._facts = self._facts, []
        return taken

    def due(self, now_ms: int) -> Due | None:
        """Why the open batch should close now, if it should: the windows of batches join up."""
        return self._policy.due(self.core, now_ms - self._opened_ms)

    def close_batch(self) -> ClosedBatch:
        """Close the batch: judged by the rules, its root journalled, its file written."""
        closed = self._do(CloseBatch())[-1]
        if not isinstance(closed, BatchClosed):
            raise TypeError("the core closes a batch with BatchClosed")
        batch = self.batcher.close(closed, self.core)
        self._journal.append_root(closed.number, digest_bytes(self.batcher.state.root))
        self._journal.sync()
        self.batch_folder(closed.number).write_batch(batch_to_bytes(batch.batch))
        return batch

    def post(self, public: PublicInput, proof: bytes) -> None:
        """Bring a bundle to L1, its header first. Raises Reverted with L1's reason."""
        count = public.deposits_before + len(public.deposits)
        queue_head = self._l1.queue_head(count) or QUEUE_START
        self._l1.commit_header(self._operator, header_of(public, queue_head))
        self._l1.post_batch(self._operator, public, proof)

    def batch_folder(self, number: int) -> BatchFolder:
        """Where a batch's files are."""
        return self._folder.batch(number)

    def close(self) -> None:
        """Make the journal durable and let go of it."""
        self._journal.close()

    def _do(self, command: Command) -> list[Event]:
        """Journal first, then the core: what it saw can always be replayed."""
        self._journal.append(command)
        events = step(self.core, command)
        self._facts += facts_of(events)
        return events
