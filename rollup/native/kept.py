"""Constants of kernels that take longer to compute than to read: kept beside the compiled kernels.

Their folder is named by a hash of every source that reaches machine code, so that an edit of what
computes them makes them anew; a file that is not as it was written counts as missing.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy.typing as npt

from rollup.native.array_file import load_arrays, store_arrays
from rollup.native.jit import cache_folder


def kept_arrays(
    name: str, make: Callable[[], Mapping[str, npt.NDArray[Any]]]
) -> Mapping[str, npt.NDArray[Any]]:
    """What `make` returns, computed once for all processes, where something can be kept.

    `make` may depend on the sources of the file that calls this, and of what it imports, alone: the
    folder is named by them as well.
    """
    folder = cache_folder()
    if folder is None:
        return make()
    file = folder / f"{name}.constants"
    found = load_arrays(file)
    if found is None:
        found = dict(make())
        with suppress(OSError):  # of a full disk the cache of kernels warns
            store_arrays(file, found)
    return found
