"""Touched accounts as columns: their leaves, headers and positions, from the outcome of a batch.

No rule is applied and nothing is checked: a forged outcome gives forged records.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from circuits.gadgets.balanced import COUNT as BALANCED
from circuits.gadgets.balanced import balanced
from circuits.gadgets.words import CASH_WORD, POSITION_WORD
from circuits.statement.columns import Clock, biased_cash, column, matrix
from circuits.statement.replay_fills import times_ordered
from circuits.tables.account.columns import FRESH_SLOTS_ROOT
from circuits.tables.records import (
    I64,
    U32,
    U64,
    AccountRecords,
    HeaderRecords,
    PositionRecords,
)
from rollup.hash.poseidon import ZERO_DIGEST, Digest
from rollup.protocol.account import Account, Header
from rollup.protocol.assets import USDC
from rollup.protocol.availability import reading_key
from rollup.protocol.barred import BarredExit, ExitBar
from rollup.protocol.constants import POSITION_LIMIT, SAFETY_MAX
from rollup.protocol.encoding import owner_words
from rollup.protocol.outcome import Outcome, TouchedAccount
from rollup.protocol.progress import closed_out, due_markets
from rollup.protocol.takeover import Route
from rollup.protocol.terms import MarketTerms
from rollup.protocol.triggers import seats


class Asked(NamedTuple):
    """How often the key of each account is asked for: of what it signed in the batch, and of what
    rested under it and trades."""

    keys: Mapping[int, int]
    marks: Mapping[int, int]

    def is_asked(self, account: int) -> bool:
        """Whether it is, and so may sign."""
        return self.keys.get(account, 0) + self.marks.get(account, 0) > 0


def accounts(outcome: Outcome, clock: Clock, asked: Asked) -> AccountRecords:
    touched = outcome.accounts
    before, after = [a.before for a in touched], [a.after for a in touched]
    terms, backstop = outcome.steps.terms, outcome.public.governance.backstop_account
    outflows = [step.signed.outflow for step in outcome.steps.outflows]
    exits = [s.entry for s in outcome.steps.deposits if s.is_exit and s.outcome == 0]
    paid = Counter(each.account for each in outflows)
    paid.update(each.account for each in exits)
    cash = {each.account for each in outflows if each.asset == USDC}
    cash.update(each.account for each in exits)
    barred = {each.account: each for each in outcome.barred}
    return AccountRecords(
        account=column(a.index for a in touched),
        existed=column(a.before is not None for a in touched),
        exists=column(a.after is not None for a in touched),
        rotated=column(a.rotated for a in touched),
        keyed=column(not a.rotated and asked.is_asked(a.index) for a in touched),
        rekeyed=column(a.rotated and asked.is_asked(a.index) for a in touched),
        header=matrix([a.headers[0] for a in touched], 8, np.uint32),
        new_header=matrix([a.headers[1] for a in touched], 8, np.uint32),
        viewing_key=matrix([_viewing_key(a) for a in touched], 8, np.uint32),
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
        liquidated=column(a.liquidated for a in touched),
        exhausted=column(a.exhausted for a in touched),
        paid_out=column(paid[a.index] > 0 for a in touched),
        cash_out=column(a.index in cash for a in touched),
        outflows=column(paid[a.index] for a in touched),
        barred=column(_bar_of(barred.get(a.index)) for a in touched),
        barred_amount=column(barred[a.index].amount if a.index in barred else 0 for a in touched),
        due=column(bool(_due_markets(outcome, a)) for a in touched),
        dues=column(len(_due_markets(outcome, a)) for a in touched),
        refreshed=column(outcome.steps.refreshed.get(a.index, 0) for a in touched),
        dealt=column(a.dealt for a in touched),
        relief=matrix([_relief_of(a, terms) for a in touched], BALANCED),
        exempt=column(a.exempt for a in touched),
        clear=column(_is_clear(a, backstop) for a in touched),
        told=column(len(outcome.steps.zones) * (a.index == backstop) for a in touched),
        backstop=backstop,
        refresh_fee=outcome.public.governance.refresh_fee,
    )


def _bar_of(barred: BarredExit | None) -> int:
    """The place of the bar, plus 1; 0 where no exit was refused."""
    return 0 if barred is None else tuple(ExitBar).index(barred.bar) + 1


def _needed_of(account: TouchedAccount, terms: Sequence[MarketTerms]) -> int | None:
    """Of the markets in which a liquidated account was reduced, that of which a lot adds most to it
    if it goes; none where it stays below maintenance."""
    before, after = account.before, account.after
    if not account.liquidated or before is None or after is None or after.below:
        return None
    reduced = [m for m, n in before.positions if abs(after.positions[m]) < abs(n)]
    return max(reduced, key=lambda m: _relief(before, m, terms), default=None)


def _due_markets(outcome: Outcome, account: TouchedAccount) -> tuple[int, ...]:
    """Those that show that it was due."""
    return due_markets(account.before, outcome.steps.terms)


def _relief(leaf: Account, market: int, terms: Sequence[MarketTerms]) -> int:
    found = terms[market]
    return found.long_relief if leaf.positions[market] > 0 else found.short_relief


def _relief_of(account: TouchedAccount, terms: Sequence[MarketTerms]) -> tuple[int, ...]:
    """Digits of it, not carried, as a position sends them; zeros if none was needed."""
    market = _needed_of(account, terms)
    if market is None or account.before is None:
        return (0,) * BALANCED
    found, short = terms[market], account.before.positions[market] < 0
    counted = balanced(found.short_maintenance if short else found.long_maintenance)
    value = balanced(found.value)
    sign = -1 if short else 1
    return tuple(sign * a - b for a, b in zip(value, counted, strict=True))


def _safety_of(account: TouchedAccount) -> int:
    """Where nothing is held that counts no trigger depends on it, and it is the cap, which needs no
    ladder."""
    after = account.after
    if after is not None and not account.closing.after.ladder and not after.below:
        return SAFETY_MAX
    return account.closing.safety


def _viewing_key(account: TouchedAccount) -> Digest:
    """What its leaf is published under; zeros if there is none."""
    if account.after is None:
        return ZERO_DIGEST
    return reading_key(account.after.header, account.viewing_key)


def _askers(outcome: Outcome) -> Counter[int]:
    """How many entries of the queue ask whose each account is."""
    return Counter(step.entry.account for step in outcome.steps.deposits if step.asks_owner)


class _HeaderRow(NamedTuple):
    """A header as the batch opens it, or as it takes the place of one."""

    account: TouchedAccount
    renewed: bool
    header: Header

    @property
    def counts(self) -> bool:
        """Whether it is the header that the account is closed with: its key is the account's where
        orders are signed."""
        return self.renewed == self.account.rotated

    @property
    def told(self) -> Digest | None:
        """The viewing key, where the venue knows it."""
        return self.account.viewing_key if self.counts else None


def headers(outcome: Outcome, asked: Asked) -> HeaderRecords:
    touched = outcome.accounts
    rows = [_HeaderRow(a, False, a.opened) for a in touched if a.opened is not None]
    rows += [_HeaderRow(a, True, a.after.header) for a in touched if a.rotated and a.after]
    numbers = [row.account.index for row in rows]
    outflows = [step.signed.outflow for step in outcome.steps.outflows]
    owners = _askers(outcome)
    owners.update(each.account for each in outflows if each.is_withdrawal)
    backstop = outcome.public.governance.backstop_account
    return HeaderRecords(
        account=column(numbers),
        created=column(row.account.before is None and not row.renewed for row in rows),
        renewed=column(row.renewed for row in rows),
        keyed=column(row.counts and asked.is_asked(row.account.index) for row in rows),
        owner=matrix([owner_words(row.header.owner) for row in rows], 6),
        key=matrix([(*row.header.key[0], *row.header.key[1]) for row in rows], 14, np.uint32),
        viewing=matrix([row.header.viewing for row in rows], 8),
        told=column(row.told is not None for row in rows),
        viewing_key=matrix([reading_key(row.header, row.told) for row in rows], 8),
        viewing_uses=column(row.counts for row in rows),
        backstop=column(number == backstop for number in numbers),
        key_uses=column(row.counts * asked.keys.get(row.account.index, 0) for row in rows),
        mark_uses=column(row.counts * asked.marks.get(row.account.index, 0) for row in rows),
        owner_uses=column(0 if row.renewed else owners[row.account.index] for row in rows),
    )


def positions(outcome: Outcome, clock: Clock) -> PositionRecords:
    rows = [(row, a, m) for row, a in enumerate(outcome.accounts) for m in a.markets]
    traded, took = times_ordered(outcome)
    taken = _times_taken(outcome)
    needed = {a.index: _needed_of(a, outcome.steps.terms) for a in outcome.accounts}
    gone = {a.index: closed_out(a, outcome.steps.deleveraged) for a in outcome.accounts}
    due = {a.index: _due_markets(outcome, a) for a in outcome.accounts}
    barring = _barring(outcome)
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
        traded=column(traded[a.index, m] for _, a, m in rows),
        took=column(took[a.index, m] for _, a, m in rows),
        takeovers=column(taken[a.index, m] for _, a, m in rows),
        needed=column(needed[a.index] == m for _, a, m in rows),
        closed_out=column(m in gone[a.index] for _, a, m in rows),
        due=column(m in due[a.index] for _, a, m in rows),
        unsteady=column((a.index, m) in barring for _, a, m in rows),
        **_order_columns(outcome, rows),
    )


def _barring(outcome: Outcome) -> set[tuple[int, int]]:
    """(account, market) of a position for each exit that is refused for the price of one."""
    wanted = {each.account for each in outcome.barred if each.bar is ExitBar.UNSTEADY}
    terms, steady, found = outcome.steps.terms, outcome.steps.steady, set()
    for account in outcome.accounts:
        if account.index in wanted:
            unsteady = (m for m in account.markets if not steady[m] and not terms[m].is_asset)
            found.add((account.index, next(unsteady)))
    return found


def _times_taken(outcome: Outcome) -> Counter[tuple[int, int]]:
    """How many takeovers say of each position that it loses lots."""
    found: Counter[tuple[int, int]] = Counter()
    for step in outcome.steps.takeovers:
        takeover = step.takeover
        if takeover.route is Route.SETTLED:  # asks nothing of the position but its word
            continue
        found[takeover.account, takeover.market] += 1
        if takeover.closes:
            found[takeover.taker, takeover.market] += 1
    for each in outcome.steps.order_takeovers:
        found[each.takeover.account, each.market] += 1
    return found


def _order_columns(
    outcome: Outcome, rows: Sequence[tuple[int, TouchedAccount, int]]
) -> dict[str, I64]:
    """What each position says where somebody of its side is deleveraged."""
    found = [_order_of(outcome, a, market) for _, a, market in rows]
    names = ("deleveraged", "behind", "came", "stays")
    return {name: column(name in each for each in found) for name in names}


def _order_of(outcome: Outcome, account: TouchedAccount, market: int) -> set[str]:
    """Of what it says, all that is so; one reason to stay, if it does."""
    deleveraged = (account.index, market) in outcome.steps.deleveraged
    said = {"deleveraged"} if deleveraged else set()
    old = {seat.side: seat.trigger for seat in seats(account.before) if seat.market == market}
    for seat in seats(account.after):
        lowest = outcome.steps.zones.get((market, seat.side))
        if seat.market != market or lowest is None or seat.trigger <= lowest:
            continue
        if account.exempt or deleveraged:
            said.add("stays")
        elif seat.side not in old:
            said |= {"stays", "came"}
        elif old[seat.side] <= lowest:
            said |= {"stays", "behind"}
    return said


def _is_clear(account: TouchedAccount, backstop: int) -> bool:
    """Whether it takes: the backstop, neither liquidated nor flagged as the batch ends."""
    flagged = account.after is not None and account.after.below
    return account.index == backstop and not account.liquidated and not flagged


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
