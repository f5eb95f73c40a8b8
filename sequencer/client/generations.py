"""The generations of an account that may have been used, in a file beside its key file.

One number: all below it are reserved. It is written, whole and flushed, before the first of a block
is signed. One program at a time holds the file's lock, since two with one account would place
orders into each other's slots.

Where there is no such file yet, or it was lost, the first generation is the count of minutes since
2026, or, where that is higher, what the venue says was used (`Slots.begin_from`). Nothing is used
twice then either, unless the account placed more than 256 orders a minute, day and night, before
the file was lost, and the venue lies about it, or orders are still on their way to it.
"""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rollup.codec.strict import CodecError
from rollup.files import PRIVATE_MODE, WriteError, read_bounded, write_whole, writing
from rollup.protocol.constants import GENERATION_END
from sequencer.client.errors import AccountBusy
from sequencer.client.slots import FIRST_GENERATION

FILE_BYTES_MAX: Final = 32
SUFFIX: Final = ".generations"
LOCK_SUFFIX: Final = ".lock"
BEGINNING_S: Final = 1_767_225_600
"""1 January 2026, UTC. 26 bits of minutes from there last 127 years."""


class FileStore:
    """Implements `sequencer.client.slots.GenerationStore`; locked from its first use to `close`."""

    def __init__(self, key_file: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = key_file.with_name(key_file.name + SUFFIX)
        self._clock = clock
        self._lock: int | None = None

    def first_free(self) -> int:
        """AccountBusy if another program has it, CodecError if the file holds something else."""
        self._acquire()
        try:
            data = read_bounded(self.path, FILE_BYTES_MAX)
        except FileNotFoundError:
            minutes = int(self._clock() - BEGINNING_S) // 60
            return max(FIRST_GENERATION, min(minutes, GENERATION_END))
        text = data.decode("ascii", "replace").removesuffix("\n")
        if not (text.isascii() and text.isdigit()) or not 0 < int(text) <= GENERATION_END:
            raise CodecError(f"{self.path}: a number from 1 to {GENERATION_END} is wanted")
        return int(text)

    def reserve(self, end: int) -> None:
        """WriteError if it cannot be written: then nothing of the block may be used."""
        write_whole(self.path, f"{end}\n".encode("ascii"), PRIVATE_MODE)

    def close(self) -> None:
        """Let another program have the account."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _acquire(self) -> None:
        """The lock is a file of its own: the other one is replaced whenever it is written."""
        if self._lock is not None:
            return
        path = self.path.with_name(self.path.name + LOCK_SUFFIX)
        with writing(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise AccountBusy(f"{self.path}: another program trades with this account") from None
        except OSError as error:
            os.close(descriptor)
            raise WriteError(error.errno, error.strerror or "cannot lock", str(path)) from error
        self._lock = descriptor
