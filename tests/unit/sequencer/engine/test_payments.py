"""Outflows at the venue: asked for, paid or refused as the batch closes, and never in an open
step."""

from collections.abc import Sequence

import pytest

from rollup.crypto.salt import SaltKey
from rollup.protocol.assets import USDC as IN_CASH
from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.constants import OUTFLOWS_MAX
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.market import Governance
from rollup.protocol.outflow import Outflow, OutflowKind
from rollup.protocol.public import GrantedWithdrawal
from rollup.protocol.rejection import Reason
from sequencer.batches.machine import Done, Machine, Setup
from sequencer.engine import due
from sequencer.engine.command import Cancel, CloseBatch, OpenBatch, PayOut, Submit
from sequencer.engine.event import (
    AnyReason,
    CancelRefused,
    Event,
    OrderRefused,
    OutflowAsked,
    OutflowPaid,
    OutflowRefused,
    VenueReason,
)
from tests.helpers.assets import ASSET_GOVERNANCE, ASSET_PRICES, WBTC_MARK
from tests.helpers.market_books import terms_at
from tests.helpers.venue import (
    BACKSTOP_ACCOUNT,
    BTC,
    BTC_PRICE,
    ETH_PRICE,
    GOVERNANCE,
    PRICES,
    START,
    TOY,
    USDC,
    Venue,
    buy,
    credit,
    genesis,
    owner,
    register,
    reported_for,
    sell,
    transfer,
    withdraw,
)

RICH = 1000 * USDC
KEYS = Venue()
"""Who signs."""


class Running:
    """A machine, and batches one after the other."""

    def __init__(
        self,
        *amounts: int,
        backstop: int = RICH,
        governance: Governance = GOVERNANCE,
        prices: tuple[int, ...] = PRICES,
    ) -> None:
        self.governance, self.prices = governance, prices
        started = genesis(governance, prices)
        self.machine = Machine(
            Setup(started, SaltKey(bytes(32)), TOY.compress_many, TOY.verify_many)
        )
        entries = [register(place, place + 1, each) for place, each in enumerate(amounts)]
        self.open([*entries, credit(len(amounts), BACKSTOP_ACCOUNT, backstop)])
        self.close()

    def open(
        self,
        entries: Sequence[QueueEntry] = (),
        prices: tuple[int, ...] | None = None,
        *,
        reported: bool = True,
        redo: bool = False,
    ) -> list[Event]:
        prices = self.prices if prices is None else prices
        number = self.machine.core.number + 1
        time = START + 1000 * number
        reports = tuple(reported_for(self.governance, prices, time) if reported else ())
        opening = OpenBatch(number, time, prices, tuple(entries), redo=redo, reports=reports)
        return self.machine.do(opening).events

    def ask(self, outflow: Outflow) -> list[Event]:
        return self.machine.do(PayOut(KEYS.signed_outflow(outflow), receipt=9)).events

    def trade(self, size: int, slot: int = 0) -> None:
        """Account 1 buys so much of account 2."""
        for order in (buy(1, size, slot=slot), sell(2, size, slot=slot)):
            self.machine.do(Submit(KEYS.signed(order)))

    def close(self) -> Done:
        done = self.machine.do(CloseBatch())
        assert not self.machine.core.asked and not self.machine.core.is_shut
        return done

    def cash(self, account: int) -> int:
        return self.machine.core.ledger.holders[account].holding.cash


@pytest.fixture
def venue() -> Running:
    return Running(RICH, RICH, RICH)


def refused(events: Sequence[Event]) -> AnyReason:
    """Why the one outflow was refused."""
    (event,) = [each for each in events if isinstance(each, OutflowRefused)]
    assert event.receipt == 9
    return event.reason


def test_a_withdrawal_is_paid_as_its_batch_closes(venue: Running) -> None:
    venue.open()
    assert venue.ask(withdraw(1, 5 * USDC)) == [OutflowAsked((1, 9, 1), 9)]
    assert venue.cash(1) == RICH
    done = venue.close()
    time = START + 2000
    assert done.events[:-1] == [
        OutflowPaid((1, 9, 1), OutflowKind.WITHDRAWAL, 0, IN_CASH, 5 * USDC, time, 9)
    ]
    assert done.closed is not None
    public = done.closed.outcome.public
    assert public.withdrawals == (GrantedWithdrawal(owner(1), 5 * USDC),)
    assert (venue.cash(1), public.total) == (995 * USDC, 3995 * USDC)


