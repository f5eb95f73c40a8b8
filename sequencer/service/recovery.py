"""Recovery: the machine as the journal left it, and batches made anew after L1 refused a header."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rollup.oracle.package import SignedPackage
from rollup.private import Private
from rollup.protocol.constants import DEPOSITS_MAX
from rollup.protocol.encoding import digest_bytes
from rollup.protocol.market import Governance
from rollup.protocol.rejection import Reason
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.branches import Branch, Branches, Source
from sequencer.batches.entries import (
    Content,
    Entry,
    JournalError,
    Place,
    RefusalEntry,
    RefusedKind,
    RootEntry,
)
from sequencer.batches.machine import Machine, Setup
from sequencer.batches.ports import L1
from sequencer.batches.receipts import ReceiptChain
from sequencer.batches.replay import Happened, Replay, ignored
from sequencer.batches.traded import traders
from sequencer.engine.command import (
    Cancel,
    CloseBatch,
    Command,
    OpenBatch,
    PayOut,
    Sent,
    Signed,
    Submit,
    TellAhead,
    TellKey,
)
from sequencer.engine.core import CoreState
from sequencer.engine.event import AnyReason, Event
from sequencer.intake.admission import key_of, sender_of
from sequencer.intake.signatures import signatures_hold
from sequencer.intake.telling import QueueFrom, as_told
from sequencer.service.headers import Headers
from sequencer.service.reports import Selection, select


@dataclass(frozen=True, slots=True, repr=False)
class Start(Private):
    """Where reading a journal may start: the machine after batch `source.first`, whose header has
    this digest; the chain of receipts there, and how many redos there were until then."""

    source: Source
    machine: Machine
    receipts: ReceiptChain
    redos: int = 0
    header: bytes = b""

    def headers(self) -> Headers:
        """What is known of headers there."""
        first = self.source.first
        return Headers(first, [self.header]) if first else Headers()


def genesis_start(path: Path, setup: Setup) -> Start:
    """From the journal's first entry on."""
    return Start(Source(path, setup), Machine(setup), ReceiptChain(setup.genesis))


@dataclass(slots=True, repr=False)
class Recovered(Private):
    """A machine after the last entry of a journal; the headers of its batches from the start on;
    the batches that L1 has not proved; and the last one, if a crash left it without its root."""

    machine: Machine
    headers: Headers
    unproved: list[ClosedBatch]
    unrooted: ClosedBatch | None = None

    def add(self, closed: ClosedBatch, proved: int) -> None:
        """One more batch."""
        self.headers.add(closed.header.digest())
        if closed.batch.number > proved:
            self.unproved.append(closed)


def recover(
    start: Start,
    branch: Branch,
    proved: int,
    happened: Happened = ignored,
    closed: Callable[[ClosedBatch, Place], None] = lambda _, __: None,
) -> Recovered:
    """Do again what counts of a journal; batches up to `proved` are not kept. `closed` is called
    where machine and receipts of `start` are behind a batch.

    Raises JournalError or RootsDiffer.
    """
    source = start.source
    replay = Replay(source.path, start.machine, happened)
    found = Recovered(start.machine, start.headers(), [])

    def follow(entry: Entry) -> None:
        start.receipts.read(source.path, entry)

    for each, place in replay.placed(source.entries(branch, follow)):
        closed(each, place)
        found.add(each, proved)
    if replay.unrooted is not None:
        found.unrooted = replay.unrooted
        found.add(replay.unrooted, proved)
    return found


def root_entry(closed: ClosedBatch) -> RootEntry:
    """What the journal notes of a closed batch."""
    return RootEntry(closed.batch.number, digest_bytes(closed.outcome.public.new_root))


@dataclass(slots=True, repr=False)
class OldBatch(Private):
    """A batch that is void now: how it was opened, what traders sent, and how it was closed, if it
    was: receipts are history, so it ends with the same head of theirs again."""

    opening: OpenBatch
    commands: list[Sent] = field(default_factory=list)
    refusals: list[RefusalEntry] = field(default_factory=list)
    closing: CloseBatch | None = None


