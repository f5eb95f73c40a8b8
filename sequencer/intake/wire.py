"""Commands as bytes, member by member: what the journal holds and hashes.

Fixed widths, little-endian; behind an order or a cancel of a bundle its path: place (1), and the
siblings from its leaf up (32 each), 1 to 6 of them. A command has one encoding; anything else is
refused.
"""

import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from rollup.codec.strict import CodecError
from rollup.oracle.package import (
    PackageError,
    SignedPackage,
    packages_from_bytes,
    packages_to_bytes,
)
from rollup.protocol.bundle import BundlePath
from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.constants import DEPOSITS_MAX, DIGEST_LENGTH, MARKETS_MAX
from rollup.protocol.deposit import EntryKind, QueueEntry
from rollup.protocol.encoding import digest_bytes, digest_of
from rollup.protocol.governance_codec import governance_from_bytes
from rollup.protocol.order import (
    FLAGS,
    Order,
    Side,
    SignedOrder,
    TimeInForce,
)
from rollup.protocol.outflow import Outflow, OutflowKind, SignedOutflow
from rollup.protocol.rejection import Rejected
from sequencer.engine.command import (
    Cancel,
    CloseBatch,
    Command,
    OpenBatch,
    PayOut,
    Submit,
    TellAhead,
    TellKey,
    Told,
)


class WireError(ValueError):
    """Bytes that are no command; says what was wanted."""


class Code(IntEnum):
    """First byte of an encoded command."""

    OPEN_BATCH = 1
    SUBMIT = 2
    CANCEL = 3
    CLOSE_BATCH = 4
    PAY_OUT = 5
    TELL_KEY = 6
    TELL_AHEAD = 7


_CAME: Final = struct.Struct("<BQ")
"""Code, and the sequence of the receipt."""

_RECEIPT: Final = struct.Struct("<Q")
_LENGTH: Final = struct.Struct("<I")
_OPEN: Final = struct.Struct("<IQ?IBB")
_PRICE: Final = struct.Struct("<I")
_ENTRY: Final = struct.Struct("<IBI20s14I8IHQ")
_ORDER: Final = struct.Struct("<IIIBIHBIQQHB84s")
_CANCEL: Final = struct.Struct("<IIIBI84s")
_OUTFLOW: Final = struct.Struct("<IIIBIBIHQQ84s")
_TOLD: Final = struct.Struct(f"<I{DIGEST_LENGTH}I")
_AHEAD: Final = struct.Struct(f"<I{DIGEST_LENGTH}I{DIGEST_LENGTH}II")
_SIBLING_BYTES: Final = 4 * DIGEST_LENGTH

_FLAGS: Final = 3 | sum(flag for _, flag in FLAGS)
_OUTFLOW_KINDS: Final = {int(kind): kind for kind in OutflowKind}
_SIDES: Final = {int(side): side for side in Side}
_TIMES_IN_FORCE: Final = {int(kind): kind for kind in TimeInForce}


def command_to_bytes(command: Command) -> bytes:
    """The one encoding of a command."""
    match command:
        case OpenBatch():
            return bytes((Code.OPEN_BATCH,)) + _open_bytes(command)
        case Submit():
            signed = _order_bytes(command.signed) + _path_bytes(command.signed.path)
            return _CAME.pack(Code.SUBMIT, command.receipt) + signed
        case Cancel():
            signed = _cancel_bytes(command.signed) + _path_bytes(command.signed.path)
            return _CAME.pack(Code.CANCEL, command.receipt) + signed
        case PayOut():
            return _CAME.pack(Code.PAY_OUT, command.receipt) + _outflow_bytes(command.signed)
        case TellKey() | TellAhead():
            return _told_bytes(command)
        case CloseBatch():
            return bytes((Code.CLOSE_BATCH,)) + command.receipts


def command_from_bytes(data: bytes) -> Command:
    """The command of an encoding. Raises WireError for any other bytes, and nothing else."""
    if not data:
        raise WireError("a command is wanted, nothing came")
    read = _READERS.get(data[0])
    if read is None:
        raise WireError(f"a command code from 1 to {len(Code)} is wanted, {data[0]} came")
    try:
        return read(data[1:])
    except (Rejected, CodecError, PackageError) as refusal:
        raise WireError(f"a command within bounds is wanted: {refusal}") from refusal


def _require_size(layout: struct.Struct, data: bytes) -> None:
    if len(data) != layout.size:
        raise WireError(f"a body of {layout.size} bytes is wanted, {len(data)} came")


