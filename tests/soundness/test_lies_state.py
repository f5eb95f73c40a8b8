"""Lies about the state: what was there, what is there now, and what else there might be."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from circuits.tables.records import Records, TreeRecords
from rollup.field.koalabear import P
from rollup.hash.many import compress_many
from rollup.protocol import closing
from rollup.protocol.batch import AccountOpening, Batch
from rollup.protocol.ledger import Ledger
from rollup.protocol.rejection import Reason
from rollup.protocol.slot import FRESH_SLOT, SlotState, slot_leaves
from tests.helpers.lies import Liar, forge
from tests.helpers.statement import (
    claims_broken_by,
    claims_broken_in,
    denied,
    forged_witness,
    small_witness,
)
from tests.helpers.venue import credit, refusal, with_pre


def repeated(record: Any, row: int) -> Any:
    """A record whose arrays hold one row twice; what is not by row stays."""
    count = len(record.account)

    def again(value: Any) -> Any:
        if isinstance(value, np.ndarray) and len(value) == count and value.shape != (4,):
            return np.concatenate([value, value[row : row + 1]])
        if isinstance(value, tuple):
            return tuple(again(part) for part in value)
        return value

    return replace(record, **{m.name: again(getattr(record, m.name)) for m in fields(record)})


def changed(array: Any, row: Any, value: Any) -> Any:
    """A copy of an array with a row replaced."""
    copy = array.copy()
    copy[row] = value
    return copy


def test_an_account_opened_twice(liar: Liar) -> None:
    batch = liar.trade()
    first = batch.pre.accounts[1]
    doubled = (*batch.pre.accounts[:2], first, *batch.pre.accounts[2:])
    assert refusal(lambda: with_pre(batch, accounts=doubled)) == Reason.OPENED_TWICE
    outcome = liar.outcome(batch)
    records = replay(outcome)
    lie = replace(records, account=repeated(records.account, 1))
    assert "account.opened-once" in claims_broken_in(lie, outcome.public)


def test_an_index_aliased_by_adding_p(liar: Liar) -> None:
    """Modulo p it is the same account: a second row of it finds no second leaf."""
    batch = liar.trade()
    made = refusal(lambda: AccountOpening(1 + P, batch.pre.accounts[1].account))
    assert made == Reason.ACCOUNT_OUT_OF_BOUNDS
    outcome = liar.outcome(batch)
    records = replay(outcome)
    twice = repeated(records.account, 1)
    aliased = replace(twice, account=changed(twice.account, -1, 1 + P))
    claims = claims_broken_in(replace(records, account=aliased), outcome.public)
    assert "account.opened-once" in claims


def test_an_index_beyond_the_tree(liar: Liar) -> None:
    outcome = liar.outcome(liar.trade())
    records = replay(outcome)
    moved = changed(records.account.account, 1, 1 + 2**30)
    lie = replace(records, account=replace(records.account, account=moved))
    assert "account.opened-once" in claims_broken_in(lie, outcome.public)


def test_an_account_whose_rows_are_left_out(liar: Liar) -> None:
    """A touched leaf that no account row takes: half of the trade is not accounted for."""
    outcome = liar.outcome(liar.trade())
    records = replay(outcome)
    touched = changed(records.tree.left_touched, slice(None), records.tree.left_touched)
    leaf_rows = np.flatnonzero((records.tree.tree == 0) & (records.tree.depth == 29))
    touched[leaf_rows[0]] = 0
    lie = replace(records, tree=replace(records.tree, left_touched=touched))
    claims = claims_broken_in(lie, outcome.public)
    assert {"tree.sibling-kept", "account.opened-once"} <= claims


def test_a_wrong_sibling(liar: Liar) -> None:
    """The tree above the touched leaves is another one: it does not lead to the old root."""
    batch = liar.trade()
    siblings = list(batch.pre.account_siblings)
    siblings[-1] = (1, 2, 3, 4, 5, 6, 7, 8)
    wrong = with_pre(batch, account_siblings=tuple(siblings))
    assert liar.refusal(wrong) == Reason.OLD_ROOT
    honest = closing.state_roots

    def as_if(*given: Any) -> Any:
        return [batch.old_root, honest(*given)[1]]

    liar.monkeypatch.setattr(closing, "state_roots", as_if)
    assert liar.claims(wrong) == {"batch.root-before"}


def sibling_row(tree: TreeRecords) -> int:
    """A node whose right child is a sibling."""
    return int(np.flatnonzero((tree.right_touched == 0) & (tree.tree == 0))[0])


def test_a_sibling_changed_on_the_way(liar: Liar) -> None:
    """Untouched accounts are exchanged for others while the tree is closed."""
    outcome = liar.outcome(liar.trade())
    records = replay(outcome)
    row = sibling_row(records.tree)
    before, after = records.tree.right
    lie = replace(records.tree, right=(before, changed(after, row, 7)))
    claims = claims_broken_in(replace(records, tree=lie), outcome.public)
    assert claims == {"tree.sibling-kept", "tree.hash-after"}


def test_a_sibling_that_was_never_there(liar: Liar) -> None:
    outcome = liar.outcome(liar.trade())
    records = replay(outcome)
    row = sibling_row(records.tree)
    both = tuple(changed(side, row, 7) for side in records.tree.right)
    lie = replace(records.tree, right=(both[0], both[1]))
    claims = claims_broken_in(replace(records, tree=lie), outcome.public)
    assert claims == {"tree.hash-before", "tree.hash-after"}


def test_a_node_that_nobody_named(liar: Liar) -> None:
    """A second tree grows beside the first, from a row that only looks like padding."""
    outcome = liar.outcome(liar.trade())
    witness = small_witness(outcome)
    trace = witness.traces["tree"]
    row = len(outcome.account_nodes) + len(outcome.slot_nodes)
    trace[row] = trace[0]
    trace[row, 0] = 0
    assert "tree.padding-is-silent" in denied(witness.failures())


def test_a_node_that_leads_nowhere(liar: Liar) -> None:
    outcome = liar.outcome(liar.trade())
    records = replay(outcome)
    leaf = np.flatnonzero((records.tree.tree == 0) & (records.tree.depth == 29))[0]
    nothing = (
        changed(records.tree.left_touched, leaf, 0),
        changed(records.tree.right_touched, leaf, 0),
    )
    lie = replace(records.tree, left_touched=nothing[0], right_touched=nothing[1])
    claims = claims_broken_in(replace(records, tree=lie), outcome.public)
    assert "tree.leads-somewhere" in claims


def test_a_leaf_of_another_type(liar: Liar) -> None:
    """Where the tree holds a slot's leaf, nothing can be opened as an account."""
    batch = liar.trade()
    outcome = liar.outcome(batch)
    witness = small_witness(outcome)
    leaf = slot_leaves([SlotState(1)], compress_many)[0]
    replace_digest(witness.traces, outcome.accounts[1].leaf_before, leaf)
    claims = denied(witness.failures())
    assert claims == {"position.leaf-before", "tree.hash-before"}


