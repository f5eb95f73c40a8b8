"""Seeded sequences of calls on an L1 and on the model beside it: what one answers, the other does.

The model is `MockL1`. What is called follows from seed and model alone, so that a sequence which
found a difference finds it again.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

from rollup.harness.bending import bent_entries
from rollup.harness.books import Books, Choice, Closed, held_reports, queued_after
from rollup.harness.committee import attestation_of, possession_of
from rollup.harness.difference import Difference
from rollup.harness.oracle import OracleDeployment, oracle_proof
from rollup.harness.people import (
    ALL_PINS,
    GOVERNANCE,
    GOVERNOR,
    OPERATOR,
    ORACLE,
    PINS_BY_CLASS,
    START,
    address,
    compress_cached,
    deployment,
    key_words,
    viewing_words,
)
from rollup.harness.random_bonds import BOND_ACTIONS
from rollup.harness.random_elsewhere import ELSEWHERE_ACTIONS, MEMBER, open_outpost
from rollup.harness.random_walk import Walk
from rollup.harness.reports import QUORUM, reports_of
from rollup.harness.stage import Target, governance_of
from rollup.harness.targets import LocalTarget
from rollup.l1.deployment import Deployment
from rollup.l1.escape import LeafOpening
from rollup.l1.leaf_of import leaf_of
from rollup.l1.queue import FULL
from rollup.protocol.assets import USDC, is_known, market_of
from rollup.protocol.committee import Attestation
from rollup.protocol.header import BatchHeader
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook
from rollup.protocol.public import EstateTaken, PublicInput

SENDERS = ("alice", "bob", "carol", "dave")
MARKS_MAX = 3
ESTATE_MARK = 3
"""An asset that is listed where parameters list it."""
WITH_ASSET = governance_of({"markets": [{"like": 0}, {"like": 1}, {"asset": "WBTC"}]})
WITH_MEMBER = governance_of({"committee": {"threshold": 1, "of": [MEMBER]}})
"""Parameters under which one member attests to every batch."""


def walk(target: Target, seed: str, calls: int) -> int:
    """One sequence of so many steps; returns how many calls were made. Difference at the first."""
    random = Random(seed)
    asked = OracleDeployment(_deployment(random), ALL_PINS, START, FULL)
    books = Books(asked.deployment.genesis, asked.deployment.root)
    model = LocalTarget().deploy(asked)
    way = Walk(target.deploy(asked), model, random, books)
    actions = ACTIONS
    if asked.deployment.genesis.governance.committee:
        open_outpost(way)
        actions = (*ACTIONS, *ELSEWHERE_ACTIONS, *ELSEWHERE_ACTIONS)
    for step in range(calls):
        action = way.random.choice(actions)
        try:
            action(way)
        except Difference as error:
            raise Difference(f"step {step + 1}, {error}") from error
    return calls


def _deployment(random: Random) -> Deployment:
    """That of the suite: one in three has a committee from genesis on, which outposts need."""
    made = deployment()
    if random.randrange(3):
        return made
    proofs = tuple(possession_of([MEMBER], "honest"))
    genesis = replace(made.genesis, governance=WITH_MEMBER, possession=proofs)
    return replace(made, genesis=genesis, root=genesis.state(compress_cached).root)


def _wait(way: Walk) -> None:
    terms = deployment()
    behind, ahead = GOVERNANCE.clock_behind_ms, GOVERNANCE.clock_ahead_ms
    waits = (0, 1, 1000, terms.entry_wait_ms, behind, behind + 1, terms.proof_deadline_ms + 1)
    longer = (terms.governance_delay - ahead, terms.governance_delay)
    milliseconds = way.random.choice((*waits, *longer))
    way.same(f"wait {milliseconds}", lambda l1: l1.warp(milliseconds))


def _register(way: Walk) -> None:
    name, amount = way.random.choice(SENDERS), _amount(way)
    kind = way.random.choice(("good", "good", "off-curve", "non-canonical", "too-few"))
    _mint(way, name, amount)
    key, viewing = key_words(name, kind), viewing_words()
    way.same(f"register {name}", lambda l1: l1.register(address(name), key, viewing, amount))


def _credit(way: Walk) -> None:
    name, amount, account = way.random.choice(SENDERS), _amount(way), way.random.randrange(6)
    asset = ESTATE_MARK if way.random.random() < 0.3 else USDC
    _mint(way, name, amount, asset)
    call = (address(name), account, amount, asset)
    way.same(f"credit {account}", lambda l1: l1.credit(*call))


def _rotate(way: Walk) -> None:
    name, amount, account = way.random.choice(SENDERS), _amount(way), way.random.randrange(6)
    kind = way.random.choice(("good", "good", "off-curve", "too-few"))
    _mint(way, name, amount)
    given = (address(name), account, key_words(f"another of {name}", kind), viewing_words(), amount)
    way.same(f"rotate {account}", lambda l1: l1.rotate(*given))


def _exit(way: Walk) -> None:
    name, account = way.random.choice(SENDERS), way.random.randrange(6)
    amount = way.random.choice((1, 5, 1000, 2**53 - 1, 2**53, 0))
    _mint(way, name, deployment().least_deposit)
    call = (address(name), account, amount)
    way.same(f"exit {account}", lambda l1: l1.request_exit(*call))


def _amount(way: Walk) -> int:
    least = deployment().least_deposit
    return way.random.choice((least, least, 1000, 2**61, least - 1, 0))


def _mint(way: Walk, name: str, amount: int, asset: int = USDC) -> None:
    if amount and way.random.random() < 0.9:
        way.same(f"mint {name}", lambda l1: l1.mint(address(name), amount, asset))


def _withdraw(way: Walk) -> None:
    name = way.random.choice(SENDERS)
    way.same(f"withdraw {name}", lambda l1: l1.withdraw(address(name)))


def _buy(way: Walk) -> None:
    """Lots of an asset of which there are some for sale, or none."""
    name, lots = way.random.choice(SENDERS), way.random.choice((1, 5, 40))
    most = way.random.choice((0, 10**7, 2**62))
    _mint(way, name, 2**40)
    call = (address(name), ESTATE_MARK, lots, most)
    way.same(f"buy {lots} lots", lambda l1: l1.buy(*call))


def _cover(way: Walk) -> None:
    name, amount = way.random.choice(SENDERS), way.random.choice((1, 600_000, 10**9))
    _mint(way, name, amount)
    way.same(f"cover {amount}", lambda l1: l1.cover(address(name), amount))


def _donate(way: Walk) -> None:
    name = way.random.choice(SENDERS)
    way.same(f"donate of {name}", lambda l1: l1.donate(address(name), 1))


def _announce(way: Walk) -> None:
    delay = deployment().governance_delay
    bounds = way.random.choice((0, 1, 5_000, delay - 1, delay))
    listed = way.random.choice((GOVERNANCE, WITH_ASSET, WITH_MEMBER))
    governance = replace(listed, clock_ahead_ms=bounds, fee_account=way.random.choice((0,) * 5))
    number = way.model.head_number + way.random.randrange(4)
    sender = address(way.random.choice((GOVERNOR, GOVERNOR, GOVERNOR, OPERATOR)))
    proofs = possession_of([MEMBER], way.random.choice(("honest", "honest", "none")))
    call = (sender, governance, number, proofs if governance.committee else ())
    way.same(f"announce for {number}", lambda l1: l1.announce_governance(*call))


def _give(way: Walk) -> None:
    """A quorum of a slot that is near, or not quite one."""
    random, slot_ms = way.random, ORACLE.slot_ms
    slot = (way.model.now() // slot_ms + random.choice((0, 0, 0, -1, -60, 1))) * slot_ms
    values = {"BTC": [6_000_000_000_000] * random.choice((QUORUM, QUORUM, QUORUM - 1))}
    reports = reports_of(values, slot)
    sender = address(random.choice(SENDERS))
    way.same(f"give of {slot}", lambda l1: l1.give_reports(sender, reports))


def _close(way: Walk, redo: bool, offset: int, bend: str = "") -> Closed:
    tip, model = way.books.head(way.model), way.model
    refusal = model.refusal
    time = (model.now() if refusal is None else refusal.time) + offset
    entries = queued_after(model, tip, way.random.choice((64, 64, 1)))
    if bend and (entries or bend == "more"):
        entries = bent_entries(entries, tip.deposits, bend)
    governance = tip.governance_for(model, time)
    attempt = way.random.randrange(2)
    takes = not tip.book.is_open and way.random.random() < 0.8
    reports = held_reports(model, governance, time) if takes else ()
    stands = (way.random.random() < 0.7, way.random.random() < 0.5)
    choice = Choice(time, redo, governance, entries, attempt, reports, *stands)
    taken = _taken(way, tip.book, governance)
    told = replace(choice, estate=taken, shape_class=ALL_PINS[attempt].shape_class)
    return way.books.close(tip, told)


def _taken(way: Walk, book: MarketBook, governance: Governance) -> tuple[EstateTaken, ...]:
    """Some of what is under custody of the asset, now and then."""
    there = min(book.custody(market_of(ESTATE_MARK)), 2**40)
    if not there or not is_known(governance, ESTATE_MARK) or way.random.random() < 0.5:
        return ()
    return (EstateTaken(ESTATE_MARK, way.random.choice((1, min(there, 40), there))),)


def _honest(way: Walk) -> None:
    """The next batch, made anew where that is called for."""
    refusal = way.model.refusal
    number = way.books.head(way.model).number + 1
    time = way.model.now() if refusal is None else refusal.time
    _commit(way, _close(way, way.model.wants_redo(number, time), 0).header)


def _ready(way: Walk) -> None:
    """A batch whose header is not brought yet."""
    way.waiting = [*way.waiting[-2:], _close(way, False, 0)]


def _late(way: Walk) -> None:
    """A header that waited, on whatever L1 has become."""
    if way.waiting:
        _commit(way, way.waiting.pop(0).header)


def _bent(way: Walk) -> None:
    """A header of the operator's choice."""
    random = way.random
    behind, ahead = GOVERNANCE.clock_behind_ms, GOVERNANCE.clock_ahead_ms
    offset = random.choice((0, 0, 1, -1, -behind, -behind - 1, ahead, ahead + 1))
    bend = random.choice(("", "", "fewer", "more", "other"))
    header = _close(way, random.random() < 0.5, offset, bend).header
    changes: tuple[dict[str, Any], ...] = (
        {},
        {"governance": b"\5" * 32},
        {"number": 1},
        {"deposits_before": 0},
    )
    _commit(way, replace(header, **random.choice(changes)))


