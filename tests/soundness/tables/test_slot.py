"""The slot row: what it offers, until when, and what it closes with."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits.gadgets.buses import KEY_MARK, MEMORY, NODE, ORDER, RESTING
from circuits.gadgets.words import SLOT_WORD
from circuits.tables.slot.air import TABLE
from circuits.tables.slot.trace import build
from circuits.tables.slot_records import RestingRecords, SlotRecords
from rollup.hash.many import compress_many
from rollup.protocol.constants import EXPIRY_BITS
from rollup.protocol.encoding import limbs, packed
from rollup.protocol.order import Side
from rollup.protocol.slot import RestingOrder, SlotState, slot_leaves
from tests.helpers.isolation import Isolated

ACCOUNT, SLOT, NOW = 77, 201, 1_723_000_000_000
SLOTS = Isolated(TABLE, {"time": limbs(NOW, 52)})
TERMS: dict[str, Any] = {
    "market": 40_000,
    "side": Side.SELL,
    "price": 2**30 - 9,
    "left": 2**40 - 7,
    "expiry": NOW + 5,
    "max_fee": 8_191,
    "reduce_only": True,
    "pegged": False,
    "when_clamped": True,
    "key_mark": 2**31 - 2**24,
}


def column(value: int) -> Any:
    return np.array([value], dtype=np.int64)


def records(*states: SlotState, uses: int = 0, rests: int = 0, left: int | None = None) -> Any:
    """One slot before and after; `left` are the lots at its last access."""
    before, after = states

    def terms(state: SlotState) -> RestingRecords:
        order = state.order
        return RestingRecords(**{n: column(int(getattr(order, n)) if order else 0) for n in TERMS})

    return SlotRecords(
        account=column(ACCOUNT),
        slot=column(SLOT),
        generation=(column(before.generation), column(after.generation)),
        resting=(terms(before), terms(after)),
        last_ts=column(99),
        left=column(after.left if left is None else left),
        live=column(after.order is not None),
        rests=column(rests),
        offers=column(uses > 0),
        uses=column(uses),
        time=NOW,
        backstop=ACCOUNT,
    )


def resting(generation: int = 8, **terms: Any) -> SlotState:
    return SlotState(generation, RestingOrder(**{**TERMS, **terms}))


def trace(*states: SlotState, **told: Any) -> Any:
    return build(records(*states, **told), 4, 0)


def test_an_order_that_trades_and_rests_on() -> None:
    before, after = resting(), resting(left=5)
    matrix = trace(before, after, uses=3)
    assert SLOTS.failed(matrix) == set()
    low, high = packed(TERMS["price"], 30)
    terms = (40_000, 1, low, high, 8_191, 0, 1, 1, 1)
    assert SLOTS.messages(matrix, ORDER) == {(ACCOUNT, SLOT, 8, *terms): 3}
    assert SLOTS.messages(matrix, KEY_MARK) == {(ACCOUNT, TERMS["key_mark"], 1): -1}
    assert SLOTS.messages(matrix, RESTING) == {}
    word = (ACCOUNT, SLOT_WORD + SLOT)
    assert SLOTS.messages(matrix, MEMORY) == {
        (*word, 0, 8, *packed(2**40 - 7, 40), 0): 1,
        (*word, 99, 8, 5, 0, 0): -1,
    }
    leaves = slot_leaves([before, after], compress_many)
    node = (ACCOUNT + 1, 8, SLOT, *leaves[0], *leaves[1])
    assert SLOTS.messages(matrix, NODE) == {node: -1}


def test_an_order_that_comes_to_rest_in_its_place() -> None:
    after = resting(30, left=5, side=Side.BUY, pegged=True, price=3)
    matrix = trace(resting(), after, rests=1)
    assert SLOTS.failed(matrix) == set()
    ((told, count),) = SLOTS.messages(matrix, RESTING).items()
    kind = 40_000 + 2**17 + 2**18 + 2**19
    above = (NOW + 5 >> 26) + 8_191 * 2**17
    expiry = (NOW + 5) % 2**26
    words = (kind, 3, expiry, above, TERMS["key_mark"])
    assert (told, count) == ((ACCOUNT, SLOT, 30, *words), -1)
    assert SLOTS.messages(matrix, KEY_MARK) == {}


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ((SlotState(0), SlotState(0)), {}),
        ((SlotState(0), SlotState(3)), {"left": 4}),
        ((resting(), SlotState(8)), {"left": 2**40 - 7}),
        ((resting(), SlotState(8)), {"uses": 2}),
        ((resting(), resting()), {}),
        ((resting(), SlotState(2**26 - 1)), {"left": 2**40 - 1}),
    ],
    ids=["nothing", "a lapse", "another lapse", "the last lots", "untouched", "used up"],
)
def test_other_ways_to_close_it(states: tuple[SlotState, SlotState], told: dict[str, int]) -> None:
    matrix = trace(*states, **told)
    assert SLOTS.failed(matrix) == set()
    ((node, _),) = SLOTS.messages(matrix, NODE).items()
    leaves = slot_leaves(states, compress_many)
    assert node[3:] == (*leaves[0], *leaves[1])


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.integers(0, 2**EXPIRY_BITS - 1),
        st.sampled_from((0, -1, 1, 2**26, -(2**26), 2**39, -(2**39))).map(lambda n: NOW + n),
    )
)
def test_an_order_is_offered_exactly_until_it_expires(expiry: int) -> None:
    matrix = trace(resting(expiry=expiry), SlotState(8), uses=1)
    assert SLOTS.failed(matrix) == (set() if expiry >= NOW else {"slot.expiry"})
    silent = trace(resting(expiry=expiry), SlotState(8), left=1)
    assert SLOTS.failed(silent) == set()


@pytest.mark.parametrize("more", [1, -1])
def test_an_expiry_that_runs_over_into_the_fee(more: int) -> None:
    """The word of the leaf is the same: 2^17 more of the one is one less of the other."""
    matrix = trace(resting(max_fee=5, expiry=NOW + 2**42), SlotState(8), uses=1)
    names = TABLE.columns.names()
    high, fee = names.index("expiry_high.1"), names.index("max_fee.0")
    forged = SLOTS.forge(matrix, 0, "expiry_high.1", int(matrix[0, high]) + 16 * more)
    forged = SLOTS.forge(forged, 0, "max_fee.0", int(matrix[0, fee]) - more)
    assert "slot.bounds" in SLOTS.failed(forged)


@pytest.mark.parametrize(
    ("column_", "value", "claims"),
    [
        ("offers", 0, {"slot.unoffered"}),
        ("offers", 2, {"slot.flags", "slot.unoffered"}),
        ("active", 0, {"slot.padding-is-silent"}),
        ("live", 0, {"slot.kept", "slot.something-left"}),
        ("live", 2, {"slot.flags", "slot.kept", "slot.something-left"}),
        ("rests", 2, {"slot.flags"}),
        ("last_generation", 9, {"slot.kept"}),
        ("left_inverse", 0, {"slot.something-left"}),
        ("pegged", 2, {"slot.flags", "slot.kept"}),
        ("reduce_only", 2, {"slot.flags", "slot.kept"}),
        ("when_clamped", 2, {"slot.flags", "slot.kept"}),
        *((f"terms.{k}", 77, {"slot.kept"}) for k in range(5)),
    ],
)
def test_a_changed_cell_breaks_its_claim(column_: str, value: int, claims: set[str]) -> None:
    matrix = trace(resting(), resting(left=5), uses=1)
    assert SLOTS.failed(SLOTS.forge(matrix, 0, column_, value)) == claims


def test_nothing_rests_in_a_row_that_is_not_in_use() -> None:
    matrix = trace(resting(), resting(30, left=5), rests=1)
    assert SLOTS.failed(SLOTS.forge(matrix, 0, "active", 0)) == {"slot.rests"}


def test_an_order_that_rests_where_nothing_is_live() -> None:
    """The leaf would have its terms, and no lots."""
    lie = trace(resting(), resting(30, left=5), rests=1)
    lie = SLOTS.forge(SLOTS.forge(lie, 0, "live", 0), 0, "left_inverse", 0)
    assert {"slot.rests"} <= SLOTS.failed(lie)


def test_an_order_of_no_lots_is_not_live() -> None:
    matrix = trace(resting(), resting(left=1), uses=1)
    assert SLOTS.failed(SLOTS.forge(matrix, 0, "last_left.0", 0)) == {"slot.something-left"}
