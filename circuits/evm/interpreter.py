"""The interpreter of tape code, assembled: the contract's hottest loop, and what its bytes mean.

    python -m circuits.evm.interpreter [--check]

writes `contracts/stark/interpreter.yul`: a function that runs code in memory, by bytes of EVM that
are put together here, since what a compiler of Yul makes of the same loop costs twice the gas.

Code is a stream of steps over three accumulators of lanes, `low`, `middle` and `high`, of which the
sum low + 2^11 middle + 2^21 high is meant. A step is its code, 1 byte, and its operands: a slot (a
word of memory, by its place in words) has 2 bytes, a factor 2 (signed), a large one 4.

    PLUS x          low += x                    MINUS x         low -= x
    TERM f x        low += f x                  LARGE f x       f x to all three
    TIMES x y       x y to all three            MINUS_TIMES x y     - x y
    FACTOR f x y    f x y                       WEIGHT w x          w x, w a split power
    SUM t           t := low                    PARTS t         t := all three
    MUL t x y       t := low + x y              MINUS_MUL t x y     low - x y
    ADD t x y       t := x + y                  SUB t x y           x - y
    END

SUM, PARTS, MUL and MINUS_MUL empty the accumulators: they then hold the bias, a multiple of p in
every lane. The code of a step is the place of what carries it out, in units of 16 bytes.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from functools import cache
from typing import Final

from circuits.evm.field_constants import constants
from circuits.evm.refusals import write_or_check
from rollup.l1.evm.compiler import CONTRACTS

FILE: Final = CONTRACTS / "stark/interpreter.yul"

UNIT_LOG2: Final = 4
"""log2 of the bytes at whose multiples steps begin."""

Expression = int | str | tuple[object, ...]
"""A number, a value on the stack by name, or an operation and its arguments."""

_OPERATIONS: Final = {
    "add": 0x01,
    "mul": 0x02,
    "sub": 0x03,
    "mod": 0x06,
    "addmod": 0x08,
    "mulmod": 0x09,
    "and": 0x16,
    "or": 0x17,
    "shl": 0x1B,
    "shr": 0x1C,
    "sar": 0x1D,
    "mload": 0x51,
}
_POP: Final = b"\x50"
_MSTORE: Final = b"\x52"
_JUMP: Final = b"\x56"
_PC: Final = b"\x58"
_JUMPDEST: Final = b"\x5b"

_C: Final = constants()
_MODULUS: Final = _C["modulus"]
_EMPTY: Final = _C["bias_parts"]


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
    Step.END: "",
}
"""Kinds of a step's operands: s a slot, f a factor, l a large one."""

SIZES: Final = {"s": 2, "f": 2, "l": 4}
"""Bytes of operands."""


class _Writer:
    """Bytes of one step, with the names of what is on the stack, lowest first."""

    def __init__(self, names: Sequence[str]) -> None:
        self.code = bytearray()
        self.names = [*names]

    def value(self, expression: Expression) -> None:
        """Leave a value on the stack."""
        match expression:
            case int():
                self._push(expression)
            case str():
                depth = len(self.names) - self.names.index(expression)
                self.code.append(0x7F + depth)
            case (str() as operation, *arguments):
                for argument in reversed(arguments):
                    self.value(argument)  # type: ignore[arg-type]
                self.code.append(_OPERATIONS[operation])
                del self.names[-len(arguments) :]
            case _:
                raise TypeError(f"not an expression: {expression}")
        self.names.append("")

    def let(self, name: str, expression: Expression) -> None:
        """Leave a value on the stack by name."""
        self.value(expression)
        self.names[-1] = name

    def set(self, name: str, expression: Expression) -> None:
        """Another value in the place of one on the stack."""
        self.value(expression)
        depth = len(self.names) - 1 - self.names.index(name)
        self.code.append(0x8F + depth)
        self.drop()

    def advance(self, size: int) -> None:
        """Add to the top of the stack."""
        self._push(size)
        self.code.append(_OPERATIONS["add"])

    def store(self, place: Expression, value: Expression) -> None:
        """A word to memory."""
        self.value(value)
        self.value(place)
        self.code += _MSTORE
        del self.names[-2:]

    def drop(self) -> None:
        """Forget the top of the stack."""
        self.code += _POP
        self.names.pop()

    def drop_to(self, name: str) -> None:
        """Forget all above a value."""
        while self.names[-1] != name:
            self.drop()

    def jump(self, place: Expression) -> None:
        """Go on at a place."""
        self.value(place)
        self.code += _JUMP
        self.names.pop()

    def _push(self, value: int) -> None:
        size = (value.bit_length() + 7) // 8
        self.code += bytes([0x5F + size]) + value.to_bytes(size, "big")


_FRAME: Final = ("base", "low", "middle", "high", "at")


def _next(writer: _Writer) -> None:
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


def _accumulate(writer: _Writer, name: str, x: Expression, y: Expression) -> None:
    product = ("mulmod", x, y, _MODULUS)
    writer.set(name, ("addmod", product, name, _MODULUS))


def _times(writer: _Writer, x: Expression, y: Expression) -> None:
    writer.let("y", y)
    writer.let("x", x)
    _accumulate(writer, "low", "x", _low_part("y"))
    _accumulate(writer, "middle", "x", _middle_part("y"))
    _accumulate(writer, "high", "x", _high_part("y"))


