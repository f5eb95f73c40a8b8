"""What an order of a batch does to its account; and takeovers by orders.

A resting order takes lots of a liquidated account at its own price, in competition with the
backstop. The account gets what the backstop would give it; what the order pays beyond that is the
backstop's, so that nobody's friend gains from whom he takes. Spec: docs/spec/13-liquidation.md.
"""

from collections.abc import Sequence

from rollup.protocol.actions import Actions
from rollup.protocol.batch import Batch
from rollup.protocol.constants import FILL_TIMESTAMP, REST_BITS, REST_TIMESTAMP
from rollup.protocol.ledger import Entry, Ledger
from rollup.protocol.liquidation import (
    move,
    require_liquidatable,
    require_takeable,
    require_unsigned,
)
from rollup.protocol.margin import value
from rollup.protocol.order import Order, Side
from rollup.protocol.outcome import FeeStep, OrderTakeoverStep, SideStep
from rollup.protocol.rejection import Reason, Rejected, refusals_at
from rollup.protocol.takeover import OrderTakeover, full_rest
from rollup.protocol.terms import MarketTerms, terms_of
from rollup.protocol.trade import (
    fee,
    moved,
    notional,
    require_backstop_order,
    require_fee,
    require_live,
    require_reduce_only,
)
from rollup.protocol.units import require_cash, require_position


def fill_time(row: int) -> int:
    """Memory timestamp of a takeover by an order, or of a fill: these come after them."""
    return FILL_TIMESTAMP + 2 * row + 1


def apply_side(
    ledger: Ledger,
    actions: Actions,
    place: int,
    traded: tuple[int, int, int],
    rate: int,
    charged: int,
) -> SideStep:
    """The side of an order: the buyer pays for lots, the seller is paid; both pay the fee that a
    rate comes to. `traded`: the lots, what is paid for them, and when."""
    size, paid, timestamp = traded
    order = actions.order(place)
    require_fee(order, rate)
    slot_before, slot_after = actions.fill(place, size, timestamp)
    account = ledger.existing(order.account)
    direction = 1 if order.side is Side.BUY else -1
    cash_before, position_before = account.cash, account.positions[order.market]
    cash_after = cash_before - direction * paid - charged
    position_after = position_before + direction * size
    require_cash("cash", cash_after)
    require_position("position", position_after)
    require_reduce_only(order, position_before, position_after)
    account.cash = cash_after
    account.set_position(order.market, position_after)
    account.ordered.add(order.market)
    return SideStep(
        order=place,
        account=order.account,
        slot=order.slot,
        slot_before=slot_before,
        slot_after=slot_after,
        fee_rate=rate,
        fee=charged,
        cash_before=cash_before,
        cash_after=cash_after,
        position_before=position_before,
        position_after=position_after,
    )


def note_exchange(
    batch: Batch, ledger: Ledger, order: Order, step: SideStep, price: int, market: MarketTerms
) -> None:
    """Where prices stand still, positions in which orders met may not grow. The backstop's never do
    by its orders, so that it may take lots there all the same."""
    if order.account == batch.governance.backstop_account:
        sizes = step.position_before, step.position_after
        require_backstop_order(order, price, market.price, *sizes)
    else:
        ledger.existing(order.account).exchanged.add(order.market)


def apply_order_takeover(
    batch: Batch,
    ledger: Ledger,
    actions: Actions,
    terms: Sequence[MarketTerms],
    steady: Sequence[bool],
    place: int,
) -> OrderTakeoverStep:
    """An order takes lots of a liquidated account, for its price and the maker's fee."""
    takeover = batch.order_takeovers[place]
    timestamp = fill_time(place)
    with refusals_at(f"takeover by order {place}"):
        order = actions.order(takeover.order)
        market = terms_of(terms, order.market)
        account = ledger.existing(takeover.account)
        require_live(market)
        require_takeable(market)
        require_liquidatable(account, terms)
        require_unsigned(batch, ledger, takeover.account)
        require_no_backstop_order(order, batch.governance.backstop_account)
        _require_lots(takeover, order, account)
        require_price(takeover.price, order, market)
        is_fresh = steady[order.market] and not batch.begins_open
        require_when_clamped(order, is_fresh=is_fresh)
        full = require_rest(takeover, order, market)
        amount = notional(takeover.price, takeover.size)
        paid = moved(takeover.size, takeover.price, market.funding)
        rate = market.maker_fee
        parts = ((takeover.size, paid, timestamp), rate, fee(amount, rate))
        direction = 1 if order.side is Side.BUY else -1
        given = direction * paid - takeover.rest
        lots = -direction * takeover.size
        taken = move(takeover.account, account, order.market, given, lots)
        taker = apply_side(ledger, actions, takeover.order, *parts)
    of_order = (order.market, order.side, amount, paid, full)
    return OrderTakeoverStep(timestamp, takeover, *of_order, taker, taken)


