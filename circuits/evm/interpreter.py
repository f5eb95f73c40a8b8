"""The interpreter of tape code, assembled: the contract's hottest loop, and what its bytes mean.

    python -m circuits.evm.interpreter [--check]

writes `contracts/stark/interpreter.yul`: a function that runs code in memory, by bytes of EVM that
are put together here, since what a compiler of Yul makes of the same loop costs twice the gas.

Code is a stream of steps over three accumulators of lanes, `low`, `middle` and `high`, of which the
sum low + 2^11 middle + 2^21 high is meant. A step is its code, 1 byte, and its operands: a slot (a
word of memory, by its place in words) has 2 bytes, a factor 2 (signed), a large one 4.

    PLUS x          low += x                    MINUS x         low -= x
    PLUS_PLUS x y   low += x + y                PLUS_MINUS x y      low += x - y
    MINUS_MINUS x y low -= x + y                TERM f x        low += f x
    TERMS f x g y   low += f x + g y            LARGE f x       f x to all three
    TIMES x y       x y to all three            MINUS_TIMES x y     - x y
    FACTOR f x y    f x y                       WEIGHT w x          w x, w a split power
    LARGES f x g y  f x + g y                   WEIGHTS w x y       w x + (the next power) y
    SUM t           t := low                    PARTS t         t := all three
    MUL t x y       t := low + x y              MINUS_MUL t x y     low - x y
    ADD t x y       t := x + y                  SUB t x y           x - y
    END

SUM, PARTS, MUL and MINUS_MUL empty the accumulators: they then hold the bias, a multiple of p in
every lane. The code of a step is the place of what carries it out, in units of 32 bytes.
"""

import sys
from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import cache
from typing import Final

from circuits.evm.assembler import JUMPDEST, PC, POP, Expression, Writer
from circuits.evm.field_constants import constants
from circuits.evm.lanes import EMPTY, MODULUS, accumulate, combined, lanes_below_p
from circuits.evm.refusals import write_or_check
from rollup.l1.evm.compiler import CONTRACTS

FILE: Final = CONTRACTS / "stark/interpreter.yul"

WEIGHT_WORDS: Final = 4
"""A power in a table: its lowest 11 bits, the next 10, the highest 10, and the power itself."""

UNIT_LOG2: Final = 5
"""log2 of the bytes at whose multiples steps begin."""

_C: Final = constants()


class Step(Enum):
    """What code is made of."""

    MUL = auto()
    TIMES = auto()
    PLUS = auto()
    TERM = auto()
    MINUS = auto()
    PARTS = auto()
    SUM = auto()
    WEIGHT = auto()
    ADD = auto()
    SUB = auto()
    LARGE = auto()
    MINUS_TIMES = auto()
    FACTOR = auto()
    MINUS_MUL = auto()
    PLUS_PLUS = auto()
    PLUS_MINUS = auto()
    MINUS_MINUS = auto()
    TERMS = auto()
    LARGES = auto()
    WEIGHTS = auto()
    END = auto()


OPERANDS: Final = {
    Step.PLUS: "s",
    Step.MINUS: "s",
    Step.TERM: "fs",
    Step.LARGE: "ls",
    Step.TIMES: "ss",
    Step.MINUS_TIMES: "ss",
    Step.FACTOR: "fss",
    Step.WEIGHT: "ss",
    Step.SUM: "s",
    Step.PARTS: "s",
    Step.MUL: "sss",
    Step.MINUS_MUL: "sss",
    Step.ADD: "sss",
    Step.SUB: "sss",
    Step.PLUS_PLUS: "ss",
    Step.PLUS_MINUS: "ss",
    Step.MINUS_MINUS: "ss",
    Step.TERMS: "fsfs",
    Step.LARGES: "lsls",
    Step.WEIGHTS: "sss",
    Step.END: "",
}
"""Kinds of a step's operands: s a slot, f a factor, l a large one."""

SIZES: Final = {"s": 2, "f": 2, "l": 4}
"""Bytes of operands."""


_FRAME: Final = ("base", "low", "middle", "high", "at")


