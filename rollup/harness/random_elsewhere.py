"""Seeded calls by which one book is kept of several chains: of home beside the model, and of an
outpost beside its model. Members sign really; words are mostly true."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from rollup.harness.committee import INFINITY, committee_of, member, possession_of, word_of
from rollup.harness.difference import Difference
from rollup.harness.held_outpost import HeldOutpost, LocalOutpost, seen
from rollup.harness.people import GOVERNOR, OPERATOR, address, deployment, digest_of
from rollup.harness.random_walk import Walk, outcome
from rollup.harness.stage import Target
from rollup.l1.elsewhere import Outpost
from rollup.l1.outpost import OutpostDeployment
from rollup.protocol.assets import USDC
from rollup.protocol.checkpoint import (
    Checkpoint,
    InboxEntry,
    InboxHead,
    Link,
    OutboxEntry,
    Succession,
    head_after,
)
from rollup.protocol.committee import Attestation, Committee

MEMBER: Final = "ann"
"""Who is every committee of random calls at home, and the first one at an outpost."""

OTHER_MEMBER: Final = "ben"
PEOPLE: Final = ("alice", "bob", "carol")
CHAINS: Final = (9, 9, 9, 10, deployment().genesis.chain)
CAP: Final = 5_000
MARKS: Final = (USDC, 3)


def _link(chain: int, where: bytes) -> Link:
    genesis = deployment().genesis
    return Link(genesis.chain, genesis.venue, chain, where)


def _where(chain: int) -> bytes:
    return address(f"outpost on {chain}")


# Home.


def _announce_outpost(way: Walk) -> None:
    """Mostly with no wait after it, so that most are not heard yet when they are used."""
    chain, random = way.random.choice(CHAINS), way.random
    caps = ((USDC, CAP), (3, 40)) if random.random() < 0.3 else ((USDC, CAP),)
    sender = address(random.choice((GOVERNOR,) * 4 + (OPERATOR,)))
    outpost = Outpost(chain, _where(chain), caps)
    way.same(f"announce the outpost on {chain}", lambda l1: l1.announce_outpost(sender, outpost))
    if random.random() < 0.6:
        delay = deployment().governance_delay
        way.same(f"wait {delay}", lambda l1: l1.warp(delay))


def open_outpost(way: Walk) -> None:
    """An outpost that is heard from the first step on."""
    governor, outpost = address(GOVERNOR), Outpost(9, _where(9), ((USDC, CAP),))
    way.same("announce the outpost", lambda l1: l1.announce_outpost(governor, outpost))
    delay = deployment().governance_delay
    way.same(f"wait {delay}", lambda l1: l1.warp(delay))


def _take_in(way: Walk) -> None:
    """The next deposits of an outpost, or others; mostly as the committee attests to them."""
    random, chain = way.random, way.random.choice((9, 9, 9, 9, 10))
    book = way.model.outposts.get(chain)
    taken = 0 if book is None else book.taken
    first = random.choice((taken,) * 8 + (taken + 1, 0))
    count = random.choice((1, 1, 2, 3, 0))
    entries = [_deposit(random, first + place) for place in range(count)]
    start = b"" if book is None else book.inbox_head
    head = head_after(start, taken, entries) or b"\1" * 32
    said = InboxHead(_link(chain, _where(chain)), taken + len(entries), head)
    word = _said(random, way.model.governance.committee, said.encode())
    call = (address("eve"), chain, entries, word)
    way.same(f"take {count} in from {chain}", lambda l1: l1.take_in_from(*call))


def _deposit(random: Random, index: int) -> InboxEntry:
    """Of an account that may be none, and an asset that may be delisted or never listed."""
    asset = random.choice((USDC, USDC, USDC, 3))
    amount = random.choice((1, 10, 10, 40, 40, 500, CAP - 500))
    return InboxEntry(index, address(random.choice(PEOPLE)), random.randrange(5), asset, amount)


def _said(random: Random, committee: Committee, message: bytes) -> Attestation:
    """The word of whoever is heard, or another one: no signature costs time where nobody is."""
    names = [name for name in (MEMBER, OTHER_MEMBER) if member(name).key in committee.keys]
    if not names or random.random() < 0.1:
        return Attestation(random.choice((0, 1, 2)), INFINITY)
    if random.random() < 0.1:
        return word_of({"by": names}, committee, message + b"\0")
    return word_of({"by": names}, committee, message)


def _send(way: Walk) -> None:
    """A part of what is pending, or more; sometimes of who has nothing."""
    random, asset = way.random, way.random.choice((USDC, USDC, USDC, 3))
    ledger = way.model.assets.get(asset)
    owners = sorted(owner for owner, amount in (ledger.pending if ledger else {}).items() if amount)
    is_owed = owners and random.random() < 0.8
    sender = random.choice(owners) if is_owed else address(random.choice(PEOPLE))
    pending = ledger.pending.get(sender, 0) if ledger else 0
    amount = random.choice((1, 10, pending, pending + 1, 0))
    chain = random.choice((9, 9, 9, 10))
    way.same(f"send to {chain}", lambda l1: l1.send(sender, chain, asset, amount))


ELSEWHERE_ACTIONS: Sequence[Callable[[Walk], None]] = (
    *(_announce_outpost, _take_in, _take_in, _send, _send),
)
"""What can happen at home, the likelier the more often it stands here. Where there is a committee,
it happens twice as often."""


# An outpost.


@dataclass(slots=True)
class FarWalk:
    """One sequence at an outpost: it, the model, home as it would be, and the chance that chooses.
    `sent` is home's outbox, of which the outpost may have heard less."""

    target: HeldOutpost
    model: HeldOutpost
    random: Random
    sent: list[OutboxEntry]
    number: int = 0
    closed: bool = False

    def same(self, what: str, call: Callable[[HeldOutpost], Any]) -> Any:
        """Call both; Difference where answer, revert or anything stored is not the same."""
        wanted, came = outcome(call, self.model), outcome(call, self.target)
        if came != wanted:
            raise Difference(f"{what}: it answered {came}, the model {wanted}")
        owners = [address(name) for name in PEOPLE]
        ours, theirs = (seen(each, owners, MARKS) for each in (self.model, self.target))
        for name, value in ours.items():
            if theirs[name] != value:
                raise Difference(f"{what}: {name} is {theirs[name]}, in the model {value}")
        return wanted

    @property
    def root(self) -> Any:
        """Home's root after its last batch."""
        return digest_of(f"batch {self.number}")


