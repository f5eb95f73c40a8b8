"""`crypsis oracle`: keys, one signed price, and a provider's packages from a file."""

import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from rollup.oracle.package import SignedPackage
from rollup.protocol.pricing import PriceKind
from sequencer.oracle.cli import oracle
from sequencer.oracle.folder import ReportFolder
from sequencer.service.reports import select
from tests.helpers import venue as small
from tests.helpers.market_books import book_of
from tests.helpers.oracle import EXAMPLE, KEYS, oracle_terms
from tests.helpers.oracle import reports as signed_reports


def run(*arguments: object) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(oracle, [*map(str, arguments), "--json"])
    return done.exit_code, json.loads(done.stdout.splitlines()[-1])


def test_keys_are_drawn_once_and_shown_by_their_addresses(tmp_path: Path) -> None:
    code, said = run("keys", tmp_path / "keys")
    assert code == 0 and len(set(said["signers"])) == 5 == len(said["signers"])
    files = list((tmp_path / "keys").iterdir())
    assert not any(file.read_bytes().hex() in json.dumps(said) for file in files)
    code, said = run("keys", tmp_path / "keys")
    assert code == 3 and "keys are there already" in said["error"]


def test_a_price_that_is_signed_makes_a_venue_s_price(tmp_path: Path) -> None:
    _, drawn = run("keys", tmp_path / "keys")
    terms = oracle_terms(("BTC", "ETH"), small.PRICES)
    slot = small.START + 7_000
    options = ("--keys", tmp_path / "keys", "--slot", slot, "--reports", tmp_path / "reports")
    code, said = run("sign", "--feed", "BTC", "--value", "60123.4", *options)
    assert code == 0 and [each["signer"] for each in said["packages"]] == drawn["signers"]
    for each in said["packages"]:
        package = SignedPackage.decode(bytes.fromhex(each["package"]))
        assert package.package.points[0].value == 6_012_340_000_000 and package.package.time == slot
    offered = ReportFolder(tmp_path / "reports", print).of(slot)
    signers = tuple(bytes.fromhex(address) for address in drawn["signers"])
    governance = replace(small.GOVERNANCE, oracle=replace(terms, signers=signers, quorum=3))
    chosen = select(governance, slot + terms.lag_ms, book_of(small.PRICES), offered)
    assert chosen.pricing.kinds[0] is PriceKind.FRESH and chosen.pricing.prices[0] == 601_234


def test_what_is_no_price_is_wrong_usage(tmp_path: Path) -> None:
    run("keys", tmp_path / "keys")
    for value in ("", "-1", "1e5", "1.123456789", "1.-1", "one", "0x10", "٣", "9" * 80):
        options = ("--keys", tmp_path / "keys", "--feed", "BTC", "--slot", 0, "--value", value)
        code, said = run("sign", *options)
        assert code == 2, value
        assert "price" in said["error"] or "value" in said["error"]


def test_signers_that_the_venue_does_not_register_do_not_run(tmp_path: Path) -> None:
    run("keys", tmp_path / "keys")
    (tmp_path / "venue.toml").write_text(EXAMPLE)
    code, said = run(
        "run",
        *("--keys", tmp_path / "keys", "--config", tmp_path / "venue.toml"),
        *("--reports", tmp_path / "reports"),
    )
    assert code == 3 and "is no signer of" in said["error"]


def test_packages_of_a_gateway_are_read_unchanged_and_a_venue_takes_them(tmp_path: Path) -> None:
    time = small.START + 9_000
    signed = signed_reports(small.GOVERNANCE, (601_000, 251_000), time)
    served: dict[str, list[dict[str, Any]]] = {"BTC": [], "ETH": []}
    for each in signed:
        (point,) = each.package.points
        name = point.feed.rstrip(b"\0").decode()
        served[name].append(
            {
                "dataPoints": [{"dataFeedId": name, "value": point.value / 10**8}],
                "timestampMilliseconds": each.package.time,
                "signature": b64encode(each.signature).decode(),
                "dataServiceId": "tests",
                "dataPackageId": name,
            }
        )
    file = tmp_path / "gateway.json"
    file.write_text(json.dumps(served))
    code, said = run("read", file, "--reports", tmp_path / "reports")
    assert code == 2 and "--feed" in said["error"]
    code, said = run("read", file, "--reports", tmp_path / "btc", "--feed", "BTC")
    assert code == 0 and said["written"] == 3
    feeds = ("--feed", "BTC", "--feed", "ETH")
    code, said = run("read", file, "--reports", tmp_path / "reports", *feeds)
    assert code == 0 and said["written"] == 6
    assert {row["signer"] for row in said["packages"]} == {key.address.hex() for key in KEYS}
    offered = ReportFolder(tmp_path / "reports", print).of(small.GOVERNANCE.oracle.slot(time))
    chosen = select(small.GOVERNANCE, time, book_of(small.PRICES), offered)
    assert chosen.pricing.prices == (601_000, 251_000)


def test_a_package_that_nobody_signed_is_said_and_a_file_that_is_none_is_refused(
    tmp_path: Path,
) -> None:
    file = tmp_path / "gateway.json"
    row = {
        "dataPoints": [{"dataFeedId": "BTC", "value": 1}],
        "timestampMilliseconds": 1,
        "signature": b64encode(bytes(65)).decode(),
    }
    file.write_text(json.dumps({"BTC": [row]}))
    code, said = run("read", file)
    assert code == 0 and said["packages"][0]["signer"] is None
    file.write_text("{")
    code, said = run("read", file)
    assert code == 3 and str(file) in said["error"]
