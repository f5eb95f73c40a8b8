"""`crypsis oracle give`: a file of signed reports comes to L1 in the order that it wants."""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rollup.harness.people import address
from rollup.harness.reports import report, reports_of, signer_name
from rollup.harness.served import Served
from rollup.l1.development import LocalL1
from rollup.oracle.package import SignedPackage, packages_to_bytes
from sequencer.oracle.cli import oracle
from tests.helpers.serving import serving
from tests.unit.rollup.l1.test_stored import fresh

VALUES = {"BTC": [6_001_000_000_000] * 3, "ETH": [251_000_000_000] * 4}
SENDER = address("alice").hex()


@pytest.fixture
def l1() -> LocalL1:
    made = fresh()
    made.warp(10_000)
    return made


@pytest.fixture
def url(l1: LocalL1) -> Iterator[str]:
    with serving(Served(l1)) as found:
        yield found


def slot_of(l1: LocalL1) -> int:
    return l1.now() // 1_000 * 1_000


def give(file: Path, url: str, *more: str) -> tuple[int, dict[str, Any]]:
    arguments = ["give", str(file), "--l1", url, "--sender", SENDER, *more, "--json"]
    done = CliRunner().invoke(oracle, arguments)
    return done.exit_code, json.loads(done.stdout.splitlines()[-1])


def written(folder: Path, packages: tuple[SignedPackage, ...]) -> Path:
    file = folder / "some.reports"
    file.write_bytes(packages_to_bytes(packages))
    return file


def test_a_file_of_reports_in_any_order_is_given_and_what_does_not_count_is_said(
    tmp_path: Path, l1: LocalL1, url: str
) -> None:
    slot = slot_of(l1)
    honest = reports_of(VALUES, slot)
    strange = report("stranger", "BTC", 1, slot)
    file = written(tmp_path, (strange, *reversed(honest)))
    code, said = give(file, url)
    assert code == 0
    assert said["slots"] == [{"slot": slot, "markets": {"BTC": 3, "ETH": 4}, "added": 7}]
    assert said["left_out"] == {"report-signer": 1}
    assert l1.given.keys() == {slot} and set(l1.given_reports(slot)) == set(honest)
    assert give(file, url)[1]["slots"][0]["added"] == 0


def test_what_a_gateway_serves_is_given_as_it_is(tmp_path: Path, l1: LocalL1, url: str) -> None:
    slot = slot_of(l1)
    served = {
        "BTC": [
            {
                "dataPoints": [{"dataFeedId": "BTC", "value": each.package.points[0].value / 1e8}],
                "timestampMilliseconds": slot,
                "signature": b64encode(each.signature).decode(),
            }
            for each in reports_of({"BTC": VALUES["BTC"]}, slot)
        ]
    }
    file = tmp_path / "gateway.json"
    file.write_text(json.dumps(served))
    code, said = give(file, url)
    assert (code, said["slots"]) == (0, [{"slot": slot, "markets": {"BTC": 3}, "added": 3}])


def test_if_nothing_counts_that_is_said_and_l1_is_not_called(
    tmp_path: Path, l1: LocalL1, url: str
) -> None:
    few = reports_of({"BTC": VALUES["BTC"][:2]}, slot_of(l1))
    code, said = give(written(tmp_path, few), url)
    assert code == 1 and "2 for report-quorum" in said["error"]
    assert l1.given == {}
    code, said = give(written(tmp_path, ()), url)
    assert code == 1 and "there are none" in said["error"]


def test_a_slot_to_come_is_reverted(tmp_path: Path, l1: LocalL1, url: str) -> None:
    ahead = reports_of({"BTC": VALUES["BTC"]}, slot_of(l1) + 1_000)
    code, said = give(written(tmp_path, ahead), url)
    assert (code, said["reason"]) == (5, "report-ahead")


def test_a_file_that_has_no_reports_is_refused_by_its_name(tmp_path: Path, url: str) -> None:
    file = tmp_path / "what.reports"
    for data in (b"", b"what", b"{", b'{"BTC": 1}'):
        file.write_bytes(data)
        code, said = give(file, url)
        assert code == 3 and str(file) in said["error"], data


def test_nobody_listens(tmp_path: Path) -> None:
    file = written(tmp_path, (report(signer_name(0), "BTC", 1, 1_000),))
    assert give(file, "http://127.0.0.1:9/")[0] == 4
