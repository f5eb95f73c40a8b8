"""A private exit by a real proof: mock and contract take it, and refuse all else alike."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from random import Random

import pytest

pytest.importorskip("pyrevm", reason="pyrevm has no wheel for this Python")

from circuits.exit.prover import StarkExitProver
from circuits.exit.verifier import StarkExitVerifier
from circuits.on_chain import StarkOnChain
from circuits.stark.parameters import INSECURE_TEST
from rollup.field.koalabear import P
from rollup.harness.evm_target import TEST_FACTS, UNIT, OracleFacts
from rollup.harness.oracle import OracleVerifier
from rollup.harness.people import (
    OPERATOR,
    PINS,
    START,
    address,
    compress_cached,
    deployment,
    digest_of,
)
from rollup.l1.development import LocalL1, ManualClock
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.chain import Receipt
from rollup.l1.evm.contract import EvmL1
from rollup.l1.evm.deploy import (
    Surroundings,
    create_token,
    deploy_venue,
    pin_words,
    prepare,
)
from rollup.l1.evm.proofs import STARK_FACTS, StarkFacts
from rollup.l1.evm.revm_chain import RevmChain
from rollup.l1.evm.workshop import Workshop
from rollup.l1.exit_asked import CannotExit, ExitAsked
from rollup.l1.interface import EscapedPrivately, Revert
from rollup.l1.private_exit import EXIT_CLASS, PrivateExit, nullifier_of
from rollup.protocol.market_book import MarketBook
from tests.helpers.private_exits import Escaping, account_of, book_of, governed
from tests.helpers.private_venue import (
    PEOPLE,
    RECIPIENT,
    SET,
    Venue,
    end,
    made_deployment,
    mock,
    played,
    secret_of,
)
from tests.helpers.venue import trader_key

GAS_MOST = 7_000_000
"""Of a private exit: its proof in two transactions, and the call."""


def contract(paid: Callable[[str, Receipt], None]) -> EvmL1:
    """The contracts on an EVM in this process: batches by the oracle, exits by a whole verifier."""
    chain, proofs = RevmChain(), StarkOnChain()
    chain.set_time(START)
    workshop = Workshop(chain)
    prepare(workshop)
    name, *rest = pin_words(PINS)
    batches = workshop.create(TEST_FACTS, *rest, name, PINS.digest())
    exits = proofs.create(workshop, SET, EXIT_CLASS)
    facts = {
        "S": OracleFacts(chain, batches, Interface(artefact(TEST_FACTS).abi), proofs.statement),
        EXIT_CLASS: StarkFacts(chain, exits, Interface(artefact(STARK_FACTS).abi), proofs, SET),
    }
    around = Surroundings(
        {0: create_token(workshop, "USDC", 6)},
        {"S": batches, EXIT_CLASS: exits},
        UNIT,
    )
    made = deploy_venue(workshop, made_deployment(), around)
    return EvmL1(chain, made, facts, lambda mark: create_token(workshop, f"LOT{mark}", 0), paid)


@pytest.fixture(params=["mock", "contract"])
def venue(request: pytest.FixtureRequest) -> Iterator[Venue]:
    gas: list[tuple[str, int]] = []
    if request.param == "mock":
        yield played(mock(), gas)
    else:
        yield played(contract(lambda what, receipt: gas.append((what, receipt.gas))), gas)


@cache
def prover() -> StarkExitProver:
    return StarkExitProver(SET)


def asked(book: MarketBook, recipient: bytes = RECIPIENT) -> ExitAsked:
    genesis = deployment().genesis
    return ExitAsked(
        genesis.chain,
        genesis.venue,
        genesis.governance,
        PEOPLE.opening(77),
        book,
        secret_of("bob"),
        recipient,
    )


@cache
def proof_of(book: MarketBook) -> tuple[PrivateExit, bytes]:
    """Bob's exit, proved once for all tests."""
    proved = prover().prove(asked(book))
    return proved.statement.wanted, proved.proof


