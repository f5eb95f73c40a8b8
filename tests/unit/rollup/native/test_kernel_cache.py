"""Files of compiled kernels: as they were written, or missing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rollup.native.kernel_cache import KernelFile, intact_kernels

KEY = ("signature", "processor")
KERNEL = {"machine code": bytes(range(256))}


def kernel_file(folder: Path) -> KernelFile:
    return KernelFile(str(folder), "module.kernel-7.py311", "stamp of the source")


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def test_what_was_kept_is_found(tmp_path: Path) -> None:
    kernel_file(tmp_path).save(KEY, KERNEL)
    assert kernel_file(tmp_path).load(KEY) == KERNEL
    assert kernel_file(tmp_path).load("another") is None


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: b"",
        lambda content: content[:20],
        lambda content: content[:-40],
        lambda content: bytes(len(content)),
        lambda content: b"garbage" + content,
    ],
    ids=["empty", "cut short", "end gone", "zeros", "garbage"],
)
def test_a_damaged_file_counts_as_missing_and_is_written_anew(
    tmp_path: Path, ending: str, spoil: Callable[[bytes], bytes]
) -> None:
    kernel_file(tmp_path).save(KEY, KERNEL)
    (path,) = tmp_path.glob(f"*.{ending}")
    path.write_bytes(spoil(path.read_bytes()))
    assert kernel_file(tmp_path).load(KEY) is None
    assert intact_kernels(tmp_path) == set()
    kernel_file(tmp_path).save(KEY, KERNEL)
    assert kernel_file(tmp_path).load(KEY) == KERNEL
    assert intact_kernels(tmp_path) == {"module.kernel-7.py311.1.nbc"}


def test_machine_code_with_one_changed_bit_is_not_run(tmp_path: Path) -> None:
    kernel_file(tmp_path).save(KEY, KERNEL)
    (path,) = tmp_path.glob("*.nbc")
    path.write_bytes(flip(path.read_bytes()))
    assert kernel_file(tmp_path).load(KEY) is None
    assert intact_kernels(tmp_path) == set()
