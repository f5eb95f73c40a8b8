"""Traders: an account, its key, its slots, and what it plans to hold."""

from dataclasses import dataclass, field

from rollup.crypto.envelope import ViewingKeyAction
from rollup.crypto.schnorr import SecretKey
from rollup.hash.poseidon import Digest
from rollup.protocol.cancel import CancelOrder
from rollup.protocol.constants import MARKETS_MAX, SLOT_BITS
from rollup.protocol.order import Order
from rollup.protocol.outflow import Outflow
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.viewing_key import viewing_key_to_bytes

SLOTS = 1 << SLOT_BITS

Intent = Order | CancelOrder | Outflow | ViewingKeyAction
"""What a trader decided to do, not signed yet."""


@dataclass(slots=True, repr=False)
class Trader:
    """One account of the demonstration. `owner` is its L1 address, `capital` its first deposit; it
    tells no `viewing_key` if it has none."""

    account: int
    owner: bytes
    secret: SecretKey
    capital: int
    positions: list[int] = field(default_factory=lambda: [0] * MARKETS_MAX)
    generations: list[int] = field(default_factory=lambda: [-1] * SLOTS)
    resting: set[int] = field(default_factory=set)
    next_slot: int = 0
    viewing_key: Digest | None = None

    def __repr__(self) -> str:
        return f"Trader({self.account})"

    def take_slot(self) -> tuple[int, int]:
        """A slot without a resting order, and its next generation."""
        for _ in range(SLOTS):
            slot, self.next_slot = self.next_slot, (self.next_slot + 1) % SLOTS
            if slot not in self.resting:
                self.generations[slot] += 1
                return slot, self.generations[slot]
        raise Rejected(Reason.SLOT_OUT_OF_BOUNDS, f"all slots of account {self.account} are in use")

    def telling(self) -> list[ViewingKeyAction]:
        """Its viewing key, as it is told, if it has one."""
        if self.viewing_key is None:
            return []
        return [ViewingKeyAction(self.account, viewing_key_to_bytes(self.viewing_key))]

    def key_words(self) -> tuple[int, ...]:
        """The 14 words of its public key, as L1 wants them."""
        public = self.secret.public
        return (*public.x, *public.y)
