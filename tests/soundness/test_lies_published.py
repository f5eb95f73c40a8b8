"""Lies about what a batch publishes: under a key that the owner does not have, other words, another
leaf, one left out, other digests beside the accounts. And who may bring which viewing key."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from circuits.statement.witness import build_from
from circuits.tables.account import publishing_trace
from circuits.tables.header.air import TABLE as HEADER
from circuits.tables.position import publishing
from circuits.tables.records import Records
from rollup.field.koalabear import P
from rollup.hash.many import compress_many
from rollup.hash.poseidon import Digest
from rollup.protocol.account import leaf_blocks
from rollup.protocol.availability import read_blocks, reading_key
from rollup.protocol.outcome import Outcome
from rollup.protocol.rejection import Reason, Rejected
from tests.helpers.lies import Liar, forge
from tests.helpers.statement import (
    BLINDED,
    claims_broken_by,
    claims_broken_in,
    denied,
    small_circuit,
    small_witness,
)
from tests.helpers.venue import credit, rotate, viewing, viewing_key

FIRST = 3
"""The next entry of the queue: the liar's venue has consumed three registrations."""

UNTOLD = 0
"""The fee account: the venue was not told its viewing key."""

TOLD = 1


@pytest.fixture
def outcome(liar: Liar) -> Outcome:
    """A trade between accounts of which the venue was told the keys, with positions after it."""
    found = liar.outcome(liar.trade())
    by_index = {each.index: each for each in found.accounts}
    assert by_index[TOLD].viewing_key == viewing_key(TOLD)
    assert by_index[UNTOLD].viewing_key is None
    return found


def row_of(column: Any, account: int) -> int:
    place, *_ = np.flatnonzero(column == account)
    return int(place)


def changed(column: Any, row: int, value: Any) -> Any:
    forged = column.copy()
    forged[row] = value
    return forged


def published_under(records: Records, account: int, key: Digest, told: int) -> Records:
    """The records where header and account say another key."""
    row = row_of(records.header.account, account)
    header = replace(
        records.header,
        told=changed(records.header.told, row, told),
        viewing_key=changed(records.header.viewing_key, row, key),
    )
    place = row_of(records.account.account, account)
    keys = changed(records.account.viewing_key, place, key)
    return replace(records, header=header, account=replace(records.account, viewing_key=keys))


def test_what_is_published_is_read_by_its_owner_and_nobody_else(outcome: Outcome) -> None:
    """Under the viewing key that the venue was told, or else under the commitment."""
    assert claims_broken_by(outcome) == set()
    published = {each.leaf.index: each.leaf for each in outcome.published}
    assert published.keys() == {each.index for each in outcome.accounts}
    for account in outcome.accounts:
        assert account.after is not None
        _, *blocks = leaf_blocks(account.after, account.headers[1])
        key = reading_key(account.after.header, account.viewing_key)
        assert read_blocks(published[account.index], key, compress_many) == tuple(blocks)
        other = viewing_key(account.index + 1)
        assert read_blocks(published[account.index], other, compress_many) != tuple(blocks)


# Under which key.


@pytest.mark.parametrize(("account", "told"), [(TOLD, 1), (TOLD, 0), (UNTOLD, 1), (UNTOLD, 0)])
def test_a_leaf_is_published_under_a_key_of_the_operators(
    outcome: Outcome, account: int, told: int
) -> None:
    lie = published_under(replay(outcome), account, (7,) * 8, told)
    assert claims_broken_in(lie, outcome.public) == {"header.viewing-key"}


def test_a_leaf_whose_key_is_known_is_published_under_the_commitment(outcome: Outcome) -> None:
    """No lie: the operator knows what it gives away, and its owner reads it all the same."""
    records = published_under(replay(outcome), TOLD, viewing(TOLD), 0)
    assert claims_broken_in(records, outcome.public) == set()


