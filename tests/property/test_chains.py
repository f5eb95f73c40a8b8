"""Whatever is called on two chains in whatever order, both together hold what they owe: no chain
pays more than it has, nothing is paid twice, and who deposited nothing gets nothing."""

from collections.abc import Callable
from random import Random

import pytest

from rollup.l1.deployment import FREEZE_AFTER_MS
from rollup.l1.interface import Reverted
from rollup.protocol.checkpoint import ENTRIES_MAX, InboxEntry
from tests.helpers import chains, l1, venue
from tests.helpers.chains import FAR_CHAIN, Pair
from tests.helpers.seed import draws

OWNERS = [venue.owner(1), venue.owner(2), venue.owner(3)]
THIEF = l1.STRANGER
CALLS = 120

Call = Callable[[Pair, Random], object]


def deposit_there(pair: Pair, chance: Random) -> object:
    accounts = (1, 2, 7, 2**30 - 1)
    return pair.deposit(chance.choice(OWNERS), chance.choice(accounts), chance.randrange(3, 90))


def deposit_here(pair: Pair, chance: Random) -> object:
    return pair.world.credit(chance.choice(OWNERS), 1, chance.randrange(5, 90))


def take_in(pair: Pair, chance: Random) -> object:
    entries = pair.entries()[:ENTRIES_MAX]
    return pair.take_in(entries[: chance.randrange(len(entries) + 1)])


