"""What the tests of streams have in common: a venue behind its door, questions, frames opened."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from rollup.crypto.answer import ResponseKey
from rollup.protocol.order import Order, SignedOrder, message_digest
from rollup.protocol.question import Question, question_digest
from sequencer.api.door import Door
from sequencer.client.travelling import order_action, question_action
from tests.helpers import venue as small
from tests.helpers.daemon import INTERVAL_MS, Simulation
from tests.helpers.running import HERE

PUBLIC, PRIVATE = "/v1/stream", "/v1/private/stream"
Result = TypeVar("Result")


class Served:
    """A simulated venue and its door. What the test does, the venue's own thread does."""

    def __init__(self, simulation: Simulation, door: Door) -> None:
        self.simulation, self.door = simulation, door

    def do(self, work: Callable[[], Result]) -> Result:
        return self.door._thread.submit(work).result()

    def pass_time(self, milliseconds: int) -> None:
        self.do(lambda: self.simulation.pass_time(milliseconds))

    def trade(self, *orders: Order) -> None:
        """Orders taken by the venue."""
        sent = [self.simulation.running.envelope(each) for each in orders]
        answers = self.do(lambda: self.simulation.daemon.submit(sent))
        assert all(answer.reason is None for answer in answers)

    def question(self, account: int, key: ResponseKey, by: int | None = None) -> bytes:
        """A sealed question, signed by the account's key or by another one's."""
        question = Question(small.CHAIN, small.VENUE, account, key.public_bytes, 0)
        digest = question_digest(question, small.toy_compress_many)
        signature = small.TOY.sign(account if by is None else by, digest)
        return self.seal(question_action(question, signature))

    def order(self, order: Order) -> bytes:
        digest = message_digest(order, small.toy_compress_many)
        signature = small.TOY.sign(order.account, digest)
        return self.seal(order_action(SignedOrder(order, signature)))

    def seal(self, action: Any) -> bytes:
        venue = self.simulation.daemon.venue
        until = venue.core.clock + INTERVAL_MS
        return venue.sealing_key.seal(action, HERE, until)


def opened(frame: bytes, key: ResponseKey) -> dict[str, Any]:
    record = json.loads(key.open(frame, HERE))
    assert isinstance(record, dict)
    return record
