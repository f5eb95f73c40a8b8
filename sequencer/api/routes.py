"""The routes: one table, of which the application is made and its description written."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from rollup.crypto.answer import QUESTION_ANSWER_BYTES
from rollup.crypto.envelope import ENVELOPE_BYTES
from rollup.crypto.hpke import OVERHEAD_BYTES
from sequencer.api import handlers, schemas
from sequencer.api.handlers import ENVELOPES_MAX, PAGE_MAX
from sequencer.api.limits import OCTETS
from sequencer.api.problems import Code
from sequencer.api.records import PAGE_DEFAULT

JSON: Final = "application/json"
PRIVATE_BYTES: Final = QUESTION_ANSWER_BYTES + OVERHEAD_BYTES
_POSTED: Final = (
    Code.BODY_SIZE,
    Code.BODY_TOO_LARGE,
    Code.BODY_TOO_SLOW,
    Code.MEDIA_TYPE,
    Code.STOPPED,
)
_NUMBERED: Final = (Code.PARAMETER, Code.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number in the path or the query."""

    name: str
    where: str
    least: int
    most: int
    default: int | None = None


NUMBER: Final = Parameter("number", "path", 1, 10**10 - 1)


@dataclass(frozen=True, slots=True)
class Route:
    """One route; its name is the operation's. `body_max` in bytes is for those that take one."""

    method: str
    path: str
    handler: Callable[[Request], Awaitable[Response]]
    summary: str
    media_type: str = JSON
    schema: schemas.Schema | None = None
    problems: tuple[Code, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body_max: int = 0

    @property
    def name(self) -> str:
        """What the operation is called."""
        return self.handler.__name__


_LIMIT: Final = Parameter("limit", "query", 1, PAGE_MAX, PAGE_DEFAULT)
_BEFORE: Final = Parameter("before", "query", 1, 10**10 - 1)

ROUTES: Final = (
    Route(
        "POST",
        "/v1/envelopes",
        handlers.envelopes,
        f"Deliver 1 to {ENVELOPES_MAX} sealed envelopes of {ENVELOPE_BYTES} bytes, end to end",
        schema=schemas.ANSWERS,
        problems=(*_POSTED, Code.BETWEEN_BATCHES),
        body_max=ENVELOPES_MAX * ENVELOPE_BYTES,
    ),
    Route(
        "POST",
        "/v1/private",
        handlers.private,
        f"Ask about an own account; the answer is sealed, of {PRIVATE_BYTES} bytes",
        media_type=OCTETS,
        problems=(*_POSTED, Code.NOT_OPENED),
        body_max=ENVELOPE_BYTES,
    ),
    Route("GET", "/v1/status", handlers.status, "The venue now", schema=schemas.STATUS),
    Route("GET", "/v1/keys", handlers.keys, "What to seal to", schema=schemas.KEYS),
    Route("GET", "/v1/markets", handlers.markets, "Markets", schema=schemas.MARKETS),
    Route("GET", "/v1/prices", handlers.prices, "Prices in ticks", schema=schemas.PRICES),
    Route("GET", "/v1/l1", handlers.l1, "What L1 holds of the venue", schema=schemas.L1),
    Route(
        "GET",
        "/v1/batches",
        handlers.batches,
        "Batches, the newest first; `next` is the `before` of the next page",
        schema=schemas.BATCHES,
        problems=(Code.PARAMETER, Code.NOT_FOUND),
        parameters=(_LIMIT, _BEFORE),
    ),
    Route(
        "GET",
        "/v1/batches/{number}",
        handlers.batch,
        "One batch, and how far it has come",
        schema=schemas.BATCH,
        problems=_NUMBERED,
        parameters=(NUMBER,),
    ),
    Route(
        "GET",
        "/v1/batches/{number}/public.json",
        handlers.public_json,
        "The public input of a proved batch, as `crypsis verify` reads it",
        schema=schemas.ANYTHING,
        problems=_NUMBERED,
        parameters=(NUMBER,),
    ),
    Route(
        "GET",
        "/v1/batches/{number}/proof.bin",
        handlers.proof_bin,
        "The proof of a proved batch, as `crypsis verify` reads it",
        media_type=OCTETS,
        problems=_NUMBERED,
        parameters=(NUMBER,),
    ),
    Route(
        "GET",
        "/v1/batches/{number}/data.bin",
        handlers.data_bin,
        "What a closed batch publishes, as `crypsis da` reads it",
        media_type=OCTETS,
        problems=_NUMBERED,
        parameters=(NUMBER,),
    ),
    Route(
        "GET",
        "/healthz",
        handlers.healthz,
        "Whether the venue lives",
        schema=schemas.OK,
        problems=(Code.STOPPED,),
    ),
    Route(
        "GET",
        "/readyz",
        handlers.readyz,
        "Whether a batch takes orders now",
        schema=schemas.OK,
        problems=(Code.STOPPED, Code.BETWEEN_BATCHES),
    ),
    Route("GET", "/metrics", handlers.metrics, "Metrics for Prometheus", media_type="text/plain"),
    Route("GET", "/openapi.json", handlers.openapi, "This description", schema=schemas.ANYTHING),
)
