"""Scenarios as data: what is done to a fresh L1, and what must come of it.

The files in `scenarios/` are TOML, one a group; `docs/l1.md` says what can stand in them. A
scenario with `cases` is a family: one scenario a case, whose members stand where a step says
`$name`.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

Step = Mapping[str, Any]

MODIFIERS: Mapping[str, frozenset[str]] = {
    "mint": frozenset({"amount", "asset"}),
    "donate": frozenset({"amount"}),
    "register": frozenset({"amount", "asset", "key", "viewing", "unfunded", "gets"}),
    "credit": frozenset({"account", "amount", "asset", "unfunded", "gets"}),
    "rotate": frozenset({"account", "amount", "key", "viewing", "unfunded", "gets"}),
    "exit": frozenset({"account", "amount", "unfunded", "gets"}),
    "withdraw": frozenset({"pays", "asset"}),
    "buy": frozenset({"asset", "lots", "most", "brings", "pays", "endows"}),
    "cover": frozenset({"amount", "unfunded"}),
    "freeze": frozenset(),
    "reclaim": frozenset({"entry", "pays"}),
    "escape": frozenset({"account", "of", "bend", "pays", "lots", "kept"}),
    "escape_privately": frozenset({"account", "of", "to", "bend", "proof", "pays"}),
    "give": frozenset({"as", "slot", "bend", "adds"}),
    "wait": frozenset(),
    "close": frozenset(
        {
            "at",
            "offset",
            "after",
            "redo",
            "governance",
            "entries",
            "bend",
            "attempt",
            "reports",
            "withdraws",
            "estate",
            "state",
            "receipts",
            "premium_rates",
            "open",
            "idle",
            "class",
            "lie",
        }
    ),
    "stall": frozenset({"every"}),
    "commit": frozenset({"as", "change", "again", "refused", "recorded", "enacts"}),
    "post": frozenset({"as", "change", "proof", "attest"}),
    "announce": frozenset({"as", "number", "from", "possession"}),
    "outpost": frozenset({"as", "caps", "from"}),
    "take_in": frozenset({"as", "deposits", "again", "attest", "says", "bend", "queues"}),
    "send": frozenset({"chain", "asset", "amount", "gets"}),
    "arrive": frozenset({"account", "amount", "asset", "unfunded", "gets"}),
    "hear": frozenset({"as", "lets", "attest", "says", "signs", "bend"}),
    "succeed": frozenset({"as", "attest", "signs", "possession"}),
    "pay_out": frozenset({"asset", "pays"}),
    "take_back": frozenset({"entry", "pays"}),
    "sign": frozenset(
        {
            "envelope",
            "after",
            "previous",
            "sequence",
            "batch",
            "at",
            "chain",
            "venue",
            "bend",
            "count",
        }
    ),
    "bond": frozenset({"amount", "unfunded"}),
    "leave": frozenset({"amount", "due"}),
    "unbond": frozenset({"pays"}),
    "challenge": frozenset({"receipts", "of", "list", "bend", "finds"}),
    "checkpoint": frozenset(),
    "reorganise": frozenset(),
    "expect": frozenset(),
}
"""What can be done, and what can be said of it; `reverts` can be said of all but `expect`."""

ANSWERS = {
    "withdraw": "pays",
    "buy": "pays",
    "announce": "from",
    "give": "adds",
    "reclaim": "pays",
    "escape": "pays",
    "pay_out": "pays",
    "take_back": "pays",
    "escape_privately": "pays",
    "leave": "due",
    "unbond": "pays",
    "challenge": "finds",
}
"""What must be said of a call that succeeds."""

HEAD_MEMBERS = {
    *("name", "cases", "deployment", "verifier", "exit_verifier", "limits"),
    *("outpost", "reverts", "steps", "final"),
}


class ScenarioError(ValueError):
    """A scenario that says nothing that can be carried out: the file is at fault, not the L1."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One named scenario. `reverts` is why the deployment itself is refused, if it is; without
    `exit_verifier` there is none of private exits. `outpost` is what another chain has beside home,
    if that is wanted."""

    group: str
    name: str
    steps: Sequence[Step] = ()
    final: Mapping[str, Any] = field(default_factory=dict)
    deployment: Mapping[str, Any] = field(default_factory=dict)
    verifier: Mapping[str, Any] = field(default_factory=dict)
    exit_verifier: Mapping[str, Any] | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    outpost: Mapping[str, Any] = field(default_factory=dict)
    reverts: str | None = None
    governances: Mapping[str, Any] = field(default_factory=dict)


def load() -> tuple[Scenario, ...]:
    """All scenarios, group by group. Names are unique."""
    found = [scenario for group, text in _texts() for scenario in parse(group, text)]
    names = [scenario.name for scenario in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ScenarioError(f"several scenarios are called {sorted(twice)}")
    return tuple(found)


def parse(group: str, text: str) -> Iterator[Scenario]:
    """The scenarios of one file."""
    content = tomllib.loads(text)
    governances = content.pop("governance", {})
    for head in content.pop("scenario"):
        for name, members in _cases(head):
            _require_known(name, members)
            yield Scenario(group, name, governances=governances, **members)
    if content:
        raise ScenarioError(f"{group}: {sorted(content)} is unknown")


def verb_of(step: Step) -> str:
    """What a step does."""
    verbs = [name for name in step if name in MODIFIERS]
    if len(verbs) != 1:
        raise ScenarioError(f"a step does one thing: {dict(step)}")
    return verbs[0]


def _texts() -> Iterator[tuple[str, str]]:
    folder = files("rollup.harness") / "scenarios"
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        group, _, kind = file.name.partition(".")
        if kind == "toml":
            yield group, file.read_text(encoding="utf-8")


def _cases(head: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    name, cases = head["name"], head.get("cases", [{}])
    members = {key: value for key, value in head.items() if key not in ("name", "cases")}
    for case in cases:
        title = f"{name}: {case['name']}" if case else name
        filled = {key: _filled(value, case) for key, value in members.items()}
        yield title, filled


def _filled(value: Any, case: Mapping[str, Any]) -> Any:
    """The value with every `$name` replaced by the case's member."""
    if isinstance(value, str) and value.startswith("$"):
        if value[1:] not in case:
            raise ScenarioError(f"no case member for {value}")
        return case[value[1:]]
    if isinstance(value, list):
        return [_filled(member, case) for member in value]
    if isinstance(value, dict):
        return {name: _filled(member, case) for name, member in value.items()}
    return value


def _require_known(name: str, members: Mapping[str, Any]) -> None:
    """Refuse a scenario that checks nothing, or says something that nobody reads."""
    unknown = set(members) - HEAD_MEMBERS
    for step in members.get("steps", ()):
        verb = verb_of(step)
        allowed = MODIFIERS[verb] | ({verb} if verb == "expect" else {verb, "reverts"})
        unknown |= set(step) - allowed
        if verb in ANSWERS and not {ANSWERS[verb], "reverts"} & set(step):
            raise ScenarioError(f"{name}: {verb} says nothing of {ANSWERS[verb]}")
    if unknown:
        raise ScenarioError(f"{name}: {sorted(unknown)} is unknown")
    if "final" not in members and "reverts" not in members:
        raise ScenarioError(f"{name}: says neither how it ends nor why nothing is deployed")
