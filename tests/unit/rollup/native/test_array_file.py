"""Named arrays come back from a file as they were, or not at all."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from rollup.native import array_file
from rollup.native.array_file import HEADER_BYTES, PAGE, load_arrays, store_arrays

ARRAYS = {
    "rows": np.arange(3000, dtype=np.uint32).reshape(1, 100, 30),
    "digests": np.arange(2**40, 2**40 + 8, dtype=np.uint64).reshape(2, 4),
    "none": np.zeros((0, 4), dtype=np.uint64),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kept"
    store_arrays(path, ARRAYS)
    return path


def test_what_was_written_comes_back(file: Path) -> None:
    found = load_arrays(file)
    assert found is not None and list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert np.array_equal(found[name], array) and found[name].dtype == array.dtype
        assert found[name].flags.writeable, "kernels are compiled for arrays that can be written"
    assert [path.name for path in file.parent.iterdir()] == ["kept"]


def test_whoever_writes_does_not_write_the_file(file: Path) -> None:
    found = load_arrays(file)
    assert found is not None
    found["rows"][...] = 7
    again = load_arrays(file)
    assert again is not None and np.array_equal(again["rows"], ARRAYS["rows"])


def test_every_damage_counts_as_missing(file: Path) -> None:
    whole = file.read_bytes()
    first, last = HEADER_BYTES, len(whole) - 1
    for place in (0, 30, first, first + 5000, first + 3 * PAGE + 63, last):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        file.write_bytes(damaged)
        assert load_arrays(file) is None, f"byte {place}"
    for short in (b"", whole[: HEADER_BYTES // 2], whole[:-1], whole[:-PAGE], whole + bytes(PAGE)):
        file.write_bytes(short)
        assert load_arrays(file) is None, f"{len(short)} bytes"
    swapped = whole[:first] + whole[first + PAGE : first + 2 * PAGE] + whole[first : first + PAGE]
    file.write_bytes(swapped + whole[first + 2 * PAGE :])
    assert load_arrays(file) is None
    file.write_bytes(whole)
    assert load_arrays(file) is not None


def test_a_header_cannot_point_outside(file: Path) -> None:
    whole = file.read_bytes()
    record = json.loads(whole[:HEADER_BYTES].rstrip(b"\0"))
    for place in (0, -PAGE, len(whole)):
        record["arrays"][0][3] = place
        held = np.frombuffer(whole, dtype=np.uint8)
        record["checksum"] = array_file._checksum(record["arrays"], held)
        header = json.dumps(record).encode().ljust(HEADER_BYTES, b"\0")
        file.write_bytes(header + whole[HEADER_BYTES:])
        assert load_arrays(file) is None


def test_no_file_is_no_arrays(tmp_path: Path) -> None:
    assert load_arrays(tmp_path / "kept") is None
    assert load_arrays(tmp_path) is None


def test_a_file_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store_arrays(tmp_path / "kept", ARRAYS)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="more arrays"):
        store_arrays(tmp_path / "kept", {str(n) * 9: np.zeros(1) for n in range(1000)})
    assert list(tmp_path.iterdir()) == []
