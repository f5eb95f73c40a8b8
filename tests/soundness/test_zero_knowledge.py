"""Zero knowledge by exact simulation on the real prover, and controls that must leak."""

from dataclasses import dataclass, replace
from functools import cache

import pytest

from circuits.stark.masks import MASK_COLUMNS
from circuits.stark.parameters import CHUNKS, INSECURE_TEST, Parameters
from circuits.stark.shape import Shape
from circuits.stark.stacks import Phase
from rollup.field import extension
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import omega
from rollup.native.jit import U32Array
from tests.helpers.circuits import Instance
from tests.helpers.linear import UnsolvableError
from tests.helpers.matching import Matching
from tests.helpers.simulation import HONEST, Blinding, Recorder, Seen, Simulator
from tests.helpers.walks import walk_instance


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

QUOTIENT = {"chunk rows", "R rows"}
"""What tells another quotient at the queried positions; R makes up for it in f_0."""


@dataclass(frozen=True, slots=True)
class Case:
    """Heights of the walk and of the ledger, and what a prover does."""

    walk: int
    ledger: int
    parameters: Parameters = INSECURE_TEST
    blinding: Blinding = HONEST
    indices: tuple[int, ...] = ()

    @property
    def height(self) -> int:
        """N."""
        return max(self.walk, self.ledger)

    def witness(self, seed: int) -> Instance:
        """A witness; all are of one statement."""
        return walk_instance(self.walk, self.ledger, self.parameters.blinded_rows, seed=seed)


TWO, FOUR = Case(256, 512), Case(128, 512)
"""Stacks of two and of four columns; what is read below stands in them."""

TALL = Case(512, 128)
"""What is read below stands in stacks of one, but for the running sum of the short table."""

stacked = pytest.mark.parametrize("case", [TWO, FOUR], ids=["two", "four"])
everywhere = pytest.mark.parametrize("case", [TWO, FOUR, TALL], ids=["two", "four", "tall"])


@cache
def seen_of(case: Case) -> tuple[Shape, Seen]:
    """What is seen of the first witness, once a verifier took it."""
    recorder = Recorder(case.witness(1), case.parameters, case.blinding, case.indices)
    seen = recorder.run()
    recorder.verify(seen)
    return recorder.shape, seen


def simulated(case: Case, matching: Matching = Matching.VALUES) -> tuple[Seen, Seen]:
    """The view of one witness, and what a simulation makes of another: proofs, both of them."""
    _, seen = seen_of(case)
    simulator = Simulator(case.witness(2), case.parameters, case.blinding, seen, matching)
    other = simulator.simulate()
    simulator.verify(other)
    return seen, other


