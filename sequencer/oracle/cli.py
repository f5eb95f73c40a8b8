"""`crypsis oracle`: development signers, and a provider's packages for a venue's folder of reports
or for L1."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollup.files import read_bounded
from rollup.harness.l1_cli import known_errors, l1_option, remote_l1, sender_option
from rollup.program.cli import CommandError, ExitCode, Output, conventions, input_file

if TYPE_CHECKING:
    from rollup.oracle.package import SignedPackage

file_type = click.Path(path_type=Path)
keys_option = click.option(
    "--keys", type=file_type, required=True, help="Folder of the signers' private keys."
)
reports_option = click.option(
    "--reports", type=file_type, required=True, help="Folder of reports that the venue reads."
)


@click.group()
def oracle() -> None:
    """Sign prices for development, or bring a provider's signed prices to a venue."""


@oracle.command()
@click.argument("folder", type=file_type)
@click.option("--count", type=click.IntRange(1, 8), default=5, show_default=True)
@conventions
def keys(console: Output, folder: Path, count: int) -> None:
    """Draw keys for development signers; their addresses are for a venue file."""
    from sequencer.oracle.keys import fresh_keys

    drawn = fresh_keys(folder, count)
    addresses = [key.address.hex() for key in drawn]
    console.result({"folder": str(folder), "signers": addresses}, "\n".join(addresses))


@oracle.command()
@keys_option
@click.option("--feed", required=True, help="Name of the feed, as BTC.")
@click.option("--value", required=True, help="The price, in decimals.")
@click.option("--decimals", type=click.IntRange(0, 18), default=8, show_default=True)
@click.option("--slot", type=click.IntRange(0), required=True, help="Milliseconds since 1970.")
@click.option("--reports", type=file_type, help="Leave them in this folder too.")
@conventions
def sign(
    console: Output,
    keys: Path,
    feed: str,
    value: str,
    decimals: int,
    slot: int,
    reports: Path | None,
) -> None:
    """Sign one price by every key: packages in the format of a real oracle, as hex."""
    from rollup.oracle.package import PackageError, feed_id
    from sequencer.oracle.folder import write_reports
    from sequencer.oracle.keys import read_keys
    from sequencer.oracle.signers import report

    signers = read_keys(keys)
    try:
        scaled, name = _scaled(value, decimals), feed_id(feed)
        signed = [report(key, name, scaled, slot) for key in signers]
    except PackageError as error:
        raise CommandError(ExitCode.USAGE, str(error)) from error
    if reports is not None:
        for key, each in zip(signers, signed, strict=True):
            write_reports(reports, slot, f"{key.address.hex()}-{name.hex()}", [each])
    record = [
        {"signer": key.address.hex(), "package": each.encode().hex()}
        for key, each in zip(signers, signed, strict=True)
    ]
    text = "\n".join(f"{each['signer']} {each['package']}" for each in record)
    console.result({"slot": slot, "packages": record}, text)


def _scaled(value: str, decimals: int) -> int:
    """A decimal text as the integer that is signed; nothing is rounded."""
    whole, _, rest = value.partition(".")
    fits = whole.isascii() and whole.isdigit() and len(value) <= 80 and len(rest) <= decimals
    if not fits or (rest and not (rest.isascii() and rest.isdigit())):
        detail = f"--value: a price with at most {decimals} decimals is wanted"
        raise CommandError(ExitCode.USAGE, detail)
    return int(whole + rest.ljust(decimals, "0"))


