"""The file that an owner escapes with: it comes back as it was, and no other is taken for one."""

import json

import pytest

from rollup.codec.strict import CodecError
from rollup.l1.exit_file import EXIT_BYTES_MAX, exit_from_bytes, exit_to_bytes
from rollup.l1.leaf_of import leaf_of
from tests.helpers.collateral import HOLDER, pledged


@pytest.fixture(scope="module")
def data() -> bytes:
    state = pledged().venue.state
    return exit_to_bytes(leaf_of(state, HOLDER), state.book)


def test_leaf_and_book_come_back(data: bytes) -> None:
    state = pledged().venue.state
    assert exit_from_bytes(data) == (leaf_of(state, HOLDER), state.book)


def test_another_file_is_refused(data: bytes) -> None:
    value = json.loads(data)
    for wrong in (
        b"",
        b"{}",
        b"\xff" + data,
        data + b" " * EXIT_BYTES_MAX,
        json.dumps({**value, "version": 2}).encode(),
        json.dumps({**value, "leaf": value["book"]}).encode(),
        json.dumps({**value, "book": value["book"][:-2]}).encode(),
        json.dumps({**value, "more": 1}).encode(),
    ):
        with pytest.raises(CodecError):
            exit_from_bytes(wrong)
