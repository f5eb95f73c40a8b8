"""Where a proof's time goes, phase by phase, beside what this machine allows.

Operations are counted from the shape, by the formulas below: base-field products, Keccak
permutations, and bytes that pass between cores and memory (of matrices; what fits a cache is not
counted). Ceilings are measured in the same run, in CPU-seconds, by loops that do nothing else. The
floor of a phase is the larger of its arithmetic and its traffic at those ceilings. It is a measure
and no bound: products that are summed before they are reduced cost less than the butterflies that
set the ceiling, and the nonces that grinding tries are an average.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import process_time

import numpy as np

from circuits.air.tape import Code
from circuits.pcs.kernels import search_nonces
from circuits.poly.kernels import transform
from circuits.poly.lde import padded_width
from circuits.stark.parameters import CHUNKS, FOLD_LOG2
from circuits.stark.proof import FIBRE_WIDTH
from circuits.stark.report import ProofReport
from circuits.stark.shape import Group, Shape
from circuits.stark.stacks import TRACE_PHASES, Phase
from rollup.field.extension import DEGREE
from rollup.field.kernels import to_montgomery, with_factor
from rollup.native.jit import parallel
from rollup.native.simd import LANES

_WORD = 4
_DIGEST = 32
_RATE = 136
_EXTENSION_PRODUCTS = DEGREE * DEGREE
_INVERSE_PRODUCTS = 4 * _EXTENSION_PRODUCTS
"""Of an extension element by its conjugates, the shared inversion included."""
_SMALL_TRANSFORM = 12 * DEGREE
"""Products of the transform of 8 extension values, at most."""


_TRANSFORM_LOG2 = 8
"""Of the transform that measures products: 2^8 rows of 16 lanes are 16 KiB."""


@dataclass(frozen=True, slots=True)
class Work:
    """Operations: base-field products, Keccak permutations, bytes moved."""

    products: float = 0
    hashes: float = 0
    moved: float = 0

    def __add__(self, other: "Work") -> "Work":
        return Work(
            self.products + other.products,
            self.hashes + other.hashes,
            self.moved + other.moved,
        )

    def times(self, factor: float) -> "Work":
        """So many times this work."""
        return Work(self.products * factor, self.hashes * factor, self.moved * factor)


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What a core does in a second when it does nothing else."""

    products: float
    hashes: float
    moved: float

    def floor_s(self, work: Work) -> float:
        """CPU-seconds of this work at the ceilings."""
        arithmetic = work.products / self.products + work.hashes / self.hashes
        return max(arithmetic, work.moved / self.moved)


def measure_ceilings() -> Ceilings:
    """Butterflies in the nearest cache (a product, a sum, a difference), permutations without
    input, a copy of 128 MiB."""
    rows = 1 << _TRANSFORM_LOG2
    block = np.ones(rows * LANES, dtype=np.uint32)
    buffer, order = np.empty_like(block), np.arange(rows)
    twiddles = with_factor(to_montgomery(np.ones(rows)))
    butterflies = rows * LANES * _TRANSFORM_LOG2 // 2
    source = np.ones(1 << 25, dtype=np.uint32)
    target = np.empty_like(source)
    prefix, found = np.zeros(5, dtype=np.uint64), np.empty(16, dtype=np.uint64)
    never, span = np.uint64(0xFFFFFFFFFFFFFFFF), 1 << 14

    def search() -> None:
        parallel(search_nonces, found.size, np.uint64(0), span, prefix, never, found)

    return Ceilings(
        butterflies / _least(lambda: transform(block, 0, LANES, order, buffer, twiddles), 64),
        found.size * span / _least(search, 1),
        2 * source.nbytes / _least(lambda: np.copyto(target, source), 1),
    )


def _least(function: Callable[[], object], repeats: int) -> float:
    """CPU-seconds of one call: the best of five runs of so many calls, after one uncounted."""
    function()
    samples = []
    for _ in range(5):
        start = process_time()
        for _ in range(repeats):
            function()
        samples.append((process_time() - start) / repeats)
    return max(min(samples), 1e-9)


def work_by_phase(shape: Shape) -> dict[str, Work]:
    """The operations of every phase of a proof of this shape."""
    parameters = shape.parameters
    ground = [parameters.grinding_batch, parameters.grinding_query]
    batch_work, query_work = (Work(hashes=2.0**bits) for bits in ground)
    return {
        "main": _committed(shape, Phase.MAIN),
        "lookup": _committed(shape, Phase.LOOKUP) + _lookup_fractions(shape),
        "quotient": _quotient(shape),
        "opening": _column_sums(shape),
        "batch": _column_sums(shape) + _divisions(shape) + batch_work,
        "folds": _folds(shape),
        "queries": query_work,
    }


def _transformed(width: int, log2_height: int, times: int) -> Work:
    """Columns transformed so many times; each transform is two passes over its rows."""
    cells = padded_width(width) << log2_height
    return Work(cells * (log2_height / 2 + 1) * times, 0, 4 * cells * _WORD * times)


