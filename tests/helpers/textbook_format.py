"""docs/soundness/proof-format.md as plain Python: values, circuits, transcript, trees.

Half of the textbook verifier (tests/helpers/textbook.py).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from circuits.air.tape import Code, Instruction, Message, Tape
from rollup.field.extension import Element
from rollup.field.koalabear import P
from rollup.hash.keccak import keccak256

VERSION = 3
SALT_BYTES = 16


class Reason(StrEnum):
    """Why a proof is refused."""

    KEY = "the key is of another circuit"
    CIRCUIT = "heights or buses do not suit the parameters"
    PUBLICS = "the digest or the public values do not fit the circuit"
    MESSAGES = "a public message does not fit the circuit's buses"
    COUNTS = "a bus may carry p messages or more"
    VERSION = "the proof does not begin with the version"
    LENGTH = "the proof has another length"
    WORD = "a word is at or above p"
    ZERO_DENOMINATOR = "the denominator of a public message is zero"
    BALANCE = "the buses do not balance"
    IDENTITY = "the constraints are not the quotient at the opening point"
    WORK = "a nonce does not show the work"
    TREE = "a top or a path does not lead to the root"
    LAYER = "a layer does not hold the value that it must"
    FINAL = "the final polynomial has another value"


class Refused(Exception):
    """A proof that is not accepted; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def require(condition: bool, reason: Reason) -> None:
    """Refuse for this reason unless the condition holds."""
    if not condition:
        raise Refused(reason)


def number(value: int, size: int = 8) -> bytes:
    """LE8, or LE4 with a size of 4."""
    return value.to_bytes(size, "little")


def encode(elements: Sequence[Element]) -> bytes:
    """Elements of E, five words each."""
    return b"".join(number(word, 4) for element in elements for word in element)


def to_words(data: bytes) -> list[int]:
    """LE4 each."""
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


def to_elements(data: bytes) -> list[Element]:
    """Five words each."""
    words = to_words(data)
    return [(*words[at : at + 5],) for at in range(0, len(words), 5)]  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class Circuit:
    """What a packaged circuit says. Heights ascend; one tape for each."""

    digest: bytes
    heights: tuple[int, ...]
    public_width: int
    payload_width: int
    bus_widths: tuple[tuple[int, int], ...]
    tapes: tuple[Tape, ...]


def read_circuit(package: str) -> Circuit:
    """A packaged circuit (`*.tapes`). ValueError if its checksum is another."""
    checksum, body = package.split("\n", 1)
    if keccak256(body.encode()).hex() != checksum:
        raise ValueError("the package has another checksum")
    head, *lines = (json.loads(line) for line in body.splitlines())
    return Circuit(
        digest=bytes.fromhex(head["circuit_digest"]),
        heights=tuple(head["heights"]),
        public_width=head["public_width"],
        payload_width=head["payload_width"],
        bus_widths=tuple((bus, width) for bus, width in head["bus_widths"]),
        tapes=tuple(map(_read_tape, lines)),
    )


def _read_tape(line: list[Any]) -> Tape:
    name, (main, fixed, registers, constraints), constants, publics, steps, messages, fractions = (
        line
    )
    return Tape(
        table=name,
        main_width=main,
        fixed_width=fixed,
        constants=tuple(constants),
        publics=tuple(publics),
        registers=registers,
        instructions=tuple(Instruction(Code(c), target, tuple(args)) for c, target, *args in steps),
        constraints=constraints,
        messages=tuple(Message(bus, sign, tuple(m), count) for bus, sign, count, *m in messages),
        fractions=tuple(map(tuple, fractions)),
    )


@dataclass(frozen=True, slots=True)
class Numbers:
    """A parameter set. Work is in bits."""

    log_blowup: int
    queries: int
    work_query: int
    work_batch: int
    work_fold: int
    digest_bytes: int

    @property
    def blinded(self) -> int:
        """h, rows at the end of every table."""
        return 2 * self.queries + 20

    @property
    def log_top(self) -> int:
        """Log2 of a tree's layer that a proof carries whole."""
        return self.queries.bit_length() - 1

    def encode(self) -> bytes:
        """The 15 fields that the transcript absorbs."""
        work = (self.work_query, self.work_batch, self.work_fold)
        rest = (self.blinded, SALT_BYTES, self.log_top, 3, 6, 3, self.digest_bytes)
        fields = (VERSION, P, 5, self.log_blowup, self.queries, *work, *rest)
        return b"".join(number(field, 4) for field in fields)


