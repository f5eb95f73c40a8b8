"""Freeze, reclaim and escape on chain: what the mock pays and refuses, and for its reasons."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

import pytest

from rollup.field.koalabear import P
from rollup.harness.exits import BENT_LEAVES
from rollup.harness.people import compress_cached, digest_of
from rollup.l1.escape import LeafOpening
from rollup.l1.freeze import pace, turn_of
from rollup.l1.interface import Revert, Reverted
from rollup.l1.leaf_of import leaf_of
from rollup.protocol.account import Account
from rollup.protocol.constants import ACCOUNT_BITS
from rollup.protocol.deposit import EntryKind, QueueEntry
from rollup.protocol.market_book import MarketBook
from rollup.protocol.positions import Positions
from rollup.protocol.state import State
from tests.helpers import venue
from tests.helpers.exits import GOVERNED, frozen_on, genesis_of_assets, random_state
from tests.helpers.exits_contract import ESCAPE, MALFORMED, STAKE, Ended

GAS_MOST = 1_500_000
"""Of an escape, its calldata and the transaction's own included."""

BACKSTOP = b"\xbb" * 20
FREEZE = "freeze(uint256,uint256,address)"
RECLAIM = "reclaim(uint256,uint256,bytes)"
WBTC, FREE = 3, 4


def path_of(random: Random) -> tuple:  # type: ignore[type-arg]
    return tuple(digest_of(f"{random.random()}") for _ in range(ACCOUNT_BITS))


def opened(account: Account, index: int, random: Random) -> LeafOpening:
    """An account somewhere in some tree: its root is what it gives."""
    beside = [digest_of(f"{random.random()}") for _ in range(2)]
    return LeafOpening(index, account, path_of(random), *beside)


def ended_on(leaf: LeafOpening, book: MarketBook, custody: tuple[int, ...]) -> Ended:
    ended = Ended(GOVERNED)
    ended.keep(custody)
    ended.prove(leaf.root(compress_cached), book)
    ended.end()
    return ended


def some_state(seed: int, count: int = 4) -> State:
    return random_state(Random(seed), count)


def custody_of(state: State) -> tuple[int, ...]:
    return state.globals.total, state.book.custody(WBTC - 1), state.book.custody(FREE - 1)


@pytest.mark.parametrize("seed", range(4))
def test_the_root_of_a_leaf_is_that_of_the_rules(seed: int) -> None:
    random = Random(seed)
    state = some_state(seed, 3)
    ended = Ended(GOVERNED)
    for account in state.accounts.values():
        leaf = opened(account, random.randrange(1 << ACCOUNT_BITS), random)
        wanted = leaf.root(compress_cached)
        found = ended.ask("rootOf(bytes)", leaf.encode())
        assert found == b"".join(each.to_bytes(4, "little") for each in wanted)


@pytest.mark.parametrize("seed", range(6))
def test_all_escape_as_from_the_mock(seed: int) -> None:
    """Ledgers, debts and estate are the mock's after every account, in whatever order they come."""
    random, state = Random(seed), some_state(seed)
    model, ended = frozen_on(state, genesis_of_assets()), Ended(GOVERNED)
    ended.keep(custody_of(state))
    ended.end()
    order = list(state.accounts)
    random.shuffle(order)
    for index in order:
        owner = state.accounts[index].header.owner
        model.escape(owner, leaf_of(state, index), state.book)
        leaf = opened(state.accounts[index], index, random)
        ended.prove(leaf.root(compress_cached), state.book)
        ended.escape(leaf, state.book)
        assert ended.numbers("ended()")[2] == model.exits.debts
        assert ended.numbers("lacks()") == (model.estate.lacks, model.estate.surplus)
        assert ended.numbers("pending(uint256,address)", 0, owner)[0] == model.pending.get(owner, 0)
        assert ended.numbers("ledger(uint256)", 0)[0] == model.custody
        for mark, vault in model.assets.items():
            found = ended.numbers("ledger(uint256)", mark)
            assert (found[0], found[2]) == (vault.custody, vault.estate)
            claims = ended.numbers("pending(uint256,address)", mark, owner)[0]
            assert claims == vault.pending.get(owner, 0)
        assert ended.refusal(ESCAPE, 9, leaf.encode(), state.book.encode(), sender=owner) == (
            Revert.ESCAPED
        )
    assert ended.numbers("ledger(uint256)", 0)[0] == ended.numbers("ended()")[2] == 0


