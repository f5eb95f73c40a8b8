"""`crypsis doctor`: what it prints, and how it ends."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rollup.doctor import machine
from rollup.doctor.check import Check, Health, Surroundings
from rollup.program.cli import root


def test_a_machine_that_is_fit_ends_with_0_and_says_how_it_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(about: Surroundings) -> list[Check]:
        return [Check("disk", Health.WARNING, str(about.state), "another disk")]

    monkeypatch.setattr(machine, "CHECKS", (slow, machine.cores))
    done = CliRunner().invoke(root, ["doctor", "--state", str(tmp_path), "--port", "0"])
    assert done.exit_code == 0, done.output
    assert f"!!  disk     {tmp_path}" in done.output and "another disk" in done.output
    assert "kernels" in done.output


def test_what_is_missing_ends_with_1_and_is_in_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        machine, "CHECKS", (lambda _: [Check("port", Health.FAILED, "taken", "--port 0")],)
    )
    told = CliRunner().invoke(root, ["doctor"])
    assert told.exit_code == 1 and "NO  port" in told.output and "not fit" in told.output
    done = CliRunner().invoke(root, ["doctor", "--json"])
    record = json.loads(done.output)
    assert (done.exit_code, record["ok"]) == (1, False)
    wanted = {"name": "port", "health": "failed", "found": "taken", "advice": "--port 0"}
    assert wanted in record["checks"]
