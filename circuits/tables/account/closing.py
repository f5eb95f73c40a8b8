"""The closing rule of an account row, net over the batch, at the batch's public terms.

The sums come as limbs from the total table, those of values with a signed top limb. An account is
safe by k buckets if its excess over maintenance is at least k times its ladder, which is what one
bucket of every price moves; its triggers are k buckets below the prices, so k is the largest such
number, up to the largest that is counted. Where nothing is held, no trigger depends on it.

Formulae run on Expr (constraints) and on int64 arrays (`trace.py`) alike, so the witness cannot
follow another rule than the circuit.
"""

from circuits.air.builder import Builder
from circuits.air.layout import LIMB_BITS
from circuits.gadgets.integer import Integer, from_limbs, require_identity
from circuits.tables.account.columns import Columns
from circuits.tables.position.sums import normal, normal_ladder
from rollup.protocol.constants import SAFETY_MAX

# Formulae, for constraints and witness alike.


def safe_excess(row: Columns) -> Integer:
    """excess' - safety x ladder'."""
    ladder = normal_ladder(row.sums.ladder_after)
    return normal(row.sums.excess_after) - ladder.times(row.safety.value(), 0, SAFETY_MAX)


def unsafe_room(row: Columns) -> Integer:
    """ladder' - 1 - rest: what the rest falls short of one bucket more."""
    ladder = normal_ladder(row.sums.ladder_after).packed()
    return ladder - 1 - from_limbs(row.rest).packed()


# Constraints.


def require_closing(air: Builder, row: Columns) -> None:
    """An account that exists has a safety, or is flagged; risk grew only above initial margin."""
    for flag in (row.shrinks, row.backstop, row.capped, row.before.below, row.after.below):
        air.require_bit(flag, "account.flags")
    _require_safety(air, row)
    _require_below(air, row)
    _require_risk(air, row)


def _require_safety(air: Builder, row: Columns) -> None:
    healthy = row.exists - row.after.below
    for number in (row.safety, row.rest, row.rest_carries, row.room, row.room_carries):
        air.range_check(number, row.exists, claim="account.closing-limbs")
    # Lie: an account is left under its margin, or given deeper triggers than it is safe for.
    with air.when(healthy):
        gap = safe_excess(row) - from_limbs(row.rest)
        require_identity(air, gap, row.rest_carries, "account.safety")
    # Lie: a trigger nearer than it must be, to be first where the nearest come first.
    # Lie: an account is flagged that holds nothing and owes: nothing has room below a ladder of 0,
    # so that without positions only the cap is left, and it is not for flagged accounts.
    with air.when(row.exists - row.capped):
        gap = unsafe_room(row) - from_limbs(row.room).packed()
        require_identity(air, gap, row.room_carries, "account.safest")
    with air.when(row.capped):
        air.require_equal(row.safety.value(), SAFETY_MAX, "account.capped")


def _require_below(air: Builder, row: Columns) -> None:
    """Flagged is who is below maintenance as the batch ends, and was at the mark: then its triggers
    are at the price, and nothing of it grew."""
    flagged = row.after.below
    # Lie: an account in need is made to look flagged already, or a healthy one is flagged.
    for sums, claim in (
        (row.sums.excess_before, "account.below-at-the-mark"),
        (row.sums.excess_after, "account.below"),
    ):
        # The top limb has the sign.
        air.range_check((-1 - sums[-1], LIMB_BITS), flagged, claim=claim)
    # Lie: a flagged account has triggers under the price, where nobody looks for it.
    air.require_zero(flagged * row.safety.value(), "account.below-unsafe")
    # Lie: somebody trades on with too little behind it, because he was flagged.
    air.require_zero(flagged * (1 - row.shrinks), "account.below-shrinks")
    # Lie: and by orders of his own. Neither key of one who does not trade signs.
    air.require_zero(flagged * (row.keyed + row.rekeyed), "account.below-trades-not")


def _require_risk(air: Builder, row: Columns) -> None:
    air.require_zero(row.shrinks * (1 - row.exists), "account.padding-is-silent")
    grew = row.exists - row.shrinks
    air.bit_elsewhere(grew, "only an account that exists shrinks")
    # Lie: risk is taken with too little behind it. The top limb has the sign.
    top = (row.sums.initial_after[-1], LIMB_BITS)
    air.range_check(top, grew, claim="account.initial")
    # Lie: somebody calls himself the backstop, or the backstop somebody else.
    other = row.account - air.public("backstop_account")
    air.require_zero(row.backstop * other, "account.backstop")
    air.require_equal(other * row.backstop_inverse, 1 - row.backstop, "account.backstop")
    # Lie: risk is taken while prices stand still, with the market elsewhere.
    allowed = air.public("begins_open") * (1 - row.backstop)
    air.require_zero(grew * allowed, "account.open-step")
