"""`batch.msgpack`: the one encoding of a batch. Private: whoever reads it sees everything.

Records are maps by member name; field elements travel as little-endian words of 4 bytes, joined.
"""

from collections.abc import Sequence
from typing import Any

from rollup.codec.fields import Node
from rollup.codec.strict import CodecError, Value, decode, encode
from rollup.codec.whole import members
from rollup.hash.keccak import DIGEST_BYTES
from rollup.hash.poseidon import Digest
from rollup.oracle.package import REPORT_BYTES, PackageError, SignedPackage
from rollup.protocol import batch_lists
from rollup.protocol.account import Account, Header
from rollup.protocol.batch import (
    AccountOpening,
    Batch,
    Globals,
    NewSalts,
    PartialState,
)
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    COUNTERS,
    DEPOSITS_MAX,
    DIGEST_LENGTH,
    MARKETS_MAX,
    OUTFLOWS_MAX,
    OWNER_BYTES,
    PROTOCOL_VERSION,
    SALT_LENGTH,
    SLOT_BITS,
    TRIGGER_BITS,
)
from rollup.protocol.deposit import KEY_WORDS, EntryKind, QueueEntry
from rollup.protocol.encoding import digest_bytes, point_of, words_of
from rollup.protocol.governance_codec import governance_value, read_governance
from rollup.protocol.market_book_codec import book_value, read_book
from rollup.protocol.markets_codec import markets_value, read_frontiers, read_markets
from rollup.protocol.oracle import REPORTS_MAX
from rollup.protocol.outflow_codec import outflow_value, read_outflow
from rollup.protocol.positions import Positions
from rollup.protocol.rejection import Rejected
from rollup.protocol.shape_class import LARGEST, NAME_LENGTH_MAX, SHAPE_CLASSES, ShapeClass
from rollup.protocol.slot_codec import cancel_value, read_cancel, read_slot, slot_value
from rollup.protocol.trade_codec import (
    fill_value,
    order_takeover_value,
    order_value,
    read_fill,
    read_order,
    read_order_takeover,
    read_takeover,
    takeover_value,
)
from rollup.protocol.triggers import TriggerOpening
from rollup.protocol.units import Salt

BATCH_BYTES_MAX = 8 * 2**20
"""The largest possible batch is below 7 MiB; more is refused unread."""

WORD_BYTES = 4
SLOTS_TOUCHED_MAX = LARGEST.slots
SIBLINGS_MAX = LARGEST.accounts * ACCOUNT_BITS
SLOT_SIBLINGS_MAX = SLOTS_TOUCHED_MAX * SLOT_BITS

TRIGGER_SIBLINGS_MAX = LARGEST.triggers * TRIGGER_BITS

BATCH_NUMBERS = ("chain", "venue", "number", "time")
BATCH_MEMBERS = (
    "shape_class",
    "reports",
    "prices",
    "frontiers",
    "redo",
    "governance",
    "receipts",
    "old_root",
    "deposits",
    "exits",
    "orders",
    "order_takeovers",
    "fills",
    "takeovers",
    "outflows",
    "resting",
    "cancels",
    "lapsed",
    "pre",
    "salts",
    "viewing_keys",
)
PRE_MEMBERS = (
    "book",
    "markets",
    "globals",
    "accounts",
    "slots",
    "account_siblings",
    "slot_siblings",
    "triggers",
    "trigger_siblings",
)
ENTRY_NUMBERS = ("index", "account", "asset", "amount")
GLOBALS_NUMBERS = ("number", "time", "total", "deposits_consumed", "flagged")


def batch_to_bytes(batch: Batch) -> bytes:
    """The one encoding of a batch."""
    return encode(
        {
            "version": PROTOCOL_VERSION,
            "shape_class": batch.shape_class.name,
            **_numbers(batch, BATCH_NUMBERS),
            "reports": [report.encode() for report in batch.reports],
            "prices": list(batch.prices),
            "frontiers": [list(pair) for pair in batch.frontiers],
            "redo": batch.redo,
            "governance": governance_value(batch.governance),
            "receipts": batch.receipts,
            "old_root": digest_bytes(batch.old_root),
            "deposits": [_entry_value(entry) for entry in batch.deposits],
            "exits": list(batch.exits),
            "orders": [order_value(signed) for signed in batch.orders],
            "order_takeovers": [order_takeover_value(each) for each in batch.order_takeovers],
            "fills": [fill_value(fill) for fill in batch.fills],
            "takeovers": [takeover_value(each) for each in batch.takeovers],
            "outflows": [outflow_value(signed) for signed in batch.outflows],
            "resting": [list(key) for key in batch.resting],
            "cancels": [cancel_value(signed) for signed in batch.cancels],
            "lapsed": [list(key) for key in batch.lapsed],
            "pre": _pre_value(batch.pre),
            "salts": {
                "accounts": [digest_bytes(salt) for salt in batch.salts.accounts],
                "markets": digest_bytes(batch.salts.markets),
                "globals": digest_bytes(batch.salts.globals),
            },
            "viewing_keys": [[account, digest_bytes(key)] for account, key in batch.viewing_keys],
        }
    )


