"""The blocking and the asyncio venue over HTTP: the same names, bounded answers, errors by name."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from rollup.crypto.schnorr import SecretKey
from sequencer.client import AsyncVenue, Keystore, OrderRefused, Settings, Terms, Venue
from sequencer.client.errors import (
    AnswerTooLarge,
    ClientError,
    ConnectionBroken,
    Refusal,
    TimedOut,
    Unknown,
    Unreachable,
    VenueProblem,
    WrongAnswer,
)
from sequencer.client.flow import Ask, Policy
from tests.helpers.played_venue import ACCOUNT, FAST, OK, PlayedVenue

URL = "http://venue.test"
QUICK = Policy(tries=2, pause=0.0, pause_max=0.0)


def settings(**changes: Any) -> Settings:
    return Settings(signer=FAST, policy=QUICK, **changes)


@pytest.fixture
def account(tmp_path: Path) -> Keystore:
    return Keystore(tmp_path / "account.json", ACCOUNT, SecretKey(1234567), insecure=True)


def served(venue: PlayedVenue) -> httpx.MockTransport:
    """The played venue behind httpx. Its bounds are the client's to keep."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = request.content if request.method == "POST" else None
        reply = venue.reply(Ask(request.method, request.url.path, 1 << 30, body))
        return httpx.Response(
            reply.status, content=reply.body, headers={"content-type": reply.media_type}
        )

    return httpx.MockTransport(answer)


def names(of: type) -> set[str]:
    return {name for name in dir(of) if not name.startswith("_")}


def test_both_venues_have_the_same_names_and_the_same_parameters() -> None:
    assert names(Venue) == names(AsyncVenue)
    for name in names(Venue):
        one, other = getattr(Venue, name), getattr(AsyncVenue, name)
        if callable(one):
            mine, theirs = inspect.signature(one), inspect.signature(other)
            assert list(mine.parameters) == list(theirs.parameters), name
            assert inspect.getdoc(one) == inspect.getdoc(other), name


def test_a_bot_places_fills_and_reads(account: Keystore) -> None:
    played = PlayedVenue()
    with Venue.connect(URL, account, settings(), served(played)) as venue:
        assert venue.markets["BTC-PERP"].tick == Decimal("0.1")
        order = venue.order("BTC-PERP", "buy", "61800.3", "0.0003", client_id="bid")
        played.fill(order.id, 30)
        assert order.until("filled").filled == order.size == Decimal("0.00030")
        assert order.status == "filled" and order.side == "buy" and order.client_id == "bid"
        assert [fill.size for fill in venue.fills()] == [order.size]
        assert venue.balance() == Decimal("-1.5")
        assert venue.positions() == {"BTC-PERP": Decimal("0.00000"), "ETH-PERP": Decimal("0.0025")}
        assert venue.live_orders() == [] and len(venue.receipts) == 1
        venue.place([Terms("ETH-PERP", "sell", 3_000, 1, client_id="ask")] * 1)
        assert [each.reason for each in venue.cancel("ask")] == ["cancelled"]
        with pytest.raises(Unknown):
            venue.cancel("nobody")
    assert repr(order) == "OrderView(private)"


def test_a_task_awaits_an_order_while_others_go_on(account: Keystore) -> None:
    played = PlayedVenue()

    async def run() -> None:
        transport = served(played)
        async with await AsyncVenue.connect(URL, account, settings(), transport) as venue:
            orders = await asyncio.gather(
                *(venue.order("BTC-PERP", "buy", 1 + n, "0.001") for n in range(20))
            )
            assert len({order.id for order in orders}) == len(played.live) == 20
            waiting = asyncio.create_task(orders[7].until("filled", timeout=60))
            played.fill(orders[7].id, 100)
            await asyncio.gather(*(venue.refresh() for _ in range(5)))
            assert (await waiting).filled == Decimal("0.00100")
            assert len(venue.receipts) == 20
            ended = await venue.cancel_all()
            assert len(ended) == 19 and not played.live

    asyncio.run(run())


def test_an_order_that_ends_otherwise_is_no_fill(account: Keystore) -> None:
    played = PlayedVenue()
    with Venue.connect(URL, account, settings(), served(played)) as venue:
        order = venue.order("BTC-PERP", "buy", 1, 1)
        with pytest.raises(TimedOut):
            order.until("filled", timeout=0)
        played.end(order.id, "order-expired")
        assert order.until("ended").reason == "order-expired"
        for state in ("filled", "verified"):
            with pytest.raises(OrderRefused, match="order-expired"):
                order.until(state)
        with pytest.raises(Unknown):
            order.until("rich")


