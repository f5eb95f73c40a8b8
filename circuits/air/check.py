"""Check: does a witness satisfy a circuit? Every constraint on its rows, every bus, exactly.

No proof and no challenge: buses are balanced as multisets of tuples. Each failure names its table,
row and claim, so that a test of a forged witness can say which sentence it broke.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from circuits.air.bus import Bus
from circuits.air.circuit import Circuit
from circuits.air.evaluate import (
    U32,
    Filled,
    Messages,
    blocks,
    distinct_rows,
    evaluate_block,
    fill_circuit,
    messages,
)
from circuits.air.graph import MODULUS, Interaction, Scope

ROWS_PER_CLAIM = 64
"""Failures reported of one claim of one table: beyond that, more rows say nothing new."""

PUBLIC_TABLE = "public"
"""Table name in failures of messages that the verifier itself sends."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A broken claim: where, and what was found there."""

    table: str
    row: int
    claim: str
    detail: str


class VerifierMessage(Protocol):
    """A message that the verifier puts on a bus (`circuits.stark.lookup.PublicMessage`)."""

    @property
    def bus(self) -> int: ...
    @property
    def sign(self) -> int: ...
    @property
    def payload(self) -> tuple[int, ...]: ...
    @property
    def count(self) -> int: ...


def check(
    circuit: Circuit,
    traces: Mapping[str, U32],
    publics: Sequence[int],
    public_messages: Iterable[VerifierMessage] = (),
    blinded: int = 0,
) -> list[Failure]:
    """Every failure of a witness; an empty list means that the statement holds.

    `traces` are uint32 (height, width) by table name, `publics` the flat public vector, `blinded`
    the number of rows at the end of each table that nothing constrains.
    """
    if len(publics) != circuit.publics.width:
        raise ValueError(f"wanted {circuit.publics.width} public values, got {len(publics)}")
    tables = fill_circuit(circuit, traces, blinded)
    failures = [f for table in tables for f in check_constraints(table, publics)]
    spoken = [
        m for t in tables for m in messages(t, publics, (b.identifier for b in circuit.buses))
    ]
    spoken += [_public(message) for message in public_messages]
    for bus in circuit.buses:
        here = [m for m in spoken if m.interaction.bus == bus.identifier]
        failures += check_bus(bus, here)
    return failures


def check_constraints(table: Filled, publics: Sequence[int]) -> list[Failure]:
    """Every constraint of one table on every row it holds for."""
    graph = table.graph
    broken: dict[str, list[Failure]] = {}
    nodes = [constraint.node for constraint in graph.constraints]
    for start, stop in blocks(table):
        values = evaluate_block(table, nodes, publics, start, stop)
        for constraint in graph.constraints:
            found = broken.setdefault(constraint.claim, [])
            first, last = _range(constraint.scope, start, stop, table.active)
            value = values[constraint.node][first - start : last - start]
            for place in np.flatnonzero(value)[: ROWS_PER_CLAIM - len(found)]:
                detail = f"constraint is {int(value[place])}, not 0"
                row = int(place) + first
                found.append(Failure(table.name, row, constraint.claim, detail))
    return [failure for found in broken.values() for failure in found]


def _range(scope: Scope, start: int, stop: int, active: int) -> tuple[int, int]:
    """The rows of a block on which a constraint of this scope holds."""
    if scope is Scope.FIRST:
        return start, min(stop, max(start, 1))
    if scope is Scope.LAST:
        return (active - 1, active) if stop == active else (start, start)
    return start, stop if scope is Scope.ALL else min(stop, active - 1)


def _public(message: VerifierMessage) -> Messages:
    """A verifier's message in the form of a table's."""
    interaction = Interaction(message.bus, message.sign, (), 0, f"{PUBLIC_TABLE}.message")
    return Messages(
        PUBLIC_TABLE,
        interaction,
        np.zeros(1, dtype=np.int64),
        np.array([message.payload], dtype=np.int64),
        np.array([message.sign * message.count % MODULUS], dtype=np.int64),
    )


def check_bus(bus: Bus, spoken: Sequence[Messages]) -> list[Failure]:
    """Everybody who said a tuple that is not received as often as sent."""
    spoken = [m for m in spoken if len(m.rows)]
    if not spoken:
        return []
    payload = np.concatenate([m.payload for m in spoken]).astype(np.uint32)
    counts = np.concatenate([m.counts for m in spoken])
    distinct, place = distinct_rows(payload)
    net = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(net, place, counts)
    unbalanced = (net % MODULUS != 0)[place]
    failures: list[Failure] = []
    start = 0
    for part in spoken:
        wrong = np.flatnonzero(unbalanced[start : start + len(part.rows)])[:ROWS_PER_CLAIM]
        failures += [_unbalanced(bus, part, int(i), net[place[start + i]]) for i in wrong]
        start += len(part.rows)
    return failures


def _unbalanced(bus: Bus, part: Messages, index: int, net: np.int64) -> Failure:
    excess = int(net) % MODULUS
    excess = excess - MODULUS if excess > MODULUS // 2 else excess
    values = ", ".join(f"{n} {v}" for n, v in zip(bus.columns, part.payload[index], strict=True))
    word = "sent" if excess > 0 else "received"
    detail = f"{bus.name}({values}) is {word} {abs(excess)} times too often"
    return Failure(part.table, int(part.rows[index]), part.interaction.claim, detail)


def failed_claims(failures: Iterable[Failure]) -> set[str]:
    """The claims broken, for tests."""
    return {failure.claim for failure in failures}
