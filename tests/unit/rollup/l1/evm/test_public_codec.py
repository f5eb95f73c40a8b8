"""The public input of a batch as the contract reads it: the record's bytes and no others."""

from dataclasses import replace
from random import Random

import pytest

from rollup.field.koalabear import P
from rollup.hash.keccak import keccak256
from rollup.protocol.constants import PROTOCOL_VERSION
from rollup.protocol.deposit import NO_KEY, NO_VIEWING, DepositOutcome, EntryKind, QueueEntry
from rollup.protocol.header import header_of
from rollup.protocol.public import PUBLIC_TAG, ConsumedDeposit, PublicInput
from rollup.protocol.rejection import Rejected
from tests.helpers.contracts import MALFORMED, CallRefused, Probe, members_of
from tests.helpers.public_inputs import NotCanonical, any_public, parts_of, public_from_bytes
from tests.helpers.seed import draws

TAG = len(PUBLIC_TAG)

DIGESTS_AT = TAG + 48
"""Where the digests begin: of parameters; old root, new root, data commitment, head of the
receipts; of the book before, and of the reports."""

PRICES_AT = DIGESTS_AT + 7 * 32
"""Where the lists begin."""


@pytest.fixture(scope="module")
def probe() -> Probe:
    return Probe("StatementProbe")


@pytest.fixture(scope="module")
def public() -> PublicInput:
    """One with something in every list."""
    rng = draws(11)
    while True:
        found = any_public(rng, markets=4)
        if found.premium_rates and found.deposits and found.withdrawals and len(found.estate) > 1:
            return found


def _refused(probe: Probe, public: PublicInput, data: bytes) -> bool:
    """Whether the contract refuses these bytes as no canonical ones; else it has their digest."""
    try:
        digest = probe.ask("take", data, *parts_of(public)[1:])
    except CallRefused as refused:
        assert refused.reason == MALFORMED
        return True
    assert digest == keccak256(data)
    return False


def test_any_public_input_is_read_member_by_member(probe) -> None:
    rng = draws(12)
    for _ in range(40):
        public = any_public(rng)
        assert probe.ask("read", *parts_of(public)) == members_of(probe, "read", public)


def test_the_largest_is_read(probe) -> None:
    public = any_public(draws(13), markets=64, many=64)
    assert probe.ask("read", *parts_of(public)) == members_of(probe, "read", public)


def test_header(probe) -> None:
    rng, seen = draws(14), set()
    for _ in range(40):
        public, head = any_public(rng), rng.randbytes(32)
        header = header_of(public, head)
        assert probe.ask("headerDigest", *parts_of(public), head) == header.digest()
        seen.add((header.begins_open, header.missing != 0, header.redo))
    assert len(seen) >= 5


def test_bytes_are_refused_where_the_record_refuses_them(probe) -> None:
    """Whatever is changed, the contract reads exactly what Python would have written so."""
    rng, refused, turns = draws(15), 0, 600
    for turn in range(turns):
        if turn % 20 == 0:
            public = any_public(rng)
            data = public.encode()
        bent = _bent(rng, data)
        try:
            public_from_bytes(bent, public)
            is_read = _named(bent) == _named(data)
        except (NotCanonical, Rejected):
            is_read = False
        assert _refused(probe, public, bent) is not is_read
        refused += not is_read
    assert turns // 4 < refused < turns


def _named(data: bytes) -> bytes:
    """The digests of what is taken beside these bytes."""
    governance, book = DIGESTS_AT, DIGESTS_AT + 5 * 32
    return data[governance : governance + 32] + data[book : book + 64]


