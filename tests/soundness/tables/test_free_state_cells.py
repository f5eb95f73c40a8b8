"""Free-cell probe of the state tables: each column of an honest row is changed in a row of its own.

Rows do not see each other here, so one trace holds all changes. Noticed means: a constraint breaks,
a value leaves its range, or a message on a bus other than RANGE changes. What may be free, and why,
is said beside each case.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.air import check
from circuits.air.bus import RANGE
from circuits.air.circuit import Circuit
from circuits.air.evaluate import filled, messages
from circuits.air.graph import MODULUS
from circuits.air.table import Table
from circuits.gadgets.balanced import balanced
from circuits.gadgets.buses import BUSES, TRADE_KINDS
from circuits.statement.inputs import PUBLICS
from circuits.statement.witness import account_tables
from circuits.tables.account.air import TABLE as ACCOUNT
from circuits.tables.header.air import TABLE as HEADER
from circuits.tables.header.trace import build as build_header
from circuits.tables.market.air import TABLE as MARKET
from circuits.tables.market.trace import build as build_market
from circuits.tables.position.air import TABLE as POSITION
from circuits.tables.records import (
    HeaderRecords,
    TreeRecords,
    TriggerRecords,
)
from circuits.tables.slot.air import TABLE as SLOT
from circuits.tables.slot.trace import build as build_slot
from circuits.tables.slot_records import RestingRecords, SlotRecords
from circuits.tables.total.air import TABLE as TOTAL
from circuits.tables.tree.air import TABLE as TREE
from circuits.tables.tree.trace import build as build_tree
from circuits.tables.trigger.air import TABLE as TRIGGER
from circuits.tables.trigger.trace import build as build_trigger
from rollup.protocol.barred import ExitBar
from rollup.protocol.holding import Holding
from rollup.protocol.margin import value
from tests.helpers.closings import BACKSTOP, Case, Offer, Parts, honest_offer, records_of
from tests.helpers.market_books import terms_at
from tests.helpers.venue import BTC_PRICE, ETH_PRICE, held

CHANGES = (1, 4096)

TERMS = terms_at((BTC_PRICE, ETH_PRICE))
HEIGHTS = {"account": 4, "position": 4, "total": 4}


def publics() -> tuple[int, ...]:
    """Nothing public is read by these tables, but whose account the backstop is."""
    values: dict[str, Any] = {name: (0,) * size if size > 1 else 0 for name, size in PUBLICS.sizes}
    values["backstop_account"] = BACKSTOP
    return PUBLICS.flatten(values)


def rows_of(parts: Parts) -> dict[str, Any]:
    """The first row of account, position and total."""
    return {name: trace[0] for name, trace in account_tables(*parts, HEIGHTS, 0)[0].items()}


def unnoticed(table: Table, honest: Any, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of the columns of which some change goes unnoticed."""
    monkeypatch.setattr(check, "ROWS_PER_CLAIM", 10**6)
    names = table.columns.names()
    # An honest row lies between two that are tried, since some tables read the row below.
    tried = [(index, change) for index in range(len(names)) for change in CHANGES]
    height = 1 << (2 * len(tried)).bit_length()
    trace = np.tile(honest, (height, 1))
    if "flagged" in names:
        more = int(honest[names.index("after.below")]) - int(honest[names.index("before.below")])
        trace[:, names.index("flagged")] = np.arange(1, height + 1) * more % MODULUS
    for place, (index, change) in enumerate(tried, start=1):
        trace[2 * place, index] = (int(trace[2 * place, index]) + change) % MODULUS
    circuit = Circuit.build([(table, height)], PUBLICS, BUSES)
    noticed = rows_noticed(filled(circuit.tables[0], trace))
    assert 0 not in noticed, "the honest row itself is refused"
    found = enumerate(tried, start=1)
    return {names[index] for place, (index, _) in found if not {2 * place, 2 * place - 1} & noticed}


