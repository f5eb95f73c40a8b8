"""The crowd: all traders' traffic of one batch, sealed, with what a real venue has to turn away."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from rollup.crypto.envelope import (
    ENVELOPE_LIFETIME_MS,
    Destination,
    SealingKey,
    ViewingKeyAction,
)
from rollup.crypto.schnorr import SecretKey
from rollup.hash.batched import compress_many
from rollup.protocol.cancel import CancelOrder
from rollup.protocol.order import Order, Side
from rollup.protocol.outflow import NO_RECEIVER, Outflow, OutflowKind
from sequencer.demo.market.dare import Dare
from sequencer.demo.market.keys import KeySource, padding, seal_intents
from sequencer.demo.market.planner import Planner
from sequencer.demo.market.scene import MAX_FEE, USDC
from sequencer.demo.market.tokens import Spot
from sequencer.demo.market.trade import Slice, WantedTrade
from sequencer.demo.market.trader import Intent, Trader
from sequencer.engine.event import VenueReason
from sequencer.service.answer import Answer
from sequencer.service.facts import Ended, Fact, Refused, Voided

BACKDROP_QUOTES = 2
TIDIED_QUOTES = 3
PADDING = 4
MINNOW_WANTS = 30_000 * USDC
"""What the minnow's order is worth that it places with fifty dollars."""

PLANNED_ENDS = (VenueReason.FILLED, VenueReason.CANCELLED, VenueReason.IMMEDIATE_REMAINDER)
"""Ends of orders that the planner counts on."""

PATIENCE_MS = 600_000
"""How long after its batch an order expires, at least; where windows are long, ten of them."""

GOOD_MS = ENVELOPE_LIFETIME_MS // 2
"""How long after its batch an envelope is good: one rule for orders, cancels and padding, because
whoever sends a copy can find it out."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Envelopes in order of arrival, and the intent in each (None: padding, damage or a repeat)."""

    envelopes: tuple[bytes, ...]
    intents: tuple[Intent | None, ...]


