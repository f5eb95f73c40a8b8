"""Contracts on a machine in this process, linked to their libraries, called by name."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest

from rollup.hash.keccak import keccak256
from rollup.l1.evm.artefact import artefact
from rollup.l1.interface import Revert

eth_abi = pytest.importorskip("eth_abi", reason="eth-abi is of the extra `evm`")
revm = pytest.importorskip("rollup.l1.evm.revm", reason="pyrevm has no wheel for this Python")

MALFORMED: Final = "malformed"
"""Why a call is refused whose bytes are no canonical encoding."""

Refused = Revert | str


class Linked:
    """A contract that is deployed, and every library that it is linked to. `gas` is what the last
    call executed, `logs` what it said: the name of each event and its members."""

    def __init__(self, name: str) -> None:
        self._machine = revm.Machine()
        self._abi: list[Mapping[str, Any]] = []
        self._address = self._deploy(name)
        self._functions = {each["name"]: each for each in self._of("function")}
        self._events = {_topic(each): each for each in self._of("event")}
        self.gas = 0
        self.logs: list[tuple[str, Mapping[str, Any]]] = []

    def call(self, name: str, *arguments: object) -> Any:
        """What a transaction answers, without a tuple around a single value; or why it is refused,
        as a member of Revert or MALFORMED."""
        function = self._functions[name]
        kinds = [_kind(each) for each in function["inputs"]]
        data = _selector(f"{name}({','.join(kinds)})") + eth_abi.encode(kinds, arguments)
        outcome = self._machine.call(self._address, data)
        self.gas = outcome.execution
        if not outcome.succeeded:
            return _reason(outcome.data)
        self.logs = [self._log(topics, data) for _, topics, data in outcome.logs]
        found = eth_abi.decode([_kind(each) for each in function["outputs"]], outcome.data)
        return found[0] if len(found) == 1 else found

    def _deploy(self, name: str) -> bytes:
        made = artefact(name)
        self._abi += made.abi
        libraries = {library: self._deploy(library) for library in made.links}
        return self._machine.deploy(made.linked(libraries))

    def _of(self, kind: str) -> Sequence[Mapping[str, Any]]:
        return [each for each in self._abi if each["type"] == kind]

    def _log(self, topics: Sequence[bytes], data: bytes) -> tuple[str, Mapping[str, Any]]:
        event = self._events[topics[0]]
        plain = [each for each in event["inputs"] if not each["indexed"]]
        marked = [each for each in event["inputs"] if each["indexed"]]
        values = eth_abi.decode([_kind(each) for each in plain], data)
        found = {each["name"]: value for each, value in zip(plain, values, strict=True)}
        for each, topic in zip(marked, topics[1:], strict=True):
            (found[each["name"]],) = eth_abi.decode([_kind(each)], topic)
        return event["name"], found


def _selector(text: str) -> bytes:
    return keccak256(text.encode())[:4]


def _topic(event: Mapping[str, Any]) -> bytes:
    kinds = ",".join(_kind(each) for each in event["inputs"])
    return keccak256(f"{event['name']}({kinds})".encode())


def _kind(component: Mapping[str, Any]) -> str:
    """The type of an argument as its selector says it."""
    kind: str = component["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_kind(each) for each in component["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


def _reason(data: bytes) -> Refused:
    if data == _selector("Malformed()"):
        return MALFORMED
    assert data[:4] == _selector("Reverted(uint8)") and len(data) == 36, data.hex()
    return list(Revert)[int.from_bytes(data[4:], "big")]
