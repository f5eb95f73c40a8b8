"""Lies about a private exit: each is a whole witness, and its claim alone notices.

What answers (poseidon, range, base) is filled for what the liar says, so that a lie is as good as
it can be made: a claim that were dropped would let it through.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest

from circuits.air.graph import MODULUS as P
from circuits.exit.holding import Columns as Holding
from circuits.exit.holding import signed, worth
from circuits.exit.inputs import EXIT_PUBLICS
from circuits.exit.leaf import Columns as Leaf
from circuits.exit.leaf import equity_gap
from circuits.exit.witness import ExitWitness, _combs, _put_authority, _put_signed
from circuits.gadgets.integer import Integer, fill_carries
from rollup.hash.batched import compress_many
from rollup.l1.private_exit import nullifier_of
from rollup.protocol.constants import ACCOUNT_BITS
from rollup.protocol.encoding import limbs
from rollup.protocol.positions import Positions
from tests.helpers import venue
from tests.helpers.private_exits import (
    Escaping,
    account_of,
    book_of,
    broken,
    governed,
    some_digest,
    some_escape,
)

LIMB = 2**13
AMOUNT = EXIT_PUBLICS.find("amount")
NULLIFIER = EXIT_PUBLICS.find("nullifier")
ROOT = EXIT_PUBLICS.find("root")


@pytest.fixture
def escaping() -> Escaping:
    return some_escape(3, 5)


class Forged:
    """A witness whose cells can be rewritten, and what the verifier is told with it."""

    def __init__(self, escaping: Escaping) -> None:
        self.witness: ExitWitness = escaping.witness()
        self.publics = list(self.witness.known[1])

    def row(self, table: str, number: int = 0) -> Any:
        """A row as its layout: each cell an int64 view, to read and to write."""
        layout = Leaf if table == "exit" else Holding
        matrix = self.witness.traces[table].astype(np.int64)
        self.witness.traces[table] = matrix  # type: ignore[assignment]
        return layout.bind(list(matrix[number : number + 1].T))

    def broken(self) -> set[str]:
        for name, matrix in self.witness.traces.items():
            self.witness.traces[name] = (matrix % P).astype(np.uint32)
        return broken(self.witness, tuple(int(value) % P for value in self.publics))


def put(cells: Any, values: Any) -> None:
    for cell, value in zip(cells, values, strict=True):
        cell[...] = value


def solved_modulo_p(total: Integer) -> list[int]:
    """Carries that satisfy every column of an identity modulo p: there are some for every sum that
    is 0 modulo p."""
    found, below = [], 0
    for column in total.columns:
        below = (int(np.asarray(column.value).item()) + below) * pow(LIMB, -1, P) % P
        found.append(below)
    assert found.pop() == 0
    return found


def put_carries(carries: Any, values: list[int]) -> None:
    """Carries of any size: all in the low limb."""
    for biased, value in zip(carries.limbs, values, strict=True):
        put(biased, ((value + 2 ** (carries.bits - 1)) % P, *[0] * (len(biased) - 1)))


# Of the public values, the leaf, its place and the key.


def test_the_truth_breaks_nothing(escaping: Escaping) -> None:
    assert Forged(escaping).broken() == set()


@pytest.mark.parametrize("more", [1, -1, 2**40])
def test_another_amount(escaping: Escaping, more: int) -> None:
    lie = Forged(escaping)
    lie.publics[AMOUNT] = limbs(escaping.statement.wanted.amount + more, 78)
    assert lie.broken() == {"exit.amount"}


def test_a_debt_that_is_paid_as_what_it_wraps_to() -> None:
    escaping = some_escape(5, 4, -1)
    lie = Forged(escaping)
    lie.publics[AMOUNT] = limbs(2**78 - 1, 78)
    assert lie.broken() == {"exit.amount"}


def test_a_debt_that_is_said_to_be_none(escaping: Escaping) -> None:
    """The same, with the sign left out."""
    escaping = some_escape(5, 4, -1)
    lie = Forged(escaping)
    lie.row("exit").negative[...] = 0
    lie.publics[AMOUNT] = limbs(2**78 - 1, 78)
    assert lie.broken() == {"exit.equity"}


def test_more_than_cash_and_positions_come_to(escaping: Escaping) -> None:
    lie = Forged(escaping)
    more = escaping.statement.wanted.amount + 1
    put(lie.row("exit").equity, limbs(more, 78))
    lie.publics[AMOUNT] = limbs(more, 78)
    assert lie.broken() == {"exit.equity"}


def test_more_by_p(escaping: Escaping) -> None:
    """Every limb is in range, and every column is 0 modulo p: only the carries can tell."""
    lie = Forged(escaping)
    row, more = lie.row("exit"), escaping.statement.wanted.amount + P
    _put_signed(row.equity, row.negative, more)
    put_carries(row.carries, solved_modulo_p(equity_gap(row)))
    lie.publics[AMOUNT] = limbs(more, 78)
    assert lie.broken() == {"exit.bounds"}


def test_a_sign_that_is_neither(escaping: Escaping) -> None:
    """A multiple of 2^13 in the top limb, taken off again by the sign."""
    lie = Forged(escaping)
    row = lie.row("exit")
    row.equity[5][...] += 5
    row.negative[...] = sign = 5 * pow(LIMB, -1, P) % P
    lie.publics[AMOUNT] = [(1 - sign) * int(limb.item()) % P for limb in row.equity]
    assert lie.broken() == {"exit.flags"}


def test_another_root(escaping: Escaping) -> None:
    lie = Forged(escaping)
    lie.publics[ROOT] = some_digest(Random(1))
    assert lie.broken() == {"exit.root"}


@pytest.mark.parametrize("name", ["markets", "right", "left"])
def test_another_half_of_the_root(escaping: Escaping, name: str) -> None:
    lie = Forged(escaping)
    put(getattr(lie.row("exit"), name), some_digest(Random(1)))
    assert lie.broken() == {"exit.root"}


def test_a_tree_that_is_not_under_the_root(escaping: Escaping) -> None:
    """A leaf with any path at all: the tree above it is whole, and not the root's."""
    lie = Forged(escaping)
    other = Escaping.asking(
        replace(escaping.leaf, path=tuple(some_digest(Random(k)) for k in range(ACCOUNT_BITS))),
        escaping.statement.governance,
        escaping.statement.book,
    )
    lie.witness.traces["tree"] = other.witness().traces["tree"]
    assert lie.broken() == {"exit.path", "tree.node-from-parent"}
    row, right = lie.row("exit"), Forged(other).row("exit")
    put(row.accounts, [int(cell.item()) for cell in right.accounts])
    assert lie.broken() == {"exit.root"}


