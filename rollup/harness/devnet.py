"""What `crypsis l1 up` deploys where it is told nothing: a venue to develop with.

Operator, governor and the keys of the venue's own accounts and of the receipts follow from their
names, so everybody has them: whoever can reach this L1 can be anybody, for it takes a sender's
word, and a receipt binds nobody.
"""

from rollup.harness.people import (
    GOVERNOR,
    OPERATOR,
    RECEIPT_KEY,
    address,
    own_headers,
    receipt_material,
)
from rollup.harness.reports import QUORUM, signer_addresses
from rollup.hash.many import CompressMany
from rollup.l1.deployment import Deployment, entry_wait_of, freeze_after_of
from rollup.l1.interface import Address
from rollup.l1.private_exit import EXIT_CLASS
from rollup.oracle.package import feed_id
from rollup.ports import Pins
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, FEE_ACCOUNT, Genesis
from rollup.protocol.market import Governance, Market
from rollup.protocol.oracle import Feed, OracleTerms
from rollup.protocol.shape_class import entries_least

CHAIN, VENUE = 31337, 1
MARKETS = (
    Market("BTC-PERP", 1, 5, 1_000, 500, 300, 450, 150, 250, 600, 300, 100, 10**10, 10**9),
    Market("ETH-PERP", 2, 4, 1_200, 600, 400, 450, 150, 300, 250, 300, 100, 10**10, 10**9),
)
PRICES = (600_000, 250_000)
"""60,000.0 and 2,500.00 dollars in ticks."""

ORACLE = OracleTerms(
    signer_addresses(),
    QUORUM,
    slot_ms=10_000,
    lag_ms=12_000,
    feeds=(
        Feed(feed_id("BTC"), decimals=8, step=200, listing_price=PRICES[0]),
        Feed(feed_id("ETH"), decimals=8, step=300, listing_price=PRICES[1]),
    ),
)
INTERVAL_MS = 1
"""Batches end when they like: who deploys for a venue says its interval."""

CLOCK_BEHIND_MS = 3_600_000
CLOCK_AHEAD_MS = 60_000
GOVERNANCE_DELAY_MS = 24 * 3_600_000
PROOF_DEADLINE_MS = 6 * 3_600_000
LEAST_DEPOSIT = 10 * 10**6

RECEIPT_MATERIAL = receipt_material("receipts")
"""The receipt key of whoever runs a venue on this genesis."""


def devnet_genesis(now: int) -> Genesis:
    """Two markets, starting at this moment."""
    governance = Governance(
        MARKETS, FEE_ACCOUNT, BACKSTOP_ACCOUNT, CLOCK_BEHIND_MS, CLOCK_AHEAD_MS, ORACLE
    )
    signer = RECEIPT_KEY.address
    return Genesis(CHAIN, VENUE, now, governance, PRICES, *own_headers(), signer)


def devnet_deployment(
    genesis: Genesis,
    pins: tuple[Pins, ...],
    compress_many: CompressMany,
    operator: Address | None = None,
    governor: Address | None = None,
    interval_ms: int = INTERVAL_MS,
    governance_delay: int = GOVERNANCE_DELAY_MS,
    proof_deadline_ms: int = PROOF_DEADLINE_MS,
    least_deposit: int = LEAST_DEPOSIT,
) -> Deployment:
    """A contract for this genesis, with the delays of a development network."""
    entry_wait = entry_wait_of(interval_ms)
    names = [each.shape_class for each in pins]
    return Deployment(
        genesis=genesis,
        root=genesis.state(compress_many).root,
        pins=pins,
        operator=address(OPERATOR) if operator is None else operator,
        governor=address(GOVERNOR) if governor is None else governor,
        interval_ms=interval_ms,
        governance_delay=governance_delay,
        proof_deadline_ms=proof_deadline_ms,
        least_deposit=least_deposit,
        entry_wait_ms=entry_wait,
        entries_least=entries_least(name for name in names if name != EXIT_CLASS),
        freeze_after_ms=freeze_after_of(governance_delay, entry_wait, proof_deadline_ms),
    )
