"""The venue's streams as a client hears them: whole, once, in order, however often they break."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any, cast

import pytest

from rollup.crypto.answer import seal_question_answer
from rollup.crypto.envelope import ENVELOPE_BYTES
from rollup.crypto.schnorr import SecretKey
from sequencer.api import private_stream, sockets
from sequencer.api.app import make_app
from sequencer.api.door import Door
from sequencer.api.problems import Code, Problem
from sequencer.client import AsyncVenue, Keystore, OrderRefused, Settings, Venue, WrongAnswer
from sequencer.client.errors import ConnectionBroken, NotForUs, TimedOut
from sequencer.client.flow import Policy
from sequencer.client.records import FactKind
from sequencer.client.session import Session
from sequencer.client.signing import Signer
from sequencer.client.streams import News, OwnStream, PublicStream
from sequencer.client.trading import Trader
from tests.helpers import venue as small
from tests.helpers.daemon import INTERVAL_MS, Simulation
from tests.helpers.played_venue import ACCOUNT, HERE, START, PlayedVenue, play, session
from tests.helpers.served import served as serving
from tests.helpers.streams import Served

RICH = 10**6 * small.USDC
QUICK = Policy(tries=3, pause=0.02, pause_max=0.1)
PATIENCE_S = 60
PRICE = Decimal(small.BTC_PRICE) / 10
OWNER = 1
Item = dict[str, Any]


@dataclass
class ToySignature:
    data: bytes

    def to_bytes(self) -> bytes:
        return self.data


def toy_sign(secret: SecretKey, message: Any, entropy: bytes | None) -> ToySignature:
    return ToySignature(small.TOY.sign(OWNER, message))


TOY = Signer(cast(Any, toy_sign), small.toy_compress_many)


@dataclass
class Site:
    """A served venue, where it is, and its owner's key."""

    venue: Served
    url: str
    account: Keystore

    def connect(self, **changes: Any) -> Venue:
        return Venue.connect(self.url, self.account, Settings(signer=TOY, policy=QUICK, **changes))

    def connect_async(self) -> Any:
        settings = Settings(signer=TOY, policy=QUICK)
        return AsyncVenue.connect(self.url, self.account, settings)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Quick beats; traders 1 and 2 have money. A proxy of the environment that there is not."""
    monkeypatch.setattr(private_stream, "BEAT_S", 0.02)
    monkeypatch.setattr(private_stream, "SEAL_S", 0.01)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ws_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    simulation = Simulation(tmp_path / "target")
    for account in (1, 2):
        simulation.world.register(account, RICH)
    simulation.pass_time(2 * INTERVAL_MS)
    door = Door(simulation.daemon)
    account = Keystore(tmp_path / "account.json", OWNER, SecretKey(1234567), insecure=True)
    with serving(make_app(door)) as (host, port):
        yield Site(Served(simulation, door), f"http://{host}:{port}", account)
    door.close()


def breaks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every third frame the venue hangs up instead."""
    real, count = private_stream.Frames.next, [0]

    async def sometimes(self: Any, until: float) -> bytes:
        frame = await real(self, until)
        count[0] += 1
        if count[0] % 3 == 0:
            raise sockets.Ended(sockets.FAILED, "a test ends it")
        return frame

    monkeypatch.setattr(private_stream.Frames, "next", sometimes)


def has_no_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise Problem(Code.BUSY, "none")

    monkeypatch.setattr(sockets.Places, "taken", refuse)


def undisturbed(_: pytest.MonkeyPatch) -> None:
    """A venue as it is."""


CASES = [undisturbed, breaks_often, has_no_streams]
TRADED = ["accepted", "rested", "filled", "filled", "ended"]


def trade(site: Site) -> None:
    """What of account 1's order TRADED tells."""
    site.venue.trade(small.sell(1, 5))
    site.venue.trade(small.buy(2, 2, slot=3))
    site.venue.pass_time(INTERVAL_MS)
    site.venue.trade(small.buy(2, 3, slot=4))


def is_whole(seen: list[News]) -> bool:
    return len(facts_of(seen)) >= len(TRADED) and any(each.kind == "status" for each in seen)


def facts_of(seen: list[News]) -> list[str]:
    assert not any(each.has_gap for each in seen)
    return [fact.kind.value for each in seen for fact in each.facts]


