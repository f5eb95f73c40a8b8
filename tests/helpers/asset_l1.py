"""A mock L1 that lists an asset from its first batch on."""

from dataclasses import replace

from rollup.harness.oracle import OracleDeployment
from rollup.harness.people import ALL_PINS, START, compress_cached, deployment
from rollup.harness.stage import governance_of
from rollup.harness.targets import LocalTarget
from rollup.l1.development import LocalL1
from rollup.l1.queue import QueueLimits

WBTC = 3
"""Its mark."""

MARKETS = [{"like": 0}, {"like": 1}, {"asset": "WBTC"}]


def asset_l1(least_deposit: int = 5) -> LocalL1:
    """Markets 0 and 1 are those of every scenario, market 2 is the asset."""
    listed, made = governance_of({"markets": MARKETS}), deployment()
    prices = tuple(feed.listing_price for feed in listed.oracle.feeds)
    genesis = replace(made.genesis, governance=listed, prices=prices)
    root = genesis.state(compress_cached).root
    deployed = replace(made, genesis=genesis, root=root, least_deposit=least_deposit)
    limits = QueueLimits(accounts=100, entries=1000)
    found = LocalTarget().deploy(OracleDeployment(deployed, ALL_PINS, START, limits))
    assert isinstance(found, LocalL1)
    return found