def rows_noticed(table: Any) -> set[int]:
    """Rows that break something, or say something else than row 0."""
    known = publics()
    rows = {failure.row for failure in check.check_constraints(table, known)}
    for said in messages(table, known, [bus.identifier for bus in BUSES]):
        if said.interaction.bus == RANGE.identifier:
            rows |= set(said.rows[said.payload[:, 1] >= 1 << said.payload[:, 0]].tolist())
            continue
        tuples = zip(said.payload.tolist(), said.counts.tolist(), strict=True)
        spoken = dict(zip(said.rows.tolist(), tuples, strict=True))
        rows |= {row for row in range(table.active) if spoken.get(row) != spoken.get(0)}
    return rows


def free_limbs(name: str, count: int) -> set[str]:
    return {f"{name}.{place}" for place in range(count)}


ROOM = {name for name in ACCOUNT.columns.names() if name.startswith("room")}
"""What the rest falls short of a bucket: not asked where the safety is the cap."""

CARRIES = {name for name in ACCOUNT.columns.names() if name.startswith("rest_carries")}
"""The carries of an excess that is below zero: its sign is asked instead."""

NEED = {name for name in ACCOUNT.columns.names() if name.startswith(("relief", "spare"))}
"""What a lot adds and how far the excess is below it: asked of those that are healed."""

NO_EXIT = {
    name
    for name in ACCOUNT.columns.names()
    if name.startswith(("exit.amount", "exit.lacking", "exit.carries"))
}
"""What an exit asked for, and by how much the account lacks it: of one that is refused."""

UNHASHED = {
    *free_limbs("before.salt", 4),
    *free_limbs("before.with_slots", 8),
}
"""An account that is being registered has no old leaf to hash."""

NO_FEE = {"dues_inverse", "refresh.cash_low", "refresh.inverse"}
"""What is asked of who pays a refresh fee."""

LONG, HALF = held(1000, -500), held(500, -250)

NEEDY, LESS = Holding(-500_000_000, LONG), Holding(-235_000_000, HALF)
SPENT = Holding(-237_500_000, HALF)
HEALED = Holding(5 - value(Holding(0, HALF), TERMS).excess, HALF)
RELIEF = balanced(TERMS[0].value), balanced(TERMS[0].long_maintenance)
LOT = (RELIEF[0][0] - RELIEF[1][0], RELIEF[0][1] - RELIEF[1][1], RELIEF[0][2] - RELIEF[1][2])

ACCOUNTS: dict[str, tuple[Case, Offer, set[str]]] = {
    "smaller": ((Holding(0, LONG), Holding(10**9, HALF)), Offer(3363, shrinks=True), NEED),
    "larger": ((Holding(0, HALF), Holding(0, LONG)), Offer(605), NEED),
    "safest": (
        (Holding(0, LONG), Holding(10**10, LONG)),
        Offer(4095, shrinks=True),
        ROOM | NEED,
    ),
    "nothing held": (
        (Holding(0, LONG), Holding(5, held())),
        Offer(4095, shrinks=True),
        ROOM | NEED,
    ),
    "below": ((NEEDY, LESS), Offer(0, below=True, shrinks=True), CARRIES | NEED),
    "liquidated": ((NEEDY, LESS), Offer(0, True, True, liquidated=True), CARRIES | NEED),
    "exhausted": ((NEEDY, SPENT), Offer(0, True, True, True, exhausted=True), CARRIES | NEED),
    "healed": ((NEEDY, HEALED), Offer(0, False, True, True, relief=LOT), set()),
}


