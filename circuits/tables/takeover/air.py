"""Takeover: one row moves lots of a liquidated account to the backstop, or to an account of the
other side, whose lots they close; or it settles what anybody has in a market that has ended.

The account gets what the lots are worth, less the fee; the taker pays it. The row knows that the
account is liquidated, of which side its lots were and whether it may pay less than the whole fee
from LIQUIDATION, which only the position of a liquidated or deleveraged account sends; that it ends
with no more of either side is checked there. A row that settles has no taker: the account ends with
nothing in the market, so that neither its side nor its standing needs another witness, and what it
had is counted in the market's tally. Row j accesses memory at time TAKEOVER_TIMESTAMP + j.
Height: one row a takeover, padded; rows in use need not be contiguous, and are among the first
rows, as many as the shape class takes trades. Degree: 3.
Buses: receives TAKE and LIQUIDATION, accesses four words of MEMORY, sends TALLY, RANGE.
Claims: docs/spec/claims/takeover.md. Spec: docs/spec/13-liquidation.md and 18-ended.md.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from circuits.air.builder import Builder
from circuits.air.layout import Layout, cell
from circuits.air.table import Table
from circuits.gadgets.buses import LIQUIDATION, TAKE, TALLY
from circuits.gadgets.integer import require_identity
from circuits.gadgets.memory import require_access
from circuits.gadgets.tally import ESTATE, SETTLED
from circuits.gadgets.words import CASH_WORD, POSITION_WORD
from circuits.tables.takeover.columns import (
    TAKEOVER_ROWS_MAX,
    Columns,
    cash_identity,
    fee_identity,
    kept_identity,
    liquidates,
    position_identity,
    taken,
)
from rollup.protocol.constants import TAKEOVER_TIMESTAMP
from rollup.protocol.encoding import position_words


class Fixed(Layout):
    """The fixed columns."""

    place = cell()  # 1 on the rows that may hold a takeover


def fixed_values(takeovers: int, height: int) -> Mapping[str, Sequence[int]]:
    """The first `takeovers` rows may hold one."""
    del height
    return {"place": [1] * takeovers}


def constraints(air: Builder, row: Columns) -> None:
    """One takeover."""
    flags = (row.active, row.short, row.exhausted, row.closes, row.settled, row.estate)
    for flag in flags:
        air.require_bit(flag, "takeover.flags")
    # Lie: a takeover beyond the batch's last, at a time not before the fee credit.
    air.require_zero(row.active * (1 - air.fixed.place), "takeover.place")
    # Lie: lots at another market's price, at none, or at a price that the venue made up.
    # Lie: lots of a live market are settled; or lots of one that has ended are taken by anybody.
    terms = (row.market, *row.value, *row.lot_fee, row.settled)
    air.receive(TAKE, terms, row.active, claim="takeover.market")
    # Lie: a padding row counts what nobody settled.
    air.require_zero(row.settled * (1 - row.active), "takeover.padding-is-silent")
    air.bit_elsewhere(liquidates(row), "only a row in use settles")
    air.bit_elsewhere(taken(row), "and the estate takes in another: takeover.estate")
    # Lie: lots of an account that is healthy, or that signed an order.
    # Lie: lots of the other side: a long grows, at the oracle price, under the name of liquidation.
    named = (row.account, row.market, row.short, row.exhausted)
    air.receive(LIQUIDATION, named, liquidates(row), claim="takeover.liquidated")
    _numbers(air, row)
    _fee(air, row)
    _balances(air, row)
    _taker(air, row)
    _settled(air, row)
    _estate(air, row)
    _words(air, row, row.liquidated, row.account, (row.active, 0))
    # Lie: lots of an asset grow in the backstop, and it is not held to initial margin.
    _words(air, row, row.taker, row.taker_account, (taken(row), 1 - row.closes))


def _numbers(air: Builder, row: Columns) -> None:
    # Lie: a limb that wraps, so that a negative size or fee passes for a positive one.
    for number in (row.size, row.fee, row.waived, row.fee_carries, row.cash_carries):
        air.range_check(number, row.active, claim="takeover.bounds")
    air.range_check(row.kept_carries, taken(row), claim="takeover.bounds")
    first, *others = row.size
    with air.when(row.active):
        # Lie: a takeover of nothing. Four limbs sum below p.
        air.require_equal(sum(others, first) * row.size_inverse, 1, "takeover.size-positive")
    # Lie: the holder of a short is paid as if it were long.
    for given, value in zip(row.given, row.value, strict=True):
        air.require_equal(given, (1 - 2 * row.short) * value, "takeover.side")


def _fee(air: Builder, row: Columns) -> None:
    """fee + waived = size x fee a lot; nothing is waived unless the account is exhausted, and all
    where the backstop takes nothing."""
    free = row.closes + row.estate
    with air.when(row.active):
        # Lie: a fee above the market's: the trader pays for the backstop's risk twice.
        require_identity(air, fee_identity(row), row.fee_carries, "takeover.fee")
    # Lie: a friend pays less, and keeps what the backstop should have. Six limbs sum below p.
    first, *others = row.waived
    air.require_zero((1 - row.exhausted) * (1 - free) * sum(others, first), "takeover.fee-waived")
    # Lie: who is deleveraged is paid for it, or the estate. Five limbs sum below p.
    first, *others = row.fee
    air.require_zero(free * sum(others, first), "takeover.fee-free")


def _taker(air: Builder, row: Columns) -> None:
    """The backstop; or an account that has lots of the other side to lose; or nobody."""
    # Lie: lots and fee to a friend.
    named = row.taker_account - air.public("backstop_account")
    air.require_zero((taken(row) - row.closes) * named, "takeover.backstop")
    # Lie: a row that has no taker, or is none, uses up what a position says.
    air.require_zero(row.closes * (1 - taken(row)), "takeover.padding-is-silent")
    # Lie: a friend's lots of the same side grow; or somebody's who is neither liquidated nor in
    # line.
    other = (row.taker_account, row.market, 1 - row.short, row.standing)
    air.receive(LIQUIDATION, other, row.closes, claim="takeover.other-side")


def _estate(air: Builder, row: Columns) -> None:
    """What the estate takes is told to the market's row, which tells everybody."""
    # Lie: a padding row says that lots leave; or somebody takes them as well.
    others = row.closes + row.settled
    air.require_zero(row.estate * (1 - row.active + others), "takeover.estate")
    for place, limb in enumerate(row.size):
        count = row.estate * limb
        air.number_elsewhere(count, "a limb that is in range, or 0: takeover.bounds")
        # Lie: lots that vanish, or come to a friend of the operator's at L1.
        air.send(TALLY, (row.market, ESTATE, place), count, claim="takeover.estate-told")


