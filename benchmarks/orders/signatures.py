"""Tables of a signature with windows of any width, measured and never traced: ADR 0047.

Each is built of the gadgets that the tables of the circuit are built of, with the same constraints,
so its columns and messages are those that such a table would have. The ladder of two-bit digits,
the comb of one byte a row and three entries in the order table are what the circuit had before ADR
0048; what it has now are a ladder for both products, and `SIGNED` in the row of a signature.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from circuits.air.builder import Builder
from circuits.air.layout import Layout, cell, cells, group, limbs, many
from circuits.air.table import Table
from circuits.gadgets.buses import (
    BASE,
    CHALLENGE,
    COMB_END,
    KEY,
    LADDER_END,
    LADDER_KEY,
    WINDOW,
)
from circuits.gadgets.curve import (
    CircuitPoint,
    require_addition,
    require_chord,
    require_on_curve,
    require_tangent,
    third_x,
    third_y,
)
from circuits.gadgets.hash import request_chain
from circuits.gadgets.septic import Septic
from circuits.tables.comb import air as comb
from circuits.tables.ladder import air as ladder
from circuits.tables.ladder.air import PointCells
from circuits.tables.order import air as order
from rollup.crypto import curve, schnorr
from rollup.field.septic import DEGREE
from rollup.protocol.encoding import TypeCode

CHALLENGE_BITS = curve.DIGIT_BITS * curve.DIGITS

START = curve.LADDER_START
"""Of either sum: what it is does not matter to what a table costs."""


class Entry(Layout):
    """An entry of a window table, as the sum of the entry before and the key."""

    point = group(PointCells)
    slope = cells(DEGREE)
    apart = cells(curve.APART_WORDS)


def no_values(height: int) -> Mapping[str, Sequence[int]]:
    """A table that is measured has no fixed values. Raises ValueError whenever it is asked."""
    raise ValueError(f"a prototype is not traced, with {height} rows or any other number")


def ladder_table(bits: int, per_row: int) -> Table:
    """c * P + K in digits of so many bits, so many of them a row."""

    class Step(Layout):
        slopes = many(bits, cells(DEGREE))
        doubled = many(bits - 1, cells(DEGREE))  # the x of all doublings but the last
        digit = cell()
        entry_x = cells(DEGREE)
        entry_y = cells(DEGREE)
        slope = cells(DEGREE)
        apart = cells(curve.APART_WORDS)

    class Columns(Layout):
        x = cells(DEGREE)
        y = cells(DEGREE)
        steps = many(per_row, group(Step))
        between = many(per_row - 1, cells(DEGREE))
        value = cell()

    def constraints(air: Builder, row: Any, below: Any) -> None:
        fixed = air.fixed
        with air.when(fixed.starts):
            start = (*START.x, *START.y)
            air.require_all_equal((*row.x, *row.y), start, "ladder.start")
        total = CircuitPoint(row.x, row.y)
        for step, x_cells in zip(row.steps, (*row.between, None), strict=True):
            x_sum = _multiply_and_add(air, total, step)
            entry = [fixed.signature, step.digit, *step.entry_x, *step.entry_y]
            air.receive(WINDOW, entry, fixed.adds, claim="ladder.entry")
            if x_cells is not None:
                air.require_all_equal(x_cells, x_sum, "ladder.middle")
                total = CircuitPoint(x_cells, _y_of_sum(step, x_cells))
        with air.transition(), air.when(fixed.adds):
            air.require_all_equal(below.x, x_sum, "ladder.sum")
            air.require_all_equal(below.y, _y_of_sum(row.steps[-1], below.x), "ladder.sum")
        with air.when(fixed.opens):
            air.require_equal(row.value, _digits(row, bits), "ladder.digits")
        with air.transition(), air.when(fixed.adds - fixed.closes):
            grown = row.value * 2 ** (bits * per_row) + _digits(below, bits)
            air.require_equal(below.value, grown, "ladder.digits")
        part = [fixed.signature, fixed.element, row.value]
        air.receive(CHALLENGE, part, fixed.closes, claim="ladder.challenge")
        air.send(LADDER_END, [fixed.signature, *row.x, *row.y], fixed.ends, claim="ladder.end")

    return Table("ladder", Columns, constraints, ladder.Fixed, no_values)


def _multiply_and_add(air: Builder, total: CircuitPoint, step: Any) -> Septic:
    """The x of 2^bits * total + entry. The x of the last doubling is an expression."""
    for slope, x_cells in zip(step.slopes, (*step.doubled, None), strict=True):
        require_tangent(air, total, slope, "ladder.double")
        x: Any = third_x(total.x, total.x, slope)
        if x_cells is not None:
            air.require_all_equal(x_cells, x, "ladder.double")
            x = x_cells
        total = CircuitPoint(x, third_y(total, x, slope))
    entry = CircuitPoint(step.entry_x, step.entry_y)
    require_chord(air, total, entry, step.slope, step.apart, "ladder.line", air.fixed.adds)
    return third_x(total.x, step.entry_x, step.slope)


def _y_of_sum(step: Any, x_sum: Any) -> Septic:
    return third_y(CircuitPoint(step.entry_x, step.entry_y), x_sum, step.slope)


def _digits(row: Any, bits: int) -> Any:
    """The digits of a row as a number."""
    value: Any = 0
    for step in row.steps:
        value = value * 2**bits + step.digit
    return value


def comb_table(per_row: int) -> Table:
    """s * G + K, so many bytes of s a row."""

    class Step(Layout):
        byte = cell()
        entry_x = cells(DEGREE)
        entry_y = cells(DEGREE)
        slope = cells(DEGREE)
        apart = cells(curve.APART_WORDS)

    class Columns(Layout):
        x = cells(DEGREE)
        y = cells(DEGREE)
        steps = many(per_row, group(Step))
        between = many(per_row - 1, cells(DEGREE))

    def constraints(air: Builder, row: Any, below: Any) -> None:
        fixed = air.fixed
        with air.when(fixed.starts):
            start = (*curve.COMB_START.x, *curve.COMB_START.y)
            air.require_all_equal((*row.x, *row.y), start, "comb.start")
        total = CircuitPoint(row.x, row.y)
        for place, step in enumerate(row.steps):
            entry = CircuitPoint(step.entry_x, step.entry_y)
            payload = [fixed.window * per_row + place, step.byte, *entry.x, *entry.y]
            air.receive(BASE, payload, fixed.adds, claim="comb.entry")
            require_chord(air, total, entry, step.slope, step.apart, "comb.line", fixed.adds)
            x_sum = third_x(total.x, entry.x, step.slope)
            if place < per_row - 1:
                air.require_all_equal(row.between[place], x_sum, "comb.middle")
                x_sum = row.between[place]
                total = CircuitPoint(x_sum, third_y(total, x_sum, step.slope))
        last = row.steps[-1]
        with air.transition(), air.when(fixed.adds):
            air.require_all_equal(below.x, x_sum, "comb.sum")
            end = CircuitPoint(last.entry_x, last.entry_y)
            air.require_all_equal(below.y, third_y(end, below.x, last.slope), "comb.sum")
        air.send(COMB_END, [fixed.signature, *row.x, *row.y], fixed.ends, claim="comb.end")

    return Table("comb", Columns, constraints, comb.Fixed, no_values)


def ladder_rows(bits: int, per_row: int) -> int:
    """Rows of a signature, its end among them. Digits do not reach over an element."""
    part = -(-schnorr.CHALLENGE_PART_BITS // bits)
    return schnorr.CHALLENGE_PARTS * part // per_row + 1


def comb_rows(per_row: int) -> int:
    """Rows of a signature, its end among them."""
    return curve.BYTES // per_row + 1


class Signed(Layout):
    """What the row of a signature has in any case."""

    account = cell()
    message = cells(order.DIGEST)
    challenge = many(order.CHALLENGE_BLOCKS, cells(order.DIGEST))
    parts = many(schnorr.CHALLENGE_PARTS, group(order.Part))
    key = group(PointCells)
    nonce = group(PointCells)
    active = limbs(1)


def signature_table(bits: int) -> Table:
    """What the row of a signature had beside what was signed: challenge, windows, R + V = F."""

    class Columns(Signed):
        nonce_x_squared = cells(DEGREE)
        entries = many(2**bits - 1, group(Entry))
        entry_uses = cells(2**bits)
        ladder_end = group(PointCells)
        comb_end = group(PointCells)
        slope = cells(DEGREE)
        apart = cells(curve.APART_WORDS)

    def constraints(air: Builder, row: Any) -> None:
        place = air.fixed.place
        _signed(air, row)
        _windows(air, row)
        nonce, shifted, end = (
            CircuitPoint(point.x, point.y) for point in (row.nonce, row.ladder_end, row.comb_end)
        )
        require_on_curve(air, nonce, row.nonce_x_squared, "signature.nonce-on-curve")
        both = (*shifted.x, *shifted.y)
        air.receive(LADDER_END, [row.index, *both], place, claim="signature.ladder")
        air.receive(COMB_END, [row.index, *end.x, *end.y], place, claim="signature.comb")
        claim = "signature.signature"
        require_addition(air, nonce, shifted, row.slope, end, row.apart, claim)

    return Table("signature", Columns, constraints, order.Fixed, no_values)


class SignedOnce(Signed):
    """And what it has now."""

    zeros = cell()


def _signed_once(air: Builder, row: Any) -> None:
    place, key = air.fixed.place, (*row.key.x, *row.key.y)
    _signed(air, row)
    air.send(LADDER_KEY, [row.index, *key], place, claim="signature.ladder-key")
    offset = (*curve.WINDOW_OFFSET.x, *curve.WINDOW_OFFSET.y)
    air.send(WINDOW, [row.index, 0, *offset], row.zeros, claim="signature.served")
    nonce = [row.index, *row.nonce.x, *row.nonce.y]
    air.receive(LADDER_END, nonce, place, claim="signature.signature")


SIGNED = Table("signature", SignedOnce, _signed_once, order.Fixed, no_values)
"""What the row of a signature has beside what was signed: the challenge, its key and R."""


def _signed(air: Builder, row: Any) -> None:
    active = row.active.value()
    air.require_bit(active, "signature.flags")
    air.in_range_elsewhere(row.active, "it is a bit")
    points = (*row.nonce.x, *row.nonce.y, *row.key.x, *row.key.y)
    words = (*points, *row.message, 0, 0, 0, 0)
    blocks = [words[i : i + order.DIGEST] for i in range(0, len(words), order.DIGEST)]
    _challenge(air, row, blocks, active)
    air.receive(KEY, [row.account, *row.key.x, *row.key.y], active, claim="signature.key")


def _challenge(air: Builder, row: Any, blocks: Sequence[Any], active: Any) -> None:
    claim = "signature.challenge"
    request_chain(air, TypeCode.CHALLENGE, blocks, row.challenge, active, claim=claim)
    for j, part in enumerate(row.parts):
        high = part.high.value()
        low = row.challenge[-1][j] - high * 2**schnorr.CHALLENGE_PART_BITS
        air.range_check(part.high, active, claim="signature.canonical")
        room = (order.HIGH_MAX - high) * part.below_top
        air.require_zero(low * (1 - room), "signature.canonical")
        payload = [row.index, j, low]
        air.send(CHALLENGE, payload, air.fixed.place, claim="signature.challenge-part")


def _windows(air: Builder, row: Any) -> None:
    key = CircuitPoint(row.key.x, row.key.y)
    before = CircuitPoint(curve.WINDOW_OFFSET.x, curve.WINDOW_OFFSET.y)
    points = [before]
    for entry in row.entries:
        point = CircuitPoint(entry.point.x, entry.point.y)
        claim = "signature.windows"
        require_addition(air, before, key, entry.slope, point, entry.apart, claim)
        points.append(point)
        before = point
    for digit, (point, uses) in enumerate(zip(points, row.entry_uses, strict=True)):
        payload = [row.index, digit, *point.x, *point.y]
        air.send(WINDOW, payload, uses, claim="signature.served")
