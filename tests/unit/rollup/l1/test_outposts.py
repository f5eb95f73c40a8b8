"""One book of two chains: what comes in at an outpost and goes out at home, and the other way
round; and every lie that home, outpost or committee could be told."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from rollup.crypto.bls import aggregate
from rollup.l1.deployment import FREEZE_AFTER_MS
from rollup.l1.elsewhere import Outpost
from rollup.l1.interface import Revert, Reverted
from rollup.l1.outpost import MockOutpost, OutpostDeployment
from rollup.protocol.checkpoint import (
    ENTRIES_MAX,
    Checkpoint,
    InboxEntry,
    InboxHead,
    Link,
    Succession,
    head_after,
)
from rollup.protocol.committee import Attestation, Committee
from rollup.protocol.rejection import Rejected
from tests.helpers import chains, l1, venue
from tests.helpers.chains import CAP, COMMITTEE, FAR_CHAIN, LINK, NEXT, Pair, possession
from tests.helpers.l1 import GOVERNOR, LEAST, STRANGER

ALICE, BOB = venue.owner(1), venue.owner(2)


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Pair:
    """Home with an account of Alice's, and an outpost."""
    chains.make_quick(monkeypatch)
    found = Pair()
    found.world.register(1, 100)
    found.world.batch()
    return found


def reason(pair: Pair, call: Callable[[], object]) -> Revert:
    """Why a call reverts; it must have changed nothing on either chain."""
    before = stored(pair)
    with pytest.raises(Reverted) as caught:
        call()
    assert stored(pair) == before
    return caught.value.reason


def stored(pair: Pair) -> tuple[object, ...]:
    """All that both chains store, to compare."""
    home = pair.home.checkpoint()
    rooms = (home.elsewhere, home.assets, home.exits)
    return (*pair.world.stored(), *rooms, pair.outpost.view())


def covered(pair: Pair) -> int:
    """What both chains hold beyond what is owed on either."""
    ledger = pair.outpost.ledgers[0]
    here = pair.home.funds + ledger.funds
    coming = sum(entry.amount for entry in pair.entries() if not is_reclaimed(pair, entry))
    sent = pair.home.outposts[FAR_CHAIN].outbox[pair.outpost.standing[1] :]
    owed = pair.home.owed + coming + sum(each.amount for each in sent)
    return here - owed - sum(ledger.pending.values())


def is_reclaimed(pair: Pair, entry: InboxEntry) -> bool:
    return entry.index in pair.outpost.view().reclaimed


def test_a_deposit_there_is_withdrawn_here(pair: Pair) -> None:
    pair.deposit(BOB, 1, 40)
    assert pair.take_in() == 1
    queued = pair.home.queue[-1]
    assert (queued.owner, queued.account, queued.amount) == (BOB, 1, 40)
    pair.world.batch((ALICE, 90))
    assert pair.home.outposts[FAR_CHAIN].elsewhere == {0: 40}
    assert pair.home.withdraw(ALICE) == 90
    assert covered(pair) == 0


def test_a_deposit_here_is_withdrawn_there_as_far_as_money_is_there(pair: Pair) -> None:
    pair.deposit(BOB, 1, 40)
    pair.take_in()
    pair.world.batch((ALICE, 120))
    assert reason(pair, lambda: pair.home.withdraw(ALICE)) is Revert.FUNDS_ELSEWHERE
    send = pair.home.send
    assert reason(pair, lambda: send(ALICE, FAR_CHAIN, 0, 41)) is Revert.NOT_ELSEWHERE
    entry = send(ALICE, FAR_CHAIN, 0, 40)
    assert (entry.index, entry.owner, entry.amount) == (0, ALICE, 40)
    assert pair.home.withdraw(ALICE) == 80
    assert covered(pair) == 0
    nothing = Revert.NOTHING_TO_WITHDRAW
    assert reason(pair, lambda: pair.outpost.withdraw(ALICE)) is nothing
    pair.hear()
    assert pair.outpost.withdraw(ALICE) == 40
    assert reason(pair, lambda: pair.outpost.withdraw(ALICE)) is nothing
    assert covered(pair) == 0
    assert pair.home.funds == pair.home.owed == 20


