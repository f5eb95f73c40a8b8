"""Account: what positions hear of outflows, from records. Witness side only."""

import numpy as np

from circuits.tables.records import I64, AccountRecords
from rollup.protocol.barred import ExitBar


def short(records: AccountRecords) -> I64:
    """1 if an exit was refused because the account has not enough."""
    place = tuple(ExitBar).index(ExitBar.SHORT) + 1
    return np.equal(records.barred, place).astype(np.int64)


def heard(records: AccountRecords) -> I64:
    """What positions hear (`circuits.tables.account.payment.payment`)."""
    return records.paid_out + records.cash_out + 2 * short(records)
