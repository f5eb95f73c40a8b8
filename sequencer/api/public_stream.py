"""The public stream: a snapshot first, then what changes, with the records that the routes give.

Whoever reads slowly misses what was in between, and never reads what is old: every frame is made of
the newest view, when it is sent.
"""

import asyncio
from typing import Final

from starlette.websockets import WebSocket

from rollup.codec import shallow_json
from sequencer.api.door import Door
from sequencer.api.handlers import Context
from sequencer.api.problems import Problem
from sequencer.api.records import (
    PAGE_DEFAULT,
    Record,
    batch_record,
    prices_record,
    status_record,
)
from sequencer.api.sockets import FAILED, Ended, attended
from sequencer.service.public_view import Life, PublicView

STREAM_VERSION: Final = 1
LOOK_S: Final = 0.1
"""How often a stream looks for news: twice as long as the venue's own beat."""


async def public_stream(socket: WebSocket, context: Context) -> None:
    """Tell whoever asks."""
    await attended(socket, _tell(socket, context.door))


async def _tell(socket: WebSocket, door: Door) -> None:
    told = Told()
    while True:
        for frame in await told.news(door):
            await socket.send_text(shallow_json.canonical(frame).decode("ascii"))
        if door.failure is not None:
            raise Ended(FAILED, "the venue has stopped")
        await asyncio.sleep(LOOK_S)


class Told:
    """What one client was told last."""

    def __init__(self) -> None:
        self._status: Record = {}
        self._prices: Record = {}
        self._marks: dict[int, object] = {}

    async def news(self, door: Door) -> list[Record]:
        """Frames to send now: a snapshot to whoever knows nothing, or too little."""
        now = door.view
        numbers = range(max(1, now.opened - PAGE_DEFAULT + 1), now.opened + 1)
        marks = {number: _mark(now, number) for number in numbers}
        changed = [number for number in numbers if self._marks.get(number) != marks[number]]
        is_lost = not self._status or max(self._marks, default=0) < numbers.start - 1
        status, prices = status_record(now), prices_record(now)
        same_status = _but_the_time(status) == _but_the_time(self._status)
        same_prices = prices == self._prices
        self._status, self._prices, self._marks = status, prices, marks
        if is_lost:
            found = await _batches(door, list(numbers))
            return [_frame("snapshot", status=status, prices=prices, batches=found)]
        frames = [_frame("batch", batch=each) for each in await _batches(door, changed)]
        if not same_prices:
            frames.append(_frame("prices", prices=prices))
        if not same_status:
            frames.append(_frame("status", status=status))
        return frames


def _mark(now: PublicView, number: int) -> object:
    """What changes when the record of a batch does."""
    life = now.life(number)
    if life is Life.SEQUENCED:
        return life, now.closes_at
    header = next((each for each in now.unproved if each.number == number), None)
    return life, None if header is None else header.digest()


async def _batches(door: Door, numbers: list[int]) -> list[Record]:
    """Their records; of a bundle that is not kept here there is none."""
    found = []
    for number in numbers:
        try:
            found.append(await batch_record(door, number))
        except Problem:
            continue
    return found


def _but_the_time(status: Record) -> Record:
    return {name: value for name, value in status.items() if name != "now"}


def _frame(kind: str, **members: object) -> Record:
    return {"v": STREAM_VERSION, "type": kind, **members}
