"""Lies about orders that rest: which act again, on what terms, how much of them, and for how long.

The rules are bent one check at a time, so that the lie is all that there is to be found; or the
records of a batch say another thing than happened.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from circuits.tables.fill.air import table as fill_table
from circuits.tables.records import Records
from circuits.tables.slot.air import TABLE
from rollup.field.koalabear import P
from rollup.protocol import actions, by_order
from rollup.protocol.actions import Actions
from rollup.protocol.batch import Batch
from rollup.protocol.constants import EXPIRY_BITS
from rollup.protocol.order import Order, Side, TimeInForce
from rollup.protocol.rejection import Reason
from rollup.protocol.slot import RestingOrder, SlotState, placed
from tests.helpers.lies import SIGNATURE, Liar, forge, make_liar, overfilled, placed_again
from tests.helpers.statement import claims_broken_by, claims_broken_in, denied, small_witness
from tests.helpers.venue import (
    BACKSTOP_ACCOUNT,
    BTC_PRICE,
    ETH,
    START,
    USDC,
    Match,
    buy,
    cancel,
    credit,
    rotate,
    sell,
    transfer,
    withdraw,
)

FILL = fill_table(1)
OFFER = sell(2, 2000)
"""What rests since the first batch of a liar's venue: 1,000 lots of it are left."""


@pytest.fixture
def liar(monkeypatch: pytest.MonkeyPatch) -> Liar:
    return make_liar(monkeypatch)


