"""`crypsis leak report`: of a folder, of worlds, and what it says when something is wrong."""

import json
import shutil
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sequencer.leak import measure, pairs
from sequencer.leak.advantage import Advantage
from sequencer.leak.cli import leak
from sequencer.leak.distinguisher import Verdict
from sequencer.leak.features import FEATURE_NAMES
from sequencer.leak.measure import Measured
from sequencer.leak.pairs import PAIRS, Pair
from sequencer.leak.run import run
from sequencer.mirror.folder import Mirror

BY_NAME = {each.name: each for each in PAIRS}


def call(*arguments: object) -> Result:
    return CliRunner().invoke(leak, ["report", *(str(each) for each in arguments)])


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run published, and nothing else."""
    seen = run(BY_NAME["payer"].worlds[0], 1)
    mirror = Mirror(tmp_path_factory.mktemp("leak") / "mirror")
    mirror.begin(seen.genesis)
    for number, sight in enumerate(seen.sights, 1):
        assert sight.data is not None
        mirror.keep(number, sight.public, sight.data)
    return mirror.root


def test_a_folder_is_told_in_a_table_and_in_words(kept: Path) -> None:
    result = call(kept)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    heads = " ".join(lines[0].split())
    assert heads == "batch class s accounts positions + - in out step clear"
    assert lines[3].split() == ["2", "S", "1", "1", "2", "3", "4", "1", "1", "0", "0", "2"]
    assert "withdrawals: 1, of which the account is known: 0" in lines
    assert "batches that opened two accounts alone, so that who met whom is known: 0" in lines
    assert max(map(len, lines[:5])) <= 80


def test_json_has_every_batch_the_sums_and_what_each_feature_tells(kept: Path) -> None:
    found: dict[str, Any] = json.loads(call(kept, "--json").stdout)
    assert [each["number"] for each in found["batches"]] == [1, 2, 3]
    assert found["batches"][2]["sources"] == [[3, 4]] and found["sums"]["attributed"] == 0
    assert set(found["features"]) == set(FEATURE_NAMES) and "pairs" not in found


def test_many_batches_and_accounts_are_cut_short(kept: Path) -> None:
    from sequencer.leak import render
    from sequencer.leak.folder import observed
    from sequencer.leak.observer import Observer
    from sequencer.leak.told import Notebook, sums_of
    from sequencer.mirror.following import fast_hashing

    start = Mirror(kept).genesis()
    notebook = Notebook(start)
    rows = [notebook.note(e) for e in observed(Mirror(kept), Observer(start, fast_hashing()))]
    text = render.told_text(rows * 10, sums_of(rows * 10))
    assert f"({30 - render.ROWS_MAX} earlier batches: --json)" in text
    assert render._some(list(range(13))) == "0 1 2 3 4 5 6 7 8 9 and 3 more"


def test_a_folder_without_published_data_says_what_is_missing(kept: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(kept, tmp_path / "mirror"))
    (Mirror(root).place(2) / "data.bin").unlink()
    lines = call(root).stdout.splitlines()
    assert lines[-1].startswith("batches whose data.bin is not here: 1;")
    assert json.loads(call(root, "--json").stdout)["sums"]["blind"] == 1


@pytest.mark.parametrize("missing", ["genesis.json", "batches"])
def test_a_folder_without_a_venues_files_is_wrong_input(tmp_path: Path, missing: str) -> None:
    if missing == "batches":
        seen = run(BY_NAME["side"].worlds[0], 1)
        Mirror(tmp_path).begin(seen.genesis)
    result = call(tmp_path)
    assert (result.exit_code, result.stdout) == (3, "")
    assert str(tmp_path) in result.stderr and "Traceback" not in result.stderr


def test_wrong_usage_is_said(kept: Path) -> None:
    assert call("--worlds", 39).exit_code == 2
    assert call("--seed", -1).exit_code == 2
    assert call(kept / "genesis.json").exit_code == 2


def test_worlds_are_measured_and_a_seed_gives_the_same_again(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs, "PAIRS", (BY_NAME["lone order"],))
    monkeypatch.setattr(measure, "measure", partial(measure.measure, runner=cache(run)))
    result = call(kept, "--worlds", 40, "--seed", 5, "--json")
    found: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == 0 and found["seed"] == 5 and len(found["batches"]) == 3
    assert [each["told_by"] for each in found["pairs"]] == [["receipts"]]
    assert all(each["advantage"] == 1 and each["expected"] for each in found["pairs"])
    assert json.loads(call("--worlds", 40, "--seed", 5, "--json").stdout)["pairs"] == found["pairs"]


def test_a_pair_that_must_look_alike_and_does_not_is_exit_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told, coin = (Verdict(Advantage(right, 40), "a rule", "order") for right in (40, 20))

    def leaking(pair: Pair, runs: int, seed: int, **_: object) -> Measured:
        return Measured(pair, runs, told, ("order",), coin)

    monkeypatch.setattr(pairs, "PAIRS", (BY_NAME["side"],))
    monkeypatch.setattr(measure, "measure", leaking)
    result = call("--worlds", 40, "--seed", 7)
    assert result.exit_code == 1
    assert "not as docs/spec/26-leaks.md has it: side; seed 7" in result.stderr
    assert "(NOT AS KNOWN)" in " ".join(result.stderr.split())
    found = json.loads(call("--worlds", 40, "--seed", 7, "--json").stdout)
    assert (found["exit_code"], found["pairs"][0]["told_by"]) == (1, ["order"])
