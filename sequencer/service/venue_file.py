"""The venue file: what an operator decides about a venue before its first batch, as TOML.

Every key is wanted, and no other: a file with a key that is not known here was written for another
version, or misspelt, and either way its operator believes something that is not so.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollup.codec.fields import Node
from rollup.codec.strict import CodecError
from rollup.files import read_bounded
from rollup.native.memory import MemoryMode
from rollup.oracle.package import FEED_TEXT_MAX, PackageError, feed_id
from rollup.protocol.account import Header
from rollup.protocol.committee import (
    MEMBER_KEY_BYTES,
    MEMBER_SIGNATURE_BYTES,
    MEMBERS_MAX,
    Committee,
)
from rollup.protocol.constants import (
    CHAIN_BITS,
    FRACTION_SCALE,
    MARKETS_MAX,
    OWNER_BYTES,
    TIME_BITS,
)
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, FEE_ACCOUNT, Genesis
from rollup.protocol.governance_codec import MARKET_NUMBERS, ORACLE_NUMBERS, market_of_numbers
from rollup.protocol.market import SYMBOL_LENGTH_MAX, Governance, Market
from rollup.protocol.oracle import PRICE_LEAST, SIGNERS_MAX, Feed, OracleTerms
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

FEED_KEYS: Final = ("feed", "feed_decimals", "price_step")
PROVING_KEYS: Final = (
    "shape_class",
    "crash_class",
    "parameters",
    "memory",
    "lag_batches",
    "provers",
)
NO_CLASS: Final = "none"
PROVERS: Final = (1, 16)
PARAMETER_SETS: Final = ("fast", "balanced", "l1", "l1-tall")


@dataclass(frozen=True, slots=True)
class VenueFile:
    """A venue as its file describes it. Times in ms, prices in ticks, money in quanta.

    `swings` say how far a market's development price moves from its first one, in ten-thousandths:
    what development signers sign (sequencer.oracle).
    """

    chain: int
    venue: int
    shape_class: str
    crash_class: str | None
    parameters: str
    memory: MemoryMode
    interval_ms: int
    lag_batches: int
    provers: int
    least_deposit: int
    governance_delay_ms: int
    proof_deadline_ms: int
    governance: Governance
    possession: tuple[bytes, ...]
    prices: tuple[int, ...]
    swings: tuple[int, ...]

    @property
    def shape_classes(self) -> tuple[str, ...]:
        """The classes that its batches can be of, by name, the ordinary one first."""
        return (self.shape_class, *(() if self.crash_class is None else (self.crash_class,)))

    def genesis(
        self, time: int, fee_header: Header, backstop_header: Header, receipt_signer: bytes
    ) -> Genesis:
        """What a venue of this file starts from, if it starts now."""
        own = (fee_header, backstop_header, receipt_signer, self.possession)
        return Genesis(self.chain, self.venue, time, self.governance, self.prices, *own)


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
    tables = ("clock", "l1", "oracle", "committee", "proving", "markets")
    record = node.record(("chain", "venue", "refresh_fee", *tables))
    clock = record["clock"].record(("interval_ms", "behind_ms", "ahead_ms"))
    l1 = record["l1"].record(("least_deposit", "governance_delay_ms", "proof_deadline_ms"))
    proving = record["proving"].record(PROVING_KEYS)
    markets = [_read_market(each) for each in record["markets"].items(MARKETS_MAX)]
    behind, ahead = clock["behind_ms"].integer(), clock["ahead_ms"].integer()
    oracle = _read_oracle(record["oracle"], tuple(feed for _, feed, _ in markets))
    listed = tuple(market for market, _, _ in markets)
    own = (FEE_ACCOUNT, BACKSTOP_ACCOUNT)
    fee = record["refresh_fee"].integer()
    committee, possession = _read_committee(record["committee"])
    governance = Governance(listed, *own, behind, ahead, oracle, fee, committee)
    found = VenueFile(
        chain=_between(record["chain"], 0, IDENTIFIER_MAX),
        venue=_between(record["venue"], 0, IDENTIFIER_MAX),
        shape_class=_choice(proving["shape_class"], tuple(SHAPE_CLASSES)),
        crash_class=_crash_class(proving["crash_class"], proving["shape_class"]),
        parameters=_choice(proving["parameters"], PARAMETER_SETS),
        memory=MemoryMode(_choice(proving["memory"], tuple(map(str, MemoryMode)))),
        interval_ms=_between(clock["interval_ms"], *INTERVAL_MS),
        lag_batches=_between(proving["lag_batches"], *LAG_BATCHES),
        provers=_between(proving["provers"], *PROVERS),
        least_deposit=_positive(l1["least_deposit"]),
        governance_delay_ms=_positive(l1["governance_delay_ms"]),
        proof_deadline_ms=_positive(l1["proof_deadline_ms"]),
        governance=governance,
        possession=possession,
        prices=tuple(feed.listing_price for _, feed, _ in markets),
        swings=tuple(swing for _, _, swing in markets),
    )
    _require_times(found, clock["behind_ms"], l1["governance_delay_ms"])
    _require_lag(found, record["oracle"])
    return found


def _read_oracle(node: Node, feeds: tuple[Feed, ...]) -> OracleTerms:
    record = node.record(("signers", *ORACLE_NUMBERS))
    signers = [each.hexadecimal(OWNER_BYTES) for each in record["signers"].items(SIGNERS_MAX)]
    numbers = {name: record[name].integer() for name in ORACLE_NUMBERS}
    return OracleTerms(signers=tuple(signers), **numbers, feeds=feeds)


def _read_committee(node: Node) -> tuple[Committee, tuple[bytes, ...]]:
    """The committee, and a proof of possession for each of its keys, in their order."""
    record = node.record(("threshold", "keys", "possession"))
    keys = [each.hexadecimal(MEMBER_KEY_BYTES) for each in record["keys"].items(MEMBERS_MAX)]
    proofs = [
        each.hexadecimal(MEMBER_SIGNATURE_BYTES) for each in record["possession"].row(len(keys))
    ]
    return Committee(record["threshold"].integer(), tuple(keys)), tuple(proofs)


def _read_market(node: Node) -> tuple[Market, Feed, int]:
    record = node.record(("symbol", *MARKET_NUMBERS, *FEED_KEYS, "first_price", "price_swing"))
    symbol = record["symbol"].text(SYMBOL_LENGTH_MAX)
    try:
        numbers = {name: record[name].integer() for name in MARKET_NUMBERS}
        market = market_of_numbers(symbol, numbers)
        feed = Feed(
            feed=feed_id(record["feed"].text(FEED_TEXT_MAX)),
            decimals=record["feed_decimals"].integer(),
            step=record["price_step"].integer(),
            listing_price=_between(record["first_price"], PRICE_LEAST, FIRST_PRICE_MAX),
        )
    except (Rejected, PackageError) as refusal:
        raise CodecError(f"{node.path}: {refusal}") from refusal
    swing = _between(record["price_swing"], 0, SWING_MAX)
    return market, feed, swing


def _require_times(found: VenueFile, behind: Node, delay: Node) -> None:
    """A batch that closes on time must be in time for L1, and so must what governance changes."""
    if found.interval_ms > found.governance.clock_behind_ms:
        wanted = f"at least the interval of {found.interval_ms}"
        raise CodecError(f"{behind.path}: wanted {wanted}, got {behind.integer()}")
    if found.governance_delay_ms <= found.governance.clock_ahead_ms:
        wanted = f"more than ahead_ms, {found.governance.clock_ahead_ms}"
        raise CodecError(f"{delay.path}: wanted {wanted}, got {delay.integer()}")


def _require_lag(found: VenueFile, node: Node) -> None:
    """A batch is opened an interval before its time, with prices that must exist by then."""
    if found.governance.oracle.lag_ms < found.interval_ms:
        lag, wanted = (
            found.governance.oracle.lag_ms,
            f"at least the interval of {found.interval_ms}",
        )
        raise CodecError(f"{node.path}.lag_ms: wanted {wanted}, got {lag}")


def _crash_class(node: Node, ordinary: Node) -> str | None:
    """A class that opens more accounts than the ordinary one, or none."""
    least = SHAPE_CLASSES[_choice(ordinary, tuple(SHAPE_CLASSES))].accounts
    larger = [each.name for each in SHAPE_CLASSES.values() if each.accounts > least]
    name = _choice(node, (NO_CLASS, *larger))
    return None if name == NO_CLASS else name


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
refresh_fee = 5000  # quanta that an account pays when a price passes its trigger; 0 for none

[clock]
interval_ms = 10000  # a batch closes at every multiple of this after genesis, empty or not
behind_ms = 3600000  # a header that comes to L1 later than this is refused
ahead_ms = 60000     # and so is one that is earlier than L1's clock by more than this

[l1]
least_deposit = 10000000        # ten dollars: what a place in the queue costs
governance_delay_ms = 604800000 # a week between an announcement and its first batch
proof_deadline_ms = 21600000    # headers are refused while one waits longer for its proof

[oracle]
signers = [] # L1 addresses, rising; whoever holds their keys says what prices are
quorum = 3       # so many of them make a price; more than half
slot_ms = 10000  # signers sign at every multiple of this since 1970
lag_ms = 12000   # a batch takes the last slot that is so long before its time: at least interval_ms

[committee]
threshold = 0   # so many members attest that they hold what a batch publishes; 0: nobody is asked
keys = []       # of crypsis da key, rising; threshold is more than half of them
possession = [] # the proof of possession of each key, in their order

[proving]
shape_class = "S"    # S: 128 trades a batch; M: 1,024; R: as S, and 2,816 accounts
crash_class = "none" # of batches in which more comes due than shape_class opens: R, or none
parameters = "fast"  # fast, balanced, l1-tall or l1: from quick to prove to short for L1
memory = "auto"      # of a prover: high takes more of it, low more time, auto what suits the set
lag_batches = 8      # with so many batches unproved no new one is opened
provers = 1          # processes that prove different batches side by side

# Fractions and the liquidation fee are ten-thousandths, other fees millionths.
# price_decimals + size_decimals = 6. A bucket is a count of ticks, about a thousandth of the first
# price. funding_cap bounds the funding of an hour and interest is funding of eight hours, both in
# millionths of the price; the cap is at most twice the least fee. A premium is measured against
# impact_notional at least, in millionths of a dollar; no batch adds to more than open_interest_cap
# lots held.
# price_step, with funding_cap and 10 for roundings, stays below maintenance_fraction, and so does
# liquidation_fee with 10; band_fraction below initial less maintenance.
# kind is 0 for a perpetual. It is 1 for an asset: a token that L1 holds, with initial_fraction and
# maintenance_fraction of 10000 (none of it is collateral) and liquidation_fee, bucket, funding_cap
# and interest of 0. A position that grows holds least_order lots at least.
# delisted is 1 for a market that ends with the next step: for good.
# feed is what signers call the market, feed_decimals are those of its values, which no signature
# says. In one batch a price moves by price_step ten-thousandths at most. first_price is the price
# before the first report; development signers move around it, and never further away than
# price_swing, in ten-thousandths.

[[markets]]
symbol = "BTC-PERP"
price_decimals = 1
size_decimals = 5
initial_fraction = 1000
maintenance_fraction = 500
band_fraction = 300
taker_fee = 450
maker_fee = 150
liquidation_fee = 250
bucket = 600
funding_cap = 300
interest = 100
impact_notional = 10000000000
open_interest_cap = 1000000000
kind = 0
least_order = 1
delisted = 0
feed = "BTC"
feed_decimals = 8
price_step = 200
first_price = 600000
price_swing = 600

[[markets]]
symbol = "ETH-PERP"
price_decimals = 2
size_decimals = 4
initial_fraction = 1200
maintenance_fraction = 600
band_fraction = 400
taker_fee = 450
maker_fee = 150
liquidation_fee = 300
bucket = 250
funding_cap = 300
interest = 100
impact_notional = 10000000000
open_interest_cap = 1000000000
kind = 0
least_order = 1
delisted = 0
feed = "ETH"
feed_decimals = 8
price_step = 300
first_price = 250000
price_swing = 800
"""
"""What `crypsis sequencer init` writes, once it has signers; a test reads it."""