def old_batches(entries: Iterable[Entry], number: int) -> list[OldBatch]:
    """The batches from `number` on, in order, of entries that count."""
    batches: list[OldBatch] = []
    for entry in entries:
        content = entry.content
        if isinstance(content, OpenBatch) and content.number >= number:
            batches.append(OldBatch(content))
        elif batches and isinstance(content, CloseBatch):
            batches[-1].closing = content
        elif batches and isinstance(content, Sent):
            batches[-1].commands.append(content)
        elif batches and isinstance(content, RefusalEntry):
            batches[-1].refusals.append(content)
    return batches


def refusal_entry(command: Signed, reason: AnyReason) -> RefusalEntry:
    """What the journal notes of a command that is refused."""
    return RefusalEntry(command.receipt, *key_of(command), _KINDS[type(command)], reason)


_KINDS: Final[dict[type[Signed], RefusedKind]] = {
    Submit: RefusedKind.ORDER,
    Cancel: RefusedKind.CANCEL,
    PayOut: RefusedKind.OUTFLOW,
}


@dataclass(frozen=True, slots=True, repr=False)
class Fork(Private):
    """Where a venue's history parts: of the branch of the redo at the byte `base` (0: the present
    one), what is before batch `number` stays; from `since` on that is not what the present one
    has."""

    base: int
    kept: Branch
    number: int
    since: int


def fork_at(path: Path, now: Branch, number: int) -> Fork:
    """The present branch up to the batch before `number`, which L1 wants anew."""
    if not now.first < number <= now.number + 1:
        raise JournalError(path, 0, f"batch {number} was never closed, so it cannot be made anew")
    return Fork(0, now.before(number), number, number)


def fork_back(path: Path, setup: Setup, known: Branches, l1: L1) -> Fork | None:
    """The void branch that L1 has gone back to, the last one that fits; None if none does."""
    head = l1.head_number
    mine = recover(genesis_start(path, setup), known.now, head).headers.digests
    theirs = [l1.header_digest(number) for number in range(1, head + 1)]
    for base, branch in reversed(known.voided.items()):
        if branch.number < head:
            continue
        kept = branch.before(head + 1)
        found = recover(genesis_start(path, setup), kept, head).headers.digests
        if found == theirs:
            pairs = zip(theirs, mine, strict=False)
            since = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), len(mine) + 1)
            return Fork(base, kept, head + 1, since)
    return None


@dataclass(slots=True, repr=False)
class MadeAnew(Private):
    """Batches made anew: what the journal has to say, what happened by batch, what was closed; and
    what nobody's key signs any more, each with the reason. Viewing keys that fit no more are not
    among these: no story was told of them that could end."""

    contents: list[Content] = field(default_factory=list)
    done: list[tuple[int, Sequence[Event]]] = field(default_factory=list)
    closed: list[ClosedBatch] = field(default_factory=list)
    dropped: list[tuple[Signed, Reason]] = field(default_factory=list)

    def note_refusals(self, old: OldBatch, first: int) -> None:
        """What was refused in a batch before, and what was dropped now, from place `first` on."""
        self.contents += old.refusals
        self.contents += [refusal_entry(*each) for each in self.dropped[first:]]


def make_anew(
    machine: Machine,
    setup: Setup,
    l1: L1,
    batches: Sequence[OldBatch],
    attempt: int,
) -> MadeAnew:
    """Do void batches again on a machine that stands before the first of them: same numbers, times
    and reports, the parameters, the queue and the further reports that L1 has now, and what traders
    sent.

    Where L1 wants a redo they match no orders: what came later must not choose for them. A report
    whose signer the parameters of now do not register counts no more.
    """
    made = MadeAnew()
    for old in batches:
        noted = len(made.dropped)
        for command in _commands(machine, setup, l1, old, attempt, made.dropped):
            if isinstance(command, CloseBatch):
                made.note_refusals(old, noted)
            done = machine.do(command)
            made.contents.append(command)
            made.done.append((old.opening.number, done.events))
            if done.closed is not None:
                made.contents.append(root_entry(done.closed))
                made.closed.append(done.closed)
        if old.closing is None:
            made.note_refusals(old, noted)
    return made


