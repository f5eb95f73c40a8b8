"""Accounts of a devnet in the clear, for its page: only where the program was started to show them.

No other way leads to a holding than the one that every owner has: this program has the accounts'
keys because it made them, asks the venue in sealed envelopes as any owner does, and opens the
answers. So a venue whose keys are elsewhere cannot show an account, whatever it is started with.

It answers on loopback to a loopback name alone: a page of elsewhere whose name was turned to
127.0.0.1 (DNS rebinding) sends its own name, and is refused. Whoever has a login on this machine
can read it; the money is none.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rollup.codec import shallow_json
from rollup.crypto.answer import ResponseKey
from rollup.crypto.batched import sign
from rollup.crypto.envelope import Destination, SealingKey
from rollup.hash.batched import compress_many
from rollup.private import Private
from rollup.protocol.question import Question, question_digest
from sequencer.api.door import Door
from sequencer.api.limits import LOG
from sequencer.api.problems import Code, Problem
from sequencer.client.travelling import question_action
from sequencer.running.accounts import KeyFile

PATH: Final = "/v1/development/accounts"
FRESH_S: Final = 1.0
"""An answer is used again for so long: many readers cost the venue no more than one."""

FACTS_SHOWN: Final = 8
GOOD_MS: Final = 60_000
HTTP_PORT: Final = 80
"""Where a browser leaves the port out of the name that it asks for."""


@dataclass(slots=True, repr=False)
class _Shown(Private):
    """One account: where its facts go on, and the last of them."""

    file: KeyFile
    cursor: int = 0
    facts: list[object] = field(default_factory=list)


class ShownAccounts:
    """Asks for every account as its owner, when somebody looks."""

    def __init__(self, door: Door, accounts: Sequence[KeyFile], port: int) -> None:
        """`port` is where the venue listens: names of a loopback with it are answered."""
        self._door = door
        self._accounts = [_Shown(each) for each in accounts]
        end = "" if port == HTTP_PORT else f":{port}"
        self._hosts = {name + end for name in ("127.0.0.1", "localhost", "[::1]")}
        self._lock = asyncio.Lock()
        self._asked = -FRESH_S
        self._record: dict[str, object] = {}

    def route(self) -> Route:
        """The one route of it."""
        return Route(PATH, self.answer, methods=["GET"])

    async def answer(self, request: Request) -> Response:
        """What every account holds, and what happened to it last."""
        if request.headers.get("host", "").lower() not in self._hosts:
            return Problem(Code.NOT_FOUND, "it is for this machine, by its own name").response()
        try:
            async with self._lock:
                await self._refresh()
        except Problem as problem:
            return problem.response()
        except Exception as error:
            LOG.error("%s failed: %s", PATH, type(error).__name__)  # its text could show a holding
            return Problem(Code.INTERNAL, "it was logged").response()
        headers = {"cache-control": "no-store", "cross-origin-resource-policy": "same-origin"}
        return JSONResponse(self._record, headers=headers)

    async def _refresh(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._asked < FRESH_S:
            return
        found = [await self._ask(each) for each in self._accounts]
        self._record = {"accounts": [each for each in found if each is not None]}
        self._asked = now

    async def _ask(self, shown: _Shown) -> dict[str, object] | None:
        """None for an account that does not exist yet: it comes with the first batch."""
        view, key = self._door.view, ResponseKey.generate()
        here = Destination(view.chain, view.venue)
        account = shown.file.account
        question = Question(here.chain, here.venue, account, key.public_bytes, shown.cursor)
        signature = sign(shown.file.secret, question_digest(question, compress_many)).to_bytes()
        until = (view.closes_at or view.now) + GOOD_MS
        action = question_action(question, signature)
        envelope = SealingKey(self._door.sealing_key).seal(action, here, until)
        opened = key.open(await self._door.ask(envelope), here)
        answer = shallow_json.loads(opened.decode("utf-8"))
        if not answer["ok"]:
            return None
        page = answer["facts"]
        shown.cursor = page["next"]
        shown.facts = [*shown.facts, *page["rows"]][-FACTS_SHOWN:]
        return {
            "account": account,
            "cash": answer["cash"],
            "positions": answer["positions"],
            "orders": answer["orders"],
            "facts": shown.facts,
        }
