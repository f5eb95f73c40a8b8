"""A venue of two accounts whose operator goes away, and how its people get their money without it.

It is played on the contracts and on the mock, and comes out the same. A test verifier took its
batch: what is shown here is the end, not the proof.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from rollup.harness.books import Books, Choice, queued_after
from rollup.harness.evm_target import EvmTarget
from rollup.harness.leaves import Leaves
from rollup.harness.oracle import OracleDeployment, oracle_proof
from rollup.harness.people import (
    ALL_PINS,
    OPERATOR,
    PINS,
    START,
    address,
    compress_cached,
    deployment,
    key_words,
    viewing_words,
)
from rollup.harness.targets import LocalTarget
from rollup.installed import installed_chain_proofs
from rollup.l1.development import DevelopmentL1
from rollup.l1.escape import LeafOpening
from rollup.l1.evm.chain import Chain, Receipt
from rollup.l1.interface import Reverted
from rollup.l1.queue import FULL
from rollup.protocol.market_book import MarketBook

DOLLAR: Final = 10**6
BROUGHT: Final = {"alice": 5_000 * DOLLAR, "bob": 7_000 * DOLLAR}
LOTS: Final = 1_000
WON: Final = 100 * DOLLAR
"""What alice has won of bob since they traded; both positions are open still."""

LATE: Final = 10 * DOLLAR
"""What alice brings after the last batch."""

ALICE, BOB = 1, 2
DAY_MS: Final = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Exit:
    """A call at the end: who makes it, what it is, and what it pays in quanta, None if it pays
    nothing at once; or the `reason` for which L1 refuses it. `gas` is None where it was refused,
    and on an L1 that has no gas."""

    who: str
    call: str
    paid: int | None = None
    reason: str = ""
    gas: int | None = None


def exits_on_chain(chain: Chain) -> Iterator[Exit]:
    """The end, played on new contracts of a chain, with gas."""
    gas: list[int] = []

    def paid(_: str, receipt: Receipt) -> None:
        gas.append(receipt.gas)

    target = EvmTarget(chain, installed_chain_proofs().statement, compress_cached, paid)
    for each in _exits(target.deploy(_asked())):
        yield replace(each, gas=None if each.reason else gas[-1])


def exits_of_mock() -> Iterator[Exit]:
    """The end, played on the mock."""
    return _exits(LocalTarget().deploy(_asked()))


def _asked() -> OracleDeployment:
    return OracleDeployment(deployment(), ALL_PINS, START, FULL)


def _exits(l1: DevelopmentL1) -> Iterator[Exit]:
    """Two accounts with positions, a batch, a deposit after it; then the operator does nothing."""
    tree, book = _traded(l1)
    alice, bob, mallory = (address(name) for name in ("alice", "bob", "mallory"))
    l1.mint(alice, LATE)
    l1.credit(alice, ALICE, LATE)
    l1.warp(DAY_MS)
    yield _made("bob", "freeze after a day", l1.freeze, bob)
    l1.warp(deployment().freeze_after_ms)
    yield _made("bob", "freeze after eight", l1.freeze, bob)
    leaf = tree.opening(ALICE)
    yield _made("mallory", "escape, alice's leaf", _escape, l1, mallory, leaf, book)
    richer = replace(leaf, account=replace(leaf.account, cash=leaf.account.cash + DOLLAR))
    yield _made("alice", "escape, a dollar more", _escape, l1, alice, richer, book)
    yield _made("alice", "escape", _escape, l1, alice, leaf, book)
    yield _made("alice", "escape again", _escape, l1, alice, leaf, book)
    yield _made("bob", "escape", _escape, l1, bob, tree.opening(BOB), book)
    yield _made("alice", "reclaim her last deposit", l1.reclaim, alice, len(l1.queue) - 1)
    yield _made("alice", "withdraw", l1.withdraw, alice)
    yield _made("bob", "withdraw", l1.withdraw, bob)


def _traded(l1: DevelopmentL1) -> tuple[Leaves, MarketBook]:
    """One batch, in which alice bought of bob; the accounts after it, and its book."""
    for name, amount in BROUGHT.items():
        l1.mint(address(name), amount)
        l1.register(address(name), key_words(name), viewing_words(), amount)
    asked = deployment()
    books = Books(asked.genesis, asked.root)
    time, tip = l1.warp(asked.interval_ms), books.head(l1)
    bought = LOTS * asked.genesis.prices[0]
    sides = (("alice", ALICE, LOTS, WON - bought), ("bob", BOB, -LOTS, bought - WON))
    tree = Leaves([_account(*side) for side in sides], "the last batch")
    governance = tip.governance_for(l1, time)
    entries = queued_after(l1, tip)
    closed = books.close(tip, Choice(time, False, governance, entries, root=tree.root))
    l1.commit_header(address(OPERATOR), closed.header)
    l1.post_batch(address(OPERATOR), closed.public, oracle_proof(PINS, closed.public))
    return tree, closed.tip.book


def _account(owner: str, index: int, lots: int, gained: int) -> dict[str, Any]:
    cash = BROUGHT[owner] + gained
    return {"account": index, "owner": owner, "cash": cash, "positions": [[0, lots]]}


def _escape(l1: DevelopmentL1, sender: bytes, leaf: LeafOpening, book: MarketBook) -> int:
    return l1.escape(sender, leaf, book).amount


def _made(who: str, name: str, call: Callable[..., int | None], *arguments: object) -> Exit:
    try:
        return Exit(who, name, call(*arguments))
    except Reverted as error:
        return Exit(who, name, reason=error.reason.value)
