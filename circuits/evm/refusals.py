"""How the contracts say no, as Yul functions: places in `Failure`, and the errors' selectors.

    python -m circuits.evm.refusals [--check]

writes `contracts/stark/refusals.yul`.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from circuits.stark.errors import Failure
from rollup.hash.keccak import keccak256
from rollup.l1.evm.compiler import CONTRACTS

FILE: Final = CONTRACTS / "stark/refusals.yul"

REFUSED: Final = "Refused(uint8,uint16,uint8)"
"""failure: place in `Failure`; query and tree: where, or NO_QUERY and NO_TREE."""

MALFORMED: Final = "Malformed()"
"""Bytes that no honest caller sends."""

NO_QUERY: Final = 0xFFFF
NO_TREE: Final = 0xFF

_HEAD: Final = "      // Written by circuits/evm/refusals.py.\n"
_REFUSE: Final = """
      // Places in `Failure`, and where: a query or {no_query}, a tree or {no_tree}.
      function refuse_at(failure, query, tree) {{
        mstore(0, {refused:#x})
        mstore(4, failure)
        mstore(36, query)
        mstore(68, tree)
        revert(0, 100)
      }}

      function no_query() -> v {{ v := {no_query} }}
      function no_tree() -> v {{ v := {no_tree} }}
      function refuse(failure) {{ refuse_at(failure, no_query(), no_tree()) }}

      function revert_malformed() {{
        mstore(0, {malformed:#x})
        revert(0, 4)
      }}
"""


def selector(signature: str) -> bytes:
    """The first four bytes of an error's data."""
    return keccak256(signature.encode("ascii"))[:4]


def text() -> str:
    """The file."""
    places = "".join(
        f"      function failure_{failure.name.lower()}() -> v {{ v := {place} }}\n"
        for place, failure in enumerate(Failure)
    )
    return (
        _HEAD
        + places
        + _REFUSE.format(
            no_query=NO_QUERY,
            no_tree=NO_TREE,
            refused=int.from_bytes(selector(REFUSED), "big") << 224,
            malformed=int.from_bytes(selector(MALFORMED), "big") << 224,
        )
    )


def write_or_check(path: Path, wanted: str, description: str) -> int:
    """What a generator of one file does, as its exit code."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if it differs")
    asked = parser.parse_args()
    same = path.exists() and path.read_text() == wanted
    if not same and not asked.check:
        path.write_text(wanted)
    return 1 if asked.check and not same else 0


if __name__ == "__main__":
    sys.exit(write_or_check(FILE, text(), "write the numbers of refusals"))
