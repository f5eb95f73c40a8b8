"""What a step of a scenario does to an outpost: deposits there, what it hears of home by the word
of its committee, and what it pays."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from rollup.harness.bent_words import BENT_ENTRIES, NOBODYS_HEAD, OTHER_WORDS
from rollup.harness.committee import committee_of, names_of, possession_of, word_of
from rollup.harness.difference import Difference
from rollup.harness.held_outpost import HeldOutpost, owed
from rollup.harness.people import address, digest_of
from rollup.harness.scenario import Scenario, ScenarioError, Step
from rollup.harness.stage import Stage
from rollup.l1.outpost import (
    CheckpointHeard,
    CommitteeHeard,
    Deposited,
    DepositReclaimed,
    OutpostDeployment,
    OutpostEvent,
    PaidOut,
    Released,
)
from rollup.protocol.assets import USDC
from rollup.protocol.checkpoint import (
    Checkpoint,
    Link,
    OutboxEntry,
    Succession,
    head_after,
)
from rollup.protocol.encoding import hex_digest

Act = Callable[[], Sequence[OutpostEvent]]
Entries = Sequence[OutboxEntry]

_OTHER: Final[Mapping[str, Callable[[Any], Any]]] = {
    **OTHER_WORDS,
    "number": lambda said: replace(said, number=said.number + 1),
    "root": lambda said: replace(said, root=digest_of("another root")),
    "taken": lambda said: replace(said, taken=said.taken + 1),
    "closed": lambda said: replace(said, closed=not said.closed),
    "serial": lambda said: replace(said, serial=said.serial + 1),
    "first": lambda said: replace(said, serial=1),
    "committee": lambda said: replace(said, committee=said.committee[::-1]),
}
"""Something else than what is true, or than what is brought."""


def outpost_of(scenario: Scenario, link: Link) -> OutpostDeployment:
    """What a scenario wants on another chain."""
    said = scenario.outpost
    members = scenario.governances[said["committee"]]["committee"]
    proofs = possession_of(names_of(members), said.get("possession", "honest"))
    caps = tuple((mark, cap) for mark, cap in said["caps"])
    leasts = tuple((mark, least) for mark, least in said["leasts"])
    return OutpostDeployment(link, committee_of(members, replace), tuple(proofs), caps, leasts)


def require_held(outpost: HeldOutpost, assets: Sequence[int]) -> None:
    """Difference where an outpost holds less than it owes."""
    for asset in assets:
        if outpost.funds(asset) < owed(outpost, asset):
            detail = f"{outpost.funds(asset)} of asset {asset}, and owes {owed(outpost, asset)}"
            raise Difference(f"the outpost holds {detail}")


def _there(stage: Stage) -> HeldOutpost:
    if stage.outpost is None:
        raise ScenarioError("no outpost was said to be there")
    return stage.outpost


def _arrive(stage: Stage, step: Step) -> Act:
    outpost, sender, amount = _there(stage), address(step["arrive"]), step["amount"]
    asset = step.get("asset", USDC)
    if not step.get("unfunded") and asset in stage.assets:
        outpost.mint(sender, amount, asset)

    def act() -> Sequence[OutpostEvent]:
        entry = outpost.deposit(sender, step["account"], amount, asset)
        came = (entry.index, entry.owner, entry.account, entry.asset, entry.amount)
        wanted = (step.get("gets", entry.index), sender, step["account"], asset, amount)
        if came != wanted:
            raise Difference(f"it took {entry}")
        return [Deposited(entry)]

    return act


def _hear(stage: Stage, step: Step) -> Act:
    """What is not said of home is as it was heard last; `lets` are entries that come on top."""
    outpost = _there(stage)
    entries = [_let(len(stage.let_out) + n, said) for n, said in enumerate(step.get("lets", ()))]
    truth = _checkpoint(stage, step["hear"], entries)
    said = _OTHER[step["says"]](truth) if "says" in step else truth
    signed = _OTHER[step["signs"]](said) if "signs" in step else said
    brought = BENT_ENTRIES[step["bend"]](entries) if "bend" in step else entries
    word = word_of(step["attest"], outpost.committee, signed.encode())

    def act() -> Sequence[OutpostEvent]:
        outpost.hear(address(step.get("as", "eve")), said, brought, word)
        stage.let_out += entries
        heard = (said.number, said.root, said.sent, said.taken, said.closed)
        return [CheckpointHeard(*heard), *map(Released, entries)]

    return act


def _let(index: int, said: Sequence[Any]) -> OutboxEntry:
    who, amount, *rest = said
    return OutboxEntry(index, address(who), rest[0] if rest else USDC, amount)


def _checkpoint(stage: Stage, said: Mapping[str, Any], entries: Entries) -> Checkpoint:
    outpost = _there(stage)
    number, _, taken, closed = outpost.standing
    root = digest_of(said["root"]) if "root" in said else outpost.root
    outbox = [*stage.let_out, *entries]
    head = head_after(outpost.link.outbox_start, 0, outbox) or NOBODYS_HEAD
    return Checkpoint(
        outpost.link,
        said.get("number", number),
        root,
        said.get("sent", len(outbox)),
        head,
        said.get("taken", taken),
        said.get("closed", bool(closed)),
    )


def _succeed(stage: Stage, step: Step) -> Act:
    outpost, name = _there(stage), step["succeed"]
    committee = stage.governance(name).committee
    proofs = stage.possession(name, step.get("possession", "honest"))
    serial = outpost.serial + 1
    said = Succession(outpost.link, serial, committee.encode())
    signed = _OTHER[step["signs"]](said) if "signs" in step else said
    word = word_of(step["attest"], outpost.committee, signed.encode())

    def act() -> Sequence[OutpostEvent]:
        outpost.succeed(address(step.get("as", "eve")), committee, proofs, word)
        return [CommitteeHeard(committee, serial)]

    return act


def _pay_out(stage: Stage, step: Step) -> Act:
    outpost, sender, asset = _there(stage), address(step["pay_out"]), step.get("asset", USDC)

    def act() -> Sequence[OutpostEvent]:
        paid = outpost.withdraw(sender, asset)
        if paid != step.get("pays", paid):
            raise Difference(f"it paid {paid}, wanted {step['pays']}")
        return [PaidOut(sender, asset, paid)]

    return act


def _take_back(stage: Stage, step: Step) -> Act:
    outpost, sender, index = _there(stage), address(step["take_back"]), step["entry"]

    def act() -> Sequence[OutpostEvent]:
        paid = outpost.reclaim(sender, index)
        if paid != step.get("pays", paid):
            raise Difference(f"it paid {paid}, wanted {step['pays']}")
        return [DepositReclaimed(index, sender, outpost.inbox[index].asset, paid)]

    return act


def says_there(stage: Stage, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is asked of the outpost: what it heard, who is heard, and its money by name."""
    return {name: _THERE[name](stage, _there(stage), each) for name, each in wanted.items()}


