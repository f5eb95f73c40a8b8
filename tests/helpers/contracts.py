"""Contracts as tests call them: on a machine in this process, records of the rules as arguments.

Reasons come back as the members of the lists that Python has.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import pytest

from rollup.hash.keccak import keccak256
from rollup.l1.evm.artefact import artefact
from rollup.l1.interface import Revert
from rollup.oracle.package import SignedPackage, packages_to_bytes
from rollup.protocol.committee import Committee
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.encoding import digest_bytes
from rollup.protocol.market import Governance, Market
from rollup.protocol.market_book import MarketBook
from rollup.protocol.public import PublicInput
from rollup.protocol.shape_class import name_bytes

eth_abi = pytest.importorskip("eth_abi", reason="eth-abi is of the extra `evm`")
revm = pytest.importorskip("rollup.l1.evm.revm", reason="pyrevm has no wheel for this Python")

MALFORMED: Final = "malformed"
"""What a call is refused with whose bytes are no canonical encoding."""

Component = Mapping[str, Any]


def selector(text: str) -> bytes:
    """The first bytes of calldata, and of what a call reverts with."""
    return keccak256(text.encode())[:4]


class CallRefused(Exception):
    """A call reverted: `reason` is a Revert or MALFORMED."""

    def __init__(self, reason: Revert | str) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Probe:
    """A contract of tests, deployed on a machine of its own. `gas` is what the last call
    executed."""

    def __init__(self, name: str) -> None:
        made = artefact(name)
        self._machine = revm.Machine()
        self._address = self._machine.deploy(made.code)
        self._functions = {each["name"]: each for each in made.abi if each["type"] == "function"}
        self.gas = 0

    def ask(self, name: str, *arguments: object) -> Any:
        """What a function answers, without a tuple around a single value. CallRefused if it
        reverts."""
        function = self._functions[name]
        inputs, outputs = function["inputs"], [_kind(each) for each in function["outputs"]]
        kinds = [_kind(each) for each in inputs]
        values = [value_of(each, of) for each, of in zip(arguments, inputs, strict=True)]
        call = selector(f"{name}({','.join(kinds)})") + eth_abi.encode(kinds, values)
        outcome = self._machine.read(self._address, call)
        self.gas = outcome.execution
        if not outcome.succeeded:
            raise CallRefused(_reason(outcome.data))
        found = eth_abi.decode(outputs, outcome.data)
        return found[0] if len(found) == 1 else found

    def refusal(self, name: str, *arguments: object) -> Revert | str:
        """Why a call is refused. Fails if it is not."""
        with pytest.raises(CallRefused) as caught:
            self.ask(name, *arguments)
        return caught.value.reason

    def form(self, name: str) -> Component:
        """What a function's first answer is made of."""
        found: Component = self._functions[name]["outputs"][0]
        return found


def members_of(probe: Probe, name: str, record: Any) -> Any:
    """A record as a function's first answer says it."""
    return value_of(record, probe.form(name))


def _reason(data: bytes) -> Revert | str:
    if data == selector("Malformed()"):
        return MALFORMED
    assert data[:4] == selector("Reverted(uint8)") and len(data) == 36, data.hex()
    return list(Revert)[int.from_bytes(data[4:], "big")]


def _kind(component: Component) -> str:
    """The type of an argument as its selector says it."""
    kind: str = component["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_kind(each) for each in component["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


def value_of(value: Any, component: Component) -> Any:
    """An argument as eth-abi takes it: a record of the rules member by member."""
    if "components" not in component:
        return _plain(value, component["type"])
    if component["type"].endswith("[]"):
        one = {**component, "type": component["type"].removesuffix("[]")}
        return tuple(value_of(each, one) for each in value)
    members = component["components"]
    return tuple(value_of(_member(value, each["name"]), each) for each in members)


def _plain(value: Any, kind: str) -> Any:
    """A value without members: an address as answers have it, in hex."""
    if kind == "address[]":
        return tuple(_plain(each, "address") for each in value)
    return f"0x{value.hex()}" if kind == "address" and isinstance(value, bytes) else value


def _member(record: Any, name: str) -> Any:
    """A member of a record by the name that contracts have for it."""
    for kind, others in _OTHERS:
        if isinstance(record, kind) and name in others:
            return others[name](record)
    found = getattr(record, "".join(f"_{c.lower()}" if c.isupper() else c for c in name))
    return int(found) if isinstance(found, int) and not isinstance(found, bool) else found


_Reader = Callable[[Any], Any]
_OTHERS: Final[Sequence[tuple[type, Mapping[str, _Reader]]]] = (
    (Market, {"symbol": lambda market: market.symbol.encode("ascii").ljust(16, b"\0")}),
    (Governance, {"digest": Governance.digest}),
    (Committee, {"keys": lambda committee: b"".join(committee.keys)}),
    (MarketBook, {"digest": MarketBook.digest}),
    (QueueEntry, {"words": lambda entry: (*entry.key_words, *entry.viewing_words)}),
    (
        SignedPackage,
        {
            "feed": lambda report: report.package.points[0].feed,
            "value": lambda report: report.package.points[0].value,
            "time": lambda report: report.package.time,
        },
    ),
    (
        PublicInput,
        {
            "digest": PublicInput.digest,
            "shapeClass": lambda public: name_bytes(public.shape_class),
            "oldRoot": lambda public: digest_bytes(public.old_root),
            "newRoot": lambda public: digest_bytes(public.new_root),
            "dataCommitment": lambda public: digest_bytes(public.data_commitment),
            "reportsDigest": lambda public: keccak256(packages_to_bytes(public.reports)),
        },
    ),
)
"""Members that contracts have under other names, or in another form."""
