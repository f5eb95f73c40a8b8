"""Warm means that every kernel that was there is still there and whole."""

import json
from pathlib import Path

import pytest

from circuits.commands import warm
from rollup.native import jit
from rollup.native.kernel_cache import KernelFile


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of two kernels and the list of them."""
    monkeypatch.setattr(jit, "cache_folder", lambda: tmp_path)
    (tmp_path / "package").mkdir()
    for name in ("one", "two"):
        KernelFile(str(tmp_path / "package"), name, "stamp").save("key", {name: bytes(100)})
    names = [f"package/{name}.1.nbc" for name in ("one", "two")]
    warm._list(tmp_path).write_text(json.dumps(names))
    return tmp_path


def test_a_whole_cache_is_warm(cache: Path) -> None:
    assert warm.is_warm()


@pytest.mark.parametrize("file", ["one.nbi", "one.1.nbc"])
@pytest.mark.parametrize("content", [None, b"", b"cut"])
def test_a_cache_with_a_lost_or_damaged_file_is_not_warm(
    cache: Path, file: str, content: bytes | None
) -> None:
    path = cache / "package" / file
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    assert not warm.is_warm()


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b"[1]"])
def test_a_list_that_names_no_kernel_is_not_warm(cache: Path, content: bytes) -> None:
    warm._list(cache).write_bytes(content)
    assert not warm.is_warm()


def test_without_a_cache_nothing_is_warm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "cache_folder", lambda: None)
    assert not warm.is_warm()
