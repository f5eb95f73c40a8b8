"""What is public, as records to write as JSON: the same by request and by stream."""

from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool

from rollup.codec.strict import CodecError
from rollup.files import DATA_FILE, PUBLIC_FILE, FileTooLarge, read_bounded
from rollup.protocol.encoding import hex_digest
from rollup.protocol.header import BatchHeader
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import PUBLIC_BYTES_MAX, public_from_json
from sequencer.api.door import Door
from sequencer.api.problems import Code, Problem
from sequencer.service.public_view import Life, PublicView

PAGE_DEFAULT: Final = 20
"""Batches of one page, and those that a stream tells of."""

Record = dict[str, object]


def status_record(now: PublicView) -> Record:
    """The venue now."""
    return {
        "mode": now.mode.value,
        "now": now.now,
        "chain": now.chain,
        "venue": now.venue,
        "interval_ms": now.interval_ms,
        "opened": now.opened,
        "closed": now.number,
        "closes_at": now.closes_at,
        "held": now.held,
        "proved": now.proved,
        "warnings": list(now.warnings),
    }


def prices_record(now: PublicView) -> Record:
    """Oracle prices of the open batch, or of the last one."""
    pairs = zip(now.markets, now.prices, strict=True)
    found = [
        {"market": number, "symbol": market.symbol, "price": price}
        for number, (market, price) in enumerate(pairs)
    ]
    return {"batch": now.opened, "prices": found}


async def batch_record(door: Door, number: int) -> Record:
    """A batch that was opened. Raises Problem where its bundle is not kept here."""
    now = door.view
    life = now.life(number)
    if life is Life.SEQUENCED:
        return {"number": number, "life": life.value, "time": now.closes_at}
    for header in now.unproved:
        if header.number == number:
            return with_times(door, header_record(header, life))
    data = await bundle_file(door, number, PUBLIC_FILE, PUBLIC_BYTES_MAX)
    try:
        public = public_from_json(data)
    except CodecError:
        raise Problem(Code.NOT_FOUND, f"the bundle of batch {number} cannot be read") from None
    return with_times(door, _public_record(public, life))


def with_times(door: Door, record: Record) -> Record:
    """A record of a batch, and when L1 held and proved it, as far as that was seen."""
    times = door.milestones.of(int(str(record["number"])))
    seen = {"held_at": times.held_at, "proved_at": times.proved_at}
    return {**record, **{name: at for name, at in seen.items() if at is not None}}


async def bundle_file(door: Door, number: int, name: str, most: int) -> bytes:
    """A public file of a proved batch, of at most so many bytes. Raises Problem."""
    if door.view.life(number) is not Life.PROVED:
        raise Problem(Code.NOT_FOUND, f"batch {number} is not proved yet")
    return await _kept_file(door.bundle(number).public / name, number, most)


async def published_file(door: Door, number: int, most: int) -> bytes:
    """What a closed batch publishes, of at most so many bytes. Raises Problem."""
    if door.view.life(number) is Life.SEQUENCED:
        raise Problem(Code.NOT_FOUND, f"batch {number} is not closed yet")
    return await _kept_file(door.bundle(number).public / DATA_FILE, number, most)


async def _kept_file(path: Path, number: int, most: int) -> bytes:
    try:
        return await run_in_threadpool(read_bounded, path, most)
    except (OSError, FileTooLarge):
        raise Problem(Code.NOT_FOUND, f"the bundle of batch {number} is not kept here") from None


def header_record(header: BatchHeader, life: Life) -> Record:
    """A batch by the header that waits for its proof."""
    roots = (header.old_root, header.new_root)
    return _record(header.number, life, header.time, header.redo, roots, header.public)


def _public_record(public: PublicInput, life: Life) -> Record:
    roots = (public.old_root, public.new_root)
    return _record(public.number, life, public.time, public.redo, roots, public.digest())


def _record(
    number: int,
    life: Life,
    time: int,
    redo: bool,
    roots: tuple[tuple[int, ...], tuple[int, ...]],
    public: bytes,
) -> Record:
    return {
        "number": number,
        "life": life.value,
        "time": time,
        "redo": redo,
        "old_root": hex_digest(roots[0]),
        "new_root": hex_digest(roots[1]),
        "public": public.hex(),
    }