def walk_outpost(target: Target, seed: str, calls: int) -> int:
    """One sequence of so many steps at an outpost; returns how many were made: none where the
    target has no outposts. Difference at the first."""
    if target.far_chain is None:
        return 0
    alone = committee_of({"threshold": 1, "of": [MEMBER]}, replace)
    caps, leasts = ((USDC, CAP), (3, 40)), ((USDC, 3), (3, 1))
    proofs = tuple(possession_of([MEMBER], "honest"))
    link = _link(target.far_chain, _where(target.far_chain))
    made = target.outpost(OutpostDeployment(link, alone, proofs, caps, leasts))
    model = LocalOutpost(OutpostDeployment(made.link, alone, proofs, caps, leasts))
    way = FarWalk(made, model, Random(seed), [])
    for step in range(calls):
        action = way.random.choice(FAR_ACTIONS)
        try:
            action(way)
        except Difference as error:
            raise Difference(f"at the outpost, step {step + 1}, {error}") from error
    return calls


def _arrive(way: FarWalk) -> None:
    random, sender = way.random, address(way.random.choice(PEOPLE))
    asset = random.choice((USDC, USDC, USDC, 3, 1))
    amount = random.choice((0, 1, 3, 40, 40, 700, CAP))
    if amount and asset in MARKS and random.random() < 0.9:
        way.same("mint", lambda it: it.mint(sender, amount, asset))
    account = random.choice((1, 2, 2**30 - 1, 2**30))
    way.same(f"deposit {amount}", lambda it: it.deposit(sender, account, amount, asset))


