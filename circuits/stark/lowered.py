"""A circuit as its verifier reads it: the tapes of all groups, masks included, and no graph.

Tracing and lowering a circuit takes longer than verifying a proof, so the result is packaged as
data. The file names the circuit's digest, which the pinned key names too, and carries the Keccak of
itself; a test lowers the sources again and compares.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from circuits.air.bus import Bus
from circuits.air.circuit import Circuit, PackagedTable
from circuits.air.graph import Graph
from circuits.air.merge import merge_graphs
from circuits.air.messages import graph_of, graph_value, message_graph
from circuits.air.publics import PublicLayout
from circuits.air.table import Table
from circuits.air.tape import Code, Instruction, Message, Tape, lower
from circuits.stark.masks import with_masks
from rollup.hash.keccak import keccak256


@dataclass(frozen=True, slots=True)
class TablePlace:
    """A table of a circuit among those merged with it.

    `number` is its place in the statement; its main columns are start..stop; `messages` a row.
    """

    number: int
    name: str
    start: int
    stop: int
    messages: int


@dataclass(frozen=True, slots=True)
class Lowered:
    """Heights ascend, each with the tape of its tables, merged; a prover has their graphs, of
    messages at least, and the tables themselves, too, a verifier neither."""

    digest: bytes
    heights: tuple[int, ...]
    tapes: tuple[Tape, ...]
    public_width: int
    payload_width: int
    bus_widths: tuple[tuple[int, int], ...]
    graphs: tuple[Graph, ...] = ()
    tables: tuple[tuple[TablePlace, ...], ...] = ()

    def to_json(self) -> str:
        """One line for the checksum, one for the circuit, and one for each group's tape."""
        head = {
            "circuit_digest": self.digest.hex(),
            "heights": self.heights,
            "public_width": self.public_width,
            "payload_width": self.payload_width,
            "bus_widths": self.bus_widths,
        }
        return checked_lines(head, *map(_tape_value, self.tapes))

    @staticmethod
    def from_json(text: str) -> "Lowered":
        """The circuit in a packaged file. ValueError if it is not as it was written."""
        head, *rest = read_checked(text)
        return Lowered(
            digest=bytes.fromhex(head["circuit_digest"]),
            heights=tuple(head["heights"]),
            tapes=tuple(map(_tape, rest)),
            public_width=head["public_width"],
            payload_width=head["payload_width"],
            bus_widths=tuple((bus, width) for bus, width in head["bus_widths"]),
        )


@dataclass(frozen=True, slots=True)
class CircuitMessages:
    """The graph of each table's messages in statement order: what a prover needs beside tapes."""

    circuit_digest: bytes
    graphs: tuple[Graph, ...]

    @staticmethod
    def of(circuit: Circuit) -> "CircuitMessages":
        """Those of a traced circuit."""
        graphs = tuple(message_graph(placed.graph) for placed in circuit.tables)
        return CircuitMessages(circuit.digest, graphs)

    def to_json(self) -> str:
        """A line for the checksum, one for the circuit's digest, and one for each table."""
        return checked_lines(self.circuit_digest.hex(), *map(graph_value, self.graphs))

    @staticmethod
    def from_json(text: str) -> "CircuitMessages":
        """What a packaged file holds. ValueError if it is not as it was written."""
        digest, *graphs = read_checked(text)
        return CircuitMessages(bytes.fromhex(digest), tuple(map(graph_of, graphs)))


