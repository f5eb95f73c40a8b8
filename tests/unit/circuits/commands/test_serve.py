"""Requests to a prover that stays up: each has one answer, and only a fault of its own ends it."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from circuits.commands.serve import REQUEST_BYTES_MAX, answer_all
from circuits.stark.quotient import UnsatisfiedError
from rollup.codec.strict import CodecError
from rollup.program.cli import CommandError
from rollup.program.exit_codes import ExitCode
from rollup.protocol.rejection import Reason, Rejected

Record = dict[str, Any]


class Bundle:
    """A bundle of one file."""

    meta: ClassVar[dict[str, object]] = {"batch": 7}

    def write(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "written").write_text("here")


class Prover:
    """Proves bytes that are the name of no error, and raises the others."""

    statement: ClassVar = {"parameter_set": "fast", "shape_classes": ["S"], "memory": "auto"}
    errors: ClassVar[dict[bytes, BaseException]] = {
        b"rejected": Rejected(Reason.MARGIN, "account 5"),
        b"malformed": CodecError("batch: not a msgpack message"),
        b"unsatisfied": UnsatisfiedError("a bus is unbalanced"),
        b"memory": MemoryError(),
        b"fault": ZeroDivisionError("of a kernel"),
    }

    def prove_bundle(self, batch: bytes, report: Callable[[str, float], None]) -> Bundle:
        report("rules: applying the batch", 0.0)
        if batch in self.errors:
            raise self.errors[batch]
        report("proof: main", 0.12345)
        return Bundle()


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., list[Record]]:
    """Asks for proofs of these bytes, whose files are numbered, and returns all that is said."""

    def asked(*batches: bytes) -> list[Record]:
        lines = []
        for number, batch in enumerate(batches):
            path = tmp_path / f"{number}.msgpack"
            path.write_bytes(batch)
            record = {"id": number, "batch": str(path), "output": str(tmp_path / f"out{number}")}
            lines.append(json.dumps(record).encode())
        return answers(b"\n".join(lines))

    return asked


def answers(requests: bytes) -> list[Record]:
    said: list[Record] = []
    answer_all(Prover(), io.BytesIO(requests), said.append)
    json.dumps(said)
    return said


def test_a_batch_is_proved_into_its_folder_and_every_phase_is_told(
    ask: Callable[..., list[Record]], tmp_path: Path
) -> None:
    assert ask(b"good") == [
        {"id": 0, "phase": "rules: applying the batch", "share": 0.0},
        {"id": 0, "phase": "proof: main", "share": 0.123},
        {"id": 0, "ok": True, "bundle": str(tmp_path / "out0" / "public"), "batch": 7},
    ]
    assert (tmp_path / "out0" / "written").exists()


@pytest.mark.parametrize(
    ("batch", "exit_code", "reason", "error"),
    [
        (b"rejected", ExitCode.INVALID, "margin", "margin: account 5"),
        (b"malformed", ExitCode.BAD_INPUT, None, "0.msgpack: batch: not a msgpack message"),
        (b"unsatisfied", ExitCode.INVALID, None, "no proof: a bus is unbalanced"),
        (b"memory", ExitCode.NO_MEMORY, None, "not enough memory: about 0.5 GiB are wanted"),
    ],
)
def test_a_batch_without_a_proof_is_answered_as_prove_would_end_and_the_next_is_proved(
    ask: Callable[..., list[Record]],
    tmp_path: Path,
    batch: bytes,
    exit_code: ExitCode,
    reason: str | None,
    error: str,
) -> None:
    said = [record for record in ask(batch, b"good") if "phase" not in record]
    assert [record["id"] for record in said] == [0, 1]
    assert set(said[0]) == {"id", "error", "reason", "exit_code"}
    assert (said[0]["exit_code"], said[0]["reason"]) == (exit_code, reason)
    assert error in said[0]["error"]
    assert said[1]["ok"] is True
    assert not (tmp_path / "out0" / "written").exists()


def test_a_fault_of_its_own_is_answered_and_ends_it(
    ask: Callable[..., list[Record]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    said: list[Record] = []
    path = tmp_path / "fault"
    path.write_bytes(b"fault")
    line = json.dumps({"id": "a", "batch": str(path), "output": str(tmp_path / "out")}) + "\n"
    with pytest.raises(CommandError) as caught:
        answer_all(Prover(), io.BytesIO(2 * line.encode()), said.append)
    assert caught.value.exit_code == ExitCode.INTERNAL
    assert [record["exit_code"] for record in said if "phase" not in record] == [70]
    assert "of a kernel" not in json.dumps(said)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    record = {"id": "a", "batch": str(tmp_path / "none"), "output": str(tmp_path / "out")}
    (said,) = answers(json.dumps(record).encode())
    assert said["exit_code"] == ExitCode.BAD_INPUT
    assert said["error"] == f"{tmp_path / 'none'}: No such file or directory"


def test_a_folder_that_cannot_be_written_is_told_before_any_work(
    ask: Callable[..., list[Record]], tmp_path: Path
) -> None:
    (tmp_path / "out0").write_text("no folder")
    (said,) = ask(b"good")
    assert said["exit_code"] == ExitCode.CANNOT_WRITE
    assert str(tmp_path / "out0") in said["error"]


@pytest.mark.parametrize(
    ("line", "name", "wanted"),
    [
        (b"no json", None, "one JSON object a line is wanted"),
        (b"[" * 10_000, None, "one JSON object a line is wanted"),
        (b"\xff", None, "one JSON object a line is wanted"),
        (b"[1]", None, "a JSON object is wanted"),
        (b'{"batch": "b", "output": "o"}', None, "`id` is a string or a whole number"),
        (b'{"id": true, "batch": "b", "output": "o"}', None, "`id` is a string"),
        (b'{"id": 1.5, "batch": "b", "output": "o"}', None, "`id` is a string"),
        (b'{"id": "%s", "batch": "b", "output": "o"}' % (b"a" * 101), None, "at most 100"),
        (b'{"id": 1%s, "batch": "b", "output": "o"}' % (b"0" * 100), None, "at most 100"),
        (b'{"id": "a", "batch": "b"}', "a", "the members batch, id, output are wanted"),
        (b'{"id": 3, "batch": "b", "output": "o", "more": 1}', 3, "the members"),
        (b'{"id": 3, "batch": 5, "output": "o"}', 3, "`batch` and `output` are paths"),
        (b'{"id": 3, "batch": "b", "output": ""}', 3, "`batch` and `output` are paths"),
        (b'{"id": 3, "batch": "b\\u0000", "output": "o"}', 3, "`batch` and `output` are paths"),
        (b'{"id": 3, "batch": "\\ud800", "output": "o"}', 3, "`batch` and `output` are paths"),
    ],
)
def test_a_line_that_is_no_request_is_answered_and_the_next_is_read(
    line: bytes, name: object, wanted: str
) -> None:
    said = answers(line + b"\n\nno json\n")
    assert [record["exit_code"] for record in said] == [ExitCode.USAGE] * 2
    assert said[0]["id"] == name
    assert wanted in said[0]["error"]


def test_a_number_of_five_thousand_digits_is_no_id() -> None:
    (said,) = answers(b'{"id": %s, "batch": "b", "output": "o"}' % (b"1" * 5_000))
    assert said["exit_code"] == ExitCode.USAGE


def test_a_line_without_an_end_in_sight_ends_it() -> None:
    with pytest.raises(CommandError, match="a line of at most 16384 bytes") as caught:
        answers(b" " * (REQUEST_BYTES_MAX + 1))
    assert caught.value.exit_code == ExitCode.USAGE


def test_the_next_request_is_not_read_before_the_last_is_answered(
    tmp_path: Path,
) -> None:
    path = tmp_path / "batch"
    path.write_bytes(b"good")
    line = json.dumps({"id": 1, "batch": str(path), "output": str(tmp_path / "out")}).encode()
    requests, places = io.BytesIO(line + b"\n" + line), set()
    answer_all(Prover(), requests, lambda record: places.add((requests.tell(), "ok" in record)))
    assert places == {
        (len(line) + 1, False),
        (len(line) + 1, True),
        (2 * len(line) + 1, False),
        (2 * len(line) + 1, True),
    }


def test_freed_memory_goes_back_after_a_proof_that_left_more_than_the_first(
    ask: Callable[..., list[Record]], monkeypatch: pytest.MonkeyPatch
) -> None:
    held, returned = iter([1000, 1050, 1051, 900, 2000]), []
    seen: list[int] = []

    def resident_bytes() -> int:
        seen.append(next(held))
        return seen[-1]

    monkeypatch.setattr("circuits.commands.serve.resident_bytes", resident_bytes)
    monkeypatch.setattr(
        "circuits.commands.serve.return_freed_memory", lambda: returned.append(seen[-1])
    )
    ask(b"rejected", *[b"good"] * 5)
    assert returned == [1051, 2000]
