"""The end of a venue in scenarios: who freezes it, reclaims, and escapes, and with what."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from rollup.harness.difference import Difference
from rollup.harness.people import LEAST_DEPOSIT, START, address, compress_cached, digest_of
from rollup.harness.private_exits import PRIVATE_EXIT_VERBS, dearer
from rollup.harness.scenario import Step
from rollup.harness.stage import Stage
from rollup.l1 import interface as l1
from rollup.l1.escape import LeafOpening, Payout
from rollup.l1.private_exit import nullifier_of
from rollup.protocol.account import Account
from rollup.protocol.assets import USDC
from rollup.protocol.constants import OWNER_BYTES
from rollup.protocol.deposit import EntryKind
from rollup.protocol.positions import Positions

Act = Callable[[], Sequence[l1.Event]]


def _exit(stage: Stage, step: Step) -> Act:
    sender, account, amount = address(step["exit"]), step["account"], step["amount"]
    if not step.get("unfunded") and len(sender) == OWNER_BYTES:
        stage.l1.mint(sender, LEAST_DEPOSIT)

    def act() -> Sequence[l1.Event]:
        entry = stage.l1.request_exit(sender, account, amount)
        came = (entry.kind, entry.owner, entry.account, entry.asset, entry.amount)
        if came != (EntryKind.EXIT, sender, account, USDC, amount):
            raise Difference("the entry is not what was asked for")
        if entry.index != step.get("gets", entry.index):
            raise Difference(f"it gave entry {entry.index}, wanted {step['gets']}")
        return [l1.DepositQueued(entry)]

    return act


def _freeze(stage: Stage, step: Step) -> Act:
    sender = address(step["freeze"])

    def act() -> Sequence[l1.Event]:
        stage.l1.freeze(sender)
        return [l1.Frozen(sender, stage.l1.proved_number, stage.l1.now())]

    return act


def _reclaim(stage: Stage, step: Step) -> Act:
    sender, index = address(step["reclaim"]), step["entry"]

    def act() -> Sequence[l1.Event]:
        paid = stage.l1.reclaim(sender, index)
        if paid != step.get("pays", paid):
            raise Difference(f"it paid {paid}, wanted {step['pays']}")
        asset = stage.l1.queue_from(index, 1)[0].asset
        return [l1.EntryReclaimed(index, sender, asset, paid)]

    return act


def _account_bent(**changes: object) -> Callable[[LeafOpening], LeafOpening]:
    def bend(leaf: LeafOpening) -> LeafOpening:
        account: Account = replace(leaf.account, **changes)  # type: ignore[arg-type]
        return replace(leaf, account=account)

    return bend


def _richer(leaf: LeafOpening) -> LeafOpening:
    return _account_bent(cash=leaf.account.cash + 1)(leaf)


def _larger(leaf: LeafOpening) -> LeafOpening:
    held = tuple((market, size + 1) for market, size in leaf.account.positions)
    return _account_bent(positions=Positions(held))(leaf)


def _shorter(leaf: LeafOpening) -> LeafOpening:
    """Without its last position."""
    positions = Positions(leaf.account.positions.held[:-1])
    return _account_bent(positions=positions, triggers=leaf.account.triggers[:-1])(leaf)


def _usurped(leaf: LeafOpening) -> LeafOpening:
    header = replace(leaf.account.header, owner=address("mallory"))
    return _account_bent(header=header)(leaf)


def _higher(leaf: LeafOpening) -> LeafOpening:
    """As if a leaf were a node above: its path is the same one level up, and ends in nothing."""
    return replace(leaf, index=leaf.index >> 1, path=(*leaf.path[1:], digest_of("nothing")))


BENT_LEAVES: Final[Mapping[str, Callable[[LeafOpening], LeafOpening]]] = {
    "cash": _richer,
    "size": _larger,
    "position": _shorter,
    "owner": _usurped,
    "below": _account_bent(below=True),
    "salt": _account_bent(salt=(4, 3, 2, 1)),
    "slots": _account_bent(slots_root=digest_of("other slots")),
    "index": lambda leaf: replace(leaf, index=leaf.index ^ 1),
    "level": _higher,
    "sibling": lambda leaf: replace(leaf, path=(*leaf.path[:-1], digest_of("a sibling"))),
    "markets": lambda leaf: replace(leaf, markets=leaf.right),
    "right half": lambda leaf: replace(leaf, right=leaf.markets),
}
"""What a liar opens, by what of it is another."""


def _escape(stage: Stage, step: Step) -> Act:
    sender, account, batch = address(step["escape"]), step["account"], step["of"]
    leaf, book = stage.leaves_of(batch).opening(account), stage.batch(batch).tip.book
    bend = step.get("bend", "")
    if bend == "book":
        book = dearer(book)
    elif bend:
        leaf = BENT_LEAVES[bend](leaf)

    def act() -> Sequence[l1.Event]:
        paid = stage.l1.escape(sender, leaf, book)
        if "pays" in step:
            _require_paid(paid, step)
        nullifier = nullifier_of(account, leaf.account.salt, compress_cached)
        return _events(stage, l1.AccountEscaped(account, sender, paid.amount, nullifier), paid)

    return act


def _require_paid(paid: Payout, step: Step) -> None:
    """It pays what the scenario says: quanta, and by mark the lots that are paid and kept."""
    lots = {str(each.asset): each.lots for each in paid.assets if each.lots}
    kept = {str(each.asset): each.kept for each in paid.assets if each.kept}
    came = (paid.amount, lots, kept)
    wanted = (step["pays"], step.get("lots", {}), step.get("kept", {}))
    if came != wanted:
        raise Difference(f"it pays {came}, wanted {wanted}")


def _events(stage: Stage, escaped: l1.AccountEscaped, paid: Payout) -> Sequence[l1.Event]:
    account, owner = escaped.account, escaped.owner
    events: list[l1.Event] = [escaped]
    for each in paid.assets:
        what = (each.asset, each.lots, each.kept, each.price)
        events.append(l1.AssetEscaped(account, owner, *what))
        if each.kept:
            taken = (each.asset, each.kept, each.price)
            events.append(l1.EstateTook(stage.l1.proved_number, *taken))
    return events


EXIT_VERBS: Mapping[str, Callable[[Stage, Step], Act]] = {
    "exit": _exit,
    "freeze": _freeze,
    "reclaim": _reclaim,
    "escape": _escape,
    **PRIVATE_EXIT_VERBS,
}


def says_exits(stage: Stage, _: object) -> Mapping[str, object]:
    """When the venue was frozen, after the start, or -1; what is owed by who has not come; which
    entries were reclaimed and which accounts escaped."""
    exits = stage.l1.exits
    return {
        "frozen_at": -1 if exits.frozen_at is None else exits.frozen_at - START,
        "debts": exits.debts,
        "reclaimed": sorted(exits.reclaimed),
        "escaped": sorted(exits.escaped),
    }