def _next(writer: Writer) -> None:
    """Go to the step at `at`, its first word on the stack."""
    writer.let("t", ("mload", "at"))
    writer.jump(("add", ("shl", UNIT_LOG2, ("shr", 248, "t")), "base"))


def _place(offset: int) -> Expression:
    """The byte of memory of the slot at a byte of the step."""
    return ("and", _C["slot_mask"], ("shr", 256 - 16 - 8 * offset - 5, "t"))


def _slot(offset: int) -> Expression:
    return ("mload", _place(offset))


def _factor(offset: int) -> Expression:
    return ("sar", 240, ("shl", 8 * offset, "t"))


def _low_part(value: Expression) -> Expression:
    return ("and", value, _C["low_11"])


def _middle_part(value: Expression) -> Expression:
    return ("and", ("shr", 11, value), _C["low_10"])


def _high_part(value: Expression) -> Expression:
    return ("and", ("shr", 21, value), _C["low_10"])


def _times(writer: Writer, x: Expression, y: Expression) -> None:
    writer.let("y", y)
    writer.let("x", x)
    accumulate(writer, "low", "x", _low_part("y"))
    accumulate(writer, "middle", "x", _middle_part("y"))
    accumulate(writer, "high", "x", _high_part("y"))


def _weight(writer: Writer, values: int) -> None:
    writer.let("w", _place(1))
    for number in range(values):
        writer.let("x", _slot(3 + 2 * number))
        for part, name in enumerate(("low", "middle", "high")):
            place = ("add", 32 * (WEIGHT_WORDS * number + part), "w")
            accumulate(writer, name, "x", ("mload", place))
        writer.drop()


def _large(writer: Writer, offset: int) -> None:
    writer.let("x", _slot(offset + SIZES["l"]))
    lowest = 256 - 8 * (offset + SIZES["l"])
    for name, right, mask in (("low", 0, 0x7FF), ("middle", 11, 0x3FF), ("high", 21, 0x3FF)):
        part = ("and", mask, ("shr", lowest + right, "t"))
        writer.set(name, ("add", name, ("mul", part, "x")))
    writer.drop()


def _larges(writer: Writer) -> None:
    _large(writer, 1)
    _large(writer, 1 + SIZES["l"] + SIZES["s"])


def _term(offset: int) -> Expression:
    return ("mul", _factor(offset), _slot(offset + SIZES["f"]))


def _sum(writer: Writer) -> None:
    lanes: list[Expression] = ["low"]
    lanes += [("shr", 51 * k, "low") for k in range(1, 5)]
    masked: list[Expression] = [("and", _C["low_51"], lane) for lane in lanes[:4]]
    writer.store(_place(1), lanes_below_p([*masked, lanes[4]]))
    writer.set("low", EMPTY)


def _parts(writer: Writer) -> None:
    value = combined(writer, (("low", 0), ("middle", 11), ("high", 21)))
    writer.store(_place(1), value)
    for name in ("low", "middle", "high"):
        writer.set(name, EMPTY)


def _mul(writer: Writer, x: Expression) -> None:
    writer.let("y", _slot(5))
    writer.let("x", x)
    low = ("mulmod", "x", ("and", "y", _C["low_16"]), MODULUS)
    high = ("mulmod", "x", ("and", ("shr", 16, "y"), _C["low_15"]), MODULUS)
    writer.let("first", ("addmod", low, "low", MODULUS))
    writer.let("second", ("addmod", high, EMPTY, MODULUS))
    writer.store(_place(1), combined(writer, (("first", 0), ("second", 16))))
    writer.set("low", EMPTY)


def _canonical(writer: Writer, lanes: Expression) -> None:
    """Lanes below 2 p, once less p where they are p or more."""
    writer.let("sum", lanes)
    excess = ("and", _C["ones"], ("shr", 31, ("add", _C["complement"], "sum")))
    writer.store(_place(1), ("sub", "sum", ("mul", _C["prime"], excess)))


def _add(writer: Writer, value: Expression) -> None:
    writer.set("low", ("add", "low", value))


