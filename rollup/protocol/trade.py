"""The rules of one fill, apart from any state. Spec: docs/spec/04-orders.md.

The sequencer matches with these functions and the batch is judged by them, so what it accepts is
what can be proved.
"""

from rollup.protocol.constants import FEE_SCALE, MOVED_BITS, NOTIONAL_BITS
from rollup.protocol.order import Order, Side
from rollup.protocol.outflow import Outflow
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.terms import MarketTerms


def notional(price: int, size: int) -> int:
    """Quanta that fees are of: a lot at a tick is one quantum, so nothing is rounded."""
    amount = price * size
    if amount >> NOTIONAL_BITS:
        raise Rejected(
            Reason.NOTIONAL_OUT_OF_BOUNDS,
            f"price times size must be below 2^{NOTIONAL_BITS} quanta",
        )
    return amount


def moved(size: int, price: int, funding: int) -> int:
    """Quanta that the buyer pays the seller, of either sign: a lot is a claim on price less F, so
    that is what it costs. Nothing is rounded."""
    amount = size * (price - funding)
    if not -(1 << MOVED_BITS) <= amount < 1 << MOVED_BITS:
        raise Rejected(
            Reason.NOTIONAL_OUT_OF_BOUNDS,
            f"size times price less funding must stay within 2^{MOVED_BITS} quanta",
        )
    return amount


def fee(amount: int, rate: int) -> int:
    """A side's fee in quanta, rounded up: the venue is favoured by less than one quantum."""
    return -(-amount * rate // FEE_SCALE)


def fee_rate(side: Side, taker: Side, market: MarketTerms) -> int:
    """The market's taker or maker rate, in millionths."""
    return market.taker_fee if side is taker else market.maker_fee


def require_pair(buy: Order, sell: Order) -> None:
    """A buy meets a sell, of one market, of two accounts."""
    if buy.side is not Side.BUY or sell.side is not Side.SELL:
        raise Rejected(Reason.SIDES, "a fill takes a buy order and a sell order, in this order")
    if buy.market != sell.market:
        raise Rejected(Reason.MARKETS_DIFFER, "orders of two markets cannot meet")
    if buy.account == sell.account:
        raise Rejected(Reason.SELF_TRADE, "one account is on both sides")


def require_live(market: MarketTerms) -> None:
    """No order trades in a market that has ended."""
    if market.is_ended:
        raise Rejected(Reason.MARKET_ENDED, "its market has ended")


def require_price(price: int, buy: Order, sell: Order, market: MarketTerms) -> None:
    """Inside both limits and the market's band around the batch's oracle price."""
    if not (sell.accepts(price, market.price) and buy.accepts(price, market.price)):
        raise Rejected(Reason.PRICE_OUTSIDE_LIMIT, "the price is outside the limit of an order")
    if not market.band_low <= price <= market.band_high:
        raise Rejected(
            Reason.PRICE_OUTSIDE_BAND,
            f"the price must be from {market.band_low} to {market.band_high}",
        )


def require_backstop_order(order: Order, price: int, oracle: int, before: int, after: int) -> None:
    """An order of the backstop only reduces, whatever it says, at the oracle's price or a better
    one: it spends nothing of what liquidations need, and gives no friend any of it."""
    if bounded(price, order.side, oracle) != price:
        done = "buys above" if order.side is Side.BUY else "sells below"
        raise Rejected(Reason.BACKSTOP_PRICE, f"the backstop {done} the oracle price")
    _require_reduces(before, after, "an order of the backstop")


def bounded(limit: int, side: Side, oracle: int) -> int:
    """A limit, in ticks, but no worse than the oracle price: that of an order of the backstop."""
    return min(limit, oracle) if side is Side.BUY else max(limit, oracle)


def require_fee(order: Order, rate: int) -> None:
    """The rate charged is no higher than the one signed."""
    if rate > order.max_fee:
        raise Rejected(Reason.FEE_ABOVE_CAP, f"rate {rate} is above the signed maximum")


def require_in_time(action: Order | Outflow, batch_time: int) -> None:
    """What is signed acts only in a batch whose window ends no later than its expiry."""
    if action.expiry < batch_time:
        raise Rejected(Reason.ORDER_EXPIRED, f"it expires before the batch ends, at {batch_time}")


def require_reduce_only(order: Order, before: int, after: int) -> None:
    """Each fill of a reduce-only order leaves the position smaller, and does not flip it."""
    if order.reduce_only:
        _require_reduces(before, after, "a reduce-only order")


def _require_reduces(before: int, after: int, name: str) -> None:
    if not (abs(after) < abs(before) and before * after >= 0):
        raise Rejected(Reason.REDUCE_ONLY, f"{name} would not reduce its position")
