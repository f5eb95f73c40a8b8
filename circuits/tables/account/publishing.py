"""What an account row says of its new leaf as it is published: the first blocks, and their place.

The leaf's digest, then root of slots and cash, each with a pad added that the key gives, then the
positions on CHAIN; the digest of all of it goes into the commitment to what the batch publishes.
A pad is compress(key, chaining value before it), and that value has leaf and index in it.
Spec: docs/spec/22-availability.md.
"""

from collections.abc import Sequence
from typing import Any

from circuits.air.builder import Builder
from circuits.gadgets.buses import DATA, VIEWING
from circuits.gadgets.hash import request_hash
from circuits.tables.account.columns import Columns
from rollup.protocol.availability import INDEX_PLACE, published_start


def require_published(air: Builder, row: Columns) -> None:
    """An account that exists is published as it is left, once, to whoever its header says."""
    said, exists = row.published, row.exists
    # Lie: an account that is rotated goes on being published to who had its old key.
    viewing = (row.account, row.rotated, *said.key)
    air.receive(VIEWING, viewing, exists, claim="account.viewing")
    start: list[Any] = [*published_start(0)]
    start[INDEX_PLACE] = row.account
    # Lie: what is published under an index is the leaf of another account, or an old one.
    claim = "account.published-leaf"
    request_hash(air, start, row.after.leaf, said.with_leaf, exists, claim=claim)
    slots, cash = row.after.slots_root, _cash(row)
    _require_block(air, row, slots, (said.with_leaf, said.slots_pad, said.with_slots))
    _require_block(air, row, cash, (said.with_slots, said.cash_pad, said.with_cash))
    _require_placed(air, row)


def _cash(row: Columns) -> tuple[Any, ...]:
    after = row.after
    return (*after.cash, after.below, *after.salt)


def _require_block(
    air: Builder, row: Columns, block: Sequence[Any], values: tuple[Any, Any, Any]
) -> None:
    """A block is published with its pad added; `values` are the chaining value before it, the pad,
    and the chaining value after."""
    before, pad, after = values
    claim, exists = "account.published", row.exists
    # Lie: words that the owner's key does not read, so that only the operator knows the leaf.
    request_hash(air, row.published.key, before, pad, exists, claim=claim)
    words = [word + each for word, each in zip(block, pad, strict=True)]
    request_hash(air, before, words, after, exists, claim=claim)


def _require_placed(air: Builder, row: Columns) -> None:
    said, exists, claim = row.published, row.exists, "account.published-once"
    # Lie: a leaf is left out of the commitment, or is in it twice.
    request_hash(air, said.before, said.digest, said.after, exists, claim=claim)
    air.receive(DATA, (said.place, *said.before), exists, claim=claim)
    air.send(DATA, (said.place + 1, *said.after), exists, claim=claim)
