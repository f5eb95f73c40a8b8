"""The rules: one batch, applied to the part of the state that it opens.

`apply_batch` is the specification of what a proof says. Steps happen in this order: deposits as
queued, takeovers by orders as listed, fills as listed, takeovers as listed, cancels, outflows as
listed, one credit of all fees, refresh fees of whoever was due, one credit of these and of all
rests, orders that nothing filled come to rest and others lapse, the closing rule for every opened
account, then the leaves and the counters of triggers are closed.
Spec: docs/spec/07-batch.md.
"""

from collections.abc import Callable, Collection, Sequence

from rollup.hash.many import CompressMany
from rollup.protocol.actions import Actions
from rollup.protocol.assets import USDC
from rollup.protocol.authority import authorise
from rollup.protocol.batch import Batch
from rollup.protocol.by_order import (
    apply_order_takeover,
    apply_side,
    credit_rests,
    fill_time,
    note_exchange,
    require_rests_paid,
)
from rollup.protocol.closing import close
from rollup.protocol.constants import DEPOSIT_TIMESTAMP, FEE_TIMESTAMP
from rollup.protocol.deleveraging import require_full, require_standing, zones_of
from rollup.protocol.deposit import DepositOutcome, EntryKind, QueueEntry, judge
from rollup.protocol.exits import note_exits
from rollup.protocol.holding import balance
from rollup.protocol.ledger import Entry, Ledger
from rollup.protocol.liquidation import (
    apply_takeover,
    require_equity,
    require_fees_paid,
    require_needed,
)
from rollup.protocol.margin import closing, grown, is_dust
from rollup.protocol.market_book import MarketBook
from rollup.protocol.order import Side
from rollup.protocol.outcome import (
    Closing,
    DepositStep,
    FeeStep,
    FillStep,
    OrderTakeoverStep,
    Outcome,
    Steps,
)
from rollup.protocol.payment import apply_outflow, move, require_steady
from rollup.protocol.refreshing import charge_refreshes
from rollup.protocol.rejection import Reason, Rejected, refusals_at
from rollup.protocol.shape_class import ShapeClass
from rollup.protocol.slot_steps import NO_AUTHORITY, Authority
from rollup.protocol.steps import (
    require_last_prices_stand,
    require_moving,
    require_terms_stand,
)
from rollup.protocol.takeover import liquidated_in
from rollup.protocol.tallied import count_trades
from rollup.protocol.terms import MarketTerms, batch_terms, terms_of
from rollup.protocol.trade import (
    fee,
    fee_rate,
    moved,
    notional,
    require_live,
    require_pair,
    require_price,
)
from rollup.protocol.units import VerifyMany, require_cash


def apply_batch(
    batch: Batch,
    *,
    compress_many: CompressMany,
    verify_many: VerifyMany,
) -> Outcome:
    """Everything the batch does to the state it opens. Raises Rejected at the first broken rule."""
    batch.require_fits()
    require_follows(batch)
    require_step(batch)
    ledger = Ledger(batch.pre)
    steps = take_steps(batch, ledger, lambda: authorise(batch, ledger, compress_many, verify_many))
    ledger.require_all_touched()
    require_positions_fit(ledger, batch.shape_class)
    outcome = close(batch, ledger, steps, compress_many)
    require_nodes_fit(outcome, batch.shape_class)
    require_moving(outcome.public.book_after)
    return outcome


def take_steps(
    batch: Batch, ledger: Ledger, authorised: Callable[[], Authority] | None = None
) -> Steps:
    """What a batch does to the ledger, and how that leaves its accounts. What is signed is checked
    by `authorised`, once the deposits have made the accounts that sign; without it there are no
    steps of orders."""
    book = batch.book
    steady = tuple(entry.is_steady for entry in book.markets)
    terms = batch_terms(batch.governance, book)
    deposits = tuple(
        apply_deposit(batch, ledger, entry, DEPOSIT_TIMESTAMP + place, book.ended)
        for place, entry in enumerate(batch.deposits)
    )
    note_exits(batch, ledger, deposits)
    actions = Actions(batch, ledger)
    authority = None if authorised is None else authorised()
    by_orders = tuple(
        apply_order_takeover(batch, ledger, actions, terms, steady, place)
        for place in range(len(batch.order_takeovers))
    )
    fills = tuple(
        apply_fill(batch, ledger, actions, terms, place) for place in range(len(batch.fills))
    )
    require_prices_known(by_orders, fills, book)
    takeovers = tuple(
        apply_takeover(batch, ledger, terms, place) for place in range(len(batch.takeovers))
    )
    actions.cancel()
    outflows = tuple(apply_outflow(batch, ledger, place) for place in range(len(batch.outflows)))
    fees = credit_fees(ledger, batch.governance.fee_account, fills, by_orders)
    liquidated = liquidated_in(batch.takeovers, batch.order_takeovers)
    refreshed = charge_refreshes(ledger, batch.governance, terms, liquidated)
    backstop = batch.governance.backstop_account
    rests = credit_rests(ledger, backstop, by_orders, sum(refreshed.values()))
    actions.finish()
    tallies = count_trades(batch, ledger, terms, fills, takeovers)
    require_steady(ledger, steady, terms)
    for account in sorted(liquidated):
        require_equity(ledger, account, terms)
    exhausted = require_fees_paid(ledger, takeovers, terms)
    exhausted |= require_rests_paid(ledger, by_orders, terms)
    closings = {index: close_account(batch, ledger, index, terms) for index in ledger.accounts}
    require_shrinking(ledger, steady)
    for account in sorted(liquidated):
        require_needed(ledger, account, terms, closings[account])
    require_standing(ledger, takeovers, closings, liquidated)
    zones = zones_of(ledger, takeovers)
    require_full(ledger, zones, backstop, closings, terms, liquidated)
    return Steps(
        terms,
        steady,
        deposits,
        () if authority is None else actions.orders(authority.digests),
        fills,
        takeovers,
        outflows,
        fees,
        closings,
        exhausted,
        zones,
        tallies,
        by_orders,
        rests,
        refreshed,
        actions.resting(),
        actions.cancels(),
        authority or NO_AUTHORITY,
    )