@pytest.mark.parametrize("happens", CASES)
def test_every_own_fact_is_told_once_and_in_order(
    site: Site, monkeypatch: pytest.MonkeyPatch, happens: Callable[[pytest.MonkeyPatch], None]
) -> None:
    happens(monkeypatch)
    seen: list[News] = []
    with site.connect() as venue, closing(venue.watch(every=PATIENCE_S)) as watched:
        seen.append(next(watched))
        trader = Thread(target=trade, args=(site,))
        trader.start()
        while not is_whole(seen):
            seen.append(next(watched))
            assert seen[-1].kind != "quiet"
            venue.refresh()  # what others read is told all the same
        trader.join()
        assert facts_of(seen) == TRADED
        assert [fill.lots for fill in venue.fills()] == [2, 3]


@pytest.mark.parametrize("happens", CASES)
def test_the_same_awaited(
    site: Site, monkeypatch: pytest.MonkeyPatch, happens: Callable[[pytest.MonkeyPatch], None]
) -> None:
    happens(monkeypatch)

    async def run() -> None:
        seen: list[News] = []
        async with (
            await site.connect_async() as venue,
            aclosing(venue.watch(every=PATIENCE_S)) as watched,
        ):
            seen.append(await anext(watched))
            trading = asyncio.create_task(asyncio.to_thread(trade, site))
            while not is_whole(seen):
                seen.append(await anext(watched))
                assert seen[-1].kind != "quiet"
            await trading
            assert facts_of(seen) == TRADED
            assert [fill.lots for fill in await venue.fills()] == [2, 3]

    asyncio.run(run())


def test_an_order_is_waited_for_on_the_stream_and_the_venue_is_not_asked_again(site: Site) -> None:
    with site.connect() as venue:
        order = venue.order("BTC", "sell", PRICE, "0.00005")
        asked: list[str] = []
        perform = venue._perform
        venue._perform = lambda ask: (asked.append(ask.path), perform(ask))[1]  # type: ignore
        trader = Thread(target=lambda: site.venue.trade(small.buy(2, 5, slot=3)))
        trader.start()
        assert order.until("filled", timeout=PATIENCE_S).status == "filled"
        trader.join()
        assert asked.count("/v1/private") <= 1, asked
        with pytest.raises(TimedOut):
            venue.order("BTC", "sell", 70_000, "0.00005").until("filled", timeout=0.3)


def test_an_order_is_awaited_on_the_stream(site: Site) -> None:
    async def run() -> None:
        async with await site.connect_async() as venue:
            order = await venue.order("BTC", "sell", PRICE, "0.00005")
            waiting = asyncio.create_task(order.until("filled", timeout=PATIENCE_S))
            await asyncio.to_thread(site.venue.trade, small.buy(2, 5, slot=3))
            assert (await waiting).status == "filled"
            other = await venue.order("BTC", "sell", 70_000, "0.00005")
            with pytest.raises(TimedOut):
                await other.until("filled", timeout=0.3)

    asyncio.run(run())


def test_tasks_that_wait_share_one_pair_of_connections(site: Site) -> None:
    """A pair each, and a bot with nine orders had more streams than one address may have."""

    async def run() -> None:
        async with await site.connect_async() as venue:
            orders = [await venue.order("BTC", "sell", PRICE, "0.00005") for _ in range(12)]
            waiting = [
                asyncio.create_task(order.until("filled", timeout=PATIENCE_S)) for order in orders
            ]
            while 'crypsis_streams{stream="private"} 1.0' not in (await metrics(venue)):
                await asyncio.sleep(0.02)
            await asyncio.to_thread(site.venue.trade, small.buy(2, 60, slot=3))
            assert {(await each).status for each in waiting} == {"filled"}
            text = await metrics(venue)
            assert 'crypsis_streams_refused_total{limit="peer"}' not in text
            while 'crypsis_streams{stream="private"} 0.0' not in (await metrics(venue)):
                await asyncio.sleep(0.02)

    asyncio.run(asyncio.wait_for(run(), PATIENCE_S))


async def metrics(venue: AsyncVenue) -> str:
    return (await venue._http.get("/metrics")).text


