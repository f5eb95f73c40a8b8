"""Laws that hold for any honest history: conservation, margin, round trips, no room for a lie."""

from dataclasses import dataclass, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollup.protocol.batch import Batch
from rollup.protocol.batch_codec import batch_from_bytes, batch_to_bytes
from rollup.protocol.constants import FEE_SCALE, FRACTION_SCALE, SAFETY_MAX
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.holding import Holding
from rollup.protocol.margin import closing, risk_grew, value
from rollup.protocol.order import Order, Side
from rollup.protocol.outcome import Closing, Outcome
from rollup.protocol.public_json import public_from_json, public_to_json
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.state import State
from rollup.protocol.terms import MarketTerms, fraction_up
from rollup.protocol.trade import fee
from tests.helpers.venue import (
    BTC,
    BTC_PRICE,
    ETH,
    ETH_PRICE,
    USDC,
    Match,
    Venue,
    buy,
    credit,
    held,
    register,
    sell,
)

Terms = tuple[MarketTerms, ...]
TRADERS = 4
REFUSALS = {Reason.MARGIN, Reason.BELOW_TRADED, Reason.BELOW_RISK, Reason.STEP_RISK}
"""Why an account may not be closed so; the plans break no other rule."""

some = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Plan:
    """One batch to try: price moves in percent, deposits and fills by small numbers."""

    move: int
    deposits: list[tuple[bool, int, int]]
    fills: list[tuple[int, int, int, int, int, bool]]


plans = st.builds(
    Plan,
    move=st.integers(-6, 6),
    deposits=st.lists(
        st.tuples(st.booleans(), st.integers(1, TRADERS + 2), st.integers(0, 10**9)), max_size=3
    ),
    fills=st.lists(
        st.tuples(
            st.integers(1, TRADERS),
            st.integers(1, TRADERS),
            st.integers(0, 1),
            st.integers(1, 60_000),
            st.integers(-300, 300),
            st.booleans(),
        ),
        max_size=5,
    ),
)


def entries(venue: Venue, plan: Plan) -> list[QueueEntry]:
    first = venue.state.globals.deposits_consumed
    return [
        register(first + i, account, amount) if is_new else credit(first + i, account, amount)
        for i, (is_new, account, amount) in enumerate(plan.deposits)
    ]


def matches(venue: Venue, plan: Plan) -> list[Match]:
    """Fresh generations for every batch; prices around the oracle's."""
    generation = venue.state.globals.number + 1
    built = []
    for slot, (buyer, other, market, size, shift, buyer_takes) in enumerate(plan.fills):
        seller = other if other != buyer else other % TRADERS + 1
        price = venue.prices[market] * (FRACTION_SCALE + shift) // FRACTION_SCALE
        terms = {"market": market, "slot": slot, "generation": generation}
        bid: Order = buy(buyer, 2 * size, price + 5, **terms)
        ask: Order = sell(seller, size, price, **terms)
        taker = Side.BUY if buyer_takes else Side.SELL
        built.append(Match(bid, ask, size, price, taker))
    return built