def _weight(writer: _Writer) -> None:
    writer.let("w", _place(1))
    writer.let("x", _slot(3))
    _accumulate(writer, "low", "x", ("mload", "w"))
    _accumulate(writer, "middle", "x", ("mload", ("add", 32, "w")))
    _accumulate(writer, "high", "x", ("mload", ("add", 64, "w")))


def _large(writer: _Writer) -> None:
    writer.let("x", _slot(5))
    for name, right, mask in (("low", 0, 0x7FF), ("middle", 11, 0x3FF), ("high", 21, 0x3FF)):
        part = ("and", mask, ("shr", 216 + right, "t"))
        writer.set(name, ("add", name, ("mul", part, "x")))


def _lanes(lanes: Sequence[Expression]) -> Expression:
    """Lanes below 2^102, each modulo p, side by side."""
    total: Expression = ("mod", lanes[0], _C["prime"])
    for k, lane in enumerate(lanes[1:], start=1):
        total = ("or", total, ("shl", 51 * k, ("mod", lane, _C["prime"])))
    return total


def _combined(writer: _Writer, parts: Sequence[tuple[str, int]]) -> Expression:
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
    return _lanes(
        (
            ("and", _C["low_102"], "even"),
            ("and", _C["low_102"], "odd"),
            ("shr", 102, "even"),
            ("shr", 102, "odd"),
            highest,
        )
    )


def _sum(writer: _Writer) -> None:
    lanes: list[Expression] = ["low"]
    lanes += [("shr", 51 * k, "low") for k in range(1, 5)]
    masked: list[Expression] = [("and", _C["low_51"], lane) for lane in lanes[:4]]
    writer.store(_place(1), _lanes([*masked, lanes[4]]))
    writer.set("low", _EMPTY)


def _parts(writer: _Writer) -> None:
    combined = _combined(writer, (("low", 0), ("middle", 11), ("high", 21)))
    writer.store(_place(1), combined)
    for name in ("low", "middle", "high"):
        writer.set(name, _EMPTY)


def _mul(writer: _Writer, x: Expression) -> None:
    writer.let("y", _slot(5))
    writer.let("x", x)
    low = ("mulmod", "x", ("and", "y", _C["low_16"]), _MODULUS)
    high = ("mulmod", "x", ("and", ("shr", 16, "y"), _C["low_15"]), _MODULUS)
    writer.let("first", ("addmod", low, "low", _MODULUS))
    writer.let("second", ("addmod", high, _EMPTY, _MODULUS))
    writer.store(_place(1), _combined(writer, (("first", 0), ("second", 16))))
    writer.set("low", _EMPTY)


def _canonical(writer: _Writer, lanes: Expression) -> None:
    """Lanes below 2 p, once less p where they are p or more."""
    writer.let("sum", lanes)
    excess = ("and", _C["ones"], ("shr", 31, ("add", _C["complement"], "sum")))
    writer.store(_place(1), ("sub", "sum", ("mul", _C["prime"], excess)))


def _add(writer: _Writer, value: Expression) -> None:
    writer.set("low", ("add", "low", value))


_CARRIED_OUT: Final[Mapping[Step, Callable[[_Writer], None]]] = {
    Step.PLUS: lambda writer: _add(writer, _slot(1)),
    Step.MINUS: lambda writer: writer.set("low", ("sub", "low", _slot(1))),
    Step.TERM: lambda writer: _add(writer, ("mul", _factor(1), _slot(3))),
    Step.LARGE: _large,
    Step.TIMES: lambda writer: _times(writer, _slot(1), _slot(3)),
    Step.MINUS_TIMES: lambda writer: _times(writer, ("sub", _MODULUS, _slot(1)), _slot(3)),
    # A negative factor makes x negative, which the modulus turns round.
    Step.FACTOR: lambda writer: _times(
        writer, ("add", _MODULUS, ("mul", _factor(1), _slot(3))), _slot(5)
    ),
    Step.WEIGHT: _weight,
    Step.SUM: _sum,
    Step.PARTS: _parts,
    Step.MUL: lambda writer: _mul(writer, _slot(3)),
    Step.MINUS_MUL: lambda writer: _mul(writer, ("sub", _MODULUS, _slot(3))),
    Step.ADD: lambda writer: _canonical(writer, ("add", _slot(3), _slot(5))),
    Step.SUB: lambda writer: _canonical(writer, ("sub", ("add", _C["primes"], _slot(3)), _slot(5))),
}
"""What each step does but for going on to the next."""


def _step(step: Step) -> bytes:
    """What carries a step out and goes to the next."""
    writer = _Writer([*_FRAME, "t"])
    _CARRIED_OUT[step](writer)
    writer.drop_to("at")
    writer.advance(1 + sum(SIZES[kind] for kind in OPERANDS[step]))
    _next(writer)
    return _JUMPDEST + bytes(writer.code)


def _begin() -> bytes:
    """From `at` on the stack to the frame, and to the first step."""
    code = _PC  # base: the place of this very byte
    writer = _Writer(["at", "base"])
    for name in ("low", "middle", "high"):
        writer.let(name, _EMPTY)
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
        code += _JUMPDEST + _POP * (len(_FRAME) + 2) if step is Step.END else _step(step)
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
