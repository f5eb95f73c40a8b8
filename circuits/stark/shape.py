"""Shape: what a circuit and a parameter set fix about every proof, before any witness.

Widths, heights, order of columns, number of constraints and folds: prover, verifier, codec and the
soundness calculator all read them here. A proof says nothing about its own shape.

Tables of one height stand side by side as one, a *group* (`circuits.air.merge`); groups go from the
shortest to the tallest, tables inside a group in statement order. What is committed of them are
stacks (`circuits.stark.stacks`), in this order: phase, group from the tallest, stack.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from circuits.air.circuit import Circuit
from circuits.air.graph import MODULUS, Graph, Scope
from circuits.air.tape import Tape
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.lowered import Lowered, TablePlace, lower_circuit
from circuits.stark.masks import MASK_BUS, MASK_PAYLOAD
from circuits.stark.parameters import CHUNKS, Parameters, final_log2, fold_count
from circuits.stark.stacks import TRACE_PHASES, WORDS, Phase, Stack, arrange, require_opened
from rollup.field.extension import DEGREE

RUNNING_SUM = 0
"""Lookup column of the running sum, the one that is read in the row below; fractions follow it."""

SUM_SCOPES = (Scope.FIRST, Scope.TRANSITION, Scope.LAST)
"""The running sum starts at zero, moves on by the fractions, ends at the terminal."""

SUM_CONSTRAINTS = len(SUM_SCOPES)


@dataclass(frozen=True, slots=True)
class Group:
    """All tables of one height as one: a matrix a phase, a running sum, a mask, a tape.

    `number` is its place in the ring of masks and among the terminals: groups ascend in height.
    `widths` are base-field columns by phase; `below` the columns of each trace phase that some
    constraint reads in the row below; `powers[c]` the power of the challenge by which constraint c
    is weighed, constraints being those of the tape, the fractions, the sum. `graph` is None and
    `tables` empty in the shape of a packaged circuit: a verifier reads the tape alone."""

    number: int
    log2_height: int
    tape: Tape
    widths: tuple[int, int, int]
    below: tuple[tuple[int, ...], ...]
    powers: tuple[int, ...]
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

    def columns(self, phase: Phase) -> int:
        """Columns of a trace phase, a lookup column being one of E."""
        return self.widths[phase] // WORDS[phase]


@dataclass(frozen=True, slots=True)
class Shape:
    """The whole. `groups` ascend in height, `stacks` are in the order of rows and openings."""

    parameters: Parameters
    groups: tuple[Group, ...]
    stacks: tuple[Stack, ...]
    payload_width: int
    public_width: int
    bus_widths: tuple[tuple[int, int], ...]

    @property
    def log2_height(self) -> int:
        """log2 of the tallest table's height N."""
        return self.groups[-1].log2_height

    @property
    def height(self) -> int:
        """N: rows of the tallest table, and coefficients of every stack."""
        return 1 << self.log2_height

    @property
    def log2_domain(self) -> int:
        """log2 of the number of points at which the tallest columns are committed."""
        return self.log2_height + self.parameters.log2_blowup

    @property
    def quotient_width(self) -> int:
        """Base-field columns of the quotient matrix: the chunks and the random polynomial."""
        return (CHUNKS + 1) * DEGREE

    @property
    def trace_stacks(self) -> int:
        """S: committed functions of the trace, a lookup stack being one over E."""
        return len(self.stacks)

    @property
    def below_stacks(self) -> int:
        """A: stacks that are opened in the row below as well."""
        return sum(stack.below for stack in self.stacks)

    @property
    def largest_stack(self) -> int:
        """s: places of a stack of the shortest group."""
        return 1 << (self.log2_height - self.groups[0].log2_height)

    @property
    def opened_here(self) -> int:
        """Values opened at zeta: every column of the trace."""
        return sum(len(stack.columns) for stack in self.stacks)

    @property
    def opened_below(self) -> int:
        """Values opened in the row below: every column of the stacks opened there."""
        return sum(len(stack.columns) for stack in self.stacks if stack.below)

    @property
    def batched(self) -> int:
        """Functions that the batch challenge combines: stacks and chunks, bare and divided, the
        stacks opened below, the random polynomial."""
        return 2 * (self.trace_stacks + CHUNKS) + self.below_stacks + 1

    def places(self, group: int) -> int:
        """s = N / n of a group."""
        return 1 << (self.log2_height - self.groups[group].log2_height)

    def stacks_of(self, phase: Phase) -> tuple[Stack, ...]:
        """The stacks of a trace phase, in the order of its row."""
        return tuple(stack for stack in self.stacks if stack.phase == phase)

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

    def row_width(self, phase: Phase) -> int:
        """Words of a row of a phase."""
        if phase is Phase.QUOTIENT:
            return self.quotient_width
        return sum(stack.words for stack in self.stacks_of(phase))

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
    groups = tuple(_group(lowered, number) for number in range(len(lowered.heights)))
    shape = Shape(
        parameters=parameters,
        groups=groups,
        stacks=_stacks(groups, parameters.queries),
        payload_width=lowered.payload_width,
        public_width=lowered.public_width,
        bus_widths=lowered.bus_widths,
    )
    _check_multiplicities(shape)
    for group in groups:
        for phase in TRACE_PHASES:
            require_opened(group.below[phase], shape.stacks, phase, group.number, group.name)
    return shape


def _stacks(groups: Sequence[Group], queries: int) -> tuple[Stack, ...]:
    """The stacks of all groups: phase, group from the tallest, stack."""
    return tuple(
        stack
        for phase in TRACE_PHASES
        for group in reversed(groups)
        for stack in arrange(
            phase,
            group.number,
            group.columns(phase),
            group.below[phase],
            groups[-1].height // group.height,
            queries,
        )
    )


def _group(lowered: Lowered, number: int) -> Group:
    tape = lowered.tapes[number]
    return Group(
        number=number,
        log2_height=lowered.heights[number].bit_length() - 1,
        tape=tape,
        widths=(tape.fixed_width, tape.main_width, (1 + len(tape.fractions)) * DEGREE),
        below=(*tape.read_below(), (RUNNING_SUM,)),
        powers=_powers(tape),
        graph=lowered.graphs[number] if lowered.graphs else None,
        tables=lowered.tables[number] if lowered.tables else (),
    )


def _powers(tape: Tape) -> tuple[int, ...]:
    """The place of each constraint among all of its group, by scope: so a verifier adds up the
    constraints of a scope by one product each."""
    scopes = [*tape.scopes(), *[Scope.ALL] * len(tape.fractions), *SUM_SCOPES]
    order = sorted(range(len(scopes)), key=lambda constraint: (scopes[constraint], constraint))
    powers = [0] * len(order)
    for place, constraint in enumerate(order):
        powers[constraint] = place
    return tuple(powers)


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
