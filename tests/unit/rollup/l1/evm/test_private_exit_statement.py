"""The contract makes the statement of a private exit as its verifier in Python does: whatever the
prices are, with assets between the perpetuals, and with markets that the book has not yet."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

pytest.importorskip("pyrevm", reason="pyrevm has no wheel for this Python")

from circuits.evm.facts import statement_bytes
from circuits.exit.inputs import exit_messages, exit_values
from rollup.harness.evm_target import TEST_FACTS
from rollup.harness.people import address, key_words, viewing_words
from rollup.hash.poseidon import Digest
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.contract import EvmL1
from rollup.l1.evm.deploy import Surroundings, create_token, deploy_venue, pin_words, prepare
from rollup.l1.evm.revm_chain import RevmChain
from rollup.l1.evm.workshop import Workshop
from rollup.l1.interface import Address, Revert, Reverted
from rollup.l1.private_exit import EXIT_CLASS, ExitStatement, PrivateExit, exit_shape
from rollup.ports import Pins
from rollup.protocol.assets import assets_of
from rollup.protocol.genesis import Genesis
from rollup.protocol.market_book import MarketBook
from tests.helpers.exits import PERPS, genesis_of_assets, random_book
from tests.helpers.l1 import PINS, deployment
from tests.helpers.private_exits import some_digest

EXIT_PINS = Pins(b"\x07" * 32, b"\x08" * 32, b"numbers", exit_shape(), "suite", EXIT_CLASS)
MONTH = 30 * 24 * 3_600_000
SOMEBODY = address("whoever pays gas")

Venue = tuple[EvmL1, Address]
"""A contract, and the one in its verifier's place."""


def any_book(random: Random) -> MarketBook:
    """Prices and funding at their ends too, of some of the markets."""
    book = random_book(random)
    ends = (0, 1, -1, 2**28, -(2**28), random.randrange(-(2**28), 2**28))
    entries = [
        replace(entry, funding=random.choice(ends)) if market in PERPS else entry
        for market, entry in enumerate(book.markets)
    ]
    return replace(book, markets=tuple(entries[: random.choice((1, 2, 3, 4, 4))]))


def frozen(root: Digest, book: MarketBook, patch: pytest.MonkeyPatch) -> Venue:
    """A contract that ended with this root and this book, and what says which facts are true."""
    genesis = genesis_of_assets()
    made = deployment(genesis=genesis, root=root, pins=(PINS, EXIT_PINS))
    patch.setattr(Genesis, "book", lambda _: book)
    chain = RevmChain()
    chain.set_time(genesis.time)
    workshop = Workshop(chain)
    prepare(workshop)
    name, *rest = pin_words(EXIT_PINS)
    facts = workshop.create(TEST_FACTS, *rest, name, EXIT_PINS.digest())
    tokens = {m: create_token(workshop, f"T{m}", 0) for m in (0, *assets_of(genesis.governance))}
    venue = deploy_venue(workshop, made, Surroundings(tokens, {EXIT_CLASS: facts}, 1))
    l1 = EvmL1(chain, venue, {}, lambda _: tokens[0], lambda *_: None)
    l1.mint(SOMEBODY, 100)
    l1.register(SOMEBODY, key_words("alice"), viewing_words(), 100)
    l1.warp(MONTH)
    l1.freeze(SOMEBODY)
    return l1, facts


def believe(chain: RevmChain, facts: Address, statement: bytes) -> None:
    """Have the contract in the verifier's place take a statement to be true."""
    proof = b"crypsis-test-proof-1" + EXIT_PINS.digest() + statement[:32]
    call = Interface(artefact(TEST_FACTS).abi).call("prove", statement, proof)
    chain.send(facts, call, SOMEBODY)


def asked(random: Random) -> PrivateExit:
    """Amounts and recipients at their ends too."""
    amount = random.choice((0, 1, 2**64, 2**78 - 1, random.randrange(2**78)))
    recipient = random.choice((b"\xff" * 20, b"\x00" * 19 + b"\x01", random.randbytes(20)))
    return PrivateExit(some_digest(random), amount, recipient)


def reason(call: Callable[[], object]) -> Revert:
    with pytest.raises(Reverted) as caught:
        call()
    return caught.value.reason


@pytest.mark.parametrize("seed", range(12))
def test_contract_and_verifier_make_the_same_statement(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)
    book, wanted = any_book(random), asked(random)
    l1, facts = frozen(some_digest(random), book, monkeypatch)
    genesis = l1.deployment.genesis
    statement = ExitStatement(genesis.chain, genesis.venue, l1.root, book, l1.governance, wanted)
    known = statement.digest(), exit_values(statement), exit_messages(statement)

    def call() -> int:
        return l1.escape_privately(SOMEBODY, wanted, book, b"")

    assert reason(call) is Revert.PROOF
    believe(l1._chain, facts, statement_bytes(*known))
    assert call() == wanted.amount
    assert l1.pending.get(wanted.recipient, 0) == wanted.amount
    assert (l1.custody, l1.exits.debts) == (0, wanted.amount)
    assert reason(call) is Revert.ESCAPED
