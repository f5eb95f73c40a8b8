"""A market maker's day: thousands of quotes, moved 64 at a time, of which a few are taken.

    cd dev/private/accounts
    python ../../../examples/maker_day.py --maker account-00.json --taker account-01.json

Once a batch the taker takes the maker's best quotes, which rest by then, and the maker moves all of
its quotes: 64 in a request, under one signature. It ends with a table, and with exit code 1 if a
quote had another end than it should have.
"""

import sys
import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import ROUND_FLOOR, Decimal
from functools import partial
from statistics import median
from typing import TypeVar

from sequencer.client import Keystore, Terms, Venue, VenueProblem
from sequencer.client.view import OrderView

BUNDLE = 64
"""So many go in a request, and under a signature."""

SPREAD = Decimal("0.0005")
STEP = Decimal("0.0001")
DEAD_MAN_S = 600.0
WAIT_S = 120.0
PAUSE_S = 0.1
SIDES = ("buy", "sell")
EXPECTED = ("replaced", "cancelled")
"""Why a quote may end, beside that it filled."""

UNSTEADY = ("market-unsteady", "market-missing")
"""Why a taker may trade nothing: the oracle's price is held back for a batch, or was not told."""

BEHIND = "between-batches"
"""The venue takes nothing for now, and opened nothing: too many batches wait for their proofs."""

T = TypeVar("T")


class Maker:
    """Quotes in a ladder on both sides of a price; what became of each."""

    def __init__(self, venue: Venue, symbol: str, size: str, levels: int) -> None:
        self.venue, self.symbol, self.size, self.levels = venue, symbol, size, levels
        self.sent: list[OrderView] = []
        self.seconds: list[float] = []
        self._price = Decimal(0)

    def quote(self, most: int) -> None:
        """Move every quote to where the price is now, and place those that filled anew: `most` of
        them."""
        price = self.venue.prices()[self.symbol]
        # What moves away goes first: else bids that rise meet offers that are about to.
        sides = SIDES[::-1] if price >= self._price else SIDES
        living = {each.client_id: each.id for each in self.venue.live_orders()}
        ladder = [each for side in sides for each in self._ladder(side, price, living)][:most]
        self._price = price
        for first in range(0, len(ladder), BUNDLE):
            began = time.monotonic()
            self.sent += self.venue.place(ladder[first : first + BUNDLE])
            self.seconds.append(time.monotonic() - began)

    def _ladder(
        self, side: str, price: Decimal, living: dict[str | None, tuple[int, int]]
    ) -> Iterator[Terms]:
        """One side, the best first. A level is a name; who has it is replaced."""
        tick = self.venue.markets[self.symbol].tick
        for level in range(self.levels):
            away = max((1 + level) * tick, price * (SPREAD + level * STEP))
            bid = ((price - away) / tick).to_integral_value(ROUND_FLOOR) * tick
            at, name = bid if side == "buy" else 2 * price - bid, f"{side}-{level}"
            old = living.get(name)
            yield Terms(
                self.symbol, side, at, self.size, post_only=True, client_id=name, replaces=old
            )

    def best(self, count: int) -> list[OrderView]:
        """The best of both sides in turn: bid, offer, the next bid."""
        living = [each for each in self.venue.live_orders() if each.status == "live"]
        bids = sorted((each for each in living if each.side == "buy"), key=lambda each: -each.price)
        offers = sorted(
            (each for each in living if each.side == "sell"), key=lambda each: each.price
        )
        return [each for pair in zip(bids, offers, strict=False) for each in pair][:count]

    def wrong(self) -> Counter[str]:
        """Quotes that had another end than they should have, by reason."""
        ends = (each.reason or each.status for each in self.sent if each.status != "filled")
        return Counter(reason for reason in ends if reason not in EXPECTED)


def take(taker: Venue, maker: Maker, count: int) -> list[OrderView]:
    """Trade with the best quotes now, each at its price; what came of it, known to the end."""
    opposite = {"buy": "sell", "sell": "buy"}
    orders = taker.place(
        [
            Terms(each.market, opposite[each.side], each.price, each.remaining, "ioc")
            for each in maker.best(count)
        ]
    )
    return [each if each.status == "refused" else each.until("ended", WAIT_S) for each in orders]


