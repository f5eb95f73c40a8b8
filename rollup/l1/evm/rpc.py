"""JSON-RPC of an EVM node: one question, one answer."""

from collections.abc import Mapping
from typing import Any, Final, Protocol, Self

import httpx

from rollup.codec import shallow_json
from rollup.l1.connection import NoAnswerInTime, RefusedByPeer, Unreachable

CONNECT_SECONDS: Final = 3.0
ANSWER_SECONDS: Final = 60.0
TRIES: Final = 3


class NodeRefused(RefusedByPeer):
    """The node answered an error: its `code`, and the bytes that a contract reverted with, if it
    says that this is why."""

    def __init__(self, message: str, code: int, reverted: bytes | None) -> None:
        super().__init__(message)
        self.code = code
        self.reverted = reverted


class Node(Protocol):
    """Whatever answers the methods of an execution node."""

    def ask(self, method: str, *parameters: object) -> Any:
        """The result. NodeRefused for an error; RemoteError where none came."""


class HttpNode:
    """A node at an address. Asks no proxy of the environment."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._asked = 0
        self._client = httpx.Client(
            transport=httpx.HTTPTransport(retries=TRIES - 1),
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, *parameters: object) -> Any:
        """The result of a method."""
        self._asked += 1
        request = {"jsonrpc": "2.0", "id": self._asked, "method": method, "params": parameters}
        try:
            answer = self._client.post(self.url, json=request)
            said = shallow_json.loads(answer.content.decode("utf-8"))
        except httpx.TimeoutException as error:
            raise NoAnswerInTime(f"{self.url}: {method} was not answered in time") from error
        except httpx.HTTPError as error:
            raise Unreachable(f"{self.url}: {str(error) or type(error).__name__}") from error
        except ValueError as error:
            raise RefusedByPeer(f"{self.url}: the answer is not JSON") from error
        if not isinstance(said, dict) or said.get("id") != self._asked:
            raise RefusedByPeer(f"{self.url}: the answer is not JSON-RPC 2.0")
        if "error" in said:
            raise refused(self.url, method, said["error"])
        return said.get("result")


def refused(where: str, method: str, error: object) -> NodeRefused:
    """What an error object of a node says."""
    members: Mapping[str, Any] = error if isinstance(error, dict) else {}
    message = f"{where}: {method}: {str(members.get('message', error))[:300]}"
    code = members.get("code")
    return NodeRefused(message, code if type(code) is int else 0, _reverted(members.get("data")))


def _reverted(data: object) -> bytes | None:
    """The bytes of a revert, where an error has some: of geth as text, of others in a record."""
    found = data.get("data") if isinstance(data, dict) else data
    if not isinstance(found, str) or not found.startswith("0x"):
        return None
    try:
        return bytes.fromhex(found[2:])
    except ValueError:
        return None


def number(value: object) -> int:
    """A quantity: 0x and hex digits. RefusedByPeer for anything else."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise RefusedByPeer(f"a quantity is wanted, not {str(value)[:40]}")
    return int(value, 16)


def content(value: object) -> bytes:
    """Bytes: 0x and pairs of hex digits. RefusedByPeer for anything else."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise RefusedByPeer(f"bytes are wanted, not {str(value)[:40]}")
    try:
        return bytes.fromhex(value[2:])
    except ValueError as error:
        raise RefusedByPeer(f"bytes are wanted, not {value[:40]}") from error


def text(data: bytes) -> str:
    """Bytes or an address as a node writes them."""
    return "0x" + data.hex()


def is_node(url: str) -> bool:
    """Whether a chain's node answers there, and no endpoint of ours."""
    with HttpNode(url) as node:
        try:
            return number(node.ask("eth_chainId")) > 0
        except NodeRefused:
            return False
