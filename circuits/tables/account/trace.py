"""Account: how the rows are filled, whole columns at a time.

The leaves go from here into the chains of their positions (`starts`), and come back with the sums.
The closing rule uses the formulae of `closing.py` on arrays. The safety is the one that the records
name; where it does not hold, the rest is taken modulo 2^78 and the row fails exactly that claim.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from circuits.air.layout import LIMB_BITS, Limbs
from circuits.air.trace import I64, POISON, U32, Trace, inverse_or_zero, put, put_packed
from circuits.gadgets.integer import Integer, fill_carries, from_limbs
from circuits.tables.account.air import FIRST_COUNT
from circuits.tables.account.closing import safe_excess, unsafe_room
from circuits.tables.account.columns import FRESH_SLOTS_ROOT, Columns, Leaf
from circuits.tables.account.liquidation import needed_gap
from circuits.tables.account.payment import lacking_gap
from circuits.tables.account.publishing_trace import Committed, fill_placed, fill_published
from circuits.tables.account.refresh_trace import fill_refresh
from circuits.tables.chains import continue_chain
from circuits.tables.position.chain import Chains, Links
from circuits.tables.position.columns import LIMB
from circuits.tables.position.publishing import Reading
from circuits.tables.position.sums import spans, started
from circuits.tables.records import AccountRecords
from rollup.hash.poseidon import fold_start
from rollup.protocol.barred import ExitBar
from rollup.protocol.constants import ACCOUNT_LEAF_VERSION, CASH_LIMIT, SAFETY_MAX
from rollup.protocol.encoding import TypeCode

_PAIR_BITS = 2 * LIMB_BITS

_PLAIN = (
    "existed",
    "exists",
    "slots_touched",
    "rotated",
    "keyed",
    "rekeyed",
    "account",
    "last_ts",
    "shrinks",
    "liquidated",
    "exhausted",
    "exempt",
    "clear",
    "told",
    "paid_out",
    "cash_out",
    "outflows",
    "due",
    "dues",
    "dealt",
)
"""Columns that are as the records have them."""


class Accounts:
    """The trace while it is filled: leaves as far as cash first, then what follows from chains."""

    def __init__(self, records: AccountRecords, height: int, blinded: int) -> None:
        """Everything but the ends of the chains."""
        self.records = records
        self._trace = Trace(Columns, height, blinded)
        count = len(records.account)
        self._row = row = self._trace.rows(0, count)
        row.active[...] = 1
        for name in _PLAIN:
            getattr(row, name)[...] = getattr(records, name)
        row.safety.fill(records.safety)
        put(row.relief, records.relief)
        _fill_backstop(self._trace.row, records.backstop)
        put_packed(row.exit.amount, records.barred_amount)
        for place, bar in enumerate((*ExitBar,), 1):
            getattr(row.exit, bar.value)[...] = records.barred == place
        row.exit.refused[...] = records.barred > 0
        put(row.header, records.header)
        for time, leaf in enumerate((row.before, row.after)):
            put_packed(leaf.cash, records.cash[time])
            leaf.below[...] = records.below[time]
            put(leaf.slots_root, records.slots_root[time])
            put(leaf.salt, records.salt[time])
        start = np.array(fold_start(TypeCode.ACCOUNT, ACCOUNT_LEAF_VERSION), dtype=np.uint32)
        starts = np.tile(start, (count, 1))
        (with_header,) = continue_chain(starts, [records.header])
        (with_new_header,) = continue_chain(starts, [records.new_header])
        put(row.with_header, with_header)
        put(row.with_new_header, with_new_header)
        self._old = _fill_leaf(row.before, with_header, records.existed)
        self._new = _fill_leaf(row.after, with_new_header, records.exists)

    @property
    def starts(self) -> Links:
        """The chain of each account as its row sends it."""
        row, count = self._row, len(self.records.account)
        columns = started(row.before.cash, row.after.cash)
        sums = np.stack([np.broadcast_to(column, count) for column in columns], axis=1)
        return Links(
            owner=np.arange(count),
            least=np.zeros(count, dtype=np.int64),
            count=np.full(count, FIRST_COUNT),
            old=self._old,
            new=self._new,
            sums=sums.astype(np.int64),
        )

    def read(self, leaves: U32) -> Reading:
        """From where the chains of what is published start, given the new leaves (n, 8)."""
        return fill_published(self._row, self.records, leaves)

    def build(self, chains: Chains) -> tuple[U32, Committed]:
        """The whole trace, of which the rest is padding; and what its rows publish together."""
        row, exists = self._row, self.records.exists
        ends = chains.ends
        row.least[...] = ends.least * exists
        sums = ends.sums * exists[:, None]
        for name, span in spans().items():
            cells = getattr(row.sums, name)
            put(cells, sums[:, span][:, : len(cells)])
        put(row.before.leaf, ends.old)
        put(row.after.leaf, ends.new)
        committed = fill_placed(row, self.records, chains.published.ends)
        _fill_closing(row)
        fill_refresh(row, self.records)
        rest = self._trace.rows(len(self.records.account), self._trace.active)
        _fill_padding(rest)
        row.flagged[...] = np.cumsum(row.after.below - row.before.below)
        rest.flagged[...] = row.flagged[-1] if len(row.flagged) else 0
        rest.refresh.sum[...] = row.refresh.sum[-1] if len(row.flagged) else 0
        self._trace.fill_rest()
        return self._trace.finish(), committed


# Hashes.


def _fill_leaf(leaf: Leaf, with_header: U32, exists: I64) -> U32:
    """Chaining values as far as cash, zeros where there is no account; the last one."""
    cash = np.stack((*leaf.cash, leaf.below, *leaf.salt), axis=1)
    blocks = [np.stack(leaf.slots_root, axis=1), cash]
    present = exists[:, None].astype(np.uint32)
    found = [value * present for value in continue_chain(with_header, blocks)]
    for cells, value in zip((leaf.with_slots, leaf.with_cash), found, strict=True):
        put(cells, value)
    return found[-1]


def _fill_backstop(row: Columns, backstop: int) -> None:
    """Which rows are the backstop's: of padding too, which has account 0."""
    distance = np.where(row.account == POISON, 0, row.account) - backstop
    row.backstop[...] = distance == 0
    row.backstop_inverse[...] = inverse_or_zero(distance)


