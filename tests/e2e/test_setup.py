"""`make setup` on machines as they are: no pip, half an environment, an old Python."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / ".ci" / "environment"

FAKE = """#!/bin/sh
echo "$*" >> {calls}
case "$*" in
    "-c import sys; sys.exit"*) exit {old} ;;
    "-c import sys; print"*) echo "{version}" ;;
    "-c import ensurepip") exit {without_ensurepip} ;;
    "-m ensurepip") exit {without_ensurepip} ;;
    "-m venv --clear "*)
        rm -rf "$4" && mkdir -p "$4/bin" && cp "$0" "$4/bin/python" && touch "$4/bin/pip" ;;
    "-m pip --version") test -e "$(dirname "$0")/pip" ;;
    "-m pip install "*) test -e {network} ;;
esac
"""


class Machine:
    """A folder with fakes of Python, each noting how it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = folder / ".venv"
        self.calls = folder / "calls"
        self.network = folder / "network"

    def fake(self, place: Path, version: str = "3 12", ensurepip: bool = True) -> Path:
        """An executable that answers like a Python of this version."""
        place.parent.mkdir(parents=True, exist_ok=True)
        old = int(tuple(map(int, version.split())) < (3, 11))
        without = int(not ensurepip)
        place.write_text(
            FAKE.format(
                calls=self.calls,
                old=old,
                version=version,
                without_ensurepip=without,
                network=self.network,
            )
        )
        place.chmod(0o755)
        return place

    def fake_environment(self, version: str = "3 12", ensurepip: bool = True) -> Path:
        """An environment of such a Python, with pip and with something that somebody put there."""
        self.fake(self.environment / "bin" / "python", version, ensurepip)
        (self.environment / "bin" / "pip").touch()
        (self.environment / "kept").touch()
        return self.environment

    def mend(self, python: str | Path, choice: str = "any") -> subprocess.CompletedProcess[str]:
        command = [str(SCRIPT), str(python), str(self.environment), choice]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`make` on the project's own Makefile, in this folder."""
        for name in ("Makefile", "requirements.lock", "pyproject.toml", ".ci/environment"):
            (self.folder / name).parent.mkdir(exist_ok=True)
            shutil.copy2(ROOT / name, self.folder / name)
        inherited = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON"}
        return subprocess.run(
            ["make", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={name: value for name, value in os.environ.items() if name not in inherited},
        )

    def has_kept(self) -> bool:
        return (self.environment / "kept").exists()

    def pip_runs(self) -> bool:
        python = self.environment / "bin" / "python"
        command = [str(python), "-m", "pip", "--version"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_an_environment_without_pip_is_given_pip_and_keeps_the_rest(machine: Machine) -> None:
    command = [sys.executable, "-m", "venv", "--without-pip", str(machine.environment)]
    subprocess.run(command, check=True)
    (machine.environment / "kept").touch()
    assert not machine.pip_runs()
    assert machine.mend(sys.executable).returncode == 0
    assert machine.pip_runs() and machine.has_kept()


def test_an_environment_whose_python_is_gone_is_made_anew(machine: Machine) -> None:
    python = machine.environment / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(machine.folder / "gone")
    assert machine.mend(machine.fake(machine.folder / "python3")).returncode == 0
    assert machine.pip_runs()


def test_an_environment_that_can_install_is_left_alone_whatever_python_is_by_default(
    machine: Machine,
) -> None:
    machine.fake_environment("3 12")
    old = machine.fake(machine.folder / "python3", "3 9")
    assert machine.mend(old).returncode == 0
    assert machine.has_kept()


def test_a_python_asked_for_by_name_replaces_another_version(machine: Machine) -> None:
    machine.fake_environment("3 11")
    asked = machine.fake(machine.folder / "python3.12", "3 12")
    assert machine.mend(asked, "asked").returncode == 0
    assert "-m venv --clear" in machine.calls.read_text()


def test_a_python_asked_for_by_name_keeps_its_own_version(machine: Machine) -> None:
    machine.fake_environment("3 12")
    asked = machine.fake(machine.folder / "python3.12", "3 12")
    assert machine.mend(asked, "asked").returncode == 0
    assert "-m venv" not in machine.calls.read_text()


@pytest.mark.parametrize("python", ["old", "missing"])
def test_an_old_or_missing_python_is_refused_in_one_line_and_nothing_is_removed(
    machine: Machine, python: str
) -> None:
    machine.fake_environment("3 11")
    machine.fake(machine.folder / "old", "3 10")
    done = machine.mend(machine.folder / python, "asked")
    assert done.returncode == 1
    assert "Python 3.11 or later is wanted" in done.stderr and done.stderr.count("\n") == 1
    assert machine.has_kept()


def test_a_python_without_ensurepip_says_what_to_install_and_nothing_is_removed(
    machine: Machine,
) -> None:
    environment = machine.fake_environment(ensurepip=False)
    (environment / "bin" / "pip").unlink()
    done = machine.mend(machine.fake(machine.folder / "python3", ensurepip=False))
    assert done.returncode == 1
    assert "python3-venv" in done.stderr and done.stderr.count("\n") == 1
    assert machine.has_kept()
    assert "-m venv" not in machine.calls.read_text()


def test_an_installation_that_was_interrupted_is_taken_up_again(machine: Machine) -> None:
    python = machine.fake(machine.folder / "python3.12")
    target = (f"PYTHON={python}", ".venv/.installed")
    assert machine.make(*target).returncode != 0
    assert not (machine.environment / ".installed").exists()
    machine.network.touch()
    assert machine.make(*target).returncode == 0
    assert (machine.environment / ".installed").exists()


def test_make_mends_an_environment_that_broke_after_it_was_installed(machine: Machine) -> None:
    machine.network.touch()
    python = machine.fake(machine.folder / "python3.12")
    assert machine.make(f"PYTHON={python}", ".venv/.installed").returncode == 0
    (machine.environment / "bin" / "python").unlink()
    machine.make(f"PYTHON={python}", "environment")
    assert machine.pip_runs()
