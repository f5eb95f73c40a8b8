"""How long steps stay open where a book of many accounts crashes.

`python -m benchmarks.crash_book`. `crypsis stress` lets every account register and trade, which
takes hours for a hundred thousand. Here the book stands as a run begins: everybody holds what the
traders of `crypsis stress` open, at the first price and without fees, against makers that nothing
endangers. Nobody trades after that. Prices, reports, liquidations, the rules and the roots are
real; nothing is proved. While a step is open the next batch ends `GAP_MS` later, else with the next
minute.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import process_time
from typing import Final

import click

from rollup.crypto.batched import verify_many
from rollup.crypto.salt import SaltKey
from rollup.hash.batched import compress_many
from rollup.protocol.account import Account, Header
from rollup.protocol.batch import Globals, MarketsState
from rollup.protocol.genesis import FIRST_ACCOUNT, NO_SALT, Genesis
from rollup.protocol.holding import Holding
from rollup.protocol.margin import excess, safety_of, triggers_of, value
from rollup.protocol.positions import NO_POSITIONS, Positions
from rollup.protocol.roots import fresh_slots_root
from rollup.protocol.shape_class import CLASS_M, SHAPE_CLASSES
from rollup.protocol.state import State
from rollup.protocol.tally import Tally
from rollup.protocol.terms import MarketTerms, batch_terms
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.machine import Machine, Setup, Standing
from sequencer.demo.market import scene
from sequencer.demo.market.feed import Feed
from sequencer.demo.market.keys import KeySource
from sequencer.demo.market.listing import list_market
from sequencer.demo.market.trade import Grid
from sequencer.demo.market.trader import Trader
from sequencer.engine.command import CloseBatch, OpenBatch
from sequencer.engine.core import new_state
from sequencer.engine.holder import Holder
from sequencer.oracle.signers import reports
from sequencer.service.reports import select
from sequencer.stress.candles import MINUTE_MS, read_candles, time_of
from sequencer.stress.path import PricePath, decimals_of
from sequencer.stress.people import QUANTA, Population, capital_of
from sequencer.stress.run import is_conserved
from sequencer.stress.stage import BACKSTOP_DOLLARS, CHAIN, MAKER_DOLLARS, VENUE_NUMBER

GAP_MS: Final = 1_000
"""Between the ends of two batches of one step."""

ACCOUNTS_A_MAKER: Final = 500


@dataclass(slots=True)
class Step:
    """The batches from one price to the next. `seconds` are those of a processor, for sequencing,
    judging and hashing them; `venue_ms` lie between the ends of its first and its last batch."""

    time: int
    prices: tuple[int, ...]
    batches: int = 0
    venue_ms: int = 0
    seconds: float = 0.0
    accounts: set[int] = field(default_factory=set)
    takeovers: int = 0
    deleveraged: int = 0
    opened: int = 0
    classes: Counter[str] = field(default_factory=Counter)

    def take(self, closed: ClosedBatch, seconds: float) -> None:
        """Count a batch in."""
        steps = closed.outcome.steps
        self.batches += 1
        self.venue_ms = closed.batch.time - self.time
        self.seconds += seconds
        self.accounts |= steps.liquidated
        self.takeovers += len(steps.takeovers)
        self.deleveraged += len(steps.deleveraged)
        self.opened += len(closed.outcome.accounts)
        self.classes[closed.batch.shape_class.name] += 1

    def to_record(self) -> dict[str, object]:
        """A line of output."""
        return {
            "time": self.time,
            "prices": self.prices,
            "batches": self.batches,
            "venue_s": self.venue_ms / 1000,
            "cpu_s": round(self.seconds, 2),
            "liquidated": len(self.accounts),
            "takeovers": self.takeovers,
            "deleveraged": self.deleveraged,
            "accounts_opened": self.opened,
            "classes": dict(self.classes),
        }


@dataclass(frozen=True, slots=True)
class Town:
    """A venue with a full book, and where its prices come from."""

    machine: Machine
    genesis: Genesis
    keys: KeySource
    paths: Sequence[PricePath]
    custody: int

    def step(self, time: int) -> Step:
        """All batches that one price needs, the first of which ends at `time`."""
        found = Step(time, ())
        while not found.batches or self.machine.core.market_book.is_open:
            begun = process_time()
            closed = self._batch(time + found.batches * GAP_MS)
            found.take(closed, process_time() - begun)
        found.prices = closed.batch.prices
        return found

    def _batch(self, time: int) -> ClosedBatch:
        core, governance = self.machine.core, self.genesis.governance
        slot = governance.oracle.slot(time)
        prices = [path.at(slot) for path in self.paths]
        offered = [
            report
            for key in scene.signer_keys(self.keys)
            for report in reports(key, governance, prices, slot)
        ]
        counting = () if core.market_book.is_open else offered
        chosen = select(governance, time, core.market_book, counting)
        opening = OpenBatch(core.number + 1, time, chosen.pricing.prices, reports=chosen.reports)
        self.machine.do(opening)
        closed = self.machine.do(CloseBatch()).closed
        if closed is None:
            raise RuntimeError("a batch that was closed is none")
        return closed

    def health(self) -> dict[str, object]:
        """What has to hold once a step is closed."""
        core = self.machine.core
        terms = batch_terms(core.ledger.governance, core.market_book)
        holdings = [holder.holding for holder in core.ledger.holders.values()]
        return {
            "due": sum(excess(each, terms) < 0 for each in holdings),
            "least_equity": min(value(each, terms).equity for each in holdings),
            "conserved": is_conserved(holdings, self.custody, len(terms)),
        }


def make_town(
    files: Sequence[Path],
    begin: int,
    count: int,
    backstop: int,
    shape: str,
    crash: str | None = None,
) -> Town:
    """A venue of so many traders as a price path begins; `backstop` is in dollars."""
    keys = KeySource(1)
    paths = [_path(file) for file in files]
    genesis = scene.make_genesis(keys, CHAIN, VENUE_NUMBER, _feed(paths, begin))
    terms = batch_terms(genesis.governance, genesis.book())
    holdings = dict(_holdings(count, genesis, terms))
    backstop_account = genesis.governance.backstop_account
    holdings[backstop_account] = Holding(backstop * QUANTA, NO_POSITIONS)
    classes = (SHAPE_CLASSES[name] for name in (shape, crash) if name)
    salts = SaltKey(keys.salt_material())
    setup = Setup(genesis, salts, compress_many, verify_many, *classes)
    custody = sum(each.cash for each in holdings.values())
    standing = _standing(setup, holdings, terms, custody)
    return Town(Machine(setup, standing), genesis, keys, paths, custody)


def _path(file: Path) -> PricePath:
    candles = read_candles(file)
    return PricePath(candles, decimals_of(candles.all[0].open), 1)


def _feed(paths: Sequence[PricePath], begin: int) -> Feed:
    prices = tuple(path.at(begin - MINUTE_MS) for path in paths)
    markets = tuple(
        list_market(path.candles.symbol, path.decimals, price)
        for path, price in zip(paths, prices, strict=True)
    )
    grid = Grid(begin, MINUTE_MS, CLASS_M.trades)
    return Feed("", markets, (1,) * len(paths), prices, grid, None, {}, iter(()))


def _holdings(
    count: int, genesis: Genesis, terms: Sequence[MarketTerms]
) -> Iterator[tuple[int, Holding]]:
    """What traders hold who have just opened their positions, and makers the other sides."""
    random = Random("stress/capital/1")
    secret = KeySource(1).secrets(1)[0]
    traders = [
        Trader(FIRST_ACCOUNT + place, bytes(20), secret, capital_of(random))
        for place in range(count)
    ]
    people = Population(traders, (), genesis.governance.markets, 1)
    sums = [0] * len(terms)
    for trader in traders:
        wishes = people.opening(trader, terms, Holding(trader.capital, NO_POSITIONS))
        sizes = {market: lots for _, market, lots in wishes}
        for market, lots in sizes.items():
            sums[market] += lots
        yield trader.account, _bought(trader.capital, sizes, terms)
    makers = -(-count // ACCOUNTS_A_MAKER)
    for place in range(makers):
        sizes = {
            market: -(total * (place + 1) // makers - total * place // makers)
            for market, total in enumerate(sums)
        }
        capital = MAKER_DOLLARS * ACCOUNTS_A_MAKER * QUANTA
        yield FIRST_ACCOUNT + count + place, _bought(capital, sizes, terms)


def _bought(capital: int, sizes: Mapping[int, int], terms: Sequence[MarketTerms]) -> Holding:
    """Who paid the oracle's price for what it holds."""
    paid = sum(lots * terms[market].price for market, lots in sizes.items())
    held = tuple((market, lots) for market, lots in sorted(sizes.items()) if lots)
    return Holding(capital - paid, Positions(held))