def taken(liar: Liar, size: int = 100, **parts: Any) -> Batch:
    """Trader 3 buys of the offer."""
    bid = buy(3, size, slot=1, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
    return liar.venue.batch(matches=[Match(bid, OFFER, size)], **parts)


def slots_of(records: Records, **changes: Any) -> Records:
    """The records with columns of the slot table changed."""
    return replace(records, slot=replace(records.slot, **changes))


def row_of(records: Records, account: int, slot: int = 0) -> int:
    """The row of a slot."""
    table = records.slot
    found = np.flatnonzero((table.account == account) & (table.slot == slot))
    return int(found[0])


def put(column: Any, row: int, value: int) -> Any:
    """A column with one cell changed."""
    changed = column.copy()
    changed[row] = value
    return changed


def rested(records: Records, time: int, row: int, **terms: int) -> Records:
    """What rests in a slot, before (0) or after (1) the batch, with other terms."""
    resting = list(records.slot.resting)
    columns = {name: put(getattr(resting[time], name), row, n) for name, n in terms.items()}
    resting[time] = replace(resting[time], **columns)
    return slots_of(records, resting=tuple(resting))


# What is honest.


def test_an_honest_life_breaks_nothing(liar: Liar) -> None:
    """Filled while it rests, filled to the end, replaced, cancelled, lapsed, and never filled."""
    assert liar.claims(taken(liar)) == set()
    assert liar.claims(taken(liar, 1000)) == set()
    other = sell(2, 50, generation=9)
    both = [Match(buy(3, 30, slot=2), OFFER, 30), Match(buy(1, 20, slot=2), other, 20)]
    assert liar.claims(liar.venue.batch(matches=both)) == set()
    assert liar.claims(taken(liar, cancels=[cancel(2)])) == set()
    assert liar.claims(taken(liar, lapsed=[(2, 0)])) == set()
    quiet = [buy(1, 5, 1, slot=8), sell(3, 7, 2**29, slot=255, generation=2**26 - 2)]
    assert liar.claims(liar.venue.batch(placed=quiet)) == set()


def test_two_orders_that_rest_meet(liar: Liar) -> None:
    """Nobody signs anything."""
    bid = buy(3, 40, slot=4, price=BTC_PRICE - 7)
    liar.venue.run(liar.venue.batch(placed=[bid]))
    offer = sell(1, 40, slot=5, price=BTC_PRICE - 7)
    liar.venue.run(liar.venue.batch(placed=[offer]))
    outcome = liar.outcome(liar.venue.batch(matches=[Match(bid, offer, 25, BTC_PRICE - 7)]))
    assert not outcome.steps.orders and claims_broken_by(outcome) == set()


@pytest.mark.parametrize("marks", [{"reduce_only": True}, {"pegged": True}, {"when_clamped": True}])
def test_marks_and_terms_of_the_largest_size_rest(liar: Liar, marks: dict[str, bool]) -> None:
    price = 2**19 + 5 if "pegged" in marks else 2**30 - 1
    bid = buy(2, 10, price, slot=255, expiry=2**EXPIRY_BITS - 1, max_fee=2**13 - 1, **marks)
    liar.venue.run(liar.venue.batch(placed=[bid]))
    batch = liar.venue.batch(matches=[Match(bid, sell(1, 10, slot=3), 4)])
    assert liar.claims(batch) == set()


def test_what_rests_trades_under_the_key_of_a_rotated_account_if_it_signed_it(liar: Liar) -> None:
    """The new key's order rests and trades; in the batch that exchanges the key none does."""
    venue = liar.venue
    entry = rotate(venue.state.globals.deposits_consumed, 2, 1)
    venue.run(venue.batch([entry]))
    venue.keys[2] = 1_000_002
    mine = sell(2, 60, slot=6)
    venue.run(venue.batch(placed=[mine]))
    assert liar.claims(venue.batch(matches=[Match(buy(3, 60, slot=1), mine, 60)])) == set()


# Acting again.


def test_a_signature_used_a_second_time(liar: Liar) -> None:
    """The order rests, and its signature brings it back in full."""
    again = liar.venue.signed(OFFER)
    bid = liar.venue.signed(buy(3, 100, slot=1))
    fill = taken(liar).fills[0]
    batch = liar.venue.assemble((), (bid, again), (forge(fill, buy=0, sell=1),))
    assert liar.refusal(batch) is Reason.GENERATION_DEAD
    liar.bend("placed", placed_again, actions)
    assert liar.claims(batch) == {"order.generation"}


@pytest.mark.parametrize("ended", ["filled", "cancelled", "lapsed", "paid"])
def test_a_signature_of_an_order_that_is_over(liar: Liar, ended: str) -> None:
    venue = liar.venue
    batches: dict[str, Callable[[], Batch]] = {
        "filled": lambda: taken(liar, 1000),
        "cancelled": lambda: venue.batch(cancels=[cancel(2)]),
        "lapsed": lambda: venue.batch(lapsed=[(2, 0)]),
        "paid": lambda: venue.batch(outflows=[withdraw(2, 5, slot=0, generation=3)]),
    }
    venue.run(batches[ended]())
    batch = taken(liar)
    assert liar.refusal(batch) is Reason.GENERATION_DEAD
    liar.bend("placed", placed_again, actions)
    assert liar.claims(batch) == {"order.generation"}


def test_a_generation_below_one_that_was_cancelled(liar: Liar) -> None:
    liar.venue.run(liar.venue.batch(cancels=[cancel(3, slot=1, generation=7)]))
    batch = liar.venue.batch(matches=[Match(buy(3, 9, slot=1, generation=7), OFFER, 9)])
    assert liar.refusal(batch) is Reason.GENERATION_DEAD
    liar.bend("placed", placed_again, actions)
    assert liar.claims(batch) == {"order.generation"}


def test_a_cancel_that_does_not_raise_the_generation(liar: Liar) -> None:
    """What it ends is gone, and what it was to keep away may still come."""
    batch = liar.venue.batch(cancels=[cancel(2, generation=5)])
    liar.bend("cancelled", lambda _, stored: forge(stored, order=None), actions)
    assert liar.claims(batch) == {"order.slot-access", "slot.value-after"}


def test_a_cancel_of_an_older_generation(liar: Liar) -> None:
    """It would end what was signed since."""
    venue = liar.venue
    venue.run(venue.batch(placed=[sell(2, 10, slot=3, generation=5)]))
    batch = venue.batch(cancels=[cancel(2, slot=3, generation=4)])
    assert liar.refusal(batch) is Reason.GENERATION_DEAD
    liar.bend("cancelled", lambda generation, _: SlotState(generation + 1), actions)
    assert liar.claims(batch) == {"order.generation"}


def test_a_cancel_that_nobody_signed(liar: Liar) -> None:
    signed = liar.venue.signed_cancel(cancel(2), by=3)
    batch = liar.venue.assemble((), (), (), cancels=(signed,))
    assert liar.refusal(batch) is Reason.ORDER_SIGNATURE
    liar.venue.suite = replace(liar.venue.suite, verify_many=lambda keys, *_: [True] * len(keys))
    assert liar.claims(batch) == SIGNATURE


def test_an_order_passed_off_as_a_cancel(liar: Liar) -> None:
    """The type of a message is in its digest."""
    outcome = liar.outcome(liar.venue.batch(cancels=[cancel(2)]))
    records = replay(outcome)
    lie = replace(records, order=replace(records.order, cancel=np.zeros(1, dtype=np.int64)))
    assert {"order.signed", "signature.tree"} <= claims_broken_in(lie, outcome.public)


def test_an_outflow_and_a_cancel_at_once(liar: Liar) -> None:
    outcome = liar.outcome(liar.venue.batch(outflows=[transfer(1, 2, USDC)]))
    records = replay(outcome)
    lie = replace(records, order=replace(records.order, cancel=np.ones(1, dtype=np.int64)))
    assert "order.one-kind" in claims_broken_in(lie, outcome.public)


def test_a_cancelled_order_is_filled(liar: Liar) -> None:
    """After the cancel, in the batch that takes it."""
    batch = taken(liar, cancels=[cancel(2)])
    honest = Actions.cancel
    fill_as_before = Actions.fill

    def fill(self: Actions, place: int, size: int, timestamp: int) -> Any:
        if not self._cancels:
            honest(self)
        return fill_as_before(self, place, size, timestamp)

    liar.monkeypatch.setattr(Actions, "fill", fill)
    liar.monkeypatch.setattr(Actions, "cancel", lambda self: None)

    def anyhow(generation: int, stored: SlotState, size: int) -> SlotState:
        del generation, size
        return stored

    assert liar.refusal(batch) is Reason.GENERATION_DEAD
    liar.bend("filled", anyhow, actions)
    assert {"fill.left", "fill.slot-access"} <= liar.claims(batch)


# How much.


def test_a_resting_order_filled_beyond_what_is_left(liar: Liar) -> None:
    batch = taken(liar, 1001, lapsed=[(2, 0)])
    assert liar.refusal(batch) is Reason.OVERFILLED
    liar.bend("filled", overfilled, actions)
    assert liar.claims(batch) == {"fill.left"}


def test_a_resting_order_that_is_left_as_it_was(liar: Liar) -> None:
    batch = taken(liar)

    def kept(generation: int, stored: SlotState, size: int) -> SlotState:
        del generation
        return stored if stored.left == 1000 else overfilled(0, stored, size)

    liar.bend("filled", kept, actions)
    assert liar.claims(batch) >= {"fill.left"}


def test_more_left_than_was_stored(liar: Liar) -> None:
    """In the old leaf, and all that follows from it."""
    outcome = liar.outcome(taken(liar))
    records = replay(outcome)
    row = row_of(records, 2)
    lie = rested(records, 0, row, left=2**40 - 1)
    assert {"slot.opened-once", "fill.slot-access"} <= claims_broken_in(lie, outcome.public)


# On what terms.


TERMS = {
    "market": ETH,
    "side": Side.BUY,
    "price": BTC_PRICE - 1,
    "max_fee": 8000,
    "reduce_only": 1,
    "pegged": 1,
    "when_clamped": 1,
    "expiry": START + 10**9 + 1,
    "left": 1001,
    "key_mark": 5,
}


@pytest.mark.parametrize("name", TERMS)
def test_a_fill_on_other_terms_than_rest(liar: Liar, name: str) -> None:
    """The old leaf of the slot is another one then."""
    outcome = liar.outcome(taken(liar))
    records = replay(outcome)
    lie = rested(records, 0, row_of(records, 2), **{name: TERMS[name]})
    assert "slot.opened-once" in claims_broken_in(lie, outcome.public)


@pytest.mark.parametrize("name", TERMS)
def test_an_order_comes_to_rest_on_other_terms_than_signed(liar: Liar, name: str) -> None:
    bid = buy(3, 10, BTC_PRICE + 9, slot=4)
    other = {**TERMS, "side": Side.SELL}[name]

    def bent(order: Order, key: Any, stored: SlotState) -> SlotState:
        found = placed(order, key, stored)
        if order != bid:
            return found
        return forge(found, order=forge(found.order, **{name: other}))

    liar.bend("placed", bent, actions)
    claims = liar.claims(liar.venue.batch(placed=[bid]))
    if name == "left":
        assert claims == {"order.slot-access", "slot.value-after"}
    else:
        assert claims == {"order.rests", "slot.rests"}


@pytest.mark.parametrize("name", TERMS)
def test_an_order_rests_on_with_other_terms(liar: Liar, name: str) -> None:
    """Those of what rested before are kept in the new leaf."""
    honest = Actions.finish

    def finish(self: Actions) -> None:
        honest(self)
        stored = self._ledger.slots[2, 0]
        order = forge(stored.order, **{name: TERMS[name]})
        self._ledger.slots[2, 0] = forge(stored, order=order)

    liar.monkeypatch.setattr(Actions, "finish", finish)
    claims = liar.claims(taken(liar))
    if name == "left":
        assert claims == {"fill.slot-access", "slot.value-after"}
    else:
        assert claims == {"slot.kept"}


def test_an_expired_order_that_rests(liar: Liar) -> None:
    venue = liar.venue
    soon = sell(2, 10, slot=3, expiry=START + 10_000)
    venue.run(venue.batch(placed=[soon]))
    match = Match(buy(3, 10, slot=1), soon, 10)
    assert liar.claims(venue.batch(matches=[match])) == set()
    late = venue.batch(matches=[match], step=20_000)
    assert liar.refusal(late) is Reason.ORDER_EXPIRED
    liar.blind("require_in_time", actions)
    assert liar.claims(late) == {"slot.expiry"}


def test_an_expiry_that_comes_apart_as_a_later_one(liar: Liar) -> None:
    """Its upper bits run over into the fee: 2^17 more, and one millionth less."""
    outcome = liar.outcome(taken(liar))
    records = replay(outcome)
    row = row_of(records, 2)
    before = records.slot.resting[0]
    more = int(before.expiry[row]) + 2**43
    lie = rested(records, 0, row, expiry=more, max_fee=int(before.max_fee[row]) - 1)
    claims = claims_broken_in(lie, outcome.public)
    assert "slot.bounds" in claims and "slot.opened-once" not in claims


@pytest.mark.parametrize(
    ("cells", "side"),
    [
        ({"market": 2**20, "price.1": -1}, {"limit.1": -1}),
        ({"market": -(2**20), "price.1": 1}, {"limit.1": 1}),
        ({"market": 2**16, "side": -1}, {}),
        ({"market": -(2**17), "reduce_only": 1}, {"reduce_only": 1}),
    ],
    ids=["a lower price", "a higher price", "the other side", "a mark"],
)
def test_a_kind_that_comes_apart_in_another_way(
    liar: Liar, cells: dict[str, int], side: dict[str, int]
) -> None:
    """The leaf is the same, and the fill is told what it trades on: but no market is called so, and
    a fill says its sides."""
    witness = small_witness(liar.outcome(taken(liar)))
    change_cells(witness.traces["slot"], TABLE, "offers", cells)
    seller = {f"seller.{name}": step for name, step in side.items()}
    change_cells(witness.traces["fill"], FILL, "active", seller)
    claims = denied(witness.failures())
    assert {"fill.order", "slot.offered"} <= claims and "slot.leaf-before" not in claims
    change_cells(witness.traces["fill"], FILL, "active", {"market": cells["market"]})
    claims = denied(witness.failures())
    assert {"fill.market", "fill.order"} <= claims


def change_cells(trace: Any, table: Any, flag: str, steps: dict[str, int]) -> None:
    """Add to cells of the first row that has a flag."""
    names = table.columns.names()
    row = int(np.flatnonzero(trace[:, names.index(flag)] == 1)[0])
    for name, step in steps.items():
        at = names.index(name)
        trace[row, at] = (int(trace[row, at]) + step) % P


def test_an_order_of_another_key(liar: Liar) -> None:
    """Whoever had the key before its owner exchanged it is rid of nothing that he signed."""
    venue = liar.venue
    entry = rotate(venue.state.globals.deposits_consumed, 2, 1)
    venue.run(venue.batch([entry]))
    batch = taken(liar)
    assert liar.refusal(batch) is Reason.ORDER_SIGNATURE
    liar.monkeypatch.setattr(Actions, "_found", unlooked)
    assert liar.claims(batch) == {"slot.key-mark", "header.key-mark"}


def test_an_order_of_a_key_that_is_exchanged_in_the_batch(liar: Liar) -> None:
    entry = rotate(liar.venue.state.globals.deposits_consumed, 2, 1)
    batch = taken(liar, deposits=[entry])
    assert liar.refusal(batch) is Reason.ORDER_SIGNATURE
    liar.monkeypatch.setattr(Actions, "_found", unlooked)
    outcome = liar.outcome(batch)
    assert claims_broken_by(outcome) == {"slot.key-mark", "header.key-mark"}
    records = replay(outcome)
    header = records.header
    old = {"mark_uses": header.mark_uses * 0, "keyed": header.keyed * 0}
    first = int(np.flatnonzero((header.account == 2) & (header.renewed == 0))[0])
    lie = replace(header, **{name: put(column, first, 1) for name, column in old.items()})
    claims = claims_broken_in(replace(records, header=lie), outcome.public)
    assert {"header.opened", "account.header-opened"} <= claims


def unlooked(self: Actions, place: int) -> Order:
    """A resting order, whatever its time and key."""
    key, batch = self._batch.resting[place], self._batch
    stored = self._ledger.slot(key)
    self._before.append(stored)
    assert stored.order is not None
    return stored.order.order(batch.chain, batch.venue, key, stored.generation - 1)


def test_a_resting_order_of_the_backstop_is_reduce_only(liar: Liar) -> None:
    """It says nothing of that, and would take risk."""
    venue = liar.venue
    entry = credit(venue.state.globals.deposits_consumed, BACKSTOP_ACCOUNT, 1000 * USDC)
    mine = buy(BACKSTOP_ACCOUNT, 10, slot=5)
    venue.run(venue.batch([entry], placed=[mine]))
    batch = venue.batch(matches=[Match(mine, sell(3, 10, slot=6), 10)])
    assert liar.refusal(batch) is Reason.REDUCE_ONLY
    liar.blind("require_backstop_order", by_order)
    outcome = liar.outcome(batch)
    assert claims_broken_by(outcome) == {"fill.reduce-only"}
    records = replay(outcome)
    lie = slots_of(records, backstop=3)
    assert {"slot.key-mark", "header.key-mark"} <= claims_broken_in(lie, outcome.public)


# For how long.


def test_an_immediate_order_comes_to_rest(liar: Liar) -> None:
    bid = buy(3, 100, slot=4, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
    batch = liar.venue.batch(matches=[Match(bid, OFFER, 60)])
    assert liar.claims(batch) == set()
    honest = Actions._lapse
    liar.monkeypatch.setattr(
        Actions, "_lapse", lambda self, key: None if key == (3, 4) else honest(self, key)
    )
    assert liar.claims(batch) == {"order.rests"}


def test_a_rest_carried_on_under_a_new_generation(liar: Liar) -> None:
    """What rested before lives on in the place of what was signed since."""
    batch = liar.venue.batch(cancels=[cancel(2, generation=5)])
    assert liar.claims(batch) == set()

    def carried(generation: int, stored: SlotState) -> SlotState:
        return replace(stored, generation=generation + 1)

    liar.bend("cancelled", carried, actions)
    assert liar.claims(batch) == {"order.slot-access", "slot.value-after", "slot.kept"}


def test_a_rest_under_a_generation_that_memory_has(liar: Liar) -> None:
    """The order that came in its place lapses, and the older one lives on with its lots."""
    new = buy(2, 1000, slot=0, generation=4)
    outcome = liar.outcome(liar.venue.batch(placed=[new]))
    records = replay(outcome)
    row = row_of(records, 2)
    old = {name: int(getattr(records.slot.resting[0], name)[row]) for name in TERMS}
    lie = rested(records, 1, row, **old)
    lie = slots_of(lie, rests=put(lie.slot.rests, row, 0))
    lie = replace(lie, order=replace(lie.order, rests=np.zeros(1, dtype=np.int64)))
    claims = claims_broken_in(lie, outcome.public)
    assert "slot.kept" in claims


def test_terms_are_left_in_a_slot_with_nothing_left(liar: Liar) -> None:
    batch = taken(liar, 1000)

    def remains(generation: int, stored: SlotState, size: int) -> SlotState:
        del generation
        assert isinstance(stored.order, RestingOrder)
        return forge(stored, order=forge(stored.order, left=stored.left - size))

    liar.bend("filled", remains, actions)
    assert liar.claims(batch) == {"slot.something-left"}


def test_terms_of_what_lapsed(liar: Liar) -> None:
    outcome = liar.outcome(taken(liar, lapsed=[(2, 0)]))
    records = replay(outcome)
    row = row_of(records, 2)
    lie = rested(records, 1, row, market=1)
    assert "slot.kept" in claims_broken_in(lie, outcome.public)


def test_a_lapsed_order_is_offered_in_the_next_batch(liar: Liar) -> None:
    liar.venue.run(liar.venue.batch(lapsed=[(2, 0)]))
    batch = liar.venue.batch(matches=[Match(buy(3, 9, slot=1), sell(1, 9, slot=1), 9)])
    outcome = liar.outcome(batch)
    records = replay(outcome)
    # The seller's row offers what lapsed in another slot of another account.
    fills = records.fill
    seller = replace(
        fills.sides[1],
        slot=np.zeros(1, dtype=np.int64),
        generation=np.full(1, 2, dtype=np.int64),
    )
    lie = replace(records, fill=replace(fills, sides=(fills.sides[0], seller)))
    claims = claims_broken_in(lie, outcome.public)
    assert {"fill.order", "fill.slot-access", "order.offered"} <= claims


def test_a_slot_where_nothing_rests_offers_something(liar: Liar) -> None:
    """Terms of zeros, of which nothing is left to fill."""
    liar.venue.run(liar.venue.batch(lapsed=[(2, 0)]))
    batch = liar.venue.batch(cancels=[cancel(2, generation=9)])
    outcome = liar.outcome(batch)
    records = replay(outcome)
    row = row_of(records, 2)
    lie = slots_of(
        records, uses=put(records.slot.uses, row, 1), offers=put(records.slot.offers, row, 1)
    )
    claims = claims_broken_in(lie, outcome.public)
    assert {"slot.offered", "slot.expiry", "slot.key-mark"} <= claims


def test_fills_of_a_row_that_offers_nothing(liar: Liar) -> None:
    """Nobody looks at time and key."""
    outcome = liar.outcome(taken(liar))
    records = replay(outcome)
    lie = slots_of(records, offers=records.slot.offers * 0)
    claims = claims_broken_in(lie, outcome.public)
    assert claims == {"slot.unoffered", "header.key-mark"}


@pytest.mark.parametrize("name", ["rests", "offers"])
def test_a_slot_row_in_padding_says_nothing(liar: Liar, name: str) -> None:
    """An order of nobody's slot is offered, or comes to rest in none."""
    witness = small_witness(liar.outcome(taken(liar)))
    names = TABLE.columns.names()
    trace = witness.traces["slot"]
    padding = int(np.flatnonzero(trace[:, names.index("active")] == 0)[0])
    trace[padding, names.index(name)] = 1
    claim = {"rests": "slot.rests", "offers": "slot.padding-is-silent"}[name]
    assert claim in denied(witness.failures())


def test_an_order_that_comes_to_rest_where_it_does_not(liar: Liar) -> None:
    """Its row says that it rests, and the slot's row that nothing does."""
    bid = buy(3, 10, slot=4)
    outcome = liar.outcome(liar.venue.batch(placed=[bid]))
    records = replay(outcome)
    row = row_of(records, 3, 4)
    nothing = dict.fromkeys(TERMS, 0)
    lie = rested(records, 1, row, **nothing)
    gone = {"live": put(lie.slot.live, row, 0), "rests": put(lie.slot.rests, row, 0)}
    claims = claims_broken_in(slots_of(lie, **gone), outcome.public)
    assert {"order.rests", "slot.opened-once"} <= claims
