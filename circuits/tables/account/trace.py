"""Account: how the rows are filled, whole columns at a time.

Margins use the formulae of `margin.py` on arrays. The clause is the one the records name; where it
does not hold, the slack is taken modulo 2^160 and the row fails exactly that clause.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from circuits.air.layout import LIMB_BITS, Limbs, limb_widths
from circuits.air.trace import I64, U32, Trace, inverse_or_zero, put
from circuits.gadgets.integer import Integer, fill_carries, from_limbs
from circuits.tables.account.columns import (
    ACCOUNT_BLOCKS,
    EQUITY_BIAS_BITS,
    FRESH_SLOTS_ROOT,
    LIMB,
    SLACK_BITS,
    Columns,
    Leaf,
    Position,
    Value,
)
from circuits.tables.account.margin import (
    PRICE_WIDTHS,
    RISK_WIDTHS,
    Terms,
    by_market,
    equity,
    equity_gap,
    excess_healthier,
    excess_initial,
    excess_maintenance,
    excess_unchanged,
    limb_sum,
    maintenance_gap,
    requirement,
    shrinking,
)
from circuits.tables.chains import chain_columns, chain_starts, continue_chain
from circuits.tables.records import AccountRecords
from rollup.protocol.constants import CASH_LIMIT, POSITION_LIMIT, SIGNATURE_SCHEME
from rollup.protocol.encoding import TypeCode

_PAIR_BITS = 2 * LIMB_BITS
_PAIR = 1 << _PAIR_BITS


def build(records: AccountRecords, height: int, blinded: int) -> U32:
    """The trace, one row a touched account; the rest is padding."""
    trace = Trace(Columns, height, blinded)
    count = len(records.account)
    _fill_used(trace.rows(0, count), records)
    _fill_padding(trace.rows(count, trace.active))
    trace.fill_rest()
    return trace.finish()


def _fill_used(row: Columns, records: AccountRecords) -> None:
    row.active[...] = 1
    for name in ("existed", "exists", "slots_touched", "account", "key_uses"):
        getattr(row, name)[...] = getattr(records, name)
    put(row.owner, records.owner)
    put(row.key_x, records.key[:, :7])
    put(row.key_y, records.key[:, 7:])
    put(row.viewing, records.viewing)
    put(row.last_ts, records.last_ts)
    for time, leaf in enumerate((row.before, row.after)):
        _fill_holding(leaf, records, time)
    _fill_chains(row, records)
    _fill_margin(row, records)


def _fill_holding(leaf: Leaf, records: AccountRecords, time: int) -> None:
    cash = records.cash[time]
    for place, words in enumerate(leaf.cash):
        words[...] = (cash >> np.uint64(_PAIR_BITS * place)) & np.uint64(_PAIR - 1)
    for market, position in enumerate(leaf.positions):
        _fill_position(position, records.positions[time][:, market])
    put(leaf.slots_root, records.slots_root[time])
    put(leaf.salt, records.salt[time])


def _fill_position(position: Position, biased: I64) -> None:
    position.low.fill(biased & (2**39 - 1))
    position.high[...] = biased >> 39 & 1
    position.nonnegative[...] = biased >> 40


# Hashes.


def _fill_chains(row: Columns, records: AccountRecords) -> None:
    count = len(records.account)
    words = np.zeros((count, 32), dtype=np.int64)
    words[:, :6], words[:, 6:20] = records.owner, records.key
    words[:, 20], words[:, 21:29] = SIGNATURE_SCHEME, records.viewing
    header = chain_columns(TypeCode.HEADER, [words[:, i : i + 8] for i in range(0, 32, 8)])
    for cells, value in zip(row.header, header, strict=True):
        put(cells, value)
    start = chain_starts(TypeCode.ACCOUNT, ACCOUNT_BLOCKS, count)
    (with_header,) = continue_chain(start, [header[-1]])
    put(row.with_header, with_header)
    _fill_leaf(row.before, with_header, records.existed)
    _fill_leaf(row.after, with_header, records.exists)


def _fill_leaf(leaf: Leaf, with_header: U32, exists: I64) -> None:
    blocks = [_cash_block(leaf), _positions_block(leaf), _matrix(leaf.slots_root)]
    cells = (leaf.with_cash, leaf.with_positions, leaf.leaf)
    for place, value in zip(cells, continue_chain(with_header, blocks), strict=True):
        put(place, value * exists[:, None].astype(np.uint32))


def _cash_block(leaf: Leaf) -> I64:
    flags = np.zeros_like(leaf.cash[0])
    return _matrix((*leaf.cash, flags, *leaf.salt))


def _positions_block(leaf: Leaf) -> I64:
    return _matrix([word for position in leaf.positions for word in position.words])


def _matrix(columns: Sequence[I64]) -> I64:
    return np.stack(columns, axis=1)


# Margin.


def _terms(records: AccountRecords) -> Terms:
    def split(values: I64, widths: tuple[int, ...]) -> tuple[Integer, ...]:
        limbs = [
            int(value) >> LIMB_BITS * place & LIMB - 1
            for value in values
            for place in range(len(widths))
        ]
        return by_market(limbs, widths)

    return Terms(
        split(records.prices, PRICE_WIDTHS),
        split(records.prices * records.initial, RISK_WIDTHS),
        split(records.prices * records.maintenance, RISK_WIDTHS),
    )


def _fill_margin(row: Columns, records: AccountRecords) -> None:
    terms = _terms(records)
    for leaf in (row.before, row.after):
        _fill_value(leaf, terms)
    _fill_case(row, records)
    _fill_shrink(row)
    _fill_slack(row, terms)
    row.requirement_inverse[...] = inverse_or_zero(limb_sum(row.after.value))


def _fill_value(leaf: Leaf, terms: Terms) -> None:
    value = leaf.value
    digits = normalise(equity(leaf, terms) + 2**EQUITY_BIAS_BITS, 6)
    _fill_stated_equity(value, digits)
    fill_limbs(value.maintenance, normalise(requirement(leaf, terms.maintenance), 7))
    value.equity_carries.fill(fill_carries(equity_gap(leaf, terms)))
    value.maintenance_carries.fill(fill_carries(maintenance_gap(leaf, terms)))


def _fill_stated_equity(value: Value, digits: list[I64]) -> None:
    top = value.equity.widths[-1]
    value.solvent[...] = digits[-1] >> top & 1
    fill_limbs(value.equity, digits)


def _fill_case(row: Columns, records: AccountRecords) -> None:
    """The clause named by the records; the ratio's form follows the sign of the new equity."""
    case, solvent = row.case, row.after.value.solvent
    clauses = (
        (case.unchanged, records.clause == 0),
        (case.initial, records.clause == 1),
        (case.maintenance, records.clause == 2),
        (case.healthier_positive, (records.clause == 3) & (solvent == 1)),
        (case.healthier_improved, (records.clause == 3) & (solvent == 0)),
    )
    for cell, chosen in clauses:
        cell[...] = chosen & (records.exists == 1)


