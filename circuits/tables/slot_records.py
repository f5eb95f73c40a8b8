"""What the trace of the slot table is filled from: as the others, in `circuits.tables.records`."""

from dataclasses import dataclass

from circuits.air.trace import I64
from rollup.private import Private


@dataclass(frozen=True, slots=True, repr=False)
class RestingRecords(Private):
    """The orders that rest in slots; zeros where none does."""

    market: I64
    side: I64
    price: I64
    left: I64
    expiry: I64
    max_fee: I64
    reduce_only: I64
    pegged: I64
    when_clamped: I64
    key_mark: I64


@dataclass(frozen=True, slots=True, repr=False)
class SlotRecords(Private):
    """Table slot: every touched slot, ascending by (account, slot)."""

    account: I64
    slot: I64
    generation: tuple[I64, I64]  # before, after
    resting: tuple[RestingRecords, RestingRecords]
    last_ts: I64
    left: I64  # lots left at the last access, before anything lapsed
    live: I64  # 1 if an order rests there as the batch ends
    rests: I64  # 1 if it was signed in this batch
    offers: I64  # 1 if what rested there before the batch trades in it
    uses: I64  # sides of fills that name it: its ORDER messages
    time: int  # of the batch
    backstop: int  # the account of governance's backstop
