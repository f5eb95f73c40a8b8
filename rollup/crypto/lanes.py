"""Points in lanes, added and doubled all at once. Reference: rollup.crypto.curve."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from rollup.crypto.curve_kernels import add_lanes, comb_lanes, double_lanes, ladder_lanes
from rollup.crypto.septic_kernels import WORDS
from rollup.field.kernels import to_montgomery
from rollup.native.jit import U8Array, U32Array


@dataclass(frozen=True, slots=True)
class Lanes:
    """A point a lane, and what the last operation on it left. Montgomery planes (words, lanes)."""

    point: U32Array  # 14 planes
    slopes: U32Array  # 7 planes
    inverses: U32Array
    prefixes: U32Array  # scratch
    exceptional: U32Array  # (lanes,), 1 once an operation was exceptional

    @classmethod
    def start(cls, points: U32Array) -> Self:
        """Lanes that start from these planes (14, lanes), which are copied."""
        lanes = points.shape[1]
        return cls(
            point=points.copy(),
            slopes=np.zeros((WORDS, lanes), dtype=np.uint32),
            inverses=np.zeros((WORDS, lanes), dtype=np.uint32),
            prefixes=np.zeros((WORDS, lanes), dtype=np.uint32),
            exceptional=np.zeros(lanes, dtype=np.uint32),
        )

    @classmethod
    def start_alike(cls, point: U32Array, lanes: int) -> Self:
        """Lanes that all start from one canonical point (14,)."""
        return cls.start(np.tile(to_montgomery(point)[:, None], (1, lanes)))

    def add(self, other: U32Array) -> None:
        """Add planes of points."""
        add_lanes(self.point, other, self.slopes, self.inverses, self.prefixes, self.exceptional)

    def double(self) -> None:
        """Double each point."""
        double_lanes(self.point, self.slopes, self.inverses, self.prefixes, self.exceptional)

    def climb(self, entries: U32Array, base: U32Array, digits: U8Array, octets: U8Array) -> None:
        """All rounds of a ladder: entries (16, 14, lanes), base (2, 14, 256), digits and octets
        (rounds, 2, lanes)."""
        scratch = (self.slopes, self.inverses, self.prefixes, self.exceptional)
        entry = np.empty_like(self.point)
        ladder_lanes(self.point, entries, base, digits, octets, entry, *scratch)

    def sweep(self, base: U32Array, choices: U8Array) -> None:
        """All steps of a comb: base (windows, 14, 256), choices (windows, lanes)."""
        scratch = (self.slopes, self.inverses, self.prefixes, self.exceptional)
        comb_lanes(self.point, base, choices, np.empty_like(self.point), *scratch)
