"""Public inputs of tests: any that the record takes, drawn at random, and read back from bytes.

Nothing of them is proved or priced: markets that have ended, that nobody reported, whose prices are
held back; open steps, hours that are due, words that are no field elements, marks of nothing.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Final

from rollup.field.koalabear import P
from rollup.hash.poseidon import Digest
from rollup.oracle.package import (
    DataPackage,
    DataPoint,
    SignedPackage,
    feed_id,
    packages_to_bytes,
)
from rollup.protocol.assets import USDC, assets_of, mark_of, market_of
from rollup.protocol.constants import PROTOCOL_VERSION
from rollup.protocol.deposit import NO_KEY, NO_VIEWING, DepositOutcome, EntryKind, QueueEntry
from rollup.protocol.encoding import words_of
from rollup.protocol.funding import HOUR_MS, RATE_SCALE, hour
from rollup.protocol.market import Governance, Market
from rollup.protocol.market_book import BookEntry, MarketBook
from rollup.protocol.oracle import PRICE_LEAST, PRICE_MOST, Feed
from rollup.protocol.public import (
    PUBLIC_TAG,
    ConsumedDeposit,
    EstateTaken,
    GrantedWithdrawal,
    PublicInput,
)
from rollup.protocol.rejection import Rejected
from tests.helpers.assets import ASSETS
from tests.helpers.collateral import counting_asset
from tests.helpers.venue import CHAIN, GOVERNANCE, START, VENUE

STEP: Final = 450


def any_perpetual(rng: Random, name: str) -> Market:
    """A perpetual with any numbers that are safe at a step of STEP."""
    maintenance = rng.randint(470, 5000)
    initial = maintenance + rng.randint(2, 5000)
    taker, maker = rng.randrange(1 << 13), rng.randrange(1 << 13)
    cap = rng.randint(0, min(2 * min(taker, maker), 500))
    price_decimals = rng.randint(0, 6)
    return Market(
        symbol=name,
        price_decimals=price_decimals,
        size_decimals=6 - price_decimals,
        initial_fraction=initial,
        maintenance_fraction=maintenance,
        band_fraction=rng.randint(1, initial - maintenance - 1),
        taker_fee=taker,
        maker_fee=maker,
        liquidation_fee=rng.randint(0, maintenance - 11),
        bucket=rng.choice((rng.randint(1, 1 << 10), rng.randint(1, (1 << 21) - 1))),
        funding_cap=cap,
        interest=rng.randint(0, 8 * cap),
        impact_notional=rng.randint(1, (1 << 52) - 1),
        open_interest_cap=rng.randint(1, (1 << 40) - 1),
        least_order=rng.choice((0, 1, rng.randrange(1 << 40))),
        delisted=rng.random() < 0.2,
    )


def any_asset(rng: Random, name: str) -> Market:
    """An asset that counts, or one of which nothing does."""
    if rng.random() < 0.5:
        return replace(ASSETS[0], symbol=name, delisted=rng.random() < 0.2)
    bucket = rng.randint(300, (1 << 21) - 1)
    return replace(counting_asset(bucket=bucket), symbol=name, delisted=rng.random() < 0.2)


def any_governance(rng: Random, markets: int) -> Governance:
    """Parameters of so many markets, of both kinds."""
    kinds: tuple[Callable[[Random, str], Market], ...] = (any_perpetual, any_asset)
    listed = tuple(rng.choice(kinds)(rng, f"M{n}") for n in range(markets))
    feeds = tuple(
        Feed(feed_id(f"F{n}"), rng.randint(0, 18), STEP, _listing_price(rng, market))
        for n, market in enumerate(listed)
    )
    oracle = replace(GOVERNANCE.oracle, feeds=feeds)
    fee, backstop = rng.sample(range(1 << 30), 2)
    return Governance(
        listed, fee, backstop, rng.randrange(1 << 52), 1, oracle, rng.randrange(1 << 13)
    )


def _listing_price(rng: Random, market: Market) -> int:
    most = PRICE_MOST if market.is_idle else min(market.bucket << 13, PRICE_MOST)
    return rng.randint(PRICE_LEAST, most)


def any_public(
    rng: Random, markets: int = 0, many: int = 5, *, is_calm: bool = False
) -> PublicInput:
    """A public input of so many markets (any number up to 6 if 0), with at most `many` entries
    consumed and withdrawals. `is_calm`: prices and F are those of markets that live."""
    governance = any_governance(rng, markets or rng.randint(1, 6))
    while True:
        with suppress(Rejected):
            return _public(rng, governance, many, is_calm)


def _public(rng: Random, governance: Governance, many: int, is_calm: bool) -> PublicInput:
    time = START + rng.randrange(10 * HOUR_MS)
    prices = tuple(_price(rng, feed.listing_price, is_calm) for feed in governance.oracle.feeds)
    first = rng.choice((0, rng.randrange((1 << 30) - many)))
    deposits = any_deposits(rng, governance, first, rng.randint(0, many))
    withdrawals = any_withdrawals(rng, governance, rng.randint(0, many))
    estate = any_estate(rng, governance)
    changes = _changes(deposits, withdrawals, estate)
    paid = sum(each.lots * prices[market_of(each.asset)] for each in estate)
    before = rng.randrange(1 << rng.randint(1, 64))
    book = any_book(rng, governance, time, changes, is_calm)
    is_due = not book.is_open and hour(time) > book.hour
    return PublicInput(
        version=PROTOCOL_VERSION,
        shape_class=rng.choice(("S", "M", "R", "Abcdefgh")),
        chain=rng.choice((CHAIN, 0, (1 << 30) - 1)),
        venue=rng.choice((VENUE, 0, (1 << 30) - 1)),
        number=rng.choice((1, rng.randrange(1, 1 << 30))),
        time=time,
        governance=governance,
        old_root=any_digest(rng),
        new_root=any_digest(rng),
        data_commitment=any_digest(rng),
        receipts=rng.randbytes(32),
        closed=rng.random() < 0.5,
        progress=rng.random() < 0.5,
        book_before=book,
        reports=any_reports(rng, governance, prices),
        prices=prices,
        premium_rates=tuple(_rate(rng) for _ in prices) if is_due else (),
        redo=rng.random() < 0.5,
        total=before + changes[USDC] + paid,
        deposits_before=first,
        deposits=deposits,
        withdrawals=withdrawals,
        estate=estate,
    )


def _changes(
    deposits: Sequence[ConsumedDeposit],
    withdrawals: Sequence[GrantedWithdrawal],
    estate: Sequence[EstateTaken],
) -> Counter[int]:
    """By how much what is under each mark grows."""
    found: Counter[int] = Counter()
    for deposit in deposits:
        if deposit.outcome is DepositOutcome.CREDITED:
            is_exit = deposit.entry.kind is EntryKind.EXIT
            found[deposit.entry.asset] += (-1 if is_exit else 1) * deposit.entry.amount
    for withdrawal in withdrawals:
        found[withdrawal.asset] -= withdrawal.amount
    for taken in estate:
        found[taken.asset] -= taken.lots
    return found


def any_digest(rng: Random) -> Digest:
    """A digest, whose words may be the least and the greatest."""
    a, b, c, d, e, f, g, h = (rng.choice((0, P - 1, rng.randrange(P))) for _ in range(8))
    return (a, b, c, d, e, f, g, h)


def _price(rng: Random, listing: int, is_calm: bool) -> int:
    near = min(max(listing * rng.randint(9_000, 11_000) // 10_000, 1), PRICE_MOST)
    return near if is_calm else rng.choice((near, near, near, near, PRICE_LEAST, PRICE_MOST, 1))


def _rate(rng: Random) -> int:
    return rng.choice((0, -1, 1, 1 - (1 << 17), (1 << 17) - 1, rng.randint(1 - (1 << 17), 1 << 16)))


def any_book(
    rng: Random, governance: Governance, time: int, changes: Mapping[int, int], is_calm: bool
) -> MarketBook:
    """A book of as many markets as are listed, one fewer or one more, which has what leaves."""
    listed = len(governance.markets)
    count = min(max(1, listed + rng.choice((0, 0, 0, -1, 1))), 64)
    entries = []
    for number in range(count):
        feed = governance.oracle.feeds[min(number, listed - 1)]
        funding = rng.choice((0, rng.randint(-1000, 1000), rng.randint(-(1 << 28), 1 << 28)))
        funding = rng.randint(-1000, 1000) if is_calm else funding
        leaves = max(0, -changes.get(mark_of(number), 0))
        custody = leaves + rng.randrange(1 << rng.randint(1, 61))
        entries.append(
            BookEntry(
                price=_price(rng, feed.listing_price, is_calm),
                funding=funding,
                carry=rng.randrange(RATE_SCALE),
                step=rng.randint(1, 9_999),
                funding_cap=rng.randint(0, 500),
                clamped=rng.random() < 0.3,
                missing=rng.random() < 0.3,
                custody=custody,
                ended=rng.random() < 0.2,
            )
        )
    since = rng.choice((0, 0, time - rng.randrange(100_000)))
    stop = rng.random() < 0.5
    return MarketBook(
        hour(time) - rng.randint(0, 1),
        since,
        rng.randrange(64),
        stop,
        rng.randbytes(32),
        tuple(entries),
    )


def any_reports(
    rng: Random, governance: Governance, prices: Sequence[int]
) -> tuple[SignedPackage, ...]:
    """Up to three reports of each market, of its price or another one, signed by nobody."""
    found = []
    for market, feed, price in zip(
        governance.markets, governance.oracle.feeds, prices, strict=True
    ):
        for _ in range(rng.choice((0, 0, 1, 2, 3))):
            value = (price + rng.choice((0, 0, 0, 1))) * 10**feed.decimals
            point = DataPoint(feed.feed, -(-value // 10**market.price_decimals))
            found.append(SignedPackage(DataPackage((point,), START), rng.randbytes(65)))
    return tuple(found)


def any_deposits(
    rng: Random, governance: Governance, first: int, count: int
) -> tuple[ConsumedDeposit, ...]:
    """So many entries of what is listed and of what is not."""
    return tuple(
        ConsumedDeposit(any_entry(rng, governance, index), rng.choice(tuple(DepositOutcome)))
        for index in range(first, first + count)
    )


def any_entry(rng: Random, governance: Governance, index: int) -> QueueEntry:
    """An entry whose words may be more than elements."""
    kind = rng.choice(tuple(EntryKind))
    marks = (0, 0, *assets_of(governance), rng.randint(1, 70), (1 << 16) - 1)
    asset = 0 if kind in (EntryKind.ROTATE, EntryKind.EXIT) else rng.choice(marks)
    brings = kind in (EntryKind.REGISTER, EntryKind.ROTATE)
    end = P if rng.random() < 0.5 else 1 << 32
    words = tuple(rng.choice((0, P - 1, rng.randrange(end))) for _ in range(22))
    return QueueEntry(
        index=index,
        kind=kind,
        account=rng.randrange(1 << 30),
        owner=rng.randbytes(20),
        key_words=words[:14] if brings else NO_KEY,
        viewing_words=words[14:] if brings else NO_VIEWING,
        amount=_amount(rng, kind, asset),
        asset=asset,
    )


def _amount(rng: Random, kind: EntryKind, asset: int) -> int:
    """What an entry brings, or of an exit what it asks for, up to the most that it can."""
    if kind is EntryKind.EXIT:
        return rng.choice((1, (1 << 53) - 1, rng.randrange(1, 1 << rng.randint(1, 53))))
    return rng.randrange(1 << rng.randint(1, 40 if asset else 56))


def any_withdrawals(
    rng: Random, governance: Governance, count: int
) -> tuple[GrantedWithdrawal, ...]:
    """So many amounts of USDC and of assets, from the least to the most that one can be."""
    marks = (0, *assets_of(governance))
    return tuple(
        GrantedWithdrawal(
            rng.randbytes(20), rng.randrange(1, 1 << rng.randint(1, 53)), rng.choice(marks)
        )
        for _ in range(count)
    )


def any_estate(rng: Random, governance: Governance) -> tuple[EstateTaken, ...]:
    """Some of the assets."""
    return tuple(
        EstateTaken(mark, rng.randrange(1, 1 << rng.randint(1, 20)))
        for mark in assets_of(governance)
        if rng.random() < 0.5
    )


def parts_of(public: PublicInput) -> tuple[bytes, bytes, bytes, bytes]:
    """The bytes of a batch as a contract takes them: its public input, and of what that names the
    parameters, the book before and the reports."""
    named = (public.governance.encode(), public.book_before.encode())
    return (public.encode(), *named, packages_to_bytes(public.reports))


class NotCanonical(Exception):
    """Bytes that no public input has."""


def public_from_bytes(data: bytes, like: PublicInput) -> PublicInput:
    """The public input whose `encode` is `data`, where what it names is what `like` names.
    NotCanonical on other bytes, Rejected on values that it does not take."""
    reader = _Reader(data)
    tag, name = reader.take(len(PUBLIC_TAG)), reader.take(8)
    version, chain, venue, number, time = reader.numbers(5)
    reader.take(32)
    old_root, new_root = words_of(reader.take(32)), words_of(reader.take(32))
    data_commitment = words_of(reader.take(32))
    receipts = reader.take(32)
    reader.take(64)
    prices = reader.numbers(reader.count())
    rates = tuple(rate - (rate >> 63 << 64) for rate in reader.numbers(reader.count()))
    redo, closed, progress, total, deposits_before = reader.numbers(5)
    deposits = tuple(_deposit(reader) for _ in range(reader.count()))
    withdrawals = []
    for _ in range(reader.count()):
        owner = reader.take(20)
        asset, amount = reader.numbers(2)
        withdrawals.append(GrantedWithdrawal(owner, amount, asset))
    estate = tuple(EstateTaken(*reader.numbers(2)) for _ in range(reader.count()))
    public = PublicInput(
        version=version,
        shape_class=name.rstrip(b"\0").decode("latin-1"),
        chain=chain,
        venue=venue,
        number=number,
        time=time,
        governance=like.governance,
        old_root=old_root,  # type: ignore[arg-type]
        new_root=new_root,  # type: ignore[arg-type]
        data_commitment=data_commitment,  # type: ignore[arg-type]
        receipts=receipts,
        closed=closed != 0,
        progress=progress != 0,
        book_before=like.book_before,
        reports=like.reports,
        prices=prices,
        premium_rates=rates,
        redo=redo != 0,
        total=total,
        deposits_before=deposits_before,
        deposits=deposits,
        withdrawals=tuple(withdrawals),
        estate=estate,
    )
    if tag != PUBLIC_TAG or public.encode() != data:
        raise NotCanonical
    return public


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._rest = data

    def take(self, count: int) -> bytes:
        if len(self._rest) < count:
            raise NotCanonical
        found, self._rest = self._rest[:count], self._rest[count:]
        return found

    def numbers(self, count: int) -> tuple[int, ...]:
        return tuple(int.from_bytes(self.take(8), "big") for _ in range(count))

    def count(self) -> int:
        (found,) = self.numbers(1)
        return min(found, 1 << 12)  # more is not there, and encodes otherwise


def _deposit(reader: _Reader) -> ConsumedDeposit:
    index, kind, account, asset, amount = reader.numbers(5)
    owner, words = reader.take(20), reader.take(88)
    (outcome,) = reader.numbers(1)
    if kind not in tuple(EntryKind) or outcome not in tuple(DepositOutcome):
        raise NotCanonical
    all_words = tuple(int.from_bytes(words[at : at + 4], "big") for at in range(0, 88, 4))
    entry = QueueEntry(
        index, EntryKind(kind), account, owner, all_words[:14], all_words[14:], amount, asset
    )
    return ConsumedDeposit(entry, DepositOutcome(outcome))
