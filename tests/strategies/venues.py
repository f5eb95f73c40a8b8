"""A small venue for tests of the sequencer: cheap hashing, keys on the curve, no signatures."""

from collections.abc import Sequence
from typing import Any

from rollup.crypto import curve
from rollup.crypto.address_key import AddressKey
from rollup.crypto.salt import SaltKey
from rollup.field.koalabear import P
from rollup.hash.keccak import keccak256
from rollup.hash.poseidon import Digest
from rollup.protocol.account import Header
from rollup.protocol.deposit import EntryKind, QueueEntry
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, FEE_ACCOUNT, Genesis
from rollup.protocol.market import Governance, Market
from rollup.protocol.order import Order, Side, SignedOrder, TimeInForce
from rollup.protocol.units import Point
from sequencer.batches.batcher import Batcher
from sequencer.engine.command import NO_RECEIPT, OpenBatch
from sequencer.engine.live import LiveOrder
from tests.helpers.market_books import unsigned_reports
from tests.helpers.oracle import oracle_terms

CHAIN, VENUE = 31337, 7
START_MS = 1_723_161_600_000
SIGNATURE = bytes(84)
PRICES = (618_000, 268_000)
EXPIRY_MS = START_MS + 30 * 24 * 3_600_000
"""A month after genesis: well inside what the venue takes."""
EMPTY_DIGEST: Digest = (0, 0, 0, 0, 0, 0, 0, 0)

BTC = Market("BTC-PERP", 1, 5, 1_000, 500, 300, 500, 200, 250, 600, 400, 100, 10**10, 2**40 - 1)
ETH = Market("ETH-PERP", 2, 4, 1_200, 600, 400, 450, 100, 300, 250, 200, 100, 10**10, 2**40 - 1)
ORACLE = oracle_terms(("BTC", "ETH"), PRICES)
GOVERNANCE = Governance((BTC, ETH), FEE_ACCOUNT, BACKSTOP_ACCOUNT, 600_000, 600_000, ORACLE)


def quick_compress_many(left: Sequence[Digest], right: Sequence[Digest]) -> list[Digest]:
    """A stand-in for the state hash, a hundred times faster in plain Python. Trees take any."""
    return [_quick(a, b) for a, b in zip(left, right, strict=True)]


def _quick(left: Digest, right: Digest) -> Digest:
    digest = keccak256(b"".join(word.to_bytes(4, "little") for word in (*left, *right)))
    a, b, c, d, e, f, g, h = (
        int.from_bytes(digest[i : i + 4], "little") % P for i in range(0, 32, 4)
    )
    return (a, b, c, d, e, f, g, h)


def always_valid(
    keys: Sequence[Point], messages: Sequence[Digest], signatures: Sequence[bytes]
) -> list[bool]:
    """Signatures are other tests' matter."""
    return [True] * len(signatures)


def header(owner: int = 0) -> Header:
    """A header whose key is on the curve."""
    return Header(owner.to_bytes(20, "big"), curve.GENERATOR, EMPTY_DIGEST)


RECEIPT_MATERIAL = keccak256(b"the receipt key of the tests")
RECEIPT_KEY = AddressKey(RECEIPT_MATERIAL)


def genesis(governance: Governance = GOVERNANCE) -> Genesis:
    """Two markets and the accounts of a venue."""
    own = header(), header(BACKSTOP_ACCOUNT)
    return Genesis(CHAIN, VENUE, START_MS, governance, PRICES, *own, RECEIPT_KEY.address)


def opening(
    number: int,
    time: int,
    prices: tuple[int, ...] = PRICES,
    deposits: tuple[QueueEntry, ...] = (),
    *,
    listed: Governance = GOVERNANCE,
    is_open: bool = False,
    **more: Any,
) -> OpenBatch:
    """A batch whose prices somebody reported, but where a step is open; `listed` has its markets
    where it brings no other parameters."""
    governance = more.get("governance") or listed
    markets = () if is_open else range(min(len(prices), len(governance.markets)))
    reports = unsigned_reports(governance, *markets, prices=prices)
    return OpenBatch(number, time, prices, deposits, reports=reports, **more)


def batcher(
    salt: bytes = bytes(32),
    governance: Governance = GOVERNANCE,
) -> Batcher:
    """The committed state with cheap hashing."""
    return Batcher(
        genesis(governance),
        SaltKey(salt),
        compress_many=quick_compress_many,
        verify_many=always_valid,
    )


def registration(index: int, account: int, amount: int) -> QueueEntry:
    """A queue entry that registers an account with a key on the curve."""
    key = (*curve.GENERATOR.x, *curve.GENERATOR.y)
    owner = account.to_bytes(20, "big")
    return QueueEntry(index, EntryKind.REGISTER, account, owner, key, (0,) * 8, amount)


def credit(index: int, account: int, amount: int) -> QueueEntry:
    """A queue entry that credits an account."""
    owner = account.to_bytes(20, "big")
    return QueueEntry(index, EntryKind.CREDIT, account, owner, (0,) * 14, (0,) * 8, amount)


def rotation(index: int, account: int, amount: int, sender: int | None = None) -> QueueEntry:
    """A queue entry by which an account's owner, or another's, exchanges its key."""
    key = (*curve.WINDOW_OFFSET.x, *curve.WINDOW_OFFSET.y)
    owner = (account if sender is None else sender).to_bytes(20, "big")
    return QueueEntry(index, EntryKind.ROTATE, account, owner, key, (0,) * 8, amount)


def order(
    account: int,
    side: Side,
    price: int,
    size: int,
    *,
    slot: int = 0,
    generation: int = 0,
    market: int = 0,
    expiry: int = EXPIRY_MS,
    max_fee: int = 8191,
    immediate: bool = False,
    post_only: bool = False,
    reduce_only: bool = False,
    pegged: bool = False,
    when_clamped: bool = False,
) -> SignedOrder:
    """An order with an empty signature."""
    return SignedOrder(
        Order(
            chain=CHAIN,
            venue=VENUE,
            account=account,
            slot=slot,
            generation=generation,
            market=market,
            side=side,
            price=price,
            size=size,
            expiry=expiry,
            max_fee=max_fee,
            time_in_force=(
                TimeInForce.IMMEDIATE_OR_CANCEL if immediate else TimeInForce.GOOD_TILL_EXPIRY
            ),
            post_only=post_only,
            reduce_only=reduce_only,
            pegged=pegged,
            when_clamped=when_clamped,
        ),
        SIGNATURE,
    )


def live(signed: SignedOrder, sequence: int) -> LiveOrder:
    """An order about to rest."""
    return LiveOrder(signed, signed.order.size, sequence, NO_RECEIPT)
