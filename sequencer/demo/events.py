"""What a demonstration is asked for, and what it reports: records for a command line to render."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollup.hash.poseidon import Digest
from rollup.protocol.shape_class import CLASS_S, ShapeClass

if TYPE_CHECKING:
    from rollup.harness.left_venue import Exit


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """`data` is a feed's file, None for the synthetic market of `seed`.

    `batches` is None for as many as the feed lasts. `insecure_seed` derives every key from a
    number, so that roots can be reproduced; None draws them from the CSPRNG. `trades` are the most
    of a batch, None for what suits its shape class. Files go under `root`. `evm` is whether the
    last proof, if there are any, is brought to contracts as well.
    """

    root: Path
    batches: int | None = 3
    seed: int = 1
    data: Path | None = None
    insecure_seed: int | None = None
    traders: int = 32
    trades: int | None = None
    chain: int = 31337
    venue: int = 1
    shape_class: ShapeClass = CLASS_S
    proves: bool = True
    evm: bool = False


@dataclass(frozen=True, slots=True)
class MarketReady:
    """Keys are made, the contract is deployed, deposits are queued. Prices in ticks, of which a
    market's `decimals` stand behind the point. `skipped` counts what the feed holds beside trades,
    by kind. Sizes are the feed's over `divisors`. `proves` is whether batches will be proved."""

    feed: str
    symbols: tuple[str, ...]
    prices: tuple[int, ...]
    decimals: tuple[int, ...]
    traders: int
    queued: int
    root: Digest
    insecure: bool
    divisors: tuple[int, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    window_ms: int = 0
    windows: int | None = None
    shape_class: str = CLASS_S.name
    proves: bool = True


@dataclass(frozen=True, slots=True)
class BatchOpened:
    """A batch began: deposits were credited, of USDC in quanta and of tokens by symbol, or refused
    for the reasons counted."""

    number: int
    time: int
    prices: tuple[int, ...]
    credited: int
    credited_quanta: int
    refused: dict[str, int]
    credited_assets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BatchClosed:
    """A batch was matched, judged by the rules and written; counts and seconds of each stage.

    `matched` of `wanted` trades happened at the feed's price and size. `orders` are those that
    trade; `carried` of them rested before the batch. `refused` counts envelopes by reason.
    `left_out` counts trades of the window that a batch has no room for. The backstop took positions
    of `liquidated` accounts, worth `taken`, for `liquidation_fees`, and orders lots for
    `by_orders`, all in quanta; `withdrawn` is what owners may claim at L1, and `withdrawn_assets`
    tokens by symbol. `funding` is what longs of each future pay for the hour that is due, in 1 /
    RATE_SCALE of its price.
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
    left_out: int
    notional: int
    old_root: Digest
    new_root: Digest
    batch_bytes: int
    signing_s: float
    sequencing_s: float
    closing_s: float
    liquidated: int = 0
    taken: int = 0
    liquidation_fees: int = 0
    by_orders: int = 0
    withdrawn: int = 0
    withdrawn_assets: Mapping[str, str] = field(default_factory=dict)
    funding: Mapping[str, int] = field(default_factory=dict)


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
class Claimed:
    """Owners pulled what batches had granted them: USDC in quanta, tokens by symbol; and what is
    left under custody of each."""

    quanta: int
    custody: int
    assets: Mapping[str, str] = field(default_factory=dict)
    assets_under_custody: Mapping[str, str] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class EvmAbsent:
    """No EVM is here: what is lacking, and how to get it."""

    lacks: str


@dataclass(frozen=True, slots=True)
class EvmReady:
    """Contracts that verify proofs of a class were created on `engine`, for `gas` in all."""

    engine: str
    shape_class: str
    contracts: int
    gas: int
    seconds: float


@dataclass(frozen=True, slots=True)
class EvmTransaction:
    """What a transaction brings of a proof, bytes of its calldata, its gas; None if refused."""

    part: str
    calldata: int
    gas: int | None


@dataclass(frozen=True, slots=True)
class EvmTrial:
    """A proof was brought to contracts, in `transactions` up to the one that was refused: as it is,
    or with one bit changed, and `name` is of what.

    `proved` is whether they then say that it was verified. `on_chain` and `in_python` are why it
    was refused, empty if it was not: a reason, and after a colon the place, in the words of each.
    """

    name: str
    is_forged: bool
    transactions: tuple[EvmTransaction, ...]
    proved: bool
    on_chain: str
    in_python: str

    @property
    def calldata(self) -> int:
        """Bytes of all transactions."""
        return sum(each.calldata for each in self.transactions)

    @property
    def gas(self) -> int:
        """Of all transactions that were not refused."""
        return sum(each.gas or 0 for each in self.transactions)

    @property
    def is_as_wanted(self) -> bool:
        """Whether both accepted what is no forgery, or refused what is, for the same reason."""
        if not self.is_forged:
            return self.proved and not self.on_chain and not self.in_python
        reasons = [said.partition(": ")[0] for said in (self.on_chain, self.in_python)]
        return not self.proved and bool(reasons[0]) and reasons[0] == reasons[1]


@dataclass(frozen=True, slots=True)
class VenueLeft:
    """How people got their money out of a small venue whose operator went away: each call at the
    contracts, and whether a mock L1 answers all of them as they do."""

    exits: tuple["Exit", ...]
    as_mock: bool


DemoEvent = (
    MarketReady
    | BatchOpened
    | BatchClosed
    | ProofPhase
    | Proved
    | Posted
    | Claimed
    | ForgeryJudged
    | JournalReplayed
    | EvmAbsent
    | EvmReady
    | EvmTrial
    | VenueLeft
)
