"""A program of a devnet that does not come up: what is said of it, and with which exit code."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from rollup.entry import InstallationError
from rollup.program.exit_codes import ExitCode
from sequencer.batches import prover
from sequencer.running import cli, kept_process
from sequencer.running.kept_process import KeptProcess, NotStarted
from sequencer.running.l1_process import L1Process
from sequencer.running.signer_process import SignerProcess


def a_program(tmp_path: Path, body: str) -> str:
    path = tmp_path / "crypsis"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return str(path)


@pytest.mark.parametrize(
    ("body", "code", "told"),
    [
        (
            """echo '{"error": "this needs numba: pip install it", "exit_code": 2}'""",
            ExitCode.USAGE,
            "this needs numba",
        ),
        ("""echo '{"error": "port 1 is taken", "exit_code": 4}'""", ExitCode.UNREACHABLE, "taken"),
        ("""echo '{"error": "odd", "exit_code": 999}'""", ExitCode.INTERNAL, "odd"),
        ("echo \"No module named 'rollup'\" >&2; exit 1", ExitCode.INTERNAL, "named 'rollup'"),
        ("exit 0", ExitCode.INTERNAL, "it said nothing"),
    ],
)
def test_the_exit_code_is_the_one_that_it_ended_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, code: ExitCode, told: str
) -> None:
    monkeypatch.setattr(kept_process, "program", lambda: a_program(tmp_path, body))
    kinds: list[KeptProcess] = [
        L1Process((), 0, lambda _: None),
        SignerProcess((), lambda _: None),
    ]
    for kind in kinds:
        with pytest.raises(NotStarted, match=told) as caught, kind:
            pass
        assert caught.value.exit_code == code
        assert str(caught.value).startswith(f"crypsis {' '.join(kind.words)}: ")


def test_a_devnet_without_its_own_program_names_it_and_how_to_mend_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was called an L1 that is not reached (4), and the file that is missing was not named."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(InstallationError, match="is missing"):
        prover.program()
    done = CliRunner().invoke(cli.devnet, ["--port", "0", "--state", str(tmp_path / "state")])
    assert done.exit_code == ExitCode.INTERNAL, done.output
    assert str(tmp_path / "crypsis") in done.output and "pip install" in done.output
    (tmp_path / "crypsis").write_text("no program")
    with pytest.raises(InstallationError, match="cannot be executed"):
        prover.program()
