"""Which takeovers the rules take, and what these do."""

from dataclasses import replace

import pytest

from rollup.protocol.batch import Batch
from rollup.protocol.constants import TAKEOVER_TIMESTAMP
from rollup.protocol.holding import Holding
from rollup.protocol.margin import value
from rollup.protocol.outcome import Outcome
from rollup.protocol.positions import NO_POSITIONS
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import Takeover
from tests.helpers.fallen import BACKSTOP, LONG, LOTS, OPENING, RICH, SHORT, WELL, Fallen, fallen
from tests.helpers.venue import (
    BTC,
    ETH,
    GOVERNANCE,
    PRICES,
    USDC,
    Match,
    buy,
    cancel,
    credit,
    genesis,
    held,
    refusal,
    sell,
)


@pytest.fixture
def place() -> Fallen:
    return fallen()


def after(outcome: Outcome, account: int) -> Holding:
    """What an account holds after the batch."""
    (leaf,) = (each.after for each in outcome.accounts if each.index == account)
    assert leaf is not None
    return Holding(leaf.cash, leaf.positions)


def is_liquidated(outcome: Outcome, account: int) -> bool:
    return next(each.liquidated for each in outcome.accounts if each.index == account)


def test_a_long_is_taken_at_the_oracle_price_less_the_fee(place: Fallen) -> None:
    before = place.venue.state.accounts
    outcome = place.venue.apply(place.batch(place.takeover(LONG, 1000)))
    fee = 1000 * 15_000
    assert after(outcome, LONG) == Holding(
        before[LONG].cash + 1000 * PRICES[BTC] - fee, held(LOTS[LONG] - 1000)
    )
    assert after(outcome, BACKSTOP) == Holding(
        before[BACKSTOP].cash - 1000 * PRICES[BTC] + fee, held(1000)
    )
    assert is_liquidated(outcome, LONG)


def test_a_short_is_bought_back_at_the_oracle_price_and_pays_the_fee(place: Fallen) -> None:
    before = place.venue.state.accounts
    outcome = place.venue.apply(place.batch(place.takeover(SHORT, 1000)))
    fee = 1000 * 6_250
    assert after(outcome, SHORT) == Holding(
        before[SHORT].cash - 1000 * PRICES[ETH] - fee, held(0, 1000 - LOTS[SHORT])
    )
    assert after(outcome, BACKSTOP) == Holding(
        before[BACKSTOP].cash + 1000 * PRICES[ETH] + fee, held(0, -1000)
    )


def test_takeovers_follow_each_other_in_their_own_time(place: Fallen) -> None:
    rest = place.needed(LONG) - 600
    outcome = place.venue.apply(
        place.batch(place.takeover(LONG, 600), place.takeover(SHORT, 9), place.takeover(LONG, rest))
    )
    steps = outcome.steps.takeovers
    assert [step.timestamp for step in steps] == [TAKEOVER_TIMESTAMP + k for k in range(3)]
    assert [step.short for step in steps] == [False, True, False]
    assert steps[2].liquidated.position_before == 900
    assert steps[2].liquidated.cash_before == steps[0].liquidated.cash_after
    assert after(outcome, LONG).positions == held(900 - rest)


def test_the_fee_that_is_left_to_pay_is_taken_and_no_more(place: Fallen) -> None:
    """The whole fee on 4,200 lots is above what the account has: it pays what it has."""
    left = place.equity(SHORT)
    assert 0 < left < 4200 * 6_250
    outcome = place.venue.apply(place.batch(place.takeover(SHORT, 4200, left)))
    assert after(outcome, SHORT) == Holding(0, NO_POSITIONS)
    assert outcome.steps.exhausted == {SHORT}


def test_an_exhausted_account_may_keep_lots_but_no_equity(place: Fallen) -> None:
    left = place.equity(SHORT)
    outcome = place.venue.apply(place.batch(place.takeover(SHORT, 4000, left)))
    assert value(after(outcome, SHORT), outcome.steps.terms).equity == 0
    assert after(outcome, SHORT).positions == held(0, -200)


def test_cash_and_lots_only_change_hands(place: Fallen) -> None:
    before = place.venue.state.accounts
    outcome = place.venue.apply(
        place.batch(place.takeover(LONG, place.needed(LONG)), place.takeover(SHORT, 2000))
    )
    touched = [LONG, SHORT, BACKSTOP]
    assert sum(after(outcome, a).cash for a in touched) == sum(before[a].cash for a in touched)
    for market in (BTC, ETH):
        old = sum(before[account].positions[market] for account in touched)
        assert sum(after(outcome, account).positions[market] for account in touched) == old