# Closing.


def _fill_closing(row: Columns) -> None:
    """Rest and room of the safety that the records name."""
    row.capped[...] = row.exists * (row.safety.value() == SAFETY_MAX)
    healthy = row.exists * (1 - row.after.below)
    excess = safe_excess(row).times(healthy, 0, 1)
    fill_limbs(row.rest, normalise(excess, len(row.rest)))
    row.rest_carries.fill(fill_carries(excess - from_limbs(row.rest)))
    room = unsafe_room(row).times(row.exists * (1 - row.capped), 0, 1)
    row.room.fill(_low_bits(room, row.room.bits))
    row.room_carries.fill(fill_carries(room - from_limbs(row.room).packed()))
    _fill_needed(row)
    _fill_exit(row)
    row.ordinary[...] = (1 - row.after.below) * (1 - row.backstop)


def _fill_needed(row: Columns) -> None:
    """How far the excess is below what the last lot added."""
    row.healed[...] = row.liquidated * (1 - row.after.below)
    fill_limbs(row.spare, (0,) * len(row.spare))
    gap = needed_gap(row).times(row.healed, 0, 1)
    fill_limbs(row.spare, normalise(gap, len(row.spare)))
    gap = needed_gap(row).times(row.healed, 0, 1)
    row.spare_carries.fill(fill_carries(gap))


def _fill_exit(row: Columns) -> None:
    """What it lacks of what a refused exit asked for."""
    lacking, short = row.exit.lacking, row.exit.short
    fill_limbs(lacking, (0,) * len(lacking))
    gap = lacking_gap(row).times(short, 0, 1)
    fill_limbs(lacking, _halves(gap, len(lacking)))
    row.exit.carries.fill(fill_carries(lacking_gap(row).times(short, 0, 1)))


def _halves(number: Integer, count: int) -> list[Any]:
    """The lowest `count` limbs of a number in packed pairs, the top one with all that is above."""
    digits: list[Any] = []
    carry: Any = 0
    for place in range(count):
        if place % 2 == 0:
            carry = carry + number.columns[place // 2].value
        last = place == count - 1
        digits.append(carry if last else carry & (LIMB - 1))
        carry = carry >> LIMB_BITS
    return digits


def _low_bits(number: Integer, bits: int) -> Any:
    """A number modulo 2^bits."""
    low, high, *_ = (column.value for column in number.columns)
    return low + (high << number.base_bits) & 2**bits - 1


def normalise(number: Integer, count: int) -> list[I64]:
    """The lowest `count` limbs of a number, the top one with all that is above."""
    digits: list[I64] = []
    carry: Any = 0
    for place in range(count):
        column = number.columns[place].value if place < len(number.columns) else 0
        total = column + carry
        last = place == count - 1
        digits.append(total if last else total & (LIMB - 1))
        carry = total >> LIMB_BITS
    return digits


def fill_limbs(limbs: Limbs, digits: Sequence[Any]) -> None:
    """Write digits into limbs; the top one is cut to its width."""
    for cell, digit, width in zip(limbs.cells, digits, limbs.widths, strict=True):
        cell[...] = digit & (2**width - 1)


def _fill_padding(row: Columns) -> None:
    """Rows of an account that is not there: zero, but for biased words and the fresh slots; and for
    account 0, where that is the backstop."""
    row.ordinary[...] = 1 - row.backstop
    for cell in (row.exempt, row.clear):
        cell[...] = row.backstop
    cash = CASH_LIMIT >> 2 * _PAIR_BITS
    for leaf in (row.before, row.after):
        for cell, word in zip(leaf.cash, (0, 0, cash), strict=True):
            cell[...] = word
        for cell, element in zip(leaf.slots_root, FRESH_SLOTS_ROOT, strict=True):
            cell[...] = element
