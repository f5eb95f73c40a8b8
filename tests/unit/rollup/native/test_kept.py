"""Constants of kernels are computed once for all processes, and are what they are computed as."""

from pathlib import Path

import numpy as np
import pytest

from rollup.crypto import kernels as crypto
from rollup.hash import kernels as hashing
from rollup.native import kept
from rollup.native.jit import kernel_sources
from rollup.native.kept import kept_arrays

ROOT = Path(kept.__file__).resolve().parents[2]


def test_they_are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def make() -> dict[str, np.ndarray]:
        made.append(1)
        return {"numbers": np.arange(5, dtype=np.uint32)}

    monkeypatch.setattr(kept, "cache_folder", lambda: tmp_path)
    for _ in range(3):
        assert kept_arrays("probe", make)["numbers"].tolist() == [0, 1, 2, 3, 4]
    assert made == [1]
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert kept_arrays("probe", make)["numbers"].tolist() == [0, 1, 2, 3, 4]
    assert kept_arrays("probe", make)["numbers"].tolist() == [0, 1, 2, 3, 4]
    assert made == [1, 1]


def test_without_a_folder_each_process_computes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def make() -> dict[str, np.ndarray]:
        made.append(1)
        return {"numbers": np.zeros(1)}

    for folder in (None, tmp_path / "missing"):
        monkeypatch.setattr(kept, "cache_folder", lambda folder=folder: folder)
        assert list(kept_arrays("probe", make)) == ["numbers"]
    assert made == [1, 1]


def test_kept_constants_are_those_that_are_computed() -> None:
    tables = hashing._tables()
    for name, wanted in hashing._made_tables()._asdict().items():
        found = getattr(tables, name)
        assert np.array_equal(found, wanted) and found.dtype == wanted.dtype
    assert np.array_equal(crypto._base_lanes(), crypto._made_base_lanes())
    assert not crypto._base_lanes().flags.writeable


def test_an_edit_of_what_computes_them_names_another_folder() -> None:
    sources = kernel_sources(ROOT)
    for file in ("rollup/crypto/kernels.py", "rollup/crypto/curve.py", "rollup/hash/sparse.py"):
        assert file in sources
    assert sources["rollup/native/kept.py"] == Path(kept.__file__).read_bytes()
