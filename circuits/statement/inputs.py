"""The public side of the statement: the public vector and the public messages of a batch.

Plain Python and no table: with a packaged circuit, this is all of the statement that a verifier
loads. A `PublicInput` of the rules is all that it needs to know of a batch; bands, fees and margin
terms come from `rollup.protocol.terms`, the one derivation that rules, sequencer and verifier
share.
"""

from collections.abc import Mapping, Sequence

from circuits.air.layout import limb_widths
from circuits.air.publics import PublicLayout
from circuits.gadgets.balanced import BUCKET_COUNT, balanced
from circuits.gadgets.buses import DEPOSIT, MARKET, PAYOUT
from circuits.stark.lookup import PublicMessage
from rollup.field.koalabear import P
from rollup.protocol.constants import (
    AMOUNT_BITS,
    BUCKET_BITS,
    CASH_BITS,
    DEPOSITS_MAX,
    MARKETS_MAX,
    OUTFLOWS_MAX,
    PRICE_BITS,
    TIME_BITS,
)
from rollup.protocol.encoding import limbs, outflow_words, owner_words, packed
from rollup.protocol.market_book import BookEntry
from rollup.protocol.public import ConsumedDeposit, GrantedWithdrawal, PublicInput
from rollup.protocol.terms import MarketTerms, batch_terms

PUBLICS = PublicLayout(
    (
        ("chain", 1),
        ("venue", 1),
        ("number", 1),
        ("time", len(limb_widths(TIME_BITS))),
        ("old_root", 8),
        ("new_root", 8),
        ("fee_account", 1),
        ("backstop_account", 1),
        ("redo", 1),
        ("total_old", len(limb_widths(CASH_BITS))),
        ("total_new", len(limb_widths(CASH_BITS))),
        ("deposits_before", 1),
        ("deposits_count", 1),
        ("begins_open", 1),
        ("closed", 1),
        ("progress", 1),
    )
)
"""The public vector. `begins_open`: the step before the batch was not closed; `closed`: that of the
batch is; `progress`: what the batch did for it is enough."""


PUBLIC_MESSAGES_MAX = DEPOSITS_MAX + MARKETS_MAX + OUTFLOWS_MAX
"""Messages of the verifier at most: what soundness counts."""


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
        "backstop_account": public.governance.backstop_account,
        "redo": int(public.redo),
        "total_old": limbs(public.total_before, CASH_BITS),
        "total_new": limbs(public.total, CASH_BITS),
        "deposits_before": public.deposits_before,
        "deposits_count": len(public.deposits),
        "begins_open": int(public.begins_open),
        "closed": int(public.closed),
        "progress": int(public.progress),
    }
    return PUBLICS.flatten(values)


def public_messages(public: PublicInput) -> tuple[PublicMessage, ...]:
    """What the verifier puts on the buses itself: every consumed queue entry with its outcome, the
    terms of every listed market, and every withdrawal."""
    deposits = (
        PublicMessage(DEPOSIT.identifier, 1, deposit_message(deposit))
        for deposit in public.deposits
    )
    book = public.book_after
    markets = (
        PublicMessage(MARKET.identifier, 1, market_message(market, terms, book.markets[market]))
        for market, terms in enumerate(batch_terms(public.governance, book))
    )
    withdrawals = (
        PublicMessage(PAYOUT.identifier, 1, payout_message(withdrawal))
        for withdrawal in public.withdrawals
    )
    return (*deposits, *markets, *withdrawals)


def market_message(market: int, terms: MarketTerms, entry: BookEntry) -> tuple[int, ...]:
    """A market's terms as MARKET carries them, and how it came by its price."""
    numbers = (number % P for number in (*risk_numbers(terms), *trade_numbers(terms)))
    flags = (int(entry.is_steady), int(entry.missing))
    return (market, *numbers, *lot_fee(terms), *flags)


def risk_numbers(terms: MarketTerms) -> tuple[int, ...]:
    """What a lot adds to an account's sums, as balanced limbs of either sign, and the buckets that
    the sides are in."""
    maintenance = (terms.long_maintenance, terms.short_maintenance)
    initial = (terms.long_initial, terms.short_initial)
    values = [digit for number in (*maintenance, *initial) for digit in balanced(number)]
    bucket = balanced(terms.bucket, BUCKET_BITS, BUCKET_COUNT)
    return (*values, *bucket, *balanced(terms.value), *terms.numbers)


def trade_numbers(terms: MarketTerms) -> tuple[int, ...]:
    """Band in packed pairs, fees, and funding as balanced limbs of either sign."""
    band = (*packed(terms.band_low, PRICE_BITS), *packed(terms.band_high, PRICE_BITS))
    return (*band, terms.taker_fee, terms.maker_fee, *balanced(terms.funding))


def lot_fee(terms: MarketTerms) -> tuple[int, ...]:
    """What liquidation costs a lot, as limbs."""
    return limbs(terms.liquidation_fee, PRICE_BITS)


def payout_message(withdrawal: GrantedWithdrawal) -> tuple[int, ...]:
    """A withdrawal as PAYOUT carries it."""
    return (*owner_words(withdrawal.owner), *outflow_words(withdrawal.amount))


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
