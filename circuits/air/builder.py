"""Builder: what a table's `constraints` function talks to. It records, and refuses what the engine
could not prove.

Rules it keeps: degree <= 3 on all rows and on transitions, <= 2 on the first and last row; the row
below is read in transitions only; a message never depends on the row below; every `bit()` is
constrained to be a bit; every limb is range-checked; every claim is named "table.sentence".
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from circuits.air.bus import RANGE, RANGE_BITS_MAX, Bus
from circuits.air.expr import Expr, Operand, Recorder, TracingError
from circuits.air.graph import (
    COLUMN_DEGREE_MAX,
    DEGREE_MAX,
    Constraint,
    Interaction,
    Op,
    Scope,
    Section,
)
from circuits.air.layout import Carries, Limbs
from circuits.air.publics import PublicLayout

_CLAIM = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9][a-z0-9-]*")


class Builder:
    """Collects the constraints and messages of one table while its function runs once."""

    def __init__(self, table: str, publics: PublicLayout) -> None:
        self.table = table
        self.publics = publics
        self.recorder = Recorder()
        self.constraints: list[Constraint] = []
        self.interactions: list[Interaction] = []
        self.bits: set[int] = set()
        self.numbers: set[int] = set()
        self.ranged: set[int] = set()
        self.fixed: Any = None
        self._scope = Scope.ALL
        self._conditions: list[Expr] = []

    # Values.

    def constant(self, value: int) -> Expr:
        """A constant as an expression."""
        return self.recorder.constant(value)

    def public(self, name: str, size: int | None = None) -> Any:
        """A public value: one expression, or a tuple of `size` elements where it has several."""
        place = self.publics.find(name)
        found = place.stop - place.start
        if size is not None and size != found:
            raise TracingError(f"public {name!r} has {found} elements, wanted {size}")
        values = tuple(self.recorder.public(i) for i in range(place.start, place.stop))
        return values[0] if found == 1 and size is None else values

    # Scopes.

    @contextmanager
    def when(self, condition: Expr) -> Iterator[None]:
        """Constraints inside hold where `condition` is not zero: they are multiplied by it."""
        self._conditions.append(condition)
        try:
            yield
        finally:
            self._conditions.pop()

    @contextmanager
    def _within(self, scope: Scope) -> Iterator[None]:
        if self._scope is not Scope.ALL:
            raise TracingError(f"{self.table}: row scopes do not nest")
        self._scope = scope
        try:
            yield
        finally:
            self._scope = Scope.ALL

    def first_row(self) -> Any:
        """Constraints inside hold on the first row. Degree <= 2."""
        return self._within(Scope.FIRST)

    def last_row(self) -> Any:
        """Constraints inside hold on the last active row. Degree <= 2."""
        return self._within(Scope.LAST)

    def transition(self) -> Any:
        """Constraints inside hold on every active row but the last, and may read the row below."""
        return self._within(Scope.TRANSITION)

    # Constraints.

    def require_zero(self, value: Operand, claim: str) -> None:
        """value = 0 in the field."""
        expression = self.recorder.lift(value)
        self._check_claim(claim)
        for condition in self._conditions:
            expression = condition * expression
        known = self.recorder.known(expression.node)
        if known == 0:
            return
        if known is not None:
            raise TracingError(f"{claim}: the constraint is the constant {known}, never zero")
        limit = DEGREE_MAX[self._scope]
        if expression.degree > limit:
            raise TracingError(
                f"{claim}: degree {expression.degree}, at most {limit} in scope {self._scope.name}"
            )
        if expression.reads_next_row and self._scope is not Scope.TRANSITION:
            raise TracingError(f"{claim}: the row below may be read in air.transition() only")
        self.constraints.append(Constraint(expression.node, self._scope, claim))

    def require_equal(self, left: Operand, right: Operand, claim: str) -> None:
        """left = right in the field."""
        self.require_zero(self.recorder.lift(left) - right, claim)

    def require_all_equal(
        self, left: Sequence[Operand], right: Sequence[Operand], claim: str
    ) -> None:
        """Two vectors are equal, element by element."""
        if len(left) != len(right):
            raise TracingError(f"{claim}: vectors of {len(left)} and {len(right)} elements")
        for a, b in zip(left, right, strict=True):
            self.require_equal(a, b, claim)

    def require_bit(self, value: Expr, claim: str) -> None:
        """value is 0 or 1."""
        self.require_zero(value * (value - 1), claim)
        if self._scope is Scope.ALL and not self._conditions:
            self.bits.add(value.node)

    def require_one_hot(self, values: Sequence[Expr], total: Operand, claim: str) -> None:
        """Each is a bit and together they are `total` (1, or a bit such as the row's `active`)."""
        for value in values:
            self.require_bit(value, claim)
        self.require_equal(sum(values[1:], values[0]), total, claim)

    # Messages.

    def send(self, bus: Bus, payload: Sequence[Operand], count: Operand = 1, *, claim: str) -> None:
        """Put `count` copies of `payload` on a bus, on every active row."""
        self._message(bus, 1, payload, count, claim)

    def receive(
        self, bus: Bus, payload: Sequence[Operand], count: Operand = 1, *, claim: str
    ) -> None:
        """Take `count` copies of `payload` from a bus, on every active row."""
        self._message(bus, -1, payload, count, claim)

    def _message(
        self, bus: Bus, sign: int, payload: Sequence[Operand], count: Operand, claim: str
    ) -> None:
        self._check_claim(claim)
        if self._conditions or self._scope is not Scope.ALL:
            raise TracingError(
                f"{claim}: a message is not conditional: give its condition as `count`"
            )
        if len(payload) != bus.width:
            raise TracingError(
                f"{claim}: bus {bus.name} carries {bus.width} elements, got {len(payload)}"
            )
        elements = [self.recorder.lift(value) for value in payload]
        copies = self.recorder.lift(count)
        if any(value.reads_next_row for value in (*elements, copies)):
            raise TracingError(f"{claim}: a message cannot read the row below")
        degree = max(value.degree for value in elements)
        if degree + 1 > COLUMN_DEGREE_MAX or copies.degree > COLUMN_DEGREE_MAX:
            raise TracingError(
                f"{claim}: payload has degree {degree}, count {copies.degree}; at most 2 and 3"
            )
        nodes = tuple(value.node for value in elements)
        self.interactions.append(Interaction(bus.identifier, sign, nodes, copies.node, claim))

    def range_check(self, value: Any, count: Operand = 1, *, claim: str) -> None:
        """Every limb of a Limbs or Carries lies in its width; or, of a pair (expression, bits),
        0 <= expression < 2^bits."""
        for expression, width in _parts(value):
            if not 0 <= width <= RANGE_BITS_MAX:
                raise TracingError(
                    f"{claim}: a range check has 0 to {RANGE_BITS_MAX} bits, got {width}"
                )
            self.send(RANGE, (width, expression), count, claim=claim)
            self.ranged.add(self.recorder.lift(expression).node)

    def in_range_elsewhere(self, value: Any, reason: str) -> None:
        """These limbs need no range check here, because of `reason`: a bus that carries checked
        limbs only, say."""
        if not reason:
            raise TracingError("limbs without a range check need a reason")
        for expression, _ in _parts(value):
            self.ranged.add(expression.node)

    def bit_elsewhere(self, value: Expr, reason: str) -> None:
        """This count of a message is 0 or 1, because of `reason`: no constraint says so of it."""
        if not reason:
            raise TracingError("a bit that is not required to be one needs a reason")
        self.bits.add(value.node)

    def number_elsewhere(self, value: Expr, reason: str) -> None:
        """This count of a message is a number that nobody chooses, because of `reason`: what the
        row's other constraints and range checks fix. Its table sees to it that sums over rows do
        not wrap."""
        if not reason:
            raise TracingError("a count that is not free needs a reason")
        self.numbers.add(value.node)

    # Rules.

    def marked_interactions(self) -> list[Interaction]:
        """All messages, those marked as free whose count is not known to be 0 or 1, nor a number
        that is fixed elsewhere."""
        return [replace(m, free=not self._is_fixed(m.count)) for m in self.interactions]

    def _is_fixed(self, position: int) -> bool:
        return position in self.numbers or self._is_bit(position)

    def _is_bit(self, position: int) -> bool:
        """Constants, fixed columns (selectors, where they are counts), bits and their products."""
        node = self.recorder.nodes[position]
        if node.op is Op.CONST:
            return node.args[0] in (0, 1)
        if node.op is Op.COLUMN and node.args[0] == Section.FIXED:
            return True
        if node.op is Op.MUL:
            return all(self._is_bit(factor) for factor in node.args)
        return position in self.bits

    def _check_claim(self, claim: str) -> None:
        if not _CLAIM.fullmatch(claim) or not claim.startswith(f"{self.table}."):
            raise TracingError(
                f"claim {claim!r}: wanted '{self.table}.some-sentence', lower case with hyphens"
            )

    def check_columns(self, names: Sequence[str], kinds: Sequence[str]) -> None:
        """Every bit column is constrained to be a bit, every limb column is range-checked."""
        for index, (name, kind) in enumerate(zip(names, kinds, strict=True)):
            node = self.recorder.record(Op.COLUMN, int(Section.MAIN), index, 0).node
            if kind == "bit" and node not in self.bits:
                raise TracingError(
                    f"{self.table}.{name} is a bit() on which air.require_bit was never called"
                )
            if kind == "limb" and node not in self.ranged:
                raise TracingError(f"{self.table}.{name} is a limb that no range check covers")


def _parts(value: Any) -> list[tuple[Any, int]]:
    """(expression, width) of each limb."""
    if isinstance(value, Limbs):
        return list(zip(value.cells, value.widths, strict=True))
    if isinstance(value, Carries):
        return [part for biased in value.limbs for part in _parts(biased)]
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], int):
        return [(value[0], value[1])]
    raise TracingError(f"wanted Limbs, Carries or (expression, bits), got {type(value).__name__}")
