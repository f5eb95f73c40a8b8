"""The map from columns to stacks: both arrangements, and which of them is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.stark.stacks import (
    ELEMENT_BYTES,
    TRACE_PHASES,
    WORD_BYTES,
    WORDS,
    Phase,
    Stack,
    arrange,
    require_opened,
)

MAIN, LOOKUP = Phase.MAIN, Phase.LOOKUP

Arranged = list[tuple[tuple[int, ...], bool]]


def arranged(
    phase: Phase, width: int, below: tuple[int, ...], places: int, queries: int
) -> Arranged:
    """The columns of each stack by place, and whether it is opened below."""
    stacks = arrange(phase, 3, width, below, places, queries)
    assert all((stack.phase, stack.group) == (phase, 3) for stack in stacks)
    return [(stack.columns, stack.below) for stack in stacks]


def test_columns_of_the_tallest_group_are_stacks_in_their_order() -> None:
    for queries in (1, 100):
        found = arranged(MAIN, 4, (1, 3), 1, queries)
        assert found == [((0,), False), ((1,), True), ((2,), False), ((3,), True)]


SHARED: Arranged = [((3, 7, 0, 1), True), ((2, 4, 5, 6), False)]
OWN: Arranged = [((3, 7), True), ((0, 1, 2, 4), False), ((5, 6), False)]


@pytest.mark.parametrize(("queries", "wanted"), [(9, OWN), (10, SHARED), (11, SHARED)])
def test_a_stack_more_in_every_row_against_values_opened_below(
    queries: int, wanted: Arranged
) -> None:
    """Two values of 20 bytes against four bytes a query: with 10 queries equal, and shared."""
    assert arranged(MAIN, 8, (3, 7), 4, queries) == wanted
    assert arranged(Phase.FIXED, 8, (3, 7), 4, queries) == wanted


@pytest.mark.parametrize(
    ("queries", "wanted"),
    [
        (2, [((0,), True), ((1, 2, 3), False)]),
        (3, [((0, 1, 2, 3), True)]),
        (4, [((0, 1, 2, 3), True)]),
    ],
)
def test_a_lookup_stack_is_five_words_of_a_row(queries: int, wanted: Arranged) -> None:
    """Three values of 20 bytes against twenty bytes a query: with 3 queries equal."""
    assert arranged(LOOKUP, 4, (0,), 4, queries) == wanted


def test_as_many_stacks_leave_the_fewer_values_opened() -> None:
    wanted = [((3, 7), True), ((0, 1, 2, 4), False), ((5, 6, 8, 9), False)]
    assert arranged(MAIN, 10, (3, 7), 4, 1_000_000) == wanted


def test_more_columns_read_below_than_a_stack_has_places() -> None:
    below = (0, 2, 4, 6, 8)
    shared = [((0, 2, 4, 6), True), ((8, 1, 3, 5), True), ((7, 9), False)]
    own = [((0, 2, 4, 6), True), ((8,), True), ((1, 3, 5, 7), False), ((9,), False)]
    assert arranged(MAIN, 10, below, 4, 1) == own
    assert arranged(MAIN, 10, below, 4, 15) == shared


@pytest.mark.parametrize("below", [(), tuple(range(5))])
def test_where_nothing_or_everything_is_read_below_there_is_no_choice(
    below: tuple[int, ...],
) -> None:
    found = arranged(MAIN, 5, below, 2, 6)
    assert found == [(columns, bool(below)) for columns in ((0, 1), (2, 3), (4,))]


def test_no_columns_have_no_stack() -> None:
    assert arranged(MAIN, 0, (), 4, 6) == []
    assert arranged(MAIN, 0, (), 1, 6) == []


@st.composite
def layouts(draw: st.DrawFn) -> tuple[Phase, int, tuple[int, ...], int, int]:
    width = draw(st.integers(1, 40))
    below = tuple(sorted(draw(st.sets(st.integers(0, width - 1)))))
    places = 1 << draw(st.integers(0, 6))
    return draw(st.sampled_from(TRACE_PHASES)), width, below, places, draw(st.integers(1, 90))


@given(layouts())
def test_every_column_has_one_place_and_no_arrangement_is_smaller(
    layout: tuple[Phase, int, tuple[int, ...], int, int],
) -> None:
    phase, width, below, places, queries = layout
    found = arranged(*layout)
    assert sorted(column for columns, _ in found for column in columns) == list(range(width))
    assert all(0 < len(columns) <= places for columns, _ in found)
    assert all(opened is bool(set(columns) & set(below)) for columns, opened in found)
    size = WORD_BYTES * WORDS[phase] * queries * len(found)
    size += ELEMENT_BYTES * sum(len(columns) for columns, opened in found if opened)
    if places > 1:
        assert size == min(sizes_by_formula(phase, width, len(below), places, queries))


def sizes_by_formula(
    phase: Phase, width: int, below: int, places: int, queries: int
) -> tuple[int, int]:
    """Bytes of both arrangements by counting alone: shared, own."""
    rows = WORD_BYTES * WORDS[phase] * queries
    shared = rows * -(-width // places)
    shared += ELEMENT_BYTES * min(width, -(-below // places) * places)
    own = rows * (-(-below // places) - (-(width - below) // places)) + ELEMENT_BYTES * below
    return shared, own


# What is not opened is not read.

STACKS = (
    Stack(MAIN, 0, (2, 0), below=True),
    Stack(MAIN, 0, (1, 3), below=False),
    Stack(MAIN, 1, (1,), below=True),
    Stack(LOOKUP, 0, (1,), below=True),
)


def test_columns_in_stacks_opened_below_may_be_read_there() -> None:
    for below in ((), (0,), (0, 2)):
        require_opened(below, STACKS, MAIN, 0, "steps")
    require_opened((1,), STACKS, MAIN, 1, "squares")


@pytest.mark.parametrize(
    ("below", "phase", "group"),
    [((0, 1), MAIN, 0), ((1, 3), MAIN, 0), ((4,), MAIN, 0), ((0,), MAIN, 1), ((0,), LOOKUP, 0)],
)
def test_a_column_that_is_not_opened_below_is_refused(
    below: tuple[int, ...], phase: Phase, group: int
) -> None:
    """Neither a stack of another group nor one of another phase counts."""
    with pytest.raises(ValueError, match=f"steps: {phase.name} columns .* are read below"):
        require_opened(below, STACKS, phase, group, "steps")
