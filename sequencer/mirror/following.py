"""Published data followed from genesis, batch by batch, out of a folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from rollup.availability.fault import DataRefused
from rollup.availability.holder import Holder
from rollup.hash.many import CompressMany
from rollup.hash.many import compress_many as plain
from rollup.protocol.genesis import Genesis
from sequencer.mirror.folder import Mirror


@dataclass(frozen=True, slots=True)
class Followed:
    """A batch that was found right: how many leaves it published, in a file of how many bytes."""

    number: int
    leaves: int
    size: int


def fast_hashing() -> CompressMany:
    """The kernels if numba is installed, else plain Python: some seconds for a full batch."""
    try:
        found: Any = import_module("rollup.hash.batched")
    except ModuleNotFoundError:
        return plain
    compress_many: CompressMany = found.compress_many
    return compress_many


def follow(mirror: Mirror, holder: Holder, last: int | None = None) -> Iterator[Followed]:
    """Have a holder take in the batches of a folder after its own, up to `last` or all that have a
    public input; each is told once it was. MirrorError for a file, DataRefused, with the folder of
    the batch, for what is in it."""
    for number in mirror.numbers():
        if number <= holder.number or (last is not None and number > last):
            continue
        public, data = mirror.public(number), mirror.data(number)
        with refused_in(mirror.place(number)):
            holder.follow(public, data)
        yield Followed(number, len(data.leaves), len(data.encode()))


class refused_in:
    """Put a path in front of what is said of refused data inside."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, DataRefused):
            raise DataRefused(error.fault, f"{self._path}: {error.detail}") from None


def holder_of(genesis: Genesis) -> Holder:
    """Who holds nothing yet of a venue."""
    return Holder(genesis, fast_hashing())
