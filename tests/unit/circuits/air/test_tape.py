"""The tape computes what the graph says, with registers that are reused but never overwritten."""

import random

import pytest

from circuits.air.graph import Graph, Op
from circuits.air.tape import Code, Tape, lower
from circuits.statement.circuit import circuit
from rollup.field.koalabear import P
from tests.helpers.circuits import small_circuit

GRAPHS = [placed.graph for placed in small_circuit(512, 512).tables]
GRAPHS += [placed.graph for placed in circuit().tables]


class Row:
    """Random values of all columns of two rows, and of the public vector."""

    def __init__(self, graph: Graph, seed: int) -> None:
        draw = random.Random(seed)
        self.columns = {
            (section, index, shift): draw.randrange(P)
            for section, width in enumerate((graph.width, graph.fixed_width))
            for index in range(width)
            for shift in (0, 1)
        }
        self.publics = [draw.randrange(P) for _ in range(1000)]


def nodes_of(graph: Graph, row: Row) -> list[int]:
    """Value of every node, by the definition of its operation."""
    values: list[int] = []
    for node in graph.nodes:
        operands = [values[i] for i in node.operands]
        match node.op:
            case Op.CONST:
                value = node.args[0]
            case Op.COLUMN:
                value = row.columns[node.args]
            case Op.PUBLIC:
                value = row.publics[node.args[0]]
            case Op.ADD:
                value = operands[0] + operands[1]
            case Op.SUB:
                value = operands[0] - operands[1]
            case Op.MUL:
                value = operands[0] * operands[1]
            case Op.LINEAR:
                value = sum(c * values[i] for c, i in node.terms)
        values.append(value % P)
    return values


def run(tape: Tape, row: Row) -> tuple[dict[int, int], dict[int, list[int]]]:
    """Constraint values by number, and operand values of each message by position."""
    values: dict[int, int] = {}
    for (section, index, shift), value in row.columns.items():
        values[2 * (index + section * tape.main_width) + shift] = value
    constants = [*tape.constants, *(row.publics[i] for i in tape.publics)]
    values.update((2 * (tape.first_constant + i), c) for i, c in enumerate(constants))
    constraints, messages = {}, {}
    for step in tape.instructions:
        args = step.args
        match step.code:
            case Code.ADD:
                value = values[args[0]] + values[args[1]]
            case Code.SUB:
                value = values[args[0]] - values[args[1]]
            case Code.MUL:
                value = values[args[0]] * values[args[1]]
            case Code.LINEAR:
                pairs = zip(args[0::2], args[1::2], strict=True)
                value = sum(c * values[operand] for c, operand in pairs)
            case Code.ACCUMULATE:
                constraints[args[0]] = values[args[2]]
                continue
            case Code.FRACTION:
                for position in tape.fractions[args[0]]:
                    message = tape.messages[position]
                    operands = (*message.payload, message.count)
                    messages[position] = [values[operand] for operand in operands]
                continue
        assert 2 * step.target not in _read(step)
        values[2 * step.target] = value % P
    return constraints, messages


def _read(step) -> tuple[int, ...]:
    return step.args[1::2] if step.code is Code.LINEAR else step.args


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.table)
def test_tape_and_graph_agree(graph: Graph) -> None:
    row = Row(graph, 7)
    nodes = nodes_of(graph, row)
    constraints, messages = run(lower(graph), row)
    assert constraints == {i: nodes[c.node] for i, c in enumerate(graph.constraints)}
    wanted = {
        i: [nodes[node] for node in (*m.payload, m.count)] for i, m in enumerate(graph.interactions)
    }
    assert messages == wanted
    assert run(lower(graph, messages_only=True), row) == ({}, wanted)


def test_registers_are_few() -> None:
    for graph in GRAPHS:
        assert lower(graph).registers < 128
