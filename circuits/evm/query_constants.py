"""The numbers of StarkQueries that no shape moves, as Yul functions.

    python -m circuits.evm.query_constants [--check]

writes `contracts/stark/query_constants.yul`.
"""

import sys
from typing import Final

from circuits.evm.field_constants import LANE_BITS, lanes
from circuits.evm.refusals import write_or_check
from circuits.pcs.merkle_verify import NODE_TAG
from circuits.stark.parameters import FOLD_LOG2
from circuits.stark.stacks import Phase
from rollup.field.extension import DEGREE
from rollup.field.koalabear import GENERATOR, P
from rollup.l1.evm.compiler import CONTRACTS

FILE: Final = CONTRACTS / "stark/query_constants.yul"

GATHERED_WORDS: Final = 0x60
"""Memory: all words of rows so far, or-ed with what shows that they are not below p."""

DOT_SUMS: Final = 0x220
"""Memory: five words, the sums of coefficients of products."""

FIBRE: Final = 0x2C0
"""Memory: the eight values of a fibre."""

BATCH_FACTOR: Final = 0x3C0
"""Memory: ten words, what products with b are made of."""


def _each_32(value: int) -> int:
    """The same value in each uint32 of a word."""
    return sum(value << (32 * k) for k in range(8))


def constants() -> dict[str, int]:
    """Every number by name."""
    return {
        "gathered_words": GATHERED_WORDS,
        "dot_sums": DOT_SUMS,
        "fibre": FIBRE,
        "batch_factor": BATCH_FACTOR,
        "node_tag": int.from_bytes(NODE_TAG, "big"),
        "phases": len(Phase),
        "fold_log2": FOLD_LOG2,
        "degree": DEGREE,
        "generator": GENERATOR,
        "low_31": lanes((1 << 31) - 1),
        "low_20": lanes((1 << 20) - 1),
        "above_31": (1 << 31) % P,
        "complement_32": _each_32((1 << 31) - P),
        "top_32": _each_32(1 << 31),
        "even_32": int.from_bytes((bytes(4) + b"\xff" * 4) * 4, "big"),
    } | {f"lane_{k}": lanes((1 << LANE_BITS) - 1, [k]) for k in range(DEGREE)}


def text() -> str:
    """The file."""
    lines = [
        f"      function {name}() -> v {{ v := {value:#x} }}\n"
        for name, value in constants().items()
    ]
    return "      // Written by circuits/evm/query_constants.py.\n" + "".join(lines)


if __name__ == "__main__":
    sys.exit(write_or_check(FILE, text(), "write the numbers of StarkQueries"))
