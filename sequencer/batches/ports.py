"""Ports: what the venue asks of the world. Real ones are bound where a program is put together."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from rollup.l1.interface import Address, HeaderVerdict, HeldHeader
from rollup.oracle.package import SignedPackage
from rollup.protocol.committee import Attestation
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.header import BatchHeader
from rollup.protocol.market import Governance
from rollup.protocol.public import PublicInput

Progress = Callable[[str], None]
"""Called with one line on each phase as it begins."""


class L1Pending(Exception):
    """L1 was not heard of what was asked yet. Nothing has changed: ask again later."""


class L1(Protocol):
    """The side of L1 that the venue reads and writes: a part of `rollup.l1.interface.L1`.

    An L1 that is not in this process may raise L1Pending instead of an answer.
    """

    def queue_from(self, first: int, count: int) -> Sequence[QueueEntry]:
        """At most `count` queued deposits, from index `first` on."""

    def given_reports(self, slot: int) -> Sequence[SignedPackage]:
        """Signed reports of a slot that anybody gave L1: a batch that has none of them can be
        refused for it."""

    @property
    def head_number(self) -> int:
        """Number of the last batch whose header is held."""

    @property
    def proved_number(self) -> int:
        """Number of the last batch that is proved."""

    @property
    def tail(self) -> Sequence[HeldHeader]:
        """Headers that wait for their proofs, oldest first."""

    def wants_redo(self, number: int, time: int) -> bool:
        """Whether a batch of this number and time must be made anew."""

    def header_digest(self, number: int) -> bytes | None:
        """Digest of the header held under a number."""

    def governance_for(self, number: int, time: int) -> Governance:
        """The parameters in force for a batch of this number and time."""

    def commit_header(self, sender: Address, header: BatchHeader) -> HeaderVerdict:
        """Hold a closed batch to its content, before there is a proof."""

    def post_batch(
        self,
        sender: Address,
        public: PublicInput,
        proof: bytes,
        attestation: Attestation | None = None,
    ) -> None:
        """Advance the state root, or raise Reverted with a reason."""


class ReportingProver(Protocol):
    """`rollup.ports.Prover`, with a word on its way."""

    def prove(self, batch: bytes, folder: Path, progress: Progress) -> PublicInput:
        """Prove `batch.msgpack`; write public/ and private/meta.json into `folder`.

        Raises CodecError for bytes that are no batch and Rejected for one that breaks a rule.
        """
