"""What cannot be written, and memory that is not there, are said in one line with their code."""

import os
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.program import PROGRAM, TIMEOUT_S, Demo, crypsis

OK, NO_MEMORY, CANNOT_WRITE, READER_GONE = 0, 71, 74, 141
BAD_INPUT = 3
LITTLE_DISK = 200 * 1024
"""Bytes: room for every file but a proof."""

LITTLE_MEMORY = 700_000 * 1024


def limited(limit: int, value: int) -> Callable[[], None]:
    """Runs in the child before the command does."""
    return lambda: resource.setrlimit(limit, (value, value))


def under(limit: int, value: int, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(PROGRAM), *map(str, arguments)],
        preexec_fn=limited(limit, value),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )


def batch_file(demo: Demo, number: int) -> Path:
    return demo.batch(number) / "private" / "batch.msgpack"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_valid_proof_never_exits_1_for_want_of_a_reader(demo: Demo, options: list[str]) -> None:
    command = [str(PROGRAM), "verify", str(demo.batch(1) / "public"), *options]
    reading, writing = os.pipe()
    os.close(reading)
    gone = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (gone.returncode, gone.stderr) == (READER_GONE, b"")
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with open("/dev/full", "w") as full:
        lost = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert lost.returncode == CANNOT_WRITE
    assert lost.stderr == b"crypsis: standard output: No space left on device\n"


def test_a_proof_without_room_is_named_and_no_old_one_stays(demo: Demo, tmp_path: Path) -> None:
    shutil.copytree(demo.batch(1) / "public", tmp_path / "public")
    arguments = ("prove", batch_file(demo, 2), "-o", tmp_path)
    done = under(resource.RLIMIT_FSIZE, LITTLE_DISK, *arguments)
    assert done.returncode == CANNOT_WRITE
    assert done.stderr == f"crypsis: {tmp_path / 'public' / 'proof.bin'}: File too large\n"
    left = sorted(each.name for each in (tmp_path / "public").iterdir())
    assert left == ["data.bin", "public.json"]
    assert crypsis("verify", tmp_path / "public").code == BAD_INPUT


def test_too_little_memory_says_how_much_is_wanted(demo: Demo, tmp_path: Path) -> None:
    arguments = ("prove", batch_file(demo, 1), "-o", tmp_path / "out")
    done = under(resource.RLIMIT_AS, LITTLE_MEMORY, *arguments)
    assert done.returncode == NO_MEMORY
    wanted = (
        "about 0.6 GiB are wanted for class S, 1.8 GiB for class M, 1.7 GiB for class R at `fast`; "
        "less in low-memory mode"
    )
    assert done.stderr == f"crypsis: not enough memory: {wanted}\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("several", [False, True])
def test_a_folder_that_cannot_be_made_is_found_out_before_proving(
    demo: Demo, tmp_path: Path, several: bool
) -> None:
    (tmp_path / "file").touch()
    batches = [batch_file(demo, 1), batch_file(demo, 2)] if several else [batch_file(demo, 1)]
    done = crypsis("prove", *batches, "-o", tmp_path / "file" / "out", "-v")
    assert done.code == CANNOT_WRITE
    (line,) = done.stderr.splitlines()
    assert str(tmp_path / "file" / "out") in line and "Not a directory" in line


@pytest.mark.parametrize("command", ["execute", "prove", "prove a folder", "replay"])
def test_a_wrong_input_file_is_named_first(demo: Demo, tmp_path: Path, command: str) -> None:
    file = tmp_path / "000001" / "private" / "batch.msgpack"
    file.parent.mkdir(parents=True)
    file.write_text("# a text\n")
    arguments: tuple[object, ...] = (command, file)
    if command.startswith("prove"):
        arguments = ("prove", tmp_path if "folder" in command else file, "-o", tmp_path / "out")
    if command == "replay":
        shutil.copytree(demo.target, tmp_path / "target")
        file = tmp_path / "target" / "private" / "journal"
        file.write_text("# a text\n")
        arguments = ("replay", file)
    done = crypsis(*arguments)
    assert done.code == BAD_INPUT
    assert done.stderr.startswith(f"crypsis: {file}: ")
