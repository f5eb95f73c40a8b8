"""L1 to L10: messages, multiplicities and terminals."""

from dataclasses import replace
from typing import Any

import pytest

from circuits.air.builder import Builder
from circuits.air.bus import Bus
from circuits.air.circuit import Circuit
from circuits.air.expr import TracingError
from circuits.air.layout import Layout, cell
from circuits.air.table import Table
from circuits.air.trace import Trace
from circuits.stark import prover
from circuits.stark.binding import bind_statement
from circuits.stark.committed import generate_key
from circuits.stark.errors import Failure, VerificationError
from circuits.stark.lookup import LookupChallenges, PublicMessage, balance
from circuits.stark.parameters import INSECURE_TEST
from circuits.stark.proof import decode, encode
from circuits.stark.prover import Prover
from circuits.stark.shape import Shape, shape_of
from circuits.stark.stacks import Phase
from circuits.stark.verifier import verify
from rollup.field import extension
from rollup.field.koalabear import P
from tests.helpers import circuits as small
from tests.helpers.circuits import NOTE, PUBLICS, SQUARE, STATEMENT_DIGEST, Instance
from tests.helpers.malice import (
    an_instance,
    decoded,
    drop_high_coefficients,
    prove,
    reckless,
    refusal,
    shape,
    skip_balance,
)


class Plain(Layout):
    """Two numbers."""

    left = cell()
    right = cell()


def circuit_of(*tables: Table, buses: tuple[Bus, ...]) -> Circuit:
    placed = [(table, 256 << number) for number, table in enumerate(tables)]
    return Circuit.build(placed, PUBLICS, buses)


def filled(value: int, height: int = 256) -> Any:
    trace = Trace(Plain, height, INSECURE_TEST.blinded_rows)
    trace.row.left[...] = value
    trace.row.right[...] = value
    return trace.finish()


def verdict(instance: Instance) -> Failure | None:
    """Why the verifier refuses a proof of any circuit; None if it accepts."""
    proved = Prover(instance.circuit, INSECURE_TEST).prove(instance.traces, *instance.known)
    key = generate_key(instance.circuit, [INSECURE_TEST])
    arguments = (*instance.known, INSECURE_TEST, proved.proof)
    try:
        verify(instance.circuit, key, *arguments)
    except VerificationError as refused:
        return refused.reason
    return None


def test_l1_terminal_of_a_table_without_messages(monkeypatch) -> None:
    """It would make up for any imbalance; but it is constrained like every other terminal."""

    def silent(air: Builder, row: Plain) -> None:
        air.require_equal(row.left, row.right, "mute.equal")

    def speaking(air: Builder, row: Plain) -> None:
        air.send(SQUARE, [row.left, row.right], claim="loud.send")

    tables = (Table("mute", Plain, silent), Table("loud", Plain, speaking))
    circuit = circuit_of(*tables, buses=(SQUARE,))
    instance = Instance(circuit, [filled(1), filled(2, 512)], STATEMENT_DIGEST, (3, 4), ())
    skip_balance(monkeypatch)
    columns = prover._Session._lookup_columns

    def bent(session: Any, main: Any, constants: Any) -> Any:
        lookup, terminals = columns(session, main, constants)
        return lookup, (extension.negate(terminals[1]), terminals[1])

    assert verdict(instance) is Failure.UNBALANCED_BUSES
    monkeypatch.setattr(prover._Session, "_lookup_columns", bent)
    drop_high_coefficients(monkeypatch)
    assert verdict(instance) is Failure.CONSTRAINTS


def crossing(send: Bus, take: Bus) -> Table:
    """A table that sends on one bus what it receives on another."""

    def constraints(air: Builder, row: Plain) -> None:
        air.send(send, [row.left, row.right], claim="cross.send")
        air.receive(take, [row.left, row.right], claim="cross.take")

    return Table("cross", Plain, constraints)


@pytest.mark.parametrize("pair", [(1, 2), (1, 256), (255, 511)])
def test_l2_one_payload_on_two_buses(monkeypatch, pair) -> None:
    """Sent on one bus and received on another: the identifier stands above every payload."""
    skip_balance(monkeypatch)
    first, second = (Bus(name, number, ("a", "b")) for name, number in zip("XY", pair, strict=True))
    circuit = circuit_of(crossing(first, second), buses=(first, second))
    instance = Instance(circuit, [filled(9)], STATEMENT_DIGEST, (3, 4), ())
    assert verdict(instance) is Failure.UNBALANCED_BUSES


@pytest.mark.parametrize("reserved", [0, P - 1])
def test_l2_identifiers_that_wrap_or_meet_the_masks(reserved) -> None:
    bad = Bus("BAD", reserved, ("a", "b"))
    with pytest.raises(ValueError, match="from 1"):
        shape_of(circuit_of(crossing(bad, bad), buses=(bad,)), INSECURE_TEST)


