"""Receipts of a venue that runs: who gets one, what they survive, and that lies of its operator
are provable."""

import errno
import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from rollup.crypto.address_key import AddressKey
from rollup.crypto.envelope import EnvelopeReason, OpeningKey, PaddingAction
from rollup.crypto.fresh import address_key_material
from rollup.hash.keccak import keccak256
from rollup.protocol.chain import require_chained
from rollup.protocol.misconduct import (
    Finding,
    Misconduct,
    Signer,
    judge_list,
    judge_pair,
    judge_promise,
)
from rollup.protocol.receipt import RECEIPTS_START, SignedReceipt
from sequencer.batches.artefacts import ArtefactError
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.entries import Content, Entry, JournalError, Place, ReceiptEntry, RedoEntry
from sequencer.batches.receipts import ReceiptChain, published
from sequencer.batches.replay import replay
from sequencer.engine.command import CloseBatch, OpenBatch
from sequencer.engine.event import VenueReason
from sequencer.service.answer import Answer
from sequencer.service.answers import action_answer
from sequencer.service.given import FACTS_MAX, GivenAnswers
from tests.helpers import venue as small
from tests.helpers.receipts import WINDOWS, link
from tests.helpers.running import HERE, SETUP, Running

RICH = 10**6 * small.USDC
SIGNER = Signer.of(SETUP.genesis)


@pytest.fixture
def running(tmp_path: Path) -> Running:
    found = Running(tmp_path / "target")
    for account in (1, 2, 3):
        found.world.register(account, RICH)
    found.batch()
    return found


def padding(running: Running) -> bytes:
    return running.venue.sealing_key.seal(PaddingAction(), HERE, running.venue.core.clock + 1)


def opening(number: int) -> OpenBatch:
    return OpenBatch(number, WINDOWS[number], small.PRICES, ())


def signed(answer: Answer) -> SignedReceipt:
    assert answer.receipt is not None
    return answer.receipt


def judged(running: Running, receipt: SignedReceipt, closed: ClosedBatch) -> Finding | None:
    """A receipt against what the operator publishes for a batch."""
    receipts = published(running.folder.journal, closed.batch.number, 1)
    return judge_list(receipt, receipts, closed.outcome.public, SIGNER)


def test_whatever_opens_gets_the_next_receipt_and_nothing_else_does(running: Running) -> None:
    running.open()
    order = running.envelope(small.sell(1, 10))
    unknown = running.envelope(small.sell(9, 10))
    late = running.venue.sealing_key.seal(PaddingAction(), HERE, running.venue.core.clock - 1)
    damaged = bytes((*order[:-1], order[-1] ^ 1))
    sent = [padding(running), order, order, unknown, damaged, late, b"", padding(running)]
    answers = running.venue.submit(sent)
    assert answers[2] == replace(answers[1], is_copy=True), "a copy is told the same"
    del answers[2], sent[2]
    opened = [0, 1, 2, 6]
    receipts = [signed(answers[place]).receipt for place in opened]
    assert [each.sequence for each in receipts] == [1, 2, 3, 4]
    assert [each.envelope for each in receipts] == [keccak256(sent[place]) for place in opened]
    heads = [RECEIPTS_START, *(each.digest() for each in receipts)]
    assert [each.previous for each in receipts] == heads[:-1]
    assert {(each.batch, each.time) for each in receipts} == {(2, running.venue.core.clock)}
    assert [a.reason for a in answers if a.receipt is None] == [
        EnvelopeReason.NOT_AUTHENTIC,
        EnvelopeReason.EXPIRED,
        EnvelopeReason.SIZE,
    ]
    for place in opened:
        SIGNER.require(signed(answers[place]))


def test_a_copy_has_the_very_same_receipt_and_changes_nothing(running: Running) -> None:
    """The first answer was lost on the way. It was the only one, and its receipt with it."""
    running.open()
    kinds = {
        "order": running.envelope(small.sell(1, 10)),
        "refused": running.envelope(small.sell(9, 10)),
        "padding": padding(running),
        "cancel": running.cancel_envelope(1, 0, 1),
    }
    sent = list(kinds.values())
    first, before = running.venue.submit(sent), len(running.entries())
    running.submit(small.buy(2, 10))
    facts, entries = running.venue.take_facts(), len(running.entries())
    assert running.venue.submit(sent) == [replace(each, is_copy=True) for each in first]
    assert before < entries == len(running.entries()) and facts
    assert running.venue.take_facts() == []
    changed = bytes((*sent[0][:-1], sent[0][-1] ^ 1))
    (other,) = running.venue.submit([changed])
    assert other.receipt is None, "of the same bytes alone"


