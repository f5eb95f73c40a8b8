"""What a full batch costs a trade, used rows alone and with all padding: ADR 0047."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.orders import actions, levels, state
from benchmarks.orders.cells import (
    BUNDLE,
    NEAR_DEPTH,
    built,
    bundle_slots,
    busy,
    fill_row,
    level_cells,
    node_cells,
    order_today,
    row_cells,
    signing,
    slot_row,
    slot_today,
)
from benchmarks.orders.signatures import SIGNED
from circuits.air.table import Table
from circuits.commands.costs import ACCOUNT_HASHES
from circuits.stark.parameters import FAST
from circuits.stark.report import report_for
from circuits.stark.shape import shape_of
from circuits.statement.circuit import circuit
from circuits.tables.header.air import HEADER_BLOCKS
from circuits.tables.order.air import CHALLENGE_BLOCKS, MESSAGE_BLOCKS
from circuits.tables.schedule import LADDER_ROWS
from rollup.protocol.constants import SLOT_BITS
from rollup.protocol.shape_class import CLASS_M


@dataclass(frozen=True, slots=True)
class Batch:
    """What a full batch of class M has for each trade; orders fill in `parts`, each in another
    batch, and half of them rest before they fill. `bundled` of them are signed in bundles of 64;
    `accounts` as many accounts, positions and triggers are opened as class M has room for."""

    parts: int
    bundled: float
    accounts: float = 1.0

    @property
    def registered(self) -> float:
        """Orders that come into being, for each trade."""
        return 2 / self.parts

    @property
    def touches(self) -> float:
        """Slots touched: at each fill, and half of all orders before any."""
        return 2 + self.registered / 2

    @property
    def rested(self) -> float:
        """Orders that rest at some time: half of those that fill at once do not."""
        return self.registered * (1 if self.parts > 1 else 0.5)

    def now(self) -> float:
        """Cells of all signed sides of a trade. Built."""
        return built()["a fill"] + 2 * (order_today() + slot_today())

    def then(self) -> float:
        """The same with orders in the state. Whoever rests is counted once and taken off once;
        what fills whole as it comes is not. Slots of bundles stand side by side, others are near
        ones."""
        alone = 1 - self.bundled
        signed = self.registered * (alone * signing(1) + self.bundled * signing(BUNDLE))
        nodes = alone * NEAR_DEPTH + self.bundled * bundle_slots()
        slots = self.touches * (slot_row() + node_cells(nodes))
        resting = 2 * self.rested * level_cells(busy())
        return fill_row() + signed + slots + resting


BLINDED = 512
"""Rows that a table leaves to blinding, more than any parameter set asks for."""

HEIGHT_LOG2 = 17
"""Of class M's tallest table."""

LISTS_TOUCHED = 256
"""Four of each of 64 markets."""

NODES_OF_LISTS = 520
"""Above these: six or seven of the sixteen lists of a market, and a tree of 64 markets."""

POSITIONS_BEYOND = 1.1
"""Rows of `total` an account: every eighth position takes one more."""

AS_BUILT = ("takeover", "outflow", "market", "deposit", "batch", "base", "range")
"""Tables that would stay as they are."""


def class_cells(rows: Mapping[str, int], trades: int, *, in_state: bool) -> float:
    """Cells a trade of a class with room for so many rows, blinded ones beside them. Heights are
    powers of two; sums, masks and quotient grow with the tallest. `in_state`: of the new tables."""
    report = report_for(shape_of(circuit(CLASS_M), FAST))
    today = {table.name: table for table in report.tables}
    width = {name: table.cells(2) / 2 for name, table in today.items()}
    if in_state:
        width |= {name: row_cells(table) for name, table in WRITTEN.items()}
        width["fill"] = fill_row()
    heights = {name: 1 << (count + BLINDED - 1).bit_length() for name, count in rows.items()}
    total = sum(height * width[name] for name, height in heights.items())
    total += sum(today[name].cells(today[name].height) for name in AS_BUILT)
    shared = (report.shared_cells + report.quotient_cells) / today["poseidon"].height
    return (total + shared * max(heights.values())) / trades


