"""What L1 says of the end of a venue, and of what its people take out. Spec: docs/spec/20-exits.md
and 23-private-exit.md.
"""

from dataclasses import dataclass
from typing import TypeAlias

from rollup.hash.poseidon import Digest

Address: TypeAlias = bytes
"""20 bytes."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """Somebody froze the venue: the last proved batch is its last."""

    sender: Address
    number: int
    time: int


@dataclass(frozen=True, slots=True)
class EntryReclaimed:
    """An entry that no proved batch consumed was paid back to whoever had sent it."""

    index: int
    owner: Address
    asset: int
    amount: int


@dataclass(frozen=True, slots=True)
class AccountEscaped:
    """An account was opened to the last root by its owner, who can withdraw so many quanta;
    `nullifier` is what it leaves behind, so that it does not escape in private too."""

    account: int
    owner: Address
    amount: int
    nullifier: Digest


@dataclass(frozen=True, slots=True)
class EscapedPrivately:
    """Somebody showed that an account of the last root is worth so many quanta, which the recipient
    can withdraw. Which account is not said."""

    nullifier: Digest
    recipient: Address
    amount: int


@dataclass(frozen=True, slots=True)
class AssetEscaped:
    """Lots of an account that escaped: its owner can withdraw `lots`, and `kept` went to the estate
    for what the account owed, for `price` quanta each."""

    account: int
    owner: Address
    asset: int
    lots: int
    kept: int
    price: int
