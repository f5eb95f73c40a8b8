"""A venue verifies each signature once, and the rules still judge each that nobody verified."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rollup.crypto.curve import Point
from rollup.crypto.remembered import RememberedSignatures
from rollup.hash.poseidon import Digest
from rollup.protocol.order import SignedOrder
from rollup.protocol.rejection import Reason
from tests.helpers import running, venue
from tests.helpers.running import Running
from tests.helpers.venue import TOY, Match, Venue, buy, refusal, sell

RICH = 10**12


def test_an_order_is_verified_at_the_door_and_not_again_when_its_batch_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []

    def verify_many(
        keys: Sequence[Point], messages: Sequence[Digest], signatures: Sequence[bytes]
    ) -> list[bool]:
        asked.extend(signatures)
        return venue.toy_verify_many(keys, messages, signatures)

    monkeypatch.setattr(running, "SETUP", replace(running.SETUP, verify_many=verify_many))
    market = Running(tmp_path)
    try:
        for account in (1, 2):
            market.world.register(account, RICH)
        market.batch()
        closed = market.batch(sell(1, 10), buy(2, 10))
        assert len(closed.batch.orders) == 2 and len(asked) == 2
    finally:
        market.stop()


def test_a_signature_that_nobody_verified_is_judged_by_the_rules() -> None:
    """The lie: an order that never came through the door, in a batch of one that did."""
    suite = replace(TOY, verify_many=RememberedSignatures(TOY.verify_many))
    market = Venue(suite=suite).with_traders(RICH, RICH)
    honest = market.batch(matches=[Match(buy(1, 10), sell(2, 10), 10)])
    market.apply(honest)
    forged = SignedOrder(honest.orders[0].order, bytes(84))
    lie = replace(honest, orders=(forged, honest.orders[1]))
    assert refusal(lambda: market.apply(lie)) is Reason.ORDER_SIGNATURE