def _settled(air: Builder, row: Columns) -> None:
    """All that is held or owed becomes cash, and is counted."""
    with air.when(row.settled):
        # Lie: more lots than there are, or some of them; lots that are held are settled as if they
        # were owed. What is left is nothing, and the size is above zero.
        left = row.liquidated.position_after.packed()
        air.require_all_equal(left, position_words(0), "takeover.settled-whole")
    # Lie: lots that were owed are counted as lots that were held.
    air.require_equal(row.counted, row.settled * (1 - 2 * row.short), "takeover.settled-counted")
    for place, limb in enumerate(row.size):
        count = row.counted * limb
        air.number_elsewhere(count, "a range-checked limb, of a row that is active")
        # Lie: lots are settled and nobody counts them, or on the wrong side: cash from nowhere.
        air.send(TALLY, (row.market, SETTLED, place), count, claim="takeover.settled-counted")


def _balances(air: Builder, row: Columns) -> None:
    """Cash and positions move by value, fee and size."""
    for holder, there in ((row.liquidated, row.active), (row.taker, taken(row))):
        # Lie: a balance that overflows and comes back on the other end.
        for number in (holder.cash_after, holder.position_after, holder.position_carries):
            air.range_check(number, there, claim="takeover.bounds")
    with air.when(row.active):
        # Lie: a worse price than the oracle's, or a fee taken twice.
        require_identity(air, cash_identity(row), row.cash_carries, "takeover.cash")
    with air.when(taken(row)):
        # Lie: cash from nowhere for the taker, or a loss that nobody bears.
        require_identity(air, kept_identity(row), row.kept_carries, "takeover.cash-kept")
    for holder, there, direction in ((row.liquidated, row.active, -1), (row.taker, taken(row), 1)):
        with air.when(there):
            # Lie: lots that vanish, so that positions do not sum to zero.
            moved = position_identity(row, holder, direction)
            require_identity(air, moved, holder.position_carries, "takeover.position")


def _words(air: Builder, row: Columns, holder: Any, account: Any, counts: tuple[Any, Any]) -> None:
    """Cash and position of an account: whether it is there, and how often it takes lots."""
    now, (there, takes) = row.index + TAKEOVER_TIMESTAMP, counts
    # Lie: another account's cash, or an account that does not exist (the word's last element).
    values = ((*holder.cash_before, 1), (*holder.cash_after.packed(), 1))
    times = (holder.cash_ts, now)
    word = (account, CASH_WORD)
    require_access(air, word, times, values, there, "takeover.cash-access")
    # Lie: the position of another market or account.
    # Lie: an order of the taker's was filled in the market, before it comes to this.
    sizes = (holder.position_before, holder.position_after.packed())
    values = ((*sizes[0], 0, holder.took), (*sizes[1], 0, holder.took + takes))
    times = (holder.position_ts, now)
    word = (account, row.market + POSITION_WORD)
    require_access(air, word, times, values, there, "takeover.position-access")


def table(takeovers: int) -> Table:
    """The table with room for so many takeovers."""
    values = partial(fixed_values, takeovers)
    return Table("takeover", Columns, constraints, Fixed, values, height_max=TAKEOVER_ROWS_MAX)
