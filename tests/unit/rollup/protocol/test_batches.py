"""A batch follows the state, opens exactly what it touches, and cannot lie about what it opens."""

from dataclasses import replace

import pytest

from rollup.field.koalabear import P
from rollup.hash.poseidon import Digest
from rollup.protocol.account import Account
from rollup.protocol.batch import AccountOpening, Batch, SlotOpening
from rollup.protocol.openings import completed
from rollup.protocol.positions import NO_POSITIONS, Positions
from rollup.protocol.rejection import Reason
from rollup.protocol.shape_class import CLASS_M, CLASS_S, LARGEST
from rollup.protocol.slot import SlotState
from tests.helpers.venue import (
    USDC,
    Match,
    Venue,
    buy,
    held,
    refusal,
    register,
    sell,
    with_pre,
)

RICH = 1_000_000 * USDC


@pytest.fixture
def venue() -> Venue:
    venue = Venue().with_traders(RICH, RICH, RICH)
    venue.run(venue.batch(matches=[Match(buy(1, 10), sell(2, 10), 10)]))
    return venue


@pytest.fixture
def batch(venue: Venue) -> Batch:
    return venue.batch(
        matches=[Match(buy(1, 10, generation=2), sell(2, 10, slot=7), 10)],
    )


def bent(digest: Digest) -> Digest:
    return ((digest[0] + 1) % P, *digest[1:])


def with_account(batch: Batch, place: int, **changes: object) -> Batch:
    opening = batch.pre.accounts[place]
    assert opening.account is not None
    if isinstance(positions := changes.get("positions"), Positions):
        changes["triggers"] = (opening.account.triggers or (0,)) * len(positions.held)
        changes["triggers"] = changes["triggers"][: len(positions.held)]
    account = replace(opening.account, **changes)  # type: ignore[arg-type]
    openings = list(batch.pre.accounts)
    openings[place] = replace(opening, account=account)
    return with_pre(batch, accounts=tuple(openings))


def test_an_empty_batch_moves_only_the_clock_and_the_salts(venue: Venue) -> None:
    before = venue.state.root
    outcome = venue.run(venue.batch())
    assert [account.index for account in outcome.accounts] == [0]
    assert outcome.steps.fees.amount == 0
    assert venue.state.root != before


def test_the_next_number_is_the_only_one(venue: Venue, batch: Batch) -> None:
    for step in (-1, 1):
        assert venue.refusal(replace(batch, number=batch.number + step)) is Reason.BATCH_NUMBER


@pytest.mark.parametrize("step", [0, -1])
def test_the_clock_advances(venue: Venue, step: int) -> None:
    assert venue.refusal(venue.batch(step=step)) is Reason.CLOCK_NOT_ADVANCED


def test_a_batch_made_anew_matches_no_orders(venue: Venue, batch: Batch) -> None:
    assert venue.refusal(replace(batch, redo=True)) is Reason.REDO_FILLS
    empty = replace(venue.batch(), redo=True)
    assert venue.apply(empty).public.redo is True


def test_made_anew_is_said_by_a_flag_and_nothing_else(batch: Batch) -> None:
    assert refusal(lambda: replace(batch, redo=1)) is Reason.MALFORMED  # type: ignore[arg-type]


def test_prices_are_those_of_the_listed_markets(batch: Batch) -> None:
    for prices in ((*batch.prices, 2), batch.prices[:1], ()):
        assert refusal(lambda prices=prices: replace(batch, prices=prices)) is Reason.PRICE_COUNT


def test_cash_from_nowhere_is_refused(venue: Venue, batch: Batch) -> None:
    assert venue.refusal(with_account(batch, 1, cash=2 * RICH)) is Reason.OLD_ROOT


def test_positions_from_nowhere_are_refused(venue: Venue, batch: Batch) -> None:
    lie = with_account(batch, 1, positions=held(11))
    assert venue.refusal(lie) is Reason.OLD_ROOT


def test_a_position_dropped_split_or_in_another_market_is_refused(
    venue: Venue, batch: Batch
) -> None:
    for positions in (NO_POSITIONS, held(0, 10), held(9, 1), held(10, 1)):
        lie = with_account(batch, 1, positions=positions)
        assert venue.refusal(completed(lie, venue.state)) is Reason.OLD_ROOT


def test_a_position_in_a_market_that_is_not_listed_is_refused(venue: Venue, batch: Batch) -> None:
    lie = with_account(batch, 1, positions=held(10, 0, 1))
    assert venue.refusal(lie) is Reason.MARKET_ABSENT


