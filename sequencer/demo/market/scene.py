"""The scene of a demonstration: markets, a genesis, an L1, traders with money, and a feed."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random

from rollup.field.koalabear import P
from rollup.hash.batched import compress_many
from rollup.l1.deployment import Deployment
from rollup.l1.mock import MockL1
from rollup.ports import Verifier
from rollup.protocol.genesis import Genesis
from rollup.protocol.market import Governance, Market
from sequencer.demo.market.calibration import FEED_MS, btc_flow, eth_flow
from sequencer.demo.market.keys import KeySource
from sequencer.demo.market.synthetic import flow
from sequencer.demo.market.tape import read_trades
from sequencer.demo.market.trade import Slice, WantedTrade, slices
from sequencer.demo.market.trader import Trader

USDC = 10**6
BTC, ETH = 0, 1
LOTS_PER_UNIT = 10
"""Sizes are a tenth of the feed's: 0.001 BTC becomes 10 lots of 1e-5."""

BTC_MARKET = Market("BTC-PERP", 1, 5, 1_000, 500, 300, 450, 150)
ETH_MARKET = Market("ETH-PERP", 2, 4, 1_200, 600, 400, 450, 150)
"""Ten and 8.3 times leverage, fees of 4.5 and 1.5 hundredths of a percent."""

CLOCK_BEHIND_MS = 3_600_000
CLOCK_AHEAD_MS = 60_000
MAX_FEE = 600
CAPITAL = (100_000, 1_000_000)
"""Dollars of a trader's first deposit, least and most."""

MINNOW_CAPITAL = 50
"""Dollars of the one trader that wants more than it can margin."""

OPERATOR = "operator"
GOVERNANCE_DELAY_MS = 7 * 24 * 3_600_000
PROOF_DEADLINE_MS = 6 * 3_600_000
LEAST_DEPOSIT = 10 * USDC


@dataclass(slots=True)
class Clock:
    """L1's time in ms: it stands still until the demonstration moves it."""

    now_ms: int

    def __call__(self) -> int:
        return self.now_ms


def make_genesis(keys: KeySource, chain_id: int, venue: int, first: Slice) -> Genesis:
    """Two markets, and the venue's fee account; batch 0 ends just before the feed begins."""
    start = min(trade.time for trade in first.trades) - 1
    governance = Governance((BTC_MARKET, ETH_MARKET), 0, CLOCK_BEHIND_MS, CLOCK_AHEAD_MS)
    return Genesis(chain_id, venue, start, governance, first.prices, keys.header("fee-account"))


def feed(data: Path | None, seed: int, count: int) -> Iterator[Slice]:
    """Slices of `count` trades: BTC from the tape at `data` or synthetic, ETH always synthetic.

    A tape ends; the synthetic market does not. Raises TapeError where the tape is not as wanted.
    """
    btc_shape = btc_flow(LOTS_PER_UNIT * 1000)
    eth_shape = eth_flow(LOTS_PER_UNIT * 100)
    if data is None:
        btc = flow(btc_shape, BTC, seed, FEED_MS)
    else:
        btc = read_trades(data, BTC, LOTS_PER_UNIT)
    first = next(btc)
    eth = flow(eth_shape, ETH, seed, first.time)
    prices = (first.mid, eth_shape.start, 1, 1)
    return slices(_merged(chain((first,), btc), eth), count, first.time - 1, prices)


def _merged(btc: Iterator[WantedTrade], eth: Iterator[WantedTrade]) -> Iterator[WantedTrade]:
    """Both by time, for as long as there is BTC."""
    other = next(eth)
    for trade in btc:
        while other.time < trade.time:
            yield other
            other = next(eth)
        yield trade


def deploy(start: Genesis, keys: KeySource, verifier: Verifier, clock: Clock) -> MockL1:
    """The mock L1 with the venue's contract on it."""
    deployment = Deployment(
        genesis=start,
        root=start.state(compress_many).root,
        pins=verifier.pins,
        operator=keys.address(OPERATOR),
        governor=keys.address("governor"),
        governance_delay=GOVERNANCE_DELAY_MS,
        proof_deadline_ms=PROOF_DEADLINE_MS,
        least_deposit=LEAST_DEPOSIT,
    )
    return MockL1(deployment, verifier, clock, compress_many)


def register_traders(l1: MockL1, keys: KeySource, count: int, seed: int) -> list[Trader]:
    """Traders with money under custody, as soon as a batch consumes the queue. The last is a minnow
    with too little for what it wants.
    """
    random = Random(f"scene/{seed}")
    traders = []
    for place, secret in enumerate(keys.secrets(count + 1)):
        least, most = CAPITAL
        dollars = MINNOW_CAPITAL if place == count else round(random.uniform(least, most), -3)
        capital = int(dollars) * USDC
        owner = keys.address(f"trader-{place}")
        l1.mint(owner, capital)
        public = secret.public
        words = (*public.x, *public.y)
        entry = l1.register(owner, words, keys.viewing(f"trader-{place}"), capital)
        traders.append(Trader(entry.account, owner, secret, capital))
    return traders


def queue_refusable(l1: MockL1, keys: KeySource, honest: Trader) -> None:
    """Deposits that no batch can credit: the venue must refuse them and go on."""
    x, *rest = honest.key_words()
    owners = [keys.address(f"refused-{place}") for place in range(2)]
    for owner in (*owners, honest.owner):
        l1.mint(owner, 2_000 * USDC)
    viewing = keys.viewing("refused")
    off_curve = l1.register(owners[0], ((x + 1) % P, *rest), viewing, 1_000 * USDC)
    l1.register(owners[1], (x + P, *rest), viewing, 1_000 * USDC)
    l1.credit(honest.owner, off_curve.account, 1_000 * USDC)


def queue_top_up(l1: MockL1, sender: Trader, receiver: Trader) -> None:
    """One trader's gift to another."""
    l1.mint(sender.owner, 500 * USDC)
    l1.credit(sender.owner, receiver.account, 500 * USDC)