def _commands(
    machine: Machine,
    setup: Setup,
    l1: L1,
    old: OldBatch,
    attempt: int,
    dropped: list[tuple[Signed, Reason]],
) -> Iterator[Command]:
    opening = old.opening
    yield open_batch(machine, l1, opening.time, opening.reports, attempt)[0]
    for command, reason in _judged(machine, setup, l1.queue_from, old.commands):
        if reason is None:
            yield command
        elif isinstance(command, Signed):
            dropped.append((command, reason))
    if old.closing is not None:
        yield old.closing


def _judged(
    machine: Machine, setup: Setup, queue_from: QueueFrom, commands: Sequence[Sent]
) -> Iterator[tuple[Sent, Reason | None]]:
    """Each command, and why it is not its account's any more, None where it is: with a reorganised
    queue, an account can be missing, or somebody else's. A viewing key is told as the queue is now:
    what it was told ahead of may be consumed, or wait again."""
    holders = machine.core.ledger.holders
    present = [each for each in commands if sender_of(each) in holders]
    signed = [each for each in present if isinstance(each, Signed)]
    keys = [holders[sender_of(each)].header.key for each in signed]
    valid = iter(signatures_hold(signed, keys, setup.compress_many, setup.verify_many))
    for command in commands:
        if isinstance(command, TellKey | TellAhead):
            told = as_told(command, machine.core, queue_from, setup.compress_many)
            yield (command, told) if isinstance(told, Reason) else (told, None)
        elif sender_of(command) not in holders:
            yield command, Reason.ACCOUNT_MISSING
        else:
            yield command, None if next(valid) else Reason.ORDER_SIGNATURE


def accounts_of(
    void: Sequence[OldBatch], closed: Sequence[ClosedBatch], number: int, core: CoreState
) -> set[int]:
    """Who sent, traded or may have been paid anything in batches from `number` on, the open one
    included: closed ones and the core are as they were before these were made anew."""
    involved = {
        account for each in closed if each.batch.number >= number for account in traders(each.batch)
    }
    if core.work is not None:
        involved |= traders(core.work)
    commands = [command for old in void for command in old.commands]
    senders = {sender_of(command) for command in commands}
    senders |= {each.signed.outflow.receiver for each in commands if isinstance(each, PayOut)}
    return senders | involved


def open_batch(
    machine: Machine, l1: L1, time: int, offered: Sequence[SignedPackage], attempt: int
) -> tuple[OpenBatch, Selection]:
    """The opening of the next batch: as much of the queue as a batch can take, the parameters that
    L1 has for its number and time, and prices by what counts of the reports offered and of those
    that L1 holds: it takes no header that calls a market missing of which it holds a quorum.

    While a step is open its prices and its parameters stand, and no report counts.
    A market that L1 does not list, because it forgot that it was announced, has no price in it.
    """
    core = machine.core
    number = core.number + 1
    stands = core.market_book.is_open
    governance: Governance = core.ledger.governance if stands else l1.governance_for(number, time)
    given = [each for each in l1.given_reports(governance.oracle.slot(time)) if each not in offered]
    counting = () if stands else (*offered, *given)
    chosen = select(governance, time, core.market_book, counting)
    queue = tuple(l1.queue_from(core.deposits_consumed, DEPOSITS_MAX))
    opening = OpenBatch(
        number=number,
        time=time,
        prices=chosen.pricing.prices,
        deposits=queue[: core.ledger.room_for_entries(queue)],
        redo=l1.wants_redo(number, time),
        attempt=attempt,
        governance=None if governance == core.ledger.governance else governance,
        reports=chosen.reports,
    )
    return opening, chosen
