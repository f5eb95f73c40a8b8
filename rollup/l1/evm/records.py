"""Records of the rules from the canonical bytes that contracts say them in."""

from rollup.hash.poseidon import Digest
from rollup.l1.interface import Address
from rollup.protocol.checkpoint import InboxEntry, OutboxEntry
from rollup.protocol.constants import OWNER_BYTES
from rollup.protocol.deposit import KEY_WORDS, EntryKind, QueueEntry
from rollup.protocol.encoding import words_of
from rollup.protocol.header import HEADER_TAG, BatchHeader

_NUMBER_BYTES = 8
_DIGEST_BYTES = 32
_OWNER_END = _NUMBER_BYTES + OWNER_BYTES
_ENTRY_NUMBERS = 5
_HEADER_NUMBERS = 7


def root_of(data: bytes) -> Digest:
    """A state root of 32 bytes."""
    a, b, c, d, e, f, g, h = words_of(data)
    return (a, b, c, d, e, f, g, h)


def entry_from_bytes(data: bytes) -> QueueEntry:
    """The entry whose `encode` this is. ValueError for anything else."""
    index, kind, account, asset, amount = _numbers(data, _ENTRY_NUMBERS)
    start = _NUMBER_BYTES * _ENTRY_NUMBERS
    owner: Address = data[start : start + OWNER_BYTES]
    rest = data[start + OWNER_BYTES :]
    words = [int.from_bytes(rest[i : i + 4], "big") for i in range(0, len(rest), 4)]
    key, viewing = tuple(words[:KEY_WORDS]), tuple(words[KEY_WORDS:])
    entry = QueueEntry(index, EntryKind(kind), account, owner, key, viewing, amount, asset)
    if entry.encode() != data:
        raise ValueError("these are no canonical bytes of a queue entry")
    return entry


def inbox_entry_from_bytes(data: bytes) -> InboxEntry:
    """The entry whose `encode` this is, of an outpost's deposits."""
    index, owner, rest = data[:_NUMBER_BYTES], data[_NUMBER_BYTES:_OWNER_END], data[_OWNER_END:]
    return InboxEntry(int.from_bytes(index, "big"), owner, *_numbers(rest, 3))


def outbox_entry_from_bytes(data: bytes) -> OutboxEntry:
    """The entry whose `encode` this is, of what was let out through an outpost."""
    index, owner, rest = data[:_NUMBER_BYTES], data[_NUMBER_BYTES:_OWNER_END], data[_OWNER_END:]
    return OutboxEntry(int.from_bytes(index, "big"), owner, *_numbers(rest, 2))


def header_from_bytes(data: bytes) -> BatchHeader:
    """The header whose `encode` this is. ValueError for anything else."""
    body = data[len(HEADER_TAG) :]
    number, time, redo, open_before, missing, before, deposits = _numbers(body, _HEADER_NUMBERS)
    start = _NUMBER_BYTES * _HEADER_NUMBERS
    digests = [body[i : i + _DIGEST_BYTES] for i in range(start, len(body), _DIGEST_BYTES)]
    governance, old_root, new_root, receipts, queue_head, public = digests
    header = BatchHeader(
        number=number,
        time=time,
        redo=bool(redo),
        begins_open=bool(open_before),
        missing=missing,
        governance=governance,
        old_root=root_of(old_root),
        new_root=root_of(new_root),
        receipts=receipts,
        deposits_before=before,
        deposits=deposits,
        queue_head=queue_head,
        public=public,
    )
    if header.encode() != data:
        raise ValueError("these are no canonical bytes of a header")
    return header


def _numbers(data: bytes, count: int) -> list[int]:
    places = range(0, _NUMBER_BYTES * count, _NUMBER_BYTES)
    return [int.from_bytes(data[place : place + _NUMBER_BYTES], "big") for place in places]
