"""The daemon: what a venue does by the clock, without anybody asking.

Logic only: clock, L1, prover and reports are parameters, and `tick` never waits, so that a
simulated year of it runs in seconds. Whoever calls it owns the venue: one thread, never two at
once. L1 is read as it was last seen, and what is brought there is brought by another thread: an L1
that does not answer holds up headers and proofs, and no batch.

Batches end on a grid: genesis + k x interval. Numbers have no gaps, because the circuit wants the
next one; where the daemon was away, or proving lagged, the times skip, and everybody can see it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from rollup.codec.strict import CodecError
from rollup.l1.interface import Revert, Reverted
from rollup.protocol.batch_codec import batch_to_bytes
from rollup.protocol.pricing import PriceKind
from rollup.protocol.rejection import Rejected
from sequencer.batches.artefacts import ArtefactError
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.ports import L1Pending
from sequencer.batches.resident import ProverLost
from sequencer.service.answer import Answer
from sequencer.service.answers import (
    Answered,
    Sight,
    Watch,
    answer,
    refused,
    watch_of,
    watched,
)
from sequencer.service.collecting import Collecting
from sequencer.service.committee_words import CommitteeWords
from sequencer.service.courier import FarL1
from sequencer.service.proving import ProofEnd, Proving
from sequencer.service.public_view import Mode, PublicView
from sequencer.service.reports import ReportSource
from sequencer.service.venue import Venue

ATTEMPTS_MAX: Final = 3
"""A batch that lost so many provers, or whose proofs were none, is not tried again."""

REDO_ROUNDS_MAX: Final = 8
"""Refusals of L1 that are answered within one tick; what is left waits for the next."""

RETRY_MS: Final = 1_000
"""After L1 said to come later."""

PASSING: Final = (
    Revert.CLOCK_AHEAD,
    Revert.PROOF_OVERDUE,
    Revert.NO_HEADER,
    Revert.HEADER_DIFFERS,
    Revert.WRONG_NUMBER,
    Revert.HEADER_EXISTS,
    Revert.OLD_ROOT,
    Revert.CLOCK_NOT_ADVANCED,
    Revert.DEPOSITS_SKIPPED,
    Revert.REDO_TIME,
    Revert.ATTESTATION,
)
"""Reverts that time mends, or the next look at L1: it may have changed since the last one."""

_OF_PROOF: Final = (
    Revert.PROOF,
    Revert.PIN_CIRCUIT,
    Revert.PIN_FIXED,
    Revert.PIN_PARAMETERS,
    Revert.PIN_SHAPE,
)


class DaemonHalted(Exception):
    """The venue cannot go on by itself: somebody must look. Its folder has everything."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a daemon is told once: times in ms. `lag_batches` unproved ones open no further one."""

    interval_ms: int
    lag_batches: int
    proof_deadline_ms: int


