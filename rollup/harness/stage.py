"""Where a scenario plays: one fresh L1, the operator's books, and what the scenario has named."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from rollup.harness.books import Books, Closed, Tip
from rollup.harness.committee import attestation_of, committee_of, names_of, possession_of
from rollup.harness.held_outpost import HeldOutpost
from rollup.harness.leaves import Leaves
from rollup.harness.oracle import OracleDeployment
from rollup.harness.people import (
    CRASH_PINS,
    EXIT_PINS,
    GOVERNANCE,
    ORACLE,
    PINS,
    PINS_BY_CLASS,
    START,
    address,
    deployment,
    digest_of,
)
from rollup.harness.scenario import Scenario, ScenarioError
from rollup.l1.deployment import Deployment
from rollup.l1.development import DevelopmentL1
from rollup.l1.outpost import OutpostDeployment
from rollup.l1.queue import FULL
from rollup.oracle.package import feed_id
from rollup.ports import Pins
from rollup.protocol.checkpoint import OutboxEntry
from rollup.protocol.committee import Attestation
from rollup.protocol.constants import FRACTION_SCALE
from rollup.protocol.genesis import Genesis
from rollup.protocol.market import Governance, Market, MarketKind
from rollup.protocol.oracle import Feed
from rollup.protocol.public import PublicInput
from rollup.protocol.receipt import SignedReceipt

T = TypeVar("T")

NAMES_OF_PINS = ("parameter_set", "shape_class")


class Target(Protocol):
    """An implementation that is held to the suite."""

    def deploy(self, asked: OracleDeployment) -> DevelopmentL1:
        """A fresh contract, whose clock stands at `asked.time`. Reverted where it is refused."""

    @property
    def far_chain(self) -> int | None:
        """The chain on which it has outposts; None where it has none."""

    def outpost(self, asked: OutpostDeployment) -> HeldOutpost:
        """A fresh outpost on that chain, at an address of the target's. Reverted where it is
        refused."""


@dataclass(slots=True)
class Stage:
    """One scenario's world. `outpost` keeps `assets`, and heard of what was `let_out`."""

    l1: DevelopmentL1
    books: Books
    pins: tuple[Pins, ...]
    governances: Mapping[str, Governance]
    committees: Mapping[str, Sequence[str]] = field(default_factory=dict)
    closed: dict[str, Closed] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    leaves: dict[str, Leaves] = field(default_factory=dict)
    outpost: HeldOutpost | None = None
    assets: Sequence[int] = ()
    let_out: list[OutboxEntry] = field(default_factory=list)
    signed: dict[str, SignedReceipt] = field(default_factory=dict)

    def leaves_of(self, name: str) -> Leaves:
        """The accounts that a batch was closed with."""
        if name not in self.leaves:
            raise ScenarioError(f"nobody said what accounts {name!r} left")
        return self.leaves[name]

    def batch(self, name: str) -> Closed:
        """A batch that the scenario closed."""
        if name not in self.closed:
            raise ScenarioError(f"no batch was closed as {name!r}")
        return self.closed[name]

    def pins_for(self, public: PublicInput) -> Pins:
        """What a proof of a public input is for: the class that it names, or any where that is not
        pinned."""
        pins = {each.shape_class: each for each in self.pins}
        return pins.get(public.shape_class, self.pins[0])

    def governance(self, name: str) -> Governance:
        """Parameters by name."""
        if name not in self.governances:
            raise ScenarioError(f"no parameters are called {name!r}")
        return self.governances[name]

    def possession(self, name: str, kind: str) -> Sequence[bytes]:
        """Proofs of possession for the committee of some parameters, right or wrong."""
        members = self.committees.get(name, ())
        return possession_of(members, kind) if members else ()

    def attestation(self, closed: Closed, said: Any) -> Attestation | None:
        """The word of a batch's committee: of this batch, or of another one that it is `for`."""
        if said is None:
            return None
        digest = (self.batch(said["for"]) if "for" in said else closed).public.digest()
        return attestation_of(said, closed.public.governance.committee, digest)

    def tip(self, after: str | None) -> Tip:
        """What the next batch is closed on: another batch, or L1's head."""
        return self.books.head(self.l1) if after is None else self.batch(after).tip