def test_the_account_is_published_under_another_key_than_its_header_says(outcome: Outcome) -> None:
    records = replay(outcome)
    place = row_of(records.account.account, TOLD)
    keys = changed(records.account.viewing_key, place, (7,) * 8)
    lie = replace(records, account=replace(records.account, viewing_key=keys))
    assert claims_broken_in(lie, outcome.public) == {"account.viewing", "header.viewing"}


def test_a_rotated_account_is_published_to_who_had_its_old_key(liar: Liar) -> None:
    """The key was stolen, and goes on reading."""
    outcome = liar.outcome(liar.venue.batch([rotate(FIRST, 1, 5)]))
    records = replay(outcome)
    header = records.header
    old, new = np.flatnonzero(header.account == 1)
    uses = changed(changed(header.viewing_uses, old, 1), new, 0)
    place = row_of(records.account.account, 1)
    keys = changed(records.account.viewing_key, place, header.viewing_key[old])
    lie = replace(
        records,
        header=replace(header, viewing_uses=uses),
        account=replace(records.account, viewing_key=keys),
    )
    assert claims_broken_in(lie, outcome.public) == {"account.viewing", "header.viewing"}


@pytest.mark.parametrize("flag", ["told", "renewed", "created"])
def test_a_flag_that_is_no_bit(outcome: Outcome, flag: str) -> None:
    witness = small_witness(outcome)
    trace, names = witness.traces["header"], HEADER.columns.names()
    trace[0, names.index(flag)] = 2
    assert "header.flags" in denied(witness.failures())


# What is published.


