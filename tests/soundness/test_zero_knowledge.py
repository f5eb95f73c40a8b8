"""Zero knowledge by exact simulation on the real prover, and controls that must leak."""

from dataclasses import dataclass, replace
from functools import cache

import pytest

from circuits.stark.parameters import INSECURE_TEST, Parameters
from rollup.field import extension
from rollup.field.extension import DEGREE
from rollup.field.koalabear import omega
from tests.helpers.circuits import Instance, small_instance
from tests.helpers.simulation import (
    HONEST,
    Blinding,
    Recorder,
    Seen,
    Simulator,
    UnsolvableError,
)

HEIGHTS = (256, 512)


@dataclass(frozen=True, slots=True)
class Thin(Parameters):
    """Parameters with a chosen number of blinded rows."""

    rows: int = 0

    @property
    def blinded_rows(self) -> int:
        return self.rows


def thin(rows: int) -> Parameters:
    fields = {name: getattr(INSECURE_TEST, name) for name in Parameters.__slots__}
    return Thin(**{**fields, "name": f"thin-{rows}"}, rows=rows)


ENOUGH = 2 * INSECURE_TEST.queries + 2 * DEGREE


def witness(seed: int, blinded: int) -> Instance:
    """One statement, and by the seed another witness of it."""
    return small_instance(*HEIGHTS, blinded, seed=seed)


@cache
def seen_of(parameters: Parameters, blinding: Blinding) -> Seen:
    return Recorder(witness(1, parameters.blinded_rows), parameters, blinding).run()


def simulated(parameters: Parameters, blinding: Blinding = HONEST) -> tuple[Seen, Seen]:
    """The view of one witness, and what a simulation makes of another."""
    seen = seen_of(parameters, blinding)
    other = witness(2, parameters.blinded_rows)
    return seen, Simulator(other, parameters, blinding, seen).simulate()


def test_the_witnesses_differ_and_the_statement_does_not() -> None:
    one, two = witness(1, 32), witness(2, 32)
    assert one.publics == two.publics and one.messages == two.messages
    pairs = zip(one.traces, two.traces, strict=True)
    assert sum(int((a != b).sum()) for a, b in pairs) > 300


@pytest.mark.parametrize("parameters", [INSECURE_TEST, thin(ENOUGH)])
def test_another_witness_gives_the_same_view(parameters) -> None:
    """All of it: with 2 q + 2 e rows, too, and the last chunk without being solved for."""
    seen, other = simulated(parameters)
    assert other.view == seen.view


def test_one_row_less_than_2q_2e_leaks() -> None:
    distinct = 0
    while distinct < INSECURE_TEST.queries:  # positions that fall together ask for less
        seen_of.cache_clear()
        drawn = seen_of(thin(ENOUGH - 1), HONEST).challenges[-1]
        distinct = len({index % (HEIGHTS[0] * INSECURE_TEST.blowup) for index in drawn})
    with pytest.raises(UnsolvableError):
        simulated(thin(ENOUGH - 1))


@pytest.mark.parametrize(
    ("switched_off", "member"),
    [("masks", 0), ("lookup_rows", 1), ("chunk_masks", 3), ("random_polynomial", 4)],
)
def test_each_defence_is_needed(switched_off, member) -> None:
    """Without it, what the verifier sees depends on the witness."""
    blinding = replace(HONEST, **{switched_off: False})
    try:
        seen, other = simulated(INSECURE_TEST, blinding)
    except UnsolvableError:
        return
    assert other.view[member] != seen.view[member]


def test_chunks_opened_in_the_row_below_would_leak() -> None:
    """The sum of the chunks is the quotient: in another point it is another witness's own."""
    seen, other = simulated(INSECURE_TEST)
    at = extension.scale(seen.challenges[3], omega(9))
    values = []
    for run in (seen, other):
        total = extension.ZERO
        step = extension.power(at, 512 - INSECURE_TEST.blinded_rows)
        for chunk in (2, 1, 0):
            columns = run.quotient[:, DEGREE * chunk : DEGREE * (chunk + 1)].tolist()
            value = extension.ZERO
            for coefficient in reversed(columns):
                value = extension.add(extension.multiply(value, at), tuple(coefficient))
            total = extension.add(extension.multiply(total, step), value)
        values.append(total)
    assert values[0] != values[1]