def batch_from_bytes(data: bytes) -> Batch:
    """The batch in `data`. Raises CodecError, naming the place, what was wanted and what came."""
    node = Node(decode(data, BATCH_BYTES_MAX, "batch"), "batch")
    try:
        return _read_batch(node)
    except Rejected as refusal:
        raise CodecError(f"batch: {refusal}") from refusal


def _numbers(record: object, names: Sequence[str]) -> dict[str, Value]:
    return {name: int(getattr(record, name)) for name in names}


def _entry_value(entry: QueueEntry) -> Value:
    return {
        **_numbers(entry, ENTRY_NUMBERS),
        "kind": int(entry.kind),
        "owner": entry.owner,
        "key_words": digest_bytes(entry.key_words),
        "viewing_words": digest_bytes(entry.viewing_words),
    }


def _pre_value(pre: PartialState) -> Value:
    return {
        "book": book_value(pre.book),
        "markets": markets_value(pre.markets),
        "globals": {
            **_numbers(pre.globals, GLOBALS_NUMBERS),
            "salt": digest_bytes(pre.globals.salt),
        },
        "accounts": [
            {
                "index": opening.index,
                "account": None if opening.account is None else _account_value(opening.account),
            }
            for opening in pre.accounts
        ],
        "slots": [slot_value(opening) for opening in pre.slots],
        "account_siblings": [digest_bytes(digest) for digest in pre.account_siblings],
        "slot_siblings": [digest_bytes(digest) for digest in pre.slot_siblings],
        "triggers": [[opening.index, *opening.counters] for opening in pre.triggers],
        "trigger_siblings": [digest_bytes(digest) for digest in pre.trigger_siblings],
    }


def _account_value(account: Account) -> Value:
    header = account.header
    return {
        "header": {
            "owner": header.owner,
            "key": digest_bytes((*header.key.x, *header.key.y)),
            "viewing": digest_bytes(header.viewing),
            "scheme": header.scheme,
        },
        "cash": account.cash,
        "positions": [[market, size] for market, size in account.positions],
        "triggers": list(account.triggers),
        "below": account.below,
        "slots_root": digest_bytes(account.slots_root),
        "salt": digest_bytes(account.salt),
    }


def _read_batch(node: Node) -> Batch:
    node.require_version(PROTOCOL_VERSION)
    record = node.record(("version", *BATCH_NUMBERS, *BATCH_MEMBERS))
    numbers: dict[str, Any] = {name: record[name].integer() for name in BATCH_NUMBERS}
    return Batch(
        **numbers,
        shape_class=_shape_class(record["shape_class"]),
        reports=tuple(_read_report(each) for each in record["reports"].items(REPORTS_MAX)),
        prices=_integers(record["prices"]),
        frontiers=read_frontiers(record["frontiers"]),
        redo=record["redo"].boolean(),
        governance=read_governance(record["governance"]),
        receipts=record["receipts"].raw(DIGEST_BYTES),
        old_root=_digest(record["old_root"]),
        deposits=tuple(_read_entry(entry) for entry in record["deposits"].items(DEPOSITS_MAX)),
        exits=tuple(index.integer() for index in record["exits"].items(DEPOSITS_MAX)),
        orders=members(record["orders"], LARGEST.slots, batch_lists.orders, read_order),
        order_takeovers=tuple(
            read_order_takeover(each) for each in record["order_takeovers"].items(LARGEST.trades)
        ),
        fills=members(record["fills"], LARGEST.trades, batch_lists.fills, read_fill),
        takeovers=tuple(
            read_takeover(each) for each in record["takeovers"].items(LARGEST.takeovers)
        ),
        outflows=tuple(read_outflow(each) for each in record["outflows"].items(OUTFLOWS_MAX)),
        resting=_read_slot_keys(record["resting"]),
        cancels=tuple(read_cancel(each) for each in record["cancels"].items(LARGEST.slots)),
        lapsed=_read_slot_keys(record["lapsed"]),
        pre=_read_pre(record["pre"]),
        salts=_read_salts(record["salts"]),
        viewing_keys=tuple(map(_read_key, record["viewing_keys"].items(LARGEST.accounts))),
    )


def _shape_class(node: Node) -> ShapeClass:
    name = node.text(NAME_LENGTH_MAX)
    if name not in SHAPE_CLASSES:
        raise node.wrong(f"one of {', '.join(SHAPE_CLASSES)}")
    return SHAPE_CLASSES[name]


