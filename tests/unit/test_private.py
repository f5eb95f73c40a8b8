"""Nothing that a batch is made of, and nothing made of it, shows a value when it is printed."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from pkgutil import iter_modules

import pytest

import circuits.pcs
import circuits.poly
import circuits.stark
from circuits.air.circuit import Circuit
from circuits.stark.lookup import PublicMessage
from circuits.stark.parameters import FAST
from circuits.statement.execute import apply_and_fill
from circuits.statement.replay import replay
from rollup.oracle.package import SignedPackage
from rollup.private import Private
from rollup.protocol.account import Header
from rollup.protocol.batch_codec import batch_from_bytes, batch_to_bytes
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.market import Governance
from rollup.protocol.market_book import BookEntry, MarketBook
from rollup.protocol.order import Side
from rollup.protocol.public import PublicInput
from rollup.protocol.rejection import Rejected
from rollup.protocol.shape_class import ShapeClass
from rollup.protocol.terms import MarketTerms
from sequencer.engine import event
from tests.helpers.honest import RICH, busy_batch
from tests.helpers.venue import Match, Venue, buy, real, sell

PUBLIC = (
    Circuit,
    PublicMessage,
    PublicInput,
    Governance,
    MarketTerms,
    MarketBook,
    BookEntry,
    SignedPackage,
    QueueEntry,
    Header,
    ShapeClass,
)
"""L1 and every verifier know these; an account's header comes from the L1 queue, and the
classes from a list."""


def reached(value: object) -> Iterator[object]:
    """Every record in a value, but what is inside public ones."""
    if isinstance(value, PUBLIC):
        return
    if is_dataclass(value):
        yield value
        for each in fields(value):
            yield from reached(getattr(value, each.name))
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from reached(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from reached(member)


def test_no_record_of_a_batch_or_of_its_witness_shows_a_value() -> None:
    data = batch_to_bytes(busy_batch())
    executed = apply_and_fill(batch_from_bytes(data), FAST, lambda _: None)
    roots = (batch_from_bytes(data), executed, replay(executed.outcome))
    seen = {type(record): record for root in roots for record in reached(root)}
    assert len(seen) > 30
    shown = {
        kind.__name__
        for kind, record in seen.items()
        if repr(record) != f"{kind.__name__}(private)"
    }
    assert shown == set()


def test_events_of_the_venue_show_no_order() -> None:
    private = {
        name
        for name, kind in vars(event).items()
        if isinstance(kind, type) and issubclass(kind, Private) and kind is not Private
    }
    assert {"OrderAccepted", "OrderRefused", "OrderRested", "OrderEnded", "Traded"} <= private
    traded = event.Traded(0, 618003, 41, (1, 2, 3), (4, 5, 6), Side.BUY, 618, 619, 620)
    assert repr(traded) == str(traded) == "Traded(private)"


WITHOUT_WITNESS = {"Program", "MessageConstants", "_Plan"}
"""Records of the prover whose arrays are of the circuit, the public input or the challenges."""


def test_no_record_of_the_prover_shows_an_array() -> None:
    """Columns, coefficients, rows and salts: no one of them is in a traceback or a log."""
    packages = (circuits.stark, circuits.pcs, circuits.poly)
    modules = [
        import_module(found.name)
        for package in packages
        for found in iter_modules(package.__path__, package.__name__ + ".")
    ]
    records = {
        kind
        for module in modules
        for kind in vars(module).values()
        if is_dataclass(kind) and isinstance(kind, type)
    }
    assert len(records) > 20
    shown = {
        f"{kind.__name__}.{each.name}"
        for kind in records
        for each in fields(kind)
        if "ndarray" in str(each.type)
        and each.repr
        and not issubclass(kind, Private)
        and kind.__name__ not in WITHOUT_WITNESS
    }
    assert shown == set()


PRICE, SIZE, FILLED = 600_123, 7_301, 7_302
CANARIES = (str(PRICE), str(SIZE), str(FILLED), str(RICH), str(RICH)[:6])
"""Values of a batch that no message may show."""


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        (Match(buy(1, SIZE, PRICE), sell(2, FILLED, PRICE), FILLED, PRICE), "overfilled"),
        (Match(buy(1, SIZE, PRICE), sell(2, SIZE, PRICE), SIZE, PRICE + 1), "price-outside-limit"),
        (Match(buy(1, SIZE, PRICE), sell(1, SIZE, PRICE), SIZE, PRICE), "self-trade"),
        (Match(buy(1, 10**8, PRICE), sell(2, 10**8, PRICE), 10**8, PRICE), "margin"),
    ],
)
def test_a_rejection_shows_no_value_of_an_order_or_account(match: Match, reason: str) -> None:
    venue = Venue(suite=real()).with_traders(RICH, RICH)
    with pytest.raises(Rejected) as caught:
        venue.apply(venue.batch(matches=[match]))
    said = str(caught.value)
    assert said.startswith(f"{reason}: ")
    assert not [value for value in CANARIES if value in said]