WRITTEN: Mapping[str, Table] = {
    "signature": SIGNED,
    "action": actions.ACTIONS,
    "bundle": actions.BUNDLE,
    "branch": actions.BRANCHES,
    "sequence": actions.SEQUENCE,
    "slot": state.SLOT,
    "level": levels.LEVELS,
    "list": levels.LISTS,
    "walk": levels.WALK_TABLE,
}


HASHES: Mapping[str, int] = {
    "account": ACCOUNT_HASHES,
    "header": HEADER_BLOCKS + 1,
    "position": 4,
    "trigger": 2,
    "order": CHALLENGE_BLOCKS + MESSAGE_BLOCKS,
    "bundle": CHALLENGE_BLOCKS + 2,
    "sequence": 1,
    "action": 2,
    "branch": 1,
    "slot": 2,
    "level": 2,
    "walk": 2,
    "tree": 2,
}
"""Compressions a row asks for."""


def rows_today(batch: Batch, trades: int) -> dict[str, int]:
    """Rows of a batch of so many trades as the circuit is: both orders of each are signed."""
    orders = 2 * trades
    found = {"order": orders, "ladder": orders * LADDER_ROWS}
    found |= {"slot": orders, "fill": trades}
    return _with_others(found, batch, trades, orders * SLOT_BITS)


def rows_in_state(batch: Batch, trades: int) -> dict[str, int]:
    """Rows of the same with orders in the state."""
    orders, nodes = trades * batch.registered, busy()
    bundles = round(orders * (1 - batch.bundled + batch.bundled / BUNDLE))
    listed, slots = 2 * trades * batch.rested, trades * batch.touches
    found = {
        "ladder": bundles * LADDER_ROWS,
        "signature": bundles,
        "bundle": bundles,
        "sequence": bundles,
        "action": round(orders),
        "branch": max(round(orders) - bundles, 0),
        "slot": round(slots),
        "level": round(listed * nodes.leaves),
        "list": LISTS_TOUCHED,
        "walk": round(listed * (nodes.tree + nodes.edge)),
        "fill": trades,
    }
    alone, side_by_side = 1 - batch.bundled, batch.bundled * bundle_slots()
    nodes_of_slots = slots * (alone * NEAR_DEPTH + side_by_side)
    return _with_others(found, batch, trades, nodes_of_slots + NODES_OF_LISTS)


def _with_others(
    found: dict[str, int], batch: Batch, trades: int, more_nodes: float
) -> dict[str, int]:
    """And of accounts, positions and triggers, as many a trade as class M has, or a part of it."""
    share = batch.accounts * trades / CLASS_M.trades
    accounts = round(share * CLASS_M.accounts)
    others = share * (CLASS_M.nodes - CLASS_M.orders * SLOT_BITS)
    found |= {
        "tree": round(others + more_nodes),
        "account": accounts,
        "header": accounts,
        "total": round(accounts * POSITIONS_BEYOND),
        "position": round(share * CLASS_M.positions),
        "trigger": round(share * CLASS_M.triggers),
    }
    hashes = sum(found[name] * each for name, each in HASHES.items() if name in found)
    return {**found, "poseidon": hashes}


def best_class(batch: Batch, *, in_state: bool) -> tuple[int, float]:
    """Trades and cells a trade of the class that costs least of those whose tallest table is as
    high as class M's."""
    counted = rows_in_state if in_state else rows_today
    found = []
    for trades in range(256, 4097, 32):
        rows = counted(batch, trades)
        if max(rows.values()) + BLINDED <= 1 << HEIGHT_LOG2:
            found.append((class_cells(rows, trades, in_state=in_state), trades))
    cells, trades = min(found)
    return trades, cells


def accounts_cells() -> float:
    """Of everything else for each trade of a full class M: accounts, positions, triggers and their
    nodes, as that class has room for them. Built."""
    cells, trades = built(), CLASS_M.trades
    account = cells["a touched account"] + cells["its header"]
    of_slots = CLASS_M.orders * SLOT_BITS
    total = CLASS_M.accounts * account + CLASS_M.positions * cells["a position of it"]
    total += CLASS_M.triggers * cells["a leaf of triggers"]
    return (total + node_cells(CLASS_M.nodes - of_slots)) / trades