def test_a_healthy_account_is_left_alone(place: Fallen) -> None:
    takeover = Takeover(WELL, ETH, 10, 10 * 6_250)
    assert place.venue.refusal(place.batch(takeover)) is Reason.NOT_LIQUIDATABLE


def test_at_exactly_maintenance_an_account_is_healthy(place: Fallen) -> None:
    leaf = place.venue.state.accounts[LONG]
    missing = -value(Holding(leaf.cash, leaf.positions), place.terms).excess
    place.deposit(LONG, missing - 1)
    place.venue.apply(place.batch(place.takeover(LONG, 1)))
    place.deposit(LONG, 1)
    assert place.venue.refusal(place.batch(place.takeover(LONG, 1))) is Reason.NOT_LIQUIDATABLE


def test_a_deposit_of_the_batch_does_not_undo_the_mark_but_counts_as_it_ends(place: Fallen) -> None:
    first = place.venue.state.globals.deposits_consumed

    def batch(amount: int, lots: int) -> Batch:
        rescue = credit(first, LONG, amount)
        return place.venue.batch([rescue], takeovers=[place.takeover(LONG, lots)])

    assert place.venue.refusal(batch(1000 * USDC, 1)) is Reason.TAKEOVER_UNNEEDED
    fewer = place.needed(LONG, lent=5 * USDC)
    assert 0 < fewer < place.needed(LONG)
    outcome = place.venue.apply(batch(5 * USDC, fewer))
    assert is_liquidated(outcome, LONG) and not outcome.globals_after.flagged


@pytest.mark.parametrize("account", [LONG, SHORT])
def test_no_more_is_taken_than_is_needed(place: Fallen, account: int) -> None:
    place.deposit(SHORT, 15 * USDC)
    lots = place.needed(account)
    assert 1 < lots < LOTS[account]
    relief = place.terms[BTC].long_relief if account == LONG else place.terms[ETH].short_relief
    fewest = place.venue.apply(place.batch(place.takeover(account, lots)))
    assert 0 <= fewest.steps.closings[account].after.excess < relief
    less = place.venue.apply(place.batch(place.takeover(account, lots - 1)))
    assert less.steps.closings[account].below
    more = place.batch(place.takeover(account, lots + 2))
    assert place.venue.refusal(more) is Reason.TAKEOVER_UNNEEDED


def test_an_account_that_a_deposit_opens_has_no_mark_below_maintenance(place: Fallen) -> None:
    takeover = Takeover(99, BTC, 1, 0)
    assert place.venue.refusal(place.batch(takeover)) is Reason.ACCOUNT_MISSING


@pytest.mark.parametrize(
    ("account", "market", "size"),
    [(LONG, BTC, 1501), (SHORT, ETH, 4201), (LONG, ETH, 1)],
    ids=["long", "short", "nothing held"],
)
def test_no_more_lots_than_there_are(place: Fallen, account: int, market: int, size: int) -> None:
    takeover = place.takeover(account, size, market=market)
    assert place.venue.refusal(place.batch(takeover)) is Reason.TAKEOVER_SIZE


def test_two_takeovers_together_take_no_more_either(place: Fallen) -> None:
    batch = place.batch(place.takeover(LONG, 1000), place.takeover(LONG, 501))
    assert place.venue.refusal(batch) is Reason.TAKEOVER_SIZE


@pytest.mark.parametrize("change", [-1, 1])
def test_the_fee_is_the_markets_to_the_quantum(place: Fallen, change: int) -> None:
    batch = place.batch(place.takeover(LONG, 1000, 1000 * 15_000 + change))
    assert place.venue.refusal(batch) is Reason.TAKEOVER_FEE


@pytest.mark.parametrize("change", [-1, 1])
def test_the_exhausted_pay_what_is_left_to_the_quantum(place: Fallen, change: int) -> None:
    wanted = Reason.TAKEOVER_FEE if change < 0 else Reason.LIQUIDATED_EQUITY
    batch = place.batch(place.takeover(SHORT, 4200, place.equity(SHORT) + change))
    assert place.venue.refusal(batch) is wanted


def test_a_whole_fee_beyond_what_is_left_is_refused(place: Fallen) -> None:
    batch = place.batch(place.takeover(SHORT, 4200))
    assert place.venue.refusal(batch) is Reason.LIQUIDATED_EQUITY


