"""S1 to S4: opened values of stacks, at zeta and in the row below."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from circuits.stark.batched import Opened
from circuits.stark.committed import generate_key
from circuits.stark.errors import Failure
from circuits.stark.parameters import INSECURE_TEST
from circuits.stark.proof import encode
from circuits.stark.shape import Shape, shape_of
from circuits.stark.stacks import Phase, Stack
from rollup.field import extension
from rollup.field.extension import Element
from tests.helpers.claims import (
    SHORT,
    BindsNothing,
    BindsNothingBelow,
    OneEquation,
    another_map,
    blind_to_constraints,
    claiming,
    fitting,
    fourfold,
    place_of,
    reason,
    stack_of,
    verdict,
)
from tests.helpers.malice import (
    an_instance,
    decoded,
    drop_high_coefficients,
    false_instance,
    honest_proof,
    judge,
    prove,
    refusal,
    shape,
)

# S1: every value of a stack is bound.


def test_s1_values_of_a_stack_moved_where_their_sum_at_zeta_stays(monkeypatch) -> None:
    """One value moves by -zeta t and its mate by t: T(zeta) is the same. With one equation for s
    values, a false statement passes; the division by X^s - zeta^s has s of them."""
    lie = false_instance()
    drop_high_coefficients(monkeypatch)

    def along(shape: Shape, zeta: Element) -> dict[int, Element]:
        first, second = stack_of(shape, Phase.MAIN, SHORT, 2).columns
        return {
            place_of(shape, Phase.MAIN, SHORT, first): extension.negate(zeta),
            place_of(shape, Phase.MAIN, SHORT, second): extension.ONE,
        }

    fitting(monkeypatch, lie, along)
    assert reason(monkeypatch, lie, OneEquation) is Failure.FINAL_POLYNOMIAL


@pytest.mark.parametrize(("phase", "column"), [(Phase.MAIN, 2), (Phase.LOOKUP, 1)])
def test_s1_a_value_that_suits_the_constraints(monkeypatch, phase, column) -> None:
    """A false statement, and one opened value that hides it: not that of the committed stack. A
    lookup column is opened as an element of E, which the five words of its stack determine."""
    lie = false_instance()
    drop_high_coefficients(monkeypatch)
    fitting(
        monkeypatch,
        lie,
        lambda shape, _: {place_of(shape, phase, SHORT, column): extension.ONE},
    )
    assert reason(monkeypatch, lie, BindsNothing) is Failure.FINAL_POLYNOMIAL


# S2: exchanged values.

Exchange = Callable[[Shape, list[Element], list[Element]], None]


def swap(values: list[Element], first: int, second: int) -> None:
    values[first], values[second] = values[second], values[first]


def within_a_stack(shape: Shape, here: list[Element], _: list[Element]) -> None:
    first, second = stack_of(shape, Phase.MAIN, SHORT, 6).columns
    swap(here, *(place_of(shape, Phase.MAIN, SHORT, each) for each in (first, second)))


def between_stacks(shape: Shape, here: list[Element], _: list[Element]) -> None:
    swap(here, *(place_of(shape, Phase.MAIN, SHORT, each) for each in (6, 8)))


def of_another_stack_at_the_point(shape: Shape, here: list[Element], _: list[Element]) -> None:
    here[place_of(shape, Phase.MAIN, SHORT, 6)] = here[place_of(shape, Phase.MAIN, SHORT, 9)]


def between_heights(shape: Shape, here: list[Element], _: list[Element]) -> None:
    swap(here, place_of(shape, Phase.MAIN, SHORT, 6), place_of(shape, Phase.MAIN, 1, 6))


def between_phases(shape: Shape, here: list[Element], _: list[Element]) -> None:
    swap(here, place_of(shape, Phase.MAIN, SHORT, 3), place_of(shape, Phase.FIXED, SHORT, 1))


def of_the_row_below(shape: Shape, here: list[Element], after: list[Element]) -> None:
    below = place_of(shape, Phase.MAIN, SHORT, 1, below=True)
    here[place_of(shape, Phase.MAIN, SHORT, 1)] = after[below]


def within_a_stack_below(_: Shape, __: list[Element], after: list[Element]) -> None:
    swap(after, 0, 1)


EXCHANGES: list[Exchange] = [
    within_a_stack,
    between_stacks,
    of_another_stack_at_the_point,
    between_heights,
    between_phases,
    of_the_row_below,
    within_a_stack_below,
]


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda each: each.__name__)
def test_s2_opened_values_exchanged(monkeypatch, exchange: Exchange) -> None:
    """Refused by the constraints, and by the low-degree test where these see nothing."""

    def exchanged(shape: Shape, found: Opened, _: Element) -> Opened:
        here, after = list(found.here), list(found.after)
        exchange(shape, here, after)
        return replace(found, here=tuple(here), after=tuple(after))

    claiming(monkeypatch, exchanged)
    with monkeypatch.context() as patched:
        blind_to_constraints(patched)
        assert reason(patched, an_instance(), BindsNothing) is Failure.FINAL_POLYNOMIAL
    assert verdict(an_instance(), prove(an_instance())) is Failure.CONSTRAINTS


# S3, S4: values of the row below.


def test_s3_a_value_below_of_a_stack_mate(monkeypatch) -> None:
    """No constraint reads it: it is opened because its stack has a column that is read below."""
    instance = fourfold()
    mates = stack_of(shape_of(instance.circuit, INSECURE_TEST), Phase.LOOKUP, SHORT, 0).columns
    assert mates == (0, 1, 2)

    def changed(shape: Shape, found: Opened, _: Element) -> Opened:
        after = list(found.after)
        place = place_of(shape, Phase.LOOKUP, SHORT, mates[-1], below=True)
        after[place] = extension.add(after[place], extension.ONE)
        return replace(found, after=tuple(after))

    claiming(monkeypatch, changed)
    assert reason(monkeypatch, instance, BindsNothingBelow) is Failure.FINAL_POLYNOMIAL


@pytest.mark.parametrize("place", range(4))
def test_s4_a_missing_or_surplus_value_of_the_row_below(place) -> None:
    """Left out, given twice, or left out with another in its stead, so that the length is right."""
    proof = decoded(honest_proof())
    assert len(proof.after) == shape().opened_below == 4
    shorter = (*proof.after[:place], *proof.after[place + 1 :])
    longer = (*proof.after[: place + 1], *proof.after[place:])
    for after in (shorter, longer):
        assert refusal(an_instance(), encode(replace(proof, after=after))) is Failure.MALFORMED
    for padded in ((*shorter, extension.ZERO), (extension.ZERO, *shorter)):
        bent = encode(replace(proof, after=padded))
        assert refusal(an_instance(), bent) is Failure.CONSTRAINTS
    moved = replace(proof, here=(*proof.here, proof.after[0]), after=shorter)
    if place:
        assert refusal(an_instance(), encode(moved)) is Failure.CONSTRAINTS


def test_s4_a_tape_that_reads_an_unopened_row_below() -> None:
    """A verifier would have to make the value up: there is no shape and no key."""

    def unopened(stacks: tuple[Stack, ...]) -> tuple[Stack, ...]:
        return tuple(
            replace(each, below=each.below and each.phase is not Phase.MAIN) for each in stacks
        )

    with another_map(unopened):
        for attempt in (
            lambda: generate_key(an_instance().circuit, [INSECURE_TEST]),
            lambda: prove(an_instance()),
            lambda: judge(an_instance(), honest_proof()),
        ):
            with pytest.raises(ValueError, match=r"MAIN columns \[0, 1\] are read below"):
                attempt()