def _read_report(node: Node) -> SignedPackage:
    try:
        return SignedPackage.decode(node.raw(REPORT_BYTES))
    except PackageError as error:
        raise CodecError(f"{node.path}: {error}") from error


def _read_entry(node: Node) -> QueueEntry:
    record = node.record((*ENTRY_NUMBERS, "kind", "owner", "key_words", "viewing_words"))
    return QueueEntry(
        **{name: record[name].integer() for name in ENTRY_NUMBERS},
        kind=record["kind"].convert("a kind of queue entry", EntryKind),
        owner=record["owner"].raw(OWNER_BYTES),
        key_words=_words(record["key_words"], KEY_WORDS),
        viewing_words=_words(record["viewing_words"], DIGEST_LENGTH),
    )


def _read_pre(node: Node) -> PartialState:
    record = node.record(PRE_MEMBERS)
    globals_ = record["globals"].record((*GLOBALS_NUMBERS, "salt"))
    return PartialState(
        book=read_book(record["book"]),
        markets=read_markets(record["markets"]),
        globals=Globals(
            **{name: globals_[name].integer() for name in GLOBALS_NUMBERS},
            salt=_salt(globals_["salt"]),
        ),
        accounts=members(record["accounts"], LARGEST.accounts, batch_lists.openings, _read_opening),
        slots=members(record["slots"], SLOTS_TOUCHED_MAX, batch_lists.slots, read_slot),
        account_siblings=_digests(record["account_siblings"], SIBLINGS_MAX),
        slot_siblings=_digests(record["slot_siblings"], SLOT_SIBLINGS_MAX),
        triggers=members(
            record["triggers"], LARGEST.triggers, batch_lists.triggers, _read_triggers
        ),
        trigger_siblings=_digests(record["trigger_siblings"], TRIGGER_SIBLINGS_MAX),
    )


def _read_triggers(node: Node) -> TriggerOpening:
    index, *counters = (member.integer() for member in node.row(1 + COUNTERS))
    return TriggerOpening(index, tuple(counters))


def _read_opening(node: Node) -> AccountOpening:
    record = node.record(batch_lists.OPENING)
    present = record["account"].value is not None
    account = _read_account(record["account"]) if present else None
    return AccountOpening(record["index"].integer(), account)


def _read_account(node: Node) -> Account:
    record = node.record(batch_lists.ACCOUNT)
    return Account(
        header=_read_header(record["header"]),
        cash=record["cash"].integer(),
        positions=_read_positions(record["positions"]),
        triggers=_integers(record["triggers"]),
        below=record["below"].boolean(),
        slots_root=_digest(record["slots_root"]),
        salt=_salt(record["salt"]),
    )


def _read_header(node: Node) -> Header:
    record = node.record(batch_lists.HEADER)
    return Header(
        owner=record["owner"].raw(OWNER_BYTES),
        key=point_of(_words(record["key"], KEY_WORDS)),
        viewing=_digest(record["viewing"]),
        scheme=record["scheme"].integer(),
    )


def _read_slot_keys(node: Node) -> tuple[tuple[int, int], ...]:
    """Pairs of an account and a slot."""
    pairs = [pair.row(2) for pair in node.items(LARGEST.slots)]
    return tuple((account.integer(), slot.integer()) for account, slot in pairs)


def _read_salts(node: Node) -> NewSalts:
    record = node.record(("accounts", "markets", "globals"))
    return NewSalts(
        accounts=members(record["accounts"], LARGEST.accounts, batch_lists.salts, _salt),
        markets=_salt(record["markets"]),
        globals=_salt(record["globals"]),
    )


def _read_key(node: Node) -> tuple[int, Digest]:
    """An account and its viewing key."""
    account, key = node.row(2)
    return account.integer(), _digest(key)


def _read_positions(node: Node) -> Positions:
    """Pairs of market and size; other than rising markets and sizes not 0 are refused."""
    pairs = [pair.row(2) for pair in node.items(MARKETS_MAX)]
    return Positions(tuple((market.integer(), size.integer()) for market, size in pairs))


def _integers(node: Node) -> tuple[int, ...]:
    """One number for each of some markets."""
    return tuple(member.integer() for member in node.items(MARKETS_MAX))


def _words(node: Node, count: int) -> tuple[int, ...]:
    return words_of(node.raw(WORD_BYTES * count))


def _digest(node: Node) -> Digest:
    a, b, c, d, e, f, g, h = _words(node, DIGEST_LENGTH)
    return (a, b, c, d, e, f, g, h)


def _digests(node: Node, most: int) -> tuple[Digest, ...]:
    return members(node, most, batch_lists.digests, _digest)


def _salt(node: Node) -> Salt:
    a, b, c, d = _words(node, SALT_LENGTH)
    return (a, b, c, d)
