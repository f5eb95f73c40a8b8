"""Lies about counters: they are not those of the positions, or a sweep does not look at them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from circuits.tables.position.air import TABLE as POSITION
from circuits.tables.trigger.air import PLACE_BITS
from circuits.tables.trigger.air import TABLE as TRIGGER
from rollup.field.koalabear import P
from rollup.protocol import closing, counting, transition
from rollup.protocol.account import Account
from rollup.protocol.batch import Batch
from rollup.protocol.positions import Positions
from rollup.protocol.terms import batch_terms
from rollup.protocol.triggers import LONG, Seat, leaf_of
from tests.helpers.closings import Terms
from tests.helpers.lies import Liar
from tests.helpers.skipped import (
    DUE,
    NEEDY,
    RICH,
    at_the_price,
    fallen_book,
    numbers,
    uncounted,
    whole,
)
from tests.helpers.statement import (
    claims_broken_by,
    claims_broken_in,
    denied,
    small_witness,
)
from tests.helpers.venue import (
    BTC,
    BTC_PRICE,
    ETH_PRICE,
    Match,
    buy,
    sell,
    with_pre,
)


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> Liar:
    return fallen_book(monkeypatch)


# Counters.

Moves = Callable[[Account | None, Account | None], Iterator[tuple[Seat, int]]]


def bend_moves(book: Liar, change: Callable[[Seat, int], list[tuple[Seat, int]]]) -> None:
    """Let triggers be counted otherwise than positions move."""
    honest: Moves = counting.moves

    def moves(before: Account | None, after: Account | None) -> Iterator[tuple[Seat, int]]:
        for seat, sign in honest(before, after):
            yield from change(seat, sign)

    book.bend("moves", moves, counting)
    uncounted(book.monkeypatch)


@pytest.mark.parametrize(
    ("change", "claims"),
    [
        (lambda seat, sign: [(seat, sign)] * (sign < 0), {"position.counted"}),
        (lambda seat, sign: [(seat, sign)] * (sign > 0), {"position.counted"}),
        (
            lambda seat, sign: [(seat, sign), (seat, sign)],
            {"position.counted", "trigger.counted"},
        ),
        (
            lambda seat, sign: [(seat._replace(side=1 - seat.side), sign)],
            {"position.counted", "trigger.counted"},
        ),
        (
            lambda seat, sign: [(seat._replace(market=1 - seat.market), sign)],
            {"position.counted", "trigger.counted"},
        ),
        (
            lambda seat, sign: [(seat._replace(trigger=seat.trigger ^ 1), sign)],
            {"position.counted", "trigger.counted"},
        ),
        (lambda seat, sign: [(seat, -sign)], {"position.counted", "trigger.counted"}),
    ],
    ids=[
        "a trigger that was taken is not counted",
        "one that was left still is",
        "counted twice",
        "counted for the other side",
        "for another market",
        "next to it",
        "the wrong way round",
    ],
)
def test_counters_that_are_not_those_of_the_positions(
    book: Liar, change: Any, claims: set[str]
) -> None:
    batch = book.venue.batch(refreshed=[DUE])
    bend_moves(book, change)
    lie = book.as_it_is(bare(book, batch, change))
    assert claims_broken_by(lie) == claims


def bare(book: Liar, batch: Batch, change: Any) -> Batch:
    """The batch with all leaves that bent moves touch, and no sweep."""
    account = book.venue.state.accounts[DUE]
    terms = batch_terms(batch.governance, batch.book)
    steps = transition.take_steps(batch, transition.Ledger(batch.pre))
    safety = steps.closings[DUE].safety
    new = replace(account, triggers=closing.triggers_of(account.positions, safety, terms))
    seats = {seat for seat, _ in counting.moves(account, new)}
    old = book.venue.state.markets.frontiers
    stay = tuple(
        tuple(max(a, b) for a, b in zip(before, at, strict=True))
        for before, at in zip(old, numbers(book), strict=True)
    )
    triggers, siblings = book.venue.state.open_triggers(sorted({leaf_of(*s) for s in seats}))
    return replace(with_pre(batch, triggers=triggers, trigger_siblings=siblings), frontiers=stay)


def test_a_counter_lowered_without_a_touch(book: Liar) -> None:
    """Trader 1 is left out, and its counter goes to zero all the same: then the sweep is clean."""
    batch = at_the_price(book, book.venue.batch(refreshed=[DUE]))
    seat = Seat(BTC, LONG, book.venue.state.accounts[NEEDY].triggers[0])
    owner = book.venue.state.accounts[DUE].header.owner
    honest: Moves = counting.moves

    def moves(before: Account | None, after: Account | None) -> Iterator[tuple[Seat, int]]:
        yield from honest(before, after)
        if before is not None and before.header.owner == owner:
            yield seat, -1

    book.bend("moves", moves, counting)
    lie = book.as_it_is(batch)
    assert lie.public.closed
    assert "trigger.counted" in claims_broken_by(lie)


@pytest.mark.parametrize("shift", [-1, 1], ids=["deeper than safety allows", "above the price's"])
def test_a_trigger_that_does_not_follow_from_safety(book: Liar, shift: int) -> None:
    honest = closing.triggers_of

    def triggers_of(positions: Positions, safety: int, terms: Terms) -> tuple[int, ...]:
        return tuple(each + shift for each in honest(positions, safety, terms))

    for module in ("rollup.protocol.closing", "rollup.protocol.openings"):
        book.monkeypatch.setattr(f"{module}.triggers_of", triggers_of)
    lie = book.outcome(whole(book))
    assert claims_broken_by(lie) == {"position.trigger"}


def test_a_trigger_lifted_from_the_lowest_or_sunk_to_it(book: Liar) -> None:
    """`sunk` says how far below 0 it would be: something, where it is not."""
    witness = small_witness(book.outcome(whole(book)))
    trace, names = witness.traces["position"], POSITION.columns.names()
    (row, *_) = np.flatnonzero(trace[:, names.index("account")] == DUE)
    trace[row, names.index("sunk.0")] = 5
    # The number that the row asks for no more is also the safety of who was healed.
    found = denied(witness.failures())
    assert (
        {"position.trigger"}
        <= found
        <= {
            "position.trigger",
            "account.closing-limbs",
            "market.tally-bounds",
        }
    )


def test_a_move_kept_silent(book: Liar) -> None:
    """Neither the old trigger nor the new one is told."""
    witness = small_witness(book.outcome(whole(book)))
    trace, names = witness.traces["position"], POSITION.columns.names()
    for row in np.flatnonzero(trace[:, names.index("account")] == DUE):
        trace[row, names.index("kept")] = 1
    assert {"position.kept", "trigger.counted"} <= denied(witness.failures())


def test_a_flip_kept_silent(book: Liar) -> None:
    """A long became a short with the trigger that it had: as a long it is counted for good."""
    venue = book.venue
    venue.prices = (BTC_PRICE, ETH_PRICE)
    flip = Match(buy(RICH, 2000, slot=5), sell(DUE, 2000, slot=5), 2000)
    witness = small_witness(book.outcome(venue.batch(matches=[flip])))
    assert not witness.failures()
    trace, names = witness.traces["position"], POSITION.columns.names()
    mine = (trace[:, names.index("account")] == DUE) & (trace[:, names.index("market")] == BTC)
    (row,) = np.flatnonzero(mine)
    trace[row, names.index("kept")] = 1
    trace[row, names.index("after.trigger")] = trace[row, names.index("before.trigger")]
    missed = {"position.trigger", "position.leaf-after", "position.published"}
    assert denied(witness.failures()) == {"position.kept", "trigger.counted", *missed}


def test_a_trigger_of_no_position(book: Liar) -> None:
    """A row of no account, which says that a trigger was left."""
    witness = small_witness(book.outcome(whole(book)))
    trace, names = witness.traces["position"], POSITION.columns.names()
    row = int(np.flatnonzero(trace[:, 0] == 0)[0])
    honest = trace[int(np.flatnonzero(trace[:, names.index("account")] == DUE)[0])].copy()
    for name in names:
        if name.startswith("before.") or name == "market":
            trace[row, names.index(name)] = honest[names.index(name)]
    assert "position.padding-is-silent" in denied(witness.failures())


# Leaves and sweeps, row by row.


def changed(book: Liar, batch: Batch, **columns: Callable[[int], int]) -> set[str]:
    """What the circuit says of a change in the first row of a leaf that sweeps."""
    witness = small_witness(book.outcome(batch))
    trace, names = witness.traces["trigger"], TRIGGER.columns.names()
    row = int(np.flatnonzero(trace[:, names.index("sweeps")])[0])
    for name, change in columns.items():
        place = names.index(name.replace("__", "."))
        trace[row, place] = change(int(trace[row, place])) % P
    return denied(witness.failures())


def test_a_leaf_split_into_another_side_and_place(book: Liar) -> None:
    """It would answer for triggers of two sides."""
    claims = changed(
        book,
        whole(book),
        side=lambda side: side - 1,
        place__0=lambda place: place + 2**PLACE_BITS,
    )
    assert {"trigger.place", "trigger.swept"} <= claims


def test_a_counter_in_the_middle_left_out_of_a_sweep(book: Liar) -> None:
    def turned(bit: int) -> int:
        return 1 - bit

    claims = changed(book, whole(book), swept__4=turned)
    assert claims & {"trigger.one-run", "trigger.swept"}


def test_a_sweep_taken_at_another_place(book: Liar) -> None:
    claims = changed(book, whole(book), highest=lambda place: place - 1)
    assert {"trigger.highest", "trigger.swept"} <= claims


def test_a_leaf_of_triggers_opened_twice(book: Liar) -> None:
    """Each time with a part of the positions: the tree sends it once."""
    outcome = book.outcome(whole(book))
    records = replay(outcome)
    trigger = records.trigger
    rows = [0, *range(len(trigger.index))]
    names = ("index", "old", "left", "taken", "swept", "staying")
    twice = replace(trigger, **{name: getattr(trigger, name)[rows] for name in names})
    claims = claims_broken_in(replace(records, trigger=twice), outcome.public)
    assert "trigger.opened-once" in claims


def test_old_counters_that_the_leaf_does_not_have(book: Liar) -> None:
    outcome = book.outcome(whole(book))
    records = replay(outcome)
    old = np.zeros_like(records.trigger.old)
    left = np.zeros_like(old)
    assert (old != records.trigger.old).any()
    lie = replace(records, trigger=replace(records.trigger, old=old, left=left))
    assert {"trigger.opened-once", "position.counted"} <= claims_broken_in(lie, outcome.public)


def test_a_padding_row_that_hears_or_sweeps(book: Liar) -> None:
    for column in ("left.3", "taken.0", "sweeps"):
        witness = small_witness(book.outcome(whole(book)))
        trace, names = witness.traces["trigger"], TRIGGER.columns.names()
        row = int(np.flatnonzero(trace[:, 0] == 0)[0])
        trace[row, names.index(column)] = 1
        assert "trigger.padding-is-silent" in denied(witness.failures())


@pytest.mark.parametrize(
    ("table", "column", "claim"),
    [
        ("trigger", "active", "trigger.flags"),
        ("market", "active", "market.flags"),
        ("market", "listed", "market.flags"),
    ],
)
def test_a_row_that_counts_twice(book: Liar, table: str, column: str, claim: str) -> None:
    witness = small_witness(book.outcome(whole(book)))
    names = witness.circuit.table(table).table.columns.names()
    witness.traces[table][0, names.index(column)] = 2
    assert claim in denied(witness.failures())


def test_a_market_of_no_row_said_to_be_listed(book: Liar) -> None:
    witness = small_witness(book.outcome(whole(book)))
    names = witness.circuit.table("market").table.columns.names()
    row = int(np.flatnonzero(witness.traces["market"][:, names.index("active")] == 0)[0])
    witness.traces["market"][row, names.index("listed")] = 1
    assert "market.padding-is-silent" in denied(witness.failures())


def test_counters_of_another_state(book: Liar) -> None:
    """The tree is opened from a root that the old state root does not have."""
    outcome = book.outcome(whole(book))
    records = replay(outcome)
    before, after = records.batch.triggers_root
    lie = replace(records, batch=replace(records.batch, triggers_root=(after, after)))
    claims = claims_broken_in(lie, outcome.public)
    assert {"batch.triggers-root", "batch.root-before"} <= claims
    assert (before != after).any()
