"""A member over HTTP: it takes batches and signs them, says what it reads of other chains, and
serves what it holds by the routes of a venue, so that `crypsis da fetch` reads either."""

import json
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from rollup.availability.fault import DataRefused
from rollup.codec.strict import CodecError
from rollup.files import DATA_FILE, PUBLIC_FILE, FileTooLarge, WriteError, read_bounded
from rollup.l1.words import (
    SAID_BYTES_MAX,
    WORDS_PATH,
    Follows,
    Signed,
    follows_to_json,
    said_from_json,
    signed_to_json,
)
from rollup.protocol.public_json import PUBLIC_BYTES_MAX
from rollup.protocol.published_data import DATA_BYTES_MAX
from sequencer.mirror.attesting import (
    ATTESTATIONS_PATH,
    CANDIDATE_BYTES_MAX,
    candidate_from_bytes,
)
from sequencer.mirror.between import Between, NotFollowed, NotReached, NotRead
from sequencer.mirror.folder import MirrorError
from sequencer.mirror.member import Member, NotNext, NotSigned

JSON: Final = "application/json"
OCTETS: Final = "application/octet-stream"
PROBLEM: Final = "application/problem+json"
DIGITS_MAX: Final = 10

Say = Callable[[str], None]
Endpoint = Callable[[Request], Awaitable[Response]]


def make_member_app(member: Member, between: Between, say: Say) -> Starlette:
    """The application. `say` hears of what is signed, and of what cannot be written."""

    def taking(media_type: str, answer: Callable[[bytes], Response]) -> Endpoint:
        async def take(request: Request) -> Response:
            if request.headers.get("content-type", "").partition(";")[0].strip() != media_type:
                return _refused(415, f"{media_type} is wanted")
            try:
                body = await request.body()
            except ClientDisconnect:
                return Response(status_code=400)  # nobody hears it
            return await run_in_threadpool(answer, body)

        return take

    async def follows(request: Request) -> Response:
        del request
        return await run_in_threadpool(_follows, between)

    def file(name: str, most: int, media_type: str) -> Endpoint:
        async def found(request: Request) -> Response:
            return await run_in_threadpool(_file, member, request, (name, most, media_type))

        return found

    async def status(request: Request) -> Response:
        record = await run_in_threadpool(_status, member)
        return Response(json.dumps(record), media_type=JSON)

    place = "/v1/batches/{number}"
    return Starlette(
        routes=[
            Route(
                ATTESTATIONS_PATH,
                taking(OCTETS, lambda body: _attested(member, body, say)),
                methods=["POST"],
            ),
            Route(WORDS_PATH, follows),
            Route(
                WORDS_PATH, taking(JSON, lambda body: _word(between, body, say)), methods=["POST"]
            ),
            Route("/v1/status", status),
            Route(f"{place}/{PUBLIC_FILE}", file(PUBLIC_FILE, PUBLIC_BYTES_MAX, JSON)),
            Route(f"{place}/{DATA_FILE}", file(DATA_FILE, DATA_BYTES_MAX, OCTETS)),
        ],
        max_body_size=CANDIDATE_BYTES_MAX,
    )


def _attested(member: Member, body: bytes, say: Say) -> Response:
    """The member's word, or why there is none: what time may mend is told by another status than
    what it never will."""
    try:
        public, data = candidate_from_bytes(body)
        signature = member.attest(public, data)
    except CodecError as error:
        return _refused(400, str(error))
    except DataRefused as error:
        return _refused(422, str(error))
    except NotSigned as error:
        return _refused(409, str(error), error.wanted if isinstance(error, NotNext) else None)
    except (WriteError, MirrorError) as error:
        say(f"a batch could not be kept, and is not signed: {error}")
        return _refused(503, "it cannot be kept now")
    say(f"batches up to {member.number} are held")
    return Response(signed_to_json(Signed(member.key, signature)), media_type=JSON)


def _word(between: Between, body: bytes, say: Say) -> Response:
    """The member's word between chains, or why there is none."""
    if len(body) > SAID_BYTES_MAX:
        return _refused(413, f"{SAID_BYTES_MAX} bytes at the most are wanted")
    try:
        said = said_from_json(body)
        signature = between.sign(said)
    except CodecError as error:
        return _refused(400, str(error))
    except NotFollowed as error:
        return _refused(404, str(error))
    except NotRead as error:
        return _refused(409, str(error))
    except NotReached as error:
        say(f"no word of chain {said.link.chain}: {error}")
        return _refused(503, "it cannot be read now")
    say(f"a word of chain {said.link.chain} was signed")
    return Response(signed_to_json(Signed(between.key, signature)), media_type=JSON)


def _follows(between: Between) -> Response:
    found = Follows(between.key, between.follows())
    return Response(follows_to_json(found), media_type=JSON)


def _status(member: Member) -> dict[str, object]:
    """What a mirror asks a venue for, of which a member knows the numbers."""
    number, proved = member.number, member.proved
    unknown = {"mode": "member", "now": 0, "interval_ms": 0, "opened": number, "closes_at": None}
    return {**unknown, "held": number, "proved": proved, "warnings": []}


def _file(member: Member, request: Request, wanted: tuple[str, int, str]) -> Response:
    name, most, media_type = wanted
    digits = request.path_params["number"]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= DIGITS_MAX):
        return _refused(404, "a number of a batch is wanted")
    try:
        data = read_bounded(member.mirror.place(int(digits)) / name, most)
    except (OSError, FileTooLarge):
        return _refused(404, f"batch {int(digits)} is not held")
    return Response(data, media_type=media_type)


def _refused(status: int, detail: str, wanted: int | None = None) -> Response:
    """A problem (RFC 9457), with the batch that is lacking, if one is."""
    code = {404: "not-found", 503: "busy"}.get(status, "refused")
    told = {"code": code, "status": status, "detail": detail, "wanted": wanted}
    return Response(json.dumps(told), status, media_type=PROBLEM)