def test_they_are_paid_in_the_order_in_which_they_came(venue: Running) -> None:
    """A transfer that came first pays for the withdrawal after it."""
    venue.open()
    venue.ask(withdraw(2, 1500 * USDC))
    venue.ask(transfer(1, 2, 600 * USDC))
    venue.ask(withdraw(2, 1600 * USDC, slot=8))
    events = venue.close().events
    kinds = [type(each) for each in events[:-1]]
    assert kinds == [OutflowPaid, OutflowPaid, OutflowRefused]
    assert refused(events) is Reason.MARGIN
    assert (venue.cash(1), venue.cash(2)) == (400 * USDC, 0)


@pytest.mark.parametrize(
    ("outflow", "reason"),
    [
        (withdraw(1, 1, chain=2), Reason.ORDER_VENUE),
        (withdraw(77, 1), Reason.ACCOUNT_MISSING),
        (transfer(1, 77, 1), Reason.ACCOUNT_MISSING),
        (withdraw(BACKSTOP_ACCOUNT, 1), Reason.BACKSTOP_SIGNED),
        (withdraw(1, 1, expiry=START + 1999), Reason.ORDER_EXPIRED),
    ],
)
def test_what_can_be_of_no_batch_is_refused_at_once(
    venue: Running, outflow: Outflow, reason: Reason
) -> None:
    venue.open()
    assert refused(venue.ask(outflow)) is reason


def test_a_generation_is_used_up_as_it_is_asked_for(venue: Running) -> None:
    venue.open()
    venue.ask(withdraw(1, USDC))
    assert refused(venue.ask(withdraw(1, USDC))) is VenueReason.GENERATION_USED
    (event,) = venue.machine.do(Submit(KEYS.signed(buy(1, 10, slot=9)))).events
    assert isinstance(event, OrderRefused) and event.reason is VenueReason.GENERATION_USED
    venue.close()
    venue.open()
    assert refused(venue.ask(withdraw(1, USDC))) is Reason.GENERATION_DEAD


def test_a_refused_one_has_used_its_generation_up_too(venue: Running) -> None:
    venue.open()
    venue.ask(withdraw(1, 2 * RICH))
    assert refused(venue.close().events) is Reason.MARGIN
    venue.open()
    assert refused(venue.ask(withdraw(1, USDC))) is VenueReason.GENERATION_USED
    venue.ask(withdraw(1, USDC, generation=2))
    assert any(isinstance(each, OutflowPaid) for each in venue.close().events)


def test_a_slot_with_a_live_order_pays_nothing_out(venue: Running) -> None:
    venue.open()
    venue.machine.do(Submit(KEYS.signed(buy(1, 10, slot=9))))
    assert refused(venue.ask(withdraw(1, 1, generation=2))) is VenueReason.SLOT_BUSY


def test_a_cancel_does_not_end_an_outflow(venue: Running) -> None:
    venue.open()
    venue.ask(withdraw(1, USDC))
    cancel = CancelOrder(genesis().chain, genesis().venue, 1, 9, 1)
    (event,) = venue.machine.do(Cancel(SignedCancel(cancel, bytes(84)))).events
    assert isinstance(event, CancelRefused)
    assert any(isinstance(each, OutflowPaid) for each in venue.close().events)


def test_an_order_that_fills_in_the_slot_first_kills_the_older_generation(venue: Running) -> None:
    venue.open()
    venue.ask(withdraw(1, USDC, slot=0))
    for order in (buy(1, 10, generation=2), sell(2, 10)):
        venue.machine.do(Submit(KEYS.signed(order)))
    assert refused(venue.close().events) is Reason.GENERATION_DEAD


def test_initial_margin_is_asked_when_all_else_is_done(venue: Running) -> None:
    """The trade comes after the withdrawal was asked for, and needs the cash."""
    venue.open()
    venue.ask(withdraw(1, 960 * USDC))
    venue.trade(1000)
    assert refused(venue.close().events) is Reason.MARGIN
    spare = venue.cash(1) + 1000 * terms_at(PRICES)[BTC].long_initial
    venue.open()
    venue.ask(withdraw(1, spare, slot=8))
    venue.ask(withdraw(1, 1, slot=7))
    events = venue.close().events
    assert [type(each) for each in events[:-1]] == [OutflowPaid, OutflowRefused]
    assert refused(events) is Reason.MARGIN


