"""The exit circuit holds for every account without assets, and pays what the public way pays."""

from dataclasses import replace
from random import Random

import pytest

from circuits.exit.circuit import EXIT_HEIGHTS, exit_circuit
from circuits.exit.inputs import EXIT_MESSAGES_MAX, exit_messages
from circuits.soundness.report import require_secure
from circuits.stark.parameters import L1, PARAMETER_SETS
from circuits.stark.shape import shape_of
from circuits.statement.circuit import circuit
from rollup.l1.escape import payout
from rollup.protocol.constants import CASH_LIMIT, MARKETS_MAX
from tests.helpers.private_exits import (
    Escaping,
    account_of,
    book_of,
    fullest,
    governed,
    some_escape,
)


@pytest.mark.parametrize("count", [0, 1, 2, 17, MARKETS_MAX])
@pytest.mark.parametrize("seed", range(3))
def test_every_account_has_a_witness(seed: int, count: int) -> None:
    random = Random(100 * seed + count)
    escaping = some_escape(seed, count, random.randrange(2**50))
    assert escaping.statement.wanted.amount >= 0
    assert escaping.witness().failures() == []


@pytest.mark.parametrize("cash", [-CASH_LIMIT, -1, 0, 1, 2**26 - 1, 2**52, CASH_LIMIT - 1])
def test_cash_alone(cash: int) -> None:
    random, governance = Random(cash), governed()
    account = account_of(random, {}, cash)
    escaping = Escaping.of(account, governance, book_of(governance, random), random)
    assert escaping.statement.wanted.amount == max(0, cash)
    assert escaping.witness().failures() == []


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("cash", [-CASH_LIMIT, 0, CASH_LIMIT - 1])
def test_the_largest_positions_there_are(sign: int, cash: int) -> None:
    escaping = fullest(sign, cash)
    worth = escaping.statement.wanted.amount
    assert worth > 2**75 if sign > 0 else worth == 0
    assert escaping.witness().failures() == []


def test_who_is_below_zero_is_paid_nothing() -> None:
    escaping = some_escape(5, 4, -1)
    assert escaping.statement.wanted.amount == 0
    assert escaping.witness().failures() == []


def test_sizes_whose_low_pair_is_empty() -> None:
    random, governance = Random(6), governed()
    sizes = {0: 2**26, 1: -(2**26), 2: -(2**26) - 1, 3: 2**40 - 1, 4: -(2**40) + 1, 63: -1}
    account = account_of(random, sizes, 0)
    escaping = Escaping.of(account, governance, book_of(governance, random), random)
    assert escaping.witness().failures() == []


def test_a_market_that_the_book_does_not_list_yet() -> None:
    random, governance = Random(8), governed()
    book = book_of(governance, random)
    short = replace(book, markets=book.markets[:5])
    escaping = Escaping.of(account_of(random, {4: 9}, 2**40), governance, short, random)
    assert [message.payload[0] for message in exit_messages(escaping.statement)] == [0, 1, 2, 3, 4]
    assert escaping.witness().failures() == []


def test_an_account_with_an_asset_has_no_proof_at_all() -> None:
    random, governance = Random(9), governed(assets=(2,))
    book = book_of(governance, random)
    account = account_of(random, {1: 5, 2: 6}, 2**40)
    escaping = Escaping.of(account, governance, book, random)
    assert payout(account, book, governance).assets[0].lots == 6
    assert {failure.claim for failure in escaping.witness().failures()} == {"holding.unpriced"}


@pytest.mark.parametrize("parameters", PARAMETER_SETS.values(), ids=lambda each: each.name)
def test_every_set_proves_it_with_a_hundred_bits(parameters: object) -> None:
    shape = shape_of(exit_circuit(), parameters)  # type: ignore[arg-type]
    assert require_secure(shape, EXIT_MESSAGES_MAX).bits >= 100


def test_what_it_costs() -> None:
    """Cells of every table; docs/performance.md says them."""
    tables = {placed.name: placed.width * placed.height for placed in exit_circuit().tables}
    assert tables == {
        "poseidon": 157 * 2**10,
        "range": 2**15,
        "tree": 54 * 2**10,
        "base": 2**13,
        "comb": 38 * 2**10,
        "exit": 185 * 2**10,
        "holding": 45 * 2**10,
    }
    assert shape_of(exit_circuit(), L1).height == max(EXIT_HEIGHTS.values())


def test_no_bus_of_it_has_the_number_of_another_of_the_statement() -> None:
    theirs = {bus.identifier: bus.name for bus in circuit().buses}
    for bus in exit_circuit().buses:
        assert theirs.get(bus.identifier, bus.name) == bus.name
        assert bus.identifier in theirs or bus.name not in theirs.values()
