"""A venue that was frozen with two accounts, whose owners can escape in private by real proofs."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from circuits.exit.verifier import StarkExitVerifier
from rollup.crypto.schnorr import SecretKey
from rollup.harness.books import Books, Choice
from rollup.harness.leaves import Leaves
from rollup.harness.oracle import OracleVerifier, oracle_proof
from rollup.harness.people import (
    OPERATOR,
    PINS,
    START,
    address,
    compress_cached,
    deployment,
    key_words,
    viewing_words,
)
from rollup.hash.keccak import keccak256
from rollup.l1.deployment import Deployment
from rollup.l1.development import DevelopmentL1, LocalL1, ManualClock
from rollup.l1.interface import Revert, Reverted
from rollup.l1.private_exit import PrivateExit
from rollup.protocol.market_book import MarketBook
from rollup.protocol.public import PublicInput

SET = "l1"
RECIPIENT = address("somebody new")
CUSTODY = 3_000_000
PEOPLE = Leaves(
    [
        {"account": 1, "owner": "alice", "cash": -1_198_000, "positions": [[0, 2]]},
        {"account": 77, "owner": "bob", "cash": 4_204_000, "positions": [[0, -2], [1, 1]]},
    ],
    "private exits",
)


def secret_of(name: str) -> SecretKey:
    """The secret of `rollup.harness.people.key_of`."""
    digest = keccak256(b"crypsis-suite-key/" + name.encode())
    return SecretKey(int.from_bytes(digest[:16], "big"))


@dataclass
class Venue:
    """An L1 of which PEOPLE are the last state, and the book beside it."""

    l1: DevelopmentL1
    book: MarketBook
    public: PublicInput
    gas: list[tuple[str, int]] = field(default_factory=list)

    def refusal(self, call: Callable[[], object]) -> Revert:
        with pytest.raises(Reverted) as caught:
            call()
        return caught.value.reason

    def privately(self, wanted: PrivateExit, proof: bytes, book: MarketBook | None = None) -> int:
        sender = address("whoever pays gas")
        return self.l1.escape_privately(sender, wanted, book or self.book, proof)


def made_deployment() -> Deployment:
    made = deployment()
    return replace(made, pins=(PINS, StarkExitVerifier(SET).pins), least_deposit=1)


def mock() -> LocalL1:
    clock = ManualClock(lambda: START)
    verifiers = [OracleVerifier(PINS)]
    made = made_deployment()
    return LocalL1(
        made,
        verifiers,
        clock,
        compress_cached,
        exit_verifier=StarkExitVerifier(SET),
    )


def played(l1: DevelopmentL1, gas: list[tuple[str, int]]) -> Venue:
    """One batch after which PEOPLE are there, with all that they have under custody."""
    made = deployment()
    l1.mint(address("alice"), CUSTODY + 5)
    l1.register(address("alice"), key_words("alice"), viewing_words(), CUSTODY)
    l1.warp(1000)
    books = Books(made.genesis, made.root)
    choice = Choice(
        time=l1.now(),
        redo=False,
        governance=made.genesis.governance,
        entries=l1.queue,
        root=PEOPLE.root,
    )
    batch = books.close(books.head(l1), choice)
    assert l1.commit_header(address(OPERATOR), batch.header).refusal is None
    l1.post_batch(address(OPERATOR), batch.public, oracle_proof(PINS, batch.public))
    return Venue(l1, batch.tip.book, batch.public, gas)


def end(venue: Venue) -> None:
    venue.l1.credit(address("alice"), 1, 5)
    venue.l1.warp(8 * 24 * 3_600_000)
    venue.l1.freeze(address("dave"))
