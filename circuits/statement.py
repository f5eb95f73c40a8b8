"""The statement: which tables with which heights, which public values, and which public messages.

Plain Python: this is what a verifier reads. A `PublicInput` of the rules is all that it needs to
know of a batch; prices, bands, fees and margin terms come from `rollup.protocol.market`, the one
derivation that rules, sequencer and verifier share.
"""

from collections.abc import Mapping, Sequence
from functools import cache

from circuits.air.circuit import Circuit
from circuits.air.layout import limb_widths
from circuits.air.publics import PublicLayout
from circuits.air.table import Table
from circuits.buses import BUSES, DEPOSIT
from circuits.stark.lookup import PublicMessage
from circuits.tables.account.air import TABLE as ACCOUNT
from circuits.tables.base.air import TABLE as BASE
from circuits.tables.batch.air import TABLE as BATCH
from circuits.tables.comb.air import TABLE as COMB
from circuits.tables.deposit.air import TABLE as DEPOSITS
from circuits.tables.fill.air import table as fill_table
from circuits.tables.ladder.air import TABLE as LADDER
from circuits.tables.order.air import table as order_table
from circuits.tables.poseidon.air import TABLE as POSEIDON
from circuits.tables.range.air import TABLE as RANGES
from circuits.tables.slot.air import TABLE as SLOT
from circuits.tables.tree.air import TABLE as TREE
from rollup.field.koalabear import P
from rollup.protocol.constants import (
    AMOUNT_BITS,
    CASH_BITS,
    FRACTION_SCALE,
    MARKETS_MAX,
    PRICE_BITS,
    TIME_BITS,
)
from rollup.protocol.encoding import limbs, owner_words, packed
from rollup.protocol.public import ConsumedDeposit, PublicInput
from rollup.protocol.shape_class import CLASS_M, CLASS_S, ShapeClass

RISK_BITS = PRICE_BITS + FRACTION_SCALE.bit_length()
"""price x margin fraction: below 2^30 x 2^14."""

_SAME_IN_ALL = {"base": 2**13, "deposit": 2**10, "batch": 2**10}

HEIGHTS: Mapping[str, Mapping[str, int]] = {
    CLASS_S.name: {
        "poseidon": 2**15,
        "range": 2**15,
        "tree": 2**14,
        "comb": 2**13,
        "ladder": 2**14,
        "order": 2**10,
        "fill": 2**10,
        "account": 2**10,
        "slot": 2**10,
        **_SAME_IN_ALL,
    },
    CLASS_M.name: {
        "poseidon": 2**17,
        "range": 2**15,
        "tree": 2**16,
        "comb": 2**16,
        "ladder": 2**17,
        "order": 2**12,
        "fill": 2**11,
        "account": 2**11,
        "slot": 2**12,
        **_SAME_IN_ALL,
    },
}
"""Rows of each table by shape class, the blinded ones counted. Every batch of a class has this
shape, an empty one too, so a proof does not tell how much was traded."""

PUBLICS = PublicLayout(
    (
        ("chain", 1),
        ("venue", 1),
        ("number", 1),
        ("time", len(limb_widths(TIME_BITS))),
        ("old_root", 8),
        ("new_root", 8),
        ("fee_account", 1),
        ("total_old", len(limb_widths(CASH_BITS))),
        ("total_new", len(limb_widths(CASH_BITS))),
        ("deposits_before", 1),
        ("deposits_count", 1),
        ("price", MARKETS_MAX),
        ("band_low", 2 * MARKETS_MAX),
        ("band_high", 2 * MARKETS_MAX),
        ("taker_fee", MARKETS_MAX),
        ("maker_fee", MARKETS_MAX),
        ("price_limbs", MARKETS_MAX * len(limb_widths(PRICE_BITS))),
        ("initial_limbs", MARKETS_MAX * len(limb_widths(RISK_BITS))),
        ("maintenance_limbs", MARKETS_MAX * len(limb_widths(RISK_BITS))),
    )
)
"""The public vector. Per-market values lie one market after the other, limbs or packed pairs low
first."""


def circuit(shape_class: ShapeClass = CLASS_S) -> Circuit:
    """The circuit of the statement for a shape class, traced once a process."""
    return _circuit(shape_class)


@cache
def _circuit(shape_class: ShapeClass) -> Circuit:
    return circuit_with(HEIGHTS[shape_class.name], shape_class)


def tables(shape_class: ShapeClass) -> tuple[Table, ...]:
    """All tables with room for a shape class, in the order in which proofs hold them."""
    return (
        POSEIDON,
        RANGES,
        TREE,
        BASE,
        COMB,
        LADDER,
        order_table(shape_class.orders),
        fill_table(shape_class.trades),
        ACCOUNT,
        SLOT,
        DEPOSITS,
        BATCH,
    )


def circuit_with(heights: Mapping[str, int], shape_class: ShapeClass) -> Circuit:
    """The same tables with other heights: for tests, which need not fill a whole shape class."""
    placed = [(table, heights[table.name]) for table in tables(shape_class)]
    return Circuit.build(placed, PUBLICS, BUSES)


def public_values(public: PublicInput) -> tuple[int, ...]:
    """The public vector of a batch."""
    values: Mapping[str, int | Sequence[int]] = {
        "chain": public.chain,
        "venue": public.venue,
        "number": public.number,
        "time": limbs(public.time, TIME_BITS),
        "old_root": public.old_root,
        "new_root": public.new_root,
        "fee_account": public.governance.fee_account,
        "total_old": limbs(public.total_before, CASH_BITS),
        "total_new": limbs(public.total, CASH_BITS),
        "deposits_before": public.deposits_before,
        "deposits_count": len(public.deposits),
        **_market_values(public),
    }
    return PUBLICS.flatten(values)


def _market_values(public: PublicInput) -> dict[str, tuple[int, ...]]:
    terms = public.terms
    initial = [limbs(t.price * t.initial_fraction, RISK_BITS) for t in terms]
    maintenance = [limbs(t.price * t.maintenance_fraction, RISK_BITS) for t in terms]
    return {
        "price": tuple(t.price for t in terms),
        "band_low": tuple(pair for t in terms for pair in packed(t.band_low, PRICE_BITS)),
        "band_high": tuple(pair for t in terms for pair in packed(t.band_high, PRICE_BITS)),
        "taker_fee": tuple(t.taker_fee for t in terms),
        "maker_fee": tuple(t.maker_fee for t in terms),
        "price_limbs": tuple(limb for t in terms for limb in limbs(t.price, PRICE_BITS)),
        "initial_limbs": tuple(limb for number in initial for limb in number),
        "maintenance_limbs": tuple(limb for number in maintenance for limb in number),
    }


def public_messages(public: PublicInput) -> tuple[PublicMessage, ...]:
    """What the verifier puts on the buses itself: every consumed queue entry with its outcome."""
    return tuple(
        PublicMessage(DEPOSIT.identifier, 1, deposit_message(deposit))
        for deposit in public.deposits
    )


def deposit_message(deposit: ConsumedDeposit) -> tuple[int, ...]:
    """A queue entry as DEPOSIT carries it: 32-bit words mod p, and whether they were below p."""
    entry = deposit.entry
    return (
        entry.index,
        int(entry.kind),
        entry.account,
        *packed(entry.amount, AMOUNT_BITS),
        *owner_words(entry.owner),
        *(word % P for word in entry.key_words),
        *(word % P for word in entry.viewing_words),
        int(entry.is_canonical),
        int(deposit.outcome),
    )
