"""The public side of the statement: the public vector and the public messages of a batch.

Plain Python and no table: with a packaged circuit, this is all of the statement that a verifier
loads. A `PublicInput` of the rules is all that it needs to know of a batch; bands, fees and margin
terms come from `rollup.protocol.terms`, the one derivation that rules, sequencer and verifier
share.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from circuits.air.layout import limb_widths
from circuits.air.publics import PublicLayout
from circuits.gadgets.balanced import BUCKET_COUNT, balanced
from circuits.gadgets.buses import DEPOSIT, MARKET, PAYOUT
from circuits.stark.lookup import PublicMessage
from rollup.field.koalabear import P
from rollup.protocol.assets import USDC, is_taken, mark_of
from rollup.protocol.constants import (
    AMOUNT_BITS,
    BUCKET_BITS,
    CASH_BITS,
    CLIP_BITS,
    DEPOSITS_MAX,
    ESTATE_BITS,
    IMPACT_BITS,
    MARKETS_MAX,
    OPEN_INTEREST_BITS,
    ORACLE_PRICE_BITS,
    OUTFLOWS_MAX,
    PREMIUM_RATE_BITS,
    PRICE_BITS,
    SIZE_BITS,
    TIME_BITS,
)
from rollup.protocol.encoding import limbs, outflow_words, owner_words, packed
from rollup.protocol.market import Governance
from rollup.protocol.market_book import BookEntry
from rollup.protocol.premium import rated_markets
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
        ("data_commitment", 8),
        ("fee_account", 1),
        ("backstop_account", 1),
        ("refresh_fee", 1),
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

RATE_DIGITS: Final = 2
"""Balanced digits of a premium rate."""


def public_values(public: PublicInput) -> tuple[int, ...]:
    """The public vector of a batch."""
    values: Mapping[str, int | Sequence[int]] = {
        "chain": public.chain,
        "venue": public.venue,
        "number": public.number,
        "time": limbs(public.time, TIME_BITS),
        "old_root": public.old_root,
        "new_root": public.new_root,
        "data_commitment": public.data_commitment,
        "fee_account": public.governance.fee_account,
        "backstop_account": public.governance.backstop_account,
        "refresh_fee": public.governance.refresh_fee,
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
        PublicMessage(
            DEPOSIT.identifier,
            1,
            deposit_message(deposit, public.governance, public.book_before.ended),
        )
        for deposit in public.deposits
    )
    book, hours, ending = public.book, hours_of(public), public.ending
    markets = (
        PublicMessage(
            MARKET.identifier,
            1,
            market_message(
                market,
                terms,
                book.markets[market],
                hours[market],
                taken=public.taken_of(mark_of(market)),
                ends=market in ending,
            ),
        )
        for market, terms in enumerate(batch_terms(public.governance, book))
    )
    withdrawals = (
        PublicMessage(PAYOUT.identifier, 1, payout_message(withdrawal))
        for withdrawal in public.withdrawals
    )
    return (*deposits, *markets, *withdrawals)


class Hour(NamedTuple):
    """Of one market: whether its tally starts again, which that of an ended one never does; whether
    a premium rate is proved, and which one is said."""

    is_due: bool
    is_rated: bool
    premium_rate: int


def hours_of(public: PublicInput) -> tuple[Hour, ...]:
    """Of every listed market."""
    now = (public.governance, public.time, public.prices, public.reports)
    rated, due = rated_markets(public.book_before, *now), public.is_hour_due
    rates = public.premium_rates or (0,) * len(rated)
    over = public.book_before.is_ended
    return tuple(
        Hour(due and not over(market), each, rate)
        for market, (each, rate) in enumerate(zip(rated, rates, strict=True))
    )


def is_untraded(terms: MarketTerms, entry: BookEntry) -> bool:
    """Whether no order trades whatever else holds: nobody knows the price, or an asset is over. A
    perpetual that is over says so apart, since its positions are settled."""
    return entry.missing or (terms.is_ended and terms.is_asset)


def market_message(
    market: int, terms: MarketTerms, entry: BookEntry, hour: Hour, *, taken: int, ends: bool = False
) -> tuple[int, ...]:
    """A market's terms as MARKET carries them, how it came by its price, whether it is over or will
    be with the step, how many lots of it the estate takes, and what its hour asks."""
    risk, trade = risk_numbers(terms), trade_numbers(terms)
    kind = (terms.is_asset, terms.is_idle, terms.is_settled, ends)
    flags = (entry.is_steady, is_untraded(terms, entry), *kind)
    told = (*map(int, flags), *estate_numbers(taken))
    numbers = (*risk, *trade, *lot_fee(terms), *told, *least_order(terms))
    return (market, *(number % P for number in (*numbers, *hour_numbers(terms, hour))))


def risk_numbers(terms: MarketTerms) -> tuple[int, ...]:
    """What a lot adds to an account's sums, as balanced limbs of either sign, and the buckets that
    the sides are in."""
    maintenance = (terms.long_maintenance, terms.short_maintenance)
    initial = (terms.long_initial, terms.short_initial)
    values = [digit for number in (*maintenance, *initial) for digit in balanced(number)]
    bucket = balanced(terms.bucket, BUCKET_BITS, BUCKET_COUNT)
    return (*values, *bucket, *balanced(terms.value), *terms.numbers)


def trade_numbers(terms: MarketTerms) -> tuple[int, ...]:
    """Band in packed pairs, fees, funding as balanced limbs of either sign, the oracle price; what
    is other where an order takes lots of a liquidated account; and the lowest and highest price
    that count whole towards the premium."""
    band = (*packed(terms.band_low, PRICE_BITS), *packed(terms.band_high, PRICE_BITS))
    price = packed(terms.price, PRICE_BITS)
    near = (*packed(terms.least_bid, PRICE_BITS), *packed(terms.most_asked, PRICE_BITS))
    nets = (terms.price - terms.liquidation_fee, terms.price + terms.liquidation_fee)
    net = [limb for number in nets for limb in limbs(number, PRICE_BITS)]
    fees = (terms.taker_fee, terms.maker_fee)
    clip = (terms.price - terms.clip, terms.price + terms.clip)
    return (*band, *fees, *balanced(terms.funding), *price, *near, *net, *clip)


def hour_numbers(terms: MarketTerms, hour: Hour) -> tuple[int, ...]:
    """What concerns a market's tally: limbs of price, clip, impact notional and cap; whether it
    starts again, whether a rate is proved, and the balanced digits of what is said."""
    return (
        *limbs(terms.price, ORACLE_PRICE_BITS),
        *limbs(terms.clip, CLIP_BITS),
        *limbs(terms.impact_notional, IMPACT_BITS),
        *limbs(terms.open_interest_cap, OPEN_INTEREST_BITS),
        int(hour.is_due),
        int(hour.is_rated),
        *balanced(hour.premium_rate, PREMIUM_RATE_BITS, RATE_DIGITS),
    )


def estate_numbers(taken: int) -> tuple[int, ...]:
    """How many lots the estate takes, as limbs."""
    return limbs(taken, ESTATE_BITS)


def lot_fee(terms: MarketTerms) -> tuple[int, ...]:
    """What liquidation costs a lot, as limbs."""
    return limbs(terms.liquidation_fee, PRICE_BITS)


def least_order(terms: MarketTerms) -> tuple[int, ...]:
    """The least order, as a packed pair like a position."""
    return packed(terms.least_order, SIZE_BITS)


def payout_message(withdrawal: GrantedWithdrawal) -> tuple[int, ...]:
    """A withdrawal as PAYOUT carries it."""
    owner, amount = owner_words(withdrawal.owner), outflow_words(withdrawal.amount)
    return (*owner, withdrawal.asset, *amount)


def deposit_message(
    deposit: ConsumedDeposit, governance: Governance, ended: Collection[int] = ()
) -> tuple[int, ...]:
    """A queue entry as DEPOSIT carries it: 32-bit words mod p, whether what it is of is listed and
    has not ended, and whether its words were below p, which nobody asks of one that is not."""
    entry = deposit.entry
    known = is_taken(governance, ended, entry.asset)
    return (
        entry.index,
        int(entry.kind),
        entry.account,
        entry.asset,
        int(entry.asset != USDC),
        *packed(entry.amount, AMOUNT_BITS),
        *owner_words(entry.owner),
        *(word % P for word in entry.key_words),
        *(word % P for word in entry.viewing_words),
        int(known),
        int(entry.is_canonical or not known),
        int(deposit.outcome),
    )
