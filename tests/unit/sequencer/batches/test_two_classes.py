"""A venue of two classes: its batches are of one or the other, and the same when replayed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rollup.crypto.salt import SaltKey
from rollup.protocol.encoding import digest_bytes
from rollup.protocol.order import Side
from rollup.protocol.shape_class import ShapeClass
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.entries import JournalError, RootEntry
from sequencer.batches.journal import Journal
from sequencer.batches.machine import Machine, Setup
from sequencer.batches.replay import replay
from sequencer.batches.standing import machine_from_bytes, standing_to_bytes
from sequencer.engine.command import CloseBatch, Command, Submit
from tests.strategies import venues

DOLLAR = 10**6
BTC, ETH = venues.PRICES
SIZE = 10_000
MAKER, LONGS = 1, range(2, 12)
SMALL = ShapeClass(
    "low", trades=16, orders=32, slots=32, accounts=100, positions=256, triggers=7, nodes=4_000
)
"""Room for the leaves of six accounts that come due."""

WIDE = replace(SMALL, name="wide", triggers=200)
SETUP = Setup(
    venues.genesis(),
    SaltKey(bytes(32)),
    venues.quick_compress_many,
    venues.always_valid,
    SMALL,
    WIDE,
)


class Feeder:
    """A machine, and the commands that it was given."""

    def __init__(self, setup: Setup = SETUP) -> None:
        self.machine = Machine(setup)
        self.commands: list[Command] = []
        self.closed: list[ClosedBatch] = []

    def do(self, *commands: Command) -> None:
        for command in commands:
            self.commands.append(command)
            done = self.machine.do(command)
            if done.closed is not None:
                self.closed.append(done.closed)

    def batch(self, btc: int = BTC, orders: Sequence[Command] = (), **others: object) -> None:
        core = self.machine.core
        is_open = core.market_book.is_open
        prices = core.market_book.prices if is_open else (btc, ETH)
        opening = venues.opening(core.number + 1, core.time + 1_000, prices, is_open=is_open)
        self.do(replace(opening, **others), *orders, CloseBatch())  # type: ignore[arg-type]

    @property
    def classes(self) -> list[str]:
        return [closed.batch.shape_class.name for closed in self.closed]


def crash() -> Feeder:
    """Ten longs, two in a batch, at ten times what they have and a little more; then a fall."""
    feeder = Feeder()
    people = [
        venues.registration(place, account, 700 * DOLLAR) for place, account in enumerate(LONGS)
    ]
    rich = [
        venues.registration(len(people), MAKER, 10**6 * DOLLAR),
        venues.credit(len(people) + 1, venues.GOVERNANCE.backstop_account, 10**6 * DOLLAR),
    ]
    feeder.batch(deposits=tuple(people + rich))
    for place in range(0, len(LONGS), 2):
        pair = LONGS[place : place + 2]
        sell = venues.order(MAKER, Side.SELL, BTC, 2 * SIZE, generation=place)
        buys = [venues.order(account, Side.BUY, BTC, SIZE) for account in pair]
        feeder.batch(orders=[Submit(order) for order in (sell, *buys)])
    feeder.batch(BTC * 92 // 100)
    for _ in range(3):
        feeder.batch(BTC * 92 // 100)
    return feeder


@pytest.fixture(scope="module")
def crashed() -> Feeder:
    return crash()


def test_a_batch_in_which_more_comes_due_is_of_the_crash_class(crashed: Feeder) -> None:
    assert len(crashed.machine.core.ledger.holders) == 13
    assert crashed.classes[:7] == ["low"] * 6 + ["wide"]
    assert set(crashed.classes[7:]) == {"low"}
    for closed in crashed.closed:
        assert closed.outcome.public.shape_class == closed.batch.shape_class.name
    assert len(crashed.closed[6].batch.takeovers) > 0


def test_the_same_commands_give_the_same_classes_and_roots(crashed: Feeder) -> None:
    again = Feeder()
    again.do(*crashed.commands)
    assert [each.header for each in again.closed] == [each.header for each in crashed.closed]


def test_a_venue_of_one_class_comes_to_other_batches(crashed: Feeder) -> None:
    alone = Feeder(replace(SETUP, crash_class=None))
    alone.do(*crashed.commands[:-6])
    assert set(alone.classes) == {"low"} and alone.closed[6].header != crashed.closed[6].header
    assert not alone.closed[6].outcome.public.closed and crashed.closed[6].outcome.public.closed


def test_a_restart_between_two_classes_goes_on_as_it_would_have(crashed: Feeder) -> None:
    before = Feeder()
    place = [i for i, each in enumerate(crashed.commands) if isinstance(each, CloseBatch)][5] + 1
    before.do(*crashed.commands[:place])
    restarted = Feeder()
    restarted.machine = machine_from_bytes(standing_to_bytes(before.machine.standing), SETUP)
    restarted.do(*crashed.commands[place:])
    assert [e.header for e in restarted.closed] == [e.header for e in crashed.closed[6:]]
    assert restarted.classes[0] == "wide"


@pytest.fixture
def journal(tmp_path: Path, crashed: Feeder) -> Iterator[Path]:
    """The commands and roots of the crash, as a venue would have noted them."""
    path, closed = tmp_path / "journal", iter(crashed.closed)
    written = Journal(path, SETUP.identity, SETUP.salt_key.chain_key())
    for command in crashed.commands:
        written.append(command)
        if isinstance(command, CloseBatch):
            each = next(closed)
            root = digest_bytes(each.outcome.public.new_root)
            written.append(RootEntry(each.batch.number, root))
    written.sync()
    written.close()
    yield path


def test_a_journal_replays_to_the_same_classes(journal: Path, crashed: Feeder) -> None:
    found = [closed.outcome.public for closed in replay(journal, SETUP)]
    assert found == [closed.outcome.public for closed in crashed.closed]


def test_a_journal_of_two_classes_is_not_one_of_either(journal: Path) -> None:
    for other in (
        replace(SETUP, crash_class=None),
        replace(SETUP, shape_class=WIDE, crash_class=None),
    ):
        with pytest.raises(JournalError, match=r"shape class low\+"):
            list(replay(journal, other))