def test_an_asset_without_a_price_keeps_nothing_from_leaving() -> None:
    """Anybody can give an account a lot of one."""
    venue = Running(RICH, RICH, governance=ASSET_GOVERNANCE, prices=ASSET_PRICES)
    venue.open([credit(venue.machine.core.deposits_consumed, 1, 50, WBTC_MARK)])
    venue.close()
    venue.open(reported=False)
    venue.ask(transfer(1, 2, 1, asset=WBTC_MARK))
    venue.ask(withdraw(2, 5 * USDC))
    venue.ask(withdraw(1, 49, slot=8, asset=WBTC_MARK))
    events = venue.close().events
    assert [type(each) for each in events[:-1]] == [OutflowPaid] * 3


def test_without_fresh_prices_only_who_holds_nothing_is_paid(venue: Running) -> None:
    venue.open()
    venue.trade(1000)
    venue.close()
    venue.open(reported=False)
    venue.ask(withdraw(1, USDC))
    venue.ask(transfer(3, 1, USDC))
    events = venue.close().events
    assert [type(each) for each in events[:-1]] == [OutflowPaid, OutflowRefused]
    assert refused(events) is VenueReason.SHUT


def test_who_left_the_market_in_the_batch_is_not_paid_either(venue: Running) -> None:
    venue.open()
    venue.trade(1000)
    venue.close()
    venue.open(reported=False)
    for order in (sell(1, 1000, slot=3), buy(2, 1000, slot=3)):
        venue.machine.do(Submit(KEYS.signed(order)))
    venue.ask(withdraw(1, USDC))
    assert refused(venue.close().events) is VenueReason.SHUT


FALLEN = (BTC_PRICE * 930 // 1000, ETH_PRICE)


def test_a_liquidated_account_neither_pays_nor_is_paid() -> None:
    venue = Running(60 * USDC, RICH, RICH)
    venue.open()
    venue.trade(900)
    venue.close()
    venue.open(prices=FALLEN)
    assert venue.machine.core.work is not None and venue.machine.core.work.liquidated == {1}
    venue.ask(withdraw(1, 1))
    assert refused(venue.close().events) is VenueReason.SHUT
    venue = Running(60 * USDC, RICH, RICH)
    venue.open()
    venue.trade(900)
    venue.close()
    venue.open(prices=FALLEN)
    venue.ask(transfer(3, 1, 1))
    assert refused(venue.close().events) is VenueReason.SHUT


def test_who_withdraws_does_not_care_whether_the_fee_account_is_liquidated(venue: Running) -> None:
    """A withdrawal names no receiver, and that number is the fee account's."""
    venue.open()
    work = venue.machine.core.work
    assert work is not None
    work.liquidated.add(GOVERNANCE.fee_account)
    venue.ask(withdraw(1, USDC))
    assert isinstance(venue.close().events[0], OutflowPaid)


def test_nobody_is_paid_in_a_batch_that_leaves_its_step_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The backstop has nothing and the batch no room to deleverage, so who is below maintenance
    stays: cash and prices wait for him."""
    monkeypatch.setattr(due, "deleverage", lambda *_: ())
    venue = Running(60 * USDC, RICH, RICH, backstop=0)
    venue.open()
    venue.trade(900)
    venue.close()
    venue.open(prices=FALLEN)
    venue.ask(withdraw(3, 1))
    done = venue.close()
    assert done.closed is not None and not done.closed.outcome.public.closed
    assert refused(done.events) is VenueReason.SHUT


def test_a_batch_has_so_many_places_and_orders_leave_them(venue: Running) -> None:
    venue.open()
    for slot in range(OUTFLOWS_MAX):
        assert isinstance(venue.ask(withdraw(1, 1, slot=slot))[0], OutflowAsked)
    assert refused(venue.ask(withdraw(1, 1, slot=99))) is VenueReason.SHUT
    done = venue.close()
    assert sum(isinstance(each, OutflowPaid) for each in done.events) == OUTFLOWS_MAX


def test_a_batch_made_anew_pays_too(venue: Running) -> None:
    venue.open(redo=True)
    venue.ask(withdraw(1, USDC))
    assert any(isinstance(each, OutflowPaid) for each in venue.close().events)
