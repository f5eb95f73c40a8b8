"""Progress: that a batch which leaves its step open worked at closing it.

What may keep a step open is that more came due than a batch holds. So a batch makes progress if it
closes its step, or if what it did for the step takes an eighth of some table that its class has.
Only what a step cannot ask for again counts. An account is *dealt with* if it was due, that is the
price had passed one of its triggers; or if
it was flagged below maintenance and is not any more. Takeovers *heal* an account that is liquidated
and not flagged, and *close out* a position of which they leave nothing. And frontiers come down.
Lots that are taken do not count, nor takeovers, nor zones: of these there would be as many as
anybody likes.
Spec: docs/spec/15-triggers.md. Why no step is held open for ever: docs/soundness/book.md.
"""

from collections.abc import Collection, Sequence
from typing import Final

from rollup.protocol.account import Account
from rollup.protocol.constants import COUNTERS
from rollup.protocol.counting import Frontiers
from rollup.protocol.outcome import Progress, Spent, TouchedAccount
from rollup.protocol.shape_class import ShapeClass
from rollup.protocol.terms import MarketTerms, terms_of
from rollup.protocol.triggers import seats

SHARE: Final = 8
"""One in so many is enough: another table may be the one that is full, and half of that may go to
deposits that nobody can refuse."""


def quotas(shape_class: ShapeClass) -> Spent:
    """How much of each is progress: an eighth of what the class takes, rounded up; of positions, no
    more than can each leave a trigger and take one."""
    most = (
        shape_class.takeovers,
        shape_class.accounts,
        min(shape_class.positions, shape_class.triggers // 2),
        shape_class.triggers * COUNTERS,
    )
    return Spent(*(-(-each // SHARE) for each in most))


def spent(
    accounts: Sequence[TouchedAccount],
    deleveraged: Collection[tuple[int, int]],
    frontiers: tuple[Frontiers, Frontiers],
) -> Spent:
    """What a batch does for its step: with the accounts that it opens, of which some are
    deleveraged in a market, and with its frontiers, before and after."""
    dealt = [account for account in accounts if account.dealt]
    before, after = ([number for sides in each for number in sides] for each in frontiers)
    return Spent(
        finished=sum(len(closed_out(a, deleveraged)) + is_healed(a) for a in accounts),
        accounts=len(dealt),
        positions=sum(len(account.markets) for account in dealt),
        buckets=sum(max(0, old - new) for old, new in zip(before, after, strict=True)),
    )


def closed_out(
    account: TouchedAccount, deleveraged: Collection[tuple[int, int]]
) -> tuple[int, ...]:
    """The markets of whose positions takeovers left nothing. What an account holds that is
    liquidated, or deleveraged in a market, nothing else changes there."""
    if account.before is None or account.after is None:
        return ()
    return tuple(
        market
        for market in account.before.positions.markets
        if account.after.positions[market] == 0
        and (account.liquidated or (account.index, market) in deleveraged)
    )


def is_healed(account: TouchedAccount) -> bool:
    """Whether takeovers left it no more than maintenance margin asks."""
    return account.liquidated and account.after is not None and not account.after.below


def progress_of(found: Spent, shape_class: ShapeClass, *, closed: bool) -> Progress | None:
    """How a batch makes progress: it closes its step, or else the first in `Spent` that reaches its
    quota; None if it makes none."""
    if closed:
        return Progress(0, 0)
    over = [have - want for have, want in zip(found, quotas(shape_class), strict=True)]
    return next((Progress(by, more) for by, more in enumerate(over, 1) if more >= 0), None)


def is_dealt_with(
    before: Account | None,
    after: Account | None,
    terms: Sequence[MarketTerms],
) -> bool:
    """Whether an account was due, or is below maintenance no more."""
    cured = before is not None and before.below and after is not None and not after.below
    return cured or bool(due_markets(before, terms))


def due_markets(before: Account | None, terms: Sequence[MarketTerms]) -> tuple[int, ...]:
    """The markets that show that an account was due: the price has passed the trigger that it had
    there. Rejected for a market not listed."""
    return tuple(
        seat.market
        for seat in seats(before)
        if seat.trigger > terms_of(terms, seat.market).numbers[seat.side]
    )
