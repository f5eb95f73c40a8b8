"""How a step of a scenario is played: what it calls, that a revert changed nothing, which events
came of it, and that what is held is never less than what is owed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rollup.harness.at_outpost import AT_OUTPOST_VERBS, require_held
from rollup.harness.difference import Difference
from rollup.harness.estate import require_covered
from rollup.harness.held_outpost import seen
from rollup.harness.scenario import Step, verb_of
from rollup.harness.stage import Stage
from rollup.harness.steps import VERBS
from rollup.l1 import interface as l1

EVERY_VERB: Final[Mapping[str, Callable[[Stage, Step], Callable[[], Sequence[Any]]]]] = {
    **VERBS,
    **AT_OUTPOST_VERBS,
}
THERE: Final = "the outpost's "


def perform(stage: Stage, step: Step) -> None:
    """Carry a step out. Difference where L1 does not do as the scenario says."""
    verb = verb_of(step)
    act = EVERY_VERB[verb](stage, step)
    before, wanted = _view(stage), step.get("reverts")
    try:
        events = act()
    except l1.Reverted as error:
        came = error.reason.value
        if wanted is None:
            raise Difference(f"it reverted for {came}, and should have succeeded") from error
        if came != wanted:
            raise Difference(f"it reverted for {came}, wanted {wanted}") from error
        _require_unchanged(before, _view(stage))
        return
    if wanted is not None:
        raise Difference(f"it succeeded, wanted a revert for {wanted}")
    after = _view(stage)
    if verb != "reorganise":
        said = f"{THERE}events" if verb in AT_OUTPOST_VERBS else "events"
        _require_events(before[said], after[said], events)
    require_covered(after)
    if stage.outpost is not None:
        require_held(stage.outpost, stage.assets)


def _view(stage: Stage) -> Mapping[str, Any]:
    """All that can be read of L1, and of the outpost if there is one."""
    home, outpost = stage.l1.view(), stage.outpost
    if outpost is None:
        return home
    owners = {each.owner for each in outpost.inbox} | {each.owner for each in stage.let_out}
    there = seen(outpost, sorted(owners), stage.assets)
    return {**home, **{f"{THERE}{name}": value for name, value in there.items()}}


def _require_unchanged(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    changed = [name for name in before if before[name] != after[name]]
    if changed:
        raise Difference(f"it reverted and yet changed {', '.join(changed)}")


def _require_events(old: Sequence[Any], new: Sequence[Any], wanted: Sequence[Any]) -> None:
    if new[: len(old)] != old:
        raise Difference("it changed events of the past")
    came = new[len(old) :]
    if came == tuple(wanted):
        return
    names = [type(event).__name__ for event in wanted]
    found = [type(event).__name__ for event in came]
    if names != found:
        raise Difference(f"it gave the events {found}, wanted {names}")
    (place, *_) = [i for i, (a, b) in enumerate(zip(came, wanted, strict=True)) if a != b]
    raise Difference(f"its event {names[place]} is {came[place]}, wanted {wanted[place]}")
