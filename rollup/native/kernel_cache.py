"""Compiled kernels on disk: what cannot be read, or was changed, counts as missing.

Numba itself ends with whatever error unpickling raises when a file was cut short (power loss, a
full disk), and with the system's error when a file cannot be written. A lost file costs seconds.
"""

# mypy: disallow-untyped-calls=False
# Numba's own calls have no types.

import contextlib
import hashlib
import os
import pickle
import warnings
from pathlib import Path
from typing import Any, ClassVar, Final

from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.runtime.nrt import rtsys

CHECKSUM_BYTES: Final = hashlib.sha256().digest_size


def intact_kernels(folder: Path) -> set[str]:
    """The compiled kernels under a folder, by path, that an index names and that are as they were
    written: those that would be loaded."""
    found = set()
    for index in folder.rglob("*.nbi"):
        try:
            with index.open("rb") as file:
                pickle.load(file)  # the version of Numba
                _, names = pickle.load(file)
        except Exception:  # unpickling damaged bytes may raise anything
            continue
        for name in names.values():
            with contextlib.suppress(OSError, ValueError):
                _checked((index.parent / name).read_bytes(), name)
                found.add((index.parent / name).relative_to(folder).as_posix())
    return found


def _checked(content: bytes, name: str) -> bytes:
    """The content without its checksum; ValueError if it is not as it was written."""
    data, checksum = content[:-CHECKSUM_BYTES], content[-CHECKSUM_BYTES:]
    if hashlib.sha256(data).digest() != checksum:
        raise ValueError(f"{name}: another checksum")
    return data


class KernelFile(IndexDataCacheFile):
    """Index and data files of one kernel, each content followed by its checksum."""

    def _load_index(self) -> dict[Any, Any]:
        """What is kept, by signature and processor; nothing if the index cannot be read."""
        try:
            index: dict[Any, Any] = super()._load_index()
        except Exception:  # unpickling damaged bytes may raise anything
            return {}
        return index

    def load(self, key: Any) -> Any:
        """What was kept under a key; None if there is nothing or it cannot be read."""
        try:
            return super().load(key)
        except Exception:
            return None

    def _load_data(self, name: str) -> Any:
        """One compiled kernel. ValueError if the file is not as it was written: machine code that
        was changed must not run."""
        with open(self._data_path(name), "rb") as file:
            return pickle.loads(_checked(file.read(), name))

    def _dump(self, obj: Any) -> bytes:
        data: bytes = super()._dump(obj)
        return data + hashlib.sha256(data).digest()


class KernelCache(FunctionCache):
    """Numba's cache of one function, which never fails: it has a kernel or it does not."""

    compiled: ClassVar[int] = 0
    """Kernels that this process has compiled because they were not on disk."""

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        file = self._cache_file
        self._cache_file = KernelFile(
            self._cache_path, self._impl.filename_base, file._source_stamp
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel, or None.

        Numba would first import all that it can compile, a tenth of a second and more: a kernel
        that is there needs its runtime alone, and the compiler asks for the rest itself.
        """
        try:
            rtsys.initialize(target_context)
            return self._load_overload(sig, target_context)
        except Exception:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a kernel that was just compiled; where that fails it serves this process alone."""
        KernelCache.compiled += 1
        try:
            super().save_overload(sig, data)
        except OSError as error:
            folder = os.path.dirname(self._cache_path)
            reason = error.strerror or type(error).__name__
            warnings.warn(
                f"compiled kernels cannot be kept in {folder}: {reason}",
                RuntimeWarning,
                stacklevel=2,
            )
