"""Deposit: one row consumes one entry of the L1 queue, as the verifier put it on the bus.

An entry is credited, or refused with the one reason that holds first; refused entries change
nothing. The outcome is public, so whether to refuse is not the prover's choice: each outcome is
provable in its own case only. Entry i of the batch accesses memory at DEPOSIT_TIMESTAMP + i, which
is the order of the queue whatever the order of the rows. A rotation gives an account another key,
by the word of the owner in its header, before anything is signed in the batch.
Height: one row an entry, padded. Degree: 3.
What an entry is of is public: cash, or lots of an asset, which go to the account's position in its
market. The cash word says in either case whether the account exists.
An exit takes cash out of its owner's account, or is refused because its account's row shows a bar
(circuits.tables.account.payment).
Buses: receives DEPOSIT, OWNER, OUTFLOW and BARRED, accesses two words in MEMORY, sends REGISTER for
a new account and ROTATION for another key.
Claims: docs/spec/claims/deposit.md. Spec: docs/spec/05-deposits.md, 17-assets.md.
"""

from circuits.air.builder import Builder
from circuits.air.expr import Expr, linear
from circuits.air.table import Table
from circuits.gadgets import septic
from circuits.gadgets.buses import BARRED, DEPOSIT, OUTFLOW, OWNER, REGISTER, ROTATION
from circuits.gadgets.curve import curve_right_side
from circuits.gadgets.integer import require_identity
from circuits.gadgets.memory import require_access
from circuits.gadgets.words import CASH_WORD
from circuits.tables.deposit.columns import Columns, lowered, sum_identity
from rollup.protocol.constants import DEPOSIT_TIMESTAMP
from rollup.protocol.deposit import DepositOutcome, EntryKind


def constraints(air: Builder, row: Columns) -> None:
    """One queue entry."""
    outcomes = (
        row.registered,
        row.credited,
        row.rotated,
        row.key_non_canonical,
        row.key_off_curve,
        row.account_exists,
        row.account_missing,
        row.overflow,
        row.not_owner,
        row.asset_unknown,
        row.paid,
        row.barred,
    )
    active = sum(outcomes[1:], outcomes[0])
    for outcome in outcomes:
        # Lie: an entry half credited and half refunded, or consumed twice.
        air.require_bit(outcome, "deposit.one-outcome")
    air.require_bit(active, "deposit.one-outcome")
    _kind(air, row)
    _public_entry(air, row, active)
    _key(air, row)
    _owner(air, row)
    _account(air, row)
    _balance(air, row)
    _cash(air, row, active)
    _position(air, row)
    opened = (row.account, *row.owner, *row.key_x, *row.key_y, *row.viewing)
    # Lie: an account opened with another owner or key than L1 enqueued.
    air.send(REGISTER, opened, row.registered, claim="deposit.register")
    # Lie: an account gets another key than its owner wanted.
    air.send(ROTATION, opened, row.rotated, claim="deposit.rotation")
    _exit(air, row)


def _kind(air: Builder, row: Columns) -> None:
    """What the entry asks for is what its outcome can be of."""
    if tuple(EntryKind) != (0, 1, 2, 3):
        raise ValueError("a credit is of kind 1, a rotation of kind 2, an exit of kind 3")
    for flag in (row.rotates, row.exits):
        air.require_bit(flag, "deposit.kind")
    owned = row.rotates + row.exits
    air.require_bit(owned, "deposit.kind")
    # Lie: a credit gives an account another key, or a rotation opens one.
    air.require_zero(row.rotated * (1 - row.rotates), "deposit.kind")
    air.require_zero(row.not_owner * (1 - owned), "deposit.kind")
    others = row.registered + row.credited + row.account_exists + row.asset_unknown
    air.require_zero(others * owned, "deposit.kind")
    # Lie: a deposit is paid out; an exit credits, or is refused for a key that it does not bring.
    air.require_zero((row.paid + row.barred) * (1 - row.exits), "deposit.kind")
    refused = row.key_non_canonical + row.key_off_curve + row.overflow
    air.require_zero(refused * row.exits, "deposit.kind")
    air.require_bit(row.unknown_credit, "deposit.kind")
    air.require_zero(row.unknown_credit * (1 - row.asset_unknown), "deposit.kind")
    either = (row.account_missing + row.overflow) * (1 - owned) + row.unknown_credit
    kind = row.credited + either + 2 * row.rotates + 3 * row.exits
    air.require_equal(row.kind, kind, "deposit.kind")


