"""Deleveraging, planned: what heals an account of which the backstop cannot take enough.

A plan is a draft: it changes nothing until the ledger takes it, and the ledger takes it only whole
and only if the rules will (rollup.protocol.deleveraging). First the backstop takes all that it can
carry, then lots of the other side are closed at the oracle price, in the order of their triggers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rollup.private import Private
from rollup.protocol.deleveraging import is_full
from rollup.protocol.holding import Holding
from rollup.protocol.margin import excess, margin_refusal, value
from rollup.protocol.rejection import Rejected
from rollup.protocol.takeover import Route, Takeover, full_fee
from rollup.protocol.terms import MarketTerms
from rollup.protocol.triggers import SIDES, side_of
from sequencer.engine.holder import Holder
from sequencer.engine.liquidation import live, moved, relief
from sequencer.engine.solvency import TriggerIndex

Zones = Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True, repr=False)
class Scene(Private):
    """What a plan looks at: everybody as the batch has them now, by old trigger as well.

    `before` has what opened accounts held before the batch, `liquidated` those of which lots are
    taken in it, `took` whose orders took such lots, by market, `zones` down to which trigger others
    of a market and side are deleveraged in it, `acted` in which markets the backstop took. `due`
    are all of whom the price has passed a trigger: nobody else can be below maintenance margin by
    what it held before.
    """

    holders: Mapping[int, Holder]
    index: TriggerIndex
    terms: Sequence[MarketTerms]
    backstop: int
    before: Mapping[int, Holding]
    due: frozenset[int]
    liquidated: frozenset[int]
    zones: Zones
    took: frozenset[tuple[int, int]] = frozenset()
    acted: frozenset[int] = frozenset()


@dataclass(slots=True, repr=False)
class Draft(Private):
    """Takeovers so far, and what they would leave; `paired` accounts are liquidated by them too."""

    scene: Scene
    account: int
    takeovers: list[Takeover] = field(default_factory=list)
    ends: dict[int, Holding] = field(default_factory=dict)
    zones: dict[tuple[int, int], int] = field(default_factory=dict)
    paired: set[int] = field(default_factory=set)

    def holding(self, account: int) -> Holding:
        """What an account would hold."""
        return self.ends.get(account, self.scene.holders[account].holding)

    @property
    def missing(self) -> int:
        """What the account lacks to maintenance margin; below zero if nothing."""
        return -excess(self.holding(self.account), self.scene.terms)

    @property
    def liquidated(self) -> frozenset[int]:
        """Of whom lots are taken in the batch."""
        return self.scene.liquidated | self.paired | {self.account}

    @property
    def acted(self) -> frozenset[int]:
        """Markets in which the backstop takes."""
        taken = (each.market for each in self.takeovers if each.route is Route.BACKSTOP)
        return self.scene.acted.union(taken)

    def lacks(self, account: int) -> bool:
        """Whether an account would be below maintenance margin."""
        return excess(self.holding(account), self.scene.terms) < 0

    def take(
        self,
        market: int,
        size: int,
        fee: int = 0,
        *,
        route: Route = Route.BACKSTOP,
        taker: int = 0,
    ) -> None:
        """One takeover more: by the backstop, by the estate, or by somebody whose lots it
        closes."""
        self.takeovers.append(Takeover(self.account, market, size, fee, route, taker))
        signed = size if self.holding(self.account).positions[market] > 0 else -size
        terms = self.scene.terms[market]
        self.ends[self.account] = moved(self.holding(self.account), market, -signed, fee, terms)
        if route is Route.ESTATE:
            return
        index = self.scene.backstop if route is Route.BACKSTOP else taker
        self.ends[index] = moved(self.holding(index), market, signed, -fee, terms)


def plan(scene: Scene, account: int) -> Draft | None:
    """What heals an account below maintenance margin; None if nothing that the rules allow does.
    Who of the other side is below maintenance as well is asked before anybody who is not."""
    draft = Draft(scene, account)
    try:
        if account != scene.backstop:
            _let_the_backstop(draft)
        for market, size in _by_relief(draft):
            if scene.terms[market].is_asset:
                _let_the_estate(draft, market)
                continue
            _close_pairs(draft, market, size)
            _close_others(draft, market, size)
    except Rejected:
        return None
    return draft if draft.missing <= 0 and is_allowed(draft) else None


def _let_the_backstop(draft: Draft) -> None:
    """The backstop takes as many lots as are needed, or as it can carry."""
    scene, account = draft.scene, draft.account
    for market, size in _by_relief(draft):
        terms = scene.terms[market]
        gain = relief(size, terms)
        wanted = abs(size) if gain <= 0 else min(abs(size), -(-draft.missing // gain))
        lots = _most(draft, market, size, wanted) if draft.missing > 0 else 0
        if lots:
            left = value(draft.holding(account), scene.terms).equity
            draft.take(market, lots, min(left, full_fee(lots, terms)))


def _by_relief(draft: Draft) -> list[tuple[int, int]]:
    terms = draft.scene.terms
    held = live(draft.holding(draft.account), terms)
    return sorted(held, key=lambda each: (-relief(each[1], terms[each[0]]), each[0]))


def _most(draft: Draft, market: int, size: int, wanted: int) -> int:
    """The most of so many lots that the backstop can carry: none, as often as it is full."""
    if not wanted or not _carries(draft, market, size, 1):
        return 0
    low, high = 1, wanted
    while low < high:
        middle = (low + high + 1) // 2
        if _carries(draft, market, size, middle):
            low = middle
        else:
            high = middle - 1
    return low


def _carries(draft: Draft, market: int, size: int, lots: int) -> bool:
    """Whether the backstop may end the batch with so many lots more of a side."""
    scene, index = draft.scene, draft.scene.backstop
    if index in scene.liquidated:
        return False
    now = draft.holding(index)
    left = value(draft.holding(draft.account), scene.terms).equity
    fee = max(0, min(left, full_fee(lots, scene.terms[market])))
    try:
        after = moved(now, market, lots if size > 0 else -lots, -fee, scene.terms[market])
    except Rejected:
        return False
    before = scene.before.get(index, scene.holders[index].holding)
    acted = draft.acted | {market}
    return margin_refusal(before, after, scene.terms, acted=acted) is None


def _let_the_estate(draft: Draft, market: int) -> None:
    """The estate takes what is left of an asset, which nobody of another side could close."""
    lots = _lots(draft, market)
    if lots > 0:
        draft.take(market, lots, route=Route.ESTATE)
        draft.zones[market, SIDES[1]] = 0


def _close_pairs(draft: Draft, market: int, size: int) -> None:
    """Lots of those of the other side that are below maintenance margin too, as far as both need
    it."""
    scene, side = draft.scene, 1 - side_of(size)
    if _lots(draft, market) <= 0:
        return
    for _, accounts in scene.index.nearest(market, side):
        for taker in sorted((accounts & scene.due) - {draft.account}):
            if _lots(draft, market) <= 0:
                return
            old = scene.before.get(taker, scene.holders[taker].holding)
            held = draft.holding(taker)
            if excess(old, scene.terms) >= 0 or old.positions[market] * size >= 0:
                continue
            missing = -excess(held, scene.terms)
            theirs = -(-missing // scene.terms[market].reliefs[side])
            lots = min(_lots(draft, market), theirs, abs(held.positions[market]))
            if lots > 0:
                draft.take(market, lots, route=Route.LIQUIDATED, taker=taker)
                draft.paired.add(taker)


def _lots(draft: Draft, market: int) -> int:
    """How many lots of a market the account must still lose, at the oracle price."""
    size = draft.holding(draft.account).positions[market]
    if not size:
        return 0
    gain = draft.scene.terms[market].reliefs[side_of(size)]
    return min(abs(size), -(-draft.missing // gain))


def _close_others(draft: Draft, market: int, size: int) -> None:
    """Lots of the other side are closed, at the oracle price, the nearest first."""
    side = 1 - side_of(size)
    for taker, trigger in line(draft, market, side):
        lots = min(_lots(draft, market), abs(draft.holding(taker).positions[market]))
        if lots <= 0:
            break
        draft.take(market, lots, route=Route.DELEVERAGED, taker=taker)
        lowest = draft.zones.get((market, side), trigger)
        draft.zones[market, side] = min(lowest, trigger)


def line(draft: Draft, market: int, side: int) -> Iterator[tuple[int, int]]:
    """Who of a side is asked, with his old trigger: the nearest first. It ends before one who may
    not be passed over and may not be asked either: below maintenance, and not liquidated, or one
    whose order took lots in the market."""
    scene, liquidated = draft.scene, draft.liquidated
    for trigger, accounts in scene.index.rising(market, side):
        for account in accounts:
            if account in liquidated or account == scene.backstop:
                continue
            if scene.holders[account].below:
                continue
            if not draft.holding(account).positions[market]:
                continue
            if draft.lacks(account) or (account, market) in scene.took:
                return
            yield account, trigger


def is_allowed(draft: Draft) -> bool:
    """Whether the batch may be closed so, as far as order and backstop go."""
    scene = draft.scene
    zones = merged(scene.zones, draft.zones)
    found = value(draft.holding(scene.backstop), scene.terms)
    liquidated = draft.liquidated
    for (market, side), lowest in zones.items():
        size = draft.holding(scene.backstop).positions[market]
        if scene.backstop not in liquidated and size and side_of(size) == side:
            return False
        if not is_full(found, scene.terms[market], 1 - side):
            return False
        if not _is_in_order(draft, liquidated, market, side, lowest):
            return False
    return True


def _is_in_order(
    draft: Draft, liquidated: frozenset[int], market: int, side: int, lowest: int
) -> bool:
    """Whether all who were nearer lost everything, and all who are due are opened."""
    scene, at = draft.scene, draft.scene.terms[market].numbers[side]
    for trigger, accounts in scene.index.nearest(market, side):
        if trigger <= min(lowest, at):
            return True
        for account in accounts:
            exempt = account in liquidated or account == scene.backstop
            exempt = exempt or scene.holders[account].below
            if trigger > lowest and draft.holding(account).positions[market] and not exempt:
                return False
            if trigger > at and account not in scene.before and account not in draft.ends:
                return False
    return True


def merged(one: Zones, other: Zones) -> dict[tuple[int, int], int]:
    """Zones of both, each as deep as the deeper."""
    return {key: min(each[key] for each in (one, other) if key in each) for key in {*one, *other}}


def zone_leaves(zones: Zones, terms: Sequence[MarketTerms]) -> int:
    """Leaves of triggers that a batch opens at most to show zones, and that their sides are swept:
    a frontier is above the price by less than what two steps move."""
    count = 0
    for (market, side), lowest in zones.items():
        each = terms[market]
        if each.is_asset:  # nobody has its other side
            continue
        high = each.numbers[side] + 2 * (each.maintenance // each.bucket) + 2
        count += max(0, high - lowest) // 8 + 2
    return count
