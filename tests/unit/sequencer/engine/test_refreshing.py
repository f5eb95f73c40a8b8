"""Whoever comes due pays for it as the batch opens; the rules take just that."""

from typing import Any

from rollup.protocol.margin import excess
from rollup.protocol.order import Side
from rollup.protocol.outflow import Outflow, OutflowKind, SignedOutflow
from sequencer.engine.command import PayOut, Submit
from sequencer.engine.event import (
    Deleveraged,
    Event,
    Liquidated,
    OrderWaiting,
    OutflowAsked,
    OutflowRefused,
    Refreshed,
    Took,
    Traded,
    VenueReason,
)
from tests.property.test_step import World
from tests.strategies import venues
from tests.unit.sequencer.engine.test_by_order import told

BACKSTOP = venues.GOVERNANCE.backstop_account
FEES = venues.GOVERNANCE.fee_account
FEE = 5_000
LONG, MAKER, OTHER, BIDDER = 1, 2, 3, 4
BTC, ETH = 0, 1


APART = (-800, 800)
"""One price falls past the trigger of who is long of both, and the other makes up for it; who is
short of both is due by that one."""

APART_FAR = (-1_400, 0)
"""Nothing makes up for it."""


class Venue(World):
    """A world with a refresh fee, in which one account is long of both markets."""

    def __init__(self, backstop: int = 10**6, fee: int = FEE) -> None:
        super().__init__(backstop, fee=fee)
        self.open(0, 0)
        self.trade(LONG, MAKER, BTC, 22_000)
        self.trade(LONG, MAKER, ETH, 50_000)
        self.close()

    def trade(self, buyer: int, seller: int, market: int, size: int) -> None:
        """Two orders at the oracle's price."""
        self.send(seller, market, -size)
        assert told(self.send(buyer, market, size), Traded)

    def send(self, account: int, market: int, size: int, **marks: Any) -> list[Event]:
        self.generation += 1
        side = Side.BUY if size > 0 else Side.SELL
        terms = {"slot": self.generation % 200, "generation": self.generation, "market": market}
        return self.do(
            Submit(venues.order(account, side, self.prices[market], abs(size), **terms, **marks))
        )

    def cash(self, account: int) -> int:
        return self.core.ledger.holders[account].holding.cash

    def spare(self, account: int) -> int:
        """Its excess over maintenance margin now."""
        assert self.core.work is not None
        return excess(self.core.ledger.holders[account].holding, self.core.work.terms)

    def seen_since(self, place: int) -> list[Refreshed]:
        return told(self.events[place:], Refreshed)


def opened(world: Venue, btc: int, eth: int) -> dict[int, int]:
    """A batch opens; what accounts paid for that, by account."""
    world.open(btc, eth)
    assert world.core.work is not None
    return dict(world.core.work.refreshed)


def test_who_is_due_pays_the_backstop_as_the_batch_opens() -> None:
    world = Venue()
    cash, backstop = world.cash(LONG), world.cash(BACKSTOP)
    place = len(world.events)
    assert opened(world, *APART) == {LONG: FEE, MAKER: FEE}
    assert (world.cash(LONG), world.cash(BACKSTOP)) == (cash - FEE, backstop + 2 * FEE)
    closed = world.close()
    assert [(e.account, e.fee, e.time) for e in world.seen_since(place)] == [
        (LONG, FEE, closed.time),
        (MAKER, FEE, closed.time),
    ]


def test_it_pays_once_in_a_step_and_nothing_where_nothing_moves() -> None:
    world = Venue()
    assert opened(world, *APART) == {LONG: FEE, MAKER: FEE}
    world.close()
    assert opened(world, 0, 0) == {}
    world.close()


def test_without_a_fee_nothing_is_told() -> None:
    world = Venue(fee=0)
    place = len(world.events)
    assert opened(world, *APART) == {}
    world.close()
    assert world.seen_since(place) == []


HUGE = 10**10
"""A fee that nobody has to spare: as large as it may not be, so that all is taken."""


def test_who_has_less_to_spare_pays_that_and_stays_healthy() -> None:
    world = Venue(fee=HUGE)
    world.open(*APART)
    assert world.core.work is not None
    paid = world.core.work.refreshed[LONG]
    assert 0 < paid < HUGE and world.spare(LONG) == 0
    world.close()
    assert not world.core.ledger.holders[LONG].below


def test_who_paid_less_pays_the_rest_of_what_a_fill_leaves() -> None:
    """It closes lots, so that more of its cash is to spare: the fee takes that too."""
    world = Venue(fee=HUGE)
    paid = opened(world, *APART)[LONG]
    backstop = world.cash(BACKSTOP)
    world.trade(OTHER, LONG, BTC, 500)
    assert world.core.work is not None
    more = world.core.work.refreshed[LONG] - paid
    assert more > 0 and world.spare(LONG) == 0
    assert world.cash(BACKSTOP) == backstop + more
    world.close()


def test_the_venues_own_account_pays_too_and_fees_wait_where_it_has_not_paid_all() -> None:
    """Fees that it is credited would be taken of it as the batch ends."""
    world = Venue(fee=HUGE)
    world.open(0, 0)
    world.trade(FEES, OTHER, BTC, 120)
    world.trade(FEES, OTHER, ETH, 280)
    world.close()
    assert FEES in opened(world, *APART)
    world.send(BIDDER, BTC, -10)
    events = world.send(5, BTC, 10)
    assert told(events, OrderWaiting) and not told(events, Traded)
    world.close()


def test_bids_of_who_has_not_paid_all_are_passed_over() -> None:
    world = Venue(fee=HUGE)
    world.open(0, 0)
    world.trade(BIDDER, OTHER, BTC, 22_000)
    world.trade(BIDDER, OTHER, ETH, 50_000)
    world.send(BIDDER, BTC, 1_000, when_clamped=True)
    world.close()
    place = len(world.events)
    world.open(-700, 300)
    closed = world.close()
    assert not told(world.events[place:], Took)
    assert closed.order_takeovers == ()


def test_who_is_refreshed_waits_for_his_cash_until_the_fee_is_paid() -> None:
    world = Venue(fee=HUGE)
    opened(world, *APART)
    assert world.core.work is not None
    expiry, own = world.core.work.time, (venues.CHAIN, venues.VENUE, LONG, 250, 1)
    outflow = Outflow(*own, kind=OutflowKind.WITHDRAWAL, receiver=0, amount=1, expiry=expiry)
    asked = world.do(PayOut(SignedOutflow(outflow, venues.SIGNATURE)))
    assert told(asked, OutflowAsked)
    place = len(world.events)
    world.close()
    (refused,) = told(world.events[place:], OutflowRefused)
    assert refused.reason is VenueReason.SHUT


def test_the_liquidated_and_the_backstop_pay_nothing() -> None:
    world = Venue()
    place = len(world.events)
    paid = opened(world, *APART_FAR)
    assert told(world.events[place:], Liquidated) and LONG not in paid and BACKSTOP not in paid
    world.close()


def test_where_others_are_deleveraged_fees_stay_what_they_were() -> None:
    """More for the backstop would give it room: a fill that would leave more is not made."""
    world = Venue(backstop=0)
    place = len(world.events)
    paid = opened(world, *APART_FAR)
    assert told(world.events[place:], Deleveraged)
    assert world.core.work is not None and world.core.work.zones
    assert set(paid) <= {MAKER}
    world.close()
