"""A venue of two accounts whose operator goes away, and how its people get their money without it.

All that is left of it is what its batch published; with that and a viewing key each owner rebuilds
the own account. It is played on the contracts and on the mock, and comes out the same. A test
verifier took its batch: what is shown here is the end, not the proof.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from rollup.availability.holder import Holder
from rollup.availability.rebuild import rebuild
from rollup.harness.books import Books, Choice, queued_after
from rollup.harness.evm_target import EvmTarget
from rollup.harness.oracle import OracleDeployment, oracle_proof
from rollup.harness.people import (
    ALL_PINS,
    OPERATOR,
    PINS,
    START,
    address,
    compress_cached,
    deployment,
    digest_of,
    key_of,
    key_words,
)
from rollup.harness.targets import LocalTarget
from rollup.hash.poseidon import Digest
from rollup.installed import installed_chain_proofs
from rollup.l1.development import DevelopmentL1
from rollup.l1.escape import LeafOpening
from rollup.l1.evm.chain import Chain, Receipt
from rollup.l1.interface import Reverted
from rollup.l1.queue import FULL
from rollup.protocol.account import Account, Header, header_digests, leaf_blocks
from rollup.protocol.availability import OpenLeaf, publish, viewing_commitment
from rollup.protocol.encoding import fold_accounts
from rollup.protocol.market_book import MarketBook
from rollup.protocol.positions import Positions
from rollup.protocol.public_json import public_from_json, public_to_json
from rollup.protocol.published_data import PublishedData, published_from_bytes
from rollup.protocol.roots import fresh_slots_root
from rollup.protocol.state import State

DOLLAR: Final = 10**6
BROUGHT: Final = {"alice": 5_000 * DOLLAR, "bob": 7_000 * DOLLAR}
LOTS: Final = 1_000
WON: Final = 100 * DOLLAR
"""What alice has won of bob since they traded; both positions are open still."""

LATE: Final = 10 * DOLLAR
"""What alice brings after the last batch."""

ALICE, BOB = 1, 2
INDICES: Final = {"alice": ALICE, "bob": BOB}
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
    left = traded(l1)
    alice, bob, mallory = (address(name) for name in ("alice", "bob", "mallory"))
    l1.mint(alice, LATE)
    l1.credit(alice, ALICE, LATE)
    l1.warp(DAY_MS)
    yield _made("bob", "freeze after a day", l1.freeze, bob)
    l1.warp(deployment().freeze_after_ms)
    yield _made("bob", "freeze after eight", l1.freeze, bob)
    leaf, book = rebuilt(left, "alice")
    yield _made("mallory", "escape, alice's leaf", _escape, l1, mallory, leaf, book)
    richer = replace(leaf, account=replace(leaf.account, cash=leaf.account.cash + DOLLAR))
    yield _made("alice", "escape, a dollar more", _escape, l1, alice, richer, book)
    yield _made("alice", "escape", _escape, l1, alice, leaf, book)
    yield _made("alice", "escape again", _escape, l1, alice, leaf, book)
    yield _made("bob", "escape", _escape, l1, bob, *rebuilt(left, "bob"))
    yield _made("alice", "reclaim her last deposit", l1.reclaim, alice, len(l1.queue) - 1)
    yield _made("alice", "withdraw", l1.withdraw, alice)
    yield _made("bob", "withdraw", l1.withdraw, bob)


class Left(NamedTuple):
    """All that is left of the venue: `public.json` and `data.bin` of its batch."""

    public: bytes
    data: bytes


def viewing_key(name: str) -> Digest:
    """What somebody's account is published under: anybody knows it, as all keys here."""
    return digest_of(f"viewing key of {name}")


def rebuilt(left: Left, name: str) -> tuple[LeafOpening, MarketBook]:
    """What an owner makes of that and of the own viewing key: the account, opened to the root after
    the batch, and the market book beside it. DataRefused where it cannot be made."""
    holder, index = Holder(deployment().genesis, compress_cached), INDICES[name]
    holder.follow(public_from_json(left.public), published_from_bytes(left.data))
    given = (holder.header(index), viewing_key(name), compress_cached)
    return rebuild(holder, index, *given), holder.book


def traded(l1: DevelopmentL1) -> Left:
    """One batch, in which alice bought of bob, and what it leaves once its operator has gone."""
    for name, amount in BROUGHT.items():
        l1.mint(address(name), amount)
        viewing = viewing_commitment(viewing_key(name), compress_cached)
        l1.register(address(name), key_words(name), viewing, amount)
    asked = deployment()
    books = Books(asked.genesis, asked.root)
    time, tip = l1.warp(asked.interval_ms), books.head(l1)
    state = _state_after(time)
    data = _published(state)
    governance = tip.governance_for(l1, time)
    entries = queued_after(l1, tip)
    commitment = data.commitment(compress_cached)
    choice = Choice(time, False, governance, entries, root=state.root, data=commitment)
    closed = books.close(tip, choice)
    l1.commit_header(address(OPERATOR), closed.header)
    l1.post_batch(address(OPERATOR), closed.public, oracle_proof(PINS, closed.public))
    return Left(public_to_json(closed.public), data.encode())


def _state_after(time: int) -> State:
    """The state that the batch leaves, which nobody has any more when it is over."""
    start = deployment().genesis.state(compress_cached)
    bought = LOTS * deployment().genesis.prices[0]
    sides = {ALICE: ("alice", LOTS, WON - bought), BOB: ("bob", -LOTS, bought - WON)}
    accounts = {index: _account(*side) for index, side in sides.items()}
    total, count = sum(BROUGHT.values()), len(BROUGHT)
    globals_ = replace(start.globals, number=1, time=time, total=total, deposits_consumed=count)
    known = {**start.accounts, **accounts}
    return State(known, start.markets, globals_, start.book, compress_cached)


def _account(name: str, lots: int, gained: int) -> Account:
    viewing = viewing_commitment(viewing_key(name), compress_cached)
    header = Header(address(name), key_of(name), viewing)
    positions, (a, b, c, d, *_) = Positions(((0, lots),)), digest_of(f"salt of {name}")
    fresh = fresh_slots_root(compress_cached)
    return Account(header, BROUGHT[name] + gained, positions, fresh, (a, b, c, d), (0,))


def _published(state: State) -> PublishedData:
    """What the batch publishes: the leaves of both, each under the viewing key of its owner."""
    leaves = []
    for name, index in INDICES.items():
        account = state.accounts[index]
        (header,) = header_digests([account.header], compress_cached)
        blocks = leaf_blocks(account, header)
        (leaf,) = fold_accounts([blocks], compress_cached)
        leaves.append(OpenLeaf(index, leaf, viewing_key(name), blocks[1:]))
    published = tuple(each.leaf for each in publish(leaves, compress_cached))
    return PublishedData(state.globals.number, published, *state.beside)


def _escape(l1: DevelopmentL1, sender: bytes, leaf: LeafOpening, book: MarketBook) -> int:
    return l1.escape(sender, leaf, book).amount


def _made(who: str, name: str, call: Callable[..., int | None], *arguments: object) -> Exit:
    try:
        return Exit(who, name, call(*arguments))
    except Reverted as error:
        return Exit(who, name, reason=error.reason.value)
