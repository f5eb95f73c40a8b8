"""Signed reports for the suite: honest ones by the signers of its genesis, and bent ones.

Keys follow from names, so every scenario repeats. They are signed by py-ecc, whose nonces are those
of RFC 6979; it takes its time and is not constant in it, which matters to nobody here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from rollup.crypto.plain_recovery import plain_signer_of
from rollup.crypto.signature_form import ORDER, SIGNATURE_BYTES
from rollup.harness.plain_key import plain_sign
from rollup.hash.keccak import keccak256
from rollup.oracle.package import DataPackage, DataPoint, SignedPackage, feed_id

SIGNERS = 5
QUORUM = 3
STRANGER, ABROAD = "stranger", "signer-abroad"
"""Somebody who is no signer, and a signer of another chain's venue."""


def signer_name(place: int) -> str:
    """The signers of genesis, in the order of their addresses."""
    return _by_address()[place]


def signer_addresses() -> tuple[bytes, ...]:
    """Their addresses, rising."""
    return tuple(signer_address(name) for name in _by_address())


@cache
def _by_address() -> tuple[str, ...]:
    names = (f"signer-{place}" for place in range(SIGNERS))
    return tuple(sorted(names, key=signer_address))


@cache
def signer_address(name: str) -> bytes:
    """The address of whoever signs under a name."""
    digest = keccak256(b"crypsis-suite-address")
    return plain_signer_of(digest, _signature(name, digest))


@cache
def report(name: str, feed: str, value: int, time: int) -> SignedPackage:
    """A report of one value of one feed, by somebody."""
    package = DataPackage((DataPoint(feed_id(feed), value),), time)
    return SignedPackage(package, _signature(name, package.digest()))


def _signature(name: str, digest: bytes) -> bytes:
    return plain_sign(keccak256(b"crypsis-suite-signer/" + name.encode()), digest)


Reports = tuple[SignedPackage, ...]


def reports_of(values: Mapping[str, Sequence[int]], slot: int) -> Reports:
    """The reports of a batch: for each feed, in the order of its market, a value of each signer in
    the order of their addresses."""
    return tuple(
        report(signer_name(place), feed, value, slot)
        for feed, given in values.items()
        for place, value in enumerate(given)
    )


def _resigned(of: SignedPackage, name: str, **changes: object) -> SignedPackage:
    """The same report, changed and signed anew."""
    package = replace(of.package, **changes)  # type: ignore[arg-type]
    return SignedPackage(package, _signature(name, package.digest()))


def _first_anew(name: str | None = None, **changes: object) -> Callable[[Reports], Reports]:
    def bend(reports: Reports) -> Reports:
        first, *rest = reports
        return (_resigned(first, name or signer_name(0), **changes), *rest)

    return bend


def _moved(milliseconds: int) -> Callable[[Reports], Reports]:
    """All of another moment, signed by those who signed them."""

    def bend(reports: Reports) -> Reports:
        names = {signer_address(name): name for name in _by_address()}
        signed = [names[plain_signer_of(r.package.digest(), r.signature)] for r in reports]
        times = [each.package.time + milliseconds for each in reports]
        return tuple(map(lambda r, name, at: _resigned(r, name, time=at), reports, signed, times))

    return bend


def _malleated(reports: Reports) -> Reports:
    """The first with n - s and the other parity: the second signature that anybody could make."""
    first, *rest = reports
    r, s = first.signature[:32], int.from_bytes(first.signature[32:64], "big")
    v = first.signature[SIGNATURE_BYTES - 1]
    other = r + (ORDER - s).to_bytes(32, "big") + bytes((55 - v,))
    return (SignedPackage(first.package, other), *rest)


def _other_value(reports: Reports) -> Reports:
    """The first with another value under the same signature, which is then nobody's."""
    first, *rest = reports
    (point,) = first.package.points
    forged = replace(first.package, points=(replace(point, value=point.value + 1),))
    return (SignedPackage(forged, first.signature), *rest)


def _of_two_feeds(reports: Reports) -> Reports:
    """The first of two feeds, in one package of its signer's."""
    first, *rest = reports
    points = (*first.package.points, DataPoint(feed_id("SOL"), 1))
    return (_resigned(first, signer_name(0), points=points), *rest)


def _last_moved(reports: Reports) -> Reports:
    *rest, last = reports
    return (*rest, *_moved(-1000)((last,)))


BENDS: Mapping[str, Callable[[Reports], Reports]] = {
    "as they are": lambda reports: reports,
    "none": lambda reports: (),
    "three": lambda reports: reports_of({"BTC": [6_000_000_000_000] * 3}, 1_700_000_000_000),
    "of the slot before": _moved(-1000),
    "of the slot after": _moved(1000),
    "beside the grid": _moved(-500),
    "last of the slot before": _last_moved,
    "first of two feeds": _of_two_feeds,
    "an hour old": _moved(-3_600_000),
    "an hour ahead": _moved(3_600_000),
    "first one ms late": _first_anew(time=1_700_000_000_001),
    "first by a stranger": _first_anew(STRANGER),
    "first by a signer of another chain": _first_anew(ABROAD),
    "first of another feed": _first_anew(points=(DataPoint(feed_id("SOL"), 1),)),
    "first malleated": _malleated,
    "first with another value": _other_value,
    "first twice": lambda reports: (reports[0], *reports),
    "one short of a quorum": lambda reports: reports[: QUORUM - 1],
    "in another order": lambda reports: (reports[1], reports[0], *reports[2:]),
}
"""What a scenario can say of the reports."""
