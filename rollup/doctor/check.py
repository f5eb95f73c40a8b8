"""What a check is: a question about this machine, its answer, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rollup.native.memory import MemoryMode


class Health(StrEnum):
    """How an answer is to be taken."""

    OK = "ok"
    WARNING = "warning"
    """It works, slowly or not for everything."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One answer. `advice` is what to type or to change, where something is amiss."""

    name: str
    health: Health
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is asked about: where a venue would live, what it would prove, whom it would call.

    `l1` is an address, or nothing where none is asked about.
    """

    state: Path
    host: str
    port: int
    parameter_set: str
    shape_classes: tuple[str, ...]
    memory: MemoryMode = MemoryMode.AUTO
    l1: str | None = None
