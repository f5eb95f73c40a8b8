"""The private stream: one sealed question in, then sealed frames of one size at one pace.

Whoever watches the connection sees the same whatever happens to the account, and whether there is
one: a frame leaves at every beat, also where nothing is new, where the venue has no time to say
what is, and where who asked may not know. A client that reads slowly gets fewer frames, none old.
"""

import asyncio
from typing import Final

from starlette.websockets import WebSocket

from rollup.crypto.envelope import ENVELOPE_BYTES
from sequencer.api.door import Door
from sequencer.api.handlers import Context
from sequencer.api.sockets import FAILED, POLICY, UNSUPPORTED, Ended, attended, received
from sequencer.service.answers import ANSWER_VERSION, REFUSED, Record, Sight, Watch, record_bytes

BEAT_S: Final = 0.25
"""A frame leaves at every multiple of this after the question came."""

SEAL_S: Final = 0.1
"""So long before its beat a frame is made and sealed: what is known by then is in it."""

QUESTION_S: Final = 5.0


async def private_stream(socket: WebSocket, context: Context) -> None:
    """Tell an owner, once its question has come."""
    question = await _question(socket)
    begun = asyncio.get_running_loop().time()
    watch = await context.door.watch(question)
    await attended(socket, _tell(socket, context.door, watch, begun))


async def _question(socket: WebSocket) -> bytes:
    try:
        async with asyncio.timeout(QUESTION_S):
            message = await received(socket)
    except TimeoutError:
        raise Ended(POLICY, f"a question within {QUESTION_S:g} s is wanted") from None
    data = message.get("bytes")
    if data is None:
        raise Ended(UNSUPPORTED, "a binary message is wanted")
    if len(data) != ENVELOPE_BYTES:
        raise Ended(POLICY, f"one envelope of {ENVELOPE_BYTES} bytes is wanted")
    return bytes(data)


async def _tell(socket: WebSocket, door: Door, watch: Watch, begun: float) -> None:
    loop = asyncio.get_running_loop()
    frames = Frames(door, watch)
    while True:
        beat = begun + BEAT_S * ((loop.time() - begun) // BEAT_S + 1)
        frame = await frames.next(beat - SEAL_S)
        await asyncio.sleep(beat - loop.time())
        await socket.send_bytes(frame)
        if door.failure is not None:
            raise Ended(FAILED, "the venue has stopped")


class Frames:
    """The frames of one stream, numbered from 0: who misses one knows."""

    def __init__(self, door: Door, watch: Watch) -> None:
        self._door = door
        self._watch = watch
        self._number = 0
        self._cursor = watch.cursor
        self._holding: Record = {}
        self._looking: asyncio.Future[Sight | None] | None = None

    async def next(self, until: float) -> bytes:
        """A sealed frame of what the venue says by a time of the loop's clock: without an answer of
        the venue by then it is empty, and the answer is in the next one."""
        if self._looking is None:
            self._looking = self._door.look(self._watch, self._cursor)
        left = until - asyncio.get_running_loop().time()
        await asyncio.wait({self._looking}, timeout=max(0.0, left))
        record: Record = {"v": ANSWER_VERSION}
        if self._looking.done():
            seen, self._looking = self._looking.result(), None
            record = self._news(seen)
        record = {**record, "frame": self._number}
        self._number += 1
        return await self._door.seal(record_bytes(record), self._watch)

    def _news(self, seen: Sight | None) -> Record:
        """Facts since the last frame; what the account holds, where that changed."""
        if seen is None:
            return REFUSED
        holding = {} if seen.holding == self._holding else seen.holding
        self._holding, self._cursor = seen.holding, seen.next
        return {**seen.head, **holding, "facts": seen.facts}
