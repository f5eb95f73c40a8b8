"""What each route does. Public ones read the last view or a public file; two ask the venue."""

import asyncio
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rollup.crypto.answer import ACTION_ANSWER_BYTES, QUESTION_ANSWER_BYTES
from rollup.crypto.envelope import ENVELOPE_BYTES, ENVELOPE_LIFETIME_MS, ENVELOPE_VERSION
from rollup.crypto.hpke import OVERHEAD_BYTES
from rollup.files import PROOF_FILE, PUBLIC_FILE
from rollup.protocol.governance_codec import market_numbers
from rollup.protocol.public_json import PUBLIC_BYTES_MAX
from rollup.protocol.published_data import DATA_BYTES_MAX
from rollup.protocol.receipt_json import signed_record
from sequencer.api.door import Delivered, Door
from sequencer.api.limits import OCTETS, read_body
from sequencer.api.metrics import Metrics
from sequencer.api.problems import Code, Problem
from sequencer.api.records import (
    PAGE_DEFAULT,
    batch_record,
    bundle_file,
    header_record,
    prices_record,
    published_file,
    status_record,
    with_times,
)
from sequencer.batches.artefacts import PROOF_BYTES_MAX

ENVELOPES_MAX: Final = 64
"""Envelopes of one request: their signatures fill the kernel's lanes, and one flush serves all."""

PAGE_MAX: Final = 100
NUMBER_TEXT: Final = re.compile(r"[0-9]{1,10}", re.ASCII)

ANSWER_GRID_S: Final = 0.05
"""Answers that depend on an envelope leave at multiples of this after it came: what a check of a
signature takes, and a padding does not, is lost in it."""

SUITE: Final = "DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305"


@dataclass(frozen=True, slots=True)
class Context:
    """What handlers work with."""

    door: Door
    metrics: Metrics
    description: dict[str, object]
    publishes: bool


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


async def envelopes(request: Request) -> Response:
    """Deliver envelopes."""
    begun = asyncio.get_running_loop().time()
    context = _context(request)
    data = await read_body(request, ENVELOPES_MAX * ENVELOPE_BYTES)
    if not data or len(data) % ENVELOPE_BYTES:
        wanted = f"1 to {ENVELOPES_MAX} envelopes of {ENVELOPE_BYTES} bytes"
        raise Problem(Code.BODY_SIZE, f"{wanted} are wanted, {len(data)} bytes came")
    places = range(0, len(data), ENVELOPE_BYTES)
    parts = [data[place : place + ENVELOPE_BYTES] for place in places]
    answers = await context.door.submit(parts)
    for answer in answers:
        context.metrics.envelopes.labels(answer.outcome).inc()
    await _on_the_grid(begun)
    return JSONResponse({"answers": [_delivered_record(each) for each in answers]})


def _delivered_record(answer: Delivered) -> dict[str, object]:
    if answer.receipt is None or answer.sealed is None:
        return {"outcome": answer.outcome}
    return {
        "outcome": answer.outcome,
        "receipt": signed_record(answer.receipt),
        "sealed": b64encode(answer.sealed).decode("ascii"),
    }


async def private(request: Request) -> Response:
    """Ask about an own account."""
    begun = asyncio.get_running_loop().time()
    data = await read_body(request, ENVELOPE_BYTES)
    if len(data) != ENVELOPE_BYTES:
        detail = f"one envelope of {ENVELOPE_BYTES} bytes is wanted, {len(data)} bytes came"
        raise Problem(Code.BODY_SIZE, detail)
    answer = await _context(request).door.ask(data)
    await _on_the_grid(begun)
    return Response(answer, media_type=OCTETS)


async def _on_the_grid(begun: float) -> None:
    passed = asyncio.get_running_loop().time() - begun
    await asyncio.sleep(ANSWER_GRID_S - passed % ANSWER_GRID_S)


async def status(request: Request) -> Response:
    """The venue now."""
    return JSONResponse(status_record(_context(request).door.view))


async def keys(request: Request) -> Response:
    """What to seal to."""
    door = _context(request).door
    record = {
        "public_key": door.sealing_key.hex(),
        "suite": SUITE,
        "version": ENVELOPE_VERSION,
        "chain": door.view.chain,
        "venue": door.view.venue,
        "envelope_bytes": ENVELOPE_BYTES,
        "envelope_lifetime_ms": ENVELOPE_LIFETIME_MS,
        "action_answer_bytes": ACTION_ANSWER_BYTES + OVERHEAD_BYTES,
        "question_answer_bytes": QUESTION_ANSWER_BYTES + OVERHEAD_BYTES,
        "receipt_signer": door.receipt_signer.hex(),
    }
    return JSONResponse(record)


