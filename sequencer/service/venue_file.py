"""The venue file: what an operator decides about a venue before its first batch, as TOML.

Every key is wanted, and no other: a file with a key that is not known here was written for another
version, or misspelt, and either way its operator believes something that is not so.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollup.codec.fields import Node
from rollup.codec.strict import CodecError
from rollup.files import read_bounded
from rollup.protocol.account import Header
from rollup.protocol.constants import CHAIN_BITS, FRACTION_SCALE, MARKETS_MAX, TIME_BITS
from rollup.protocol.genesis import FEE_ACCOUNT, Genesis
from rollup.protocol.governance_codec import MARKET_NUMBERS
from rollup.protocol.market import (
    SYMBOL_LENGTH_MAX,
    Governance,
    Market,
)
from rollup.protocol.rejection import Rejected
from rollup.protocol.shape_class import SHAPE_CLASSES
from rollup.protocol.terms import PRICE_MAX

VENUE_BYTES_MAX: Final = 1 << 16
NAME_LENGTH_MAX: Final = 16
INTERVAL_MS: Final = (100, 3_600_000)
"""Least and most: below, closing a batch would take longer than its window; above, a trader would
wait an hour to see an order at L1."""

LAG_BATCHES: Final = (2, 1_000)
SWING_MAX: Final = FRACTION_SCALE // 2
"""A development price stays within half of its first one, so it is never near zero."""

FIRST_PRICE_MAX: Final = PRICE_MAX * FRACTION_SCALE // (FRACTION_SCALE + SWING_MAX)
"""So that the largest swing is still a price."""

IDENTIFIER_MAX: Final = (1 << CHAIN_BITS) - 1

PROVERS: Final = (1, 16)
PARAMETER_SETS: Final = ("fast", "balanced", "evm")


@dataclass(frozen=True, slots=True)
class VenueFile:
    """A venue as its file describes it. Times in ms, prices in ticks, money in quanta.

    `swings` say how far a market's development price moves from its first one, in ten-thousandths.
    """

    chain: int
    venue: int
    shape_class: str
    parameters: str
    interval_ms: int
    lag_batches: int
    provers: int
    least_deposit: int
    governance_delay_ms: int
    proof_deadline_ms: int
    governance: Governance
    prices: tuple[int, ...]
    swings: tuple[int, ...]

    def genesis(self, time: int, fee_header: Header, receipt_signer: bytes) -> Genesis:
        """What a venue of this file starts from, if it starts now."""
        parts = (self.governance, self.prices, fee_header, receipt_signer)
        return Genesis(self.chain, self.venue, time, *parts)


def read_venue_file(path: Path) -> VenueFile:
    """The venue in a file. CodecError names the key, what was wanted, and what came."""
    try:
        return venue_from_toml(read_bounded(path, VENUE_BYTES_MAX))
    except CodecError as error:
        raise CodecError(f"{path}: {error}") from error


def venue_from_toml(data: bytes) -> VenueFile:
    """The venue that TOML describes. Raises CodecError, and nothing else."""
    try:
        value = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CodecError(f"venue file: not TOML ({str(error)[:80]})") from error
    try:
        return _read(Node(value, "venue file"))
    except Rejected as refusal:
        raise CodecError(f"venue file: {refusal}") from refusal


def _read(node: Node) -> VenueFile:
    tables = ("clock", "l1", "proving", "markets")
    record = node.record(("chain", "venue", *tables))
    clock = record["clock"].record(("interval_ms", "behind_ms", "ahead_ms"))
    l1 = record["l1"].record(("least_deposit", "governance_delay_ms", "proof_deadline_ms"))
    proving = record["proving"].record(("shape_class", "parameters", "lag_batches", "provers"))
    markets = [_read_market(each) for each in record["markets"].items(MARKETS_MAX)]
    behind, ahead = clock["behind_ms"].integer(), clock["ahead_ms"].integer()
    governance = Governance(tuple(each for each, _, _ in markets), FEE_ACCOUNT, behind, ahead)
    found = VenueFile(
        chain=_between(record["chain"], 0, IDENTIFIER_MAX),
        venue=_between(record["venue"], 0, IDENTIFIER_MAX),
        shape_class=_choice(proving["shape_class"], tuple(SHAPE_CLASSES)),
        parameters=_choice(proving["parameters"], PARAMETER_SETS),
        interval_ms=_between(clock["interval_ms"], *INTERVAL_MS),
        lag_batches=_between(proving["lag_batches"], *LAG_BATCHES),
        provers=_between(proving["provers"], *PROVERS),
        least_deposit=_positive(l1["least_deposit"]),
        governance_delay_ms=_positive(l1["governance_delay_ms"]),
        proof_deadline_ms=_positive(l1["proof_deadline_ms"]),
        governance=governance,
        prices=tuple(price for _, price, _ in markets),
        swings=tuple(swing for _, _, swing in markets),
    )
    _require_times(found, clock["behind_ms"], l1["governance_delay_ms"])
    return found


def _read_market(node: Node) -> tuple[Market, int, int]:
    record = node.record(("symbol", *MARKET_NUMBERS, "first_price", "price_swing"))
    symbol = record["symbol"].text(SYMBOL_LENGTH_MAX)
    try:
        market = Market(symbol, **{name: record[name].integer() for name in MARKET_NUMBERS})
    except Rejected as refusal:
        raise CodecError(f"{node.path}: {refusal}") from refusal
    swing = _between(record["price_swing"], 0, SWING_MAX)
    return market, _between(record["first_price"], 1, FIRST_PRICE_MAX), swing


def _require_times(found: VenueFile, behind: Node, delay: Node) -> None:
    """A batch that closes on time must be in time for L1, and so must what governance changes."""
    if found.interval_ms > found.governance.clock_behind_ms:
        wanted = f"at least the interval of {found.interval_ms}"
        raise CodecError(f"{behind.path}: wanted {wanted}, got {behind.integer()}")
    if found.governance_delay_ms <= found.governance.clock_ahead_ms:
        wanted = f"more than ahead_ms, {found.governance.clock_ahead_ms}"
        raise CodecError(f"{delay.path}: wanted {wanted}, got {delay.integer()}")


def _choice(node: Node, names: tuple[str, ...]) -> str:
    name = node.text(NAME_LENGTH_MAX)
    if name not in names:
        raise CodecError(f"{node.path}: wanted one of {', '.join(names)}, got {name!r}")
    return name


def _between(node: Node, least: int, most: int) -> int:
    number = node.integer()
    if not least <= number <= most:
        raise CodecError(f"{node.path}: wanted {least} to {most}, got {number}")
    return number


def _positive(node: Node) -> int:
    return _between(node, 1, (1 << TIME_BITS) - 1)


EXAMPLE_INTERVAL_MS: Final = 10_000
EXAMPLE: Final = """\
# A venue of crypsis. Every key is wanted, and no other.
# Times are in milliseconds, prices in ticks, money in quanta (a millionth of a dollar).

