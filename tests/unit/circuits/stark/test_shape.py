"""What a tape and a parameter set fix: stacks, rows, openings, the numbers of the constraints."""

from collections import Counter
from dataclasses import replace

import pytest

from circuits.air.graph import Scope
from circuits.stark import shape as shapes
from circuits.stark.committed import generate_key
from circuits.stark.lowered import lower_circuit
from circuits.stark.parameters import CHUNKS, FAST, INSECURE_TEST, L1, L1_TALL, Parameters
from circuits.stark.shape import SUM_CONSTRAINTS, Group, Shape, shape_of
from circuits.stark.stacks import TRACE_PHASES, WORDS, Phase, arrange
from circuits.statement.circuit import circuit
from rollup.protocol.shape_class import CLASS_M, CLASS_S
from tests.helpers.circuits import small_circuit

SHAPES = [
    shape_of(small_circuit(512, 4096), INSECURE_TEST),
    shape_of(small_circuit(1024, 512), INSECURE_TEST),
    shape_of(small_circuit(512, 512), INSECURE_TEST),
    shape_of(circuit(CLASS_S), FAST),
    shape_of(circuit(CLASS_S), L1),
    shape_of(circuit(CLASS_M), L1_TALL),
]

each_shape = pytest.mark.parametrize("shape", SHAPES)


def test_the_stacks_of_a_small_circuit_are_these() -> None:
    """Group 0 has 16 main columns, 3 fixed, 3 lookups at 8 places; group 1 is the tallest."""
    found = [
        (stack.phase, stack.group, stack.columns, stack.below)
        for stack in SHAPES[0].stacks
        if stack.group == 0
    ]
    assert found == [
        (Phase.FIXED, 0, (0, 1, 2), False),
        (Phase.MAIN, 0, (0, 1), True),
        (Phase.MAIN, 0, tuple(range(2, 10)), False),
        (Phase.MAIN, 0, tuple(range(10, 16)), False),
        (Phase.LOOKUP, 0, (0, 1, 2), True),
    ]


@each_shape
def test_stacks_come_by_phase_then_from_the_tallest_group(shape: Shape) -> None:
    keys = [(stack.phase, -stack.group) for stack in shape.stacks]
    assert keys == sorted(keys)
    assert [group.height for group in shape.groups] == sorted(g.height for g in shape.groups)


