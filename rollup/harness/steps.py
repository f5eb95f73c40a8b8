"""What a step of a scenario does to L1, and which events must come of it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rollup.harness.bending import bent_entries, bent_header, bent_public, granted, proof_for
from rollup.harness.bonds import with_receipts
from rollup.harness.books import Choice, Closed, held_reports, queued_after
from rollup.harness.difference import Difference
from rollup.harness.estate import estate_of
from rollup.harness.expectations import require_expected
from rollup.harness.leaves import Leaves
from rollup.harness.more_verbs import MORE_VERBS
from rollup.harness.people import (
    GOVERNOR,
    OPERATOR,
    PINS,
    START,
    address,
    key_words,
    viewing_words,
)
from rollup.harness.reports import BENDS, Reports, reports_of
from rollup.harness.scenario import Step
from rollup.harness.stage import Stage
from rollup.l1 import interface as l1
from rollup.oracle.package import SignedPackage
from rollup.protocol.assets import USDC, is_known
from rollup.protocol.constants import AMOUNT_BITS, DEPOSITS_MAX, OWNER_BYTES, SIZE_BITS
from rollup.protocol.deposit import NO_KEY, NO_VIEWING, EntryKind, QueueEntry
from rollup.protocol.header import header_of
from rollup.protocol.market import Governance

Act = Callable[[], Sequence[l1.Event]]
"""The call, once all is prepared: it gives the events that it must have caused."""


def _nothing() -> Sequence[l1.Event]:
    return ()


def _mint(stage: Stage, step: Step) -> Act:
    def act() -> Sequence[l1.Event]:
        stage.l1.mint(address(step["mint"]), step["amount"], step.get("asset", USDC))
        return ()

    return act


def _donate(stage: Stage, step: Step) -> Act:
    def act() -> Sequence[l1.Event]:
        stage.l1.donate(address(step["donate"]), step["amount"])
        return ()

    return act


def _fund(stage: Stage, step: Step, sender: bytes) -> None:
    """Give the sender what the deposit takes, unless the scenario is about who cannot pay."""
    amount, asset = step["amount"], step.get("asset", USDC)
    bits = AMOUNT_BITS if asset == USDC else SIZE_BITS
    is_money = 1 <= amount < 1 << bits and is_known(stage.l1.governance, asset)
    if not step.get("unfunded") and is_money and len(sender) == OWNER_BYTES:
        stage.l1.mint(sender, amount, asset)


def _register(stage: Stage, step: Step) -> Act:
    sender, amount = address(step["register"]), step["amount"]
    asset = step.get("asset", USDC)
    key = key_words(step["register"], step.get("key", "good"))
    viewing = viewing_words(step.get("viewing", "good"))
    _fund(stage, step, sender)

    def act() -> Sequence[l1.Event]:
        entry = stage.l1.register(sender, key, viewing, amount, asset)
        _require_entry(entry, step, (EntryKind.REGISTER, sender, key, viewing, asset, amount))
        return [l1.DepositQueued(entry)]

    return act


def _credit(stage: Stage, step: Step) -> Act:
    sender, account, amount = address(step["credit"]), step["account"], step["amount"]
    asset = step.get("asset", USDC)
    _fund(stage, step, sender)

    def act() -> Sequence[l1.Event]:
        entry = stage.l1.credit(sender, account, amount, asset)
        wanted = (EntryKind.CREDIT, sender, NO_KEY, NO_VIEWING, asset, amount)
        _require_entry(entry, {"gets": [entry.index, account], **step}, wanted)
        return [l1.DepositQueued(entry)]

    return act


def _rotate(stage: Stage, step: Step) -> Act:
    sender, account, amount = address(step["rotate"]), step["account"], step["amount"]
    key = key_words(f"another of {step['rotate']}", step.get("key", "good"))
    viewing = viewing_words(step.get("viewing", "good"))
    _fund(stage, step, sender)

    def act() -> Sequence[l1.Event]:
        entry = stage.l1.rotate(sender, account, key, viewing, amount)
        wanted = (EntryKind.ROTATE, sender, key, viewing, USDC, amount)
        _require_entry(entry, {"gets": [entry.index, account], **step}, wanted)
        return [l1.DepositQueued(entry)]

    return act


def _require_entry(entry: QueueEntry, step: Step, wanted: tuple[object, ...]) -> None:
    words = (entry.key_words, entry.viewing_words)
    came = (entry.kind, entry.owner, *words, entry.asset, entry.amount)
    if came != wanted:
        raise Difference("the entry is not what was asked for")
    if "gets" in step and [entry.index, entry.account] != step["gets"]:
        raise Difference(
            f"it gave entry {entry.index} and account {entry.account}, wanted {step['gets']}"
        )


def _withdraw(stage: Stage, step: Step) -> Act:
    sender, asset = address(step["withdraw"]), step.get("asset", USDC)

    def act() -> Sequence[l1.Event]:
        paid = stage.l1.withdraw(sender, asset)
        if paid != step.get("pays", paid):
            raise Difference(f"it paid {paid}, wanted {step['pays']}")
        return [l1.Withdrawn(sender, asset, paid)]

    return act


def _give(stage: Stage, step: Step) -> Act:
    """Give reports of a slot, bent or as their signers signed them; whose market gains some, of so
    many signers L1 then holds one."""
    slot = START + step["slot"]
    reports = BENDS[step.get("bend", "as they are")](reports_of(step["give"], slot))
    sender, number = address(step.get("as", "alice")), stage.l1.head_number + 1
    feeds = stage.l1.governance_for(number, stage.l1.now()).oracle.feeds
    held = stage.l1.given_reports(slot)

    def act() -> Sequence[l1.Event]:
        added = stage.l1.give_reports(sender, reports)
        if added != step.get("adds", added):
            raise Difference(f"it held {len(reports) - added} of them, wanted {step['adds']} new")
        before, after = Counter(map(_feed, held)), Counter(map(_feed, stage.l1.given_reports(slot)))
        pairs = [(market, each.feed) for market, each in enumerate(feeds)]
        gains = [(market, after[feed]) for market, feed in pairs if after[feed] != before[feed]]
        return [l1.ReportsGiven(slot, *gain) for gain in gains]

    return act


def _feed(report: SignedPackage) -> bytes:
    return report.package.points[0].feed


def _wait(stage: Stage, step: Step) -> Act:
    def act() -> Sequence[l1.Event]:
        wanted = stage.l1.now() + step["wait"]
        shown = stage.l1.warp(step["wait"])
        if shown != wanted or stage.l1.now() != wanted:
            raise Difference(f"its clock shows {shown}, wanted {wanted}")
        return ()

    return act


def _close(stage: Stage, step: Step) -> Act:
    """Close a batch: nothing is called, the operator only reads."""
    tip = stage.tip(step.get("after"))
    time = START + step["at"] if "at" in step else stage.l1.now() + step.get("offset", 0)
    entries = queued_after(stage.l1, tip, step.get("entries", DEPOSITS_MAX))
    if "bend" in step:
        entries = bent_entries(entries, tip.deposits, step["bend"])
    if "governance" in step:
        governance = stage.governance(step["governance"])
    else:
        governance = tip.governance_for(stage.l1, time)
    redo, attempt = step.get("redo", False), step.get("attempt", 0)
    reports = _reports(stage, step.get("reports", {}), governance, time)
    stands = (not step.get("open", False), not step.get("idle", False))
    paid, rates = granted(step.get("withdraws", ())), tuple(step.get("premium_rates", ()))
    what = (estate_of(step.get("estate", ())), step.get("class", PINS.shape_class))
    choice = Choice(time, redo, governance, entries, attempt, reports, *stands, paid, rates, *what)
    if "state" in step:
        leaves = stage.leaves[step["close"]] = Leaves(step["state"], step["close"])
        choice = replace(choice, root=leaves.root)
    closed = stage.books.close(tip, with_receipts(stage, step, choice))
    if "lie" in step:
        public = bent_public(stage, closed.public, step["lie"])
        closed = Closed(public, header_of(public, closed.header.queue_head), closed.tip)
        stage.books.keep(closed)
    stage.closed[step["close"]] = closed
    return _nothing


def _reports(stage: Stage, said: Any, governance: Governance, time: int) -> Reports:
    """Those that a scenario says, or all that L1 holds."""
    if said == "held":
        return held_reports(stage.l1, governance, time)
    return reports_of(said, governance.oracle.slot(time))


def _stall(stage: Stage, step: Step) -> Act:
    """So many batches on L1's head, one every so many ms, that leave their step open and do nothing
    for it."""

    def act() -> Sequence[l1.Event]:
        events: list[l1.Event] = []
        for _ in range(step["stall"]):
            time, tip = stage.l1.warp(step["every"]), stage.tip(None)
            governance = tip.governance_for(stage.l1, time)
            choice = Choice(time, False, governance, (), closes=False, progress=False)
            closed = stage.books.close(tip, choice)
            sender = address(OPERATOR)
            header, public = closed.header, closed.public
            _require_verdict(stage.l1.commit_header(sender, header), None)
            stage.l1.post_batch(sender, public, proof_for(stage, closed, public, "honest"))
            events.append(l1.HeaderTaken(header.number, header.time, header.digest()))
            roots = (public.old_root, public.new_root)
            events.append(l1.BatchAccepted(public.number, public.time, *roots))
        return events

    return act


def _commit(stage: Stage, step: Step) -> Act:
    header = bent_header(stage, stage.batch(step["commit"]).header, step.get("change", {}))
    sender, digest = address(step.get("as", OPERATOR)), header.digest()

    def act() -> Sequence[l1.Event]:
        verdict = stage.l1.commit_header(sender, header)
        refused = step.get("refused")
        _require_verdict(verdict, refused)
        reason = refused or step.get("recorded")
        events: list[l1.Event] = []
        if reason is not None:
            events.append(l1.HeaderRefused(header.number, header.time, digest, l1.Refusal(reason)))
        if refused is None:
            events.append(l1.HeaderTaken(header.number, header.time, digest))
        elif verdict.refusal != events[0]:
            raise Difference(f"the refusal is {verdict.refusal}, wanted {events[0]}")
        if step.get("enacts"):
            events.append(l1.GovernanceEnacted(header.governance, header.number))
        return [] if step.get("again") else events

    return act


def _require_verdict(verdict: l1.HeaderVerdict, refused: str | None) -> None:
    came = None if verdict.refusal is None else verdict.refusal.reason.value
    if came != refused:
        held, wanted = came or "taken", refused or "taken"
        raise Difference(f"the header was judged {held}, wanted {wanted}")


def _post(stage: Stage, step: Step) -> Act:
    closed = stage.batch(step["post"])
    public = bent_public(stage, closed.public, step.get("change", {}))
    proof = proof_for(stage, closed, public, step.get("proof", "honest"))
    sender = address(step.get("as", OPERATOR))
    word_of = stage.attestation(closed, step.get("attest"))

    def act() -> Sequence[l1.Event]:
        stage.l1.post_batch(sender, public, proof, word_of)
        accepted = l1.BatchAccepted(public.number, public.time, public.old_root, public.new_root)
        refunds = [
            l1.DepositRefunded(
                each.entry.index,
                each.entry.owner,
                each.entry.asset,
                each.entry.amount,
                each.outcome,
            )
            for each in public.refunds
        ]
        answers = [
            l1.ExitAnswered(each.entry.index, each.entry.owner, each.entry.amount, each.outcome)
            for each in public.deposits
            if each.entry.kind is EntryKind.EXIT
        ]
        takes = [
            l1.EstateTook(public.number, each.asset, each.lots, public.price_of(each.asset))
            for each in public.estate
        ]
        grants = [
            l1.WithdrawalGranted(public.number, place, each.owner, each.asset, each.amount)
            for place, each in enumerate(public.withdrawals)
        ]
        return [accepted, *refunds, *answers, *takes, *grants]

    return act


def _announce(stage: Stage, step: Step) -> Act:
    governance, number = stage.governance(step["announce"]), step["number"]
    sender = address(step.get("as", GOVERNOR))
    proofs = stage.possession(step["announce"], step.get("possession", "honest"))

    def act() -> Sequence[l1.Event]:
        valid_from = stage.l1.announce_governance(sender, governance, number, proofs)
        if valid_from - START != step.get("from", valid_from - START):
            came = valid_from - START
            raise Difference(f"it is in force from {came} ms on, wanted {step['from']}")
        return [l1.GovernanceAnnounced(governance, number, valid_from)]

    return act


def _checkpoint(stage: Stage, step: Step) -> Act:
    stage.marks[step["checkpoint"]] = stage.l1.mark()
    return _nothing


def _reorganise(stage: Stage, step: Step) -> Act:
    def act() -> Sequence[l1.Event]:
        now = stage.l1.now()
        stage.l1.reorganise(stage.marks[step["reorganise"]])
        if stage.l1.now() != now:
            raise Difference("its clock went back")
        return ()

    return act


def _expect(stage: Stage, step: Step) -> Act:
    require_expected(stage, step["expect"])
    return _nothing


VERBS: Mapping[str, Callable[[Stage, Step], Act]] = {
    **MORE_VERBS,
    "mint": _mint,
    "donate": _donate,
    "register": _register,
    "credit": _credit,
    "rotate": _rotate,
    "withdraw": _withdraw,
    "give": _give,
    "wait": _wait,
    "close": _close,
    "stall": _stall,
    "commit": _commit,
    "post": _post,
    "announce": _announce,
    "checkpoint": _checkpoint,
    "reorganise": _reorganise,
    "expect": _expect,
}