chain = 31337 # of the L1 that holds the money
venue = 1     # tells venues of one chain apart

[clock]
interval_ms = 10000  # a batch closes at every multiple of this after genesis, empty or not
behind_ms = 3600000  # a header that comes to L1 later than this is refused
ahead_ms = 60000     # and so is one that is earlier than L1's clock by more than this

[l1]
least_deposit = 10000000        # ten dollars: what a place in the queue costs
governance_delay_ms = 604800000 # a week between an announcement and its first batch
proof_deadline_ms = 21600000    # headers are refused while one waits longer for its proof

[proving]
shape_class = "S"    # S: 128 trades a batch; M: 1,024
parameters = "fast"  # fast, balanced or evm: from quick to prove to cheap to verify
lag_batches = 8      # with so many batches unproved no new one is opened
provers = 1          # processes that prove different batches side by side

# Fractions are ten-thousandths, fees millionths. price_decimals + size_decimals = 6.
# first_price and price_swing are the development price: it moves around the first one, and never
# further away than the swing, in ten-thousandths. Signed prices are not part of this version.

[[markets]]
symbol = "BTC-PERP"
price_decimals = 1
size_decimals = 5
initial_fraction = 1000
maintenance_fraction = 500
band_fraction = 300
taker_fee = 450
maker_fee = 150
first_price = 600000
price_swing = 200

[[markets]]
symbol = "ETH-PERP"
price_decimals = 2
size_decimals = 4
initial_fraction = 1200
maintenance_fraction = 600
band_fraction = 400
taker_fee = 450
maker_fee = 150
first_price = 250000
price_swing = 300
"""
"""What `crypsis sequencer init` writes; a test reads it."""
