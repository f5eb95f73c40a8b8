"""Which shape class a batch has, where its venue has two: a function of the state and the prices.

The ordinary class trades most. The crash class opens more accounts, and may have fewer takeovers;
so it is for a batch in which more accounts come due than the ordinary class opens, and only where
it saves batches. Nobody chooses: who replays the journal comes to the same classes.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rollup.protocol.margin import excess
from rollup.protocol.shape_class import ShapeClass
from rollup.protocol.terms import MarketTerms
from sequencer.engine.room import Room

if TYPE_CHECKING:
    from sequencer.engine.ledger import Ledger


def class_for(ledger: "Ledger", due: Sequence[int], terms: Sequence[MarketTerms]) -> ShapeClass:
    """The class of a batch at these terms, of which these accounts are due, rising.

    Looked at are the accounts that a batch of the crash class would open. Ordinary batches need to
    open all of them, and to take every position of those below maintenance. After one of the crash
    class, which opens them all and takes what it may, only the rest of these positions is left to
    ordinary ones. The crash class is taken where that makes fewer batches.
    """
    ordinary, crash = ledger.shape_class, ledger.crash_class
    if crash is None or not due:
        return ordinary
    opened = len(opened_of(ledger, due, ordinary))
    if opened == len(due):
        return ordinary
    looked_at = opened_of(ledger, due, crash)
    taken = positions_below(ledger, looked_at, terms)
    alone = max(_batches(len(looked_at), opened), _batches(taken, ordinary.takeovers))
    after = _batches(max(0, taken - crash.takeovers), ordinary.takeovers)
    return crash if 1 + after < alone else ordinary


def opened_of(ledger: "Ledger", due: Sequence[int], shape: ShapeClass) -> list[int]:
    """The accounts that are due of which a batch of a class has room, in their order."""
    room, found = Room(shape), []
    for own in (ledger.governance.fee_account, ledger.governance.backstop_account):
        room.take(ledger.opening(own))
    for account in due:
        if len(room.accounts) == shape.accounts:
            break
        opening = ledger.opening(account)
        if room.fits([opening]):
            room.take(opening)
            found.append(account)
    return found


def positions_below(ledger: "Ledger", accounts: Sequence[int], terms: Sequence[MarketTerms]) -> int:
    """Positions of the accounts among these that are below maintenance: so many takeovers may be
    wanted."""
    holdings = (ledger.holders[account].holding for account in accounts)
    return sum(len(each.positions.markets) for each in holdings if excess(each, terms) < 0)


def _batches(count: int, each: int) -> int:
    """How many hold so many, of which one holds `each`."""
    return -(-count // max(1, each))
