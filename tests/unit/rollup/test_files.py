"""Artefact files: whole or absent, and never more than asked for."""

import os
from pathlib import Path

import pytest

from rollup import files
from rollup.files import (
    FileTooLarge,
    WriteError,
    make_private_folder,
    read_bounded,
    remove,
    require_writable,
    write_whole,
)


def test_what_is_written_is_read_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "batch.msgpack"
    write_whole(path, b"secret", files.PRIVATE_MODE)
    assert read_bounded(path, 6) == b"secret"
    assert path.stat().st_mode & 0o777 == 0o600
    write_whole(path, b"other")
    assert read_bounded(path, 100) == b"other"
    assert os.listdir(tmp_path) == ["batch.msgpack"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "proof.bin"
    write_whole(path, b"old")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(WriteError, match="No space left") as caught:
        write_whole(path, b"new")
    assert (caught.value.errno, caught.value.filename) == (28, str(path))
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["proof.bin"]


def test_only_regular_files_up_to_the_limit_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    with pytest.raises(FileTooLarge, match="more than 4 bytes"):
        read_bounded(path, 4)
    with pytest.raises(FileNotFoundError):
        read_bounded(tmp_path / "missing", 4)
    with pytest.raises(IsADirectoryError):
        read_bounded(tmp_path, 4)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        read_bounded(tmp_path / "pipe", 4)


def test_a_private_folder_is_closed_to_others(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "a" / "private")
    assert (tmp_path / "a" / "private").stat().st_mode & 0o777 == 0o700


def test_whatever_cannot_be_written_is_a_write_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "below"
    for attempt in (
        lambda: write_whole(below, b""),
        lambda: make_private_folder(below),
        lambda: require_writable(below),
        lambda: remove(below),
    ):
        with pytest.raises(WriteError, match="Not a directory") as caught:
            attempt()
        assert caught.value.filename == str(below)


def test_to_ask_for_room_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    require_writable(tmp_path / "old" / "a" / "b")
    require_writable(tmp_path / "old")
    assert list(tmp_path.rglob("*")) == [tmp_path / "old"]


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_takes_no_file_is_found_out(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(WriteError, match="Permission denied"):
            require_writable(tmp_path)
    finally:
        tmp_path.chmod(0o700)