def _open_bytes(command: OpenBatch) -> bytes:
    place = (command.number, command.time, command.redo, command.attempt)
    head = _OPEN.pack(*place, len(command.prices), len(command.deposits))
    governance = b"" if command.governance is None else command.governance.encode()
    prices, deposits = map(_PRICE.pack, command.prices), map(_entry_bytes, command.deposits)
    reports = packages_to_bytes(command.reports)
    return b"".join((head, *prices, *deposits, _LENGTH.pack(len(reports)), reports, governance))


def _entry_bytes(entry: QueueEntry) -> bytes:
    head = (entry.index, int(entry.kind), entry.account, entry.owner)
    what = (entry.asset, entry.amount)
    return _ENTRY.pack(*head, *entry.key_words, *entry.viewing_words, *what)


def _order_bytes(signed: SignedOrder) -> bytes:
    order = signed.order
    return _ORDER.pack(
        order.chain,
        order.venue,
        order.account,
        order.slot,
        order.generation,
        order.market,
        order.side,
        order.price,
        order.size,
        order.expiry,
        order.max_fee,
        order.flags,
        signed.signature,
    )


def _cancel_bytes(signed: SignedCancel) -> bytes:
    cancel = signed.cancel
    return _CANCEL.pack(
        cancel.chain,
        cancel.venue,
        cancel.account,
        cancel.slot,
        cancel.generation,
        signed.signature,
    )


def _path_bytes(path: BundlePath | None) -> bytes:
    """Nothing of what was signed alone."""
    if path is None:
        return b""
    return bytes((path.place,)) + b"".join(map(digest_bytes, path.siblings))


def _outflow_bytes(signed: SignedOutflow) -> bytes:
    outflow = signed.outflow
    return _OUTFLOW.pack(
        outflow.chain,
        outflow.venue,
        outflow.account,
        outflow.slot,
        outflow.generation,
        outflow.kind,
        outflow.receiver,
        outflow.asset,
        outflow.amount,
        outflow.expiry,
        signed.signature,
    )


def _told_bytes(command: Told) -> bytes:
    if isinstance(command, TellKey):
        told = _TOLD.pack(command.account, *command.key)
        return _CAME.pack(Code.TELL_KEY, command.receipt) + told
    ahead = _AHEAD.pack(command.account, *command.key, *command.viewing, command.last)
    return _CAME.pack(Code.TELL_AHEAD, command.receipt) + ahead


def _read_open(data: bytes) -> Command:
    if len(data) < _OPEN.size:
        raise WireError(f"a body of at least {_OPEN.size} bytes is wanted, {len(data)} came")
    number, time, redo, attempt, listed, count = _OPEN.unpack_from(data)
    start = _OPEN.size + listed * _PRICE.size
    end = start + count * _ENTRY.size
    if listed > MARKETS_MAX or count > DEPOSITS_MAX or len(data) < end:
        wanted = f"counts up to {MARKETS_MAX} and {DEPOSITS_MAX}, that many prices and entries"
        raise WireError(f"{wanted} of the queue are wanted")
    prices = [price for (price,) in _PRICE.iter_unpack(data[_OPEN.size : start])]
    places = range(start, end, _ENTRY.size)
    deposits = tuple(_read_entry(data[place : place + _ENTRY.size]) for place in places)
    reports, end = _read_reports(data, end)
    governance = governance_from_bytes(data[end:]) if len(data) > end else None
    command = OpenBatch(number, time, tuple(prices), deposits, redo, attempt, governance, reports)
    if _open_bytes(command) != data:
        raise WireError("a flag of 0 or 1 is wanted")
    return command


def _read_reports(data: bytes, place: int) -> tuple[tuple[SignedPackage, ...], int]:
    """The reports at a place, after their length, and the place after them."""
    start = place + _LENGTH.size
    if len(data) < start:
        raise WireError("the length of the reports is wanted")
    end = start + _LENGTH.unpack_from(data, place)[0]
    if len(data) < end:
        raise WireError("as many bytes of reports as are announced are wanted")
    return packages_from_bytes(data[start:end]), end


def _read_entry(data: bytes) -> QueueEntry:
    index, kind, account, owner, *words, asset, amount = _ENTRY.unpack(data)
    if kind not in tuple(EntryKind):
        raise WireError(f"a kind of queue entry is wanted, {kind} came")
    key, viewing = tuple(words[:14]), tuple(words[14:])
    return QueueEntry(index, EntryKind(kind), account, owner, key, viewing, amount, asset)


def _came_in(data: bytes) -> tuple[int, bytes]:
    """The receipt that a command came with, and the rest."""
    if len(data) < _RECEIPT.size:
        raise WireError(f"a receipt of {_RECEIPT.size} bytes is wanted, {len(data)} came")
    (receipt,) = _RECEIPT.unpack_from(data)
    return receipt, data[_RECEIPT.size :]


