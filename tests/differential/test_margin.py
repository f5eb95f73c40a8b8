"""The closing rule twice: the circuit says yes exactly where `rollup.protocol.margin` does.

Accounts are drawn at random, many of them within a quantum of a boundary, and each is offered to
the tables as safe by several numbers of buckets, as flagged, as shrinking and as not: its own row,
those of its positions, and those of its sums.
"""

from collections.abc import Iterator
from random import Random

import pytest

from circuits.air import check
from circuits.air.bus import RANGE
from circuits.air.circuit import Circuit
from circuits.air.evaluate import U32, filled, messages
from circuits.gadgets.buses import BUSES, CHAIN
from circuits.statement.inputs import PUBLICS
from circuits.statement.witness import account_tables
from circuits.tables.account.air import TABLE as ACCOUNT
from circuits.tables.position.air import TABLE as POSITION
from circuits.tables.total.air import TABLE as TOTAL
from rollup.protocol.constants import CASH_LIMIT, LADDER_BITS, POSITION_LIMIT, SAFETY_MAX
from rollup.protocol.holding import Holding
from rollup.protocol.margin import closing, risk_grew, value
from rollup.protocol.market import Market, MarketKind
from rollup.protocol.rejection import Rejected
from rollup.protocol.terms import market_terms
from tests.helpers.closings import BACKSTOP, Case, Offer, Parts, Terms, honest_offer, records_of
from tests.helpers.venue import held

HEIGHTS = {"account": 256, "position": 4096, "total": 1024}
BLINDED = 8
ROWS = HEIGHTS["account"] - BLINDED
OFFERS = 8
CIRCUIT = Circuit.build(
    [(table, HEIGHTS[table.name]) for table in (ACCOUNT, POSITION, TOTAL)], PUBLICS, BUSES
)
KNOWN = PUBLICS.flatten(
    {
        **{name: (0,) * size if size > 1 else 0 for name, size in PUBLICS.sizes},
        "backstop_account": BACKSTOP,
        "refresh_fee": 0,
    }
)


def holds(case: Case, offer: Offer, terms: Terms) -> bool:
    """Whether the rules close an account so: as design and spec say it, clause by clause."""
    before, after = case
    bare = offer.paid_out == 2
    mark, now = value(before, terms), value(after, terms, without_assets=bare)
    if any(size < 0 and terms[market].is_asset for market, size in after.positions):
        return False
    if now.ladder >= 1 << LADDER_BITS:
        return False
    if offer.shrinks:
        acted = range(len(terms)) if offer.acted else ()
        if offer.paid_out or risk_grew(before, after, terms, acted):
            return False
    elif now.initial < 0:
        return False
    if offer.below:
        needy = now.excess < 0 and mark.excess < 0 and now.ladder > 0
        return needy and offer.shrinks and offer.safety == 0
    most = offer.safety == SAFETY_MAX or now.excess < (offer.safety + 1) * now.ladder
    return now.excess >= offer.safety * now.ladder and most


def agrees_with_the_rules(case: Case, terms: Terms) -> bool:
    """Whether `closing` says of the best offer what `holds` says."""
    before, after = case
    try:
        closing(before, after, terms, traded=False)
        accepted = True
    except Rejected:
        accepted = False
    grew = risk_grew(before, after, terms)
    if not grew and value(after, terms).ladder >= 1 << LADDER_BITS:
        return True  # No state has such an account: it was smaller, and not allowed to grow so far.
    return accepted == holds(case, honest_offer(case, terms)._replace(shrinks=not grew), terms)


