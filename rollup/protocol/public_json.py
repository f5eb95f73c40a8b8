"""`public.json`: the one encoding of a public input.

JSON with sorted keys, no spaces, ASCII and no end of line. Digests, owners and words are lower-case
hex of their bytes; amounts that may pass 2**53 are decimal text. Any other bytes are refused.
"""

from collections.abc import Collection, Mapping

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.strict import CodecError, Value
from rollup.hash.keccak import DIGEST_BYTES
from rollup.hash.poseidon import Digest
from rollup.oracle.package import REPORT_BYTES, PackageError, SignedPackage
from rollup.protocol.constants import (
    DEPOSITS_MAX,
    DIGEST_LENGTH,
    MARKETS_MAX,
    OUTFLOWS_MAX,
    OWNER_BYTES,
    PROTOCOL_VERSION,
)
from rollup.protocol.deposit import KEY_WORDS, DepositOutcome, EntryKind, QueueEntry
from rollup.protocol.encoding import digest_bytes, words_of
from rollup.protocol.governance_codec import governance_value, read_governance
from rollup.protocol.market_book_codec import book_value, read_book
from rollup.protocol.oracle import REPORTS_MAX
from rollup.protocol.public import (
    ConsumedDeposit,
    EstateTaken,
    GrantedWithdrawal,
    PublicInput,
)
from rollup.protocol.rejection import Rejected
from rollup.protocol.shape_class import NAME_LENGTH_MAX

PUBLIC_BYTES_MAX = 2**18
"""64 deposits of some 500 bytes, 64 withdrawals of 100, and for each of 64 markets 8 reports of 284
and 120 of the book: below 200 kB; more is refused unread."""

WORD_BYTES = 4
NUMBERS = ("version", "chain", "venue", "number", "time", "deposits_before")
ROOTS = ("old_root", "new_root", "data_commitment")
OTHERS = (
    "shape_class",
    "governance",
    "receipts",
    "closed",
    "progress",
    "book_before",
    "reports",
    "prices",
    "premium_rates",
    "redo",
    "total",
    "deposits",
    "withdrawals",
    "estate",
)

ENTRY_MEMBERS = (
    "index",
    "kind",
    "account",
    "owner",
    "key_words",
    "viewing_words",
    "asset",
    "amount",
)


def public_to_json(public: PublicInput) -> bytes:
    """The one encoding of a public input."""
    return shallow_json.canonical(
        {
            **{name: getattr(public, name) for name in NUMBERS},
            **{name: digest_bytes(getattr(public, name)).hex() for name in ROOTS},
            "shape_class": public.shape_class,
            "governance": governance_value(public.governance),
            "receipts": public.receipts.hex(),
            "closed": public.closed,
            "progress": public.progress,
            "book_before": book_value(public.book_before),
            "reports": [report.encode().hex() for report in public.reports],
            "prices": list(public.prices),
            "premium_rates": list(public.premium_rates),
            "redo": public.redo,
            "total": str(public.total),
            "deposits": [_deposit_value(deposit) for deposit in public.deposits],
            "withdrawals": [_withdrawal_value(each) for each in public.withdrawals],
            "estate": [{"asset": each.asset, "lots": str(each.lots)} for each in public.estate],
        }
    )


def public_from_json(data: bytes) -> PublicInput:
    """The public input in `data`. Raises CodecError, naming what was wanted and what came."""
    if len(data) > PUBLIC_BYTES_MAX:
        raise CodecError(f"public.json: wanted at most {PUBLIC_BYTES_MAX} bytes, got {len(data)}")
    try:
        value = shallow_json.loads(data.decode("ascii"))
    except ValueError as error:
        raise CodecError(f"public.json: not JSON in ASCII ({str(error)[:80]})") from error
    try:
        public = _read_public(Node(value, "public"))
    except Rejected as refusal:
        raise CodecError(f"public.json: {refusal}") from refusal
    if public_to_json(public) != data:
        raise CodecError("public.json: not the canonical encoding (sorted keys, no spaces, ASCII)")
    return public


def entry_value(entry: QueueEntry) -> dict[str, Value]:
    """The record of a queue entry."""
    return {
        "index": entry.index,
        "kind": entry.kind.name.lower(),
        "account": entry.account,
        "owner": entry.owner.hex(),
        "key_words": digest_bytes(entry.key_words).hex(),
        "viewing_words": digest_bytes(entry.viewing_words).hex(),
        "asset": entry.asset,
        "amount": str(entry.amount),
    }