def test_words_that_the_key_does_not_read(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pads of the root of slots and of cash are another key's."""
    honest = publishing_trace._published_block

    def other(keys: Any, state: Any, block: Any) -> Any:
        return honest((keys.astype(np.int64) + 1).astype(np.uint32) % P, state, block)

    monkeypatch.setattr(publishing_trace, "_published_block", other)
    assert claims_broken_in(replay(outcome), outcome.public) == {"account.published"}


@pytest.mark.parametrize("block", [0, 1])
@pytest.mark.parametrize("word", [0, 7])
def test_other_words_than_the_leaf_has(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch, block: int, word: int
) -> None:
    """One of the root of slots, or of cash, flags and salt."""
    honest, calls = publishing_trace._published_block, iter(range(2))

    def other(keys: Any, state: Any, words: Any) -> Any:
        if next(calls) == block:
            words = words.copy()
            words[:, word] = (words[:, word].astype(np.int64) + 1) % P
        return honest(keys, state, words)

    monkeypatch.setattr(publishing_trace, "_published_block", other)
    assert claims_broken_in(replay(outcome), outcome.public) == {"account.published"}


@pytest.mark.parametrize("word", range(4))
def test_another_position_than_the_leaf_has(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch, word: int
) -> None:
    honest = publishing._words

    def other(*given: Any) -> Any:
        words = honest(*given)
        words[:, word] += 1
        return words

    monkeypatch.setattr(publishing, "_words", other)
    assert claims_broken_in(replay(outcome), outcome.public) == {"position.published"}


def test_a_position_under_another_pad(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = publishing.compress_many

    def other(keys: Any, state: Any) -> Any:
        return honest(state, keys)

    monkeypatch.setattr(publishing, "compress_many", other)
    assert claims_broken_in(replay(outcome), outcome.public) == {"position.published"}


def bent_leaves(bend: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish other leaves than the accounts are closed with."""
    honest = publishing_trace.fill_published
    monkeypatch.setattr(
        "circuits.tables.account.trace.fill_published",
        lambda row, records, leaves: honest(row, records, bend(leaves)),
    )


def test_the_leaf_of_another_account(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    bent_leaves(lambda leaves: np.roll(leaves, 1, axis=0), monkeypatch)
    assert claims_broken_in(replay(outcome), outcome.public) == {"account.published-leaf"}


def test_a_leaf_under_another_index(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = publishing_trace.published_start

    def other(index: int) -> Digest:
        start = honest(index)
        return (*start[:4], int(index == 0), *start[5:])

    monkeypatch.setattr(publishing_trace, "published_start", other)
    assert claims_broken_in(replay(outcome), outcome.public) == {"account.published-leaf"}


# All of it.


def placed(outcome: Outcome, bend: Callable[[Any], None], monkeypatch: Any) -> set[str]:
    """Claims that are denied where the rows say otherwise what they have published together."""
    honest = publishing_trace.fill_placed

    def filled(row: Any, *given: Any) -> Any:
        said = honest(row, *given)
        return bend(row.published) or said

    monkeypatch.setattr("circuits.tables.account.trace.fill_placed", filled)
    return claims_broken_in(replay(outcome), outcome.public)


def test_a_leaf_is_left_out(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commitment goes past it."""

    def out(said: Any) -> None:
        for after, before in zip(said.after, said.before, strict=True):
            after[-1] = before[-1]

    claims = placed(outcome, out, monkeypatch)
    assert claims == {"account.published-once", "batch.published"}


def test_a_leaf_that_goes_past_the_commitment_and_back(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is said to be of no place."""

    def away(said: Any) -> None:
        said.place[0] = 1000

    claims = placed(outcome, away, monkeypatch)
    assert claims == {"account.published-once", "batch.published"}


def test_fewer_leaves_than_there_are(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch stops before the last one."""

    def stopped(said: Any) -> Any:
        state = np.array([each[-1] for each in said.before], dtype=np.uint32)
        return publishing_trace.Committed(len(said.place) - 1, state)

    claims = placed(outcome, stopped, monkeypatch)
    assert claims == {"account.published-once", "batch.published"}


@pytest.mark.parametrize("word", [0, 7])
def test_another_commitment(outcome: Outcome, word: int) -> None:
    said = list(outcome.public.data_commitment)
    said[word] = (said[word] + 1) % P
    public = forge(outcome.public, data_commitment=tuple(said))
    witness = build_from(replay(outcome), public, small_circuit(), BLINDED)
    assert denied(witness.failures()) == {"batch.data-commitment"}


# Who brings which key.


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (((1, viewing_key(2)),), Reason.VIEWING_KEY),
        (((1, viewing(1)),), Reason.VIEWING_KEY),
        (((0, viewing_key(0)), (1, viewing_key(3))), Reason.VIEWING_KEY),
        (((77, viewing_key(77)),), Reason.OPENING_EXCESS),
    ],
    ids=["another's", "the commitment", "the second", "of nobody"],
)
def test_the_rules_refuse_a_key_that_does_not_fit(
    liar: Liar, keys: tuple[tuple[int, Digest], ...], reason: Reason
) -> None:
    batch = replace(liar.venue.batch([credit(FIRST, 1, 5)]), viewing_keys=keys)
    with pytest.raises(Rejected) as caught:
        liar.outcome(batch)
    assert caught.value.reason is reason


def test_a_rotated_account_brings_its_new_key_only(liar: Liar) -> None:
    batch = replace(liar.venue.batch([rotate(FIRST, 1, 5)]), viewing_keys=((1, viewing_key(1)),))
    with pytest.raises(Rejected) as caught:
        liar.outcome(batch)
    assert caught.value.reason is Reason.VIEWING_KEY


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (((2, viewing_key(2)), (1, viewing_key(1))), Reason.OPENED_TWICE),
        (((1, viewing_key(1)), (1, viewing_key(1))), Reason.OPENED_TWICE),
        (((1, (P,) + (0,) * 7),), Reason.WORD_OUT_OF_BOUNDS),
        (((1 << 30, viewing_key(1)),), Reason.ACCOUNT_OUT_OF_BOUNDS),
        (((1,),), Reason.MALFORMED),
        ([], Reason.MALFORMED),
    ],
    ids=["falling", "twice", "no element", "no account", "no pair", "no tuple"],
)
def test_keys_that_no_batch_has(liar: Liar, keys: Any, reason: Reason) -> None:
    batch = liar.venue.batch([credit(FIRST, 1, 5)])
    with pytest.raises(Rejected) as caught:
        replace(batch, viewing_keys=keys)
    assert caught.value.reason is reason
