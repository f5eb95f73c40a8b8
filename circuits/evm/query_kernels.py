"""Loops of StarkQueries that are worth assembling: a compiler of Yul makes them a third dearer.

    python -m circuits.evm.query_kernels [--check]

writes `contracts/stark/query_kernels.yul`.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Final

from circuits.evm.assembler import JUMPI, PC, Expression, Writer
from circuits.evm.field_constants import LANE_BITS, constants
from circuits.evm.query_constants import BATCH_FACTOR, DOT_SUMS, FIBRE, GATHERED_WORDS
from circuits.evm.query_constants import constants as query_constants
from circuits.evm.refusals import write_or_check
from circuits.pcs.merkle_verify import NODE_TAG
from circuits.stark.proof import FIBRE_WIDTH
from rollup.field.extension import DEGREE
from rollup.field.koalabear import P
from rollup.hash.keccak import DIGEST_BYTES
from rollup.l1.evm.compiler import CONTRACTS

FILE: Final = CONTRACTS / "stark/query_kernels.yul"

VECTOR_BYTES: Final = 32 * DEGREE
"""Packed weights of four numbers: a word for each coefficient."""

LANE64_BITS: Final = 64
"""Between the numbers of a vector, and between weights."""

_ALL_ONES: Final = (1 << 256) - 1
_TOP_LANE: Final = 192
_FIELD: Final = constants()
_QUERY: Final = query_constants()


class _Loop(Writer):
    """Code that may jump: `arguments` are those of the function, the first on top."""

    def __init__(self, *arguments: str) -> None:
        super().__init__(arguments[::-1])
        self.code += PC
        self.names.append("base")

    def repeat_if(self, condition: Expression, label: int) -> None:
        """Go on at a label before, if a value is not 0."""
        self.value(condition)
        self.value(("add", label, "base"))
        self.code += JUMPI
        del self.names[-2:]

    def swap_32(self, name: str) -> None:
        """The four bytes of each uint32 of a word, the other way round."""
        for bits, mask in ((8, "bytes_even"), (16, "pairs_even")):
            high = ("and", _FIELD[mask], ("shr", bits, name))
            low = ("shl", bits, ("and", _FIELD[mask], name))
            self.set(name, ("or", low, high))


def _products(vector: str, start: int, coefficient: int) -> Expression:
    """The sum of four products, of one coefficient of their weights."""
    place = start + 32 * coefficient
    at: Expression = ("add", place, "weights") if place else "weights"
    return ("shr", _TOP_LANE, ("mul", vector, ("mload", at)))


def add_run() -> bytes:
    """add_run(from, left, weights)."""
    writer = _Loop("from", "left", "weights")
    sums = [f"sum {k}" for k in range(DEGREE)]
    for name in ("gathered", *sums):
        writer.let(name, 0)
    start = writer.label()
    writer.let("words", ("calldataload", "from"))
    writer.swap_32("words")
    unused = ("shr", ("shl", 5, "left"), _ALL_ONES)
    writer.set("words", ("and", "words", ("sub", _ALL_ONES, unused)))
    above = ("or", "words", ("add", _QUERY["complement_32"], "words"))
    writer.set("gathered", ("or", "gathered", above))
    writer.let("others", ("and", _QUERY["even_32"], ("shr", 32, "words")))
    writer.set("words", ("and", _QUERY["even_32"], "words"))
    for k, name in enumerate(sums):
        added = ("add", _products("others", 0, k), _products("words", VECTOR_BYTES, k))
        writer.set(name, ("add", added, name))
    writer.drop_to(sums[-1])
    writer.set("from", ("add", 32, "from"))
    writer.set("weights", ("add", 2 * VECTOR_BYTES, "weights"))
    writer.let("more", ("gt", "left", 8))
    writer.set("left", ("sub", "left", 8))
    _repeat_by_top(writer, start)
    gathered = ("or", ("mload", GATHERED_WORDS), "gathered")
    writer.store(GATHERED_WORDS, gathered)
    _add_sums(writer, sums)
    return bytes(writer.code)


def _repeat_by_top(writer: _Loop, label: int) -> None:
    """Go on at a label before, if the top of the stack is not 0, which goes."""
    writer.value(("add", label, "base"))
    writer.code += JUMPI
    del writer.names[-2:]


def _add_sums(writer: _Loop, sums: Sequence[str]) -> None:
    """Adds sums to those in memory, and leaves nothing on the stack."""
    for k, name in enumerate(sums):
        place = DOT_SUMS + 32 * k
        writer.store(place, ("add", ("mload", place), name))
    while writer.names:
        writer.drop()


def add_vectors() -> bytes:
    """add_vectors(numbers, count, weights)."""
    writer = _Loop("numbers", "count", "weights")
    sums = [f"sum {k}" for k in range(DEGREE)]
    writer.set("count", ("add", "numbers", ("shl", 5, "count")))
    for name in sums:
        writer.let(name, 0)
    start = writer.label()
    writer.let("vector", ("mload", "numbers"))
    for k, name in enumerate(sums):
        writer.set(name, ("add", _products("vector", 0, k), name))
    writer.drop()
    writer.set("numbers", ("add", 32, "numbers"))
    writer.set("weights", ("add", VECTOR_BYTES, "weights"))
    writer.repeat_if(("lt", "numbers", "count"), start)
    _add_sums(writer, sums)
    return bytes(writer.code)


def powers() -> bytes:
    """powers(at, end, vector, top): the element whose coefficients are in vector and top."""
    writer = _Loop("at", "end", "vector", "top")
    coefficients = [f"coefficient {k}" for k in range(DEGREE)]
    start = writer.label()
    for k, name in enumerate(coefficients):
        four = ("shr", _TOP_LANE, ("mul", "vector", ("mload", BATCH_FACTOR + 32 * k)))
        fifth = ("mul", "top", ("mload", BATCH_FACTOR + VECTOR_BYTES + 32 * k))
        writer.let(name, ("mod", ("add", four, fifth), P))
    writer.set("top", coefficients[-1])
    vector: Expression = coefficients[3]
    lanes: Expression = coefficients[0]
    for k in range(3):
        vector = ("or", vector, ("shl", _TOP_LANE - 64 * k, coefficients[k]))
    for k in range(1, DEGREE):
        lanes = ("or", lanes, ("shl", LANE_BITS * k, coefficients[k]))
    writer.set("vector", vector)
    writer.store("at", lanes)
    writer.drop_to("base")
    writer.set("at", ("add", 32, "at"))
    writer.repeat_if(("lt", "at", "end"), start)
    while writer.names:
        writer.drop()
    return bytes(writer.code)


def _shifted(value: Expression, bits: int) -> Expression:
    """A value so many bits up, or down if they are below 0."""
    if bits == 0:
        return value
    return ("shl", bits, value) if bits > 0 else ("shr", -bits, value)


def pack() -> bytes:
    """pack(at, a, b, c, d)."""
    elements = ("a", "b", "c", "d")
    writer = Writer(("at", *elements)[::-1])
    for k in range(DEGREE):
        total: Expression = 0
        for place, name in enumerate(elements):
            lane = ("and", _QUERY[f"lane_{k}"], name)
            moved = _shifted(lane, LANE64_BITS * place - LANE_BITS * k)
            total = ("or", total, moved) if place else moved
        writer.store(("add", 32 * k, "at") if k else "at", total)
    while writer.names:
        writer.drop()
    return bytes(writer.code)


def mul_factor() -> bytes:
    """mul_factor(factor, a, s, c)."""
    writer = Writer(("factor", "a", "s", "c")[::-1])

    def coefficient(k: int, product: Expression) -> Expression:
        lane = ("and", _QUERY["lane_0"], _shifted("c", -LANE_BITS * k))
        return ("add", ("mul", "s", product), lane)

    _multiply(writer, coefficient, "c")
    return bytes(writer.code)


def times_factor() -> bytes:
    """times_factor(factor, a)."""
    writer = Writer(("factor", "a")[::-1])
    _multiply(writer, lambda _, product: product, "a")
    return bytes(writer.code)


def _multiply(
    writer: Writer, coefficient: Callable[[int, Expression], Expression], result: str
) -> None:
    """Leave in the place of `result`, the lowest on the stack, what is made of the coefficients of
    the product of a and a factor."""
    vector: Expression = ("shl", _TOP_LANE, ("and", _QUERY["lane_0"], "a"))
    for k in range(1, DEGREE - 1):
        lane = ("and", _QUERY[f"lane_{k}"], "a")
        moved = _shifted(lane, _TOP_LANE - LANE64_BITS * k - LANE_BITS * k)
        vector = ("or", vector, moved)
    writer.let("vector", vector)
    writer.let("top", ("shr", LANE_BITS * (DEGREE - 1), "a"))
    total: Expression = "coefficient 0"
    for k in range(DEGREE):
        four = ("shr", _TOP_LANE, ("mul", "vector", ("mload", _offset("factor", 32 * k))))
        fifth = ("mul", "top", ("mload", _offset("factor", VECTOR_BYTES + 32 * k)))
        made = coefficient(k, ("add", four, fifth))
        writer.let(f"coefficient {k}", ("mod", made, P))
        if k:
            total = ("or", total, ("shl", LANE_BITS * k, f"coefficient {k}"))
    writer.set(result, total)
    writer.drop_to(result)


def _offset(name: str, size: int) -> Expression:
    return ("add", size, name) if size else name


def load_fibre() -> bytes:
    """load_fibre(from): straight on, eight uint32 from each word of calldata."""
    writer = _Loop("from")
    words = [f"words {k}" for k in range(FIBRE_WIDTH // 8)]
    gathered: Expression = ("mload", GATHERED_WORDS)
    for k, name in enumerate(words):
        writer.let(name, ("calldataload", _offset("from", 32 * k)))
        writer.swap_32(name)
        gathered = ("or", ("or", gathered, name), ("add", _QUERY["complement_32"], name))
    writer.store(GATHERED_WORDS, gathered)
    for number in range(FIBRE_WIDTH // DEGREE):
        total: Expression = 0
        for k in range(DEGREE):
            word, place = divmod(DEGREE * number + k, 8)
            value = ("and", 0xFFFFFFFF, _shifted(words[word], -32 * (7 - place)))
            moved = _shifted(value, LANE_BITS * k)
            total = ("or", total, moved) if k else moved
        writer.store(FIBRE + 32 * number, total)
    while writer.names:
        writer.drop()
    return bytes(writer.code)


_NODE_START: Final = DIGEST_BYTES - len(NODE_TAG)
_NODE_BYTES: Final = len(NODE_TAG) + 2 * DIGEST_BYTES
_HASH_NODE: Final = bytes([0x60, _NODE_BYTES, 0x60, _NODE_START, 0x20])
"""PUSH1 PUSH1 KECCAK256: of the tag before 0x20 and the two words from there."""


def climb() -> bytes:
    """climb(from, end, index, digest, mask, step)."""
    writer = _Loop("from", "end", "index", "digest", "mask", "step")
    over = writer.jump_on_if(("iszero", ("lt", "from", "end")))
    start = writer.label()
    writer.let("side", ("shl", 5, ("and", 1, "index")))
    writer.store(("add", DIGEST_BYTES, "side"), "digest")
    sibling = ("and", "mask", ("calldataload", "from"))
    writer.store(("sub", 2 * DIGEST_BYTES, "side"), sibling)
    writer.code += _HASH_NODE
    writer.names.append("node")
    writer.set("digest", ("and", "mask", "node"))
    writer.drop_to("base")
    writer.set("index", ("shr", 1, "index"))
    writer.set("from", ("add", "step", "from"))
    writer.repeat_if(("lt", "from", "end"), start)
    writer.come(over)
    writer.set("step", "digest")
    writer.drop_to("step")
    return bytes(writer.code)


def text() -> str:
    """The file."""
    return f"""      // Written by circuits/evm/query_kernels.py.

      // Adds `left` words of a row, from calldata, times their weights, eight at a time: those
      // after the last become 0. Of eight, words 0, 2, 4, 6 are a vector, and 1, 3, 5, 7 another.
      function add_run(from, left, weights) {{
        verbatim_3i_0o(hex"{add_run().hex()}", from, left, weights)
      }}

      // Adds `count` words of four numbers each at `numbers` times their weights; at least one.
      function add_vectors(numbers, count, weights) {{
        verbatim_3i_0o(hex"{add_vectors().hex()}", numbers, count, weights)
      }}

      // Four elements as weights: five words at `at`, one for each coefficient.
      function pack(at, a, b, c, d) {{
        verbatim_5i_0o(hex"{pack().hex()}", at, a, b, c, d)
      }}

      // (a b) s + c for b whose factor is at hand, and s in F. Lanes of c are below 2^51.
      function mul_factor(factor, a, s, c) -> r {{
        r := verbatim_4i_1o(hex"{mul_factor().hex()}", factor, a, s, c)
      }}

      // a b for b whose factor is at hand.
      function times_factor(factor, a) -> r {{
        r := verbatim_2i_1o(hex"{times_factor().hex()}", factor, a)
      }}

      // The eight elements of a fibre, from calldata.
      function load_fibre(from) {{
        verbatim_1i_0o(hex"{load_fibre().hex()}", from)
      }}

      // Fills memory from `at` to `end`, not nothing, with products of b, b^2, .. and the element
      // whose first four coefficients are a vector, and the last is `top`.
      function put_powers_of_batch(at, end, vector, top) {{
        verbatim_4i_0o(hex"{powers().hex()}", at, end, vector, top)
      }}

      // The node that a path of siblings leads to. The node's tag is in the bytes before 0x20.
      function climb(from, end, index, digest, mask, step) -> r {{
        r := verbatim_6i_1o(hex"{climb().hex()}", from, end, index, digest, mask, step)
      }}
"""


if __name__ == "__main__":
    sys.exit(write_or_check(FILE, text(), "assemble the kernels of StarkQueries"))
