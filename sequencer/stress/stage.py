"""The stage of a stress test: markets of the files, a venue with its mock L1, and people with
money."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from rollup.crypto.batched import verify_many
from rollup.crypto.envelope import ENVELOPE_LIFETIME_MS, Destination
from rollup.crypto.salt import SaltKey
from rollup.hash.batched import compress_many
from rollup.l1.mock import MockL1
from rollup.oracle.package import SignedPackage
from rollup.ports import Verifier
from rollup.protocol.constants import DEPOSITS_MAX
from rollup.protocol.holding import Holding
from rollup.protocol.shape_class import CLASS_S, ShapeClass
from rollup.protocol.terms import MarketTerms
from sequencer.batches.artefacts import LockedFolder
from sequencer.batches.machine import Setup
from sequencer.demo.market import scene
from sequencer.demo.market.feed import Feed
from sequencer.demo.market.keys import KeySource, seal_intents
from sequencer.demo.market.listing import list_market
from sequencer.demo.market.trade import Grid
from sequencer.demo.market.trader import Intent, Trader
from sequencer.oracle.signers import reports
from sequencer.service.venue import Venue
from sequencer.stress.candles import MINUTE_MS, Candles, window
from sequencer.stress.path import PricePath, decimals_of
from sequencer.stress.people import QUANTA, Population, capital_of
from sequencer.stress.queue import Entries
from sequencer.stress.schedule import batch_times

CHAIN: Final = 31337
VENUE_NUMBER: Final = 1
MAKERS: Final = 4
MAKER_DOLLARS: Final = 200_000
"""Of one maker's capital for each account: as much as all of them together can hold against it."""

BACKSTOP_DOLLARS: Final = 150_000
"""Of the backstop's deposit for each account, if nothing else is said: enough that it is not full
even where a price halves, since in this version it cannot sell what it took."""

TAKERS_SHARE: Final = (3, 4)
"""Of a batch's trades: so many are wanted at most, since one may take two makers."""


