"""Forging a row: break one constraint, then mend all others, as a prover would.

`Forger` reads off, at an honest window, which cells each constraint determines (it is affine in
them), matches every constraint with a cell of its own, and so gets an order in which a change can
be carried on: blocks of constraints that determine cells, hashes that determine digests.
`breaking(k)` sets constraint k to another value than zero and solves everything after it.
`mending(cells)` changes cells and mends what breaks, one cell a constraint, by a short search.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random

import numpy as np
from numpy.typing import NDArray

from circuits.air.graph import MODULUS, Op, Section
from circuits.gadgets.buses import BASE, HASH
from rollup.hash.kernels import compress_many
from tests.helpers.rows import ANSWERERS, Window

I64 = NDArray[np.int64]
Cell = tuple[int, int]
BLOCK_MAX = 32
NEVER = 10**6

ADDITIONS = {"order": ("order.windows", "entries")}
"""Claims that are a chain of point additions, and the columns they fill: the search alone does not
find that what tells the x apart, a slope, x and y are to be solved for in this order."""


def solve(matrix: I64, right: I64) -> I64 | None:
    """The solution of a square system mod p, if it is regular."""
    size = len(matrix)
    work = np.concatenate([matrix, right[:, None]], axis=1) % MODULUS
    for column in range(size):
        pivots = np.flatnonzero(work[column:, column])
        if not len(pivots):
            return None
        pivot = column + int(pivots[0])
        work[[column, pivot]] = work[[pivot, column]]
        work[column] = work[column] * pow(int(work[column, column]), -1, MODULUS) % MODULUS
        factors = work[:, column].copy()
        factors[column] = 0
        work = (work - factors[:, None] * work[column]) % MODULUS
    return work[:, -1]


@dataclass
class Forger:
    """Forgeries at one window."""

    window: Window
    random: Random = field(default_factory=lambda: Random(1))

    def __post_init__(self) -> None:
        window = self.window
        self.cells: list[Cell] = window.cells
        self.place = {cell: i for i, cell in enumerate(self.cells)}
        self.kinds = window.source.table.columns.kinds()
        self.shape = (len(window.rows_read), len(window.source.graph.constraints))
        self._read_structure()
        self.hashes = list(self._hashes())
        self.looked_up = {
            cell
            for row in self.window.own
            for message in self.window.source.graph.interactions
            if message.bus == BASE.identifier
            for cell in self._cells_under(message.payload, row)
        }
        self._trials: dict[int, tuple[dict[int, int], list[list[int]]]] = {}

    # Structure.

    def flat(self, candidates: I64) -> I64:
        """Residuals of the constraint instances, (n, instances)."""
        return self.window.residuals(candidates).reshape(len(candidates), -1)

    def _read_structure(self) -> None:
        base = self.window.honest
        ones = [{cell: int(base[cell]) + 1} for cell in self.cells]
        twos = [{cell: int(base[cell]) + 2} for cell in self.cells]
        first = self.flat(self.window.with_cells(ones))
        second = self.flat(self.window.with_cells(twos))
        self.affine = ((first != 0) & ((second - 2 * first) % MODULUS == 0)).T
        self.reads = ((first != 0) | (second != 0)).T  # (instances, cells)
        self.support = self.reads.sum(axis=0)

    def _hashes(self) -> Iterator[tuple[list[int], list[int], int, int]]:
        """(cells read, cells of the digest, row, item) of each hash asked for."""
        window, graph = self.window, self.window.source.graph
        if ANSWERERS.get(window.source.table.name) == HASH.identifier:
            return
        for row in window.own:
            values = window.values(window.honest[None], row)
            for number, message in enumerate(graph.interactions):
                if message.bus != HASH.identifier or not values[message.count][0]:
                    continue
                nodes = [graph.nodes[node] for node in message.payload[16:]]
                if any(n.op is not Op.COLUMN or n.args[0] != Section.MAIN for n in nodes):
                    continue
                out = [self.place[(row, n.args[1])] for n in nodes]
                inputs = sorted(self._cells_under(message.payload[:16], row))
                yield inputs, out, row, number

    def _cells_under(self, roots: Sequence[int], row: int) -> set[int]:
        graph, found, todo, seen = self.window.source.graph, set(), list(roots), set()
        while todo:
            place = todo.pop()
            if place in seen:
                continue
            seen.add(place)
            node = graph.nodes[place]
            if node.op is Op.COLUMN and node.args[0] == Section.MAIN:
                cell = (row + node.args[2], node.args[1])
                if cell in self.place:
                    found.add(self.place[cell])
            todo += node.operands
        return found

    # Plans: who determines what.

    def plan(self, trial: int) -> tuple[dict[int, int], list[list[int]]]:
        """A matching of instances to cells, and all blocks in the order in which they follow.

        Hashes are instances behind the constraints. Trials differ in their preferences; the first
        solves chains of additions as they were made.
        """
        if trial not in self._trials:
            forced = {} if trial else self._additions()
            self._trials[trial] = self._make_plan(Random(trial), forced)
        return self._trials[trial]

    def _additions(self) -> dict[int, int]:
        """Which cell each constraint of a chain of additions determines."""
        table = self.window.source.table.name
        if table not in ADDITIONS:
            return {}
        claim, group = ADDITIONS[table]
        constraints = self.window.source.graph.constraints
        items = [i for i, constraint in enumerate(constraints) if constraint.claim == claim]
        names = self.window.source.names
        # Of the two cells that show that the x differ one is solved for; the other is any.
        parts = ("slope", "point.x", "point.y")
        fields = ["apart.0", *(f"{part}.{j}" for part in parts for j in range(7))]
        cells = [f"{group}.{k}.{name}" for k in range(len(items) // len(fields)) for name in fields]
        return {
            item: self.place[self.window.own[0], names.index(name)]
            for item, name in zip(items, cells, strict=True)
        }

    def _make_plan(
        self, random: Random, forced: dict[int, int]
    ) -> tuple[dict[int, int], list[list[int]]]:
        digests = {cell for _, out, _, _ in self.hashes for cell in out} | self.looked_up
        jitter = [random.random() * 4 for _ in self.cells]

        def price(cell: int) -> float:
            kind = self.kinds[self.cells[cell][1]]
            if cell in digests or cell in forced.values() or kind == "bit":
                return NEVER
            only = self.support[cell] == 1  # One constraint alone reads it, so that one sets it.
            preference = 0.0 if only else float(self.support[cell]) + jitter[cell]
            return preference + (20 if kind == "limb" else 0)

        edges = []
        for instance in range(len(self.affine)):
            cells = [int(c) for c in np.flatnonzero(self.affine[instance])]
            edges.append(sorted((c for c in cells if price(c) < NEVER), key=price))
        owner: dict[int, int] = {}

        def place(instance: int, tried: set[int]) -> bool:
            for cell in edges[instance]:
                if cell in tried:
                    continue
                tried.add(cell)
                if cell not in owner or place(owner[cell], tried):
                    owner[cell] = instance
                    return True
            return False

        for instance in sorted(range(len(edges)), key=lambda i: len(edges[i])):
            if instance not in forced:
                place(instance, set())
        matched = {instance: cell for cell, instance in owner.items()} | forced
        return matched, self._order(matched)

    def _order(self, matched: dict[int, int]) -> list[list[int]]:
        """Strongly connected blocks, each after those it reads (Tarjan)."""
        first = len(self.affine)
        writes = {i: [cell] for i, cell in matched.items()}
        reads = {i: set(np.flatnonzero(self.reads[i]).tolist()) for i in matched}
        for number, (inputs, out, _, _) in enumerate(self.hashes):
            writes[first + number], reads[first + number] = out, set(inputs)
        writer = {cell: node for node, cells in writes.items() for cell in cells}
        before = {n: {writer[c] for c in reads[n] if c in writer} - {n} for n in writes}
        return strong_components(before)

    # Forgeries.

    def breaking(self, constraint: int, trial: int) -> Iterator[I64]:
        """Windows in which this constraint has another value, and what follows is solved."""
        matched, order = self.plan(trial)
        for instance in range(constraint, self.shape[0] * self.shape[1], self.shape[1]):
            if instance not in matched:
                continue
            for target in (1, MODULUS - 1, self.random.randrange(MODULUS)):
                found = self._carry(self.window.honest, matched, order, {instance: target})
                if found is not None:
                    yield found
                    break

    def carrying(self, start: I64, skip: int | None = None, trials: int = 4) -> Iterator[I64]:
        """The window carried on from a change: constraints solved, hashes asked again."""
        for trial in range(trials):
            matched, order = self.plan(trial)
            found = self._carry(start, matched, order, {}, skip)
            if found is not None:
                yield found

    def _carry(
        self,
        start: I64,
        matched: dict[int, int],
        order: list[list[int]],
        targets: dict[int, int],
        skip: int | None = None,
    ) -> I64 | None:
        current = start.copy()
        changed = set(np.flatnonzero(self._vector(current) != self._vector(self.window.honest)))
        for block in order:
            if block[0] >= len(self.affine):
                self._rehash(current, block[0] - len(self.affine), changed, skip)
                continue
            reads = self.reads[block].any(axis=0)
            if not (targets.keys() & set(block)) and not any(reads[c] for c in changed):
                continue
            if len(block) > BLOCK_MAX:
                return None
            if not self._solve_block(current, block, matched, targets):
                return None
            changed |= {matched[i] for i in block}
        return current

    def _vector(self, window: I64) -> I64:
        return np.array([window[cell] for cell in self.cells])

    def _solve_block(
        self, current: I64, block: list[int], matched: dict[int, int], targets: dict[int, int]
    ) -> bool:
        cells = [self.cells[matched[i]] for i in block]
        candidates = np.repeat(current[None], len(cells) + 1, axis=0)
        for number, cell in enumerate(cells, start=1):
            candidates[(number, *cell)] = (current[cell] + 1) % MODULUS
        values = self.flat(candidates)[:, block]
        jacobian = (values[1:] - values[0]).T % MODULUS
        wanted = np.array([targets.get(i, 0) for i in block], dtype=np.int64)
        step = solve(jacobian, (wanted - values[0]) % MODULUS)
        if step is None:
            return False
        for cell, change in zip(cells, step, strict=True):
            current[cell] = (current[cell] + change) % MODULUS
        return True

    def _rehash(self, current: I64, number: int, changed: set[int], skip: int | None) -> None:
        inputs, out, row, item = self.hashes[number]
        if item == skip or not changed & set(inputs):
            return
        message = self.window.source.graph.interactions[item]
        values = self.window.values(current[None], row)
        words = np.array([values[n][0] for n in message.payload[:16]], dtype=np.uint32)
        digest = compress_many(words[None, :8].copy(), words[None, 8:].copy())[0]
        for cell, word in zip(out, digest.tolist(), strict=True):
            current[self.cells[cell]] = word
        changed |= set(out)

    def mending(
        self, start: I64, target: int, depth: int = 3, width: int = 6
    ) -> Iterator[tuple[I64, I64]]:
        """Windows (with what is said) in which only item `target` notices, after few more cells."""
        verdict = self.window.verdicts(start[None])
        if self._done(verdict.noticed[0], target):
            yield start, verdict.said[0]
        if depth == 0:
            return
        residuals = self.flat(start[None])[0]
        wrong = [i for i in np.flatnonzero(residuals) if i % self.shape[1] != target]
        if not wrong or len(wrong) > 2 * depth + 1:
            return
        touched = start != self.window.honest
        options = []
        for cell in np.flatnonzero(self.affine[wrong[0]]):
            place = self.cells[cell]
            if touched[place]:
                continue
            options.append(place)
        if not options:
            return
        probes = np.repeat(start[None], len(options), axis=0)
        for number, place in enumerate(options):
            probes[(number, *place)] = (start[place] + 1) % MODULUS
        slopes = (self.flat(probes)[:, wrong[0]] - residuals[wrong[0]]) % MODULUS
        good = [n for n in range(len(options)) if slopes[n]]
        mended = np.repeat(start[None], len(good), axis=0)
        for number, n in enumerate(good):
            step = -int(residuals[wrong[0]]) * pow(int(slopes[n]), -1, MODULUS)
            mended[(number, *options[n])] = (int(start[options[n]]) + step) % MODULUS
        noticed = self.window.verdicts(mended).noticed
        noticed[:, target] = False
        for number in np.argsort(noticed.sum(axis=1), kind="stable")[:width]:
            yield from self.mending(mended[number], target, depth - 1, width)

    @staticmethod
    def _done(noticed: NDArray[np.bool_], target: int) -> bool:
        others = noticed.copy()
        others[target] = False
        return not others.any()


def strong_components(before: dict[int, set[int]]) -> list[list[int]]:
    """Components of a graph given by predecessors, each component after its predecessors."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    found: list[list[int]] = []
    counter = count()

    def visit(node: int) -> None:
        index[node] = low[node] = next(counter)
        stack.append(node)
        on_stack.add(node)
        for other in before[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in on_stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            component = []
            while True:
                member = stack.pop()
                on_stack.discard(member)
                component.append(member)
                if member == node:
                    break
            found.append(component)

    for node in before:
        if node not in index:
            visit(node)
    return found
