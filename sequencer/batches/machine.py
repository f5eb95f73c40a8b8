"""The machine: the core and the committed state together, as one function of the commands.

What runs live and what replays a journal is the same machine, so both come to the same roots.
"""

from dataclasses import dataclass

from rollup.crypto.salt import SaltKey
from rollup.hash.many import CompressMany
from rollup.private import Private
from rollup.protocol.genesis import Genesis
from rollup.protocol.shape_class import CLASS_S, ShapeClass
from rollup.protocol.state import State
from rollup.protocol.units import VerifyMany
from sequencer.batches.batcher import Batcher, ClosedBatch
from sequencer.batches.entries import Identity, identity_of
from sequencer.engine.command import CloseBatch, Command
from sequencer.engine.core import CoreState, foreseen, new_state, shut, step, waits
from sequencer.engine.event import BatchClosed, Event
from sequencer.engine.resting import prepare


@dataclass(frozen=True, slots=True, repr=False)
class Setup(Private):
    """What a venue's roots depend on beside its commands, and the functions that compute them.

    A batch is of the `shape_class`, or of the `crash_class` where there is one and many are due
    (sequencer.engine.choosing).
    """

    genesis: Genesis
    salt_key: SaltKey
    compress_many: CompressMany
    verify_many: VerifyMany
    shape_class: ShapeClass = CLASS_S
    crash_class: ShapeClass | None = None

    @property
    def identity(self) -> Identity:
        """Which journal belongs to it."""
        return identity_of(self.genesis, self.shape_class, self.crash_class)


@dataclass(frozen=True, slots=True, repr=False)
class Done(Private):
    """What a command did: events, and the batch if it closed one."""

    events: list[Event]
    closed: ClosedBatch | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Standing(Private):
    """Where a machine stands between two batches: what orders meet, and what is committed."""

    core: CoreState
    state: State


class Machine:
    """A venue's state from genesis on, or from where another machine stood."""

    def __init__(self, setup: Setup, standing: Standing | None = None) -> None:
        """`standing` is the new machine's own from now on."""
        self.core = (
            new_state(setup.genesis, setup.shape_class, setup.crash_class)
            if standing is None
            else standing.core
        )
        self._salt_key = setup.salt_key
        self.batcher = Batcher(
            setup.genesis,
            setup.salt_key,
            compress_many=setup.compress_many,
            verify_many=setup.verify_many,
            state=None if standing is None else standing.state,
        )

    @property
    def standing(self) -> Standing:
        """Where it stands. Whatever it does next changes this too."""
        return Standing(self.core, self.batcher.state)

    @property
    def prices(self) -> tuple[int, ...]:
        """Oracle prices of the batch that is open, or of the last one."""
        return self.core.book_now.prices

    def do(self, command: Command) -> Done:
        """Do one command; a closed batch is judged by the rules.

        CoreError, with nothing changed, for a command that has no place now. BatcherError or
        Rejected if the rules disagree with the core: then the machine is of no more use.
        """
        if isinstance(command, CloseBatch):
            self._prepare()
            self._foresee(command)
        events = step(self.core, command)
        last = events[-1] if events else None
        if isinstance(last, BatchClosed):
            closed = self.batcher.close(last, self.core)
            self.core.market_book = self.batcher.state.book  # says whether the step is open
            return Done(events, closed)
        return Done(events)

    def _prepare(self) -> None:
        """Slots and decoys, before anything is foreseen: what is asked of the rules is the batch as
        it will be."""
        work = self.core.work
        if work is not None:
            prepare(self.core, work, self._salt_key.lot(work.number, work.attempt))

    def _foresee(self, command: CloseBatch) -> None:
        """Nothing is paid out in a batch that leaves its step open. Only the rules can say: which
        accounts are due follows from the committed state, which the core does not know."""
        if not waits(self.core):
            return
        closed = foreseen(self.core, command.receipts)
        if closed is not None and not self.batcher.would_pay(closed, self.core):
            shut(self.core)
