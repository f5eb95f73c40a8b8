"""A circuit as its verifier reads it: the tapes of all groups, masks included, and no graph.

Tracing and lowering a circuit takes longer than verifying a proof, so the result is packaged as
data. The file names the circuit's digest, which the pinned key names too, and carries the Keccak of
itself; a test lowers the sources again and compares.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from circuits.air.circuit import Circuit
from circuits.air.graph import Graph
from circuits.air.merge import merge_graphs
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
    """Heights ascend, each with the tape of its tables, merged; a prover has their graphs and the
    tables themselves, too, a verifier neither."""

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
        body = _lines(head, *map(_tape_value, self.tapes))
        return keccak256(body.encode("ascii")).hex() + "\n" + body

    @staticmethod
    def from_json(text: str) -> "Lowered":
        """The circuit in a packaged file. ValueError if it is not as it was written."""
        checksum, _, body = text.partition("\n")
        if keccak256(body.encode("ascii", "replace")).hex() != checksum:
            raise ValueError("the packaged circuit is damaged: its checksum is another")
        first, *rest = body.splitlines()
        head = json.loads(first)
        return Lowered(
            digest=bytes.fromhex(head["circuit_digest"]),
            heights=tuple(head["heights"]),
            tapes=tuple(_tape(json.loads(line)) for line in rest),
            public_width=head["public_width"],
            payload_width=head["payload_width"],
            bus_widths=tuple((bus, width) for bus, width in head["bus_widths"]),
        )


def _tables(circuit: Circuit, height: int) -> Iterator[TablePlace]:
    start = 0
    for number, placed in enumerate(circuit.tables):
        if placed.height == height:
            stop, messages = start + placed.width, len(placed.graph.interactions)
            yield TablePlace(number, placed.name, start, stop, messages)
            start = stop


def lower_circuit(circuit: Circuit) -> Lowered:
    """The circuit, tables of one height merged, with masks, lowered."""
    heights = sorted({placed.height for placed in circuit.tables})
    graphs = tuple(
        with_masks(merge_graphs(_graphs(circuit, height)), number, len(heights))
        for number, height in enumerate(heights)
    )
    return Lowered(
        digest=circuit.digest,
        heights=tuple(heights),
        tapes=tuple(map(lower, graphs)),
        public_width=circuit.publics.width,
        payload_width=circuit.payload_width,
        bus_widths=tuple((bus.identifier, bus.width) for bus in circuit.buses),
        graphs=graphs,
        tables=tuple(tuple(_tables(circuit, height)) for height in heights),
    )


def _graphs(circuit: Circuit, height: int) -> list[Graph]:
    return [placed.graph for placed in circuit.tables if placed.height == height]


def _lines(*values: object) -> str:
    return "".join(json.dumps(value, separators=(",", ":")) + "\n" for value in values)


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
