"""Orders over HTTP at a devnet of its own: `python -m benchmarks.load --network`.

A closed loop on loopback: so many connections, each of which sends the next group of envelopes once
the last is answered, until every order is sent. Signing and sealing happen before the clock runs. A
latency is from the request to the whole answer, whose receipts are durable by then.
"""

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx

from rollup.crypto.batched import sign_many
from rollup.crypto.envelope import Destination, SealingKey
from rollup.hash.batched import compress_many
from rollup.program.children import GRACE_S, started
from rollup.protocol.order import Order, Side, SignedOrder, message_digests
from sequencer.batches.prover import program
from sequencer.client.keystore import Keystore
from sequencer.client.travelling import order_action

ACCOUNTS: Final = 40
CROSSING_EVERY: Final = 16
"""Of so many orders the last two cross each other, and the others rest."""

GOOD_FOR_MS: Final = 5 * 60_000
EXPIRES_MS: Final = 24 * 3_600_000
MAX_FEE: Final = 1_000
WAIT_S: Final = 600.0
ANSWER_S: Final = 120.0
RECEIVED: Final = "received"


@dataclass(frozen=True, slots=True)
class Sent:
    """One request: seconds until its answer, and how many of its envelopes got a receipt."""

    seconds: float
    receipts: int


def mixed_orders(
    accounts: Sequence[int], count: int, price: int, expiry: int, chain: int, venue: int
) -> list[Order]:
    """Orders of all accounts in turn, no slot of one used twice: most rest a fiftieth away from the
    price, and two of every CROSSING_EVERY meet at it. ValueError for more than there are slots."""
    if count > len(accounts) << 8:
        raise ValueError(f"at most {len(accounts) << 8} orders have a slot, not {count}")
    orders = []
    for place in range(count):
        side = Side(place % 2)
        crosses = place % CROSSING_EVERY >= CROSSING_EVERY - 2
        away = 0 if crosses else price // 50
        order = Order(
            chain=chain,
            venue=venue,
            account=accounts[place % len(accounts)],
            slot=place // len(accounts),
            generation=0,
            market=0,
            side=side,
            price=price - away if side is Side.BUY else price + away,
            size=1 + place % 7,
            expiry=expiry,
            max_fee=MAX_FEE,
        )
        orders.append(order)
    return orders


def sealed(
    orders: Sequence[Order], keys: dict[int, Any], to: SealingKey, here: Destination, until: int
) -> list[bytes]:
    """Each order signed by its account, in an envelope whose answer its sender could read."""
    messages = message_digests(orders, compress_many)
    signatures = sign_many([keys[order.account] for order in orders], messages)
    return [
        to.seal(order_action(SignedOrder(order, signature.to_bytes())), here, until)
        for order, signature in zip(orders, signatures, strict=True)
    ]


async def flood(url: str, groups: Sequence[bytes], connections: int) -> list[Sent]:
    """Send every group once, over so many connections at a time."""
    waiting = list(reversed(groups))
    done: list[Sent] = []

    async def one(client: httpx.AsyncClient) -> None:
        while waiting:
            done.append(await send(client, waiting.pop()))

    limits = httpx.Limits(max_connections=connections)
    async with httpx.AsyncClient(
        base_url=url, timeout=ANSWER_S, limits=limits, trust_env=False
    ) as client:
        await asyncio.gather(*(one(client) for _ in range(connections)))
    return done


async def send(client: httpx.AsyncClient, body: bytes) -> Sent:
    """The same bytes again where the venue is between two batches: it opened nothing."""
    start = time.perf_counter()
    headers = {"content-type": "application/octet-stream"}
    while True:
        answer = await client.post("/v1/envelopes", content=body, headers=headers)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        await asyncio.sleep(0.05)
    answer.raise_for_status()
    outcomes = [each["outcome"] for each in answer.json()["answers"]]
    return Sent(time.perf_counter() - start, outcomes.count(RECEIVED))


