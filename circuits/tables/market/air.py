"""Market: one row is one listed market, whose public terms it hands to positions and fills.

Nothing is computed here: the verifier derives every number (rollup.protocol.terms) and sends it.
Height: one row a market, padded. Degree: 2.
Buses: receives MARKET; sends RISK and TRADE as often as they are asked for.
Claims: docs/spec/claims/market.md. Spec: docs/spec/06-margin.md.
"""

from circuits.air.builder import Builder
from circuits.air.layout import Layout, bit, cell, cells, group
from circuits.air.table import Table
from circuits.gadgets.balanced import COUNT
from circuits.gadgets.buses import MARKET, RISK, TRADE
from circuits.tables.position.columns import Risk


class Columns(Layout):
    """The columns."""

    active = bit()
    market = cell()
    risk = group(Risk)
    band_low = cells(2)  # packed pairs
    band_high = cells(2)
    taker_fee = cell()
    maker_fee = cell()
    funding = cells(COUNT)  # F in balanced limbs
    risk_uses = cell()  # positions of this batch in the market
    trade_uses = cell()  # fills


def constraints(air: Builder, row: Columns) -> None:
    """One market."""
    air.require_bit(row.active, "market.flags")
    # Lie: a padding row hands out terms of its own making.
    air.require_zero(row.risk_uses * (1 - row.active), "market.padding-is-silent")
    air.require_zero(row.trade_uses * (1 - row.active), "market.padding-is-silent")
    risk = row.risk.cells
    trade = (*row.band_low, *row.band_high, row.taker_fee, row.maker_fee, *row.funding)
    # Lie: other terms than governance and price give, or those of a market that is not listed.
    air.receive(MARKET, (row.market, *risk, *trade), row.active, claim="market.public")
    air.send(RISK, (row.market, *risk), row.risk_uses, claim="market.risk")
    air.send(TRADE, (row.market, *trade), row.trade_uses, claim="market.trade")


TABLE = Table(name="market", columns=Columns, constraints=constraints)