@dataclass(frozen=True, slots=True)
class StressOptions:
    """What is asked for. `begin` (ms) and `hours` are None for all that the files have; `every` are
    the minutes of a batch at most; `backstop` is in dollars, None for what suits `accounts`, and
    so are `bids`, of each maker, market and side for who is liquidated.
    `insecure_seed` derives every key from a number. Files go under `root`."""

    files: Sequence[Candles]
    root: Path
    begin: int | None = None
    hours: int | None = None
    every: int = 1
    seed: int = 1
    accounts: int = 200
    backstop: int | None = None
    bids: int = 0
    insecure_seed: int | None = None
    shape_class: ShapeClass = CLASS_S
    crash_class: ShapeClass | None = None
    proves: bool = False

    @property
    def backstop_quanta(self) -> int:
        """What is deposited for the backstop."""
        each = BACKSTOP_DOLLARS * self.accounts if self.backstop is None else self.backstop
        return each * QUANTA

    @property
    def span(self) -> tuple[int, int]:
        """From when to when prices are taken, in ms. TapeError if the files lack them."""
        return window(self.files, self.begin, self.hours)

    @property
    def prelude(self) -> int:
        """Batches before the first one of the span, in which everybody is registered, and one
        over."""
        people = self.accounts + MAKERS + 1
        return -(-people // DEPOSITS_MAX) + 1


@dataclass(slots=True)
class Stage:
    """All that a run keeps between its batches, which end at `times`. `liquidated` are the accounts
    that ever were, `entries` what open positions cost."""

    setup: Setup
    folder: LockedFolder
    keys: KeySource
    clock: scene.Clock
    l1: MockL1
    venue: Venue
    people: Population
    paths: Sequence[PricePath]
    times: Sequence[int]
    room: int
    liquidated: set[int] = field(default_factory=set)
    entries: Entries = field(default_factory=Entries)

    def time(self, number: int) -> int:
        """When a batch ends."""
        return self.times[number - 1]

    def reports(self, time: int) -> list[SignedPackage]:
        """What the signers say of the slot of a batch: the prices a minute before it ends."""
        governance, slot = self.setup.genesis.governance, self.venue.slot(time)
        prices = [path.at(slot) for path in self.paths]
        return [
            report
            for key in scene.signer_keys(self.keys)
            for report in reports(key, governance, prices, slot)
        ]

    def envelopes(self, time: int, terms: Sequence[MarketTerms]) -> list[bytes]:
        """What everybody sends for a batch: first, once, the viewing key of who is registered. No
        order comes before all are."""
        holders = self.venue.core.ledger.holders
        everybody = (*self.people.traders, *self.people.makers)
        here = [each for each in everybody if each.account in holders]
        untold = [each for each in here if holders[each.account].viewing_key is None]
        intents: list[Intent] = [told for each in untold for told in each.telling()]
        if len(here) == len(everybody):
            holdings: dict[int, Holding] = {index: each.holding for index, each in holders.items()}
            place = (CHAIN, VENUE_NUMBER)
            intents += self.people.orders(time, terms, holdings, place, self.room)
        return seal_intents(
            intents,
            {each.account: each.secret for each in everybody},
            self.venue.sealing_key,
            Destination(CHAIN, VENUE_NUMBER),
            self.keys,
            compress_many,
            time + ENVELOPE_LIFETIME_MS // 2,
        )


def make_stage(
    options: StressOptions, verifiers: Sequence[Verifier], folder: LockedFolder
) -> Stage:
    """Genesis, L1 with everybody's deposits in its queue, and the venue with an empty journal."""
    keys, paths = KeySource(options.insecure_seed), _paths(options)
    times = batch_times(paths, options.prelude, options.span, options.every)
    feed = _feed(options, paths, times)
    genesis = scene.make_genesis(keys, CHAIN, VENUE_NUMBER, feed)
    material = keys.salt_material()
    folder.start(genesis, material, keys.receipt_material(), keys.own_viewing_keys())
    shape, crash = options.shape_class, options.crash_class
    setup = Setup(genesis, SaltKey(material), compress_many, verify_many, shape, crash)
    clock = scene.Clock(genesis.time)
    l1 = scene.deploy(genesis, keys, verifiers, clock, feed.grid.window_ms)
    traders, makers = _register(l1, keys, options)
    backstop = genesis.governance.backstop_account
    _deposit(l1, keys.address("backstop"), backstop, options.backstop_quanta)
    part, of = TAKERS_SHARE
    return Stage(
        setup=setup,
        folder=folder,
        keys=keys,
        clock=clock,
        l1=l1,
        venue=Venue(setup, folder, l1, keys.address(scene.OPERATOR)),
        people=Population(traders, makers, feed.markets, options.seed, options.bids),
        paths=paths,
        times=times,
        room=shape.trades * part // of,
    )


def _paths(options: StressOptions) -> list[PricePath]:
    return [PricePath(each, decimals_of(each.all[0].open), options.seed) for each in options.files]


def _feed(options: StressOptions, paths: Sequence[PricePath], times: Sequence[int]) -> Feed:
    """The markets of the files and their first prices; trades are made by people alone."""
    begin = times[0] - MINUTE_MS
    prices = tuple(path.at(begin) for path in paths)
    return Feed(
        name=", ".join(str(each.path) for each in options.files),
        markets=tuple(
            list_market(path.candles.symbol, path.decimals, price)
            for path, price in zip(paths, prices, strict=True)
        ),
        divisors=tuple(1 for _ in paths),
        prices=prices,
        grid=Grid(begin, MINUTE_MS, options.shape_class.trades),
        windows=len(times),
        skipped={},
        trades=iter(()),
    )


def _register(
    l1: MockL1, keys: KeySource, options: StressOptions
) -> tuple[list[Trader], list[Trader]]:
    """Traders, then makers, each with its deposit in the queue."""
    random = Random(f"stress/capital/{options.seed}")
    rich = MAKER_DOLLARS * options.accounts * QUANTA
    capitals = [capital_of(random) for _ in range(options.accounts)] + [rich] * MAKERS
    people = []
    for place, (secret, capital) in enumerate(
        zip(keys.secrets(len(capitals)), capitals, strict=True)
    ):
        label = f"trader-{place}"
        owner = keys.address(label)
        l1.mint(owner, capital)
        words = (*secret.public.x, *secret.public.y)
        entry = l1.register(owner, words, keys.viewing(label), capital)
        key = keys.viewing_key(label)
        people.append(Trader(entry.account, owner, secret, capital, viewing_key=key))
    return people[: options.accounts], people[options.accounts :]


def _deposit(l1: MockL1, sender: bytes, account: int, amount: int) -> None:
    l1.mint(sender, amount)
    l1.credit(sender, account, amount)
