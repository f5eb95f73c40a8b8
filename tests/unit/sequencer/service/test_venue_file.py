"""The venue file: what it says comes out, and anything else is refused by the name of its key."""

from pathlib import Path

import pytest

from rollup.codec.strict import CodecError
from rollup.native.memory import MemoryMode
from rollup.protocol.constants import FRACTION_SCALE, MARKETS_MAX
from sequencer.service.prices import DevelopmentPrices
from sequencer.service.venue_file import VenueFile, read_venue_file, venue_from_toml
from tests.helpers import venue as small
from tests.helpers.oracle import EXAMPLE

LAST_MARKET = EXAMPLE.rindex("[[markets]]")


def refusal(text: str) -> str:
    with pytest.raises(CodecError) as caught:
        venue_from_toml(text.encode())
    return str(caught.value)


def test_the_example_is_a_venue() -> None:
    found = venue_from_toml(EXAMPLE.encode())
    assert (found.chain, found.venue, found.interval_ms) == (31337, 1, 10_000)
    assert (found.shape_class, found.parameters, found.lag_batches) == ("S", "fast", 8)
    assert found.memory is MemoryMode.AUTO
    assert [market.symbol for market in found.governance.markets] == ["BTC-PERP", "ETH-PERP"]
    assert found.prices == (600_000, 250_000) and found.swings == (600, 800)
    own = small.genesis().fee_header, small.genesis().backstop_header
    genesis = found.genesis(small.START, *own, small.RECEIPT_KEY.address)
    assert (genesis.fee_header, genesis.backstop_header) == own
    assert genesis.prices == (600_000, 250_000) and genesis.time == small.START
    assert genesis.receipt_signer == small.RECEIPT_KEY.address


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("venue = 1 ", "venu = 1", "venue file: venue is missing"),
        ("venue = 1 ", "venue = 1\ncolour = 2", "'colour' is unknown here"),
        ("venue = 1 ", 'venue = "1"', "venue file.venue: wanted an integer, got text of 1"),
        ("venue = 1 ", "venue = true", "venue file.venue: wanted an integer, got true or false"),
        ("venue = 1 ", "venue = 1.0", "venue file.venue: wanted an integer, got a number"),
        ("= 10000 ", "= 99", "interval_ms: wanted 100 to 3600000, got 99"),
        ("= 10000 ", "= 3600001", "interval_ms: wanted 100 to 3600000, got 3600001"),
        ("behind_ms = 3600000", "behind_ms = 9999", "behind_ms: wanted at least the interval"),
        ("delay_ms = 604800000", "delay_ms = 60000", "wanted more than ahead_ms, 60000, got 60000"),
        ('"fast"', '"quick"', "wanted one of fast, balanced, l1, l1-tall, got 'quick'"),
        ('memory = "auto"', 'memory = "none"', "wanted one of auto, low, high, got 'none'"),
        ('shape_class = "S"', 'shape_class = "L"', "wanted one of S, M, R, got 'L'"),
        ('crash_class = "none"', 'crash_class = "S"', "wanted one of none, M, R, got 'S'"),
        ('crash_class = "none"', 'crash_class = ""', "wanted one of none, M, R, got ''"),
        ("lag_batches = 8", "lag_batches = 1", "lag_batches: wanted 2 to 1000, got 1"),
        ("least_deposit = 10000000", "least_deposit = 0", "least_deposit: wanted 1 to"),
        ("band_fraction = 300", "band_fraction = 500", "markets[0]: band-too-wide"),
        ("size_decimals = 5", "size_decimals = 4", "markets[0]: market-scale"),
        ("liquidation_fee = 250", "liquidation_fee = 490", "markets[0]: liquidation-fee-too-high"),
        ("bucket = 600", "bucket = 0", "markets[0]: bucket-out-of-bounds"),
        ("funding_cap = 300", "funding_cap = 301", "markets[0]: funding-too-high"),
        ("interest = 100", "interest = 2401", "markets[0]: funding-too-high"),
        ("price_step = 200", "price_step = 487", "venue file: step-too-wide: market 0"),
        ("first_price = 600000", "first_price = 0", "first_price: wanted 1024 to 715827882, got 0"),
        ("chain = 31337", "chain = 1073741824", "chain: wanted 0 to 1073741823, got 1073741824"),
        ("price_swing = 600", "price_swing = 5001", "price_swing: wanted 0 to 5000, got 5001"),
        ('"ETH-PERP"', '"BTC-PERP"', "two markets have the same symbol"),
        ("[clock]", "[clocks]", "venue file: clock is missing"),
        ("chain = 31337", "chain = ", "not TOML"),
        ("quorum = 3 ", "quorum = 1 ", "oracle: quorum must be from 2 to 3"),
        (
            "lag_ms = 12000 ",
            "lag_ms = 9999 ",
            "oracle.lag_ms: wanted at least the interval of 10000",
        ),
        ("slot_ms = 10000 ", "slot_ms = 0 ", "slot_ms must be from 1 to 3600000"),
        ('signers = ["', 'signers = ["0x', "signers[0]: wanted 40 hex digits"),
        ('feed = "BTC"', 'feed = ""', "the name of a feed is wanted"),
        ('feed = "BTC"', f'feed = "{"B" * 32}"', "feed: wanted text of at most 31 characters"),
        ("feed_decimals = 8", "feed_decimals = 19", "feed decimals must be from 0 to 18"),
        ("price_step = 200", "price_step = 10000", "step must be from 1 to 9999"),
        ("chain = 31337", "chain = 1\nchain = 2", "not TOML"),
    ],
)
def test_a_file_that_is_not_as_wanted_is_refused_with_key_wanted_and_came(
    old: str, new: str, said: str
) -> None:
    assert old in EXAMPLE
    assert said in refusal(EXAMPLE.replace(old, new, 1))


