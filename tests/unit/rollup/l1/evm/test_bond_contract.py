"""The contract of the bond beside the mock: the same verdicts and reasons, whatever it is shown;
and what only a contract has to fear."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random

import pytest

pytest.importorskip("pyrevm", reason="pyrevm has no wheel for this Python")

from circuits.evm.facts import statement_of
from rollup.crypto.signature_form import ORDER
from rollup.harness.books import Books, Choice
from rollup.harness.evm_target import EvmTarget
from rollup.harness.oracle import OracleDeployment
from rollup.harness.people import (
    ALL_PINS,
    GOVERNANCE,
    OPERATOR,
    RECEIPT_KEY,
    START,
    address,
    compress_cached,
    deployment,
    receipt_key_of,
)
from rollup.harness.targets import LocalTarget
from rollup.hash.keccak import keccak256
from rollup.l1.connection import RefusedByPeer
from rollup.l1.development import DevelopmentL1
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.chain import CallReverted
from rollup.l1.evm.contract import EvmL1, reverted
from rollup.l1.evm.revm_chain import RevmChain
from rollup.l1.interface import Revert, Reverted
from rollup.l1.queue import FULL
from rollup.protocol.header import BatchHeader
from rollup.protocol.misconduct import Misconduct
from rollup.protocol.receipt import RECEIPTS_START, Receipt, SignedReceipt
from rollup.protocol.rejection import Rejected
from tests.helpers.odd_tokens import Manner, OddTarget, played
from tests.helpers.seed import draws

BOND, ROLLUP = Interface(artefact("Bond").abi), Interface(artefact("Rollup").abi)
TOKEN = Interface(artefact("Token").abi)
CAROL, DAVE, OPERATOR_AT = address("carol"), address("dave"), address(OPERATOR)
LEAST = deployment().bond_least
MALFORMED = keccak256(b"Malformed()")[:4]
GENESIS = deployment().genesis
ROUNDS = 150


def receipt(sequence: int, envelope: str, previous: bytes, time: int, batch: int) -> Receipt:
    place = (GENESIS.chain, GENESIS.venue, sequence)
    return Receipt(*place, keccak256(envelope.encode()), previous, START + time, batch)


def sign(one: Receipt) -> SignedReceipt:
    return SignedReceipt(one, RECEIPT_KEY.sign(one.digest()))


def chain_of(random: Random, length: int) -> list[Receipt]:
    """Receipts as an operator makes them, or one that does something wrong now and then."""
    found: list[Receipt] = []
    last, time, batch, sequence = RECEIPTS_START, 1, 1, 1
    for _ in range(length):
        if random.random() < 0.4:
            time, batch = time + 1, batch + 1
        odd = random.random() < 0.08
        made = receipt(sequence, random.choice("abcdef"), last, time, batch)
        if odd:
            bent = random.choice(("time", "batch", "venue", "sequence"))
            with suppress(Rejected):  # receipt 1 follows the start, and no other does
                made = replace(made, **{bent: getattr(made, bent) + 1})
        found.append(made)
        last, sequence = made.digest(), made.sequence + 1
    return found


@dataclass(frozen=True)
class Pair:
    """The contracts and the mock, in the same place."""

    contracts: EvmL1
    mock: DevelopmentL1

    def same(self, name: str, *given: object) -> Misconduct | Revert:
        """What both say of a challenge, which is taken back."""
        answers: list[Misconduct | Revert] = []
        for l1 in (self.contracts, self.mock):
            mark = l1.mark()
            try:
                answers.append(getattr(l1, name)(CAROL, *given))
            except Reverted as error:
                answers.append(error.reason)
            l1.reorganise(mark)
        assert answers[0] == answers[1], (name, given)
        return answers[0]

    def headed(self, head: bytes, number: int) -> BatchHeader:
        """Have both hold a next header with this head of receipts."""
        books = Books(GENESIS, deployment().root)
        closed = None
        for place in range(1, number + 1):
            tip = books.head(self.mock) if closed is None else closed.tip
            choice = Choice(START + place, False, GOVERNANCE, (), receipts=head)
            closed = books.close(tip, choice)
            for l1 in (self.contracts, self.mock):
                assert l1.commit_header(OPERATOR_AT, closed.header).is_taken
        assert closed is not None
        return closed.header


@pytest.fixture(scope="module")
def target() -> EvmTarget:
    return EvmTarget(RevmChain(), statement_of, compress_cached)


@pytest.fixture
def pair(target: EvmTarget) -> Iterator[Pair]:
    asked = OracleDeployment(deployment(), ALL_PINS, START, FULL)
    contracts = target.deploy(asked)
    assert isinstance(contracts, EvmL1)
    both = Pair(contracts, LocalTarget().deploy(asked))
    for l1 in (both.contracts, both.mock):
        l1.warp(10)
        l1.mint(DAVE, LEAST)
        l1.post_bond(DAVE, LEAST)
    yield both


def bent_signature(random: Random, signed: SignedReceipt) -> SignedReceipt:
    """Mostly as it is; else another key's, the twin, or a byte that is another."""
    good, kind = signed.signature, random.random()
    if kind < 0.8:
        return signed
    if kind < 0.87:
        key = receipt_key_of("mallory")
        return replace(signed, signature=key.sign(signed.receipt.digest()))
    if kind < 0.94:
        s = ORDER - int.from_bytes(good[32:64], "big")
        twin = good[:32] + s.to_bytes(32, "big") + bytes((55 - good[64],))
        return replace(signed, signature=twin)
    place = random.randrange(65)
    changed = bytes((good[place] ^ 1 << random.randrange(8),))
    return replace(signed, signature=good[:place] + changed + good[place + 1 :])


