"""The margin rule twice: the circuit says yes exactly where `rollup.protocol.margin` does.

Accounts are drawn at random, many of them within a quantum of a boundary, and each is offered to
the tables under every clause: its own row, those of its positions, and those of its sums.
"""

from collections.abc import Iterator
from random import Random

import numpy as np
import pytest

from circuits.air import check
from circuits.air.bus import RANGE
from circuits.air.circuit import Circuit
from circuits.air.evaluate import U32, filled, messages
from circuits.air.publics import PublicLayout
from circuits.gadgets.buses import BUSES, CHAIN
from circuits.statement.inputs import risk_digits, take_numbers, trade_numbers
from circuits.statement.witness import account_tables
from circuits.tables.account.air import TABLE as ACCOUNT
from circuits.tables.account.columns import FRESH_SLOTS_ROOT
from circuits.tables.position.air import TABLE as POSITION
from circuits.tables.records import LIQUIDATED, AccountRecords, MarketRecords, PositionRecords
from circuits.tables.total.air import TABLE as TOTAL
from rollup.protocol.constants import CASH_LIMIT, MARKETS_MAX, POSITION_LIMIT
from rollup.protocol.genesis import BACKSTOP_ACCOUNT
from rollup.protocol.margin import Holding, excess, is_healthier, risk_grew, value
from rollup.protocol.market import Market
from rollup.protocol.terms import MarketTerms, market_terms
from tests.helpers.venue import held

CLAUSES = ("unchanged", "initial", "maintenance", "healthier", "liquidated", "exhausted")
"""The clauses of the rule; the last one is that of a liquidated account whose fee was waived."""
HEIGHTS = {"account": 256, "position": 8192, "total": 1024}
BLINDED = 8
ROWS = HEIGHTS["account"] - BLINDED
CIRCUIT = Circuit.build(
    [(table, HEIGHTS[table.name]) for table in (ACCOUNT, POSITION, TOTAL)],
    PublicLayout((("backstop_account", 1),)),
    BUSES,
)
PUBLIC = (BACKSTOP_ACCOUNT,)

Case = tuple[Holding, Holding]


def holds(clause: str, before: Holding, after: Holding, terms: tuple[MarketTerms, ...]) -> bool:
    """Whether the rules accept this clause."""
    old, new = value(before, terms), value(after, terms)
    if clause == "unchanged":
        return after.positions == before.positions and after.cash >= before.cash
    if clause == "initial":
        return new.equity >= new.initial
    below = excess(before, terms) < 0
    reduced = {
        "maintenance": new.equity >= new.maintenance,
        "healthier": is_healthier(old, new),
        "liquidated": below and new.equity >= 0,
        "exhausted": below and new.equity == 0,
    }
    return not risk_grew(before, after) and reduced[clause]


def random_terms(rng: Random, count: int) -> tuple[MarketTerms, ...]:
    """So many markets; prices and fractions reach their bounds."""
    terms = []
    for number in range(count):
        initial = rng.choice([2, 10, 1000, 10_000, rng.randint(2, 10_000)])
        maintenance = rng.choice([1, initial - 1, rng.randint(1, initial - 1)])
        market = Market(f"M{number}", 1, 5, 10_000, 11, 1, 0, 0, 0, 1, 0, 0)
        object.__setattr__(market, "initial_fraction", initial)
        object.__setattr__(market, "maintenance_fraction", maintenance)
        price = rng.choice([1, 2**29 - 1, rng.randint(1, 2**29 - 1), rng.randint(1, 1000)])
        terms.append(
            market_terms(market, price, rng.choice([0, -(2**28), 2**28, rng.randint(-1000, 1000)]))
        )
    return tuple(terms)


def random_size(rng: Random) -> int:
    small = rng.randint(-20, 20)
    wide = rng.randint(-POSITION_LIMIT, POSITION_LIMIT - 1)
    return rng.choice([0, small, small, wide, -POSITION_LIMIT, POSITION_LIMIT - 1, wide >> 20])


