"""The crowd: what it hears in its traders' private streams changes what it plans."""

from itertools import islice

from rollup.crypto.envelope import Destination, OpeningKey
from rollup.protocol.cancel import CancelOrder
from rollup.protocol.order import Order
from rollup.protocol.rejection import Reason
from rollup.protocol.shape_class import CLASS_S
from sequencer.demo.market.crowd import Crowd, Traffic
from sequencer.demo.market.feed import open_feed
from sequencer.demo.market.keys import KeySource
from sequencer.demo.market.trader import Trader
from sequencer.engine.event import VenueReason
from sequencer.engine.live import OrderKey
from sequencer.service.facts import Ended, Fact
from tests.strategies import venues

KEYS = KeySource(insecure_seed=3)
SEALING = OpeningKey.generate().sealing_key()
SECRETS = KEYS.secrets(11)


def crowd() -> Crowd:
    traders = [Trader(place + 1, bytes(20), secret, 2**45) for place, secret in enumerate(SECRETS)]
    return Crowd(traders, KEYS, SEALING, Destination(venues.CHAIN, venues.VENUE), 1, 1_000)


def keys(traffic: Traffic, kind: type[Order] | type[CancelOrder]) -> set[OrderKey]:
    found = (intent for intent in traffic.intents if isinstance(intent, kind))
    return {(each.account, each.slot, each.generation) for each in found}


def cancels_after(reason: Reason | VenueReason) -> set[OrderKey]:
    """First batch's orders that the second batch cancels, if all of them ended with a reason."""
    everybody = crowd()
    first, second = islice(open_feed(None, 4, CLASS_S).slices(), 2)
    sent = keys(everybody.traffic(first, ()), Order)
    facts: list[tuple[int, Fact]] = [
        (account, Ended((slot, generation), reason, 1, 1)) for account, slot, generation in sent
    ]
    everybody.hear(facts)
    return sent & keys(everybody.traffic(second, ()), CancelOrder)


def test_quotes_that_were_lost_are_planned_with_no_more() -> None:
    assert cancels_after(Reason.MARGIN) == set()


def test_ends_that_were_planned_are_no_news() -> None:
    assert cancels_after(VenueReason.FILLED) != set()
