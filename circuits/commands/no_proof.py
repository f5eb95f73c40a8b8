"""Why there is no proof, for whoever asked for one: `crypsis prove`, or `crypsis prover serve`."""

from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager

from circuits.commands.errors import ClusterError, NotProved
from circuits.soundness.report import InsecureParameters
from circuits.stark.quotient import UnsatisfiedError
from rollup.native.memory import MemoryMode, killed, memory_wanted
from rollup.program.cli import CommandError, ExitCode
from rollup.protocol.chain import ChainBroken


@contextmanager
def no_proof(
    parameters: str, *shape_classes: str, memory: MemoryMode = MemoryMode.AUTO
) -> Iterator[None]:
    """Why there is no proof, as a message with an exit code. Of memory it says what a batch of each
    class takes that there may be."""
    try:
        yield
    except (InsecureParameters, UnsatisfiedError, NotProved) as error:
        raise CommandError(ExitCode.INVALID, f"no proof: {error}") from error
    except ChainBroken as error:
        raise CommandError(ExitCode.ROOTS_DIFFER, str(error)) from error
    except ClusterError as error:
        raise CommandError(error.exit_code, str(error)) from error
    except MemoryError as error:
        wanted = memory_wanted(shape_classes, parameters, memory)
        raise CommandError(ExitCode.NO_MEMORY, f"not enough memory: {wanted}") from error
    except BrokenExecutor as error:  # of processes: threads here have nothing that breaks them
        died = killed(shape_classes, parameters, memory)
        raise CommandError(ExitCode.NO_MEMORY, f"a worker process was {died}") from error
