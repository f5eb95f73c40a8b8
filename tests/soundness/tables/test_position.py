"""The position row: what may not grow is asked whether it did."""

import numpy as np
import pytest

from circuits.tables.position.air import TABLE
from rollup.protocol.margin import Holding
from tests.helpers.closings import BACKSTOP, honest_offer, records_of
from tests.helpers.isolation import Isolated
from tests.helpers.venue import held
from tests.soundness.tables.test_free_state_cells import TERMS, rows_of

POSITION = Isolated(TABLE, {"backstop_account": BACKSTOP})


@pytest.mark.parametrize("demand", ["shrinks", "deleveraged"])
def test_a_position_that_may_not_grow_is_not_asked(demand: str) -> None:
    """It got larger, and the row that its account or a takeover makes demands of hides it."""
    holdings = (Holding(2**40, held(-5)), Holding(2**40, held(-77)))
    parts = records_of([holdings], [honest_offer(holdings, TERMS)], TERMS)
    grown = np.tile(rows_of(parts)["position"], (4, 1))
    assert POSITION.failed(grown) == set()
    asked = POSITION.forge(grown, 0, demand, 1)
    assert "position.smaller" in POSITION.failed(asked)
    answered = POSITION.forge(asked, 0, "smaller", 1)
    found = POSITION.failed(answered)
    assert "position.not-grown" in found and "position.smaller" not in found


FLAGS = ("active", "shrinks", "smaller", "liquidated", "kept", "needed")
ZONE_FLAGS = ("exempt", "deleveraged", "behind", "came", "stays", "due", "closed_out")


@pytest.mark.parametrize("flag", (*FLAGS, *ZONE_FLAGS))
def test_a_flag_that_is_no_bit(flag: str) -> None:
    holdings = (Holding(2**40, held(-77)), Holding(2**40, held(-77)))
    parts = records_of([holdings], [honest_offer(holdings, TERMS)], TERMS)
    rows = np.tile(rows_of(parts)["position"], (4, 1))
    assert "position.flags" in POSITION.failed(POSITION.forge(rows, 0, flag, 2))
