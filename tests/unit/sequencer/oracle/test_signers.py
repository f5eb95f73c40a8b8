"""Development signers: keys that stay with their owner, prices that come out as they went in."""

from pathlib import Path
from random import Random

import pytest

from rollup.codec.strict import CodecError
from rollup.crypto.address_key import signer_of
from rollup.protocol.oracle import PRICE_LEAST, Feed, ticks
from sequencer.oracle.keys import PATTERN, fresh_keys, read_keys, write_keys
from sequencer.oracle.signers import DevelopmentOracle, value_of
from sequencer.service.prices import DevelopmentPrices
from sequencer.service.reports import select
from tests.helpers import venue as small
from tests.helpers.market_books import book_of
from tests.helpers.oracle import KEYS


def test_fresh_keys_are_read_again_and_nobody_else_may_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    made = fresh_keys(folder)
    again = read_keys(folder)
    addresses = [key.address for key in made]
    assert addresses == [key.address for key in again] == sorted(addresses)
    assert len(set(addresses)) == 5
    assert folder.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())
    digest = bytes(range(32))
    assert [signer_of(digest, key.sign(digest)) for key in again] == addresses


def test_keys_that_are_there_are_not_drawn_over(tmp_path: Path) -> None:
    made = fresh_keys(tmp_path)
    with pytest.raises(CodecError, match="keys are there already"):
        fresh_keys(tmp_path)
    assert read_keys(tmp_path)[0].address == made[0].address


@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33), bytes(32), b"\xff" * 32])
def test_a_file_that_is_no_key_is_refused_by_name_and_is_not_shown(
    tmp_path: Path, bad: bytes
) -> None:
    (tmp_path / PATTERN.replace("*", "1")).write_bytes(bad)
    with pytest.raises((CodecError, ValueError)) as caught:
        read_keys(tmp_path)
    said = str(caught.value)
    assert "signer-1.key" in said and (not bad or bad.hex() not in said)


def test_no_key_and_one_key_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CodecError, match="1 to 8 files"):
        read_keys(tmp_path)
    with pytest.raises(CodecError, match="two files hold one key"):
        write_keys(tmp_path, [bytes(31) + b"\1"] * 2)


def test_a_price_comes_back_from_its_value_over_many_seeds() -> None:
    random = Random("values")
    for _ in range(500):
        price_decimals = random.randrange(7)
        feed = Feed(bytes(31) + b"X", random.randrange(price_decimals, 19), 1, PRICE_LEAST)
        price = random.randrange(1, 2**30)
        assert ticks(value_of(price, feed, price_decimals), feed, price_decimals) == price


def test_signers_in_this_process_make_the_prices_of_their_source() -> None:
    prices = DevelopmentPrices(small.PRICES, (200, 300), 1)
    oracle = DevelopmentOracle(KEYS, small.GOVERNANCE, prices)
    time = small.START + 5_000
    slot = small.GOVERNANCE.oracle.slot(time)
    chosen = select(small.GOVERNANCE, time, book_of(small.PRICES), oracle.of(slot))
    assert chosen.refused == () and len(chosen.reports) == 6
    assert chosen.pricing.prices == prices.at(slot)
