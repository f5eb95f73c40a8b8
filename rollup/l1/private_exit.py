"""A private exit: what is asked for, the statement that its proof is of, and the nullifier. Pure.

A frozen venue pays an account whose owner proves what it has, and shows neither which one it is nor
what is in it but what it pays. Spec: docs/spec/23-private-exit.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from rollup.hash.keccak import keccak256
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.l1.reasons import Revert, Reverted
from rollup.ports import Pins
from rollup.protocol.constants import ACCOUNT_BITS, MARKETS_MAX, OWNER_BYTES
from rollup.protocol.encoding import TypeCode, chain_one, digest_bytes, nullifier_blocks
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook
from rollup.protocol.rejection import Rejected
from rollup.protocol.units import Salt, require_digest

EXIT_TAG: Final = b"crypsis-private-exit-1"
"""Domain and version of the statement."""

EXIT_CLASS: Final = "X"
"""The name under which a venue pins the exit circuit, among those of its shape classes. No batch is
of it."""

AMOUNT_LIMB_BITS: Final = 78
"""What an account is worth fits it: 64 positions of up to 2^40 lots times 2^31, and cash."""

_NUMBER_BYTES: Final = 8
_AMOUNT_BYTES: Final = 16


def exit_shape() -> bytes:
    """Canonical bytes of what every exit has room for, as `Pins.shape`: the length of the name and
    the name, then positions and levels of the path, 4 bytes each, big-endian."""
    name = EXIT_CLASS.encode("ascii")
    sizes = (MARKETS_MAX, ACCOUNT_BITS)
    return bytes((len(name),)) + name + b"".join(size.to_bytes(4, "big") for size in sizes)


def nullifier_of(account: int, salt: Salt, compress_many: CompressMany) -> Digest:
    """What an account leaves behind when it escapes, in public or in private: it can be computed by
    whoever opens the leaf, and by nobody else."""
    return chain_one(TypeCode.NULLIFIER, nullifier_blocks(account, salt), compress_many)


@dataclass(frozen=True, slots=True)
class PrivateExit:
    """What is asked for: an account's nullifier, what it is paid in quanta, and who can withdraw
    that."""

    nullifier: Digest
    amount: int
    recipient: bytes


@dataclass(frozen=True, slots=True)
class ExitStatement:
    """What a proof of a private exit is of: that some account of the root has this nullifier, is
    worth this amount at the prices of the book, holds no asset, and lets whoever knows its key say
    to whom it is paid. `governance` says which markets are of assets."""

    chain: int
    venue: int
    root: Digest
    book: MarketBook
    governance: Governance
    wanted: PrivateExit

    def values(self) -> Iterator[tuple[int, int]]:
        """Every listed perpetual, and what a lot of it is worth: price less funding."""
        listed = zip(self.book.markets, self.governance.markets, strict=False)
        for number, (entry, market) in enumerate(listed):
            if not market.is_asset:
                yield number, entry.price - entry.funding

    def encode(self) -> bytes:
        """Canonical bytes: tag, chain, venue, root, digest of the book, nullifier, amount,
        recipient. Numbers are big-endian, of 8 bytes, the amount of 16."""
        wanted = self.wanted
        return b"".join(
            (
                EXIT_TAG,
                self.chain.to_bytes(_NUMBER_BYTES, "big"),
                self.venue.to_bytes(_NUMBER_BYTES, "big"),
                digest_bytes(self.root),
                self.book.digest(),
                digest_bytes(wanted.nullifier),
                wanted.amount.to_bytes(_AMOUNT_BYTES, "big"),
                wanted.recipient,
            )
        )

    def digest(self) -> bytes:
        """Keccak-256 of the canonical bytes, which the transcript absorbs before anything that the
        prover says."""
        return keccak256(self.encode())


class ExitVerifier(Protocol):
    """Says whether a proof shows that a statement is true."""

    @property
    def pins(self) -> Pins:
        """Which circuit it verifies, with which parameters; the class is EXIT_CLASS."""

    def verify(self, statement: ExitStatement, proof: bytes) -> None:
        """Return if the proof is valid for exactly this statement. Raises VerificationError,
        whatever the bytes are, and nothing else."""


def require_wanted_exit(wanted: PrivateExit) -> None:
    """Revert unless it is one that a statement can be made of, to be paid to somebody. Lie: a
    recipient that a wallet left out, so that an account escapes to nobody."""
    if not isinstance(wanted.recipient, bytes) or len(wanted.recipient) != OWNER_BYTES:
        raise Reverted(Revert.BAD_ADDRESS, f"an address is {OWNER_BYTES} bytes")
    if not any(wanted.recipient):
        raise Reverted(Revert.BAD_ADDRESS, "nobody withdraws at the address of zeros")
    if type(wanted.amount) is not int or not 0 <= wanted.amount < 1 << AMOUNT_LIMB_BITS:
        raise Reverted(Revert.BAD_AMOUNT, f"below 2^{AMOUNT_LIMB_BITS}, not {wanted.amount}")
    try:
        require_digest("nullifier", wanted.nullifier)
    except Rejected as refused:
        raise Reverted(Revert.BAD_WORDS, str(refused)) from refused