def _bent(rng: Random, data: bytes) -> bytes:
    """Another bit, another number, or bytes that are more or fewer."""
    way, place = rng.randrange(5), rng.randrange(len(data))
    if way == 0:
        return data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :]
    if way == 1:
        aligned = rng.choice((place, place // 8 * 8))
        number = rng.choice((0, 1, 2, 3, (1 << 64) - 1, rng.randrange(1 << rng.randint(1, 64))))
        return data[:aligned] + number.to_bytes(8, "big") + data[aligned + 8 :]
    if way == 2:
        return data[:place]
    if way == 3:
        return data + rng.randbytes(rng.choice((1, 8, 36)))
    return data[:place] + rng.randbytes(rng.choice((1, 8))) + data[place:]


@pytest.mark.parametrize(
    "place, value",
    [
        (TAG - 1, b"7"),
        (TAG, b"\0"),
        (TAG + 1, b"1"),
        (TAG + 1, b"\0A"),
        (TAG + 8, (PROTOCOL_VERSION - 1).to_bytes(8, "big")),
        (TAG + 8, (PROTOCOL_VERSION + 1).to_bytes(8, "big")),
        (TAG + 16, (1 << 30).to_bytes(8, "big")),
        (TAG + 24, (1 << 30).to_bytes(8, "big")),
        (TAG + 32, bytes(8)),
        (TAG + 32, (1 << 30).to_bytes(8, "big")),
        (TAG + 40, (1 << 52).to_bytes(8, "big")),
        (DIGESTS_AT + 32, P.to_bytes(4, "little")),
        (DIGESTS_AT + 60, P.to_bytes(4, "little")),
        (DIGESTS_AT + 64, b"\xff" * 4),
        (DIGESTS_AT + 92, P.to_bytes(4, "little")),
        (DIGESTS_AT + 96, P.to_bytes(4, "little")),
        (DIGESTS_AT + 124, P.to_bytes(4, "little")),
        (PRICES_AT, (3).to_bytes(8, "big")),
        (PRICES_AT, (5).to_bytes(8, "big")),
        (PRICES_AT + 8, bytes(8)),
        (PRICES_AT + 8, (1 << 29).to_bytes(8, "big")),
        (PRICES_AT + 40, bytes(8)),
        (PRICES_AT + 48, (1 << 17).to_bytes(8, "big")),
        (PRICES_AT + 48, (-(1 << 17)).to_bytes(8, "big", signed=True)),
        (PRICES_AT + 80, (2).to_bytes(8, "big")),
        (PRICES_AT + 88, (2).to_bytes(8, "big")),
        (PRICES_AT + 96, (2).to_bytes(8, "big")),
        (PRICES_AT + 112, ((1 << 30) - 1).to_bytes(8, "big")),
        (PRICES_AT + 120, (65).to_bytes(8, "big")),
    ],
)
def test_one_number_out_of_bounds(probe, public, place, value) -> None:
    data = public.encode()
    assert not _refused(probe, public, data)
    assert _refused(probe, public, data[:place] + value + data[place + len(value) :])


ENTRY_AT = PRICES_AT + 128
"""Where the first entry of a batch of four markets begins, in whose hour rates are due."""


@pytest.mark.parametrize(
    "place, value",
    [
        (8, (4).to_bytes(8, "big")),
        (24, (1).to_bytes(8, "big")),
        (32, bytes(8)),
        (32, (1 << 53).to_bytes(8, "big")),
        (60, b"\0\0\0\1"),
        (144, b"\0\0\0\1"),
        (148, (10).to_bytes(8, "big")),
    ],
)
def test_an_exit_is_of_usdc_brings_no_words_and_asks_for_what_can_be_granted(
    probe, public, place, value
) -> None:
    asks = QueueEntry(public.deposits_before, EntryKind.EXIT, 7, b"o" * 20, NO_KEY, NO_VIEWING, 1)
    barred = ConsumedDeposit(asks, DepositOutcome.EXIT_BARRED)
    bent = replace(public, deposits=(barred,), withdrawals=(), estate=(), total=5)
    data = bent.encode()
    assert not _refused(probe, bent, data)
    at = ENTRY_AT + place
    wrong = data[:at] + value + data[at + len(value) :]
    assert wrong != data and _refused(probe, bent, wrong)


def test_exits_that_are_paid_leave_custody(probe, public) -> None:
    """Lie: what was under custody before is counted as if an exit brought its amount, or as if
    nobody was paid: then one of these two would not be read, or be read with another total."""
    most = (1 << 53) - 1
    asks = QueueEntry(
        public.deposits_before, EntryKind.EXIT, 7, b"o" * 20, NO_KEY, NO_VIEWING, most
    )
    for outcome, total in (
        (DepositOutcome.CREDITED, (1 << 64) - most),
        (DepositOutcome.EXIT_BARRED, (1 << 64) - 1),
    ):
        consumed = (ConsumedDeposit(asks, outcome),)
        good = replace(public, deposits=consumed, withdrawals=(), estate=(), total=0)
        assert not _refused(probe, good, good.encode())
        data = good.encode()
        at = PRICES_AT + 104
        assert data[at : at + 8] == bytes(8)
        wrong = data[:at] + total.to_bytes(8, "big") + data[at + 8 :]
        is_too_much = outcome is DepositOutcome.CREDITED
        assert _refused(probe, good, wrong) is is_too_much


def test_bytes_of_something_else_than_the_batch_names(probe, public) -> None:
    """Lie: other parameters, another book, other reports than those that the digests are of."""
    data, *named = parts_of(public)
    other = replace(
        public,
        governance=replace(public.governance, clock_ahead_ms=2),
        book_before=replace(public.book_before, stalled=public.book_before.stalled + 1),
        reports=public.reports[1:],
    )
    for place, part in enumerate(parts_of(other)[1:]):
        bent = [*named[:place], part, *named[place + 1 :]]
        assert part != named[place]
        assert probe.refusal("take", data, *bent) == MALFORMED


def test_named_bytes_that_are_not_canonical(probe, public) -> None:
    """The digest is of them, and they are still nobody's."""
    data, *named = parts_of(public)
    starts = (DIGESTS_AT, DIGESTS_AT + 5 * 32, DIGESTS_AT + 6 * 32)
    for place, start in enumerate(starts):
        for bad in (named[place] + b"\0", named[place][:-1], b""):
            bent = data[:start] + keccak256(bad) + data[start + 32 :]
            parts = [*named[:place], bad, *named[place + 1 :]]
            assert probe.refusal("take", bent, *parts) == MALFORMED
