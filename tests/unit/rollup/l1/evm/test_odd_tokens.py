"""What takes and pays tokens believes none of them: those that lie, keep a part, or call back."""

from collections.abc import Iterator

import pytest

pytest.importorskip("pyrevm", reason="pyrevm has no wheel for this Python")

from rollup.harness.evm_target import EvmTarget
from rollup.harness.people import LEAST_DEPOSIT, address, key_words, viewing_words
from rollup.harness.scenario import load
from rollup.harness.stage import Stage
from rollup.harness.suite import run
from rollup.hash.keccak import keccak256
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import artefact
from rollup.l1.evm.contract import EvmL1
from rollup.l1.interface import Revert, Reverted
from tests.helpers.odd_tokens import Manner, OddTarget, played

ROLLUP = Interface(artefact("Rollup").abi)
ALICE, BOB = address("alice"), address("bob")
MONEY = ("money", "deposits", "queue", "estate", "assets", "exits")
"""Groups of scenarios that move tokens."""

REFUNDED = """
  { register = "alice", amount = 50 },
  { register = "bob", amount = 70, key = "off-curve" },
  { wait = 1000 },
  { close = "first" }, { commit = "first" }, { post = "first" },
"""
"""Bob has 70 quanta to withdraw."""

ON_SALE = """
  { announce = "assets", number = 1, from = 86400000 },
  { wait = 86400000 },
  { close = "listed", at = 86400000 }, { commit = "listed", enacts = true }, { post = "listed" },
  { register = "alice", amount = 50 },
  { credit = "alice", account = 1, amount = 100, asset = 3 },
  { wait = 1000 },
  { close = "first" }, { commit = "first" }, { post = "first" },
  { wait = 1000 },
  { close = "second", estate = [[3, 40]] }, { commit = "second" }, { post = "second" },
  { mint = "bob", amount = 100000000 },
"""
"""The estate has 40 lots of the asset 3 to sell, and bob the money for them."""


@pytest.fixture(scope="module")
def odd() -> OddTarget:
    return OddTarget()


@pytest.fixture(scope="module")
def of_parts() -> Iterator[EvmTarget]:
    yield OddTarget(unit=10**9 + 7)


def contract(world: Stage) -> EvmL1:
    assert isinstance(world.l1, EvmL1)
    return world.l1


def refused(l1: EvmL1, reason: Revert, call: str, *arguments: int) -> None:
    """Bob's call reverts, and nothing that can be read has changed."""
    before = l1.view()
    with pytest.raises(Reverted) as error:
        getattr(l1, call)(BOB, *arguments)
    assert error.value.reason is reason
    assert l1.view() == before


@pytest.mark.parametrize("group", MONEY)
def test_a_quantum_and_a_lot_are_many_parts(of_parts: EvmTarget, group: str) -> None:
    scenarios = [each for each in load() if each.group == group]
    report = run(of_parts, scenarios)
    assert scenarios and [(each.name, each.difference) for each in report.failed] == []


@pytest.mark.parametrize(
    "manner",
    [
        Manner.SAYS_NO,
        Manner.SAYS_TWO,
        Manner.REVERTS,
        Manner.MOVES_NOTHING,
        Manner.KEEPS_A_PART,
    ],
)
def test_no_deposit_is_queued_whose_money_did_not_come_whole(
    odd: OddTarget, manner: Manner
) -> None:
    world = played(odd, REFUNDED + '{ mint = "bob", amount = 500 },')
    odd.behave(odd.made[0], manner)
    refused(contract(world), Revert.BALANCE_TOO_SMALL, "credit", 1, 100)
    odd.behave(odd.made[0], Manner.HONEST)
    assert contract(world).credit(BOB, 1, 100).amount == 100


@pytest.mark.parametrize("manner", [Manner.MOVES_NOTHING, Manner.KEEPS_A_PART])
def test_no_exit_is_queued_whose_stake_did_not_come_whole(odd: OddTarget, manner: Manner) -> None:
    """Lie: a place in the queue that costs nothing, or a stake that comes back as more."""
    world = played(odd, REFUNDED + '{ mint = "bob", amount = 500 },')
    odd.behave(odd.made[0], manner)
    refused(contract(world), Revert.BALANCE_TOO_SMALL, "request_exit", 1, 100)
    odd.behave(odd.made[0], Manner.HONEST)
    assert contract(world).request_exit(BOB, 1, 100).amount == 100
    assert contract(world).queued == LEAST_DEPOSIT