def test_a_venue_that_only_looks_needs_no_account() -> None:
    with Venue.connect(URL, None, settings(), served(PlayedVenue())) as venue:
        assert venue.status().mode == "running"
        with pytest.raises(Unknown, match="account"):
            venue.order("BTC-PERP", "buy", 1, 1)


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (httpx.ConnectError("no"), Unreachable),
        (httpx.ConnectTimeout("no"), Unreachable),
        (httpx.ReadTimeout("no"), TimedOut),
        (httpx.ReadError("no"), ConnectionBroken),
        (httpx.RemoteProtocolError("no"), ConnectionBroken),
        (httpx.DecodingError("no"), ConnectionBroken),
    ],
)
def test_what_goes_wrong_on_the_way_has_one_name(
    raised: httpx.HTTPError, error: type[ClientError]
) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise raised

    with pytest.raises(error):
        Venue.connect(URL, None, settings(), httpx.MockTransport(fail))

    async def run() -> None:
        await AsyncVenue.connect(URL, None, settings(), httpx.MockTransport(fail))

    with pytest.raises(error):
        asyncio.run(run())


class Endless(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body without an end, and how much of it was taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.taken += 1 << 16
            yield bytes(1 << 16)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self:
            yield part


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_without_an_end_is_read_up_to_its_bound(status: int) -> None:
    bodies = [Endless(), Endless()]
    transport = httpx.MockTransport(lambda request: httpx.Response(status, stream=bodies.pop()))
    sync_body, async_body = bodies[1], bodies[0]
    with pytest.raises(AnswerTooLarge):
        Venue.connect(URL, None, settings(), transport)

    async def run() -> None:
        await AsyncVenue.connect(URL, None, settings(), transport)

    with pytest.raises(AnswerTooLarge):
        asyncio.run(run())
    assert sync_body.taken <= 3 << 16 and async_body.taken <= 3 << 16


def answering(**members: Any) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(**members)


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"status_code": 200, "headers": {"content-encoding": "gzip"}}, AnswerTooLarge),
        ({"status_code": 302, "headers": {"location": "http://elsewhere.test"}}, VenueProblem),
        ({"status_code": 500, "content": b"<html>"}, VenueProblem),
        (
            {"status_code": 404, "headers": {"content-type": "application/problem+json"}},
            WrongAnswer,
        ),
    ],
)
def test_what_no_venue_answers_is_an_error(
    members: dict[str, Any], error: type[ClientError]
) -> None:
    transport = httpx.MockTransport(answering(**members))
    with pytest.raises(error):
        Venue.connect(URL, None, settings(), transport)


@pytest.mark.parametrize("url", ["", "venue", "ftp://venue", "http://", "http://[", "//x"])
def test_an_address_that_is_none_is_refused_here(url: str) -> None:
    with pytest.raises(Refusal):
        Venue.connect(url, None, settings(), httpx.MockTransport(answering(status_code=200)))


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with Venue.connect(URL, None, settings(), served(PlayedVenue())) as venue:
        assert venue._http._mounts == {} and not venue._http.trust_env


def test_what_came_is_known_though_the_answer_was_refused(account: Keystore) -> None:
    """An order whose answer never came is among the live ones, as sent."""
    played, lost = PlayedVenue(), [False]
    inner = served(played)

    def lose(request: httpx.Request) -> httpx.Response:
        response = inner.handler(request)
        if request.url.path == "/v1/envelopes" and lost[0]:
            raise httpx.ReadError("lost")
        assert isinstance(response, httpx.Response)
        return response

    with Venue.connect(URL, account, settings(), httpx.MockTransport(lose)) as venue:
        lost[0] = True
        with pytest.raises(ConnectionBroken) as raised:
            venue.order("BTC-PERP", "buy", 1, 1)
        assert raised.value.may_have_happened
        assert [order.status for order in venue.live_orders()] == ["live"]
        assert len(played.accepted) == 1


def test_the_account_is_free_again_when_the_venue_is_closed(account: Keystore) -> None:
    played = PlayedVenue()
    for _ in range(2):
        with Venue.connect(URL, account, settings(), served(played)) as venue:
            assert venue.order("BTC-PERP", "buy", 1, 1).status == "live"
    assert len(played.accepted) == 2 and OK == "ok"
