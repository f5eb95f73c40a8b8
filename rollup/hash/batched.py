"""Many compressions at once on lists of digests, by the kernel: production's `CompressMany`.

Reference: rollup.hash.many.compress_many.
"""

from collections.abc import Sequence

import numpy as np

from rollup.hash import kernels
from rollup.hash.poseidon import Digest


def compress_many(left: Sequence[Digest], right: Sequence[Digest]) -> list[Digest]:
    """compress(left[i], right[i]) for every i. ValueError if the lengths differ."""
    if len(left) != len(right):
        raise ValueError(
            f"as many left digests as right ones are wanted: {len(left)}, {len(right)}"
        )
    if not left:
        return []
    images = kernels.compress_many(
        np.array(left, dtype=np.uint32), np.array(right, dtype=np.uint32)
    )
    return [(a, b, c, d, e, f, g, h) for a, b, c, d, e, f, g, h in images.tolist()]
