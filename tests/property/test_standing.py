"""A machine that was written down between two batches and read again is the same machine: the same
bytes, and whatever comes next does the same to both."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.crypto.salt import SaltKey
from rollup.hash.poseidon import Digest
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.constants import DEPOSITS_MAX
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.shape_class import ShapeClass
from sequencer.batches.machine import Machine, Setup
from sequencer.batches.standing import machine_from_bytes, standing_to_bytes
from sequencer.engine.command import CloseBatch, Command, OpenBatch, TellAhead, TellKey
from sequencer.engine.event import Event
from tests.property.test_step import TRADERS, Plan, World, batches
from tests.strategies import venues

TINY = ShapeClass(
    "tiny",
    trades=2,
    orders=4,
    slots=6,
    accounts=DEPOSITS_MAX + 16,
    positions=256,
    triggers=64,
    nodes=4000,
)
"""Full after two fills, so that orders wait from one batch to the next."""

SETUP = Setup(
    venues.genesis(),
    SaltKey(bytes(range(32))),
    venues.quick_compress_many,
    venues.always_valid,
    TINY,
)


def committing(entry: QueueEntry) -> QueueEntry:
    """An entry with a key whose account commits to a viewing key."""
    if not entry.has_key:
        return entry
    viewing = viewing_commitment(viewing_key(entry.account), SETUP.compress_many)
    return replace(entry, viewing_words=viewing)


def viewing_key(account: int) -> Digest:
    return (account, 1, 2, 3, 4, 5, 6, 7)


class Recorded(World):
    """The world of `test_step`, its commands kept; traders tell their viewing keys
    in turn, one a batch."""

    def __init__(self) -> None:
        super().__init__()
        machine = Machine(SETUP)
        self.core, self.batcher = machine.core, machine.batcher
        self.commands: list[Command] = []

    def do(self, command: Command) -> list[Event]:
        if isinstance(command, OpenBatch):
            command = replace(command, deposits=tuple(map(committing, command.deposits)))
        self.commands.append(command)
        events = super().do(command)
        if isinstance(command, OpenBatch):
            account = TRADERS[command.number % len(TRADERS)]
            self.do(TellKey(account, viewing_key(account)))
            self.do(self.ahead(command.number))
        return events

    def ahead(self, number: int) -> TellAhead:
        """A key that waits until two more entries were consumed, and fits none of them."""
        key = viewing_key(number)
        shown = viewing_commitment(key, SETUP.compress_many)
        return TellAhead(number, key, shown, self.core.deposits_consumed + 1)


def recorded(plan: Plan) -> list[Command]:
    world = Recorded()
    world.run(plan)
    return world.commands


def outcomes(machine: Machine, commands: Sequence[Command]) -> Iterator[object]:
    """All that each command shows: events, and batches with what the rules say of them."""
    for command in commands:
        done = machine.do(command)
        yield done.events
        if done.closed is not None:
            closed = done.closed
            yield (closed.batch, closed.outcome, closed.header, standing_to_bytes(machine.standing))


@settings(max_examples=60, deadline=None)
@given(batches, st.data())
def test_a_machine_read_from_its_bytes_goes_on_as_the_one_that_wrote_them(
    plan: Plan, data: st.DataObject
) -> None:
    commands = recorded(plan)
    boundaries = [0, *(i + 1 for i, c in enumerate(commands) if isinstance(c, CloseBatch))]
    place = data.draw(st.sampled_from(boundaries), "after how many commands")
    machine = Machine(SETUP)
    for command in commands[:place]:
        machine.do(command)
    written = standing_to_bytes(machine.standing)
    again = machine_from_bytes(written, SETUP)
    assert standing_to_bytes(again.standing) == written
    rest = commands[place:]
    assert list(outcomes(again, rest)) == list(outcomes(machine, rest))
