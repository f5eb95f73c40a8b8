"""Accounts at random, opened for a private exit, and the statements of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from circuits.air.check import check, failed_claims
from circuits.exit.circuit import exit_circuit
from circuits.exit.witness import ExitWitness, build_exit
from circuits.stark.parameters import INSECURE_TEST
from circuits.statement.witness import fill_lookups
from circuits.tables.base.air import EVERY_WINDOW
from rollup.harness.people import digest_of
from rollup.hash.batched import compress_many
from rollup.hash.poseidon import Digest
from rollup.l1.escape import LeafOpening, payout
from rollup.l1.private_exit import ExitStatement, PrivateExit, nullifier_of
from rollup.protocol.account import Account, Header
from rollup.protocol.constants import ACCOUNT_BITS, MARKETS_MAX, POSITION_LIMIT
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook
from rollup.protocol.positions import Positions
from tests.helpers import venue
from tests.helpers.collateral import COLLATERAL_MARKETS
from tests.helpers.oracle import listing

RECIPIENT = b"\x77" * 20
SEEN_ELSEWHERE = {"poseidon.compression", "range.entry", "base.entry", "public.message"}
"""What the tables that only answer say of a message that nobody answers."""


@cache
def governed(assets: tuple[int, ...] = ()) -> Governance:
    """As many markets as there can be, perpetuals but for some assets."""
    markets = [replace(venue.BTC_MARKET, symbol=f"M{number}") for number in range(MARKETS_MAX)]
    for number in assets:
        markets[number] = replace(COLLATERAL_MARKETS[2], symbol=f"M{number}")
    return listing(venue.GOVERNANCE, markets)


def book_of(governance: Governance, random: Random) -> MarketBook:
    """Any prices and funding."""
    opened = MarketBook.opened(governance, venue.START, (10_000,) * len(governance.markets))
    return replace(
        opened,
        markets=tuple(
            replace(
                entry,
                price=random.choice((1, 2**29 - 1, random.randrange(1, 2**29))),
                funding=0 if market.is_asset else random.randrange(-(2**28), 2**28),
            )
            for entry, market in zip(opened.markets, governance.markets, strict=True)
        ),
    )


def account_of(random: Random, sizes: Mapping[int, int], cash: int, secret: int = 7) -> Account:
    """An account of a trader of the tests."""
    held = sorted(sizes.items())
    owner, key = random.randbytes(20), venue.public_key(secret)
    header = Header(owner, key, some_digest(random))
    salt = (random.randrange(2**30), 2, 3, random.randrange(2**30))
    triggers = tuple(random.randrange(2**16) for _ in held)
    slots = some_digest(random)
    return Account(
        header, cash, Positions(tuple(held)), slots, salt, triggers, random.random() < 0.5
    )


def some_digest(random: Random) -> Digest:
    return digest_of(f"{random.random()}")


@dataclass(frozen=True)
class Escaping:
    """An account opened somewhere in some tree, and what it asks for."""

    leaf: LeafOpening
    secret: int
    statement: ExitStatement

    @classmethod
    def of(
        cls, account: Account, governance: Governance, book: MarketBook, random: Random
    ) -> "Escaping":
        path = tuple(some_digest(random) for _ in range(ACCOUNT_BITS))
        beside = (some_digest(random), some_digest(random))
        index = random.randrange(1 << ACCOUNT_BITS)
        leaf = LeafOpening(index, account, path, *beside)
        return cls.asking(leaf, governance, book)

    @classmethod
    def asking(cls, leaf: LeafOpening, governance: Governance, book: MarketBook) -> "Escaping":
        """What the owner of a leaf asks for."""
        amount = payout(leaf.account, book, governance).amount
        nullifier = nullifier_of(leaf.index, leaf.account.salt, compress_many)
        wanted = PrivateExit(nullifier, amount, RECIPIENT)
        statement = ExitStatement(1, 2, leaf.root(compress_many), book, governance, wanted)
        return cls(leaf, venue.trader_key(7).reveal(), statement)

    def witness(self, blinded: int = INSECURE_TEST.blinded_rows) -> ExitWitness:
        return build_exit(self.leaf, self.secret, self.statement, exit_circuit(), blinded)

    def said(self, **changes: object) -> "Escaping":
        """The same, asking for something else."""
        wanted = replace(self.statement.wanted, **changes)  # type: ignore[arg-type]
        return replace(self, statement=replace(self.statement, wanted=wanted))


def some_escape(seed: int, count: int = 3, cash: int = 10**12) -> Escaping:
    """An account of so many positions in a book of 64 perpetuals, that is not below zero."""
    random, governance = Random(seed), governed()
    book = book_of(governance, random)
    markets = random.sample(range(MARKETS_MAX), count)
    sizes = {m: random.choice((-1, 1)) * random.randrange(1, 2**20) for m in markets}
    owed = sum(
        size * (book.markets[m].price - book.markets[m].funding) for m, size in sizes.items()
    )
    return Escaping.of(account_of(random, sizes, cash - owed), governance, book, random)


def fullest(sign: int, cash: int = 0) -> Escaping:
    """64 positions, as large as there are, at the highest worth."""
    random, governance = Random(1), governed()
    book = book_of(governance, random)
    entry = replace(book.markets[0], price=2**29 - 1, funding=-(2**28))
    book = replace(book, markets=(entry,) * MARKETS_MAX)
    sizes = dict.fromkeys(range(MARKETS_MAX), sign * (POSITION_LIMIT - 1))
    return Escaping.of(account_of(random, sizes, cash), governance, book, random)


def broken(witness: ExitWitness, publics: tuple[int, ...] | None = None) -> set[str]:
    """The claims that a forged witness breaks, its lookups filled for what it says."""
    _, values, messages = witness.known
    values = publics or values
    traces = {k: v for k, v in witness.traces.items() if k not in ("poseidon", "range", "base")}
    known = (values, witness.circuit, witness.blinded)
    fill_lookups(traces, *known, base_windows=EVERY_WINDOW)
    found = check(witness.circuit, traces, values, messages, witness.blinded)
    return failed_claims(found) - SEEN_ELSEWHERE
