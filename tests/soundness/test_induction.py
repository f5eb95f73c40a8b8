"""Opened words are in range by induction over batches: docs/soundness/README.md, base and step."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from circuits.air.bus import RANGE, Bus
from circuits.air.circuit import Placed
from circuits.air.graph import Interaction, Op, Section
from circuits.gadgets.buses import AUTHORITY, KEY, MEMORY, ORDER, RESTING
from circuits.statement.circuit import circuit
from rollup.protocol.constants import CASH_LIMIT, POSITION_LIMIT
from rollup.protocol.positions import NO_POSITIONS, Positions
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.roots import fresh_slots_root
from tests.helpers.venue import TOY, genesis

TABLES = {placed.name: placed for placed in circuit().tables}
WRITERS = ("batch", "deposit", "order", "fill", "takeover", "outflow")
"""The tables that change words; account, position and slot open and close them."""

WORDS = slice(3, None)
"""The value in MEMORY(account, word, ts, four elements)."""


def messages(table: Placed, bus: Bus, sign: int) -> list[Interaction]:
    """What a table sends (1) to a bus or takes (-1) from it."""
    return [m for m in table.graph.interactions if m.bus == bus.identifier and m.sign == sign]


def columns(table: Placed, node: int) -> Iterator[int]:
    """The witness columns that an expression reads."""
    op, args = table.graph.nodes[node]
    if op is Op.COLUMN and args[0] == Section.MAIN:
        yield args[1]
    elif op is Op.LINEAR:
        for operand in args[1::2]:
            yield from columns(table, operand)
    elif op in (Op.ADD, Op.SUB, Op.MUL):
        for operand in args:
            yield from columns(table, operand)


def read_by(table: Placed, nodes: tuple[int, ...]) -> set[int]:
    return {column for node in nodes for column in columns(table, node)}


def range_checked(table: Placed) -> set[int]:
    """Columns that are themselves, not as part of a formula, below a power of two."""
    values = [table.graph.nodes[message.payload[1]] for message in messages(table, RANGE, 1)]
    return {args[1] for op, args in values if op is Op.COLUMN and args[0] == Section.MAIN}


def bits(table: Placed) -> set[int]:
    return {i for i, kind in enumerate(table.table.columns.kinds()) if kind == "bit"}


def test_genesis_holds_nothing() -> None:
    state = genesis().state(TOY.compress_many)
    assert state.globals.total == 0 and not state.slots
    for account in state.accounts.values():
        assert account.cash == 0 and account.positions == NO_POSITIONS
        assert account.slots_root == fresh_slots_root(TOY.compress_many)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cash": CASH_LIMIT}, Reason.CASH_OUT_OF_BOUNDS),
        ({"cash": -CASH_LIMIT - 1}, Reason.CASH_OUT_OF_BOUNDS),
    ],
)
def test_no_state_can_be_given_that_holds_a_word_out_of_range(
    changes: dict[str, object], reason: Reason
) -> None:
    account, *_ = genesis().state(TOY.compress_many).accounts.values()
    with pytest.raises(Rejected) as refusal:
        replace(account, **changes)  # type: ignore[arg-type]
    assert refusal.value.reason is reason


def test_no_position_can_be_made_that_is_out_of_range() -> None:
    with pytest.raises(Rejected) as refusal:
        Positions(((0, POSITION_LIMIT),))
    assert refusal.value.reason is Reason.POSITION_OUT_OF_BOUNDS


def test_only_six_tables_write_words() -> None:
    speakers = {name for name, table in TABLES.items() if messages(table, MEMORY, 1)}
    assert speakers == {"account", "position", "slot", *WRITERS}


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_was_checked_or_read(name: str) -> None:
    table = TABLES[name]
    taken = [m.payload[WORDS] for m in messages(table, MEMORY, -1)]
    taken += [m.payload for m in messages(table, ORDER, -1)]
    known = range_checked(table) | bits(table) | {c for t in taken for c in read_by(table, t)}
    written = {c for m in messages(table, MEMORY, 1) for c in read_by(table, m.payload[WORDS])}
    names = table.table.columns.names()
    assert written
    assert [names[column] for column in sorted(written - known)] == []


def test_what_comes_to_rest_was_checked() -> None:
    """All terms but the mark, which is of the key that signed: that of the account's header."""
    table, signature = TABLES["order"], TABLES["signature"]
    (told,) = messages(table, RESTING, 1)
    (authority,) = messages(table, AUTHORITY, -1)
    known = range_checked(table) | bits(table) | read_by(table, authority.payload)
    (said,), (key,) = messages(signature, AUTHORITY, 1), messages(signature, KEY, -1)
    mark = read_by(signature, said.payload[2:3])
    assert mark and mark <= read_by(signature, key.payload)
    written = read_by(table, told.payload)
    names = table.table.columns.names()
    assert [names[column] for column in sorted(written - known)] == []
    assert {"price.2", "expiry.3", "max_fee.0", "market.1"} <= {names[c] for c in written}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "account",
            ("after.cash.", "exists", "refresh.stops", "refresh.passes", "refresh.charged"),
        ),
        ("position", ("after.words.", "traded", "took")),
        ("slot", ("last_generation", "last_left.")),
    ],
)
def test_a_leaf_is_closed_with_words_out_of_memory_alone(name: str, words: tuple[str, ...]) -> None:
    table = TABLES[name]
    names = table.table.columns.names()
    taken = [m.payload[WORDS] for m in messages(table, MEMORY, -1)]
    read = {names[column] for payload in taken for column in read_by(table, payload)}
    assert read == {column for column in names if column.startswith(words)}
