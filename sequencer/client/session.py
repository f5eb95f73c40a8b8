"""The client without input or output: one account at one venue, as flows (sequencer.client.flow).

It keeps what is public (keys, markets, the clock), own orders, and receipts. Whoever drives it
brings the transport and a clock.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from rollup.codec.fields import Node
from rollup.crypto.answer import ResponseKey, open_action_answer
from rollup.crypto.envelope import (
    Action,
    CancelAction,
    EnvelopeError,
    OrderAction,
)
from rollup.private import Private
from rollup.protocol import misconduct
from rollup.protocol.market import Market
from rollup.protocol.question import Question
from rollup.protocol.receipt import Receipt
from sequencer.client import wire
from sequencer.client.book import OwnBook
from sequencer.client.errors import (
    ClientError,
    EnvelopeRefused,
    NotForUs,
    OrderRefused,
    Unknown,
    VenueProblem,
    WrongAnswer,
    WrongReceipt,
)
from sequencer.client.flow import OCTETS, Ask, Flow, Policy, exchange
from sequencer.client.orders import OwnOrder, State
from sequencer.client.outflows import OwnOutflow
from sequencer.client.receipts import ReceiptBook
from sequencer.client.records import (
    RECEIVED,
    REPLAYED,
    AccountAnswer,
    ActionAnswer,
    Delivered,
    Keys,
    Status,
)
from sequencer.client.signing import (
    PLAIN,
    Sealed,
    Signer,
    TradingKey,
    question_action,
    seal,
)
from sequencer.client.slots import GenerationStore, Slots
from sequencer.client.told import Told

SMALL_BYTES_MAX: Final = 1 << 16
ANSWERS_BYTES_MAX: Final = 1 << 18
"""64 items, each a receipt and a sealed answer in base64: below 100 KiB."""

QUESTION_BYTES_MAX: Final = 1 << 17
ENVELOPES_MAX: Final = 64
RESEALS: Final = 3
"""How often an envelope is sealed anew for a venue that started again, or whose clock is
another."""

PAGES_MAX: Final = 1_000
"""Pages of history read in a row: ten times what a venue keeps."""

NOTHING_TO_CANCEL: Final = "nothing-to-cancel"
NOT_OPENED: Final = "not-opened"
"""The problem of a question that the venue could not open."""

RESEALED: Final = (
    "envelope-not-authentic",
    "envelope-encapsulation",
    "envelope-version",
    "envelope-expired",
    "envelope-too-early",
)

T = TypeVar("T")


@dataclass(slots=True, repr=False)
class Parcel(Private):
    """An action on its way. `after` is the last receipt that was known when it was first sent;
    `answer` what came back sealed, if anything did."""

    action: Action
    order: OwnOrder | None = None
    outflow: OwnOutflow | None = None
    sealed: Sealed | None = None
    after: int = 0
    answer: ActionAnswer | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Account(Private):
    """What the account holds, as the venue last told: cash in quanta, lots by market where there
    are any."""

    time: int
    cash: int
    positions: Mapping[int, int]


class Session:
    """State and elementary flows: `load`, `refresh`, `deliver`."""

    def __init__(
        self,
        key: TradingKey | None,
        store: GenerationStore,
        clock: Callable[[], float],
        signer: Signer = PLAIN,
        policy: Policy | None = None,
        receipt_signer: bytes | None = None,
    ) -> None:
        """`clock` counts seconds from anywhere. With `receipt_signer`, an L1 address, its receipts
        alone count; without, the venue says once whose they are."""
        self.key = key
        self.signer = signer
        self.policy = Policy() if policy is None else policy
        self.book = OwnBook(Slots(store))
        self.receipts: ReceiptBook | None = None
        self.markets: tuple[Market, ...] = ()
        self.account: Account | None = None
        self.told = Told()
        self._receipt_signer = receipt_signer
        self._keys: Keys | None = None
        self._status: Status | None = None
        self._clock = clock
        self._known_at = 0.0
        self._known_time = 0
        self._count = 0

    @property
    def keys(self) -> Keys:
        """What to seal to. Unknown before `load`."""
        if self._keys is None:
            raise Unknown("the venue has not been asked for its keys: connect first")
        return self._keys

    @property
    def status(self) -> Status:
        """What the venue last said of itself. Unknown before `load`."""
        if self._status is None:
            raise Unknown("the venue has not been asked: connect first")
        return self._status

    @property
    def owner(self) -> TradingKey:
        """Whose orders these are. Unknown for a session that only looks."""
        if self.key is None:
            raise Unknown("this needs an account: connect with account=")
        return self.key

    @property
    def now(self) -> int:
        """The venue's time in ms, as far as it can be known here: what its status said last, or its
        receipts and answers later than that, and what has passed since."""
        return self._known_time + int((self._clock() - self._known_at) * 1000)

    def load(self) -> Flow[None]:
        """Keys, status and markets."""
        yield from self.load_keys()
        if not self.markets:
            self.markets = yield from self.get("/v1/markets", wire.markets)

    def load_keys(self) -> Flow[None]:
        """Keys and status: they change when the venue starts again."""
        keys = yield from self.get("/v1/keys", wire.keys)
        self._require_same_venue(keys)
        self._keys = keys
        yield from self.load_status()

    def load_status(self) -> Flow[Status]:
        """The venue's clock, and how far it has come."""
        status = yield from self.get("/v1/status", wire.status)
        self.hear_status(status)
        return status

    def hear_status(self, status: Status) -> None:
        """What the venue says of itself now."""
        self._status = status
        self._known_time = max(status.now, status.closes_at or 0)
        self._known_at = self._clock()

    def refresh(self) -> Flow[AccountAnswer]:
        """Read the account's history to its end, and hold the venue's table of orders against
        it."""
        for _ in range(PAGES_MAX):
            answer = yield from self.read(self.book.cursor)
            if not answer.page.more:
                return answer
        raise WrongAnswer(f"a history of more than {PAGES_MAX} pages")

    def read(self, cursor: int) -> Flow[AccountAnswer]:
        """One page of the history, from a cursor on; with its end also what the account holds."""
        asked_at = self._count + 1
        answer = yield from self._ask(cursor)
        self.hear_time(answer.time)
        self.book.learn(answer.run, answer.page, cursor, self.markets)
        self.book.slots.begin_from(answer.next_generation)
        self.told.hear(answer.is_told)
        if not answer.page.more:
            self.account = Account(answer.time, answer.cash, answer.positions)
            self.book.reconcile(answer, asked_at, self.markets)
        return answer

    def deliver(self, parcels: Sequence[Parcel]) -> Flow[None]:
        """Send actions, up to ENVELOPES_MAX in one request, and take in what is answered.

        A request without an answer is made again with the same bytes, of which the venue takes one.
        An envelope that the venue could not open, since it has another key by now, is sealed anew
        around the same signed action, which can happen once as well: its generation is used up.
        EnvelopeRefused, WrongReceipt and the errors of `exchange`, after every answer was taken in.
        """
        for first in range(0, len(parcels), ENVELOPES_MAX):
            pending = list(parcels[first : first + ENVELOPES_MAX])
            for last in (*[False] * RESEALS, True):
                pending = yield from self._send(pending)
                if not pending:
                    break
                if last:
                    raise EnvelopeRefused(pending[0].outcome)
                yield from self.load_keys()
                for parcel in pending:
                    parcel.sealed = None

    def get(self, path: str, reader: Callable[[Node], T]) -> Flow[T]:
        """A public record."""
        reply = yield from self.exchange(lambda: Ask("GET", path, SMALL_BYTES_MAX))
        return wire.read(reply, path, reader)

    def exchange(self, make: Callable[[], Ask]) -> Flow[bytes]:
        """The body that a request is answered with; made again where that is safe."""

        def counted() -> Ask:
            self._count += 1
            return make()

        reply = yield from exchange(counted, self.policy)
        return reply.body

    def _ask(self, cursor: int) -> Flow[AccountAnswer]:
        """One question; asked anew of a venue that started again, whose keys are others."""
        for last in (*[False] * RESEALS, True):
            try:
                return (yield from self._asked(cursor))
            except VenueProblem as problem:
                if last or problem.code != NOT_OPENED:
                    raise
            yield from self.load_keys()
        raise WrongAnswer("a question is asked at least once")

    def _asked(self, cursor: int) -> Flow[AccountAnswer]:
        """Each try has an envelope of its own: the venue opens none twice."""
        keys: list[ResponseKey] = []

        def make() -> Ask:
            keys.append(ResponseKey.generate())
            question = self.question(cursor, keys[-1])
            return Ask("POST", "/v1/private", QUESTION_BYTES_MAX, question, OCTETS)

        body = yield from self.exchange(make)
        data = self.opened(keys[-1], body)
        answer = wire.read(data, "account", wire.account_answer)
        if answer is None:
            raise OrderRefused("question-refused")
        if answer.account != self.owner.account:
            raise WrongAnswer("an answer about another account than was asked about")
        return answer

    def question(self, cursor: int, response_key: ResponseKey) -> bytes:
        """A sealed question about the account, from a cursor on."""
        to, owner = self.keys.destination, self.owner
        question = Question(to.chain, to.venue, owner.account, response_key.public_bytes, cursor)
        action = question_action(question, owner, self.signer)
        return seal(action, to, self.keys.public_key, self._good_until()).envelope

    def opened(self, key: ResponseKey, sealed: bytes) -> bytes:
        """What was sealed to a response key. NotForUs."""
        return _opened(lambda: key.open(sealed, self.keys.destination))

    def _good_until(self) -> int:
        """By one rule for everything that is sent, since whoever tries can find it out."""
        return self.now + self.keys.lifetime_ms // 2

    def _send(self, parcels: list[Parcel]) -> Flow[list[Parcel]]:
        """One request; those that have to be sealed anew."""
        body = b"".join(self._envelope(parcel) for parcel in parcels)
        ask = Ask("POST", "/v1/envelopes", ANSWERS_BYTES_MAX, body, OCTETS)
        reply = yield from self.exchange(lambda: ask)
        items = wire.read(reply, "/v1/envelopes", wire.deliveries)
        if len(items) != len(parcels):
            raise WrongAnswer(f"{len(parcels)} envelopes were sent, {len(items)} answered")
        failures: list[ClientError] = []
        for parcel, item in zip(parcels, items, strict=True):
            parcel.outcome = item.outcome
            try:
                self._take(parcel, item)
            except ClientError as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return [parcel for parcel in parcels if parcel.outcome in RESEALED]

    def _envelope(self, parcel: Parcel) -> bytes:
        if parcel.sealed is None:
            keys, until = self.keys, self._good_until()
            parcel.sealed = seal(parcel.action, keys.destination, keys.public_key, until)
            parcel.after = 0 if self.receipts is None else self.receipts.last_sequence
            if parcel.order is not None and isinstance(parcel.action, OrderAction):
                parcel.order.good_until = max(parcel.order.good_until, until)
                parcel.order.sealings += 1
            if parcel.outflow is not None:
                parcel.outflow.sealings += 1
        return parcel.sealed.envelope

    def _take(self, parcel: Parcel, item: Delivered) -> None:
        """The venue's word on one envelope."""
        if item.outcome in RESEALED:
            return
        if item.outcome not in (RECEIVED, REPLAYED):
            raise EnvelopeRefused(item.outcome)
        order, sealed = parcel.order, parcel.sealed
        if order is not None and isinstance(parcel.action, OrderAction):
            order.heard_at = self._count
        self._take_receipt(parcel, item)
        if (answer := item.sealed) is not None and sealed is not None:
            data = _opened(lambda: open_action_answer(answer, sealed.answering))
            parcel.answer = wire.read(data, "answer", wire.action_answer)
            self._hear(parcel, parcel.answer)

    def _take_receipt(self, parcel: Parcel, item: Delivered) -> None:
        if self.receipts is None or parcel.sealed is None:
            return
        if item.receipt is None:
            if item.outcome == RECEIVED:
                raise WrongReceipt("an envelope was taken without a receipt for it")
            return
        receipt: Receipt = self.receipts.take(item.receipt, parcel.sealed.envelope, parcel.after)
        self.hear_time(receipt.time)
        about = parcel.order or parcel.outflow
        if about is not None:
            about.receipts.append(item.receipt)

    def _hear(self, parcel: Parcel, answer: ActionAnswer) -> None:
        self.book.hear(answer.facts, self.markets)
        order = parcel.order
        if answer.reason is not None and parcel.outflow is not None:
            parcel.outflow.digest = answer.digest
            parcel.outflow.refuse(answer.reason)
        if answer.reason is None or order is None:
            return
        if isinstance(parcel.action, CancelAction):
            if answer.reason == NOTHING_TO_CANCEL:
                return  # it had ended before
            raise OrderRefused(answer.reason, answer.digest)
        order.digest = answer.digest
        if not order.may_be_there(answer.reason):
            self.book.finish(order, State.REFUSED, answer.reason)

    def _require_same_venue(self, keys: Keys) -> None:
        """Chain and venue stay, and so does whose receipts these are."""
        if self._keys is not None and keys.destination != self._keys.destination:
            raise WrongAnswer("the address is another venue's by now")
        wanted = self._receipt_signer
        if wanted is not None and keys.receipt_signer != wanted:
            came = keys.receipt_signer.hex()
            raise WrongReceipt(f"receipts of {wanted.hex()} are wanted, {came} signs them")
        if self.receipts is None:
            self._receipt_signer, to = keys.receipt_signer, keys.destination
            signer = misconduct.Signer(to.chain, to.venue, keys.receipt_signer)
            self.receipts = ReceiptBook(signer)

    def hear_time(self, time: int) -> None:
        """The venue's clock as an answer has it; an older word does not turn it back."""
        if time > self.now:
            self._known_time, self._known_at = time, self._clock()


def _opened(read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except EnvelopeError as error:
        raise NotForUs(str(error)) from None
