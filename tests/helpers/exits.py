"""A mock L1 that was frozen on a state, and books at random in which nobody is below zero."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from random import Random

from rollup.l1.headers import Head, HeaderChain
from rollup.l1.mock import MockL1
from rollup.l1.schedule import Schedule
from rollup.l1.vault import Vault
from rollup.protocol.account import Account, Header
from rollup.protocol.assets import assets_of, market_of
from rollup.protocol.batch import Globals, MarketsState
from rollup.protocol.genesis import Genesis
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook
from rollup.protocol.positions import Positions
from rollup.protocol.roots import fresh_slots_root
from rollup.protocol.state import State
from rollup.protocol.tally import NO_TALLY
from rollup.protocol.terms import batch_terms
from tests.helpers import venue
from tests.helpers.collateral import COLLATERAL_MARKETS, COLLATERAL_ORACLE, COLLATERAL_PRICES
from tests.helpers.l1 import StubVerifier, deployment

GOVERNED = replace(venue.GOVERNANCE, markets=COLLATERAL_MARKETS, oracle=COLLATERAL_ORACLE)
PERPS, COUNTING, IDLE = (0, 1), 2, 3


def genesis_of_assets() -> Genesis:
    """Two perpetuals, an asset that counts, and one that does not."""
    return venue.genesis(GOVERNED, COLLATERAL_PRICES)


def frozen_on(state: State, genesis: Genesis) -> MockL1:
    """An L1 of which this state was the last that was proved, and that holds what is under custody
    and nothing else."""
    root = genesis.state(venue.toy_compress_many).root
    made = deployment(genesis=genesis, root=root)
    l1 = MockL1(made, [StubVerifier()], lambda: venue.START, venue.toy_compress_many)
    kept, globals_ = l1.checkpoint(), state.globals
    kept.headers = HeaderChain(
        Head(globals_.number, globals_.time, state.root, globals_.deposits_consumed)
    )
    kept.schedule, kept.book = Schedule(genesis.governance), state.book.digest()
    kept.vault = Vault(custody=globals_.total, funds=globals_.total)
    for mark in assets_of(genesis.governance):
        lots = state.book.custody(market_of(mark))
        kept.assets[mark] = Vault(mark, custody=lots, funds=lots)
    kept.exits.frozen_at = venue.START
    l1.revert_to(kept)
    return l1


def header_of(index: int) -> Header:
    """The header of an account: whose it is, and his key."""
    return Header(venue.owner(index), venue.public_key(index), venue.viewing(index))


def random_book(random: Random) -> MarketBook:
    """Any prices and funding, some markets over."""
    opened = MarketBook.opened(GOVERNED, venue.START, COLLATERAL_PRICES)
    entries = []
    for number, entry in enumerate(opened.markets):
        funding = random.randrange(-(2**20), 2**20) if number in PERPS else 0
        price = random.choice((entry.price, 1, 2**29 - 1, random.randrange(1, 2**29)))
        ended = random.random() < 0.2
        entries.append(replace(entry, price=price, funding=funding, ended=ended))
    return replace(opened, markets=tuple(entries))


def random_sizes(random: Random, count: int) -> list[dict[int, int]]:
    """Positions of so many accounts: of a perpetual they come to nothing together, and nobody owes
    an asset."""
    sizes: list[dict[int, int]] = [{} for _ in range(count)]
    for market in PERPS:
        lots = [random.choice((0, random.randrange(-(2**20), 2**20))) for _ in range(count - 1)]
        for account, size in zip(sizes, (*lots, -sum(lots)), strict=True):
            account[market] = size
    for account in sizes:
        account[COUNTING] = random.choice((0, 1, random.randrange(2**20)))
        account[IDLE] = random.choice((0, random.randrange(2**20)))
    return sizes


def cash_for(random: Random, sizes: Mapping[int, int], book: MarketBook) -> int:
    """Cash with which an account is not below zero: it owes nothing, or no more than its lots that
    count are worth."""
    worth = sum(sizes[m] * (book.markets[m].price - book.markets[m].funding) for m in PERPS)
    backing = sizes[COUNTING] * book.markets[COUNTING].price
    equity = random.choice((0, -backing, random.randrange(2**40), -random.randrange(backing + 1)))
    return equity - worth


def random_state(random: Random, count: int) -> State:
    """Accounts 1 to `count` in a book, with all of their cash and perpetuals under custody: more
    than is owed."""
    book, sizes = random_book(random), random_sizes(random, count)
    cash = [cash_for(random, each, book) for each in sizes]
    total = sum(cash)
    if total < 0:
        cash[0] -= total
        total = 0
    fresh = fresh_slots_root(venue.toy_compress_many)
    held: Counter[int] = Counter()
    for each in sizes:
        held.update({market: each[market] for market in (COUNTING, IDLE)})
    accounts = {
        index: _account(index, each, amount, fresh)
        for index, (each, amount) in enumerate(zip(sizes, cash, strict=True), 1)
    }
    kept = book.kept({market: held[market] for market in (COUNTING, IDLE)})
    return _state(accounts, kept, total, GOVERNED)


def _account(index: int, sizes: Mapping[int, int], cash: int, fresh: venue.Digest) -> Account:
    positions = Positions(tuple((m, size) for m, size in sorted(sizes.items()) if size))
    triggers = tuple(7 * index + place for place in range(len(positions.held)))
    salt = (index, 2, 3, 4)
    return Account(header_of(index), cash, positions, fresh, salt, triggers, index % 2 == 0)


def _state(
    accounts: Mapping[int, Account], book: MarketBook, total: int, governance: Governance
) -> State:
    listed = batch_terms(governance, MarketBook.opened(governance, 0, COLLATERAL_PRICES))
    markets = MarketsState(
        tuple(terms.numbers for terms in listed), (NO_TALLY,) * len(book.markets), (5, 6, 7, 8)
    )
    globals_ = Globals(3, venue.START, total, 0, (9, 9, 9, 9))
    return State(accounts, markets, globals_, book, venue.toy_compress_many)
