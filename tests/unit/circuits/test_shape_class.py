"""The shape class has room for every batch that the rules allow, beside the blinded rows.

Worst case: every trade between two accounts that trade once, deposits for others, and account
indices so far apart that paths meet only near the root.
"""

from circuits.stark.parameters import PARAMETER_SETS
from circuits.statement import HEIGHTS, SHAPE_CLASS, TABLES, circuit
from circuits.tables.account.columns import ACCOUNT_BLOCKS, HEADER_BLOCKS
from circuits.tables.order.air import CHALLENGE_BLOCKS, MESSAGE_BLOCKS
from circuits.tables.schedule import ORDER_STRIDE
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    DEPOSITS_MAX,
    ORDERS_MAX,
    SLOT_BITS,
    TRADES_MAX,
)

BLINDED = max(parameters.blinded_rows for parameters in PARAMETER_SETS.values())

TRADERS = 2 * TRADES_MAX
ACCOUNTS = TRADERS + DEPOSITS_MAX + 1
"""Traders, depositors and the fee account, all different."""

ACCOUNT_NODES = sum(min(2**depth, ACCOUNTS) for depth in range(ACCOUNT_BITS))
SLOT_NODES = ORDERS_MAX * SLOT_BITS
NODES = ACCOUNT_NODES + SLOT_NODES

OPENED = HEADER_BLOCKS + 1 + 2 * (ACCOUNT_BLOCKS - 1)
"""Hashes of an account: the header and the first block once, the others before and after."""

STATE_HASHES = 2 * (1 + 2 + 3)
"""Markets, globals and the three nodes above them, before and after."""

HASHES = (
    2 * NODES
    + ACCOUNTS * OPENED
    + 2 * ORDERS_MAX
    + ORDERS_MAX * (MESSAGE_BLOCKS + CHALLENGE_BLOCKS)
    + STATE_HASHES
)


def room(table: str) -> int:
    return HEIGHTS[table] - BLINDED


def test_the_fullest_batch_fits_every_table() -> None:
    needed = {
        "poseidon": HASHES,
        "tree": NODES,
        "account": ACCOUNTS,
        "slot": ORDERS_MAX,
        "deposit": DEPOSITS_MAX,
        "fill": TRADES_MAX,
        "batch": 1,
    }
    assert {name: count for name, count in needed.items() if count > room(name)} == {}


def test_there_is_a_signature_place_for_every_order() -> None:
    assert HEIGHTS["order"] // ORDER_STRIDE == ORDERS_MAX
    assert room("order") >= ORDERS_MAX


def test_the_circuit_has_every_table_at_its_height() -> None:
    assert SHAPE_CLASS == "S"
    assert set(HEIGHTS) == {table.name for table in TABLES}
    assert {placed.name: placed.height for placed in circuit().tables} == HEIGHTS
