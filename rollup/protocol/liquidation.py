"""Liquidation: which takeovers a batch may hold, and what they do.

The backstop is the account that governance names. It takes lots of accounts below maintenance
margin at what a lot is worth, and is paid a fee for it. Others take them only to close lots of
their own (rollup.protocol.deleveraging). In a market that has ended nobody takes lots: positions of
anybody are settled, whole, at what they are worth.
Spec: docs/spec/13-liquidation.md and 18-ended.md.
"""

from collections.abc import Sequence

from rollup.protocol.batch import Batch
from rollup.protocol.constants import TAKEOVER_TIMESTAMP
from rollup.protocol.deleveraging import (
    require_no_backstop,
    require_other_side,
    require_unordered,
)
from rollup.protocol.ledger import Entry, Ledger
from rollup.protocol.margin import excess, value
from rollup.protocol.outcome import Closing, HolderStep, TakeoverStep
from rollup.protocol.outflow import Outflow
from rollup.protocol.rejection import Reason, Rejected, refusals_at
from rollup.protocol.takeover import Route, Takeover, fee_due
from rollup.protocol.terms import MarketTerms, terms_of
from rollup.protocol.triggers import side_of
from rollup.protocol.units import require_cash, require_position


def require_payer(outflow: Outflow, backstop: int) -> None:
    """The backstop pays nothing out in this version: nothing would keep it from being emptied just
    when it is needed."""
    if outflow.account == backstop:
        raise Rejected(Reason.BACKSTOP_SIGNED, "the backstop pays nothing out")


def apply_takeover(
    batch: Batch, ledger: Ledger, terms: Sequence[MarketTerms], place: int
) -> TakeoverStep:
    """The taker takes lots and pays what they are worth, less the fee that the backstop is paid."""
    takeover, backstop = batch.takeovers[place], batch.governance.backstop_account
    with refusals_at(f"takeover {place}"):
        market = terms_of(terms, takeover.market)
        require_takeable(market)
        require_route(market, takeover.route)
        if takeover.route is Route.SETTLED:
            return _settle(ledger, market, takeover, place)
        require_not_backstop(takeover, backstop)
        account = ledger.existing(takeover.account)
        index = backstop if takeover.route is Route.BACKSTOP else takeover.taker
        if takeover.route is not Route.ESTATE:
            ledger.existing(index, Reason.BACKSTOP_ACCOUNT_MISSING)
        require_liquidatable(account, terms)
        require_unsigned(batch, ledger, takeover.account)
        held = account.positions[takeover.market]
        require_reduces(takeover, held)
        require_no_higher_fee(takeover, market)
        _require_taker(batch, ledger, takeover, held, terms)
        direction = -1 if held < 0 else 1
        paid = direction * takeover.size * market.value - takeover.fee
        moved = direction * takeover.size
        liquidated = move(takeover.account, account, takeover.market, paid, -moved)
        taken = _take(ledger, takeover.route, index, takeover.market, (-paid, moved))
    return TakeoverStep(TAKEOVER_TIMESTAMP + place, takeover, held < 0, liquidated, taken)


def _settle(ledger: Ledger, market: MarketTerms, takeover: Takeover, place: int) -> TakeoverStep:
    """All that an account has in a market that has ended becomes cash, whoever it is and however it
    stands: it is worth the same as before to every rule of margin, so nothing more is asked."""
    account = ledger.existing(takeover.account)
    held = account.positions[takeover.market]
    require_settled(takeover, held, market)
    settled = move(takeover.account, account, takeover.market, held * market.value, -held)
    return TakeoverStep(TAKEOVER_TIMESTAMP + place, takeover, held < 0, settled, None)


def require_settled(takeover: Takeover, held: int, market: MarketTerms) -> None:
    """In a market that has ended, for no fee, and whole."""
    if not market.is_settled:
        raise Rejected(Reason.MARKET_LIVE, "its market has not ended")
    if takeover.fee:
        raise Rejected(Reason.TAKEOVER_FEE, "nobody is paid a fee for a settlement")
    if takeover.size != abs(held):
        raise Rejected(Reason.TAKEOVER_SIZE, "a settlement is of all that its account has there")


def _require_taker(
    batch: Batch, ledger: Ledger, takeover: Takeover, held: int, terms: Sequence[MarketTerms]
) -> None:
    """Who is neither backstop nor estate takes lots only to lose as many of its own."""
    if not takeover.closes:
        return
    taker = ledger.accounts[takeover.taker]
    require_other_side(takeover, taker, held)
    if takeover.route is Route.LIQUIDATED:
        require_liquidatable(taker, terms)
        require_unsigned(batch, ledger, takeover.taker)
    else:
        require_unordered(takeover, taker)
        require_no_backstop(takeover, batch.governance.backstop_account)


def _take(
    ledger: Ledger, route: Route, index: int, market: int, moved: tuple[int, int]
) -> HolderStep | None:
    """What comes to the taker; the backstop is noted to have taken. What the estate takes leaves
    the state, and what it pays comes into it: both are public."""
    if route is Route.ESTATE:
        return None
    taker = ledger.accounts[index]
    if route is Route.BACKSTOP:
        taker.took.add(market)
    cash, lots = moved
    return move(index, taker, market, cash, lots)


