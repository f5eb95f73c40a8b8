"""Progress: that a batch which leaves its step open worked at closing it.

What may keep a step open is that more came due than a batch holds. So a batch makes progress if it
closes its step, or if what it did for the step takes a quarter of some table that its class has. An
account is *dealt with* if it is liquidated, deleveraged, or was due: the price had passed one of
its triggers. Rows count, and not lots. Spec: docs/spec/15-triggers.md.
"""

from collections.abc import Sequence
from typing import Final

from rollup.protocol.account import Account
from rollup.protocol.outcome import Spent, TouchedAccount, TouchedTriggers
from rollup.protocol.shape_class import ShapeClass
from rollup.protocol.terms import MarketTerms
from rollup.protocol.triggers import seats

SHARE: Final = 4
"""One row in so many is enough: another table may be the one that is full."""


def quotas(shape_class: ShapeClass) -> Spent:
    """How many rows of each are progress: a quarter of what the class takes, rounded up."""
    most = (
        shape_class.takeovers,
        shape_class.accounts,
        shape_class.positions,
        shape_class.triggers,
    )
    return Spent(*(-(-each // SHARE) for each in most))


def spent(
    takeovers: int, accounts: Sequence[TouchedAccount], triggers: Sequence[TouchedTriggers]
) -> Spent:
    """What a batch with so many takeovers spends."""
    dealt = [account for account in accounts if account.dealt]
    return Spent(
        takeovers=takeovers,
        accounts=len(dealt),
        positions=sum(len(account.markets) for account in dealt),
        triggers=sum(any(leaf.swept) for leaf in triggers),
    )


def progress_by(found: Spent, shape_class: ShapeClass, *, closed: bool) -> int | None:
    """How a batch makes progress: 0 if it closes its step, else 1 plus the first place in `Spent`
    that reaches its quota; None if it makes none."""
    if closed:
        return 0
    pairs = zip(found, quotas(shape_class), strict=True)
    return next((place for place, (have, want) in enumerate(pairs, 1) if have >= want), None)


def is_due(before: Account | None, terms: Sequence[MarketTerms]) -> bool:
    """Whether the price has passed one of the triggers that an account had before the batch."""
    return any(seat.trigger > terms[seat.market].numbers[seat.side] for seat in seats(before))
