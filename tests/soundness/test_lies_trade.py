"""Lies about a trade: refused by the rules for a reason, and by the circuit under a claim.

The rules are bent at one place, so the batch and all that follows from the lie is consistent; the
claims named are then exactly the ones that catch it.
"""

from dataclasses import replace

import pytest

from rollup.protocol import actions, authority, by_order
from rollup.protocol.account import Account
from rollup.protocol.actions import Actions
from rollup.protocol.batch import Batch, Fill
from rollup.protocol.ledger import Ledger
from rollup.protocol.order import Order, Side, SignedOrder, TimeInForce
from rollup.protocol.outcome import SideStep
from rollup.protocol.rejection import Reason
from rollup.protocol.slot import FRESH_SLOT, SlotState
from tests.helpers.lies import SIGNATURE, Liar, forge, match, overfilled, placed_again
from tests.helpers.statement import claims_broken_by
from tests.helpers.venue import BTC_PRICE, START, USDC, Match, buy, refusal, register, sell


def with_fill(batch: Batch, **changes: object) -> Batch:
    """The batch with members of its only fill changed, unchecked."""
    return forge(batch, fills=(forge(batch.fills[0], **changes),))


def test_an_honest_trade_breaks_no_claim(liar: Liar) -> None:
    assert liar.claims(liar.trade()) == set()


def test_a_fill_in_a_batch_made_anew(liar: Liar) -> None:
    """Made anew, a batch knows the prices that came after its time: nobody may trade on them."""
    anew = forge(liar.trade(), redo=True)
    assert liar.refusal(anew) == Reason.REDO_FILLS
    liar.blind("require_follows")
    assert liar.claims(anew) == {"fill.redo"}


def test_a_batch_made_anew_without_a_fill_breaks_no_claim(liar: Liar) -> None:
    assert liar.claims(forge(liar.venue.batch(), redo=True)) == set()


def test_an_order_without_a_fill_changes_nothing_in_a_batch_made_anew(liar: Liar) -> None:
    """The rules refuse it; the circuit lets it stand, and whoever adds it gains nothing: it rests
    where it was signed to rest, and nothing moves."""
    idle = forge(liar.trade(), fills=(), redo=True)
    assert liar.refusal(idle) == Reason.REDO_FILLS
    liar.blind("require_follows")
    outcome = liar.outcome(idle)
    assert claims_broken_by(outcome) == set()
    assert all(held(a.before) == held(a.after) for a in outcome.accounts)
    assert all(step.rests for step in outcome.steps.orders)
    assert not outcome.steps.fills and outcome.steps.fees.amount == 0


def held(account: Account | None) -> Account | None:
    """An account without the salt that every batch renews, and without its slots."""
    return account and forge(account, salt=(0,) * 4, slots_root=(0,) * 8)


