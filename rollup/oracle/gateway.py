"""A provider's packages as its gateway serves them: JSON, read unchanged.

    { feed: [ { "dataPoints": [ { "dataFeedId": "BTC", "value": 64123.12345678 } ],
                "timestampMilliseconds": 1700000000000, "signature": base64, ... } ] }

The gateway writes a value as a number, its signers sign an integer of it: the number to its 8
decimals, as JavaScript's toFixed gives them. What that integer was is not said; a signature that
recovers to a signer that one knows says that it was read right. Other members are of no account.

Source: @redstone-finance/protocol 0.9.0 (`NumericDataPoint`, `SignedDataPackage.toObj`).
"""

import binascii
from base64 import b64decode
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.strict import CodecError
from rollup.crypto.signature_form import SIGNATURE_BYTES
from rollup.oracle.package import (
    PACKAGES_MAX,
    POINTS_MAX,
    DataPackage,
    DataPoint,
    PackageError,
    SignedPackage,
    feed_id,
)

GATEWAY_BYTES_MAX: Final = 1 << 23
DECIMALS: Final = 8
"""Of a value where its point does not say others: the format's default."""

DECIMALS_MAX: Final = 18

_BASE64_MAX: Final = 4 * (SIGNATURE_BYTES + 2) // 3
_TEXT_MAX: Final = 256
_DIGITS: Final = 80
"""More than 2^256 and its decimals have."""

_POINT: Final = ("dataFeedId", "value")
_PACKAGE: Final = ("dataPoints", "timestampMilliseconds", "signature")


def packages_from_gateway(data: bytes) -> tuple[SignedPackage, ...]:
    """All packages of a gateway's answer, in its order. CodecError names the place, what was
    wanted, and what came; signatures are not checked."""
    if len(data) > GATEWAY_BYTES_MAX:
        raise CodecError(f"gateway: wanted at most {GATEWAY_BYTES_MAX} bytes, got {len(data)}")
    try:
        value = shallow_json.loads(data.decode("utf-8"))
    except ValueError as error:
        raise CodecError(f"gateway: not JSON ({str(error)[:80]})") from error
    if not isinstance(value, dict):
        raise Node(value, "gateway").wrong("a record of feeds")
    feeds = [Node(rows, f"gateway.{str(name)[:40]}") for name, rows in value.items()]
    found = [_package(row) for feed in feeds for row in feed.items(PACKAGES_MAX)]
    if len(found) > PACKAGES_MAX:
        raise CodecError(f"gateway: wanted at most {PACKAGES_MAX} packages, got {len(found)}")
    return tuple(found)


def _package(node: Node) -> SignedPackage:
    record = _members(node, _PACKAGE)
    points = tuple(_point(point) for point in record["dataPoints"].items(POINTS_MAX))
    text = record["signature"].text(_BASE64_MAX)
    try:
        signature = b64decode(text, validate=True)
        ordered = tuple(sorted(points, key=lambda point: point.feed))
        package = DataPackage(ordered, record["timestampMilliseconds"].integer())
        return SignedPackage(package, signature)
    except (binascii.Error, PackageError) as error:
        raise CodecError(f"{node.path}: {error}") from error


def _point(node: Node) -> DataPoint:
    record = _members(node, _POINT)
    try:
        feed = feed_id(record["dataFeedId"].text(_TEXT_MAX))
        return DataPoint(feed, _scaled(record["value"], _decimals(node)))
    except PackageError as error:
        raise CodecError(f"{node.path}: {error}") from error


def _decimals(point: Node) -> int:
    """A point may say how many its value has."""
    members = point.value
    if not isinstance(members, dict) or "decimals" not in members:
        return DECIMALS
    node = Node(members["decimals"], f"{point.path}.decimals")
    if not 0 <= node.integer() <= DECIMALS_MAX:
        raise node.wrong(f"0 to {DECIMALS_MAX}")
    return node.integer()


def _scaled(node: Node, decimals: int) -> int:
    """The integer that was signed. A number that JSON writes is a double, and its exact value is
    rounded, not its digits; text is rounded as it is written."""
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise node.wrong("a number")
    try:
        number = Decimal(value if isinstance(value, str) else float(value))
    except (ArithmeticError, ValueError) as error:
        raise node.wrong("a number") from error
    if not number.is_finite() or number.adjusted() > _DIGITS:
        raise node.wrong("a number below 2^256")
    with localcontext(prec=2 * _DIGITS):
        return int(number.scaleb(decimals).to_integral_value(ROUND_HALF_UP))


def _members(node: Node, names: tuple[str, ...]) -> dict[str, Node]:
    """Some members of a record that has others too."""
    if not isinstance(node.value, dict):
        raise node.wrong("a record")
    missing = [name for name in names if name not in node.value]
    if missing:
        raise CodecError(f"{node.path}: {missing[0]} is missing")
    return {name: Node(node.value[name], f"{node.path}.{name}") for name in names}
