"""Reads what the venue answers: exact members and types, bounds on everything, nothing guessed.

A venue is not believed because it answers. What is not as docs/api.md says is a WrongAnswer that
names the place, and shows no value.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Final, TypeVar

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.strict import CodecError
from rollup.crypto.envelope import Destination, EnvelopeError
from rollup.crypto.hpke import KEY_BYTES
from rollup.protocol.constants import (
    CASH_LIMIT,
    EXPIRY_BITS,
    GENERATION_END,
    MARKETS_MAX,
    NUMBER_BITS,
    OWNER_BYTES,
    POSITION_LIMIT,
    PRICE_BITS,
    SIZE_BITS,
    SLOT_BITS,
    TIME_BITS,
)
from rollup.protocol.governance_codec import MARKET_NUMBERS, market_of_numbers
from rollup.protocol.market import SYMBOL_LENGTH_MAX, Market
from rollup.protocol.order import PEG_BIAS
from rollup.protocol.receipt_json import signed_from_json
from rollup.protocol.rejection import Rejected
from sequencer.client.errors import WrongAnswer
from sequencer.client.fact_rows import fact_of, key_of, number_of
from sequencer.client.records import (
    AccountAnswer,
    ActionAnswer,
    BatchInfo,
    Delivered,
    Keys,
    LiveRow,
    OwnFrame,
    Page,
    PublicFrame,
    Status,
)

ANSWER_VERSION: Final = 2
STREAM_VERSION: Final = 1
TEXT_MAX: Final = 400
WORD_MAX: Final = 64
ITEMS_MAX: Final = 64
FACTS_MAX: Final = 112
CURSOR_END: Final = 1 << 52
LIVES: Final = ("sequenced", "batched", "held", "proved")

T = TypeVar("T")


def read(data: bytes, name: str, reader: Callable[[Node], T]) -> T:
    """The record in a JSON body. WrongAnswer for everything else."""
    try:
        return reader(Node(shallow_json.loads(data.decode("utf-8")), name))
    except CodecError as error:
        raise WrongAnswer(str(error)) from None
    except (Rejected, EnvelopeError) as error:
        raise WrongAnswer(f"{name}: {error}") from None
    except (ValueError, RecursionError):
        raise WrongAnswer(
            f"{name}: JSON of the form that docs/api.md describes is wanted"
        ) from None


def keys(node: Node) -> Keys:
    """GET /v1/keys."""
    record = _members(node)
    return Keys(
        record["public_key"].hexadecimal(KEY_BYTES),
        Destination(record["chain"].integer(), record["venue"].integer()),
        number_of(record["envelope_lifetime_ms"], 1 << 40),
        record["receipt_signer"].hexadecimal(OWNER_BYTES),
    )


def status(node: Node) -> Status:
    """GET /v1/status."""
    record = _members(node)
    closes = record["closes_at"]
    return Status(
        mode=record["mode"].text(WORD_MAX),
        now=_time(record["now"]),
        interval_ms=number_of(record["interval_ms"], 1 << 40),
        opened=number_of(record["opened"], 1 << NUMBER_BITS),
        closes_at=None if closes.value is None else _time(closes),
        held=number_of(record["held"], 1 << NUMBER_BITS),
        proved=number_of(record["proved"], 1 << NUMBER_BITS),
        warnings=tuple(each.text(TEXT_MAX) for each in record["warnings"].items(ITEMS_MAX)),
    )


def markets(node: Node) -> tuple[Market, ...]:
    """GET /v1/markets: by number, without gaps."""
    rows = _members(node)["markets"].items(MARKETS_MAX)
    found = []
    for place, row in enumerate(rows):
        record = _members(row)
        if record["market"].integer() != place:
            raise record["market"].wrong(f"market {place}")
        terms = {name: record[name].integer() for name in MARKET_NUMBERS}
        found.append(market_of_numbers(record["symbol"].text(SYMBOL_LENGTH_MAX), terms))
    return tuple(found)


def prices(node: Node) -> dict[int, int]:
    """GET /v1/prices: ticks by market."""
    rows = [_members(row) for row in _members(node)["prices"].items(MARKETS_MAX)]
    return {row["market"].integer(): row["price"].integer() for row in rows}


def batch(node: Node) -> BatchInfo:
    """GET /v1/batches/N."""
    record = _members(node)
    life = record["life"].text(WORD_MAX)
    if life not in LIVES:
        raise record["life"].wrong("a word of a batch's life")
    time, public = record.get("time"), record.get("public")
    return BatchInfo(
        number_of(record["number"], 1 << NUMBER_BITS),
        life,
        None if time is None or time.value is None else _time(time),
        None if public is None else public.hexadecimal(32),
    )


def problem(node: Node) -> tuple[str, str]:
    """`code` and `detail` of a problem (RFC 9457)."""
    record = _members(node)
    code = record["code"].text(WORD_MAX)
    reason = record.get("reason")
    detail = record["detail"].text(TEXT_MAX) if "detail" in record else ""
    return code, detail if reason is None else f"{detail} ({reason.text(WORD_MAX)})"


def deliveries(node: Node) -> tuple[Delivered, ...]:
    """POST /v1/envelopes: one item for each envelope."""
    return tuple(_delivered(item) for item in _members(node)["answers"].items(ITEMS_MAX))


def action_answer(node: Node) -> ActionAnswer:
    """What was sealed to the sender of an order or a cancel."""
    record = _members(node)
    _require_version(record)
    facts = tuple(fact_of(row) for row in record["rows"].items(FACTS_MAX))
    reason, digest = record.get("reason"), record.get("digest")
    return ActionAnswer(
        facts,
        None if reason is None else reason.text(WORD_MAX),
        None if digest is None else digest.hexadecimal(32).hex(),
        record["more"].boolean(),
    )


def account_answer(node: Node) -> AccountAnswer | None:
    """What was sealed to the owner of an account; None where the venue does not know the asker."""
    record = _members(node)
    _require_version(record)
    if not record["ok"].boolean():
        return None
    cash, positions = _holding(record)
    return AccountAnswer(
        run=record["run"].text(WORD_MAX),
        time=_time(record["time"]),
        account=record["account"].integer(),
        cash=cash,
        positions=positions,
        orders=tuple(_live(row) for row in record["orders"].items(1 << SLOT_BITS)),
        next_generation=number_of(record["next_generation"], GENERATION_END + 1),
        is_told=record["viewing_key"].boolean(),
        page=_page(record["facts"]),
    )


def own_frame(node: Node) -> OwnFrame:
    """A frame of the private stream, opened."""
    record = _members(node)
    _require_version(record)
    number = number_of(record["frame"], CURSOR_END)
    if "ok" not in record:
        return OwnFrame(number)
    if not record["ok"].boolean():
        return OwnFrame(number, is_refused=True)
    return OwnFrame(
        number,
        run=record["run"].text(WORD_MAX),
        time=_time(record["time"]),
        account=record["account"].integer(),
        holding=_holding(record) if "cash" in record else None,
        page=_page(record["facts"]),
    )


def public_frame(node: Node) -> PublicFrame:
    """A frame of the public stream; of a kind that a later venue adds, nothing."""
    record = _members(node)
    if record["v"].integer() != STREAM_VERSION:
        raise record["v"].wrong(f"version {STREAM_VERSION}")
    match record["type"].text(WORD_MAX):
        case "snapshot":
            batches = record["batches"].items(ITEMS_MAX)
            return PublicFrame(
                status(record["status"]),
                prices(record["prices"]),
                tuple(batch(each) for each in batches),
            )
        case "status":
            return PublicFrame(status=status(record["status"]))
        case "prices":
            return PublicFrame(prices=prices(record["prices"]))
        case "batch":
            return PublicFrame(batches=(batch(record["batch"]),))
        case _:
            return PublicFrame()


def _holding(record: dict[str, Node]) -> tuple[int, dict[int, int]]:
    rows = record["positions"].items(MARKETS_MAX)
    return _signed(record["cash"], CASH_LIMIT), dict(_position(each) for each in rows)


def _position(row: Node) -> tuple[int, int]:
    """A market and what is held there."""
    market, size = row.row(2)
    return number_of(market, MARKETS_MAX), _signed(size, POSITION_LIMIT)


def _delivered(item: Node) -> Delivered:
    record = _members(item)
    receipt, sealed = record.get("receipt"), record.get("sealed")
    return Delivered(
        record["outcome"].text(WORD_MAX),
        None if receipt is None else signed_from_json(shallow_json.canonical(receipt.value)),
        None if sealed is None else _base64(sealed),
    )


def _base64(node: Node) -> bytes:
    try:
        return base64.b64decode(node.text(1 << 17), validate=True)
    except binascii.Error:
        raise node.wrong("base64") from None


def _page(node: Node) -> Page:
    record = _members(node)
    rows = record["rows"].items(FACTS_MAX)
    page = Page(
        number_of(record["first"], CURSOR_END),
        number_of(record["next"], CURSOR_END),
        record["more"].boolean(),
        tuple(fact_of(row) for row in rows),
    )
    if page.next - page.first != len(page.facts):
        raise record["next"].wrong("first + the number of rows")
    return page


def _live(node: Node) -> LiveRow:
    """Of a pegged order the price is below zero, and what it signed less twice PEG_BIAS."""
    cells = node.row(8)
    slot, generation = cells[0].integer(), cells[1].integer()
    price = cells.pop(4)
    pegged = price.integer() < 0
    least, end = (-2 * PEG_BIAS + 1, 0) if pegged else (1, 1 << PRICE_BITS)
    if not least <= price.integer() < end:
        raise price.wrong("a price, or an offset below zero")
    ticks = price.integer() + 2 * PEG_BIAS * pegged
    sizes = (1 << SIZE_BITS, 1 << SIZE_BITS)
    ends = (MARKETS_MAX, 2, *sizes, 1 << EXPIRY_BITS)
    found = [number_of(cell, end) for cell, end in zip(cells[2:], ends, strict=True)]
    market, side, size, remaining, expiry = found
    key = key_of(node, slot, generation)
    return LiveRow(key, market, side, ticks, size, remaining, expiry, pegged)


def _members(node: Node) -> "dict[str, Node]":
    """Members by name. Those that a later venue adds are let pass; a missing one is an error."""
    if not isinstance(node.value, dict):
        raise node.wrong("a record")
    return _Members(
        (str(name), Node(value, f"{node.path}.{name!s:.40}")) for name, value in node.value.items()
    )


class _Members(dict[str, Node]):
    def __missing__(self, name: str) -> Node:
        raise CodecError(f"{name} is missing")


def _require_version(record: dict[str, Node]) -> None:
    if record["v"].integer() != ANSWER_VERSION:
        raise record["v"].wrong(f"version {ANSWER_VERSION}")


def _time(node: Node) -> int:
    return number_of(node, 1 << TIME_BITS)


def _signed(node: Node, limit: int) -> int:
    """A signed number as decimal text."""
    text = node.text(24)
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or str(int(text)) != text:
        raise node.wrong("a decimal number in text")
    if not -limit <= int(text) < limit:
        raise node.wrong("a number in bounds")
    return int(text)
