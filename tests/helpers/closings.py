"""Accounts as the tables of leaves, positions and sums take them, closed in any way one likes."""

from typing import NamedTuple

import numpy as np

from circuits.gadgets.buses import TRADE_KINDS
from circuits.gadgets.tally import KINDS, LIMBS
from circuits.statement.inputs import (
    Hour,
    hour_numbers,
    least_order,
    lot_fee,
    risk_numbers,
    trade_numbers,
)
from circuits.tables.account.columns import FRESH_SLOTS_ROOT
from circuits.tables.records import AccountRecords, MarketRecords, PositionRecords
from rollup.protocol.constants import CASH_LIMIT, POSITION_LIMIT, PREMIUM_LIMIT, SAFETY_MAX
from rollup.protocol.holding import Holding
from rollup.protocol.margin import risk_grew, safety_of, triggers_of, value
from rollup.protocol.terms import MarketTerms

BACKSTOP = 2**29
"""A number that no account of these records has."""

NO_HOUR = Hour(False, False, 0)
"""No hour is due."""

Case = tuple[Holding, Holding]
Terms = tuple[MarketTerms, ...]
Parts = tuple[AccountRecords, PositionRecords, MarketRecords]


class Offer(NamedTuple):
    """How an account is closed: what its row claims; `paid_out` is 1 if an asset left it, 2 if USDC
    did, and `acted` whether its orders were filled in every market."""

    safety: int
    below: bool = False
    shrinks: bool = False
    liquidated: bool = False
    exhausted: bool = False
    relief: tuple[int, int, int] = (0, 0, 0)
    paid_out: int = 0
    acted: bool = False


def honest_offer(case: Case, terms: Terms) -> Offer:
    """How the rules would close it, if they let it end so."""
    before, after = case
    now = value(after, terms)
    below = now.excess < 0
    held = SAFETY_MAX if not now.ladder else max(0, safety_of(now))
    return Offer(0 if below else held, below, not risk_grew(before, after, terms))


def records_of(cases: list[Case], offers: list[Offer], terms: Terms) -> Parts:
    """What the three tables are filled from: accounts 0.. that hold this before and after."""
    count = len(cases)
    cash = tuple(
        np.array([case[time].cash + CASH_LIMIT for case in cases], dtype=np.uint64)
        for time in (0, 1)
    )
    ones, zeros = np.ones(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    words = np.zeros((count, 8), dtype=np.uint32)
    root = np.tile(np.array(FRESH_SLOTS_ROOT, dtype=np.uint32), (count, 1))
    accounts = AccountRecords(
        account=np.arange(count),
        existed=ones,
        exists=ones,
        rotated=zeros,
        keyed=zeros,
        rekeyed=zeros,
        header=words,
        new_header=words,
        viewing_key=words,
        cash=(cash[0], cash[1]),
        salt=(words[:, :4], words[:, :4]),
        slots_root=(root, root),
        slots_touched=zeros,
        last_ts=zeros,
        below=(zeros, np.array([offer.below for offer in offers], dtype=np.int64)),
        safety=np.array([offer.safety for offer in offers], dtype=np.int64),
        shrinks=np.array([offer.shrinks for offer in offers], dtype=np.int64),
        liquidated=np.array([offer.liquidated for offer in offers], dtype=np.int64),
        exhausted=np.array([offer.exhausted for offer in offers], dtype=np.int64),
        relief=np.array([offer.relief for offer in offers], dtype=np.int64).reshape(count, 3),
        exempt=np.array([is_exempt(offer) for offer in offers], dtype=np.int64),
        clear=zeros,
        told=zeros,
        paid_out=np.array([bool(offer.paid_out) for offer in offers], dtype=np.int64),
        cash_out=np.array([offer.paid_out > 1 for offer in offers], dtype=np.int64),
        outflows=zeros,
        barred=zeros,
        barred_amount=zeros,
        due=zeros,
        dues=zeros,
        refreshed=zeros,
        dealt=zeros,
        backstop=BACKSTOP,
        refresh_fee=0,
    )
    return accounts, positions_of(cases, offers, terms), markets_of(terms)


def is_exempt(offer: Offer) -> bool:
    """Who may stay where others are deleveraged; nobody here was flagged before."""
    return offer.below or offer.liquidated


def positions_of(cases: list[Case], offers: list[Offer], terms: Terms) -> PositionRecords:
    """Their positions, with triggers that follow from what is claimed; the old ones are 7, of an
    asset that counts for nothing 0."""
    rows = []
    for row, (before, after) in enumerate(cases):
        triggers = triggers_of(after.positions, offers[row].safety, terms)
        new = dict(zip(after.positions.markets, triggers, strict=True))
        for market in sorted({*before.positions.markets, *after.positions.markets}):
            sizes = (before.positions[market], after.positions[market])
            old = 7 if sizes[0] and not terms[market].is_idle else 0
            rows.append((row, market, *sizes, old, new.get(market, 0)))
    found = np.array(rows, dtype=np.int64).reshape(len(rows), 6)
    nothing = np.zeros(len(rows), dtype=np.int64)
    acted = np.array([offers[row].acted for row, *_ in rows], dtype=np.int64)
    return PositionRecords(
        owner=found[:, 0],
        account=found[:, 0],
        market=found[:, 1],
        before=found[:, 2] + POSITION_LIMIT,
        after=found[:, 3] + POSITION_LIMIT,
        trigger=(found[:, 4], found[:, 5]),
        last_ts=nothing,
        traded=acted,
        took=nothing,
        takeovers=nothing,
        needed=nothing,
        closed_out=nothing,
        due=nothing,
        unsteady=nothing,
        deleveraged=nothing,
        behind=nothing,
        came=nothing,
        stays=nothing,
    )


def markets_of(terms: Terms) -> MarketRecords:
    """Markets whose frontiers stay at the price."""
    count = len(terms)
    zeros, numbers = np.zeros(count, dtype=np.int64), np.array([each.numbers for each in terms])
    tallies = np.array([(PREMIUM_LIMIT, 0, 0)] * count, dtype=np.uint64)
    return MarketRecords(
        market=np.arange(count),
        risk=np.array([risk_numbers(each) for each in terms]),
        trade=np.array([trade_numbers(each) for each in terms]),
        least=np.array([least_order(each) for each in terms]),
        lot_fee=np.array([lot_fee(each) for each in terms]),
        hour=np.array([hour_numbers(each, NO_HOUR) for each in terms]),
        tally=(tallies, tallies),
        counted=np.zeros((count, KINDS, LIMBS), dtype=np.int64),
        steady=zeros + 1,
        missing=zeros,
        asset=np.array([int(each.is_asset) for each in terms]),
        idle=np.array([int(each.is_idle) for each in terms]),
        ended=np.array([int(each.is_settled) for each in terms]),
        ends=zeros,
        estate=np.zeros((count, 4), dtype=np.int64),
        asset_uses=zeros,
        trade_uses=np.zeros((count, TRADE_KINDS), dtype=np.int64),
        take_uses=zeros,
        listed=zeros + 1,
        frontier=(numbers, numbers),
        zoned=np.zeros((count, 2), dtype=np.int64),
        zone=np.zeros((count, 2), dtype=np.int64),
        full=np.zeros((count, 2), dtype=np.int64),
        backstop=np.zeros(16, dtype=np.int64),
    )
