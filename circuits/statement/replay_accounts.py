"""Touched accounts as columns: their leaves, headers and positions, from the outcome of a batch.

No rule is applied and nothing is checked: a forged outcome gives forged records.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from circuits.gadgets.words import CASH_WORD, POSITION_WORD
from circuits.statement.columns import Clock, biased_cash, column, matrix
from circuits.tables.account.columns import FRESH_SLOTS_ROOT
from circuits.tables.records import (
    U32,
    U64,
    AccountRecords,
    HeaderRecords,
    PositionRecords,
)
from rollup.protocol.account import Account
from rollup.protocol.constants import POSITION_LIMIT, SAFETY_MAX, SEPTIC_LENGTH
from rollup.protocol.encoding import owner_words
from rollup.protocol.outcome import Outcome, TouchedAccount

_NO_OWNER = (0,) * 6
_NO_KEY = (0,) * (2 * SEPTIC_LENGTH)
_NO_DIGEST = (0,) * 8


def accounts(outcome: Outcome, clock: Clock, signed: Mapping[int, int]) -> AccountRecords:
    touched = outcome.accounts
    before, after = [a.before for a in touched], [a.after for a in touched]
    liquidated = {step.takeover.account for step in outcome.steps.takeovers}
    paid = Counter(step.signed.outflow.account for step in outcome.steps.outflows)
    return AccountRecords(
        account=column(a.index for a in touched),
        existed=column(a.before is not None for a in touched),
        exists=column(a.after is not None for a in touched),
        opened=column(_is_opened(a, signed) for a in touched),
        header=matrix([a.header for a in touched], 8, np.uint32),
        cash=(_cash_of(before), _cash_of(after)),
        salt=(_salts_of(before), _salts_of(after)),
        slots_root=(_slots_roots_of(before), _slots_roots_of(after)),
        slots_touched=column(bool(a.slots) for a in touched),
        last_ts=column(clock.last.get((a.index, CASH_WORD), 0) for a in touched),
        below=(
            column(leaf is not None and leaf.below for leaf in before),
            column(leaf is not None and leaf.below for leaf in after),
        ),
        safety=column(_safety_of(a) for a in touched),
        shrinks=column(a.after is not None and not a.closing.grew for a in touched),
        liquidated=column(a.index in liquidated for a in touched),
        exhausted=column(a.exhausted for a in touched),
        paid_out=column(paid[a.index] > 0 for a in touched),
        outflows=column(paid[a.index] for a in touched),
        backstop=outcome.public.governance.backstop_account,
    )


def _safety_of(account: TouchedAccount) -> int:
    """Where nothing is held no trigger depends on it, and it is the cap, which needs no ladder."""
    after = account.after
    if after is not None and not after.positions.held and not after.below:
        return SAFETY_MAX
    return account.closing.safety


def _is_opened(account: TouchedAccount, signed: Mapping[int, int]) -> bool:
    """Whether anybody needs the account's header: what it signed, or its registration."""
    created = account.before is None and account.after is not None
    return created or signed.get(account.index, 0) > 0


def headers(outcome: Outcome, signed: Mapping[int, int]) -> HeaderRecords:
    opened = [a for a in outcome.accounts if _is_opened(a, signed)]
    words = [_header_words(account) for account in opened]
    outflows = [step.signed.outflow for step in outcome.steps.outflows]
    granted = Counter(each.account for each in outflows if each.is_withdrawal)
    return HeaderRecords(
        account=column(a.index for a in opened),
        created=column(a.before is None for a in opened),
        owner=matrix([each[0] for each in words], 6),
        key=matrix([each[1] for each in words], 14, np.uint32),
        viewing=matrix([each[2] for each in words], 8),
        key_uses=column(signed.get(a.index, 0) for a in opened),
        owner_uses=column(granted[a.index] for a in opened),
    )


def _header_words(account: TouchedAccount) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
    """Owner, key and viewing commitment; zeros for an account that never came to exist."""
    leaf = account.after or account.before
    if leaf is None:
        return _NO_OWNER, _NO_KEY, _NO_DIGEST
    header = leaf.header
    return owner_words(header.owner), (*header.key[0], *header.key[1]), header.viewing


def positions(outcome: Outcome, clock: Clock) -> PositionRecords:
    rows = [(row, a, m) for row, a in enumerate(outcome.accounts) for m in a.markets]
    taken = Counter((s.takeover.account, s.takeover.market) for s in outcome.steps.takeovers)
    return PositionRecords(
        owner=column(row for row, _, _ in rows),
        account=column(a.index for _, a, _ in rows),
        market=column(market for _, _, market in rows),
        before=column(_size_of(a.before, market) for _, a, market in rows),
        after=column(_size_of(a.after, market) for _, a, market in rows),
        trigger=(
            column(_trigger_of(a.before, market) for _, a, market in rows),
            column(_trigger_of(a.after, market) for _, a, market in rows),
        ),
        last_ts=column(clock.last.get((a.index, POSITION_WORD + m), 0) for _, a, m in rows),
        takeovers=column(taken[a.index, m] for _, a, m in rows),
    )


def _size_of(leaf: Account | None, market: int) -> int:
    return POSITION_LIMIT + (0 if leaf is None else leaf.positions[market])


def _trigger_of(leaf: Account | None, market: int) -> int:
    """0 where nothing is held."""
    if leaf is None or market not in leaf.positions.markets:
        return 0
    return leaf.triggers[leaf.positions.markets.index(market)]


def _cash_of(leaves: Sequence[Account | None]) -> U64:
    return biased_cash(0 if leaf is None else leaf.cash for leaf in leaves)


def _salts_of(leaves: Sequence[Account | None]) -> U32:
    salts: U32 = matrix([(0,) * 4 if a is None else a.salt for a in leaves], 4, np.uint32)
    return salts


def _slots_roots_of(leaves: Sequence[Account | None]) -> U32:
    """Roots of the slot trees; an account that does not exist has 256 fresh slots."""
    rows = [FRESH_SLOTS_ROOT if leaf is None else leaf.slots_root for leaf in leaves]
    roots: U32 = matrix(rows, 8, np.uint32)
    return roots
