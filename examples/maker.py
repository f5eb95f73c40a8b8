"""A market maker: quotes both sides of the oracle's price, and moves its quotes along with it.

    CRYPSIS_ACCOUNT=dev/private/accounts/account-00.json python examples/maker.py --rounds 10

The dead man's switch ends its quotes if this program, its machine or its network dies.
"""

import os
import time
from argparse import ArgumentParser
from decimal import ROUND_FLOOR, Decimal

from sequencer.client import Keystore, Terms, Venue

SPREAD = Decimal("0.0005")
DEAD_MAN_S = 30.0


def quotes(venue: Venue, symbol: str, size: str, price: Decimal) -> list[Terms]:
    """One order each side, on the grid: rounding is this bot's own, and away from the price. Each
    takes the place of the one before it, and both are signed together."""
    tick = venue.markets[symbol].tick
    away = max(tick, price * SPREAD)
    bid = ((price - away) / tick).to_integral_value(ROUND_FLOOR) * tick
    living = {each.client_id: each.id for each in venue.live_orders()}

    def quote(side: str, at: Decimal) -> Terms:
        name = f"{symbol}-{side}"
        old = living.get(name)
        return Terms(symbol, side, at, size, post_only=True, client_id=name, replaces=old)

    return [quote("buy", bid), quote("sell", 2 * price - bid)]


def main() -> None:
    """Quote, wait, replace the quotes; at the end cancel everything."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8550")
    parser.add_argument("--market", default="BTC-PERP")
    parser.add_argument("--size", default="0.001")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--pause", type=float, default=1.0)
    options = parser.parse_args()
    account = Keystore.open(os.environ["CRYPSIS_ACCOUNT"])
    with Venue.connect(options.url, account) as venue:
        venue.cancel_all()  # of an earlier run
        venue.cancel_all_after(DEAD_MAN_S)
        for _ in range(options.rounds):
            price = venue.prices()[options.market]
            placed = venue.place(quotes(venue, options.market, options.size, price))
            print(*(f"{each.side} {each.price} {each.status}" for each in placed), sep=", ")
            time.sleep(options.pause)
        venue.cancel_all()
        print("position", venue.positions()[options.market], "fills", len(venue.fills()))


if __name__ == "__main__":
    main()
