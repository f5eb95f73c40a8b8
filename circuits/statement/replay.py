"""From the outcome of a batch to columns: its steps, each with the time of the access before.

No rule is applied and nothing is checked: a forged outcome gives forged records.
"""

from collections.abc import Sequence

import numpy as np

from circuits.gadgets.balanced import COUNT, balanced
from circuits.gadgets.words import CASH_WORD, POSITION_WORD, SLOT_WORD
from circuits.statement.columns import Clock, biased, biased_cash, column, matrix
from circuits.statement.replay_accounts import accounts, headers, positions
from circuits.statement.replay_markets import markets, triggers
from circuits.statement.replay_orders import orders, signers
from circuits.statement.replay_outflows import outflows
from circuits.statement.replay_takeovers import takeovers
from circuits.tables.records import (
    I64,
    U32,
    BatchRecords,
    CashAccess,
    DepositRecords,
    FillRecords,
    FillSide,
    PositionAccess,
    Records,
    SlotAccess,
    SlotRecords,
    TreeRecords,
)
from rollup.protocol.constants import (
    MOVED_BITS,
    POSITION_LIMIT,
)
from rollup.protocol.encoding import owner_words
from rollup.protocol.outcome import DepositStep, FillStep, Outcome, SideStep


def replay(outcome: Outcome) -> Records:
    """All records of a batch."""
    clock = Clock()
    deposits = _deposits(outcome, clock)
    fills = _fills(outcome, clock)
    taken = takeovers(outcome, clock)
    paid = outflows(outcome, clock)
    batch = _batch(outcome, clock)
    signed = signers(outcome)
    return Records(
        tree=_tree(outcome),
        order=orders(outcome),
        fill=fills,
        takeover=taken,
        outflow=paid,
        account=accounts(outcome, clock, signed),
        header=headers(outcome, signed),
        position=positions(outcome, clock),
        market=markets(outcome),
        trigger=triggers(outcome),
        slot=_slots(outcome, clock),
        deposit=deposits,
        batch=batch,
    )


def _deposits(outcome: Outcome, clock: Clock) -> DepositRecords:
    steps = outcome.steps.deposits
    entries = [step.entry for step in steps]
    cash = CashAccess(
        account=column(entry.account for entry in entries),
        previous_ts=column(clock.touch(s.entry.account, CASH_WORD, s.timestamp) for s in steps),
        before=biased_cash(s.cash_before for s in steps),
        after=biased_cash(s.cash_after for s in steps),
        existed=column(s.existed for s in steps),
        exists=column(s.existed or s.outcome == 0 for s in steps),
    )
    return DepositRecords(
        index=column(entry.index for entry in entries),
        kind=column(entry.kind for entry in entries),
        amount=column(entry.amount for entry in entries),
        owner=matrix([owner_words(entry.owner) for entry in entries], 6),
        key_words=matrix([entry.key_words for entry in entries], 14),
        viewing=matrix([entry.viewing_words for entry in entries], 8),
        outcome=column(s.outcome for s in steps),
        holder=matrix([_holder(step) for step in steps], 6),
        cash=cash,
    )


def _holder(step: DepositStep) -> Sequence[int]:
    """Whose the account is, where that decides what becomes of the entry."""
    return owner_words(step.owner) if step.asks_owner and step.owner else (0,) * 6


def _fills(outcome: Outcome, clock: Clock) -> FillRecords:
    steps, terms = outcome.steps.fills, outcome.steps.terms
    previous = [[_touch_side(side, s, clock) for side in (s.buyer, s.seller)] for s in steps]
    return FillRecords(
        market=column(s.market for s in steps),
        price=column(s.fill.price for s in steps),
        size=column(s.fill.size for s in steps),
        taker=column(s.fill.taker for s in steps),
        notional=column(s.notional for s in steps),
        moved=biased(1 << MOVED_BITS, (s.moved for s in steps)),
        rate=(
            column(s.buyer.fee_rate for s in steps),
            column(s.seller.fee_rate for s in steps),
        ),
        band_low=column(terms[s.market].band_low for s in steps),
        band_high=column(terms[s.market].band_high for s in steps),
        taker_fee=column(terms[s.market].taker_fee for s in steps),
        maker_fee=column(terms[s.market].maker_fee for s in steps),
        funding=matrix([balanced(terms[s.market].funding) for s in steps], COUNT),
        sides=(
            _fill_side(outcome, [s.buyer for s in steps], [pair[0] for pair in previous]),
            _fill_side(outcome, [s.seller for s in steps], [pair[1] for pair in previous]),
        ),
    )


def _touch_side(side: SideStep, step: FillStep, clock: Clock) -> tuple[int, int, int]:
    """Timestamps of the accesses before this one: cash, position, slot."""
    words = (CASH_WORD, POSITION_WORD + step.market, SLOT_WORD + side.slot)
    cash, position, slot = (clock.touch(side.account, word, step.timestamp) for word in words)
    return cash, position, slot