def test_a_crash_class_opens_more_accounts_than_the_ordinary_one() -> None:
    alone = venue_from_toml(EXAMPLE.encode())
    assert (alone.crash_class, alone.shape_classes) == (None, ("S",))
    both = EXAMPLE.replace('crash_class = "none"', 'crash_class = "R"', 1)
    assert venue_from_toml(both.encode()).shape_classes == ("S", "R")
    refreshing = both.replace('shape_class = "S"', 'shape_class = "R"', 1)
    assert "crash_class: wanted one of none, got 'R'" in refusal(refreshing)


def test_no_market_and_one_too_many_are_refused() -> None:
    market = EXAMPLE[LAST_MARKET:]
    assert "market" in refusal(EXAMPLE[: EXAMPLE.index("[[markets]]")])
    assert f"at most {MARKETS_MAX} members" in refusal(EXAMPLE + market * 63)


def test_a_refusal_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "venue.toml"
    path.write_bytes(b"\xff")
    with pytest.raises(CodecError, match=r"venue\.toml: venue file: not TOML"):
        read_venue_file(path)


def test_development_prices_stay_within_their_swing_and_move() -> None:
    found: VenueFile = venue_from_toml(EXAMPLE.encode())
    prices = DevelopmentPrices(found.prices, found.swings, 1)
    seen = [prices.at(small.START + 1_000 * step) for step in range(4_000)]
    for market, (first, swing) in enumerate(zip(found.prices, found.swings, strict=True)):
        moves = [abs(each[market] - first) for each in seen]
        assert max(moves) <= first * swing // FRACTION_SCALE
        assert max(moves) > first * swing // FRACTION_SCALE // 3
    assert all(len(each) == 2 for each in seen)


def test_development_prices_are_a_function_of_seed_and_time() -> None:
    found = venue_from_toml(EXAMPLE.encode())
    one, same, other = (DevelopmentPrices(found.prices, found.swings, seed) for seed in (1, 1, 2))
    assert one.at(small.START) == same.at(small.START) != other.at(small.START)
