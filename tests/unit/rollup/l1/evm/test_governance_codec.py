"""Parameters out of their bytes: the contract takes exactly those that the rules take."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.codec.strict import CodecError
from rollup.l1.interface import Revert
from rollup.protocol.assets import is_known, market_of
from rollup.protocol.committee import Committee
from rollup.protocol.continuing import require_continues
from rollup.protocol.governance_codec import (
    FEED_NUMBERS,
    GOVERNANCE_NUMBERS,
    MARKET_NUMBERS,
    ORACLE_NUMBERS,
    governance_from_bytes,
)
from rollup.protocol.market import GOVERNANCE_TAG, Governance, Market
from rollup.protocol.oracle import Feed, OracleTerms
from rollup.protocol.rejection import Rejected
from tests.helpers.assets import ASSET_GOVERNANCE
from tests.helpers.collateral import COLLATERAL_MARKETS, COLLATERAL_ORACLE
from tests.helpers.linked import Linked
from tests.helpers.oracle import listing
from tests.helpers.venue import BTC_MARKET, GOVERNANCE

NUMBER: Final = 8
KEY_BYTES: Final = 96
MARKETS_AT: Final = len(GOVERNANCE_TAG) + NUMBER
MARKET: Final = 16 + NUMBER * len(MARKET_NUMBERS)
FEED: Final = 32 + NUMBER * len(FEED_NUMBERS)

RISKY = replace(GOVERNANCE, markets=COLLATERAL_MARKETS, oracle=COLLATERAL_ORACLE)
"""Two perpetuals, an asset that counts and one that does not."""

OVER = replace(
    RISKY, markets=tuple(replace(m, delisted=True) for m in RISKY.markets), refresh_fee=17
)
MANY = listing(GOVERNANCE, [replace(BTC_MARKET, symbol=f"M{k}") for k in range(64)])
HELD = replace(GOVERNANCE, committee=Committee(2, tuple(bytes([k]) * 96 for k in (1, 2, 9))))
"""With a committee, whose keys nobody asks here whether they are any."""

HONEST = {
    "plain": GOVERNANCE,
    "idle": ASSET_GOVERNANCE,
    "risky": RISKY,
    "over": OVER,
    "held": HELD,
}


@pytest.fixture(scope="module")
def contract() -> Linked:
    return Linked("GovernanceProbe")


def is_safe(data: bytes) -> bool:
    try:
        governance_from_bytes(data)
    except (CodecError, Rejected):
        return False
    return True


def members(record: object, names: Sequence[str] = ()) -> tuple[Any, ...]:
    """A record as the contract says it: members in their order, numbers as numbers."""
    found = []
    for name in names or [each.name for each in fields(record)]:  # type: ignore[arg-type]
        value = getattr(record, name)
        found.append(int(value) if isinstance(value, int) and name != "delisted" else value)
    return tuple(found)


def market_members(market: Market) -> tuple[Any, ...]:
    symbol = market.symbol.encode("ascii").ljust(16, b"\0")
    return (symbol, *members(market, MARKET_NUMBERS[:-1]), market.delisted)


def oracle_members(oracle: OracleTerms) -> tuple[Any, ...]:
    signers = tuple("0x" + each.hex() for each in oracle.signers)
    feeds = tuple((each.feed, *members(each, FEED_NUMBERS)) for each in oracle.feeds)
    return (signers, *members(oracle, ORACLE_NUMBERS), feeds)


def governance_members(governance: Governance) -> tuple[Any, ...]:
    return (
        governance.digest(),
        tuple(market_members(each) for each in governance.markets),
        *members(governance, GOVERNANCE_NUMBERS),
        oracle_members(governance.oracle),
        (governance.committee.threshold, b"".join(governance.committee.keys)),
    )


def judge(contract: Linked, data: bytes) -> bool:
    """Whether the contract takes these bytes, which it must where the rules do: then all that it
    reads is what they read."""
    found = contract.call("decode", data)
    if not is_safe(data):
        assert found is Revert.GOVERNANCE_UNSAFE
        return False
    assert found == governance_members(governance_from_bytes(data))
    return True


# Numbers, each by its place in the bytes.


def number_places(governance: Governance) -> dict[str, int]:
    """Where every number of the encoding stands, counts included."""
    count, signers = len(governance.markets), len(governance.oracle.signers)
    found = {"count of markets": len(GOVERNANCE_TAG)}
    for market in range(count):
        start = MARKETS_AT + market * MARKET + 16
        for place, name in enumerate(MARKET_NUMBERS):
            found[f"market {market} {name}"] = start + NUMBER * place
    tail = MARKETS_AT + count * MARKET
    for place, name in enumerate(GOVERNANCE_NUMBERS):
        found[name] = tail + NUMBER * place
    oracle = tail + NUMBER * len(GOVERNANCE_NUMBERS)
    found["count of signers"] = oracle
    numbers = oracle + NUMBER + 20 * signers
    for place, name in enumerate((*ORACLE_NUMBERS, "count of feeds")):
        found[name] = numbers + NUMBER * place
    for feed in range(count):
        start = numbers + NUMBER * (len(ORACLE_NUMBERS) + 1) + feed * FEED + 32
        for place, name in enumerate(FEED_NUMBERS):
            found[f"feed {feed} {name}"] = start + NUMBER * place
    found["count of members"] = start + NUMBER * len(FEED_NUMBERS)
    members = len(governance.committee.keys)
    found["threshold"] = found["count of members"] + NUMBER + KEY_BYTES * members
    assert found["threshold"] + NUMBER == len(governance.encode())
    return found


def with_number(data: bytes, place: int, number: int) -> bytes:
    return data[:place] + number.to_bytes(NUMBER, "big") + data[place + NUMBER :]


def edges(data: bytes, place: int) -> Iterator[int]:
    """The numbers on both sides of where the rules begin to refuse, going up and going down from
    the number that stands there."""
    honest = int.from_bytes(data[place : place + NUMBER], "big")
    for end in (2**64, -1):
        taken, refused = honest, end
        while abs(refused - taken) > 1:
            middle = (taken + refused) // 2
            if is_safe(with_number(data, place, middle)):
                taken = middle
            else:
                refused = middle
        yield from (number for number in (taken, refused) if 0 <= number < 2**64)


@pytest.mark.parametrize("name", HONEST)
def test_every_number_has_the_bounds_that_the_rules_give_it(contract: Linked, name: str) -> None:
    data, verdicts = HONEST[name].encode(), set()
    for place in number_places(HONEST[name]).values():
        for number in {*edges(data, place), 0, 1, 2, 2**64 - 1}:
            verdicts.add(judge(contract, with_number(data, place, number)))
    assert verdicts == {True, False}


@given(data=st.data(), name=st.sampled_from(sorted(HONEST)))
def test_numbers_bent_together_are_judged_as_the_rules_do(
    contract: Linked, data: st.DataObject, name: str
) -> None:
    """Some bounds are of several numbers: scales, margins, funding, quorums, theorem T."""
    bent, places = HONEST[name].encode(), number_places(HONEST[name])
    for place in data.draw(st.lists(st.sampled_from(sorted(places)), min_size=1, max_size=4)):
        old = int.from_bytes(bent[places[place] : places[place] + NUMBER], "big")
        near = st.integers(max(0, old - 3), min(old + 3, 2**64 - 1))
        powers = st.integers(0, 63).map(lambda bits: 1 << bits)
        small = st.integers(0, 600)
        number = data.draw(st.one_of(near, powers, powers.map(lambda n: n - 1), small))
        bent = with_number(bent, places[place], number)
    judge(contract, bent)


# What is no number.


@pytest.mark.parametrize("place", range(16))
@pytest.mark.parametrize("letter", b"\0 -./09:@AZ[`az{\x7f\x80\xff")
def test_a_symbol_is_capitals_digits_and_hyphens_with_zeros_behind(
    contract: Linked, place: int, letter: int
) -> None:
    for length in (1, 3, 15, 16):
        symbol = bytearray(b"ABCDEFGHIJ-01234"[:length].ljust(16, b"\0"))
        symbol[place] = letter
        data = GOVERNANCE.encode()
        judge(contract, data[:MARKETS_AT] + bytes(symbol) + data[MARKETS_AT + 16 :])


def feeds_of(governance: Governance) -> int:
    """Where the feeds start."""
    end = len(governance.encode()) - len(governance.committee.encode())
    return end - FEED * len(governance.markets)


def test_no_two_markets_have_one_symbol_or_one_feed_and_no_feed_is_nameless(
    contract: Linked,
) -> None:
    data, feeds = MANY.encode(), feeds_of(MANY)
    assert judge(contract, data)
    for one, other in ((0, 1), (0, 63), (31, 62)):
        first, second = (MARKETS_AT + MARKET * place for place in (one, other))
        same = data[:second] + data[first : first + 16] + data[second + 16 :]
        assert not judge(contract, same)
        first, second = (feeds + FEED * place for place in (one, other))
        same = data[:second] + data[first : first + 32] + data[second + 32 :]
        assert not judge(contract, same)
    assert not judge(contract, data[:feeds] + bytes(32) + data[feeds + 32 :])


def test_signers_rise(contract: Linked) -> None:
    data, at = GOVERNANCE.encode(), feeds_of(GOVERNANCE) - 4 * NUMBER - 60
    one, two, three = (data[at + 20 * k : at + 20 * k + 20] for k in range(3))
    assert (one, two, three) == GOVERNANCE.oracle.signers
    for others in ((two, one, three), (one, one, three), (one, three, two), (one, two, two)):
        assert not judge(contract, data[:at] + b"".join(others) + data[at + 60 :])


def test_members_rise_and_two_majorities_have_one_in_common(contract: Linked) -> None:
    keys = [bytes([k]) * KEY_BYTES for k in range(1, 18)]
    close = [b"\1" * 32 + bytes(32) + word.to_bytes(32, "big") for word in (1, 2)]
    late = [b"\1" * 64 + bytes([k]) * 32 for k in (0, 255)]
    for members in (keys[:1], keys[:2], keys[:16], close, late):
        for threshold in range(len(members) + 2):
            is_kept = 2 * threshold > len(members) >= threshold
            assert judge(contract, with_committee(threshold, members)) == is_kept
    assert judge(contract, with_committee(0, []))
    for threshold, wrong in (
        (1, []),
        (9, keys),
        (2, [keys[0], keys[0], keys[1]]),
        (2, [keys[0], keys[2], keys[1]]),
        (2, close[::-1]),
        (2, late[::-1]),
        (2, [close[0], close[0]]),
    ):
        assert not judge(contract, with_committee(threshold, wrong))


def with_committee(threshold: int, keys: Sequence[bytes]) -> bytes:
    data = GOVERNANCE.encode()[: -len(GOVERNANCE.committee.encode())]
    return b"".join((data, len(keys).to_bytes(8, "big"), *keys, threshold.to_bytes(8, "big")))


def forced(governance: Governance, **changes: object) -> Governance:
    """Parameters that nobody asked for their bounds."""
    made = object.__new__(Governance)
    for each in fields(Governance):
        object.__setattr__(made, each.name, changes.get(each.name, getattr(governance, each.name)))
    return made


def forced_oracle(oracle: OracleTerms, **changes: object) -> OracleTerms:
    made = object.__new__(OracleTerms)
    for each in fields(OracleTerms):
        object.__setattr__(made, each.name, changes.get(each.name, getattr(oracle, each.name)))
    return made


def test_counts_are_in_bounds_and_every_market_has_one_feed(contract: Linked) -> None:
    oracle, signers = GOVERNANCE.oracle, [bytes([k]) * 20 for k in range(1, 10)]
    more = (*MANY.oracle.feeds, replace(MANY.oracle.feeds[0], feed=b"\x01" * 32))
    markets = (*MANY.markets, replace(BTC_MARKET, symbol="M64"))
    eight = forced_oracle(oracle, signers=tuple(signers[:8]), quorum=5)
    assert judge(contract, forced(GOVERNANCE, oracle=eight).encode())
    for changes in (
        {"markets": ()},
        {"markets": GOVERNANCE.markets[:1]},
        {"markets": (), "oracle": forced_oracle(oracle, feeds=())},
        {"markets": markets, "oracle": forced_oracle(oracle, feeds=more)},
        {"markets": markets[:64], "oracle": forced_oracle(oracle, feeds=more)},
        {"oracle": forced_oracle(oracle, feeds=())},
        {"oracle": forced_oracle(oracle, feeds=oracle.feeds[:1])},
        {"oracle": forced_oracle(oracle, signers=())},
        {"oracle": forced_oracle(oracle, signers=tuple(signers), quorum=5)},
    ):
        assert not judge(contract, forced(GOVERNANCE, **changes).encode())


def test_bytes_are_all_there_and_no_more(contract: Linked) -> None:
    data = GOVERNANCE.encode()
    for length in range(len(data)):
        assert not judge(contract, data[:length])
    for other in (data + b"\0", data + data, b"d" + data[1:], b"\0" + data):
        assert not judge(contract, other)


@given(data=st.binary(max_size=400), keeps_tag=st.booleans())
def test_anything_else_is_refused(contract: Linked, data: bytes, keeps_tag: bool) -> None:
    assert not judge(contract, GOVERNANCE_TAG * keeps_tag + data)


# What a state goes on under.


def goes_on(before: Governance, after: Governance) -> bool:
    try:
        require_continues(before, after)
    except Rejected:
        return False
    return True


def judge_next(contract: Linked, before: Governance, after: Governance) -> bool:
    found = contract.call("continues", before.encode(), after.encode())
    assert found == (() if goes_on(before, after) else Revert.GOVERNANCE_CHANGED)
    return goes_on(before, after)


@pytest.mark.parametrize("name", HONEST)
def test_every_number_may_change_as_the_rules_say(contract: Linked, name: str) -> None:
    """Also numbers that no announcement gets so far: each bound by itself."""
    before, verdicts = HONEST[name], set()
    for number, market in enumerate(before.markets):
        for changed in MARKET_NUMBERS:
            for by in (-500, -451, -450, -449, -1, 1, 449, 450, 451, 500):
                moved = forced_market(market, changed, by)
                markets = (*before.markets[:number], moved, *before.markets[number + 1 :])
                after = forced(before, markets=markets)
                verdicts.add(judge_next(contract, before, after))
                verdicts.add(judge_next(contract, after, before))
    assert verdicts == {True, False}


def forced_market(market: Market, name: str, by: int) -> Market:
    """A market with one number moved, where it stays a number of its bytes."""
    made = object.__new__(Market)
    for each in fields(Market):
        object.__setattr__(made, each.name, getattr(market, each.name))
    old = int(getattr(market, name))
    kind = type(getattr(market, name))
    moved = 1 - old if name in ("kind", "delisted") else max(0, old + by)
    object.__setattr__(made, name, kind(moved))
    return made


def test_accounts_markets_and_the_narrower_step(contract: Linked) -> None:
    one = listing(GOVERNANCE, GOVERNANCE.markets[:1])
    assert judge_next(contract, GOVERNANCE, GOVERNANCE)
    assert judge_next(contract, one, GOVERNANCE)
    assert not judge_next(contract, GOVERNANCE, one)
    assert not judge_next(contract, GOVERNANCE, replace(GOVERNANCE, fee_account=1))
    assert not judge_next(contract, GOVERNANCE, replace(GOVERNANCE, backstop_account=1))
    renamed = replace(BTC_MARKET, symbol="XBT")
    assert not judge_next(contract, one, listing(GOVERNANCE, [renamed]))
    assert not judge_next(contract, GOVERNANCE, listing(GOVERNANCE, GOVERNANCE.markets[::-1]))
    narrow = with_step(one, 100)
    for by in (-101, -100, 100, 101):
        fraction = BTC_MARKET.maintenance_fraction + by
        moved = replace(BTC_MARKET, maintenance_fraction=fraction, initial_fraction=2_000)
        for before, after in ((one, narrow), (narrow, one), (narrow, narrow)):
            other = forced(after, markets=(moved,))
            assert judge_next(contract, before, other) is (abs(by) <= 100)


def with_step(governance: Governance, step: int) -> Governance:
    feeds: tuple[Feed, ...] = tuple(replace(each, step=step) for each in governance.oracle.feeds)
    return replace(governance, oracle=replace(governance.oracle, feeds=feeds))


# What is kept.


@pytest.mark.parametrize("governance", [*HONEST.values(), MANY])
def test_what_is_kept_as_code_reads_back_whole_and_in_parts(
    contract: Linked, governance: Governance
) -> None:
    data = governance.encode()
    assert contract.call("keep", data) == ()
    assert contract.call("kept") == data
    assert contract.call("whole") == governance_members(governance)
    assert contract.call("oracle") == oracle_members(governance.oracle)
    for mark in (0, *range(1, len(governance.markets) + 1), len(governance.markets) + 1, 2**255):
        is_listed, is_delisted, price = contract.call("asset", mark)
        assert is_listed is (mark != 0 and is_known(governance, mark))
        if is_listed:
            market = market_of(mark)
            assert is_delisted is governance.markets[market].delisted
            assert price == governance.oracle.feeds[market].listing_price
