"""Deleveraging: what happens where the backstop cannot carry one lot more.

Lots of a liquidated account then close lots of the other side, at the oracle price and for no fee,
in the order of the triggers that these had before the batch, nearest first. A *zone* has the
triggers of a side from the price down to the last that was deleveraged: after the batch nobody is
left in it who was in it before. Spec: docs/spec/13-liquidation.md.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from rollup.protocol.account import Account
from rollup.protocol.constants import LADDER_BITS
from rollup.protocol.ledger import Entry, Ledger
from rollup.protocol.outcome import Closing, TakeoverStep, TouchedAccount, Valuation, Zones
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.takeover import Route, Takeover
from rollup.protocol.terms import MarketTerms
from rollup.protocol.triggers import SIDES, Seat, seats, side_of, swept

# Who takes.


def require_other_side(takeover: Takeover, taker: Entry, held: int) -> None:
    """The taker had lots of the other side before the batch, and has as many as it loses."""
    old, now = taker.holding_before.positions[takeover.market], taker.positions[takeover.market]
    if old * held >= 0:
        raise Rejected(Reason.TAKER_SIDE, "its taker had no lots of the other side")
    if now * old <= 0 or takeover.size > abs(now):
        raise Rejected(Reason.TAKEOVER_SIZE, "its taker has fewer lots in this market")


def require_unordered(takeover: Takeover, taker: Entry) -> None:
    """No order of who is deleveraged was filled in that market in the batch: with one it could grow
    what it is to lose, or lose it to a friend first."""
    if takeover.market in taker.ordered:
        raise Rejected(Reason.TAKER_ORDERED, "an order of its taker was filled in the market")


def require_no_backstop(takeover: Takeover, backstop: int) -> None:
    """The backstop takes for its fee, and is not deleveraged."""
    if takeover.taker == backstop:
        raise Rejected(Reason.TAKER_STANDING, "the backstop is not deleveraged")


def require_standing(
    ledger: Ledger,
    takeovers: Sequence[TakeoverStep],
    closings: Mapping[int, Closing],
    liquidated: frozenset[int],
) -> None:
    """Nobody is deleveraged who is liquidated in the batch, or flagged before or after it."""
    for step in takeovers:
        taker = step.takeover.taker
        if step.takeover.route is Route.DELEVERAGED and (
            taker in liquidated or is_flagged(ledger.accounts[taker].before, closings[taker])
        ):
            detail = f"{ledger.place(taker)} is liquidated, or below maintenance"
            raise Rejected(Reason.TAKER_STANDING, detail)


def is_flagged(before: Account | None, found: Closing) -> bool:
    """Whether an account is flagged before the batch or after it."""
    return found.below or (before is not None and before.below)


# Where.


def zones_of(ledger: Ledger, takeovers: Sequence[TakeoverStep]) -> Zones:
    """By market and side of who was deleveraged, the lowest old trigger of any of them. Where the
    estate took, the side that nobody has of its asset, down to nothing: so that the backstop is
    asked, and nobody in line."""
    zones: dict[tuple[int, int], int] = {}
    for step in takeovers:
        takeover = step.takeover
        if takeover.route is Route.ESTATE:
            zones[takeover.market, SIDES[1]] = 0
        if takeover.route is not Route.DELEVERAGED:
            continue
        before = ledger.accounts[takeover.taker].before
        for market, side, trigger in seats(before):
            if market == takeover.market:
                lowest = zones.get((market, side), trigger)
                zones[market, side] = min(lowest, trigger)
    return zones


def require_full(
    ledger: Ledger,
    zones: Zones,
    backstop: int,
    closings: Mapping[int, Closing],
    terms: Sequence[MarketTerms],
    liquidated: frozenset[int],
) -> None:
    """Where somebody is deleveraged, or the estate takes, the backstop, as it ends the batch, could
    not take one lot more at the oracle price, and has none that such a lot would have closed."""
    if not zones:
        return
    entry = ledger.existing(backstop, Reason.BACKSTOP_ACCOUNT_MISSING)
    found = closings[backstop]
    takes = backstop not in liquidated and not found.below
    for market, side in zones:
        if takes and entry.positions[market] and side_of(entry.positions[market]) == side:
            raise Rejected(
                Reason.BACKSTOP_NOT_FULL, f"market {market}: the backstop has lots of that side"
            )
        if not is_full(found.after, terms[market], 1 - side):
            detail = f"market {market}: the backstop could take one lot more"
            raise Rejected(Reason.BACKSTOP_NOT_FULL, detail)


def is_full(after: Valuation, terms: MarketTerms, side: int) -> bool:
    """Whether one lot more of a side at the oracle price would break a rule for the backstop: it
    lacks initial margin, or maintenance, or its ladder would be too high."""
    return (
        after.initial < terms.initial
        or after.excess < terms.reliefs[side]
        or after.ladder + terms.bucket >= 1 << LADDER_BITS
    )


# In order.


def zone_seats(zones: Zones, terms: Sequence[MarketTerms]) -> list[Seat]:
    """Every seat between the price and the last that was deleveraged."""
    return [
        seat
        for (market, side), lowest in zones.items()
        for seat in swept(market, side, terms[market].numbers[side], lowest)
    ]


def require_swept(
    zones: Zones, frontiers: Sequence[tuple[int, int]], terms: Sequence[MarketTerms]
) -> None:
    """On the side of who is deleveraged all that the price has passed was looked at."""
    for market, side in zones:
        if frontiers[market][side] != terms[market].numbers[side]:
            detail = f"market {market}: somebody else there is due"
            raise Rejected(Reason.DELEVERAGED_ORDER, detail)


def require_whole(
    accounts: Sequence[TouchedAccount], deleveraged: frozenset[tuple[int, int]], zones: Zones
) -> None:
    """Who is deleveraged loses all in that market, unless its trigger was the last to be asked."""
    for account in accounts:
        for market, side, trigger in seats(account.before):
            left = account.after is not None and account.after.positions[market]
            if (account.index, market) in deleveraged and trigger > zones[market, side] and left:
                detail = f"market {market}: a position is taken in part, and one behind it too"
                raise Rejected(Reason.DELEVERAGED_ORDER, detail)


def staying(accounts: Sequence[TouchedAccount], zones: Zones) -> Counter[Seat]:
    """The positions that may stay in a zone: those that came into it in the batch, and those of
    the liquidated, the flagged and the backstop."""
    found: Counter[Seat] = Counter()
    for account in accounts:
        old = {(market, side): trigger for market, side, trigger in seats(account.before)}
        for seat in seats(account.after):
            lowest = zones.get((seat.market, seat.side))
            if lowest is None or seat.trigger <= lowest:
                continue
            if account.exempt or old.get((seat.market, seat.side), -1) <= lowest:
                found[seat] += 1
    return found