def test_l3_multiplicities_that_overflow(monkeypatch) -> None:
    """p copies are none in the field: fewer than p messages a bus, the verifier's own counted."""
    instance = an_instance()
    first = instance.messages[0]
    for messages in (
        (replace(first, count=P - 1),),
        (replace(first, count=P // 2), replace(first, count=P // 2), *instance.messages),
    ):
        with pytest.raises(VerificationError) as caught:
            bind_statement(shape(), bytes(32), bytes(32), bytes(32), instance.publics, messages)
        assert caught.value.reason is Failure.MULTIPLICITY_BOUND
    monkeypatch.setattr(Shape, "bus_messages", lambda _: {1: P})
    with pytest.raises(VerificationError) as caught:
        shape_of(instance.circuit, replace(INSECURE_TEST, name="not in the cache"))
    assert caught.value.reason is Failure.MULTIPLICITY_BOUND


def test_l4_messages_in_padding_rows(monkeypatch) -> None:
    """A message in a blinded row, and a terminal that counts it: the sum ends before that row."""
    lie = an_instance()
    place = int(lie.traces[0][7, 3])
    lie.traces[1][place, 0] -= 1
    skip_balance(monkeypatch)
    columns = prover._Session._lookup_columns
    seen: dict[str, Any] = {}
    draw = prover._Session._lookup_challenges

    def remember(session: Any) -> Any:
        seen["challenges"] = draw(session)
        return seen["challenges"]

    def counting(session: Any, main: Any, constants: Any) -> Any:
        lookup, terminals = columns(session, main, constants)
        known: LookupChallenges = seen["challenges"]
        message = PublicMessage(SQUARE.identifier, 1, (place, place * place))
        share = extension.inverse(known.public_denominator(message))
        return lookup, (terminals[0], extension.add(terminals[1], share))

    monkeypatch.setattr(prover._Session, "_lookup_challenges", remember)
    monkeypatch.setattr(prover._Session, "_lookup_columns", counting)
    drop_high_coefficients(monkeypatch)
    assert refusal(lie, prove(lie)) is Failure.CONSTRAINTS


def test_l5_zero_padding_of_a_shorter_tuple() -> None:
    """A bus has one width: for tables when they are traced, for public messages when bound."""

    def short(air: Builder, row: Plain) -> None:
        air.send(SQUARE, [row.left], claim="short.send")

    with pytest.raises(TracingError, match="carries 2 elements"):
        Table("short", Plain, short).trace_graph(PUBLICS)
    instance = an_instance()
    first = instance.messages[0]
    for payload in (first.payload[:1], (*first.payload, 0), ()):
        with pytest.raises(VerificationError) as caught:
            messages = (replace(first, payload=payload),)
            bind_statement(shape(), bytes(32), bytes(32), bytes(32), instance.publics, messages)
        assert caught.value.reason is Failure.PUBLIC_MESSAGES


def test_l6_default_rows_of_a_lookup_table(monkeypatch) -> None:
    """Below its 256 squares the table holds (0, 0), which is true; nothing else is free there."""
    values = small.squares_fixed(512)
    assert len(values["value"]) == 256 and values["value"][0] == values["square"][0] == 0
    lie = an_instance()
    lie.traces[0][3, 3], lie.traces[0][3, 4] = 0, 1
    lie.traces[1][300, 0] += 1
    reckless(monkeypatch)
    assert refusal(lie, prove(lie)) is Failure.UNBALANCED_BUSES


def test_l10_a_fraction_of_nothing_over_nothing() -> None:
    """0 / 0 leaves a fraction free: charged to the lookup term, and refused in public messages."""
    message = an_instance().messages[0]
    known = LookupChallenges(extension.ZERO, tuple(extension.powers((3, 1, 4, 1, 5), 7)))
    zero = extension.subtract(extension.ZERO, known.public_denominator(message))
    met = replace(known, alpha=zero)
    assert met.public_denominator(message) == extension.ZERO
    with pytest.raises(VerificationError) as caught:
        balance(met, [message], [extension.ZERO])
    assert caught.value.reason is Failure.DEGENERATE_CHALLENGE


def test_l10_a_fraction_column_that_holds_another_sum(monkeypatch) -> None:
    """One cell of a fraction column, and the running sum with it, moved to what balance needs."""
    lie = an_instance()
    lie.traces[1][3, 0] += 1
    skip_balance(monkeypatch)
    drop_high_coefficients(monkeypatch)
    columns = prover.lookup_columns
    moved: list[Any] = []

    def bent(group: Any, *rest: Any) -> Any:
        values, terminal = columns(group, *rest)
        if group.number == 1:
            values[5, 5] = (int(values[5, 5]) + 1) % P
            terminal = extension.add(terminal, extension.ONE)
            moved.append(terminal)
        return values, terminal

    monkeypatch.setattr(prover, "lookup_columns", bent)
    assert refusal(lie, prove(lie)) in (Failure.CONSTRAINTS, Failure.UNBALANCED_BUSES)
    assert moved


def test_terminals_of_other_heights_do_not_swap() -> None:
    proof = decoded(prove(an_instance()))
    swapped = encode(replace(proof, terminals=proof.terminals[::-1]))
    assert refusal(an_instance(), swapped) is Failure.CONSTRAINTS
    assert decode(swapped, shape()).terminals == proof.terminals[::-1]
    assert NOTE.identifier != SQUARE.identifier and Phase.LOOKUP == 2
