"""The buses of the exit circuit, beside those that its tables share with the statement's.

Identifiers are those of no bus of the statement, so that a message has one meaning in the package.
"""

from typing import Final

from circuits.air.bus import RANGE, Bus
from circuits.gadgets.balanced import COUNT
from circuits.gadgets.buses import BASE, COMB_END, HASH, NODE
from circuits.tables.position.columns import DIGEST
from circuits.tables.position.sums import COLUMNS

PRICE: Final = Bus("PRICE", 64, ("market", *(f"value{i}" for i in range(COUNT))))
"""What a lot of a listed perpetual is worth, price less funding, in balanced limbs. Sent by the
verifier, one each; received by the row of the market in holding. An asset has none."""

HOLDINGS: Final = Bus(
    "HOLDINGS",
    65,
    (
        "end",
        *(f"state{i}" for i in range(DIGEST)),
        *(f"total{i}" for i in range(COLUMNS)),
        "negative",
    ),
)
"""A leaf as far as its positions are folded in, and what these are worth together: limbs, less
2^78 where negative is 1. end 0: none is; sent by exit, received by holding. end 1: all are; the
other way."""

EXIT_BUSES: Final = (RANGE, HASH, NODE, BASE, COMB_END, PRICE, HOLDINGS)
"""All of them, in order of identifier."""
