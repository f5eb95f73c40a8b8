"""What prices a batch has: every lie about them has its reason, and the rule its properties."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.codec.fields import Node
from rollup.crypto.address_key import AddressKey, signer_of
from rollup.crypto.plain_recovery import plain_signer_of
from rollup.crypto.signature_form import ORDER
from rollup.hash.keccak import keccak256
from rollup.oracle.package import DataPackage, DataPoint, SignedPackage, feed_id
from rollup.protocol.constants import FRACTION_SCALE, ORACLE_PRICE_BITS
from rollup.protocol.market import Governance
from rollup.protocol.market_book_codec import read_book
from rollup.protocol.oracle import (
    PRICE_LEAST,
    PRICE_MOST,
    REPORTS_MAX,
    STEP_MAX,
    Feed,
    OracleTerms,
    lower_median,
    ticks,
)
from rollup.protocol.pricing import (
    PriceFault,
    PriceKind,
    PriceRefused,
    Pricing,
    price_of,
    pricing_of,
    require_priced,
    step_range,
)
from rollup.protocol.public import PublicInput
from rollup.protocol.rejection import Reason, Rejected
from tests.helpers import venue as small
from tests.helpers.market_books import book_of
from tests.helpers.price_vectors import FILE, made
from tests.helpers.price_vectors import GOVERNANCE as VECTORS

KEYS = tuple(
    sorted(
        (AddressKey(keccak256(f"signer {place}".encode())) for place in range(5)),
        key=lambda key: key.address,
    )
)
ABROAD = AddressKey(keccak256(b"a signer of another chain"))
FEEDS = (Feed(feed_id("BTC"), 8, 200, 600_000), Feed(feed_id("ETH"), 8, 300, 250_000))
ORACLE = OracleTerms(tuple(key.address for key in KEYS), 3, 1_000, 500, FEEDS)
GOVERNANCE = replace(small.GOVERNANCE, oracle=ORACLE)
TIME = small.START + 12_345
SLOT = small.START + 11_000
PRICES = small.PRICES
BEFORE = book_of(PRICES, GOVERNANCE)
BTC_VALUES = (6_000_000_000_000, 6_001_000_000_000, 6_002_000_000_000)
"""60,000, 60,010 and 60,020 dollars with 8 decimals."""


def report(key: AddressKey, value: int, feed: str = "BTC", slot: int = SLOT) -> SignedPackage:
    package = DataPackage((DataPoint(feed_id(feed), value),), slot)
    return SignedPackage(package, key.sign(package.digest()))


def reports(values: Sequence[int], feed: str = "BTC", slot: int = SLOT) -> list[SignedPackage]:
    pairs = zip(KEYS, values, strict=False)
    return [report(key, value, feed, slot) for key, value in pairs]


def found(given: Sequence[SignedPackage], before: Sequence[int] = PRICES) -> Pricing:
    return pricing_of(GOVERNANCE, TIME, book_of(before, GOVERNANCE), given, signer_of)


def fault(given: Sequence[SignedPackage]) -> PriceFault:
    """Why reports are refused: by the library's recovery and by the plain one alike."""
    faults = set()
    for recover in (signer_of, plain_signer_of):
        with pytest.raises(PriceRefused) as caught:
            pricing_of(GOVERNANCE, TIME, BEFORE, given, recover)
        faults.add(caught.value.fault)
    (only,) = faults
    return only


def test_the_price_is_the_lower_median_and_other_markets_stand() -> None:
    pricing = found(reports(BTC_VALUES))
    assert pricing.prices == (600_100, 250_000)
    assert pricing.kinds == (PriceKind.FRESH, PriceKind.MISSING)
    four = (*BTC_VALUES, 6_003_000_000_000)
    assert found(reports(four)).prices[0] == 600_100
    both = [*reports(BTC_VALUES), *reports([251_000_000_000] * 3, "ETH")]
    assert found(both).prices == (600_100, 251_000)


def _resigned(change: Callable[[DataPackage], DataPackage]) -> list[SignedPackage]:
    first, *rest = reports(BTC_VALUES)
    package = change(first.package)
    return [SignedPackage(package, KEYS[0].sign(package.digest())), *rest]


