"""The kernels of StarkQueries say what rollup.field.extension says, edges in every lane."""

import struct
from collections.abc import Sequence
from functools import cache
from itertools import product
from random import Random

import pytest

pytest.importorskip("pyrevm", reason="pyrevm runs the contracts, and has no wheel for this Python")

from circuits.evm import query_constants, query_kernels
from circuits.evm.field_constants import element, lanes, word
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import P
from rollup.l1.evm.artefact import CODE_BYTES_MAX, artefact
from rollup.l1.evm.revm import Machine

RUN, MUL, TIMES, POWERS, FIBRE, EVALUATE = range(6)
EDGES = (0, 1, P - 1)


@cache
def machine() -> tuple[Machine, bytes]:
    chain = Machine()
    return chain, chain.deploy(artefact("QueryProbe").code)


def ask(operation: int, *words: int, data: bytes = b"") -> list[int]:
    """What the probe answers, word by word."""
    chain, address = machine()
    calldata = b"".join(value.to_bytes(32, "big") for value in (operation, *words)) + data
    outcome = chain.read(address, calldata)
    assert outcome.succeeded
    answer = outcome.data
    return [int.from_bytes(answer[at : at + 32], "big") for at in range(0, len(answer), 32)]


def canonical(value: int) -> Element:
    """The element of a word, which is its only form."""
    found = element(value)
    assert word(found) == value
    assert extension.is_canonical(found)
    return found


def elements(count: int, seed: int) -> list[Element]:
    """Edges in all lanes, then in some."""
    chance = Random(seed)
    found: list[Element] = [(edge,) * DEGREE for edge in EDGES]  # type: ignore[misc]
    while len(found) < count:
        values = [chance.choice([chance.randrange(P), *EDGES]) for _ in range(DEGREE)]
        found.append(tuple(values))  # type: ignore[arg-type]
    return found


def summed(values: Sequence[int], weights: Sequence[Element]) -> Element:
    total = extension.ZERO
    for value, weight in zip(values, weights, strict=False):
        total = extension.add(total, extension.scale(weight, value))
    return total


@pytest.mark.parametrize("left", range(1, 9))
def test_words_of_a_row_times_their_weights(left: int) -> None:
    chance = Random(left)
    for weight, value in product((None, *EDGES), (None, *EDGES)):
        weights = elements(11, left)[3:] if weight is None else [(weight,) * DEGREE] * 8
        words = [chance.randrange(P) if value is None else value for _ in range(8)]
        # What is behind the last word is no word: it counts for nothing, nor is it looked at.
        words[left:] = [2**32 - 1] * (8 - left)
        found, excess = ask(RUN, left, *map(word, weights), data=struct.pack("<8I", *words))
        assert canonical(found) == summed(words[:left], weights)
        assert excess == 0


def test_a_word_at_or_above_p_shows_in_every_place() -> None:
    weights = [extension.ZERO] * 8
    for place in range(8):
        for value in (P, 2**31, 2**32 - 1, 2**32 - P):
            words = [P - 1] * 8
            words[place] = value
            found = ask(RUN, 8, *map(word, weights), data=struct.pack("<8I", *words))
            assert (found[1] == 0) == (value < P)


def test_products_with_a_factor() -> None:
    chance = Random(1)
    several = elements(24, 1)
    for a in several:
        b, c = chance.choice(several), chance.choice(several)
        assert canonical(*ask(TIMES, word(a), word(b))) == extension.multiply(a, b)
        for s in (*EDGES, chance.randrange(P)):
            expected = extension.add(extension.scale(extension.multiply(a, b), s), c)
            assert canonical(*ask(MUL, word(a), word(b), s, word(c))) == expected
    most = (P - 1,) * DEGREE
    wide = lanes(2 * (P - 1))  # a sum of two elements that was not reduced
    expected = extension.scale(extension.multiply(most, most), P - 1)
    expected = extension.add(expected, extension.add(most, most))
    assert canonical(*ask(MUL, word(most), word(most), P - 1, wide)) == expected


def test_powers_of_an_element() -> None:
    for b in elements(12, 2):
        found = [canonical(value) for value in ask(POWERS, 20, word(b))]
        assert found == extension.powers(b, 21)[1:]


def test_a_fibre_and_its_words_at_or_above_p() -> None:
    for values in (elements(8, 3), elements(11, 4)[3:], [(P - 1,) * DEGREE] * 8):
        flat = [value for each in values for value in each]
        *found, excess = ask(FIBRE, data=struct.pack("<40I", *flat))
        assert [canonical(value) for value in found] == values
        assert excess == 0
    for place in range(40):
        wrong = [P - 1] * 40
        wrong[place] = P
        assert ask(FIBRE, data=struct.pack("<40I", *wrong))[-1] != 0


def test_a_polynomial_at_a_point() -> None:
    chance = Random(5)
    for x in (*EDGES, chance.randrange(P)):
        for coefficients in (elements(8, 5)[4:], [(P - 1,) * DEGREE] * 4):
            powers = [pow(x, k, P) for k in range(4)]
            found = ask(EVALUATE, 4, x, *map(word, coefficients))
            assert canonical(*found) == summed(powers, coefficients)


def test_the_written_files_are_what_is_generated() -> None:
    for module in (query_constants, query_kernels):
        assert module.FILE.read_text() == module.text()


def test_the_code_fits_into_a_contract() -> None:
    assert artefact("StarkQueries").runtime <= CODE_BYTES_MAX
