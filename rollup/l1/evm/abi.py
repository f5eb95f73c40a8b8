"""Calls, answers and events of a contract as its ABI says: coded by eth-abi, named here."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from eth_abi.abi import decode, encode

from rollup.hash.keccak import keccak256
from rollup.l1.evm.chain import Log

SELECTOR_BYTES: Final = 4
WORD: Final = 1 << 256

Abi = Sequence[Mapping[str, Any]]


class Interface:
    """One contract's ABI. Names are not overloaded."""

    def __init__(self, abi: Abi) -> None:
        self._abi = abi

    @cached_property
    def _functions(self) -> Mapping[str, Mapping[str, Any]]:
        return {each["name"]: each for each in self._abi if each["type"] == "function"}

    @cached_property
    def _events(self) -> Mapping[bytes, Mapping[str, Any]]:
        found = [each for each in self._abi if each["type"] == "event"]
        return {keccak256(signature(each).encode()): each for each in found}

    def call(self, name: str, *arguments: object) -> bytes:
        """Calldata of a function."""
        function = self._functions[name]
        return selector(function) + encode(types(function["inputs"]), arguments)

    def answer(self, name: str, data: bytes) -> tuple[Any, ...]:
        """What a function returned."""
        return tuple(decode(types(self._functions[name]["outputs"]), data))

    def construction(self, *arguments: object) -> bytes:
        """What follows the code of a contract whose constructor takes these."""
        made = [each for each in self._abi if each["type"] == "constructor"]
        return encode(types(made[0]["inputs"]), arguments) if made else b""

    def heard(self, log: Log) -> tuple[str, dict[str, Any]] | None:
        """An event's name and members; None for one that is not of this contract."""
        event = self._events.get(log.topics[0]) if log.topics else None
        if event is None:
            return None
        inputs = event["inputs"]
        shown = [each for each in inputs if each["indexed"]]
        plain = [each for each in inputs if not each["indexed"]]
        found = {
            each["name"]: decode([kind(each)], topic)[0]
            for each, topic in zip(shown, log.topics[1:], strict=True)
        }
        values = decode(types(plain), log.data)
        found |= {each["name"]: value for each, value in zip(plain, values, strict=True)}
        return str(event["name"]), found


def kind(member: Mapping[str, Any]) -> str:
    """The type of a member, with those of its own members where it is a record."""
    name = str(member["type"])
    if not name.startswith("tuple"):
        return name
    return f"({','.join(types(member['components']))}){name.removeprefix('tuple')}"


def types(members: Sequence[Mapping[str, Any]]) -> list[str]:
    """The types of some members."""
    return [kind(each) for each in members]


def signature(item: Mapping[str, Any]) -> str:
    """By which a function, an event or an error is known."""
    return f"{item['name']}({','.join(types(item['inputs']))})"


def selector(item: Mapping[str, Any]) -> bytes:
    """The first four bytes of calldata, or of what a call reverted with."""
    return keccak256(signature(item).encode())[:SELECTOR_BYTES]


def word(value: int) -> int:
    """A number as a word holds it: one below zero is no small number there."""
    return value % WORD


def address(text: str) -> bytes:
    """An address that eth-abi wrote."""
    return bytes.fromhex(text.removeprefix("0x"))
