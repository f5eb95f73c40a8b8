"""`crypsis watch`: the venue as it goes on, on a terminal or as lines for a program."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from rollup.program.cli import Output
from sequencer.client.command import known_errors, trading
from sequencer.client.records import Status
from sequencer.client.rows import order_record
from sequencer.client.venue import Venue

LOOK_VERSION = 1
QUIET_S = 0.2
ORDER_COLUMNS = ("id", "market", "side", "price", "remaining", "status")


def watch(
    console: Output,
    url: str,
    account: Path | None,
    password_file: Path | None,
    interval: float,
    count: int | None,
) -> None:
    """Look at what the streams tell, again and again. Where standard output is no terminal, one
    line of JSON a look."""
    with _connected(console, url, account, password_file) as venue, known_errors():
        looks = _looks(venue, account is not None, interval, count)
        screen = Console()
        if console.as_json or not screen.is_terminal:
            for look in looks:
                console.record(look)
            return
        with Live(console=screen, auto_refresh=False) as live:
            for look in looks:
                live.update(_screen(look), refresh=True)


@contextmanager
def _connected(
    console: Output, url: str, account: Path | None, password_file: Path | None
) -> Iterator[Venue]:
    if account is not None:
        with trading(console, url, account, password_file) as venue:
            yield venue
        return
    with known_errors(), Venue.connect(url) as venue:
        yield venue


def _looks(
    venue: Venue, has_account: bool, interval: float, count: int | None
) -> Iterator[dict[str, object]]:
    """A look every interval, of what was heard until then; own things are asked for when something
    happened to them."""
    status, prices = venue.status(), venue.prices()
    own = _own(venue) if has_account else {}
    yield {**_public(status, prices), **own}
    seen, due, is_old = 1, time.monotonic() + interval, False
    with closing(venue.watch(every=min(interval, QUIET_S))) as watched:
        while count is None or seen < count:
            news = next(watched)
            status = status if news.status is None else news.status
            prices = prices if news.prices is None else news.prices
            is_old |= news.kind == "own"
            if time.monotonic() >= due:
                own = _own(venue) if is_old else own
                yield {**_public(status, prices), **own}
                seen, due, is_old = seen + 1, time.monotonic() + interval, False


def _public(status: Status, prices: Mapping[str, Decimal]) -> dict[str, object]:
    return {
        "v": LOOK_VERSION,
        "type": "look",
        "time": status.now,
        "mode": status.mode,
        "batch": status.opened,
        "held": status.held,
        "proved": status.proved,
        "warnings": list(status.warnings),
        "prices": {symbol: str(price) for symbol, price in prices.items()},
    }


def _own(venue: Venue) -> dict[str, object]:
    return {
        "positions": {name: str(size) for name, size in venue.positions().items()},
        "cash": str(venue.balance()),
        "orders": [order_record(each) for each in venue.live_orders()],
    }


def _screen(look: dict[str, object]) -> Group:
    head = Table("batch", "held", "proved", "mode", title="Batches")
    head.add_row(*(str(look[name]) for name in ("batch", "held", "proved", "mode")))
    markets = Table("market", "price", "position", title="Markets")
    prices, positions = look["prices"], look.get("positions", {})
    if isinstance(prices, dict) and isinstance(positions, dict):
        for symbol, price in prices.items():
            markets.add_row(symbol, price, positions.get(symbol, ""))
    parts: list[Table] = [head, markets]
    orders = look.get("orders")
    if isinstance(orders, list):
        own = Table(*ORDER_COLUMNS, title=f"Orders, cash {look['cash']} USDC")
        for each in orders:
            own.add_row(*(str(each[name]) for name in ORDER_COLUMNS))
        parts.append(own)
    return Group(*parts)
