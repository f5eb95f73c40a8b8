"""Loops of StarkBegin that are worth assembling: weighted sums, and the reading of elements.

    python -m circuits.evm.kernels [--check]

writes `contracts/stark/kernels.yul`.
"""

import sys
from typing import Final

from circuits.evm.assembler import PC, Expression, Writer
from circuits.evm.field_constants import LANE_BITS, constants
from circuits.evm.interpreter import WEIGHT_WORDS
from circuits.evm.lanes import EMPTY, accumulate, combined
from circuits.evm.refusals import write_or_check
from circuits.stark.stacks import ELEMENT_BYTES
from rollup.field.extension import DEGREE
from rollup.l1.evm.compiler import CONTRACTS

FILE: Final = CONTRACTS / "stark/kernels.yul"

UNROLLED: Final = 4
"""Terms of a weighted sum between two jumps."""

WORD_BITS: Final = 32
"""A coefficient in a proof."""

TAKEN: Final = 2
"""Elements that are read between two jumps."""

_WEIGHT_BYTES: Final = 32 * WEIGHT_WORDS
_C: Final = constants()
_PARTS: Final = ("low", "middle", "high")


def weighted_sum() -> bytes:
    """dot_few(value, stride, weight, count): what stands on the stack, the first on top, becomes
    the sum."""
    writer = Writer(["end", "weight", "stride", "value"])
    writer.code += PC
    writer.names.append("base")
    writer.set("end", ("add", "weight", ("mul", _WEIGHT_BYTES, "end")))
    for name in _PARTS:
        writer.let(name, EMPTY)
    for terms in (UNROLLED, 1):
        start = writer.label()
        over = ("gt", ("add", terms * _WEIGHT_BYTES, "weight"), "end")
        hole = writer.jump_on_if(over)
        for term in range(terms):
            writer.let("x", ("mload", "value"))
            for part, name in enumerate(_PARTS):
                place = ("add", _WEIGHT_BYTES * term + 32 * part, "weight")
                accumulate(writer, name, "x", ("mload", place))
            writer.drop()
            writer.set("value", ("add", "stride", "value"))
        writer.set("weight", ("add", terms * _WEIGHT_BYTES, "weight"))
        writer.jump_back(start)
        writer.come(hole)
    result = combined(writer, (("low", 0), ("middle", 11), ("high", 21)))
    writer.set("end", result)
    writer.drop_to("end")
    return bytes(writer.code)


def element_reader() -> bytes:
    """take_many(from, to, count): reads elements of calldata into words, and leaves in their place
    what `excess_any` tells of."""
    writer = Writer(["bad", "to", "from"])
    writer.code += PC
    writer.names.append("base")
    writer.let("end", ("add", "to", ("mul", 32, "bad")))
    writer.set("bad", 0)
    for elements in (TAKEN, 1):
        start = writer.label()
        hole = writer.jump_on_if(("gt", ("add", 32 * elements, "to"), "end"))
        for number in range(elements):
            _take(writer, number)
        writer.set("from", ("add", ELEMENT_BYTES * elements, "from"))
        writer.set("to", ("add", 32 * elements, "to"))
        writer.jump_back(start)
        writer.come(hole)
    writer.drop_to("bad")
    return bytes(writer.code)


def _take(writer: Writer, number: int) -> None:
    """One element: the bytes of its coefficients the other way round, then each to its lane."""
    from_: Expression = ("add", ELEMENT_BYTES * number, "from") if number else "from"
    writer.let("v", ("shr", 256 - 8 * ELEMENT_BYTES, ("calldataload", from_)))
    _swap(writer, 8, _C["bytes_even"])
    _swap(writer, 16, _C["pairs_even"])
    total: Expression = ("shr", WORD_BITS * (DEGREE - 1), "v")
    for k in range(1, DEGREE):
        left = LANE_BITS * k - WORD_BITS * (DEGREE - 1 - k)
        moved: Expression = ("shl", left, "v") if left > 0 else ("shr", -left, "v")
        lane = ((1 << WORD_BITS) - 1) << (LANE_BITS * k)
        total = ("or", ("and", lane, moved), total)
    writer.let("element", total)
    writer.set("bad", ("or", "bad", ("add", _C["complement"], "element")))
    writer.store(("add", 32 * number, "to") if number else "to", "element")
    writer.drop()
    writer.drop()


def _swap(writer: Writer, bits: int, mask: int) -> None:
    """Neighbours of so many bits, the other way round; `mask` has every other one."""
    mask &= (1 << 8 * ELEMENT_BYTES) - 1
    down: Expression = ("and", mask, ("shr", bits, "v"))
    writer.set("v", ("or", down, ("shl", bits, ("and", mask, "v"))))


def text() -> str:
    """The file."""
    return (
        "      // Written by circuits/evm/kernels.py.\n"
        "      // The sum of `count` values, `stride` bytes apart, times weights: of 32 at most.\n"
        "      function dot_few(value, stride, weight, count) -> r {\n"
        f'        r := verbatim_4i_1o(hex"{weighted_sum().hex()}", value, stride, weight, count)\n'
        "      }\n"
        "      // `count` elements of calldata to words; answers what `excess_any` tells of.\n"
        "      function take_many(from, to, count) -> bad {\n"
        f'        bad := verbatim_3i_1o(hex"{element_reader().hex()}", from, to, count)\n'
        "      }\n"
    )


if __name__ == "__main__":
    sys.exit(write_or_check(FILE, text(), "assemble the kernels"))
