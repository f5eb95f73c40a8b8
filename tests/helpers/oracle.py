"""Signers of the tests' venues, and their reports: any prices can be signed for any batch."""

from collections.abc import Sequence
from dataclasses import replace

from rollup.crypto.address_key import AddressKey
from rollup.hash.keccak import keccak256
from rollup.oracle.package import SignedPackage, feed_id
from rollup.protocol.market import Governance, Market
from rollup.protocol.oracle import PRICE_LEAST, Feed, OracleTerms
from sequencer.oracle import signers
from sequencer.service import venue_file
from sequencer.service.venue_file import with_signers

QUORUM = 2
KEYS = tuple(
    sorted(
        (AddressKey(keccak256(f"a signer of the tests, {k}".encode())) for k in range(3)),
        key=lambda key: key.address,
    )
)
STRANGER = AddressKey(keccak256(b"nobody's signer"))
STEP = 450
NEW_PRICE = 77_000
"""Listing price, in ticks, of a market that is added."""


def oracle_terms(names: Sequence[str], prices: Sequence[int], **terms: int) -> OracleTerms:
    """Feeds of 8 decimals by these names, which start from these prices."""
    feeds = (
        Feed(feed_id(n), 8, STEP, max(p, PRICE_LEAST)) for n, p in zip(names, prices, strict=False)
    )
    numbers = {"quorum": QUORUM, "slot_ms": 100, "lag_ms": 1_000, **terms}
    return OracleTerms(tuple(key.address for key in KEYS), feeds=tuple(feeds), **numbers)


def reports(governance: Governance, prices: Sequence[int], time: int) -> list[SignedPackage]:
    """What all signers sign so that a batch of this time has these prices."""
    slot = governance.oracle.slot(time)
    return [each for key in KEYS for each in signers.reports(key, governance, prices, slot)]


EXAMPLE = with_signers(venue_file.EXAMPLE, [key.address for key in KEYS])
"""The example of a venue file, with signers."""


def listing(governance: Governance, markets: Sequence[Market], **changes: int) -> Governance:
    """Other parameters with these markets: each keeps the feed of its place, a further one gets a
    feed of its own."""
    known = governance.oracle.feeds
    names = [market.symbol for market in markets[len(known) :]]
    more = (Feed(feed_id(f"feed of {name}"), 8, STEP, NEW_PRICE) for name in names)
    oracle = replace(governance.oracle, feeds=(*known[: len(markets)], *more))
    members = {"markets": tuple(markets), "oracle": oracle, **changes}
    return replace(governance, **members)  # type: ignore[arg-type]
