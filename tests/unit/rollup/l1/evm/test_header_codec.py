"""Headers out of their bytes: the contract reads those that Python can have, and no others."""

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.field.koalabear import P
from rollup.protocol.encoding import digest_bytes
from rollup.protocol.header import HEADER_TAG, BatchHeader
from tests.helpers.linked import MALFORMED, Linked

NUMBERS: Final = (
    "number",
    "time",
    "redo",
    "begins_open",
    "missing",
    "deposits_before",
    "deposits",
)
DIGESTS_AT: Final = len(HEADER_TAG) + 8 * len(NUMBERS)
OLD_ROOT_AT, NEW_ROOT_AT = DIGESTS_AT + 32, DIGESTS_AT + 64

digests = st.binary(min_size=32, max_size=32)
roots = st.tuples(*[st.sampled_from([0, 1, 255, 256, P - 1]) | st.integers(0, P - 1)] * 8)


@st.composite
def headers(draw: st.DrawFn) -> BatchHeader:
    """Any header, its numbers often at their bounds."""
    deposits = draw(st.integers(0, 64))
    last = 2**30 - 1 - deposits
    return BatchHeader(
        number=draw(st.sampled_from([1, 2**30 - 1]) | st.integers(1, 2**30 - 1)),
        time=draw(st.sampled_from([0, 2**52 - 1]) | st.integers(0, 2**52 - 1)),
        redo=draw(st.booleans()),
        begins_open=draw(st.booleans()),
        missing=draw(st.sampled_from([0, 2**64 - 1]) | st.integers(0, 2**64 - 1)),
        governance=draw(digests),
        old_root=draw(roots),  # type: ignore[arg-type]
        new_root=draw(roots),  # type: ignore[arg-type]
        receipts=draw(digests),
        deposits_before=draw(st.sampled_from([0, last]) | st.integers(0, last)),
        deposits=deposits,
        queue_head=draw(digests),
        public=draw(digests),
    )


@pytest.fixture(scope="module")
def contract() -> Linked:
    return Linked("GovernanceProbe")


def members(header: BatchHeader) -> tuple[object, ...]:
    return (
        header.digest(),
        *(getattr(header, name) for name in NUMBERS),
        header.governance,
        digest_bytes(header.old_root),
        digest_bytes(header.new_root),
        header.receipts,
        header.queue_head,
        header.public,
    )


@given(header=headers())
def test_a_header_is_read_as_it_is_and_written_as_it_was(
    contract: Linked, header: BatchHeader
) -> None:
    assert contract.call("header", header.encode()) == (members(header), header.encode())


PLAIN = BatchHeader(
    number=1,
    time=1,
    redo=False,
    begins_open=False,
    missing=0,
    governance=b"\x01" * 32,
    old_root=(1,) * 8,
    new_root=(2,) * 8,
    receipts=b"\x02" * 32,
    deposits_before=0,
    deposits=0,
    queue_head=b"\x03" * 32,
    public=b"\x04" * 32,
)


def with_number(name: str, number: int, header: BatchHeader = PLAIN) -> bytes:
    place, data = len(HEADER_TAG) + 8 * NUMBERS.index(name), header.encode()
    return data[:place] + number.to_bytes(8, "big") + data[place + 8 :]


@pytest.mark.parametrize(
    ("name", "most", "number"),
    [
        ("number", 2**30 - 1, 0),
        ("number", 2**30 - 1, 2**30),
        ("time", 2**52 - 1, 2**52),
        ("redo", 1, 2),
        ("begins_open", 1, 2),
        ("begins_open", 1, 2**63),
        ("deposits_before", 2**30 - 1, 2**30),
        ("deposits", 64, 65),
    ],
)
def test_no_number_is_beyond_its_bounds(
    contract: Linked, name: str, most: int, number: int
) -> None:
    assert contract.call("header", with_number(name, most)) != MALFORMED
    assert contract.call("header", with_number(name, number)) == MALFORMED
    assert contract.call("header", with_number(name, 2**64 - 1)) == MALFORMED


def test_the_queue_has_an_end_with_what_the_batch_consumes(contract: Linked) -> None:
    full = replace(PLAIN, deposits=64, deposits_before=2**30 - 65)
    assert contract.call("header", full.encode()) != MALFORMED
    over = with_number("deposits_before", 2**30 - 64, full)
    assert contract.call("header", over) == MALFORMED


@pytest.mark.parametrize("start", [OLD_ROOT_AT, NEW_ROOT_AT])
@pytest.mark.parametrize("place", range(8))
@pytest.mark.parametrize("word", [P, P + 1, 2**32 - 1])
def test_roots_are_field_elements(contract: Linked, start: int, place: int, word: int) -> None:
    """A root with p added to a word would be another name of the same root."""
    data, at = PLAIN.encode(), start + 4 * place
    most = data[:at] + (P - 1).to_bytes(4, "little") + data[at + 4 :]
    assert contract.call("header", most) != MALFORMED
    over = data[:at] + word.to_bytes(4, "little") + data[at + 4 :]
    assert contract.call("header", over) == MALFORMED


def test_bytes_are_all_there_and_no_more(contract: Linked) -> None:
    data = PLAIN.encode()
    for other in (b"", data[:16], data[:-1], data + b"\0", b"\0" + data, b"d" + data[1:]):
        assert contract.call("header", other) == MALFORMED
