"""Loops of StarkBegin that are worth assembling: weighted sums.

    python -m circuits.evm.kernels [--check]

writes `contracts/stark/kernels.yul`.
"""

import sys
from typing import Final

from circuits.evm.assembler import PC, Writer
from circuits.evm.interpreter import WEIGHT_WORDS
from circuits.evm.lanes import EMPTY, accumulate, combined
from circuits.evm.refusals import write_or_check
from rollup.l1.evm.compiler import CONTRACTS

FILE: Final = CONTRACTS / "stark/kernels.yul"

UNROLLED: Final = 4
"""Terms of a weighted sum between two jumps."""

_WEIGHT_BYTES: Final = 32 * WEIGHT_WORDS
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


def text() -> str:
    """The file."""
    return (
        "      // Written by circuits/evm/kernels.py.\n"
        "      // The sum of `count` values, `stride` bytes apart, times weights: of 32 at most.\n"
        "      function dot_few(value, stride, weight, count) -> r {\n"
        f'        r := verbatim_4i_1o(hex"{weighted_sum().hex()}", value, stride, weight, count)\n'
        "      }\n"
    )


if __name__ == "__main__":
    sys.exit(write_or_check(FILE, text(), "assemble the kernels"))