def of_eight_positions() -> tuple[LeafOpening, MarketBook]:
    """An account in two markets that there are, and one that is like it in eight."""
    random, state = Random(1), some_state(1)
    return opened(state.accounts[1], 1, random), state.book


def test_an_escape_costs_less_than_a_million_and_a_half() -> None:
    leaf, book = of_eight_positions()
    ended = ended_on(leaf, book, (2**60, 2**40, 2**40))
    ended.escape(leaf, book)
    assert ended.bill < GAS_MOST
    many = replace(
        leaf.account,
        positions=Positions(tuple((market, market + 1) for market in range(8))),
        triggers=tuple(range(8)),
    )
    ended.ask("rootOf(bytes)", replace(leaf, account=many).encode())
    assert ended.bill < GAS_MOST - 150_000, "what is stored and said costs no more than that"


@pytest.mark.parametrize("name", BENT_LEAVES)
def test_what_a_liar_opens_is_refused_for_the_reason_of_the_mock(name: str) -> None:
    random, state = Random(5), some_state(5)
    leaf = opened(state.accounts[1], 6, random)
    ended = ended_on(leaf, state.book, custody_of(state))
    owner, bent = leaf.account.header.owner, BENT_LEAVES[name](leaf)
    assert bent != leaf
    model = frozen_on(state, genesis_of_assets())
    with pytest.raises(Reverted) as wanted:
        model.escape(owner, bent, state.book)
    data = (bent.encode(), state.book.encode())
    assert ended.refusal(ESCAPE, 9, *data, sender=owner) == wanted.value.reason
    assert ended.numbers("pending(uint256,address)", 0, owner) == (0,)


def test_only_the_owner_only_beside_the_last_book_and_only_when_frozen() -> None:
    random, state = Random(7), some_state(7)
    leaf, book = opened(state.accounts[1], 6, random), state.book
    owner = leaf.account.header.owner
    ended = Ended(GOVERNED)
    ended.keep(custody_of(state))
    ended.prove(leaf.root(compress_cached), book)
    data = (leaf.encode(), book.encode())
    assert ended.refusal(ESCAPE, 9, *data, sender=owner) == Revert.NOT_FROZEN
    ended.end()
    assert ended.refusal(ESCAPE, 9, *data, sender=venue.owner(2)) == Revert.NOT_OWNER
    for other in (replace(book, hour=book.hour + 1).encode(), book.encode() + b"\0", b""):
        assert ended.refusal(ESCAPE, 9, leaf.encode(), other, sender=owner) == Revert.BOOK_BEFORE
    ended.escape(leaf, book)


def test_no_asset_leaves_beyond_custody_and_no_position_without_a_price() -> None:
    random, state = Random(8), some_state(8)
    for held, custody, wanted in (
        ((2, 10), 9, Revert.GRANT_TOO_LARGE),
        ((3, -1), 9, Revert.WRONG_LEAF),
        ((4, 1), 9, Revert.WRONG_LEAF),
        ((65535, 1), 9, Revert.WRONG_LEAF),
    ):
        account = replace(state.accounts[1], positions=Positions((held,)), triggers=(0,), cash=0)
        leaf = opened(account, 3, random)
        ended = ended_on(leaf, state.book, (0, custody, custody))
        data, owner = (leaf.encode(), state.book.encode()), account.header.owner
        assert ended.refusal(ESCAPE, 9, *data, sender=owner) == wanted


def _put(place: int, data: bytes) -> Callable[[bytes], bytes]:
    return lambda leaf: leaf[:place] + data + leaf[place + len(data) :]


def _word(place: int) -> Callable[[bytes], bytes]:
    """The element there, p more than it is: the same to every hash that takes it modulo p."""

    def bend(leaf: bytes) -> bytes:
        value = int.from_bytes(leaf[place : place + 4], "little") + P
        return leaf[:place] + (value % 2**32).to_bytes(4, "little") + leaf[place + 4 :]

    return bend


