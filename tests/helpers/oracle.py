"""Signers of the tests' venues, and their reports: any prices can be signed for any batch."""

from collections.abc import Sequence

from rollup.crypto.address_key import AddressKey
from rollup.hash.keccak import keccak256
from rollup.oracle.package import SignedPackage, feed_id
from rollup.protocol.market import Governance
from rollup.protocol.oracle import Feed, OracleTerms
from sequencer.oracle import signers

QUORUM = 2
KEYS = tuple(
    sorted(
        (AddressKey(keccak256(f"a signer of the tests, {k}".encode())) for k in range(3)),
        key=lambda key: key.address,
    )
)
STRANGER = AddressKey(keccak256(b"nobody's signer"))
STEP = 4_999


def oracle_terms(names: Sequence[str], prices: Sequence[int], **terms: int) -> OracleTerms:
    """Feeds of 8 decimals by these names, which start from these prices."""
    feeds = (Feed(feed_id(n), 8, STEP, max(p, 2)) for n, p in zip(names, prices, strict=False))
    numbers = {"quorum": QUORUM, "slot_ms": 100, "lag_ms": 1_000, **terms}
    return OracleTerms(tuple(key.address for key in KEYS), feeds=tuple(feeds), **numbers)


def reports(governance: Governance, prices: Sequence[int], time: int) -> list[SignedPackage]:
    """What all signers sign so that a batch of this time has these prices."""
    slot = governance.oracle.slot(time)
    return [each for key in KEYS for each in signers.reports(key, governance, prices, slot)]
