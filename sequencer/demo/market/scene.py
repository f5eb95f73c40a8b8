"""The scene of a demonstration: a genesis, an L1, and traders with money."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from rollup.crypto.address_key import AddressKey
from rollup.field.koalabear import P
from rollup.hash.batched import compress_many
from rollup.l1.deployment import Deployment, entry_wait_of, freeze_after_of
from rollup.l1.mock import MockL1
from rollup.oracle.package import feed_id
from rollup.ports import Verifier
from rollup.protocol.constants import FRACTION_SCALE
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, FEE_ACCOUNT, Genesis
from rollup.protocol.market import Governance
from rollup.protocol.oracle import Feed as Oracle
from rollup.protocol.oracle import OracleTerms
from rollup.protocol.public import GrantedWithdrawal
from sequencer.demo.market.feed import Feed
from sequencer.demo.market.keys import KeySource
from sequencer.demo.market.trade import Slice
from sequencer.demo.market.trader import Trader
from sequencer.oracle.keys import COUNT, QUORUM

USDC = 10**6
CLOCK_BEHIND_MS = 3_600_000
CLOCK_AHEAD_MS = 60_000
MAX_FEE = 600
CAPITAL = (100_000, 1_000_000)
"""Dollars of a trader's first deposit, least and most."""

MINNOW_CAPITAL = 50
"""Dollars of the one trader that wants more than it can margin."""

DARING_CAPITAL = 5_000
"""Dollars of the one that buys with all the leverage it gets, until the price falls."""

SELLER_CAPITAL = 500_000
"""Dollars of the one that sells to it."""

HOLDER_CAPITAL = 1_000
"""Dollars of the one that brings tokens beside USDC."""

EXTRAS = 4
"""Traders beside those whose trades are the feed's: these four."""

BACKSTOP_CAPITAL = 1_000_000
"""Dollars of the account that takes over what liquidated ones hold."""

OPERATOR = "operator"
SLOT_MS = 100
FEED_DECIMALS = 8
STEP = 450
"""About as far as a step can be under these maintenance margins: a recorded feed of daily bars
moves further from one batch to the next, and then its price is clamped until it has caught up."""

GOVERNANCE_DELAY_MS = 7 * 24 * 3_600_000
PROOF_DEADLINE_MS = 6 * 3_600_000
LEAST_DEPOSIT = 10 * USDC


@dataclass(slots=True)
class Clock:
    """L1's time in ms: it stands still until the demonstration moves it."""

    now_ms: int

    def __call__(self) -> int:
        return self.now_ms


def make_genesis(keys: KeySource, chain_id: int, venue: int, feed: Feed) -> Genesis:
    """The feed's markets and the venue's accounts; batch 0 ends just before the feed begins."""
    fees, backstop = keys.own_headers()
    return Genesis(
        chain=chain_id,
        venue=venue,
        time=feed.grid.start,
        governance=Governance(
            feed.markets,
            FEE_ACCOUNT,
            BACKSTOP_ACCOUNT,
            CLOCK_BEHIND_MS,
            CLOCK_AHEAD_MS,
            make_oracle(keys, feed),
        ),
        prices=feed.prices,
        fee_header=fees,
        backstop_header=backstop,
        receipt_signer=AddressKey(keys.receipt_material()).address,
    )


def signer_keys(keys: KeySource) -> tuple[AddressKey, ...]:
    """Development signers, by rising address."""
    drawn = (AddressKey(material) for material in keys.oracle_materials(COUNT))
    return tuple(sorted(drawn, key=lambda key: key.address))


def make_oracle(keys: KeySource, feed: Feed) -> OracleTerms:
    """Signers, and a feed for each market, by its name; a batch takes the slot that its window
    begins in or just before."""
    return OracleTerms(
        signers=tuple(key.address for key in signer_keys(keys)),
        quorum=QUORUM,
        slot_ms=SLOT_MS,
        lag_ms=feed.grid.window_ms,
        feeds=tuple(
            Oracle(feed_id(market.symbol.removesuffix("-PERP")), FEED_DECIMALS, STEP, price)
            for market, price in zip(feed.markets, feed.prices, strict=False)
        ),
    )


