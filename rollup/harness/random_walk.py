"""A seeded sequence of calls on an L1 and on the model beside it, which must answer the same."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from rollup.harness.books import Books, Closed
from rollup.harness.difference import Difference
from rollup.l1.development import PROPERTIES, DevelopmentL1
from rollup.l1.interface import Reverted

T = TypeVar("T")
L = TypeVar("L")


@dataclass(slots=True)
class Walk:
    """One sequence: the L1, the model, and the chance that chooses."""

    target: DevelopmentL1
    model: DevelopmentL1
    random: Random
    books: Books
    marks: list[tuple[int, int]] = field(default_factory=list)
    waiting: list[Closed] = field(default_factory=list)

    def same(self, what: str, call: Callable[[DevelopmentL1], T]) -> T | str:
        """Call both; Difference where answer, revert or anything stored is not the same."""
        wanted, came = outcome(call, self.model), outcome(call, self.target)
        if came != wanted:
            raise Difference(f"{what}: it answered {came}, the model {wanted}")
        ours, theirs = self.model.view(), self.target.view()
        for name in PROPERTIES:
            if ours[name] != theirs[name]:
                raise Difference(f"{what}: {name} is {theirs[name]}, in the model {ours[name]}")
        self._same_queue(what)
        return wanted

    def _same_queue(self, what: str) -> None:
        """A part of the queue is read as the whole is: its end, and what is beyond."""
        first = max(0, len(self.model.queue) - 2)
        wanted, came = self.model.queue_from(first, 4), self.target.queue_from(first, 4)
        if tuple(came) != tuple(wanted):
            raise Difference(f"{what}: queue from {first} is {came}, in the model {wanted}")


def outcome(call: Callable[[L], T], l1: L) -> T | str:
    """What a call answers, or why it reverts."""
    try:
        return call(l1)
    except Reverted as error:
        return f"a revert for {error.reason.value}"