@oracle.command()
@keys_option
@reports_option
@click.option(
    "--config",
    type=file_type,
    default=Path("venue.toml"),
    show_default=True,
    help="The venue file: markets, slots, and who its signers are.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@conventions
def run(console: Output, keys: Path, reports: Path, config: Path, seed: int) -> None:
    """Sign development prices at every slot, until told to stop.

    Prices are slow waves around the venue file's first ones. Nobody should trade money on them.
    """
    from signal import SIGINT, SIGTERM, signal
    from threading import Event
    from time import time_ns

    from sequencer.oracle.keys import read_keys
    from sequencer.oracle.running import SignerLoop
    from sequencer.service.prices import DevelopmentPrices
    from sequencer.service.venue_file import read_venue_file

    signers, file = read_keys(keys), read_venue_file(config)
    strangers = [each for each in signers if each.address not in file.governance.oracle.signers]
    if strangers:
        detail = f"{keys}: {strangers[0].address.hex()} is no signer of {config}"
        raise CommandError(ExitCode.BAD_INPUT, detail)
    stop = Event()
    for number in (SIGINT, SIGTERM):
        signal(number, lambda *_: stop.set())
    prices = DevelopmentPrices(file.prices, file.swings, seed)
    loop = SignerLoop(signers, file, prices, reports, lambda: time_ns() // 10**6)
    loop.run(stop, _heard(console, len(signers), reports))


def _heard(console: Output, count: int, reports: Path) -> Callable[[int], None]:
    """Says where reports go, once there are some, and then of each slot if it is asked."""
    told: list[int] = []

    def signed(slot: int) -> None:
        if told:
            console.detail(f"slot {slot}")
            return
        told.append(slot)
        record = {"signers": count, "reports": str(reports), "slot": slot}
        console.result(record, f"{count} signers sign to {reports}, from slot {slot} on")

    return signed


@oracle.command()
@click.argument("file", type=file_type)
@click.option("--reports", type=file_type, help="Leave packages in this folder.")
@click.option("--feed", multiple=True, help="Leave those of this feed there; may be repeated.")
@conventions
def read(console: Output, file: Path, reports: Path | None, feed: tuple[str, ...]) -> None:
    """Read a provider's packages from a gateway's JSON, and say who signed each.

    What the gateway wrote is not changed. A venue judges what comes into its folder of reports by
    its own governance: a package of another feed, slot or signer counts for nothing there.
    """
    from rollup.oracle.gateway import GATEWAY_BYTES_MAX, packages_from_gateway
    from sequencer.oracle.folder import write_reports

    if reports is not None and not feed:
        raise CommandError(ExitCode.USAGE, "--reports: the feeds to leave there are wanted, --feed")
    with input_file(file):
        packages = packages_from_gateway(read_bounded(file, GATEWAY_BYTES_MAX))
    rows = [_row(package) for package in packages]
    wanted = [each for each in packages if _feeds(each) in [[name] for name in feed]]
    if reports is not None:
        for slot in sorted({each.package.time for each in wanted}):
            here = [each for each in wanted if each.package.time == slot]
            write_reports(reports, slot, "gateway", here)
    text = "\n".join(map(_line, packages))
    console.result({"packages": rows, "written": len(wanted) if reports else 0}, text)


@oracle.command()
@click.argument("file", type=file_type)
@l1_option
@sender_option
@conventions
def give(console: Output, file: Path, l1: str, sender: bytes) -> None:
    """Give L1 the signed reports in FILE, so that no batch can call their market missing.

    FILE is one of a venue's folder of reports, or a gateway's JSON. Anybody can give: what counts
    is who signed. Of each market a quorum of registered signers is wanted, all of one slot; what
    does not count is left out, and said. From the next moment on L1 refuses a header, on record,
    whose batch has no reports of such a market for that slot. It holds what a header to come can
    still ask for: a slot that is before that, or not there yet, is reverted (exit 5). If nothing
    counts, that is exit 1.
    """
    from sequencer.oracle.giving import give as give_to
    from sequencer.oracle.giving import read_packages

    with input_file(file):
        packages = read_packages(file)
    with known_errors(), remote_l1(l1) as remote:
        found = give_to(remote, sender, packages)
    slots = [
        {"slot": each.slot, "markets": dict(each.markets), "added": each.added}
        for each in found.slots
    ]
    record = {"slots": slots, "left_out": dict(found.refused)}
    left = [f"left out: {count} for {fault}" for fault, count in found.refused.items()]
    if not slots:
        said = "; ".join(left) or "there are none"
        error = f"{file}: no reports that count: {said}"
        raise CommandError(ExitCode.INVALID, error, {"error": error, **record})
    told = [
        f"slot {each.slot}: {', '.join(each.markets)}: L1 holds {each.added} reports more"
        for each in found.slots
    ]
    console.result(record, "\n".join([*told, *left]))


def _feeds(package: "SignedPackage") -> list[str]:
    """The names of its feeds."""
    from rollup.oracle.package import feed_name

    return [feed_name(point.feed) for point in package.package.points]


def _row(package: "SignedPackage") -> dict[str, object]:
    return {
        "time": package.package.time,
        "feeds": _feeds(package),
        "values": [str(point.value) for point in package.package.points],
        "signer": _signer(package),
    }


def _line(package: "SignedPackage") -> str:
    feeds = ", ".join(_feeds(package))
    return f"{package.package.time}  {_signer(package) or 'nobody signed it'}  {feeds}"


def _signer(package: "SignedPackage") -> str | None:
    """The address that a package recovers to; None where the signature is nobody's."""
    from rollup.crypto.address_key import SignatureError, signer_of

    try:
        return signer_of(package.package.digest(), package.signature).hex()
    except SignatureError:
        return None
