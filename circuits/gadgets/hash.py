"""Hash requests: a table asks the poseidon table for compressions and tagged chains over HASH.

Where `count` is 0 nothing is asked and the cells are free, so a caller must not rely on them.
"""

from collections.abc import Sequence

from circuits.air.builder import Builder
from circuits.air.expr import Operand
from circuits.gadgets.buses import HASH
from rollup.hash.poseidon import chain_start


def request_hash(
    air: Builder,
    left: Sequence[Operand],
    right: Sequence[Operand],
    out: Sequence[Operand],
    count: Operand,
    *,
    claim: str,
) -> None:
    """out = compress(left, right); digests of 8 elements."""
    air.receive(HASH, (*left, *right, *out), count, claim=claim)


def request_chain(
    air: Builder,
    type_code: int,
    blocks: Sequence[Sequence[Operand]],
    digests: Sequence[Sequence[Operand]],
    count: Operand,
    *,
    claim: str,
) -> None:
    """digests[-1] is the chain of `type_code` over `blocks` (8 elements each); the others are the
    values in between, so there are as many digests as blocks."""
    if len(digests) != len(blocks):
        raise ValueError(f"{len(blocks)} blocks need {len(blocks)} digests, got {len(digests)}")
    state: Sequence[Operand] = chain_start(type_code, len(blocks))
    for block, digest in zip(blocks, digests, strict=True):
        request_hash(air, state, block, digest, count, claim=claim)
        state = digest
