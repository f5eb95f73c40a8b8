"""Options of the proof system: names repeated where nothing may be imported, and --memory."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import circuits.commands.bench
import circuits.prove
import rollup.doctor.cli
import rollup.harness.cli
import sequencer.service.venue_file
from circuits.commands import options
from circuits.commands.many import BatchFile, Workers
from circuits.prove import StarkProver
from circuits.stark.parameters import PARAMETER_SETS
from circuits.stark.prover import RESIDENT_BLOWUP
from rollup.codec.strict import CodecError
from rollup.native.memory import LOW_BY_DEFAULT, PEAK_GIB, MemoryMode
from rollup.program.cli import root
from rollup.program.exit_codes import ExitCode
from rollup.protocol.batch_codec import batch_to_bytes
from rollup.protocol.shape_class import SHAPE_CLASSES
from tests.helpers.venue import TOY, Venue

LOW = {MemoryMode.AUTO: None, MemoryMode.LOW: True, MemoryMode.HIGH: False}


class Recorder:
    """Stands where a prover is made: keeps the options, and makes none."""

    def __init__(self) -> None:
        self.options: list[dict[str, object]] = []

    def __call__(self, *_: object, **options: object) -> None:
        self.options.append(options)
        raise CodecError("asked")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Whoever makes a prover makes this one."""
    recorder = Recorder()
    monkeypatch.setattr(circuits.prove, "prepared_prover", recorder)
    monkeypatch.setattr(circuits.commands.bench, "Prover", recorder)
    return recorder


@pytest.fixture
def batch() -> bytes:
    return batch_to_bytes(Venue(TOY).batch())


def test_sets_repeated_by_hand_are_the_parameter_sets() -> None:
    named = list(PARAMETER_SETS)
    for found in (
        options.SETS,
        rollup.doctor.cli.SETS,
        rollup.harness.cli.SETS,
        sequencer.service.venue_file.PARAMETER_SETS,
    ):
        assert list(found) == named
    assert set(PEAK_GIB) == {(each, name) for each in SHAPE_CLASSES for name in named}


def test_auto_is_known_without_the_prover_and_is_what_the_prover_does() -> None:
    large = {name for name, each in PARAMETER_SETS.items() if each.blowup > RESIDENT_BLOWUP}
    assert large == LOW_BY_DEFAULT


@pytest.mark.parametrize("mode", MemoryMode)
def test_the_mode_comes_to_the_prover(asked: Recorder, batch: bytes, mode: MemoryMode) -> None:
    prover = StarkProver("fast", "S", memory=mode)
    assert prover.statement["memory"] == mode.value
    with pytest.raises(CodecError, match="asked"):
        prover.prove_bundle(batch)
    assert asked.options == [{"low_memory": LOW[mode]}]


def test_without_a_word_the_prover_decides(asked: Recorder, batch: bytes) -> None:
    with pytest.raises(CodecError, match="asked"):
        StarkProver("fast", "S").prove_bundle(batch)
    assert asked.options == [{"low_memory": None}]


@pytest.mark.parametrize("mode", MemoryMode)
def test_every_command_that_proves_passes_it_on(
    asked: Recorder, batch: bytes, tmp_path: Path, mode: MemoryMode
) -> None:
    (tmp_path / "batch").write_bytes(batch)
    prove = ("prove", str(tmp_path / "batch"), "-o", str(tmp_path / "out"))
    for words in (prove, ("prover", "serve"), ("prover", "bench")):
        done = CliRunner().invoke(root, [*words, "--memory", mode.value])
        assert done.exit_code == ExitCode.BAD_INPUT and "asked" in done.output
    assert asked.options == [{"low_memory": LOW[mode]}] * 3


def test_a_worker_proves_in_the_mode_that_it_is_told(asked: Recorder, batch: bytes) -> None:
    class Here(Executor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            with pytest.raises(CodecError, match="asked"):
                fn(*args, **kwargs)
            return Future()

    file, workers = BatchFile.of(batch), Workers(Here())
    for mode in MemoryMode:
        workers.prove(file, "fast", mode)
    workers.prove(file, "fast")
    assert asked.options == [{"low_memory": each} for each in (None, True, False, None)]
