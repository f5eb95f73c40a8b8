"""Which parameters are in force for a batch: a function of its number and time, known in advance;
but in an open step those of its first batch.

An announcement changes nothing for any time that a batch closed by now can have, which is what
makes it harmless to the batches that wait for L1. Spec: docs/spec/09-l1.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from rollup.codec.strict import CodecError
from rollup.l1.committee import require_possessed
from rollup.l1.interface import Revert, Reverted
from rollup.protocol.continuing import require_continues
from rollup.protocol.governance_codec import governance_from_bytes
from rollup.protocol.header import BatchHeader
from rollup.protocol.market import Governance
from rollup.protocol.rejection import Rejected


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Parameters, and the least batch number and batch time that they are for."""

    governance: Governance
    digest: bytes
    number: int
    valid_from: int


class Schedule:
    """All parameters ever announced and not replaced; of those that fit a batch, the last."""

    def __init__(self, genesis: Governance) -> None:
        self.entries = [Scheduled(genesis, genesis.digest(), 0, 0)]
        self.used = 0

    @classmethod
    def restored(cls, entries: Sequence[Scheduled], used: int) -> Self:
        """The schedule with these entries, of which the one at `used` was the last header's."""
        schedule = cls(entries[0].governance)
        schedule.entries, schedule.used = list(entries), used
        return schedule

    @property
    def current(self) -> Scheduled:
        """What the last header was under."""
        return self.entries[self.used]

    @property
    def coming(self) -> Sequence[Scheduled]:
        """What headers to come can be under, as far as it is announced."""
        return self.entries[self.used :]

    def place_for(self, number: int, time: int) -> int:
        """Where in the schedule the parameters of a batch stand. It never falls as both grow."""
        fitting = (
            place
            for place, entry in enumerate(self.entries)
            if entry.number <= number and entry.valid_from <= time
        )
        return max(fitting, default=0)

    def entry_for(self, number: int, time: int) -> Scheduled:
        """The parameters in force for a batch of this number and time."""
        return self.entries[self.place_for(number, time)]

    def entry_of(self, header: BatchHeader) -> Scheduled:
        """The parameters that a header must be under: while a step is open those of the header
        before it stand. That it says truly whether one is shows when its batch is proved."""
        if header.begins_open:
            return self.current
        return self.entry_for(header.number, header.time)

    def use(self, header: BatchHeader) -> bool:
        """Note that a header took its parameters; whether it is the first under them."""
        place = self.used if header.begins_open else self.place_for(header.number, header.time)
        is_first = place > self.used
        self.used = place
        return is_first

    def announce(
        self,
        governance: Governance,
        number: int,
        now: int,
        delay: int,
        possession: Sequence[bytes] = (),
    ) -> Scheduled:
        """Add parameters, in place of the last ones if no closed batch can be under them yet.

        They follow all that a batch before them can be under: no batch need ever be under those
        announced in between, whose number may be far away, or whose time pass without a batch.
        """
        _require_safe(governance)
        require_delay(governance, delay)
        last = self.entries[-1]
        kept = self.entries[:-1] if is_replaceable(last, now) else self.entries
        for entry in kept[self.used :]:
            _require_successor(entry.governance, governance)
        require_possessed(governance.committee, possession)
        entry = Scheduled(governance, governance.digest(), number, now + delay)
        self.entries = [*kept, entry]
        return entry


def _require_safe(governance: Governance) -> None:
    """Revert unless what is announced keeps every bound, theorem T's inequalities among them:
    judged on its bytes, as if nothing had been asked where it was made."""
    try:
        governance_from_bytes(governance.encode())
    except (CodecError, Rejected) as error:
        raise Reverted(Revert.GOVERNANCE_UNSAFE, str(error)) from error


def require_delay(governance: Governance, delay: int) -> None:
    """Revert unless the delay passes how far a batch's time may be ahead of L1's.

    So nothing that is closed when parameters are announced can have a time at which they hold.
    """
    if type(delay) is not int or delay <= governance.clock_ahead_ms:
        raise Reverted(
            Revert.DELAY_TOO_SHORT,
            f"the delay of {delay} ms must exceed the clock bound of {governance.clock_ahead_ms}",
        )


def require_interval(governance: Governance, interval_ms: int) -> None:
    """Revert unless at any moment some place of a grid is within the clock's bounds.

    So an operator that comes at any time has a time for its next batch.
    """
    reach = governance.clock_behind_ms + governance.clock_ahead_ms + 1
    if interval_ms > reach:
        detail = f"the clock's bounds reach {reach} ms, the interval is {interval_ms}"
        raise Reverted(Revert.INTERVAL_TOO_LONG, detail)


def is_replaceable(last: Scheduled, now: int) -> bool:
    """Whether a batch closed by now is too early to be under the last parameters."""
    return now + last.governance.clock_ahead_ms < last.valid_from


def _require_successor(before: Governance, after: Governance) -> None:
    """Revert where batches could not go on, or positions would change their meaning."""
    try:
        require_continues(before, after)
    except Rejected as error:
        raise Reverted(Revert.GOVERNANCE_CHANGED, error.detail) from error
