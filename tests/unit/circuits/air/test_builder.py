"""What the builder refuses while tracing: each rule that the engine relies on."""

from collections.abc import Callable
from typing import Any

import pytest

from circuits.air.builder import Builder
from circuits.air.bus import Bus
from circuits.air.expr import TracingError
from circuits.air.graph import Graph, Scope
from circuits.air.layout import Layout, bit, carries, cell, cells, limbs
from circuits.air.publics import PublicLayout
from circuits.air.table import Table

PAIR = Bus("PAIR", 9, ("a", "b"))
PUBLICS = PublicLayout((("one", 1), ("many", 3)))


class Plain(Layout):
    x = cells(4)


def graph_of(constraints: Callable[..., None], columns: type[Layout] = Plain) -> Graph:
    return Table("toy", columns, constraints).trace_graph(PUBLICS)


def refuses(match: str, constraints: Callable[..., None], columns: type[Layout] = Plain) -> None:
    with pytest.raises(TracingError, match=match):
        graph_of(constraints, columns)


def test_a_constraint_of_degree_four_is_refused() -> None:
    def body(air: Builder, row: Any) -> None:
        with air.when(row.x[3]):
            air.require_zero(row.x[0] * row.x[1] * row.x[2], "toy.high")

    refuses("degree 4, at most 3 in scope ALL", body)


@pytest.mark.parametrize("scope", ["first_row", "last_row"])
def test_a_cubic_constraint_on_one_row_is_refused(scope: str) -> None:
    def body(air: Builder, row: Any) -> None:
        with getattr(air, scope)():
            air.require_zero(row.x[0] * row.x[1] * row.x[2], "toy.high")

    refuses("degree 3, at most 2", body)


def test_a_public_value_has_no_degree() -> None:
    def body(air: Builder, row: Any) -> None:
        cube = row.x[0] * row.x[1] * row.x[2]
        air.require_zero(cube * air.public("one") + air.public("many")[2], "toy.public")

    (constraint,) = (graph := graph_of(body)).constraints
    assert graph.degrees[constraint.node] == 3


def test_the_row_below_is_read_in_transitions_only() -> None:
    def everywhere(air: Builder, now: Any, after: Any) -> None:
        air.require_equal(after.x[0], now.x[0], "toy.next")

    def inside(air: Builder, now: Any, after: Any) -> None:
        with air.transition():
            air.require_equal(after.x[0], now.x[0] * now.x[1] * now.x[2], "toy.next")

    refuses("air.transition", everywhere)
    assert graph_of(inside).constraints[0].scope is Scope.TRANSITION


def test_a_message_never_reads_the_row_below() -> None:
    def body(air: Builder, now: Any, after: Any) -> None:
        air.send(PAIR, (now.x[0], after.x[0]), claim="toy.message")

    refuses("cannot read the row below", body)


def test_a_message_inside_a_condition_is_refused() -> None:
    def body(air: Builder, row: Any) -> None:
        with air.when(row.x[0]):
            air.send(PAIR, (row.x[0], 1), claim="toy.message")

    refuses("give its condition as `count`", body)


def test_a_message_has_the_width_of_its_bus() -> None:
    def body(air: Builder, row: Any) -> None:
        air.send(PAIR, row.x, claim="toy.message")

    refuses("bus PAIR carries 2 elements, got 4", body)


def test_a_message_too_steep_for_a_lookup_column_is_refused() -> None:
    def body(air: Builder, row: Any) -> None:
        air.send(PAIR, (row.x[0] * row.x[1] * row.x[2], 0), claim="toy.message")

    refuses("payload has degree 3", body)


def test_messages_share_a_lookup_column_only_within_degree_three() -> None:
    def body(air: Builder, row: Any) -> None:
        flat = (row.x[0], row.x[1])
        air.send(PAIR, flat, claim="toy.flat")
        air.send(PAIR, (row.x[0] * row.x[1], 0), claim="toy.steep")
        air.send(PAIR, flat, row.x[2] * row.x[3], claim="toy.flat")
        air.send(PAIR, flat, row.x[1] * row.x[2] * row.x[3], claim="toy.steep-count")

    assert graph_of(body).fractions == ((0, 2), (1,), (3,))


@pytest.mark.parametrize("claim", ["name", "other.name", "toy.Name", "toy.", "toy.a b"])
def test_a_claim_is_named_after_its_table(claim: str) -> None:
    refuses("wanted 'toy.some-sentence'", lambda air, row: air.require_zero(row.x[0], claim))


def test_an_if_or_a_comparison_on_a_cell_raises() -> None:
    def truth(air: Builder, row: Any) -> None:
        if row.x[0]:
            air.require_zero(row.x[1], "toy.never")

    refuses("no `if`", truth)
    refuses("no `if`", lambda air, row: row.x[0] == 1)
    refuses("no `if`", lambda air, row: row.x[0] < 1)


def test_a_bit_that_is_never_constrained_is_refused() -> None:
    class Flags(Layout):
        flag = bit()

    def conditional(air: Builder, row: Any) -> None:
        with air.when(row.flag):
            air.require_bit(row.flag, "toy.flag")

    refuses("toy.flag is a bit", lambda air, row: None, Flags)
    refuses("toy.flag is a bit", conditional, Flags)
    graph_of(lambda air, row: air.require_bit(row.flag, "toy.flag"), Flags)


def test_a_limb_that_is_never_checked_is_refused() -> None:
    class Numbers(Layout):
        number = limbs(20)
        carry = carries(1, 5)

    def forgotten(air: Builder, row: Any) -> None:
        air.range_check(row.number, claim="toy.range")

    def complete(air: Builder, row: Any) -> None:
        forgotten(air, row)
        air.in_range_elsewhere(row.carry, "a test says so")

    refuses(r"toy.carry.0.0 is a limb that no range check covers", forgotten, Numbers)
    graph_of(complete, Numbers)


def test_a_constraint_that_is_never_zero_is_refused() -> None:
    refuses("constant 3", lambda air, row: air.require_zero(row.x[0] - row.x[0] + 3, "toy.no"))


def test_expressions_of_two_tables_do_not_mix() -> None:
    kept: list[Any] = []
    graph_of(lambda air, row: kept.append(row.x[0]))
    refuses("used in another", lambda air, row: air.require_zero(row.x[0] + kept[0], "toy.mixed"))


def test_a_public_vector_has_the_size_its_reader_expects() -> None:
    refuses("has 3 elements, wanted 4", lambda air, row: air.public("many", 4))


class Fixed(Layout):
    step = cell()


def test_fixed_columns_follow_the_selectors() -> None:
    def body(air: Builder, row: Any) -> None:
        air.require_zero(row.first + row.last + row.index + row.fixed.step, "toy.fixed")

    table = Table("toy", Plain, body, Fixed, lambda height: {"step": [7]})
    graph = table.trace_graph()
    assert graph.fixed_width == 4
    assert [n.args for n in graph.nodes if n.op == 1] == [(1, k, 0) for k in range(4)]
