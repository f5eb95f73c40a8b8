"""The crowd: what it hears in its traders' private streams changes what it plans."""

from itertools import islice

from rollup.crypto.envelope import Destination, OpeningKey, ViewingKeyAction
from rollup.hash.many import compress_many
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.cancel import CancelOrder
from rollup.protocol.order import Order
from rollup.protocol.rejection import Reason
from rollup.protocol.shape_class import CLASS_S
from rollup.protocol.viewing_key import viewing_key_to_bytes
from sequencer.demo.market.crowd import Crowd, Traffic
from sequencer.demo.market.feed import open_feed
from sequencer.demo.market.keys import KeySource
from sequencer.demo.market.trader import Trader
from sequencer.engine.event import VenueReason
from sequencer.engine.live import OrderKey
from sequencer.service.answer import Answer
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


def test_traders_tell_their_viewing_keys_first_and_until_the_venue_takes_them() -> None:
    traders = [
        Trader(place + 1, bytes(20), secret, 2**45, viewing_key=KEYS.viewing_key(f"{place}"))
        for place, secret in enumerate(SECRETS)
    ]
    everybody = Crowd(traders, KEYS, SEALING, Destination(venues.CHAIN, venues.VENUE), 1, 1_000)
    told: list[list[int]] = []
    for part in islice(open_feed(None, 4, CLASS_S).slices(), 3):
        traffic = everybody.traffic(part, ())
        keys = [each for each in traffic.intents if isinstance(each, ViewingKeyAction)]
        told.append([each.account for each in keys])
        assert [each.key for each in keys] == [
            viewing_key_to_bytes(KEYS.viewing_key(f"{each.account - 1}")) for each in keys
        ]
        everybody.observe(
            traffic,
            [
                Answer(reason=Reason.ACCOUNT_MISSING if each.account > 3 else None)
                if isinstance(each, ViewingKeyAction) and len(told) == 1
                else Answer()
                for each in traffic.intents
            ],
        )
    accounts = [trader.account for trader in traders]
    assert told == [accounts, accounts[3:], []]


def test_a_registered_commitment_is_to_the_key_that_is_told() -> None:
    for keys in (KEYS, KeySource()):
        commitment = viewing_commitment(keys.viewing_key("one"), compress_many)
        assert keys.viewing("one") == commitment != keys.viewing("other")
