"""A signed data package of a pull oracle, byte for byte as RedStone's signers make it.

    package = signed || signature (65)
    signed  = point || ... || time in ms (6) || value size (4) || count of points (3)
    point   = feed id (32) || value (value size)

Numbers are big-endian, points rise by feed id, and a value is 32 bytes here, which is what signers
use for numbers. The signature is secp256k1 over the Keccak-256 of everything before it, without a
prefix, so that an EVM checks it with `ecrecover`. What is *not* signed: the decimals of a value and
the name of the service. Whoever uses a price binds the two by other means (rollup.protocol.oracle).

Source: @redstone-finance/protocol 0.9.0, its `DataPackage` and `SignedDataPackage`.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

from rollup.crypto.signature_form import SIGNATURE_BYTES
from rollup.hash.keccak import keccak256

FEED_BYTES: Final = 32
VALUE_BYTES: Final = 32
POINT_BYTES: Final = FEED_BYTES + VALUE_BYTES
TIME_BYTES: Final = 6
SIZE_BYTES: Final = 4
COUNT_BYTES: Final = 3
TAIL_BYTES: Final = TIME_BYTES + SIZE_BYTES + COUNT_BYTES
REPORT_BYTES: Final = POINT_BYTES + TAIL_BYTES + SIGNATURE_BYTES
"""A package of one point."""

FEED_TEXT_MAX: Final = 31
"""Longest name that is a feed id as it is; a longer one is known by its Keccak-256."""

POINTS_MAX: Final = 1024
"""Points of a package that are read: more feeds than any service has."""

PACKAGES_MAX: Final = 1 << 10
"""Packages of a list: at most 64 markets, each with at most 16 signers."""

LENGTH_BYTES: Final = 4
"""Of the count of packages in a list, and of the length of each."""


class PackageError(ValueError):
    """Bytes that are no package; says what was wanted."""


def feed_id(name: str) -> bytes:
    """The id of a feed: its name in UTF-8, filled up with zero bytes; of a longer one the hash."""
    data = name.encode("utf-8")
    if not data:
        raise PackageError("the name of a feed is wanted, nothing came")
    return keccak256(data) if len(name) > FEED_TEXT_MAX else data.ljust(FEED_BYTES, b"\0")


def feed_name(feed: bytes) -> str:
    """A feed id for people: its name, or its hex where it is none in printable ASCII."""
    name = feed.rstrip(b"\0")
    is_text = name.isascii() and name.decode("latin-1").isprintable()
    return name.decode("ascii") if name and is_text else feed.hex()


@dataclass(frozen=True, slots=True)
class DataPoint:
    """One value of one feed; the feed's decimals are not in it."""

    feed: bytes
    value: int

    def __post_init__(self) -> None:
        if type(self.feed) is not bytes or len(self.feed) != FEED_BYTES:
            raise PackageError(f"a feed id of {FEED_BYTES} bytes is wanted")
        if type(self.value) is not int or not 0 <= self.value < 1 << 8 * VALUE_BYTES:
            raise PackageError(f"a value from 0 to 2^{8 * VALUE_BYTES} - 1 is wanted")

    def encode(self) -> bytes:
        """Feed id, then value."""
        return self.feed + self.value.to_bytes(VALUE_BYTES, "big")


@dataclass(frozen=True, slots=True)
class DataPackage:
    """Values of one moment, `time` in ms, by one signer."""

    points: tuple[DataPoint, ...]
    time: int

    def __post_init__(self) -> None:
        if not 1 <= len(self.points) <= POINTS_MAX:
            raise PackageError(f"1 to {POINTS_MAX} points are wanted, not {len(self.points)}")
        if any(before.feed >= after.feed for before, after in pairwise(self.points)):
            raise PackageError("points that rise by feed id are wanted")
        if type(self.time) is not int or not 0 <= self.time < 1 << 8 * TIME_BYTES:
            raise PackageError(f"a time of {TIME_BYTES} bytes is wanted")

    def encode(self) -> bytes:
        """The bytes whose Keccak-256 is signed."""
        tail = (
            self.time.to_bytes(TIME_BYTES, "big"),
            VALUE_BYTES.to_bytes(SIZE_BYTES, "big"),
            len(self.points).to_bytes(COUNT_BYTES, "big"),
        )
        return b"".join((*(point.encode() for point in self.points), *tail))

    def digest(self) -> bytes:
        """What is signed."""
        return keccak256(self.encode())


@dataclass(frozen=True, slots=True)
class SignedPackage:
    """A package with 65 bytes of signature. Whose they are, if anybody's, is for a check to say."""

    package: DataPackage
    signature: bytes

    def __post_init__(self) -> None:
        if type(self.signature) is not bytes or len(self.signature) != SIGNATURE_BYTES:
            raise PackageError(f"a signature of {SIGNATURE_BYTES} bytes is wanted")

    def encode(self) -> bytes:
        """The one encoding."""
        return self.package.encode() + self.signature

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The package in these bytes. PackageError for any that `encode` does not give."""
        signed, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
        body, tail = signed[:-TAIL_BYTES], signed[-TAIL_BYTES:]
        if len(tail) != TAIL_BYTES or len(signature) != SIGNATURE_BYTES:
            raise PackageError(
                f"a package of at least {TAIL_BYTES + SIGNATURE_BYTES} bytes is wanted"
            )
        size = int.from_bytes(tail[TIME_BYTES:-COUNT_BYTES], "big")
        count = int.from_bytes(tail[-COUNT_BYTES:], "big")
        if size != VALUE_BYTES:
            raise PackageError(f"values of {VALUE_BYTES} bytes are wanted, these have {size}")
        if not 1 <= count <= POINTS_MAX or len(body) != count * POINT_BYTES:
            raise PackageError(f"1 to {POINTS_MAX} points, as many as are counted, are wanted")
        return cls(DataPackage(_points(body), int.from_bytes(tail[:TIME_BYTES], "big")), signature)


def _points(body: bytes) -> tuple[DataPoint, ...]:
    rows = (body[place : place + POINT_BYTES] for place in range(0, len(body), POINT_BYTES))
    return tuple(
        DataPoint(row[:FEED_BYTES], int.from_bytes(row[FEED_BYTES:], "big")) for row in rows
    )


def packages_to_bytes(packages: tuple[SignedPackage, ...]) -> bytes:
    """Packages in their order: count (4), then each after its length (4), big-endian."""
    encoded = [package.encode() for package in packages]
    parts = [part for data in encoded for part in (_length(len(data)), data)]
    return b"".join((_length(len(encoded)), *parts))


def packages_from_bytes(data: bytes) -> tuple[SignedPackage, ...]:
    """The packages in these bytes. PackageError for any others than their one encoding."""
    count, place = _read_length(data, 0), LENGTH_BYTES
    if count > PACKAGES_MAX:
        raise PackageError(f"at most {PACKAGES_MAX} packages are wanted, not {count}")
    packages = []
    for _ in range(count):
        start = place + LENGTH_BYTES
        place = start + _read_length(data, place)
        if place > len(data):
            raise PackageError("as many bytes as are announced are wanted")
        packages.append(SignedPackage.decode(data[start:place]))
    if place != len(data):
        raise PackageError("nothing is wanted after the last package")
    return tuple(packages)


def _length(number: int) -> bytes:
    return number.to_bytes(LENGTH_BYTES, "big")


def _read_length(data: bytes, place: int) -> int:
    if len(data) < place + LENGTH_BYTES:
        raise PackageError(f"a length of {LENGTH_BYTES} bytes is wanted")
    return int.from_bytes(data[place : place + LENGTH_BYTES], "big")