def test_pairs_are_judged_as_the_mock_judges_them(pair: Pair) -> None:
    random, found = draws(11), set()
    for _ in range(ROUNDS):
        receipts = chain_of(random, 4) + chain_of(random, 2)
        one, other = (bent_signature(random, sign(random.choice(receipts))) for _ in range(2))
        found.add(pair.same("challenge_pair", one, other))
    verdicts = {Misconduct.FORK, Misconduct.BACKDATED, Revert.NO_MISCONDUCT}
    assert found >= {*verdicts, Revert.RECEIPT_SIGNATURE}


def test_lists_are_judged_as_the_mock_judges_them(pair: Pair) -> None:
    random, found = draws(12), set()
    for _ in range(ROUNDS // 5):
        marks = [(l1, l1.mark()) for l1 in (pair.contracts, pair.mock)]
        chain = chain_of(random, random.randrange(6))
        head = chain[-1].digest() if chain else RECEIPTS_START
        header = pair.headed(head, random.randrange(1, 6))
        known = [*chain, *chain_of(random, 3), receipt(2, "z", head or b"\1" * 32, 1, 1)]
        for _ in range(8):
            shown = random.choice(known)
            if random.random() < 0.3:
                shown = replace(shown, batch=header.number, time=header.time)
            listed = chain[random.randrange(len(chain) + 1) if random.random() < 0.5 else 0 :]
            if random.random() < 0.1:
                listed = listed[:-1]
            signed = bent_signature(random, sign(shown))
            held = replace(header, redo=True) if random.random() < 0.05 else header
            held = replace(header, number=99) if random.random() < 0.05 else held
            found.add(pair.same("challenge_place", signed, held, listed))
            found.add(pair.same("challenge_window", signed, held))
        for l1, mark in marks:
            l1.reorganise(mark)
    reasons = {Revert.EVIDENCE_DIFFERS, Revert.NO_HEADER, Revert.HEADER_DIFFERS}
    assert found >= {*Misconduct} - {Misconduct.FORK} | reasons | {Revert.NO_MISCONDUCT}


def call(pair: Pair, name: str, *given: object, sender: bytes = CAROL) -> bytes:
    """What the contract of the bond reverts with; it must revert."""
    l1 = pair.contracts
    with pytest.raises(CallReverted) as caught:
        l1._chain.send(l1._bond_at, BOND.call(name, *given), sender)
    return caught.value.data


GOOD = sign(receipt(1, "x", RECEIPTS_START, 1, 1))
ENCODED = GOOD.receipt.encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        ENCODED[:-1],
        ENCODED + b"\0",
        b"X" + ENCODED[1:],
        ENCODED[:33] + bytes(8) + ENCODED[41:],  # sequence 0
        ENCODED[:33] + b"\0\0\0\0\0\0\0\2" + ENCODED[41:],  # 2, and follows the chain's start
        ENCODED[:73] + b"\1" * 32 + ENCODED[105:],  # 1, and follows another
        ENCODED[:33] + b"\0\1" + bytes(6) + ENCODED[41:],  # a sequence of 2^48
        ENCODED[:105] + b"\xff" * 8 + ENCODED[113:],  # a time beyond all
        ENCODED[:113] + bytes(8),  # batch 0
    ],
)
def test_bytes_that_are_no_receipt_are_no_evidence(pair: Pair, data: bytes) -> None:
    """Lie: something that the operator signed, and that no receipt is."""
    signature = RECEIPT_KEY.sign(keccak256(data))
    given = (data, signature, ENCODED, GOOD.signature)
    assert call(pair, "challengePair", *given) == MALFORMED
    assert call(pair, "challengePair", *given[2:], *given[:2]) == MALFORMED


@pytest.mark.parametrize("length", [0, 64, 66])
def test_a_signature_is_65_bytes(pair: Pair, length: int) -> None:
    cut = (GOOD.signature + b"\0")[:length]
    assert call(pair, "challengePair", ENCODED, cut, ENCODED, GOOD.signature) == MALFORMED


def test_a_list_is_whole_receipts(pair: Pair) -> None:
    header = pair.headed(GOOD.receipt.digest(), 1)
    given = (ENCODED, GOOD.signature, header.encode())
    assert call(pair, "challengePlace", *given, ENCODED[:-1]) == MALFORMED
    assert call(pair, "challengePlace", *given[:2], b"\0" * 264, ENCODED) == MALFORMED


