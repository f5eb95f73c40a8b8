"""The witness: from an outcome of the rules to the traces of all tables.

Tables that record what happened are filled first, each from its records; then the lookup tables,
whose multiplicities are read off the messages of the others. Nothing is checked here, so a forged
outcome gives a forged witness, and `check` says which claim it breaks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from circuits.air.bus import RANGE, Bus
from circuits.air.check import Failure, check
from circuits.air.circuit import Circuit
from circuits.air.evaluate import U32, Filled, filled, requests
from circuits.gadgets.buses import BASE, HASH
from circuits.stark.lookup import PublicMessage
from circuits.statement.inputs import public_messages, public_values
from circuits.statement.proving import proving_circuit
from circuits.statement.replay import replay
from circuits.tables.account.publishing_trace import Committed
from circuits.tables.account.trace import Accounts
from circuits.tables.base import trace as base
from circuits.tables.batch import trace as batch
from circuits.tables.deposit import trace as deposit
from circuits.tables.fill import trace as fill
from circuits.tables.header import trace as header
from circuits.tables.ladder import trace as ladder
from circuits.tables.market import trace as market
from circuits.tables.order import trace as order
from circuits.tables.outflow import trace as outflow
from circuits.tables.poseidon import trace as poseidon
from circuits.tables.position.chain import chains
from circuits.tables.position.trace import Positions
from circuits.tables.range import trace as range_table
from circuits.tables.records import AccountRecords, MarketRecords, PositionRecords, Records
from circuits.tables.schedule import LADDER_STRIDE
from circuits.tables.signature import trace as signature
from circuits.tables.slot import trace as slot
from circuits.tables.takeover import trace as takeover
from circuits.tables.total import trace as total
from circuits.tables.tree import trace as tree
from circuits.tables.trigger import trace as trigger
from rollup.crypto import curve
from rollup.private import Private
from rollup.protocol.outcome import Outcome
from rollup.protocol.public import PublicInput
from rollup.protocol.shape_class import CLASS_S, ShapeClass

Traces = dict[str, U32]


@dataclass(frozen=True, slots=True, repr=False)
class Witness(Private):
    """All that a proof is made from: a trace a table, and what the verifier knows."""

    circuit: Circuit
    traces: Traces
    statement_digest: bytes
    publics: tuple[int, ...]
    messages: tuple[PublicMessage, ...]
    blinded: int

    @property
    def known(self) -> tuple[bytes, tuple[int, ...], tuple[PublicMessage, ...]]:
        """What the verifier knows as well, in the order in which both sides take it."""
        return self.statement_digest, self.publics, self.messages

    def failures(self) -> list[Failure]:
        """Every claim that the traces break, by table and row; none if the statement holds."""
        return check(self.circuit, self.traces, self.publics, self.messages, self.blinded)


def build(outcome: Outcome, blinded: int, shape_class: ShapeClass = CLASS_S) -> Witness:
    """The witness of a batch; `blinded` rows at the end of every table are left to the engine.

    ValueError if the batch does not fit the tables of the class.
    """
    return build_from(replay(outcome), outcome.public, proving_circuit(shape_class), blinded)


def build_from(records: Records, public: PublicInput, circuit: Circuit, blinded: int) -> Witness:
    """The same from records and a public input, which a test may have forged, at any heights."""
    return witness_of(fill_tables(records, circuit, blinded), public, circuit, blinded)


def witness_of(traces: Traces, public: PublicInput, circuit: Circuit, blinded: int) -> Witness:
    """The same from the traces of the tables that record what happened: it adds the others."""
    publics = public_values(public)
    fill_lookups(traces, publics, circuit, blinded)
    messages = public_messages(public)
    return Witness(circuit, traces, public.digest(), publics, messages, blinded)


def fill_tables(records: Records, circuit: Circuit, blinded: int) -> Traces:
    """The traces of the tables that record what happened."""
    height = {placed.name: placed.height for placed in circuit.tables}
    signatures = signature.prepare(records.signature, height["ladder"] // LADDER_STRIDE)
    book = (records.account, records.position, records.market)
    accounts, published = account_tables(*book, height, blinded)
    return {
        "tree": tree.build(records.tree, height["tree"], blinded),
        "ladder": ladder.build(signatures, height["ladder"], blinded),
        "signature": signature.build(records.signature, signatures, height["signature"], blinded),
        "order": order.build(records.order, height["order"], blinded),
        "fill": fill.build(records.fill, height["fill"], blinded),
        "takeover": takeover.build(records.takeover, height["takeover"], blinded),
        "outflow": outflow.build(records.outflow, height["outflow"], blinded),
        **accounts,
        "header": header.build(records.header, height["header"], blinded),
        "market": market.build(records.market, records.position, height["market"], blinded),
        "trigger": trigger.build(records.trigger, height["trigger"], blinded),
        "slot": slot.build(records.slot, height["slot"], blinded),
        "deposit": deposit.build(records.deposit, height["deposit"], blinded),
        "batch": batch.build(records.batch, records.market, published, height["batch"], blinded),
    }


def account_tables(
    accounts: AccountRecords,
    positions: PositionRecords,
    markets: MarketRecords,
    height: Mapping[str, int],
    blinded: int,
) -> tuple[Traces, Committed]:
    """Accounts, positions and totals, which the chains join; and what is published of them."""
    account = Accounts(accounts, height["account"], blinded)
    position = Positions(positions, accounts, markets, height["position"], blinded)
    joined = chains(account.starts, account.read, accounts.exists, positions, position.added)
    trace, published = account.build(joined)
    traces = {
        "account": trace,
        "position": position.build(joined),
        "total": total.build(joined, accounts, height["total"], blinded),
    }
    return traces, published


def fill_lookups(
    traces: Traces,
    publics: tuple[int, ...],
    circuit: Circuit,
    blinded: int,
    *,
    base_windows: Sequence[int] = curve.LADDER_WINDOWS,
) -> None:
    """Add the tables that answer the others: their rows and multiplicities follow from messages."""
    tables = [
        filled(circuit.table(name), trace, blinded, only_messages=True)
        for name, trace in traces.items()
    ]
    base_build = partial(base.build, windows=base_windows)
    builders = (
        (HASH, "poseidon", poseidon.build),
        (RANGE, "range", range_table.build),
        (BASE, "base", base_build),
    )
    for bus, name, build_table in builders:
        payload, counts = requests(_speakers(tables, bus), publics, bus.identifier, bus.width)
        height = circuit.table(name).height
        traces[name] = build_table(payload, abs(counts), height, blinded)


def _speakers(tables: list[Filled], bus: Bus) -> list[Filled]:
    """The tables with a message on a bus."""
    return [
        table
        for table in tables
        if any(message.bus == bus.identifier for message in table.graph.interactions)
    ]
