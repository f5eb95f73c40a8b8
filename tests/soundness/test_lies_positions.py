"""Lies about what an account holds: two positions of a market, one dropped, one of somebody else.

The records are forged and the chains follow from them, so that only the lie is there to be found:
the digest that a chain ends in is then not the leaf's, or the chain itself cannot be joined.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from circuits.tables.account import trace as account_trace
from circuits.tables.position.air import TABLE as POSITION
from circuits.tables.position.columns import LIMB
from circuits.tables.records import PositionRecords, Records
from circuits.tables.total.air import TABLE as TOTAL
from rollup.hash.poseidon import Digest, chain, chain_start, compress
from rollup.protocol import account as rules
from rollup.protocol.batch_codec import batch_from_bytes, batch_to_bytes
from rollup.protocol.constants import POSITION_LIMIT
from rollup.protocol.encoding import TypeCode
from rollup.protocol.outcome import Outcome
from rollup.protocol.positions import Positions
from rollup.protocol.rejection import Reason
from tests.helpers.lies import Liar, forge
from tests.helpers.statement import claims_broken_in, denied, small_witness
from tests.helpers.venue import ETH, ETH_PRICE, Match, buy, credit, held, refusal, sell

HOLDER = 1
"""The trader whose positions are lied about: long in both markets."""


@pytest.fixture
def holder(liar: Liar) -> Liar:
    """The liar's venue, where trader 1 is long in both markets."""
    ether = Match(
        buy(HOLDER, 900, ETH_PRICE, market=ETH, slot=7),
        sell(3, 900, ETH_PRICE, market=ETH, slot=7),
        900,
        ETH_PRICE,
    )
    liar.venue.run(liar.venue.batch(matches=[ether]))
    assert liar.venue.state.accounts[HOLDER].positions == held(1000, 900)
    return liar


@pytest.fixture
def outcome(holder: Liar) -> Outcome:
    """A deposit touches the holder: nothing of what it holds changes."""
    first = holder.venue.state.globals.deposits_consumed
    return holder.outcome(holder.venue.batch([credit(first, HOLDER, 5)]))


def rows_of(records: Records, account: int = HOLDER) -> list[int]:
    return np.flatnonzero(records.position.account == account).tolist()


def picked(positions: PositionRecords, rows: list[int], **changes: Any) -> PositionRecords:
    """The positions of some rows, in this order, with columns replaced."""
    members = {name: getattr(positions, name) for name in positions.__slots__}
    members = {
        name: tuple(part[rows] for part in column) if isinstance(column, tuple) else column[rows]
        for name, column in members.items()
    }
    return PositionRecords(**{**members, **changes})


def test_the_holders_positions_are_opened_one_by_one(outcome: Outcome) -> None:
    records = replay(outcome)
    assert len(rows_of(records)) == 2
    assert claims_broken_in(records, outcome.public) == set()


@pytest.mark.parametrize("dropped", [0, 1])
def test_a_position_dropped_from_both_leaves(outcome: Outcome, dropped: int) -> None:
    """The losing half of a portfolio is not opened: the old leaf is not reached without it."""
    records = replay(outcome)
    rows = list(range(len(records.position.account)))
    rows.remove(rows_of(records)[dropped])
    lie = replace(records, position=picked(records.position, rows))
    claims = claims_broken_in(lie, outcome.public)
    assert claims == {"account.opened-once", "account.safest", "tree.children-opened"}


def test_a_position_opened_and_not_written_back(outcome: Outcome) -> None:
    """It is said to be empty after the batch, and nobody traded it."""
    records = replay(outcome)
    row = rows_of(records)[1]
    after = records.position.after.copy()
    after[row] = POSITION_LIMIT
    lie = replace(records, position=replace(records.position, after=after))
    claims = claims_broken_in(lie, outcome.public)
    assert {"position.value-after", "account.opened-once", "position.counted"} <= claims


def test_a_position_from_nowhere(outcome: Outcome) -> None:
    """A third market's, written into the new leaf."""
    records = replay(outcome)
    row = rows_of(records)[1]
    rows = [*range(row + 1), row, *range(row + 1, len(records.position.account))]
    more = picked(records.position, rows)
    market, before = more.market.copy(), more.before.copy()
    market[row + 1], before[row + 1] = 2, POSITION_LIMIT
    lie = replace(records, position=replace(more, market=market, before=before))
    claims = claims_broken_in(lie, outcome.public)
    assert {"position.terms", "position.value-after", "position.not-grown"} <= claims


