"""An L1 that is reached by JSON-RPC: the same calls as the mock's, over a socket.

A connection that cannot be made is tried again, and so is a read whose connection broke. A call
whose answer did not come may have happened: it is never made again by itself, and the error says
so.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeAlias

import httpx

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.strict import CodecError, Value
from rollup.l1.connection import NoAnswerInTime, RefusedByPeer, Unreachable
from rollup.l1.development import PROPERTIES, frozen
from rollup.l1.elsewhere import Outpost
from rollup.l1.escape import LeafOpening, Payout
from rollup.l1.interface import (
    Address,
    HeaderVerdict,
    Revert,
    Reverted,
)
from rollup.l1.methods import BY_ATTRIBUTE, REVERTED, Method
from rollup.l1.private_exit import PrivateExit
from rollup.l1.remote_bond import RemoteBond
from rollup.oracle.package import SignedPackage
from rollup.protocol.assets import USDC
from rollup.protocol.checkpoint import InboxEntry, OutboxEntry
from rollup.protocol.committee import Attestation
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.header import BatchHeader
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook
from rollup.protocol.public import PublicInput
from rollup.protocol.rejection import Rejected

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 120.0
"""A proof is verified before a post is answered: seconds, and on a loaded machine many."""

TRIES = 3
"""Of a connection, and of a read whose connection broke."""

READ_SECONDS = 30.0

ANSWER_BYTES_MAX = 2**28
UNCERTAIN = "what was asked may have happened"

Read: TypeAlias = tuple[str, Mapping[str, object]]
"""What is read of an L1: the attribute, and its arguments if it is a method."""


class RemoteL1(RemoteBond):
    """Implements `rollup.l1.development.DevelopmentL1` at an address."""

    def __init__(self, url: str, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.url = url
        self._asked = 0
        reading = min(answer_seconds, READ_SECONDS)
        self._timeout = httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS)
        self._read_timeout = httpx.Timeout(reading, connect=CONNECT_SECONDS)
        self._client = httpx.Client(
            transport=httpx.HTTPTransport(retries=TRIES - 1), trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()

    def ask(self, name: str, parameters: Mapping[str, Value], is_read: bool = False) -> object:
        """The raw result of a method. Reverted, or RemoteError."""
        return _result(self._exchange(self._request(name, parameters), is_read), self.url)

    def view(self) -> Mapping[str, object]:
        """All properties at one moment, by name; nobody's zero is listed."""
        results = self.read_all([(name, {}) for name in PROPERTIES])
        return {name: frozen(result) for name, result in zip(PROPERTIES, results, strict=True)}

    def read_all(self, reads: Sequence[Read]) -> list[Any]:
        """What several reads answer at one moment: they travel together, 64 at most."""
        methods = [BY_ATTRIBUTE[name] for name, _ in reads]
        requests = [
            self._request(method.name, _written(method, arguments))
            for method, (_, arguments) in zip(methods, reads, strict=True)
        ]
        answers = self._exchange(requests, True)
        if not isinstance(answers, list) or len(answers) != len(requests):
            raise RefusedByPeer(f"{self.url}: wanted {len(requests)} answers in a list")
        by_id = {each.get("id"): each for each in answers if isinstance(each, dict)}
        results = [_result(by_id.get(each["id"]), self.url) for each in requests]
        return [self._read(*pair) for pair in zip(methods, results, strict=True)]

    def _call(self, attribute: str, **arguments: object) -> Any:
        method = BY_ATTRIBUTE[attribute]
        result = self.ask(method.name, _written(method, arguments), method.is_read)
        return self._read(method, result)

    def _read(self, method: Method, result: object) -> Any:
        try:
            return method.result.read(Node(result, method.name))
        except (CodecError, Rejected) as error:
            raise RefusedByPeer(f"{self.url}: {error}") from error

    def _request(self, name: str, parameters: Mapping[str, Value]) -> dict[str, Any]:
        self._asked += 1
        return {"jsonrpc": "2.0", "id": self._asked, "method": name, "params": dict(parameters)}

    def _exchange(self, message: object, is_read: bool) -> object:
        body = json.dumps(message, separators=(",", ":")).encode("ascii")
        for left in reversed(range(TRIES if is_read else 1)):
            try:
                return self._posted(body, is_read)
            except Unreachable:
                if not left:
                    raise
        raise Unreachable(f"{self.url}: never asked")

    def _posted(self, body: bytes, is_read: bool) -> object:
        headers = {"content-type": "application/json"}
        timeout = self._read_timeout if is_read else self._timeout
        try:
            with self._client.stream(
                "POST", self.url, content=body, headers=headers, timeout=timeout
            ) as response:
                data = self._bounded(response)
        except httpx.ConnectTimeout as error:
            raise Unreachable(f"{self.url}: no connection in {CONNECT_SECONDS:g} s") from error
        except httpx.TimeoutException as error:
            raise NoAnswerInTime(f"{self.url}: no answer in time; {UNCERTAIN}") from error
        except (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise Unreachable(f"{self.url}: {error or type(error).__name__}") from error
        except httpx.RequestError as error:
            raise Unreachable(f"{self.url}: the connection broke; {UNCERTAIN}") from error
        if response.status_code != httpx.codes.OK:
            raise RefusedByPeer(f"{self.url}: HTTP status {response.status_code}")
        try:
            return shallow_json.loads(data.decode("utf-8"))
        except ValueError as error:
            raise RefusedByPeer(f"{self.url}: the answer is not JSON") from error

    def _bounded(self, response: httpx.Response) -> bytes:
        parts, length = [], 0
        for part in response.iter_bytes():
            length += len(part)
            if length > ANSWER_BYTES_MAX:
                raise RefusedByPeer(f"{self.url}: an answer of more than {ANSWER_BYTES_MAX} bytes")
            parts.append(part)
        return b"".join(parts)

    def register(
        self,
        sender: Address,
        key_words: Sequence[int],
        viewing_words: Sequence[int],
        amount: int,
        asset: int = USDC,
    ) -> QueueEntry:
        """Ask for the sender's own account, with a first deposit."""
        entry: QueueEntry = self._call(
            "register",
            sender=sender,
            key_words=key_words,
            viewing_words=viewing_words,
            amount=amount,
            asset=asset,
        )
        return entry

    def credit(self, sender: Address, account: int, amount: int, asset: int = USDC) -> QueueEntry:
        """Deposit into an account whose index was assigned."""
        what = {"account": account, "amount": amount, "asset": asset}
        entry: QueueEntry = self._call("credit", sender=sender, **what)
        return entry

    def rotate(
        self,
        sender: Address,
        account: int,
        key_words: Sequence[int],
        viewing_words: Sequence[int],
        amount: int,
    ) -> QueueEntry:
        """Ask that an account have another key, with a deposit into it."""
        entry: QueueEntry = self._call(
            "rotate",
            sender=sender,
            account=account,
            key_words=key_words,
            viewing_words=viewing_words,
            amount=amount,
        )
        return entry

    def request_exit(self, sender: Address, account: int, amount: int) -> QueueEntry:
        """Ask for USDC out of the sender's account."""
        what = {"account": account, "amount": amount}
        entry: QueueEntry = self._call("request_exit", sender=sender, **what)
        return entry

    def give_reports(self, sender: Address, reports: Sequence[SignedPackage]) -> int:
        """Give signed reports of one slot; returns how many L1 did not hold."""
        return int(self._call("give_reports", sender=sender, reports=tuple(reports)))

    def commit_header(self, sender: Address, header: BatchHeader) -> HeaderVerdict:
        """Hold a closed batch to its content, before there is a proof."""
        verdict: HeaderVerdict = self._call("commit_header", sender=sender, header=header)
        return verdict

    def post_batch(
        self,
        sender: Address,
        public: PublicInput,
        proof: bytes,
        attestation: Attestation | None = None,
    ) -> None:
        """Advance the state root by the oldest header of the tail, if its proof holds."""
        brought = {"public": public, "proof": proof, "attestation": attestation}
        self._call("post_batch", sender=sender, **brought)

    def withdraw(self, sender: Address, asset: int = USDC) -> int:
        """Pay the sender's pending balance of USDC or of an asset; returns what was paid."""
        return int(self._call("withdraw", sender=sender, asset=asset))

    def buy(self, sender: Address, asset: int, lots: int, most: int) -> int:
        """Buy lots of an asset that the estate has; returns what was paid."""
        return int(self._call("buy", sender=sender, asset=asset, lots=lots, most=most))

    def cover(self, sender: Address, amount: int) -> None:
        """Pay so many quanta of what the estate lacks."""
        self._call("cover", sender=sender, amount=amount)

    def freeze(self, sender: Address) -> None:
        """End the venue, where something waited too long for a proof."""
        self._call("freeze", sender=sender)

    def reclaim(self, sender: Address, index: int) -> int:
        """Pay an entry back that no proved batch consumed; returns what was paid."""
        return int(self._call("reclaim", sender=sender, index=index))

    def escape(self, sender: Address, leaf: LeafOpening, book: MarketBook) -> Payout:
        """Give the owner of an account what it has by the last root and book, once."""
        paid: Payout = self._call("escape", sender=sender, leaf=leaf, book=book)
        return paid

    def escape_privately(
        self, sender: Address, wanted: PrivateExit, book: MarketBook, proof: bytes
    ) -> int:
        """Give a recipient what some account is worth, by a proof that does not say which."""
        what = {"wanted": wanted, "book": book, "proof": proof}
        return int(self._call("escape_privately", sender=sender, **what))

    def announce_governance(
        self,
        sender: Address,
        governance: Governance,
        number: int,
        possession: Sequence[bytes] = (),
    ) -> int:
        """Announce parameters for batches from a number on; returns their earliest batch time."""
        announced = {"governance": governance, "number": number, "possession": possession}
        return int(self._call("announce_governance", sender=sender, **announced))

    def announce_outpost(self, sender: Address, outpost: Outpost) -> int:
        """Let an outpost be heard once the governance delay is over; returns from when on."""
        return int(self._call("announce_outpost", sender=sender, outpost=outpost))

    def take_in_from(
        self, sender: Address, chain: int, entries: Sequence[InboxEntry], attestation: Attestation
    ) -> int:
        """Take the next deposits of an outpost; returns how many were taken in all."""
        what = {"chain": chain, "entries": tuple(entries), "attestation": attestation}
        return int(self._call("take_in_from", sender=sender, **what))

    def send(self, sender: Address, chain: int, asset: int, amount: int) -> OutboxEntry:
        """Let so much of the sender's pending balance out through an outpost."""
        what = {"chain": chain, "asset": asset, "amount": amount}
        entry: OutboxEntry = self._call("send", sender=sender, **what)
        return entry

    def now(self) -> int:
        """L1's time in ms."""
        return int(self._call("now"))

    def warp(self, milliseconds: int) -> int:
        """Move the clock on; returns the time it then shows."""
        return int(self._call("warp", milliseconds=milliseconds))

    def mint(self, owner: Address, amount: int, asset: int = USDC) -> None:
        """Give an address test money."""
        self._call("mint", owner=owner, amount=amount, asset=asset)

    def donate(self, sender: Address, amount: int) -> None:
        """Send money to the contract without telling it."""
        self._call("donate", sender=sender, amount=amount)

    def mark(self) -> int:
        """Keep L1 as it is now; returns the name to go back by."""
        return int(self._call("mark"))

    def reorganise(self, mark: int) -> None:
        """Forget all since the mark. The clock goes on."""
        self._call("reorganise", mark=mark)


def _written(method: Method, arguments: Mapping[str, object]) -> dict[str, Value]:
    return {name: method.parameters[name].write(arguments[name]) for name in arguments}


def _result(answer: object, url: str) -> object:
    """The result in an answer; what the contract said or refused otherwise."""
    if not isinstance(answer, dict) or answer.get("jsonrpc") != "2.0":
        raise RefusedByPeer(f"{url}: the answer is not JSON-RPC 2.0")
    if "error" not in answer:
        return answer.get("result")
    error = answer["error"] if isinstance(answer["error"], dict) else {}
    data = error.get("data")
    if error.get("code") == REVERTED and isinstance(data, dict):
        reason = str(data.get("reason"))
        if reason not in list(Revert):
            raise RefusedByPeer(f"{url}: a revert without a reason of the list")
        raise Reverted(Revert(reason), str(data.get("detail", "")))
    raise RefusedByPeer(f"{url}: error {error.get('code')}: {str(error.get('message'))[:400]}")
