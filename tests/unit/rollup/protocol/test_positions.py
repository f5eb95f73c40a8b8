"""Positions: one form for one holding, and never two of a market."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.protocol.constants import MARKETS_MAX
from rollup.protocol.positions import NO_POSITIONS, Positions
from rollup.protocol.rejection import Reason
from tests.helpers.venue import held, refusal


@pytest.mark.parametrize(
    ("positions", "reason"),
    [
        (((1, 5), (0, 5)), Reason.POSITION_ORDER),
        (((1, 5), (1, 5)), Reason.POSITION_ORDER),
        (((1, 0),), Reason.POSITION_EMPTY),
        (((2**16, 5),), Reason.MARKET_OUT_OF_BOUNDS),
        (((-1, 5),), Reason.MARKET_OUT_OF_BOUNDS),
        (((1, 2**40),), Reason.POSITION_OUT_OF_BOUNDS),
        (((1, -(2**40) - 1),), Reason.POSITION_OUT_OF_BOUNDS),
        (((1, True),), Reason.MALFORMED),
        (((1,),), Reason.MALFORMED),
        ((5,), Reason.MALFORMED),
        ([(1, 5)], Reason.MALFORMED),
        (tuple((m, 1) for m in range(MARKETS_MAX + 1)), Reason.TOO_MANY),
    ],
)
def test_what_is_not_the_one_form_cannot_be_made(positions: object, reason: Reason) -> None:
    assert refusal(lambda: Positions(positions)) is reason  # type: ignore[arg-type]


def test_an_account_holds_as_many_positions_as_there_are_markets() -> None:
    assert len(Positions(tuple((m, -(2**40)) for m in range(MARKETS_MAX))).held) == 64


@given(st.dictionaries(st.integers(0, 70), st.integers(-3, 3), max_size=12))
def test_positions_are_a_map_that_forgets_zeros(sizes: dict[int, int]) -> None:
    found = NO_POSITIONS
    for market, size in sizes.items():
        found = found.put(market, 9).put(market, size)
    wanted = {market: size for market, size in sizes.items() if size}
    assert dict(found) == wanted and found.markets == tuple(sorted(wanted))
    assert [found[market] for market in range(72)] == [wanted.get(m, 0) for m in range(72)]
    assert found == Positions(tuple(sorted(wanted.items())))


def test_positions_show_nothing_of_themselves() -> None:
    assert "77" not in repr(held(0, 77))
