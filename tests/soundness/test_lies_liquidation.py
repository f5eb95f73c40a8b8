"""Lies about liquidation: who is liquidated, by whom, at which price and for which fee.

The rules are bent one check at a time, so that the lie is all that there is to be found.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from circuits.tables.records import Records, TakeoverRecords
from rollup.protocol import by_order, liquidation
from rollup.protocol.ledger import Ledger
from rollup.protocol.outcome import Outcome, TakeoverStep
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import Takeover
from rollup.protocol.terms import MarketTerms
from tests.helpers.fallen import BACKSTOP, LONG, RICH, SHORT, WELL, Fallen, fallen
from tests.helpers.lies import Liar, claim_closings, forge
from tests.helpers.statement import claims_broken_by, claims_broken_in
from tests.helpers.venue import BTC, ETH, USDC, Match, buy, credit, real, sell

VALUE = slice(14, 17)
"""What a lot is worth, among the numbers of RISK."""


@pytest.fixture
def place() -> Fallen:
    return fallen(real())


@pytest.fixture
def liar(place: Fallen, monkeypatch: pytest.MonkeyPatch) -> Liar:
    return Liar(place.venue, monkeypatch)


def test_honest_takeovers_break_nothing(place: Fallen, liar: Liar) -> None:
    left, rest = place.equity(SHORT), place.needed(LONG) - 300
    batch = place.batch(
        place.takeover(LONG, 300), place.takeover(SHORT, 4200, left), place.takeover(LONG, rest)
    )
    assert liar.claims(batch) == set()


def test_of_a_healthy_account(place: Fallen, liar: Liar) -> None:
    """Its lots are wanted: the fee is the backstop's."""
    batch = place.batch(Takeover(WELL, ETH, 4000, 4000 * 6250))
    assert liar.refusal(batch) is Reason.NOT_LIQUIDATABLE
    liar.blind("require_liquidatable", liquidation)
    liar.blind("require_needed")
    assert liar.claims(batch) == {"account.liquidatable", "account.needed"}


def test_of_an_account_one_quantum_above_maintenance(place: Fallen, liar: Liar) -> None:
    """At the mark its excess is exactly 0; a quantum less and it may be liquidated."""
    leaf = place.venue.state.accounts[LONG]
    missing = 45_000_000 - (leaf.cash + 1500 * 600_000)
    place.deposit(LONG, missing)
    batch = place.batch(place.takeover(LONG, 1))
    assert liar.refusal(batch) is Reason.NOT_LIQUIDATABLE
    liar.blind("require_liquidatable", liquidation)
    assert liar.claims(batch) == {"account.liquidatable"}


@pytest.mark.parametrize(
    ("account", "market", "size", "claims"),
    [
        (LONG, BTC, 1600, {"position.no-flip"}),
        (SHORT, ETH, 4300, {"position.no-flip"}),
        (LONG, BTC, 4000, {"position.no-flip", "position.not-grown"}),
        (LONG, ETH, 100, {"position.no-flip", "position.not-grown"}),
    ],
    ids=["a long", "a short", "a long that grows", "a market in which nothing is held"],
)
def test_flipping(
    place: Fallen, liar: Liar, account: int, market: int, size: int, claims: set[str]
) -> None:
    """The victim is given a position at the oracle price, of a side that it never asked for."""
    place.deposit(account, 5 * USDC)
    takeover = place.takeover(account, size, 0, market)
    batch = place.batch(takeover)
    assert liar.refusal(batch) is Reason.TAKEOVER_SIZE
    for name in ("require_reduces", "require_no_higher_fee"):
        liar.blind(name, liquidation)
    liar.bend("require_fees_paid", lambda *_: frozenset())
    whole = replace(takeover, fee=size * place.terms[market].liquidation_fee)
    liar.blind("require_equity")
    liar.blind("require_needed")
    claim_closings(liar.monkeypatch, (account,), grew=False)
    found = liar.claims(place.batch(whole))
    assert found - {"account.liquidated-equity", "account.needed"} == claims


def test_a_liquidated_account_that_grew(place: Fallen, liar: Liar) -> None:
    """Nothing is asked of its sizes, if it may say that it took risk."""
    outcome = liar.outcome(place.batch(place.takeover(LONG, place.needed(LONG))))
    records = replay(outcome)
    grew = np.where(records.account.account == LONG, 0, records.account.shrinks)
    lie = replace(records, account=replace(records.account, shrinks=grew))
    claims = {"account.liquidated-shrinks"}
    assert claims <= claims_broken_in(lie, outcome.public) <= claims | {"account.initial"}


