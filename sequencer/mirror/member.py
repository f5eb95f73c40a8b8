"""A member of a committee: it holds what a venue's batches publish, and signs of each that it does.

Nothing is signed that does not follow from what is held, is not on disk, or is of no header that L1
holds; and what was signed once is kept, whatever becomes of the batch. Spec:
docs/spec/24-committee.md.
"""

from contextlib import suppress
from shutil import rmtree
from threading import Lock
from typing import Final, Protocol

from rollup.availability.holder import Holder
from rollup.crypto.bls import BlsSecret
from rollup.files import make_folder, sync_folder, writing
from rollup.l1.connection import RemoteError
from rollup.protocol.committee import availability_message
from rollup.protocol.genesis import Genesis
from rollup.protocol.header import header_of
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import public_from_json
from rollup.protocol.published_data import PublishedData, published_from_bytes
from sequencer.mirror.folder import NUMBER_DIGITS, Mirror
from sequencer.mirror.following import follow, holder_of

ASIDE_FOLDER: Final = "aside"
"""Where batches are that this member signed and that others took the place of: L1 may go back."""


class NotSigned(Exception):
    """A member does not sign a batch, now or ever."""


class NotNext(NotSigned):
    """Batches before it are lacking: `wanted` is the first."""

    def __init__(self, wanted: int) -> None:
        super().__init__(f"batch {wanted} is wanted first")
        self.wanted = wanted


class NotCalled(NotSigned):
    """L1 holds no header of the batch, as far as this member hears."""


class Headers(Protocol):
    """What a member asks of L1."""

    @property
    def proved_number(self) -> int:
        """Number of the last batch that is proved."""

    def header_digest(self, number: int) -> bytes | None:
        """Digest of the header held under a number, also after it is proved."""

    def queue_head(self, count: int) -> bytes | None:
        """The queue's hash chain after `count` entries."""


class Member:
    """Who holds batches in a folder, whose layout is a mirror's. One call at a time does anything.

    MirrorError or DataRefused for a folder that does not follow from the genesis.
    """

    def __init__(self, mirror: Mirror, genesis: Genesis, secret: BlsSecret, l1: Headers) -> None:
        self._mirror = mirror
        self._genesis = genesis
        self._secret = secret
        self._l1 = l1
        self._turn = Lock()
        mirror.begin(genesis)
        self._holder = self._followed()

    @property
    def key(self) -> bytes:
        """The public key that it signs by."""
        return self._secret.key

    @property
    def number(self) -> int:
        """The last batch that is held."""
        return self._holder.number

    @property
    def proved(self) -> int:
        """The last batch that is held and that L1 took; that is held, where L1 is not heard."""
        with suppress(RemoteError):
            return min(self.number, self._l1.proved_number)
        return self.number

    @property
    def mirror(self) -> Mirror:
        """What is held, file by file."""
        return self._mirror

    def attest(self, public: bytes, data: bytes) -> bytes:
        """Hold a batch, if it is not held, and sign it. CodecError for what is no batch,
        DataRefused for one that does not follow, NotSigned, WriteError: then nothing was signed."""
        found, published = public_from_json(public), published_from_bytes(data)
        with self._turn:
            if not self._holds(found):
                self._hold(found, published, public, data)
        return self._secret.sign(availability_message(found.digest()))

    def _holds(self, public: PublicInput) -> bool:
        if public.number > self.number:
            return False
        return self._mirror.public(public.number).digest() == public.digest()

    def _hold(self, public: PublicInput, published: PublishedData, raw: bytes, data: bytes) -> None:
        """Take a batch in after those that are held; where another one has its number, in its
        place. What is asked of L1 keeps strangers from filling the disk."""
        if public.number > self.number + 1:
            raise NotNext(self.number + 1)
        self._require_header(public)
        parts = public.number <= self.number
        holder = self._followed(public.number - 1) if parts else self._holder
        holder.follow(public, published)
        try:
            if parts:
                self._set_aside(public.number)
            self._keep(public.number, raw, data)
        except BaseException:
            self._holder = self._followed()  # as far as it is on disk
            raise
        self._holder = holder

    def _require_header(self, public: PublicInput) -> None:
        """Lie: a batch that nobody committed to, made up to fill the place of one that is."""
        try:
            held = self._l1.header_digest(public.number)
            head = self._l1.queue_head(public.deposits_before + len(public.deposits))
        except RemoteError as error:
            raise NotCalled(f"L1 is not heard: {error}") from error
        if held is None or head is None or header_of(public, head).digest() != held:
            raise NotCalled(f"L1 holds no such header of batch {public.number}")

    def _keep(self, number: int, public: bytes, data: bytes) -> None:
        """On disk, with the names of its folders, before anybody hears of it."""
        self._mirror.keep(number, public, data)
        place = self._mirror.place(number)
        for folder in (place.parent, place.parent.parent, self._mirror.root):
            sync_folder(folder)

    def _set_aside(self, number: int) -> None:
        """Batches from a number on, the last one first, so that what is left is always a chain."""
        aside = self._mirror.root / ASIDE_FOLDER
        make_folder(aside)
        for each in reversed(self._mirror.numbers()):
            if each < number:
                break
            source = self._mirror.place(each).parent
            digest = self._mirror.public(each).digest().hex()
            target = aside / f"{each:0{NUMBER_DIGITS}d}-{digest}"
            with writing(target):
                if target.exists():
                    rmtree(source)  # the same, from an earlier time
                else:
                    source.rename(target)
            sync_folder(aside)
            sync_folder(source.parent)

    def _followed(self, last: int | None = None) -> Holder:
        """What the folder holds, up to a batch."""
        holder = holder_of(self._genesis)
        for _ in follow(self._mirror, holder, last):
            pass
        return holder
