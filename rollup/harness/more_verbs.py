"""What a step can do beside what `rollup.harness.steps` has, from the rooms that it is of."""

from collections.abc import Callable, Mapping, Sequence

from rollup.harness.bonds import BOND_VERBS
from rollup.harness.estate import ESTATE_VERBS
from rollup.harness.exits import EXIT_VERBS
from rollup.harness.outposts import OUTPOST_VERBS
from rollup.harness.scenario import Step
from rollup.harness.stage import Stage
from rollup.l1.interface import Event

MORE_VERBS: Mapping[str, Callable[[Stage, Step], Callable[[], Sequence[Event]]]] = {
    **BOND_VERBS,
    **ESTATE_VERBS,
    **EXIT_VERBS,
    **OUTPOST_VERBS,
}
