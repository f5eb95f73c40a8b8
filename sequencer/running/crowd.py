"""A crowd for a development venue: traders in a process of their own, who know what anybody knows.

Most quote and take with little of what they have. Some dare: they have little, and buy or sell as
much as the venue lets them, until the price goes against them and they are liquidated. All read
keys and prices and deliver sealed envelopes over HTTP. They ask for nothing private: an order of
theirs that is lost is replaced by the next. Before its first order each tells its viewing key.
"""

import base64
import contextlib
import http.client
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from random import Random
from typing import Any, Final

from rollup.codec import shallow_json
from rollup.crypto.answer import open_action_answer
from rollup.crypto.envelope import (
    ENVELOPE_LIFETIME_MS,
    Destination,
    SealingKey,
    ViewingKeyAction,
)
from rollup.crypto.hpke import Exported
from rollup.crypto.schnorr import SecretKey
from rollup.hash.batched import compress_many
from rollup.hash.poseidon import Digest
from rollup.protocol.constants import SLOT_BITS
from rollup.protocol.order import Order, Side, TimeInForce
from rollup.protocol.viewing_key import viewing_key_to_bytes
from sequencer.api.handlers import ENVELOPES_MAX
from sequencer.api.limits import OCTETS
from sequencer.demo.market.keys import KeySource, seal_intents
from sequencer.running.accounts import KeyFile

TIMEOUT_S: Final = 10.0
PAUSE_S: Final = 1.0
ROUNDS: Final = 10
"""Between two rounds passes a tenth of a window, at least a second: before a trader's 256 slots
have all been used, what was in the first has expired."""

MAX_FEE: Final = 8_000
TAKER_SHARE: Final = 0.3
SPREAD: Final = 0.001
"""Quotes lie up to this part of the price away from it."""

NOTIONAL: Final = 2_000 * 10**6
"""About two thousand dollars an order, in quanta: a crowd's traders stay far from their limits."""

LASTS_MS: Final = 60_000
"""Orders last so long beyond the open window: what rests is little, and new."""

GOOD_MS: Final = ENVELOPE_LIFETIME_MS // 2


@dataclass(slots=True, repr=False)
class Quoter:
    """One trader: its next slot, and how often each was used; whether it is one who dares, and
    whether the venue took its viewing key."""

    account: int
    secret: SecretKey
    viewing_key: Digest
    dares: bool = False
    is_told: bool = False
    slot: int = 0
    generations: list[int] = field(default_factory=lambda: [0] * (1 << SLOT_BITS))

    def __repr__(self) -> str:
        return f"Quoter({self.account})"

    def next_slot(self) -> tuple[int, int]:
        """Slots in turn: after all of them, the first is free again, since orders expire soon."""
        self.slot = (self.slot + 1) % (1 << SLOT_BITS)
        self.generations[self.slot] += 1
        return self.slot, self.generations[self.slot]


@dataclass(frozen=True, slots=True)
class Public:
    """What anybody knows of the venue now."""

    key: SealingKey
    to: Destination
    closes_at: int
    interval_ms: int
    prices: tuple[int, ...]


