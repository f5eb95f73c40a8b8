"""What an owner keeps to escape with, as a file: an account's leaf, opened, and the market book.

Canonical JSON, all that is in it by the hex of its own canonical bytes. It holds no key, and is
good for the one root that it was made for. Spec: docs/spec/20-exits.md.
"""

import json
from typing import Final

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.strict import CodecError
from rollup.l1.escape import LeafOpening
from rollup.l1.forms import BOOK, LEAF
from rollup.protocol.market_book import MarketBook
from rollup.protocol.rejection import Rejected

FORMAT_VERSION: Final = 1
EXIT_BYTES_MAX: Final = 2**17


def exit_to_bytes(leaf: LeafOpening, book: MarketBook) -> bytes:
    """The one encoding."""
    value = {"version": FORMAT_VERSION, "leaf": LEAF.write(leaf), "book": BOOK.write(book)}
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


def exit_from_bytes(data: bytes) -> tuple[LeafOpening, MarketBook]:
    """The leaf and the book in a file. Raises CodecError, naming what was wanted and what came."""
    if len(data) > EXIT_BYTES_MAX:
        raise CodecError(f"exit: wanted at most {EXIT_BYTES_MAX} bytes, got {len(data)}")
    try:
        value = shallow_json.loads(data.decode("ascii"))
    except ValueError as error:
        raise CodecError(f"exit: not JSON in ASCII ({str(error)[:80]})") from error
    node = Node(value, "exit")
    try:
        node.require_version(FORMAT_VERSION)
        record = node.record(("version", "leaf", "book"))
        return LEAF.read(record["leaf"]), BOOK.read(record["book"])
    except Rejected as refusal:
        raise CodecError(f"exit: {refusal}") from refusal
