"""The loop of development signers: a report of every market, by each, at every slot."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final

from rollup.crypto.address_key import AddressKey
from sequencer.oracle.folder import forget_before, write_reports
from sequencer.oracle.signers import reports
from sequencer.service.prices import DevelopmentPrices
from sequencer.service.venue_file import VenueFile

KEPT_SLOTS: Final = 64
"""Slots whose reports stay in the folder."""

CATCH_UP_SLOTS: Final = 32
"""Slots signed at most that are past by now: development prices are a function of time."""


@dataclass(frozen=True, slots=True)
class SignerLoop:
    """Signers of a venue file that write to a folder. The clock gives ms since 1970."""

    keys: tuple[AddressKey, ...]
    file: VenueFile
    prices: DevelopmentPrices
    root: Path
    clock: Callable[[], int]

    def run(self, stop: Event, signed: Callable[[int], None]) -> None:
        """Sign every slot when it comes, from those on that a batch of now takes; `signed` hears of
        each. Returns once `stop` is set, within a slot. WriteError."""
        slot_ms = self.file.governance.oracle.slot_ms
        slot = self._first(self.clock())
        while not stop.is_set():
            now = self.clock()
            if slot > now:
                stop.wait((slot - now) / 1000)
                continue
            self.sign(slot)
            signed(slot)
            slot = max(slot + slot_ms, self._first(now))

    def _first(self, now: int) -> int:
        """The oldest slot that a batch which opens now may take, not too many ago."""
        oracle = self.file.governance.oracle
        return max(
            oracle.slot(now), oracle.slot(now + oracle.lag_ms) - CATCH_UP_SLOTS * oracle.slot_ms
        )

    def sign(self, slot: int) -> None:
        """Everybody's reports of one slot."""
        governance, prices = self.file.governance, self.prices.at(slot)
        for key in self.keys:
            signed = reports(key, governance, prices, slot)
            write_reports(self.root, slot, key.address.hex(), signed)
        forget_before(self.root, slot - KEPT_SLOTS * governance.oracle.slot_ms)