@pytest.mark.parametrize(
    "manner",
    [Manner.SAYS_NO, Manner.SAYS_TWO, Manner.REVERTS, Manner.MOVES_NOTHING, Manner.TAKES_MORE],
)
def test_nothing_is_paid_by_a_token_that_does_not_pay_it_or_takes_more(
    odd: OddTarget, manner: Manner
) -> None:
    world = played(odd, REFUNDED)
    odd.behave(odd.made[0], manner)
    refused(contract(world), Revert.FUNDS_LACKING, "withdraw")
    odd.behave(odd.made[0], Manner.HONEST)
    assert contract(world).withdraw(BOB) == 70
    refused(contract(world), Revert.NOTHING_TO_WITHDRAW, "withdraw")


def test_a_token_that_says_nothing_is_as_good_as_its_balances(odd: OddTarget) -> None:
    world = played(odd, REFUNDED + '{ mint = "bob", amount = 500 },')
    odd.behave(odd.made[0], Manner.SAYS_NOTHING)
    assert contract(world).credit(BOB, 1, 100).amount == 100
    assert contract(world).withdraw(BOB) == 70
    assert (contract(world).funds, contract(world).owed) == (150, 150)


def test_a_sale_takes_no_money_for_lots_that_do_not_go(odd: OddTarget) -> None:
    world = played(odd, ON_SALE)
    l1 = contract(world)
    asset = odd.made[-1]
    for manner in (Manner.SAYS_NO, Manner.MOVES_NOTHING, Manner.TAKES_MORE, Manner.REVERTS):
        odd.behave(asset, manner)
        refused(l1, Revert.FUNDS_LACKING, "buy", 3, 10, 10**9)
    odd.behave(asset, Manner.HONEST)
    odd.behave(odd.made[0], Manner.KEEPS_A_PART)
    refused(l1, Revert.BALANCE_TOO_SMALL, "buy", 3, 10, 10**9)
    refused(l1, Revert.BALANCE_TOO_SMALL, "cover", 1000)
    odd.behave(odd.made[0], Manner.HONEST)
    assert l1.buy(BOB, 3, 10, 10**9) == 10 * 630_000
    assert l1.estate.lacks == 30 * 600_000 - 10 * 30_000


CALLS = {
    "register": (key_words("bob"), viewing_words(), 50, 0),
    "credit": (1, 50, 0),
    "rotate": (1, key_words("bob"), viewing_words(), 50),
    "requestExit": (1, 50),
    "giveReports": (b"",),
    "commitHeader": (b"",),
    "post": (b"", b"", b"", b"", b""),
    "withdraw": (0,),
    "buy": (3, 1, 10**9),
    "cover": (1,),
    "announceGovernance": (b"", 9, [], b""),
    "freeze": (),
    "halt": (BOB,),
    "reclaim": (0, b""),
    "escape": (b"", b""),
    "escapePrivately": (bytes(32), 0, BOB, b""),
    "announceOutpost": (9, bytes(20), [0], [1]),
    "takeInFrom": (9, b"", b""),
    "send": (9, 0, 1),
}


def test_every_call_that_changes_anything_is_tried() -> None:
    changing = {
        each["name"]
        for each in artefact("Rollup").abi
        if each["type"] == "function" and each["stateMutability"] not in ("view", "pure")
    }
    assert changing == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_a_token_that_calls_back_finds_nobody(odd: OddTarget, name: str) -> None:
    world = played(odd, REFUNDED + '{ mint = "bob", amount = 500 },')
    l1, token = contract(world), odd.made[0]
    odd.behave(token, Manner.CALLS_BACK, odd.venue, ROLLUP.call(name, *CALLS[name]))
    l1.credit(BOB, 1, 100)
    assert not odd.ask(token, "wasLet")
    assert odd.ask(token, "answer") == keccak256(b"Reentered()")[:4]
    odd.behave(token, Manner.CALLS_BACK, odd.venue, ROLLUP.call(name, *CALLS[name]))
    assert l1.withdraw(BOB) == 70
    assert not odd.ask(token, "wasLet")
    assert odd.ask(token, "answer") == keccak256(b"Reentered()")[:4]
