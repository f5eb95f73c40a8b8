"""A small assembler of EVM code: expressions over values on the stack, which have names."""

from collections.abc import Sequence
from typing import Final

Expression = int | str | tuple[object, ...]
"""A number, a value on the stack by name, or an operation and its arguments."""

OPERATIONS: Final = {
    "add": 0x01,
    "mul": 0x02,
    "sub": 0x03,
    "mod": 0x06,
    "addmod": 0x08,
    "mulmod": 0x09,
    "lt": 0x10,
    "gt": 0x11,
    "iszero": 0x15,
    "and": 0x16,
    "or": 0x17,
    "shl": 0x1B,
    "shr": 0x1C,
    "sar": 0x1D,
    "calldataload": 0x35,
    "mload": 0x51,
}
POP: Final = b"\x50"
MSTORE: Final = b"\x52"
JUMP: Final = b"\x56"
JUMPI: Final = b"\x57"
PC: Final = b"\x58"
JUMPDEST: Final = b"\x5b"


class Writer:
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
                self.code.append(OPERATIONS[operation])
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
        self.code.append(OPERATIONS["add"])

    def store(self, place: Expression, value: Expression) -> None:
        """A word to memory."""
        self.value(value)
        self.value(place)
        self.code += MSTORE
        del self.names[-2:]

    def drop(self) -> None:
        """Forget the top of the stack."""
        self.code += POP
        self.names.pop()

    def drop_to(self, name: str) -> None:
        """Forget all above a value."""
        while self.names[-1] != name:
            self.drop()

    def jump(self, place: Expression) -> None:
        """Go on at a place."""
        self.value(place)
        self.code += JUMP
        self.names.pop()

    def label(self) -> int:
        """A place to jump to, from `base`."""
        self.code += JUMPDEST
        return len(self.code) - 1

    def jump_back(self, label: int) -> None:
        """Go on at a label before."""
        self.jump(("add", label, "base"))

    def jump_on_if(self, condition: Expression) -> int:
        """Go on at a label that comes, which `come` puts in, if a value is not 0."""
        self.value(condition)
        self.code += bytes([0x61, 0, 0])
        hole = len(self.code) - 2
        self.names.append("")
        self.value("base")
        self.code += bytes([OPERATIONS["add"]]) + JUMPI
        del self.names[-3:]
        return hole

    def come(self, hole: int) -> None:
        """The place to go on at."""
        self.code[hole : hole + 2] = self.label().to_bytes(2, "big")

    def _push(self, value: int) -> None:
        size = (value.bit_length() + 7) // 8
        self.code += bytes([0x5F + size]) + value.to_bytes(size, "big")