def test_what_home_owes_leaves_what_is_queued_here_alone(pair: Pair) -> None:
    """An entry that came to home stays paid for; one that came elsewhere keeps nothing back."""
    pair.deposit(BOB, 1, 40)
    pair.take_in()
    pair.world.batch((ALICE, 120))
    pair.world.credit(STRANGER, 1, 30)
    assert (pair.home.funds, pair.home.queued) == (130, 30)
    assert reason(pair, lambda: pair.home.withdraw(ALICE)) is Revert.FUNDS_ELSEWHERE
    pair.deposit(BOB, 1, 500)
    pair.take_in()
    assert pair.home.queued == 530
    pair.home.send(ALICE, FAR_CHAIN, 0, 20)
    assert pair.home.withdraw(ALICE) == 100
    assert covered(pair) == 0


@pytest.mark.parametrize(("account", "amount"), [(2, 40), (1, LEAST - 1), (2**30 - 2, 5)])
def test_what_home_cannot_credit_is_its_senders(pair: Pair, account: int, amount: int) -> None:
    """Lie: an account that was never assigned, to stop all that comes behind it."""
    pair.deposit(BOB, account, amount)
    pair.deposit(BOB, 1, 10)
    before = len(pair.home.queue)
    assert pair.take_in() == 2
    assert [entry.amount for entry in pair.home.queue[before:]] == [10]
    assert pair.home.pending == {BOB: amount}
    pair.home.send(BOB, FAR_CHAIN, 0, amount)
    pair.hear()
    assert pair.outpost.withdraw(BOB) == amount
    assert covered(pair) == 0


@pytest.mark.parametrize(
    "lie",
    [
        lambda entries: [replace(entries[0], amount=21), entries[1]],
        lambda entries: [replace(entries[0], account=2), entries[1]],
        lambda entries: [replace(entries[0], owner=STRANGER), entries[1]],
    ],
    ids=["amount", "account", "owner"],
)
def test_an_entry_that_is_another_is_not_attested(pair: Pair, lie: Callable[..., object]) -> None:
    pair.deposit(BOB, 1, 20)
    pair.deposit(BOB, 1, 30)
    word = pair.attest(pair.inbox_head(2).encode())
    call = lambda: pair.home.take_in_from(  # noqa: E731
        STRANGER,
        FAR_CHAIN,
        lie(pair.entries()),
        word,  # type: ignore[arg-type]
    )
    assert reason(pair, call) is Revert.ATTESTATION


def test_entries_come_in_order_and_once(pair: Pair) -> None:
    for amount in (20, 30, 40):
        pair.deposit(BOB, 1, amount)
    one, two, three = pair.entries()
    word = pair.attest(pair.inbox_head(3).encode())

    def bring(*entries: InboxEntry) -> Callable[[], object]:
        return lambda: pair.home.take_in_from(STRANGER, FAR_CHAIN, entries, word)

    for entries in ((two, one, three), (one, one, three), (two, three), (one, three), ()):
        assert reason(pair, bring(*entries)) is Revert.ENTRIES_DIFFER
    assert reason(pair, bring(one, two)) is Revert.ATTESTATION
    bring(one, two, three)()
    assert reason(pair, bring(one, two, three)) is Revert.ENTRIES_DIFFER
    assert reason(pair, bring()) is Revert.ENTRIES_DIFFER


def test_a_call_brings_so_many_entries_at_the_most(pair: Pair) -> None:
    for _ in range(ENTRIES_MAX + 1):
        pair.deposit(BOB, 1, 5)
    assert reason(pair, pair.take_in) is Revert.ENTRIES_DIFFER
    assert pair.take_in(pair.entries()[:ENTRIES_MAX]) == ENTRIES_MAX
    assert pair.take_in() == ENTRIES_MAX + 1


OTHERS = [
    replace(LINK, home=LINK.home + 1),
    replace(LINK, venue=LINK.venue + 1),
    replace(LINK, chain=FAR_CHAIN + 1),
    replace(LINK, address=b"\x0e" * 20),
]


