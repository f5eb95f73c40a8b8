"""Bundles through a whole venue: actions come one by one, each with its receipt and its answer; a
batch has one signature of them, and a redo, a restart and a replay know them.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rollup.protocol.bundle import BundlePath, bundle_digests, bundle_levels, path_of
from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.order import SignedOrder
from rollup.protocol.rejection import Reason
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.replay import replay
from sequencer.client.bundling import Signable, digests_of
from sequencer.client.travelling import cancel_action, order_action
from sequencer.service.answer import Answer
from sequencer.service.facts import Ended, Lives
from tests.helpers import running as running_module
from tests.helpers import venue as small
from tests.helpers.running import HERE, SETUP, WINDOW_MS, Running, names
from tests.helpers.venue import TOY, buy, cancel, sell, toy_compress_many

RICH = 10**6 * small.USDC
QUOTES = [buy(1, 4, slot=slot, price=small.BTC_PRICE - 100 - slot) for slot in range(5)]


@pytest.fixture
def running(tmp_path: Path) -> Running:
    found = Running(tmp_path / "target")
    for account in (1, 2, 3):
        found.world.register(account, RICH)
    found.batch()
    return found


def signed_together(wanted: Sequence[Signable], by: int) -> list[SignedOrder | SignedCancel]:
    levels = bundle_levels(digests_of(wanted, toy_compress_many), toy_compress_many)
    (message,) = bundle_digests(levels[-1], toy_compress_many)
    signature = TOY.sign(by, message)
    return [_signed(each, signature, path_of(levels, k)) for k, each in enumerate(wanted)]


def _signed(what: Signable, signature: bytes, path: BundlePath) -> SignedOrder | SignedCancel:
    if isinstance(what, CancelOrder):
        return SignedCancel(what, signature, path)
    return SignedOrder(what, signature, path)


def envelopes(running: Running, wanted: Sequence[Signable], by: int = 1) -> list[bytes]:
    venue = running.venue
    until = venue.core.clock + WINDOW_MS
    actions = [
        order_action(each) if isinstance(each, SignedOrder) else cancel_action(each)
        for each in signed_together(wanted, by)
    ]
    return [venue.sealing_key.seal(action, HERE, until) for action in actions]


def submit(running: Running, wanted: Sequence[Signable], by: int = 1) -> list[Answer]:
    return running.venue.submit(envelopes(running, wanted, by))


def hold_to(running: Running, closed: ClosedBatch) -> None:
    assert running.venue.commit_headers() is None
    running.post(closed)


def test_a_bundle_rests_under_one_signature_and_fills_without_it(running: Running) -> None:
    running.open()
    answers = submit(running, QUOTES)
    assert [names(each.facts) for each in answers] == [["Accepted", "Rested"]] * 5
    closed = running.close()
    assert [each.order for each in closed.batch.orders] == QUOTES
    assert closed.batch.signatures == 1
    assert len(closed.outcome.steps.authority.signatures) == 1
    hold_to(running, closed)
    after = running.batch(sell(2, 3, price=small.BTC_PRICE - 100))
    assert after.batch.resting == ((1, 0),) and after.batch.signatures == 1


def test_the_actions_of_a_bundle_come_in_several_batches(running: Running) -> None:
    """Each batch that takes some of them carries the signature; none acts twice."""
    running.open()
    first, second = (envelopes(running, QUOTES) for _ in range(2))
    running.venue.submit(first[3:])
    hold_to(running, running.close())
    running.open()
    found = submit(running, QUOTES)
    accepted = [each.reason is None and "Accepted" in names(each.facts) for each in found]
    assert accepted == [True, True, True, False, False]
    closed = running.close()
    assert {each.order.slot for each in closed.batch.orders} == {0, 1, 2}
    assert closed.batch.signatures == 1
    hold_to(running, closed)
    assert len(second) == 5


def test_quotes_are_ended_and_placed_by_one_signature(running: Running) -> None:
    running.open()
    submit(running, QUOTES)
    hold_to(running, running.close())
    running.open()
    again = [buy(1, 2, slot=10 + k, price=small.BTC_PRICE - 200) for k in range(3)]
    wanted: list[Signable] = [*(cancel(1, slot=k) for k in range(5)), *again]
    answers = submit(running, wanted)
    assert [isinstance(each.facts[0], Ended) for each in answers[:5]] == [True] * 5
    closed = running.close()
    assert len(closed.batch.cancels) == 5 and len(closed.batch.orders) == 3
    assert closed.batch.signatures == 1
    hold_to(running, closed)


def test_a_refused_action_leaves_the_others_and_each_has_a_receipt(running: Running) -> None:
    running.open()
    wanted = [QUOTES[0], buy(1, 10**9, slot=7), QUOTES[1]]
    answers = submit(running, wanted)
    assert [names(each.facts)[-1] for each in answers] == ["Rested", "Refused", "Rested"]
    given = [each.receipt.receipt for each in answers if each.receipt is not None]
    assert len({each.envelope for each in given}) == 3
    assert [each.sequence - given[0].sequence for each in given] == [0, 1, 2]
    closed = running.close()
    assert [each.order for each in closed.batch.orders] == [QUOTES[0], QUOTES[1]]


def test_somebody_elses_leaf_is_refused_and_the_signers_own_acts(running: Running) -> None:
    running.open()
    own, stolen = submit(running, [buy(2, 1, slot=1), QUOTES[0]], by=2)
    assert own.reason is None and stolen.reason is Reason.ORDER_SIGNATURE


def test_an_envelope_of_a_bundle_that_comes_again_is_a_copy(running: Running) -> None:
    """It hears what it heard, and nothing happens."""
    running.open()
    sealed = envelopes(running, QUOTES[:2])
    first = running.venue.submit(sealed)
    entries = len(running.entries())
    again = running.venue.submit(sealed)
    assert [each.receipt for each in again] == [each.receipt for each in first]
    assert all(each.is_copy for each in again) and len(running.entries()) == entries
    assert len(running.close().batch.orders) == 2


def test_a_restart_and_a_replay_know_bundles(running: Running) -> None:
    running.open()
    submit(running, QUOTES)
    running.restart()
    assert {key[1] for key in running.venue.core.live} == set(range(5))
    paths = {live.signed.path for live in running.venue.core.live.values()}
    assert len(paths) == 5 and None not in paths
    closed = running.close()
    assert closed.batch.signatures == 1
    hold_to(running, closed)
    assert list(replay(running.folder.journal, SETUP))[-1].header == closed.header


def test_a_redo_judges_bundles_again_and_they_go_on(running: Running) -> None:
    running.open()
    submit(running, QUOTES)
    running.close()
    running.venue.take_facts()
    running.world.pass_time(small.GOVERNANCE.clock_behind_ms + 1)
    wanted = running.venue.commit_headers()
    assert wanted is not None
    running.venue.redo(wanted)
    lives = [fact for owner, fact in running.venue.take_facts() if owner == 1]
    assert [fact for fact in lives if isinstance(fact, Lives)]
    for closed in running.venue.unproved:
        hold_to(running, closed)
    after = running.batch(sell(2, 1, price=small.BTC_PRICE - 100))
    assert len(after.batch.fills) == 1
    assert running.world.l1.root == after.header.new_root


def test_the_venue_verifies_a_bundle_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def verify_many(keys, messages, signed):  # type: ignore[no-untyped-def]
        asked.extend(signed)
        return small.toy_verify_many(keys, messages, signed)

    monkeypatch.setattr(running_module, "SETUP", replace(SETUP, verify_many=verify_many))
    market = Running(tmp_path)
    market.world.register(1, RICH)
    market.batch()
    market.open()
    for envelope in envelopes(market, QUOTES):
        market.venue.submit([envelope])
    assert len(market.close().batch.orders) == 5 and len(asked) == 1
    market.stop()
