"""The public side of the statement: the public vector and the public messages of a batch.

Plain Python and no table: with a packaged circuit, this is all of the statement that a verifier
loads. A `PublicInput` of the rules is all that it needs to know of a batch; prices, bands, fees and
margin terms come from `rollup.protocol.market`, the one derivation that rules, sequencer and
verifier share.
"""

from collections.abc import Mapping, Sequence

from circuits.air.layout import limb_widths
from circuits.air.publics import PublicLayout
from circuits.gadgets.buses import DEPOSIT
from circuits.stark.lookup import PublicMessage
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

RISK_BITS = PRICE_BITS + FRACTION_SCALE.bit_length()
"""price x margin fraction: below 2^30 x 2^14."""

PUBLICS = PublicLayout(
    (
        ("chain", 1),
        ("venue", 1),
        ("number", 1),
        ("time", len(limb_widths(TIME_BITS))),
        ("old_root", 8),
        ("new_root", 8),
        ("fee_account", 1),
        ("redo", 1),
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
        "redo": int(public.redo),
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