def summary(
    sent: Sequence[Sent], seconds: float, batches: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Rates and latencies, and how long after its window's end a batch was proved at L1."""
    receipts = sum(each.receipts for each in sent)
    times = [1000 * each.seconds for each in sent]
    lags = [
        each["proved_at"] - each["time"] for each in batches if each.get("proved_at") is not None
    ]
    return {
        "receipts": receipts,
        "seconds": seconds,
        "orders_per_s": receipts / seconds,
        "p50_ms": median(times),
        "p99_ms": quantiles(times, n=100)[98] if len(times) > 1 else times[0],
        "batches_proved": len(lags),
        "proving_lag_p50_s": median(lags) / 1000 if lags else None,
        "proving_lag_max_s": max(lags) / 1000 if lags else None,
    }


def text(record: dict[str, Any]) -> str:
    """The figures for people."""
    lag = "none proved"
    if record["batches_proved"]:
        p50, most = record["proving_lag_p50_s"], record["proving_lag_max_s"]
        lag = f"{record['batches_proved']} batches, p50 {p50:.1f} s, most {most:.1f} s"
    return "\n".join(
        (
            f"orders receipted      {record['receipts']:,} in {record['seconds']:.1f} s",
            f"orders a second       {record['orders_per_s']:,.0f}",
            f"receipt latency       p50 {record['p50_ms']:.0f} ms, p99 {record['p99_ms']:.0f} ms",
            f"proved after closing  {lag}",
        )
    )


@contextmanager
def devnet(interval_ms: int, folder: Path) -> Iterator[dict[str, Any]]:
    """A devnet, and its banner; it drains at the end, which proves what is left."""
    options = ["--state", str(folder), "--port", "0", "--interval", str(interval_ms)]
    command = [program(), "devnet", "--json", "--accounts", str(ACCOUNTS), *options]
    with started(command) as process:
        if process.stdout is None:
            raise RuntimeError("a devnet says on standard output where it is")
        banner = json.loads(process.stdout.readline())
        try:
            yield banner
        finally:
            process.terminate()
            try:
                process.wait(WAIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(GRACE_S)


def measure(count: int, group: int, connections: int, interval_ms: int) -> dict[str, Any]:
    """One run: orders sealed, sent, and all batches with them proved."""
    with TemporaryDirectory(prefix="crypsis-load-") as temporary:
        with devnet(interval_ms, Path(temporary) / "state") as banner:
            url = str(banner["url"])
            _wait_for_money(url)
            groups = _groups(url, banner, count, group)
            start = time.perf_counter()
            sent = asyncio.run(flood(url, groups, connections))
            seconds = time.perf_counter() - start
            batches = _proved(url)
        return summary(sent, seconds, batches)


def _groups(url: str, banner: dict[str, Any], count: int, group: int) -> list[bytes]:
    files = [Keystore.open(each["key_file"]) for each in banner["accounts"]]
    keys = {file.account: file.secret for file in files}
    here = Destination(banner["chain"], banner["venue"])
    now = _get(url, "/v1/status")["now"]
    price = _get(url, "/v1/prices")["prices"][0]["price"]
    orders = mixed_orders(sorted(keys), count, price, now + EXPIRES_MS, here.chain, here.venue)
    to = SealingKey(bytes.fromhex(banner["envelope_key"]))
    envelopes = sealed(orders, keys, to, here, now + GOOD_FOR_MS)
    places = range(0, len(envelopes), group)
    return [b"".join(envelopes[place : place + group]) for place in places]


def _wait_for_money(url: str) -> None:
    """Until a batch has taken the accounts' deposits, and another takes orders."""
    _until(url, lambda status: status["closed"] >= 1 and status["closes_at"] is not None)


def _proved(url: str) -> list[dict[str, Any]]:
    """All batches that were opened by now, once each is proved."""
    last = _get(url, "/v1/status")["opened"]
    _until(url, lambda status: status["proved"] >= last)
    found = _get(url, f"/v1/batches?limit=100&before={last + 1}")["batches"]
    return [each for each in found if each["number"] > 1]


def _until(url: str, holds: Any) -> None:
    end = time.monotonic() + WAIT_S
    while not holds(_get(url, "/v1/status")):
        if time.monotonic() > end:
            raise TimeoutError("the devnet did not get that far in time")
        time.sleep(0.2)


def _get(url: str, path: str) -> Any:
    answer = httpx.get(url + path, timeout=ANSWER_S, trust_env=False)
    answer.raise_for_status()
    return answer.json()
