"""An account rebuilt from what was published of it and its viewing key: nobody else is asked.

Spec: docs/spec/22-availability.md.
"""

from collections.abc import Sequence
from typing import Final

from rollup.availability.fault import DataRefused, Fault
from rollup.availability.holder import Holder
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.l1.escape import LeafOpening
from rollup.protocol.account import Account, Header, header_digests, leaf_blocks
from rollup.protocol.availability import (
    PublishedLeaf,
    read_blocks,
    reading_key,
    viewing_commitment,
)
from rollup.protocol.constants import CASH_LIMIT, POSITION_LIMIT
from rollup.protocol.encoding import LIMB_BITS, Block, fold_accounts
from rollup.protocol.positions import Positions
from rollup.protocol.rejection import Reason, Rejected

_ELEMENT_BITS: Final = 2 * LIMB_BITS


def rebuild(
    holder: Holder,
    index: int,
    header: Header,
    viewing_key: Digest | None,
    compress_many: CompressMany,
) -> LeafOpening:
    """An account, opened to the root after the holder's last batch: what its owner escapes with.

    `viewing_key` may be None: then only what was published under the commitment itself is read,
    as it is where the venue was never told the key. DataRefused where no leaf was published, where
    the header commits to another key, or where the words give another leaf.
    """
    published = holder.last(index).leaf
    if viewing_key is not None and viewing_commitment(viewing_key, compress_many) != header.viewing:
        raise DataRefused(Fault.VIEWING_KEY, f"account {index} commits to another viewing key")
    for key in dict.fromkeys((reading_key(header, viewing_key), reading_key(header, None))):
        account = read_account(published, header, key, compress_many)
        if account is not None:
            return LeafOpening(index, account, holder.path(index), *holder.beside)
    if viewing_key is None:
        detail = f"what was published of account {index} is read by its viewing key only"
        raise DataRefused(Fault.VIEWING_KEY, detail)
    raise DataRefused(Fault.HEADER, f"the last leaf of account {index} has another header")


def read_account(
    published: PublishedLeaf, header: Header, key: Digest, compress_many: CompressMany
) -> Account | None:
    """The account that a key reads in a published leaf; None where what it reads folds to another
    leaf. Rejected if the leaf holds no account."""
    (digest,) = header_digests([header], compress_many)
    blocks = read_blocks(published, key, compress_many)
    if fold_accounts([(digest, *blocks)], compress_many) != [published.leaf]:
        return None
    account = account_of(header, blocks)
    if leaf_blocks(account, digest)[1:] != blocks:
        raise Rejected(Reason.MALFORMED, "the blocks of a leaf are not an account's")
    return account


def account_of(header: Header, blocks: Sequence[Block]) -> Account:
    """The account whose leaf has these blocks from the root of slots on, if any has: whoever asks
    encodes it again and compares. Rejected on values out of bounds."""
    slots_root, (low, middle, high, flags, *salt), *held = blocks
    a, b, c, d = salt
    positions = Positions(tuple((block[0], _lots(block)) for block in held))
    triggers = tuple(block[3] for block in held)
    cash = _number(low, middle, high) - CASH_LIMIT
    return Account(header, cash, positions, slots_root, (a, b, c, d), triggers, flags != 0)


def _lots(block: Block) -> int:
    return _number(block[1], block[2]) - POSITION_LIMIT


def _number(*elements: int) -> int:
    """What elements of 26 bits are together, low first."""
    return sum(element << _ELEMENT_BITS * place for place, element in enumerate(elements))