@dataclass(frozen=True, slots=True)
class Key:
    """The circuit's digest and the root of its fixed tree for the set."""

    circuit_digest: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class Statement:
    """What is proven. A message is (bus, sign 1 or -1, count, payload)."""

    digest: bytes
    publics: tuple[int, ...]
    messages: tuple[tuple[int, int, int, tuple[int, ...]], ...]


class Transcript:
    """A chain of Keccak states."""

    def __init__(self) -> None:
        self.state = keccak256(b"crypsis.transcript.v1\0stacked DEEP-ALI, LogUp, FRI")

    def _step(self, operation: int, label: str) -> bytes:
        return self.state + bytes([operation, len(label)]) + label.encode("ascii")

    def absorb(self, label: str, data: bytes) -> None:
        """Everything sent goes in before the next challenge."""
        self.state = keccak256(self._step(1, label) + data)

    def _draw(
        self, label: str, size: int, count: int, keep: Callable[[int], int | None]
    ) -> list[int]:
        kept: list[int] = []
        block = 0
        while len(kept) < count:
            raw = keccak256(self._step(2, label) + number(block, 4))
            found = [int.from_bytes(raw[at : at + size], "little") for at in range(0, 32, size)]
            kept += [value for value in map(keep, found) if value is not None]
            block += 1
        self.state = keccak256(self._step(3, label))
        return kept[:count]

    def element(self, label: str) -> Element:
        """A challenge in E."""

        def keep(integer: int) -> int | None:
            low = integer % 2**31
            return low if low < P else None

        a, b, c, d, e = self._draw(label, 4, 5, keep)
        return (a, b, c, d, e)

    def outside(self, label: str) -> Element:
        """A challenge in E, redrawn until outside F."""
        while True:
            element = self.element(label)
            if any(element[1:]):
                return element

    def positions(self, label: str, count: int, bits: int) -> list[int]:
        """Positions below 2^bits."""
        return self._draw(label, 8, count, lambda integer: integer % 2**bits)

    def work(self, label: str, nonce: int, bits: int) -> None:
        """Refuse a nonce that does not show this work; absorb it."""
        digest = keccak256(b"grinding" + self.state + number(nonce))
        require(int.from_bytes(digest, "big") < 2 ** (256 - bits), Reason.WORK)
        self.absorb(label, number(nonce))


def node(left: bytes, right: bytes) -> bytes:
    """The parent of two nodes, as long as they are."""
    return keccak256(b"node\0\0\0\0" + left.ljust(32, b"\0") + right.ljust(32, b"\0"))[: len(left)]


def leaf(depth: int, row: bytes, salt: bytes, digest_bytes: int) -> bytes:
    """The leaf of a row in a tree of 2^depth leaves."""
    padding = bytes(len(row) % 8)
    head = b"leaf" + bytes([depth, 2 if salt else 0, 0, 0])
    return keccak256(head + row + padding + salt)[:digest_bytes]


def root_of(top: Sequence[bytes]) -> bytes:
    """The root above a whole level."""
    level = list(top)
    while len(level) > 1:
        level = [node(level[i], level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


@dataclass(frozen=True, slots=True)
class Leaf:
    """An opened row with its path."""

    row: bytes
    salt: bytes
    path: list[bytes]

    def leads_to(self, top: Sequence[bytes], depth: int, index: int) -> bool:
        """Whether it is leaf number `index` below this level of a tree of 2^depth leaves."""
        digest = leaf(depth, self.row, self.salt, len(top[0]))
        for height, sibling in enumerate(self.path):
            right = index >> height & 1
            digest = node(sibling, digest) if right else node(digest, sibling)
        return digest == top[index >> len(self.path)]
