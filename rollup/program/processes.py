"""How a process ends: on a signal, with its clean-up, and when the one that started it is gone.

The two do not rest on each other. `exit_on_signals` lets clean-up run, which ends what was started
(`rollup.program.children`); `end_with_parent` holds where a parent had no time for it (SIGKILL, out
of memory). Imported by every command, `verify` too: nothing that is slow to import.
"""

import ctypes
import os
import signal
import sys
import time
from threading import Thread
from types import FrameType
from typing import Final

from rollup.program.exit_codes import TERMINATION_BASE

PARENT_VARIABLE: Final = "CRYPSIS_PARENT"
"""Environment variable that tells a started `crypsis` the process that it must not outlive."""

_PARENT_DEATH_SIGNAL: Final = 1
"""PR_SET_PDEATHSIG of prctl(2)."""

_POLL_S: Final = 0.5


def exit_on_signals() -> None:
    """SIGINT, SIGTERM and SIGHUP become SystemExit in the main thread, with exit code 128 + number.

    A signal that whoever started us has ignored (as nohup does) stays ignored.
    """
    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(wanted) in {signal.SIG_DFL, signal.default_int_handler}:
            signal.signal(wanted, _exit)


def _exit(number: int, frame: FrameType | None) -> None:
    """Start the clean-up, which a second signal does not interrupt, unless it comes from a key."""
    del frame
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(TERMINATION_BASE + number)


def end_with_named_parent() -> None:
    """Keep to the parent that PARENT_VARIABLE names, if it does; children are not told of it.

    A living process that is not our parent has put another program between: that one's business.
    """
    named = os.environ.pop(PARENT_VARIABLE, "")
    if named.isdecimal() and (os.getppid() == int(named) or not _is_alive(int(named))):
        end_with_parent(int(named), signal.SIGTERM)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def end_with_parent(parent: int, how: signal.Signals = signal.SIGKILL) -> None:
    """From now on this process is sent `how` when the process `parent`, which started it, ends.

    Linux counts the *thread* that started us as the parent: it must live as long as we may. Where
    the system has no such signal, a thread looks every half second.
    """
    if not _signalled_by_system(how):
        Thread(target=_watch, args=(parent, how), daemon=True).start()
    if os.getppid() != parent:  # it ended before we asked
        os.kill(os.getpid(), how)


def _signalled_by_system(how: signal.Signals) -> bool:
    if sys.platform != "linux":
        return False
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return False
    rest = [ctypes.c_ulong(each) for each in (how, 0, 0, 0)]
    return bool(prctl(_PARENT_DEATH_SIGNAL, *rest) == 0)


def _watch(parent: int, how: signal.Signals) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_S)
    os.kill(os.getpid(), how)