class Daemon:
    """A venue that lives by the clock. `say` gets a line about whatever its operator should see.

    Without `proving`, batches are closed and held at L1, and nothing is proved.
    """

    def __init__(
        self,
        venue: Venue,
        l1: FarL1,
        proving: Proving | None,
        reports: ReportSource,
        terms: Terms,
        clock: Callable[[], int],
        say: Callable[[str], None],
        *,
        start: int,
        collecting: Collecting | None = None,
    ) -> None:
        """`start` is the time of genesis, where the grid begins; `collecting` asks a committee."""
        self._words = CommitteeWords(collecting, say)
        self.venue = venue
        self._l1 = l1
        self._proving = proving
        self._reports = reports
        self._terms = terms
        self._clock = clock
        self._say = say
        self._start = start
        self._mode = Mode.RUNNING
        self._oracle = ""
        self._has_bundle: dict[bytes, bool] = {}
        self._attempts: dict[bytes, int] = {}
        self._warned: set[tuple[int, str]] = set()
        self._warnings: tuple[str, ...] = ()
        self._trouble = ""
        self._remarked, self._silence = 0, ""
        self._is_early = False
        self._retry_at = 0
        self.view = self._look(clock())

    @property
    def is_done(self) -> bool:
        """Whether a drain has come to its end: all is closed, at L1, and proved if it ever is."""
        if self._mode is not Mode.DRAINING or self.venue.core.work is not None:
            return False
        if self._proving is None:
            return self._l1.head_number == self.venue.core.number
        return not self.venue.unproved and not self._proving.numbers

    def drain(self) -> None:
        """Open no further batch. The one that is open closes by the clock, as every batch."""
        self._mode = Mode.DRAINING

    def tick(self) -> None:
        """Do all that is due. Raises DaemonHalted, or what stops a venue."""
        now = self._clock()
        self._listen(now)
        self._keep_window(now)
        if now >= self._retry_at:
            self._bring(now)
        self._prove()
        self._words.want(self.venue.unproved, self._l1.head_number)
        self._warn(now)
        self._say_remarks()
        self.venue.take_facts()  # its history has them
        self.view = self._look(now)

    def _listen(self, now: int) -> None:
        """Take over what was seen of L1; say where it does not answer, or clocks differ."""
        self._l1.refresh()
        trouble = self._l1.state.trouble
        if trouble and trouble != self._silence:
            self._say(f"L1 is not heard: {trouble}; batches go on closing, headers and proofs wait")
        elif self._silence and not trouble:
            self._say("L1 is heard again")
        self._silence = trouble
        work = self.venue.core.work
        left = 0 if work is None else work.time - now
        ahead = self._l1.seen.ahead_ms - self.venue.core.ledger.governance.clock_ahead_ms
        is_early = ahead > 0 or left > 2 * self._terms.interval_ms
        if is_early and not self._is_early:
            why = f"it is {ahead} ms too far ahead of L1's" if ahead > 0 else "it went back"
            self._say(f"the clock is wrong: {why}; no batch opens until it is right")
        self._is_early = is_early

    def submit(self, envelopes: Sequence[bytes]) -> list[Answer]:
        """Admit envelopes into the batch that the clock says. Answers are their senders' alone."""
        self._keep_window(self._clock())
        answers = self.venue.submit(envelopes)
        self.venue.take_facts()  # its history has them
        return answers

    def ask(self, envelope: bytes) -> Answered | str:
        """The answer to a sealed question, and whom it is for; the reason if it did not open."""
        asked = self.venue.ask(envelope)
        if asked.reason is not None:
            return asked.reason.value
        if asked.question is None:
            return Answered(asked.response_key, refused())
        venue = self.venue
        data = answer(venue.core, venue.history, asked.question, venue.run)
        return Answered(asked.response_key, data)

    def watch(self, envelope: bytes) -> Watch | str:
        """Who watches an account, by a sealed question; the reason if it did not open."""
        asked = self.venue.ask(envelope)
        return watch_of(self.venue.core, asked) if asked.reason is None else asked.reason.value

    def look(self, watch: Watch, cursor: int) -> Sight | None:
        """What a watcher may see now: nothing, where it may not know."""
        return watched(self.venue.core, self.venue.history, watch, cursor, self.venue.run)

    def _keep_window(self, now: int) -> None:
        """Close a window that is over, and open the next one."""
        work = self.venue.core.work
        if work is not None and now >= work.time:
            closed = self.venue.close_batch()
            self._say(f"batch {closed.batch.number} closed")
        if self.venue.core.work is None and self._opens():
            end = self._next_end(now)
            self.venue.open_batch(end, self._reports.of(self.venue.slot(end)))
            self._say_prices()

    def _say_prices(self) -> None:
        """Say it when markets begin or cease to lack a fresh price."""
        selection, core = self.venue.selection, self.venue.core
        if selection is None:
            return
        pairs = zip(core.ledger.governance.markets, selection.pricing.kinds, strict=True)
        known = (PriceKind.FRESH, PriceKind.ENDED)
        lacking = [f"{m.symbol} {kind}" for m, kind in pairs if kind not in known]
        said = ", ".join(lacking)
        if said != self._oracle:
            what = f"warning: prices are not fresh: {said}" if said else "prices are fresh again"
            faults = Counter(refused.fault.value for refused in selection.refused)
            left = "".join(f"; {count} {fault}" for fault, count in sorted(faults.items()))
            self._say(f"{what}{left}")
        self._oracle = said

    def _next_end(self, now: int) -> int:
        """The first place of the grid after now and after the last batch."""
        after = max(now, self.venue.core.time)
        interval = self._terms.interval_ms
        return self._start + ((after - self._start) // interval + 1) * interval

    def _opens(self) -> bool:
        """Whether a next batch may begin; says so when that changes. Taken up again at half the
        lag, so that a slow prover does not make it change with every batch."""
        if self._mode is Mode.DRAINING or self._is_early:
            return False
        waiting = 0 if self._proving is None else len(self.venue.unproved)
        most = self._terms.lag_batches
        if self._mode is Mode.RUNNING and waiting >= most:
            self._mode = Mode.BEHIND
            self._say(f"{waiting} batches wait for their proofs: no new one is opened, times skip")
        elif self._mode is Mode.BEHIND and waiting <= most // 2:
            self._mode = Mode.RUNNING
            self._say(f"{waiting} batches wait for their proofs: batches are opened again")
        return self._mode is Mode.RUNNING

    def _bring(self, now: int) -> None:
        """Headers, then proofs, as far as L1 takes them now. No header is taken while a proof is
        overdue, so that proof does not wait for headers."""
        refused, is_pending = None, False
        for step in (self._commit, self._post):
            try:
                step()
            except L1Pending:
                is_pending = True
            except Reverted as error:
                refused = refused or _passing(error)
                if error.reason is not Revert.PROOF_OVERDUE:
                    break
        if refused is not None:
            self._retry_at = now + RETRY_MS
            if self._trouble != str(refused):
                self._say(f"L1 lets the venue wait: {refused}")
        if refused is not None or not is_pending:
            self._trouble = "" if refused is None else str(refused)

    def _commit(self) -> None:
        for _ in range(REDO_ROUNDS_MAX):
            wanted = self.venue.commit_headers()
            if wanted is None:
                return
            self._say(f"L1 wants batch {wanted.number} made anew ({wanted.reason}), and all after")
            self.venue.redo(wanted)

    def _post(self) -> None:
        """Proofs that are there, in order."""
        for closed in self.venue.unproved:
            number = closed.batch.number
            if number > self._l1.head_number or not self._is_proved(closed):
                return
            try:
                folder, public = self.venue.batch_folder(number), closed.outcome.public
                if self._words.lacks(public):
                    return
                self.venue.post(public, folder.read_proof(), self._words.of(public))
            except Reverted as error:
                if error.reason not in _OF_PROOF:
                    raise
                self._failed(closed.header.digest(), f"batch {number}: L1 refused its proof", error)
                return
            self._say(f"batch {number} proved, and its root taken by L1")
        self._forget()

    def _forget(self) -> None:
        """Only batches that wait are remembered."""
        waiting = {each.header.digest() for each in self.venue.unproved}
        self._has_bundle = {k: v for k, v in self._has_bundle.items() if k in waiting}
        self._attempts = {k: v for k, v in self._attempts.items() if k in waiting}

    def _is_proved(self, closed: ClosedBatch) -> bool:
        """Whether the folder has a bundle of this very batch: looked at once, and after a proof."""
        digest = closed.header.digest()
        if digest not in self._has_bundle:
            folder = self.venue.batch_folder(closed.batch.number)
            try:
                found = folder.read_public() == closed.outcome.public and bool(folder.read_proof())
            except ArtefactError:
                found = False
            self._has_bundle[digest] = found
        return self._has_bundle[digest]

    def _prove(self) -> None:
        """Take what the provers did, and give those that are free the next batches that L1 holds.

        A number is proved by one of them at a time, since its folder has room for one bundle.
        """
        if self._proving is None:
            return
        while (end := self._proving.take()) is not None:
            self._ended(end)
        for closed in self.venue.unproved:
            number = closed.batch.number
            if number > self._l1.head_number or not self._proving.has_room:
                return
            if number not in self._proving.numbers and not self._is_proved(closed):
                folder = self.venue.batch_folder(number).path
                data = batch_to_bytes(closed.batch)
                self._proving.start(number, closed.header.digest(), data, folder)

    def _ended(self, end: ProofEnd) -> None:
        """A prover came to an end: look at its folder again, or count the failure."""
        self._has_bundle.pop(end.header, None)
        current = [each for each in self.venue.unproved if each.header.digest() == end.header]
        if not current:
            return  # the batch was made anew meanwhile: it is begun again under another header
        error, what = end.error, f"batch {end.number} was not proved"
        if isinstance(error, Rejected | CodecError):
            detail = f"the prover refused batch {end.number}, which the venue closed: {error}"
            raise DaemonHalted(detail) from error
        if error is None and not self._is_proved(current[0]):
            error = ArtefactError("the prover left no bundle of this batch")
        if isinstance(error, ProverLost | ArtefactError):
            self._failed(end.header, what, error)
        elif error is not None:
            raise DaemonHalted(f"{what}: {error}") from error

    def _failed(self, header: bytes, what: str, error: Exception) -> None:
        self._has_bundle[header] = False
        tried = self._attempts[header] = self._attempts.get(header, 0) + 1
        self._say(f"{what} (try {tried} of {ATTEMPTS_MAX}): {error}")
        if tried >= ATTEMPTS_MAX:
            raise DaemonHalted(f"{what}, {tried} times in a row: {error}") from error

    def _say_remarks(self) -> None:
        """What was not as it should be beside the journal, each once."""
        remarks = self.venue.remarks
        for remark in remarks[self._remarked :]:
            self._say(f"warning: {remark}")
        self._remarked = len(remarks)

    def _warn(self, now: int) -> None:
        """Say once for each batch that a bound of L1 draws near."""
        found = self.venue.deadlines(now, self._terms.proof_deadline_ms)
        for each in found:
            if (each.number, each.late) not in self._warned:
                self._say(f"warning: {each}")
        self._warned = {(each.number, each.late) for each in found}
        self._warnings = (*(str(each) for each in found), *self._words.warnings)

    def _look(self, now: int) -> PublicView:
        core = self.venue.core
        return PublicView(
            now=now,
            mode=self._mode,
            chain=core.chain,
            venue=core.venue,
            interval_ms=self._terms.interval_ms,
            number=core.number,
            closes_at=None if core.work is None else core.work.time,
            prices=self.venue.prices[: len(core.ledger.governance.markets)],
            markets=core.ledger.governance.markets,
            held=self._l1.head_number,
            proved=self._l1.proved_number,
            unproved=tuple(each.header for each in self.venue.unproved),
            warnings=self._warnings,
            trouble=self._silence or self._trouble,
            is_heard=not self._silence,
            heard_at=self._l1.state.heard_at,
        )


def _passing(refused: Reverted) -> Reverted:
    """What L1 said, if it was to come later. DaemonHalted if no time will mend it."""
    if refused.reason not in PASSING:
        raise DaemonHalted(f"L1 refused what a venue brings: {refused}") from refused
    return refused