def test_another_salt_is_another_leaf(venue: Venue, batch: Batch) -> None:
    assert venue.refusal(with_account(batch, 0, salt=(1, 2, 3, 4))) is Reason.OLD_ROOT


def test_another_key_in_the_header_is_refused(venue: Venue, batch: Batch) -> None:
    header = venue.state.accounts[2].header
    signed = venue.signed(batch.orders[0].order, by=2)
    lie = replace(with_account(batch, 1, header=header), orders=(signed, batch.orders[1]))
    assert venue.refusal(lie) is Reason.OLD_ROOT


def test_an_account_hidden_as_empty_is_refused(venue: Venue) -> None:
    batch = venue.batch([register(3, 1, 5)])
    openings = (batch.pre.accounts[0], AccountOpening(1, None))
    assert venue.refusal(with_pre(batch, accounts=openings)) is Reason.OLD_ROOT


def test_a_slot_shown_as_it_never_was_is_refused(venue: Venue, batch: Batch) -> None:
    opening = batch.pre.slots[0]
    lie = replace(opening, state=SlotState(opening.state.generation - 1))
    slots = (lie, *batch.pre.slots[1:])
    assert venue.refusal(with_pre(batch, slots=slots)) is Reason.SLOTS_ROOT


def test_a_slots_root_made_to_fit_is_refused(venue: Venue, batch: Batch) -> None:
    unused = venue.state.accounts[3].slots_root
    assert venue.refusal(with_account(batch, 1, slots_root=unused)) is Reason.SLOTS_ROOT


def test_globals_and_markets_are_under_the_root(venue: Venue, batch: Batch) -> None:
    globals_ = replace(batch.pre.globals, total=batch.pre.globals.total + 1)
    assert venue.refusal(with_pre(batch, globals=globals_)) is Reason.OLD_ROOT
    markets = replace(batch.pre.markets, salt=(1, 1, 1, 1))
    assert venue.refusal(with_pre(batch, markets=markets)) is Reason.OLD_ROOT


def test_a_wrong_sibling_is_refused(venue: Venue, batch: Batch) -> None:
    siblings = batch.pre.account_siblings
    for place in (0, len(siblings) - 1):
        lie = (*siblings[:place], bent(siblings[place]), *siblings[place + 1 :])
        assert venue.refusal(with_pre(batch, account_siblings=lie)) is Reason.OLD_ROOT


def test_a_wrong_sibling_in_a_slot_tree_is_refused(venue: Venue, batch: Batch) -> None:
    siblings = batch.pre.slot_siblings
    lie = (*siblings[:-1], bent(siblings[-1]))
    assert venue.refusal(with_pre(batch, slot_siblings=lie)) is Reason.SLOTS_ROOT


@pytest.mark.parametrize("name", ["account_siblings", "slot_siblings", "trigger_siblings"])
def test_siblings_are_neither_too_few_nor_too_many(venue: Venue, batch: Batch, name: str) -> None:
    siblings = getattr(batch.pre, name)
    for lie in (siblings[:-1], (*siblings, siblings[0])):
        assert venue.refusal(with_pre(batch, **{name: lie})) is Reason.SIBLING_COUNT


def test_an_account_opened_twice_is_refused(batch: Batch) -> None:
    openings = batch.pre.accounts
    twice = (*openings[:2], openings[1], *openings[2:])
    assert refusal(lambda: with_pre(batch, accounts=twice)) is Reason.OPENED_TWICE
    backwards = openings[::-1]
    assert refusal(lambda: with_pre(batch, accounts=backwards)) is Reason.OPENED_TWICE


def test_a_slot_opened_twice_is_refused(batch: Batch) -> None:
    slots = (batch.pre.slots[0], *batch.pre.slots)
    assert refusal(lambda: with_pre(batch, slots=slots)) is Reason.OPENED_TWICE


def test_an_account_index_aliased_by_adding_p_is_refused(batch: Batch) -> None:
    opening = batch.pre.accounts[1]
    assert refusal(lambda: replace(opening, index=1 + P)) is Reason.ACCOUNT_OUT_OF_BOUNDS


def test_no_word_of_a_leaf_may_be_p_or_more(venue: Venue) -> None:
    account: Account = venue.state.accounts[1]
    salt = (P, 0, 0, 0)
    assert refusal(lambda: replace(account, salt=salt)) is Reason.WORD_OUT_OF_BOUNDS
    root = (0, 0, 0, 0, 0, 0, 0, P)
    assert refusal(lambda: replace(account, slots_root=root)) is Reason.WORD_OUT_OF_BOUNDS


