"""What the venue's errors are to whoever started a command."""

from pathlib import Path

import pytest

from rollup.program.cli import CommandError
from rollup.program.exit_codes import ExitCode
from sequencer.batches.entries import JournalError
from sequencer.batches.prover import ProverError
from sequencer.cli import known_errors


@pytest.mark.parametrize(
    ("ended_with", "code"),
    [
        (None, ExitCode.UNREACHABLE),
        (ExitCode.INTERNAL, ExitCode.UNREACHABLE),
        (-11, ExitCode.UNREACHABLE),
        (ExitCode.NO_MEMORY, ExitCode.NO_MEMORY),
        (ExitCode.CANNOT_WRITE, ExitCode.CANNOT_WRITE),
        (ExitCode.TIMEOUT, ExitCode.TIMEOUT),
    ],
)
def test_what_a_prover_lacked_is_passed_on(ended_with: int | None, code: ExitCode) -> None:
    with pytest.raises(CommandError, match="prover: it said so") as caught, known_errors():
        raise ProverError("it said so", ended_with)
    assert caught.value.exit_code == code


def test_a_wrong_journal_is_named_first() -> None:
    with pytest.raises(CommandError) as caught, known_errors():
        raise JournalError(Path("folder/journal"), 7, "the last entry is cut off")
    assert caught.value.exit_code == ExitCode.BAD_INPUT
    assert caught.value.message.startswith("folder/journal: ")
