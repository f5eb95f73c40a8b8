"""A taker: buys what is offered near the oracle's price, and waits until it is proved on L1.

CRYPSIS_ACCOUNT=dev/private/accounts/account-01.json python examples/taker.py --wait verified
"""

import asyncio
import os
from argparse import ArgumentParser
from decimal import ROUND_CEILING, Decimal

from sequencer.client import AsyncVenue, Keystore, OrderRefused

SLIPPAGE = Decimal("0.002")


async def take(venue: AsyncVenue, symbol: str, size: str, wait: str) -> bool:
    """One order that trades now or not at all; whether it traded."""
    tick = venue.markets[symbol].tick
    price = (await venue.prices())[symbol] * (1 + SLIPPAGE)
    limit = (price / tick).to_integral_value(ROUND_CEILING) * tick
    order = await venue.order(symbol, "buy", limit, size, time_in_force="ioc")
    try:
        order = await order.until(wait, timeout=600)
    except OrderRefused as refused:
        print(f"nothing was offered up to {limit}: {refused.reason}")
        return False
    for fill in order.fills:
        print(f"bought {fill.size} at {fill.price} in batch {fill.batch}")
    print(f"{wait}: {order.filled} of {order.size}; {len(order.receipts)} receipt")
    return True


async def main() -> None:
    """Try until something was bought, or no try is left."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8550")
    parser.add_argument("--market", default="BTC-PERP")
    parser.add_argument("--size", default="0.001")
    parser.add_argument("--tries", type=int, default=10)
    parser.add_argument("--wait", choices=["filled", "ended", "verified"], default="filled")
    options = parser.parse_args()
    account = Keystore.open(os.environ["CRYPSIS_ACCOUNT"])
    async with await AsyncVenue.connect(options.url, account) as venue:
        for _ in range(options.tries):
            if await take(venue, options.market, options.size, options.wait):
                return
            await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(main())
