"""A venue that a test plays: what it answers is real to the byte, and it lies where it is told to.

It opens envelopes, keeps a table of orders and a history, chains receipts and seals answers. It
matches nothing: a test says what fills. Signatures are not its business (`FAST` signs nothing).
"""

import base64
import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rollup.crypto import curve
from rollup.crypto.address_key import AddressKey
from rollup.crypto.answer import seal_action_answer, seal_question_answer
from rollup.crypto.envelope import (
    ENVELOPE_BYTES,
    ENVELOPE_LIFETIME_MS,
    CancelAction,
    Destination,
    EnvelopeError,
    OpeningKey,
    OrderAction,
    OutflowAction,
    QuestionAction,
    ViewingKeyAction,
)
from rollup.crypto.schnorr import SecretKey, Signature
from rollup.hash.poseidon import Digest
from rollup.protocol.order import PEG_BIAS, PEGGED_FLAG
from rollup.protocol.receipt import RECEIPTS_START, Receipt, SignedReceipt, envelope_hash
from rollup.protocol.receipt_json import signed_record
from sequencer.client.errors import ConnectionBroken, Unreachable
from sequencer.client.flow import Ask, Reply, Wait
from sequencer.client.session import Session
from sequencer.client.signing import Signer, TradingKey
from sequencer.client.slots import ForgetfulStore, GenerationStore

T = TypeVar("T")

HERE = Destination(31337, 7)
ACCOUNT = 5
START = 1_800_000_000_000
INTERVAL = 1_000
RECEIPT_KEY = AddressKey(bytes(31) + b"\7")
MAKER_FEE = 200
MARKETS = [
    {
        "market": place,
        "symbol": symbol,
        "price_decimals": decimals,
        "size_decimals": 6 - decimals,
        "initial_fraction": 1_000,
        "maintenance_fraction": 500,
        "band_fraction": 400,
        "taker_fee": 500,
        "maker_fee": MAKER_FEE,
        "liquidation_fee": 250,
        "bucket": 600,
        "funding_cap": 300,
        "interest": 100,
        "impact_notional": 10**10,
        "open_interest_cap": 10**9,
        "kind": 0,
        "least_order": 1,
        "delisted": 0,
    }
    for place, (symbol, decimals) in enumerate((("BTC-PERP", 1), ("ETH-PERP", 2)))
]


PRICES = [
    {"market": place, "symbol": market["symbol"], "price": price}
    for place, (market, price) in enumerate(zip(MARKETS, (618_003, 254_384), strict=True))
]


def _no_signature(secret: SecretKey, message: Digest, entropy: bytes | None) -> Signature:
    return Signature(curve.GENERATOR, 1)


def _no_hashes(left: Sequence[Digest], right: Sequence[Digest]) -> list[Digest]:
    return [tuple(map(int, each)) for each in left]  # type: ignore[misc]


FAST = Signer(_no_signature, _no_hashes)
"""Signs and hashes nothing: for tests of what a client does, not of what it signs."""


