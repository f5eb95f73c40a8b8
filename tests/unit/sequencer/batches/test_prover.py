"""The prover as a process: what it is asked, what its answers mean, how it ends."""

import re
import sys
from pathlib import Path

import pytest

from rollup.codec.strict import CodecError
from rollup.native.memory import PEAK_GIB
from rollup.program.exit_codes import ExitCode
from rollup.protocol.rejection import Reason, Rejected
from sequencer.batches.artefacts import ArtefactError
from sequencer.batches.prover import ProcessProver, ProverError


def prover(script: str, timeout_s: float = 20) -> ProcessProver:
    """A prover that is a Python script; sys.argv is what it is asked."""
    return ProcessProver("fast", (sys.executable, "-c", script), timeout_s)


def test_it_is_asked_to_prove_the_batch_file_and_its_words_are_passed_on(tmp_path: Path) -> None:
    script = "import sys; print('; '.join(sys.argv[1:]), file=sys.stderr)"
    said: list[str] = []
    with pytest.raises(ArtefactError, match=r"public\.json: No such file"):
        prover(script).prove(b"batch", tmp_path, said.append)
    batch = tmp_path / "private" / "batch.msgpack"
    options = "--parameters; fast; --shape-class; S; --json; -v"
    assert said == [f"prove; {batch}; -o; {tmp_path}; {options}"]
    assert batch.read_bytes() == b"batch"


@pytest.mark.parametrize(
    ("record", "code", "error", "message"),
    [
        ('{"error": "rejected: margin: x", "reason": "margin"}', 1, Rejected, "margin: x"),
        ('{"error": "batch: not a msgpack message"}', 3, CodecError, "not a msgpack message"),
        ('{"error": "internal error"}', 70, ProverError, "exit code 70: internal error"),
        ("[1]", 1, ProverError, "exit code 1: last words"),
        ("no json", 9, ProverError, "exit code 9: last words"),
    ],
)
def test_its_failures_are_told_apart(
    tmp_path: Path, record: str, code: int, error: type[Exception], message: str
) -> None:
    script = (
        f"import sys; print({record!r}); print('last words', file=sys.stderr); sys.exit({code})"
    )
    with pytest.raises(error, match=message) as caught:
        prover(script).prove(b"", tmp_path)
    if isinstance(caught.value, Rejected):
        assert caught.value.reason is Reason.MARGIN


def test_a_prover_that_hangs_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(ProverError, match="no proof after 1 s") as caught:
        prover("import time; time.sleep(60)", timeout_s=1).prove(b"", tmp_path)
    assert caught.value.exit_code == ExitCode.TIMEOUT


def test_a_prover_that_was_killed_is_said_to_have_wanted_memory(tmp_path: Path) -> None:
    script = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    killed = ProcessProver("l1-tall", (sys.executable, "-c", script), shape_classes=("M",))
    peak = PEAK_GIB["M", "l1-tall"].low
    wanted = f"killed (out of memory? about {peak} GiB are wanted for class M at `l1-tall`)"
    with pytest.raises(ProverError, match=re.escape(wanted)) as caught:
        killed.prove(b"", tmp_path)
    assert caught.value.exit_code == ExitCode.NO_MEMORY


def test_a_prover_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProverError, match="cannot start /no/such/program"):
        ProcessProver("fast", ("/no/such/program",)).prove(b"", tmp_path)


def test_an_old_proof_does_not_survive_a_new_batch(tmp_path: Path) -> None:
    stale = tmp_path / "public" / "proof.bin"
    stale.parent.mkdir()
    stale.write_bytes(b"old")
    with pytest.raises(ArtefactError):
        prover("").prove(b"", tmp_path)
    assert not stale.exists()
