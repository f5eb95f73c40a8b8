"""Columns forged in a whole proof, a sample; `make soundness` forges every one."""

from random import Random

from circuits.stark.errors import Failure
from tests.helpers.whole import whole
from tests.soundness.mutations import outcomes

SAMPLE = 20


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