def batch(pair: Pair, chance: Random) -> object:
    """A batch that pays part of custody, as owners asked."""
    there = pair.home.custody
    amount = chance.randrange(there // 2 + 1) if there else 0
    paid = [(chance.choice(OWNERS), amount)] if amount else []
    if pair.home.is_frozen:
        return None
    return pair.world.batch(*paid)


def send(pair: Pair, chance: Random) -> object:
    return pair.home.send(chance.choice(OWNERS), FAR_CHAIN, 0, chance.randrange(1, 60))


def hear(pair: Pair, chance: Random) -> object:
    sent, before = len(pair.home.outposts[FAR_CHAIN].outbox), pair.outpost.standing[1]
    most = min(sent, before + ENTRIES_MAX)
    return pair.hear(pair.checkpoint(chance.randrange(before, most + 1)))


def steal(pair: Pair, chance: Random) -> object:
    """Whoever deposited nothing asks for everything, and brings words again."""
    book, word = pair.home.outposts[FAR_CHAIN], pair.attest(b"anything else")
    tries: list[Callable[[], object]] = [
        lambda: pair.home.withdraw(THIEF),
        lambda: pair.outpost.withdraw(THIEF),
        lambda: pair.home.send(THIEF, FAR_CHAIN, 0, 1),
        lambda: pair.outpost.reclaim(THIEF, chance.randrange(9)),
        lambda: pair.home.reclaim(THIEF, chance.randrange(9)),
        lambda: pair.home.take_in_from(THIEF, FAR_CHAIN, pair.outpost.inbox[:1], word),
        lambda: pair.home.take_in_from(THIEF, FAR_CHAIN, pair.entries()[:1], word),
        lambda: pair.outpost.hear(THIEF, pair.checkpoint(), book.outbox, word),
    ]
    return chance.choice(tries)()


def withdraw(pair: Pair, chance: Random) -> object:
    where = chance.choice((pair.home, pair.outpost))
    return where.withdraw(chance.choice(OWNERS))


def reclaim(pair: Pair, chance: Random) -> object:
    where = chance.choice((pair.home, pair.outpost))
    entries = pair.home.queue if where is pair.home else pair.outpost.inbox
    entry = chance.choice(entries) if entries else InboxEntry(0, THIEF, 1, 0, 1)
    return where.reclaim(entry.owner, entry.index)


def end(pair: Pair, chance: Random) -> object:
    """Rarely, home is frozen."""
    if chance.random() > 0.15:
        return None
    pair.world.credit(OWNERS[0], 1, 10)
    pair.world.pass_time(FREEZE_AFTER_MS + 1_000)
    return pair.home.freeze(OWNERS[0])


EVERY: list[Call] = [
    *(deposit_there, deposit_here, take_in, batch, send),
    *(hear, steal, withdraw, reclaim, end),
]


def require_covered(pair: Pair) -> None:
    """Each chain holds what it pays now, and both together all that is owed on either."""
    home, ledger, book = pair.home, pair.outpost.ledgers[0], pair.home.outposts[FAR_CHAIN]
    reclaimed = pair.outpost.view().reclaimed
    coming = [each for each in pair.outpost.inbox[book.taken :] if each.index not in reclaimed]
    unheard = book.outbox[pair.outpost.standing[1] :]
    there = book.elsewhere.get(0, 0)
    assert home.funds + there == home.owed
    assert ledger.custody == there + total(coming) + sum(each.amount for each in unheard)
    assert ledger.funds == ledger.custody + sum(ledger.pending.values())
    assert home.funds >= queued_here(pair), "what came to home waits for nobody"
    assert min(home.funds, ledger.funds, ledger.custody, there) >= 0
    assert ledger.custody <= chains.CAP
    assert home.wallets.get(THIEF, 0) == ledger.wallets.get(THIEF, 0) == 0


def total(entries: list[InboxEntry]) -> int:
    return sum(entry.amount for entry in entries)


def queued_here(pair: Pair) -> int:
    """What is queued of those who came to home."""
    state = pair.home.checkpoint()
    return state.vault.queued - state.not_here(0)[0]


def test_two_chains_hold_what_they_owe(monkeypatch: pytest.MonkeyPatch) -> None:
    chains.make_quick(monkeypatch)
    done: set[str] = set()
    for seed in range(12):
        chance = Random(f"{draws(1).randrange(2**32)}/{seed}")
        pair = Pair()
        pair.world.register(1, 100)
        pair.world.batch()
        for _ in range(CALLS):
            call = chance.choice(EVERY)
            try:
                call(pair, chance)
                done.add(call.__name__)
            except Reverted:
                pass
            require_covered(pair)
    assert {call.__name__ for call in EVERY} - {"steal"} <= done, "every call was made"


def test_all_of_it_leaves_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """When home has ended and everybody has what is his, nothing is left on either chain but what
    accounts have."""
    chains.make_quick(monkeypatch)
    chance = draws(2)
    pair = Pair()
    pair.world.register(1, 100)
    pair.world.batch()
    for _ in range(CALLS):
        try:
            chance.choice((deposit_there, deposit_here, take_in, batch, send, hear))(pair, chance)
        except Reverted:
            continue
    pair.deposit(OWNERS[1], 1, 50)
    pair.world.credit(OWNERS[0], 1, 10)
    pair.world.pass_time(FREEZE_AFTER_MS + 1_000)
    pair.home.freeze(THIEF)
    for entry in pair.home.queue[pair.home.consumed :]:
        pair.home.reclaim(entry.owner, entry.index)
    for owner, amount in list(pair.home.pending.items()):
        there = pair.home.outposts[FAR_CHAIN].elsewhere.get(0, 0)
        if min(there, amount):
            pair.home.send(owner, FAR_CHAIN, 0, min(there, amount))
        if pair.home.pending.get(owner):
            pair.home.withdraw(owner)
    while pair.checkpoint().is_later(pair.outpost.standing):
        sent, before = len(pair.home.outposts[FAR_CHAIN].outbox), pair.outpost.standing[1]
        pair.hear(pair.checkpoint(min(sent, before + ENTRIES_MAX)))
    for entry in pair.outpost.inbox[pair.outpost.standing[2] :]:
        pair.outpost.reclaim(entry.owner, entry.index)
    for owner in list(pair.outpost.ledgers[0].pending):
        pair.outpost.withdraw(owner)
    require_covered(pair)
    assert (pair.home.queued, dict(pair.home.pending)) == (0, {})
    assert pair.home.funds + pair.outpost.ledgers[0].funds == pair.home.custody
