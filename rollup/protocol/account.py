"""Accounts: who owns them, and what they hold.

Spec: docs/spec/03-state.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rollup.crypto.curve import Point
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import ZERO_DIGEST, Digest
from rollup.private import Private
from rollup.protocol.constants import (
    BUCKET_NUMBER_BITS,
    OWNER_BYTES,
    SIGNATURE_SCHEME,
)
from rollup.protocol.encoding import (
    Block,
    TypeCode,
    account_blocks,
    chain_many,
    fold_accounts,
    header_blocks,
)
from rollup.protocol.positions import Positions
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import (
    Salt,
    require_bounds,
    require_bytes,
    require_cash,
    require_digest,
    require_flag,
    require_length,
    require_point,
    require_salt,
)

EMPTY_LEAF: Digest = ZERO_DIGEST
"""Leaf of an account that does not exist."""


@dataclass(frozen=True, slots=True)
class Header:
    """Who owns an account: fixed when L1 registers it.

    `owner` is the L1 address, `key` the trading key, `viewing` commits to the key that exit data is
    encrypted to. That the key lies on the curve is a rule of the deposit that brings it.
    """

    owner: bytes
    key: Point
    viewing: Digest
    scheme: int = SIGNATURE_SCHEME

    def __post_init__(self) -> None:
        require_bytes("owner", self.owner, OWNER_BYTES)
        require_point("key", self.key)
        require_digest("viewing", self.viewing)
        require_bounds(
            "scheme", self.scheme, SIGNATURE_SCHEME, SIGNATURE_SCHEME + 1, Reason.MALFORMED
        )


@dataclass(frozen=True, slots=True, repr=False)
class Account(Private):
    """An account leaf: header, cash in quanta, positions, root of its slot tree, salt.

    `triggers` has the biased bucket number of each position, in their order, at which the account
    must be looked at. `below` says that it was left with less than maintenance, which it can be
    while the step is open.
    """

    header: Header
    cash: int
    positions: Positions
    slots_root: Digest
    salt: Salt
    triggers: tuple[int, ...] = ()
    below: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.header, Header):
            raise Rejected(Reason.MALFORMED, "an account's header must be a Header")
        require_cash("cash", self.cash)
        if not isinstance(self.positions, Positions):
            raise Rejected(Reason.MALFORMED, "an account's positions must be Positions")
        require_digest("slots_root", self.slots_root)
        require_salt("salt", self.salt)
        require_length("triggers", self.triggers, len(self.positions.held))
        for trigger in self.triggers:
            require_bounds(
                "trigger", trigger, 0, 1 << BUCKET_NUMBER_BITS, Reason.TRIGGER_OUT_OF_BOUNDS
            )
        require_flag("below", self.below)


def header_digests(headers: Sequence[Header], compress_many: CompressMany) -> list[Digest]:
    """HEADER chains of many headers."""
    messages = [header_blocks(h.owner, h.key, h.scheme, h.viewing) for h in headers]
    return chain_many(TypeCode.HEADER, messages, compress_many)


def leaf_blocks(account: Account, header: Digest) -> tuple[Block, ...]:
    """The blocks of an account's leaf, given its header's digest."""
    held, triggers = account.positions.held, account.triggers
    cash = (account.cash, account.below, account.salt)
    return account_blocks(header, account.slots_root, *cash, held, triggers)


def account_leaves(
    accounts: Sequence[Account | None], headers: Sequence[Digest], compress_many: CompressMany
) -> list[Digest]:
    """Leaves of many accounts, given their header digests; the empty leaf for None."""
    present = [(place, account) for place, account in enumerate(accounts) if account is not None]
    messages = [leaf_blocks(account, headers[place]) for place, account in present]
    leaves = [EMPTY_LEAF] * len(accounts)
    digests = fold_accounts(messages, compress_many)
    for (place, _), digest in zip(present, digests, strict=True):
        leaves[place] = digest
    return leaves