def _standing(
    setup: Setup, holdings: Mapping[int, Holding], terms: Sequence[MarketTerms], custody: int
) -> Standing:
    """The committed state of this book, and the core that knows it."""
    genesis = setup.genesis
    core = new_state(genesis, setup.shape_class, setup.crash_class)
    fresh = fresh_slots_root(compress_many)
    accounts = {
        index: Account(holder.header, 0, NO_POSITIONS, fresh, NO_SALT)
        for index, holder in core.ledger.holders.items()
    }
    for index, holding in holdings.items():
        known = core.ledger.holders.get(index)
        header = _header(genesis, index) if known is None else known.header
        safety = max(0, safety_of(value(holding, terms)))
        triggers = triggers_of(holding.positions, safety, terms)
        accounts[index] = Account(header, holding.cash, holding.positions, fresh, NO_SALT, triggers)
        core.ledger.holders[index] = holder = Holder(header, holding)
        holder.count(terms)
        core.ledger.index.put(index, holder)
    core.tallies = _tallies(holdings.values(), len(terms))
    markets = MarketsState(tuple(each.numbers for each in terms), core.tallies, NO_SALT)
    globals_ = Globals(
        number=0, time=genesis.time, total=custody, deposits_consumed=0, salt=NO_SALT
    )
    return Standing(core, State(accounts, markets, globals_, genesis.book(), compress_many))