_CARRIED_OUT: Final[Mapping[Step, Callable[[Writer], None]]] = {
    Step.PLUS: lambda writer: _add(writer, _slot(1)),
    Step.MINUS: lambda writer: writer.set("low", ("sub", "low", _slot(1))),
    Step.PLUS_PLUS: lambda writer: _add(writer, ("add", _slot(1), _slot(3))),
    Step.PLUS_MINUS: lambda writer: _add(writer, ("sub", _slot(1), _slot(3))),
    Step.MINUS_MINUS: lambda writer: writer.set("low", ("sub", ("sub", "low", _slot(1)), _slot(3))),
    Step.TERM: lambda writer: _add(writer, _term(1)),
    Step.TERMS: lambda writer: _add(writer, ("add", _term(1), _term(5))),
    Step.LARGE: lambda writer: _large(writer, 1),
    Step.LARGES: _larges,
    Step.WEIGHTS: lambda writer: _weight(writer, 2),
    Step.TIMES: lambda writer: _times(writer, _slot(1), _slot(3)),
    Step.MINUS_TIMES: lambda writer: _times(writer, ("sub", MODULUS, _slot(1)), _slot(3)),
    # A negative factor makes x negative, which the modulus turns round.
    Step.FACTOR: lambda writer: _times(
        writer, ("add", MODULUS, ("mul", _factor(1), _slot(3))), _slot(5)
    ),
    Step.WEIGHT: lambda writer: _weight(writer, 1),
    Step.SUM: _sum,
    Step.PARTS: _parts,
    Step.MUL: lambda writer: _mul(writer, _slot(3)),
    Step.MINUS_MUL: lambda writer: _mul(writer, ("sub", MODULUS, _slot(3))),
    Step.ADD: lambda writer: _canonical(writer, ("add", _slot(3), _slot(5))),
    Step.SUB: lambda writer: _canonical(writer, ("sub", ("add", _C["primes"], _slot(3)), _slot(5))),
}
"""What each step does but for going on to the next."""


def _step(step: Step) -> bytes:
    """What carries a step out and goes to the next."""
    writer = Writer([*_FRAME, "t"])
    _CARRIED_OUT[step](writer)
    writer.drop_to("at")
    writer.advance(1 + sum(SIZES[kind] for kind in OPERANDS[step]))
    _next(writer)
    return JUMPDEST + bytes(writer.code)


def _begin() -> bytes:
    """From `at` on the stack to the frame, and to the first step."""
    code = PC  # base: the place of this very byte
    writer = Writer(["at", "base"])
    for name in ("low", "middle", "high"):
        writer.let(name, EMPTY)
    writer.let("to", "at")
    writer.names = ["", *_FRAME]
    _next(writer)
    return code + bytes(writer.code)


@cache
def assembled() -> tuple[bytes, dict[Step, int]]:
    """The bytes, and the code of each step."""
    code, codes = bytearray(_begin()), {}
    for step in Step:
        code += b"\0" * (-len(code) % (1 << UNIT_LOG2))
        codes[step] = len(code) >> UNIT_LOG2
        # The frame, what it was made from and the word at hand go.
        code += JUMPDEST + POP * (len(_FRAME) + 2) if step is Step.END else _step(step)
    if max(codes.values()) > 0xFF:
        raise ValueError("the code of a step has one byte")
    return bytes(code), codes


def encode(step: Step, *operands: int) -> bytes:
    """A step as code. OverflowError for an operand that has no room."""
    _, codes = assembled()
    kinds = OPERANDS[step]
    parts = [
        operand.to_bytes(SIZES[kind], "big", signed=kind == "f")
        for kind, operand in zip(kinds, operands, strict=True)
    ]
    return bytes([codes[step]]) + b"".join(parts)


def text() -> str:
    """The file."""
    code, _ = assembled()
    return (
        "      // Written by circuits/evm/interpreter.py, which says what the bytes do.\n"
        "      // Runs the code at `at` of memory up to its END.\n"
        f'      function run(at) {{ verbatim_1i_0o(hex"{code.hex()}", at) }}\n'
    )


if __name__ == "__main__":
    sys.exit(write_or_check(FILE, text(), "assemble the interpreter of tapes"))
