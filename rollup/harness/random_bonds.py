"""Random calls about the bond: posted, announced, withdrawn; and receipts brought to L1, of which
few prove anything."""

from collections.abc import Callable, Sequence
from typing import Final

from rollup.harness.people import OPERATOR, RECEIPT_KEY, address, deployment, receipt_key_of
from rollup.harness.random_walk import Walk
from rollup.hash.keccak import keccak256
from rollup.protocol.header import BatchHeader
from rollup.protocol.receipt import RECEIPTS_START, Receipt, SignedReceipt

PEOPLE: Final = ("alice", "bob", OPERATOR, OPERATOR)


def _bond(way: Walk) -> None:
    name, least = way.random.choice(PEOPLE), deployment().bond_least
    amount = way.random.choice((least, least, least - 1, 1, 0, 2**62))
    if way.random.random() < 0.9:
        way.same(f"mint {name}", lambda l1: l1.mint(address(name), least))
    way.same(f"bond by {name}", lambda l1: l1.post_bond(address(name), amount))


def _leave(way: Walk) -> None:
    name, least = way.random.choice(PEOPLE), deployment().bond_least
    amount = way.random.choice((least, way.model.bond.held, 1, 0, -1, 2**62))
    way.same(f"leave {amount}", lambda l1: l1.leave_bond(address(name), amount))
    if way.random.random() < 0.05:
        way.same("wait for a bond", lambda l1: l1.warp(deployment().bond_delay_ms))


def _unbond(way: Walk) -> None:
    name = way.random.choice(PEOPLE)
    way.same(f"unbond {name}", lambda l1: l1.withdraw_bond(address(name)))


def _receipt(way: Walk, batch: int, time: int, envelope: str) -> SignedReceipt:
    """One of the first three of a venue, mostly signed as its key signs."""
    genesis, chance = deployment().genesis, way.random.random()
    first = RECEIPTS_START
    receipt = Receipt(genesis.chain, genesis.venue, 1, keccak256(b""), first, time, batch)
    if envelope:
        links = (2, keccak256(envelope.encode()), receipt.digest())
        receipt = Receipt(genesis.chain, genesis.venue, *links, time, batch)
    key = receipt_key_of("mallory") if chance < 0.2 else RECEIPT_KEY
    return SignedReceipt(receipt, key.sign(receipt.digest()))


def _header(way: Walk) -> BatchHeader | None:
    """One that L1 holds, or that waits to be brought."""
    known = [each.header for each in way.model.tail] + [each.header for each in way.waiting]
    return way.random.choice(known) if known else None


def _challenge(way: Walk) -> None:
    """Two receipts, or one and a header; one in a hundred is misconduct."""
    name, header = way.random.choice(PEOPLE), _header(way)
    lies = way.random.random() < 0.01
    if header is None or way.random.random() < 0.4:
        one = _receipt(way, 1, 5, "")
        other = _receipt(way, 1, 4 if lies else 5, way.random.choice(("", "x")))
        call = (address(name), one, other)
        way.same("challenge by two", lambda l1: l1.challenge_pair(*call))
        return
    batch = header.number + way.random.choice((0, 0, 0, 1))
    shown = _receipt(way, batch, header.time + lies, way.random.choice(("", "x")))
    if way.random.random() < 0.5:
        way.same("challenge", lambda l1: l1.challenge_window(address(name), shown, header))
        return
    listed = [shown.receipt] * way.random.randrange(3)
    way.same("challenge", lambda l1: l1.challenge_place(address(name), shown, header, listed))


BOND_ACTIONS: Final[Sequence[Callable[[Walk], None]]] = (_bond, _leave, _unbond, _challenge)