def test_somebody_is_paid_what_an_account_is_worth_and_once(venue: Venue) -> None:
    wanted, proof = proof_of(venue.book)
    assert wanted.amount == 4_204_000 - 2 * 600_000 + 250_000
    assert venue.refusal(lambda: venue.privately(wanted, proof)) is Revert.NOT_FROZEN
    end(venue)
    custody = venue.l1.custody
    assert venue.privately(wanted, proof) == wanted.amount
    assert venue.l1.pending[RECIPIENT] == wanted.amount
    said = EscapedPrivately(wanted.nullifier, RECIPIENT, wanted.amount)
    assert venue.l1.events[-1] == said
    exits = venue.l1.exits
    assert (venue.l1.custody, exits.debts) == (0, wanted.amount - custody)
    assert (exits.escaped, exits.nullifiers) == (set(), {wanted.nullifier})
    assert venue.refusal(lambda: venue.privately(wanted, proof)) is Revert.ESCAPED
    other = replace(wanted, recipient=address("alice"))
    assert venue.refusal(lambda: venue.privately(other, proof)) is Revert.ESCAPED
    leaf = PEOPLE.opening(77)
    public = venue.refusal(lambda: venue.l1.escape(address("bob"), leaf, venue.book))
    assert public is Revert.ESCAPED
    if venue.gas:
        spent = [gas for what, gas in venue.gas if what in ("proof", "escapePrivately")][1:]
        assert sum(spent) < GAS_MOST
        print(*(f"\n{what}: {gas:,} gas" for what, gas in venue.gas), end="\n")


def test_who_escaped_in_public_does_not_again_in_private(venue: Venue) -> None:
    wanted, proof = proof_of(venue.book)
    end(venue)
    venue.l1.escape(address("bob"), PEOPLE.opening(77), venue.book)
    assert venue.l1.exits.nullifiers == {wanted.nullifier}
    assert venue.refusal(lambda: venue.privately(wanted, proof)) is Revert.ESCAPED
    paid = venue.l1.escape(address("alice"), PEOPLE.opening(1), venue.book)
    assert paid.amount == 2_000
    mine = nullifier_of(1, PEOPLE.accounts[1].salt, compress_cached)
    assert venue.l1.exits.nullifiers == {wanted.nullifier, mine}


LIES: dict[str, tuple[Callable[[PrivateExit], PrivateExit], Revert]] = {
    "another recipient": (lambda w: replace(w, recipient=address("mallory")), Revert.PROOF),
    "a quantum more": (lambda w: replace(w, amount=w.amount + 1), Revert.PROOF),
    "nothing": (lambda w: replace(w, amount=0), Revert.PROOF),
    "more by 2^64": (lambda w: replace(w, amount=w.amount + 2**64), Revert.PROOF),
    "more by p": (lambda w: replace(w, amount=w.amount + P), Revert.PROOF),
    "more than anybody has": (lambda w: replace(w, amount=w.amount + 2**78), Revert.BAD_AMOUNT),
    "another nullifier": (lambda w: replace(w, nullifier=digest_of("another")), Revert.PROOF),
}


@pytest.mark.parametrize("name", LIES)
def test_a_copied_proof_says_nothing_else(venue: Venue, name: str) -> None:
    wanted, proof = proof_of(venue.book)
    end(venue)
    change, reason = LIES[name]
    assert venue.refusal(lambda: venue.privately(change(wanted), proof)) is reason
    assert venue.l1.pending.get(RECIPIENT, 0) == 0


def test_bytes_that_are_no_proof_and_another_book(venue: Venue) -> None:
    wanted, proof = proof_of(venue.book)
    end(venue)
    first, *others = venue.book.markets
    dearer = replace(venue.book, markets=(replace(first, price=first.price + 1), *others))
    wrong = venue.refusal(lambda: venue.privately(wanted, proof, dearer))
    assert wrong is Revert.BOOK_BEFORE
    for bent in (b"", proof[:-1], proof[:5000] + bytes((proof[5000] ^ 1,)) + proof[5001:]):
        assert venue.refusal(lambda bent=bent: venue.privately(wanted, bent)) is Revert.PROOF


