"""What an owner asks of a prover: an account to take out of a frozen venue in private. Pure.

Spec: docs/spec/23-private-exit.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from rollup.crypto.schnorr import SecretKey
from rollup.hash.many import CompressMany
from rollup.l1.escape import LeafOpening, is_payable, payout
from rollup.l1.private_exit import ExitStatement, PrivateExit, nullifier_of
from rollup.private import Private
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook

Report = Callable[[str, float], None]
"""Called with each phase as it begins, and the share of the proof that is done by then, 0 to 1."""


class CannotExit(Exception):
    """Why an account has no private exit, in words for its owner."""


@dataclass(frozen=True, slots=True, repr=False)
class ExitAsked(Private):
    """An opened leaf, the secret of its key, and the venue that it is of; the book is that beside
    the root. `recipient` is 20 bytes."""

    chain: int
    venue: int
    governance: Governance
    leaf: LeafOpening
    book: MarketBook
    secret: SecretKey
    recipient: bytes

    def statement(self, compress_many: CompressMany) -> ExitStatement:
        """What is to be shown. CannotExit where the circuit shows no such thing."""
        account = self.leaf.account
        if self.secret.public != account.header.key:
            raise CannotExit("the secret key is not that of the account")
        if not is_payable(account, self.book, self.governance):
            raise CannotExit("a position of the account is of no market of the book")
        if any(self.governance.markets[market].is_asset for market, _ in account.positions):
            raise CannotExit("the account holds an asset: it can escape in public only")
        nullifier = nullifier_of(self.leaf.index, account.salt, compress_many)
        amount = payout(account, self.book, self.governance).amount
        wanted = PrivateExit(nullifier, amount, self.recipient)
        root = self.leaf.root(compress_many)
        return ExitStatement(self.chain, self.venue, root, self.book, self.governance, wanted)


@dataclass(frozen=True, slots=True)
class ExitProved:
    """What whoever brings it to L1 needs."""

    statement: ExitStatement
    proof: bytes = field(repr=False)


class ExitProver(Protocol):
    """Proves private exits, at the owner's."""

    def prove(self, asked: ExitAsked, report: Report) -> ExitProved:
        """Prove an exit. CannotExit, before any work, where there is none to prove."""