def deployment_of(scenario: Scenario) -> OracleDeployment:
    """What a scenario wants to be deployed."""
    wanted = deployment()
    changes = dict(scenario.deployment)
    for name in ("operator", "governor"):
        if name in changes:
            changes[name] = address(changes[name])
    if "root" in changes:
        changes["root"] = digest_of(changes["root"])
    if "pins" in changes:
        changes["pins"] = tuple(_pinned(name) for name in changes["pins"])
    if "governance" in changes:
        changes["genesis"] = _genesis(scenario, changes.pop("governance"), changes)
    limits = replace(FULL, **scenario.limits)
    verifiers = [CRASH_PINS, pins_of(PINS, scenario.verifier)]
    if scenario.exit_verifier is not None:
        verifiers.append(pins_of(EXIT_PINS, scenario.exit_verifier))
    return OracleDeployment(replace(wanted, **changes), tuple(verifiers), START, limits)


def stage(scenario: Scenario, l1: DevelopmentL1, deployed: Deployment) -> Stage:
    """The world at the beginning of a scenario."""
    known = {"genesis": deployed.genesis.governance}
    for name, changes in scenario.governances.items():
        known[name] = governance_of(changes)
    books = Books(deployed.genesis, deployed.root)
    return Stage(l1, books, deployed.pins, known, _committees(scenario))


def _committees(scenario: Scenario) -> Mapping[str, Sequence[str]]:
    """The members of each committee that a scenario names, by the name of its parameters."""
    said = scenario.governances.items()
    return {name: names_of(each["committee"]) for name, each in said if "committee" in each}


def _genesis(scenario: Scenario, name: str, changes: dict[str, Any]) -> Genesis:
    """That of the suite under other parameters, with proofs of possession right or wrong."""
    kind = changes.pop("possession", "honest")
    proofs = possession_of(_committees(scenario)[name], kind)
    governance = governance_of(scenario.governances[name])
    return replace(deployment().genesis, governance=governance, possession=tuple(proofs))


def _pinned(name: str) -> Pins:
    """Pins for a class of this name."""
    return PINS_BY_CLASS.get(name, replace(PINS, shape_class=name))


def pins_of(pins: Pins, changes: Mapping[str, str]) -> Pins:
    """Pins of which some are others: the bytes of a text."""
    changed: dict[str, Any] = {
        name: text if name in NAMES_OF_PINS else text.encode() for name, text in changes.items()
    }
    return replace(pins, **changed)


def governance_of(changes: Mapping[str, Any]) -> Governance:
    """The parameters of genesis with some changed; a market says which one it is `like`, or what it
    is an `asset` of, and `steps` are those of the feeds. `unsafe` ones are made as they are
    said."""
    changed = dict(changes)
    make = bent if changed.pop("unsafe", False) else replace
    if "markets" in changed:
        changed["markets"] = tuple(_market(market, make) for market in changed["markets"])
        changed["oracle"] = replace(ORACLE, feeds=_feeds(changed["markets"]))
    if "steps" in changed:
        pairs = zip(ORACLE.feeds, changed.pop("steps"), strict=True)
        feeds = tuple(replace(feed, step=step) for feed, step in pairs)
        changed["oracle"] = replace(ORACLE, feeds=feeds)
    if "committee" in changed:
        changed["committee"] = committee_of(changed["committee"], make)
    found: Governance = make(GOVERNANCE, **changed)
    return found


def bent(record: T, **changes: Any) -> T:
    """A record with other members, which nobody asks whether they can be: what an L1 must ask."""
    found = copy(record)
    for name, value in changes.items():
        object.__setattr__(found, name, value)
    return found


def _feeds(markets: Sequence[Market]) -> tuple[Feed, ...]:
    """Those of genesis, and one for each market more."""
    known = GOVERNANCE.oracle.feeds
    more = (replace(known[0], feed=feed_id(f"{m.symbol} more")) for m in markets[len(known) :])
    return (*known[: len(markets)], *more)


def asset_market(symbol: str) -> Market:
    """An asset, of lots like those of the first market."""
    whole = FRACTION_SCALE
    scale_and_risk = (1, 5, whole, whole, 300)
    return Market(symbol, *scale_and_risk, 500, 100, 0, 0, 0, 0, 0, 0, kind=MarketKind.ASSET)


def _market(changes: Mapping[str, Any], make: Callable[..., Market]) -> Market:
    changed = dict(changes)
    if "asset" in changed:
        return make(asset_market(changed.pop("asset")), **changed)
    like: Market = GOVERNANCE.markets[changed.pop("like")]
    return make(like, **changed)
