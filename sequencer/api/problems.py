"""Errors by name: RFC 9457 problems, one for each way in which a request can fail.

A `code` is stable, and what clients decide by; `detail` is for people. Neither ever holds anything
of an envelope's inside.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from starlette.responses import JSONResponse

PROBLEM_TYPE: Final = "application/problem+json"


class Code(StrEnum):
    """Names of problems."""

    NOT_FOUND = "not-found"
    METHOD = "method-not-allowed"
    MEDIA_TYPE = "media-type"
    BODY_SIZE = "body-size"
    BODY_TOO_LARGE = "body-too-large"
    BODY_TOO_SLOW = "body-too-slow"
    PARAMETER = "parameter"
    NOT_OPENED = "not-opened"
    ORIGIN = "cross-origin"
    TOO_MANY_STREAMS = "too-many-streams"
    BETWEEN_BATCHES = "between-batches"
    BUSY = "busy"
    STOPPED = "stopped"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Kind:
    """Status and title of a problem; `retry_s` is when it is worth to come again."""

    status: int
    title: str
    retry_s: int | None = None


KINDS: Final = {
    Code.NOT_FOUND: Kind(404, "There is nothing here"),
    Code.METHOD: Kind(405, "Another method is wanted here"),
    Code.MEDIA_TYPE: Kind(415, "Envelopes are application/octet-stream"),
    Code.BODY_SIZE: Kind(400, "The body is not as many whole envelopes as are wanted"),
    Code.BODY_TOO_LARGE: Kind(413, "The body is larger than any that is taken"),
    Code.BODY_TOO_SLOW: Kind(408, "The body did not come in time"),
    Code.PARAMETER: Kind(400, "A parameter is not as wanted"),
    Code.NOT_OPENED: Kind(400, "The envelope did not open"),
    Code.ORIGIN: Kind(403, "Pages of other sites are not served here"),
    Code.TOO_MANY_STREAMS: Kind(429, "This address has as many streams as one may have", 5),
    Code.BETWEEN_BATCHES: Kind(503, "No batch is open now", 1),
    Code.BUSY: Kind(503, "Too much is waiting", 1),
    Code.STOPPED: Kind(503, "The venue has stopped", 10),
    Code.INTERNAL: Kind(500, "Something failed that should not"),
}


class Problem(Exception):
    """A request that is answered with a problem."""

    def __init__(self, code: Code, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.members = members

    def response(self) -> JSONResponse:
        """As it travels."""
        kind = KINDS[self.code]
        record = {
            "type": f"urn:crypsis:problem:{self.code.value}",
            "title": kind.title,
            "status": kind.status,
            "code": self.code.value,
            "detail": self.detail,
            **self.members,
        }
        headers = {} if kind.retry_s is None else {"retry-after": str(kind.retry_s)}
        return JSONResponse(record, kind.status, headers, PROBLEM_TYPE)
