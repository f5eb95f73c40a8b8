"""What a batch publishes of the accounts that it opens: under which keys, and what that comes to.

Spec: docs/spec/22-availability.md.
"""

from collections.abc import Mapping, Sequence

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.protocol.account import Account, leaf_blocks
from rollup.protocol.availability import (
    OpenLeaf,
    Published,
    publish,
    reading_key,
    require_viewing_keys,
)
from rollup.protocol.batch import Batch
from rollup.protocol.outcome import TouchedAccount
from rollup.protocol.rejection import Reason, Rejected


def told_keys(
    batch: Batch, after: Mapping[int, Account | None], compress_many: CompressMany
) -> dict[int, Digest]:
    """The viewing keys that a batch brings, by account. Rejected unless each is of an account that
    it opens and leaves with a header that commits to the key."""
    headers = []
    for place, (index, _) in enumerate(batch.viewing_keys):
        account = after.get(index)
        if account is None:
            detail = f"viewing key {place} is of no account that is opened"
            raise Rejected(Reason.OPENING_EXCESS, detail)
        headers.append(account.header)
    require_viewing_keys(headers, [key for _, key in batch.viewing_keys], compress_many)
    return dict(batch.viewing_keys)


def publish_accounts(
    accounts: Sequence[TouchedAccount], compress_many: CompressMany
) -> tuple[Published, ...]:
    """The new leaves of all accounts that exist, as they are published, in their order."""
    leaves = []
    for each in accounts:
        if each.after is not None:
            _, *blocks = leaf_blocks(each.after, each.headers[1])
            key = reading_key(each.after.header, each.viewing_key)
            leaves.append(OpenLeaf(each.index, each.leaf_after, key, blocks))
    return tuple(publish(leaves, compress_many))
