"""JSON-RPC 2.0 over bytes: a request in, an answer out, whatever the bytes are.

No socket here. A request is read strictly: unknown members, unknown methods, missing or extra
parameters are refused. Up to BATCH_MAX requests come as one list and are answered in order.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.strict import CodecError, Value
from rollup.harness.oracle import ORACLE_DEPLOYMENT, TEST_DEPLOY, OracleDeployment
from rollup.harness.served import Served
from rollup.hash.many import CompressMany
from rollup.l1.development import DevelopmentError, LocalL1, ManualClock
from rollup.l1.interface import Reverted
from rollup.l1.methods import METHODS, REVERTED, Method
from rollup.protocol.rejection import Rejected

BATCH_MAX = 64
VERSION = "2.0"
ID_LENGTH_MAX = 80

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMETERS = -32602
INTERNAL_ERROR = -32603

Answer = Callable[[str, object], Value]
"""The result of a method by its name and its raw parameters."""


class Answering(Protocol):
    """A contract, wherever it is kept."""

    def answer(self, method: Method, arguments: Mapping[str, Any]) -> Any:
        """What the contract answers."""


class RpcError(Exception):
    """An answer that is an error, with its code."""

    def __init__(self, code: int, message: str, data: Mapping[str, Value] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class UnknownMethod(CodecError):
    """Nothing here has that name."""


def handle(body: bytes, answer: Answer) -> bytes | None:
    """The answer to one request or a list of them; None where nobody waits for one."""
    try:
        value = shallow_json.loads(body.decode("utf-8"), _unique)
    except ValueError as error:
        return _encoded(_failed(None, RpcError(PARSE_ERROR, f"not JSON ({str(error)[:80]})")))
    if not isinstance(value, list):
        one = _answered(value, answer)
        return None if one is None else _encoded(one)
    if not 1 <= len(value) <= BATCH_MAX:
        refused = RpcError(INVALID_REQUEST, f"from 1 to {BATCH_MAX} requests come together")
        return _encoded(_failed(None, refused))
    answers = [each for each in (_answered(request, answer) for request in value) if each]
    return _encoded(answers) if answers else None


def contract_answers(served: Answering, methods: Mapping[str, Method] = METHODS) -> Answer:
    """The methods of one contract: of a venue's, where it is not said."""

    def answer(name: str, raw: object) -> Value:
        method = methods.get(name)
        if method is None:
            raise UnknownMethod(f"{name[:40]!r} is no method here")
        nodes = Node(raw, "params").record(tuple(method.parameters))
        arguments = {each: form.read(nodes[each]) for each, form in method.parameters.items()}
        return method.result.write(served.answer(method, arguments))

    return answer


def answers_under_test(compress_many: CompressMany) -> Answer:
    """The methods of whatever contract was last deployed for a test, and the one that deploys."""
    current: list[Answer] = []

    def answer(name: str, raw: object) -> Value:
        if name == TEST_DEPLOY:
            nodes = Node(raw, "params").record(("deployment",))
            asked = ORACLE_DEPLOYMENT.read(nodes["deployment"])
            current[:] = [contract_answers(Served(deployed(asked, compress_many)))]
            return None
        if not current:
            raise UnknownMethod(f"nothing is deployed: {TEST_DEPLOY} comes first")
        return current[0](name, raw)

    return answer


def deployed(asked: OracleDeployment, compress_many: CompressMany) -> LocalL1:
    """A fresh contract under test: its clock stands until it is moved."""
    return LocalL1(
        asked.deployment,
        asked.batch_oracles(),
        ManualClock(lambda: asked.time),
        compress_many,
        asked.limits,
        asked.exit_oracle(),
    )


def _answered(request: object, answer: Answer) -> dict[str, Value] | None:
    """The answer to one request; None for a notification, which is carried out in silence."""
    try:
        identifier, name, raw = _request(request)
    except CodecError as error:
        return _failed(None, RpcError(INVALID_REQUEST, str(error)))
    try:
        result = answer(name, raw)
    except Exception as error:  # whatever happens inside, the client is told of its kind
        return None if identifier is _NOBODY else _failed(identifier, _error_of(error))
    if identifier is _NOBODY:
        return None
    return {"jsonrpc": VERSION, "id": _identifier(identifier), "result": result}


_NOBODY = object()


def _request(value: object) -> tuple[object, str, object]:
    names = {"jsonrpc", "method", *(set(value) if isinstance(value, dict) else ())}
    record = Node(value, "request").record(sorted(names))
    if names - {"jsonrpc", "method", "id", "params"}:
        raise CodecError("request: has jsonrpc, method, id and params, and nothing else")
    if record["jsonrpc"].value != VERSION:
        raise CodecError(f"request.jsonrpc: wanted {VERSION}")
    identifier = record["id"].value if "id" in record else _NOBODY
    if identifier is not _NOBODY:
        _identifier(identifier)
    raw = record["params"].value if "params" in record else {}
    return identifier, record["method"].text(ID_LENGTH_MAX), raw


def _identifier(value: object) -> Value:
    if value is None or type(value) is int:
        return value
    if isinstance(value, str) and len(value) <= ID_LENGTH_MAX:
        return value
    raise CodecError("request.id: wanted a whole number, a short text or nothing")


def _error_of(error: Exception) -> RpcError:
    if isinstance(error, Reverted):
        data: dict[str, Value] = {"reason": error.reason.value, "detail": error.detail}
        return RpcError(REVERTED, str(error), data)
    if isinstance(error, UnknownMethod):
        return RpcError(METHOD_NOT_FOUND, str(error))
    if isinstance(error, CodecError | Rejected | DevelopmentError):
        return RpcError(INVALID_PARAMETERS, str(error))
    if isinstance(error, OSError):
        return RpcError(INTERNAL_ERROR, "the state could not be written; nothing has changed")
    return RpcError(INTERNAL_ERROR, f"internal error ({type(error).__name__})")


def _failed(identifier: object, error: RpcError) -> dict[str, Value]:
    told: dict[str, Value] = {"code": error.code, "message": str(error)}
    if error.data is not None:
        told["data"] = dict(error.data)
    return {"jsonrpc": VERSION, "id": _identifier(identifier), "error": told}


def _encoded(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(members)
    if len(record) != len(members):
        raise ValueError("a key appears twice")
    return record
