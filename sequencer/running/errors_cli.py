"""What stops a venue's program, as messages with exit codes."""

from collections.abc import Iterator
from contextlib import contextmanager

from rollup.program.cli import CommandError, ExitCode
from sequencer.cli import known_errors


@contextmanager
def program_errors() -> Iterator[None]:
    """The errors of a running venue as messages with exit codes."""
    from sequencer.running.kept_process import NotStarted
    from sequencer.running.program import CannotListen
    from sequencer.running.serve import EndedAtOnce
    from sequencer.service.daemon import DaemonHalted

    try:
        with known_errors():
            yield
    except EndedAtOnce as error:
        raise CommandError(ExitCode.INTERRUPTED, str(error)) from error
    except NotStarted as error:
        raise CommandError(error.exit_code, str(error)) from error
    except CannotListen as error:
        raise CommandError(ExitCode.UNREACHABLE, str(error)) from error
    except DaemonHalted as error:
        raise CommandError(ExitCode.REFUSED_BY_PEER, f"the venue halted: {error}") from error