async def markets(request: Request) -> Response:
    """All markets with their terms."""
    found = [
        {
            "market": number,
            "symbol": market.symbol,
            **market_numbers(market),
        }
        for number, market in enumerate(_context(request).door.view.markets)
    ]
    return JSONResponse({"markets": found})


async def prices(request: Request) -> Response:
    """Oracle prices of the open batch, or of the last one."""
    return JSONResponse(prices_record(_context(request).door.view))


async def l1(request: Request) -> Response:
    """What L1 holds of the venue."""
    door = _context(request).door
    now = door.view
    waiting = [
        with_times(door, header_record(each, now.life(each.number))) for each in now.unproved
    ]
    record = {
        "held": now.held,
        "proved": now.proved,
        "waiting": waiting,
        "heard": now.is_heard,
        "heard_at": now.heard_at,
        "trouble": now.trouble,
        "warnings": list(now.warnings),
    }
    return JSONResponse(record)


async def batches(request: Request) -> Response:
    """Batches, the newest first."""
    opened = _context(request).door.view.opened
    limit = _parameter(request, "limit", PAGE_DEFAULT, 1, PAGE_MAX)
    before = _parameter(request, "before", opened + 1, 1, 10**10 - 1)
    last = min(before - 1, opened)
    numbers = range(last, max(0, last - limit), -1)
    found = [await batch_record(_context(request).door, number) for number in numbers]
    rest = last - len(found)
    return JSONResponse({"batches": found, "next": rest + 1 if rest > 0 else None})


async def batch(request: Request) -> Response:
    """One batch."""
    return JSONResponse(await batch_record(_context(request).door, _number(request)))


async def public_json(request: Request) -> Response:
    """The public input of a proved batch."""
    data = await _bundle_file(request, PUBLIC_FILE, PUBLIC_BYTES_MAX)
    return Response(data, media_type="application/json")


async def proof_bin(request: Request) -> Response:
    """The proof of a proved batch."""
    return Response(await _bundle_file(request, PROOF_FILE, PROOF_BYTES_MAX), media_type=OCTETS)


async def data_bin(request: Request) -> Response:
    """What a closed batch publishes. One that L1 did not take may be made anew, with other data."""
    context, number = _context(request), _number(request)
    if not context.publishes:
        raise Problem(Code.NOT_FOUND, "this venue serves nobody what it publishes")
    data = await published_file(context.door, number, DATA_BYTES_MAX)
    return Response(data, media_type=OCTETS)


async def healthz(request: Request) -> Response:
    """Whether the venue lives."""
    if _context(request).door.failure is not None:
        raise Problem(Code.STOPPED, "it has everything on disk; a restart goes on")
    return JSONResponse({"ok": True})


async def readyz(request: Request) -> Response:
    """Whether the venue takes orders now."""
    door = _context(request).door
    if door.failure is not None:
        raise Problem(Code.STOPPED, "it has everything on disk; a restart goes on")
    if door.view.closes_at is None:
        raise Problem(Code.BETWEEN_BATCHES, f"the venue is {door.view.mode.value}")
    return JSONResponse({"ok": True})


async def metrics(request: Request) -> Response:
    """Metrics for Prometheus."""
    data, media_type = _context(request).metrics.text(request.headers.get("accept", ""))
    return Response(data, headers={"content-type": media_type})


async def openapi(request: Request) -> Response:
    """The description of all this."""
    return JSONResponse(_context(request).description)


def _parameter(request: Request, name: str, default: int, least: int, most: int) -> int:
    values = request.query_params.getlist(name)
    if not values:
        return default
    if len(values) > 1 or not NUMBER_TEXT.fullmatch(values[0]):
        raise Problem(Code.PARAMETER, f"{name}: one number from {least} to {most} is wanted")
    number = int(values[0])
    if not least <= number <= most:
        raise Problem(Code.PARAMETER, f"{name}: {least} to {most} is wanted, {number} came")
    return number


def _number(request: Request) -> int:
    text = request.path_params["number"]
    if not NUMBER_TEXT.fullmatch(text):
        raise Problem(Code.PARAMETER, "the number of a batch is wanted")
    number = int(text)
    if not 1 <= number <= _context(request).door.view.opened:
        raise Problem(Code.NOT_FOUND, f"batch {number} was not opened")
    return number


async def _bundle_file(request: Request, name: str, most: int) -> bytes:
    """Only the two names of a bundle's files can be asked for."""
    return await bundle_file(_context(request).door, _number(request), name, most)