def test_another_nullifier(escaping: Escaping) -> None:
    lie = Forged(escaping)
    lie.publics[NULLIFIER] = some_digest(Random(1))
    assert lie.broken() == {"exit.nullifier"}


def test_the_nullifier_of_another_salt(escaping: Escaping) -> None:
    lie = Forged(escaping)
    put(lie.row("exit").salt, (1, 2, 3, 4))
    lie.publics[NULLIFIER] = nullifier_of(escaping.leaf.index, (1, 2, 3, 4), compress_many)
    assert lie.broken() == {"exit.leaf"}


@pytest.mark.parametrize("more", [1, 1 << ACCOUNT_BITS])
def test_the_nullifier_of_another_index(escaping: Escaping, more: int) -> None:
    lie = Forged(escaping)
    account, salt = (escaping.leaf.index + more) % P, escaping.leaf.account.salt
    lie.row("exit").account[...] = account
    lie.publics[NULLIFIER] = nullifier_of(account, salt, compress_many)
    assert lie.broken() == {"exit.path", "tree.children-opened"}


def test_a_node_passed_off_as_a_leaf(escaping: Escaping) -> None:
    """One level up: its path has one step less."""
    lie = Forged(escaping)
    lie.witness.traces["tree"][ACCOUNT_BITS - 1] = 0
    assert {"exit.path", "tree.children-opened"} <= lie.broken()


@pytest.mark.parametrize("name", ["owner", "viewing", "key_x"])
def test_another_header(escaping: Escaping, name: str) -> None:
    lie = Forged(escaping)
    getattr(lie.row("exit"), name)[0][...] += 1
    wanted = {"exit.header"} | ({"exit.authority"} if name == "key_x" else set())
    assert lie.broken() == wanted


def test_more_cash_than_the_leaf_has(escaping: Escaping) -> None:
    lie = Forged(escaping)
    row = lie.row("exit")
    row.cash[0][...] += 1 if row.cash[0].item() < LIMB - 1 else -1
    carries_of(row, lie)
    assert lie.broken() == {"exit.leaf"}


