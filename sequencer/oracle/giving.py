"""Reports from a file to L1: so that no header can call their market missing.

What the file has is judged here first, as a venue judges it, so that what counts comes to L1 in the
order of a batch, and what does not is told by its reason.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollup.codec.strict import CodecError
from rollup.crypto.address_key import signer_of
from rollup.files import read_bounded
from rollup.l1.interface import Address
from rollup.l1.remote import RemoteL1
from rollup.oracle.gateway import GATEWAY_BYTES_MAX, packages_from_gateway
from rollup.oracle.package import PackageError, SignedPackage, packages_from_bytes
from rollup.protocol.pricing import judged
from sequencer.service.reports import counting

_JSON: Final = b"{"


@dataclass(frozen=True, slots=True)
class GivenSlot:
    """What came of the reports of one slot: by market, and how many L1 had not held."""

    slot: int
    markets: Mapping[str, int]
    added: int


@dataclass(frozen=True, slots=True)
class Gift:
    """What was given, slot by slot, and how many reports count for nothing, by reason."""

    slots: tuple[GivenSlot, ...]
    refused: Mapping[str, int]


def read_packages(file: Path) -> tuple[SignedPackage, ...]:
    """The packages of a file: one of a venue's folder of reports, or a gateway's JSON. CodecError
    where it is neither."""
    data = read_bounded(file, GATEWAY_BYTES_MAX)
    if data.lstrip().startswith(_JSON):
        return packages_from_gateway(data)
    try:
        return packages_from_bytes(data)
    except PackageError as error:
        raise CodecError(f"reports: {error}") from error


def give(l1: RemoteL1, sender: Address, packages: tuple[SignedPackage, ...]) -> Gift:
    """Give L1 what counts of these under the parameters that it has now. Reverted or RemoteError
    as its calls."""
    governance = l1.governance_for(l1.head_number + 1, l1.now())
    found: list[GivenSlot] = []
    faults: Counter[str] = Counter()
    for slot in sorted({each.package.time for each in packages}):
        offered = [each for each in packages if each.package.time == slot]
        reports, refused = counting(governance, slot, offered)
        faults.update(each.fault.value for each in refused)
        if reports:
            places = Counter(judged(each, governance, slot, signer_of)[0] for each in reports)
            markets = {governance.markets[m].symbol: places[m] for m in sorted(places)}
            found.append(GivenSlot(slot, markets, l1.give_reports(sender, reports)))
    return Gift(tuple(found), dict(sorted(faults.items())))
