"""What contracts and rules both say, written for contracts from the records that the rules read.

    python -m rollup.l1.evm.generate [--check]

Lists of reasons by place, and bounds and tags by name. Never edited by hand.
"""

import argparse
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

from rollup import ports
from rollup.crypto import signature_form
from rollup.field.koalabear import P
from rollup.hash.poseidon import HASH_VERSION
from rollup.l1 import bond, estate, given
from rollup.l1.escape import LEAF_TAG
from rollup.l1.evm import poseidon
from rollup.l1.evm.compiler import CONTRACTS
from rollup.l1.interface import Refusal, Revert
from rollup.l1.private_exit import EXIT_TAG
from rollup.oracle import package
from rollup.protocol import checkpoint, committee, constants, funding, genesis, market, oracle
from rollup.protocol.committee import AVAILABILITY_TAG
from rollup.protocol.deposit import DepositOutcome, EntryKind
from rollup.protocol.encoding import LIMB_BITS, OWNER_LIMB_BITS, TypeCode
from rollup.protocol.header import HEADER_TAG
from rollup.protocol.market import GOVERNANCE_TAG, MarketKind
from rollup.protocol.market_book import BOOK_TAG
from rollup.protocol.misconduct import Misconduct
from rollup.protocol.public import PUBLIC_TAG
from rollup.protocol.receipt import RECEIPT_TAG

REASONS: Final = CONTRACTS / "venue/Reasons.sol"
NUMBERS: Final = CONTRACTS / "venue/Numbers.sol"
POSEIDON_NUMBERS: Final = CONTRACTS / "venue/poseidon_numbers.yul"
POSEIDON_DATA: Final = CONTRACTS / "venue/poseidon_data.yul"
_HEAD: Final = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37;\n\n"
_ORIGIN: Final = "// Written by rollup/l1/evm/generate.py; `make contracts` writes it anew.\n\n"


def reasons() -> str:
    """Places of the closed lists of reasons, as libraries of constants, and the error that says
    one."""
    parts = [_HEAD, _ORIGIN, "/// A call that changed nothing: the place in `Revert` of why.\n"]
    parts.append("error Reverted(uint8 reason);\n")
    for kind in (Revert, Refusal, Misconduct):
        names = [member.name for member in kind]
        parts.append(
            _library(f"{kind.__name__}s", dict(zip(names, range(len(names)), strict=True)))
        )
    for numbered in (DepositOutcome, EntryKind, MarketKind, TypeCode):
        parts.append(_library(f"{numbered.__name__}s", {m.name: m.value for m in numbered}))
    return "".join(parts)


NUMBERED: Final = (
    *(constants, market, oracle, committee, checkpoint, funding),
    *(given, genesis, estate, ports, bond),
)
"""Modules whose whole numbers contracts have too."""


LAYOUT: Final = {
    "HASH_VERSION": HASH_VERSION,
    "LIMB_BITS": LIMB_BITS,
    "OWNER_LIMB_BITS": OWNER_LIMB_BITS,
}
"""What hashes of the state are made with."""

TAGS: Final = {
    "GOVERNANCE": GOVERNANCE_TAG,
    "BOOK": BOOK_TAG,
    "PUBLIC": PUBLIC_TAG,
    "HEADER": HEADER_TAG,
    "LEAF": LEAF_TAG,
    "EXIT": EXIT_TAG,
    "AVAILABILITY": AVAILABILITY_TAG,
    "INBOX": checkpoint.INBOX_TAG,
    "OUTBOX": checkpoint.OUTBOX_TAG,
    "CHECKPOINT": checkpoint.CHECKPOINT_TAG,
    "SUCCESSION": checkpoint.SUCCESSION_TAG,
    "RECEIPT": RECEIPT_TAG,
}
"""What canonical bytes start with."""


def numbers() -> str:
    """Every whole number that these modules name, and every tag."""
    found = {"FIELD_ORDER": P, **LAYOUT, **_numbers_of(*NUMBERED)}
    offsets = ("LONG_BUCKET_OFFSET", "SHORT_BUCKET_OFFSET")
    found |= zip(offsets, constants.BUCKET_OFFSETS, strict=True)
    tags = [
        f'    bytes{len(tag)} internal constant {name} = "{tag.decode("ascii")}";\n'
        for name, tag in TAGS.items()
    ]
    listed = _library("Numbers", found, "uint256") + f"\nlibrary Tags {{\n{''.join(tags)}}}\n"
    listed += _library("Packages", _numbers_of(signature_form, package), "uint256")
    return _HEAD + _ORIGIN.rstrip("\n") + "\n" + listed


def _numbers_of(*modules: ModuleType) -> dict[str, int]:
    """The whole numbers that these modules name. ValueError where two mean different ones."""
    found: dict[str, int] = {}
    for module in modules:
        for name, value in vars(module).items():
            is_public = name.isupper() and not name.startswith("_")
            if not is_public or type(value) is not int or value < 0:
                continue
            if found.setdefault(name, value) != value:
                raise ValueError(f"{name} is {found[name]} and {value}")
    return found


def _library(name: str, values: dict[str, int], kind: str = "uint8") -> str:
    lines = [f"    {kind} internal constant {key} = {value};\n" for key, value in values.items()]
    return f"\nlibrary {name} {{\n{''.join(lines)}}}\n"


def written() -> dict[Path, str]:
    """Every generated file and what it must say."""
    return {
        REASONS: reasons(),
        NUMBERS: numbers(),
        POSEIDON_NUMBERS: poseidon.numbers(),
        POSEIDON_DATA: poseidon.data(),
    }


def main() -> int:
    """Write them, or with --check say which differ."""
    parser = argparse.ArgumentParser(description="write what contracts share with the rules")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if any differ")
    asked = parser.parse_args()
    differ = [
        path for path, text in written().items() if not path.exists() or path.read_text() != text
    ]
    for path in differ:
        if not asked.check:
            path.write_text(written()[path])
        print(f"{'differs' if asked.check else 'written'}: {path.name}")
    return 1 if differ and asked.check else 0


if __name__ == "__main__":
    sys.exit(main())