def test_copies_are_told_of_the_last_envelopes_and_their_answers_are_bounded(
    running: Running,
) -> None:
    running.open()
    running.venue._given = GivenAnswers(most=2)
    running.submit(*(small.sell(1, 1, slot=k) for k in range(50)))
    taking = running.envelope(small.buy(2, 50))
    (swept,) = running.venue.submit([taking])
    (copied,) = running.venue.submit([taking])
    assert len(swept.facts) == 52 and len(copied.facts) == FACTS_MAX
    assert action_answer(copied) == action_answer(swept), "no more has room in any case"
    for _ in range(3):
        running.venue.submit([padding(running)])
    assert len(running.venue._given) == 2
    (forgotten,) = running.venue.submit([taking])
    assert forgotten == Answer(reason=VenueReason.REPLAYED)


def test_after_a_restart_no_envelope_of_before_opens(running: Running) -> None:
    """So what it was told needs no memory: the same order is sealed anew."""
    running.open()
    envelope = running.envelope(small.sell(1, 10))
    running.venue.submit([envelope])
    running.crash()
    running.start()
    (again,) = running.venue.submit([envelope])
    assert again == Answer(reason=EnvelopeReason.NOT_AUTHENTIC)


def test_between_two_batches_nothing_is_receipted(running: Running) -> None:
    (answer,) = running.venue.submit([padding(running)])
    assert answer == Answer(reason=VenueReason.BETWEEN_BATCHES)


def test_a_receipt_tells_padding_from_an_order_by_nothing(running: Running) -> None:
    running.open()
    of_padding, of_order = running.venue.submit(
        [padding(running), running.envelope(small.sell(1, 10))]
    )
    one, other = signed(of_padding).receipt, signed(of_order).receipt
    same = replace(one, sequence=2, envelope=other.envelope, previous=one.digest())
    assert same == other


def test_the_head_is_in_the_batch_and_in_what_l1_holds(running: Running) -> None:
    running.open()
    *_, last = running.submit(small.sell(1, 10), small.buy(2, 10))
    closed = running.close()
    head = signed(last).receipt.digest()
    assert closed.batch.receipts == closed.outcome.public.receipts == head
    assert closed.header.receipts == head
    assert running.venue.commit_headers() is None
    assert running.world.l1.tail[-1].header.receipts == head
    running.post(closed)
    running.open()
    assert running.close().batch.receipts == head


def test_the_chain_goes_on_after_a_crash_and_is_given_once(running: Running) -> None:
    running.open()
    (before,) = running.submit(small.sell(1, 10))
    running.restart()
    (after,) = running.submit(small.buy(2, 4))
    first, second = signed(before).receipt, signed(after).receipt
    assert (second.sequence, second.previous) == (first.sequence + 1, first.digest())
    closed = running.close()
    running.restart()
    assert judged(running, signed(before), closed) is None
    assert judged(running, signed(after), closed) is None
    assert list(replay(running.folder.journal, SETUP))[-1].header == closed.header


