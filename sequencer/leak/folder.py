"""What a folder of published files shows: a venue's own, or a mirror. No other file is opened.

root/genesis.json, root/batches/000042/public/{public.json, data.bin, proof.bin}: of the last only
its size is asked.
"""

from collections.abc import Iterator
from pathlib import Path

from rollup.codec.strict import CodecError
from rollup.files import DATA_FILE, PROOF_FILE, PUBLIC_FILE, FileTooLarge, read_bounded
from rollup.protocol.public_json import PUBLIC_BYTES_MAX
from rollup.protocol.published_data import DATA_BYTES_MAX
from sequencer.leak.observer import Observation, Observer
from sequencer.leak.sight import Sight
from sequencer.mirror.folder import Mirror, MirrorError


def observed(mirror: Mirror, observer: Observer) -> Iterator[Observation]:
    """What the batches of a folder show, from the first on. MirrorError for a file that is missing
    or not what it should be: an observer that skipped a batch would tell wrong differences."""
    numbers = mirror.numbers()
    if not numbers:
        raise MirrorError(f"{mirror.root}: no batch with a public input is here")
    for wanted, number in enumerate(numbers, 1):
        if number != wanted:
            raise MirrorError(f"{mirror.place(wanted)}: batch {wanted} is wanted, {number} is next")
        place = mirror.place(number)
        try:
            seen = observer.see(sight_of(place))
        except CodecError as error:
            raise MirrorError(f"{place}: {error}") from error
        if seen.public.number != number:
            raise MirrorError(f"{place}: the public input is of batch {seen.public.number}")
        yield seen


def sight_of(place: Path) -> Sight:
    """The public files of one batch. MirrorError where they cannot be read."""
    public = _read(place / PUBLIC_FILE, PUBLIC_BYTES_MAX)
    data, proof = place / DATA_FILE, place / PROOF_FILE
    return Sight(
        public,
        _read(data, DATA_BYTES_MAX) if data.exists() else None,
        proof.stat().st_size if proof.exists() else None,
    )


def _read(path: Path, limit: int) -> bytes:
    try:
        return read_bounded(path, limit)
    except FileTooLarge as error:
        raise MirrorError(str(error)) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise MirrorError(f"{path}: {reason}") from error
