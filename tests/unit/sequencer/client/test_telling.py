"""Telling the venue a viewing key: by itself, once, whatever is lost; and where the venue will not
have it."""

import pytest

from rollup.crypto.schnorr import SecretKey
from rollup.hash.poseidon import Digest
from rollup.protocol.viewing_key import viewing_key_to_bytes
from sequencer.client import paying
from sequencer.client.errors import KeyFileError, OrderRefused, TransportError
from sequencer.client.session import Session
from sequencer.client.signing import TradingKey
from sequencer.client.slots import ForgetfulStore
from sequencer.client.telling import tell
from sequencer.client.terms import Terms
from sequencer.client.trading import Trader
from tests.helpers.played_venue import (
    ACCOUNT,
    BUSY,
    FAST,
    LOST_ANSWER,
    LOST_REQUEST,
    OK,
    RESTART,
    PlayedVenue,
    play,
    session,
)

KEY: Digest = (1, 2, 3, 4, 5, 6, 7, 8)
TOLD = [viewing_key_to_bytes(KEY)]
BUY = Terms("BTC-PERP", "buy", "61800.3", "0.0003")


def trader() -> Trader:
    key = TradingKey(ACCOUNT, SecretKey(1234567), KEY)
    return Trader(Session(key, ForgetfulStore(), lambda: 0.0, FAST))


def test_connecting_tells_it_and_connecting_again_does_not() -> None:
    venue = PlayedVenue()
    for _ in range(2):
        found = trader()
        play(found.connect(), venue)
        assert venue.viewing_keys == TOLD and found.session.told.is_told
    assert len(venue.receipts) == 1, "and the receipt of it is kept like any other"


@pytest.mark.parametrize("fault", [LOST_REQUEST, LOST_ANSWER, BUSY])
def test_whatever_is_lost_it_is_told_once(fault: str) -> None:
    venue, found = PlayedVenue(), trader()
    play(found.connect(), venue, [OK, OK, OK, OK, fault])
    assert venue.viewing_keys == TOLD and found.session.told.is_told


def test_a_venue_that_started_again_is_told_in_another_envelope() -> None:
    venue, found = PlayedVenue(), trader()
    play(found.connect(), venue, [OK, OK, OK, OK, RESTART])
    assert venue.viewing_keys == TOLD


def test_where_the_venue_forgot_its_answer_it_is_asked_what_it_has() -> None:
    venue, found = PlayedVenue(remembers=False), trader()
    play(found.connect(), venue, [OK, OK, OK, OK, LOST_ANSWER])
    assert found.session.told.is_told and venue.viewing_keys == TOLD


def test_between_two_batches_it_waits_for_the_first_order() -> None:
    venue, found = PlayedVenue(is_open=False), trader()
    play(found.connect(), venue)
    assert not venue.viewing_keys and not found.session.told.is_told
    play(found.order(BUY), venue)
    assert venue.viewing_keys == TOLD
    (order,) = venue.receipt_of.values()
    assert order == 2, "the key came before it"
    play(found.order(BUY), venue)
    assert venue.viewing_keys == TOLD


def test_between_two_batches_it_waits_for_the_first_outflow() -> None:
    venue, found = PlayedVenue(is_open=False), trader()
    play(found.connect(), venue)
    play(paying.withdraw(found.session, 5, None), venue)
    assert venue.viewing_keys == TOLD


def test_a_venue_that_refuses_it_is_not_asked_again_and_trades() -> None:
    venue, found = PlayedVenue(refuses_key="viewing-key"), trader()
    play(found.connect(), venue)
    assert (found.session.told.is_told, found.session.told.reason) == (False, "viewing-key")
    sent = len(venue.receipts)
    play(found.order(BUY), venue)
    assert len(venue.live) == 1 and len(venue.receipts) == sent + 1
    with pytest.raises(OrderRefused, match="viewing-key"):
        play(tell(found.session), venue)


def test_by_hand_it_is_told_again_and_a_refusal_is_forgotten_once_it_is_taken() -> None:
    venue, found = PlayedVenue(refuses_key="account-missing"), trader()
    play(found.connect(), venue)
    venue.refuses_key = None
    play(tell(found.session), venue)
    play(tell(found.session), venue)
    assert venue.viewing_keys == TOLD * 2
    assert (found.session.told.is_told, found.session.told.reason) == (True, None)


def test_a_venue_that_lost_it_is_told_again_before_the_next_order() -> None:
    """A reorganisation took it back: the owner hears so with the next question."""
    venue, found = PlayedVenue(), trader()
    play(found.connect(), venue)
    venue.viewing_keys.clear()
    play(found.session.refresh(), venue)
    assert not found.session.told.is_told
    play(found.order(BUY), venue)
    assert venue.viewing_keys == TOLD


def test_who_has_no_viewing_key_tells_none_and_hears_so_by_hand() -> None:
    venue, found = PlayedVenue(), Trader(session())
    play(found.connect(), venue)
    play(found.order(BUY), venue)
    assert not venue.viewing_keys
    with pytest.raises(KeyFileError, match="crypsis account rotate"):
        play(tell(found.session), venue)


def test_an_order_is_not_sent_where_the_key_could_not_be() -> None:
    venue, found = PlayedVenue(is_open=False), trader()
    play(found.connect(), venue)
    with pytest.raises(TransportError):
        play(found.order(BUY), venue, [LOST_REQUEST] * 99)
    assert not found.session.book.live and not venue.receipts