def _malleated() -> list[SignedPackage]:
    first, *rest = reports(BTC_VALUES)
    r, s, v = (
        first.signature[:32],
        int.from_bytes(first.signature[32:64], "big"),
        first.signature[64],
    )
    other = r + (ORDER - s).to_bytes(32, "big") + bytes((55 - v,))
    return [replace(first, signature=other), *rest]


def _with_first(other: SignedPackage) -> list[SignedPackage]:
    return [other, *reports(BTC_VALUES)[1:]]


LIES = {
    "stale": (reports(BTC_VALUES, slot=SLOT - 3_600_000), PriceFault.REPORT_SLOT),
    "from the future": (reports(BTC_VALUES, slot=SLOT + 3_600_000), PriceFault.REPORT_SLOT),
    "of the slot before": (reports(BTC_VALUES, slot=SLOT - 1_000), PriceFault.REPORT_SLOT),
    "of the slot after": (reports(BTC_VALUES, slot=SLOT + 1_000), PriceFault.REPORT_SLOT),
    "one beside the slot": (
        _resigned(lambda package: replace(package, time=SLOT + 1)),
        PriceFault.REPORT_SLOT,
    ),
    "fewer than a quorum": (reports(BTC_VALUES[:2]), PriceFault.REPORT_QUORUM),
    "a quorum of both markets together": (
        [*reports(BTC_VALUES[:2]), *reports([250_000_000_000], "ETH")],
        PriceFault.REPORT_QUORUM,
    ),
    "one signer twice": (
        [report(KEYS[0], BTC_VALUES[0]), *reports(BTC_VALUES)],
        PriceFault.REPORT_REPEATED,
    ),
    "one signer twice, with two values": (
        [report(KEYS[0], 1), report(KEYS[0], 2), report(KEYS[1], 3)],
        PriceFault.REPORT_REPEATED,
    ),
    "unregistered": (_with_first(report(ABROAD, 1)), PriceFault.REPORT_SIGNER),
    "of another feed": (_with_first(report(KEYS[0], 1, "SOL")), PriceFault.REPORT_FEED),
    "malleated": (_malleated(), PriceFault.REPORT_SIGNATURE),
    "a value changed under its signature": (
        _with_first(replace(report(KEYS[0], 1), signature=report(KEYS[0], 2).signature)),
        PriceFault.REPORT_SIGNER,
    ),
    "another signer's signature": (
        _with_first(replace(report(KEYS[0], 1), signature=bytes(65))),
        PriceFault.REPORT_SIGNATURE,
    ),
    "in another order": (reports(BTC_VALUES)[::-1], PriceFault.REPORT_ORDER),
    "markets in another order": (
        [*reports([250_000_000_000] * 3, "ETH"), *reports(BTC_VALUES)],
        PriceFault.REPORT_ORDER,
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_reports_that_count_for_nothing_are_refused(name: str) -> None:
    lie, reason = LIES[name]
    assert fault(lie) is reason


def _public(given: Sequence[SignedPackage], **changes: object) -> PublicInput:
    """A public input whose prices are what these reports give, then changed."""
    venue = small.Venue()
    honest = venue.apply(venue.batch()).public
    priced = replace(honest, governance=GOVERNANCE, time=TIME, reports=tuple(given))
    prices = pricing_of(GOVERNANCE, TIME, BEFORE, given, signer_of).prices
    return replace(priced, **{"prices": prices, **changes})  # type: ignore[arg-type]


def test_an_honest_public_input_is_priced_by_its_reports() -> None:
    public = _public(reports(BTC_VALUES))
    assert require_priced(public, plain_signer_of) == require_priced(public, signer_of)


BEYOND = [6_200_000_000_000] * 3
PRICE_LIES = {
    "the least report": (BTC_VALUES, 600_000, PriceFault.PRICE_DIFFERS),
    "the greatest report": (BTC_VALUES, 600_200, PriceFault.PRICE_DIFFERS),
    "the upper median": ((*BTC_VALUES, 6_003_000_000_000), 600_200, PriceFault.PRICE_DIFFERS),
    "a tick more": (BTC_VALUES, 600_101, PriceFault.PRICE_DIFFERS),
    "no move where there were reports": (BTC_VALUES, 600_000, PriceFault.PRICE_DIFFERS),
    "other decimals": ([v * 10 for v in BTC_VALUES], 600_100, PriceFault.PRICE_UNCLAMPED),
    "beyond the step": (BEYOND, 620_000, PriceFault.PRICE_UNCLAMPED),
    "short of the step": (BEYOND, 611_999, PriceFault.PRICE_UNCLAMPED),
    "a move without reports": ((), 600_001, PriceFault.PRICE_MOVED),
}


@pytest.mark.parametrize("name", PRICE_LIES)
def test_a_price_that_the_reports_do_not_give_is_refused(name: str) -> None:
    values, lie, reason = PRICE_LIES[name]
    public = _public(reports(values), prices=(lie, *PRICES[1:]))
    with pytest.raises(PriceRefused) as caught:
        require_priced(public, signer_of)
    assert caught.value.fault is reason


def test_reports_taken_out_of_a_public_input_leave_a_price_that_moved() -> None:
    public = replace(_public(reports(BTC_VALUES)), reports=())
    with pytest.raises(PriceRefused) as caught:
        require_priced(public, signer_of)
    assert caught.value.fault is PriceFault.PRICE_MOVED


def test_every_fault_has_a_lie() -> None:
    found = {reason for _, reason in LIES.values()} | {r for _, _, r in PRICE_LIES.values()}
    assert found | {PriceFault.STEP_REPORTS} == set(PriceFault)


def test_an_open_step_has_no_reports_and_keeps_its_prices() -> None:
    opened = BEFORE.stepped(TIME - 1, closed=False, progress=True)
    with pytest.raises(PriceRefused) as caught:
        pricing_of(GOVERNANCE, TIME, opened, reports(BTC_VALUES), signer_of)
    assert caught.value.fault is PriceFault.STEP_REPORTS
    found = pricing_of(GOVERNANCE, TIME, opened, (), signer_of)
    assert found.prices == BEFORE.prices
    assert set(found.kinds) == {PriceKind.FRESH}


def test_in_an_open_step_it_stands_how_each_market_came_by_its_price() -> None:
    btc, eth = BEFORE.markets[:2]
    markets = (replace(btc, clamped=True), replace(eth, missing=True), *BEFORE.markets[2:])
    opened = replace(BEFORE, markets=markets, open_since=TIME - 1)
    found = pricing_of(GOVERNANCE, TIME, opened, (), signer_of)
    assert found.kinds[:2] == (PriceKind.CLAMPED, PriceKind.MISSING)


def test_reports_are_part_of_what_a_proof_is_about() -> None:
    """Other reports of the same price, or other prices before, are another public input."""
    public = _public(reports(BTC_VALUES))
    others = (
        replace(public, reports=public.reports[::-1]),
        replace(public, reports=public.reports[1:]),
        replace(public, reports=tuple(_malleated())),
        replace(public, book_before=book_of((600_001, *PRICES[1:]), GOVERNANCE)),
    )
    assert len({public.digest(), *(other.digest() for other in others)}) == 5


def test_a_report_of_several_feeds_or_one_too_many_is_no_report() -> None:
    public = _public(reports(BTC_VALUES))
    points = tuple(DataPoint(feed_id(name), 1) for name in ("BTC", "ETH"))
    two = SignedPackage(DataPackage(points, SLOT), bytes(65))
    assert small.refusal(lambda: replace(public, reports=(two,))) is Reason.MALFORMED
    many = (public.reports[0],) * (REPORTS_MAX + 1)
    assert small.refusal(lambda: replace(public, reports=many)) is Reason.TOO_MANY
    assert small.refusal(lambda: replace(public, reports=[])) is Reason.MALFORMED  # type: ignore[arg-type]


@dataclass
class Counted:
    """A recovery that counts what it is asked."""

    asked: list[bytes] = field(default_factory=list)

    def __call__(self, digest: bytes, signature: bytes) -> bytes:
        self.asked.append(digest)
        return signer_of(digest, signature)


def test_what_is_certain_is_asked_before_a_curve_is() -> None:
    """A flood of reports of another slot or feed costs nobody a recovery."""
    counted = Counted()
    for lie in ("stale", "of another feed"):
        with pytest.raises(PriceRefused):
            pricing_of(GOVERNANCE, TIME, BEFORE, LIES[lie][0], counted)
    assert counted.asked == []


# The rule, over many seeds.


@given(st.lists(st.integers(0, 2**256 - 1), min_size=1, max_size=8))
def test_the_lower_median_is_a_value_that_half_are_not_above_and_half_not_below(
    values: list[int],
) -> None:
    middle = lower_median(values)
    assert middle in values
    assert 2 * sum(value <= middle for value in values) >= len(values)
    assert 2 * sum(value < middle for value in values) < len(values)
    assert lower_median(values[::-1]) == middle


@given(st.integers(PRICE_LEAST, PRICE_MOST), st.integers(1, STEP_MAX))
def test_a_step_keeps_a_price_within_its_bound_and_inside_what_a_price_may_be(
    before: int, step: int
) -> None:
    low, high = step_range(before, step)
    assert PRICE_LEAST <= low <= before <= high <= PRICE_MOST
    assert before * (FRACTION_SCALE - step) <= low * FRACTION_SCALE
    assert high * FRACTION_SCALE <= before * (FRACTION_SCALE + step)
    assert (low - 1) * FRACTION_SCALE < before * (FRACTION_SCALE - step) or low == PRICE_LEAST
    assert (high + 1) * FRACTION_SCALE > before * (FRACTION_SCALE + step) or high == PRICE_MOST


@given(st.integers(0, 2**256 - 1), st.integers(0, 18), st.integers(0, 6))
def test_a_value_in_ticks_is_rounded_down_by_less_than_a_tick(
    value: int, decimals: int, price_decimals: int
) -> None:
    feed = replace(FEEDS[0], decimals=decimals)
    found = ticks(value, feed, price_decimals)
    exact = value * 10**price_decimals
    assert found * 10**decimals <= exact < (found + 1) * 10**decimals


@given(
    st.lists(st.integers(0, 2**80), min_size=3, max_size=5),
    st.integers(1, PRICE_MOST),
    st.integers(1, STEP_MAX),
)
def test_a_price_is_the_median_or_a_clamped_one_at_the_end_of_its_step(
    values: list[int], before: int, step: int
) -> None:
    feed = FEEDS[0]
    low, high = step_range(before, step)
    price, kind = price_of(values, feed, 1, before, step)
    wanted = ticks(lower_median(values), feed, 1)
    assert low <= price <= high
    assert (kind is PriceKind.FRESH) == (price == wanted)
    assert kind is PriceKind.FRESH or price == (low if wanted < low else high)


@given(st.integers(0, 2**52 - 1), st.integers(1, 3_600_000), st.integers(0, 86_400_000))
def test_the_slot_is_the_last_one_that_lies_the_lag_behind(
    time: int, slot_ms: int, lag_ms: int
) -> None:
    slot = replace(ORACLE, slot_ms=slot_ms, lag_ms=lag_ms).slot(time)
    assert slot % slot_ms == 0
    assert slot <= time - lag_ms < slot + slot_ms


def test_before_the_first_slot_nobody_can_have_signed() -> None:
    assert ORACLE.slot(499) == -1_000
    assert pricing_of(GOVERNANCE, 499, BEFORE, (), signer_of).kinds == (PriceKind.MISSING,) * 2


def test_no_minority_of_signers_moves_a_price_beyond_what_honest_ones_say() -> None:
    """Two of five lie: the median stays between the honest reports, whoever of them reports."""
    random = Random("minority")
    for _ in range(200):
        honest = [random.randrange(5_990, 6_010) * 10**9 for _ in range(3)]
        liars = [random.choice((0, 2**255, *honest)) for _ in range(2)]
        values = [*honest, *liars]
        random.shuffle(values)
        assert min(honest) <= lower_median(values) <= max(honest)


def test_a_market_that_had_no_price_starts_from_its_listing_price() -> None:
    """The batch before had the first market alone."""
    assert found((), (610_000,)).prices == (610_000, 250_000)
    jump = reports([9_000_000_000_000] * 3, feed="ETH")
    assert found(jump, (610_000,)).prices == (610_000, 257_500)
    assert found((), (610_000, 1, 2)).prices == (610_000, 1), "of a market that L1 forgot"


def test_no_price_falls_below_the_least() -> None:
    before: tuple[int, ...] = (PRICE_LEAST + 50, 250_000)
    for _ in range(50):
        before = found(reports([0, 0, 0]), before).prices
    assert before[0] == PRICE_LEAST
    last = 10**6
    for _ in range(5):
        last, _ = price_of([0], FEEDS[0], 1, last, STEP_MAX)
    assert last == PRICE_LEAST


# Terms that cannot be.


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"signers": ()}, Reason.ORACLE),
        ({"signers": ORACLE.signers[::-1]}, Reason.ORACLE),
        ({"signers": (ORACLE.signers[0],) * 3, "quorum": 2}, Reason.ORACLE),
        ({"signers": tuple(bytes((k,)) * 20 for k in range(9)), "quorum": 5}, Reason.ORACLE),
        ({"signers": (b"short",), "quorum": 1}, Reason.MALFORMED),
        ({"quorum": 2}, Reason.ORACLE),
        ({"quorum": 6}, Reason.ORACLE),
        ({"slot_ms": 0}, Reason.TIME_OUT_OF_BOUNDS),
        ({"lag_ms": -1}, Reason.TIME_OUT_OF_BOUNDS),
        ({"feeds": ()}, Reason.MARKET_COUNT),
        ({"feeds": (FEEDS[0], FEEDS[0])}, Reason.ORACLE),
    ],
)
def test_terms_that_would_not_be_safe_are_not_made(
    change: dict[str, object], reason: Reason
) -> None:
    assert small.refusal(lambda: replace(ORACLE, **change)) is reason  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"feed": b"BTC"}, Reason.MALFORMED),
        ({"feed": bytes(32)}, Reason.MALFORMED),
        ({"decimals": 19}, Reason.MARKET_SCALE),
        ({"step": 0}, Reason.FRACTION_OUT_OF_BOUNDS),
        ({"step": STEP_MAX + 1}, Reason.FRACTION_OUT_OF_BOUNDS),
        ({"listing_price": 1}, Reason.PRICE_OUT_OF_BOUNDS),
        ({"listing_price": 1 << ORACLE_PRICE_BITS}, Reason.PRICE_OUT_OF_BOUNDS),
    ],
)
def test_a_feed_that_would_not_be_safe_is_not_made(
    change: dict[str, object], reason: Reason
) -> None:
    assert small.refusal(lambda: replace(FEEDS[0], **change)) is reason  # type: ignore[arg-type]


