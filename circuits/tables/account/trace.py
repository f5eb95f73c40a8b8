"""Account: how the rows are filled, whole columns at a time.

The leaves go from here into the chains of their positions (`starts`), and come back with the sums.
Margins use the formulae of `margin.py` on arrays. The clause is the one the records name; where it
does not hold, the slack is taken modulo 2^156 and the row fails exactly that clause.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from circuits.air.layout import LIMB_BITS, Limbs, limb_widths
from circuits.air.trace import I64, U32, Trace, inverse_or_zero, put, put_packed
from circuits.gadgets.integer import Integer, fill_carries, from_limbs
from circuits.tables.account.air import FIRST_COUNT
from circuits.tables.account.columns import FRESH_SLOTS_ROOT, SLACK_BITS, Columns, Leaf
from circuits.tables.account.margin import equity, excess_healthier, excess_unchanged, limb_sum
from circuits.tables.chains import continue_chain
from circuits.tables.position.chain import Chains, Links
from circuits.tables.position.columns import LIMB
from circuits.tables.position.sums import started
from circuits.tables.records import AccountRecords
from rollup.hash.poseidon import fold_start
from rollup.protocol.constants import ACCOUNT_LEAF_VERSION, CASH_LIMIT
from rollup.protocol.encoding import TypeCode

_PAIR_BITS = 2 * LIMB_BITS


class Accounts:
    """The trace while it is filled: leaves as far as cash first, then what follows from chains."""

    def __init__(self, records: AccountRecords, height: int, blinded: int) -> None:
        """Everything but the ends of the chains."""
        self.records = records
        self._trace = Trace(Columns, height, blinded)
        count = len(records.account)
        self._row = row = self._trace.rows(0, count)
        row.active[...] = 1
        for name in ("existed", "exists", "slots_touched", "opened", "account", "last_ts"):
            getattr(row, name)[...] = getattr(records, name)
        put(row.header, records.header)
        for time, leaf in enumerate((row.before, row.after)):
            put_packed(leaf.cash, records.cash[time])
            put(leaf.slots_root, records.slots_root[time])
            put(leaf.salt, records.salt[time])
        start = np.array(fold_start(TypeCode.ACCOUNT, ACCOUNT_LEAF_VERSION), dtype=np.uint32)
        (with_header,) = continue_chain(np.tile(start, (count, 1)), [records.header])
        put(row.with_header, with_header)
        self._old = _fill_leaf(row.before, with_header, records.existed)
        self._new = _fill_leaf(row.after, with_header, records.exists)

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

    def build(self, chains: Chains) -> U32:
        """The whole trace; the rest is padding."""
        row, exists = self._row, self.records.exists
        ends = chains.ends
        row.least[...] = ends.least * exists
        put(row.sums.cells, ends.sums * exists[:, None])
        put(row.before.leaf, ends.old)
        put(row.after.leaf, ends.new)
        _fill_case(row, self.records)
        _fill_slack(row)
        row.exhausted[...] = self.records.exhausted
        distance = self.records.account - self.records.backstop
        row.backstop_inverse[...] = inverse_or_zero(distance)
        row.requirement_inverse[...] = inverse_or_zero(limb_sum(row))
        _fill_padding(self._trace.rows(len(self.records.account), self._trace.active))
        self._trace.fill_rest()
        return self._trace.finish()


# Hashes.


def _fill_leaf(leaf: Leaf, with_header: U32, exists: I64) -> U32:
    """Chaining values as far as cash, zeros where there is no account; the last one."""
    flags = np.zeros_like(leaf.cash[0])
    cash = np.stack((*leaf.cash, flags, *leaf.salt), axis=1)
    blocks = [np.stack(leaf.slots_root, axis=1), cash]
    present = exists[:, None].astype(np.uint32)
    found = [value * present for value in continue_chain(with_header, blocks)]
    for cells, value in zip((leaf.with_slots, leaf.with_cash), found, strict=True):
        put(cells, value)
    return found[-1]


# Margin.


def _fill_case(row: Columns, records: AccountRecords) -> None:
    """The clause named by the records."""
    case = row.case
    cases = (case.unchanged, case.initial, case.maintenance, case.healthier, case.liquidated)
    for place, cell in enumerate(cases):
        cell[...] = (records.clause == place) & (records.exists == 1)


def _fill_slack(row: Columns) -> None:
    """The excess of the chosen clause, column by column."""
    case = row.case
    # No claim depends on the bounds here: only one clause is not multiplied by zero.
    excess = excess_unchanged(row).times(case.unchanged, 0, 1)
    excess = excess + excess_healthier(row).times(case.healthier, 0, 1)
    excess = excess + equity(row).times(case.liquidated, 0, 1)
    fill_limbs(row.slack, normalise(excess, len(limb_widths(SLACK_BITS))))
    row.slack_carries.fill(fill_carries(excess - from_limbs(row.slack)))


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
    """Rows of an account that is not there: zero, but for biased words and the fresh slots."""
    cash = CASH_LIMIT >> 2 * _PAIR_BITS
    for leaf in (row.before, row.after):
        for cell, word in zip(leaf.cash, (0, 0, cash), strict=True):
            cell[...] = word
        for cell, element in zip(leaf.slots_root, FRESH_SLOTS_ROOT, strict=True):
            cell[...] = element