@pytest.mark.parametrize("other", OTHERS, ids=["home", "venue", "chain", "address"])
def test_what_is_said_of_another_outpost_is_not_said_of_this(pair: Pair, other: Link) -> None:
    pair.deposit(BOB, 1, 20)
    head = pair.inbox_head(1)
    for said in (replace(head, link=other), replace(head, count=2), InboxHead(LINK, 1, b"\1" * 32)):
        word = pair.attest(said.encode())
        call = lambda: pair.home.take_in_from(STRANGER, FAR_CHAIN, pair.entries(), word)  # noqa: B023, E731
        assert reason(pair, call) is Revert.ATTESTATION
    assert other.inbox_start != LINK.inbox_start
    assert other.outbox_start not in (LINK.outbox_start, LINK.inbox_start)
    checkpoint = replace(pair.checkpoint(), link=other)
    assert reason(pair, lambda: pair.hear(checkpoint)) is Revert.WRONG_VENUE


def few(pair: Pair, message: bytes) -> Attestation:
    return pair.attest(message, members=[1])


def twice(pair: Pair, message: bytes) -> Attestation:
    """Lie: one member's signature, counted for two."""
    return replace(pair.attest(message, members=[1, 1]), signers=0b011)


def once_for_two(pair: Pair, message: bytes) -> Attestation:
    return replace(pair.attest(message, members=[1]), signers=0b011)


def beyond(pair: Pair, message: bytes) -> Attestation:
    return replace(pair.attest(message), signers=0b1011)


def of_others(pair: Pair, message: bytes) -> Attestation:
    return replace(pair.attest(message), signers=0b110)


LIES = [few, twice, once_for_two, beyond, of_others]


@pytest.mark.parametrize("lie", LIES)
def test_too_few_members_attest_to_nothing(
    pair: Pair, lie: Callable[[Pair, bytes], Attestation]
) -> None:
    pair.deposit(BOB, 1, 20)
    entries, message = pair.entries(), pair.inbox_head(1).encode()
    call = lambda: pair.home.take_in_from(  # noqa: E731
        STRANGER, FAR_CHAIN, entries, lie(pair, message)
    )
    assert reason(pair, call) is Revert.ATTESTATION
    pair.take_in()
    said = pair.checkpoint()
    hear = lambda: pair.outpost.hear(STRANGER, said, (), lie(pair, said.encode()))  # noqa: E731
    assert reason(pair, hear) is Revert.ATTESTATION
    message = Succession(LINK, 1, NEXT.encode()).encode()
    succeed = lambda: pair.outpost.succeed(  # noqa: E731
        STRANGER, NEXT, possession(NEXT), lie(pair, message)
    )
    assert reason(pair, succeed) is Revert.ATTESTATION


def test_the_real_signatures_of_two_of_three_are_enough() -> None:
    pair = Pair(chains.really, aggregate)
    pair.world.register(1, 100)
    pair.world.batch()
    pair.deposit(BOB, 1, 20)
    entries, message = pair.entries(), pair.inbox_head(1).encode()
    for lie in (few, twice):
        word = lie(pair, message)
        call = lambda: pair.home.take_in_from(STRANGER, FAR_CHAIN, entries, word)  # noqa: B023, E731
        assert reason(pair, call) is Revert.ATTESTATION
    assert pair.take_in() == 1
    pair.hear(members=(1, 2))
    assert pair.outpost.standing[2] == 1


def test_a_venue_without_a_committee_takes_nothing_in(world: l1.World) -> None:
    """Lie: no signer at all, where no committee wants any."""
    outpost = Outpost(FAR_CHAIN, LINK.address, ((0, CAP),))
    world.l1.announce_outpost(GOVERNOR, outpost)
    world.pass_time(l1.DELAY)
    entry = InboxEntry(0, BOB, 1, 0, 10)
    for signers in (0, 1):
        call = lambda: world.l1.take_in_from(  # noqa: E731
            STRANGER,
            FAR_CHAIN,
            [entry],
            Attestation(signers, bytes(192)),  # noqa: B023
        )
        assert world.revert(call) is Revert.ATTESTATION


def test_no_more_is_counted_there_than_the_cap(pair: Pair) -> None:
    """The outpost refuses what home would; a committee that lies meets home's cap."""
    pair.deposit(BOB, 1, CAP - 10)
    pair.take_in()
    pair.outpost.mint(BOB, 20)
    assert reason(pair, lambda: pair.outpost.deposit(BOB, 1, 11)) is Revert.CAP_PASSED
    invented = InboxEntry(1, BOB, 1, 0, 11)
    head = head_after(pair.inbox_head(1).head, 1, [invented])
    assert head is not None
    word = pair.attest(InboxHead(LINK, 2, head).encode())
    call = lambda: pair.home.take_in_from(STRANGER, FAR_CHAIN, [invented], word)  # noqa: E731
    assert reason(pair, call) is Revert.CAP_PASSED
    other = replace(invented, asset=1)
    call = lambda: pair.home.take_in_from(STRANGER, FAR_CHAIN, [other], word)  # noqa: E731
    assert reason(pair, call) is Revert.CAP_PASSED
    assert pair.deposit(BOB, 1, 10).index == 1
    assert pair.take_in() == 2