def test_nobody_else_binds_it_or_ends_the_venue(pair: Pair) -> None:
    """Lie: a second venue of one bond; an end by somebody's own word."""
    assert call(pair, "bind") == MALFORMED
    l1 = pair.contracts
    for sender in (CAROL, OPERATOR_AT):
        with pytest.raises(CallReverted) as caught:
            l1._chain.send(l1._venue.address, ROLLUP.call("halt", CAROL), sender)
        error = reverted(caught.value.data)
        assert isinstance(error, Reverted) and error.reason is Revert.NOT_OVERDUE


def test_a_bond_is_of_a_key_and_a_token(target: EvmTarget) -> None:
    """Lie: the address that a signature of nobody recovers to, whose word is then everybody's."""
    usdc = target._usdc
    for wrong in (
        (bytes(20), LEAST, usdc),
        (CAROL, LEAST, (CAROL, 1)),
        (CAROL, LEAST, (usdc[0], 0)),
    ):
        with pytest.raises(CallReverted) as caught:
            target._workshop.create("Bond", *wrong)
        assert caught.value.data == MALFORMED
    for least in (0, 1 << 62):
        with pytest.raises(CallReverted) as caught:
            target._workshop.create("Bond", CAROL, least, usdc)
        error = reverted(caught.value.data)
        assert isinstance(error, Reverted) and error.reason is Revert.BAD_DEPLOYMENT


def test_a_bond_whose_venue_is_another_is_refused(pair: Pair, target: EvmTarget) -> None:
    """Lie: a venue that takes the bond of one that is there."""
    before = pair.contracts._bond_at
    asked = OracleDeployment(deployment(), ALL_PINS, START, FULL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rollup.l1.evm.deploy.BOND", "Bond")
        create = target._workshop.create

        def known(name: str, *given: object) -> bytes:
            return before if name == "Bond" else create(name, *given)

        patch.setattr(target._workshop, "create", known)
        patch.setattr(target._chain, "restore", lambda mark: None)
        with pytest.raises(RefusedByPeer):
            target.deploy(asked)


def balance(pair: Pair, who: bytes) -> int:
    token, _ = pair.contracts._heard().tokens[0]
    answer = pair.contracts._chain.read(token, TOKEN.call("balanceOf", who))
    return int(TOKEN.answer("balanceOf", answer)[0])


def test_its_money_is_its_own_and_what_is_burned_stays(pair: Pair) -> None:
    l1 = pair.contracts
    assert (balance(pair, l1._bond_at), balance(pair, l1._venue.address)) == (LEAST, 0)
    other = sign(receipt(1, "y", RECEIPTS_START, 1, 1))
    assert l1.challenge_pair(CAROL, GOOD, other) is Misconduct.FORK
    assert l1.withdraw_bond(CAROL) == LEAST // 8 == balance(pair, CAROL)
    left = balance(pair, l1._bond_at)
    assert left == LEAST - LEAST // 8 == l1.bond.burned
    for sender in (CAROL, DAVE, OPERATOR_AT):
        with pytest.raises(Reverted):
            l1.withdraw_bond(sender)
    assert balance(pair, l1._bond_at) == left


@pytest.mark.parametrize("manner", [Manner.REVERTS, Manner.MOVES_NOTHING, Manner.TAKES_MORE])
def test_a_token_that_does_not_move_keeps_nobody_from_showing_misconduct(manner: Manner) -> None:
    """Lie: an operator whose venue cannot end, since its token stands still."""
    odd = OddTarget()
    world = played(odd, f'{{ mint = "carol", amount = 1 }}, {{ bond = "dave", amount = {LEAST} }},')
    odd.behave(odd.made[0], manner)
    other = sign(receipt(1, "y", RECEIPTS_START, 1, 1))
    assert world.l1.challenge_pair(CAROL, GOOD, other) is Misconduct.FORK
    assert world.l1.is_frozen
    with pytest.raises(Reverted) as caught:
        world.l1.withdraw_bond(CAROL)
    assert caught.value.reason is Revert.FUNDS_LACKING
    odd.behave(odd.made[0], Manner.HONEST)
    assert world.l1.withdraw_bond(CAROL) == LEAST // 8


@pytest.mark.parametrize("manner", [Manner.SAYS_NO, Manner.MOVES_NOTHING, Manner.KEEPS_A_PART])
def test_no_bond_stands_whose_money_did_not_come_whole(manner: Manner) -> None:
    odd = OddTarget()
    world = played(odd, f'{{ mint = "dave", amount = {LEAST} }},')
    odd.behave(odd.made[0], manner)
    with pytest.raises(Reverted) as caught:
        world.l1.post_bond(DAVE, LEAST)
    assert caught.value.reason is Revert.BALANCE_TOO_SMALL
    assert world.l1.bond.held == 0
