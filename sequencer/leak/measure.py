"""The measurement: runs of both worlds of a pair, a distinguisher, and what it tells them by.

Spec: docs/spec/26-leaks.md.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rollup.hash.batched import compress_many
from rollup.hash.keccak import keccak256
from sequencer.leak.distinguisher import Parts, Verdict, distinguish, parts_of
from sequencer.leak.features import FEATURES, Feature, Noted
from sequencer.leak.observer import Observer
from sequencer.leak.pairs import Pair
from sequencer.leak.run import Seen, World, run
from sequencer.leak.table import Table, noted, table_of

Runner = Callable[[World, int], Seen]


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a pair with `runs` of each world. `told_by` are the features without which
    nothing is left to tell the worlds apart, the best first; `rest` is the verdict without them:
    the same as `verdict` where there are none."""

    pair: Pair
    runs: int
    verdict: Verdict
    told_by: tuple[str, ...]
    rest: Verdict

    @property
    def is_expected(self) -> bool:
        """Whether it leaks where it is known to and by nothing else, and else not at all."""
        leaks = not self.verdict.advantage.is_none
        return leaks != self.pair.must_hide and set(self.told_by) <= self.pair.known


def measure(
    pair: Pair,
    runs: int,
    seed: int,
    *,
    runner: Runner = run,
    features: Sequence[Feature] = FEATURES,
    progress: Callable[[int], None] = lambda done: None,
) -> Measured:
    """Run both worlds `runs` times each, half to learn from and half to be asked about. `progress`
    hears after each run how many there were. `runner` and `features` are for tests."""
    seen: list[dict[str, Noted]] = []
    worlds = []
    for world, number in _order(runs):
        shown = runner(pair.worlds[world], seed_of(seed, pair.name, world, number))
        observer = Observer(shown.genesis, compress_many)
        seen.append(noted(features, observer.see_all(shown.sights)))
        worlds.append(world)
        progress(len(seen))
    table, own = table_of(seen, worlds), seed_of(seed, pair.name)
    parts = parts_of(table, own)
    verdict = distinguish(table, parts, own)
    told_by, rest = _ablated(table, parts, own, verdict)
    return Measured(pair, runs, verdict, told_by, rest)


def seed_of(*place: object) -> int:
    """A number that depends on all of these, and tells none of the others."""
    return int.from_bytes(keccak256("/".join(map(str, place)).encode())[:8], "big")


def _order(runs: int) -> Iterator[tuple[int, int]]:
    """Worlds in turn, so that nothing that drifts while they run tells them apart."""
    return ((world, number) for number in range(runs) for world in (0, 1))


def _ablated(
    table: Table, parts: Parts, seed: int, verdict: Verdict
) -> tuple[tuple[str, ...], Verdict]:
    """Remove the feature that tells most, and ask again, until nothing is told."""
    removed: list[str] = []
    while not verdict.advantage.is_none and verdict.feature is not None:
        removed.append(verdict.feature)
        table = table.without(verdict.feature)
        verdict = distinguish(table, parts, seed)
    return tuple(removed), verdict