def _public_entry(air: Builder, row: Columns, active: Expr) -> None:
    """The entry, its kind, whether its words were canonical, and its outcome are as L1 has them."""
    outcome = linear(
        (
            (DepositOutcome.KEY_NON_CANONICAL, row.key_non_canonical),
            (DepositOutcome.KEY_OFF_CURVE, row.key_off_curve),
            (DepositOutcome.ACCOUNT_EXISTS, row.account_exists),
            (DepositOutcome.ACCOUNT_MISSING, row.account_missing),
            (DepositOutcome.CASH_OVERFLOW, row.overflow),
            (DepositOutcome.NOT_OWNER, row.not_owner),
            (DepositOutcome.ASSET_UNKNOWN, row.asset_unknown),
            (DepositOutcome.EXIT_BARRED, row.barred),
        )
    )
    other = DepositOutcome.ASSET_OVERFLOW - DepositOutcome.CASH_OVERFLOW
    outcome = outcome + other * row.overflow * row.of_asset
    key = (*row.key_x, *row.key_y, *row.viewing)
    # A credit or an exit has no words, so it is canonical; a key that is not has this one outcome.
    canonical = active - row.key_non_canonical
    known = active - row.asset_unknown
    head = (row.entry, row.kind, row.account, row.asset, row.of_asset, *row.amount, *row.owner)
    # Lie: a deposit that is not in the queue, twice, skipped, of another amount, credited though it
    # must be refused for its words or its asset, of another asset, or with another outcome than L1
    # is told.
    entry = (*head, *key, known, canonical, outcome)
    air.receive(DEPOSIT, entry, active, claim="deposit.queue")


def _key(air: Builder, row: Columns) -> None:
    """An entry with a key gets as far as its account if and only if the key is on the curve."""
    refused = row.key_non_canonical + row.key_off_curve
    others = row.registered + row.account_exists
    air.require_equal(row.keyed, others + row.rotates * (1 - refused), "deposit.keyed")
    square = septic.square(row.key_x)
    air.require_all_equal(square, row.x_squared, "deposit.curve-square")
    left = septic.square(row.key_y)
    right = curve_right_side(row.key_x, row.x_squared)
    distances = septic.subtract(left, right)
    with air.when(row.keyed):
        # Lie: a key off the curve, whose discrete logarithms may be easy.
        for distance in distances:
            air.require_zero(distance, "deposit.key-on-curve")
    shown = sum(
        (d * w for d, w in zip(distances[1:], row.off_curve_proof[1:], strict=True)),
        distances[0] * row.off_curve_proof[0],
    )
    # Lie: a good key refused as off the curve, so that somebody is shut out. If all distances
    # are 0, no weights sum to 1; in every other row the weights are 0.
    air.require_equal(shown, row.key_off_curve, "deposit.key-off-curve")


def _owner(air: Builder, row: Columns) -> None:
    """A rotation or an exit of an account that is there is refused if somebody else sent it than
    its header names; a rotation only if."""
    claimed = row.rotated + row.not_owner + row.rotates * row.overflow + row.paid + row.barred
    air.require_equal(row.asks, claimed, "deposit.asks")
    air.bit_elsewhere(row.asks, "five of the outcomes, of which one holds: deposit.one-outcome")
    # Lie: whoever sends a rotation or an exit says himself whose the account is.
    air.receive(OWNER, (row.account, *row.holder), row.asks, claim="deposit.owner")
    distances = [a - b for a, b in zip(row.holder, row.owner, strict=True)]
    with air.when(row.asks - row.not_owner):
        # Lie: somebody gives another's account a key of his own, or is paid out of it.
        for distance in distances:
            air.require_zero(distance, "deposit.is-owner")
    shown = sum(
        (d * w for d, w in zip(distances[1:], row.stranger_proof[1:], strict=True)),
        distances[0] * row.stranger_proof[0],
    )
    # Lie: the owner is refused as a stranger: unpaid, or a key that was stolen goes on trading. If
    # all distances are 0, no weights sum to 1; in every other row the weights are 0.
    air.require_equal(shown, row.not_owner, "deposit.is-not-owner")


