"""Signatures: what the traces of signature and ladder share. Witness side only.

`prepare` of the signature table fills it, once for both; other places hold a stand-in that
satisfies the curve constraints.
"""

from dataclasses import dataclass

import numpy as np

from circuits.air.trace import I64, inverse_or_zero
from circuits.tables.records import U32
from circuits.tables.signature_records import U8
from rollup.crypto.curve import APART_WORDS
from rollup.crypto.kernels import SignatureTrace
from rollup.private import Private


@dataclass(frozen=True, slots=True, repr=False)
class Signatures(Private):
    """`count` places and one stand-in more: arrays of count + 1 rows, of which `used` are signed.

    A stand-in has key A0, nonce G, s = 1 and a challenge of zeros: G = 1 * G - 0 * A0.
    """

    used: int
    count: int
    message: U32  # (n, 8) what was signed
    challenge: tuple[U32, ...]  # chaining values (n, 8), the digest last
    key: U32  # (n, 14)
    nonce: U32  # (n, 14)
    response: U8  # (n, 28)
    low: U32  # (n, 5) challenge elements below 2^24
    high: U32  # (n, 5) what the challenge leaves out of the digest
    digits: U8  # (n, 30) most significant first
    octets: U8  # (n, 30) bytes of the response as rounds take them
    steps: SignatureTrace


def apart(x: U32, other_x: U32) -> I64:
    """Cells that show that two x differ, (n, 2), from rows that begin with them: what makes 1 of
    the first of two coefficients that differs, and 0 for the other; zeros if neither does."""
    gaps = other_x[:, :APART_WORDS].astype(np.int64) - x[:, :APART_WORDS]
    first = inverse_or_zero(gaps[:, 0])
    second = inverse_or_zero(np.where(first == 0, gaps[:, 1], 0))
    return np.stack([first, second], axis=1)
