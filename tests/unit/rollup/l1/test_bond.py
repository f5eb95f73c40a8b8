"""The bond of the mock: money apart from custody, and a judge that no honest operator fears."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.l1.bond import RECEIPTS_MAX, REWARD_PART, BondLeaving, Convicted
from rollup.l1.development import LocalL1, ManualClock
from rollup.l1.interface import Frozen, Revert, Reverted
from rollup.l1.stored import Stored, stored_from_bytes, stored_to_bytes
from rollup.protocol.header import BatchHeader
from rollup.protocol.misconduct import Misconduct
from rollup.protocol.receipt import Receipt, SignedReceipt
from tests.helpers import venue as small
from tests.helpers.l1 import DELAY, OPERATOR, STRANGER, StubVerifier, World, deployment
from tests.helpers.receipts import chain, link, sign
from tests.helpers.running import Running

LEAST = deployment().bond_least
PATIENCE = deployment().bond_delay_ms
HONEST = chain("abc", "", "de")
CAROL = small.owner(77)


def bonded(amount: int = LEAST) -> LocalL1:
    """An L1 with a bond, whose clock a test moves."""
    clock = ManualClock(lambda: small.START)
    l1 = LocalL1(deployment(), [StubVerifier()], clock, small.toy_compress_many)
    l1.mint(OPERATOR, amount)
    l1.post_bond(OPERATOR, amount)
    return l1


def reason(call: object, *given: object) -> Revert:
    with pytest.raises(Reverted) as caught:
        call(*given)  # type: ignore[operator]
    return caught.value.reason


def fork() -> tuple[SignedReceipt, SignedReceipt]:
    return sign(HONEST[1]), sign(link("another", 1, HONEST[0]))


def test_a_bond_outlasts_a_freeze_and_as_long_again() -> None:
    made = deployment()
    assert made.bond_delay_ms == 2 * made.freeze_after_ms
    waits = DELAY + made.entry_wait_ms + made.proof_deadline_ms
    assert made.bond_delay_ms - made.freeze_after_ms > waits


@pytest.mark.parametrize("least", [0, -1, 1 << 62])
def test_a_venue_is_deployed_with_a_bond_that_is_an_amount(least: int) -> None:
    clock = ManualClock(lambda: small.START)
    made = deployment(bond_least=least)
    given = (made, [StubVerifier()], clock, small.toy_compress_many)
    assert reason(LocalL1, *given) is Revert.BAD_DEPLOYMENT


def test_the_bond_is_no_money_of_the_venue() -> None:
    l1 = bonded()
    assert (l1.funds, l1.owed, l1.custody, l1.queued) == (0, 0, 0, 0)
    assert l1.bond.stands == l1.bond.held == LEAST
    assert l1.wallets[OPERATOR] == 0


def test_what_leaves_does_not_stand_and_is_lost_all_the_same() -> None:
    l1 = bonded(3 * LEAST)
    due = l1.leave_bond(OPERATOR, 2 * LEAST)
    assert due == small.START + PATIENCE
    assert l1.bond.stands == LEAST
    l1.warp(PATIENCE - 1)
    assert l1.challenge_pair(CAROL, *fork()) is Misconduct.FORK
    assert l1.bond.stands == 0
    assert l1.bond.held == 3 * LEAST // REWARD_PART
    l1.warp(PATIENCE)
    assert reason(l1.withdraw_bond, OPERATOR) is Revert.CONVICTED


def test_a_new_announcement_starts_the_delay_anew() -> None:
    l1 = bonded(2 * LEAST)
    l1.leave_bond(OPERATOR, LEAST)
    l1.warp(PATIENCE)
    l1.leave_bond(OPERATOR, 2 * LEAST)
    assert reason(l1.withdraw_bond, OPERATOR) is Revert.BOND_DELAYED
    assert [e for e in l1.bond.events if isinstance(e, BondLeaving)][-1].amount == 2 * LEAST


def test_whoever_copies_a_challenge_takes_the_reward_and_saves_no_operator() -> None:
    """Evidence is no secret: who comes first has the part, and seven of eight are nobody's."""
    l1 = bonded()
    assert l1.challenge_pair(OPERATOR, *fork()) is Misconduct.FORK
    assert reason(l1.challenge_pair, CAROL, *fork()) is Revert.CONVICTED
    assert l1.withdraw_bond(OPERATOR) == LEAST // 8
    assert l1.bond.burned == LEAST - LEAST // 8
    assert l1.bond.held == 0
    assert reason(l1.withdraw_bond, OPERATOR) is Revert.NOTHING_TO_WITHDRAW


def test_a_conviction_ends_the_venue_by_the_challenger_at_its_last_proved_batch() -> None:
    l1 = bonded()
    l1.warp(5)
    l1.challenge_pair(CAROL, *fork())
    assert l1.events[-1] == Frozen(CAROL, 0, small.START + 5)
    assert l1.is_frozen


