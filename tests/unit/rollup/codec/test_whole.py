"""Lists read whole are what they are read one by one, or None."""

from collections.abc import Callable
from struct import Struct
from typing import Any

import pytest

from rollup.codec import whole
from rollup.codec.fields import Node
from rollup.codec.strict import CodecError

KINDS = {"size": int, "name": bytes, "open": bool}
GOOD = [{"name": b"a", "open": True, "size": 1}, {"name": b"b", "open": False, "size": -2}]
PAIR = Struct("<2I")


def test_columns_are_in_the_order_that_is_asked_for() -> None:
    assert whole.columns(GOOD, KINDS) == [(1, -2), (b"a", b"b"), (True, False)]
    assert whole.columns([], KINDS) == [(), (), ()]
    assert whole.rows([[1, 2], [3, 4]], 2) == [[1, 2], [3, 4]]
    assert whole.rows([], 2) == []
    assert whole.words([bytes(8), b"\1\0\0\0\2\0\0\0"], PAIR) == [(0, 0), (1, 2)]
    assert whole.words([], PAIR) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": b"a", "open": True},
        {"name": b"a", "open": True, "size": 1, "more": 1},
        {"name": b"a", "open": True, "other": 1},
        {"name": b"a", "open": True, "size": True},
        {"name": b"a", "open": 1, "size": 1},
        {"name": "a", "open": True, "size": 1},
        {"name": b"a", "open": True, "size": None},
        [1, b"a", True],
        5,
        None,
    ],
)
def test_one_wrong_record_is_enough(wrong: object) -> None:
    for values in ([*GOOD, wrong], [wrong, *GOOD], [wrong]):
        assert whole.columns(values, KINDS) is None


@pytest.mark.parametrize("wrong", [[1], [1, 2, 3], [1, True], [1, b"2"], {1: 2}, 5, (1, 2)])
def test_one_wrong_row_is_enough(wrong: object) -> None:
    assert whole.rows([[1, 2], wrong], 2) is None
    assert whole.rows([wrong], 2) is None


@pytest.mark.parametrize("wrong", [b"", bytes(7), bytes(9), bytes(16), "12345678", 8, None])
def test_one_wrong_string_is_enough(wrong: object) -> None:
    assert whole.words([bytes(8), wrong], PAIR) is None


def _none(_: list[Any]) -> None:
    return None


@pytest.mark.parametrize("read", [lambda values: list(map(str, values)), _none])
def test_members_are_read_one_by_one_where_they_cannot_be_read_whole(
    read: Callable[[list[Any]], list[str] | None],
) -> None:
    assert whole.members(Node([1, 2], "it"), 2, read, lambda each: str(each.value)) == ("1", "2")


def test_a_list_that_is_none_or_too_long_is_never_read_whole() -> None:
    def whole_reader(_: list[Any]) -> list[int]:
        raise AssertionError("it was read")

    with pytest.raises(CodecError, match="it: wanted at most 1 members, got 2"):
        whole.members(Node([1, 2], "it"), 1, whole_reader, Node.integer)
    with pytest.raises(CodecError, match="it: wanted a list, got a record"):
        whole.members(Node({}, "it"), 1, whole_reader, Node.integer)
