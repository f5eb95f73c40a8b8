"""The installed `crypsis` as a user runs it: a process, its exit code, and what it said."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).with_name("crypsis")
TIMEOUT_S = 600


@dataclass(frozen=True)
class Done:
    """A process that ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        record = json.loads(self.stdout)
        assert isinstance(record, dict)
        return record


def crypsis(*arguments: object, cwd: Path | None = None) -> Done:
    """Run the command as a user would; no traceback may ever be seen."""
    command = [str(PROGRAM), *(str(argument) for argument in arguments)]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=cwd, timeout=TIMEOUT_S
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert "internal error" not in done.stdout + done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Demo:
    """What `crypsis demo --json` said of a seed, and the folder that it filled."""

    seed: str
    record: dict[str, Any]
    target: Path

    def batch(self, number: int) -> Path:
        """The folder of a batch."""
        return self.target / "batches" / f"{number:06d}"
