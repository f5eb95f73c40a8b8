"""Market: one row is one listed market, whose public terms it hands to whoever needs them.

Nothing is computed here: the verifier derives every number (rollup.protocol.terms) and sends it.
Height: one row a market, padded. Degree: 2.
Buses: receives MARKET; sends RISK, TRADE and TAKE as often as they are asked for.
Claims: docs/spec/claims/market.md. Spec: docs/spec/06-margin.md.
"""

from circuits.air.builder import Builder
from circuits.air.layout import Layout, bit, cell, cells, group
from circuits.air.table import Table
from circuits.gadgets.buses import MARKET, RISK, TAKE, TRADE
from circuits.tables.position.columns import DIGITS, Risk


class Columns(Layout):
    """The columns."""

    active = bit()
    market = cell()
    risk = group(Risk)
    band_low = cells(2)  # packed pairs
    band_high = cells(2)
    taker_fee = cell()
    maker_fee = cell()
    funding = cells(DIGITS)  # F in balanced limbs
    value = cells(DIGITS)  # of a lot, balanced limbs
    lot_fee = cells(3)  # of liquidation, limbs
    risk_uses = cell()  # positions of this batch in the market
    trade_uses = cell()  # fills
    take_uses = cell()  # takeovers


def constraints(air: Builder, row: Columns) -> None:
    """One market."""
    air.require_bit(row.active, "market.flags")
    # Lie: a padding row hands out terms of its own making.
    for uses in (row.risk_uses, row.trade_uses, row.take_uses):
        air.require_zero(uses * (1 - row.active), "market.padding-is-silent")
    risk = row.risk.cells
    trade = (*row.band_low, *row.band_high, row.taker_fee, row.maker_fee, *row.funding)
    # Lie: other terms than governance and price give, or those of a market that is not listed.
    take = (*row.value, *row.lot_fee)
    air.receive(MARKET, (row.market, *risk, *trade, *take), row.active, claim="market.public")
    air.send(RISK, (row.market, *risk), row.risk_uses, claim="market.risk")
    air.send(TRADE, (row.market, *trade), row.trade_uses, claim="market.trade")
    air.send(TAKE, (row.market, *take), row.take_uses, claim="market.take")


TABLE = Table(name="market", columns=Columns, constraints=constraints)
