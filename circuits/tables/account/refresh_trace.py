"""Account: how the cells of the refresh fee are filled. Nothing is checked."""

import numpy as np

from circuits.air.layout import LIMB_BITS
from circuits.air.trace import inverse_or_zero
from circuits.tables.account.columns import Columns
from circuits.tables.account.refresh import PAIR
from circuits.tables.records import AccountRecords
from rollup.protocol.constants import REFRESH_FEE_BITS

_LIMB_MASK = 2**LIMB_BITS - 1


def fill_refresh(row: Columns, records: AccountRecords) -> None:
    """The fees of the records, a forged one modulo 2^13; and the leaf's cash as what they leave."""
    refresh, (low, middle, high) = row.refresh, row.after.cash
    row.dues_inverse[...] = inverse_or_zero(row.dues)
    pays = row.due * (1 - row.liquidated) * row.ordinary
    charged = records.refreshed % 2**REFRESH_FEE_BITS
    refresh.pays[...] = pays
    refresh.charged[...] = charged
    refresh.cash_low[...] = pays * (low & _LIMB_MASK)
    carries = (low + charged) // PAIR
    refresh.passes[...] = carries * (middle == PAIR - 1)
    refresh.stops[...] = carries - refresh.passes
    into = refresh.stops * (middle + 1) + refresh.passes * (high + 1)
    refresh.inverse[...] = inverse_or_zero(into)
    refresh.sum[...] = np.cumsum(charged)