def _commit(way: Walk, header: BatchHeader) -> None:
    sender = address(way.random.choice((OPERATOR,) * 9 + (GOVERNOR,)))
    way.same(f"commit {header.number}", lambda l1: l1.commit_header(sender, header))


def _post(way: Walk) -> None:
    """The oldest header's batch, or another one, or another proof."""
    held = [way.books.closed.get(each.digest) for each in way.model.tail[:2]]
    batches = [closed for closed in held if closed is not None]
    if not batches:
        return
    public = (batches[0] if way.random.random() < 0.9 else batches[-1]).public
    proof = (
        oracle_proof(PINS_BY_CLASS[public.shape_class], public)
        if way.random.random() < 0.9
        else b"none"
    )
    call = (address(OPERATOR), public, proof, _attestation(way, public))
    way.same(f"post {public.number}", lambda l1: l1.post_batch(*call))


def _attestation(way: Walk, public: PublicInput) -> Attestation | None:
    """What its committee says of a batch, if it has one: mostly."""
    if not public.governance.committee or way.random.random() < 0.2:
        return None
    return attestation_of({"by": [MEMBER]}, public.governance.committee, public.digest())


def _mark(way: Walk) -> None:
    way.marks = [*way.marks[1 - MARKS_MAX :], (way.target.mark(), way.model.mark())]


