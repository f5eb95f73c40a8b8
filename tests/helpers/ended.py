"""A venue one of whose perpetuals has ended, with traders who still hold and owe lots of it."""

from collections.abc import Collection
from dataclasses import replace

from rollup.protocol.batch import Batch
from rollup.protocol.market import Governance
from rollup.protocol.state import State
from rollup.protocol.takeover import Route, Takeover
from tests.helpers.venue import (
    BTC,
    BTC_PRICE,
    ETH,
    ETH_PRICE,
    TOY,
    USDC,
    Match,
    Suite,
    Venue,
    buy,
    credit,
    sell,
)

LONG, SHORT, OTHER = 1, 2, 3
"""Traders: one holds lots of both markets, two owe lots of the one that has ended."""

LOTS = {LONG: 1000, SHORT: -700, OTHER: -300}
"""Of BTC, which ends."""

FUNDING = 1_234
"""F of BTC as it ends: lots are worth less than their price."""

LAST_PRICE = BTC_PRICE + 7_000
VALUE = LAST_PRICE - FUNDING


def delisted(governance: Governance, *markets: int) -> Governance:
    """The same where these markets are delisted."""
    return replace(
        governance,
        markets=tuple(
            replace(market, delisted=market.delisted or number in markets)
            for number, market in enumerate(governance.markets)
        ),
    )


def delist(venue: Venue, *markets: int) -> None:
    """From the next batch on parameters delist these markets."""
    governance = delisted(venue.genesis.governance, *markets)
    venue.genesis = replace(venue.genesis, governance=governance)


def traded(suite: Suite = TOY) -> Venue:
    """Traders with positions, and F of BTC above zero; both markets live."""
    venue = Venue(suite=suite).with_traders(*[1000 * USDC] * 3)
    book = venue.state.book
    entry = replace(book.markets[BTC], funding=FUNDING)
    with_book(venue, replace(book, markets=(entry, *book.markets[1:])))
    ether = {"price": 250_000, "market": ETH, "slot": 1}
    matches = [
        Match(buy(LONG, 1000), sell(SHORT, 700), 700),
        Match(buy(LONG, 1000), sell(OTHER, 300), 300),
        Match(buy(LONG, 50, **ether), sell(SHORT, 50, **ether), 50, 250_000),
    ]
    venue.run(venue.batch(matches=matches))
    return venue


def in_need(suite: Suite = TOY) -> Venue:
    """The same, where OTHER is far below maintenance with what it owes of ETH, and the backstop is
    rich."""
    venue = Venue(suite=suite).with_traders(1000 * USDC, 1000 * USDC, 100 * USDC)
    first = venue.state.globals.deposits_consumed
    venue.run(venue.batch([credit(first, venue.genesis.governance.backstop_account, 10**12)]))
    ether = {"price": ETH_PRICE, "market": ETH, "slot": 1}
    matches = [
        Match(buy(LONG, 1000), sell(SHORT, 700), 700),
        Match(buy(LONG, 1000), sell(OTHER, 300), 300),
        Match(buy(SHORT, 2500, **ether), sell(OTHER, 2500, **ether), 2500, ETH_PRICE),
    ]
    venue.run(venue.batch(matches=matches))
    delist(venue, BTC)
    venue.run(venue.batch())
    venue.prices = (venue.prices[BTC], 277_000)
    return venue


def with_book(venue: Venue, book: object) -> None:
    """Let the state have another book."""
    venue.state.book = book  # type: ignore[assignment]


def ended(suite: Suite = TOY) -> Venue:
    """BTC is delisted, moves once more, and is over."""
    venue = traded(suite)
    delist(venue, BTC)
    venue.prices = (LAST_PRICE, venue.prices[ETH])
    venue.run(venue.batch())
    return venue


def settlement(account: int, size: int | None = None, fee: int = 0, market: int = BTC) -> Takeover:
    """Of all that a trader has, unless another size is given."""
    size = abs(LOTS[account]) if size is None else size
    return Takeover(account, market, size, fee, Route.SETTLED)


def settling(venue: Venue, *accounts: int) -> Batch:
    """The next batch, in which these are settled."""
    return venue.batch(takeovers=[settlement(account) for account in accounts])


def net_settled(state: State, market: int = BTC) -> int:
    """Lots of a market that has ended which were settled, those that were owed below zero."""
    return state.markets.tallies[market].premium if state.book.is_ended(market) else 0


def require_conserved(state: State, markets: Collection[int] = (BTC, ETH)) -> None:
    """Lots of each perpetual and those settled sum to zero; cash is custody and what was paid for
    lots that were settled."""
    paid = 0
    for market in markets:
        sizes = sum(account.positions[market] for account in state.accounts.values())
        assert sizes + net_settled(state, market) == 0
        entry = state.book.markets[market]
        paid += net_settled(state, market) * (entry.price - entry.funding)
    cash = sum(account.cash for account in state.accounts.values())
    assert cash == state.globals.total + paid