def test_a_checkpoint_is_later_than_the_last(pair: Pair) -> None:
    pair.deposit(BOB, 2, 40)
    first = pair.checkpoint()
    pair.take_in()
    pair.home.send(BOB, FAR_CHAIN, 0, 10)
    pair.home.send(BOB, FAR_CHAIN, 0, 20)
    second = pair.checkpoint(1)
    pair.world.batch()
    third = pair.checkpoint()
    pair.hear(second)
    assert pair.outpost.ledgers[0].pending == {BOB: 10}
    for old in (first, second, replace(third, number=0), replace(third, taken=0)):
        assert reason(pair, lambda: pair.hear(old)) is Revert.STALE_CHECKPOINT  # noqa: B023
    other = replace(second, root=(1,) * 8, taken=1, sent=2, head=third.head)
    assert reason(pair, lambda: pair.hear(other)) is Revert.STALE_CHECKPOINT
    pair.hear(third)
    assert pair.outpost.root == pair.home.root
    assert pair.outpost.ledgers[0].pending == {BOB: 30}
    assert reason(pair, lambda: pair.hear(third)) is Revert.STALE_CHECKPOINT


def test_the_outbox_is_paid_in_order_and_once(pair: Pair) -> None:
    pair.deposit(BOB, 2, 40)
    pair.take_in()
    for amount in (10, 20):
        pair.home.send(BOB, FAR_CHAIN, 0, amount)
    said = pair.checkpoint()
    one, two = pair.home.outposts[FAR_CHAIN].outbox
    word = pair.attest(said.encode())
    for entries in (
        (),
        (one,),
        (two, one),
        (one, one),
        (one, replace(two, owner=STRANGER)),
        (one, replace(two, amount=21)),
        (one, two, replace(two, index=2)),
    ):
        hear = lambda: pair.outpost.hear(STRANGER, said, entries, word)  # noqa: B023, E731
        assert reason(pair, hear) is Revert.ENTRIES_DIFFER
    pair.outpost.hear(STRANGER, said, (one, two), word)
    assert pair.outpost.withdraw(BOB) == 30


def test_no_false_checkpoint_pays_what_is_not_there(pair: Pair) -> None:
    pair.deposit(BOB, 2, 40)
    pair.take_in()
    entry = pair.home.send(BOB, FAR_CHAIN, 0, 10)
    for lie in (replace(entry, amount=41), replace(entry, asset=1)):
        head = head_after(LINK.outbox_start, 0, [lie])
        said = replace(pair.checkpoint(), head=head)
        word = pair.attest(said.encode())
        hear = lambda: pair.outpost.hear(STRANGER, said, [lie], word)  # noqa: B023, E731
        assert reason(pair, hear) is Revert.FUNDS_LACKING
    said = replace(pair.checkpoint(), taken=2)
    assert reason(pair, lambda: pair.hear(said)) is Revert.ENTRIES_DIFFER


def test_what_is_sent_is_the_senders_own(pair: Pair) -> None:
    pair.deposit(BOB, 2, 40)
    pair.take_in()
    send = pair.home.send
    assert reason(pair, lambda: send(BOB, FAR_CHAIN, 0, 41)) is Revert.BALANCE_TOO_SMALL
    assert reason(pair, lambda: send(STRANGER, FAR_CHAIN, 0, 1)) is Revert.BALANCE_TOO_SMALL
    assert reason(pair, lambda: send(BOB, FAR_CHAIN, 0, 0)) is Revert.BAD_AMOUNT
    assert reason(pair, lambda: send(BOB, FAR_CHAIN, 1, 1)) is Revert.UNKNOWN_ASSET
    assert reason(pair, lambda: send(BOB, FAR_CHAIN + 1, 0, 1)) is Revert.UNKNOWN_CHAIN
    assert reason(pair, lambda: send(b"", FAR_CHAIN, 0, 1)) is Revert.BAD_ADDRESS