_NO_SIGNERS: Final = "signers = [] "
_NO_COMMITTEE: Final = ("threshold = 0", "keys = []", "possession = []")
EXAMPLE_SLOT_MS: Final = 10_000
EXAMPLE_LAG_MS: Final = 12_000
EXAMPLE_WAY_MS: Final = EXAMPLE_LAG_MS - EXAMPLE_INTERVAL_MS
"""How long reports may be on their way where a slot just came."""

_LEAST_SLOT_MS: Final = 1_000


def with_signers(text: str, signers: Sequence[bytes]) -> str:
    """An example that has no signers yet, with some; another file as it is."""
    listed = ", ".join(f'"{signer.hex()}"' for signer in sorted(signers))
    return text.replace(_NO_SIGNERS, f"signers = [{listed}] ", 1)


def lacks_signers(text: str) -> bool:
    """Whether a file is an example that has no signers yet."""
    return _NO_SIGNERS in text


def with_committee(text: str, members: Mapping[bytes, bytes]) -> str:
    """An example without a committee, with one of these keys and their proofs of possession, of
    which the least majority is enough; another file as it is."""
    keys = sorted(members)
    listed = ([each.hex() for each in keys], [members[each].hex() for each in keys])
    texts = (str(len(keys) // 2 + 1), *(json.dumps(each) for each in listed))
    if not all(f"{old} " in text for old in _NO_COMMITTEE):
        return text
    for old, new in zip(_NO_COMMITTEE, texts, strict=True):
        text = text.replace(f"{old} ", f"{old.partition('=')[0]}= {new} ", 1)
    return text


def example(interval_ms: int, parameters: str = PARAMETER_SETS[0]) -> str:
    """The example with another interval, and slots and lag that suit it, and other proofs."""
    slot_ms = max(_LEAST_SLOT_MS, min(EXAMPLE_SLOT_MS, interval_ms))
    changes = (
        ("interval_ms", EXAMPLE_INTERVAL_MS, interval_ms),
        ("slot_ms", EXAMPLE_SLOT_MS, slot_ms),
        ("lag_ms", EXAMPLE_LAG_MS, interval_ms + EXAMPLE_WAY_MS),
    )
    text = EXAMPLE
    for name, old, new in changes:
        text = text.replace(f"{name} = {old} ", f"{name} = {new} ", 1)
    return text.replace(f'parameters = "{PARAMETER_SETS[0]}" ', f'parameters = "{parameters}" ', 1)
