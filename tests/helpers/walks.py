"""A circuit with a secret of every kind, for the tests of zero knowledge.

A walk goes three hidden cells from row to row, so columns that are read in the row below differ
from witness to witness, and sends some of its products to a ledger of another height. Three cells
are an odd number: at every height one of them shares its stack with a column that nothing reads
below. All that is public is the number that a step adds.
"""

from typing import Any

import numpy as np

from circuits.air.builder import Builder
from circuits.air.bus import Bus
from circuits.air.circuit import Circuit
from circuits.air.layout import Layout, bit, cell
from circuits.air.publics import PublicLayout
from circuits.air.table import Table
from circuits.air.trace import Trace
from rollup.field.koalabear import P
from tests.helpers.circuits import STATEMENT_DIGEST, Instance

PRODUCT = Bus("PRODUCT", 1, ("product", "difference"))

ADDED = 7


class Walk(Layout):
    """One step a row; `left`, `middle` and `right` are read in the row below."""

    left = cell()
    middle = cell()
    right = cell()
    product = cell()
    difference = cell()
    sent = bit()


def walk_constraints(air: Builder, row: Walk, after: Walk) -> None:
    """The step, and what may be sent."""
    with air.transition():
        air.require_equal(after.left, row.left * row.middle + row.right, "walk.left")
        air.require_equal(after.middle, row.right * row.right + air.public("added"), "walk.middle")
        air.require_equal(after.right, row.left + row.middle, "walk.right")
    air.require_equal(row.left * row.middle * row.right, row.product, "walk.product")
    air.require_equal(row.left - row.right, row.difference, "walk.difference")
    air.require_bit(row.sent, "walk.sent")
    air.send(PRODUCT, [row.product, row.difference], count=row.sent, claim="walk.send")


class Ledger(Layout):
    """What was sent, and how often."""

    product = cell()
    difference = cell()
    count = cell()


def ledger_constraints(air: Builder, row: Ledger) -> None:
    """Every row receives its product as often as it says."""
    air.receive(PRODUCT, [row.product, row.difference], count=row.count, claim="ledger.receive")


WALK = Table("walk", Walk, walk_constraints)
LEDGER = Table("ledger", Ledger, ledger_constraints)


def walk_instance(walk_height: int, ledger_height: int, blinded: int, *, seed: int) -> Instance:
    """A satisfied instance; all witnesses are witnesses of the one statement."""
    draw = np.random.default_rng(seed)
    walk = walk_trace(walk_height, blinded, draw)
    most = min(walk_height, ledger_height) - blinded
    sent = draw.permutation(walk_height - blinded)[: most // 2 + draw.integers(most // 4)]
    walk.row.sent[...] = 0
    walk.row.sent[sent] = 1
    ledger = Trace(Ledger, ledger_height, blinded)
    for name in ("product", "difference"):
        column = getattr(ledger.row, name)
        column[...] = draw.integers(0, P, len(column))
        column[: len(sent)] = getattr(walk.row, name)[sent]
    ledger.row.count[...] = 0
    ledger.row.count[: len(sent)] = 1
    circuit = Circuit.build(
        [(WALK, walk_height), (LEDGER, ledger_height)], PublicLayout((("added", 1),)), (PRODUCT,)
    )
    return Instance(circuit, [walk.finish(), ledger.finish()], STATEMENT_DIGEST, (ADDED,), ())


def walk_trace(height: int, blinded: int, draw: np.random.Generator) -> Any:
    """A walk from a random start, in which nothing is sent yet."""
    rows = [draw.integers(0, P, 3).tolist()]
    while len(rows) < height - blinded:
        left, middle, right = rows[-1]
        step = (left * middle + right, right * right + ADDED, left + middle)
        rows.append([value % P for value in step])
    walk = Trace(Walk, height, blinded)
    left, middle, right = np.array(rows, dtype=np.int64).T
    walk.row.left[...], walk.row.middle[...], walk.row.right[...] = left, middle, right
    walk.row.product[...] = left * middle % P * right % P
    walk.row.difference[...] = (left - right) % P
    return walk