def test_together_with_its_own_orders(place: Fallen, liar: Liar) -> None:
    trade = Match(buy(RICH, 10, slot=5), sell(LONG, 10, slot=5), 10)
    batch = liar.venue.batch(matches=[trade], takeovers=[place.takeover(LONG, 700)])
    assert liar.refusal(batch) is Reason.LIQUIDATED_SIGNED
    liar.blind("require_unsigned", liquidation)
    claim_closings(liar.monkeypatch, (LONG,))
    claims = {"account.liquidated-unsigned"}
    words = {"fill.position-access", "takeover.position-access", "position.value-after"}
    assert claims <= liar.claims(batch) <= claims | words | {"account.below-trades-not"}


def test_a_fee_beyond_what_is_left(place: Fallen, liar: Liar) -> None:
    batch = place.batch(place.takeover(SHORT, 4200))
    assert liar.refusal(batch) is Reason.LIQUIDATED_EQUITY
    liar.blind("require_equity")
    claim_closings(liar.monkeypatch, (SHORT,), below=False)
    assert "account.liquidated-equity" in liar.claims(batch)


def test_the_whole_fee_on_a_part_that_leaves_a_debt(place: Fallen, liar: Liar) -> None:
    """It keeps 200 lots and is flagged: the fee is more than all that it had."""
    batch = place.batch(place.takeover(SHORT, 4000))
    assert place.equity(SHORT) < 4000 * place.terms[ETH].liquidation_fee
    assert liar.refusal(batch) is Reason.LIQUIDATED_EQUITY
    liar.blind("require_equity")
    outcome = liar.outcome(batch)
    assert outcome.steps.closings[SHORT].below
    assert claims_broken_by(outcome) == {"account.liquidated-equity"}


def test_a_fee_above_the_markets(place: Fallen, liar: Liar) -> None:
    batch = place.batch(place.takeover(LONG, 700, 700 * 15_000 + 1))
    assert liar.refusal(batch) is Reason.TAKEOVER_FEE
    liar.blind("require_no_higher_fee", liquidation)
    liar.bend("require_fees_paid", lambda *_: frozenset())
    assert liar.claims(batch) == {"takeover.fee", "takeover.fee-waived"}


def test_a_fee_short_of_the_markets_for_a_friend(place: Fallen, liar: Liar) -> None:
    batch = place.batch(place.takeover(LONG, 700, 700 * 15_000 - 1))
    assert liar.refusal(batch) is Reason.TAKEOVER_FEE
    liar.bend("require_fees_paid", lambda *_: frozenset())
    assert liar.claims(batch) == {"takeover.fee-waived"}


def test_a_friend_called_exhausted_with_something_left(place: Fallen, liar: Liar) -> None:
    batch = place.batch(place.takeover(LONG, 100, 0))
    liar.bend("require_fees_paid", lambda *_: frozenset({LONG}))
    assert liar.claims(batch) == {"account.exhausted"}


def test_an_exhausted_account_with_a_quantum_left(place: Fallen, liar: Liar) -> None:
    batch = place.batch(place.takeover(SHORT, 4200, place.equity(SHORT) - 1))
    assert liar.refusal(batch) is Reason.TAKEOVER_FEE
    liar.bend("require_fees_paid", lambda *_: frozenset({SHORT}))
    assert liar.claims(batch) == {"account.exhausted"}


def test_exhausted_in_the_takeovers_row_alone(place: Fallen, liar: Liar) -> None:
    """The account's own row does not say so: nobody sends such a message."""
    batch = place.batch(place.takeover(LONG, 100, 0))
    liar.bend("require_fees_paid", lambda *_: frozenset())
    outcome = liar.outcome(batch)
    records = replay(outcome)
    lie = with_takeovers(records, exhausted=np.ones(1, dtype=np.int64))
    assert claims_broken_in(lie, outcome.public) == {"takeover.liquidated", "position.taken"}


def test_an_account_called_exhausted_that_is_not_liquidated(place: Fallen, liar: Liar) -> None:
    outcome = liar.outcome(place.batch(place.takeover(LONG, 700)))
    records = replay(outcome)
    exhausted = np.where(records.account.account == BACKSTOP, 1, records.account.exhausted)
    lie = replace(records, account=replace(records.account, exhausted=exhausted))
    assert claims_broken_in(lie, outcome.public) == {"account.exhausted"}


def with_takeovers(records: Records, **changes: Any) -> Records:
    return replace(records, takeover=replace(records.takeover, **changes))


@pytest.fixture
def sunk(monkeypatch: pytest.MonkeyPatch) -> Liar:
    """The backstop took what it could carry, and the price fell below its maintenance."""
    place = fallen(real(), funded=60 * USDC)
    place.venue.run(place.batch(place.takeover(LONG, 900)))
    place.venue.prices = (545_000, place.venue.prices[ETH])
    # Whoever is still due is not what these lies are about.
    place.venue.state.book = replace(place.venue.state.book, open_since=0)
    return Liar(place.venue, monkeypatch)


