"""Operations without input or output: generators that ask for requests and waits, and get replies.

    Flow[T]: yields Ask or Wait, is sent a Reply for each Ask, returns T

Whoever drives a flow performs what it asks for: a blocking client, an asyncio one, or a test that
plays the venue. A transport's failure is thrown into the flow, which decides what may be tried
again.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final, TypeVar

from sequencer.client import wire
from sequencer.client.errors import ClientError, TransportError, VenueProblem

JSON: Final = "application/json"
OCTETS: Final = "application/octet-stream"
PROBLEM: Final = "application/problem+json"
PROBLEM_BYTES_MAX: Final = 1 << 14
OK: Final = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `most` is the longest body that its answer may have, in bytes."""

    method: str
    path: str
    most: int
    body: bytes | None = None
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing, for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What came. `retry_after` in seconds, where the venue said when to come again."""

    status: int
    media_type: str
    body: bytes
    retry_after: float | None = None


Step = Ask | Wait
Flow = Generator[Step, Reply | None, T]


@dataclass(frozen=True, slots=True)
class Policy:
    """How often a request is made until it is given up, and the pause before the second time, which
    doubles; a venue that says when to come again is believed up to `pause_max` seconds."""

    tries: int = 6
    pause: float = 0.2
    pause_max: float = 5.0


RETRIED_CODES: Final = ("between-batches", "busy", "http-502", "http-503", "http-504")
"""Of these nothing was opened, and the same bytes can be sent again."""


def exchange(make: Callable[[], Ask], policy: Policy) -> Flow[Reply]:
    """The reply to a request, which is made anew for every try. What it asks for must do no harm
    twice: a read; envelopes, which the venue takes once; a question with a fresh envelope.

    VenueProblem, TransportError.
    """
    pause = policy.pause
    for last in (*[False] * (policy.tries - 1), True):
        wait = pause
        try:
            reply = yield make()
            if reply is None:
                raise TypeError("a Reply is wanted for an Ask")
            if reply.status == OK:
                return reply
            problem = problem_of(reply)
            if last or problem.code not in RETRIED_CODES:
                raise problem
            wait = max(pause, problem.retry_after or 0)
        except TransportError:
            if last:
                raise
        yield Wait(min(wait, policy.pause_max))
        pause *= 2
    raise ClientError("a policy of at least one try is wanted")


def problem_of(reply: Reply) -> VenueProblem:
    """The problem that a reply tells of; `http-NNN` where whoever answered speaks no RFC 9457."""
    code, detail = f"http-{reply.status}", ""
    if reply.media_type == PROBLEM:
        code, detail = wire.read(reply.body, "problem", wire.problem)
    return VenueProblem(code, reply.status, detail, reply.retry_after)