def test_an_error_of_the_watch_ends_all_that_wait(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with await site.connect_async() as venue:
            orders = [await venue.order("BTC", "sell", 70_000, "0.00005") for _ in range(2)]
            monkeypatch.setattr(OwnStream, "take", lambda *_: refuse())
            waiting = [order.until("filled", timeout=PATIENCE_S) for order in orders]
            found = await asyncio.gather(*waiting, return_exceptions=True)
            assert {type(each) for each in found} == {WrongAnswer}

    asyncio.run(run())


def refuse() -> Any:
    raise WrongAnswer("a test says so")


def own(opened: Session) -> Callable[[Item], list[News]]:
    """A stream that has asked; what is sealed to it, taken."""
    stream = OwnStream(opened)
    assert len(stream.begin()) == ENVELOPE_BYTES

    def take(record: Item) -> list[News]:
        data = json.dumps({"v": 2, **record}).encode()
        sealed = seal_question_answer(data, stream._key.public_bytes, HERE)
        return list(stream.take(sealed))

    return take


@pytest.fixture
def opened() -> Session:
    trader = Trader(session())
    play(trader.connect(), PlayedVenue())
    return trader.session


HEAD = {"ok": True, "run": "run-1", "time": START, "account": ACCOUNT}
HOLDS = {"cash": "5", "positions": [[0, "1"]], "orders": []}
EMPTY = {"first": 0, "next": 0, "more": False, "rows": []}
ONE = {"first": 0, "next": 1, "more": False, "rows": [["accepted", 1, 3, 1]]}
FIRST = {"frame": 0, **HEAD, **HOLDS, "facts": EMPTY}


def test_frames_tell_what_changed_and_an_empty_one_nothing(opened: Session) -> None:
    take = own(opened)
    assert [each.kind for each in take(FIRST)] == ["own"]
    assert opened.account is not None and opened.account.cash == 5
    assert take({"frame": 1}) == []
    (news,) = take({"frame": 2, **HEAD, "facts": ONE})
    assert [fact.kind for fact in news.facts] == [FactKind.ACCEPTED]
    (gap,) = take({"frame": 3, **HEAD, "facts": {**ONE, "first": 9, "next": 10}})
    assert gap.has_gap
    (anew,) = take({"frame": 4, **HEAD, "run": "run-2", "facts": ONE})
    assert anew.has_gap and len(anew.facts) == 1


@pytest.mark.parametrize(
    ("record", "error"),
    [
        ({"frame": 1, **HEAD, "facts": EMPTY}, ConnectionBroken),
        ({**FIRST, "account": ACCOUNT + 1}, WrongAnswer),
        ({"frame": 0, **HEAD, "facts": EMPTY}, WrongAnswer),
        ({**FIRST, "facts": {**EMPTY, "next": 1}}, WrongAnswer),
        ({"frame": 0, "ok": False}, OrderRefused),
        ({"frame": -1}, WrongAnswer),
        ({}, WrongAnswer),
    ],
    ids=[
        "one is missing",
        "of another account",
        "without a holding",
        "a count without facts",
        "refused",
        "before the first",
        "without a number",
    ],
)
def test_a_frame_that_an_honest_venue_does_not_send_is_refused(
    opened: Session, record: Item, error: type[Exception]
) -> None:
    with pytest.raises(error):
        own(opened)(record)


def test_a_frame_of_another_key_or_a_text_is_refused(opened: Session) -> None:
    stream = OwnStream(opened)
    stream.begin()
    with pytest.raises(WrongAnswer):
        stream.take("text")
    with pytest.raises(NotForUs):
        stream.take(bytes(OwnStream.most))
    with pytest.raises(WrongAnswer):
        PublicStream(opened).take(b"{}")


def test_what_is_public_is_told_when_it_changes_and_not_by_every_snapshot(opened: Session) -> None:
    stream = PublicStream(opened)
    played = PlayedVenue()
    batches = [{"number": number, "life": "held", "time": START} for number in (1, 2)]
    prices = {"batch": 1, "prices": [{"market": 0, "symbol": "BTC-PERP", "price": 618_003}]}
    snapshot = {"v": 1, "type": "snapshot", "status": played._status(), "prices": prices}

    def take(frame: Item) -> list[str]:
        return [each.kind for each in stream.take(json.dumps(frame))]

    assert take({**snapshot, "batches": batches}) == ["status", "prices", "batch", "batch"]
    batches[0] = {**batches[0], "life": "proved"}
    assert take({**snapshot, "batches": batches}) == ["batch"], "after another connection"
    assert take({"v": 1, "type": "batch", "batch": batches[0]}) == []
    assert take({"v": 1, "type": "weather"}) == []
    for wrong in ({"v": 2, "type": "batch"}, {"v": 1}, {"v": 1, "type": "batch", "batch": {}}):
        with pytest.raises(WrongAnswer):
            take(wrong)