def test_of_the_backstop_by_itself(sunk: Liar) -> None:
    """It is below maintenance, and shows a takeover of its own lots: nothing changes hands. Its
    words would be written twice at one time."""
    place, liar = Fallen(sunk.venue), sunk
    batch = place.batch(Takeover(BACKSTOP, BTC, 100, 100 * place.terms[BTC].liquidation_fee))
    assert liar.refusal(batch) is Reason.BACKSTOP_LIQUIDATED
    liar.blind("require_not_backstop", liquidation)
    found = liar.claims(batch)
    assert {"takeover.cash-access", "takeover.position-access"} <= found


def test_a_backstop_let_off_its_margin_as_if_it_were_liquidated(sunk: Liar) -> None:
    """It is below maintenance and takes more: nothing lets it."""
    place, liar = Fallen(sunk.venue), sunk
    batch = place.batch(place.takeover(SHORT, 1))
    assert liar.refusal(batch) is Reason.MARGIN
    claim_closings(liar.monkeypatch, (BACKSTOP,), grew=False)
    grown = {"position.not-grown", "position.no-flip"}
    outcome = liar.outcome(batch)
    assert claims_broken_by(outcome) == grown


def called_liquidated(records: Records, account: int, value: int) -> Records:
    """Records in which an account is said to be liquidated, or not to be."""
    told = np.where(records.account.account == account, value, records.account.liquidated)
    exempt = np.where(records.account.account == account, value, records.account.exempt)
    return replace(records, account=replace(records.account, liquidated=told, exempt=exempt))


def test_by_another_account_than_the_backstop(place: Fallen, liar: Liar) -> None:
    """A friend takes the lots and the fee."""
    honest = liquidation.apply_takeover

    def apply_takeover(batch: Any, *given: Any) -> TakeoverStep:
        governance = forge(batch.governance, backstop_account=WELL)
        return honest(forge(batch, governance=governance), *given)

    first = place.venue.state.globals.deposits_consumed
    gift = credit(first, WELL, 0)
    batch = liar.venue.batch([gift], takeovers=[place.takeover(LONG, 700)])
    liar.bend("apply_takeover", apply_takeover)
    liar.monkeypatch.setattr(Ledger, "require_all_touched", lambda *_: None)
    assert liar.claims(batch) == {"takeover.backstop"}


def test_the_backstops_signed_orders(place: Fallen, liar: Liar) -> None:
    """It would take risk as anybody does, and not be there when it is needed."""
    trade = Match(buy(BACKSTOP, 10, slot=5), sell(RICH, 10, slot=5), 10)
    batch = liar.venue.batch(matches=[trade])
    assert liar.refusal(batch) is Reason.REDUCE_ONLY
    liar.blind("require_backstop_order", by_order)
    assert liar.claims(batch) == {"fill.reduce-only"}


def priced(liar: Liar, change: Callable[[MarketTerms], MarketTerms]) -> None:
    """Let takeovers happen at other terms than the batch's."""
    honest = liquidation.terms_of
    liar.bend("terms_of", lambda terms, market: change(honest(terms, market)), liquidation)


@pytest.mark.parametrize(
    ("value", "claims"),
    [(550_000, {"takeover.cash"}), (250_000, {"takeover.cash", "account.liquidated-equity"})],
    ids=["a worse price", "another market's"],
)
def test_at_another_price(place: Fallen, liar: Liar, value: int, claims: set[str]) -> None:
    batch = place.batch(place.takeover(LONG, 700))
    priced(liar, lambda terms: replace(terms, value=value))
    liar.blind("require_equity")
    assert claims <= liar.claims(batch) <= claims | {"account.liquidated-equity"}


def test_at_the_terms_of_another_market(place: Fallen, liar: Liar) -> None:
    """The row takes the other market's numbers, and says that it is in its own."""
    batch = place.batch(place.takeover(LONG, 700, 700 * 6_250))
    other = place.terms[ETH]
    priced(liar, lambda _: other)
    liar.blind("require_equity")
    outcome = liar.outcome(batch)
    records = replay(outcome)
    take = np.array([[*records.market.risk[ETH][VALUE], *records.market.lot_fee[ETH]]])
    waived = np.zeros_like(records.takeover.waived)
    lie = with_takeovers(records, take=take, waived=waived)
    claims = {"takeover.market", "market.take", "account.liquidated-equity"}
    assert claims_broken_in(lie, outcome.public) == claims