def _tallies(holdings: Iterable[Holding], markets: int) -> tuple[Tally, ...]:
    """The open interest of each market; there was no trade yet."""
    lots = [0] * markets
    for holding in holdings:
        for market, size in holding.positions.held:
            lots[market] += max(size, 0)
    return tuple(Tally(0, 0, each) for each in lots)


def _header(genesis: Genesis, index: int) -> Header:
    """Nobody signs anything: all have the key of the fee account."""
    return Header(index.to_bytes(20, "big"), genesis.fee_header.key, genesis.fee_header.viewing)


@click.command()
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--begin", required=True, help="The first minute, in UTC: 2020-03-12T10:00.")
@click.option("--minutes", type=click.IntRange(1), default=60, show_default=True)
@click.option("--accounts", type=click.IntRange(2), default=100_000, show_default=True)
@click.option("--backstop", type=click.IntRange(0), help="Dollars; else as in crypsis stress.")
@click.option(
    "--shape-class", type=click.Choice(list(SHAPE_CLASSES)), default=CLASS_M.name, show_default=True
)
@click.option("--crash-class", type=click.Choice(list(SHAPE_CLASSES)))
def main(
    files: tuple[Path, ...],
    begin: str,
    minutes: int,
    accounts: int,
    backstop: int | None,
    shape_class: str,
    crash_class: str | None,
) -> None:
    """A line of JSON a step, on stdout."""
    start = time_of(begin)
    dollars = BACKSTOP_DOLLARS * accounts if backstop is None else backstop
    town = make_town(files, start, accounts, dollars, shape_class, crash_class)
    time = start + MINUTE_MS
    while time <= start + minutes * MINUTE_MS:
        step = town.step(time)
        click.echo(json.dumps({**step.to_record(), **town.health()}))
        time += -(-(step.venue_ms + 1) // MINUTE_MS) * MINUTE_MS


if __name__ == "__main__":
    main()