def test_a_liquidated_account_cancels_nothing_in_the_batch(place: Fallen) -> None:
    """Its key says nothing; what rests of it may lapse."""
    taken = [place.takeover(LONG, place.needed(LONG))]
    batch = place.venue.batch(takeovers=taken, cancels=[cancel(LONG, slot=5)])
    assert place.venue.refusal(batch) is Reason.LIQUIDATED_SIGNED


def test_what_rests_of_a_liquidated_account_trades_nothing_but_may_lapse(place: Fallen) -> None:
    order = sell(LONG, 10, slot=5)
    prices, place.venue.prices = place.venue.prices, OPENING
    place.venue.run(place.venue.batch(placed=[order]))
    place.venue.prices = prices
    taken = [place.takeover(LONG, place.needed(LONG))]
    batch = place.venue.batch(matches=[Match(buy(RICH, 10, slot=5), order, 10)], takeovers=taken)
    assert place.venue.refusal(batch) is Reason.LIQUIDATED_SIGNED
    place.venue.apply(place.venue.batch(takeovers=taken, lapsed=[(LONG, 5)]))


def test_a_liquidated_account_trades_nothing_in_the_batch(place: Fallen) -> None:
    order = sell(LONG, 10, slot=5)
    trade = Match(buy(RICH, 10, slot=5), order, 10)
    batch = place.venue.batch(matches=[trade], takeovers=[place.takeover(LONG, 10)])
    assert place.venue.refusal(batch) is Reason.LIQUIDATED_SIGNED


def test_the_backstop_takes_nothing_from_itself(place: Fallen) -> None:
    batch = place.batch(Takeover(BACKSTOP, BTC, 1, 0))
    assert place.venue.refusal(batch) is Reason.BACKSTOP_LIQUIDATED


def test_the_backstop_must_be_able_to_carry_what_it_takes() -> None:
    place = fallen(funded=5 * USDC)
    batch = place.batch(place.takeover(LONG, 1000))
    assert place.venue.refusal(batch) is Reason.MARGIN
    assert place.venue.apply(place.batch(place.takeover(LONG, 50)))


def test_a_backstop_that_was_never_opened_takes_nothing(place: Fallen) -> None:
    batch = place.batch(place.takeover(LONG, 1))
    without = [each for each in batch.pre.accounts if each.index != BACKSTOP]
    bent = replace(
        batch,
        pre=replace(batch.pre, accounts=tuple(without)),
        salts=replace(batch.salts, accounts=batch.salts.accounts[: len(without)]),
    )
    assert place.venue.refusal(bent) is Reason.OPENING_MISSING


def test_a_backstop_that_does_not_exist_takes_nothing(place: Fallen) -> None:
    """Another is named, and is opened as an account that nobody registered."""
    batch = place.batch(place.takeover(LONG, 1))
    other = replace(batch.governance, backstop_account=8)
    opened = place.venue.state.open({0: [], LONG: [], 8: []})
    bent = replace(batch, governance=other, pre=opened)
    assert place.venue.refusal(bent) is Reason.BACKSTOP_ACCOUNT_MISSING


def test_genesis_registers_the_backstop_that_it_names() -> None:
    other = replace(GOVERNANCE, backstop_account=8)
    assert refusal(lambda: genesis(other)) is Reason.BACKSTOP_ACCOUNT_MISSING


def test_a_market_that_is_not_listed_has_no_takeovers(place: Fallen) -> None:
    assert place.venue.refusal(place.batch(Takeover(LONG, 2, 1, 0))) is Reason.MARKET_ABSENT


def test_a_batch_made_anew_may_liquidate(place: Fallen) -> None:
    batch = replace(place.batch(place.takeover(LONG, 1000)), redo=True)
    assert is_liquidated(place.venue.apply(batch), LONG)


def test_a_part_that_leaves_a_worse_share_is_allowed(place: Fallen) -> None:
    """The fee takes more of its equity than the lots took of its requirement: it is relieved all
    the same, and flagged, where an order of its own would have been refused."""
    old = value(after_state(place, SHORT), place.terms)
    outcome = place.venue.apply(place.batch(place.takeover(SHORT, 100)))
    new = value(after(outcome, SHORT), outcome.steps.terms)
    assert new.equity * old.ladder < old.equity * new.ladder
    assert is_liquidated(outcome, SHORT) and outcome.globals_after.flagged == 1


def after_state(place: Fallen, account: int) -> Holding:
    leaf = place.venue.state.accounts[account]
    return Holding(leaf.cash, leaf.positions)
