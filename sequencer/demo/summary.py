"""What a demonstration came to: a row for every batch, the verdict on every forgery."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from rollup.protocol.encoding import hex_digest
from sequencer.demo.events import (
    BatchClosed,
    BatchOpened,
    DemoEvent,
    EvmAbsent,
    EvmReady,
    EvmTrial,
    ForgeryJudged,
    JournalReplayed,
    MarketReady,
    Posted,
    Proved,
    VenueLeft,
)


@dataclass(slots=True)
class BatchRow:
    """One batch; members are filled in as its events come."""

    opened: BatchOpened
    closed: BatchClosed | None = None
    proved: Proved | None = None
    posted: Posted | None = None

    @property
    def is_posted(self) -> bool:
        """Whether L1 was asked."""
        return self.proved is not None and self.posted is not None

    def to_record(self) -> dict[str, object]:
        """For `--json`: counts, seconds, bytes, bits, root and verdict."""
        record: dict[str, object] = {
            "batch": self.opened.number,
            "deposits_credited": self.opened.credited,
            "deposits_refused": self.opened.refused,
        }
        if self.closed is not None:
            names = ["envelopes", "cancels", "refused", "orders", "fills", "carried", "accounts"]
            names += [
                "liquidated",
                "taken",
                "liquidation_fees",
                "by_orders",
                "withdrawn",
                "withdrawn_assets",
                "funding",
            ]
            record |= {name: getattr(self.closed, name) for name in names}
            record |= {
                "trades_wanted": self.closed.wanted,
                "trades_matched": self.closed.matched,
                "trades_left_out": self.closed.left_out,
                "root": hex_digest(self.closed.new_root),
            }
        if self.proved is not None:
            record |= {
                "cells": self.proved.meta["cells"],
                "parameter_set": self.proved.meta["parameter_set"],
                "bits": self.proved.meta["bits"],
                "prove_s": round(self.proved.seconds, 3),
                "proof_bytes": self.proved.proof_bytes,
                "folder": str(self.proved.folder),
            }
        if self.posted is not None:
            record |= {
                "verify_ms": round(self.posted.verify_ms),
                "accepted": self.posted.accepted,
                "reverted": self.posted.reverted,
            }
        return record


@dataclass(slots=True)
class Summary:
    """All rows of a demonstration."""

    market: MarketReady | None = None
    batches: list[BatchRow] = field(default_factory=list)
    forgeries: list[ForgeryJudged] = field(default_factory=list)
    replayed: JournalReplayed | None = None
    evm: EvmReady | None = None
    evm_absent: EvmAbsent | None = None
    trials: list[EvmTrial] = field(default_factory=list)
    left: VenueLeft | None = None

    def add(self, event: DemoEvent) -> None:
        """Take in what happened."""
        match event:
            case MarketReady():
                self.market = event
            case BatchOpened():
                self.batches.append(BatchRow(event))
            case BatchClosed():
                self.batches[-1].closed = event
            case Proved():
                self.batches[-1].proved = event
            case Posted():
                self.batches[-1].posted = event
            case ForgeryJudged():
                self.forgeries.append(event)
            case JournalReplayed():
                self.replayed = event
            case EvmReady():
                self.evm = event
            case EvmAbsent():
                self.evm_absent = event
            case EvmTrial():
                self.trials.append(event)
            case VenueLeft():
                self.left = event

    @property
    def proves(self) -> bool:
        """Whether batches are proved and posted at all."""
        return self.market is None or self.market.proves

    @property
    def succeeded(self) -> bool:
        """Whether every batch was accepted, every forgery refused, and the journal agreed;
        and whether contracts on an EVM, if they were asked, said what Python and the mock say.

        Without proofs L1 is not asked: then every batch was judged by the rules as it closed.
        """
        accepted = all(
            row.posted is not None and row.posted.accepted
            if self.proves
            else row.closed is not None
            for row in self.batches
        )
        refused = all(forgery.refused_by for forgery in self.forgeries)
        agreed = all(trial.is_as_wanted for trial in self.trials)
        agreed &= self.left is None or self.left.as_mock
        return accepted and refused and agreed and self.replayed is not None

    @property
    def last_bundle(self) -> Path | None:
        """The folder of the last batch that was proved."""
        folders = [row.proved.folder for row in self.batches if row.proved is not None]
        return folders[-1] if folders else None

    def to_record(self) -> dict[str, object]:
        """For `--json`."""
        return {
            **(_market_record(self.market) if self.market is not None else {}),
            "batches": [row.to_record() for row in self.batches],
            "forgeries": [
                {
                    "name": each.name,
                    "refused_by": each.refused_by,
                    "reason": each.reason,
                    "detail": each.detail,
                }
                for each in self.forgeries
            ],
            "replayed": self.replayed is not None,
            "evm": self._evm_record(),
        }

    def _evm_record(self) -> dict[str, object] | None:
        """None if no EVM was asked for, or there was no proof to bring."""
        if self.evm_absent is not None:
            return {"lacks": self.evm_absent.lacks}
        if self.evm is None:
            return None
        left = None if self.left is None else asdict(self.left)
        trials = [asdict(each) for each in self.trials]
        return {**asdict(self.evm), "trials": trials, "left_venue": left}


def _market_record(market: MarketReady) -> dict[str, object]:
    """What was traded, and how."""
    return {
        "feed": market.feed,
        "skipped": dict(market.skipped),
        "markets": [
            {"symbol": symbol, "first_price": price / 10**decimals, "sizes_divided_by": divisor}
            for symbol, price, decimals, divisor in zip(
                market.symbols, market.prices, market.decimals, market.divisors, strict=True
            )
        ],
        "window_ms": market.window_ms,
        "windows": market.windows,
        "shape_class": market.shape_class,
        "proved": market.proves,
        "insecure_keys": market.insecure,
        "genesis_root": hex_digest(market.root),
    }