@each_shape
def test_every_column_has_one_place(shape: Shape) -> None:
    places = Counter(
        (stack.phase, stack.group, column) for stack in shape.stacks for column in stack.columns
    )
    assert set(places.values()) == {1}
    assert set(places) == {
        (phase, group.number, column)
        for phase in TRACE_PHASES
        for group in shape.groups
        for column in range(group.widths[phase] // WORDS[phase])
    }
    for stack in shape.stacks:
        assert len(stack.columns) <= shape.places(stack.group)


@each_shape
def test_exactly_the_stacks_with_a_column_read_below_are_opened_there(shape: Shape) -> None:
    for group in shape.groups:
        for phase in TRACE_PHASES:
            read = read_below(group, phase)
            assert group.below[phase] == tuple(sorted(read))
            for stack in shape.stacks_of(phase):
                if stack.group == group.number:
                    assert stack.below is not read.isdisjoint(stack.columns)


def read_below(group: Group, phase: Phase) -> set[int]:
    """The columns that constraints read in the row below, from the operands of the tape."""
    if phase is Phase.LOOKUP:
        return {0}
    tape, operands = group.tape, set(group.tape.operands())
    first = 0 if phase is Phase.MAIN else tape.main_width
    width = (tape.main_width, tape.fixed_width)[phase is Phase.FIXED]
    return {column for column in range(width) if 2 * (first + column) + 1 in operands}


@each_shape
def test_counts_are_those_of_the_stacks(shape: Shape) -> None:
    stacks, below = shape.stacks, [stack for stack in shape.stacks if stack.below]
    assert (shape.trace_stacks, shape.below_stacks) == (len(stacks), len(below))
    assert shape.batched == 2 * (len(stacks) + CHUNKS) + len(below) + 1
    assert shape.opened_here == sum(
        group.widths[phase] // WORDS[phase] for group in shape.groups for phase in TRACE_PHASES
    )
    assert shape.opened_below == sum(len(stack.columns) for stack in below)
    assert shape.largest_stack == shape.height // min(group.height for group in shape.groups)
    for phase in TRACE_PHASES:
        mine = [stack for stack in stacks if stack.phase == phase]
        assert shape.row_width(phase) == len(mine) * WORDS[phase]
        assert shape.stacks_of(phase) == tuple(mine)
    assert shape.row_width(Phase.QUOTIENT) == 20


def test_queries_decide_between_the_arrangements() -> None:
    """So two sets have two maps, and a proof of one is none of the other."""
    few, many = (
        shape_of(small_circuit(512, 4096), replace(INSECURE_TEST, queries=queries))
        for queries in (29, 30)
    )
    assert few.stacks != many.stacks
    assert few.trace_stacks == many.trace_stacks + 1
    assert few.below_stacks == many.below_stacks
    assert (few.opened_below, many.opened_below) == (2 + 3 + 1, 8 + 3 + 1)


class Unopened:
    """An arrangement that forgets to open the stacks of a phase below."""

    def __init__(self, phase: Phase) -> None:
        self._phase = phase

    def __call__(self, phase: Phase, *arguments: object) -> tuple[object, ...]:
        stacks = arrange(phase, *arguments)  # type: ignore[arg-type]
        if phase != self._phase:
            return stacks
        return tuple(replace(stack, below=False) for stack in stacks)


@pytest.mark.parametrize("phase", [Phase.MAIN, Phase.LOOKUP])
def test_a_tape_that_reads_below_what_is_not_opened_has_no_shape_and_no_key(
    phase: Phase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shapes, "arrange", Unopened(phase))
    parameters = replace(INSECURE_TEST, name=f"unopened {phase.name}", queries=5)
    small = small_circuit(512, 1024)
    wanted = f"{phase.name} columns .* are read below, and not opened"
    for made in (small, lower_circuit(small)):
        with pytest.raises(ValueError, match=wanted):
            shape_of(made, parameters)
    with pytest.raises(ValueError, match=wanted):
        generate_key(small, [parameters])


def test_a_fixed_column_that_is_read_below_is_one_of_its_kind() -> None:
    """No table of ours reads one; an operand of the tape says so where one does."""
    lowered = lower_circuit(small_circuit(512, 1024))
    tape = lowered.tapes[1]
    first_fixed = 2 * tape.main_width
    message = replace(tape.messages[0], count=first_fixed + 2 * 3 + 1)
    bent = replace(tape, messages=(message, *tape.messages[1:]))
    other = replace(lowered, tapes=(lowered.tapes[0], bent), digest=bytes(32))
    shape = shape_of(other, INSECURE_TEST)
    assert shape.groups[1].below[Phase.FIXED] == (3,)
    opened = [stack.columns for stack in shape.stacks_of(Phase.FIXED) if stack.below]
    assert opened == [(3,)]


# The numbers of the constraints.


def test_the_constraints_of_a_small_table_are_numbered_by_scope() -> None:
    """Of `steps`: two of all rows, two of the first, one of the last, two transitions; then two
    fraction columns, and the first row, the transition and the last row of the running sum."""
    group = SHAPES[0].groups[0]
    assert group.tape.scopes() == (0, 0, 2, 2, 3, 1, 1)
    assert group.powers == (0, 1, 7, 8, 10, 4, 5, 2, 3, 9, 6, 11)


@each_shape
def test_scopes_follow_each_other_and_keep_their_order(shape: Shape) -> None:
    for group in shape.groups:
        assert sorted(group.powers) == list(range(group.constraints))
        assert group.constraints == group.tape.constraints + group.fractions + SUM_CONSTRAINTS
        scopes = [*group.tape.scopes(), *[Scope.ALL] * group.fractions]
        scopes += [Scope.FIRST, Scope.TRANSITION, Scope.LAST]
        by_power = sorted(range(group.constraints), key=lambda number: group.powers[number])
        assert by_power == [
            number
            for scope in (Scope.ALL, Scope.TRANSITION, Scope.FIRST, Scope.LAST)
            for number in range(group.constraints)
            if scopes[number] == scope
        ]


@pytest.mark.parametrize("parameters", [FAST, L1], ids=lambda each: each.name)
def test_the_widths_of_the_statement_are_those_of_a_third_of_the_bytes(
    parameters: Parameters,
) -> None:
    """Some 460 words a query, where there were 2,500 columns; some 134 are read below."""
    shape = shape_of(circuit(CLASS_S), parameters)
    assert sum(shape.row_width(phase) for phase in TRACE_PHASES) <= 460
    assert shape.opened_here > 2_500
    assert shape.opened_below < 144
