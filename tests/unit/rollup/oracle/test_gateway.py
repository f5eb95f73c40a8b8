"""A provider's packages, read as its gateway serves them. The answer is made in the gateway's
format by keys of the tests; the first package is a sample that the provider published, with its
signature."""

import json
from base64 import b64encode
from typing import Any

import pytest

from rollup.codec.strict import CodecError
from rollup.crypto.address_key import AddressKey, signer_of
from rollup.oracle.gateway import packages_from_gateway
from rollup.oracle.package import DataPackage, DataPoint, feed_id
from tests.helpers.oracle import KEYS
from tests.unit.rollup.oracle.test_package import PACKAGE, PUBLISHED

SLOT = 1_700_000_000_000


def _served(key: AddressKey, feed: str, value: float, integer: int, **more: Any) -> dict[str, Any]:
    """One package as the gateway writes it: a number, and a signature of the integer."""
    package = DataPackage((DataPoint(feed_id(feed), integer),), SLOT)
    return {
        "dataPoints": [{"dataFeedId": feed, "value": value, "metadata": {"sourceMetadata": {}}}],
        "timestampMilliseconds": SLOT,
        "signature": b64encode(key.sign(package.digest())).decode(),
        "isSignatureValid": True,
        "dataServiceId": "redstone-primary-prod",
        "dataPackageId": feed,
        "dataFeedId": feed,
        **more,
    }


def _answer(*packages: dict[str, Any]) -> bytes:
    return json.dumps({"BTC": list(packages)}).encode()


def test_a_published_package_recovers_to_its_signer() -> None:
    sample = {
        "dataPoints": [{"dataFeedId": "ETH", "value": 1000}, {"dataFeedId": "BTC", "value": 20000}],
        "timestampMilliseconds": 1654353400000,
        "signature": PUBLISHED,
        "dataServiceId": "service-1",
        "dataPackageId": "ETH",
        "signerAddress": "0x1",
    }
    (found,) = packages_from_gateway(_answer(sample))
    assert found.package == PACKAGE
    address = "19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
    assert signer_of(found.package.digest(), found.signature).hex() == address


@pytest.mark.parametrize(
    ("value", "integer"),
    [
        (64123.12, 6_412_312_000_000),
        (64123, 6_412_300_000_000),
        (64123.123456785, 6_412_312_345_678),
        (0.1, 10_000_000),
        (0.000000015, 1),
        (1e-9, 0),
        (123456789.98765432, 12_345_678_998_765_431),
    ],
)
def test_a_number_is_signed_as_its_double_rounded_to_eight_decimals(
    value: float, integer: int
) -> None:
    (found,) = packages_from_gateway(_answer(_served(KEYS[0], "BTC", value, integer)))
    assert found.package.points[0].value == integer
    assert signer_of(found.package.digest(), found.signature) == KEYS[0].address


def test_text_is_rounded_as_it_is_written_and_decimals_can_be_others() -> None:
    text = _served(KEYS[0], "BTC", 0, 0)
    text["dataPoints"][0]["value"] = "64123.123456785"
    (found,) = packages_from_gateway(_answer(text))
    assert found.package.points[0].value == 6_412_312_345_679
    text["dataPoints"][0]["decimals"] = 2
    (found,) = packages_from_gateway(_answer(text))
    assert found.package.points[0].value == 6_412_312


def _bent(**changes: Any) -> bytes:
    return _answer(_served(KEYS[0], "BTC", 1.5, 150_000_000, **changes))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{" * 100_000,
        b'{"BTC": 1}',
        b'{"BTC": [1]}',
        _bent(dataPoints=[]),
        _bent(dataPoints=[{"dataFeedId": "BTC"}]),
        _bent(dataPoints=[{"dataFeedId": "BTC", "value": True}]),
        _bent(dataPoints=[{"dataFeedId": "BTC", "value": -1}]),
        _bent(dataPoints=[{"dataFeedId": "BTC", "value": "NaN"}]),
        _bent(dataPoints=[{"dataFeedId": "BTC", "value": "1e99999999"}]),
        _bent(dataPoints=[{"dataFeedId": "BTC", "value": 1, "decimals": 19}]),
        _bent(dataPoints=[{"dataFeedId": "", "value": 1}]),
        _bent(dataPoints=[{"dataFeedId": "BTC", "value": 1}] * 2),
        _bent(timestampMilliseconds=1.5),
        _bent(timestampMilliseconds=1 << 48),
        _bent(signature="%"),
        _bent(signature="AAAA"),
        _bent(signature="A" * 400),
        b'{"BTC": [{"dataPoints": [{"dataFeedId": "BTC", "value": Infinity}],'
        b' "timestampMilliseconds": 1, "signature": ""}]}',
    ],
)
def test_anything_else_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(CodecError):
        packages_from_gateway(data)
