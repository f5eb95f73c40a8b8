"""Debian's Chromium, driven by playwright; whoever lacks either skips the tests that need it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import pytest

PATIENCE_MS = 240_000
VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


def chromium() -> Any:
    """A browser that runs. Skips where there is none."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no `chromium` on this machine (Debian: apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="playwright: the `dev` extra")
    driver = api.sync_playwright().start()
    return driver, driver.chromium.launch(executable_path=path)


@dataclass
class Opened:
    """A page that is open, and what a browser complained about meanwhile."""

    page: Any
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def complaints(self) -> list[str]:
        """Errors and warnings on the console, and what the policy refused."""
        return self.console + self.page.evaluate("window.violations")


@contextmanager
def opened(browser: Any, url: str, **options: Any) -> Iterator[Opened]:
    """A page in a fresh profile; `options` are playwright's for a context."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.add_init_script(VIOLATIONS)
    found = Opened(page)
    page.on("console", lambda message: _heard(found, message))
    page.on("pageerror", lambda error: found.console.append(str(error)))
    page.on("request", lambda request: found.requests.append(request.url))
    page.goto(url)
    try:
        yield found
        assert context.cookies() == []
    finally:
        context.close()


def wait_until(page: Any, expression: str) -> None:
    """Until an expression holds. playwright's own wait evaluates in the page, which its policy
    forbids; what is asked from outside, as here, is not the page's."""
    end = monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(expression):
        assert monotonic() < end, f"it did not come to be: {expression}"
        page.wait_for_timeout(200)


def _heard(found: Opened, message: Any) -> None:
    if message.type not in ("log", "info", "debug"):
        found.console.append(f"{message.type}: {message.text}")