def test_nothing_is_signed_before_it_is_durable(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.open()
    happened = []
    sign, fsync = AddressKey.sign, os.fsync
    monkeypatch.setattr(
        AddressKey, "sign", lambda key, digest: (happened.append("sign"), sign(key, digest))[1]
    )
    monkeypatch.setattr(os, "fsync", lambda file: (happened.append("fsync"), fsync(file))[1])
    running.venue.submit([padding(running), padding(running)])
    assert happened == ["fsync", "sign", "sign"]

    def refuse(file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="Input/output error"):
        running.submit(small.sell(1, 10))
    assert happened == ["fsync", "sign", "sign"]


def test_a_batch_made_anew_ends_with_the_receipts_that_it_had(running: Running) -> None:
    closed, given = [], []
    for k in range(2):
        running.open()
        given += running.submit(small.sell(1, 4, slot=k), small.buy(2, 4, slot=k))
        closed.append(running.close())
    running.world.pass_time(small.GOVERNANCE.clock_behind_ms + 1)
    running.open()
    given += running.submit(small.sell(3, 2, slot=7))
    wanted = running.venue.commit_headers()
    assert wanted is not None
    anew = running.venue.redo(wanted)
    assert [each.batch.receipts for each in anew] == [each.batch.receipts for each in closed]
    assert all(each.batch.redo for each in anew)
    given += running.submit(small.sell(3, 2, slot=8))
    running.restart()
    given += running.submit(small.sell(3, 2, slot=9))
    last = running.close()
    receipts = [signed(answer) for answer in given]
    assert [each.receipt.sequence for each in receipts] == list(range(1, 8))
    for receipt in receipts:
        assert judged(running, receipt, last) is None
        if receipt.receipt.batch < last.batch.number:
            assert judged(running, receipt, anew[receipt.receipt.batch - 2]) is None
    assert list(replay(running.folder.journal, SETUP))[-1].header == last.header


@pytest.mark.parametrize("restarts", [False, True])
def test_heads_stay_those_of_the_first_closing_while_l1_goes_back_and_forth(
    running: Running, restarts: bool
) -> None:
    before = running.world.l1.checkpoint()
    running.world.register(4, RICH)
    given, first = [], []
    for k in range(2):
        running.open()
        given += running.submit(small.sell(1, 4, slot=k), small.buy(2, 4, slot=k))
        first.append(running.close())
    assert running.venue.commit_headers() is None
    held = running.world.l1.checkpoint()
    running.world.l1.revert_to(before)
    wanted = running.venue.commit_headers()
    assert wanted is not None
    running.venue.redo(wanted)
    running.open()
    given += running.submit(small.sell(3, 3, slot=20))
    heads = [*(each.header.receipts for each in first), running.close().header.receipts]
    assert running.venue.commit_headers() is None
    other = running.world.l1.checkpoint()
    running.open()
    given += running.submit(small.sell(3, 3, slot=21))
    for branch in (held, other, held):
        running.world.l1.revert_to(branch)
        if restarts:
            running.restart()
        assert running.venue.commit_headers() is None
        assert [each.header.receipts for each in running.venue.unproved] == heads
        given += running.submit(small.sell(3, 3, slot=22 + len(given)))
    assert running.venue.unproved[1].header == first[1].header
    last = running.close()
    assert [signed(each).receipt.sequence for each in given] == list(range(1, 10))
    for answer in given:
        assert judged(running, signed(answer), last) is None
    publics = [each.outcome.public for each in replay(running.folder.journal, SETUP)]
    assert [each.receipts for each in publics] == [RECEIPTS_START, *heads, last.header.receipts]
    require_chained(publics)


@pytest.fixture
def kept_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator that keeps its opening key over a restart, to judge the same envelopes again."""
    key = OpeningKey.generate()
    monkeypatch.setattr(OpeningKey, "generate", lambda: key)


def forget(running: Running, since: int) -> None:
    """The operator cuts its journal back and starts again, as if nothing had come."""
    running.stop()
    os.truncate(running.root / "private" / "journal", since)
    running.start()


def size(running: Running) -> int:
    return (running.root / "private" / "journal").stat().st_size


def test_an_operator_that_gives_one_sequence_twice_is_proved_to_have_forked(
    running: Running, tmp_path: Path
) -> None:
    running.open()
    running.submit(small.sell(3, 1))
    running.stop()
    shutil.copytree(running.root, tmp_path / "second")
    running.start()
    (one,) = running.submit(small.sell(1, 10))
    running.stop()
    running.root = tmp_path / "second"
    running.start()
    (other,) = running.submit(small.sell(2, 10))
    found = judge_pair(signed(one), signed(other), SIGNER)
    assert found is not None and found.misconduct is Misconduct.FORK


def test_an_operator_that_drops_what_it_receipted_is_proved_to_have(running: Running) -> None:
    running.open()
    start = size(running)
    (dropped,) = running.submit(small.sell(1, 10))
    forget(running, start)
    empty = running.close()
    found = judged(running, signed(dropped), empty)
    assert found is not None and found.misconduct is Misconduct.DROPPED
    assert judge_promise(signed(dropped), empty.outcome.public, SIGNER) is None


def test_an_operator_that_drops_and_goes_on_is_proved_to_have(running: Running) -> None:
    running.open()
    start = size(running)
    (dropped,) = running.submit(small.sell(1, 10))
    forget(running, start)
    (kept,) = running.submit(small.sell(2, 10))
    closed = running.close()
    found = judged(running, signed(dropped), closed)
    assert found is not None and found.misconduct is Misconduct.DROPPED
    assert judged(running, signed(kept), closed) is None


@pytest.mark.usefixtures("kept_key")
def test_an_operator_that_reorders_what_it_receipted_is_proved_to_have(tmp_path: Path) -> None:
    running = Running(tmp_path / "target")
    for account in (1, 2):
        running.world.register(account, RICH)
    running.open()
    start = size(running)
    sent = [running.envelope(small.sell(1, 10)), running.envelope(small.buy(2, 10))]
    first = running.venue.submit(sent)
    forget(running, start)
    running.venue.submit(sent[::-1])
    closed = running.close()
    for answer in first:
        found = judged(running, signed(answer), closed)
        assert found is not None and found.misconduct is Misconduct.REORDERED


@pytest.mark.usefixtures("kept_key")
def test_an_operator_that_backdates_an_envelope_is_proved_to_have(running: Running) -> None:
    """It lets an envelope into the batch after the one that it had promised."""
    running.open()
    start = size(running)
    envelope = running.venue.sealing_key.seal(
        PaddingAction(), HERE, running.venue.core.clock + 5_000
    )
    (promised,) = running.venue.submit([envelope])
    forget(running, start)
    first = running.close()
    running.open()
    running.venue.submit([envelope])
    second = running.close()
    early, late = (
        judged(running, signed(promised), first),
        judged(running, signed(promised), second),
    )
    assert early is not None and early.misconduct is Misconduct.DROPPED
    assert late is not None and late.misconduct is Misconduct.BACKDATED


def test_the_key_is_the_owners_alone_and_the_one_that_genesis_names(running: Running) -> None:
    path = running.root / "private" / "receipts.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    running.stop()
    other = address_key_material()
    path.write_bytes(other)
    with pytest.raises(ArtefactError, match="is wanted, not of") as caught:
        running.start()
    assert other.hex() not in str(caught.value)
    for wrong in (b"", bytes(32), other + b"\0"):
        path.write_bytes(wrong)
        with pytest.raises(ArtefactError, match=r"receipts\.key"):
            running.start()
    path.write_bytes(small.RECEIPT_MATERIAL)
    running.start()


@pytest.mark.parametrize("lie", ["skips", "other envelope", "between batches"])
def test_a_journal_whose_receipts_are_not_one_chain_is_refused(running: Running, lie: str) -> None:
    journal = running.venue._journal
    if lie == "between batches":
        journal.append(ReceiptEntry(1, bytes(32)))
    else:
        running.open()
        if lie == "skips":
            journal.append(ReceiptEntry(2, bytes(32)))
        else:
            running.venue._receipts.take(bytes(32))
            journal.append(ReceiptEntry(1, keccak256(b"another")))
            running.close()
    running.stop()
    with pytest.raises(JournalError, match="receipt"):
        running.start()
    with pytest.raises(JournalError, match="receipt"):
        list(replay(running.folder.journal, SETUP))


def test_a_receipt_is_taken_in_an_open_batch_only() -> None:
    with pytest.raises(ValueError, match="none is open"):
        ReceiptChain(SETUP.genesis).take(bytes(32))


def test_a_batch_made_anew_with_a_newer_head_or_an_older_one_is_no_journal(
    tmp_path: Path,
) -> None:
    """Its head would take receipts back, or hold some that promised a later batch."""

    def heads_of(again: bytes) -> int:
        contents: list[Content] = [
            opening(1),
            ReceiptEntry(1, keccak256(b"a")),
            CloseBatch(one.digest()),
            opening(2),
            ReceiptEntry(2, keccak256(b"b")),
            RedoEntry(1, bytes(32), 2),
            opening(1),
            CloseBatch(again),
        ]
        nowhere = Place(0, b"")
        entries = [Entry(offset, content, nowhere) for offset, content in enumerate(contents)]
        return len(list(ReceiptChain(SETUP.genesis).replay(tmp_path, entries)))

    one = link("a", 1, None)
    two = link("b", 2, one)
    assert heads_of(one.digest()) == 2
    for wrong in (two.digest(), RECEIPTS_START):
        with pytest.raises(JournalError, match="ends with receipts"):
            heads_of(wrong)


def test_only_closed_batches_are_published(running: Running) -> None:
    running.open()
    running.submit(small.sell(1, 10))
    with pytest.raises(ArtefactError, match="batch 2 was never closed"):
        published(running.folder.journal, 2, 1)
    running.close()
    running.open()
    running.submit(small.sell(1, 10, slot=1), small.sell(1, 10, slot=2))
    running.close()
    journal = running.folder.journal
    assert [each.sequence for each in published(journal, 2, 1)] == [1]
    assert [each.sequence for each in published(journal, 3, 2)] == [2, 3]
