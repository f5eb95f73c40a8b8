"""What calls of the contracts cost, as a node bills them today, and under the next fork's prices of
calldata."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from rollup.harness.books import Books, Choice, queued_after
from rollup.harness.evm_target import EvmTarget
from rollup.harness.oracle import OracleDeployment, oracle_proof
from rollup.harness.people import (
    ALL_PINS,
    GOVERNANCE,
    GOVERNOR,
    LEAST_DEPOSIT,
    OPERATOR,
    ORACLE,
    PINS,
    RECEIPT_KEY,
    START,
    address,
    compress_cached,
    deployment,
    genesis,
    key_words,
    viewing_words,
)
from rollup.harness.reports import reports_of
from rollup.installed import installed_chain_proofs
from rollup.l1.bond import RECEIPTS_MAX
from rollup.l1.development import DevelopmentL1
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.bill import AMSTERDAM, bill
from rollup.l1.evm.chain import Chain, Receipt
from rollup.l1.evm.proofs import STARK_FACTS, StarkFacts
from rollup.l1.evm.workshop import Workshop
from rollup.l1.queue import FULL
from rollup.protocol.assets import USDC
from rollup.protocol.header import BatchHeader
from rollup.protocol.public import GrantedWithdrawal, PublicInput
from rollup.protocol.receipt import RECEIPTS_START, SignedReceipt
from rollup.protocol.receipt import Receipt as Given

AMOUNT: Final = 10**6
PAID: Final = 10**3
PROOF: Final = "proof"
"""What an adapter calls a part of a proof."""

Paid = Callable[[str, Receipt], None]


@dataclass(frozen=True, slots=True)
class Bill:
    """One transaction: its calldata, gas today, and after the next fork."""

    name: str
    calldata: int
    today: int
    next_fork: int


def bill_of(name: str, receipt: Receipt) -> Bill:
    """What a transaction costs. Only the floor under what calldata costs rises with the next fork:
    what is billed is the floor, or what it was."""
    floor = bill(receipt.sent, 0, AMSTERDAM)
    return Bill(name, len(receipt.sent), receipt.gas, max(receipt.gas, floor))


def play_proof(
    chain: Chain, public: PublicInput, proof: bytes, parameter_set: str, paid: Paid
) -> None:
    """Create a verifier's contract, and bring it a proof. NotProved if it refuses."""
    proofs = installed_chain_proofs()
    made = proofs.create(Workshop(chain), parameter_set, public.shape_class)
    facts = StarkFacts(chain, made, Interface(artefact(STARK_FACTS).abi), proofs, parameter_set)
    for place, receipt in enumerate(facts.bring(public, proof, address(OPERATOR))):
        paid(f"queries, part {place}" if place else "begin", receipt)


def play_calls(chain: Chain, paid: Paid) -> None:
    """Each call of a venue's contract with which all is well, of a venue of two markets; what
    proofs cost is not among it, for a test verifier has their place."""

    def heard(name: str, receipt: Receipt) -> None:
        if name != PROOF:
            paid(name, receipt)

    target = EvmTarget(chain, installed_chain_proofs().statement, compress_cached, heard)
    asked = OracleDeployment(deployment(), ALL_PINS, START, FULL)
    l1, alice = target.deploy(asked), address("alice")
    l1.mint(alice, 2 * AMOUNT)
    l1.register(alice, key_words("alice"), viewing_words(), AMOUNT)
    l1.credit(alice, 1, AMOUNT)
    l1.mint(alice, LEAST_DEPOSIT)
    l1.request_exit(alice, 1, PAID)
    books = Books(asked.deployment.genesis, asked.deployment.root)
    _batch(l1, books)
    granted = (GrantedWithdrawal(alice, PAID, USDC),)
    header = _batch(l1, books, granted, _chain()[-1].digest())
    l1.withdraw(alice)
    slot = l1.now() // ORACLE.slot_ms * ORACLE.slot_ms
    l1.give_reports(alice, reports_of({"BTC": [6_000_000_000_000] * ORACLE.quorum}, slot))
    _bond(l1, alice)
    changed = replace(GOVERNANCE, refresh_fee=GOVERNANCE.refresh_fee + 1)
    l1.announce_governance(address(GOVERNOR), changed, l1.head_number + 1)
    _challenge(l1, alice, header)


def _bond(l1: DevelopmentL1, alice: bytes) -> None:
    """Post a bond, and announce that a part of it leaves."""
    least = deployment().bond_least
    l1.mint(alice, 2 * least)
    l1.post_bond(alice, 2 * least)
    l1.leave_bond(address(OPERATOR), least)


def _challenge(l1: DevelopmentL1, alice: bytes, header: BatchHeader) -> None:
    """By two receipts, which is taken back; by the longest list; and what the challenger gets."""
    dropped = _signed(replace(_chain()[0], envelope=bytes(32)))
    mark = l1.mark()
    l1.challenge_pair(alice, _signed(_chain()[0]), dropped)
    l1.reorganise(mark)
    l1.challenge_place(alice, dropped, header, _chain())
    l1.withdraw_bond(alice)


def _signed(receipt: Given) -> SignedReceipt:
    return SignedReceipt(receipt, RECEIPT_KEY.sign(receipt.digest()))


@cache
def _chain() -> tuple[Given, ...]:
    """The longest list that L1 reads."""
    found: list[Given] = []
    venue = (genesis().chain, genesis().venue)
    for place in range(1, RECEIPTS_MAX + 1):
        last = found[-1].digest() if found else RECEIPTS_START
        found.append(Given(*venue, place, place.to_bytes(32, "big"), last, START, 1))
    return tuple(found)


def _batch(
    l1: DevelopmentL1,
    books: Books,
    withdrawals: tuple[GrantedWithdrawal, ...] = (),
    receipts: bytes | None = None,
) -> BatchHeader:
    """Close a batch of all that is queued, and bring it."""
    time, tip = l1.warp(1000), books.head(l1)
    governance = tip.governance_for(l1, time)
    entries = queued_after(l1, tip)
    choice = Choice(time, False, governance, entries, withdrawals=withdrawals, receipts=receipts)
    closed = books.close(tip, choice)
    operator = address(OPERATOR)
    l1.commit_header(operator, closed.header)
    l1.post_batch(operator, closed.public, oracle_proof(PINS, closed.public))
    return closed.header
