"""Who takes part when an L1 is held to the suite: addresses, keys and parameters by name.

Nothing here is secret: names and numbers give every key, so that all scenarios repeat.
"""

from collections.abc import Sequence
from functools import cache

from rollup.crypto.curve import Point
from rollup.crypto.schnorr import SecretKey
from rollup.field.koalabear import P
from rollup.harness.plain_key import PlainKey
from rollup.harness.reports import QUORUM, signer_addresses
from rollup.hash.keccak import keccak256
from rollup.hash.poseidon import Digest, compress
from rollup.l1.deployment import Deployment
from rollup.l1.interface import Address
from rollup.l1.private_exit import EXIT_CLASS
from rollup.oracle.package import feed_id
from rollup.ports import Pins
from rollup.protocol.account import Header
from rollup.protocol.constants import OWNER_BYTES
from rollup.protocol.deposit import KEY_WORDS
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, FEE_ACCOUNT, Genesis
from rollup.protocol.market import Governance, Market
from rollup.protocol.oracle import Feed, OracleTerms

START = 1_700_000_000_000
"""Time of genesis, and where the clock of a fresh L1 stands; scenarios count from here."""

OPERATOR, GOVERNOR = "operator", "governor"

BAD_ADDRESSES = {"short": b"\x01" * (OWNER_BYTES - 1), "long": b"\x01" * 21, "nobody": b""}
"""What is no address, by name."""

LEAST_DEPOSIT = 5
"""Quanta of a deposit at least, and of the stake of an exit."""

MARKETS = (
    Market("BTC", 1, 5, 1000, 500, 400, 500, 100, 250, 600, 200, 100, 10**10, 10**9),
    Market("ETH", 2, 4, 1000, 500, 400, 450, 0, 250, 250, 0, 0, 10**10, 10**9),
)
FEEDS = (
    Feed(feed_id("BTC"), decimals=8, step=200, listing_price=600_000),
    Feed(feed_id("ETH"), decimals=8, step=300, listing_price=250_000),
)
ORACLE = OracleTerms(signer_addresses(), QUORUM, slot_ms=1_000, lag_ms=500, feeds=FEEDS)
GOVERNANCE = Governance(
    MARKETS,
    FEE_ACCOUNT,
    BACKSTOP_ACCOUNT,
    clock_behind_ms=60_000,
    clock_ahead_ms=5_000,
    oracle=ORACLE,
)
PINS = Pins(b"\x01" * 32, b"\x02" * 32, b"parameters", b"shape", "suite", "S")
CRASH_PINS = Pins(b"\x03" * 32, b"\x04" * 32, b"parameters", b"crash shape", "suite", "R")
ALL_PINS = (CRASH_PINS, PINS)
"""What scenarios pin: batches are of class S where they say nothing else."""

EXIT_PINS = Pins(b"\x05" * 32, b"\x06" * 32, b"parameters", b"exit shape", "suite", EXIT_CLASS)
"""Of private exits, where a scenario pins them."""

PINS_BY_CLASS = {each.shape_class: each for each in (*ALL_PINS, EXIT_PINS)}


@cache
def address(name: str) -> Address:
    """The L1 address of somebody, or what is none."""
    return BAD_ADDRESSES.get(name, keccak256(b"crypsis-suite/" + name.encode())[-OWNER_BYTES:])


@cache
def key_of(name: str) -> Point:
    """A key that only a test would use: its secret is the name."""
    digest = keccak256(b"crypsis-suite-key/" + name.encode())
    return SecretKey(int.from_bytes(digest[:16], "big")).public


@cache
def receipt_key_of(name: str) -> PlainKey:
    """A key that signs receipts, somebody's: its secret is the name."""
    return PlainKey(receipt_material(name))


def receipt_material(name: str) -> bytes:
    """The bytes of that key."""
    return keccak256(f"crypsis-suite-key/{name}".encode())


RECEIPT_KEY = receipt_key_of("receipts")


def key_words(name: str, kind: str = "good") -> tuple[int, ...]:
    """Words of a registration's key: somebody's, or bent in one way."""
    key = key_of(name)
    good = (*key.x, *key.y)
    bent = {
        "good": good,
        "off-curve": (1,) * KEY_WORDS,
        "zeros": (0,) * KEY_WORDS,
        "largest": (2**32 - 1,) * KEY_WORDS,
        "non-canonical": (good[0] + P, *good[1:]),
        "too-few": good[1:],
        "too-many": (*good, 0),
        "too-large": (2**32, *good[1:]),
        "negative": (-1, *good[1:]),
    }
    return bent[kind]


def viewing_words(kind: str = "good") -> tuple[int, ...]:
    """Words of a registration's viewing commitment, or bent in one way."""
    good = tuple(range(1, 9))
    bent = {
        "good": good,
        "non-canonical": (*good[:-1], P),
        "zeros": (0,) * len(good),
        "largest": (2**32 - 1,) * len(good),
        "too-few": good[1:],
        "too-many": (*good, 0),
        "too-large": (*good[:-1], 2**32),
        "negative": (*good[:-1], -1),
    }
    return bent[kind]


@cache
def genesis() -> Genesis:
    """Two markets and the accounts of a venue."""
    prices, (fees, backstop) = (600_000, 250_000), own_headers()
    signer = RECEIPT_KEY.address
    return Genesis(31337, 7, START, GOVERNANCE, prices, fees, backstop, signer)


def own_headers() -> tuple[Header, Header]:
    """Headers of a venue's own accounts: of fees, and the backstop's."""
    a, b, c, d, e, f, g, h = viewing_words()
    viewing = (a, b, c, d, e, f, g, h)
    fees, backstop = (Header(address(n), key_of(n), viewing) for n in ("fee", "backstop"))
    return fees, backstop


@cache
def deployment() -> Deployment:
    """What scenarios deploy where they say nothing else."""
    start = genesis()
    return Deployment(
        genesis=start,
        root=start.state(compress_cached).root,
        pins=ALL_PINS,
        operator=address(OPERATOR),
        governor=address(GOVERNOR),
        interval_ms=1,
        governance_delay=86_400_000,
        proof_deadline_ms=7_200_000,
        least_deposit=LEAST_DEPOSIT,
    )


_compress = cache(compress)


def compress_cached(left: Sequence[Digest], right: Sequence[Digest]) -> list[Digest]:
    """Compressions, each done once: a suite deploys one genesis many times."""
    return [_compress(a, b) for a, b in zip(left, right, strict=True)]


def digest_of(text: str) -> Digest:
    """A root that nothing else has."""
    data = keccak256(text.encode())
    words = [int.from_bytes(data[i : i + 4], "big") % P for i in range(0, 32, 4)]
    a, b, c, d, e, f, g, h = words
    return (a, b, c, d, e, f, g, h)
