"""Shape: what a circuit and a parameter set fix about every proof, before any witness.

Widths, heights, order of columns, number of constraints and folds: prover, verifier, codec and the
soundness calculator all read them here. A proof says nothing about its own shape.

Tables of one height stand side by side as one, a *group* (`circuits.air.merge`); groups go from the
shortest to the tallest, tables inside a group in statement order. `columns` of the batch are the
fixed, main and lookup columns in this order: phase, group, column.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from circuits.air.circuit import Circuit
from circuits.air.graph import MODULUS, Graph
from circuits.air.tape import Tape
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.lowered import Lowered, TablePlace, lower_circuit
from circuits.stark.masks import MASK_BUS, MASK_PAYLOAD
from circuits.stark.parameters import CHUNKS, Parameters, final_log2, fold_count
from rollup.field.extension import DEGREE


class Phase(IntEnum):
    """The committed trees, in the order in which their columns are batched."""

    FIXED = 0
    MAIN = 1
    LOOKUP = 2
    QUOTIENT = 3


TRACE_PHASES = (Phase.FIXED, Phase.MAIN, Phase.LOOKUP)


SUM_CONSTRAINTS = 3
"""The running sum starts at zero, moves on by the fractions, ends at the terminal."""


@dataclass(frozen=True, slots=True)
class Group:
    """All tables of one height as one: a matrix a phase, a running sum, a mask, a tape.

    `number` is its place in the ring of masks and among the terminals: groups ascend in height.
    `widths` are columns by phase. `graph` is None and `tables` empty in the shape of a packaged
    circuit: a verifier reads the tape alone.
    """

    number: int
    log2_height: int
    tape: Tape
    widths: tuple[int, int, int]
    graph: Graph | None
    tables: tuple[TablePlace, ...]

    @property
    def name(self) -> str:
        """The names of its tables."""
        return self.tape.table

    @property
    def height(self) -> int:
        """Rows, blinded ones included."""
        return 1 << self.log2_height

    @property
    def fractions(self) -> int:
        """Lookup columns that hold fractions; the running sum comes before them."""
        return len(self.tape.fractions)

    @property
    def constraints(self) -> int:
        """Constraints with a power of the challenge each: the tables', the fractions, the sum."""
        return self.tape.constraints + self.fractions + SUM_CONSTRAINTS


@dataclass(frozen=True, slots=True)
class Shape:
    """The whole. `groups` ascend in height."""

    parameters: Parameters
    groups: tuple[Group, ...]
    payload_width: int
    public_width: int
    bus_widths: tuple[tuple[int, int], ...]

    @property
    def log2_height(self) -> int:
        """log2 of the tallest table's height N."""
        return self.groups[-1].log2_height

    @property
    def height(self) -> int:
        """N: rows of the tallest table, to which all others are lifted."""
        return 1 << self.log2_height

    @property
    def log2_domain(self) -> int:
        """log2 of the number of points at which the tallest columns are committed."""
        return self.log2_height + self.parameters.log2_blowup

    @property
    def trace_columns(self) -> int:
        """K: columns opened at two points: fixed, main, lookup."""
        return sum(sum(group.widths) for group in self.groups)

    @property
    def quotient_width(self) -> int:
        """Base-field columns of the quotient matrix: the chunks and the random polynomial."""
        return (CHUNKS + 1) * DEGREE

    @property
    def batched(self) -> int:
        """Functions that the batch challenge combines: columns times points, chunks, random one."""
        return 2 * self.trace_columns + CHUNKS * DEGREE + 1

    @property
    def chunk_coefficients(self) -> int:
        """N - h: coefficients of the quotient in one chunk."""
        return self.height - self.parameters.blinded_rows

    @property
    def folds(self) -> int:
        """Committed layers of the low-degree test."""
        return fold_count(self.log2_height)

    @property
    def final_coefficients(self) -> int:
        """Coefficients of the final polynomial."""
        return 1 << final_log2(self.log2_height)

    @property
    def constraints(self) -> int:
        """Constraints over all groups, each with its own power of the challenge."""
        return sum(group.constraints for group in self.groups)

    @property
    def interactions(self) -> int:
        """Messages of a whole proof: (per row x height) over all groups, masks included."""
        return sum(len(group.tape.messages) * group.height for group in self.groups)

    def bus_messages(self) -> dict[int, int]:
        """Messages that all tables together can put on each bus: (per row x height)."""
        totals: dict[int, int] = {}
        for group in self.groups:
            for message in group.tape.messages:
                totals[message.bus] = totals.get(message.bus, 0) + group.height
        return totals

    @property
    def fingerprint_power(self) -> int:
        """W: the power of beta at which bus identifiers stand, above every payload."""
        return max(self.payload_width, MASK_PAYLOAD)

    def group_widths(self, phase: Phase) -> list[tuple[int, int]]:
        """(log2 height, columns) of the matrices of a phase, ascending in height."""
        if phase is Phase.QUOTIENT:
            return [(self.log2_height, self.quotient_width)]
        return [(group.log2_height, group.widths[phase]) for group in self.groups]

    def batch_start(self, phase: Phase, group: Group) -> int:
        """Position of a group's first column of a trace phase among the batched columns."""
        earlier = sum(each.widths[other] for other in range(phase) for each in self.groups)
        return earlier + sum(each.widths[phase] for each in self.groups[: group.number])

    def salted(self, phase: Phase) -> bool:
        """Whether leaves of the phase hide their rows. Fixed columns are public."""
        return phase is not Phase.FIXED


