"""The tables of what is signed, for tests: eight signatures, everybody else answered honestly.

HASH, RANGE, KEY, the slots' side of MEMORY and the fills' side of ORDER are public messages that
tell the truth whatever the traces claim; so a forged trace breaks the claim it lies about and no
other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np

from circuits.air.bus import RANGE, Bus
from circuits.air.check import PUBLIC_TABLE, check, failed_claims
from circuits.air.circuit import Circuit
from circuits.air.evaluate import U32, filled, requests
from circuits.air.publics import PublicLayout
from circuits.gadgets.buses import BASE, BUSES, HASH, KEY, MEMORY, ORDER
from circuits.gadgets.words import SLOT_WORD
from circuits.stark.lookup import PublicMessage
from circuits.tables.base import trace as base
from circuits.tables.base.air import TABLE as BASE_TABLE
from circuits.tables.ladder import trace as ladder
from circuits.tables.ladder.air import TABLE as LADDER_TABLE
from circuits.tables.order import trace as order
from circuits.tables.order.air import TABLE as ORDER_TABLE
from circuits.tables.records import OrderRecords
from circuits.tables.schedule import LADDER_STRIDE
from circuits.tables.signature import trace as signature
from circuits.tables.signature.air import table as signature_table
from circuits.tables.signature_records import SignatureRecords
from circuits.tables.signatures import Signatures
from rollup.crypto import batched, schnorr
from rollup.crypto.schnorr import SecretKey, Signature
from rollup.field.koalabear import P
from rollup.hash.many import compress_many
from rollup.hash.poseidon import Digest, compress
from rollup.protocol.encoding import limbs, packed
from rollup.protocol.order import (
    PEGGED_FLAG,
    REDUCE_ONLY_FLAG,
    WHEN_CLAMPED_FLAG,
    Order,
    Side,
    message_digest,
)

PLACES = 8
BLINDED = 4
CHAIN, VENUE, NOW = 31337, 7, 1_723_000_000_000

HEIGHTS = {
    "base": 2**10,
    "ladder": LADDER_STRIDE * PLACES,
    "signature": 4 * PLACES,
    "order": 4 * PLACES,
}

BACKSTOP = 2**30 - 1

NOW_IN_BATCH = 77
"""When orders take their slots, which were never used."""

_NOTHING = ("outflow", "cancel", "rests", "previous_ts", "stored_generation", "stored_left")
_ALONE = ("depth", "place")

PUBLICS = PublicLayout((("chain", 1), ("venue", 1), ("time", 4), ("backstop_account", 1)))


def public_values() -> tuple[int, ...]:
    """What is public about the orders."""
    time = limbs(NOW, 52)
    return PUBLICS.flatten(
        {"chain": CHAIN, "venue": VENUE, "time": time, "backstop_account": BACKSTOP}
    )


@cache
def circuit() -> Circuit:
    """The four tables."""
    tables = (BASE_TABLE, LADDER_TABLE, signature_table(PLACES), ORDER_TABLE)
    return Circuit.build([(table, HEIGHTS[table.name]) for table in tables], PUBLICS, BUSES)


@cache
def secrets() -> list[SecretKey]:
    """Keys of PLACES accounts, always the same."""
    return batched.secret_keys([1000 + account for account in range(PLACES)])


def an_order(account: int) -> Order:
    """An order of an account, in time."""
    return Order(
        chain=CHAIN,
        venue=VENUE,
        account=account,
        slot=account % 256,
        generation=70_000 + account,
        market=account % 4,
        side=Side(account % 2),
        price=600_000_000 + account,
        size=(1 << 39) + account,
        expiry=NOW + account,
        max_fee=500,
        reduce_only=account % 5 == 4,
        post_only=account % 3 == 0,
        when_clamped=account % 4 == 1,
    )


def digest_of(an_order: Order) -> Digest:
    """The digest that is signed."""
    return message_digest(an_order, compress_many)


def sign(account: int, message: Digest, salt: int = 0) -> Signature:
    """A reproducible signature by the key of an account."""
    return batched.sign(secrets()[account], message, salt.to_bytes(32, "little"))


class Signed(NamedTuple):
    """Actions, and the signatures that they are by."""

    actions: OrderRecords
    signatures: SignatureRecords


def records_of(orders: Sequence[Order], signatures: Sequence[Signature]) -> Signed:
    """What both tables are filled from, each order signed alone; every key is that of the order's
    account."""
    digests = [digest_of(order) for order in orders]
    return Signed(actions_of(orders), signed_by([o.account for o in orders], digests, signatures))


def actions_of(orders: Sequence[Order]) -> OrderRecords:
    """Actions of which number k is by signature k."""
    names = ("account", "slot", "generation", "market", "side", "price", "size")
    names += ("expiry", "max_fee", "flags")
    numbers = {n: np.array([getattr(o, n) for o in orders], dtype=np.int64) for n in names}
    count = len(orders)
    marks = [secrets()[o.account].public.x[0] for o in orders]
    return OrderRecords(
        **numbers,
        uses=np.ones(count, dtype=np.int64),
        ts=np.full(count, NOW_IN_BATCH, dtype=np.int64),
        **dict.fromkeys((*_NOTHING, *_ALONE), np.zeros(count, dtype=np.int64)),
        signature=np.arange(count),
        key_mark=np.array(marks, dtype=np.int64),
        chain=CHAIN,
        venue=VENUE,
        time=NOW,
        backstop=BACKSTOP,
    )


def signed_by(
    accounts: Sequence[int], digests: Sequence[Digest], signatures: Sequence[Signature]
) -> SignatureRecords:
    """Signatures of single actions, by the keys of accounts."""
    keys = [secrets()[account].public for account in accounts]
    nonces = [s.r for s in signatures]
    octets = [list(schnorr.response_bytes(s.s)) for s in signatures]
    count = len(accounts)
    return SignatureRecords(
        account=np.array(accounts, dtype=np.int64),
        actions=np.ones(count, dtype=np.int64),
        bundled=np.zeros(count, dtype=np.int64),
        root=np.array(digests, dtype=np.uint32).reshape(count, 8),
        key=np.array([(*k.x, *k.y) for k in keys], dtype=np.uint32).reshape(count, 14),
        nonce=np.array([(*r.x, *r.y) for r in nonces], dtype=np.uint32).reshape(count, 14),
        response=np.array(octets, dtype=np.uint8).reshape(count, 28),
        backstop=BACKSTOP,
    )


def honestly_hashed(records: Signed) -> Signed:
    """The same, but what is signed is said to be what the actions hash to."""
    actions, signatures = records
    trace = order.build(actions, HEIGHTS["order"], BLINDED)
    names = circuit().table("order").table.columns.names()
    digest = [i for i, name in enumerate(names) if name.startswith("message.1.")]
    return Signed(actions, replace(signatures, root=trace[: len(actions.account), digest]))


@dataclass(frozen=True)
class Bench:
    """Records of the orders, their signatures, and the traces made of them."""

    records: Signed
    signatures: Signatures
    traces: Mapping[str, U32]

    def with_cells(self, table: str, row: int, **cells: int | Sequence[int]) -> "Bench":
        """The same with some cells of one row rewritten: by column name, or the name of a tuple."""
        matrix = self.traces[table].copy()
        names = circuit().table(table).table.columns.names()
        for name, values in cells.items():
            found = [i for i, n in enumerate(names) if n == name or n.startswith(f"{name}.")]
            matrix[row, found] = values
        return replace(self, traces={**self.traces, table: matrix})

    def cells(self, table: str, row: int, name: str) -> tuple[int, ...]:
        """The cells of a column, or of a tuple of columns."""
        names = circuit().table(table).table.columns.names()
        found = [i for i, n in enumerate(names) if n == name or n.startswith(f"{name}.")]
        return tuple(int(value) for value in self.traces[table][row, found])

    def broken(self, *, fills: Sequence[tuple[int, ...]] | None = None) -> set[str]:
        """The claims that fail; `fills` are the terms that fills trade on (default: as offered).

        An answer that nobody asked for is not told: the question it belongs to is.
        """
        speakers = [filled(circuit().table(n), t, BLINDED) for n, t in self.traces.items()]
        publics = public_values()

        def asked(bus: Bus) -> tuple[list[tuple[int, ...]], list[int]]:
            payload, counts = requests(speakers, publics, bus.identifier, bus.width)
            return [tuple(row) for row in payload.tolist()], counts.tolist()

        answers = [
            PublicMessage(HASH.identifier, 1, (*row[:16], *compress(row[:8], row[8:16])), -count)
            for row, count in zip(*asked(HASH), strict=True)
        ]
        answers += [
            PublicMessage(RANGE.identifier, -1, row, count)
            for row, count in zip(*asked(RANGE), strict=True)
            if row[1] < 1 << row[0]
        ]
        answers += [
            PublicMessage(KEY.identifier, 1, (account, *key.public.x, *key.public.y, 0), uses)
            for account, key in enumerate(secrets())
            if (uses := int(np.sum(self.records.signatures.account == account)))
        ]
        terms = terms_of(self.records.actions) if fills is None else fills
        answers += [PublicMessage(ORDER.identifier, -1, term) for term in terms]
        answers += memory_of(self.records.actions)
        found = failed_claims(check(circuit(), self.traces, publics, answers, BLINDED))
        return found - {f"{PUBLIC_TABLE}.message"}


def terms_of(records: OrderRecords) -> list[tuple[int, ...]]:
    """ORDER messages that fills receive, one for each use."""
    slots = (records.account, records.slot, records.generation + 1)
    names = (*slots, records.market, records.side)
    terms = []
    for i, uses in enumerate(records.uses.tolist()):
        price = packed(int(records.price[i]), 30)
        flags = int(records.flags[i])
        marks = [
            int(flags & flag > 0) for flag in (PEGGED_FLAG, REDUCE_ONLY_FLAG, WHEN_CLAMPED_FLAG)
        ]
        row = (*(int(column[i]) for column in names), *price, int(records.max_fee[i]))
        row = (*row, *marks, 0)
        terms += [row] * uses
    return terms


def memory_of(records: OrderRecords) -> list[PublicMessage]:
    """What the slots have before the orders, and take off them."""
    found = []
    for i, size in enumerate(records.size.tolist()):
        word = (int(records.account[i]), (int(records.slot[i]) + SLOT_WORD) % P)
        before = (*word, int(records.previous_ts[i]), int(records.stored_generation[i]))
        stored = packed(int(records.stored_left[i]), 40)
        after = (*word, int(records.ts[i]), int(records.generation[i]) + 1, *packed(size, 40), 0)
        found.append(PublicMessage(MEMORY.identifier, 1, (*before, *stored, 0)))
        found.append(PublicMessage(MEMORY.identifier, -1, after))
    return found


def bench_of(records: Signed) -> Bench:
    """The traces of these records, honest or not; BASE multiplicities match the ladder."""
    return bench_with(records, signature.prepare(records.signatures, PLACES))


def bench_with(records: Signed, signatures: Signatures) -> Bench:
    """The same where the signatures were prepared otherwise."""
    signed = records.signatures
    traces = {
        "ladder": ladder.build(signatures, HEIGHTS["ladder"], BLINDED),
        "signature": signature.build(signed, signatures, HEIGHTS["signature"], BLINDED),
        "order": order.build(records.actions, HEIGHTS["order"], BLINDED),
    }
    return with_base(Bench(records, signatures, traces))


def with_base(bench: Bench) -> Bench:
    """The same with the base table's multiplicities counted anew."""
    speakers = [filled(circuit().table("ladder"), bench.traces["ladder"], BLINDED)]
    payload, counts = requests(speakers, (0,) * PUBLICS.width, BASE.identifier, BASE.width)
    made = base.build(payload, abs(counts), HEIGHTS["base"], BLINDED)
    return replace(bench, traces={**bench.traces, "base": made})


@cache
def honest_records(count: int = 5) -> Signed:
    """Orders of accounts 0, 1, 2, ... with their signatures."""
    orders = [an_order(account) for account in range(count)]
    return records_of(orders, [sign(o.account, digest_of(o)) for o in orders])


@cache
def honest(count: int = 5) -> Bench:
    """Their traces."""
    return bench_of(honest_records(count))
