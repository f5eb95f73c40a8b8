"""A contract that is asked by JSON-RPC over a socket: what all that are asked so have in common.

A connection that cannot be made is tried again, and so is a read whose connection broke. A call
whose answer did not come may have happened: it is never made again by itself, and the error says
so.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, TypeAlias

import httpx

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.strict import CodecError, Value
from rollup.l1.connection import NoAnswerInTime, RefusedByPeer, Unreachable
from rollup.l1.methods import REVERTED, Method
from rollup.l1.reasons import Revert, Reverted
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
"""What is read of a contract: the attribute, and its arguments if it is a method."""


class RemoteContract:
    """A contract at an address, by the methods of `_methods`, each under the attribute that it
    answers for."""

    _methods: ClassVar[Mapping[str, Method]]

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

    def read_all(self, reads: Sequence[Read]) -> list[Any]:
        """What several reads answer at one moment: they travel together, 64 at most."""
        methods = [self._methods[name] for name, _ in reads]
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
        method = self._methods[attribute]
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
