"""What a stress test measures: a row of figures for each batch, and what they come to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rollup.protocol.constants import COLLATERAL_DECIMALS
from rollup.protocol.encoding import hex_digest
from rollup.protocol.market import Market
from sequencer.stress.candles import moment
from sequencer.stress.queue import Comparison

QUANTA = 10**COLLATERAL_DECIMALS


@dataclass(frozen=True, slots=True)
class ProofFigures:
    """A proof of a batch that L1 took, since its verifier accepts it; `verify_ms` is how long L1
    took."""

    seconds: float
    proof_bytes: int
    verify_ms: float
    bits: float


@dataclass(slots=True)
class BatchFigures:
    """One batch; money in quanta, prices in ticks, open interest in lots of one side, by market.

    `liquidated` counts accounts, `first_time` those of them that never were before, `takeovers`
    what was taken of them, by the backstop `taken` worth of it, by orders `by_orders`;
    `deleveraged` counts positions that lost `closed` worth of lots because it could carry no more.
    `refreshed` are opened for new triggers alone. `due` are the accounts that are below maintenance
    margin as the batch ends, the backstop among them, and `is_closed` says that nobody keeps its
    step open; `least` is the least equity of any account, and `clamped` the markets whose price
    could not go as far as its reports.
    `is_conserved` says that all cash is what L1 has in custody, and that sizes sum to nothing.
    `queue` says whom another rule would have deleveraged, where somebody was.
    """

    number: int
    shape_class: str
    time: int
    prices: tuple[int, ...]
    clamped: int
    deposits: int
    fills: int
    volume: int
    fees: int
    liquidated: int
    first_time: int
    takeovers: int
    taken: int
    deleveraged: int
    closed: int
    liquidation_fees: int
    refreshed: int
    backstop: int
    open_interest: tuple[int, ...]
    due: int
    is_closed: bool
    least: int
    is_conserved: bool
    seconds: float
    root: tuple[int, ...]
    queue: Comparison | None = None
    by_orders: int = 0
    proof: ProofFigures | None = None

    def to_record(self) -> dict[str, object]:
        """For `--json`."""
        record: dict[str, object] = {
            "batch": self.number,
            "shape_class": self.shape_class,
            "time": self.time,
            "prices": list(self.prices),
            "clamped": self.clamped,
            "deposits": self.deposits,
            "fills": self.fills,
            "volume": self.volume,
            "fees": self.fees,
            "liquidated": self.liquidated,
            "first_time": self.first_time,
            "takeovers": self.takeovers,
            "taken": self.taken,
            "by_orders": self.by_orders,
            "deleveraged": self.deleveraged,
            "closed_worth": self.closed,
            "liquidation_fees": self.liquidation_fees,
            "refreshed": self.refreshed,
            "backstop": self.backstop,
            "open_interest": list(self.open_interest),
            "due": self.due,
            "closed": self.is_closed,
            "least_equity": self.least,
            "seconds": round(self.seconds, 3),
            "root": hex_digest(self.root),
        }
        if self.queue is not None:
            record["queue"] = self.queue.to_record()
        if self.proof is not None:
            record |= {
                "prove_s": round(self.proof.seconds, 3),
                "proof_bytes": self.proof.proof_bytes,
                "verify_ms": round(self.proof.verify_ms),
                "bits": self.proof.bits,
                "verified": True,
            }
        return record


@dataclass(slots=True)
class Figures:
    """A whole run of `windows` batches, one in `every` minutes or sooner, whose first minute is
    `start` (ms). `replayed` is how many batches the journal gave again, with the same roots."""

    files: tuple[Path, ...]
    markets: tuple[Market, ...]
    start: int
    every: int
    windows: int
    accounts: int
    seed: int
    shape_class: str
    crash_class: str | None
    proves: bool
    backstop_start: int
    batches: list[BatchFigures] = field(default_factory=list)
    replayed: int = 0

    @property
    def every_batch_verified(self) -> bool:
        """Whether L1 took a proof of each batch."""
        return bool(self.batches) and all(each.proof is not None for each in self.batches)

    @property
    def succeeded(self) -> bool:
        """Whether every batch was verified, or, without proofs, judged by the rules; and the
        journal gave all of them again. And money and lots were conserved."""
        verified = self.every_batch_verified if self.proves else bool(self.batches)
        return verified and self.is_conserved and self.replayed == len(self.batches)

    @property
    def is_conserved(self) -> bool:
        """Whether no batch made or lost money, or lots of a market."""
        return all(each.is_conserved for each in self.batches)

    def total(self, name: str) -> int:
        """The sum of a figure over all batches."""
        return sum(getattr(each, name) for each in self.batches)

    @property
    def queue(self) -> Comparison:
        """Who was deleveraged, and whom another rule would have, over all batches."""
        total = Comparison()
        for each in self.batches:
            if each.queue is not None:
                total.add(each.queue)
        return total

    @property
    def crash_batches(self) -> int:
        """Batches of the crash class."""
        return sum(each.shape_class == self.crash_class for each in self.batches)

    @property
    def open_batches(self) -> int:
        """Batches that left their step open."""
        return sum(not each.is_closed for each in self.batches)

    @property
    def step_lengths(self) -> list[int]:
        """How many batches the step of each batch has with it."""
        lengths: list[int] = []
        for place in range(len(self.batches)):
            goes_on = place > 0 and not self.batches[place - 1].is_closed
            lengths.append(lengths[-1] + 1 if goes_on else 1)
        return lengths

    @property
    def longest_open_step(self) -> int:
        """Batches of the longest step; 1 where every batch closed its own."""
        return max(self.step_lengths, default=0)

    @property
    def proving(self) -> float:
        """Seconds that all proofs took."""
        return sum(each.proof.seconds for each in self.batches if each.proof is not None)

    def open_value(self, row: BatchFigures) -> int:
        """What one side of all open positions is worth, in quanta."""
        return sum(map(int.__mul__, row.open_interest, row.prices))

    def to_record(self) -> dict[str, object]:
        """For `--json`."""
        last = self.batches[-1] if self.batches else None
        names = ("fills", "volume", "fees", "liquidated", "first_time", "takeovers", "taken")
        return {
            "files": [str(path) for path in self.files],
            "markets": [market.symbol for market in self.markets],
            "from": moment(self.start),
            "every_minutes": self.every,
            "accounts": self.accounts,
            "seed": self.seed,
            "shape_class": self.shape_class,
            "crash_class": self.crash_class,
            "crash_batches": self.crash_batches,
            "proved": self.proves,
            "every_batch_verified": self.every_batch_verified,
            "prove_s": round(self.proving, 1),
            "replayed": self.replayed,
            **{
                name: self.total(name)
                for name in (*names, "by_orders", "liquidation_fees", "deleveraged")
            },
            "closed_worth": self.total("closed"),
            "queue": self.queue.to_record(),
            "clamped_batches": sum(each.clamped > 0 for each in self.batches),
            "refreshed": self.total("refreshed"),
            "most_refreshed": max((each.refreshed for each in self.batches), default=0),
            "batches_with_accounts_due": sum(each.due > 0 for each in self.batches),
            "open_batches": self.open_batches,
            "longest_open_step": self.longest_open_step,
            "conserved": self.is_conserved,
            "least_equity": min((each.least for each in self.batches), default=0),
            "backstop_start": self.backstop_start,
            "backstop": None if last is None else last.backstop,
            "open_interest": None if last is None else self.open_value(last),
            "batches": [each.to_record() for each in self.batches],
        }


@dataclass(frozen=True, slots=True)
class Hour:
    """The batches of one hour, the first of which begins it."""

    start: int
    rows: Sequence[BatchFigures]

    def total(self, name: str) -> int:
        """The sum of a figure."""
        return sum(getattr(each, name) for each in self.rows)

    @property
    def proving(self) -> float:
        """Seconds that its proofs took."""
        return sum(each.proof.seconds for each in self.rows if each.proof is not None)


def hours_of(figures: Figures) -> list[Hour]:
    """All batches by hours of the run's own time, the prelude in the first one."""
    found: dict[int, list[BatchFigures]] = {}
    for row in figures.batches:
        place = max(0, (row.time - 1 - figures.start) // 3_600_000)
        found.setdefault(place, []).append(row)
    return [Hour(figures.start + place * 3_600_000, rows) for place, rows in sorted(found.items())]


def dollars(quanta: int) -> str:
    """Money for people, in whole dollars."""
    return f"{round(quanta / QUANTA):,}"


def short(amount: float) -> str:
    """An amount in as few digits as tell it from its neighbours."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(amount) >= size:
            return f"{amount / size:.4g}{letter}"
    return f"{amount:.4g}"