@everywhere
def test_the_witnesses_differ_and_the_statement_does_not(case) -> None:
    """In every column, and most rows of those that are not counts."""
    one, two = case.witness(1), case.witness(2)
    assert one.known == two.known and one.circuit.digest == two.circuit.digest
    for a, b in zip(one.traces, two.traces, strict=True):
        active = len(a) - INSECURE_TEST.blinded_rows
        differing = (a != b)[:active].sum(axis=0)
        assert differing.all() and (differing > active // 2).sum() >= a.shape[1] - 1


@stacked
def test_a_column_is_opened_below_only_because_of_its_stack_and_others_are_not(case) -> None:
    shape, _ = seen_of(case)
    stacks = [each for each in shape.stacks_of(Phase.MAIN) if each.group == 0]
    opened = {column for each in stacks if each.below for column in each.columns}
    assert {len(each.columns) for each in stacks} == {shape.largest_stack}
    assert opened > set(shape.groups[0].below[Phase.MAIN]) != set()
    assert len(opened) < shape.groups[0].columns(Phase.MAIN)


@everywhere
def test_all_that_a_simulation_chooses_is_random_in_a_proof(case) -> None:
    """It replaces what the prover drew, so it would not miss a column that was not blinded."""
    shape, one = seen_of(case)
    two = Recorder(case.witness(1), case.parameters, case.blinding).run()
    rows = INSECURE_TEST.blinded_rows
    for group in shape.groups:
        for phase, matrices in ((Phase.MAIN, "main"), (Phase.LOOKUP, "lookup")):
            pair = (getattr(run, matrices)[group.number] for run in (one, two))
            assert_fresh(*(matrix[-rows:, : group.widths[phase]] for matrix in pair))
        masks = slice(group.widths[Phase.MAIN] - MASK_COLUMNS, group.widths[Phase.MAIN])
        assert_fresh(*(run.main[group.number][:1, masks] for run in (one, two)))
    masked, end = (CHUNKS - 1) * DEGREE, CHUNKS * DEGREE
    assert_fresh(*(run.quotient[shape.chunk_coefficients :, :masked] for run in (one, two)))
    assert_fresh(*(run.quotient[:, end:] for run in (one, two)))


def assert_fresh(one: U32Array, two: U32Array) -> None:
    """Two draws: cells agree as seldom as uniform ones do."""
    assert one.size and one.shape == two.shape and (one == two).sum() <= 1


@everywhere
@pytest.mark.parametrize("parameters", [INSECURE_TEST, thin(ENOUGH)], ids=["all", "enough"])
def test_another_witness_gives_the_same_view(case, parameters) -> None:
    """All of it: with 2 q + 2 e rows, too, and the last chunk without being solved for."""
    seen, other = simulated(replace(case, parameters=parameters))
    assert other.differs_in(seen) == set()
    assert any((a != b).any() for a, b in zip(seen.main, other.main, strict=True))


@everywhere
def test_a_column_that_nothing_reads_below_is_not_seen_there(case) -> None:
    """To match it at x^s and y, and at y' if its stack is opened there, is enough."""
    seen, other = simulated(case, Matching.NEEDED)
    assert other.differs_in(seen) == set()


@stacked
def test_positions_on_one_fibre_of_the_short_table_show_nothing_more(case) -> None:
    """They are one point x^s, and so two combinations of the same values."""
    domain = case.height * INSECURE_TEST.blowup
    places = case.height // min(case.walk, case.ledger)
    fibre = tuple(3 + k * domain // places for k in range(places))
    rest = tuple(50 + 37 * k for k in range(INSECURE_TEST.queries - places))
    seen, other = simulated(replace(case, parameters=thin(ENOUGH), indices=(*fibre, *rest)))
    assert other.differs_in(seen) == set()


@stacked
def test_one_row_less_than_2q_2e_leaks(case) -> None:
    """Where positions fall together less is asked for, so these do not."""
    indices = tuple(3 + 37 * k for k in range(INSECURE_TEST.queries))
    with pytest.raises(UnsolvableError, match=f"{ENOUGH} conditions on {ENOUGH - 1} unknowns"):
        simulated(replace(case, parameters=thin(ENOUGH - 1), indices=indices))


@stacked
@pytest.mark.parametrize("matching", [Matching.NOT_BELOW, Matching.STACKS])
def test_to_match_less_than_every_value_leaks(case, matching) -> None:
    """Then all rows of stacks and all opened values are as before, and the quotient is not."""
    seen, other = simulated(case, matching)
    assert other.differs_in(seen) == QUOTIENT


@stacked
@pytest.mark.parametrize(
    ("switched_off", "parts"),
    [
        ("masks", {"terminals", "chunks"} | QUOTIENT),
        ("lookup_rows", {"lookup rows", "opened", "chunks"} | QUOTIENT),
        ("one_fraction", {"lookup rows", "opened", "chunks"} | QUOTIENT),
        ("chunk_masks", {"chunks"} | QUOTIENT),
        ("random_polynomial", {"f_0", "layers", "final"}),
    ],
)
def test_each_defence_is_needed(case, switched_off, parts) -> None:
    """Without it, what the verifier sees depends on the witness, in these parts of the view."""
    seen, other = simulated(replace(case, blinding=replace(HONEST, **{switched_off: False})))
    assert other.differs_in(seen) == parts


@stacked
def test_chunks_opened_in_the_row_below_would_leak(case) -> None:
    """The sum of the chunks is the quotient: in another point it is another witness's own."""
    seen, other = simulated(case)
    zeta = seen.challenges[3]
    below = extension.scale(zeta, omega(case.height.bit_length() - 1))
    assert quotient_at(case, seen, zeta) == quotient_at(case, other, zeta)
    assert quotient_at(case, seen, below) != quotient_at(case, other, below)


def quotient_at(case: Case, run: Seen, at: Element) -> Element:
    """sum_i z^(i (N - h)) Q_i(z), from the coefficients of the chunks."""
    total = extension.ZERO
    step = extension.power(at, case.height - case.parameters.blinded_rows)
    for chunk in reversed(range(CHUNKS)):
        value = extension.ZERO
        rows = run.quotient[:, DEGREE * chunk : DEGREE * (chunk + 1)].tolist()
        for a0, a1, a2, a3, a4 in reversed(rows):
            value = extension.add(extension.multiply(value, at), (a0, a1, a2, a3, a4))
        total = extension.add(extension.multiply(total, step), value)
    return total