def _number(place: int, value: int) -> Callable[[bytes], bytes]:
    return _put(place, value.to_bytes(8, "big", signed=value < 0))


NOT_CANONICAL: Mapping[str, Callable[[bytes], bytes]] = {
    "another tag": _put(0, b"crypsis-escape-1"),
    "an index with bits that no path has": _number(16, 1 << ACCOUNT_BITS | 3),
    "an index below zero": _number(16, -1),
    "a flag of 2": _number(172, 2),
    "a key of another name": _word(44),
    "a viewing commitment of another name": _word(100),
    "slots of another name": _word(132),
    "a salt of another name": _word(180),
    "a sibling of another name": lambda leaf: _word(len(leaf) - 1056)(leaf),
    "markets of another name": lambda leaf: _word(len(leaf) - 64)(leaf),
    "a right half of another name": lambda leaf: _word(len(leaf) - 32)(leaf),
    "one position less than there are": _number(196, 1),
    "65 positions": _number(196, 65),
    "positions below zero": _number(196, -1),
    "a market of 17 bits": _number(204, 1 << 16),
    "a size of nothing": _number(212, 0),
    "a size of 2^40": _number(212, 1 << 40),
    "a size below -2^40": _number(212, -(1 << 40) - 1),
    "a trigger of 17 bits": _number(220, 1 << 16),
    "a market twice": _number(228, 0),
    "a byte less": lambda leaf: leaf[:-1],
    "a byte more": lambda leaf: leaf + b"\0",
    "a digest less": lambda leaf: leaf[:-32],
    "nothing": lambda leaf: b"",
}


def of_small_words() -> tuple[LeafOpening, MarketBook]:
    """A leaf whose words have other names below 2^32: p more."""
    state = some_state(5)
    small = (1, 2, 3, 4, 5, 6, 7, 8)
    account = replace(
        state.accounts[1],
        positions=Positions(((0, 5), (1, 6))),
        triggers=(1, 2),
        slots_root=small,
        header=replace(
            state.accounts[1].header,
            viewing=small,
            key=replace_first(state.accounts[1]),
        ),
    )
    return LeafOpening(3, account, (small,) * ACCOUNT_BITS, small, small), state.book


def replace_first(account: Account) -> venue.Point:
    """A key whose first element is small; L1 does not ask whether it is on the curve."""
    key = account.header.key
    return type(key)((1, *key.x[1:]), key.y)


@pytest.mark.parametrize("name", NOT_CANONICAL)
def test_bytes_that_are_no_leaf_are_refused(name: str) -> None:
    leaf, book = of_small_words()
    ended = ended_on(leaf, book, (2**40, 0, 0))
    owner, data = leaf.account.header.owner, leaf.encode()
    bent = NOT_CANONICAL[name](data)
    assert bent != data
    assert ended.refusal(ESCAPE, 9, bent, book.encode(), sender=owner) == MALFORMED
    ended.escape(leaf, book)


def entry_of(index: int, asset: int = 0) -> QueueEntry:
    return replace(venue.credit(index, 1, 10 + index), asset=asset, owner=venue.owner(index + 1))


def test_a_venue_is_frozen_when_an_entry_waited_too_long_and_not_before() -> None:
    ended = Ended(GOVERNED, interval_ms=10, least=3)
    for index, time in enumerate((100, 100, 500)):
        ended.queue_up(entry_of(index), time)
    state = some_state(1)
    ended.prove(state.root, state.book, 1)
    ended.ask("surplus(uint256)", 77)
    assert ended.refusal(FREEZE, 1000, 1104, BACKSTOP) == Revert.NOT_OVERDUE
    ended.ask(FREEZE, 1000, 1105, BACKSTOP)
    assert ended.numbers("ended()") == (1, 1105, 0)
    assert ended.numbers("pending(uint256,address)", 0, BACKSTOP) == (77,)
    assert ended.numbers("lacks()") == (0, 0)
    assert ended.refusal(FREEZE, 1000, 9999, BACKSTOP) == Revert.FROZEN