@dataclass(frozen=True)
class PackagedCircuit(Circuit):
    """A circuit whose tapes are packaged, and of whose tables only the messages need be known."""

    lowered: Lowered

    @cached_property
    def digest(self) -> bytes:
        """As the package says; the pinned key says it too."""
        return self.lowered.digest

    @staticmethod
    def of(
        tables: Sequence[tuple[Table, int]],
        layout: tuple[PublicLayout, Sequence[Bus]],
        lowered: Lowered,
        messages: CircuitMessages,
    ) -> "PackagedCircuit":
        """Tables with their heights, public layout and buses beside what is packaged of them.

        ValueError if tapes and messages are of different circuits.
        """
        if messages.circuit_digest != lowered.digest:
            raise ValueError("the packaged messages are of another circuit than the tapes")
        publics, buses = layout
        placed = tuple(
            PackagedTable(table, height, graph, publics)
            for (table, height), graph in zip(tables, messages.graphs, strict=True)
        )
        return PackagedCircuit(placed, publics, tuple(buses), lowered)


def _tables(circuit: Circuit, height: int) -> Iterator[TablePlace]:
    start = 0
    for number, placed in enumerate(circuit.tables):
        if placed.height == height:
            stop, messages = start + placed.width, len(placed.messages.interactions)
            yield TablePlace(number, placed.name, start, stop, messages)
            start = stop


def lower_circuit(circuit: Circuit) -> Lowered:
    """The circuit, tables of one height merged, with masks, lowered.

    A packaged one is not lowered again: its graphs have messages only.
    """
    heights = sorted({placed.height for placed in circuit.tables})
    packaged = circuit.lowered if isinstance(circuit, PackagedCircuit) else None
    graphs = tuple(
        with_masks(merge_graphs(_graphs(circuit, height, packaged)), number, len(heights))
        for number, height in enumerate(heights)
    )
    tables = tuple(tuple(_tables(circuit, height)) for height in heights)
    if packaged is not None:
        return replace(packaged, graphs=graphs, tables=tables)
    return Lowered(
        digest=circuit.digest,
        heights=tuple(heights),
        tapes=tuple(map(lower, graphs)),
        public_width=circuit.publics.width,
        payload_width=circuit.payload_width,
        bus_widths=tuple((bus.identifier, bus.width) for bus in circuit.buses),
        graphs=graphs,
        tables=tables,
    )


def _graphs(circuit: Circuit, height: int, packaged: Lowered | None) -> list[Graph]:
    placed = [each for each in circuit.tables if each.height == height]
    return [each.graph if packaged is None else each.messages for each in placed]


def checked_lines(*values: object) -> str:
    """A packaged file: the Keccak of what follows, then each value as a line of JSON."""
    body = "".join(json.dumps(value, separators=(",", ":")) + "\n" for value in values)
    return keccak256(body.encode("ascii")).hex() + "\n" + body


def read_checked(text: str) -> list[Any]:
    """The values of a packaged file. ValueError if it is not as it was written."""
    checksum, _, body = text.partition("\n")
    if keccak256(body.encode("ascii", "replace")).hex() != checksum:
        raise ValueError("the packaged circuit is damaged: its checksum is another")
    return [json.loads(line) for line in body.splitlines()]


def _tape_value(tape: Tape) -> Sequence[object]:
    steps = [(step.code, step.target, *step.args) for step in tape.instructions]
    messages = [(m.bus, m.sign, m.count, *m.payload) for m in tape.messages]
    return (
        tape.table,
        (tape.main_width, tape.fixed_width, tape.registers, tape.constraints),
        tape.constants,
        tape.publics,
        steps,
        messages,
        tape.fractions,
    )


def _tape(value: Sequence[Any]) -> Tape:
    table, counts, constants, publics, steps, messages, fractions = value
    main_width, fixed_width, registers, constraints = counts
    codes = tuple(Code)
    return Tape(
        table=table,
        main_width=main_width,
        fixed_width=fixed_width,
        constants=tuple(constants),
        publics=tuple(publics),
        registers=registers,
        instructions=tuple(Instruction(codes[c], target, tuple(a)) for c, target, *a in steps),
        constraints=constraints,
        messages=tuple(Message(bus, sign, tuple(p), count) for bus, sign, count, *p in messages),
        fractions=_tuples(fractions),
    )


def _tuples(rows: Iterable[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in rows)
