"""The prover that stays up: asked again where it was lost, believed where it answered."""

import json
import os
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from rollup.codec.strict import CodecError
from rollup.native.memory import MemoryMode
from rollup.protocol.rejection import Reason, Rejected
from sequencer.batches.artefacts import ArtefactError
from sequencer.batches.prover import ProverError
from sequencer.batches.resident import RETRIES_MAX, ProverLost, ResidentProver
from tests.helpers.descendants import children, lives, needs_proc, wait_until

PRELUDE = """
import json, os, pathlib, signal, sys, time

notes = pathlib.Path({notes!r})

def say(**record):
    print(json.dumps(record), flush=True)

def ready():
    say(ready=True, parameter_set="fast", shape_classes=["S"])

def note(text):
    with notes.open("a") as file:
        file.write(f"{{text}}\\n")

def requests():
    for line in sys.stdin:
        yield json.loads(line)

note("start")
attempt = notes.read_text().count("start")
"""

HONEST = """
ready()
for asked in requests():
    say(id=asked["id"], phase="proof: main", share=0.25)
    say(id=asked["id"], ok=True)
"""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Where the programs of a test write what they did."""
    return tmp_path / "notes"


@pytest.fixture
def make(notes: Path) -> Callable[..., ResidentProver]:
    """A prover that is a script; it may use what the prelude has."""

    def made(script: str, timeout_s: float = 20, **options: Any) -> ResidentProver:
        whole = PRELUDE.format(notes=str(notes)) + textwrap.dedent(script)
        return ResidentProver("fast", (sys.executable, "-c", whole), timeout_s, **options)

    return made


@contextmanager
def no_bundle() -> Iterator[None]:
    """The prover answered that it proved. These wrote nothing, and that is seen at once."""
    with pytest.raises(ArtefactError, match=r"public\.json: No such file"):
        yield


def starts(notes: Path) -> int:
    return notes.read_text().split().count("start")


def test_one_process_proves_batch_after_batch(
    make: Callable[..., ResidentProver], notes: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    script = """
    note(" ".join(sys.argv[1:]).replace(" ", "_"))
    ready()
    for asked in requests():
        note(json.dumps(asked).replace(" ", ""))
        say(id=asked["id"], phase="proof: main", share=0.25)
        say(id=asked["id"], ok=True)
    """
    with make(script, memory=MemoryMode.LOW) as prover:
        for number in (1, 2, 3):
            with no_bundle():
                prover.prove(b"batch", tmp_path / str(number), said.append)
    assert said == ["proof: main (25% done)"] * 3
    start, arguments, *asked = notes.read_text().split()
    assert start == "start"
    assert arguments == "prover_serve_--parameters_fast_--memory_low_--shape-class_S_--json"
    folders = [tmp_path / str(number) for number in (1, 2, 3)]
    assert [json.loads(each) for each in asked] == [
        {"id": number, "batch": str(folder / "private" / "batch.msgpack"), "output": str(folder)}
        for number, folder in enumerate(folders, 1)
    ]
    assert (folders[0] / "private" / "batch.msgpack").read_bytes() == b"batch"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("sys.exit(9)", id="death before it is ready"),
        pytest.param("ready(); next(requests()); sys.exit(1)", id="death in the middle"),
        pytest.param(
            "ready(); next(requests()); os.kill(os.getpid(), signal.SIGKILL)", id="it is killed"
        ),
        pytest.param("ready(); next(requests())", id="an orderly end without an answer"),
        pytest.param("ready(); print('no json', flush=True); time.sleep(60)", id="garbage"),
        pytest.param("ready(); print([1], flush=True); time.sleep(60)", id="no object"),
        pytest.param("print('[' * 100_000, flush=True); time.sleep(60)", id="deep garbage"),
        pytest.param("ready(); say(id=77, ok=True); time.sleep(60)", id="another's answer"),
        pytest.param("ready(); say(id=next(requests())['id'])", id="an answer that says nothing"),
        pytest.param("say(error='no kernels', exit_code=70); sys.exit(70)", id="no start"),
        pytest.param(
            "ready(); say(id=next(requests())['id'], error='internal', exit_code=70); sys.exit(70)",
            id="a fault of its own",
        ),
        pytest.param(
            "ready(); say(id=next(requests())['id'], error='not enough memory', exit_code=71)",
            id="no memory",
        ),
    ],
)
def test_a_lost_prover_is_replaced_and_the_batch_asked_for_again(
    make: Callable[..., ResidentProver], notes: Path, tmp_path: Path, fault: str
) -> None:
    said: list[str] = []
    script = f"if attempt == 1:\n    {fault}\n    sys.exit(5)\n{HONEST}"
    with make(script) as prover, no_bundle():
        prover.prove(b"", tmp_path / "out", said.append)
    assert starts(notes) == 2
    assert said[0].startswith("prover lost (") and said[0].endswith("trying again, 3 left")
    assert said[1:] == ["proof: main (25% done)"]


def test_a_batch_that_loses_every_prover_is_asked_for_four_times_and_then_raised(
    make: Callable[..., ResidentProver], notes: Path, tmp_path: Path
) -> None:
    script = "ready(); next(requests()); print('last words', file=sys.stderr); sys.exit(9)"
    with make(script) as prover:
        wanted = r"no proof in 4 attempts, at last: exit code 9: last words"
        with pytest.raises(ProverError, match=wanted) as caught:
            prover.prove(b"", tmp_path / "out")
        assert caught.value.exit_code == 9
        assert starts(notes) == 1 + RETRIES_MAX == 4
        with pytest.raises(ProverError, match="in 4 attempts"):
            prover.prove(b"", tmp_path / "out")  # another batch is tried afresh
    assert starts(notes) == 8


def test_who_counts_by_itself_hears_of_the_first_loss(
    make: Callable[..., ResidentProver], notes: Path, tmp_path: Path
) -> None:
    script = "ready(); next(requests()); sys.exit(9)"
    with make(script, retries=0) as prover:
        with pytest.raises(ProverLost, match="no proof in an attempt, at last: exit code 9"):
            prover.prove(b"", tmp_path / "out")
        assert starts(notes) == 1


def test_a_prover_that_hangs_is_ended_and_the_batch_asked_for_again(
    make: Callable[..., ResidentProver], notes: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    script = f"ready()\nif attempt == 1:\n    note(os.getpid())\n    time.sleep(600)\n{HONEST}"
    start = time.monotonic()
    with make(script, timeout_s=2) as prover, no_bundle():
        prover.prove(b"", tmp_path / "out", said.append)
    assert said[0] == "prover lost (no proof after 2 s): trying again, 3 left"
    assert time.monotonic() - start < 30
    hung = int(notes.read_text().split()[1])
    assert not lives(hung)


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (
            {"error": "rejected: margin: x", "reason": "margin", "exit_code": 1},
            Rejected,
            "margin: x",
        ),
        ({"error": "batch: malformed", "reason": None, "exit_code": 3}, CodecError, "malformed"),
        ({"error": "no proof: x", "reason": None, "exit_code": 1}, ProverError, "no proof: x"),
        ({"error": "/out: No space left", "exit_code": 74}, ProverError, "No space left"),
    ],
    ids=["rejected", "malformed", "unsatisfied", "disk full"],
)
def test_an_answer_is_believed_and_the_prover_goes_on(
    make: Callable[..., ResidentProver],
    notes: Path,
    tmp_path: Path,
    answer: dict[str, object],
    error: type[Exception],
    message: str,
) -> None:
    script = f"""
    ready()
    say(id=next(requests())["id"], **{answer!r})
    say(id=next(requests())["id"], ok=True)
    time.sleep(600)
    """
    with make(script) as prover:
        with pytest.raises(error, match=message) as caught:
            prover.prove(b"", tmp_path / "out")
        if isinstance(caught.value, Rejected):
            assert caught.value.reason is Reason.MARGIN
        with no_bundle():
            prover.prove(b"", tmp_path / "out")
    assert starts(notes) == 1


def test_a_prover_that_died_between_batches_costs_no_retry(
    make: Callable[..., ResidentProver], notes: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    with make("ready(); say(id=next(requests())['id'], ok=True)") as prover:
        for number in range(3):
            with no_bundle():
                prover.prove(b"", tmp_path / "out", said.append)
            wait_until(lambda: prover.has_ended, "it ends after one batch")
            assert starts(notes) == number + 1
    assert said == []


def test_a_prover_of_another_statement_is_not_asked(
    make: Callable[..., ResidentProver], notes: Path, tmp_path: Path
) -> None:
    script = "say(ready=True, parameter_set='l1', shape_classes=['S']); time.sleep(600)"
    with (
        make(script) as prover,
        pytest.raises(ProverError, match="a prover with parameter_set fast is wanted"),
    ):
        prover.prove(b"", tmp_path / "out")
    assert starts(notes) == 1


def test_a_prover_of_other_classes_is_not_asked(
    make: Callable[..., ResidentProver], tmp_path: Path
) -> None:
    with (
        make("ready(); time.sleep(600)", shape_classes=("S", "R")) as prover,
        pytest.raises(ProverError, match=r"a prover with shape_classes \['S', 'R'\] is wanted"),
    ):
        prover.prove(b"", tmp_path / "out")


def test_a_prover_that_is_not_there_is_named_and_not_tried_again(tmp_path: Path) -> None:
    said: list[str] = []
    prover = ResidentProver("fast", ("/no/such/program",))
    with prover, pytest.raises(ProverError, match="cannot start /no/such/program: No such file"):
        prover.prove(b"", tmp_path, said.append)
    assert said == []


@needs_proc
def test_the_process_lives_on_when_the_thread_that_asked_has_ended(
    make: Callable[..., ResidentProver], notes: Path, tmp_path: Path
) -> None:
    def ask() -> None:
        with no_bundle():
            prover.prove(b"", tmp_path / "out")

    others = set(children(os.getpid()))
    with make(
        "from rollup.program.processes import end_with_named_parent\nend_with_named_parent()\n"
        + HONEST
    ) as prover:
        for _ in range(3):
            asking = Thread(target=ask)
            asking.start()
            asking.join()
            time.sleep(0.1)
        (started,) = set(children(os.getpid())) - others
        assert lives(started)
    assert starts(notes) == 1
    assert not lives(started)


@needs_proc
def test_stop_ends_a_batch_under_way_and_a_process_that_ignores_being_asked(
    make: Callable[..., ResidentProver], notes: Path, tmp_path: Path
) -> None:
    script = """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready()
    next(requests())
    note(os.getpid())
    time.sleep(600)
    """
    caught: list[BaseException] = []

    def ask() -> None:
        try:
            prover.prove(b"", tmp_path / "out")
        except ProverError as error:
            caught.append(error)

    prover = make(script)
    asking = Thread(target=ask)
    asking.start()
    wait_until(lambda: notes.exists() and len(notes.read_text().split()) == 2, "it is asked")
    prover.stop()
    asking.join(20)
    assert [str(each) for each in caught] == ["prover: stopped"]
    assert not lives(int(notes.read_text().split()[1]))
    with pytest.raises(ProverError, match="stopped"):
        prover.prove(b"", tmp_path / "out")
    assert starts(notes) == 1


def test_an_old_proof_does_not_survive_a_new_batch(
    make: Callable[..., ResidentProver], tmp_path: Path
) -> None:
    stale = tmp_path / "out" / "public" / "proof.bin"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"old")
    with make(HONEST) as prover, no_bundle():
        prover.prove(b"", tmp_path / "out")
    assert not stale.exists()
