"""Parameters, market books and signed reports of any kind that the rules allow, for Hypothesis; and
a batch with what its prices and its book follow from, and nothing else."""

from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from rollup.crypto.address_key import AddressKey
from rollup.hash.keccak import keccak256
from rollup.oracle.package import DataPackage, DataPoint, SignedPackage, feed_id
from rollup.protocol.constants import (
    CUSTODY_BITS,
    FEE_SCALE,
    FRACTION_SCALE,
    FUNDING_BITS,
    FUNDING_CAP_MAX,
    INTEREST_HOURS,
    ORACLE_PRICE_BITS,
    PREMIUM_RATE_BITS,
    STALLED_MAX,
    STEP_PATIENCE_MS,
)
from rollup.protocol.funding import HOUR_MS, RATE_SCALE
from rollup.protocol.market import TICK_ALLOWANCE, Governance, Market
from rollup.protocol.market_book import BookEntry, MarketBook, hour_is_due, last_price
from rollup.protocol.oracle import PRICE_LEAST, PRICE_MOST, STEP_MAX, Feed, OracleTerms
from tests.helpers.assets import asset_market
from tests.helpers.collateral import counting_asset
from tests.helpers.venue import BTC_MARKET, GOVERNANCE, START

KEYS = tuple(
    sorted(
        (AddressKey(keccak256(f"a signer of any batch, {place}".encode())) for place in range(5)),
        key=lambda key: key.address,
    )
)
STRANGER = AddressKey(keccak256(b"no signer of any batch"))
HOUR = START // HOUR_MS


@dataclass(frozen=True)
class PricedBatch:
    """The members of a public input that prices and books follow from, and those that stand for
    the rest; `total_before` is USDC before it, `changes` how the custody of each market moves."""

    governance: Governance
    book_before: MarketBook
    time: int
    prices: tuple[int, ...]
    reports: tuple[SignedPackage, ...]
    premium_rates: tuple[int, ...] = ()
    closed: bool = True
    progress: bool = True
    total_before: int = 0
    changes: tuple[int, ...] = ()
    digest: bytes = bytes(32)
    shape_class: bytes = b"S"
    version: int = 0
    chain: int = 0
    venue: int = 0
    number: int = 0
    old_root: bytes = bytes(32)
    new_root: bytes = bytes(32)
    data_commitment: bytes = bytes(32)
    receipts: bytes = bytes(32)
    reports_digest: bytes = bytes(32)
    redo: bool = False
    total: int = 0
    deposits_before: int = 0
    deposits: tuple[()] = ()
    withdrawals: tuple[()] = ()
    estate: tuple[()] = ()