def test_an_order_filled_past_its_size(liar: Liar) -> None:
    orders = liar.trade(size=100, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
    batch = with_fill(orders, size=101)
    assert liar.refusal(batch) == Reason.OVERFILLED
    liar.bend("filled", overfilled, actions)
    assert liar.claims(batch) == {"fill.left"}


@pytest.mark.parametrize("price", [BTC_PRICE + 1, BTC_PRICE - 1])
def test_a_fill_outside_a_limit(liar: Liar, price: int) -> None:
    batch = with_fill(liar.trade(), price=price)
    assert liar.refusal(batch) == Reason.PRICE_OUTSIDE_LIMIT
    liar.blind("require_price")
    assert liar.claims(batch) == {"fill.limit"}


@pytest.mark.parametrize("share", [95, 105])
def test_a_fill_outside_the_band(liar: Liar, share: int) -> None:
    price = BTC_PRICE * share // 100
    orders = (buy(1, 100, slot=1, price=price), sell(2, 100, slot=1, price=price))
    batch = liar.venue.batch(matches=[Match(*orders, 100, price)])
    assert liar.refusal(batch) == Reason.PRICE_OUTSIDE_BAND
    liar.blind("require_price")
    assert liar.claims(batch) == {"fill.band"}


def test_a_fill_after_expiry(liar: Liar) -> None:
    batch = liar.trade(expiry=START + 1)
    assert liar.refusal(batch) == Reason.ORDER_EXPIRED
    liar.blind("require_in_time", authority)
    assert liar.claims(batch) == {"order.expiry"}


def test_a_fee_above_the_signed_cap(liar: Liar) -> None:
    batch = liar.trade(max_fee=99)
    assert liar.refusal(batch) == Reason.FEE_ABOVE_CAP
    liar.blind("require_fee", by_order)
    assert liar.claims(batch) == {"fill.fee-cap"}


def test_a_fill_of_nothing(liar: Liar) -> None:
    honest = liar.trade()
    made = refusal(lambda: replace(honest.fills[0], size=0))
    assert made == Reason.SIZE_OUT_OF_BOUNDS
    assert liar.claims(with_fill(honest, size=0)) == {"fill.size-positive"}


def test_a_fill_of_less_than_nothing(liar: Liar) -> None:
    """Two orders, filled by less than nothing, so that more is left of them."""
    made = refusal(lambda: Fill(0, 1, BTC_PRICE, -1, Side.BUY))
    assert made == Reason.SIZE_OUT_OF_BOUNDS
    liar.bend("notional", lambda price, size: price * size)
    assert "fill.bounds" in liar.claims(with_fill(liar.trade(), size=-1))


def test_an_account_that_trades_with_itself(liar: Liar) -> None:
    orders = (buy(1, 100, slot=1), sell(1, 100, slot=2))
    batch = liar.venue.batch(matches=[Match(*orders, 100)])
    assert liar.refusal(batch) == Reason.SELF_TRADE
    liar.blind("require_pair")
    assert "fill.distinct-accounts" in liar.claims(batch)


def test_a_forged_signature(liar: Liar) -> None:
    batch = liar.trade()
    signature = bytearray(batch.orders[0].signature)
    signature[60] ^= 1
    forged = replace(batch.orders[0], signature=bytes(signature))
    lie = replace(batch, orders=(forged, batch.orders[1]))
    assert liar.refusal(lie) == Reason.ORDER_SIGNATURE
    trust_signatures(liar)
    assert liar.claims(lie) == SIGNATURE


def test_swapped_signatures(liar: Liar) -> None:
    batch = liar.trade()
    first, second = batch.orders
    swapped = (
        replace(first, signature=second.signature),
        replace(second, signature=first.signature),
    )
    lie = replace(batch, orders=swapped)
    assert liar.refusal(lie) == Reason.ORDER_SIGNATURE
    trust_signatures(liar)
    assert liar.claims(lie) == SIGNATURE


def test_the_signature_of_another_account_with_the_same_key(liar: Liar) -> None:
    """Account 4 is registered with the key of account 1; an order of 1 is spent for 4."""
    venue = liar.venue
    twin = replace(register(3, 4, 1000 * USDC), key_words=register(0, 1, 0).key_words)
    venue.run(venue.batch([twin]))
    mine = buy(1, 100, slot=1)
    stolen = SignedOrder(replace(mine, account=4), venue.signed(mine).signature)
    offer = venue.signed(sell(2, 100, slot=1))
    batch = venue.assemble((), (stolen, offer), (Fill(0, 1, BTC_PRICE, 100, Side.BUY),))
    assert liar.refusal(batch) == Reason.ORDER_SIGNATURE
    trust_signatures(liar)
    assert liar.claims(batch) == SIGNATURE


def trust_signatures(liar: Liar) -> None:
    liar.venue.suite = replace(liar.venue.suite, verify_many=lambda keys, *_: [True] * len(keys))


def test_one_order_in_two_batches(liar: Liar) -> None:
    first = liar.trade()
    liar.venue.run(first)
    again = liar.venue.batch(matches=[match()])
    assert liar.refusal(again) == Reason.GENERATION_DEAD
    liar.bend("placed", placed_again, actions)
    assert liar.claims(again) == {"order.generation"}


def test_one_order_in_two_batches_with_a_forgotten_slot(liar: Liar) -> None:
    """The order is shown a slot that was never used; the slot table still holds the real one."""
    liar.venue.run(liar.trade())
    again = liar.venue.batch(matches=[match()])
    honest_slot = Ledger.slot

    before = dict(Ledger(again.pre).slots)

    def forgotten(ledger: Ledger, key: tuple[int, int]) -> SlotState:
        stored = honest_slot(ledger, key)
        return FRESH_SLOT if stored == before[key] else stored

    liar.monkeypatch.setattr(Ledger, "slot", forgotten)
    assert liar.claims(again) == {"order.slot-access", "slot.value-before"}


def test_a_generation_reused(liar: Liar) -> None:
    liar.venue.run(liar.trade(generation=2))
    late = liar.trade(generation=1)
    assert liar.refusal(late) == Reason.GENERATION_DEAD
    liar.bend("placed", placed_again, actions)
    assert liar.claims(late) == {"order.generation"}


def test_positions_that_do_not_sum_to_zero(liar: Liar) -> None:
    batch = liar.trade()
    honest = liar.outcome(batch)

    def one_lot_more(
        step: SideStep, ledger: Ledger, acting: Actions, place: int, *_: object
    ) -> SideStep:
        order = acting.order(place)
        if order.side is Side.SELL:
            return step
        ledger.accounts[order.account].set_position(order.market, step.position_after + 1)
        return forge(step, position_after=step.position_after + 1)

    liar.after("apply_side", one_lot_more)
    lie = liar.outcome(batch)
    assert lie.public.new_root != honest.public.new_root
    assert claims_broken_by(lie) == {"fill.position"}


def give_cash(step: SideStep, ledger: Ledger, order: Order, amount: int) -> SideStep:
    """The side with `amount` more cash than it has a right to, and its account with it."""
    ledger.accounts[order.account].cash += amount
    return forge(step, cash_after=step.cash_after + amount)


def test_two_sides_rounded_differently(liar: Liar) -> None:
    batch = liar.trade()
    honest = liar.outcome(batch)

    def in_favour_of_the_seller(
        step: SideStep, ledger: Ledger, acting: Actions, place: int, *_: object
    ) -> SideStep:
        order = acting.order(place)
        return give_cash(step, ledger, order, 1) if order.side is Side.SELL else step

    liar.after("apply_side", in_favour_of_the_seller)
    lie = liar.outcome(batch)
    assert lie.public.new_root != honest.public.new_root
    assert claims_broken_by(lie) == {"fill.cash"}


def test_a_fee_rounded_in_favour_of_the_trader(liar: Liar) -> None:
    batch = liar.trade(size=1)
    honest = liar.outcome(batch)
    assert honest.steps.fills[0].seller.fee == 60
    liar.bend("fee", lambda amount, rate: amount * rate // 10**6 - 1)
    assert "fill.fee" in liar.claims(batch)


def test_cash_from_nowhere(liar: Liar) -> None:
    batch = liar.trade()
    honest = liar.outcome(batch)

    def present(step: object, ledger: Ledger, *_: object) -> object:
        ledger.accounts[1].cash += 1
        return step

    liar.after("credit_fees", present)
    lie = liar.outcome(batch)
    assert lie.public.new_root != honest.public.new_root
    assert claims_broken_by(lie) == {"account.value-after", "fill.cash-access"}


def test_fees_that_are_charged_and_kept(liar: Liar) -> None:
    batch = liar.trade()

    def less(step: object, ledger: Ledger, *_: object) -> object:
        ledger.accounts[0].cash -= 1
        return forge(step, amount=step.amount - 1, cash_after=step.cash_after - 1)  # type: ignore[attr-defined]

    liar.after("credit_fees", less)
    assert liar.claims(batch) == {"batch.fees"}
