"""The words of a committee's members, collected while a batch is proved: a thread for each member
brings it the batches that L1 holds headers of, oldest first, and again until it has signed.

What a member lacks, because it was away, it is brought first. Signatures are verified together,
once there are enough; where they do not hold, each is, and one that is wrong is dropped: whoever
made it would make it again, and is not asked again for this batch.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Thread
from typing import Final, Protocol

from rollup.crypto.bls import is_signed_by_all
from rollup.files import DATA_FILE, PUBLIC_FILE, FileTooLarge, read_bounded
from rollup.protocol.committee import (
    Attestation,
    Committee,
    attestation_of,
    attested,
    availability_message,
)
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import PUBLIC_BYTES_MAX, public_to_json
from rollup.protocol.published_data import DATA_BYTES_MAX
from rollup.protocol.rejection import Rejected

PAUSE_S: Final = 0.5
PAUSE_MAX_S: Final = 10.0
"""Between two tries of a member that does not sign, ever longer."""

Folder = Callable[[int], Path]
"""Where the published files of a batch are, by its number."""


class MemberFails(Exception):
    """A member did not sign; says why. `wanted` is the batch that it lacks, if it says so."""

    def __init__(self, detail: str, wanted: int | None = None) -> None:
        super().__init__(detail)
        self.wanted = wanted


class MemberLink(Protocol):
    """A member, wherever it is."""

    @property
    def name(self) -> str:
        """What it is called where it is told of: its address."""

    def sign(self, public: bytes, data: bytes) -> tuple[bytes, bytes]:
        """Its word for a batch: its public key, and its signature. MemberFails."""


class Collecting(Protocol):
    """What the daemon asks of whoever collects, without waiting."""

    def want(self, public: PublicInput) -> None:
        """Collect for a closed batch. Asking again changes nothing."""

    def attestation(self, digest: bytes) -> Attestation | None:
        """What was collected, once it is enough."""

    def keep_only(self, digests: Collection[bytes]) -> None:
        """Forget all other batches."""

    def missing(self, digest: bytes) -> str:
        """Who has not signed a batch yet, and why, as far as it is known."""


@dataclass(slots=True)
class _Wanted:
    """A batch that is collected for, and what came: signatures by key, and who answered, by name,
    with which key."""

    number: int
    public: bytes
    committee: Committee
    signatures: dict[bytes, bytes] = field(default_factory=dict)
    answered: dict[str, bytes] = field(default_factory=dict)
    done: Attestation | None = None


class Collector:
    """Collects by a thread for each member; `close` it when done."""

    def __init__(self, links: Sequence[MemberLink], folder: Folder) -> None:
        self._folder = folder
        self._wanted: dict[bytes, _Wanted] = {}
        self._trouble: dict[str, str] = {}
        self._names = [link.name for link in links]
        self._changed = Condition()
        self._ends = False
        self._threads = [Thread(target=self._run, args=(link,), daemon=True) for link in links]
        for thread in self._threads:
            thread.start()

    def want(self, public: PublicInput) -> None:
        """Collect for a batch."""
        digest = public.digest()
        if digest in self._wanted:
            return  # nobody else adds to them
        wanted = _Wanted(public.number, public_to_json(public), public.governance.committee)
        with self._changed:
            self._wanted[digest] = wanted
            self._changed.notify_all()

    def attestation(self, digest: bytes) -> Attestation | None:
        """What was collected, once it is enough."""
        with self._changed:
            found = self._wanted.get(digest)
            return None if found is None else found.done

    def wait(self, digest: bytes, seconds: float) -> Attestation | None:
        """What is collected for a batch that is wanted, once it is enough; None where it is not
        within so many seconds."""
        with self._changed:
            wanted = self._wanted[digest]
            self._changed.wait_for(lambda: wanted.done is not None, seconds)
            return wanted.done

    def keep_only(self, digests: Collection[bytes]) -> None:
        """Forget all other batches."""
        with self._changed:
            self._wanted = {k: v for k, v in self._wanted.items() if k in digests}

    def missing(self, digest: bytes) -> str:
        """Who has not signed a batch yet, and why, as far as it is known."""
        with self._changed:
            found = self._wanted.get(digest)
            signed = {} if found is None else found.signatures
            keys = {} if found is None else found.answered
            left = [each for each in self._names if keys.get(each) not in signed]
            said = [f"{each} ({self._trouble.get(each, 'no answer yet')})" for each in left]
        return ", ".join(said) or "nobody else is known"

    def close(self) -> None:
        """Ask nobody any more. A thread that waits for an answer ends with it."""
        with self._changed:
            self._ends = True
            self._changed.notify_all()

    def _run(self, link: MemberLink) -> None:
        pause = PAUSE_S
        while (job := self._next(link)) is not None:
            digest, wanted = job
            try:
                self._ask(link, digest, wanted)
            except (MemberFails, OSError, FileTooLarge, Rejected) as error:
                with self._changed:
                    self._trouble[link.name] = str(error)
                    self._changed.wait_for(lambda: self._ends, pause)
                pause = min(2 * pause, PAUSE_MAX_S)
            else:
                pause = PAUSE_S

    def _next(self, link: MemberLink) -> tuple[bytes, _Wanted] | None:
        """The oldest batch that the member has not signed, once there is one; None at the end."""
        with self._changed:
            while not self._ends:
                open_ = [
                    (each.number, digest)
                    for digest, each in self._wanted.items()
                    if link.name not in each.answered
                ]
                if open_:
                    digest = min(open_)[1]
                    return digest, self._wanted[digest]
                self._changed.wait()
        return None

    def _ask(self, link: MemberLink, digest: bytes, wanted: _Wanted) -> None:
        try:
            key, signature = link.sign(*self._files(wanted.number))
        except MemberFails as error:
            if error.wanted is None or error.wanted >= wanted.number:
                raise
            self._catch_up(link, error.wanted, wanted.number)
            key, signature = link.sign(*self._files(wanted.number))
        if key not in wanted.committee.keys:
            raise MemberFails("its key is not of the committee")
        with self._changed:
            wanted.signatures[key] = signature
            wanted.answered[link.name] = key
            self._trouble.pop(link.name, None)
        self._judge(availability_message(digest), wanted)

    def _files(self, number: int) -> tuple[bytes, bytes]:
        """`public.json` and `data.bin` of a batch: a closed one that waits, or one that is proved,
        which has both in its folder. OSError where they are not there."""
        folder = self._folder(number)
        with self._changed:
            waiting = [each.public for each in self._wanted.values() if each.number == number]
        public = waiting[0] if waiting else read_bounded(folder / PUBLIC_FILE, PUBLIC_BYTES_MAX)
        return public, read_bounded(folder / DATA_FILE, DATA_BYTES_MAX)

    def _catch_up(self, link: MemberLink, first: int, end: int) -> None:
        """Bring what a member that was away has not."""
        for number in range(first, end):
            if self._ends:
                raise MemberFails("it was not brought all")
            link.sign(*self._files(number))

    def _judge(self, message: bytes, wanted: _Wanted) -> None:
        """Whether what came is enough, and holds."""
        while True:
            with self._changed:
                found = dict(wanted.signatures)
            if wanted.done is not None or len(found) < wanted.committee.threshold:
                return
            made = _joined(wanted.committee, message, found)
            if made is not None:
                with self._changed:
                    wanted.done = made
                    self._changed.notify_all()
                return
            pairs = found.items()
            wrong = [key for key, said in pairs if not is_signed_by_all([key], message, said)]
            if not wrong:
                return  # those that came meanwhile are judged by whoever brought them
            self._drop(wanted, wrong)

    def _drop(self, wanted: _Wanted, keys: Sequence[bytes]) -> None:
        """Signatures that are wrong, by themselves."""
        with self._changed:
            for key in keys:
                wanted.signatures.pop(key, None)
            for name, key in wanted.answered.items():
                if key in keys:
                    self._trouble[name] = "its signature does not hold"


def _joined(
    committee: Committee, message: bytes, found: Mapping[bytes, bytes]
) -> Attestation | None:
    """The signatures as one, if it holds."""
    try:
        made = attestation_of(committee, found)
    except Rejected:
        return None
    return made if attested(committee, message, made) is None else None
