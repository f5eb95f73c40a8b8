"""No set of colluding accounts, with operator and prices on its side, takes out more than it
brought and what prices took of others: by random play, and by a search that climbs.

The game and what is counted: tests/helpers/collusion.py. The controls loosen a rule, and the same
search must then find a gain; one that finds none there shows nothing.
"""

import os
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from rollup.protocol import margin, transition
from tests.helpers.collusion import STEP, TRADE, Game, Plan, mutated, random_plan
from tests.helpers.lies import forge
from tests.helpers.seed import draws
from tests.helpers.venue import BTC, GOVERNANCE, USDC

FUNDED = (0, 20 * USDC, 10**6 * USDC)
LONGER = 1 if os.environ.get("HYPOTHESIS_PROFILE", "fixed") == "fixed" else 20
"""How much longer than in `make test` `make soundness` searches."""

PLAYS, TRIES, MOVES = 24 * LONGER, 14 * LONGER, 6
ENOUGH = 60 * LONGER
"""Tries in which a control must find a gain: the first ends it."""


def climb(make: Callable[[], Game], rng: Random, tries: int, start: Plan = ()) -> int:
    """The most that a search gains. It changes a move of the best plan, and keeps what gains more
    or brings a colluder nearer to a loss that others would bear. A gain is a hole, and ends it."""
    best = start or random_plan(rng, MOVES)
    score = played(make(), best)
    for _ in range(tries):
        if score[0] > 0:
            break
        changed = mutated(rng, best)
        found = played(make(), changed)
        if found >= score:
            best, score = changed, found
    return score[0]


def played(game: Game, plan: Plan) -> tuple[int, int]:
    """What a plan gains, and how near it comes."""
    gain = game.play(plan)
    return gain, -game.nearest


def test_nobody_gains_by_chance_and_the_idle_can_leave() -> None:
    """Each game is judged to the quantum: conservation, nobody below zero, who signed nothing more
    has what prices made of it, and who never traded takes out all that it brought."""
    rng, seen = draws(36), Counter[str]()
    for place in range(PLAYS):
        game = Game(funded=FUNDED[place % len(FUNDED)])
        assert game.play(random_plan(rng, MOVES + 2)) <= 0
        game.judge()
        seen += game.seen
        if not game.venue.state.book.is_open:
            game.idle_leave()
            seen["left"] += 1
    for wanted in ("fills", "BACKSTOP", "DELEVERAGED", "open", "granted", "left"):
        assert seen[wanted], seen


@pytest.mark.parametrize("funded", FUNDED)
def test_nobody_gains_by_searching(funded: int) -> None:
    assert climb(lambda: Game(funded=funded), draws(37 + funded), TRIES) <= 0


# Controls: a rule is loosened.


def test_a_step_wider_than_maintenance_is_found() -> None:
    """Theorem T: one of two goes below zero, and the other has gained what nobody lost."""
    assert climb(lambda: Game(step=1300), draws(38), ENOUGH) > 0


def test_who_is_below_maintenance_and_trades_at_a_wide_band_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It gives a friend more than it has: what `below-traded` and the band are for. The search
    begins where all is done but that: the account sells at the oracle's price."""
    markets = tuple(forge(market, band_fraction=900) for market in GOVERNANCE.markets)
    honest = margin.closing

    def closing(*given: Any, traded: bool, **how: Any) -> Any:
        del traded
        return honest(*given, traded=False, **how)

    for module in (margin, transition):
        monkeypatch.setattr(module, "closing", closing)
    loose = forge(GOVERNANCE, markets=markets)
    sold_fairly = ((TRADE, 0, BTC, 10, 2), (STEP, 3, 1, -10, 2), (TRADE, 2, BTC, 9, 2))
    assert played(Game(governance=loose), sold_fairly)[0] <= 0
    assert climb(lambda: Game(governance=loose), draws(39), ENOUGH, sold_fairly) > 0