class Crowd:
    """All traders of a crowd at one venue."""

    def __init__(self, host: str, port: int, quoters: Sequence[Quoter], seed: int) -> None:
        self._host, self._port = host, port
        self._quoters = list(quoters)
        self._random = Random(f"quoters/{seed}")
        self._keys = KeySource()
        self.pause_s = PAUSE_S

    def run(self) -> None:
        """Round after round, for as long as the process that started this one is there."""
        parent = os.getppid()
        while os.getppid() == parent:
            # The venue may be starting, between two batches or gone: the next round finds out.
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                self.round()
            time.sleep(self.pause_s)

    def round(self) -> list[str]:
        """One order of each trader; whether each was received, or why not."""
        public = self._look()
        if public is None:
            return []
        self.pause_s = max(PAUSE_S, public.interval_ms / 1000 / ROUNDS)
        untold = [quoter for quoter in self._quoters if not quoter.is_told]
        for place in range(0, len(untold), ENVELOPES_MAX):
            self._tell(untold[place : place + ENVELOPES_MAX], public)
        orders = [self.order(quoter, public) for quoter in self._quoters]
        secrets = {quoter.account: quoter.secret for quoter in self._quoters}
        until = public.closes_at + GOOD_MS
        envelopes = seal_intents(
            orders, secrets, public.key, public.to, self._keys, compress_many, until
        )
        answers: list[str] = []
        for place in range(0, len(envelopes), ENVELOPES_MAX):
            answers += self._deliver(b"".join(envelopes[place : place + ENVELOPES_MAX]))
        return answers

    def order(self, quoter: Quoter, public: Public) -> Order:
        """A quote near the price, or an order that takes what is there. Who dares always takes,
        and always the same side of a market."""
        market = self._random.randrange(len(public.prices))
        side = self._random.choice(tuple(Side))
        price = public.prices[market]
        takes = self._random.random() < TAKER_SHARE or quoter.dares
        if quoter.dares:
            side = Side.BUY if (quoter.account + market) % 2 else Side.SELL
        away = int(price * SPREAD * (1 if takes else self._random.random())) + 1
        better = away if (side is Side.BUY) == takes else -away
        slot, generation = quoter.next_slot()
        return Order(
            chain=public.to.chain,
            venue=public.to.venue,
            account=quoter.account,
            slot=slot,
            generation=generation,
            market=market,
            side=side,
            price=max(1, price + better),
            size=1 + int(self._random.random() * NOTIONAL / price),
            expiry=public.closes_at + LASTS_MS,
            max_fee=MAX_FEE,
            time_in_force=(
                TimeInForce.IMMEDIATE_OR_CANCEL if takes else TimeInForce.GOOD_TILL_EXPIRY
            ),
            post_only=not takes,
        )

    def _look(self) -> Public | None:
        keys, status = self._get("/v1/keys"), self._get("/v1/status")
        if status["closes_at"] is None:
            return None
        prices = self._get("/v1/prices")["prices"]
        return Public(
            SealingKey(bytes.fromhex(keys["public_key"])),
            Destination(keys["chain"], keys["venue"]),
            status["closes_at"],
            status["interval_ms"],
            tuple(each["price"] for each in prices),
        )

    def _get(self, path: str) -> dict[str, Any]:
        return self._request("GET", path, None)

    def _tell(self, quoters: Sequence[Quoter], public: Public) -> None:
        """Tell viewing keys. Of an account that is not there yet the venue takes none: the next
        round tells it again."""
        actions = [
            ViewingKeyAction(each.account, viewing_key_to_bytes(each.viewing_key))
            for each in quoters
        ]
        until = public.closes_at + GOOD_MS
        sealed = [public.key.seal_answerable(each, public.to, until) for each in actions]
        answers = self._answers(b"".join(envelope for envelope, _ in sealed))
        for quoter, (_, answering), answer in zip(quoters, sealed, answers, strict=True):
            quoter.is_told = _is_taken(answer, answering)

    def _deliver(self, body: bytes) -> list[str]:
        return [answer["outcome"] for answer in self._answers(body)]

    def _answers(self, body: bytes) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = self._request("POST", "/v1/envelopes", body)["answers"]
        return answers

    def _request(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_S)
        try:
            headers = {} if body is None else {"content-type": OCTETS}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise ValueError(f"{method} {path}: status {response.status}")
        record: dict[str, Any] = shallow_json.loads(data.decode("utf-8"))
        return record


def _is_taken(answer: dict[str, Any], answering: Exported) -> bool:
    """Whether the venue did what an envelope wanted, as it says to whoever sealed it."""
    if "sealed" not in answer:
        return False
    data = open_action_answer(base64.b64decode(answer["sealed"]), answering)
    return "reason" not in shallow_json.loads(data.decode("utf-8"))


def start_crowd(
    host: str, port: int, careful: Sequence[KeyFile], daring: Sequence[KeyFile], seed: int
) -> SpawnProcess:
    """A process with the crowd in it; it ends with this one, or when it is terminated."""
    members = [
        (file.account, file.secret.to_bytes(), file.viewing_key, dares)
        for files, dares in ((careful, False), (daring, True))
        for file in files
    ]
    context = get_context("spawn")
    process = context.Process(
        target=_run, args=(host, port, members, seed), name="crowd", daemon=True
    )
    process.start()
    return process


def _run(
    host: str, port: int, members: Sequence[tuple[int, bytes, Digest, bool]], seed: int
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the venue, which ends the crowd
    quoters = [
        Quoter(account, SecretKey.from_bytes(secret), viewing_key, dares)
        for account, secret, viewing_key, dares in members
    ]
    Crowd(host, port, quoters, seed).run()