def test_a_venue_without_a_bond_ends_too() -> None:
    clock = ManualClock(lambda: small.START)
    l1 = LocalL1(deployment(), [StubVerifier()], clock, small.toy_compress_many)
    assert l1.challenge_pair(CAROL, *fork()) is Misconduct.FORK
    assert l1.bond.conviction == Convicted(CAROL, Misconduct.FORK, 0, 0)
    assert reason(l1.withdraw_bond, CAROL) is Revert.NOTHING_TO_WITHDRAW


def test_all_of_it_is_in_the_file_of_a_mock() -> None:
    l1 = bonded(2 * LEAST)
    l1.leave_bond(OPERATOR, LEAST)
    for _ in range(2):
        data = stored_to_bytes(Stored(l1.deployment, l1.checkpoint(), 0))
        back = stored_from_bytes(data)
        assert (back.state.bond, back.deployment) == (l1.bond, l1.deployment)
        assert stored_to_bytes(back) == data
        if l1.bond.conviction is None:
            l1.challenge_pair(CAROL, *fork())


def outcomes(
    l1: LocalL1, receipts: list[Receipt], headers: list[BatchHeader], listed: list[Receipt]
) -> set[Revert]:
    """What becomes of every challenge that anybody could make of these."""
    found = set()
    for one in receipts:
        for other in receipts:
            found.add(reason(l1.challenge_pair, CAROL, sign(one), sign(other)))
        for header in headers:
            found.add(reason(l1.challenge_window, CAROL, sign(one), header))
            for start in range(len(listed)):
                for end in range(start, len(listed) + 1):
                    part = listed[start:end]
                    found.add(reason(l1.challenge_place, CAROL, sign(one), header, part))
    return found


def test_nobody_can_show_anything_of_an_honest_operator(tmp_path: Path) -> None:
    """Every pair, header and piece of the list: a venue that ran, with a batch made anew."""
    running = Running(tmp_path / "target")
    for account in (1, 2):
        running.world.register(account, 10**12)
    running.batch()
    given = []
    for place in range(3):
        running.open()
        answers = running.submit(
            small.sell(1, 10, slot=place, generation=place + 1),
            small.buy(2, 10, slot=place, generation=place + 1),
        )
        given += [answer.receipt for answer in answers if answer.receipt is not None]
        running.close()
        if place == 1:
            running.world.pass_time(small.GOVERNANCE.clock_behind_ms + 1)
        wanted = running.venue.commit_headers()
        while wanted is not None:
            running.venue.redo(wanted)
            wanted = running.venue.commit_headers()
    l1 = running.world.l1
    assert l1.redo_until > 0, "no batch was made anew"
    headers = [each.header for each in l1.tail]
    receipts = [each.receipt for each in given]
    running.stop()
    assert len(receipts) == 6
    assert len(headers) == 3
    found = outcomes(l1, receipts, headers, receipts)  # type: ignore[arg-type]
    assert found == {Revert.NO_MISCONDUCT, Revert.EVIDENCE_DIFFERS}
    assert not l1.is_frozen


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**12),
    st.lists(st.tuples(st.sampled_from(["post", "leave", "out", "wait"]), st.integers(0, 10**12))),
)
def test_no_quantum_is_made_or_lost(first: int, steps: list[tuple[str, int]]) -> None:
    clock = ManualClock(lambda: small.START)
    l1 = LocalL1(deployment(), [StubVerifier()], clock, small.toy_compress_many)
    l1.mint(OPERATOR, 10**13)
    calls = {
        "post": lambda amount: l1.post_bond(OPERATOR, amount),
        "leave": lambda amount: l1.leave_bond(OPERATOR, amount),
        "out": lambda amount: l1.withdraw_bond(OPERATOR),
        "wait": lambda amount: l1.warp(PATIENCE),
    }
    for name, amount in [("post", first), *steps]:
        before = l1.bond
        try:
            calls[name](amount)
        except Reverted:
            assert l1.bond == before
        assert l1.bond.held + l1.wallets[OPERATOR] == 10**13
        assert l1.bond.stands == 0 or l1.bond.stands >= LEAST
        assert 0 <= l1.bond.leaving <= l1.bond.held
    l1.challenge_pair(CAROL, *fork())
    kept = l1.bond
    if kept.held:
        assert l1.withdraw_bond(CAROL) == kept.held
    assert l1.wallets[OPERATOR] + l1.wallets[CAROL] + l1.bond.burned == 10**13


def test_a_list_that_is_too_long_is_not_read() -> None:
    l1 = bonded()
    long = [HONEST[0]] * (RECEIPTS_MAX + 1)
    header = _header(HONEST[0])
    given = (CAROL, sign(replace(HONEST[0], chain=1)), header)
    assert reason(l1.challenge_place, *given, long) is Revert.EVIDENCE_DIFFERS
    assert reason(l1.challenge_place, *given, long[1:]) is Revert.WRONG_VENUE
    assert reason(l1.challenge_place, STRANGER[:19], *given[1:], long) is Revert.BAD_ADDRESS


def _header(head: Receipt) -> BatchHeader:
    world = World()
    closed = world.close()
    return replace(closed.header, receipts=head.digest())
