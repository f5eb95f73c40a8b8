"""The extension's arithmetic in one-word lanes says what rollup.field.extension says."""

from functools import cache
from random import Random
from typing import Any

import pytest

from circuits.evm.field_constants import FILE, element, text, word
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import P
from rollup.l1.evm.artefact import artefact

revm = pytest.importorskip("rollup.l1.evm.revm", reason="pyrevm is not installed")

ADD, SUB, MUL, MULADD, SCALE, INVERSE, POWER, FROBENIUS, SQUARED = range(9)
ELEMENT, SQUARE_OFTEN, INVERSE_MANY, SPLIT, REDUCE = range(9, 14)
EDGES = (0, 1, P - 1)


@cache
def machine() -> tuple[Any, bytes]:
    """The probe, deployed."""
    chain = revm.Machine()
    return chain, chain.deploy(artefact("FieldProbe").code)


def ask(operation: int, *words: int) -> list[int]:
    """What the probe answers, word by word."""
    chain, address = machine()
    data = b"".join(value.to_bytes(32, "big") for value in (operation, *words))
    outcome = chain.read(address, data)
    assert outcome.succeeded
    return [
        int.from_bytes(outcome.data[i : i + 32], "big") for i in range(0, len(outcome.data), 32)
    ]


def one(operation: int, *words: int) -> Element:
    """The one element that the probe answers, which is canonical."""
    (value,) = ask(operation, *words)
    found = element(value)
    assert word(found) == value
    assert extension.is_canonical(found)
    return found


def samples(count: int = 60) -> list[Element]:
    """Random elements, edges in every lane, and all lanes at an edge."""
    random = Random(7)
    found: list[Element] = [(edge,) * DEGREE for edge in EDGES]  # type: ignore[misc]
    for k in range(DEGREE):
        for edge in EDGES:
            lanes = [random.randrange(P) for _ in range(DEGREE)]
            lanes[k] = edge
            found.append(tuple(lanes))  # type: ignore[arg-type]
    while len(found) < count:
        lanes = [random.choice([random.randrange(P), *EDGES]) for _ in range(DEGREE)]
        found.append(tuple(lanes))  # type: ignore[arg-type]
    return found


def test_the_constants_are_those_of_the_field() -> None:
    assert FILE.read_text() == text()


@pytest.mark.parametrize(
    ("operation", "function"),
    [(ADD, extension.add), (SUB, extension.subtract), (MUL, extension.multiply)],
)
def test_operations_of_two_elements(operation: int, function) -> None:  # type: ignore[no-untyped-def]
    values = samples()
    for a, b in zip(values, reversed(values), strict=True):
        assert one(operation, word(a), word(b)) == function(a, b)
        assert one(operation, word(a), word(a)) == function(a, a)


@pytest.mark.parametrize("operation", [MULADD, SPLIT])
def test_a_product_and_a_sum_in_one(operation: int) -> None:
    values = samples()
    for a, b, c in zip(values, values[1:], values[2:], strict=False):
        expected = extension.add(extension.multiply(a, b), c)
        assert one(operation, word(a), word(b), word(c)) == expected


def test_lanes_that_are_not_canonical_are_added_to_a_product() -> None:
    a = b = (P - 1,) * DEGREE
    most = (1 << 49) - 1
    expected = extension.add(extension.multiply(a, b), (most % P,) * DEGREE)
    assert one(MULADD, word(a), word(b), word((most,) * DEGREE)) == expected


def test_the_lowest_lane_of_a_left_factor_may_be_twice_p() -> None:
    highest: Element = (P - 1, P - 1, P - 1, P - 1, P - 1)
    left = word(highest) + P
    assert one(MUL, left, word(highest)) == extension.multiply(highest, highest)


def test_scaling_and_powers() -> None:
    for a in samples():
        for factor in (*EDGES, 0x12345678):
            assert one(SCALE, word(a), factor) == extension.scale(a, factor)
    a = samples()[-1]
    for exponent in (0, 1, 2, 5, 32698):
        assert one(POWER, word(a), exponent) == extension.power(a, exponent)
    assert one(SQUARE_OFTEN, word(a), 7) == extension.power(a, 1 << 7)


def test_conjugates_and_inverses() -> None:
    for a in samples(30):
        assert one(FROBENIUS, word(a)) == extension.frobenius(a)
        assert one(SQUARED, word(a)) == extension.frobenius(extension.frobenius(a))
        if any(a):
            assert one(INVERSE, word(a)) == extension.inverse(a)
    assert one(INVERSE, 0) == extension.ZERO


def test_many_inverses_by_one() -> None:
    values = [a for a in samples(20) if any(a)]
    found = ask(INVERSE_MANY, *map(word, values))
    assert [element(value) for value in found] == extension.inverse_many(values)
    assert not any(ask(INVERSE_MANY, *map(word, [*values, extension.ZERO])))


def test_any_lanes_below_their_bound_are_reduced() -> None:
    random = Random(3)
    top = (1 << 51) - 1
    for _ in range(40):
        lanes = [random.choice([random.randrange(1 << 51), top, P, P - 1, 0]) for _ in range(5)]
        value = sum(lane << (51 * k) for k, lane in enumerate(lanes))
        assert one(REDUCE, value) == tuple(lane % P for lane in lanes)


def test_an_element_is_read_from_its_bytes_if_it_is_canonical() -> None:
    chain, address = machine()
    for a in samples():
        data = b"".join(value.to_bytes(4, "little") for value in a) + b"\xff" * 12
        assert one(ELEMENT, int.from_bytes(data, "big")) == a
    # Lie: the same element in other bytes, so that one proof has several.
    for k in range(DEGREE):
        for value in (P, P + 1, 1 << 31, (1 << 32) - 1):
            lanes = [1] * DEGREE
            lanes[k] = value
            data = b"".join(lane.to_bytes(4, "little") for lane in lanes) + bytes(12)
            calldata = ELEMENT.to_bytes(32, "big") + data
            assert not chain.read(address, calldata).succeeded