def _reorganise(way: Walk) -> None:
    if not way.marks:
        return
    place = way.random.randrange(len(way.marks))
    theirs, ours = way.marks[place]
    del way.marks[place + 1 :]
    way.target.reorganise(theirs)
    way.model.reorganise(ours)
    way.same("reorganisation", lambda l1: l1.root)


def _freeze(way: Walk) -> None:
    """Now and then after all that anybody may wait for: a sequence ends with it, mostly."""
    name = way.random.choice(SENDERS)
    if way.random.random() < 0.1:
        longest = deployment().freeze_after_ms + 1
        way.same(f"wait {longest}", lambda l1: l1.warp(longest))
    way.same(f"freeze by {name}", lambda l1: l1.freeze(address(name)))


def _reclaim(way: Walk) -> None:
    """An entry near the end of the queue, mostly by whoever sent it."""
    queue = way.model.queue
    index = way.random.randrange(max(0, len(queue) - 4), len(queue) + 1)
    is_there = index < len(queue) and way.random.random() < 0.8
    sender = queue[index].owner if is_there else address(way.random.choice(SENDERS))
    way.same(f"reclaim {index}", lambda l1: l1.reclaim(sender, index))


def _escape(way: Walk) -> None:
    """Who owns the account of fees, with its leaf as it was at genesis."""
    leaf, book = _leaf_of_fees(), way.books.genesis.book()
    sender = address(way.random.choice(("fee", "fee", "alice")))
    way.same("escape of fees", lambda l1: l1.escape(sender, leaf, book))


@cache
def _leaf_of_fees() -> LeafOpening:
    genesis = deployment().genesis
    return leaf_of(genesis.state(compress_cached), genesis.governance.fee_account)


ACTIONS: Sequence[Callable[[Walk], None]] = (
    *(
        _wait,
        _wait,
        _give,
        _register,
        _register,
        _credit,
        _rotate,
        _exit,
        _withdraw,
        _donate,
        _announce,
    ),
    *(_buy, _cover),
    *(_honest, _honest, _honest, _ready, _late, _bent, _bent, _post, _post, _post),
    *ELSEWHERE_ACTIONS,
    *(_mark, _reorganise),
    *(_freeze, _reclaim, _escape),
    *BOND_ACTIONS,
)
"""What can happen next, the likelier the more often it stands here."""