def test_every_market_has_a_feed_and_none_is_of_no_market() -> None:
    for feeds in (FEEDS[:1], (*FEEDS, replace(FEEDS[0], feed=feed_id("SOL")))):
        with pytest.raises(Rejected) as caught:
            replace(GOVERNANCE, oracle=replace(ORACLE, feeds=feeds))
        assert caught.value.reason is Reason.ORACLE


def test_oracle_terms_are_in_the_digest_of_governance() -> None:
    changes: tuple[dict[str, object], ...] = (
        {"quorum": 4},
        {"slot_ms": 2_000},
        {"lag_ms": 501},
        {"signers": ORACLE.signers[1:]},
        *({"feeds": (replace(FEEDS[0], **each), FEEDS[1])} for each in _FEED_CHANGES),
    )
    digests = {_digest(change) for change in changes}
    assert len(digests | {GOVERNANCE.digest()}) == len(changes) + 1


_FEED_CHANGES: tuple[dict[str, int], ...] = (
    {"decimals": 7},
    {"step": 201},
    {"listing_price": 600_001},
)


def _digest(change: dict[str, object]) -> bytes:
    governance: Governance = replace(GOVERNANCE, oracle=replace(ORACLE, **change))  # type: ignore[arg-type]
    return governance.digest()


def test_the_vectors_for_other_languages_are_what_the_rule_gives() -> None:
    stored = json.loads(FILE.read_text("ascii"))
    assert made() == stored
    refused = {row["refused"] for row in stored["batches"] if "refused" in row}
    assert len(refused) == 7


def test_the_plain_recovery_gives_the_same_vectors() -> None:
    for row in json.loads(FILE.read_text("ascii"))["batches"]:
        packages = [SignedPackage.decode(bytes.fromhex(data)) for data in row["reports"]]
        before = read_book(Node(row["book_before"], "book"))
        try:
            found = pricing_of(VECTORS, row["time"], before, packages, plain_signer_of)
            assert list(found.prices) == row["prices"]
        except PriceRefused as refused:
            assert refused.fault.value == row["refused"]
