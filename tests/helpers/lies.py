"""How a test makes the rules look away, so that a lie reaches the circuit.

`Liar` bends one function of `rollup.protocol.transition` and applies a batch: everything else of
the outcome follows honestly from the lie (leaves, trees, roots), so that only the lie itself is
there to be found. `forge` changes members of a frozen record without its checks.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, fields, replace
from types import ModuleType
from typing import Any, TypeVar

import pytest

from rollup.crypto.curve import Point
from rollup.protocol import transition
from rollup.protocol.batch import Batch
from rollup.protocol.ledger import Ledger
from rollup.protocol.margin import risk_grew, safety_of, value
from rollup.protocol.openings import completed
from rollup.protocol.order import Order
from rollup.protocol.outcome import Closing, Outcome
from rollup.protocol.rejection import Reason
from rollup.protocol.slot import FRESH_SLOT, RestingOrder, SlotState, placed
from rollup.protocol.terms import MarketTerms
from tests.helpers.statement import claims_broken_by
from tests.helpers.venue import (
    BACKSTOP_ACCOUNT,
    BTC,
    BTC_PRICE,
    ETH_PRICE,
    USDC,
    Match,
    Venue,
    buy,
    credit,
    real,
    sell,
)

Record = TypeVar("Record")

SIGNATURE = {"signature.sum", "ladder.end"}
"""What a false signature breaks: R is not where the ladder ends, so neither side of that message is
answered."""


def forge(record: Record, **changes: Any) -> Record:
    """A copy of a frozen record with members changed, whatever its checks would say."""
    forged = object.__new__(type(record))
    for member in fields(record):  # type: ignore[arg-type]
        value = changes.pop(member.name, getattr(record, member.name))
        object.__setattr__(forged, member.name, value)
    assert not changes, f"{type(record).__name__} has no {', '.join(changes)}"
    return forged


@dataclass
class Liar:
    """A venue with three rich traders, 1 long and 2 short of 1,000 lots, and bent rules."""

    venue: Venue
    monkeypatch: pytest.MonkeyPatch

    def bend(
        self, name: str, replacement: Callable[..., Any], module: ModuleType = transition
    ) -> None:
        """Replace a rule for the rest of the test."""
        self.monkeypatch.setattr(module, name, replacement)

    def after(self, name: str, change: Callable[..., Any]) -> None:
        """Let a rule run, then change what it gave: `change(result, *arguments)`."""
        honest = getattr(transition, name)
        self.bend(name, lambda *given: change(honest(*given), *given))

    def blind(self, name: str, module: ModuleType = transition) -> None:
        """Let a check pass whatever comes."""
        self.bend(name, lambda *_: None, module)

    def claims(self, batch: Batch) -> set[str]:
        """What the circuit says against the bent outcome of a batch."""
        return claims_broken_by(self.outcome(batch))

    def outcome(self, batch: Batch) -> Outcome:
        """What the bent rules make of a batch, with the leaves of triggers that its lie touches."""
        return self.venue.apply(completed(batch, self.venue.state))

    def as_it_is(self, batch: Batch) -> Outcome:
        """The same of a batch that opens what it opens."""
        return self.venue.apply(batch)

    def refusal(self, batch: Batch) -> Reason:
        """Why the honest rules refuse it; ask before bending."""
        return self.venue.refusal(batch)

    def trade(self, size: int = 100, **terms: int) -> Batch:
        """An honest fill between traders 1 and 2."""
        return self.venue.batch(matches=[match(size, **terms)])


def claim_closings(patches: pytest.MonkeyPatch, accounts: Container[int], **claimed: Any) -> None:
    """Let some accounts be closed as claimed, true or not; `safety` maps the true one."""
    honest = transition.close_account

    def close_account(
        batch: Batch, ledger: Ledger, index: int, terms: Sequence[MarketTerms]
    ) -> Closing:
        if index not in accounts:
            return honest(batch, ledger, index, terms)
        entry = ledger.accounts[index]
        mark, now = value(entry.holding_before, terms), value(entry.holding, terms)
        grew = risk_grew(entry.holding_before, entry.holding, terms, entry.acted)
        safety = max(0, safety_of(now))
        truth = Closing(mark, now, safety, below=now.excess < 0, grew=grew)
        told = claimed.get("safety", lambda best: best)(safety)
        return replace(truth, **{**claimed, "safety": told})

    patches.setattr(transition, "close_account", close_account)


def match(size: int = 100, **terms: int) -> Match:
    """Trader 1 buys from trader 2 in slots that are fresh after the first batch."""
    terms = {"slot": 1, **terms}
    return Match(buy(1, size, **terms), sell(2, size, **terms), size)


def placed_again(order: Order, key: Point, stored: SlotState) -> SlotState:
    """An order comes into its slot, whatever acted there before."""
    del stored
    return placed(order, key, FRESH_SLOT)


def overfilled(generation: int, stored: SlotState, size: int) -> SlotState:
    """What is left of an order falls, below nothing too."""
    del generation
    resting = stored.order
    assert isinstance(resting, RestingOrder)
    return forge(stored, order=forge(resting, left=resting.left - size))


def make_liar(monkeypatch: pytest.MonkeyPatch) -> Liar:
    """Registrations and one trade, honestly, on Poseidon and Schnorr."""
    venue = Venue(suite=real()).with_traders(*[1000 * USDC] * 3)
    opening = Match(buy(1, 1000, market=BTC), sell(2, 2000, market=BTC), 1000)
    venue.run(venue.batch(matches=[opening]))
    return Liar(venue, monkeypatch)


def fallen_liar(monkeypatch: pytest.MonkeyPatch) -> Liar:
    """One whose trader 1, long of 900 lots with little money, is below maintenance: a price fell.
    Its venue has consumed an entry more, which gave the backstop money."""
    venue = Venue(suite=real()).with_traders(60 * USDC, 1000 * USDC, 1000 * USDC)
    entry = credit(venue.state.globals.deposits_consumed, BACKSTOP_ACCOUNT, 1000 * USDC)
    venue.run(venue.batch([entry], [Match(buy(1, 900), sell(2, 900), 900)]))
    venue.prices = (BTC_PRICE * 930 // 1000, ETH_PRICE)
    return Liar(venue, monkeypatch)
