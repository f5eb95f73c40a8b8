"""The words of StarkBegin's manifest by name, and what reads them in the contract.

    python -m circuits.evm.begin_fields [--check]

The manifest is a row of 32-byte words, which the contract copies to `MANIFEST_SLOT` of its memory:
FIELDS; three words for each bus from 0 (width or a number that is none, copies of all tables, room
for its constant); a block a group (GROUP_FIELDS, then its segments of code and its runs of stacks);
constants. Written by this: `contracts/stark/begin_fields.yul`, the readers of these words.
"""

import sys
from typing import Final

from circuits.evm.facts import FACT_TAG
from circuits.evm.field_constants import PRODUCTS_MAX
from circuits.evm.refusals import write_or_check
from circuits.stark.proof import VERSION_BYTES
from rollup.l1.evm.compiler import CONTRACTS

FILE: Final = CONTRACTS / "stark/begin_fields.yul"

MANIFEST_SLOT: Final = 32
"""Where the manifest stands in memory, in words; below are the contract's own few."""

FIELDS: Final = (
    "state",  # of the transcript, after parameters and circuit
    "circuit",  # digest
    "parameters",  # digest
    "fixed_root",  # zeros after
    "digest_bytes",
    "heights",  # log2, a byte a group, zeros after
    "tops",  # log2 of digests of a tree, a byte a tree, zeros after
    "groups",
    "trees",
    "here",  # values opened at zeta
    "after",  # values opened in the row below
    "chunks",
    "layers",
    "final",  # coefficients
    "queries",
    "work_batch",
    "work_fold",
    "work_query",
    "log2_height",
    "log2_domain",
    "publics",
    "buses",
    "powers",  # of beta before that of bus identifiers
    "blinded_rows",
    "chunk_coefficients",
    "functions",  # that the batch challenge combines: stacks and chunks
    "opening_bytes",
    "offset_lookup_root",
    "offset_terminals",
    "offset_quotient_root",
    "offset_here",
    "offset_after",
    "offset_chunks",
    "offset_batch_nonce",
    "offset_layers",
    "offset_final",
    "offset_query_nonce",
    "offset_tops",
    "place_buses",
    "place_groups",
    "place_terminals",
    "place_values",
    "place_chunks",
    "place_final",
    "place_publics",
    "place_fingerprints",
    "place_weights",
    "place_answers",
    "place_tape",
    "place_inverses",
    "place_challenges",
    "place_positions",
    "place_buffer",
    "place_batch",
    "place_context",
)

GROUP_FIELDS: Final = (
    "log2_height",
    "root",  # of unity, of the order of its height
    "last_row",  # the root's power there
    "first_blinded",  # the root's power there
    "lift",  # log2 of places of a stack
    "all",  # constraints by scope
    "transition",
    "first",
    "last",
    "running",  # place of the running sum, before the fractions
    "running_after",  # place of its value in the row below
    "fractions",
    "answer_first",  # places of the constraints of the running sum
    "answer_transition",
    "answer_last",
    "segments",  # of code: (place of its blob in the directory, first byte, bytes)
    "runs",  # (place of values, stacks, columns of each, first power of the batch challenge)
    "runs_below",
)


def left_aligned(data: bytes) -> int:
    """At most 32 bytes as a word, zeros after them."""
    return int.from_bytes(data.ljust(32, b"\0"), "big")


def text() -> str:
    """The readers of the manifest's words, for the contract."""
    first = 32 * MANIFEST_SLOT
    lines = ["      // Written by circuits/evm/begin_fields.py, which says what the fields are.\n"]
    lines.append(f"      function place_manifest() -> v {{ v := {first:#x} }}\n")
    lines.append(f"      function weight_count() -> v {{ v := {PRODUCTS_MAX} }}\n")
    lines.append(f"      function fact_tag() -> v {{ v := {left_aligned(FACT_TAG):#x} }}\n")
    lines.append(f"      function fact_tag_bytes() -> v {{ v := {len(FACT_TAG)} }}\n")
    lines.append(
        f"      function version() -> v {{ v := {int.from_bytes(VERSION_BYTES, 'big'):#x} }}\n"
    )
    for number, name in enumerate(FIELDS):
        place = first + 32 * number
        lines.append(f"      function {name}() -> v {{ v := mload({place:#x}) }}\n")
    for number, name in enumerate(GROUP_FIELDS):
        lines.append(
            f"      function group_{name}(at) -> v {{ v := mload(add(at, {32 * number})) }}\n"
        )
    lines.append(f"      function group_bytes() -> v {{ v := {32 * len(GROUP_FIELDS)} }}\n")
    return "".join(lines)


if __name__ == "__main__":
    sys.exit(write_or_check(FILE, text(), "write the readers of manifests"))