def deploy(
    start: Genesis, keys: KeySource, verifiers: Sequence[Verifier], clock: Clock, interval_ms: int
) -> MockL1:
    """The mock L1 with the venue's contract on it: batches end every `interval_ms`."""
    entry_wait = entry_wait_of(interval_ms)
    waits = (GOVERNANCE_DELAY_MS, entry_wait, PROOF_DEADLINE_MS)
    deployment = Deployment(
        genesis=start,
        root=start.state(compress_many).root,
        pins=tuple(each.pins for each in verifiers),
        operator=keys.address(OPERATOR),
        governor=keys.address("governor"),
        interval_ms=interval_ms,
        governance_delay=GOVERNANCE_DELAY_MS,
        proof_deadline_ms=PROOF_DEADLINE_MS,
        least_deposit=LEAST_DEPOSIT,
        entry_wait_ms=entry_wait,
        freeze_after_ms=freeze_after_of(*waits),
    )
    return MockL1(deployment, verifiers, clock, compress_many)


def register_traders(
    l1: MockL1, keys: KeySource, count: int, seed: int
) -> tuple[list[Trader], tuple[Trader, Trader, Trader]]:
    """Traders with money under custody, as soon as a batch consumes the queue. The last is a minnow
    with too little for what it wants. Beside them one that dares, one that sells to it, and one
    that brings other tokens."""
    random = Random(f"scene/{seed}")
    capitals = [round(random.uniform(*CAPITAL), -3) for _ in range(count)]
    capitals += [MINNOW_CAPITAL, DARING_CAPITAL, SELLER_CAPITAL, HOLDER_CAPITAL]
    traders = []
    for place, (secret, dollars) in enumerate(
        zip(keys.secrets(len(capitals)), capitals, strict=True)
    ):
        capital = int(dollars) * USDC
        label = f"trader-{place}"
        owner = keys.address(label)
        l1.mint(owner, capital)
        public = secret.public
        words = (*public.x, *public.y)
        entry = l1.register(owner, words, keys.viewing(label), capital)
        key = keys.viewing_key(label)
        traders.append(Trader(entry.account, owner, secret, capital, viewing_key=key))
    *found, daring, seller, holder = traders
    return found, (daring, seller, holder)


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


def queue_backstop(l1: MockL1, keys: KeySource, account: int) -> None:
    """The backstop's money: anybody may deposit for it."""
    owner = keys.address("backstop-funds")
    l1.mint(owner, BACKSTOP_CAPITAL * USDC)
    l1.credit(owner, account, BACKSTOP_CAPITAL * USDC)


def fall(prices: tuple[int, ...], time: int) -> Slice:
    """A window without trades in which signers see the first market as far down as one step may
    go, and with it the asset that it is a future on, which has its price."""
    first = prices[0]
    fallen = -(-first * (FRACTION_SCALE - STEP) // FRACTION_SCALE)
    return Slice(time, tuple(fallen if each == first else each for each in prices), ())


def queue_top_up(l1: MockL1, sender: Trader, receiver: Trader) -> None:
    """One trader's gift to another."""
    l1.mint(sender.owner, 500 * USDC)
    l1.credit(sender.owner, receiver.account, 500 * USDC)


def claim(l1: MockL1, granted: Sequence[GrantedWithdrawal]) -> dict[int, int]:
    """What L1 pays to owners of what was granted to them: by the mark of what it is of, in quanta
    or lots."""
    paid: Counter[int] = Counter()
    for each in granted:
        paid[each.asset] += l1.withdraw(each.owner, each.asset)
    return dict(sorted(paid.items()))