@dataclass
class PlayedVenue:
    """Its state, and how it lies: each lie changes one answer on its way out. Of every order that
    comes it lets `takes` lots trade at once."""

    seals_answers: bool = True
    remembers: bool = True
    time: int = START
    key: OpeningKey = field(default_factory=OpeningKey.generate)
    batch: int = 1
    receipts: list[Receipt] = field(default_factory=list)
    live: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    used: dict[int, int] = field(default_factory=dict)
    history: list[list[Any]] = field(default_factory=list)
    accepted: list[tuple[int, int]] = field(default_factory=list)
    signed: dict[tuple[int, int], OrderAction] = field(default_factory=dict)
    proved: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)
    receipt_of: dict[tuple[int, int], int] = field(default_factory=dict)
    asked: dict[tuple[int, int], OutflowAction] = field(default_factory=dict)
    paid: list[OutflowAction] = field(default_factory=list)
    refuses: str | None = None
    viewing_keys: list[bytes] = field(default_factory=list)
    refuses_key: str | None = None
    closes: bool = True
    is_open: bool = True
    runs: int = 1
    takes: int = 0
    first_kept: int = 0
    next_generation: int | None = None
    asks: list[str] = field(default_factory=list)
    change_item: Callable[[dict[str, Any]], object] = lambda item: item
    change_answer: Callable[[bytes], bytes] = lambda data: data
    change_account: Callable[[dict[str, Any]], object] = lambda record: record
    change_body: Callable[[str, bytes], bytes] = lambda path, body: body
    answer_key: bytes | None = None
    _seen: set[bytes] = field(default_factory=set)
    _answered: dict[bytes, dict[str, Any]] = field(default_factory=dict)

    def restart(self) -> None:
        """Another opening key, another run: history, and what was seen, is forgotten."""
        self.key = OpeningKey.generate()
        self.runs += 1
        self.history, self._seen = [], set()

    def reply(self, ask: Ask) -> Reply:
        self.asks.append(ask.path)
        try:
            data = self._body(ask)
        except EnvelopeError as error:
            problem = {"code": "not-opened", "detail": "", "reason": error.reason.value}
            return Reply(400, "application/problem+json", _json(problem))
        data = self.change_body(ask.path, data)
        media_type = "application/json" if data[:1] == b"{" else "application/octet-stream"
        if len(data) > ask.most:
            raise AssertionError(f"{ask.path}: an honest answer has at most {ask.most} bytes")
        return Reply(200, media_type, data)

    def _body(self, ask: Ask) -> bytes:
        _, _, name, *rest = ask.path.split("/")
        if name == "batches":
            return self._batch(*rest)
        if ask.body is not None:
            return {"envelopes": self._envelopes, "private": self._question}[name](ask.body)
        known: dict[str, object] = {
            "keys": self._keys(),
            "status": self._status(),
            "markets": {"markets": MARKETS},
            "prices": {"batch": self.batch, "prices": PRICES},
        }
        return _json(known[name])

    def _batch(self, number: str, file: str = "") -> bytes:
        if file:
            return self.proved[int(number)][file == "proof.bin"]
        life = "proved" if int(number) in self.proved else "held"
        return _json({"number": int(number), "life": life, "time": self.time})

    def _keys(self) -> dict[str, object]:
        record: dict[str, object] = {
            "public_key": self.key.sealing_key().public_bytes.hex(),
            "suite": "-",
            "version": 3,
            "chain": HERE.chain,
            "venue": HERE.venue,
            "envelope_bytes": ENVELOPE_BYTES,
            "envelope_lifetime_ms": ENVELOPE_LIFETIME_MS,
            "receipt_signer": RECEIPT_KEY.address.hex(),
        }
        return record

    def _status(self) -> dict[str, object]:
        return {
            "mode": "running",
            "now": self.time,
            "chain": HERE.chain,
            "venue": HERE.venue,
            "interval_ms": INTERVAL,
            "opened": self.batch,
            "closed": self.batch - 1,
            "closes_at": self.time if self.is_open else None,
            "held": 0,
            "proved": 0,
            "warnings": [],
        }

    def _envelopes(self, body: bytes) -> bytes:
        parts = [body[i : i + ENVELOPE_BYTES] for i in range(0, len(body), ENVELOPE_BYTES)]
        return _json({"answers": [self.change_item(self._item(each)) for each in parts]})

    def _item(self, envelope: bytes) -> dict[str, Any]:
        if envelope in self._seen:
            return {**self._answered.get(envelope, {}), "outcome": "replayed"}
        try:
            opened = self.key.open(envelope, HERE, self.time)
        except EnvelopeError as error:
            return {"outcome": error.reason.value}
        signed = self._receipt(envelope)
        self._seen.add(envelope)
        action = opened.action()
        before, record = len(self.history), {"v": 2, "more": False}
        if isinstance(action, OrderAction):
            self._order(action)
        elif isinstance(action, CancelAction):
            self._cancel(action)
        elif isinstance(action, OutflowAction):
            self._outflow(action)
        elif isinstance(action, ViewingKeyAction):
            record |= self._told(action)
        item = {"outcome": "received", "receipt": signed_record(signed)}
        if self.seals_answers:
            record["rows"] = self.history[before:]
            data = self.change_answer(_json(record))
            sealed = seal_action_answer(data, opened.answering)
            item["sealed"] = base64.b64encode(sealed).decode()
        if self.remembers:
            self._answered[envelope] = item
        return item

    def _receipt(self, envelope: bytes) -> SignedReceipt:
        last = self.receipts[-1] if self.receipts else None
        receipt = Receipt(
            HERE.chain,
            HERE.venue,
            1 if last is None else last.sequence + 1,
            envelope_hash(envelope),
            RECEIPTS_START if last is None else last.digest(),
            START + INTERVAL * self.batch,
            self.batch,
        )
        self.receipts.append(receipt)
        return sign(receipt)

    def _order(self, action: OrderAction) -> None:
        key = (action.slot, action.generation)
        before = self.signed.setdefault(key, action)
        assert before == action, "two orders were signed with one slot and generation"
        old = next((each for each in self.live if each[0] == action.slot), None)
        if old is not None and old[1] >= action.generation:
            self.tell("refused", key, "slot-busy")
        elif self.used.get(action.slot, 0) >= action.generation:
            self.tell("refused", key, "generation-used")
        else:
            self.used[action.slot] = action.generation
            if old is not None:
                self.tell("ended", old, "replaced", self.live.pop(old)[4])
            self.accepted.append(key)
            self.receipt_of[key] = len(self.receipts)
            price = action.price - 2 * PEG_BIAS * bool(action.flags & PEGGED_FLAG)
            self.live[key] = [action.market, action.side, price, action.size, action.size]
            self.live[key].append(action.expiry)
            self.tell("accepted", key)
            if self.takes:
                self.fill(key, min(self.takes, action.size))
            if key in self.live:
                self.tell("rested", key, self.live[key][4])

    def _cancel(self, action: CancelAction) -> None:
        key = (action.slot, action.generation)
        self.used[action.slot] = max(self.used.get(action.slot, 0), action.generation)
        row = self.live.pop(key, None)
        if row is None:
            self.tell("cancel-refused", key, "nothing-to-cancel")
        else:
            self.tell("ended", key, "cancelled", row[4])
            self.tell("cancelled", key)

    def _outflow(self, action: OutflowAction) -> None:
        key = (action.slot, action.generation)
        if self.used.get(action.slot, 0) >= action.generation:
            self.tell("outflow-refused", key, "generation-used")
            return
        self.used[action.slot] = action.generation
        self.receipt_of[key] = len(self.receipts)
        self.asked[key] = action
        self.tell("outflow-asked", key)

    def _told(self, action: ViewingKeyAction) -> dict[str, str]:
        """What the answer says beside its rows."""
        if self.refuses_key is not None:
            return {"reason": self.refuses_key}
        self.viewing_keys.append(action.key)
        return {}

    def close(self) -> None:
        """The batch ends: what was asked for is paid, or refused where a test says so."""
        end = START + INTERVAL * self.batch
        for key, action in self.asked.items():
            if self.refuses is not None:
                self.tell("outflow-refused", key, self.refuses)
            else:
                self.paid.append(action)
                what = (action.kind, action.receiver, action.asset, action.amount)
                self.tell("outflow-paid", key, self.batch, *what, end)
        self.asked = {}

    def tell(self, what: str, key: tuple[int, int], *rest: object) -> None:
        """A row of the account's history, under the receipt of its order."""
        self.history.append([what, self.receipt_of.get(key, len(self.receipts)), *key, *rest])

    def fill(self, key: tuple[int, int], lots: int, batch: int | None = None) -> None:
        """So many lots of a live order trade at its price."""
        row = self.live[key]
        row[4] -= lots
        number = self.batch if batch is None else batch
        fee, end = -(-row[2] * lots * MAKER_FEE // 1_000_000), START + INTERVAL * number
        self.tell("filled", key, number, row[0], row[2], lots, True, row[1], fee, end)
        if row[4] == 0:
            del self.live[key]
            self.tell("ended", key, "filled", 0)

    def end(self, key: tuple[int, int], reason: str) -> None:
        """A live order leaves."""
        row = self.live.pop(key)
        self.tell("ended", key, reason, row[4])

    def _question(self, envelope: bytes) -> bytes:
        opened = self.key.open(envelope, HERE, self.time)
        assert envelope not in self._seen, "a question is asked once"
        action = opened.action()
        assert isinstance(action, QuestionAction)
        first = max(action.cursor, self.first_kept)
        rows = self.history[first : first + 112]
        after = first + len(rows)
        page = {"first": first, "next": after, "more": after < len(self.history), "rows": rows}
        record = {
            "v": 2,
            "ok": True,
            "run": f"run-{self.runs}",
            "time": self.time,
            "account": action.account,
            "cash": "-1500000",
            "positions": [[1, "25"]],
            "orders": [[*key, *row] for key, row in sorted(self.live.items())],
            "next_generation": self.next_generation or max(self.used.values(), default=-1) + 1,
            "viewing_key": bool(self.viewing_keys),
            "facts": page,
        }
        to = self.answer_key or action.response_key
        return seal_question_answer(_json(self.change_account(record)), to, HERE)


def sign(receipt: Receipt, key: AddressKey = RECEIPT_KEY) -> SignedReceipt:
    return SignedReceipt(receipt, key.sign(receipt.digest()))


def session(store: GenerationStore | None = None, **options: Any) -> Session:
    """A client of a played venue; its clock stands still."""
    key = TradingKey(ACCOUNT, SecretKey(1234567))
    options = {"clock": lambda: 0.0, "signer": FAST, **options}
    return Session(key, store or ForgetfulStore(), **options)


OK, LOST_REQUEST, LOST_ANSWER, BUSY, RESTART = (
    "ok",
    "lost-request",
    "lost-answer",
    "busy",
    "restart",
)
FAULTS = (OK, LOST_REQUEST, LOST_ANSWER, BUSY, RESTART)


def play(flow: Generator[Any, Any, T], venue: PlayedVenue, faults: Iterable[str] = ()) -> T:
    """Drive a flow against the venue; the network does to each request what `faults` says next."""
    upcoming: Iterator[str] = iter(faults)
    reply: Reply | None = None
    failure: Exception | None = None
    while True:
        try:
            step = flow.send(reply) if failure is None else flow.throw(failure)
        except StopIteration as end:
            result: T = end.value
            return result
        reply = failure = None
        if isinstance(step, Wait):
            venue.time += int(step.seconds * 1000)
            if venue.closes:
                venue.close()
            continue
        fault = next(upcoming, OK)
        if fault == RESTART:
            venue.restart()
        if fault == LOST_REQUEST:
            failure = Unreachable("the test's network lost it")
        elif fault == BUSY:
            problem = {"code": "busy", "detail": "", "status": 503}
            reply = Reply(503, "application/problem+json", _json(problem), 1.0)
        else:
            reply = venue.reply(step)
            if fault == LOST_ANSWER:
                reply, failure = None, ConnectionBroken("the test's network lost the answer")


def _json(record: object) -> bytes:
    return json.dumps(record).encode()
