"""What the contract that hashes needs of Poseidon: its matrix and round constants, in lanes of Yul.

A state is four words: word r has elements r, r + 4, r + 8 and r + 12 in lanes of 64 bits, the
lowest first. As polynomials in Y with x(Y) = sum of Y^r x_r(Y^4), the circulant matrix is a product
modulo Y^16 - 1, and a product of words modulo 2^256 - 1 is one modulo Z^4 - 1, for Z = Y^4.
"""

from collections.abc import Sequence
from operator import mul
from typing import Final

from rollup.field.koalabear import P
from rollup.hash.constants import (
    FULL_ROUNDS,
    MDS_FIRST_COLUMN,
    PARTIAL_ROUNDS,
    ROUND_CONSTANTS,
    WIDTH,
)
from rollup.hash.poseidon import MDS_ROWS

LANE_BITS: Final = 64
WORDS: Final = 4
_WORD: Final = 32
_ROUND_BYTES: Final = WORDS * _WORD
_ORIGIN: Final = "      // Written by rollup/l1/evm/generate.py; `make contracts` writes it anew.\n"


def packed(elements: Sequence[int]) -> list[int]:
    """16 numbers below 2**64 as four words of lanes."""
    lanes = range(WIDTH // WORDS)
    return [
        sum(elements[r + WORDS * lane] << LANE_BITS * lane for lane in lanes) for r in range(WORDS)
    ]


def _turned(word: int) -> int:
    """Times Z modulo Z^4 - 1: each lane one higher, the highest the lowest."""
    top = LANE_BITS * (WORDS - 1)
    return (word << LANE_BITS & (1 << 256) - 1) | word >> top


def _everywhere(value: int, bits: int) -> int:
    return sum(value << bits * place for place in range(256 // bits))


def numbers() -> str:
    """Functions of Yul for every number that the permutation and its reader need."""
    matrix = packed(MDS_FIRST_COLUMN)
    half = FULL_ROUNDS // 2
    values = {
        "prime": P,
        **{f"matrix_{r}": word for r, word in enumerate(matrix)},
        **{f"turned_{r}": _turned(word) for r, word in enumerate(matrix)},
        "low_45": _everywhere(2**45 - 1, LANE_BITS),
        "low_19": _everywhere(2**19 - 1, LANE_BITS),
        "folded_45": 2**45 % P,
        "even_lanes": _everywhere(2**32 - 1, LANE_BITS),
        "beyond_prime": _everywhere(2**32 - P, LANE_BITS),
        "carries": _everywhere(2**32, LANE_BITS),
        "even_bytes": _everywhere(0xFF, 16),
        "even_pairs": _everywhere(0xFFFF, 32),
        "full_bytes": half * _ROUND_BYTES,
        "partial_bytes": PARTIAL_ROUNDS * _WORD,
        "all_bytes": FULL_ROUNDS * _ROUND_BYTES + PARTIAL_ROUNDS * _WORD,
    }
    lines = [
        f"      function {name}() -> v {{ v := {hex(value)} }}\n" for name, value in values.items()
    ]
    return _ORIGIN + "".join(lines)


def _rounds() -> tuple[list[list[int]], list[int]]:
    """Constants of the full rounds, and of element 0 in the partial ones. Of these the others are
    not touched before the matrix: they are added after it instead, to those of the next round."""
    half = FULL_ROUNDS // 2
    full = [list(constants) for constants in ROUND_CONSTANTS[:half]]
    firsts: list[int] = []
    late = [0] * WIDTH
    for constants in ROUND_CONSTANTS[half:]:
        moved = [(c + m) % P for c, m in zip(constants, late, strict=True)]
        late = [0] * WIDTH
        if len(firsts) < PARTIAL_ROUNDS:
            firsts.append(moved[0])
            late = [sum(map(mul, row[1:], moved[1:])) % P for row in MDS_ROWS]
        else:
            full.append(moved)
    return full, firsts


def data() -> str:
    """The round constants as a data section: four words for each of the first full rounds, one for
    each partial one, and four for each of the last."""
    full, firsts = _rounds()
    half = FULL_ROUNDS // 2
    before = [word for constants in full[:half] for word in packed(constants)]
    after = [word for constants in full[half:] for word in packed(constants)]
    text = "".join(word.to_bytes(_WORD, "big").hex() for word in (*before, *firsts, *after))
    return _ORIGIN.replace("      ", "    ") + f'    data "constants" hex"{text}"\n'