def random_terms(rng: Random, count: int) -> Terms:
    """So many markets; prices, fractions and buckets reach their bounds."""
    terms: list[object] = []
    while len(terms) < count:
        initial = rng.choice([2, 10, 1000, 10_000, rng.randint(2, 10_000)])
        maintenance = rng.choice([1, initial - 1, rng.randint(1, initial - 1)])
        price = rng.choice([1, 2**29 - 1, rng.randint(1, 2**29 - 1), rng.randint(1, 10**6)])
        market = Market(f"M{len(terms)}", 1, 5, 10_000, 11, 1, 0, 0, 0, 1, 0, 0, 1, 1)
        kind = rng.choice([MarketKind.PERP, MarketKind.PERP, MarketKind.ASSET])
        object.__setattr__(market, "kind", kind)
        object.__setattr__(market, "initial_fraction", initial)
        object.__setattr__(market, "maintenance_fraction", maintenance)
        size = rng.choice([1, 2**21 - 1, max(1, price // 1000), rng.randint(1, 2**21 - 1)])
        object.__setattr__(market, "bucket", min(size, 2**21 - 1))
        if market.is_asset and rng.random() < 0.3:
            for name in ("initial_fraction", "maintenance_fraction"):
                object.__setattr__(market, name, 10_000)
        funding = rng.choice([0, -(2**28), 2**28, rng.randint(-1000, 1000)])
        try:
            terms.append(market_terms(market, price, funding))
        except Rejected:
            continue  # In no bucket.
    return tuple(terms)  # type: ignore[arg-type]


def random_size(rng: Random) -> int:
    small = rng.randint(-20, 20)
    wide = rng.randint(-POSITION_LIMIT, POSITION_LIMIT - 1)
    far = rng.choice([wide, -POSITION_LIMIT, POSITION_LIMIT - 1])
    return rng.choice([0, small, small, wide >> 24, wide >> 16, wide >> 12, far])


def next_size(rng: Random, size: int) -> int:
    """Often no more risk than `size`: less, none, the same; sometimes a flip, or anything."""
    choices = [size, size, 0, size // 2, size - (size > 0) + (size < 0), -size // 3]
    return max(-POSITION_LIMIT, min(POSITION_LIMIT - 1, rng.choice([*choices, random_size(rng)])))


def clipped(cash: int) -> int:
    return max(-CASH_LIMIT, min(CASH_LIMIT - 1, cash))


def random_case(rng: Random, terms: Terms) -> Case:
    """An account before and after, its cash often within a quantum of a boundary."""
    sizes = tuple(random_size(rng) for _ in terms)
    if rng.random() < 0.7:
        sizes = tuple(size >> 26 for size in sizes)
    sizes = tuple(abs(n) if t.is_asset else n for n, t in zip(sizes, terms, strict=True))
    sizes = tuple(min(size, POSITION_LIMIT - 1) for size in sizes)
    after = tuple(next_size(rng, size) for size in sizes)
    if rng.random() < 0.9:
        after = tuple(max(0, n) if t.is_asset else n for n, t in zip(after, terms, strict=True))
    if rng.random() < 0.2:
        after = sizes
    old, new = (value(Holding(0, held(*each)), terms) for each in (sizes, after))
    cash = clipped(rng.choice([0, -old.excess - 1, -old.excess, rng.getrandbits(66) - 2**65]))
    safety = rng.choice([0, 1, 2, 77, SAFETY_MAX - 1, SAFETY_MAX, SAFETY_MAX + 1])
    targets = [safety * new.ladder - new.excess, -new.initial, -new.excess, cash]
    chosen = rng.choice([*targets, *targets, rng.getrandbits(64) - 2**63])
    cash_after = clipped(chosen + rng.choice([-1, 0, 0, 1]))
    return Holding(cash, held(*sizes)), Holding(cash_after, held(*after))


def refused_accounts(parts: Parts) -> dict[int, set[str]]:
    """Accounts with a broken constraint or a value out of range in a row, with the claims."""
    traces, _ = account_tables(*parts, HEIGHTS, BLINDED)
    found: dict[int, set[str]] = {}
    for placed in CIRCUIT.tables:
        table = filled(placed, traces[placed.name], BLINDED)
        whose = traces[placed.name][:, placed.table.columns.names().index("account")]
        for failure in check.check_constraints(table, KNOWN):
            found.setdefault(int(whose[failure.row]), set()).add(failure.claim)
        for said in messages(table, KNOWN, [RANGE.identifier]):
            wide = said.payload[:, 1] >= 1 << said.payload[:, 0]
            for row in said.rows[wide]:
                found.setdefault(int(whose[row]), set()).add(said.interaction.claim)
    loose = {f.claim for f in unbalanced(traces)}
    # A ladder of 2^45 or more leaves the chain without its topmost limbs.
    assert not loose or any("total.sum" in claims for claims in found.values()), loose
    return found


def unbalanced(traces: dict[str, U32]) -> list[check.Failure]:
    """Whoever says something on CHAIN that nobody hears."""
    said = [
        each
        for placed in CIRCUIT.tables
        for each in messages(
            filled(placed, traces[placed.name], BLINDED), KNOWN, [CHAIN.identifier]
        )
    ]
    return check.check_bus(CHAIN, said)


def offers_of(rng: Random, case: Case, terms: Terms) -> list[Offer]:
    """The honest one and seven others."""
    best = honest_offer(case, terms)
    near = [min(SAFETY_MAX, max(0, best.safety + step)) for step in (-1, 1)]
    safeties = [*near, 0, SAFETY_MAX, rng.randint(0, SAFETY_MAX)]
    others = [best._replace(safety=safety) for safety in safeties]
    turned = best._replace(shrinks=not best.shrinks)
    told = {"paid_out": rng.choice([0, 1, 2]), "acted": rng.random() < 0.5}
    turned = turned._replace(**told) if rng.random() < 0.5 else best._replace(**told)
    return [best, *others, turned, best._replace(below=not best.below, safety=0)]


def offered_at_random(rng: Random, terms: Terms) -> Iterator[tuple[Case, Offer]]:
    for _ in range(ROWS // OFFERS):
        case = random_case(rng, terms)
        assert agrees_with_the_rules(case, terms), case
        for offer in offers_of(rng, case, terms):
            yield case, offer


def compare(offered: list[tuple[Case, Offer]], terms: Terms) -> set[object]:
    """Hold the tables to the rules; the kinds of offer and answer that were reached."""
    cases, offers = [case for case, _ in offered], [offer for _, offer in offered]
    refused = refused_accounts(records_of(cases, offers, terms))
    verdicts: set[object] = set()
    for row, (case, offer) in enumerate(offered):
        wanted = holds(case, offer, terms)
        verdicts.add((offer.below, offer.shrinks, offer.safety == SAFETY_MAX, wanted))
        where = [(each.cash, each.positions.held) for each in case]
        assert wanted == (row not in refused), f"{offer}: {where}: {refused.get(row)}"
    return verdicts


@pytest.mark.parametrize("seed", range(30))
def test_the_tables_close_an_account_exactly_where_the_rules_do(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "ROWS_PER_CLAIM", 10**6)
    rng = Random(seed)
    terms = random_terms(rng, (1, 4, 4, 13)[seed % 4])
    verdicts = compare(list(offered_at_random(rng, terms)), terms)
    assert len(verdicts) >= 6, "not both answers are reached"


def test_an_account_of_64_positions_as_large_as_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ladders just below 2^45 and just above, on both sides, at the ends of cash."""
    monkeypatch.setattr(check, "ROWS_PER_CLAIM", 10**6)
    market = Market("M", 1, 5, 10_000, 9_000, 1, 0, 0, 0, 1, 0, 0, 1, 1)
    object.__setattr__(market, "bucket", 2**16)
    terms = (market_terms(market, 2**29 - 1, -(2**28)),) * 64
    most = 2 ** (LADDER_BITS - 16 - 6)
    offered: list[tuple[Case, Offer]] = []
    for first in (most - 1, most):
        for sizes in ([first] + [most] * 63, [-first] + [-most] * 63, [first] + [-most, most] * 31):
            for cash in (-CASH_LIMIT, CASH_LIMIT - 1):
                case = (Holding(cash, held(*sizes)), Holding(cash, held(*sizes)))
                offered += [(case, offer) for offer in (honest_offer(case, terms), Offer(0))]
    verdicts = compare(offered, terms)
    assert {wanted for *_, wanted in verdicts} == {True, False}  # type: ignore[misc]