def _read_submit(data: bytes) -> Command:
    receipt, rest = _came_in(data)
    return Submit(_read_order(rest[: _ORDER.size], _read_path(rest[_ORDER.size :])), receipt)


def _read_path(data: bytes) -> BundlePath | None:
    """The path behind an action; None where nothing is."""
    if not data:
        return None
    if len(data) % _SIBLING_BYTES != 1:
        raise WireError(f"a place and siblings of {_SIBLING_BYTES} bytes are wanted")
    cuts = range(1, len(data), _SIBLING_BYTES)
    return BundlePath(data[0], tuple(digest_of(data[cut : cut + _SIBLING_BYTES]) for cut in cuts))


def _read_order(data: bytes, path: BundlePath | None) -> SignedOrder:
    _require_size(_ORDER, data)
    *members, flags, signature = _ORDER.unpack(data)
    chain, venue, account, slot, generation, market, side, price, size, expiry, fee = members
    order = Order(
        chain=chain,
        venue=venue,
        account=account,
        slot=slot,
        generation=generation,
        market=market,
        side=side_of(side),
        price=price,
        size=size,
        expiry=expiry,
        max_fee=fee,
        time_in_force=time_in_force_of(flags),
        **marks_of(flags),
    )
    return SignedOrder(order, signature, path)


def side_of(value: int) -> Side:
    """The side of a wire byte. Raises WireError for another."""
    side = _SIDES.get(value)
    if side is None:
        raise WireError(f"side 0 or 1 is wanted, {value} came")
    return side


def time_in_force_of(flags: int) -> TimeInForce:
    """The time in force of a flags byte. Raises WireError for flags that are not in use."""
    kind = _TIMES_IN_FORCE.get(flags & 3)
    if flags & ~_FLAGS or kind is None:
        raise WireError(f"known order flags are wanted, {flags} came")
    return kind


def marks_of(flags: int) -> dict[str, bool]:
    """What an order of a flags byte is marked as, by the name of its member."""
    return {name: bool(flags & flag) for name, flag in FLAGS}


def _read_cancel(data: bytes) -> Command:
    receipt, rest = _came_in(data)
    path = _read_path(rest[_CANCEL.size :])
    rest = rest[: _CANCEL.size]
    _require_size(_CANCEL, rest)
    chain, venue, account, slot, generation, signature = _CANCEL.unpack(rest)
    cancel = CancelOrder(chain, venue, account, slot, generation)
    return Cancel(SignedCancel(cancel, signature, path), receipt)


def _read_pay_out(data: bytes) -> Command:
    receipt, rest = _came_in(data)
    _require_size(_OUTFLOW, rest)
    *place, kind, receiver, asset, amount, expiry, signature = _OUTFLOW.unpack(rest)
    chain, venue, account, slot, generation = place
    where = (chain, venue, account, slot, generation, outflow_kind_of(kind), receiver)
    outflow = Outflow(*where, amount, expiry, asset)
    return PayOut(SignedOutflow(outflow, signature), receipt)


def outflow_kind_of(value: int) -> OutflowKind:
    """The kind of an outflow's byte. Raises WireError for another."""
    kind = _OUTFLOW_KINDS.get(value)
    if kind is None:
        raise WireError(f"a kind of outflow, 0 or 1, is wanted, {value} came")
    return kind


def _read_tell_key(data: bytes) -> Command:
    receipt, rest = _came_in(data)
    _require_size(_TOLD, rest)
    account, a, b, c, d, e, f, g, h = _TOLD.unpack(rest)
    return TellKey(account, (a, b, c, d, e, f, g, h), receipt)


def _read_tell_ahead(data: bytes) -> Command:
    receipt, rest = _came_in(data)
    _require_size(_AHEAD, rest)
    account, a, b, c, d, e, f, g, h, *viewing, last = _AHEAD.unpack(rest)
    i, j, k, m, n, o, p, q = viewing
    key, commitment = (a, b, c, d, e, f, g, h), (i, j, k, m, n, o, p, q)
    return TellAhead(account, key, commitment, last, receipt)


def _read_close(data: bytes) -> Command:
    return CloseBatch(data)


_READERS: Final[dict[int, Callable[[bytes], Command]]] = {
    Code.OPEN_BATCH: _read_open,
    Code.SUBMIT: _read_submit,
    Code.CANCEL: _read_cancel,
    Code.CLOSE_BATCH: _read_close,
    Code.PAY_OUT: _read_pay_out,
    Code.TELL_KEY: _read_tell_key,
    Code.TELL_AHEAD: _read_tell_ahead,
}