def require_no_backstop_order(order: Order, backstop: int) -> None:
    """The backstop takes for its fee, in takeovers, and by no order."""
    if order.account == backstop:
        raise Rejected(Reason.BACKSTOP_SIGNED, "no order of the backstop takes lots")


def _require_lots(takeover: OrderTakeover, order: Order, account: Entry) -> None:
    """The order buys lots that are held, or sells lots that are owed, no more than there are."""
    held = account.positions[order.market]
    there = held if order.side is Side.BUY else -held
    if takeover.size > max(there, 0):
        raise Rejected(Reason.TAKEOVER_SIZE, "its account has fewer lots of the other side")


def require_price(price: int, order: Order, market: MarketTerms) -> None:
    """Inside the order's limit and the far edge of the band; and no better for the order than a
    quarter of the liquidation fee from the oracle price: until priority between orders is proved,
    the rest is a friend's gain."""
    if not order.accepts(price, market.price):
        raise Rejected(Reason.PRICE_OUTSIDE_LIMIT, "the price is outside the limit of the order")
    buys = order.side is Side.BUY
    low = market.least_bid if buys else market.band_low
    high = market.band_high if buys else market.most_asked
    if not low <= price <= high:
        raise Rejected(Reason.TAKEOVER_PRICE, f"the price must be from {low} to {high}")


def require_when_clamped(order: Order, *, is_fresh: bool) -> None:
    """Where the price is clamped, or that of an open step, only those take who signed that they
    want to."""
    if not (is_fresh or order.when_clamped):
        raise Rejected(Reason.TAKEOVER_UNSTEADY, "the price is clamped or old; its order takes not")


def require_rest(takeover: OrderTakeover, order: Order, market: MarketTerms) -> int:
    """The whole rest, which is at least what is given: so the account gets no less than from the
    backstop. Who gives less is judged when the batch is done."""
    full = full_rest(takeover.size, takeover.price, order.side, market)
    if takeover.rest > full:
        raise Rejected(Reason.TAKEOVER_REST, "its rest is above what fee and price come to")
    if full >> REST_BITS:
        detail = f"what is left to the backstop must be below 2^{REST_BITS} quanta"
        raise Rejected(Reason.NOTIONAL_OUT_OF_BOUNDS, detail)
    return full


def credit_rests(
    ledger: Ledger, backstop: int, steps: Sequence[OrderTakeoverStep], refreshed: int = 0
) -> FeeStep | None:
    """Credit what takeovers by orders leave to the backstop, and what refreshes cost in all, once,
    if there is any of either."""
    if not steps and not refreshed:
        return None
    amount = sum(step.takeover.rest for step in steps) + refreshed
    account = ledger.existing(backstop, Reason.BACKSTOP_ACCOUNT_MISSING)
    before = account.cash
    account.cash = before + amount
    require_cash("cash of the backstop", account.cash)
    return FeeStep(REST_TIMESTAMP, backstop, amount, before, account.cash)


def require_rests_paid(
    ledger: Ledger, steps: Sequence[OrderTakeoverStep], terms: Sequence[MarketTerms]
) -> frozenset[int]:
    """The exhausted accounts: they left the backstop less than the whole, and have nothing left."""
    found = set()
    for place, step in enumerate(steps):
        takeover = step.takeover
        if takeover.rest == step.full:
            continue
        if value(ledger.accounts[takeover.account].holding, terms).equity != 0:
            raise Rejected(
                Reason.TAKEOVER_REST,
                f"takeover by order {place}: its rest is not whole, and its account has equity",
            )
        found.add(takeover.account)
    return frozenset(found)