def carries_of(row: Any, lie: Forged) -> None:
    """The equity that a forged row then has, shown."""
    cash = sum(int(limb.item()) << 13 * place for place, limb in enumerate(row.cash)) - 2**63
    total = _of(row.total, row.total_negative)
    _put_signed(row.equity, row.negative, cash + total)
    row.carries.fill(fill_carries(equity_gap(row)))
    lie.publics[AMOUNT] = limbs(max(0, cash + total), 78)


def test_another_flag_or_slots(escaping: Escaping) -> None:
    for name in ("below", "slots_root"):
        lie = Forged(escaping)
        cell = getattr(lie.row("exit"), name)
        (cell if name == "below" else cell[0])[...] += 1
        assert lie.broken() == {"exit.leaf"}


def test_a_key_that_is_not_the_accounts(escaping: Escaping) -> None:
    """Whoever knows the leaf and a secret of his own: the comb is that of his."""
    lie = Forged(replace(escaping, secret=venue.trader_key(9).reveal()))
    assert lie.broken() == {"exit.authority"}


def test_a_key_in_place_of_the_accounts(escaping: Escaping) -> None:
    """The same with his key in the header, which the leaf does not commit to."""
    lie, key = Forged(replace(escaping, secret=venue.trader_key(9).reveal())), venue.public_key(9)
    row = lie.row("exit")
    put(row.key_x, key.x)
    put(row.key_y, key.y)
    assert lie.broken() == {"exit.header"}


def test_the_end_of_a_comb_that_nobody_ran(escaping: Escaping) -> None:
    """The comb ends where no secret of the key leads, and the row says that it does."""
    mallory = replace(escaping, secret=venue.trader_key(9).reveal())
    lie = Forged(mallory)
    scalar = np.array([list(escaping.secret.to_bytes(28, "little"))], dtype=np.uint8)
    _put_authority(lie.row("exit"), _combs(scalar))
    assert lie.broken() == {"exit.authority", "comb.end"}


def test_a_slope_of_ones_own(escaping: Escaping) -> None:
    lie = Forged(escaping)
    lie.row("exit").slope[0][...] += 1
    assert lie.broken() == {"exit.authority"}


def test_points_that_are_not_shown_to_be_apart(escaping: Escaping) -> None:
    lie = Forged(escaping)
    put(lie.row("exit").apart, (0, 0))
    assert lie.broken() == {"exit.authority"}


def test_positions_worth_more_on_the_way_back(escaping: Escaping) -> None:
    lie = Forged(escaping)
    row = lie.row("exit")
    row.total[0][...] += 1 if row.total[0].item() < LIMB - 1 else -1
    carries_of(row, lie)
    assert lie.broken() == {"exit.positions", "holding.end"}


# Of the positions.


def held_row(escaping: Escaping, place: int = 0) -> int:
    return escaping.leaf.account.positions.held[place][0]


def shift_totals(lie: Forged, first: int, more: int) -> None:
    """From row `first` on the positions are worth so much more; the carries into it are open, and
    the row of the account says what that comes to."""
    matrix = lie.witness.traces["holding"].astype(np.int64)
    lie.witness.traces["holding"] = matrix  # type: ignore[assignment]
    for number in range(first, len(matrix) - lie.witness.blinded):
        row = Holding.bind(list(matrix[number : number + 1].T))
        _put_signed(row.total, row.negative, _of(row.total, row.negative) + more)
    row = lie.row("exit")
    total = _of(row.total, row.total_negative)
    _put_signed(row.total, row.total_negative, total + more)
    carries_of(row, lie)


def _of(limbs_: Any, negative: Any) -> int:
    """The number of either sign in limbs of 78 bits."""
    total = sum(int(limb.item()) << 13 * place for place, limb in enumerate(limbs_))
    return total - (int(negative.item()) << 78)


