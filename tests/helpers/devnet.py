"""A devnet as a user runs it: a process, its banner, and a trader who speaks with it over HTTP."""

import json
import signal
import subprocess
import time
import urllib.request
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from rollup.crypto.answer import ResponseKey, open_action_answer
from rollup.crypto.batched import sign
from rollup.crypto.envelope import Action, Destination, SealingKey
from rollup.crypto.hpke import Exported
from rollup.crypto.schnorr import SecretKey
from rollup.hash.batched import compress_many
from rollup.protocol.order import Order, Side, SignedOrder, message_digest
from rollup.protocol.question import Question, question_digest
from sequencer.client.travelling import order_action, question_action
from tests.helpers.program import PROGRAM

END_S = 300.0
WAIT_S = 240.0


@dataclass
class Devnet:
    """A running devnet, or a sequencer alone, and what its banner said."""

    process: "subprocess.Popen[str]"
    banner: dict[str, Any]

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.banner["url"] + path, timeout=30) as response:
            return bytes(response.read())

    def json(self, path: str) -> dict[str, Any]:
        record = json.loads(self.get(path))
        assert isinstance(record, dict)
        return record

    def post(self, path: str, body: bytes) -> bytes:
        headers = {"content-type": "application/octet-stream"}
        request = urllib.request.Request(self.banner["url"] + path, body, headers)
        with urllib.request.urlopen(request, timeout=30) as response:
            return bytes(response.read())

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first status for which something holds."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            status = self.json("/v1/status")
            if holds(status):
                return status
            time.sleep(0.2)
        raise AssertionError(f"it did not come to be: {self.json('/v1/status')}")

    def steady_price(self) -> int:
        """The first market's price once a batch moved it by less than a hundredth. Development
        prices swing by more than a step, so that the first ones of a venue may be held back, and
        orders that would meet at such a price end."""
        end, held, before = time.monotonic() + WAIT_S, 0, 0
        while time.monotonic() < end:
            now = self.json("/v1/status")["held"]
            price: int = self.json("/v1/prices")["prices"][0]["price"]
            if now != held and before and 100 * abs(price - before) < before:
                return price
            held, before = (now, price) if now != held else (held, before)
            time.sleep(0.2)
        raise AssertionError(f"no price stood: {self.json('/v1/prices')}")

    def kill(self) -> None:
        """SIGKILL for the whole group: the venue, its L1, its provers, its crowd."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        for each in (psutil.Process(self.process.pid), *family):
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(family, timeout=END_S)
        self.process.wait()

    def end(self, with_signal: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Exit code, and what was said on standard error."""
        self.process.send_signal(with_signal)
        _, said = self.process.communicate(timeout=END_S)
        return self.process.returncode, said


@contextmanager
def devnet(*arguments: object) -> Iterator[Devnet]:
    """A devnet on free ports, gone when the block ends."""
    with _started("devnet", "--port", "0", *arguments) as (process, record):
        yield Devnet(process, record)


@contextmanager
def sequencer(*arguments: object) -> Iterator[Devnet]:
    """A sequencer without L1, on a free port, gone when the block ends."""
    with _started("sequencer", "run", "--port", "0", *arguments) as (process, record):
        yield Devnet(process, record)


@contextmanager
def program(*arguments: object) -> Iterator[dict[str, Any]]:
    """A program that runs until the block ends, by what it said when it was ready."""
    with _started(*arguments) as (_, record):
        yield record


@contextmanager
def _started(*arguments: object) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    command = [str(PROGRAM), *map(str, arguments), "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, **pipes)  # type: ignore[call-overload]
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield process, json.loads(line)
    finally:
        process.kill()
        process.wait()


class Trader:
    """One funded account of a devnet, by its key file, once a batch has taken its deposit."""

    def __init__(self, running: Devnet, place: int) -> None:
        record = json.loads(Path(running.banner["accounts"][place]["key_file"]).read_text())
        self.running = running
        self.account: int = record["account"]
        self.secret = SecretKey.from_bytes(bytes.fromhex(record["secret_key"]))
        self.here = Destination(running.banner["chain"], running.banner["venue"])
        self.key = SealingKey(bytes.fromhex(running.banner["envelope_key"]))
        self.generation = 0
        self._wait_for_funds()

    def _wait_for_funds(self) -> None:
        """A batch that is held need not have taken every deposit: L1 is heard in its own time."""
        end = time.monotonic() + WAIT_S
        while not self.ask()["ok"]:
            assert time.monotonic() < end, "no batch took the deposit"
            time.sleep(0.2)

    def order(self, side: Side, price: int, size: int) -> dict[str, Any]:
        """Send an order; what the venue tells its sender of it, once it was received."""
        self.generation += 1
        order = Order(
            chain=self.here.chain,
            venue=self.here.venue,
            account=self.account,
            slot=0,
            generation=self.generation,
            market=0,
            side=side,
            price=price,
            size=size,
            expiry=self._time() + 600_000,
            max_fee=1_000,
        )
        signature = sign(self.secret, message_digest(order, compress_many)).to_bytes()
        action = order_action(SignedOrder(order, signature))
        body, answering = self._seal(action)
        (answer,) = json.loads(self.running.post("/v1/envelopes", body))["answers"]
        assert answer["outcome"] == "received"
        told = json.loads(open_action_answer(b64decode(answer["sealed"]), answering))
        assert isinstance(told, dict)
        return {**told, "receipt": answer["receipt"]}

    def ask(self) -> dict[str, Any]:
        """What the venue tells the owner."""
        response_key = ResponseKey.generate()
        question = Question(
            self.here.chain, self.here.venue, self.account, response_key.public_bytes, 0
        )
        signature = sign(self.secret, question_digest(question, compress_many)).to_bytes()
        action = question_action(question, signature)
        answer = self.running.post("/v1/private", self._seal(action)[0])
        record = json.loads(response_key.open(answer, self.here))
        assert isinstance(record, dict)
        return record

    def until(self, holds: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The first answer for which something holds: where reports of a price come late, orders
        meet in a later batch."""
        end = time.monotonic() + WAIT_S
        while not holds(answer := self.ask()):
            assert time.monotonic() < end, f"it did not come to be: {answer}"
            time.sleep(0.2)
        return answer

    def _seal(self, action: Action) -> tuple[bytes, Exported]:
        return self.key.seal_answerable(action, self.here, self._time() + 60_000)

    def _time(self) -> int:
        status = self.running.json("/v1/status")
        return int(status["closes_at"] or status["now"])
