"""The record of a takeover: its bounds, its fee, and its place in the batch file."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.codec.strict import CodecError, Value, decode, encode
from rollup.protocol.batch_codec import BATCH_BYTES_MAX, batch_from_bytes, batch_to_bytes
from rollup.protocol.rejection import Reason
from rollup.protocol.shape_class import CLASS_M, CLASS_S, LARGEST
from rollup.protocol.takeover import Takeover, full_fee
from rollup.protocol.terms import market_terms
from tests.helpers.fallen import LONG, SHORT, fallen
from tests.helpers.venue import BTC_MARKET, refusal


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"account": 2**30}, Reason.ACCOUNT_OUT_OF_BOUNDS),
        ({"account": -1}, Reason.ACCOUNT_OUT_OF_BOUNDS),
        ({"market": 2**16}, Reason.MARKET_OUT_OF_BOUNDS),
        ({"size": 0}, Reason.SIZE_OUT_OF_BOUNDS),
        ({"size": 2**40}, Reason.SIZE_OUT_OF_BOUNDS),
        ({"fee": -1}, Reason.AMOUNT_OUT_OF_BOUNDS),
        ({"fee": 2**62}, Reason.AMOUNT_OUT_OF_BOUNDS),
        ({"size": True}, Reason.MALFORMED),
    ],
)
def test_a_takeover_out_of_bounds_cannot_be_made(changes: dict[str, int], reason: Reason) -> None:
    good = Takeover(2**30 - 1, 2**16 - 1, 2**40 - 1, 2**62 - 1)
    assert refusal(lambda: replace(good, **changes)) is reason


@given(st.integers(1, 2**29 - 1), st.integers(1, 2**40 - 1))
def test_the_fee_is_whole_quanta_and_at_least_its_fraction(price: int, size: int) -> None:
    terms = market_terms(replace(BTC_MARKET, bucket=2**21 - 1), price, 0)
    charged = full_fee(size, terms)
    fraction = BTC_MARKET.liquidation_fee
    assert size * price * fraction <= charged * 10_000 < size * (price * fraction + 10_000)


def test_a_batch_file_holds_takeovers() -> None:
    place = fallen()
    batch = place.batch(place.takeover(LONG, 700), place.takeover(SHORT, 4200, 12_345))
    assert batch_from_bytes(batch_to_bytes(batch)) == batch


@pytest.mark.parametrize(
    "change",
    [{"size": 0}, {"fee": -1}, {"account": "4"}, {"side": 1}],
    ids=["size", "fee", "text", "more"],
)
def test_a_file_whose_takeover_is_malformed_is_no_batch(change: dict[str, Value]) -> None:
    place = fallen()
    data = batch_to_bytes(place.batch(place.takeover(LONG, 700)))
    value = decode(data, BATCH_BYTES_MAX, "batch")
    assert isinstance(value, dict)
    (takeover,) = value["takeovers"]
    takeover.update(change)
    with pytest.raises(CodecError):
        batch_from_bytes(encode(value))


def test_a_class_takes_as_many_takeovers_as_trades() -> None:
    assert (CLASS_S.takeovers, CLASS_M.takeovers, LARGEST.takeovers) == (128, 1568, 1568)
    place = fallen()
    one = place.takeover(LONG, 1)
    assert place.venue.refusal(place.batch(*[one] * 129)) is Reason.TOO_MANY
    assert refusal(lambda: place.batch(*[one] * 1569)) is Reason.TOO_MANY
