"""What a demonstration is asked for, and what it reports: records for a command line to render."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rollup.hash.poseidon import Digest

TRADES_DEFAULT = 112
"""Trades of a batch: below the 128 that a batch can hold, with room for what was not planned."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """`data` is a feed's file, None for the synthetic market of `seed`.

    `insecure_seed` derives every key from a number, so that roots can be reproduced; None draws
    them from the CSPRNG. Files go under `root`.
    """

    root: Path
    batches: int = 3
    seed: int = 1
    data: Path | None = None
    insecure_seed: int | None = None
    traders: int = 32
    trades: int = TRADES_DEFAULT
    chain: int = 31337
    venue: int = 1


@dataclass(frozen=True, slots=True)
class MarketReady:
    """Keys are made, the contract is deployed, deposits are queued. Prices in ticks, of which a
    market's `decimals` stand behind the point."""

    feed: str
    symbols: tuple[str, ...]
    prices: tuple[int, ...]
    decimals: tuple[int, ...]
    traders: int
    queued: int
    root: Digest
    insecure: bool


@dataclass(frozen=True, slots=True)
class BatchOpened:
    """A batch began: deposits were credited, or refused for the reasons counted."""

    number: int
    time: int
    prices: tuple[int, ...]
    credited: int
    credited_quanta: int
    refused: dict[str, int]


@dataclass(frozen=True, slots=True)
class BatchClosed:
    """A batch was matched, judged by the rules and written; counts and seconds of each stage.

    `matched` of `wanted` trades happened at the feed's price and size. `carried` orders had fills
    in an earlier batch too. `refused` counts envelopes by reason.
    """

    number: int
    envelopes: int
    envelope_bytes: int
    cancels: int
    refused: dict[str, int]
    orders: int
    fills: int
    carried: int
    accounts: int
    wanted: int
    matched: int
    notional: int
    old_root: Digest
    new_root: Digest
    batch_bytes: int
    signing_s: float
    sequencing_s: float
    closing_s: float


@dataclass(frozen=True, slots=True)
class ProofPhase:
    """The prover said something."""

    number: int
    line: str


@dataclass(frozen=True, slots=True)
class Proved:
    """A proof exists; `meta` is what the prover wrote about it (parameter_set, bits, cells...)."""

    number: int
    seconds: float
    proof_bytes: int
    folder: Path
    meta: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Posted:
    """L1 verified the proof and answered: `reverted` is empty if the root advanced."""

    number: int
    verify_ms: float
    root: Digest
    custody: int
    reverted: str

    @property
    def accepted(self) -> bool:
        """Whether L1 took the batch."""
        return not self.reverted


@dataclass(frozen=True, slots=True)
class ForgeryJudged:
    """A forged version of the last batch; `refused_by` is empty if nobody refused it."""

    name: str
    sentence: str
    refused_by: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class JournalReplayed:
    """The journal gave the same roots again."""

    path: Path
    batches: int
    root: Digest


DemoEvent = (
    MarketReady
    | BatchOpened
    | BatchClosed
    | ProofPhase
    | Proved
    | Posted
    | ForgeryJudged
    | JournalReplayed
)