@pytest.mark.parametrize("case", ACCOUNTS)
def test_every_cell_of_an_account_row_is_held(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    holdings, offer, free = ACCOUNTS[case]
    row = rows_of(records_of([holdings], [offer], TERMS))["account"]
    # Nobody hears whether a key may sign that came in place of none.
    unheard = set() if offer.liquidated or offer.below else {"rekeyed"}
    assert unnoticed(ACCOUNT, row, monkeypatch) == free | unheard | NO_FEE | NO_EXIT


@pytest.mark.parametrize("bar", ExitBar)
def test_every_cell_of_an_exit_that_is_refused_is_held(
    bar: ExitBar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a batch that leaves its step open: where any of the bars may hold."""
    liquidated = bar is ExitBar.STANDING
    holdings, offer, free = ACCOUNTS["liquidated" if liquidated else "larger"]
    accounts, *others = records_of([holdings], [offer], TERMS)
    place = np.array([tuple(ExitBar).index(bar) + 1])
    barred = replace(accounts, barred=place, barred_amount=np.array([10**12]))
    row = rows_of((barred, *others))["account"]
    lacking = {name for name in NO_EXIT if not name.startswith("exit.amount")}
    allowed = set() if bar is ExitBar.SHORT else lacking
    unheard = set() if liquidated else {"rekeyed"}
    assert unnoticed(ACCOUNT, row, monkeypatch) == free | unheard | NO_FEE | allowed


def test_every_cell_of_a_new_account_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = (Holding(0, held()), Holding(7, held()))
    accounts, positions, markets = records_of([nothing], [Offer(4095, shrinks=True)], TERMS)
    new = replace(accounts, existed=np.zeros(1, dtype=np.int64))
    row = rows_of((new, positions, markets))["account"]
    assert unnoticed(ACCOUNT, row, monkeypatch) == ROOM | NEED | UNHASHED | NO_FEE | {
        "rekeyed",
        *NO_EXIT,
    }


CAME = {"came"}
"""That its side held nothing before, where it does not say that it may stay."""

AWAY = free_limbs("zone_room", 2)
"""How far an old trigger is from the last that is deleveraged, where it is not asked."""

SHORT_OF_NOTHING = {
    *free_limbs("new_hash", 8),
    *free_limbs("published.pad", 8),
    *free_limbs("published.hash", 8),
    *("after.inverse", "after.trigger", "sunk.0"),
}
"""What is empty has no block to hash or to publish, no inverse and no trigger."""

POSITIONS: dict[str, tuple[Case, set[str]]] = {
    "long": ((Holding(0, held(2**34)), Holding(0, held(2**26))), set()),
    "short": ((Holding(0, held(-(2**34))), Holding(2**50, held(-(2**26)))), set()),
    "kept": ((Holding(0, held(-77)), Holding(2**40, held(-77))), set()),
    "flipped": ((Holding(0, held(-77)), Holding(2**40, held(78))), CAME),
    "opened": (
        (Holding(0, held()), Holding(2**40, held(5))),
        CAME | {*free_limbs("old_hash", 8), "before.inverse"},
    ),
    "closed": ((Holding(0, held(5)), Holding(2**40, held())), SHORT_OF_NOTHING),
}


@pytest.mark.parametrize("case", POSITIONS)
def test_every_cell_of_a_position_row_is_held(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    holdings, free = POSITIONS[case]
    parts = records_of([holdings], [honest_offer(holdings, TERMS)], TERMS)
    if case == "kept":
        accounts, positions, markets = parts
        trigger = positions.trigger[1]
        parts = (accounts, replace(positions, trigger=(trigger, trigger)), markets)
    assert unnoticed(POSITION, rows_of(parts)["position"], monkeypatch) == free | AWAY


ZONED = {
    "deleveraged": ({"deleveraged": 1}, 7, SHORT_OF_NOTHING | CAME),
    "deleveraged in part": ({"deleveraged": 1, "stays": 1}, 7, set()),
    "behind": ({"behind": 1, "stays": 1}, 7, set()),
}
"""What a position says; its old trigger; what may be free. Shorts are deleveraged down to 7."""


@pytest.mark.parametrize("case", ZONED)
def test_every_cell_of_a_position_in_a_zone_is_held(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, trigger, free = ZONED[case]
    left = held() if case == "deleveraged" else held(-5)
    holdings = (Holding(0, held(-77)), Holding(2**40, left))
    accounts, positions, markets = records_of([holdings], [honest_offer(holdings, TERMS)], TERMS)
    one = np.ones(1, dtype=np.int64)
    told = {name: one * value for name, value in said.items()}
    old = (one * trigger, positions.trigger[1])
    zones = np.array([[0, 1]] * len(TERMS))
    zoned = replace(markets, zoned=zones, zone=zones * 7)
    parts = (accounts, replace(positions, trigger=old, **told), zoned)
    assert unnoticed(POSITION, rows_of(parts)["position"], monkeypatch) == free


@pytest.mark.parametrize("case", ACCOUNTS)
def test_every_cell_of_a_total_row_is_held(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    holdings, offer, _ = ACCOUNTS[case]
    row = rows_of(records_of([holdings], [offer], TERMS))["total"]
    assert unnoticed(TOTAL, row, monkeypatch) == set()


HEADERS = {
    "registered": (0, free_limbs("with_header", 8)),
    "in place of another": (1, set()),
}
"""Whether it came in place of another, and what may be free: nobody reads it."""


@pytest.mark.parametrize("case", HEADERS)
def test_every_cell_of_a_header_row_is_held(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed, free = HEADERS[case]
    one = np.ones(1, dtype=np.int64)
    records = HeaderRecords(
        account=one * 5,
        created=one * (1 - renewed),
        renewed=one * renewed,
        keyed=one,
        owner=np.arange(6)[None, :],
        key=np.arange(14, dtype=np.uint32)[None, :],
        viewing=np.arange(8)[None, :],
        told=one * 0,
        viewing_key=np.arange(8)[None, :],
        viewing_uses=one,
        backstop=one,
        key_uses=one * 3,
        mark_uses=one * 4,
        owner_uses=one * 2 * (1 - renewed),
    )
    assert unnoticed(HEADER, build_header(records, 4, 0)[0], monkeypatch) == free


FRONTIERS = {
    "at the price": (1, (0, 0), (0, 0), set()),
    "risen": (1, (-9, -70), (0, 0), set()),
    "fallen": (1, (9, 70), (0, 0), set()),
    "lagging": (1, (9, 70), (3, 1), set()),
    "new": (
        0,
        (0, 0),
        (0, 0),
        free_limbs("fold.old_middle", 8) | free_limbs("fold.old_hash", 8),
    ),
}
"""Listed before; frontiers before and after, above the price; what may be free: a market that is
new is not in the old leaf."""


@pytest.mark.parametrize("case", FRONTIERS)
def test_every_cell_of_a_market_row_is_held(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    listed, before, after, free = FRONTIERS[case]
    holdings = (Holding(0, LONG), Holding(6, LONG))
    _, positions, markets = records_of([holdings], [honest_offer(holdings, TERMS)], TERMS)
    one = np.ones(2, dtype=np.int64)
    at = np.array([each.numbers for each in TERMS])
    used = replace(
        markets,
        trade_uses=np.ones((2, TRADE_KINDS), dtype=np.int64),
        take_uses=one,
        listed=one * listed,
        frontier=(at + np.array(before), at + np.array(after)),
    )
    row = build_market(used, positions, 4, 0)[0]
    assert unnoticed(MARKET, row, monkeypatch) == free | UNZONED | UNRATED


UNZONED = {
    name
    for name in MARKET.columns.names()
    if name.startswith("backstop") or name.split(".")[-2:-1] == ["short"] or ".zone_room" in name
} | {name for name in MARKET.columns.names() if ".short_carries" in name}
"""What a side lacks, and how far its zone goes, where nobody of it is deleveraged."""

UNRATED = {name for name in MARKET.columns.names() if name.startswith("rate.")}
"""A division that nobody asks for. Where one is asked for: test_market_hour.py."""


@pytest.mark.parametrize("why", [0, 1, 2])
@pytest.mark.parametrize("depth", [-40, 0, 40])
def test_every_cell_of_a_market_row_with_a_zone_is_held(
    why: int, depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    holdings = (Holding(0, LONG), Holding(6, LONG))
    _, positions, markets = records_of([holdings], [honest_offer(holdings, TERMS)], TERMS)
    at = np.array([each.numbers for each in TERMS])
    one = np.ones((2, 2), dtype=np.int64)
    means = np.array([*[5, 0, 0, 0, 0, -1 + (why == 1)] * 2, 8191, 8191, 8191, 63])
    used = replace(markets, zoned=one, zone=at - depth, full=one * why, backstop=means)
    row = build_market(used, positions, 4, 0)[0]
    assert unnoticed(MARKET, row, monkeypatch) == UNRATED


SWEPT = {"nothing": (), "one": (3,), "some": (2, 3, 4), "from the top": (5, 6, 7), "all": range(8)}


@pytest.mark.parametrize("swept", SWEPT)
def test_every_cell_of_a_trigger_row_is_held(swept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    places = np.array([[place in SWEPT[swept] for place in range(8)]], dtype=np.int64)
    old = np.arange(8)[None, :] * 1000
    taken = np.where(places, 0, np.arange(8)[None, :])
    left = np.where(places, old, 5 * (np.arange(8)[None, :] > 0))
    index = np.array([5 << 13 | 4321])
    records = TriggerRecords(
        index=index, old=old, left=left, taken=taken, swept=places, staying=places * 0
    )
    assert unnoticed(TRIGGER, build_trigger(records, 4, 0)[0], monkeypatch) == set()


def resting(live: int, *, left: int) -> RestingRecords:
    """An order that rests in a slot, or none."""
    one = np.ones(1, dtype=np.int64) * live
    return RestingRecords(
        market=one * 7,
        side=one,
        price=one * (2**29 + 5),
        left=one * left,
        expiry=one * (2**42 + 2**26 + 9),
        max_fee=one * 500,
        reduce_only=one,
        pegged=one * 0,
        when_clamped=one,
        key_mark=one * 1234,
    )


SLOTS = {
    "it trades and rests on": (1, {"live": 1, "offers": 1, "uses": 2}, set()),
    "another rests in its place": (
        2,
        {"live": 1, "rests": 1},
        {"backstop", *free_limbs("time_left", 3)},
    ),
    "it lapses": (1, {"offers": 1, "uses": 1}, set()),
    "it is cancelled": (
        5,
        {"left": 0},
        {"backstop", "left_inverse", *free_limbs("time_left", 3)},
    ),
}
"""The generation afterwards; what the row says; what may be free."""


@pytest.mark.parametrize("case", SLOTS)
def test_every_cell_of_a_slot_row_is_held(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    generation, said, free = SLOTS[case]
    one = np.ones(1, dtype=np.int64)
    live, left = said.get("live", 0), said.get("left", 2**30 - 1)
    records = SlotRecords(
        account=one * 5,
        slot=one * 3,
        generation=(one, one * generation),
        resting=(resting(1, left=2**30), resting(live, left=left)),
        last_ts=one * 70,
        left=one * left,
        live=one * live,
        rests=one * said.get("rests", 0),
        offers=one * said.get("offers", 0),
        uses=one * said.get("uses", 0),
        time=0,
        backstop=1,
    )
    assert unnoticed(SLOT, build_slot(records, 4, 0)[0], monkeypatch) == free


@pytest.mark.parametrize(("left", "right"), [(1, 0), (0, 1), (1, 1)])
def test_every_cell_of_a_tree_row_is_held(
    left: int, right: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = np.ones(1, dtype=np.int64)
    digest = np.arange(8, dtype=np.uint32)[None, :]
    records = TreeRecords(
        tree=one,
        depth=one,
        index=one,
        left=(digest, digest + left),
        right=(digest, digest + right),
        node=(digest, digest + 5),
        left_touched=one * left,
        right_touched=one * right,
    )
    assert unnoticed(TREE, build_tree(records, 4, 0)[0], monkeypatch) == set()