def replace_digest(traces: Any, old: tuple[int, ...], new: tuple[int, ...]) -> None:
    """Write another digest wherever the rows of leaves and of the tree hold a given one."""
    for name in ("account", "position", "total", "tree"):
        trace = traces[name]
        for row, start in zip(*np.nonzero(trace == old[0]), strict=True):
            if tuple(trace[row, start : start + 8]) == old:
                trace[row, start : start + 8] = new


def test_another_accounts_key(liar: Liar) -> None:
    """The owner's key is exchanged for the liar's: the leaf does not hold it."""
    outcome = liar.outcome(liar.trade())
    records = replay(outcome)
    own, other = np.flatnonzero(records.header.key_uses)[:2]
    keys = changed(records.header.key, own, records.header.key[other])
    lie = replace(records, header=replace(records.header, key=keys))
    claims = claims_broken_in(lie, outcome.public)
    assert claims == {"header.opened", "header.key", "account.header-opened", "signature.key"}


def test_another_accounts_header(liar: Liar) -> None:
    """The liar's header is opened under the number of the account that it wants to trade for."""
    outcome = liar.outcome(liar.trade())
    records = replay(outcome)
    header = records.header
    swapped = replace(header, account=header.account[::-1].copy())
    claims = claims_broken_in(replace(records, header=swapped), outcome.public)
    assert {"header.opened", "account.header-opened"} <= claims


def test_a_header_that_no_account_opened(liar: Liar) -> None:
    """It is opened a second time, to hand out its key beside the row that the account asks for."""
    outcome = liar.outcome(liar.trade())
    records = replay(outcome)
    header = records.header
    columns = {name: getattr(header, name) for name in header.__slots__}
    twice = {name: np.concatenate((each, each[-1:])) for name, each in columns.items()}
    silent = ("key_uses", "owner_uses", "viewing_uses")
    unused = {name: changed(twice[name], -1, 0) for name in silent}
    lie = replace(records, header=replace(header, **{**twice, **unused}))
    claims = claims_broken_in(lie, outcome.public)
    assert claims == {"header.opened", "account.header-opened"}


