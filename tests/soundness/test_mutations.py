"""Columns forged in a whole proof, a sample; `make soundness` forges every one."""

from dataclasses import replace
from random import Random

from circuits.stark.errors import Failure
from circuits.stark.proof import decode, encode
from tests.helpers.whole import whole
from tests.soundness.mutations import outcomes

SAMPLE = 20

EXCHANGES = 12
"""Stacks of each kind in which opened values are exchanged."""


def test_the_honest_witness_is_accepted() -> None:
    assert whole().verdict(None) is None


def test_a_forged_cell_of_any_column_is_refused_or_excused() -> None:
    """One column of every table, and a few more."""
    random = Random(20)
    columns = whole().columns()
    tables = {table: [c for c in columns if c[0] == table] for table, _ in columns}
    chosen = [random.choice(own) for own in tables.values()]
    chosen += random.sample(columns, SAMPLE - len(chosen))
    found = list(outcomes(chosen, random))
    assert not [str(outcome.forgery) for outcome in found if outcome.is_hole]
    reasons = {outcome.reason for outcome in found if outcome.reason}
    assert reasons <= {Failure.CONSTRAINTS, Failure.UNBALANCED_BUSES}
    assert len([outcome for outcome in found if outcome.reason]) >= SAMPLE - 3


def test_opened_values_of_the_whole_statement_do_not_change_places() -> None:
    """Two values of one stack, two of different stacks, and what stands in the row below."""
    random, shape = Random(21), whole().prover.shape
    proof = decode(whole().proof(None), shape)
    starts, number = [], 0
    for stack in shape.stacks:
        starts.append(range(number, number + len(stack.columns)))
        number += len(stack.columns)
    stacked = [places for places in starts if len(places) > 1]
    pairs = [random.sample(places, 2) for places in random.sample(stacked, EXCHANGES)]
    pairs += [[random.choice(a), random.choice(b)] for a, b in zip(starts, stacked, strict=False)]
    for one, two in random.sample(pairs, 2 * EXCHANGES):
        here = list(proof.here)
        here[one], here[two] = here[two], here[one]
        bent = encode(replace(proof, here=tuple(here)))
        assert whole().reason(bent) is Failure.CONSTRAINTS, (one, two)
    for place in random.sample(range(len(proof.after)), EXCHANGES):
        after = list(proof.after)
        after[place] = after[place - 1]
        assert whole().reason(encode(replace(proof, after=tuple(after)))), place