def numbers(least: int, most: int) -> SearchStrategy[int]:
    """Any of them, the ends and what is beside them more often."""
    ends = (least, least + 1, (least + most) // 2, most - 1, most)
    inside = sorted({each for each in ends if least <= each <= most})
    return st.one_of(st.integers(least, most), st.sampled_from(inside))


@st.composite
def markets(draw: DrawFn, symbol: str) -> Market:
    """A perpetual, an asset that counts, or one that does not."""
    decimals = draw(st.integers(0, 6))
    scale = {"symbol": symbol, "price_decimals": decimals, "size_decimals": 6 - decimals}
    delisted = draw(st.sampled_from((False, False, True)))
    kind = draw(st.sampled_from(("perpetual", "perpetual", "counts", "idle")))
    if kind == "idle":
        return replace(asset_market(symbol, decimals), delisted=delisted)
    bucket = draw(numbers(1, 1000))
    if kind == "counts":
        fraction = draw(numbers(500, 2000))
        return replace(
            counting_asset(bucket=bucket, maintenance_fraction=fraction), **scale, delisted=delisted
        )
    cap = draw(numbers(0, FUNDING_CAP_MAX))
    interest = draw(numbers(0, INTEREST_HOURS * cap))
    fees = {"taker_fee": 500, "maker_fee": 250, "funding_cap": cap, "interest": interest}
    return replace(BTC_MARKET, **scale, **fees, bucket=bucket, delisted=delisted)


def widest_step(market: Market) -> int:
    """The widest step that theorem T lets a market have."""
    left = market.maintenance_fraction - TICK_ALLOWANCE - 1
    funding = -(-market.funding_cap * (FRACTION_SCALE + left) // FEE_SCALE)
    return max(1, min(STEP_MAX, left - funding))


@st.composite
def feeds(draw: DrawFn, name: str, market: Market) -> Feed:
    """A feed of a market, at any scale."""
    most = PRICE_MOST if market.is_idle else min(PRICE_MOST, market.bucket << 13)
    price = draw(numbers(PRICE_LEAST, most))
    step = draw(numbers(1, widest_step(market)))
    return Feed(feed_id(name), draw(st.integers(0, 18)), step, price)


@st.composite
def governances(draw: DrawFn, most: int = 5) -> Governance:
    """Parameters of up to so many markets, whose reports some of KEYS sign."""
    names = [f"M{place}" for place in range(draw(st.integers(1, most)))]
    listed = tuple(draw(markets(name)) for name in names)
    given = tuple(draw(feeds(each.symbol, each)) for each in listed)
    first = draw(st.integers(0, 3))
    signers = tuple(key.address for key in KEYS[first:])
    quorum = draw(st.integers(len(signers) // 2 + 1, len(signers)))
    slot_ms, lag_ms = draw(st.sampled_from(((1000, 500), (1, 0), (10_000, 12_000))))
    oracle = OracleTerms(signers, quorum, slot_ms, lag_ms, given)
    return replace(GOVERNANCE, markets=listed, oracle=oracle)


@st.composite
def entries(draw: DrawFn) -> BookEntry:
    """Any entry of a book."""
    most = 1 << FUNDING_BITS
    far = st.integers(-most, most)
    return BookEntry(
        price=draw(numbers(1, (1 << ORACLE_PRICE_BITS) - 1)),
        funding=draw(st.one_of(numbers(-most, most), far, st.integers(-(10**6), 10**6))),
        carry=draw(numbers(0, RATE_SCALE - 1)),
        step=draw(numbers(1, STEP_MAX)),
        funding_cap=draw(numbers(0, FUNDING_CAP_MAX)),
        clamped=draw(st.booleans()),
        missing=draw(st.booleans()),
        custody=draw(numbers(0, (1 << CUSTODY_BITS) - 1)),
        ended=draw(st.sampled_from((False, False, True))),
    )


@st.composite
def books(draw: DrawFn, most: int = 6) -> MarketBook:
    """Any book, of up to so many markets."""
    since = START - draw(st.sampled_from((1, STEP_PATIENCE_MS, STEP_PATIENCE_MS + 1)))
    return MarketBook(
        hour=draw(st.sampled_from((HOUR - 1, HOUR, HOUR + 1, 0))),
        open_since=draw(st.sampled_from((0, 0, since))),
        stalled=draw(st.sampled_from((0, 1, STALLED_MAX - 1, STALLED_MAX, STALLED_MAX + 1))),
        debt_stop=draw(st.booleans()),
        governance=draw(st.binary(min_size=32, max_size=32)),
        markets=tuple(draw(st.lists(entries(), min_size=1, max_size=most))),
    )


def signed(key: AddressKey, feed: bytes, value: int, slot: int) -> SignedPackage:
    """A report by a key."""
    package = DataPackage((DataPoint(feed, value),), slot)
    return SignedPackage(package, key.sign(package.digest()))


@st.composite
def honest_reports(
    draw: DrawFn, governance: Governance, before: MarketBook, time: int
) -> tuple[SignedPackage, ...]:
    """Reports that count, of any markets: values around the last price, or any."""
    oracle = governance.oracle
    slot, found = oracle.slot(time), []
    keys = [key for key in KEYS if key.address in oracle.signers]
    for place, (market, feed) in enumerate(zip(governance.markets, oracle.feeds, strict=True)):
        if not draw(st.booleans()):
            continue
        scale, unit = 10**feed.decimals, 10**market.price_decimals
        last = last_price(before, place, feed)
        count = draw(st.integers(oracle.quorum, len(keys)))
        chosen = draw(st.permutations(keys))[:count]
        near = st.integers(-last // 50, last // 50).map(lambda by, p=last: p + by)
        ticks = st.one_of(near, near, st.just(last), st.integers(0, 1 << 31))
        odd = draw(st.booleans())
        for key in sorted(chosen, key=lambda key: key.address):
            value = draw(ticks) * scale // unit + (draw(st.integers(0, scale)) if odd else 0)
            value = draw(st.sampled_from((value, value, value, 0, 2**256 - 1)))
            found.append(signed(key, feed.feed, value, slot))
    return tuple(found)


@st.composite
def custody_changes(draw: DrawFn, governance: Governance, before: MarketBook) -> tuple[int, ...]:
    """How custody moves, by market, within its bounds: that of assets alone."""
    end, found = (1 << CUSTODY_BITS) - 1, []
    for place, market in enumerate(governance.markets):
        has = before.custody(place)
        found.append(draw(numbers(-has, end - has)) if market.is_asset else 0)
    return tuple(found)


@st.composite
def batches(draw: DrawFn) -> PricedBatch:
    """A batch after any book, with reports that count; of any prices."""
    governance, before = draw(governances()), draw(books())
    time = START + draw(st.sampled_from((0, 1, HOUR_MS, 2 * HOUR_MS, 5)))
    reports = () if before.is_open else draw(honest_reports(governance, before, time))
    count, most = len(governance.markets), 1 << PREMIUM_RATE_BITS
    rates = [draw(numbers(-most, most - 1)) for _ in range(count)]
    return PricedBatch(
        governance=governance,
        book_before=before,
        time=time,
        prices=tuple(draw(numbers(1, PRICE_MOST)) for _ in range(count)),
        reports=reports,
        premium_rates=tuple(rates) if hour_is_due(before, time) else (),
        closed=draw(st.booleans()),
        progress=draw(st.booleans()),
        total_before=draw(numbers(0, (1 << 64) - 1)),
        changes=draw(custody_changes(governance, before)),
    )