def _named_root(stage: Stage, outpost: HeldOutpost, wanted: str) -> str:
    return wanted if outpost.root == digest_of(wanted) else hex_digest(outpost.root)


def _named_committee(stage: Stage, outpost: HeldOutpost, wanted: object) -> str:
    found = [n for n, each in stage.governances.items() if each.committee == outpost.committee]
    return found[-1] if found else "other"


_THERE: Final[Mapping[str, Callable[[Stage, HeldOutpost, Any], Any]]] = {
    "standing": lambda stage, outpost, wanted: list(outpost.standing),
    "root": _named_root,
    "committee": _named_committee,
    "serial": lambda stage, outpost, wanted: outpost.serial,
    "deposits": lambda stage, outpost, wanted: len(outpost.inbox),
    "custody": lambda stage, outpost, wanted: outpost.custody(),
    "funds": lambda stage, outpost, wanted: outpost.funds(),
    "pending": lambda stage, outpost, wanted: {n: outpost.pending(address(n)) for n in wanted},
    "wallets": lambda stage, outpost, wanted: {n: outpost.wallet(address(n)) for n in wanted},
}

AT_OUTPOST_VERBS: Mapping[str, Callable[[Stage, Step], Act]] = {
    "arrive": _arrive,
    "hear": _hear,
    "succeed": _succeed,
    "pay_out": _pay_out,
    "take_back": _take_back,
}