class _ByDigest:
    """A circuit that equals all circuits of its digest, which says all that a shape depends on,
    and of its kind: a packaged one has no graphs."""

    __slots__ = ("_key", "circuit")

    def __init__(self, circuit: Circuit | Lowered) -> None:
        self.circuit = circuit
        self._key = (type(circuit), circuit.digest)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByDigest) and self._key == other._key


def shape_of(circuit: Circuit | Lowered, parameters: Parameters) -> Shape:
    """The shape, or VerificationError where heights or buses do not suit the parameters."""
    return _shape(_ByDigest(circuit), parameters)


@lru_cache(maxsize=8)
def _shape(keyed: _ByDigest, parameters: Parameters) -> Shape:
    circuit = keyed.circuit
    lowered = circuit if isinstance(circuit, Lowered) else lower_circuit(circuit)
    _check_heights(lowered.heights, parameters)
    _check_buses(lowered)
    shape = Shape(
        parameters=parameters,
        groups=tuple(_group(lowered, number) for number in range(len(lowered.heights))),
        payload_width=lowered.payload_width,
        public_width=lowered.public_width,
        bus_widths=lowered.bus_widths,
    )
    _check_multiplicities(shape)
    return shape


def _group(lowered: Lowered, number: int) -> Group:
    tape = lowered.tapes[number]
    return Group(
        number=number,
        log2_height=lowered.heights[number].bit_length() - 1,
        tape=tape,
        widths=(tape.fixed_width, tape.main_width, (1 + len(tape.fractions)) * DEGREE),
        graph=lowered.graphs[number] if lowered.graphs else None,
        tables=lowered.tables[number] if lowered.tables else (),
    )


def _check_heights(heights: Sequence[int], parameters: Parameters) -> None:
    if not heights:
        raise VerificationError(Failure.UNSUITABLE_HEIGHTS, "the circuit has no table")
    lowest, highest = parameters.min_height, 1 << parameters.max_log2_height
    for height in heights:
        if not lowest <= height <= highest:
            detail = f"{height} rows; {parameters.name} takes {lowest} to {highest}"
            raise VerificationError(Failure.UNSUITABLE_HEIGHTS, detail)


def _check_buses(lowered: Lowered) -> None:
    if any(not MASK_BUS < bus < MODULUS - 1 for bus, _ in lowered.bus_widths):
        raise ValueError("circuits number their buses from 1; 0 is the bus of the masks")


def _check_multiplicities(shape: Shape) -> None:
    """Per bus, fewer messages than the field has elements: then multiplicities cannot wrap."""
    for bus, count in shape.bus_messages().items():
        if count >= MODULUS:
            raise VerificationError(Failure.MULTIPLICITY_BOUND, f"bus {bus}: {count} messages")
