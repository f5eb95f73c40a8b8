"""A small venue for tests: a genesis, traders, and batches built honestly or bent on purpose.

`Venue` keeps a State and builds the next batch from deposits and fills, as the sequencer would.
Hashing and signatures are given: `TOY` is a fast stand-in for tests of rules, `real()` the
production pair. A stand-in accepts exactly the signatures that it made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import blake2b

from rollup.crypto import schnorr
from rollup.crypto.address_key import AddressKey
from rollup.crypto.curve import Point
from rollup.crypto.salt import SaltKey
from rollup.field.koalabear import P
from rollup.hash.keccak import keccak256
from rollup.hash.many import CompressMany, compress_many
from rollup.hash.poseidon import Digest
from rollup.oracle.package import SignedPackage
from rollup.protocol.account import Header
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.batch import Batch, Fill, NewSalts
from rollup.protocol.bundle import bundle_digests, bundle_levels, path_of
from rollup.protocol.cancel import CancelOrder, SignedCancel, cancel_digests
from rollup.protocol.constants import RESTING_PLACE
from rollup.protocol.deposit import NO_KEY, NO_VIEWING, EntryKind, QueueEntry
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, FEE_ACCOUNT, Genesis
from rollup.protocol.market import Governance, Market
from rollup.protocol.openings import completed
from rollup.protocol.order import Order, Side, SignedOrder, message_digest
from rollup.protocol.outcome import Outcome
from rollup.protocol.outflow import Outflow, OutflowKind, SignedOutflow, outflow_digests
from rollup.protocol.positions import Positions
from rollup.protocol.receipt import RECEIPTS_START
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.shape_class import CLASS_S, ShapeClass
from rollup.protocol.slot import SlotKey
from rollup.protocol.state import State
from rollup.protocol.takeover import OrderTakeover, Route, Takeover, full_rest
from rollup.protocol.terms import market_terms
from rollup.protocol.transition import apply_batch
from rollup.protocol.units import VerifyMany
from tests.helpers.oracle import oracle_terms, reports

CHAIN, VENUE = 31337, 7
START = 1_723_000_000_000
BTC, ETH = 0, 1
BTC_PRICE, ETH_PRICE = 600_000, 250_000
"""60,000.0 and 2,500.00 dollars in ticks."""

USDC = 10**6
DOLLARS = USDC

BTC_MARKET = Market(
    symbol="BTC",
    price_decimals=1,
    size_decimals=5,
    initial_fraction=1000,
    maintenance_fraction=500,
    band_fraction=400,
    taker_fee=500,
    maker_fee=100,
    liquidation_fee=250,
    bucket=600,
    funding_cap=200,
    interest=100,
    impact_notional=10**10,
    open_interest_cap=2**40 - 1,
)
ETH_MARKET = Market(
    symbol="ETH",
    price_decimals=2,
    size_decimals=4,
    initial_fraction=1000,
    maintenance_fraction=500,
    band_fraction=400,
    taker_fee=450,
    maker_fee=0,
    liquidation_fee=250,
    bucket=250,
    funding_cap=0,
    interest=0,
    impact_notional=10**10,
    open_interest_cap=2**40 - 1,
)
PRICES = (BTC_PRICE, ETH_PRICE)
GOVERNANCE = Governance(
    markets=(BTC_MARKET, ETH_MARKET),
    fee_account=FEE_ACCOUNT,
    backstop_account=BACKSTOP_ACCOUNT,
    clock_behind_ms=60_000,
    clock_ahead_ms=5_000,
    oracle=oracle_terms(("BTC", "ETH"), PRICES),
)
MAX_FEE = 1000
BACKSTOP = b"\xbb" * 20
"""Who owns the backstop."""


@cache
def trader_key(account: int) -> schnorr.SecretKey:
    """The key of a test account: fixed, and known to everybody."""
    return schnorr.SecretKey(1_000_003 + 7919 * account)


@cache
def public_key(account: int) -> Point:
    return trader_key(account).public


def owner(account: int) -> bytes:
    """The L1 address of a test account."""
    return account.to_bytes(4, "big").rjust(20, b"\xaa")


def viewing_key(account: int) -> Digest:
    """What reads what is published of a test account."""
    return (account, 1, 2, 3, 4, 5, 6, 7)


@cache
def viewing(account: int) -> Digest:
    """The commitment to that key."""
    return viewing_commitment(viewing_key(account), compress_many)


Signer = Callable[[int, Digest], bytes]
"""Signature bytes of a message by the key of an account."""


@dataclass(frozen=True)
class Suite:
    """Hashing and signatures that a venue runs on."""

    compress_many: CompressMany
    verify_many: VerifyMany
    sign: Signer


def told_keys(draft: Batch, suite: Suite) -> tuple[tuple[int, Digest], ...]:
    """The viewing keys of the accounts that a batch opens, but for every fourth, whose owner told
    nobody, and for those that it registers or rotates. None fits where hashes are toys."""
    renewed = {entry.account for entry in draft.deposits if entry.has_key}
    told = {
        each.index: each.account.header.viewing
        for each in draft.pre.accounts
        if each.account is not None and each.index % 4 and each.index not in renewed
    }
    found = ((index, viewing_key(index)) for index in told)
    fits = suite.compress_many
    return tuple((i, key) for i, key in found if viewing_commitment(key, fits) == told[i])


def toy_compress(left: Digest, right: Digest) -> Digest:
    data = b"".join(word.to_bytes(4, "little") for word in (*left, *right))
    words = blake2b(data, digest_size=32).digest()
    a, b, c, d, e, f, g, h = (
        int.from_bytes(words[i : i + 4], "little") % P for i in range(0, 32, 4)
    )
    return (a, b, c, d, e, f, g, h)


def toy_compress_many(left: Sequence[Digest], right: Sequence[Digest]) -> list[Digest]:
    return [toy_compress(a, b) for a, b in zip(left, right, strict=True)]


def toy_signature(key: Point, message: Digest) -> bytes:
    words = b"".join(word.to_bytes(4, "little") for word in (*key.x, *key.y, *message))
    return blake2b(words, digest_size=42).digest() * 2


def toy_verify_many(
    keys: Sequence[Point], messages: Sequence[Digest], signatures: Sequence[bytes]
) -> list[bool]:
    triples = zip(keys, messages, signatures, strict=True)
    return [toy_signature(key, message) == signature for key, message, signature in triples]


TOY = Suite(
    toy_compress_many, toy_verify_many, lambda account, m: toy_signature(public_key(account), m)
)


def real() -> Suite:
    """Poseidon and Schnorr by the kernels: what production runs on."""
    from rollup.crypto import batched as signatures  # kernels, only when asked
    from rollup.hash import batched as hashing

    def sign(account: int, message: Digest) -> bytes:
        return signatures.sign(trader_key(account), message, bytes(32)).to_bytes()

    return Suite(hashing.compress_many, signatures.verify_many, sign)


RECEIPT_MATERIAL = keccak256(b"the receipt key of the tests")
RECEIPT_KEY = AddressKey(RECEIPT_MATERIAL)


def genesis(governance: Governance = GOVERNANCE, prices: tuple[int, ...] = PRICES) -> Genesis:
    return Genesis(
        chain=CHAIN,
        venue=VENUE,
        time=START,
        governance=governance,
        prices=prices,
        fee_header=Header(owner=owner(0), key=public_key(0), viewing=viewing(0)),
        backstop_header=Header(
            owner=BACKSTOP, key=public_key(BACKSTOP_ACCOUNT), viewing=viewing(9)
        ),
        receipt_signer=RECEIPT_KEY.address,
    )


def register(index: int, account: int, amount: int, asset: int = 0) -> QueueEntry:
    """A well-formed registration."""
    key = public_key(account)
    return QueueEntry(
        index=index,
        kind=EntryKind.REGISTER,
        account=account,
        owner=owner(account),
        key_words=(*key.x, *key.y),
        viewing_words=viewing(account),
        amount=amount,
        asset=asset,
    )


def credit(index: int, account: int, amount: int, asset: int = 0) -> QueueEntry:
    return QueueEntry(
        index=index,
        kind=EntryKind.CREDIT,
        account=account,
        owner=owner(account),
        key_words=NO_KEY,
        viewing_words=NO_VIEWING,
        amount=amount,
        asset=asset,
    )


OTHER_KEY = 1_000_000
"""The other key of an account has the number of the account and this."""


def rotate(index: int, account: int, amount: int, sender: bytes | None = None) -> QueueEntry:
    """Its owner, or somebody else, gives an account its other key."""
    key = public_key(OTHER_KEY + account)
    return QueueEntry(
        index=index,
        kind=EntryKind.ROTATE,
        account=account,
        owner=owner(account) if sender is None else sender,
        key_words=(*key.x, *key.y),
        viewing_words=viewing(OTHER_KEY + account),
        amount=amount,
    )


def take_out(index: int, account: int, amount: int, sender: bytes | None = None) -> QueueEntry:
    """Its owner, or somebody else, wants USDC out of an account."""
    entry = credit(index, account, amount)
    sent_by = owner(account) if sender is None else sender
    return replace(entry, kind=EntryKind.EXIT, owner=sent_by)


def buy(account: int, size: int, price: int = BTC_PRICE, **terms: int) -> Order:
    """A buy order with generous terms, each of which can be replaced."""
    return _order(Side.BUY, account, size, price, **terms)


def sell(account: int, size: int, price: int = BTC_PRICE, **terms: int) -> Order:
    return _order(Side.SELL, account, size, price, **terms)


def withdraw(account: int, amount: int, **terms: int) -> Outflow:
    """A withdrawal with generous terms, each of which can be replaced."""
    return _outflow(OutflowKind.WITHDRAWAL, account, 0, amount, **terms)


def transfer(account: int, receiver: int, amount: int, **terms: int) -> Outflow:
    return _outflow(OutflowKind.TRANSFER, account, receiver, amount, **terms)


def cancel(account: int, **terms: int) -> CancelOrder:
    """A cancel of what `buy` and `sell` make, each member of which can be replaced."""
    defaults = {"chain": CHAIN, "venue": VENUE, "slot": 0, "generation": 1}
    return CancelOrder(account=account, **{**defaults, **terms})


def _outflow(kind: OutflowKind, account: int, receiver: int, amount: int, **terms: int) -> Outflow:
    defaults = {"chain": CHAIN, "venue": VENUE, "slot": 9, "generation": 1, "expiry": START + 10**9}
    members = {**defaults, **terms}
    return Outflow(account=account, kind=kind, receiver=receiver, amount=amount, **members)


def _order(side: Side, account: int, size: int, price: int, **terms: int) -> Order:
    defaults = {
        "chain": CHAIN,
        "venue": VENUE,
        "slot": 0,
        "generation": 1,
        "market": BTC,
        "expiry": START + 10**9,
        "max_fee": MAX_FEE,
    }
    members = {**defaults, **terms}
    return Order(account=account, side=side, price=price, size=size, **members)


@dataclass(frozen=True)
class Match:
    """A fill to build: two orders meeting at a price for a size, the buyer taking unless said."""

    buy: Order
    sell: Order
    size: int
    price: int = BTC_PRICE
    taker: Side = Side.BUY


@dataclass(frozen=True)
class ByOrder:
    """A takeover by an order to build; what is left to the backstop is whole unless said."""

    order: Order
    account: int
    size: int
    price: int
    rest: int | None = None


@dataclass
class Venue:
    """A state, and honest batches on top of it."""

    suite: Suite = TOY
    genesis: Genesis = field(default_factory=genesis)
    salt_key: SaltKey = field(default_factory=lambda: SaltKey(bytes(range(32))))
    prices: tuple[int, ...] = PRICES
    reports: tuple[SignedPackage, ...] = ()
    keys: dict[int, int] = field(default_factory=dict)
    """Whose key accounts have that have not their first one any more."""
    shape_class: ShapeClass = CLASS_S

    def __post_init__(self) -> None:
        self.state: State = self.genesis.state(self.suite.compress_many)

    def signed(self, order: Order, by: int | None = None) -> SignedOrder:
        """The order signed by its account's key, or by another account's."""
        message = message_digest(order, self.suite.compress_many)
        signer = self.keys.get(order.account, order.account) if by is None else by
        return SignedOrder(order, self.suite.sign(signer, message))

    def bundled(
        self, actions: Sequence[Order | CancelOrder], by: int | None = None
    ) -> list[SignedOrder | SignedCancel]:
        """Orders and cancels of an account under one signature, by its key or another account's."""
        compress = self.suite.compress_many
        digests = [
            message_digest(each, compress)
            if isinstance(each, Order)
            else cancel_digests([each], compress)[0]
            for each in actions
        ]
        levels = bundle_levels(digests, compress)
        (message,) = bundle_digests(levels[-1], compress)
        account = actions[0].account
        signer = self.keys.get(account, account) if by is None else by
        signature = self.suite.sign(signer, message)
        paths = [path_of(levels, place) for place in range(len(actions))]
        return [
            SignedOrder(each, signature, path)
            if isinstance(each, Order)
            else SignedCancel(each, signature, path)
            for each, path in zip(actions, paths, strict=True)
        ]

    def signed_outflow(self, outflow: Outflow, by: int | None = None) -> SignedOutflow:
        """The outflow signed by its account's key, or by another account's."""
        (message,) = outflow_digests([outflow], self.suite.compress_many)
        signer = self.keys.get(outflow.account, outflow.account) if by is None else by
        return SignedOutflow(outflow, self.suite.sign(signer, message))

    def batch(
        self,
        deposits: Sequence[QueueEntry] = (),
        matches: Sequence[Match] = (),
        step: int = 1000,
        takeovers: Sequence[Takeover] = (),
        refreshed: Sequence[int] = (),
        outflows: Sequence[Outflow | SignedOutflow] = (),
        reported: bool = True,
        by_orders: Sequence[ByOrder] = (),
        exits: Sequence[int] = (),
        placed: Sequence[Order] = (),
        cancels: Sequence[CancelOrder] = (),
        lapsed: Sequence[SlotKey] = (),
    ) -> Batch:
        """The next batch with these deposits, fills, takeovers and outflows, and accounts opened
        for their triggers only; its window ends `step` ms later. `reported`: signers reported its
        prices, if it begins a step. `exits`: which of its entries are paid. Orders that rest in
        their slots are named there, others are signed; `placed` are some that nothing fills."""
        orders, resting = self._orders([order for m in matches for order in (m.buy, m.sell)])
        others, rested = self._orders([each.order for each in by_orders])
        orders += [order for order in (*others, *placed) if order not in orders]
        resting += [order for order in rested if order not in resting]

        def place(order: Order) -> int:
            if order in resting:
                return RESTING_PLACE + resting.index(order)
            return orders.index(order)

        order_takeovers = tuple(
            OrderTakeover(place(b.order), b.account, b.size, b.price, self._rest(b))
            for b in by_orders
        )
        fills = tuple(Fill(place(m.buy), place(m.sell), m.price, m.size, m.taker) for m in matches)
        signed = tuple(self.signed(order) for order in orders)
        paid = tuple(
            o if isinstance(o, SignedOutflow) else self.signed_outflow(o) for o in outflows
        )
        return self.assemble(
            tuple(deposits),
            signed,
            fills,
            step,
            tuple(takeovers),
            refreshed,
            paid,
            reported,
            order_takeovers,
            tuple(exits),
            tuple((order.account, order.slot) for order in resting),
            tuple(self.signed_cancel(cancel) for cancel in cancels),
            tuple(sorted(lapsed)),
        )

    def _orders(self, orders: Sequence[Order]) -> tuple[list[Order], list[Order]]:
        """Those that have to be signed, each once, and those that rest in their slots."""
        distinct = list(dict.fromkeys(orders))
        resting = [order for order in distinct if self.rests(order)]
        return [order for order in distinct if order not in resting], resting

    def rests(self, order: Order) -> bool:
        """Whether an order is the one that rests in its slot."""
        stored = self.state.slot(order.account, order.slot)
        return stored.order is not None and stored.generation == order.generation + 1

    def signed_cancel(self, cancel: CancelOrder, by: int | None = None) -> SignedCancel:
        """The cancel signed by its account's key, or by another account's."""
        (message,) = cancel_digests([cancel], self.suite.compress_many)
        signer = self.keys.get(cancel.account, cancel.account) if by is None else by
        return SignedCancel(cancel, self.suite.sign(signer, message))

    def _rest(self, given: ByOrder) -> int:
        order = given.order
        market = self.genesis.governance.markets[order.market]
        terms = market_terms(market, self.prices[order.market], 0)
        full = full_rest(given.size, given.price, order.side, terms)
        return full if given.rest is None else given.rest

    def assemble(
        self,
        deposits: tuple[QueueEntry, ...],
        orders: tuple[SignedOrder, ...],
        fills: tuple[Fill, ...],
        step: int = 1000,
        takeovers: tuple[Takeover, ...] = (),
        refreshed: Sequence[int] = (),
        outflows: tuple[SignedOutflow, ...] = (),
        reported: bool = True,
        order_takeovers: tuple[OrderTakeover, ...] = (),
        exits: tuple[int, ...] = (),
        resting: tuple[SlotKey, ...] = (),
        cancels: tuple[SignedCancel, ...] = (),
        lapsed: tuple[SlotKey, ...] = (),
    ) -> Batch:
        """A batch of given parts, with the openings and salts that they need; but one that the
        rules will refuse may lack leaves of triggers."""
        number, governance = self.state.globals.number + 1, self.genesis.governance
        touched: dict[int, set[int]] = {self.genesis.governance.fee_account: set()}
        for entry in deposits:
            touched.setdefault(entry.account, set())
        used = [(signed.order.account, signed.order.slot) for signed in orders]
        used += [(signed.cancel.account, signed.cancel.slot) for signed in cancels]
        for account, slot in (*used, *resting, *lapsed):
            touched.setdefault(account, set()).add(slot)
        if takeovers or order_takeovers or governance.refresh_fee:
            touched.setdefault(self.genesis.governance.backstop_account, set())
        takers = (each.taker for each in takeovers if each.route is not Route.BACKSTOP)
        losers = [takeover.account for takeover in (*takeovers, *order_takeovers)]
        for index in (*losers, *takers, *refreshed):
            touched.setdefault(index, set())
        for paid in outflows:
            touched.setdefault(paid.outflow.account, set()).add(paid.outflow.slot)
            if not paid.outflow.is_withdrawal:
                touched.setdefault(paid.outflow.receiver, set())
        time = self.state.globals.time + step
        draft = Batch(
            shape_class=self.shape_class,
            chain=self.genesis.chain,
            venue=self.genesis.venue,
            number=number,
            time=time,
            reports=self._reports(time) if reported else self.reports,
            prices=self.prices,
            redo=False,
            governance=self.genesis.governance,
            receipts=RECEIPTS_START,
            old_root=self.state.root,
            deposits=deposits,
            orders=orders,
            fills=fills,
            takeovers=takeovers,
            pre=self.state.open(touched),
            salts=NewSalts(
                accounts=tuple(self.salt_key.account(i, number, 0) for i in sorted(touched)),
                markets=self.salt_key.markets(number, 0),
                globals=self.salt_key.globals(number, 0),
            ),
            frontiers=((0, 0),) * len(governance.markets),
            outflows=outflows,
            order_takeovers=order_takeovers,
            exits=exits,
            resting=resting,
            cancels=cancels,
            lapsed=lapsed,
        )
        try:
            draft = completed(draft, self.state)
        except Rejected:
            return draft
        return replace(draft, viewing_keys=told_keys(draft, self.suite))

    def _reports(self, time: int) -> tuple[SignedPackage, ...]:
        if self.reports or self.state.book.is_open:
            return self.reports
        return tuple(reported_for(self.genesis.governance, self.prices, time))

    def apply(self, batch: Batch) -> Outcome:
        """What the rules say, without adopting it."""
        return apply_batch(
            batch, compress_many=self.suite.compress_many, verify_many=self.suite.verify_many
        )

    def run(self, batch: Batch) -> Outcome:
        """Apply a batch and become the state after it."""
        outcome = self.apply(batch)
        self.state.adopt(outcome)
        return outcome

    def refusal(self, batch: Batch) -> Reason:
        """The reason the rules refuse a batch for. Fails if they do not."""
        try:
            self.apply(batch)
        except Rejected as refusal:
            return refusal.reason
        raise AssertionError("the rules accept this batch")

    def with_traders(self, *amounts: int) -> "Venue":
        """Register accounts 1.. with these deposits, in one batch."""
        first = self.state.globals.deposits_consumed
        entries = [
            register(first + place, place + 1, amount) for place, amount in enumerate(amounts)
        ]
        self.run(self.batch(entries))
        return self


def reported_for(governance: Governance, prices: Sequence[int], time: int) -> list[SignedPackage]:
    """What signers report so that a batch of this time has these prices, in the order of rules."""
    found = reports(governance, prices, time)
    place = {feed.feed: market for market, feed in enumerate(governance.oracle.feeds)}
    return sorted(found, key=lambda each: place[each.package.points[0].feed])


def with_pre(batch: Batch, **changes: object) -> Batch:
    """The batch with members of its partial state replaced."""
    return replace(batch, pre=replace(batch.pre, **changes))  # type: ignore[arg-type]


def begun(batch: Batch) -> Batch:
    """The batch, if the one before it had left its step open."""
    book = replace(batch.pre.book, open_since=START)
    return replace(with_pre(batch, book=book), reports=())


def held(*sizes: int) -> Positions:
    """Positions from a size for each of the first markets."""
    return Positions(tuple((market, size) for market, size in enumerate(sizes) if size))


def refusal(make: Callable[[], object]) -> Reason:
    """The reason for which a record cannot even be made."""
    try:
        make()
    except Rejected as rejected:
        return rejected.reason
    raise AssertionError("nothing was refused")
