"""Escape: what each account takes out of a state, and that all come to what was there."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollup.codec.strict import CodecError
from rollup.l1.escape import LEAF_TAG, LeafOpening, leaf_from_bytes, payout
from rollup.l1.freeze import pace, turn_of
from rollup.l1.interface import Revert, Reverted
from rollup.l1.leaf_of import leaf_of
from rollup.l1.mock import MockL1
from rollup.protocol.assets import assets_of
from rollup.protocol.constants import ACCOUNT_BITS, MARKETS_MAX
from rollup.protocol.positions import Positions
from rollup.protocol.rejection import Rejected
from rollup.protocol.state import State
from tests.helpers.collateral import HOLDER, pledged
from tests.helpers.exits import frozen_on, genesis_of_assets, random_state

some = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def escape(l1: MockL1, state: State, index: int) -> None:
    owner = state.accounts[index].header.owner
    l1.escape(owner, leaf_of(state, index), state.book)


def require_covered(l1: MockL1, lots: dict[int, int]) -> None:
    """What it holds and what it says it lacks are what it owes; and no lot is made or lost."""
    held = l1.funds + l1.estate.lacks + l1.exits.debts
    assert held == l1.owed + l1.estate.surplus
    assert min(l1.custody, l1.exits.debts) == 0
    assert {mark: vault.owed for mark, vault in l1.assets.items()} == lots


def all_escape(l1: MockL1, state: State, order: list[int]) -> None:
    """All that there is leaves, whoever comes first, and each takes what its own leaf says."""
    lots = {mark: vault.custody for mark, vault in l1.assets.items()}
    governance, total = l1.governance, l1.custody
    kept = 0
    for index in order:
        account = state.accounts[index]
        owner, before = account.header.owner, dict(l1.pending)
        escape(l1, state, index)
        due = payout(account, state.book, governance)
        assert l1.pending.get(owner, 0) - before.get(owner, 0) == due.amount
        require_covered(l1, lots)
        kept += due.covered
    assert (l1.custody, l1.exits.debts) == (0, 0)
    assert sum(l1.pending.values()) == total + kept == total + l1.estate.lacks
    for mark in assets_of(governance):
        vault = l1.assets[mark]
        assert (vault.custody, vault.estate + sum(vault.pending.values())) == (0, lots[mark])


def test_all_escape_from_a_state_that_the_rules_made() -> None:
    """The holder owes dollars against its asset; nobody is below zero."""
    place = pledged()
    place.opened(200_000)
    place.falls(590_000)
    place.venue.run(place.venue.batch(refreshed=[HOLDER]))
    state, genesis = place.venue.state, place.venue.genesis
    owing = payout(state.accounts[HOLDER], state.book, genesis.governance)
    assert owing.covered, "the holder owes"
    l1 = frozen_on(state, genesis)
    all_escape(l1, state, [1, HOLDER, *(index for index in state.accounts if index not in (1, 3))])


@some
@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_all_escapes_come_to_what_was_under_custody(random: object, count: int) -> None:
    state = random_state(random, count)  # type: ignore[arg-type]
    order = list(state.accounts)
    random.shuffle(order)  # type: ignore[attr-defined]
    all_escape(frozen_on(state, genesis_of_assets()), state, order)


@some
@given(st.randoms(use_true_random=False))
def test_nothing_is_kept_beyond_a_lot_more_than_is_owed(random: object) -> None:
    state = random_state(random, 4)  # type: ignore[arg-type]
    for account in state.accounts.values():
        due = payout(account, state.book, genesis_of_assets().governance)
        worth = due.amount - due.covered
        assert due.covered == 0 or worth < 0
        assert all(due.amount < each.price for each in due.assets if each.kept)
        assert sum(each.lots + each.kept for each in due.assets) == sum(
            size for market, size in account.positions if market > 1
        )


def test_an_account_escapes_once_and_only_by_its_own_leaf() -> None:
    place = pledged()
    state = place.venue.state
    l1 = frozen_on(state, place.venue.genesis)
    leaf, owner = leaf_of(state, 1), state.accounts[1].header.owner
    with pytest.raises(Reverted) as stolen:
        l1.escape(state.accounts[2].header.owner, leaf, state.book)
    assert stolen.value.reason is Revert.NOT_OWNER
    with pytest.raises(Reverted) as moved:
        l1.escape(owner, replace(leaf, index=2), state.book)
    assert moved.value.reason is Revert.WRONG_LEAF
    l1.escape(owner, leaf, state.book)
    with pytest.raises(Reverted) as again:
        l1.escape(owner, leaf, state.book)
    assert again.value.reason is Revert.ESCAPED


def test_an_index_has_no_other_name() -> None:
    """The bits of an index are those of the path: none above, which nobody would look at."""
    leaf = leaf_of(pledged().venue.state, 1)
    with pytest.raises(Rejected):
        replace(leaf, index=1 + (1 << ACCOUNT_BITS))
    with pytest.raises(Rejected):
        replace(leaf, path=leaf.path[:-1])
    with pytest.raises(Rejected):
        replace(leaf, path=(*leaf.path, leaf.path[0]))


def opened(state: State) -> LeafOpening:
    return leaf_of(state, HOLDER)


def test_a_leaf_has_one_encoding() -> None:
    leaf = opened(pledged().venue.state)
    data = leaf.encode()
    assert leaf_from_bytes(data) == leaf
    for wrong in (data[:-1], data + b"\0", b"x" + data[1:], data[: len(LEAF_TAG)], b""):
        with pytest.raises(CodecError):
            leaf_from_bytes(wrong)


@pytest.mark.parametrize("place", [0, 16, 44, 100, 132, 172, 180, 196, 204, 220, 228, 1276])
def test_bytes_of_a_leaf_that_are_not_canonical_are_refused(place: int) -> None:
    data = bytearray(opened(pledged().venue.state).encode())
    data[place : place + 8] = b"\xff" * 8
    with pytest.raises((CodecError, Rejected)):
        leaf_from_bytes(bytes(data))


def test_a_leaf_of_as_many_positions_as_there_are_markets_is_read_again() -> None:
    leaf = opened(pledged().venue.state)
    positions = Positions(tuple((market, -market - 1) for market in range(MARKETS_MAX)))
    account = replace(leaf.account, positions=positions, triggers=tuple(range(MARKETS_MAX)))
    full = replace(leaf, account=account)
    assert leaf_from_bytes(full.encode()) == full


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30).map(sorted), st.integers(1, 50))
def test_a_turn_is_never_before_the_entry_nor_closer_than_the_pace(
    times: list[int], each: int
) -> None:
    turns = [turn_of(times, index, each) for index in range(len(times))]
    assert all(turn >= time for turn, time in zip(turns, times, strict=True))
    assert all(after - before >= each for before, after in pairwise(turns))
    assert turns[-1] <= max(times) + len(times) * each


@pytest.mark.parametrize(("interval", "least", "wanted"), [(10, 1, 10), (10, 3, 4), (1, 64, 1)])
def test_the_pace_is_what_a_venue_promises(interval: int, least: int, wanted: int) -> None:
    assert pace(interval, least) == wanted