def test_what_is_touched_must_be_opened(venue: Venue, batch: Batch) -> None:
    accounts, salts = batch.pre.accounts, batch.salts.accounts
    fewer = replace(
        batch,
        pre=replace(batch.pre, accounts=accounts[:-1]),
        salts=replace(batch.salts, accounts=salts[:-1]),
    )
    assert venue.refusal(fewer) is Reason.OPENING_MISSING
    assert venue.refusal(with_pre(batch, slots=batch.pre.slots[1:])) is Reason.OPENING_MISSING


def test_what_is_opened_must_be_touched(venue: Venue, batch: Batch) -> None:
    slots = (*batch.pre.slots, SlotOpening(2, 9, venue.state.slot(2, 9)))
    assert venue.refusal(with_pre(batch, slots=slots)) is Reason.OPENING_EXCESS
    nobody = replace(
        batch,
        pre=venue.state.open({0: [], 1: [0], 2: [7], 9: []}),
        salts=replace(batch.salts, accounts=(*batch.salts.accounts, (1, 2, 3, 4))),
    )
    assert venue.refusal(nobody) is Reason.OPENING_EXCESS


def test_an_account_may_be_opened_for_its_triggers_only(venue: Venue) -> None:
    outcome = venue.run(venue.batch(refreshed=[2]))
    assert [account.index for account in outcome.accounts] == [0, 2]
    before, after = outcome.accounts[1].before, outcome.accounts[1].after
    assert before is not None and after is not None
    assert replace(after, salt=before.salt) == before


def test_there_is_one_salt_for_each_opening(batch: Batch) -> None:
    salts = replace(batch.salts, accounts=batch.salts.accounts[:-1])
    assert refusal(lambda: replace(batch, salts=salts)) is Reason.SALT_COUNT


def test_another_old_root_is_refused(venue: Venue, batch: Batch) -> None:
    assert venue.refusal(replace(batch, old_root=bent(batch.old_root))) is Reason.OLD_ROOT


def test_the_fee_account_must_exist(venue: Venue) -> None:
    batch = venue.batch([register(3, 9, 5)])
    other = replace(batch.governance, fee_account=9)
    outcome = venue.apply(
        replace(
            batch,
            governance=other,
            pre=venue.state.open({9: []}),
            salts=replace(batch.salts, accounts=batch.salts.accounts[1:]),
        )
    )
    assert outcome.steps.fees.account == 9
    missing = replace(batch, governance=replace(batch.governance, fee_account=8))
    assert venue.refusal(missing) is Reason.OPENING_MISSING
    opened = venue.state.open({8: [], 9: []})
    assert venue.refusal(replace(missing, pre=opened)) is Reason.FEE_ACCOUNT_MISSING


def test_no_batch_holds_more_than_the_largest_class(batch: Batch) -> None:
    fills = batch.fills * (LARGEST.trades + 1)
    assert refusal(lambda: replace(batch, fills=fills)) is Reason.TOO_MANY


def test_a_batch_holds_what_its_shape_class_takes(venue: Venue, batch: Batch) -> None:
    crowded = replace(batch, fills=batch.fills * (CLASS_S.trades + 1))
    assert venue.refusal(crowded) is Reason.TOO_MANY
    replace(crowded, shape_class=CLASS_M).require_fits()
    assert refusal(crowded.require_fits) is Reason.TOO_MANY


def test_same_batch_same_root(venue: Venue, batch: Batch) -> None:
    assert venue.apply(batch) == venue.apply(batch)


def test_touched_nodes_lead_from_both_leaves_to_both_roots(venue: Venue, batch: Batch) -> None:
    outcome = venue.apply(batch)
    compress = venue.suite.compress_many
    nodes = {(n.tree, n.depth, n.index): n for n in (*outcome.account_nodes, *outcome.slot_nodes)}
    for node in nodes.values():
        assert compress([node.left_old], [node.right_old]) == [node.old]
        assert compress([node.left_new], [node.right_new]) == [node.new]
        assert node.left_touched or node.left_old == node.left_new
        assert node.right_touched or node.right_old == node.right_new
    root = nodes[0, 0, 0]
    assert (root.old, root.new) == (outcome.accounts_root_before, outcome.accounts_root_after)
    for account in outcome.accounts:
        parent = nodes[0, 29, account.index >> 1]
        pair = (
            (parent.right_old, parent.right_new)
            if account.index & 1
            else (
                parent.left_old,
                parent.left_new,
            )
        )
        assert pair == (account.leaf_before, account.leaf_after)
        if account.slots and account.after and account.before:
            top = nodes[account.index + 1, 0, 0]
            assert (top.old, top.new) == (account.before.slots_root, account.after.slots_root)