def patiently(venue: Venue, act: Callable[[], T]) -> T:
    """Do it, and once more in the next batch where the venue was behind: at the prices of then."""
    while True:
        try:
            return act()
        except VenueProblem as problem:
            if problem.code != BEHIND:
                raise
        next_batch(venue)


def next_batch(venue: Venue) -> None:
    """Wait until a later batch than now is open: what rests has come into the state by then."""
    opened = venue.status().opened
    while (status := venue.status()).opened <= opened or status.closes_at is None:
        time.sleep(PAUSE_S)


def trade(maker: Maker, taker: Venue, options: Namespace) -> list[OrderView]:
    """The day: what the taker did, until all quotes were sent; at its end nothing rests."""
    taken: list[OrderView] = []
    while len(maker.sent) < options.quotes:
        patiently(taker, lambda: maker.quote(options.quotes - len(maker.sent)))
        next_batch(taker)
        done = sum(each.status == "filled" for each in taken)
        due = round(options.filled * len(maker.sent)) - done
        if due > 0:
            taken += patiently(taker, partial(take, taker, maker, due))
    patiently(taker, maker.venue.cancel_all)
    return taken


def table(maker: Maker, taker: Venue, taken: list[OrderView], seconds: float) -> dict[str, object]:
    """What the day came to."""
    sent = maker.sent
    filled = [each for each in sent if each.filled]
    lot = taker.markets[maker.symbol].lot
    positions = maker.venue.positions(), taker.positions()
    return {
        "quotes sent": len(sent),
        "replaced": sum(each.reason == "replaced" for each in sent),
        "cancelled": sum(each.reason == "cancelled" for each in sent),
        "wrong": dict(maker.wrong()) or "none",
        "filled quotes": len(filled),
        "filled lots": int(sum(each.filled for each in filled) / lot),
        "taken, and not filled": dict(unfilled(taken)) or "none",
        "requests with quotes": len(maker.seconds),
        "receipts, both": len(maker.venue.receipts) + len(taker.receipts),
        "seconds": round(seconds, 1),
        "a request, middle": f"{median(maker.seconds):.2f} s",
        "a request, longest": f"{max(maker.seconds):.2f} s",
        "batches": taker.status().opened,
        "position of the maker": positions[0][maker.symbol],
        "position of the taker": positions[1][maker.symbol],
    }


def unfilled(taken: list[OrderView]) -> Counter[str]:
    """The taker's orders that did not fill, by reason."""
    return Counter(each.reason or each.status for each in taken if each.status != "filled")


def main() -> None:
    """Trade for a day, say what it came to."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8550")
    parser.add_argument("--maker", required=True, help="key file")
    parser.add_argument("--taker", required=True, help="key file")
    parser.add_argument("--market", default="BTC-PERP")
    parser.add_argument("--size", default="0.001")
    parser.add_argument("--levels", type=int, default=BUNDLE // 2, help="quotes of each side")
    parser.add_argument("--quotes", type=int, default=10_000)
    parser.add_argument("--filled", type=float, default=0.02, help="part of the quotes")
    options = parser.parse_args()
    began = time.monotonic()
    with (
        Venue.connect(options.url, Keystore.open(options.maker)) as own,
        Venue.connect(options.url, Keystore.open(options.taker)) as taker,
    ):
        patiently(own, own.cancel_all)  # of an earlier run
        own.cancel_all_after(DEAD_MAN_S)
        maker = Maker(own, options.market, options.size, options.levels)
        taken = trade(maker, taker, options)
        said = table(maker, taker, taken, time.monotonic() - began)
    for name, value in said.items():
        print(f"{name:<24}{value}")
    sys.exit(bool(maker.wrong() or any(reason not in UNSTEADY for reason in unfilled(taken))))


if __name__ == "__main__":
    main()
