"""The whole state follows the outcomes of batches, and salts keep leaves apart."""

import pickle

import pytest

from rollup.crypto.salt import SaltKey
from rollup.protocol.account import account_leaves, header_digests
from rollup.protocol.slot import slot_leaves
from rollup.protocol.state import State
from rollup.tree.forest import Forest
from tests.helpers.venue import Match, Venue, buy, credit, register, sell

RICH = 10**12


def traded() -> Venue:
    venue = Venue().with_traders(RICH, RICH, RICH)
    venue.run(venue.batch(matches=[Match(buy(1, 10), sell(2, 10, slot=200), 10)]))
    venue.run(venue.batch([register(3, 2**30 - 1, 5), credit(4, 77, 6)]))
    venue.run(venue.batch(matches=[Match(buy(3, 10, slot=3), sell(1, 10, slot=1), 4)]))
    return venue


def rebuilt_root(state: State, venue: Venue) -> tuple[int, ...]:
    """The accounts root from nothing but the accounts and slots."""
    compress_many = venue.suite.compress_many
    accounts = list(state.accounts.values())
    headers = header_digests([account.header for account in accounts], compress_many)
    tree = Forest(30, (0,) * 8, compress_many)
    leaves = account_leaves(accounts, headers, compress_many)
    tree.set_leaves(dict(zip(state.accounts, leaves, strict=True)))
    return tree.root()


def test_adopting_outcomes_gives_the_same_trees_as_building_them_anew() -> None:
    venue = traded()
    outcome = venue.run(venue.batch())
    assert rebuilt_root(venue.state, venue) == outcome.accounts_root_after
    fresh = slot_leaves([venue.state.slot(9, 9)], venue.suite.compress_many)[0]
    slots = Forest(8, fresh, venue.suite.compress_many)
    for (account, slot), state in venue.state.slots.items():
        slots.set_leaves({account << 8 | slot: slot_leaves([state], venue.suite.compress_many)[0]})
    for index, account_ in venue.state.accounts.items():
        assert slots.root(index) == account_.slots_root


def test_same_history_same_roots() -> None:
    assert traded().state.root == traded().state.root


def test_another_salt_key_gives_other_roots() -> None:
    venue = Venue(salt_key=SaltKey(bytes(32)))
    other = Venue(salt_key=SaltKey(bytes(31) + b"\1"))
    assert venue.state.root == other.state.root
    venue.run(venue.batch())
    other.run(other.batch())
    assert venue.state.root != other.state.root


def test_an_outcome_of_another_state_is_not_adopted() -> None:
    venue = Venue()
    outcome = venue.run(venue.batch())
    with pytest.raises(ValueError, match="another state root"):
        venue.state.adopt(outcome)


def test_salts_differ_by_account_batch_and_leaf() -> None:
    key = SaltKey(bytes(range(32)))
    salts = [key.account(1, 1, 0), key.account(2, 1, 0), key.account(1, 2, 0), key.account(0, 1, 0)]
    salts += [key.markets(1, 0), key.globals(1, 0), key.markets(2, 0)]
    salts += [key.account(1, 1, 1), key.markets(1, 1), key.globals(1, 1)]
    assert len(set(salts)) == len(salts)
    assert key.account(1, 1, 0) == SaltKey(bytes(range(32))).account(1, 1, 0)


def test_a_salt_key_is_never_shown() -> None:
    key = SaltKey(b"k" * 32)
    assert repr(key) == str(key) == "SaltKey(hidden)"
    with pytest.raises(TypeError):
        pickle.dumps(key)
    with pytest.raises(ValueError, match="32 bytes"):
        SaltKey(b"short")
