"""What the trace of the signature table is filled from: as the others, in
`circuits.tables.records`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from circuits.air.trace import I64, U32
from rollup.private import Private

U8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, repr=False)
class SignatureRecords(Private):
    """Table signature (and its ladder): the signatures of the batch, one a bundle."""

    account: I64
    actions: I64  # rows of order that act by it
    bundled: I64  # 1 if what is signed is the root of a bundle
    root: U32  # (n, 8): that, or the digest of the one action
    key: U32  # (n, 14): x then y, as in the header of the account
    nonce: U32  # (n, 14): R of the signature, x then y
    response: U8  # (n, 28): s of the signature, little-endian
    backstop: int  # the account of governance's backstop