BENT: dict[str, tuple[Callable[[PrivateExit], PrivateExit], Revert]] = {
    "no address": (lambda w: replace(w, recipient=b"1"), Revert.BAD_ADDRESS),
    "nobody": (lambda w: replace(w, recipient=bytes(20)), Revert.BAD_ADDRESS),
    "nobody, a word of p": (
        lambda w: replace(w, recipient=bytes(20), amount=2**200, nullifier=(P,) * 8),
        Revert.BAD_ADDRESS,
    ),
    "a debt": (lambda w: replace(w, amount=-1), Revert.BAD_AMOUNT),
    "more than a word": (lambda w: replace(w, amount=2**300), Revert.BAD_AMOUNT),
    "no amount": (lambda w: replace(w, amount=True), Revert.BAD_AMOUNT),
    "words of p": (lambda w: replace(w, nullifier=(P,) * 8), Revert.BAD_WORDS),
    "no tuple": (lambda w: replace(w, nullifier=list(w.nullifier)), Revert.BAD_WORDS),
}


@pytest.mark.parametrize("name", BENT)
def test_what_cannot_be_asked_is_refused_in_one_order(venue: Venue, name: str) -> None:
    """While the venue lives that is said first, whatever is asked; then what is wrong with it, and
    of a book only after that."""
    change, reason = BENT[name]
    bent = change(PrivateExit(digest_of("some account"), 5, RECIPIENT))
    other = replace(venue.book, markets=venue.book.markets[:1])
    assert venue.refusal(lambda: venue.privately(bent, b"")) is Revert.NOT_FROZEN
    end(venue)
    for book in (venue.book, other):
        assert venue.refusal(lambda book=book: venue.privately(bent, b"", book)) is reason


def test_a_nullifier_of_another_name_is_no_other_nullifier() -> None:
    """Lie: p more in a word of it, the same to every hash that takes it modulo p."""
    gas: list[tuple[str, int]] = []
    venue = played(contract(lambda what, receipt: gas.append((what, receipt.gas))), gas)
    wanted, proof = proof_of(venue.book)
    end(venue)
    venue.privately(wanted, proof)
    l1 = venue.l1
    assert isinstance(l1, EvmL1)
    word = next(k for k, value in enumerate(wanted.nullifier) if value + P < 2**32)
    bent = list(wanted.nullifier)
    bent[word] += P
    data = b"".join(value.to_bytes(4, "little") for value in bent)
    call = (data, wanted.amount, wanted.recipient, venue.book.encode())
    refused = venue.refusal(lambda: l1._send(address("dave"), "escapePrivately", *call))
    assert refused is Revert.BAD_WORDS


def test_no_batch_is_of_the_class_of_exits(venue: Venue) -> None:
    public = replace(venue.public, shape_class=EXIT_CLASS)
    refused = venue.refusal(lambda: venue.l1.post_batch(address(OPERATOR), public, b""))
    assert refused is Revert.PIN_SHAPE


def test_where_no_circuit_of_exits_is_pinned_there_is_none() -> None:
    clock = ManualClock(lambda: START)
    made = replace(deployment(), pins=(PINS,), least_deposit=1)
    venue = played(LocalL1(made, [OracleVerifier(PINS)], clock, compress_cached), [])
    wanted, proof = proof_of(venue.book)
    end(venue)
    assert venue.refusal(lambda: venue.privately(wanted, proof)) is Revert.PIN_SHAPE


def test_an_owner_is_told_why_there_is_no_proof() -> None:
    book = played(mock(), []).book
    with pytest.raises(CannotExit, match="not that of the account"):
        replace(asked(book), secret=secret_of("mallory")).statement(compress_cached)


def test_an_account_with_an_asset_or_in_a_market_of_no_book_has_no_proof() -> None:
    """Said before any work, and not by a circuit that nothing satisfies."""
    random, governance = Random(9), governed(assets=(2,))
    book = book_of(governance, random)
    for sizes, listed, why in (({1: 5, 2: 6}, 64, "holds an asset"), ({5: 1}, 5, "no market")):
        account = account_of(random, sizes, 2**40)
        opened = Escaping.of(account, governance, book, random).leaf
        short = replace(book, markets=book.markets[:listed])
        wanted = ExitAsked(1, 2, governance, opened, short, trader_key(7), RECIPIENT)
        with pytest.raises(CannotExit, match=why):
            wanted.statement(compress_cached)


def test_no_less_is_proved_with_than_a_hundred_bits() -> None:
    assert StarkExitVerifier(SET).bits >= 100
    with pytest.raises(ValueError, match="parameter set"):
        StarkExitVerifier(INSECURE_TEST.name)
