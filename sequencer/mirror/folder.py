"""A folder of published data: a venue's own, or a mirror with its layout.

root/genesis.json                                       what the venue started from
root/batches/000042/public/{public.json, data.bin}      what a proved batch published

It imports what a verifier imports and no more, so that an owner needs little to leave.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from rollup.codec.strict import CodecError
from rollup.files import (
    DATA_FILE,
    PUBLIC_FILE,
    PUBLIC_FOLDER,
    FileTooLarge,
    make_folder,
    read_bounded,
    write_whole,
)
from rollup.protocol.genesis import GENESIS_BYTES_MAX, Genesis, genesis_from_json, genesis_to_json
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import PUBLIC_BYTES_MAX, public_from_json
from rollup.protocol.published_data import DATA_BYTES_MAX, PublishedData, published_from_bytes

BATCHES_FOLDER: Final = "batches"
GENESIS_FILE: Final = "genesis.json"
NUMBER_DIGITS: Final = 6

Record = TypeVar("Record")


class MirrorError(Exception):
    """A file that is missing, unreadable or not what it should be; names it."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """The published files of one venue."""

    root: Path

    def place(self, number: int) -> Path:
        """Where the published files of a batch are."""
        return self.root / BATCHES_FOLDER / f"{number:0{NUMBER_DIGITS}d}" / PUBLIC_FOLDER

    def numbers(self) -> list[int]:
        """Numbers of the batches that have a public input here, rising."""
        return sorted(
            int(folder.name)
            for folder in (self.root / BATCHES_FOLDER).glob("[0-9]*")
            if folder.name.isdecimal()
            and len(folder.name) >= NUMBER_DIGITS
            and (folder / PUBLIC_FOLDER / PUBLIC_FILE).exists()
        )

    def public(self, number: int) -> PublicInput:
        """The public input of a batch. MirrorError names what is wrong with the file."""
        return read_record(self.place(number) / PUBLIC_FILE, PUBLIC_BYTES_MAX, public_from_json)

    def data(self, number: int) -> PublishedData:
        """What a batch publishes. MirrorError names what is wrong with the file."""
        return read_record(self.place(number) / DATA_FILE, DATA_BYTES_MAX, published_from_bytes)

    def genesis(self) -> Genesis:
        """What the venue started from. MirrorError names what is wrong with the file."""
        return read_genesis(self.root / GENESIS_FILE)

    def begin(self, genesis: Genesis) -> None:
        """Make the folder, with the genesis that it follows from, unless it has one. WriteError
        where that cannot be done."""
        make_folder(self.root)
        path = self.root / GENESIS_FILE
        if not path.exists():
            write_whole(path, genesis_to_json(genesis).encode("utf-8"))

    def keep(self, number: int, public: bytes, data: bytes) -> None:
        """Write the published files of a batch, its data first, so that whatever has a public input
        is whole. WriteError where that cannot be done."""
        place = self.place(number)
        make_folder(place)
        write_whole(place / DATA_FILE, data)
        write_whole(place / PUBLIC_FILE, public)


def read_genesis(path: Path) -> Genesis:
    """The genesis in a file. MirrorError names what is wrong with it."""
    return read_record(path, GENESIS_BYTES_MAX, genesis_from_json)


def read_record(path: Path, limit: int, read: Callable[[bytes], Record]) -> Record:
    """The record in a file. MirrorError where there is none, or another one."""
    try:
        return read(read_bounded(path, limit))
    except FileTooLarge as error:
        raise MirrorError(str(error)) from error
    except CodecError as error:
        raise MirrorError(f"{path}: {error}") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise MirrorError(f"{path}: {reason}") from error