def read_entry(node: Node) -> QueueEntry:
    """The queue entry in a record. Raises CodecError on its shape, Rejected on its values."""
    return _entry_of(node.record(ENTRY_MEMBERS))


def _deposit_value(deposit: ConsumedDeposit) -> Value:
    return {**entry_value(deposit.entry), "outcome": deposit.outcome.name.lower()}


def _withdrawal_value(withdrawal: GrantedWithdrawal) -> Value:
    return {
        "owner": withdrawal.owner.hex(),
        "asset": withdrawal.asset,
        "amount": str(withdrawal.amount),
    }


def _read_public(node: Node) -> PublicInput:
    node.require_version(PROTOCOL_VERSION)
    record = node.record((*NUMBERS, *ROOTS, *OTHERS))
    return PublicInput(
        **{name: record[name].integer() for name in NUMBERS},
        shape_class=record["shape_class"].text(NAME_LENGTH_MAX),
        old_root=_digest(record["old_root"]),
        new_root=_digest(record["new_root"]),
        data_commitment=_digest(record["data_commitment"]),
        receipts=record["receipts"].hexadecimal(DIGEST_BYTES),
        governance=read_governance(record["governance"]),
        closed=record["closed"].boolean(),
        progress=record["progress"].boolean(),
        book_before=read_book(record["book_before"]),
        reports=tuple(_read_report(report) for report in record["reports"].items(REPORTS_MAX)),
        prices=_by_market(record["prices"]),
        premium_rates=_by_market(record["premium_rates"]),
        redo=record["redo"].boolean(),
        total=record["total"].decimal(),
        deposits=tuple(_read_deposit(entry) for entry in record["deposits"].items(DEPOSITS_MAX)),
        withdrawals=tuple(
            _read_withdrawal(each) for each in record["withdrawals"].items(OUTFLOWS_MAX)
        ),
        estate=tuple(_read_estate(each) for each in record["estate"].items(MARKETS_MAX)),
    )


def _by_market(node: Node) -> tuple[int, ...]:
    return tuple(number.integer() for number in node.items(MARKETS_MAX))


def _read_report(node: Node) -> SignedPackage:
    try:
        return SignedPackage.decode(node.hexadecimal(REPORT_BYTES))
    except PackageError as error:
        raise CodecError(f"{node.path}: {error}") from error


def _read_deposit(node: Node) -> ConsumedDeposit:
    record = node.record((*ENTRY_MEMBERS, "outcome"))
    outcome = DepositOutcome[_name(record["outcome"], DepositOutcome.__members__)]
    return ConsumedDeposit(_entry_of(record), outcome)


def _read_withdrawal(node: Node) -> GrantedWithdrawal:
    record = node.record(("owner", "asset", "amount"))
    owner, amount = record["owner"].hexadecimal(OWNER_BYTES), record["amount"].decimal()
    return GrantedWithdrawal(owner, amount, record["asset"].integer())


def _read_estate(node: Node) -> EstateTaken:
    record = node.record(("asset", "lots"))
    return EstateTaken(record["asset"].integer(), record["lots"].decimal())


def _entry_of(record: Mapping[str, Node]) -> QueueEntry:
    return QueueEntry(
        index=record["index"].integer(),
        kind=EntryKind[_name(record["kind"], EntryKind.__members__)],
        account=record["account"].integer(),
        owner=record["owner"].hexadecimal(OWNER_BYTES),
        key_words=_words(record["key_words"], KEY_WORDS),
        viewing_words=_words(record["viewing_words"], DIGEST_LENGTH),
        amount=record["amount"].decimal(),
        asset=record["asset"].integer(),
    )


def _name(node: Node, names: Collection[str]) -> str:
    """The name of an enumeration member, written in lower case."""
    text = node.text(40)
    if text not in [name.lower() for name in names]:
        raise node.wrong("one of " + ", ".join(name.lower() for name in names))
    return text.upper()


def _words(node: Node, count: int) -> tuple[int, ...]:
    return words_of(node.hexadecimal(WORD_BYTES * count))


def _digest(node: Node) -> Digest:
    a, b, c, d, e, f, g, h = _words(node, DIGEST_LENGTH)
    return (a, b, c, d, e, f, g, h)