def _let_out(way: FarWalk) -> None:
    """Home proves another batch, and lets something out, mostly of what is there."""
    random = way.random
    way.number += 1
    for _ in range(random.randrange(3)):
        asset = random.choice((USDC, USDC, USDC, 3))
        there = max(1, way.model.custody(asset))
        amount = random.choice((1, min(there, 30), max(1, there // 3), there + 1))
        owner = address(random.choice(PEOPLE))
        way.sent.append(OutboxEntry(len(way.sent), owner, asset, amount))


def _hear(way: FarWalk) -> None:
    """Of home as it is, or as it never was; mostly with the entries that come on top."""
    random, model = way.random, way.model
    number, heard, taken, closed = model.standing
    _let_out(way)
    if random.random() < 0.02:
        way.closed = True
    sent = random.randrange(heard, min(len(way.sent), heard + 4) + 1)
    head = head_after(model.link.outbox_start, 0, way.sent[:sent]) or b""
    more = 0 if closed else random.randrange(len(model.inbox) - taken + 1)
    true = Checkpoint(model.link, way.number, way.root, sent, head, taken + more, way.closed)
    said = _bent(random, true)
    entries = _brought(random, way.sent[heard:sent])
    word = _said(random, model.committee, said.encode())
    way.same(f"hear of batch {number}", lambda it: it.hear(address("eve"), said, entries, word))
    if model.standing[1] < sent and random.random() < 0.3:
        del way.sent[model.standing[1] :]  # what was never there goes, so that others are heard of


def _bent(random: Random, true: Checkpoint) -> Checkpoint:
    link = true.link
    lies: Sequence[dict[str, Any]] = (
        {"number": max(0, true.number - 2)},
        {"root": digest_of("another")},
        {"head": b"\1" * 32},
        {"sent": true.sent + 1},
        {"taken": true.taken + 1},
        {"taken": 0},
        {"closed": not true.closed},
        {"link": replace(link, venue=link.venue + 1)},
        {"link": replace(link, address=address("eve"))},
    )
    return replace(true, **random.choice(lies)) if random.random() < 0.25 else true


def _brought(random: Random, entries: Sequence[OutboxEntry]) -> Sequence[OutboxEntry]:
    if not entries or random.random() < 0.85:
        return entries
    first, *rest = entries
    bends = (rest, [*entries, first], [replace(first, owner=address("eve")), *rest])
    return random.choice(bends)


def _pay_out(way: FarWalk) -> None:
    sender, asset = address(way.random.choice(PEOPLE)), way.random.choice((USDC, USDC, 3, 1))
    way.same("withdraw", lambda it: it.withdraw(sender, asset))


def _take_back(way: FarWalk) -> None:
    """A deposit near the end, mostly by whose it is."""
    inbox, random = way.model.inbox, way.random
    index = random.randrange(len(inbox) + 1)
    is_own = index < len(inbox) and random.random() < 0.8
    sender = inbox[index].owner if is_own else address(random.choice(PEOPLE))
    way.same(f"reclaim {index}", lambda it: it.reclaim(sender, index))


def _succeed(way: FarWalk) -> None:
    """One committee or the other follows, mostly by the word of the one that is heard."""
    random, model = way.random, way.model
    name = random.choice((MEMBER, OTHER_MEMBER))
    committee = committee_of({"threshold": 1, "of": [name]}, replace)
    serial = model.serial + random.choice((1, 1, 1, 2))
    said = Succession(model.link, serial, committee.encode())
    word = _said(random, model.committee, said.encode())
    proofs = possession_of([name], random.choice(("honest", "honest", "none")))
    call = (address("eve"), committee, proofs, word)
    way.same(f"succeed to {name}", lambda it: it.succeed(*call))


FAR_ACTIONS: Sequence[Callable[[FarWalk], None]] = (
    *(_arrive, _arrive, _arrive, _let_out, _hear, _hear),
    *(_pay_out, _pay_out, _take_back, _succeed),
)
"""What can happen at an outpost, the likelier the more often it stands here."""