def test_a_header_that_waits_is_enough_and_nothing_is_not() -> None:
    ended = Ended(GOVERNED)
    assert ended.refusal(FREEZE, 1000, 2**50, BACKSTOP) == Revert.NOT_OVERDUE
    ended.ask("hold(uint256)", 500)
    assert ended.refusal(FREEZE, 1000, 1500, BACKSTOP) == Revert.NOT_OVERDUE
    ended.ask(FREEZE, 1000, 1501, BACKSTOP)


@pytest.mark.parametrize("seed", range(3))
def test_turns_are_those_of_the_mock(seed: int) -> None:
    random = Random(seed)
    interval, least = random.randrange(1, 100), random.randrange(1, 65)
    ended = Ended(GOVERNED, interval_ms=interval, least=least)
    times = sorted(random.randrange(1000, 1000 + 20 * interval) for _ in range(14))
    for index, time in enumerate(times):
        ended.queue_up(entry_of(index), time)
    for index, time in enumerate(times):
        assert ended.numbers("timeOf(uint256)", index) == (time,)
        turn = turn_of(times, index, pace(interval, least))
        assert ended.numbers("turnOf(uint256)", index) == (turn,)


def test_an_entry_is_paid_back_once_to_its_sender_and_at_once() -> None:
    ended = Ended(GOVERNED)
    entries = [entry_of(0), entry_of(1), entry_of(2, WBTC)]
    for entry in entries:
        ended.queue_up(entry, 100)
    state = some_state(1)
    ended.keep((5, 6, 7))
    ended.prove(state.root, state.book, 1)
    first, second, third = (entry.encode() for entry in entries)
    owner = entries[1].owner
    assert ended.refusal(RECLAIM, STAKE, 1, second, sender=owner) == Revert.NOT_FROZEN
    ended.end()
    for index, data in ((0, first), (3, second), (2**255, second), (3, b"")):
        assert ended.refusal(RECLAIM, STAKE, index, data, sender=owner) == Revert.NOTHING_TO_RECLAIM
    larger = second[:32] + (2**40).to_bytes(8, "big") + second[40:]
    for data in (third, larger, second + b"\0", second[:-1], b""):
        assert ended.refusal(RECLAIM, STAKE, 1, data, sender=owner) == MALFORMED
    assert ended.refusal(RECLAIM, STAKE, 1, second) == Revert.NOT_OWNER
    held = ended.numbers("ledger(uint256)", 0)
    ended.ask(RECLAIM, STAKE, 1, second, sender=owner)
    after = ended.numbers("ledger(uint256)", 0)
    assert (held[1] - after[1], held[3] - after[3]) == (11, 11)
    assert ended.refusal(RECLAIM, STAKE, 1, second, sender=owner) == Revert.NOTHING_TO_RECLAIM
    ended.ask(RECLAIM, STAKE, 2, third, sender=entries[2].owner)
    assert ended.numbers("ledger(uint256)", WBTC)[1] == 0


def test_of_an_exit_its_stake_is_paid_back_and_not_what_it_asked_for() -> None:
    """Lie: whoever asks for all that there is reclaims it from a venue that has ended."""
    ended, state = Ended(GOVERNED), some_state(1)
    wanted = replace(entry_of(0), kind=EntryKind.EXIT, amount=2**53 - 1)
    ended.queue_up(wanted, 100)
    ended.queue_up(entry_of(1), 100)
    ended.keep((5, 6, 7))
    ended.prove(state.root, state.book, 0)
    ended.end()
    data, owner = wanted.encode(), wanted.owner
    as_credit = data[:15] + bytes([EntryKind.CREDIT]) + data[16:]
    assert ended.refusal(RECLAIM, STAKE, 0, as_credit, sender=owner) == MALFORMED
    held = ended.numbers("ledger(uint256)", 0)
    ended.ask(RECLAIM, STAKE, 0, data, sender=owner)
    after = ended.numbers("ledger(uint256)", 0)
    assert (held[1] - after[1], held[3] - after[3]) == (STAKE, STAKE)
    assert ended.refusal(RECLAIM, STAKE, 0, data, sender=owner) == Revert.NOTHING_TO_RECLAIM
