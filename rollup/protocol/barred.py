"""Why a batch refuses an exit (rollup.protocol.exits). Spec: docs/spec/21-forced-exits.md."""

from dataclasses import dataclass
from enum import StrEnum

from rollup.private import Private


class ExitBar(StrEnum):
    """Why a batch pays no exit out of an account. Public is only that there is one."""

    SHUT = "shut"
    STANDING = "standing"
    UNSTEADY = "unsteady"
    SHORT = "short"


@dataclass(frozen=True, slots=True, repr=False)
class BarredExit(Private):
    """The one exit of an account that a batch refuses, what it asked for in quanta, and the bar."""

    account: int
    amount: int
    bar: ExitBar