def require_follows(batch: Batch) -> None:
    """The batch is the next one, later than the last, and takes deposits from the queue's head."""
    before = batch.pre.globals
    if batch.number != before.number + 1:
        raise Rejected(
            Reason.BATCH_NUMBER, f"batch {before.number + 1} is next, not {batch.number}"
        )
    if batch.time <= before.time:
        raise Rejected(Reason.CLOCK_NOT_ADVANCED, f"time {batch.time} is not after {before.time}")
    if batch.redo and (batch.fills or batch.orders or batch.resting):
        raise Rejected(Reason.REDO_FILLS, "a batch that is made anew matches no orders")
    for place, entry in enumerate(batch.deposits, before.deposits_consumed):
        if entry.index != place:
            raise Rejected(Reason.DEPOSIT_ORDER, f"queue entry {place} is next, not {entry.index}")


def require_step(batch: Batch) -> None:
    """While a step is open its prices stand: nobody is liquidated at a price and skipped at the
    next. So do its parameters: what an account must have is not chosen with its step under way."""
    before = batch.pre.book
    require_last_prices_stand(before, batch.prices)
    if not before.is_open:
        return
    require_terms_stand(before, batch.governance)
    if batch.reports:
        raise Rejected(Reason.STEP_REPORTS, "the step is open, so nothing is reported")
    if batch.prices[: len(before.markets)] != before.prices:
        raise Rejected(Reason.STEP_PRICES, "the step is open, so its prices stand")


def require_prices_known(
    by_orders: Sequence[OrderTakeoverStep], fills: Sequence[FillStep], book: MarketBook
) -> None:
    """Where no quorum gave a price no order trades: the one that stands is of nobody knows when."""
    traded = [(f"takeover by order {place}", step.market) for place, step in enumerate(by_orders)]
    traded += [(f"fill {place}", step.market) for place, step in enumerate(fills)]
    for where, market in traded:
        if book.markets[market].missing:
            detail = f"{where}: its market has no price of its step"
            raise Rejected(Reason.MARKET_MISSING, detail)


def apply_deposit(
    batch: Batch,
    ledger: Ledger,
    entry: QueueEntry,
    timestamp: int,
    ended: Collection[int],
) -> DepositStep:
    """Consume one queue entry: open or credit its account, give it another key, pay out of it, or
    refuse it and change nothing. Rejected: ROTATED_TWICE, since one batch opens one header and
    closes one."""
    with refusals_at(f"deposit {entry.index}"):
        account = ledger.touch(entry.account)
        header, before = account.header, account.holding
        existed, owner = header is not None, None if header is None else header.owner
        held, is_paid = before if existed else None, entry.index in batch.exits
        outcome = judge(entry, held, owner, batch.governance, ended, is_paid=is_paid)
        if outcome is DepositOutcome.CREDITED:
            paid = -entry.amount if is_paid else entry.brought
            move(account, entry.asset, paid)
            if entry.kind is EntryKind.REGISTER:
                account.header = account.opened = entry.header()
            elif entry.kind is EntryKind.ROTATE:
                _rotate(account, entry)
    lots = (0, 0)
    if entry.asset != USDC:
        lots = balance(before, entry.asset), balance(account.holding, entry.asset)
    cash = before.cash, account.cash
    return DepositStep(timestamp, entry, outcome, existed, owner, *cash, *lots)


def _rotate(account: Entry, entry: QueueEntry) -> None:
    """From now on the account is the new key's: orders and outflows come after all deposits."""
    if account.rotated:
        raise Rejected(Reason.ROTATED_TWICE, "its account has another key since this batch began")
    account.header, account.rotated = entry.header(), True