def next_size(rng: Random, size: int) -> int:
    """Often no more risk than `size`: less, none, the same; sometimes a flip, or anything."""
    choices = [size, size, 0, size // 2, size - (size > 0) + (size < 0), -size // 3]
    return max(-POSITION_LIMIT, min(POSITION_LIMIT - 1, rng.choice([*choices, random_size(rng)])))


def clipped(cash: int) -> int:
    return max(-CASH_LIMIT, min(CASH_LIMIT - 1, cash))


def random_case(rng: Random, terms: tuple[MarketTerms, ...]) -> Case:
    """An account before and after, its cash often within a quantum of a boundary."""
    sizes = tuple(random_size(rng) for _ in terms)
    after = tuple(next_size(rng, size) for size in sizes)
    if rng.random() < 0.2:
        after = sizes
    cash = clipped(rng.choice([0, rng.randint(-(10**6), 10**6), rng.getrandbits(66) - 2**65]))
    old = value(Holding(cash, held(*sizes)), terms)
    new = value(Holding(0, held(*after)), terms)
    targets = [
        new.initial - new.equity,
        new.maintenance - new.equity,
        -new.equity,
        cash,
        cash + old.equity - new.equity,
    ]
    if old.maintenance:
        targets.append(-(-old.equity * new.maintenance // old.maintenance) - new.equity)
    chosen = rng.choice([*targets, *targets, rng.getrandbits(64) - 2**63])
    cash_after = clipped(chosen + rng.choice([-1, 0, 0, 1]))
    return Holding(cash, held(*sizes)), Holding(cash_after, held(*after))


Parts = tuple[AccountRecords, PositionRecords, MarketRecords]


def records_of(cases: list[Case], clauses: list[int], terms: tuple[MarketTerms, ...]) -> Parts:
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
        opened=zeros,
        header=words,
        cash=(cash[0], cash[1]),
        salt=(words[:, :4], words[:, :4]),
        slots_root=(root, root),
        slots_touched=zeros,
        last_ts=zeros,
        clause=np.minimum(clauses, LIQUIDATED),
        exhausted=(np.array(clauses) > LIQUIDATED).astype(np.int64),
        backstop=BACKSTOP_ACCOUNT,
    )
    return accounts, positions_of(cases), markets_of(terms)


def positions_of(cases: list[Case]) -> PositionRecords:
    rows = [
        (row, market, before.positions[market], after.positions[market])
        for row, (before, after) in enumerate(cases)
        for market in sorted({*before.positions.markets, *after.positions.markets})
    ]
    found = np.array(rows, dtype=np.int64).reshape(len(rows), 4)
    return PositionRecords(
        owner=found[:, 0],
        account=found[:, 0],
        market=found[:, 1],
        before=found[:, 2] + POSITION_LIMIT,
        after=found[:, 3] + POSITION_LIMIT,
        last_ts=np.zeros(len(rows), dtype=np.int64),
        takeovers=np.zeros(len(rows), dtype=np.int64),
    )


def markets_of(terms: tuple[MarketTerms, ...]) -> MarketRecords:
    return MarketRecords(
        market=np.arange(len(terms)),
        risk=np.array([risk_digits(each) for each in terms]),
        trade=np.array([trade_numbers(each) for each in terms]),
        take=np.array([take_numbers(each) for each in terms]),
        trade_uses=np.zeros(len(terms), dtype=np.int64),
        take_uses=np.zeros(len(terms), dtype=np.int64),
    )


def refused_accounts(parts: Parts) -> dict[int, set[str]]:
    """Accounts with a broken constraint or a value out of range in a row, with the claims."""
    traces = account_tables(*parts, HEIGHTS, BLINDED)
    found: dict[int, set[str]] = {}
    for placed in CIRCUIT.tables:
        table = filled(placed, traces[placed.name], BLINDED)
        whose = traces[placed.name][:, placed.table.columns.names().index("account")]
        for failure in check.check_constraints(table, PUBLIC):
            found.setdefault(int(whose[failure.row]), set()).add(failure.claim)
        for said in messages(table, PUBLIC, [RANGE.identifier]):
            wide = said.payload[:, 1] >= 1 << said.payload[:, 0]
            for row in said.rows[wide]:
                found.setdefault(int(whose[row]), set()).add(said.interaction.claim)
    assert not unbalanced(traces), "a chain has a loose end"
    return found


def unbalanced(traces: dict[str, U32]) -> list[check.Failure]:
    """Whoever says something on CHAIN that nobody hears."""
    said = [
        each
        for placed in CIRCUIT.tables
        for each in messages(
            filled(placed, traces[placed.name], BLINDED), PUBLIC, [CHAIN.identifier]
        )
    ]
    return check.check_bus(CHAIN, said)


def offers(rng: Random, terms: tuple[MarketTerms, ...]) -> Iterator[tuple[Case, int]]:
    for _ in range(ROWS // len(CLAUSES)):
        case = random_case(rng, terms)
        for clause in range(len(CLAUSES)):
            yield case, clause


def compare(offered: list[tuple[Case, int]], terms: tuple[MarketTerms, ...]) -> set[object]:
    """Hold the tables to the rules; the (clause, answer) pairs that were reached."""
    cases, clauses = [case for case, _ in offered], [clause for _, clause in offered]
    refused = refused_accounts(records_of(cases, clauses, terms))
    verdicts: set[object] = set()
    for row, ((before, after), clause) in enumerate(offered):
        wanted = holds(CLAUSES[clause], before, after, terms)
        verdicts.add((clause, wanted))
        where = f"{before.cash, before.positions.held} -> {after.cash, after.positions.held}"
        assert wanted == (row not in refused), f"{CLAUSES[clause]}: {where}: {refused.get(row)}"
    return verdicts


@pytest.mark.parametrize("seed", range(30))
def test_the_tables_accept_a_clause_exactly_where_the_rules_do(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "ROWS_PER_CLAIM", 10**6)
    rng = Random(seed)
    terms = random_terms(rng, (1, 4, 4, 13)[seed % 4])
    verdicts = compare(list(offers(rng, terms)), terms)
    assert len(verdicts) >= (5 if len(terms) == 13 else 7), "not both answers are reached"


def test_an_account_of_64_positions_at_the_ends_of_every_range(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(check, "ROWS_PER_CLAIM", 10**6)
    market = Market("M", 1, 5, 10_000, 9_000, 1, 0, 0, 0, 1, 0, 0)
    terms = (market_terms(market, 2**29 - 1, -(2**28)),) * MARKETS_MAX
    long, short = (POSITION_LIMIT - 1,) * 64, (-POSITION_LIMIT,) * 64
    offered: list[tuple[Case, int]] = []
    mixed = (*long[:32], *short[:32])
    for sizes in (long, short, mixed):
        for cash in (-CASH_LIMIT, CASH_LIMIT - 1):
            before = Holding(cash, held(*sizes))
            less = Holding(cash, held(*[size // 3 for size in sizes]))
            for after in (before, less):
                offered += [((before, after), clause) for clause in range(len(CLAUSES))]
    compare(offered, terms)