def _fill_side(
    outcome: Outcome, sides: Sequence[SideStep], previous: Sequence[tuple[int, int, int]]
) -> FillSide:
    orders = [outcome.steps.orders[side.order].signed.order for side in sides]
    account = column(side.account for side in sides)
    exists = np.ones(len(sides), dtype=np.int64)
    return FillSide(
        order=column(side.order for side in sides),
        account=account,
        slot=column(side.slot for side in sides),
        generation=column(order.generation for order in orders),
        limit=column(order.price for order in orders),
        size=column(order.size for order in orders),
        max_fee=column(order.max_fee for order in orders),
        fee=column(side.fee for side in sides),
        cash=CashAccess(
            account=account,
            previous_ts=column(p[0] for p in previous),
            before=biased_cash(side.cash_before for side in sides),
            after=biased_cash(side.cash_after for side in sides),
            existed=exists,
            exists=exists,
        ),
        position=PositionAccess(
            previous_ts=column(p[1] for p in previous),
            before=column(side.position_before + POSITION_LIMIT for side in sides),
            after=column(side.position_after + POSITION_LIMIT for side in sides),
        ),
        slot_access=SlotAccess(
            previous_ts=column(p[2] for p in previous),
            generation_before=column(side.slot_before.generation for side in sides),
            filled_before=column(side.slot_before.filled for side in sides),
            filled_after=column(side.slot_after.filled for side in sides),
        ),
    )


def _slots(outcome: Outcome, clock: Clock) -> SlotRecords:
    slots = [slot for account in outcome.accounts for slot in account.slots]
    return SlotRecords(
        account=column(s.account for s in slots),
        slot=column(s.slot for s in slots),
        generation=(
            column(s.before.generation for s in slots),
            column(s.after.generation for s in slots),
        ),
        filled=(column(s.before.filled for s in slots), column(s.after.filled for s in slots)),
        last_ts=column(clock.last.get((s.account, SLOT_WORD + s.slot), 0) for s in slots),
    )


def _tree(outcome: Outcome) -> TreeRecords:
    nodes = (*outcome.account_nodes, *outcome.slot_nodes, *outcome.trigger_nodes)
    digests = np.array(
        [(*n.left_old, *n.left_new, *n.right_old, *n.right_new, *n.old, *n.new) for n in nodes],
        dtype=np.uint32,
    ).reshape(len(nodes), 6, 8)
    return TreeRecords(
        tree=column(n.tree for n in nodes),
        depth=column(n.depth for n in nodes),
        index=column(n.index for n in nodes),
        left=(digests[:, 0], digests[:, 1]),
        right=(digests[:, 2], digests[:, 3]),
        node=(digests[:, 4], digests[:, 5]),
        left_touched=column(n.left_touched for n in nodes),
        right_touched=column(n.right_touched for n in nodes),
    )


def _batch(outcome: Outcome, clock: Clock) -> BatchRecords:
    public, fees = outcome.public, outcome.steps.fees
    before, after = outcome.globals_before, outcome.globals_after
    old, new = outcome.markets_before, outcome.markets_after
    one = np.ones(1, dtype=np.int64)
    return BatchRecords(
        chain=public.chain,
        venue=public.venue,
        number=public.number,
        time=(before.time, after.time),
        total=(before.total, after.total),
        deposits_consumed=(before.deposits_consumed, after.deposits_consumed),
        accounts_root=(_digest(outcome.accounts_root_before), _digest(outcome.accounts_root_after)),
        triggers_root=(_digest(outcome.triggers_root_before), _digest(outcome.triggers_root_after)),
        flagged=(before.flagged, after.flagged),
        markets_salt=(_digest(old.salt), _digest(new.salt)),
        globals_salt=(_digest(before.salt), _digest(after.salt)),
        fee_account=fees.account,
        fees=fees.amount,
        fee_sums=_fee_sums(outcome),
        credited=public.credited,
        cash=CashAccess(
            account=column([fees.account]),
            previous_ts=column([clock.touch(fees.account, CASH_WORD, fees.timestamp)]),
            before=biased_cash([fees.cash_before]),
            after=biased_cash([fees.cash_after]),
            existed=one,
            exists=one,
        ),
        spent=outcome.spent,
        progress_by=None if outcome.progress is None else outcome.progress.by,
        progress_over=0 if outcome.progress is None else outcome.progress.over,
    )


def _fee_sums(outcome: Outcome) -> I64:
    """Sums of the limbs of all fees, as the fill table adds them up."""
    sides = [side for step in outcome.steps.fills for side in (step.buyer, step.seller)]
    limbs = [[side.fee >> 13 * place & 8191 for place in range(4)] for side in sides]
    sums: I64 = np.array(limbs, dtype=np.int64).reshape(-1, 4).sum(axis=0)
    return sums


def _digest(elements: Sequence[int]) -> U32:
    return np.array(elements, dtype=np.uint32)
