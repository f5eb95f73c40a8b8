"""A header and a public input have digests that every member moves."""

from dataclasses import fields, replace

import pytest

from rollup.protocol.deposit import QUEUE_START, DepositOutcome, extend_queue
from rollup.protocol.header import BatchHeader, header_of, missing_of
from rollup.protocol.public import PublicInput
from rollup.protocol.rejection import Reason
from tests.helpers.oracle import reports
from tests.helpers.venue import PRICES, USDC, Venue, credit, refusal, register

ENTRIES = (register(0, 1, 5 * USDC), credit(1, 1, USDC))


@pytest.fixture
def public() -> PublicInput:
    venue = Venue()
    return venue.run(venue.batch(ENTRIES)).public


@pytest.fixture
def header(public: PublicInput) -> BatchHeader:
    head = extend_queue(extend_queue(QUEUE_START, ENTRIES[0]), ENTRIES[1])
    return header_of(public, head)


def changed(record: object, name: str) -> object:
    """Another value of the same kind."""
    value = getattr(record, name)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, bytes):
        return bytes((value[0] ^ 1, *value[1:]))
    return (value[0] + 1, *value[1:])


@pytest.mark.parametrize("name", [field.name for field in fields(BatchHeader)])
def test_every_member_of_a_header_is_in_its_digest(header: BatchHeader, name: str) -> None:
    other = replace(header, **{name: changed(header, name)})
    assert other.digest() != header.digest()


@pytest.mark.parametrize(
    "change",
    [
        {"chain": 1},
        {"venue": 1},
        {"number": 9},
        {"time": 9},
        {"prices": (9, 9)},
        {"redo": True},
        {"total": 7 * USDC},
        {"new_root": (1,) * 8},
        {"old_root": (1,) * 8},
        {"receipts": bytes(31) + b"\x01"},
    ],
)
def test_every_member_of_a_public_input_is_in_its_digest(
    public: PublicInput, change: dict[str, object]
) -> None:
    assert replace(public, **change).digest() != public.digest()


def test_governance_that_no_circuit_reads_is_in_the_digest(public: PublicInput) -> None:
    governance = public.governance
    first, second = governance.markets
    swapped = (replace(first, symbol=second.symbol), replace(second, symbol=first.symbol))
    for other in (
        replace(governance, markets=swapped),
        replace(governance, clock_behind_ms=governance.clock_behind_ms + 1),
        replace(governance, clock_ahead_ms=governance.clock_ahead_ms + 1),
    ):
        assert replace(public, governance=other).digest() != public.digest()


def test_words_and_outcomes_of_deposits_are_in_the_digest(public: PublicInput) -> None:
    deposit = public.deposits[0]
    words = (deposit.entry.key_words[0] ^ 1, *deposit.entry.key_words[1:])
    for other in (
        replace(deposit, entry=replace(deposit.entry, key_words=words)),
        replace(deposit, outcome=DepositOutcome.KEY_OFF_CURVE),
    ):
        assert replace(public, deposits=(other, public.deposits[1])).digest() != public.digest()


def test_the_queues_head_names_every_entry_before_it() -> None:
    first, second = ENTRIES
    assert extend_queue(extend_queue(QUEUE_START, first), second) != extend_queue(
        QUEUE_START, second
    )
    other = replace(first, amount=first.amount + 1)
    assert extend_queue(QUEUE_START, other) != extend_queue(QUEUE_START, first)


def test_a_header_of_no_batch_cannot_be_made(header: BatchHeader) -> None:
    assert refusal(lambda: replace(header, number=0)) is Reason.NUMBER_OUT_OF_BOUNDS
    assert refusal(lambda: replace(header, deposits=65)) is Reason.TOO_MANY
    assert refusal(lambda: replace(header, public=b"")) is Reason.MALFORMED
    assert refusal(lambda: replace(header, missing=1 << 64)) is Reason.MARKET_COUNT


def test_a_header_says_which_markets_nobody_reported(public: PublicInput) -> None:
    time, governance = public.time, public.governance
    signed = reports(governance, PRICES, time)
    feeds = [each.feed for each in governance.oracle.feeds]
    of_eth = tuple(each for each in signed if each.package.points[0].feed == feeds[1])
    assert missing_of(replace(public, reports=())) == 0b11
    assert missing_of(replace(public, reports=of_eth)) == 0b01
    assert missing_of(replace(public, reports=tuple(signed))) == 0
    going_on = replace(public.book_before, open_since=public.time - 1)
    assert missing_of(replace(public, book_before=going_on, reports=())) == 0
