"""Which withdrawals and transfers the rules take, and what they do."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from rollup.crypto.address_key import signer_of
from rollup.oracle.package import SignedPackage
from rollup.protocol.batch_codec import batch_from_bytes, batch_to_bytes
from rollup.protocol.constants import FEE_TIMESTAMP, GENERATION_BITS, OUTFLOWS_MAX
from rollup.protocol.market import Governance
from rollup.protocol.market_book import book_after
from rollup.protocol.order import message_digest
from rollup.protocol.outflow import Outflow, OutflowKind, SignedOutflow, outflow_digests
from rollup.protocol.pricing import PriceKind, pricing_of
from rollup.protocol.public import GrantedWithdrawal
from rollup.protocol.public_json import public_from_json, public_to_json
from rollup.protocol.rejection import Reason
from rollup.protocol.takeover import Takeover, full_fee
from tests.helpers.fallen import lots_needed
from tests.helpers.market_books import book_of, terms_at
from tests.helpers.oracle import reports
from tests.helpers.venue import (
    BACKSTOP_ACCOUNT,
    BTC,
    BTC_PRICE,
    ETH_PRICE,
    GOVERNANCE,
    PRICES,
    START,
    USDC,
    Match,
    Venue,
    begun,
    buy,
    credit,
    owner,
    refusal,
    sell,
    transfer,
    withdraw,
)

RICH = 1000 * USDC


@pytest.fixture
def venue() -> Venue:
    """Traders 1 to 3 with a thousand dollars each, and nothing traded."""
    return Venue().with_traders(RICH, RICH, RICH)


def holding(venue: Venue, size: int = 1000) -> Venue:
    """Trader 1 long and 2 short of some lots of BTC; a thousand need 60 dollars of initial
    margin."""
    venue.run(venue.batch(matches=[Match(buy(1, size), sell(2, size), size)]))
    return venue


def cash(venue: Venue, account: int) -> int:
    return venue.state.accounts[account].cash


def test_a_withdrawal_lowers_cash_and_total_and_is_granted_to_the_owner(venue: Venue) -> None:
    public = venue.run(venue.batch(outflows=[withdraw(1, 10 * USDC)])).public
    assert public.withdrawals == (GrantedWithdrawal(owner(1), 10 * USDC),)
    assert (cash(venue, 1), public.total) == (990 * USDC, 2990 * USDC)
    assert public.total_before == 3000 * USDC
    assert venue.state.slot(1, 9).generation == 2


def test_a_transfer_moves_cash_and_is_not_public(venue: Venue) -> None:
    public = venue.run(venue.batch(outflows=[transfer(1, 2, 10 * USDC)])).public
    assert public.withdrawals == ()
    assert (cash(venue, 1), cash(venue, 2), public.total) == (990 * USDC, 1010 * USDC, 3000 * USDC)


def test_what_came_in_the_batch_can_leave_in_it(venue: Venue) -> None:
    entry = credit(venue.state.globals.deposits_consumed, 1, 5 * USDC)
    outflows = [transfer(1, 2, 1005 * USDC), withdraw(2, 2005 * USDC)]
    public = venue.run(venue.batch([entry], outflows=outflows)).public
    assert (cash(venue, 1), cash(venue, 2), public.total) == (0, 0, 1000 * USDC)


def test_the_fee_account_may_pay_its_fees_out(venue: Venue) -> None:
    holding(venue)
    fees = cash(venue, 0)
    assert fees > 0
    public = venue.run(venue.batch(outflows=[withdraw(0, fees)])).public
    assert public.withdrawals == (GrantedWithdrawal(owner(0), fees),)


def test_an_outflow_acts_once(venue: Venue) -> None:
    venue.run(venue.batch(outflows=[withdraw(1, USDC)]))
    assert venue.refusal(venue.batch(outflows=[withdraw(1, USDC)])) is Reason.GENERATION_DEAD
    assert venue.refusal(venue.batch(outflows=[transfer(1, 2, USDC)])) is Reason.GENERATION_DEAD
    twice = venue.batch(outflows=[withdraw(1, USDC, slot=8)] * 2)
    assert venue.refusal(twice) is Reason.GENERATION_DEAD


def test_an_outflow_uses_up_the_generation_for_orders_too(venue: Venue) -> None:
    venue.run(venue.batch(outflows=[withdraw(1, USDC)]))
    order = buy(1, 10, slot=9)
    late = venue.batch(matches=[Match(order, sell(2, 10), 10)])
    assert venue.refusal(late) is Reason.GENERATION_DEAD
    fresh = buy(1, 10, slot=9, generation=2)
    venue.run(venue.batch(matches=[Match(fresh, sell(2, 10), 10)]))


def test_no_signature_of_an_order_is_one_of_an_outflow(venue: Venue) -> None:
    """An order whose members stand where those of the withdrawal do has another digest."""
    compress_many = venue.suite.compress_many
    outflow = transfer(1, 2, 5)
    order = sell(1, 5, price=2, slot=9, max_fee=0)
    assert outflow.expiry == order.expiry
    (message,) = outflow_digests([outflow], compress_many)
    assert message != message_digest(order, compress_many)
    forged = SignedOutflow(outflow, venue.signed(order).signature)
    assert venue.refusal(venue.batch(outflows=[forged])) is Reason.ORDER_SIGNATURE


@pytest.mark.parametrize("by", [2, 0])
def test_nobody_else_signs_an_outflow(venue: Venue, by: int) -> None:
    stolen = venue.signed_outflow(withdraw(1, USDC), by=by)
    assert venue.refusal(venue.batch(outflows=[stolen])) is Reason.ORDER_SIGNATURE


@pytest.mark.parametrize(
    "changes", [{"amount": 2 * USDC}, {"slot": 8}, {"generation": 2}, {"expiry": START + 10**8}]
)
def test_what_was_signed_is_what_is_paid(venue: Venue, changes: dict[str, int]) -> None:
    signed = venue.signed_outflow(withdraw(1, USDC))
    changed = replace(signed, outflow=replace(signed.outflow, **changes))
    assert venue.refusal(venue.batch(outflows=[changed])) is Reason.ORDER_SIGNATURE


def test_a_transfer_signed_for_one_receiver_goes_to_no_other(venue: Venue) -> None:
    signed = venue.signed_outflow(transfer(1, 2, USDC))
    changed = replace(signed, outflow=replace(signed.outflow, receiver=3))
    assert venue.refusal(venue.batch(outflows=[changed])) is Reason.ORDER_SIGNATURE


@pytest.mark.parametrize(
    ("outflow", "reason"),
    [
        (withdraw(1, USDC, chain=1), Reason.ORDER_VENUE),
        (withdraw(1, USDC, venue=1), Reason.ORDER_VENUE),
        (withdraw(1, USDC, expiry=START), Reason.ORDER_EXPIRED),
        (withdraw(BACKSTOP_ACCOUNT, USDC), Reason.BACKSTOP_SIGNED),
        (withdraw(77, USDC), Reason.ACCOUNT_MISSING),
        (transfer(1, 77, USDC), Reason.ACCOUNT_MISSING),
        (withdraw(2, RICH + 1), Reason.MARGIN),
        (transfer(2, 3, RICH + 1), Reason.MARGIN),
    ],
)
def test_an_outflow_that_may_not_be_is_refused(
    venue: Venue, outflow: Outflow, reason: Reason
) -> None:
    assert venue.refusal(venue.batch(outflows=[outflow])) is reason


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: transfer(1, 1, USDC), Reason.OUTFLOW_RECEIVER),
        (lambda: replace(withdraw(1, USDC), receiver=2), Reason.OUTFLOW_RECEIVER),
        (lambda: withdraw(1, 0), Reason.AMOUNT_OUT_OF_BOUNDS),
        (lambda: withdraw(1, 2**53), Reason.AMOUNT_OUT_OF_BOUNDS),
        (
            lambda: withdraw(1, 1, generation=(1 << GENERATION_BITS) - 1),
            Reason.GENERATION_OUT_OF_BOUNDS,
        ),
        (lambda: transfer(1, 1 << 30, 1), Reason.ACCOUNT_OUT_OF_BOUNDS),
        (lambda: replace(withdraw(1, 1), kind=0), Reason.MALFORMED),
        (lambda: GrantedWithdrawal(owner(1), 0), Reason.AMOUNT_OUT_OF_BOUNDS),
        (lambda: GrantedWithdrawal(b"short", 1), Reason.MALFORMED),
    ],
)
def test_a_record_that_cannot_be_is_refused(make: Callable[[], object], reason: Reason) -> None:
    assert refusal(make) is reason


def test_initial_margin_stays_behind_whatever_risk_did(venue: Venue) -> None:
    holding(venue)
    terms = terms_at(PRICES)[BTC]
    spare = cash(venue, 1) + 1000 * terms.long_initial
    for amount in (spare + 1, spare + 40 * USDC):
        asked = venue.batch(outflows=[withdraw(1, amount)], reported=True)
        assert venue.refusal(asked) is Reason.MARGIN
    shrinks = Match(buy(2, 100, slot=2), sell(1, 100, slot=2), 100)
    asked = venue.batch(matches=[shrinks], outflows=[withdraw(1, spare + 10 * USDC)], reported=True)
    assert venue.refusal(asked) is Reason.MARGIN
    venue.run(venue.batch(outflows=[withdraw(1, spare)], reported=True))


def test_a_price_that_nobody_reported_holds_cash_back(venue: Venue) -> None:
    holding(venue)
    for outflow in (withdraw(1, USDC), transfer(1, 3, USDC)):
        batch = venue.batch(outflows=[outflow], reported=False)
        assert venue.refusal(batch) is Reason.OUTFLOW_MARKET
    venue.run(venue.batch(outflows=[transfer(3, 1, USDC)], reported=False))


def test_a_clamped_price_holds_cash_back_also_of_who_left_the_market_in_the_batch(
    venue: Venue,
) -> None:
    holding(venue)
    batch = venue.batch(outflows=[withdraw(1, USDC)], reported=True)
    higher = reports(GOVERNANCE, (BTC_PRICE + 1, ETH_PRICE), batch.time)
    clamped = replace(batch, reports=tuple(sorted(higher, key=_market_of)))
    assert venue.refusal(clamped) is Reason.OUTFLOW_MARKET
    out = Match(buy(2, 1000, slot=2), sell(1, 1000, slot=2), 1000)
    batch = venue.batch(matches=[out], outflows=[withdraw(1, USDC)])
    clamped = replace(batch, reports=tuple(sorted(higher, key=_market_of)))
    assert venue.refusal(clamped) is Reason.OUTFLOW_MARKET


def _market_of(report: object) -> int:
    feeds = [feed.feed for feed in GOVERNANCE.oracle.feeds]
    return feeds.index(report.package.points[0].feed)  # type: ignore[attr-defined]


def test_another_market_holds_nothing_back(venue: Venue) -> None:
    holding(venue)
    batch = venue.batch(outflows=[withdraw(1, USDC)], reported=True)
    btc = tuple(each for each in batch.reports if _market_of(each) == BTC)
    assert venue.run(replace(batch, reports=btc)).steps.steady == (True, False)


def test_no_cash_leaves_in_a_batch_that_begins_in_an_open_step(venue: Venue) -> None:
    batch = venue.batch(outflows=[withdraw(1, USDC)])
    assert venue.refusal(begun(batch)) is Reason.OUTFLOW_STEP


def test_no_cash_leaves_in_a_batch_that_leaves_its_step_open() -> None:
    """A trader is below maintenance, and nobody looks at it."""
    venue = Venue().with_traders(60 * USDC, RICH, RICH)
    holding(venue, 900)
    venue.prices = (BTC_PRICE * 930 // 1000, ETH_PRICE)
    batch = venue.batch(outflows=[withdraw(3, USDC)], reported=True)
    assert venue.refusal(batch) is Reason.OUTFLOW_STEP


def test_a_liquidated_account_pays_nothing_out() -> None:
    venue = Venue().with_traders(60 * USDC, RICH, RICH)
    entry = credit(venue.state.globals.deposits_consumed, BACKSTOP_ACCOUNT, RICH)
    venue.run(venue.batch([entry]))
    holding(venue, 900)
    venue.prices = (BTC_PRICE * 930 // 1000, ETH_PRICE)
    lots = lots_needed(venue, 1)
    taken = [Takeover(1, BTC, lots, full_fee(lots, terms_at(venue.prices)[BTC]))]
    assert venue.run(venue.batch(takeovers=taken, reported=True)).public.closed
    venue = Venue().with_traders(60 * USDC, RICH, RICH)
    venue.run(venue.batch([entry]))
    holding(venue, 900)
    venue.prices = (BTC_PRICE * 930 // 1000, ETH_PRICE)
    batch = venue.batch(takeovers=taken, outflows=[withdraw(1, USDC)], reported=True)
    assert venue.refusal(batch) is Reason.LIQUIDATED_SIGNED


def test_a_batch_holds_so_many_outflows_and_no_more(venue: Venue) -> None:
    outflows = [withdraw(1, 1, slot=slot) for slot in range(OUTFLOWS_MAX)]
    outcome = venue.run(venue.batch(outflows=outflows))
    assert outcome.steps.outflows[-1].timestamp == FEE_TIMESTAMP - 1
    more = [withdraw(1, 1, slot=slot, generation=2) for slot in range(OUTFLOWS_MAX + 1)]
    assert refusal(lambda: venue.batch(outflows=more)) is Reason.TOO_MANY


def test_batch_and_public_input_are_written_and_read(venue: Venue) -> None:
    batch = venue.batch(outflows=[withdraw(1, USDC), transfer(1, 2, 7, slot=3)])
    assert batch_from_bytes(batch_to_bytes(batch)) == batch
    public = venue.run(batch).public
    assert public_from_json(public_to_json(public)) == public
    assert public.digest() != replace(public, withdrawals=(), total=public.total_before).digest()


def test_a_total_that_was_never_possible_is_refused(venue: Venue) -> None:
    public = venue.run(venue.batch(outflows=[withdraw(1, USDC)])).public
    full = replace(public, total=(1 << 64) - USDC - 1)
    assert full.total_before == (1 << 64) - 1
    assert refusal(lambda: replace(full, total=full.total + 1)) is Reason.TOTAL_OUT_OF_BOUNDS


def test_steady_is_what_the_pricing_rule_calls_fresh(venue: Venue) -> None:
    time = START + 5000
    governance: Governance = GOVERNANCE
    found = tuple(sorted(reports(governance, PRICES, time), key=_market_of))
    before = book_of(PRICES)

    def steady(prices: tuple[int, ...], given: tuple[SignedPackage, ...]) -> tuple[bool, ...]:
        book = book_after(before, governance, time, prices, given, (), 0)
        return tuple(entry.is_steady for entry in book.markets)

    assert steady(PRICES, found) == (True, True)
    assert steady((BTC_PRICE - 1, ETH_PRICE), found) == (False, True)
    assert steady(PRICES, ()) == (False, False)
    kinds = pricing_of(governance, time, before, found, signer_of).kinds
    assert kinds == (PriceKind.FRESH, PriceKind.FRESH)


def test_a_kind_is_one_of_two() -> None:
    assert [kind.value for kind in OutflowKind] == [0, 1]
