"""How the statement of a batch is laid out, written for contracts from what the circuit reads.

    python -m circuits.evm.layout [--check]

writes `contracts/venue/Layout.sol`: buses, widths and digits. Never edited by hand.
"""

import argparse
import sys
from typing import Final

from circuits.air.layout import LIMB_BITS
from circuits.evm.facts import FACT_TAG
from circuits.exit.buses import PRICE
from circuits.exit.inputs import EXIT_PUBLICS
from circuits.gadgets import balanced
from circuits.gadgets.buses import DEPOSIT, MARKET, PAYOUT
from circuits.statement.inputs import PUBLICS, RATE_DIGITS
from rollup.l1.evm.compiler import CONTRACTS
from rollup.l1.private_exit import AMOUNT_LIMB_BITS
from rollup.protocol.encoding import OWNER_LIMB_BITS

FILE: Final = CONTRACTS / "venue/Layout.sol"

_HEAD: Final = """// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Written by circuits/evm/layout.py; `make contracts` writes it anew.

/// How the statement of a batch is laid out: buses and widths of messages, limbs and digits.
library Layout {
"""


def numbers() -> dict[str, int]:
    """Every number by its name."""
    found = {
        "PUBLICS_WIDTH": PUBLICS.width,
        "LIMB_BITS": LIMB_BITS,
        "OWNER_LIMB_BITS": OWNER_LIMB_BITS,
        "DIGITS": balanced.COUNT,
        "BUCKET_DIGITS": balanced.BUCKET_COUNT,
        "RATE_DIGITS": RATE_DIGITS,
    }
    found["EXIT_PUBLICS_WIDTH"] = EXIT_PUBLICS.width
    found["EXIT_AMOUNT_BITS"] = AMOUNT_LIMB_BITS
    for bus in (DEPOSIT, MARKET, PAYOUT, PRICE):
        found[f"{bus.name}_BUS"] = bus.identifier
        found[f"{bus.name}_WIDTH"] = bus.width
    return found


def text() -> str:
    """The file."""
    lines = [
        f"    uint256 internal constant {name} = {value};\n" for name, value in numbers().items()
    ]
    tag = FACT_TAG.decode("ascii")
    lines.append(f'    bytes{len(FACT_TAG)} internal constant FACT_TAG = "{tag}";\n')
    return f"{_HEAD}{''.join(lines)}}}\n"


def main() -> int:
    """Write the file, or with --check say whether it differs."""
    parser = argparse.ArgumentParser(description="write how the statement of a batch is laid out")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if it differs")
    asked = parser.parse_args()
    same = FILE.exists() and FILE.read_text() == text()
    if not same and not asked.check:
        FILE.write_text(text())
    return 1 if asked.check and not same else 0


if __name__ == "__main__":
    sys.exit(main())