def _tree(shape: Shape, phase: Phase) -> Work:
    """Rows of all stacks taken to the whole domain and hashed, and the nodes."""
    width, blowup = shape.row_width(phase), shape.parameters.blowup
    octets = 8 + _WORD * (width + width % 2) + shape.parameters.salt_bytes
    leaves = blowup << shape.log2_height
    hashed = Work(0, leaves * (octets // _RATE + 1), leaves * _WORD * padded_width(width))
    nodes = Work(0, leaves, 3 * _DIGEST * leaves)
    return _transformed(width, shape.log2_height, blowup) + hashed + nodes


def _committed(shape: Shape, phase: Phase) -> Work:
    """Coefficients of all columns, placed in stacks, and the tree."""
    total = _tree(shape, phase)
    for group in shape.groups:
        width = group.widths[phase]
        total += _transformed(width, group.log2_height, 1)
        total += Work(0, 0, 2 * _WORD * padded_width(width) << group.log2_height)
    return total


def _message_products(group: Group) -> int:
    """Of all fraction columns of a row: payloads by powers, then denominators and counts."""
    payload = sum(len(message.payload) for message in group.tape.messages)
    pairs = group.fractions * (_EXTENSION_PRODUCTS + 2 * DEGREE)
    return DEGREE * payload + pairs


def _lookup_fractions(shape: Shape) -> Work:
    total = Work()
    for group in shape.groups:
        row = _message_products(group)
        row += group.fractions * (_INVERSE_PRODUCTS + _EXTENSION_PRODUCTS)
        moved = _WORD * (group.widths[Phase.MAIN] + 8 * DEGREE * group.fractions)
        total += Work(row * group.height, 0, moved * group.height)
    return total


def _row_products(group: Group) -> int:
    """Products of a group's quotient in one row."""
    total = sum(group.widths) + _message_products(group)
    total += 2 * _EXTENSION_PRODUCTS * group.fractions
    for step in group.tape.instructions:
        if step.code is Code.MUL:
            total += 1
        elif step.code is Code.LINEAR:
            total += len(step.args) // 2
        elif step.code is Code.ACCUMULATE:
            total += DEGREE
    return total


def _quotient(shape: Shape) -> Work:
    total = _tree(shape, Phase.QUOTIENT)
    total += Work(CHUNKS * padded_width(DEGREE) * (shape.log2_height / 2 + 1) * shape.height)
    for group in shape.groups:
        if shape.places(group.number) > 1:
            for width in group.widths:
                total += _transformed(width, group.log2_height, CHUNKS)
        moved = _WORD * sum(group.widths)
        total += Work(_row_products(group), 0, moved).times(CHUNKS * group.height)
    return total


def _column_sums(shape: Shape) -> Work:
    """One weighted sum over all columns."""
    cells = padded_width(shape.quotient_width) * shape.height
    for group in shape.groups:
        cells += group.height * sum(padded_width(group.widths[phase]) for phase in TRACE_PHASES)
    return Work(DEGREE * cells, 0, _WORD * cells)


def _divisions(shape: Shape) -> Work:
    """A sum for each group, interpolated and divided; f_0 taken to the domain."""
    below = {stack.group for stack in shape.stacks if stack.below}
    sums = len(shape.groups) + len(below)
    divided = Work(3 * _EXTENSION_PRODUCTS, 0, 6 * _WORD * DEGREE).times(sums * shape.height)
    transforms = _transformed(DEGREE * sums, shape.log2_height, 1)
    return divided + transforms + _transformed(DEGREE, shape.log2_height, shape.parameters.blowup)


def _folds(shape: Shape) -> Work:
    total = Work()
    size = 1 << shape.log2_domain
    value = _SMALL_TRANSFORM + 8 * _EXTENSION_PRODUCTS
    for _ in range(shape.folds):
        size >>= FOLD_LOG2
        leaf = (8 + _WORD * FIBRE_WIDTH) // _RATE + 2
        row = Work(value, leaf, 3 * _WORD * FIBRE_WIDTH)
        total += row.times(size) + Work(hashes=2.0**shape.parameters.grinding_fold)
    return total


def profile_record(shape: Shape, report: ProofReport) -> dict[str, object]:
    """The account of one proof for JSON: seconds, operations and floor by phase, and ceilings."""
    ceilings = measure_ceilings()
    phases = {}
    for name, work in work_by_phase(shape).items():
        phases[name] = {
            "wall_s": report.phases_s[name],
            "cpu_s": report.cpu_s[name],
            "system_s": report.system_s[name],
            "products": work.products,
            "permutations": work.hashes,
            "bytes": work.moved,
            "floor_s": ceilings.floor_s(work),
        }
    return {
        "phases": phases,
        "products_per_cpu_second": ceilings.products,
        "permutations_per_cpu_second": ceilings.hashes,
        "bytes_per_cpu_second": ceilings.moved,
    }
