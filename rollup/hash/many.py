"""Many compressions at once, in plain integers: what trees and rules are given in tests.

`CompressMany` is how state code asks for hashing, so that it imports no kernel; the kernels' twin
of `compress_many` is rollup.hash.batched.
"""

from collections.abc import Callable, Sequence

from rollup.hash.poseidon import Digest, compress

CompressMany = Callable[[Sequence[Digest], Sequence[Digest]], list[Digest]]
"""compress(left[i], right[i]) for every i; both sequences have one length, perhaps 0."""


def compress_many(left: Sequence[Digest], right: Sequence[Digest]) -> list[Digest]:
    """The reference: one `compress` after the other. ValueError if the lengths differ."""
    return [compress(a, b) for a, b in zip(left, right, strict=True)]
