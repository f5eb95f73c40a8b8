"""A venue that is told viewing keys: at the door, in its journal, through restarts and redos, and
what its owners hear."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rollup.crypto.envelope import ViewingKeyAction
from rollup.hash.poseidon import Digest
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.batch_codec import batch_to_bytes
from rollup.protocol.constants import DEPOSITS_MAX
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, FEE_ACCOUNT
from rollup.protocol.question import Question
from rollup.protocol.rejection import Reason
from rollup.protocol.viewing_key import viewing_key_to_bytes
from sequencer.batches.replay import replay
from sequencer.engine.command import TellAhead, TellKey
from sequencer.service.answer import Answer
from sequencer.service.answers import action_answer, answer
from sequencer.service.history import History
from tests.helpers import venue as small
from tests.helpers.readable import readable_by_all
from tests.helpers.running import HERE, SETUP, WINDOW_MS, Running

RICH = 10**6 * small.USDC
BEHIND = small.GOVERNANCE.clock_behind_ms


def key(account: int) -> Digest:
    return (account, 8, 7, 6, 5, 4, 3, 2)


def shown(account: int) -> Digest:
    """What L1 shows of a key, by the hash of these tests."""
    return viewing_commitment(key(account), small.toy_compress_many)


@pytest.fixture
def running(tmp_path: Path) -> Running:
    found = Running(tmp_path / "target")
    for account in (1, 2):
        found.world.register(account, RICH, viewing_words=shown(account))
    found.batch()
    return found


def envelope(running: Running, account: int, told: Digest) -> bytes:
    action = ViewingKeyAction(account, viewing_key_to_bytes(told))
    return running.venue.sealing_key.seal(action, HERE, running.venue.core.clock + WINDOW_MS)


def tell(running: Running, account: int, told: Digest | None = None) -> Answer:
    sent = key(account) if told is None else told
    (found,) = running.venue.submit([envelope(running, account, sent)])
    return found


def says_told(running: Running, account: int) -> bool:
    """What the owner of an account is answered."""
    question = Question(small.CHAIN, small.VENUE, account, bytes(32), 0)
    record = json.loads(answer(running.venue.core, History(), question, "run"))
    assert isinstance(record["viewing_key"], bool)
    return bool(record["viewing_key"])


def rotate(running: Running, account: int, to: int) -> None:
    """Its owner gives an account another trading key, and the viewing key of another."""
    entry = small.rotate(0, account, 7)
    running.world.l1.mint(entry.owner, 7)
    running.world.l1.rotate(entry.owner, account, entry.key_words, shown(to), 7)


def test_a_key_that_was_told_is_answered_journalled_and_published_under(running: Running) -> None:
    running.open()
    assert not says_told(running, 1)
    told = tell(running, 1)
    assert (told.reason, told.facts) == (None, ()) and told.receipt is not None
    assert says_told(running, 1) and not says_told(running, 2)
    assert TellKey(1, key(1), told.receipt.receipt.sequence) in [
        entry.content for entry in running.entries()
    ]
    running.submit(small.sell(1, 4), small.buy(2, 4))
    closed = running.close()
    assert closed.batch.viewing_keys == ((1, key(1)),)
    assert running.venue.take_facts()[0][0] == 1, "of orders alone: a key is no fact"
    assert running.venue.commit_headers() is None


def test_one_that_does_not_fit_is_refused_inside_the_sealed_answer_alone(running: Running) -> None:
    running.open()
    found = tell(running, 1, key(2))
    assert found.reason is Reason.VIEWING_KEY and found.receipt is not None
    record = json.loads(action_answer(found))
    assert record == {"v": 2, "more": False, "reason": "viewing-key", "rows": []}
    assert not says_told(running, 1) and not running.venue.take_facts()
    assert not any(isinstance(entry.content, TellKey) for entry in running.entries())


def test_what_was_told_is_known_after_a_restart_and_replays_to_the_same_bytes(
    running: Running,
) -> None:
    running.open()
    tell(running, 1)
    running.restart()
    assert says_told(running, 1)
    running.submit(small.sell(1, 4), small.buy(2, 4))
    closed = running.close()
    assert closed.batch.viewing_keys == ((1, key(1)),)
    running.stop()
    running.start()
    assert says_told(running, 1) and not says_told(running, 2)
    running.open()
    tell(running, 2)
    last = running.close()
    assert last.batch.viewing_keys == ((1, key(1)), (2, key(2))), "decoys have theirs too"
    again = list(replay(running.folder.journal, SETUP))
    assert [batch_to_bytes(each.batch) for each in again[1:]] == [
        batch_to_bytes(each.batch) for each in (closed, last)
    ]
    assert [each.outcome.published for each in again[1:]] == [
        each.outcome.published for each in (closed, last)
    ]


def test_after_a_rotation_the_venue_wants_the_new_key_and_no_other(running: Running) -> None:
    running.open()
    tell(running, 1)
    running.close()
    rotate(running, 1, to=5)
    running.open()
    assert not says_told(running, 1)
    assert tell(running, 1).reason is Reason.VIEWING_KEY
    assert not says_told(running, 1)
    assert tell(running, 1, key(5)).reason is None
    assert running.close().batch.viewing_keys == ((1, key(5)),)


def test_a_key_told_ahead_of_a_rotation_is_published_under_by_the_batch_that_takes_it(
    running: Running,
) -> None:
    running.open()
    tell(running, 1)
    assert tell(running, 1, key(5)).reason is Reason.VIEWING_KEY, "nothing is queued yet"
    rotate(running, 1, to=5)
    assert tell(running, 1, key(6)).reason is Reason.VIEWING_KEY
    told = tell(running, 1, key(5))
    assert (told.reason, told.facts) == (None, ()) and told.receipt is not None
    sequence = told.receipt.receipt.sequence
    ahead = TellAhead(1, key(5), shown(5), 2, sequence)
    assert ahead in [entry.content for entry in running.entries()]
    assert says_told(running, 1), "the present key stays"
    running.submit(small.sell(1, 4), small.buy(2, 4))
    before = running.close()
    assert before.batch.viewing_keys == ((1, key(1)),)
    running.open()
    assert says_told(running, 1)
    closed = running.close()
    assert [entry.account for entry in closed.batch.deposits] == [1]
    assert closed.batch.viewing_keys == ((1, key(5)),)
    assert 1 not in readable_by_all(closed.outcome, SETUP.compress_many)
    assert running.venue.commit_headers() is None
    again = list(replay(running.folder.journal, SETUP))
    assert [batch_to_bytes(each.batch) for each in again[1:]] == [
        batch_to_bytes(each.batch) for each in (before, closed)
    ]


def test_a_key_told_ahead_of_a_registration_is_published_under_at_once(running: Running) -> None:
    running.open()
    assert tell(running, 3).reason is Reason.ACCOUNT_MISSING
    running.world.register(3, RICH, viewing_words=shown(3))
    assert tell(running, 3).reason is None
    running.close()
    running.open()
    closed = running.close()
    assert closed.batch.viewing_keys == ((3, key(3)),) and says_told(running, 3)


@pytest.mark.parametrize("by_crash", [True, False], ids=["a crash", "a snapshot"])
def test_what_was_told_ahead_is_known_after_a_restart(running: Running, by_crash: bool) -> None:
    running.open()
    rotate(running, 1, to=5)
    assert tell(running, 1, key(5)).reason is None
    if by_crash:
        running.restart()
    running.close()
    if not by_crash:
        running.stop()
        running.start()
    running.open()
    assert running.close().batch.viewing_keys == ((1, key(5)),)


def test_a_batch_made_anew_that_takes_the_rotation_publishes_under_what_was_told_ahead(
    running: Running,
) -> None:
    """The rotations came while it was open: made anew, it takes them as it opens."""
    running.open()
    tell(running, 1)
    running.close()
    running.world.credit(small.owner(2), 2, 5)
    assert running.venue.commit_headers() is None
    running.open()
    rotate(running, 1, to=5)
    rotate(running, 2, to=6)
    tell(running, 1, key(5))
    tell(running, 2, key(6))
    running.close()
    running.world.pass_time(BEHIND + 1)
    wanted = running.venue.commit_headers()
    assert wanted is not None
    (anew,) = running.venue.redo(wanted)
    assert [entry.account for entry in anew.batch.deposits] == [2, 1, 2]
    assert anew.batch.viewing_keys == ((1, key(5)), (2, key(6))), "each is its account's by now"
    assert readable_by_all(anew.outcome, SETUP.compress_many) == [FEE_ACCOUNT, BACKSTOP_ACCOUNT]
    assert running.venue.commit_headers() is None and not running.venue.core.ahead
    running.restart()
    assert says_told(running, 1) and says_told(running, 2)


def test_a_key_goes_on_waiting_where_the_batch_made_anew_does_not_reach_its_entry(
    running: Running,
) -> None:
    running.open()
    for _ in range(DEPOSITS_MAX):
        running.world.credit(small.owner(2), 2, 5)
    rotate(running, 1, to=5)
    tell(running, 1, key(5))
    running.close()
    running.world.pass_time(BEHIND + 1)
    wanted = running.venue.commit_headers()
    assert wanted is not None
    (anew,) = running.venue.redo(wanted)
    assert len(anew.batch.deposits) == DEPOSITS_MAX and anew.batch.viewing_keys == ()
    running.restart()
    running.open()
    assert running.close().batch.viewing_keys == ((1, key(5)),)


def test_a_copy_is_told_what_the_first_was(running: Running) -> None:
    running.open()
    sent = envelope(running, 1, key(1))
    first, copy = running.venue.submit([sent, sent])
    assert copy.is_copy and copy.reason == first.reason is None
    assert copy.receipt == first.receipt


def test_batches_made_anew_know_what_was_told_in_them(running: Running) -> None:
    running.open()
    tell(running, 1)
    running.submit(small.sell(1, 4), small.buy(2, 4))
    running.close()
    running.world.credit(small.owner(1), 1, 5)
    running.world.pass_time(BEHIND + 1)
    wanted = running.venue.commit_headers()
    assert wanted is not None
    (anew,) = running.venue.redo(wanted)
    assert anew.batch.viewing_keys == ((1, key(1)),)
    assert says_told(running, 1) and running.venue.commit_headers() is None


def test_a_key_that_fits_no_more_is_dropped_where_batches_are_made_anew(running: Running) -> None:
    """The rotation comes while the batch is open: the redone one consumes it first."""
    running.open()
    tell(running, 1)
    tell(running, 2)
    running.close()
    rotate(running, 1, to=5)
    running.world.pass_time(BEHIND + 1)
    wanted = running.venue.commit_headers()
    assert wanted is not None
    (anew,) = running.venue.redo(wanted)
    assert [entry.account for entry in anew.batch.deposits] == [1]
    assert anew.batch.viewing_keys == ((2, key(2)),)
    assert not says_told(running, 1) and says_told(running, 2)
    assert running.venue.commit_headers() is None
    running.restart()
    assert not says_told(running, 1) and says_told(running, 2)


def test_it_is_not_shown(running: Running) -> None:
    told = TellKey(1, key(1))
    assert repr(told) == "TellKey(private)" and repr(replace(told, receipt=3)) == repr(told)
    holder = running.venue.core.ledger.holders[1]
    assert repr(holder) == "Holder(private)"
