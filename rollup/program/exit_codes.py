"""The exit codes of every command, each with its meaning: the only table of them."""

from enum import IntEnum

TERMINATION_BASE = 128
"""A process that a signal ends exits with this and the signal's number, as shells count."""


class ExitCode(IntEnum):
    """What scripts may rely on; `meaning` is what `crypsis --help` says of it."""

    meaning: str

    def __new__(cls, code: int, meaning: str = "") -> "ExitCode":
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    OK = 0, "ok"
    INVALID = 1, "invalid proof, or rejected by the rules, with the reason"
    USAGE = 2, "wrong usage"
    BAD_INPUT = 3, "missing, unreadable or malformed input file"
    UNREACHABLE = 4, "peer unreachable"
    REFUSED_BY_PEER = 5, "rejected by peer"
    TIMEOUT = 6, "timed out"
    ROOTS_DIFFER = 7, "roots differ"
    INTERNAL = 70, "a fault of this program (details are in a log file) or of its installation"
    NO_MEMORY = 71, "not enough memory, or a prover was killed"
    CANNOT_WRITE = 74, "output could not be written"
    HUNG_UP = TERMINATION_BASE + 1, "ended by SIGHUP, everything it started with it"
    INTERRUPTED = TERMINATION_BASE + 2, "interrupted (SIGINT)"
    READER_GONE = TERMINATION_BASE + 13, "whoever read standard output has gone"
    TERMINATED = TERMINATION_BASE + 15, "ended by SIGTERM, everything it started with it"


def exit_code_table() -> str:
    """A line a code, for people."""
    return "\n".join(f"{code.value:>5}  {code.meaning}" for code in ExitCode)
