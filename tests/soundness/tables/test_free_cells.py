"""Free-cell probe: change one cell of an honest row, and somebody must notice.

Noticed means: a constraint breaks, a value leaves its range, or a message changes on a bus other
than RANGE (whose multiplicities a prover may choose). Columns that may be free say why.
"""

from collections.abc import Callable
from typing import Any

import pytest

from circuits.air.bus import RANGE
from circuits.gadgets.buses import BUSES
from tests.helpers.isolation import Isolated
from tests.soundness.tables import (
    test_batch,
    test_deposit,
    test_fill,
    test_outflow,
    test_poseidon,
    test_takeover,
)

Case = tuple[Isolated, Callable[[], Any], set[str]]


def deposit(name: str) -> Callable[[], Any]:
    entry, cash = test_deposit.CASES[name]
    return lambda: test_deposit.trace(entry, cash, test_deposit.judged(entry, cash))


PROOF = {f"off_curve_proof.{i}" for i in range(7)}
"""Weights of distances that are all 0, or of which others can make up for one."""

SUM = {*(f"sum.{i}" for i in range(5)), "sum_carries.0.0", "sum_carries.1.0"}
"""The new cash of a refused entry: nobody reads it."""

NO_LOTS = {"position_ts", "position_before.0", "position_before.1"}
"""Lots of nothing: the entry is of USDC."""
NO_HOLDER = {f"holder.{i}" for i in range(6)}
"""Whose the account is, where that decides nothing."""

OWNS = {f"stranger_proof.{i}" for i in range(6)}
"""Weights of distances from the owner that are all 0, or of which others make up for one."""

NO_PAYEE = {
    "accounts_inverse",
    "asset_inverse",
    *(f"payee.{name}" for name in ("last_ts", "before.2", "after.4")),
    *(f"payee.carries.{i}.0" for i in range(2)),
}
"""Cash of nobody: a withdrawal pays no account. And the inverse of 0, which is the mark of cash."""

NO_TAKER = {
    "standing",
    "taker_account",
    *(f"taker.{name}" for name in ("cash_ts", "position_ts", "took", "position_carries.0.0")),
    *(f"taker.cash_before.{i}" for i in range(3)),
    *(f"taker.cash_after.{i}" for i in range(5)),
    *(f"taker.position_before.{i}" for i in range(2)),
    *(f"taker.position_after.{i}" for i in range(4)),
    *(f"kept_carries.{i}.0" for i in range(2)),
}
"""Nobody has the lots: they are settled, or the estate takes them."""

NOBODYS_REST = {"exhausted", *(f"rest_carries.{i}.{k}" for i in range(5) for k in range(2))}
"""What is left to the backstop, of two orders: nothing, and nobody is told."""

CASES: dict[str, Case] = {
    "fill": (test_fill.FILL, lambda: test_fill.trace({}, {"taker": 1}), NOBODYS_REST),
    "last fill of an order": (
        test_fill.FILL,
        lambda: test_fill.trace({"buyer.left": 1000, "seller.left": 2**40 - 1}),
        NOBODYS_REST,
    ),
    "takeover of a long": (test_takeover.TAKEOVER, test_takeover.trace, {"standing"}),
    "takeover of a short": (
        test_takeover.TAKEOVER,
        lambda: test_takeover.trace(short=1, exhausted=1, waived=777),
        {"standing"},
    ),
    "takeover that deleverages": (
        test_takeover.TAKEOVER,
        lambda: test_takeover.trace(closes=1, standing=2, last=0),
        set(),
    ),
    "settlement": (
        test_takeover.TAKEOVER,
        lambda: test_takeover.trace(settled=1),
        NO_TAKER | {"exhausted"},
    ),
    "takeover of the estate": (
        test_takeover.TAKEOVER,
        test_takeover.of_the_estate,
        NO_TAKER,
    ),
    "transfer": (
        test_outflow.ALONE,
        test_outflow.trace,
        {"asset_inverse"},
    ),
    "withdrawal": (test_outflow.ALONE, lambda: test_outflow.trace(transfer=0), NO_PAYEE),
    "batch": (test_batch.BATCH, test_batch.trace, set()),
    "poseidon": (test_poseidon.POSEIDON, test_poseidon.trace, set()),
    "registration": (
        test_deposit.TABLE_ALONE,
        deposit("registration"),
        PROOF | NO_LOTS | NO_HOLDER,
    ),
    "refused": (
        test_deposit.TABLE_ALONE,
        deposit("account exists"),
        PROOF | SUM | NO_LOTS | NO_HOLDER,
    ),
    "registration with an asset": (
        test_deposit.TABLE_ALONE,
        deposit("registration with an asset"),
        PROOF | NO_HOLDER,
    ),
    "transfer of an asset": (
        test_outflow.ALONE,
        lambda: test_outflow.build(test_outflow.of_asset(), test_outflow.HEIGHT, 0),
        set(),
    ),
    "key off the curve": (
        test_deposit.TABLE_ALONE,
        deposit("key off the curve"),
        SUM | NO_LOTS | NO_HOLDER,
    ),
    "rotation": (test_deposit.TABLE_ALONE, deposit("rotation"), PROOF | OWNS | NO_LOTS),
    "stranger": (
        test_deposit.TABLE_ALONE,
        deposit("rotation by a stranger"),
        PROOF | SUM | NO_LOTS,
    ),
}


def spoken(table: Isolated, matrix: Any) -> list[Any]:
    return [table.messages(matrix, bus) for bus in BUSES if bus is not RANGE]


@pytest.mark.parametrize("case", CASES)
def test_every_cell_of_an_honest_row_is_held(case: str) -> None:
    table, build, free = CASES[case]
    matrix = build()
    honest = spoken(table, matrix)
    found = set()
    for index, name in enumerate(table.table.columns.names()):
        for change in (1, 4096):
            forged = table.forge(matrix, 0, name, int(matrix[0, index]) + change)
            if table.failed(forged) == set() and spoken(table, forged) == honest:
                found.add(name)
    assert found == free
