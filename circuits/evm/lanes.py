"""Assembled arithmetic of lanes: what the interpreter and the kernels have in common."""

from collections.abc import Sequence
from typing import Final

from circuits.evm.assembler import Expression, Writer
from circuits.evm.field_constants import constants

_C: Final = constants()
MODULUS: Final = _C["modulus"]

EMPTY: Final = _C["bias_parts"]
"""What an accumulator holds of nothing: a multiple of p in every lane, above all that may be taken
away."""


def accumulate(writer: Writer, name: str, x: Expression, y: Expression) -> None:
    """Add a product, not reduced, to an accumulator."""
    product = ("mulmod", x, y, MODULUS)
    writer.set(name, ("addmod", product, name, MODULUS))


def lanes_below_p(lanes: Sequence[Expression]) -> Expression:
    """Lanes below 2^102, each modulo p, side by side."""
    total: Expression = ("mod", lanes[0], _C["prime"])
    for k, lane in enumerate(lanes[1:], start=1):
        total = ("or", total, ("shl", 51 * k, ("mod", lane, _C["prime"])))
    return total


def combined(writer: Writer, parts: Sequence[tuple[str, int]]) -> Expression:
    """The lanes of accumulators times powers of two, modulo p: even lanes and odd ones have room
    for both 51 bits and what they are shifted by; the highest has its own."""

    def pairs(shift: int) -> Expression:
        total: Expression = 0
        for name, power in parts:
            lanes = ("shr", shift, name) if shift else name
            each = ("and", _C["lanes_02"], lanes)
            shifted = ("shl", power, each) if power else each
            total = shifted if total == 0 else ("add", total, shifted)
        return total

    writer.let("even", pairs(0))
    writer.let("odd", pairs(51))
    highest: Expression = 0
    for name, power in parts:
        top: Expression = ("shr", 204, name)
        shifted = ("shl", power, top) if power else top
        highest = shifted if highest == 0 else ("add", highest, shifted)
    return lanes_below_p(
        (
            ("and", _C["low_102"], "even"),
            ("and", _C["low_102"], "odd"),
            ("shr", 102, "even"),
            ("shr", 102, "odd"),
            highest,
        )
    )
