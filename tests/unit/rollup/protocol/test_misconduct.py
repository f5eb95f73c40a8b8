"""What receipts prove: each lie of an operator by its name, and nothing against an honest one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.crypto.address_key import ORDER, AddressKey
from rollup.hash.keccak import keccak256
from rollup.protocol.misconduct import (
    Finding,
    Misconduct,
    NoAnswer,
    NotSigned,
    judge_list,
    judge_pair,
    judge_promise,
)
from rollup.protocol.receipt import Receipt, SignedReceipt
from tests.helpers.receipts import SIGNER, WINDOWS, chain, link, public, relinked, sign

HONEST = chain("abc", "", "de")
"""Receipts 1 to 3 of batch 1, and 4 and 5 of batch 3."""


def kind(finding: Finding | None) -> Misconduct | None:
    return None if finding is None else finding.misconduct


def judged(receipt: Receipt, receipts: list[Receipt], number: int) -> Misconduct | None:
    """A receipt against the list that leads to a batch's head."""
    return kind(judge_list(sign(receipt), receipts, public(number, receipts), SIGNER))


@pytest.mark.parametrize("one", HONEST)
@pytest.mark.parametrize("other", HONEST)
def test_no_two_honest_receipts_prove_anything(one: Receipt, other: Receipt) -> None:
    assert judge_pair(sign(one), sign(other), SIGNER) is None


@pytest.mark.parametrize("since", range(4))
@pytest.mark.parametrize("receipt", HONEST)
def test_an_honest_receipt_is_in_its_place(receipt: Receipt, since: int) -> None:
    for number in range(receipt.batch, 4):
        held = [each for each in HONEST if each.batch <= number][since:]
        if held and held[0].sequence <= receipt.sequence:
            assert judged(receipt, held, number) is None


def test_an_honest_promise_is_kept_by_its_batch() -> None:
    assert judge_promise(sign(HONEST[0]), public(1, HONEST[:3]), SIGNER) is None


@given(st.lists(st.integers(0, 3), min_size=1, max_size=3), st.data())
def test_whatever_an_honest_operator_takes_proves_nothing(
    counts: list[int], data: st.DataObject
) -> None:
    names = iter("abcdefghijkl")
    taken = chain(*("".join(next(names) for _ in range(count)) for count in counts))
    if not taken:
        return
    one, other = data.draw(st.sampled_from(taken)), data.draw(st.sampled_from(taken))
    assert judge_pair(sign(one), sign(other), SIGNER) is None
    number = data.draw(st.integers(one.batch, len(counts)))
    held = [each for each in taken if each.batch <= number]
    since = data.draw(st.integers(0, one.sequence - 1))
    assert judged(one, held[since:], number) is None


def test_two_receipts_of_one_sequence_are_a_fork() -> None:
    other = link("z", 1, HONEST[0])
    assert kind(judge_pair(sign(HONEST[1]), sign(other), SIGNER)) is Misconduct.FORK
    assert kind(judge_pair(sign(other), sign(HONEST[1]), SIGNER)) is Misconduct.FORK


def test_a_receipt_that_follows_another_one_than_was_given_is_a_fork() -> None:
    after = link("c", 1, link("z", 1, HONEST[0]))
    assert kind(judge_pair(sign(HONEST[1]), sign(after), SIGNER)) is Misconduct.FORK


@pytest.mark.parametrize(
    ("batch", "time"),
    [(1, WINDOWS[1]), (3, WINDOWS[1]), (1, WINDOWS[3]), (2, WINDOWS[2]), (3, WINDOWS[3] + 1)],
    ids=["before", "in time only", "in batch only", "between", "one batch, two windows"],
)
def test_a_later_receipt_of_an_earlier_window_was_backdated(batch: int, time: int) -> None:
    later = replace(HONEST[4], sequence=9, batch=batch, time=time)
    assert kind(judge_pair(sign(HONEST[3]), sign(later), SIGNER)) is Misconduct.BACKDATED


def test_a_receipt_of_another_window_than_its_batch_had_was_backdated() -> None:
    early = replace(HONEST[4], time=WINDOWS[3] - 1)
    held = public(3, HONEST)
    assert kind(judge_promise(sign(early), held, SIGNER)) is Misconduct.BACKDATED
    assert kind(judge_list(sign(early), HONEST, held, SIGNER)) is Misconduct.BACKDATED


def test_an_envelope_that_the_chain_lacks_was_dropped() -> None:
    kept = relinked(
        [HONEST[0], *(replace(each, sequence=each.sequence - 1) for each in HONEST[2:])]
    )
    assert judged(HONEST[1], kept, 3) is Misconduct.DROPPED


def test_the_last_envelope_of_a_batch_cannot_be_dropped_either() -> None:
    assert judged(HONEST[2], HONEST[:2], 1) is Misconduct.DROPPED
    assert judged(HONEST[0], [], 1) is Misconduct.DROPPED


def test_an_envelope_that_is_moved_into_a_later_batch_shows() -> None:
    """Batch 1 ends before it, so its head cannot be brought to hold it."""
    assert judged(HONEST[2], HONEST[:2], 1) is Misconduct.DROPPED
    later = relinked([*HONEST[:2], replace(HONEST[2], batch=2, time=WINDOWS[2])])
    assert judged(HONEST[2], later, 2) is Misconduct.BACKDATED


