"""The page in a real browser, on a real venue: a batch comes while somebody looks."""

import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from rollup.protocol.order import Side
from rollup.protocol.public import PublicInput
from tests.helpers.browser import chromium, opened, wait_until
from tests.helpers.devnet import Devnet, Trader, devnet
from tests.helpers.program import PROGRAM, crypsis

INTERVAL_MS = 10_000
SIZES = [(1440, 900), (400, 800)]
SCHEMES = ["light", "dark"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    driver, found = chromium()
    yield found
    found.close()
    driver.stop()


@pytest.fixture(scope="module")
def running(browser: Any) -> Iterator[Devnet]:
    """A venue that proves; after the browser, so that none is started where there is no browser."""
    with devnet("--interval", INTERVAL_MS, "--accounts", 2) as found:
        yield found


def tile(number: int, life: str) -> str:
    return f'.tile[data-number="{number}"][data-life="{life}"]'


def test_a_batch_comes_while_somebody_looks_and_is_proved(
    browser: Any, running: Devnet, tmp_path: Path
) -> None:
    with opened(browser, running.banner["url"]) as found:
        page = found.page
        page.wait_for_selector(".tile")
        number = running.json("/v1/status")["opened"]
        page.wait_for_selector(tile(number, "sequenced"))
        page.wait_for_selector(tile(number, "held"))
        page.wait_for_selector(tile(number, "proved"))
        wait_until(page, f"Number(document.title.match(/\\d+/)) >= {number}")
        page.click(tile(number, "proved"))
        page.wait_for_selector(".member")
        names = page.locator(".member h4 code").all_text_contents()
        assert names == [field.name for field in fields(PublicInput)]
        record = running.json(f"/v1/batches/{number}")
        text = page.locator("#drawer-body").text_content()
        assert record["old_root"] in text and record["new_root"] in text
        assert record["proved_at"] >= record["held_at"] >= record["time"]
        page.wait_for_selector(".plot .main-svg")
        assert found.complaints() == []
        assert {url.startswith(running.banner["url"]) for url in found.requests} == {True}


def test_the_command_on_the_page_works_as_it_is_printed(
    browser: Any, running: Devnet, tmp_path: Path
) -> None:
    running.until(lambda status: status["proved"] >= 1)
    with opened(browser, running.banner["url"]) as found:
        found.page.wait_for_selector("#copy:enabled")
        command = found.page.locator("#command").text_content()
    if shutil.which("curl") is None:
        pytest.skip("no `curl` on this machine")
    environment = {**os.environ, "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-e", "-c", command],
        check=False,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("valid: batch ")


def test_the_page_is_worked_by_keys_alone(browser: Any, running: Devnet) -> None:
    running.until(lambda status: status["proved"] >= 1)
    with opened(browser, running.banner["url"]) as found:
        page = found.page
        page.wait_for_selector(tile(1, "proved"))
        page.locator(".tile").last.focus()
        page.keyboard.press("Home")
        assert page.evaluate("document.activeElement.dataset.number") == "1"
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog[open] .member")
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog[open]", state="detached")
        assert page.evaluate("document.activeElement.dataset.number") == "1"
        assert page.locator('.tile[tabindex="0"]').count() == 1
        assert found.complaints() == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_fits_and_is_drawn_at_every_width_in_both_schemes(
    browser: Any, running: Devnet, tmp_path: Path, width: int, height: int, scheme: str
) -> None:
    running.until(lambda status: status["proved"] >= 1)
    options = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    with opened(browser, running.banner["url"], **options) as found:
        page = found.page
        page.wait_for_selector(tile(1, "proved"))
        page.wait_for_selector(".plot .main-svg")
        page.screenshot(path=tmp_path / f"page-{width}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.click(tile(1, "proved"))
        page.wait_for_selector(".member")
        page.screenshot(path=tmp_path / f"drawer-{width}-{scheme}.png")
        assert page.evaluate(
            "(d => d.scrollWidth <= d.clientWidth)(document.getElementById('drawer'))"
        )
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == {"light": "rgb(244, 245, 247)", "dark": "rgb(14, 17, 22)"}[scheme]
        assert found.complaints() == []


def test_a_page_that_hears_nothing_says_so_and_its_lights_go_out(browser: Any) -> None:
    with (
        devnet("--interval", 1_000, "--no-proofs", "--accounts", 0) as venue,
        opened(browser, venue.banner["url"]) as found,
    ):
        found.page.wait_for_selector(tile(1, "held"))
        assert "started without proofs" in found.page.locator("#verdict-says").text_content()
        assert found.page.locator('#lights [data-state="good"]').count() == 2
        assert venue.end()[0] == 0
        found.page.wait_for_selector("#stale:visible")
        assert "Stale: nothing came for" in found.page.locator("#stale").text_content()
        assert found.page.locator('#lights [data-state="good"]').count() == 0


def get(running: Devnet, host: str | None = None) -> int:
    headers = {} if host is None else {"host": host}
    url = running.banner["url"] + "/v1/development/accounts"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_accounts_are_shown_only_where_it_was_wished_and_to_this_machine_by_its_name() -> None:
    with devnet("--interval", 1_000, "--no-proofs", "--accounts", 2, "--show-accounts") as venue:
        venue.until(lambda status: status["held"] >= 1)
        port = venue.banner["url"].rpartition(":")[2]
        trader = Trader(venue, 0)
        price = venue.json("/v1/prices")["prices"][0]["price"]
        assert trader.order(Side.SELL, price, 100)["receipt"]
        own = trader.ask()
        shown = venue.json("/v1/development/accounts")["accounts"][0]
        assert {name: own[name] for name in ("account", "cash", "positions", "orders")} == {
            name: shown[name] for name in ("account", "cash", "positions", "orders")
        }
        assert shown["facts"] == own["facts"]["rows"] and shown["orders"]
        assert get(venue, f"localhost:{port}") == 200
        for host in ("attacker.example", f"attacker.example:{port}", "127.0.0.1.nip.example", ""):
            assert get(venue, host) == 404
    with devnet("--interval", 1_000, "--no-proofs", "--accounts", 2) as venue:
        assert get(venue) == 404


HELD = (
    "[...document.querySelectorAll('#accounts-list > .scroll tbody tr')]"
    ".map((row) => row.cells[2].textContent)"
)
"""Each account's position in the first market."""


def test_accounts_are_drawn_with_what_happened_to_them(browser: Any) -> None:
    with devnet("--interval", 1_000, "--no-proofs", "--accounts", 2, "--show-accounts") as venue:
        venue.until(lambda status: status["held"] >= 1)
        seller, buyer = Trader(venue, 0), Trader(venue, 1)
        price = venue.json("/v1/prices")["prices"][0]["price"]
        assert seller.order(Side.SELL, price, 1_500)["receipt"]
        assert buyer.order(Side.BUY, price + price // 100, 1_000)["receipt"]
        with opened(browser, venue.banner["url"]) as found:
            page = found.page
            page.wait_for_selector("#accounts details")
            wait_until(page, "document.body.textContent.includes(', maker, fee ')")
            text = page.locator("#accounts").text_content()
            assert "sold BTC-PERP 0.01 at " in text and "bought BTC-PERP 0.01 at " in text
            assert ", taker, fee " in text and " USDC, batch " in text
            assert "1,500 lots wait in the book" in text
            held = page.evaluate(HELD)  # in one go: the list is drawn anew every other second
            assert held == ["−0.01", "0.01"]
            assert "Development only" in text
            page.locator("#accounts summary").first.click()
            page.evaluate("void (window.drawn = document.querySelector('#accounts details'))")
            wait_until(page, "!window.drawn.isConnected")
            assert page.locator("#accounts details[open]").count() == 1
            assert found.complaints() == []


def test_accounts_are_not_shown_beyond_loopback(tmp_path: Path) -> None:
    state = tmp_path / "venue"
    options = ("--show-accounts", "--host", "0.0.0.0", "--port", 0, "--state", state)
    done = crypsis("devnet", *options)
    assert done.code == 2 and "127.0.0.1" in done.stderr
    assert not state.exists()
    assert crypsis("sequencer", "run", "--show-accounts", "--state", state).code == 2
