"""Facts as bytes, and pages of them from memory, from the store, and from both."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.codec.strict import CodecError, encode
from rollup.crypto.chain_key import ChainKey
from rollup.protocol.order import Side
from rollup.protocol.rejection import Reason
from sequencer.batches.entries import Identity, Place
from sequencer.batches.store import Store
from sequencer.engine.event import VenueReason
from sequencer.service.fact_codec import facts_from_bytes, facts_to_bytes
from sequencer.service.facts import (
    Accepted,
    Cancelled,
    CancelRefused,
    ChangedHands,
    Ended,
    Fact,
    Filled,
    Lives,
    Refused,
    Rested,
    Voided,
    Waiting,
)
from sequencer.service.history import History

numbers = st.integers(0, 2**40)
keys = st.tuples(st.integers(0, 255), st.integers(0, 2**26 - 1))
reasons = st.sampled_from([*Reason, *VenueReason])
facts = st.one_of(
    st.builds(Accepted, keys, numbers),
    st.builds(Waiting, keys, numbers),
    st.builds(Refused, keys, reasons, numbers),
    st.builds(Cancelled, keys, numbers),
    st.builds(CancelRefused, keys, reasons, numbers),
    st.builds(Rested, keys, numbers, numbers),
    st.builds(Ended, keys, reasons, numbers, numbers),
    st.builds(
        Filled,
        keys,
        numbers,
        st.integers(0, 3),
        numbers,
        numbers,
        st.booleans(),
        st.sampled_from(Side),
        numbers,
        numbers,
        numbers,
    ),
    st.builds(Voided, numbers),
    st.builds(Lives, keys, numbers, numbers),
)
handed_on = st.tuples(st.integers(1, 3), st.just(ChangedHands()))


@given(st.lists(facts, max_size=8))
def test_facts_are_read_as_they_were_written(some: list[Fact]) -> None:
    assert facts_from_bytes(facts_to_bytes(some)) == tuple(some)


def test_no_two_reasons_have_one_name() -> None:
    names = [reason.value for kind in (Reason, VenueReason) for reason in kind]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "rows",
    [
        [["spoken", 1, 2]],
        [["accepted", 1, 2]],
        [["accepted", 1, 2, 3, 4]],
        [["refused", 1, 2, "no-reason", 3]],
        [["filled", 1, 2, 3, 4, 5, 6, True, 8]],
        [["filled", 1, 2, 3, 4, 5, 6, 1, 1, 8, 9, 10]],
        [["filled", 1, 2, 3, 4, 5, 6, True, 2, 8, 9, 10]],
        [["filled", 1, 2, 3, 4, 5, 6, True, 1, 8, 9]],
        [["voided"]],
        [[]],
        ["accepted"],
        {"accepted": 1},
    ],
)
def test_other_rows_are_refused(rows: object) -> None:
    with pytest.raises(CodecError):
        facts_from_bytes(encode(rows))  # type: ignore[arg-type]


def opened(folder: Path) -> Store:
    return Store(folder / "store.sqlite", Identity(1, 2, bytes(32)), ChainKey(bytes(32)))


told = st.tuples(st.integers(1, 3), facts)
all_parts = st.lists(st.lists(st.one_of(told, told, told, handed_on), max_size=6), max_size=6)


@settings(max_examples=40, deadline=None)
@given(all_parts, st.integers(0, 12), st.integers(1, 9), st.booleans())
def test_every_page_is_the_same_wherever_its_facts_lie(
    tmp_path_factory: pytest.TempPathFactory,
    parts: list[list[tuple[int, Fact]]],
    cursor: int,
    most: int,
    restarts: bool,
) -> None:
    folder = tmp_path_factory.mktemp("store")
    plain = History(kept=10**6)
    with opened(folder) as store:
        kept = History(store)
        for place, part in enumerate(parts, 100):
            plain.add(part)
            kept.add(part)
            if place % 3:  # what a batch that is open told is in memory alone
                store.note([], kept.unkept(), Place(place, bytes(32)), kept.handed_on())
                kept.kept(True)
        if restarts and not kept.handed_on():
            unkept = {each.account: facts_from_bytes(each.data) for each in kept.unkept()}
            kept = History(store)
            kept.add((account, fact) for account, some in unkept.items() for fact in some)
        for account in range(5):
            assert kept.since(account, cursor, most) == plain.since(account, cursor, most)


def test_what_the_store_lost_is_a_gap_that_the_page_shows(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        history = History(store)
        for number in range(4):
            history.add([(1, Voided(2 * number)), (1, Voided(2 * number + 1))])
            store.note([], history.unkept(), Place(100 + number, bytes(32)))
            history.kept(True)
        store._ask("DELETE FROM told WHERE first = 2")
        assert history.since(1, 0, 9).facts == (Voided(0), Voided(1))
        page = history.since(1, 2, 9)
        assert (page.first, page.facts[0], page.next) == (4, Voided(4), 8)


def test_without_a_store_the_newest_facts_stay_and_older_ones_are_said_to_be_gone() -> None:
    history = History(kept=3)
    history.add((1, Voided(number)) for number in range(10))
    page = history.since(1, 2, 99)
    assert (page.first, page.facts, page.next) == (7, (Voided(7), Voided(8), Voided(9)), 10)


def test_a_store_that_fails_leaves_the_newest_facts_in_memory(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        history = History(store, kept=3)
        history.add([(1, Voided(0))])
        store.note([], history.unkept(), Place(100, bytes(32)))
        history.kept(True)
        history.add((1, Voided(number)) for number in range(1, 10))
        history.kept(False)
        history.add([(1, Voided(10)), (2, Voided(0))])
        assert history.since(1, 8, 9).facts == (Voided(8), Voided(9), Voided(10))
        assert history.since(1, 0, 1).facts == (Voided(0),), "what it took can still be read"
        assert history.since(2, 0, 9).facts == (Voided(0),)


def test_of_an_account_that_changed_hands_no_fact_stays_and_cursors_go_on(tmp_path: Path) -> None:
    """Neither in memory nor in the files, also of what had been kept for long."""
    secret = 0x5EC2E7_5EC2E7
    with opened(tmp_path) as store:
        history = History(store)
        history.add([(1, Voided(secret)), (2, Voided(1)), (1, Voided(secret))])
        store.note([], history.unkept(), Place(100, bytes(32)))
        history.kept(True)
        history.add([(1, Voided(secret)), (1, ChangedHands()), (1, Voided(7))])
        for _ in range(2):
            page = history.since(1, 0, 9)
            assert (page.first, page.facts, page.next) == (3, (Voided(7),), 4)
            store.note([], history.unkept(), Place(101, bytes(32)), history.handed_on())
            history.kept(True)
    data = (tmp_path / "store.sqlite").read_bytes()
    assert encode(secret)[1:] not in data and not list(tmp_path.glob("*-wal"))
    with opened(tmp_path) as store:
        history = History(store)
        history.add([(1, ChangedHands())])
        store.note([], history.unkept(), Place(102, bytes(32)), history.handed_on())
        history.kept(True)
    with opened(tmp_path) as store:
        page = History(store).since(1, 0, 9)
        assert (page.first, page.facts, page.next) == (4, (), 4)