def test_an_account_deleted_with_its_debt(liar: Liar) -> None:
    outcome = liar.outcome(liar.trade())
    records = replay(outcome)
    gone = changed(records.account.exists, 1, 0)
    lie = replace(records, account=replace(records.account, exists=gone))
    assert "account.never-deleted" in claims_broken_in(lie, outcome.public)


def test_an_account_without_registration(liar: Liar) -> None:
    """An account that existed is said to be new: its leaf is not empty and no entry opens it."""
    outcome = liar.outcome(liar.trade())
    records = replay(outcome)
    new = changed(records.account.existed, 1, 0)
    lie = replace(records, account=replace(records.account, existed=new))
    claims = claims_broken_in(lie, outcome.public)
    assert {"account.absent-before", "account.fresh-slots", "account.header-opened"} <= claims
    created = replace(records.header, created=changed(records.header.created, 0, 1))
    both = replace(records, account=replace(records.account, existed=new), header=created)
    assert "header.registered" in claims_broken_in(both, outcome.public)


def test_slots_renewed_without_an_order(liar: Liar) -> None:
    """A deposit touches the account; its slot tree is reset on the side."""
    venue = liar.venue
    honest = closing._account_after

    def renewed(*given: Any) -> Any:
        account = honest(*given)
        return account and replace(account, slots_root=(9,) * 8)

    liar.monkeypatch.setattr(closing, "_account_after", renewed)
    assert liar.claims(venue.batch([credit(3, 1, 5)])) == {"account.slots-kept"}


def test_a_slot_of_another_account_used_up(liar: Liar) -> None:
    outcome = liar.outcome(liar.trade())
    records = replay(outcome)
    other = changed(records.slot.account, 0, 3)
    lie = replace(records, slot=replace(records.slot, account=other))
    claims = claims_broken_in(lie, outcome.public)
    assert {"slot.opened-once", "order.slot-access"} <= claims


def test_a_slot_closed_with_another_count(liar: Liar) -> None:
    """The order's fills are forgotten in the new leaf, so that it can fill again."""
    batch = liar.trade()
    honest = liar.outcome(batch)

    def forgotten(step: object, ledger: Ledger, *_: object) -> object:
        ledger.slots[1, 1] = FRESH_SLOT
        return step

    liar.after("credit_fees", forgotten)
    lie = liar.outcome(batch)
    assert lie.public.new_root != honest.public.new_root
    assert claims_broken_by(lie) == {"slot.value-after", "fill.slot-access"}


def test_a_fill_hidden_between_two_others(liar: Liar) -> None:
    """An access that follows the same value as another: two histories of one word."""
    outcome = liar.outcome(liar.trade())
    records = replay(outcome)
    doubled = repeated_fill(records)
    claims = claims_broken_in(replace(records, fill=doubled), outcome.public)
    assert {"fill.cash-access", "fill.position-access", "fill.slot-access"} <= claims


def repeated_fill(records: Records) -> Any:
    """The fills, the first one twice."""

    def again(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return np.concatenate([value, value[:1]])
        if isinstance(value, tuple):
            return tuple(again(part) for part in value)
        if is_dataclass(value):
            return replace(value, **{m.name: again(getattr(value, m.name)) for m in fields(value)})
        return value

    return again(records.fill)


@pytest.mark.parametrize(
    ("member", "claim"),
    [("new_root", "batch.root-after"), ("old_root", "batch.root-before")],
)
def test_another_root(liar: Liar, member: str, claim: str) -> None:
    outcome = liar.outcome(liar.trade())
    lie = forge(outcome, public=replace(outcome.public, **{member: (1,) * 8}))
    assert claims_broken_by(lie) == {claim}


def test_a_clock_turned_back(liar: Liar) -> None:
    batch: Batch = liar.venue.batch(step=-5)
    assert liar.refusal(batch) == Reason.CLOCK_NOT_ADVANCED
    liar.blind("require_follows")
    assert liar.claims(batch) == {"batch.clock"}


def test_a_batch_number_twice(liar: Liar) -> None:
    batch = liar.venue.batch()
    again = replace(batch, number=batch.number - 1)
    assert liar.refusal(again) == Reason.BATCH_NUMBER
    liar.blind("require_follows")
    assert liar.claims(again) == {"batch.root-before"}


def test_untouched_records_break_nothing(liar: Liar) -> None:
    outcome = liar.outcome(liar.trade())
    assert forged_witness(replay(outcome), outcome.public).failures() == []
