"""What the daemon has of its committee: for which batches words are wanted, and who is missing."""

from collections.abc import Callable, Sequence

from rollup.protocol.committee import Attestation
from rollup.protocol.public import PublicInput
from sequencer.batches.batcher import ClosedBatch
from sequencer.service.collecting import Collecting


class CommitteeWords:
    """The words of members for batches that wait for them. Where parameters have no committee,
    nothing is asked of anybody."""

    def __init__(self, collecting: Collecting | None, say: Callable[[str], None]) -> None:
        self._collecting = collecting
        self._say = say
        self._lacking: PublicInput | None = None
        self._said = ""
        self.warnings: tuple[str, ...] = ()

    def want(self, batches: Sequence[ClosedBatch], head: int) -> None:
        """Collect for the batches whose headers L1 holds, oldest first, and say who is missing
        where a proof waits for them."""
        if self._lacking not in [each.outcome.public for each in batches]:
            self._lacking = None
        if self._collecting is not None:
            held = [each.outcome.public for each in batches if each.batch.number <= head]
            wanted = {each.digest(): each for each in held if each.governance.committee}
            for public in wanted.values():
                self._collecting.want(public)
            self._collecting.keep_only(wanted)
        self._tell()

    def lacks(self, public: PublicInput) -> bool:
        """Whether the committee of a batch that is proved has not said enough yet."""
        is_lacking = bool(public.governance.committee) and self.of(public) is None
        self._lacking = public if is_lacking else None
        return is_lacking

    def of(self, public: PublicInput) -> Attestation | None:
        """The word of a batch's committee, once it is there."""
        if self._collecting is None or not public.governance.committee:
            return None
        return self._collecting.attestation(public.digest())

    def _tell(self) -> None:
        lacking = self._lacking
        if lacking is None:
            if self._said:
                self._say("the committee attests again")
            self._said, self.warnings = "", ()
            return
        committee = lacking.governance.committee
        wanted = f"{committee.threshold} of {len(committee.keys)} members"
        missing = "no --member is named"
        if self._collecting is not None:
            missing = f"missing: {self._collecting.missing(lacking.digest())}"
        said = f"batch {lacking.number} is proved, and waits for {wanted} to attest; {missing}"
        self.warnings = (said,)
        if said != self._said:
            self._say(f"warning: {said}")
        self._said = said
