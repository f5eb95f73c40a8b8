"""The estate in scenarios: what a batch gives it, who buys of it, and that all is covered."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rollup.harness.difference import Difference
from rollup.harness.people import START, address
from rollup.harness.scenario import Step
from rollup.harness.stage import Stage
from rollup.l1 import interface as l1
from rollup.l1.estate import Estate
from rollup.l1.freeze import Exits
from rollup.protocol.assets import USDC
from rollup.protocol.public import EstateTaken

Act = Callable[[], Sequence[l1.Event]]


def estate_of(said: Sequence[Sequence[int]]) -> tuple[EstateTaken, ...]:
    """What a batch gives the estate as a scenario says it: mark and lots of each asset."""
    return tuple(EstateTaken(*each) for each in said)


def require_covered(view: Mapping[str, Any]) -> None:
    """Difference unless L1 holds all that it owes, but for what it says that it lacks of USDC."""
    for mark, vault in view["assets"].items():
        if vault.funds + _elsewhere(view, mark) < vault.owed:
            raise Difference(f"of asset {mark} it owes {vault.owed} and holds {vault.funds}")
    owed = view["custody"] + view["queued"] + sum(view["pending"].values())
    if view["owed"] != owed:
        raise Difference(f"it says that it owes {view['owed']}, its counters say {owed}")
    estate: Estate = view["estate"]
    for mark, sale in estate.sales.items():
        if view["assets"][mark].estate != sale.lots:
            raise Difference(f"of asset {mark} it does not hold what is for sale")
    exits: Exits = view["exits"]
    held = view["funds"] + _elsewhere(view, USDC)
    if held + estate.lacks + exits.debts < owed + estate.surplus:
        raise Difference(f"it owes {owed}, holds {view['funds']} and says it lacks {estate.lacks}")


def _elsewhere(view: Mapping[str, Any], mark: int) -> int:
    """What of an asset the books count at outposts."""
    return sum(book.elsewhere.get(mark, 0) for book in view["outposts"].values())


def _buy(stage: Stage, step: Step) -> Act:
    buyer, asset, lots = address(step["buy"]), step["asset"], step["lots"]
    most = step.get("most", 2**62)
    if "brings" in step:
        stage.l1.mint(buyer, step["brings"])

    def act() -> Sequence[l1.Event]:
        queued = len(stage.l1.queue)
        paid = stage.l1.buy(buyer, asset, lots, most)
        if paid != step.get("pays", paid):
            raise Difference(f"it cost {paid}, wanted {step['pays']}")
        entries = stage.l1.queue[queued:]
        given = sum(entry.amount for entry in entries)
        if given != step.get("endows", 0):
            raise Difference(f"{given} quanta are queued for the backstop")
        events: list[l1.Event] = [l1.EstateSold(buyer, asset, lots, paid)]
        return [*events, *(l1.DepositQueued(entry) for entry in entries)]

    return act


def _cover(stage: Stage, step: Step) -> Act:
    sender, amount = address(step["cover"]), step["amount"]
    if amount and not step.get("unfunded"):
        stage.l1.mint(sender, amount, USDC)

    def act() -> Sequence[l1.Event]:
        stage.l1.cover(sender, amount)
        return [l1.EstateCovered(sender, amount)]

    return act


ESTATE_VERBS: Mapping[str, Callable[[Stage, Step], Act]] = {"buy": _buy, "cover": _cover}


def says_estate(stage: Stage, _: object) -> Mapping[str, object]:
    """What the estate lacks and has left over, and by mark what is for sale: lots, from which
    price, since when after the start."""
    estate = stage.l1.estate
    return {
        "lacks": estate.lacks,
        "surplus": estate.surplus,
        "sales": {
            str(mark): [sale.lots, sale.start, sale.since - START]
            for mark, sale in estate.sales.items()
        },
    }
