"""The margin rule twice: the account table says yes exactly where `rollup.protocol.margin` does.

Rows are drawn at random, many of them within a quantum of a boundary, and each is offered to the
table under every clause.
"""

from collections.abc import Iterator
from random import Random

import numpy as np
import pytest

from circuits.air import check
from circuits.air.bus import RANGE
from circuits.air.circuit import Circuit
from circuits.air.evaluate import filled, messages
from circuits.air.publics import PublicLayout
from circuits.gadgets.buses import BUSES
from circuits.tables.account.air import TABLE
from circuits.tables.account.columns import FRESH_SLOTS_ROOT
from circuits.tables.account.trace import build
from circuits.tables.records import AccountRecords
from rollup.protocol.constants import CASH_LIMIT, FRACTION_SCALE, POSITION_LIMIT
from rollup.protocol.encoding import limbs
from rollup.protocol.margin import Holding, is_healthier, risk_grew, value
from rollup.protocol.market import MarketTerms

CLAUSES = ("unchanged", "initial", "maintenance", "healthier")
HEIGHT = 256
ROWS = HEIGHT - 8
LAYOUT = PublicLayout(
    (("price_limbs", 12), ("initial_limbs", 16), ("maintenance_limbs", 16)),
)
CIRCUIT = Circuit.build([(TABLE, HEIGHT)], LAYOUT, BUSES)

Case = tuple[Holding, Holding]


def holds(clause: str, before: Holding, after: Holding, terms: tuple[MarketTerms, ...]) -> bool:
    """Whether the rules accept this clause."""
    old, new = value(before, terms), value(after, terms)
    if clause == "unchanged":
        return after.positions == before.positions and after.cash >= before.cash
    if clause == "initial":
        return FRACTION_SCALE * new.equity >= new.initial
    if risk_grew(before, after):
        return False
    if clause == "maintenance":
        return FRACTION_SCALE * new.equity >= new.maintenance
    return is_healthier(old, new)


def random_terms(rng: Random) -> tuple[MarketTerms, ...]:
    """Four markets; prices and fractions reach their bounds."""
    terms = []
    for _ in range(4):
        initial = rng.choice([1, 10, 1000, 10_000, rng.randint(1, 10_000)])
        terms.append(
            MarketTerms(
                price=rng.choice([1, 2**30 - 1, rng.randint(1, 2**30 - 1), rng.randint(1, 1000)]),
                band_low=1,
                band_high=0,
                initial_fraction=initial,
                maintenance_fraction=rng.choice([1, initial, rng.randint(1, initial)]),
                taker_fee=0,
                maker_fee=0,
            )
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
    sizes = tuple(random_size(rng) for _ in range(4))
    after = tuple(next_size(rng, size) for size in sizes)
    if rng.random() < 0.2:
        after = sizes
    cash = clipped(rng.choice([0, rng.randint(-(10**6), 10**6), rng.getrandbits(66) - 2**65]))
    old = value(Holding(cash, sizes), terms)
    new = value(Holding(0, after), terms)
    targets = [
        -(-new.initial // FRACTION_SCALE) - new.equity,
        -(-new.maintenance // FRACTION_SCALE) - new.equity,
        -new.equity,
        cash,
        cash + old.equity - new.equity,
    ]
    if old.maintenance:
        targets.append(-(-old.equity * new.maintenance // old.maintenance) - new.equity)
    chosen = rng.choice([*targets, *targets, rng.getrandbits(64) - 2**63])
    return Holding(cash, sizes), Holding(clipped(chosen + rng.choice([-1, 0, 0, 1])), after)


def records_of(
    cases: list[Case], clauses: list[int], terms: tuple[MarketTerms, ...]
) -> AccountRecords:
    count = len(cases)
    cash = tuple(
        np.array([case[time].cash + CASH_LIMIT for case in cases], dtype=np.uint64)
        for time in (0, 1)
    )
    positions = tuple(
        np.array([case[time].positions for case in cases], dtype=np.int64) + POSITION_LIMIT
        for time in (0, 1)
    )
    ones = np.ones(count, dtype=np.int64)
    zeros = np.zeros((count, 16), dtype=np.int64)
    words = zeros.astype(np.uint32)
    root = np.tile(np.array(FRESH_SLOTS_ROOT, dtype=np.uint32), (count, 1))
    return AccountRecords(
        account=np.arange(count),
        existed=ones,
        exists=ones,
        owner=zeros[:, :6],
        key=words[:, :14],
        viewing=zeros[:, :8],
        key_uses=zeros[:, 0],
        cash=(cash[0], cash[1]),
        positions=(positions[0], positions[1]),
        salt=(words[:, :4], words[:, :4]),
        slots_root=(root, root),
        slots_touched=zeros[:, 0],
        last_ts=zeros[:, :5],
        clause=np.array(clauses),
        prices=np.array([t.price for t in terms]),
        initial=np.array([t.initial_fraction for t in terms]),
        maintenance=np.array([t.maintenance_fraction for t in terms]),
    )


def refused_rows(records: AccountRecords, terms: tuple[MarketTerms, ...]) -> dict[int, set[str]]:
    """Rows with a broken constraint or a value out of range, with their claims."""
    publics = LAYOUT.flatten(
        {
            "price_limbs": [x for t in terms for x in limbs(t.price, 30)],
            "initial_limbs": [x for t in terms for x in limbs(t.price * t.initial_fraction, 44)],
            "maintenance_limbs": [
                x for t in terms for x in limbs(t.price * t.maintenance_fraction, 44)
            ],
        }
    )
    table = filled(CIRCUIT.tables[0], build(records, HEIGHT, 8), 8)
    found: dict[int, set[str]] = {}
    for failure in check.check_constraints(table, publics):
        found.setdefault(failure.row, set()).add(failure.claim)
    for said in messages(table, publics, [RANGE.identifier]):
        wide = said.payload[:, 1] >= 1 << said.payload[:, 0]
        for row in said.rows[wide]:
            found.setdefault(int(row), set()).add(said.interaction.claim)
    return found


def offers(rng: Random, terms: tuple[MarketTerms, ...]) -> Iterator[tuple[Case, int]]:
    for _ in range(ROWS // len(CLAUSES)):
        case = random_case(rng, terms)
        for clause in range(len(CLAUSES)):
            yield case, clause


@pytest.mark.parametrize("seed", range(30))
def test_the_table_accepts_a_clause_exactly_where_the_rules_do(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "ROWS_PER_CLAIM", 10**6)
    rng = Random(seed)
    terms = random_terms(rng)
    offered = list(offers(rng, terms))
    cases, clauses = [case for case, _ in offered], [clause for _, clause in offered]
    refused = refused_rows(records_of(cases, clauses, terms), terms)
    verdicts = set()
    for row, ((before, after), clause) in enumerate(offered):
        wanted = holds(CLAUSES[clause], before, after, terms)
        verdicts.add((clause, wanted))
        detail = f"{CLAUSES[clause]}: {before} -> {after} at {terms}: {refused.get(row)}"
        assert wanted == (row not in refused), detail
    assert len(verdicts) >= 7, "the cases do not reach both answers"
