"""What StarkQueries is told of a shape: one table of 32-byte words, deployed as data.

    HEADER, in the order of `_header`
    a word for each tree: phases, then layers (`_tree`)
    for each group from the shortest: a word (`_group`), then its runs, then its stacks read below

A *run* is a stretch of words of one group in a row of a query: its words, the bytes from the
query's start to it, and the bytes from the table of weights to the weight of its first word. The
table has b^(1+i) for each of the M functions; then, for functions over E, five words each, b^(1+i)
X^c, in their order. Numbers of a packed word have 32 bits each, the last one lowest.
"""

from collections.abc import Iterator

from circuits.evm.context import (
    EVM_WORD,
    path_length,
    query_bytes,
    tops_bytes,
    trees,
)
from circuits.pcs.merkle_verify import leaf_tag
from circuits.stark.parameters import CHUNKS, FOLD_LOG2
from circuits.stark.proof import FIBRE_WIDTH, top_log2, tree_depth
from circuits.stark.shape import Group, Shape
from circuits.stark.stacks import WORD_BYTES, WORDS, Phase
from rollup.field import koalabear
from rollup.field.extension import DEGREE

FIELD_BITS = 32
"""Of each number in a packed word."""


def query_manifest(shape: Shape) -> bytes:
    """The table of a shape."""
    words = [*_header(shape)]
    words += [_tree(shape, number) for number in range(len(trees(shape)))]
    for group in shape.groups:
        words += _group(shape, group)
    return b"".join(word.to_bytes(EVM_WORD, "big") for word in words)


def _header(shape: Shape) -> list[int]:
    digest_bits = 8 * shape.parameters.digest_bytes
    root = koalabear.omega(shape.log2_domain)
    eighth = koalabear.omega(FOLD_LOG2)
    return [
        shape.parameters.queries,
        query_bytes(shape),
        _context_words(shape) * EVM_WORD,
        tops_bytes(shape),
        shape.log2_domain,
        shape.folds,
        len(shape.groups),
        shape.final_coefficients,
        shape.parameters.digest_bytes,
        ((1 << digest_bits) - 1) << (256 - digest_bits),
        root,
        koalabear.inverse(root),
        koalabear.inverse(koalabear.GENERATOR),
        shape.trace_stacks + CHUNKS,
        _base_stacks(shape),
        _denominators(shape),
        _row_start(shape, Phase.QUOTIENT) + WORD_BYTES * CHUNKS * DEGREE,
        _row_start(shape, None),
        *(koalabear.power(eighth, slot) for slot in range(1 << FOLD_LOG2)),
    ]


def _base_stacks(shape: Shape) -> int:
    """Stacks of one word: those of the fixed and main columns, which come first."""
    return sum(len(shape.stacks_of(phase)) for phase in (Phase.FIXED, Phase.MAIN))


def _groups_below(shape: Shape) -> set[int]:
    return {stack.group for stack in shape.stacks if stack.below}


def _denominators(shape: Shape) -> int:
    """Points of a query to divide by."""
    return len(shape.groups) + len(_groups_below(shape))


def _context_words(shape: Shape) -> int:
    """Words of the context (`circuits.evm.context`)."""
    below = _groups_below(shape)
    sums = sum(shape.places(g.number) * (1 + (g.number in below)) for g in shape.groups)
    positions = -(-shape.parameters.queries // (EVM_WORD // 4))
    fixed = 3 + shape.folds + shape.final_coefficients
    return fixed + _denominators(shape) + sums + positions


def _row_start(shape: Shape, phase: Phase | None) -> int:
    """Bytes of a query before the row of a phase; before the layers for None."""
    total = 0
    for each in Phase:
        if each is phase:
            break
        total += WORD_BYTES * shape.row_width(each) + _salt(shape, each)
        total += shape.parameters.digest_bytes * path_length(shape, None)
    return total


def _salt(shape: Shape, phase: Phase) -> int:
    return shape.parameters.salt_bytes if shape.salted(phase) else 0


def _tree(shape: Shape, number: int) -> int:
    """Tag of a leaf (two numbers), bytes of its row, bytes of zeros after it, bytes of salt,
    digests of a path, bytes of tops before its own."""
    layer = trees(shape)[number]
    width = FIBRE_WIDTH if layer is not None else shape.row_width(Phase(number))
    salt = _salt(shape, Phase(number)) if layer is None else 0
    before = sum(1 << top_log2(shape, each) for each in trees(shape)[:number])
    tag = int.from_bytes(leaf_tag(tree_depth(shape, layer), bool(salt)), "big")
    return _packed(
        tag >> FIELD_BITS,
        tag & ((1 << FIELD_BITS) - 1),
        WORD_BYTES * width,
        WORD_BYTES * (width % 2),
        salt,
        path_length(shape, layer),
        before * shape.parameters.digest_bytes,
    )


def _packed(*values: int) -> int:
    total = 0
    for value in values:
        if not 0 <= value < 1 << FIELD_BITS:
            raise ValueError(f"{value} does not fit {FIELD_BITS} bits")
        total = total << FIELD_BITS | value
    return total


def _group(shape: Shape, group: Group) -> list[int]:
    """log2 of its places, runs, stacks read below; then a word for each of these."""
    runs = list(_runs(shape, group.number))
    below = list(_below(shape, group.number))
    return [_packed(shape.log2_height - group.log2_height, len(runs), len(below)), *runs, *below]


def _runs(shape: Shape, group: int) -> Iterator[int]:
    """The runs of a group, chunks with the tallest: words, place in the query, place of weight."""
    number = 0
    for phase in Phase:
        start = _row_start(shape, phase)
        if phase is Phase.QUOTIENT:
            if group == shape.groups[-1].number:
                yield _packed(CHUNKS * DEGREE, start, _weight(shape, number))
            continue
        words = WORDS[phase]
        members = [i for i, each in enumerate(shape.stacks_of(phase)) if each.group == group]
        if members:
            at = start + WORD_BYTES * words * members[0]
            weight = _weight(shape, number + members[0])
            yield _packed(words * len(members), at, weight)
        number += len(shape.stacks_of(phase))


def _weight(shape: Shape, function: int) -> int:
    """Bytes from the table of weights to the first weight of a function."""
    base = _base_stacks(shape)
    if function < base:
        return EVM_WORD * function
    return EVM_WORD * (shape.trace_stacks + CHUNKS + DEGREE * (function - base))


def _below(shape: Shape, group: int) -> Iterator[int]:
    """Stacks of a group that are read below: words, place in the query, place of b^(1+j)."""
    number, place = 0, {phase: _row_start(shape, phase) for phase in Phase}
    for stack in shape.stacks:
        at = place[stack.phase]
        place[stack.phase] += WORD_BYTES * stack.words
        if stack.below:
            if stack.group == group:
                yield _packed(stack.words, at, EVM_WORD * number)
            number += 1