def _account(air: Builder, row: Columns) -> None:
    """What the outcome says about the account being there."""
    air.require_bit(row.existed, "deposit.account")
    # Lie: an entry of a missing account credited, or an existing account refused as missing or
    # opened a second time over its cash.
    air.require_zero((row.registered + row.account_missing) * row.existed, "deposit.account")
    there = row.credited + row.account_exists + row.overflow + row.rotated + row.not_owner
    there = there + row.paid + row.barred
    air.require_zero(there * (1 - row.existed), "deposit.account")


def _balance(air: Builder, row: Columns) -> None:
    """Credited: the sum, which fits. Overflow: the sum does not fit."""
    credited = row.registered + row.credited + row.rotated
    summed = credited + row.overflow + row.paid
    air.bit_elsewhere(summed, "five of the outcomes, of which one holds: deposit.one-outcome")
    for number in (row.sum, row.sum_carries):
        air.range_check(number, summed, claim="deposit.bounds")
    with air.when(summed):
        # Lie: more than was deposited; a sum that wraps, or a refusal of one that does not; an exit
        # that leaves the account what it takes out.
        require_identity(air, sum_identity(row), row.sum_carries, "deposit.cash")
    for flag in (row.cash_paid, row.looked):
        air.require_bit(flag, "deposit.of-asset")
    # Lie: lots of an asset credited as cash, or as both.
    moved = credited + row.paid
    air.require_equal(row.cash_paid, moved * (1 - row.of_asset), "deposit.of-asset")
    # Lie: lots of an asset are credited, and no position has more.
    air.require_equal(row.looked, summed * row.of_asset, "deposit.of-asset")


def _cash(air: Builder, row: Columns, active: Expr) -> None:
    """Cash is what it was, or the sum; the account exists where it did, or is registered."""
    after = [
        before + row.cash_paid * (total - before)
        for before, total in zip(row.cash_before, row.sum.packed(), strict=True)
    ]
    before = (*row.cash_before, row.existed)
    now = row.entry - air.public("deposits_before") + DEPOSIT_TIMESTAMP
    values = (before, (*after, row.existed + row.registered))
    word = (row.account, CASH_WORD)
    # Lie: another account credited, or deposits applied out of the order of the queue.
    require_access(air, word, (row.previous_ts, now), values, active, "deposit.access")


def _position(air: Builder, row: Columns) -> None:
    """The position in the asset's market is what it was, or the sum: its word is the mark."""
    moved = row.registered + row.credited + row.rotated + row.paid - row.cash_paid
    *low, top = lowered(row)
    # Lie: more lots than an account may hold.
    air.require_zero(moved * top, "deposit.lots")
    after = [
        before + moved * (total - before)
        for before, total in zip(row.position_before, low, strict=True)
    ]
    now = row.entry - air.public("deposits_before") + DEPOSIT_TIMESTAMP
    values = ((*row.position_before, 0, 0), (*after, 0, 0))
    times = (row.position_ts, now)
    # Lie: the position of another account, or in another market, than L1 enqueued.
    require_access(air, (row.account, row.asset), times, values, row.looked, "deposit.lots-access")


def _exit(air: Builder, row: Columns) -> None:
    """What it asks for leaves the account as by an outflow; or its row shows why it cannot."""
    # Lie: an exit is of an asset: what is paid is cash, and USDC is what L1 is told.
    air.require_zero(row.exits * row.of_asset, "deposit.exit-of-cash")
    # Lie: cash leaves an account that is not held to initial margin, without its assets, and to
    # fresh prices, or in a batch that leaves its step open.
    air.receive(OUTFLOW, (row.account, 1), row.paid, claim="deposit.exit-margin")
    air.require_zero(row.paid * (1 - air.public("closed")), "deposit.exit-closed")
    air.require_zero(row.paid * air.public("begins_open"), "deposit.exit-begun")
    # Lie: the owner is refused what the account could pay; or for what another amount would break.
    air.receive(BARRED, (row.account, *row.amount), row.barred, claim="deposit.exit-barred")


TABLE = Table("deposit", Columns, constraints)
