"""The zone of a side in the market table alone: how far it goes is not said out of range."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.air.graph import MODULUS
from circuits.tables.market.air import TABLE
from circuits.tables.market.trace import build
from rollup.protocol.encoding import LIMB
from tests.helpers.closings import markets_of, positions_of
from tests.helpers.isolation import Isolated
from tests.helpers.market_books import terms_at
from tests.helpers.venue import PRICES

MARKET = Isolated(TABLE)
TERMS = terms_at(PRICES)[:1]
NUMBERS = np.array([each.numbers for each in TERMS])
DEPTH = 40


def trace(depth: int) -> Any:
    """A market on both sides of which somebody is deleveraged whose trigger was so far below."""
    one = np.ones((1, 2), dtype=np.int64)
    poor = np.array([*[0, 0, 0, 0, 0, -1] * 2, 8191, 8191, 8191, 63])
    zoned = {"zoned": one, "zone": NUMBERS - depth, "full": one * 0, "backstop": poor}
    return build(replace(markets_of(TERMS), **zoned), positions_of([], [], ()), 4, 0)


@pytest.mark.parametrize("depth", [-DEPTH, 0, DEPTH])
def test_an_honest_zone_holds(depth: int) -> None:
    assert MARKET.failed(trace(depth)) == set()


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("limb", [0, 1])
def test_a_zone_said_to_end_at_the_price_that_does_not(side: int, limb: int) -> None:
    """Its room would be below zero: any limb that makes the equation hold is out of range."""
    negative = -DEPTH * pow(LIMB, -limb, MODULUS) % MODULUS
    cells = {"deep": 0, f"zone_room.{limb}": negative, f"zone_room.{1 - limb}": 0}
    forged = trace(DEPTH)
    for name, value in cells.items():
        forged = MARKET.forge(forged, 0, f"sides.{side}.{name}", value)
    assert MARKET.failed(forged) == {"market.zone"}
