"""One run of one world: the real engine and the real rules, with keys and salts of its own.

What comes out is what a venue publishes, as bytes: nothing else of a run reaches an observer.
Proofs are not made: that they tell nothing is argued in docs/soundness/zero-knowledge.md, and their
length is one number for a class and a parameter set. Spec: docs/spec/26-leaks.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final, TypeVar

from rollup.crypto.batched import sign_many, verify_many
from rollup.crypto.salt import SaltKey
from rollup.crypto.schnorr import SecretKey
from rollup.hash.batched import compress_many
from rollup.hash.keccak import keccak256
from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.oracle.package import SignedPackage
from rollup.private import Private
from rollup.protocol.cancel import CancelOrder, SignedCancel, cancel_digests
from rollup.protocol.deposit import NO_KEY, NO_VIEWING, EntryKind, QueueEntry
from rollup.protocol.genesis import Genesis
from rollup.protocol.order import Order, Side, SignedOrder, message_digests
from rollup.protocol.outflow import (
    NO_RECEIVER,
    Outflow,
    OutflowKind,
    SignedOutflow,
    outflow_digests,
)
from rollup.protocol.public_json import public_to_json
from rollup.protocol.published_data import published_data
from sequencer.batches.machine import Machine, Setup
from sequencer.batches.receipts import ReceiptChain
from sequencer.demo.market import scene
from sequencer.demo.market.feed import Feed
from sequencer.demo.market.keys import KeySource
from sequencer.demo.market.listing import BTC_MARKET, ETH_MARKET
from sequencer.demo.market.trade import Grid
from sequencer.engine.command import Cancel, OpenBatch, PayOut, Submit, TellKey
from sequencer.leak.acts import Act, Behaviour, Deal, Moment, Retracted, Taken
from sequencer.leak.sight import Sight
from sequencer.oracle.signers import reports

CHAIN: Final = 31337
VENUE: Final = 1
WINDOW_MS: Final = 1_000
HOUR_MS: Final = 3_600_000
START_MS: Final = 1_723_161_600_000
"""The beginning of an hour: a batch is in it until 3,600 batches later."""

PRICES: Final = (618_000, 268_870)
"""Of BTC and ETH when the story begins, in ticks."""

QUANTA: Final = 10**6
DEPOSIT: Final = 100_000 * QUANTA
BACKSTOP_DEPOSIT: Final = 10**6 * QUANTA
ACCOUNTS: Final = (1, 2, 3, 4)
"""Who trades. Accounts 3 and 4 are of one owner."""

OWNERS: Final = {1: "one", 2: "two", 3: "three", 4: "three"}
EXPIRY_MS: Final = 24 * HOUR_MS
MAX_FEE: Final = 1_000
PUBLIC_KEYS: Final = KeySource(insecure_seed=0)
"""Of what is the same in every run: the owners' addresses, the signers of prices and who gives
receipts. Nothing that is private in a venue is drawn from it."""


T = TypeVar("T")


class RunError(Exception):
    """A world did not go as it is written: a defect of the measurement, not of the venue."""


@dataclass(frozen=True, slots=True, repr=False)
class World(Private):
    """A story, what traders do in it, and who keeps the viewing key from the venue."""

    story: tuple[Moment, ...]
    behaviour: Behaviour
    silent: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run shows: how the venue began, and what it published, batch by batch."""

    genesis: Genesis
    sights: tuple[Sight, ...]


def run(world: World, seed: int) -> Seen:
    """Run a world. Keys, salts and envelopes come from the seed, as fresh as the seed is: nothing
    of it is ever a venue's. RunError if the venue did not do what the world says."""
    return _Run(world, KeySource(seed)).seen()


