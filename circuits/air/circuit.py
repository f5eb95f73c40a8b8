"""Circuit: tables in order with their heights, public layout, buses; and the digest of it all."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from circuits.air.bus import Bus
from circuits.air.graph import Graph
from circuits.air.publics import PublicLayout
from circuits.air.table import Table
from rollup.hash.keccak import keccak256

_DOMAIN = b"crypsis circuit v1"


@dataclass(frozen=True)
class Placed:
    """A table of a circuit. The height is a power of two and includes the blinded rows."""

    table: Table
    graph: Graph
    height: int

    @property
    def name(self) -> str:
        """Name of the table."""
        return self.table.name

    @property
    def messages(self) -> Graph:
        """A graph of at least its messages: what a witness and its lookup columns are made by."""
        return self.graph

    @property
    def width(self) -> int:
        """Witness columns."""
        return self.messages.width

    @property
    def fixed_width(self) -> int:
        """Fixed columns, the three selectors included."""
        return self.messages.fixed_width


class PackagedTable(Placed):
    """A table whose messages are packaged: traced only where somebody asks for its constraints."""

    def __init__(self, table: Table, height: int, messages: Graph, publics: PublicLayout) -> None:
        # A frozen record is filled as its own constructor does it; `graph` stays out.
        known = {"table": table, "height": height, "_messages": messages, "_publics": publics}
        for name, value in known.items():
            object.__setattr__(self, name, value)

    @cached_property
    def graph(self) -> Graph:
        """The whole graph, traced when it is first asked for."""
        publics: PublicLayout = self.__dict__["_publics"]
        return self.table.trace_graph(publics)

    @property
    def messages(self) -> Graph:
        """The packaged graph."""
        found: Graph = self.__dict__["_messages"]
        return found


@dataclass(frozen=True)
class Circuit:
    """Everything that prover and verifier agree on before any proof."""

    tables: tuple[Placed, ...]
    publics: PublicLayout
    buses: tuple[Bus, ...]

    @staticmethod
    def build(
        tables: Sequence[tuple[Table, int]], publics: PublicLayout, buses: Sequence[Bus]
    ) -> "Circuit":
        """Trace every table. ValueError if names, heights or buses do not fit together."""
        placed = tuple(
            Placed(table, table.trace_graph(publics), height) for table, height in tables
        )
        circuit = Circuit(placed, publics, tuple(buses))
        circuit.check()
        return circuit

    def check(self) -> None:
        """Names and buses are distinct, heights powers of two, every message on a declared bus.

        Free counts stand on one side of a bus, and nobody else speaks there: then that side answers
        a lookup, and what it says too often or takes back harms nobody who was told the truth.
        """
        names = [placed.name for placed in self.tables]
        if len(set(names)) != len(names):
            raise ValueError("two tables have one name")
        widths = {bus.identifier: bus.width for bus in self.buses}
        if len(widths) != len(self.buses):
            raise ValueError("two buses have one identifier")
        for placed in self.tables:
            if placed.height < 2 or placed.height & (placed.height - 1):
                raise ValueError(f"{placed.name}: height {placed.height} is not a power of two")
            if placed.height > placed.table.height_max:
                raise ValueError(
                    f"{placed.name}: height {placed.height} is above {placed.table.height_max}, "
                    "which its bounds assume"
                )
            for message in placed.graph.interactions:
                if widths.get(message.bus) != len(message.payload):
                    raise ValueError(
                        f"{message.claim}: bus {message.bus} is not declared with this width"
                    )
        self._check_free_counts()

    def _check_free_counts(self) -> None:
        messages = [message for placed in self.tables for message in placed.graph.interactions]
        for bus in self.buses:
            on_bus = [message for message in messages if message.bus == bus.identifier]
            free = {message.sign: message for message in on_bus if message.free}
            if len(free) > 1:
                both = " and ".join(message.claim for message in free.values())
                raise ValueError(f"bus {bus.name}: free counts on both sides, {both}")
            for message in on_bus:
                if message.sign in free and not message.free:
                    raise ValueError(
                        f"{message.claim}: bus {bus.name} has the free count of "
                        f"{free[message.sign].claim} on this side, which could take it back"
                    )

    def table(self, name: str) -> Placed:
        """A table by name."""
        for placed in self.tables:
            if placed.name == name:
                return placed
        raise KeyError(f"no table is named {name!r}")

    @cached_property
    def payload_width(self) -> int:
        """The widest message: the power of beta at which bus identifiers stand."""
        return max((bus.width for bus in self.buses), default=0)

    @cached_property
    def digest(self) -> bytes:
        """Keccak-256 over graphs, heights, public layout and buses, in order."""
        parts = [
            _DOMAIN,
            *(_number(len(part)) for part in (self.tables, self.publics.sizes, self.buses)),
        ]
        for placed in self.tables:
            parts += [placed.graph.digest(), _number(placed.height)]
        for name, size in self.publics.sizes:
            parts += [_text(name), _number(size)]
        for bus in self.buses:
            parts += [_text(bus.name), _number(bus.identifier), _number(bus.width)]
        return keccak256(b"".join(parts))


def _number(value: int) -> bytes:
    return value.to_bytes(8, "little")


def _text(value: str) -> bytes:
    raw = value.encode("ascii")
    return _number(len(raw)) + raw