def test_two_positions_of_one_market(outcome: Outcome) -> None:
    """1,000 lots as 400 and 600: each is margined, and together they are still 1,000. The rules
    cannot even write it; the circuit knows by the market that does not rise."""
    assert refusal(lambda: Positions(((0, 400), (0, 600), (1, 900)))) is Reason.POSITION_ORDER
    records = replay(outcome)
    row = rows_of(records)[0]
    rows = [*range(row + 1), row, *range(row + 1, len(records.position.account))]
    more = picked(records.position, rows)
    sizes = [more.before.copy(), more.after.copy()]
    for column in sizes:
        column[row], column[row + 1] = POSITION_LIMIT + 400, POSITION_LIMIT + 600
    lie = replace(records, position=replace(more, before=sizes[0], after=sizes[1]))
    claims = claims_broken_in(lie, outcome.public)
    assert {"position.rising", "account.opened-once"} <= claims


def test_two_positions_of_one_market_in_a_leaf_that_has_both(
    holder: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old leaf with the market twice, as a broken state would have it: nothing opens it."""
    twice = forge(held(1000, 900), held=((0, 400), (0, 600), (1, 900)))
    account = holder.venue.state.accounts[HOLDER]
    triggers = (account.triggers[0], *account.triggers)
    holder.venue.state.accounts[HOLDER] = forge(account, positions=twice, triggers=triggers)
    first = holder.venue.state.globals.deposits_consumed
    batch = holder.venue.batch([credit(first, HOLDER, 5)])
    monkeypatch.setattr("rollup.protocol.closing.state_roots", roots_of(batch.old_root))
    lie = holder.outcome(batch)
    records = replay(lie)
    row = rows_of(records)[0]
    rows = [*range(row + 1), row, *range(row + 1, len(records.position.account))]
    more = picked(records.position, rows)
    sizes = [more.before.copy(), more.after.copy()]
    for column in sizes:
        column[row], column[row + 1] = POSITION_LIMIT + 400, POSITION_LIMIT + 600
    forged = replace(records, position=replace(more, before=sizes[0], after=sizes[1]))
    claims = claims_broken_in(forged, lie.public)
    assert "position.rising" in claims
    assert "account.opened-once" not in claims


def roots_of(old: Digest) -> Any:
    """State roots that say what the batch says of the old one."""
    from rollup.protocol.roots import state_roots

    return lambda *given: [old, state_roots(*given)[1]]


def test_positions_out_of_order(outcome: Outcome) -> None:
    """Another order is another leaf, of which the tree knows nothing, and markets must rise."""
    assert refusal(lambda: Positions(((1, 900), (0, 1000)))) is Reason.POSITION_ORDER
    records = replay(outcome)
    one, two = rows_of(records)
    rows = list(range(len(records.position.account)))
    rows[one], rows[two] = two, one
    lie = replace(records, position=picked(records.position, rows))
    claims = claims_broken_in(lie, outcome.public)
    assert {"position.rising", "account.opened-once"} <= claims


def test_a_position_of_another_account(holder: Liar) -> None:
    """Trader 1 shows the position of trader 3 as its own, in its own chain."""
    outcome = holder.outcome(holder.trade())
    records = replay(outcome)
    row = rows_of(records)[0]
    account = records.position.account.copy()
    account[row] = 3
    lie = replace(records, position=replace(records.position, account=account))
    claims = claims_broken_in(lie, outcome.public)
    assert {"position.chain", "account.positions-opened", "position.value-before"} <= claims


def test_a_chain_that_is_never_closed(outcome: Outcome) -> None:
    """The account takes its sums as they start, without its positions: they are no limbs yet."""
    witness = small_witness(outcome)
    names, trace = TOTAL.columns.names(), witness.traces["total"]
    row = int(np.flatnonzero(trace[:, names.index("account")] == HOLDER)[0])
    trace[row, names.index("more")] = 1
    assert {"total.chain", "account.positions-complete"} <= denied(witness.failures())


def test_more_positions_in_a_sum_than_a_column_can_hold(outcome: Outcome) -> None:
    """A count that is turned back, so that sums go on past eight positions."""
    witness = small_witness(outcome)
    names, trace = POSITION.columns.names(), witness.traces["position"]
    row = int(np.flatnonzero(trace[:, names.index("account")] == HOLDER)[0])
    trace[row, names.index("count")] = 9
    assert "position.count" in denied(witness.failures())
    trace[row, names.index("count")] = 0
    assert "position.count" in denied(witness.failures())


def test_a_position_that_is_there_said_to_be_empty(outcome: Outcome) -> None:
    """`held` 0 leaves a position out of the leaf."""
    witness = small_witness(outcome)
    names, trace = POSITION.columns.names(), witness.traces["position"]
    row = int(np.flatnonzero(trace[:, names.index("account")] == HOLDER)[0])
    trace[row, names.index("before.held")] = 0
    assert {"position.held", "position.chain"} <= denied(witness.failures())


@pytest.mark.parametrize("magnitude", [1000 + LIMB * LIMB, 999], ids=["wider", "smaller"])
def test_a_word_valued_as_another_position(outcome: Outcome, magnitude: int) -> None:
    witness = small_witness(outcome)
    names, trace = POSITION.columns.names(), witness.traces["position"]
    row = int(np.flatnonzero(trace[:, names.index("account")] == HOLDER)[0])
    trace[row, names.index("before.magnitude.0")] = magnitude
    assert {"position.size", "position.sums"} <= denied(witness.failures())


def test_a_leaf_of_version_1(holder: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state whose leaves are hashed as they were: four positions in one block, slots last. The
    rules find another root, and the circuit no account in the tree."""
    first = holder.venue.state.globals.deposits_consumed
    batch = holder.venue.batch([credit(first, HOLDER, 5)])
    honest = holder.outcome(batch)
    monkeypatch.setattr(rules, "fold_accounts", leaves_of_version_1)
    assert holder.refusal(batch) is Reason.OLD_ROOT
    monkeypatch.setattr("rollup.protocol.closing.state_roots", roots_of(batch.old_root))
    lie = holder.outcome(batch)
    assert lie.public.new_root != honest.public.new_root
    claims = denied(small_witness(lie).failures())
    assert {"account.opened-once", "batch.root-before"} <= claims


def leaves_of_version_1(messages: Any, _: Any) -> list[Digest]:
    """Chains of four blocks: header, cash, four positions, root of the slots."""
    found = []
    for header, slots, cash, *blocks in messages:
        words = [word for block in blocks for word in block[1:3]]
        four = (*words, *[0] * (8 - len(words)))
        found.append(chain(TypeCode.ACCOUNT, (header, cash, four, slots)))
    return found


def test_a_leaf_whose_fold_starts_elsewhere(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leaves that start as a chain of version 1 of their length does: no hash leads from there."""
    start = chain_start(TypeCode.ACCOUNT, 4)
    monkeypatch.setattr(account_trace, "fold_start", lambda *_: start)
    claims = denied(small_witness(outcome).failures())
    assert {"account.header", "account.opened-once"} <= claims


def test_a_position_of_no_account_is_in_no_chain(outcome: Outcome) -> None:
    """A row of a stranger: nobody sends it a chain."""
    records = replay(outcome)
    row = rows_of(records)[0]
    account = records.position.account.copy()
    account[row] = 77
    lie = replace(records, position=replace(records.position, account=account))
    assert "position.chain" in claims_broken_in(lie, outcome.public)


def test_a_batch_file_holds_positions_in_their_one_form(holder: Liar) -> None:
    batch = holder.trade()
    assert batch_from_bytes(batch_to_bytes(batch)) == batch
    opened = [each.account for each in batch.pre.accounts if each.account is not None]
    assert any(len(account.positions.held) == 2 for account in opened)


def test_a_position_that_opens_and_closes_in_one_batch_is_in_neither_leaf(liar: Liar) -> None:
    """Its word is opened and closed all the same, and holds nothing at both ends."""
    there = Match(
        buy(1, 50, ETH_PRICE, market=ETH, slot=3),
        sell(3, 50, ETH_PRICE, market=ETH, slot=3),
        50,
        ETH_PRICE,
    )
    back = Match(
        buy(3, 50, ETH_PRICE, market=ETH, slot=4),
        sell(1, 50, ETH_PRICE, market=ETH, slot=4),
        50,
        ETH_PRICE,
    )
    outcome = liar.outcome(liar.venue.batch(matches=[there, back]))
    records = replay(outcome)
    assert claims_broken_in(records, outcome.public) == set()
    ether = np.flatnonzero(records.position.market == ETH)
    assert len(ether) == 2
    assert (records.position.before[ether] == POSITION_LIMIT).all()
    touched = next(each for each in outcome.accounts if each.index == 1)
    assert touched.markets == (0, ETH) and touched.after is not None
    assert touched.after.positions == held(1000)


def test_the_empty_leaf_is_not_the_end_of_a_chain() -> None:
    """An account that was not there has the chain 0^8, and no block leads from zeros to zeros."""
    block = (0, 5, 2**14, 0, 0, 0, 0, 0)
    assert compress((0,) * 8, block) != (0,) * 8