def _fill_shrink(row: Columns) -> None:
    gate = shrinking(row)
    for market, shrink in enumerate(row.shrink):
        before, after = row.before.positions[market], row.after.positions[market]
        sign = 2 * before.nonnegative - 1
        low, high = (a - b for a, b in zip(before.words, after.words, strict=True))
        moved = gate * sign * (low + high * _PAIR)
        shrink.low.fill(moved & (2**39 - 1))
        for place, cell in enumerate(shrink.high):
            cell[...] = moved >> 39 + place & 1
        shrink.borrow[...] = gate & (sign * low < 0)
        shrink.crossing[...] = gate * (1 - before.nonnegative) * after.nonnegative


def _fill_slack(row: Columns, terms: Terms) -> None:
    """The excess of the chosen clause, column by column."""
    case = row.case
    clauses = (
        (case.unchanged, excess_unchanged(row)),
        (case.initial, excess_initial(row, terms)),
        (case.maintenance, excess_maintenance(row)),
        (case.healthier_positive | case.healthier_improved, excess_healthier(row)),
    )
    # No claim depends on the bounds here: only one clause is not multiplied by zero.
    excess = clauses[0][1].times(clauses[0][0], 0, 1)
    for selected, other in clauses[1:]:
        excess = excess + other.times(selected, 0, 1)
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
        for position in leaf.positions:
            position.low.fill(np.int64(0))
            position.high[...] = 0
            position.nonnegative[...] = POSITION_LIMIT >> 40
        for cell, word in zip(leaf.cash, (0, 0, cash), strict=True):
            cell[...] = word
        for cell, element in zip(leaf.slots_root, FRESH_SLOTS_ROOT, strict=True):
            cell[...] = element
