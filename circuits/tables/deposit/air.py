"""Deposit: one row consumes one entry of the L1 queue, as the verifier put it on the bus.

An entry is credited, or refused with the one reason that holds first; refused entries change
nothing. The outcome is public, so whether to refuse is not the prover's choice: each outcome is
provable in its own case only. Entry i of the batch accesses memory at DEPOSIT_TIMESTAMP + i, which
is the order of the queue whatever the order of the rows. A rotation gives an account another key,
by the word of the owner in its header, before anything is signed in the batch.
Height: one row an entry, padded. Degree: 3.
Buses: receives DEPOSIT and OWNER, accesses the cash word in MEMORY, sends REGISTER for a new
account and ROTATION for another key.
Claims: docs/spec/claims/deposit.md. Spec: docs/spec/05-deposits.md.
"""

from circuits.air.builder import Builder
from circuits.air.expr import Expr, linear
from circuits.air.table import Table
from circuits.gadgets import septic
from circuits.gadgets.buses import DEPOSIT, OWNER, REGISTER, ROTATION
from circuits.gadgets.curve import curve_right_side
from circuits.gadgets.integer import require_identity
from circuits.gadgets.memory import require_access
from circuits.gadgets.words import CASH_WORD
from circuits.tables.deposit.columns import Columns, sum_identity
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
        row.cash_overflow,
        row.not_owner,
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
    _cash(air, row, active)
    opened = (row.account, *row.owner, *row.key_x, *row.key_y, *row.viewing)
    # Lie: an account opened with another owner or key than L1 enqueued.
    air.send(REGISTER, opened, row.registered, claim="deposit.register")
    # Lie: an account gets another key than its owner wanted.
    air.send(ROTATION, opened, row.rotated, claim="deposit.rotation")


def _kind(air: Builder, row: Columns) -> None:
    """What the entry asks for is what its outcome can be of."""
    if (EntryKind.REGISTER, EntryKind.CREDIT, EntryKind.ROTATE) != (0, 1, 2):
        raise ValueError("the kind of an entry is 1 for a credit and 2 for a rotation")
    air.require_bit(row.rotates, "deposit.kind")
    # Lie: a credit gives an account another key, or a rotation opens one.
    rotations = (row.rotated + row.not_owner) * (1 - row.rotates)
    air.require_zero(rotations, "deposit.kind")
    others = (row.registered + row.credited + row.account_exists) * row.rotates
    air.require_zero(others, "deposit.kind")
    either = (row.account_missing + row.cash_overflow) * (1 - row.rotates)
    air.require_equal(row.kind, row.credited + either + 2 * row.rotates, "deposit.kind")


def _public_entry(air: Builder, row: Columns, active: Expr) -> None:
    """The entry, its kind, whether its words were canonical, and its outcome are as L1 has them."""
    outcome = linear(
        (
            (DepositOutcome.KEY_NON_CANONICAL, row.key_non_canonical),
            (DepositOutcome.KEY_OFF_CURVE, row.key_off_curve),
            (DepositOutcome.ACCOUNT_EXISTS, row.account_exists),
            (DepositOutcome.ACCOUNT_MISSING, row.account_missing),
            (DepositOutcome.CASH_OVERFLOW, row.cash_overflow),
            (DepositOutcome.NOT_OWNER, row.not_owner),
        )
    )
    key = (*row.key_x, *row.key_y, *row.viewing)
    # A credit has no words, so it is canonical; a key that is not has this one outcome.
    canonical = active - row.key_non_canonical
    head = (row.entry, row.kind, row.account, *row.amount, *row.owner)
    # Lie: a deposit that is not in the queue, twice, skipped, of another amount, credited though it
    # must be refused for its words, or with another outcome than L1 is told.
    entry = (*head, *key, canonical, outcome)
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
    """A rotation of an account that is there is refused if and only if somebody else sent it than
    its header names."""
    claimed = row.rotated + row.not_owner + row.rotates * row.cash_overflow
    air.require_equal(row.asks, claimed, "deposit.asks")
    air.bit_elsewhere(row.asks, "three of the outcomes, of which one holds: deposit.one-outcome")
    # Lie: whoever sends a rotation says himself whose the account is.
    air.receive(OWNER, (row.account, *row.holder), row.asks, claim="deposit.owner")
    distances = [a - b for a, b in zip(row.holder, row.owner, strict=True)]
    with air.when(row.asks - row.not_owner):
        # Lie: somebody gives another's account a key of his own.
        for distance in distances:
            air.require_zero(distance, "deposit.is-owner")
    shown = sum(
        (d * w for d, w in zip(distances[1:], row.stranger_proof[1:], strict=True)),
        distances[0] * row.stranger_proof[0],
    )
    # Lie: the owner is refused as a stranger, and a key that was stolen goes on trading. If all
    # distances are 0, no weights sum to 1; in every other row the weights are 0.
    air.require_equal(shown, row.not_owner, "deposit.is-not-owner")


def _account(air: Builder, row: Columns) -> None:
    """What the outcome says about the account being there."""
    air.require_bit(row.existed, "deposit.account")
    # Lie: an entry of a missing account credited, or an existing account refused as missing or
    # opened a second time over its cash.
    air.require_zero((row.registered + row.account_missing) * row.existed, "deposit.account")
    there = row.credited + row.account_exists + row.cash_overflow + row.rotated + row.not_owner
    air.require_zero(there * (1 - row.existed), "deposit.account")


def _cash(air: Builder, row: Columns, active: Expr) -> None:
    """Credited: the sum, which fits. Overflow: the sum does not fit. Refused: no change."""
    paid = row.registered + row.credited + row.rotated
    summed = paid + row.cash_overflow
    air.bit_elsewhere(summed, "four of the outcomes, of which one holds: deposit.one-outcome")
    for number in (row.cash_sum, row.sum_carries):
        air.range_check(number, summed, claim="deposit.bounds")
    with air.when(summed):
        # Lie: more cash than was deposited; a sum that wraps, or a refusal of one that does not.
        require_identity(air, sum_identity(row), row.sum_carries, "deposit.cash")
    after = [
        before + paid * (total - before)
        for before, total in zip(row.cash_before, row.cash_sum.packed(), strict=True)
    ]
    before = (*row.cash_before, row.existed)
    now = row.entry - air.public("deposits_before") + DEPOSIT_TIMESTAMP
    values = (before, (*after, row.existed + row.registered))
    word = (row.account, CASH_WORD)
    # Lie: another account credited, or deposits applied out of the order of the queue.
    require_access(air, word, (row.previous_ts, now), values, active, "deposit.access")


TABLE = Table("deposit", Columns, constraints)