def apply_fill(
    batch: Batch, ledger: Ledger, actions: Actions, terms: Sequence[MarketTerms], place: int
) -> FillStep:
    """Match two orders: size moves one way, what it is worth the other, and each side pays its fee
    on price x size."""
    fill = batch.fills[place]
    timestamp = fill_time(len(batch.order_takeovers) + place)
    with refusals_at(f"fill {place}"):
        buy, sell = actions.order(fill.buy), actions.order(fill.sell)
        require_pair(buy, sell)
        market = terms_of(terms, buy.market)
        require_live(market)
        require_price(fill.price, buy, sell, market)
        amount = notional(fill.price, fill.size)
        paid = moved(fill.size, fill.price, market.funding)
        buyer_rate = fee_rate(Side.BUY, fill.taker, market)
        seller_rate = fee_rate(Side.SELL, fill.taker, market)
        buyer_fee, seller_fee = fee(amount, buyer_rate), fee(amount, seller_rate)
        traded = (fill.size, paid, timestamp)
        buyer = apply_side(ledger, actions, fill.buy, traded, buyer_rate, buyer_fee)
        seller = apply_side(ledger, actions, fill.sell, traded, seller_rate, seller_fee)
        for order, step in ((buy, buyer), (sell, seller)):
            note_exchange(batch, ledger, order, step, fill.price, market)
    return FillStep(timestamp, fill, buy.market, amount, paid, buyer, seller)


def credit_fees(
    ledger: Ledger,
    index: int,
    fills: Sequence[FillStep],
    by_orders: Sequence[OrderTakeoverStep] = (),
) -> FeeStep:
    """Credit the fees of all orders to the fee account, once, also when there are none."""
    amount = sum(fill.buyer.fee + fill.seller.fee for fill in fills)
    amount += sum(step.taker.fee for step in by_orders)
    account = ledger.existing(index, Reason.FEE_ACCOUNT_MISSING)
    before = account.cash
    account.cash = before + amount
    require_cash("cash of the fee account", account.cash)
    return FeeStep(FEE_TIMESTAMP, index, amount, before, account.cash)


def require_positions_fit(ledger: Ledger, shape_class: ShapeClass) -> None:
    """The batch opens no more positions than its class takes: all that its accounts held or traded,
    touched themselves or not."""
    opened = sum(len(entry.markets) for entry in ledger.accounts.values())
    if opened > shape_class.positions:
        most = shape_class.positions
        raise Rejected(Reason.TOO_MANY, f"a batch opens at most {most} positions, not {opened}")


def require_nodes_fit(outcome: Outcome, shape_class: ShapeClass) -> None:
    """The paths to all that the batch opens meet soon enough for its class: each inner node of a
    tree is two hashes of the proof, and accounts far apart have more of them."""
    trees = (
        outcome.account_nodes,
        outcome.slot_nodes,
        outcome.trigger_nodes,
        outcome.steps.authority.nodes,
    )
    count, most = sum(map(len, trees)), shape_class.nodes
    if count > most:
        raise Rejected(Reason.TOO_MANY, f"a batch opens at most {most} nodes, not {count}")


def close_account(
    batch: Batch, ledger: Ledger, index: int, terms: Sequence[MarketTerms]
) -> Closing:
    """How the closing rule finds an account; refused if it may not be left so."""
    entry = ledger.accounts[index]
    with refusals_at(ledger.place(index)):
        found = closing(
            entry.holding_before,
            entry.holding,
            terms,
            traded=entry.signed or bool(entry.ordered),
            paid_out=entry.paid_out,
            cash_out=entry.cash_out,
            acted=entry.acted,
        )
        if batch.begins_open:
            require_open_step(entry)
        if index != batch.governance.backstop_account:
            require_no_dust(entry, terms)
    return found


def require_open_step(entry: Entry) -> None:
    """While prices stand, what orders trade with each other only shrinks. The backstop, and orders
    that take of liquidated accounts, may take risk."""
    if entry.exchanged.intersection(grown(entry.holding_before, entry.holding)):
        raise Rejected(Reason.STEP_RISK, "the step is open, so positions only shrink")


def require_shrinking(ledger: Ledger, steady: Sequence[bool]) -> None:
    """Where a price is clamped or missing, too, what orders trade with each other only shrinks, old
    leaf against new."""
    for index, entry in ledger.accounts.items():
        changed = entry.exchanged.intersection(grown(entry.holding_before, entry.holding))
        for market in sorted(changed):
            if not steady[market]:
                where = ledger.place(index)
                detail = f"{where}: it grew in market {market}, whose price is clamped or missing"
                raise Rejected(Reason.MARKET_UNSTEADY, detail)


def require_no_dust(entry: Entry, terms: Sequence[MarketTerms]) -> None:
    """Who makes a position larger, or turns it round, has at least the least order of it."""
    if is_dust(entry.holding_before, entry.holding, terms):
        raise Rejected(Reason.LEAST_ORDER, "it grew to less than the least order of a market")