def carry(lie: Forged) -> None:
    """All carries of holding anew, for what its rows say."""
    matrix = lie.witness.traces["holding"].astype(np.int64)
    active = len(matrix) - lie.witness.blinded
    row = Holding.bind(list(matrix[: active - 1].T))
    below = Holding.bind(list(matrix[1:active].T))
    rise = signed(below.total, below.negative) - signed(row.total, row.negative)
    small = row.value
    for cell in small:  # digits of either sign, as they were before they were reduced
        cell[...] = np.where(cell > P // 2, cell - P, cell)
    row.carries.fill(fill_carries(rise - worth(row)))
    lie.witness.traces["holding"] = matrix  # type: ignore[assignment]


def digits(row: Any) -> int:
    """What a lot is worth there."""
    values = [int(cell.item()) for cell in row.value]
    return sum((v - P if v > P // 2 else v) << 13 * place for place, v in enumerate(values))


def test_a_position_of_another_size(escaping: Escaping) -> None:
    lie, market = Forged(escaping), held_row(escaping)
    row = lie.row("holding", market)
    row.magnitude[0][...] += 1 if row.magnitude[0].item() < LIMB - 1 else -1
    size = sum(int(limb.item()) << 13 * place for place, limb in enumerate(row.magnitude))
    before = abs(escaping.leaf.account.positions.held[0][1])
    sign = -1 if row.short.item() else 1
    shift_totals(lie, market + 1, sign * (size - before) * digits(row))
    carry(lie)
    assert lie.broken() == {"holding.leaf"}


def test_a_short_passed_off_as_a_long(escaping: Escaping) -> None:
    lie, market = Forged(escaping), held_row(escaping)
    row = lie.row("holding", market)
    row.short[...] = 1 - row.short
    row.borrow[...] = row.short
    sign, size = (-1 if row.short.item() else 1), escaping.leaf.account.positions.held[0][1]
    shift_totals(lie, market + 1, 2 * sign * abs(size) * digits(row))
    carry(lie)
    assert lie.broken() == {"holding.leaf"}


@pytest.mark.parametrize("place", [0, 4])
def test_a_position_left_out_of_the_sum(escaping: Escaping, place: int) -> None:
    lie, market = Forged(escaping), held_row(escaping, place)
    row = lie.row("holding", market)
    size, value = escaping.leaf.account.positions.held[place][1], digits(row)
    row.held[...] = 0
    put(row.magnitude, (0, 0, 0, 0))
    shift_totals(lie, market + 1, -size * value)
    carry(lie)
    assert lie.broken() == {"holding.fold"}


def test_a_position_counted_twice(escaping: Escaping) -> None:
    """Once more on a row of its own market there is none: on that of another it is of that."""
    lie, market = Forged(escaping), held_row(escaping)
    other = next(k for k in range(64) if k not in dict(escaping.leaf.account.positions))
    lent = lie.row("holding", market)
    taken = [int(limb.item()) for limb in lent.magnitude]
    short, borrow = int(lent.short.item()), int(lent.borrow.item())
    row = lie.row("holding", other)
    put(row.magnitude, taken)
    row.held[...], row.short[...], row.borrow[...] = 1, short, borrow
    (state,) = [tuple(int(cell.item()) for cell in row.state)]
    put(row.hashed, state)  # so that the fold goes on as it was
    size = escaping.leaf.account.positions.held[0][1]
    shift_totals(lie, other + 1, size * digits(row))
    carry(lie)
    assert lie.broken() == {"holding.leaf"}


def test_a_worth_without_a_position(escaping: Escaping) -> None:
    lie = Forged(escaping)
    other = next(k for k in range(64) if k not in dict(escaping.leaf.account.positions))
    row = lie.row("holding", other)
    put(row.magnitude, (3, 0, 0, 0))
    shift_totals(lie, other + 1, 3 * digits(row))
    carry(lie)
    assert lie.broken() == {"holding.nothing"}


def test_the_price_of_another_market(escaping: Escaping) -> None:
    lie, market = Forged(escaping), held_row(escaping)
    dear = lie.row("holding", held_row(escaping, 1))
    theirs, worth_there = [int(cell.item()) for cell in dear.value], digits(dear)
    row = lie.row("holding", market)
    size, before = escaping.leaf.account.positions.held[0][1], digits(row)
    put(row.value, theirs)
    shift_totals(lie, market + 1, size * (worth_there - before))
    carry(lie)
    assert lie.broken() == {"holding.priced"}


def of_an_asset() -> Escaping:
    random, governance = Random(9), governed(assets=(2,))
    account = account_of(random, {1: 5, 2: 6}, 2**40)
    return Escaping.of(account, governance, book_of(governance, random), random)


def test_an_asset_that_is_worth_what_one_likes() -> None:
    escaping = of_an_asset()
    lie = Forged(escaping)
    put(lie.row("holding", 2).value, (100, 0, 0))
    shift_totals(lie, 3, 600)
    carry(lie)
    assert lie.broken() == {"holding.unpriced"}


def test_an_asset_at_a_price_that_nobody_said() -> None:
    lie = Forged(of_an_asset())
    lie.row("holding", 2).priced[...] = 1
    assert lie.broken() == {"holding.priced"}


def test_an_asset_hidden_as_nothing() -> None:
    """The leaf without it is another leaf."""
    escaping = of_an_asset()
    bare = replace(
        escaping.leaf.account,
        positions=Positions(escaping.leaf.account.positions.held[:1]),
        triggers=escaping.leaf.account.triggers[:1],
    )
    lie = Forged(replace(escaping, leaf=replace(escaping.leaf, account=bare)))
    assert lie.broken() == {"exit.root"}
    hidden = Forged(escaping)
    hidden.row("holding", 2).held[...] = 0
    put(hidden.row("holding", 2).magnitude, (0, 0, 0, 0))
    assert hidden.broken() == {"holding.fold"}


def test_a_sum_that_jumps(escaping: Escaping) -> None:
    lie = Forged(escaping)
    shift_totals(lie, 40, 1)
    carry(lie)
    assert lie.broken() == {"holding.sum"}


def test_a_sum_that_starts_with_something(escaping: Escaping) -> None:
    lie = Forged(escaping)
    shift_totals(lie, 0, 1)
    carry(lie)
    assert lie.broken() == {"holding.start", "exit.positions"}


def test_more_by_p_on_the_way(escaping: Escaping) -> None:
    """As below, between two rows."""
    lie = Forged(escaping)
    shift_totals(lie, 40, P)
    carry(lie)
    matrix = lie.witness.traces["holding"]
    row, after = (Holding.bind(list(matrix[k : k + 1].T)) for k in (39, 40))
    rise = signed(after.total, after.negative) - signed(row.total, row.negative)
    put_carries(row.carries, solved_modulo_p(rise - worth(row)))
    assert lie.broken() == {"holding.bounds"}


@pytest.mark.parametrize("low", [2**24 - 1, 2**25])
def test_a_borrow_that_is_neither_is_a_larger_position(low: int) -> None:
    """32 * 2^26 is 2^24 - 1 modulo p: with a borrow of 32 the same words are 2^31 lots more."""
    random, governance = Random(2), governed()
    account = account_of(random, {6: low}, 0)
    escaping = Escaping.of(account, governance, book_of(governance, random), random)
    lie = Forged(escaping)
    row = lie.row("holding", 6)
    larger = low - (2**24 - 1) + (32 << 26)
    row.borrow[...] = 32
    row.magnitude.fill(np.array([larger]))
    shift_totals(lie, 7, (larger - low) * digits(row))
    carry(lie)
    assert lie.broken() == {"holding.flags"}


CLAIMS: dict[str, Callable[..., Any]] = {
    "exit.flags": test_a_sign_that_is_neither,
    "exit.header": test_another_header,
    "exit.leaf": test_the_nullifier_of_another_salt,
    "exit.positions": test_positions_worth_more_on_the_way_back,
    "exit.path": test_the_nullifier_of_another_index,
    "exit.root": test_another_root,
    "exit.bounds": test_more_by_p,
    "exit.equity": test_more_than_cash_and_positions_come_to,
    "exit.amount": test_another_amount,
    "exit.nullifier": test_another_nullifier,
    "exit.authority": test_a_key_that_is_not_the_accounts,
    "holding.flags": test_a_borrow_that_is_neither_is_a_larger_position,
    "holding.priced": test_the_price_of_another_market,
    "holding.unpriced": test_an_asset_that_is_worth_what_one_likes,
    "holding.nothing": test_a_worth_without_a_position,
    "holding.bounds": test_more_by_p_on_the_way,
    "holding.leaf": test_a_position_of_another_size,
    "holding.start": test_a_sum_that_starts_with_something,
    "holding.end": test_positions_worth_more_on_the_way_back,
    "holding.fold": test_a_position_left_out_of_the_sum,
    "holding.sum": test_a_sum_that_jumps,
}
"""Of every claim the lie that it stops."""


def test_every_claim_has_its_lie(escaping: Escaping) -> None:
    circuit = escaping.witness().circuit
    own = {
        said.claim
        for name in ("exit", "holding")
        for said in (
            *circuit.table(name).graph.constraints,
            *circuit.table(name).graph.interactions,
        )
    }
    assert own == set(CLAIMS)
