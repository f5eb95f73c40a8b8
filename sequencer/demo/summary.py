"""What a demonstration came to: a row for every batch, the verdict on every forgery."""

from dataclasses import dataclass, field
from pathlib import Path

from rollup.protocol.encoding import hex_digest
from sequencer.demo.events import (
    BatchClosed,
    BatchOpened,
    DemoEvent,
    ForgeryJudged,
    JournalReplayed,
    MarketReady,
    Posted,
    Proved,
)


@dataclass(slots=True)
class BatchRow:
    """One batch; members are filled in as its events come."""

    opened: BatchOpened
    closed: BatchClosed | None = None
    proved: Proved | None = None
    posted: Posted | None = None

    def to_record(self) -> dict[str, object]:
        """For `--json`: counts, seconds, bytes, bits, root and verdict."""
        record: dict[str, object] = {
            "batch": self.opened.number,
            "deposits_credited": self.opened.credited,
            "deposits_refused": self.opened.refused,
        }
        if self.closed is not None:
            names = ("envelopes", "cancels", "refused", "orders", "fills", "carried", "accounts")
            record |= {name: getattr(self.closed, name) for name in names}
            record |= {"trades_wanted": self.closed.wanted, "trades_matched": self.closed.matched}
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
                "root": hex_digest(self.posted.root),
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

    @property
    def succeeded(self) -> bool:
        """Whether every batch was accepted, every forgery refused, and the journal agreed."""
        accepted = all(row.posted is not None and row.posted.accepted for row in self.batches)
        refused = all(forgery.refused_by for forgery in self.forgeries)
        return accepted and refused and self.replayed is not None

    @property
    def last_bundle(self) -> Path | None:
        """The folder of the last batch that was proved."""
        folders = [row.proved.folder for row in self.batches if row.proved is not None]
        return folders[-1] if folders else None

    def to_record(self) -> dict[str, object]:
        """For `--json`."""
        market = self.market
        return {
            "feed": market.feed if market is not None else "",
            "insecure_keys": market.insecure if market is not None else False,
            "genesis_root": hex_digest(market.root) if market is not None else "",
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
        }
