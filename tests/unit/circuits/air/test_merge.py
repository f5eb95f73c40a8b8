"""Tables of one height as one: each keeps what it says, and nobody's columns are mixed up."""

import numpy as np
import pytest

from circuits.air.circuit import Placed
from circuits.air.graph import MODULUS, Graph, Op, Section
from circuits.air.merge import SELECTORS, merge_graphs
from circuits.stark.lowered import lower_circuit
from circuits.stark.masks import MASK_COLUMNS
from circuits.statement.circuit import circuit
from rollup.protocol.shape_class import SHAPE_CLASSES

TABLES = circuit().tables
GRAPHS = [placed.graph for placed in TABLES]
RNG = np.random.default_rng(8)
PUBLICS = RNG.integers(0, MODULUS, circuit().publics.width).tolist()


def row(width: int) -> list[int]:
    return RNG.integers(0, MODULUS, width).tolist()  # type: ignore[no-any-return]


def values(graph: Graph, main: list[list[int]], fixed: list[list[int]]) -> list[int]:
    """What every node of a graph is on two rows."""
    found: list[int] = []
    for node in graph.nodes:
        match node.op:
            case Op.CONST:
                value = node.args[0]
            case Op.PUBLIC:
                value = PUBLICS[node.args[0]]
            case Op.COLUMN:
                section, index, shift = node.args
                value = (main if section == Section.MAIN else fixed)[shift][index]
            case Op.LINEAR:
                value = sum(factor * found[operand] for factor, operand in node.terms)
            case _:
                a, b = (found[operand] for operand in node.args)
                value = {Op.ADD: a + b, Op.SUB: a - b, Op.MUL: a * b}[node.op]
        found.append(value % MODULUS)
    return found


def said(graph: Graph, found: list[int]) -> tuple[list[object], list[object]]:
    """Constraints and messages as (what, values), in order."""
    constraints = [(each.claim, each.scope, found[each.node]) for each in graph.constraints]
    messages = [
        (m.claim, m.bus, m.sign, found[m.count], [found[node] for node in m.payload])
        for m in graph.interactions
    ]
    return [*constraints], [*messages]


def test_every_table_says_the_same_beside_the_others_as_alone() -> None:
    selectors = [row(SELECTORS) for _ in range(2)]
    mains = [[row(graph.width) for _ in range(2)] for graph in GRAPHS]
    own = [[row(graph.fixed_width - SELECTORS) for _ in range(2)] for graph in GRAPHS]
    constraints, messages = [], []
    for graph, main, fixed in zip(GRAPHS, mains, own, strict=True):
        with_selectors = [selectors[k] + fixed[k] for k in range(2)]
        alone = said(graph, values(graph, main, with_selectors))
        constraints += alone[0]
        messages += alone[1]
    merged = merge_graphs(GRAPHS)
    all_main = [[cell for main in mains for cell in main[k]] for k in range(2)]
    all_fixed = [selectors[k] + [cell for fixed in own for cell in fixed[k]] for k in range(2)]
    assert said(merged, values(merged, all_main, all_fixed)) == (constraints, messages)
    assert (merged.width, merged.fixed_width) == (len(all_main[0]), len(all_fixed[0]))
    assert merged.degrees == tuple(degree for graph in GRAPHS for degree in graph.degrees)


def test_messages_of_different_tables_share_a_lookup_column() -> None:
    merged = merge_graphs(GRAPHS)
    assert sorted(m for pair in merged.fractions for m in pair) == [
        *range(len(merged.interactions))
    ]
    assert len(merged.fractions) < sum(len(graph.fractions) for graph in GRAPHS)


def test_a_table_alone_stays_what_it_is() -> None:
    assert merge_graphs(GRAPHS[:1]) is GRAPHS[0]


@pytest.mark.parametrize("shape_class", SHAPE_CLASSES.values(), ids=lambda each: each.name)
def test_every_table_has_columns_of_its_own_in_the_group_of_its_height(shape_class) -> None:
    tables = circuit(shape_class).tables
    lowered = lower_circuit(circuit(shape_class))
    places: dict[str, Placed] = {placed.name: placed for placed in tables}
    assert sorted(each.number for group in lowered.tables for each in group) == [
        *range(len(tables))
    ]
    for height, inside, tape in zip(lowered.heights, lowered.tables, lowered.tapes, strict=True):
        end = 0
        for each in inside:
            placed = places[each.name]
            assert tables[each.number] is placed
            assert placed.height == height
            assert (each.start, each.stop) == (end, end + placed.width)
            end = each.stop
        assert tape.main_width == end + MASK_COLUMNS