@pytest.mark.parametrize("batch", [2, 9])
def test_a_promise_that_was_put_off_to_a_batch_to_come_shows_once_the_chain_has_passed_it(
    batch: int,
) -> None:
    """Otherwise a promise of a batch that never comes would bind nobody, and look like one."""
    window = {"batch": batch, "time": 1_000 * batch}
    off = replace(HONEST[1], **window)  # type: ignore[arg-type]
    dropped = replace(off, envelope=keccak256(b"z"))
    assert judged(off, HONEST[:3], 1) is Misconduct.BACKDATED
    assert judged(dropped, HONEST[:3], 1) is Misconduct.DROPPED
    with pytest.raises(NoAnswer, match=f"batch {batch} or a later one"):
        judged(off, HONEST[:1], 1)


def test_a_head_that_is_rolled_back_to_one_between_two_batches_drops_what_came_after_it() -> None:
    """No batch has left that head, so the heads alone do not show it; whoever was after it does."""
    for receipt in HONEST[1:3]:
        assert judged(receipt, HONEST[:1], 2) is Misconduct.DROPPED
    assert judged(HONEST[0], HONEST[:1], 2) is None


def test_a_chain_that_parts_under_a_later_head_drops_what_the_first_one_had() -> None:
    parted = [*HONEST[:1], link("y", 1, HONEST[0])]
    parted.append(link("d", 3, parted[-1]))
    assert judged(HONEST[1], HONEST[:3], 1) is None
    for receipt in HONEST[1:3]:
        assert judged(receipt, parted, 3) is Misconduct.DROPPED


def test_an_envelope_in_anothers_place_was_reordered() -> None:
    a, b, c = HONEST[:3]
    swapped = relinked([a, replace(b, envelope=c.envelope), replace(c, envelope=b.envelope)])
    assert judged(b, swapped, 1) is Misconduct.REORDERED
    assert judged(c, swapped, 1) is Misconduct.REORDERED


def test_a_receipt_whose_past_was_changed_was_reordered() -> None:
    changed = relinked([replace(HONEST[0], envelope=keccak256(b"z")), *HONEST[1:3]])
    assert judged(HONEST[2], changed, 1) is Misconduct.REORDERED


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 7},
        {"sequence": 2},
        {"venue": 8},
        {"batch": 2},
        {"batch": 2, "time": WINDOWS[2]},
        {"time": WINDOWS[1] - 1},
    ],
    ids=["skips", "repeats", "other venue", "one window, two batches", "to come", "two windows"],
)
def test_a_head_of_a_chain_that_no_honest_operator_makes_is_proof(
    changes: dict[str, int],
) -> None:
    broken = relinked([*HONEST[:2], replace(HONEST[2], **changes)])  # type: ignore[arg-type]
    assert judged(HONEST[1], broken, 1) is Misconduct.BROKEN_CHAIN


def test_a_chain_whose_only_link_is_of_another_window_is_proof() -> None:
    broken = [replace(HONEST[0], time=WINDOWS[1] - 1)]
    assert judged(HONEST[0], broken, 1) is Misconduct.BROKEN_CHAIN


@pytest.mark.parametrize(
    ("receipts", "number", "wanted"),
    [
        (HONEST[:2], 3, "up to the batch's head"),
        ([HONEST[0], *HONEST[2:]], 3, "does not follow the one before"),
        (HONEST[2:], 3, "from receipt 2 on is wanted"),
    ],
    ids=["too short", "with a gap", "begins too late"],
)
def test_a_list_that_does_not_lead_to_the_head_proves_nothing(
    receipts: list[Receipt], number: int, wanted: str
) -> None:
    with pytest.raises(NoAnswer, match=wanted):
        judge_list(sign(HONEST[1]), receipts, public(number, HONEST), SIGNER)


def test_a_batch_before_the_promised_one_owes_nothing() -> None:
    with pytest.raises(NoAnswer, match="batch 3 or a later one"):
        judge_list(sign(HONEST[4]), HONEST[:3], public(1, HONEST[:3]), SIGNER)
    with pytest.raises(NoAnswer, match="of batch 3 is wanted"):
        judge_promise(sign(HONEST[4]), public(1, HONEST[:3]), SIGNER)


def test_a_public_input_of_another_venue_says_nothing() -> None:
    other = replace(public(1, HONEST[:3]), venue=99)
    for judge in (
        lambda: judge_promise(sign(HONEST[0]), other, SIGNER),
        lambda: judge_list(sign(HONEST[0]), HONEST[:3], other, SIGNER),
    ):
        with pytest.raises(NoAnswer, match="of venue 99"):
            judge()


STRANGER = AddressKey(keccak256(b"somebody else's key"))


def malleated(signed: SignedReceipt) -> SignedReceipt:
    s = ORDER - int.from_bytes(signed.signature[32:64], "big")
    last = bytes((55 - signed.signature[64],))
    return replace(signed, signature=signed.signature[:32] + s.to_bytes(32, "big") + last)


@pytest.mark.parametrize(
    "forged",
    [
        sign(link("z", 1, HONEST[0]), STRANGER),
        replace(sign(HONEST[1]), receipt=link("z", 1, HONEST[0])),
        replace(sign(HONEST[1]), signature=bytes(65)),
        malleated(sign(link("z", 1, HONEST[0]))),
        sign(replace(HONEST[1], venue=8)),
        sign(replace(HONEST[1], chain=8)),
    ],
    ids=["a stranger's", "another receipt's", "zeros", "malleated", "other venue", "other chain"],
)
def test_what_the_venues_key_has_not_signed_for_this_venue_frames_nobody(
    forged: SignedReceipt,
) -> None:
    held = public(1, HONEST[:3])
    for judge in (
        lambda: judge_pair(sign(HONEST[1]), forged, SIGNER),
        lambda: judge_pair(forged, sign(HONEST[1]), SIGNER),
        lambda: judge_promise(forged, held, SIGNER),
        lambda: judge_list(forged, HONEST[:3], held, SIGNER),
    ):
        with pytest.raises(NotSigned):
            judge()