def require_takeable(market: MarketTerms) -> None:
    """Where a lot of an asset counts for nothing it would be taken for nothing."""
    if market.is_idle:
        raise Rejected(Reason.ASSET_TAKEN, "what counts for nothing is taken of nobody")


def require_route(market: MarketTerms, route: Route) -> None:
    """Nobody owes an asset, so that there are no lots of the other side to close, and no cash but
    that of others to settle it with; the estate takes nothing else: what it sells at L1 is a token.
    Positions of a perpetual that is over are settled, and not taken."""
    if market.is_asset and route not in (Route.BACKSTOP, Route.ESTATE):
        raise Rejected(Reason.ASSET_TAKEN, "lots of an asset close nobody's, and are not settled")
    if market.is_settled and route is not Route.SETTLED:
        raise Rejected(Reason.MARKET_ENDED, "its market has ended")
    if route is Route.ESTATE and not market.is_asset:
        raise Rejected(Reason.ESTATE_ASSET, "the estate takes assets alone")


def require_not_backstop(takeover: Takeover, backstop: int) -> None:
    """From itself the backstop takes nothing."""
    if takeover.route is Route.BACKSTOP and takeover.account == backstop:
        raise Rejected(Reason.BACKSTOP_LIQUIDATED, "the backstop takes nothing from itself")


def require_liquidatable(account: Entry, terms: Sequence[MarketTerms]) -> None:
    """Before the batch, at its terms, the account is below maintenance margin. What the batch
    brings it, such as a deposit, does not count."""
    if excess(account.holding_before, terms) >= 0:
        raise Rejected(Reason.NOT_LIQUIDATABLE, "its account meets maintenance margin")


def require_unsigned(batch: Batch, ledger: Ledger, account: int) -> None:
    """What somebody signed, or asked for at L1, and what is done to them do not meet in a batch.
    To be asked before outflows are paid. Rejected: LIQUIDATED_SIGNED."""
    trades = any(signed.order.account == account for signed in batch.orders)
    if trades or any(owner == account for owner, _ in batch.resting):
        raise Rejected(Reason.LIQUIDATED_SIGNED, "an order of its account trades in the batch")
    if any(signed.cancel.account == account for signed in batch.cancels):
        raise Rejected(Reason.LIQUIDATED_SIGNED, "its account cancels an order in the batch")
    has_exit = ledger.existing(account).paid_out  # what is signed is paid after takeovers
    if has_exit or any(signed.outflow.account == account for signed in batch.outflows):
        raise Rejected(Reason.LIQUIDATED_SIGNED, "cash leaves its account in the batch")


def require_reduces(takeover: Takeover, held: int) -> None:
    """No more lots than there are, of either side: a position gets smaller and never flips."""
    if takeover.size > abs(held):
        raise Rejected(Reason.TAKEOVER_SIZE, "its account has fewer lots in this market")


def require_no_higher_fee(takeover: Takeover, market: MarketTerms) -> None:
    """At most the market's fee, and none but the backstop's; who pays less is judged when the batch
    is done."""
    if takeover.fee > fee_due(takeover, market):
        raise Rejected(Reason.TAKEOVER_FEE, "its fee is above the market's")


def move(index: int, entry: Entry, market: int, cash: int, lots: int) -> HolderStep:
    """Change cash and position of one account by so much."""
    cash_before, before = entry.cash, entry.positions[market]
    cash_after, after = cash_before + cash, before + lots
    require_cash("cash", cash_after)
    require_position("position", after)
    entry.cash = cash_after
    entry.set_position(market, after)
    return HolderStep(index, cash_before, cash_after, before, after)


def require_fees_paid(
    ledger: Ledger, takeovers: Sequence[TakeoverStep], terms: Sequence[MarketTerms]
) -> frozenset[int]:
    """The exhausted accounts: they paid less than a whole fee, and have nothing left.

    So no friend is let off the fee, and who cannot pay it is not left with a debt."""
    found = set()
    for place, step in enumerate(takeovers):
        takeover = step.takeover
        if takeover.fee == fee_due(takeover, terms_of(terms, takeover.market)):
            continue
        if value(ledger.accounts[takeover.account].holding, terms).equity != 0:
            raise Rejected(
                Reason.TAKEOVER_FEE,
                f"takeover {place}: its fee is below the market's, and its account has equity left",
            )
        found.add(takeover.account)
    return frozenset(found)


def require_needed(
    ledger: Ledger, index: int, terms: Sequence[MarketTerms], found: Closing
) -> None:
    """No more lots are taken than are needed, by one: with one lot less, at its whole value, a
    liquidated account would be still below maintenance. What the batch brought it counts."""
    entry = ledger.accounts[index]
    if found.below:
        return
    reliefs = [
        terms_of(terms, market).reliefs[side_of(size)]
        for market, size in entry.holding_before.positions
        if abs(entry.positions[market]) < abs(size)
    ]
    if found.after.excess >= max(reliefs, default=0):
        raise Rejected(Reason.TAKEOVER_UNNEEDED, f"{ledger.place(index)} gives more than it must")


def require_equity(ledger: Ledger, index: int, terms: Sequence[MarketTerms]) -> None:
    """A liquidated account ends the batch owing nothing, whatever margin it has then."""
    if value(ledger.accounts[index].holding, terms).equity < 0:
        raise Rejected(
            Reason.LIQUIDATED_EQUITY, f"{ledger.place(index)} would be liquidated into a debt"
        )
