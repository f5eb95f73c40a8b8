"""Named arrays in one file, mapped into memory where they are read: what a process would else make
anew each time it starts.

The first four pages are a line of JSON: each array's name, type, shape and place, and a checksum.
Arrays begin on pages of their own. The checksum is SHA-256 over the names and places and the sums
of all pages as 64-bit words: it notices what storage does to a file (bits that flip, pages that are
lost, an end that is missing) at the speed of memory. To fool it one has to be able to write the
file.
"""

import hashlib
import json
import mmap
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]

FORMAT = 1
"""Of this file: another number is another layout."""

PAGE = 4096
"""Bytes of a page, on which arrays begin."""

HEADER_BYTES = 4 * PAGE
"""Room for the line of JSON."""


def store_arrays(file: Path, arrays: Arrays) -> None:
    """Write arrays to a file, whole or not at all. OSError if that cannot be done; ValueError if
    they are more than the header can name."""
    places: list[tuple[str, str, tuple[int, ...], int]] = []
    start = HEADER_BYTES
    for name, array in arrays.items():
        places.append((name, array.dtype.str, array.shape, start))
        start += -(-array.nbytes // PAGE) * PAGE
    handle, temporary = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as written:
            written.truncate(start)
            for place, array in zip(places, arrays.values(), strict=True):
                written.seek(place[-1])
                written.write(np.ascontiguousarray(array).data)
        held = _mapped(Path(temporary))
        written_header = _header({"arrays": places, "checksum": _checksum(places, held)})
        with open(temporary, "r+b") as begun:
            begun.write(written_header)
            begun.flush()
            os.fsync(begun.fileno())
        os.replace(temporary, file)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def load_arrays(file: Path) -> dict[str, npt.NDArray[Any]] | None:
    """The arrays of a file, mapped: read where they lie, and private to this process if it writes.

    None if there is no such file, or it is not as it was written.
    """
    try:
        held = _mapped(file)
        record = json.loads(held[:HEADER_BYTES].tobytes().rstrip(b"\0"))
        places = record["arrays"]
        if record["format"] != FORMAT or record["checksum"] != _checksum(places, held):
            return None
        return {name: _array(held, *place) for name, *place in places}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _mapped(file: Path) -> npt.NDArray[np.uint8]:
    """The bytes of a file. ValueError if it has none, or ends within a page."""
    with file.open("rb") as opened:
        held = np.frombuffer(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_COPY), dtype=np.uint8)
    if len(held) < HEADER_BYTES or len(held) % PAGE:
        raise ValueError(f"{file.name}: not as long as it was written")
    return held


def _checksum(places: object, held: npt.NDArray[np.uint8]) -> str:
    """Over what the header says of the arrays, and all pages after it."""
    words = held[HEADER_BYTES:].view("<u8").reshape(-1, PAGE // 8)
    sums = words.sum(axis=1, dtype=np.uint64)
    named = json.dumps(places).encode("ascii")
    return hashlib.sha256(named + b"\n" + sums.astype("<u8").tobytes()).hexdigest()


def _header(record: Mapping[str, object]) -> bytes:
    text = json.dumps({"format": FORMAT, **record}).encode("ascii")
    if len(text) > HEADER_BYTES:
        raise ValueError("more arrays than the header of a file can name")
    return text


def _array(
    held: npt.NDArray[np.uint8], kind: str, shape: list[int], start: int
) -> npt.NDArray[Any]:
    """One array in the mapping. ValueError if it would lie beyond its end."""
    dtype = np.dtype(kind)
    stop = start + prod(shape) * dtype.itemsize
    if not HEADER_BYTES <= start <= stop <= len(held):
        raise ValueError("an array beyond the end of its file")
    return held[start:stop].view(dtype).reshape(shape)