class Crowd:
    """Traders with one mind: the planner's. The last trader is the minnow."""

    def __init__(
        self,
        traders: Sequence[Trader],
        keys: KeySource,
        sealing: SealingKey,
        destination: Destination,
        seed: int,
        window_ms: int = 0,
        dare: Dare | None = None,
        spot: Spot | None = None,
    ) -> None:
        """`dare`, and the trade of an asset of `spot`, open the first batch of all."""
        *able, self._minnow = traders
        self._traders = able
        self._keys = keys
        self._sealing = sealing
        self._destination = destination
        self._random = Random(f"crowd/{seed}")
        chain, venue = destination.chain, destination.venue
        self._patience_ms = max(PATIENCE_MS, 10 * window_ms)
        self._planner = Planner(able, chain, venue, MAX_FEE, seed)
        self._dare = dare
        self._leaves = False
        self._spot = spot
        self._spot_is_due = spot is not None
        others: tuple[Trader, ...] = () if dare is None else (dare.buyer, dare.seller)
        if spot is not None:
            others = (*others, spot.holder, spot.buyer)
        self._secrets = {trader.account: trader.secret for trader in (*traders, *others)}
        self._untold = {trader.account: trader for trader in (*traders, *others)}

    def traffic(self, part: Slice, later: Sequence[WantedTrade]) -> Traffic:
        """What everybody sends for one batch; `later` are the trades of the next one."""
        expiry = part.time + self._patience_ms
        self._planner.expire(part.time)
        intents = self._planner.tidy(TIDIED_QUOTES)
        for market in sorted({trade.market for trade in part.trades}):
            intents += self._planner.backdrop(market, part.prices[market], BACKDROP_QUOTES, expiry)
        intents += self._planner.plan(part.trades, later, expiry)
        intents.insert(self._somewhere(intents), self._too_much(part, expiry))
        if self._dare is not None:
            intents[:0] = self._dare.orders(part, expiry)
            self._dare = None
        if self._spot is not None and self._spot_is_due:
            intents[:0] = self._spot.orders(part, expiry)
            self._spot_is_due = False
        if self._leaves:
            intents.append(self._all_out(self._minnow, expiry))
            if self._spot is not None:
                intents.append(self._spot.leave(expiry))
            self._leaves = False
        intents[:0] = [told for each in self._untold.values() for told in each.telling()]
        envelopes = self._seal(intents, self._secrets, part.time + GOOD_MS)
        return self._disturbed(intents, envelopes, part, expiry)

    def leave(self) -> None:
        """In the next batch the minnow, of whom no order was ever taken, takes all it has out, and
        who brought assets all of one."""
        self._leaves = True

    def observe(self, traffic: Traffic, answers: Sequence[Answer]) -> None:
        """Learn what the venue turned away, so that no plan counts on it, and which viewing keys it
        has."""
        for intent, answer in zip(traffic.intents, answers, strict=True):
            if isinstance(intent, ViewingKeyAction) and answer.reason is None:
                del self._untold[intent.account]
            if isinstance(intent, Order) and answer.reason is not None:
                self._planner.forget((intent.account, intent.slot, intent.generation))

    def hear(self, facts: Sequence[tuple[int, Fact]]) -> None:
        """Learn from every trader's private stream which quotes are lost."""
        for account, fact in facts:
            if isinstance(fact, Voided) or (
                isinstance(fact, Ended) and fact.reason in PLANNED_ENDS
            ):
                continue
            if isinstance(fact, Ended | Refused):
                self._planner.forget((account, *fact.key))

    def _seal(
        self, intents: Sequence[Intent], secrets: dict[int, SecretKey], good_until: int
    ) -> list[bytes]:
        return seal_intents(
            intents,
            secrets,
            self._sealing,
            self._destination,
            self._keys,
            compress_many,
            good_until,
        )

    def _somewhere(self, items: Sequence[object]) -> int:
        return self._random.randrange(len(items) + 1)

    def _too_much(self, part: Slice, expiry: int) -> Order:
        """An order that the minnow cannot margin."""
        return self._order(self._minnow, part, 1 + MINNOW_WANTS // part.prices[0], expiry)

    def _all_out(self, trader: Trader, expiry: int) -> Outflow:
        slot, generation = trader.take_slot()
        return Outflow(
            chain=self._destination.chain,
            venue=self._destination.venue,
            account=trader.account,
            slot=slot,
            generation=generation,
            kind=OutflowKind.WITHDRAWAL,
            receiver=NO_RECEIVER,
            amount=trader.capital,
            expiry=expiry,
        )

    def _order(self, trader: Trader, part: Slice, size: int, expiry: int) -> Order:
        slot, generation = trader.take_slot()
        return Order(
            chain=self._destination.chain,
            venue=self._destination.venue,
            account=trader.account,
            slot=slot,
            generation=generation,
            market=0,
            side=Side.BUY,
            price=part.prices[0],
            size=size,
            expiry=expiry,
            max_fee=MAX_FEE,
        )

    def _disturbed(
        self, intents: list[Intent], envelopes: list[bytes], part: Slice, expiry: int
    ) -> Traffic:
        """Traffic with padding, a damaged envelope, a repeated one, and a stolen name."""
        sent: list[tuple[bytes, Intent | None]] = list(zip(envelopes, intents, strict=True))
        repeated = envelopes[0]
        damaged = bytes((*envelopes[-1][:-1], envelopes[-1][-1] ^ 1))
        extra: list[tuple[bytes, Intent | None]] = [
            (padding(self._sealing, self._destination, part.time + GOOD_MS), None)
            for _ in range(PADDING)
        ]
        extra += [(damaged, None), self._stolen_name(part, expiry)]
        for item in extra:
            sent.insert(self._somewhere(sent), item)
        sent.append((repeated, None))
        return Traffic(tuple(e for e, _ in sent), tuple(i for _, i in sent))

    def _stolen_name(self, part: Slice, expiry: int) -> tuple[bytes, Intent | None]:
        """An order in the first trader's name, signed with the second one's key."""
        victim, thief = self._traders[:2]
        order = self._order(victim, part, 1_000, expiry)
        (envelope,) = self._seal([order], {victim.account: thief.secret}, part.time + GOOD_MS)
        return envelope, order


def cancel_count(traffic: Traffic) -> int:
    """Cancels in the traffic."""
    return sum(isinstance(intent, CancelOrder) for intent in traffic.intents)
