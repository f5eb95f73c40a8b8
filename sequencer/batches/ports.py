"""Ports: what the venue asks of the world. Real ones are bound where a program is put together."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from rollup.l1.interface import Address, HeaderVerdict
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.header import BatchHeader
from rollup.protocol.public import PublicInput

Progress = Callable[[str], None]
"""Called with one line on each phase as it begins."""


class L1(Protocol):
    """The side of L1 that the venue reads and writes."""

    @property
    def queue(self) -> Sequence[QueueEntry]:
        """All deposits ever queued, in order."""

    def queue_head(self, count: int) -> bytes | None:
        """The queue's hash chain after `count` entries; None where the queue is shorter."""

    def commit_header(self, sender: Address, header: BatchHeader) -> HeaderVerdict:
        """Hold a closed batch to its content, or raise Reverted with a reason."""

    def post_batch(self, sender: Address, public: PublicInput, proof: bytes) -> None:
        """Advance the state root, or raise Reverted with a reason."""


class ReportingProver(Protocol):
    """`rollup.ports.Prover`, with a word on its way."""

    def prove(self, batch: bytes, folder: Path, progress: Progress) -> PublicInput:
        """Prove `batch.msgpack`; write public/ and private/meta.json into `folder`.

        Raises CodecError for bytes that are no batch and Rejected for one that breaks a rule.
        """
