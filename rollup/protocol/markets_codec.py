"""The markets leaf of a state as a record: for batch files."""

from typing import Final

from rollup.codec.fields import Node
from rollup.codec.strict import Value
from rollup.protocol.batch import MarketsState
from rollup.protocol.constants import MARKETS_MAX, SALT_LENGTH
from rollup.protocol.encoding import digest_bytes, words_of
from rollup.protocol.tally import Tally

TALLY_NUMBERS: Final = ("premium", "volume", "open_interest")


def markets_value(markets: MarketsState) -> Value:
    """The record of a markets leaf."""
    return {
        "frontiers": [list(pair) for pair in markets.frontiers],
        "tallies": [[getattr(each, name) for name in TALLY_NUMBERS] for each in markets.tallies],
        "salt": digest_bytes(markets.salt),
    }


def read_markets(node: Node) -> MarketsState:
    """The markets leaf in a record. Raises CodecError on its shape, Rejected on its values."""
    record = node.record(("frontiers", "tallies", "salt"))
    tallies = [tally.row(len(TALLY_NUMBERS)) for tally in record["tallies"].items(MARKETS_MAX)]
    a, b, c, d = words_of(record["salt"].raw(4 * SALT_LENGTH))
    return MarketsState(
        read_frontiers(record["frontiers"]),
        tuple(Tally(*(number.integer() for number in numbers)) for numbers in tallies),
        (a, b, c, d),
    )


def read_frontiers(node: Node) -> tuple[tuple[int, int], ...]:
    """Of longs and of shorts, for each of some markets."""
    pairs = [pair.row(2) for pair in node.items(MARKETS_MAX)]
    return tuple((long.integer(), short.integer()) for long, short in pairs)