def test_an_outpost_is_announced_by_the_governor_and_waits(world: l1.World) -> None:
    announce = world.l1.announce_outpost
    made = Outpost(FAR_CHAIN, LINK.address, ((0, CAP),))
    assert world.revert(lambda: announce(STRANGER, made)) is Revert.NOT_GOVERNOR
    for bad in (
        replace(made, chain=venue.CHAIN),
        replace(made, chain=2**30),
    ):
        assert world.revert(lambda: announce(GOVERNOR, bad)) is Revert.BAD_OUTPOST  # noqa: B023
    unlisted = replace(made, caps=((0, CAP), (1, 5)))
    assert world.revert(lambda: announce(GOVERNOR, unlisted)) is Revert.UNKNOWN_ASSET
    assert announce(GOVERNOR, made) == world.now + l1.DELAY
    assert world.revert(lambda: announce(GOVERNOR, made)) is Revert.BAD_OUTPOST
    world.pass_time(l1.DELAY - 1)
    send = lambda: world.l1.send(STRANGER, FAR_CHAIN, 0, 1)  # noqa: E731
    assert world.revert(send) is Revert.UNKNOWN_CHAIN
    world.pass_time(1)
    assert world.revert(send) is Revert.BALANCE_TOO_SMALL


@pytest.mark.parametrize("caps", [(), ((0, 0),), ((0, 2**62),), ((1, 2**40),), ((1, 1), (0, 1))])
def test_caps_are_amounts_by_rising_mark(caps: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(Rejected):
        Outpost(FAR_CHAIN, LINK.address, caps)
    made = OutpostDeployment(LINK, COMMITTEE, possession(), caps, caps)
    with pytest.raises(Reverted) as caught:
        MockOutpost(made)
    assert caught.value.reason is Revert.BAD_OUTPOST


def test_an_outpost_is_created_with_a_committee_that_holds_its_keys() -> None:
    good = OutpostDeployment(LINK, NEXT, possession(NEXT), ((0, 5),), ((0, 1),))
    MockOutpost(good)
    for bad, why in (
        (replace(good, committee=Committee(), proofs=()), Revert.BAD_OUTPOST),
        (replace(good, leasts=((1, 1),)), Revert.BAD_OUTPOST),
        (replace(good, proofs=()), Revert.POSSESSION),
        (replace(good, proofs=(chains.really(NEXT.keys[0], b"no proof"),)), Revert.POSSESSION),
    ):
        with pytest.raises(Reverted) as caught:
            MockOutpost(bad)
        assert caught.value.reason is why


def test_a_deposit_there_is_held_to_what_the_outpost_knows(pair: Pair) -> None:
    deposit = pair.outpost.deposit
    pair.outpost.mint(BOB, 10)
    assert reason(pair, lambda: deposit(b"", 1, 5)) is Revert.BAD_ADDRESS
    assert reason(pair, lambda: deposit(BOB, 1, 5, 1)) is Revert.UNKNOWN_ASSET
    assert reason(pair, lambda: deposit(BOB, 1, 0)) is Revert.BAD_AMOUNT
    assert reason(pair, lambda: deposit(BOB, 2**30, 5)) is Revert.UNKNOWN_ACCOUNT
    assert reason(pair, lambda: deposit(BOB, 1, chains.LEAST - 1)) is Revert.AMOUNT_TOO_SMALL
    assert reason(pair, lambda: deposit(BOB, 1, 11)) is Revert.BALANCE_TOO_SMALL


def test_the_committee_changes_by_the_word_of_the_one_before_it(pair: Pair) -> None:
    succeed, message = pair.outpost.succeed, Succession(LINK, 1, NEXT.encode()).encode()
    word, proofs = pair.attest(message), possession(NEXT)
    assert reason(pair, lambda: succeed(STRANGER, Committee(), (), word)) is Revert.BAD_OUTPOST
    others = Committee(1, chains.KEYS[1:2])
    assert reason(pair, lambda: succeed(STRANGER, others, proofs, word)) is Revert.ATTESTATION
    wrong = possession()[1:2]
    assert reason(pair, lambda: succeed(STRANGER, NEXT, wrong, word)) is Revert.POSSESSION
    succeed(STRANGER, NEXT, proofs, word)
    assert (pair.outpost.committee, pair.outpost.serial) == (NEXT, 1)
    assert reason(pair, lambda: succeed(STRANGER, NEXT, proofs, word)) is Revert.ATTESTATION
    back = Succession(LINK, 2, COMMITTEE.encode()).encode()
    old = pair.attest(back)
    call = lambda: succeed(STRANGER, COMMITTEE, possession(), old)  # noqa: E731
    assert reason(pair, call) is Revert.ATTESTATION
    succeed(STRANGER, COMMITTEE, possession(), pair.attest(back, members=[0]))
    assert reason(pair, lambda: succeed(STRANGER, NEXT, proofs, word)) is Revert.ATTESTATION


def end(pair: Pair) -> None:
    """Home is frozen."""
    pair.world.credit(STRANGER, 1, 10)
    pair.world.pass_time(FREEZE_AFTER_MS + 1)
    pair.home.freeze(STRANGER)


def test_after_the_end_what_home_never_took_goes_back(pair: Pair) -> None:
    pair.deposit(BOB, 1, 40)
    pair.take_in()
    pair.deposit(BOB, 1, 50)
    reclaim = pair.outpost.reclaim
    assert reason(pair, lambda: reclaim(BOB, 1)) is Revert.NOT_FROZEN
    end(pair)
    assert reason(pair, pair.take_in) is Revert.FROZEN
    assert (
        reason(pair, lambda: pair.home.announce_outpost(GOVERNOR, Outpost(5, b"5" * 20, ((0, 1),))))
        is Revert.FROZEN
    )
    pair.hear()
    assert reason(pair, lambda: reclaim(BOB, 0)) is Revert.NOTHING_TO_RECLAIM
    assert reason(pair, lambda: reclaim(BOB, 2)) is Revert.NOTHING_TO_RECLAIM
    assert reason(pair, lambda: reclaim(ALICE, 1)) is Revert.NOT_OWNER
    assert reclaim(BOB, 1) == 50
    assert reason(pair, lambda: reclaim(BOB, 1)) is Revert.NOTHING_TO_RECLAIM
    pair.outpost.mint(BOB, 9)
    assert reason(pair, lambda: pair.outpost.deposit(BOB, 1, 9)) is Revert.FROZEN
    later = replace(pair.checkpoint(), taken=2, number=pair.home.proved_number + 1)
    assert reason(pair, lambda: pair.hear(later)) is Revert.STALE_CHECKPOINT
    later = replace(pair.checkpoint(), closed=False, number=pair.home.proved_number + 1)
    assert reason(pair, lambda: pair.hear(later)) is Revert.STALE_CHECKPOINT
    assert covered(pair) == 0


def test_an_entry_that_came_elsewhere_is_reclaimed_where_its_money_is(pair: Pair) -> None:
    """It takes nothing of those who came to home, whose own waits for nobody."""
    pair.deposit(BOB, 1, 40)
    pair.take_in()
    far = len(pair.home.queue) - 1
    end(pair)
    assert pair.home.reclaim(BOB, far) == 40
    assert pair.home.pending == {BOB: 40}
    assert pair.home.reclaim(STRANGER, far + 1) == 10
    assert pair.home.wallets[STRANGER] == 10
    pair.home.send(BOB, FAR_CHAIN, 0, 40)
    pair.hear()
    assert pair.outpost.withdraw(BOB) == 40
    assert covered(pair) == 0


def test_records_are_bounded() -> None:
    entry = InboxEntry(0, BOB, 1, 0, 10)
    checkpoint = Checkpoint(LINK, 1, (0,) * 8, 0, bytes(32), 0, False)
    for make in (
        lambda: replace(LINK, chain=LINK.home),
        lambda: replace(LINK, venue=-1),
        lambda: replace(entry, index=2**30),
        lambda: replace(entry, amount=0),
        lambda: replace(entry, asset=1, amount=2**40),
        lambda: replace(entry, account=2**30),
        lambda: replace(checkpoint, head=b""),
        lambda: replace(checkpoint, closed=1),
        lambda: replace(checkpoint, number=2**30),
        lambda: Succession(LINK, 0, b""),
    ):
        with pytest.raises(Rejected):
            make()
