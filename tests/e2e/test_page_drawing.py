"""What the page draws of records that a venue seldom gives: gaps, batches made anew, trouble, lies.

A small server stands for the venue, so that each is there when it is looked at."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from sequencer.page.site import About, page_routes
from tests.helpers.browser import Opened, chromium, opened, wait_until
from tests.helpers.served import served

NOW = 1_800_000_000_000
INTERVAL_MS = 1_000
MARKUP = "<img src=x onerror=document.title='taken'><b>bold</b>"
ROOT = "ab" * 32


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    driver, found = chromium()
    yield found
    found.close()
    driver.stop()


def batch(number: int, windows: int, life: str, *, redo: bool = False) -> dict[str, object]:
    time = NOW + windows * INTERVAL_MS
    roots = {"old_root": ROOT, "new_root": ROOT, "public": ROOT}
    return {"number": number, "life": life, "time": time, "redo": redo, **roots}


def records(**changes: object) -> dict[str, dict[str, object]]:
    """A venue with batches 1 to 4: three windows skipped before 3, which was made anew."""
    batches = [batch(1, 1, "held"), batch(2, 2, "held"), batch(3, 6, "batched", redo=True)]
    status = {
        "mode": "running",
        "now": NOW + 6_500,
        "chain": 31337,
        "venue": 1,
        "interval_ms": INTERVAL_MS,
        "opened": 4,
        "closed": 3,
        "closes_at": NOW + 7_000,
        "held": 2,
        "proved": 0,
        "warnings": [],
        **changes,
    }
    market = {"market": 0, "symbol": "BTC-PERP", "price_decimals": 1, "size_decimals": 5}
    l1 = {"held": 2, "proved": 0, "waiting": batches, "trouble": "", "warnings": []}
    return {
        "/v1/status": status,
        "/v1/l1": l1,
        "/v1/markets": {"markets": [market]},
        "/v1/prices": {"batch": 4, "prices": [{**market, "price": 600_001}]},
        "/v1/batches": {"batches": batches, "next": None},
    }


@contextmanager
def looked_at(
    browser: Any, found: dict[str, dict[str, object]], *, stands_still: bool = False
) -> Iterator[Opened]:
    begun = monotonic()

    async def answer(request: Request) -> JSONResponse:
        record = dict(found[request.url.path])
        if "now" in record and not stands_still:
            record["now"] = int(str(record["now"])) + round(1000 * (monotonic() - begun))
        return JSONResponse(record)

    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("{}")
        with suppress(WebSocketDisconnect):
            await socket.receive_text()

    about = About("mock", "fast", ("S",), "102.6", proves=True)
    routes = [*page_routes(about), *(Route(path, answer) for path in found)]
    routes.append(WebSocketRoute("/v1/stream", stream))
    with (
        served(Starlette(routes=routes)) as (host, port),
        opened(browser, f"http://{host}:{port}/") as page,
    ):
        page.page.wait_for_selector(".tile")
        yield page
        assert page.complaints() == []


def test_skipped_windows_and_a_batch_made_anew_are_shown_as_such(browser: Any) -> None:
    with looked_at(browser, records()) as found:
        tiles = found.page.locator("#tiles > li")
        texts = [" ".join(text.split()) for text in tiles.all_inner_texts()]
        assert [text.split()[0] for text in texts] == ["1", "2", "3", "3", "4"]
        assert texts[2] == "3 skipped" and texts[3] == "3 redo"
        label = found.page.locator(".tile.redo").get_attribute("aria-label")
        assert label.startswith("Batch 3, batched") and "made anew" in label
        assert "1 batch was made anew" in found.page.locator("#pipeline-note").text_content()
        assert found.page.locator("#verdict-title").text_content() == "No batch is proved yet"
        assert found.page.locator("#copy").is_disabled()


def test_a_header_that_is_not_proved_is_not_called_more_than_that(browser: Any) -> None:
    with looked_at(browser, records()) as found:
        found.page.click('.tile[data-number="2"]')
        found.page.wait_for_selector("dialog[open] .root")
        text = found.page.locator("#drawer").text_content()
        assert "Whether that content keeps the rules is not shown yet" in text
        assert "proof.bin" not in text and "Proven bits" not in text


def light(found: Opened, name: str) -> tuple[str | None, str]:
    row = found.page.locator("#lights li", has_text=name)
    return row.get_attribute("data-state"), row.locator(".state").text_content()


def test_trouble_is_said_and_no_light_is_green_beside_it(browser: Any) -> None:
    venue = records(mode="behind", warnings=["batch 1: a quarter is left"])
    with looked_at(browser, venue) as found:
        assert light(found, "Sequencer")[0] == "warn"
        assert light(found, "Prover") == ("bad", "behind by 2 batches")
        assert light(found, "L1") == ("warn", "batch 1: a quarter is left")
    venue["/v1/l1"]["trouble"] = "clock-ahead"
    with looked_at(browser, venue) as found:
        assert light(found, "L1") == ("bad", "clock-ahead")
    venue["/v1/l1"].update(heard=False, heard_at=NOW)
    with looked_at(browser, venue) as found:
        assert light(found, "L1")[1].startswith("not heard since ")


def test_a_venue_that_stands_still_is_stale_though_its_server_answers(browser: Any) -> None:
    with looked_at(browser, records(), stands_still=True) as found:
        found.page.wait_for_selector("#stale:visible")
        assert light(found, "Sequencer")[0] == "off"
    with looked_at(browser, records()) as found:
        found.page.wait_for_timeout(6_000)
        assert light(found, "Sequencer")[0] == "good"
        assert not found.page.locator("#stale").is_visible()


def test_the_page_says_how_its_news_come(browser: Any) -> None:
    with looked_at(browser, records()) as found:
        wait_until(found.page, "document.getElementById('link-text').textContent === 'Live'")


def test_text_of_a_venue_stays_text(browser: Any) -> None:
    """A hostile venue, or whoever can make one say something, puts no element into the page."""
    venue = records(warnings=[MARKUP], mode=MARKUP)
    venue["/v1/markets"]["markets"][0]["symbol"] = MARKUP  # type: ignore[index]
    with looked_at(browser, venue) as found:
        assert light(found, "L1")[1] == light(found, "Sequencer")[1] == MARKUP
        found.page.wait_for_selector(".plot .main-svg")
        assert MARKUP in found.page.locator("figcaption").first.text_content()
        assert found.page.locator("img, #lights b, figcaption b").count() == 0
        assert found.page.title() != "taken"


def test_numbers_are_read_as_they_were_written_whatever_their_size(browser: Any) -> None:
    wanted = {
        "usdc('18446744073709551615')": "18,446,744,073,709.551615 USDC",
        "usdc('-1')": "−0.000001 USDC",
        "usdc('1500000')": "1.50 USDC",
        "scaled(600001, 1)": "60,000.1",
        "scaled('-12345', 5, 0)": "−0.12345",
        "scaled('0', 5, 0)": "0",
        "digits('9007199254740993')": "9,007,199,254,740,993",
        "percent(1000)": "10 %",
        "percent(5)": "0.05 %",
        "feeRate(450)": "0.045 %",
        "span(119600)": "120 s",
        "span(120000)": "2 min",
        "span(3661000)": "61 min 1 s",
        "span(7200000)": "2 h",
        "clock(1800000000000)": "08:00:00",
        "clock(1800000000007)": "08:00:00.007",
    }
    with looked_at(browser, records()) as found:
        for call, text in wanted.items():
            name = call.partition("(")[0]
            module = "import('/page/format.js')"
            assert found.page.evaluate(f"{module}.then(({{ {name} }}) => {call})") == text, call
