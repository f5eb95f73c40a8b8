"""HTTP for the client: requests of one base address, answers of bounded size, errors by name.

No proxy of the environment is asked: a venue on this machine would be asked for through it, and who
trades with whom would be known there.
"""

import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx

from sequencer.client.errors import (
    AnswerTooLarge,
    ConnectionBroken,
    Refusal,
    TimedOut,
    TransportError,
    Unreachable,
)
from sequencer.client.flow import PROBLEM_BYTES_MAX, Ask, Reply

CONNECT_S: Final = 5.0
ANSWER_S: Final = 30.0
"""The venue is busy for a second while its L1 verifies a proof; it says so after that."""

WHOLE_S: Final = 60.0
"""For one answer from its first byte to its last: one that drips is not waited for."""

OK: Final = 200


@dataclass(frozen=True, slots=True)
class Address:
    """Where a venue is: scheme and authority, without a path of its own."""

    url: str

    def __post_init__(self) -> None:
        wanted = "an address like http://127.0.0.1:8550 is wanted"
        try:
            found = urlsplit(self.url)
            named = found.scheme in ("http", "https") and found.hostname and found.port != 0
        except (ValueError, TypeError, AttributeError):
            raise Refusal(wanted) from None
        if not named:
            raise Refusal(f"{wanted}, not {self.url[:80]!r}")


TIMEOUT: Final = httpx.Timeout(ANSWER_S, connect=CONNECT_S)


def headers_of(ask: Ask) -> dict[str, str]:
    """No compressed answer is asked for: its size is bounded as it comes."""
    headers = {"accept-encoding": "identity"}
    if ask.body is not None:
        headers["content-type"] = ask.media_type
    return headers


class Body:
    """An answer's body as it comes, up to the bound."""

    def __init__(self, ask: Ask, response: httpx.Response) -> None:
        self._most = ask.most if response.status_code == OK else PROBLEM_BYTES_MAX
        self._response = response
        self._parts: list[bytes] = []
        self._size = 0
        self._end = time.monotonic() + WHOLE_S
        if response.headers.get("content-encoding", "identity") != "identity":
            raise AnswerTooLarge("an answer that is not compressed is wanted")

    def add(self, part: bytes) -> None:
        """AnswerTooLarge beyond the bound, whatever was announced; TimedOut where it drips."""
        if time.monotonic() > self._end:
            raise TimedOut(f"the answer was not whole after {WHOLE_S:g} s")
        self._size += len(part)
        if self._size > self._most:
            raise AnswerTooLarge(f"an answer of at most {self._most} bytes is wanted")
        self._parts.append(part)

    def reply(self) -> Reply:
        """The whole."""
        headers = self._response.headers
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        wait = headers.get("retry-after", "")
        retry_after = float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 6 else None
        return Reply(self._response.status_code, media_type, b"".join(self._parts), retry_after)


def transport_error(error: httpx.HTTPError, ask: Ask) -> TransportError:
    """What httpx raised, by what it means for who sent something."""
    what = f"{ask.method} {ask.path}: {type(error).__name__}"
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return Unreachable(what)
    if isinstance(error, httpx.TimeoutException):
        return TimedOut(what)
    return ConnectionBroken(what)
