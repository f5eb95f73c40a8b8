"""Data packages of a real oracle, byte for byte, and every byte of them that could be another."""

from base64 import b64decode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.crypto.address_key import AddressKey, signer_of
from rollup.oracle.package import (
    PACKAGES_MAX,
    TAIL_BYTES,
    DataPackage,
    DataPoint,
    PackageError,
    SignedPackage,
    feed_id,
    feed_name,
    packages_from_bytes,
    packages_to_bytes,
)

KEY = AddressKey(b"\x11" * 32)
POINTS = (DataPoint(feed_id("BTC"), 20_000 * 10**8), DataPoint(feed_id("ETH"), 1_000 * 10**8))
PACKAGE = DataPackage(POINTS, 1_654_353_400_000)
SIGNED = SignedPackage(PACKAGE, KEY.sign(PACKAGE.digest()))

PUBLISHED = (
    "NX5yd/Cs8HzVdNchrM59uOoSst7n9KK5Ou9pA6S5GTM0RwghGlFjA0S+SVfb85ipg4HzUTKATBZSqPXlWldEEhw="
)
"""What RedStone's own library signs for this package with this key: a sample of its repository."""


def test_a_package_is_signed_as_the_provider_signs_it() -> None:
    assert b64decode(PUBLISHED) == SIGNED.signature
    assert signer_of(PACKAGE.digest(), b64decode(PUBLISHED)) == KEY.address


def test_the_bytes_are_those_of_the_format() -> None:
    data = SIGNED.encode()
    assert data[:3] == b"BTC" and data[3:32] == bytes(29)
    assert data[32:64] == (20_000 * 10**8).to_bytes(32, "big")
    assert data[128:134] == (1_654_353_400_000).to_bytes(6, "big")
    assert data[134:141] == bytes((0, 0, 0, 32, 0, 0, 2))
    assert data[141:] == SIGNED.signature and len(data) == 2 * 64 + 13 + 65
    assert SignedPackage.decode(data) == SIGNED


def _with(place: int, value: bytes) -> bytes:
    data = SIGNED.encode()
    return data[:place] + value + data[place + len(value) :]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(77),
        SIGNED.encode()[1:],
        SIGNED.encode() + b"\0",
        b"\0" + SIGNED.encode(),
        _with(134, (31).to_bytes(4, "big")),
        _with(134, (64).to_bytes(4, "big")),
        _with(138, (1).to_bytes(3, "big")),
        _with(138, (3).to_bytes(3, "big")),
        _with(138, bytes(3)),
        _with(0, feed_id("ETH")),
        _with(0, feed_id("SOL")),
        (bytes(6) + (32).to_bytes(4, "big") + bytes(3)) + bytes(65),
    ],
    ids=[
        "nothing",
        "zeros",
        "one byte fewer",
        "one byte more at the end",
        "one byte more at the start",
        "values of 31 bytes",
        "values of 64 bytes",
        "one point counted of two",
        "three points counted of two",
        "no point counted",
        "one feed twice",
        "points that fall",
        "no point at all",
    ],
)
def test_any_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(PackageError):
        SignedPackage.decode(data)


@given(st.binary(max_size=400))
def test_whatever_is_read_is_written_again_as_it_was(data: bytes) -> None:
    try:
        found = SignedPackage.decode(data)
    except PackageError:
        return
    assert found.encode() == data


@given(st.binary(max_size=300), st.integers(0, 205))
def test_a_package_with_bytes_changed_is_another_or_none(noise: bytes, place: int) -> None:
    data = _with(place, noise[: 206 - place])
    try:
        found = SignedPackage.decode(data)
    except PackageError:
        return
    assert found.encode() == data and (found == SIGNED) == (data == SIGNED.encode())


@pytest.mark.parametrize(
    "make",
    [
        lambda: DataPoint(b"BTC", 1),
        lambda: DataPoint(feed_id("BTC"), -1),
        lambda: DataPoint(feed_id("BTC"), 1 << 256),
        lambda: DataPackage((), 1),
        lambda: DataPackage(POINTS[::-1], 1),
        lambda: DataPackage((POINTS[0], POINTS[0]), 1),
        lambda: DataPackage(POINTS, -1),
        lambda: DataPackage(POINTS, 1 << 48),
        lambda: replace(SIGNED, signature=SIGNED.signature[:-1]),
        lambda: feed_id(""),
    ],
)
def test_a_package_that_cannot_be_is_not_made(make: object) -> None:
    with pytest.raises(PackageError):
        make()  # type: ignore[operator]


def test_a_long_name_is_known_by_its_hash_and_shown_in_hex() -> None:
    long = feed_id("A" * 32)
    assert len(long) == 32 and feed_name(long) == long.hex()
    assert feed_name(feed_id("A" * 31)) == "A" * 31 and feed_name(feed_id("BTC")) == "BTC"


def test_a_list_of_packages_has_one_encoding() -> None:
    many = (SIGNED, replace(SIGNED, package=replace(PACKAGE, points=POINTS[:1])))
    data = packages_to_bytes(many)
    assert packages_from_bytes(data) == many
    assert packages_from_bytes(packages_to_bytes(())) == ()
    for bad in (b"", data[:-1], data + b"\0", data[:3], (PACKAGES_MAX + 1).to_bytes(4, "big")):
        with pytest.raises(PackageError):
            packages_from_bytes(bad)
    with pytest.raises(PackageError):
        packages_from_bytes((1).to_bytes(4, "big") + (TAIL_BYTES).to_bytes(4, "big") + bytes(13))
