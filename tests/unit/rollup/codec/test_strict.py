"""One value, one encoding: everything else that msgpack can say is refused."""

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.codec.fields import Node, describe
from rollup.codec.strict import DEPTH_MAX, CodecError, Value, decode, encode

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.binary(max_size=40)
    | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)


@given(values)
def test_a_value_comes_back_from_its_bytes(value: Value) -> None:
    data = encode(value)
    assert decode(data, len(data), "it") == value
    assert encode(decode(data, len(data), "it")) == data


@given(st.binary(max_size=60))
def test_any_bytes_are_a_canonical_value_or_a_codec_error(data: bytes) -> None:
    try:
        value = decode(data, 60, "it")
    except CodecError:
        return
    assert encode(value) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01\x01",
        b"\xcc\x01",
        b"\xd9\x01a",
        b"\xdc\x00\x01\x01",
        b"\x82\xa1b\x01\xa1a\x02",
        b"\x82\xa1a\x01\xa1a\x02",
        b"\x81\x01\x01",
        b"\xcb" + bytes(8),
        b"\xd6\xff\x00\x00\x00\x01",
        b"\xc7\x00\x01",
        b"\xdd\xff\xff\xff\xff",
        b"\xa1\xff",
        b"\xc1",
        b"\x91" * 100_000,
    ],
)
def test_what_is_not_canonical_is_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode(data, 2**20, "it")


def test_nesting_has_a_limit() -> None:
    deep: Value = 1
    for _ in range(DEPTH_MAX):
        deep = [deep]
    assert decode(encode(deep), 100, "it") == deep
    with pytest.raises(CodecError, match="nesting"):
        encode([deep])
    with pytest.raises(CodecError, match="nesting"):
        decode(msgpack.packb([deep]), 100, "it")


@pytest.mark.parametrize("value", [1.5, (1,), 2**64, -(2**63) - 1, {1: 2}, object()])
def test_values_outside_the_format_are_not_encoded(value: object) -> None:
    with pytest.raises(CodecError):
        encode(value)  # type: ignore[arg-type]


def test_a_message_over_its_size_is_refused_unread() -> None:
    with pytest.raises(CodecError, match="it: at most 3 bytes are wanted, 4 came"):
        decode(b"\xc1\xc1\xc1\xc1", 3, "it")


@pytest.mark.parametrize("text", ["", "01", "-1", "+1", "1.0", " 1", "1_0", "a", "1" * 21, "١"])
def test_decimal_text_has_one_form(text: str) -> None:
    with pytest.raises(CodecError):
        Node(text, "it").decimal()


@pytest.mark.parametrize("text", ["0", "7", str(2**64 - 1)])
def test_decimal_text_is_read(text: str) -> None:
    assert Node(text, "it").decimal() == int(text)


@pytest.mark.parametrize("text", ["AB", "a", "abc", "zz", "a ", 5])
def test_hex_is_lower_case_and_of_its_length(text: object) -> None:
    with pytest.raises(CodecError):
        Node(text, "it").hexadecimal(1)


def test_what_came_is_described_by_its_kind_alone() -> None:
    assert describe("secret") == "text of 6"
    assert describe(b"secret") == "6 bytes"
    assert describe([1, 2]) == "a list of 2"
    assert describe(618003) == "a number"
    assert describe(True) == "true or false"