@dataclass(slots=True, repr=False)
class _Run(Private):
    world: World
    keys: KeySource
    genesis: Genesis = field(init=False)
    machine: Machine = field(init=False)
    receipts: ReceiptChain = field(init=False)
    secrets: dict[int, SecretKey] = field(init=False)
    used: dict[int, int] = field(default_factory=dict)
    sights: list[Sight] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.genesis = _genesis(self.keys)
        salts = SaltKey(self.keys.salt_material())
        self.machine = Machine(Setup(self.genesis, salts, compress_many, verify_many))
        self.receipts = ReceiptChain(self.genesis)
        drawn = self.keys.secrets(len(ACCOUNTS))
        self.secrets = dict(zip(ACCOUNTS, drawn, strict=True))

    def seen(self) -> Seen:
        """Everybody registers in the first batch; then the story, moment by moment."""
        self._batch(Moment(WINDOW_MS, PRICES), (), self._entries())
        for moment, acts in zip(self.world.story, self.world.behaviour, strict=True):
            self._batch(moment, acts)
        return Seen(self.genesis, tuple(self.sights))

    def _batch(
        self, moment: Moment, acts: Sequence[Act], entries: tuple[QueueEntry, ...] = ()
    ) -> None:
        core = self.machine.core
        time = core.time + moment.after_ms
        opening = OpenBatch(
            core.number + 1,
            time,
            moment.prices,
            deposits=entries,
            reports=_reports(moment.prices, time),
        )
        self.machine.do(opening)
        self.receipts.follow(opening)
        if entries:
            self._tell()
        self._act(acts, time)
        self._close()

    def _close(self) -> None:
        closing = self.receipts.closing()
        done = self.machine.do(closing)
        self.receipts.follow(closing)
        if done.closed is None:
            raise RunError("a batch did not close")
        outcome = done.closed.outcome
        data = published_data(outcome, compress_many)
        self.sights.append(Sight(public_to_json(outcome.public), data.encode(), None))

    def _tell(self) -> None:
        """The venue learns the viewing keys of its own accounts and of all who tell it theirs."""
        told = self.keys.own_viewing_keys()
        told |= {
            account: self.keys.viewing_key(f"{account}")
            for account in ACCOUNTS
            if account not in self.world.silent
        }
        for account, key in sorted(told.items()):
            self.machine.do(TellKey(account, key))

    def _entries(self) -> tuple[QueueEntry, ...]:
        """Everybody's deposit, and the backstop's."""
        found = [self._registration(place, account) for place, account in enumerate(ACCOUNTS)]
        backstop = self.genesis.governance.backstop_account
        sender = PUBLIC_KEYS.address("backstop")
        credit = (len(found), EntryKind.CREDIT, backstop, sender, NO_KEY, NO_VIEWING)
        return (*found, QueueEntry(*credit, BACKSTOP_DEPOSIT))

    def _registration(self, index: int, account: int) -> QueueEntry:
        public = self.secrets[account].public
        owner = PUBLIC_KEYS.address(OWNERS[account])
        words = (*public.x, *public.y), self.keys.viewing(f"{account}")
        return QueueEntry(index, EntryKind.REGISTER, account, owner, *words, DEPOSIT)

    def _act(self, acts: Sequence[Act], time: int) -> None:
        """Every act as signed commands, each with a receipt for an envelope of its own."""
        for act in acts:
            match act:
                case Deal():
                    sold = self._order(act.seller, Side.SELL, act, time)
                    bought = self._order(act.buyer, Side.BUY, act, time)
                    self._submit(sold, bought)
                    self._require_filled(act, sold, bought)
                case Retracted():
                    order = self._order(act.account, act.side, act, time)
                    self._submit(order)
                    self._cancel(order)
                case Taken():
                    self._take_out(act, time)

    def _order(self, account: int, side: Side, act: Deal | Retracted, time: int) -> Order:
        return Order(
            CHAIN,
            VENUE,
            account,
            self._slot(account),
            1,
            act.market,
            side,
            act.price,
            act.lots,
            time + EXPIRY_MS,
            MAX_FEE,
        )

    def _slot(self, account: int) -> int:
        """The next slot that the account never used."""
        self.used[account] = self.used.get(account, -1) + 1
        return self.used[account]

    def _submit(self, *orders: Order) -> None:
        signatures = self._signed([each.account for each in orders], message_digests, orders)
        for order, signature in zip(orders, signatures, strict=True):
            self.machine.do(Submit(SignedOrder(order, signature), self._receipt()))

    def _cancel(self, order: Order) -> None:
        cancel = CancelOrder(CHAIN, VENUE, order.account, order.slot, order.generation)
        (signature,) = self._signed([order.account], cancel_digests, [cancel])
        self.machine.do(Cancel(SignedCancel(cancel, signature), self._receipt()))
        if (order.account, order.slot) in self.machine.core.live:
            raise RunError("a cancelled order lives on")

    def _take_out(self, act: Taken, time: int) -> None:
        place = (CHAIN, VENUE, act.account, self._slot(act.account), 1)
        outflow = Outflow(*place, OutflowKind.WITHDRAWAL, NO_RECEIVER, act.amount, time + EXPIRY_MS)
        (signature,) = self._signed([act.account], outflow_digests, [outflow])
        self.machine.do(PayOut(SignedOutflow(outflow, signature), self._receipt()))

    def _require_filled(self, act: Deal, *orders: Order) -> None:
        work = self.machine.core.work
        last = work.fills[-1] if work is not None and work.fills else None
        living = [each for each in orders if (each.account, each.slot) in self.machine.core.live]
        if last is None or living or (last.size, last.price) != (act.lots, act.price):
            raise RunError("a deal was not made as it is written")

    def _signed(
        self,
        accounts: Sequence[int],
        digests: Callable[[Sequence[T], CompressMany], list[Digest]],
        messages: Sequence[T],
    ) -> list[bytes]:
        """The signature of each message by the key of its account."""
        found = digests(messages, compress_many)
        signers = [self.secrets[account] for account in accounts]
        made = sign_many(signers, found, self.keys.signing_entropy(len(found)))
        return [each.to_bytes() for each in made]

    def _receipt(self) -> int:
        """The sequence of the receipt of the next envelope, whose sealed bytes are noise."""
        noise = self.keys.address(f"envelope-{self.receipts.sequence}")
        return self.receipts.take(keccak256(noise)).sequence


def _genesis(keys: KeySource) -> Genesis:
    """The venue's parameters, the same for every run; its own two accounts, of keys of the run."""
    fees, backstop = keys.own_headers()
    return replace(_public_genesis(), fee_header=fees, backstop_header=backstop)


@cache
def _public_genesis() -> Genesis:
    grid = Grid(START_MS, WINDOW_MS, 1)
    markets = (BTC_MARKET, ETH_MARKET)
    feed = Feed("worlds", markets, (1, 1), PRICES, grid, None, {}, iter(()))
    return scene.make_genesis(PUBLIC_KEYS, CHAIN, VENUE, feed)


@cache
def _reports(prices: tuple[int, ...], time: int) -> tuple[SignedPackage, ...]:
    """What the signers say of the slot of a batch that ends at a time."""
    governance = _public_genesis().governance
    slot = governance.oracle.slot(time)
    return tuple(
        each
        for key in scene.signer_keys(PUBLIC_KEYS)
        for each in reports(key, governance, prices, slot)
    )