def history(plan_list: list[Plan]) -> list[tuple[State, Batch, Outcome, Venue]]:
    """Batches that the rules accept, each with the venue after it; refused ones are skipped."""
    venue = Venue().with_traders(*[2000 * USDC] * TRADERS)
    accepted = []
    for plan in plan_list:
        moved = (BTC_PRICE * (100 + plan.move) // 100, ETH_PRICE * (100 - plan.move) // 100)
        venue.prices = tuple(moved) if not venue.state.book.is_open else venue.prices
        batch = venue.batch(entries(venue, plan), matches(venue, plan))
        try:
            outcome = venue.run(batch)
        except Rejected as refusal:
            assert refusal.reason in REFUSALS
            continue
        accepted.append((venue.state, batch, outcome, venue))
        assert_conserved(venue)
    return accepted


def assert_conserved(venue: Venue) -> None:
    accounts = venue.state.accounts.values()
    assert sum(account.cash for account in accounts) == venue.state.globals.total
    for market in (BTC, ETH):
        assert sum(account.positions[market] for account in accounts) == 0


@some
@given(st.lists(plans, min_size=1, max_size=5))
def test_cash_and_positions_are_conserved_in_every_history(plan_list: list[Plan]) -> None:
    history(plan_list)


@some
@given(st.lists(plans, min_size=1, max_size=3))
def test_every_fill_conserves_by_itself(plan_list: list[Plan]) -> None:
    for _, _, outcome, _ in history(plan_list):
        fees = 0
        for step in outcome.steps.fills:
            sides = (step.buyer, step.seller)
            moved = sum(side.cash_after - side.cash_before for side in sides)
            fees += sum(side.fee for side in sides)
            assert moved + step.buyer.fee + step.seller.fee == 0
            assert sum(side.position_after - side.position_before for side in sides) == 0
        assert outcome.steps.fees.amount == fees


@some
@given(st.lists(plans, min_size=1, max_size=3))
def test_batches_and_public_inputs_survive_their_codecs(plan_list: list[Plan]) -> None:
    for _, batch, outcome, _ in history(plan_list):
        assert batch_from_bytes(batch_to_bytes(batch)) == batch
        assert public_from_json(public_to_json(outcome.public)) == outcome.public


@some
@given(st.lists(plans, min_size=1, max_size=3), st.integers(0, 5), st.integers(1, 10**12))
def test_no_opening_can_be_inflated(plan_list: list[Plan], place: int, gift: int) -> None:
    venue = Venue().with_traders(*[2000 * USDC] * TRADERS)
    plan = plan_list[0]
    batch = venue.batch(entries(venue, plan), [])
    opening = batch.pre.accounts[place % len(batch.pre.accounts)]
    if opening.account is None:
        return
    lie = replace(opening, account=replace(opening.account, cash=opening.account.cash + gift))
    accounts = tuple(lie if o is opening else o for o in batch.pre.accounts)
    bent = replace(batch, pre=replace(batch.pre, accounts=accounts))
    assert venue.refusal(bent) is Reason.OLD_ROOT


@given(st.integers(0, 2**52 - 1), st.integers(0, 2**13 - 1))
def test_a_fee_is_the_least_quantum_count_that_covers_the_rate(amount: int, rate: int) -> None:
    charged = fee(amount, rate)
    assert charged * FEE_SCALE >= amount * rate > (charged - 1) * FEE_SCALE


markets = st.integers(1, 2**29 - 1).flatmap(
    lambda price: st.tuples(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, price)).map(
        lambda numbers: MarketTerms(
            price=price,
            funding=0,
            value=price,
            bucket=min(numbers[2], 2**21 - 1),
            maintenance=fraction_up(price, min(numbers[:2])),
            initial=fraction_up(price, max(numbers[:2])),
            band_low=1,
            band_high=price,
            taker_fee=0,
            maker_fee=0,
            liquidation_fee=0,
            least_order=1,
            clip=0,
            impact_notional=1,
            open_interest_cap=2**40 - 1,
        )
    )
)
small = st.integers(-50, 50)
positions = st.builds(held, small, small)
holdings = st.builds(Holding, st.integers(-(10**12), 10**12), positions)


def closed(before: Holding, after: Holding, terms: Terms, *, traded: bool) -> Closing | None:
    """How the rule closes an account; None if it refuses to."""
    try:
        return closing(before, after, terms, traded=traded)
    except Rejected:
        return None


@given(holdings, holdings, markets, markets, st.booleans())
def test_the_closing_rule_says_what_the_design_says(
    before: Holding, after: Holding, first: MarketTerms, second: MarketTerms, traded: bool
) -> None:
    terms = (first, second)
    old, new, grew = value(before, terms), value(after, terms), risk_grew(before, after, terms)
    initial = new.initial >= 0 or not grew
    below = new.excess < 0 and old.excess < 0 and not grew and not traded and new.ladder > 0
    found = closed(before, after, terms, traded=traded)
    assert (found is not None) == (initial and (new.excess >= 0 or below))
    if found is not None:
        assert found.below == (new.excess < 0)


@given(holdings, markets, markets)
def test_safety_is_the_greatest_there_is(
    holding: Holding, first: MarketTerms, second: MarketTerms
) -> None:
    now = value(holding, (first, second))
    found = closed(holding, holding, (first, second), traded=False)
    if found is None or found.below or now.ladder == 0:
        return
    assert now.excess >= found.safety * now.ladder
    assert found.safety == SAFETY_MAX or now.excess < (found.safety + 1) * now.ladder


@given(holdings, st.integers(0, 10**12), markets, markets)
def test_more_cash_never_breaks_the_closing_rule(
    holding: Holding, gift: int, first: MarketTerms, second: MarketTerms
) -> None:
    """But one thing: nothing held and cash below zero, which no batch leaves."""
    terms = (first, second)
    if holding.positions.held or holding.cash >= 0:
        richer = holding._replace(cash=holding.cash + gift)
        assert closed(holding, richer, terms, traded=False) is not None


@given(holdings, holdings, st.integers(0, 10**12), markets, markets, st.booleans())
def test_a_credit_on_top_never_turns_yes_into_no(
    before: Holding,
    after: Holding,
    gift: int,
    first: MarketTerms,
    second: MarketTerms,
    traded: bool,
) -> None:
    terms = (first, second)
    if closed(before, after, terms, traded=traded) is not None:
        richer = after._replace(cash=after.cash + gift)
        assert closed(before, richer, terms, traded=traded) is not None


@given(holdings, st.integers(0, 4095), st.integers(0, 4095), markets, markets)
def test_within_its_safety_an_account_stays_above_maintenance(
    holding: Holding, first_falls: int, second_falls: int, first: MarketTerms, second: MarketTerms
) -> None:
    """The heart of it: no side fell below its trigger, so nobody need look."""
    terms = (first, second)
    found = closed(holding, holding, terms, traded=False)
    if found is None or found.below:
        return
    excess = value(holding, terms).excess
    for (market, size), falls in zip(holding.positions, (first_falls, second_falls), strict=False):
        excess -= abs(size) * terms[market].bucket * min(falls, found.safety)
    assert excess >= 0