def test_at_terms_that_the_market_row_made_up(place: Fallen, liar: Liar) -> None:
    outcome = liar.outcome(place.batch(place.takeover(LONG, 700)))
    records = replay(outcome)
    fees = records.market.lot_fee.copy()
    fees[BTC] = fees[ETH]
    lie = replace(records, market=replace(records.market, lot_fee=fees))
    assert "market.public" in claims_broken_in(lie, outcome.public)


def test_of_the_wrong_side(place: Fallen, liar: Liar) -> None:
    """A long is taken over as if it were short: it gets more lots, at the oracle price."""

    def grown(step: TakeoverStep, batch: Any, ledger: Any, terms: Any, at: int) -> TakeoverStep:
        del batch, at
        size, paid = step.takeover.size, step.takeover.size * terms[BTC].value
        entries = (ledger.accounts[LONG], ledger.accounts[BACKSTOP])
        holders = []
        for entry, old, way in zip(entries, (step.liquidated, step.taker), (1, -1), strict=True):
            entry.cash = old.cash_after - 2 * way * paid
            entry.set_position(BTC, old.position_before + way * size)
            holders.append(replace(old, cash_after=entry.cash, position_after=entry.positions[BTC]))
        return replace(step, short=True, liquidated=holders[0], taker=holders[1])

    liar.after("apply_takeover", grown)
    claim_closings(liar.monkeypatch, (LONG,), grew=False)
    found = liar.claims(place.batch(place.takeover(LONG, 100)))
    assert found == {"takeover.liquidated", "position.taken", "position.not-grown"}


def test_of_an_account_whose_position_is_not_opened_as_liquidated(
    place: Fallen, liar: Liar
) -> None:
    """It is said not to be, so that nothing is demanded of it: its position then sends no message,
    and must not."""
    batch = place.batch(Takeover(WELL, ETH, 4000, 4000 * 6250))
    liar.blind("require_liquidatable", liquidation)
    liar.blind("require_needed")
    outcome = liar.outcome(batch)
    records = called_liquidated(replay(outcome), WELL, 0)
    nothing = np.zeros_like(records.position.needed)
    records = replace(records, position=replace(records.position, needed=nothing))
    found = claims_broken_in(records, outcome.public)
    assert found == {"position.liquidated-only", "batch.spent"}
    silent = replace(records.position, takeovers=np.zeros_like(records.position.takeovers))
    lie = replace(records, position=silent)
    assert claims_broken_in(lie, outcome.public) == {"takeover.liquidated", "batch.spent"}


def test_lots_that_vanish(place: Fallen, liar: Liar) -> None:
    """The backstop takes a lot less than is given."""
    outcome = liar.outcome(place.batch(place.takeover(LONG, 700)))
    records = replay(outcome)
    assert {"takeover.position"} <= bent_backstop(records, outcome, "position", -1)


def test_cash_from_nowhere_for_the_backstop(place: Fallen, liar: Liar) -> None:
    outcome = liar.outcome(place.batch(place.takeover(LONG, 700)))
    records = replay(outcome)
    assert {"takeover.cash-kept"} <= bent_backstop(records, outcome, "cash", 1)


def bent_backstop(records: Records, outcome: Outcome, word: str, change: int) -> set[str]:
    """Claims against a takeover after which the backstop's word is another."""
    takeover: TakeoverRecords = records.takeover
    access = getattr(takeover.taker, word)
    after = access.after + access.after.dtype.type(change)
    taker = replace(takeover.taker, **{word: replace(access, after=after)})
    return claims_broken_in(with_takeovers(records, taker=taker), outcome.public)


def test_a_takeover_of_nothing(place: Fallen, liar: Liar) -> None:
    outcome = liar.outcome(place.batch(place.takeover(LONG, 700)))
    lie = with_takeovers(replay(outcome), size=np.zeros(1, dtype=np.int64))
    assert "takeover.size-positive" in claims_broken_in(lie, outcome.public)


def test_a_backstop_that_takes_more_than_it_can_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    place = fallen(real(), funded=5 * USDC)
    liar = Liar(place.venue, monkeypatch)
    batch = place.batch(place.takeover(LONG, 1000))
    assert liar.refusal(batch) is Reason.MARGIN
    claim_closings(liar.monkeypatch, (BACKSTOP,), below=False)
    assert "account.initial" in liar.claims(batch)


def test_a_liquidation_that_nobody_took(place: Fallen, liar: Liar) -> None:
    """A healthy account that only traded is called liquidated: it is not below the mark."""
    trade = Match(buy(RICH, 10, slot=5), sell(WELL, 10, slot=5), 10)
    outcome = liar.outcome(liar.venue.batch(matches=[trade]))
    lie = called_liquidated(replay(outcome), WELL, 1)
    claims = {"account.liquidatable", "account.liquidated-unsigned"}
    assert claims <= claims_broken_in(lie, outcome.public)
