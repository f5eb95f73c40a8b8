"""Keccak-256 by pycryptodome's library is Keccak-256 by its class."""

import random
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import ModuleSpec

import pytest

from rollup.hash import keccak
from rollup.hash.keccak import keccak256, keccak_by_class, keccak_by_library

KNOWN = {
    b"": "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
    b"abc": "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
}
"""Test vectors of the Ethereum world: `web3.keccak`."""


@pytest.mark.parametrize("make", (keccak_by_class, keccak_by_library))
def test_it_is_keccak(make) -> None:  # type: ignore[no-untyped-def]
    digest = make()
    assert {message: digest(message).hex() for message in KNOWN} == KNOWN


def test_both_ways_agree_on_every_length_of_three_blocks() -> None:
    by_class, by_library = keccak_by_class(), keccak_by_library()
    data = random.Random(1).randbytes(3 * 136 + 2)
    for length in range(len(data) + 1):
        message = data[:length]
        assert by_class(message) == by_library(message) == keccak256(message)


def test_views_of_bytes_are_messages_and_nothing_else_is() -> None:
    digest = keccak_by_library()
    assert digest(bytearray(b"abc")) == digest(memoryview(b"abc")) == digest(b"abc")
    for wrong in (3, "abc", None, [1, 2]):
        with pytest.raises(TypeError):
            digest(wrong)  # type: ignore[arg-type]


def test_threads_do_not_share_a_state() -> None:
    messages = [bytes([number]) * (number * 37) for number in range(64)]
    wanted = list(map(keccak_by_class(), messages))
    digest = keccak_by_library()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            assert list(pool.map(digest, messages)) == wanted


def test_without_the_library_the_class_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> ModuleSpec | None:
        del name
        return None

    monkeypatch.setattr(keccak, "find_spec", nothing)
    with pytest.raises(OSError, match="not there"):
        keccak_by_library()
    assert keccak.fastest()(b"abc").hex() == KNOWN[b"abc"]


def test_a_library_that_computes_something_else_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keccak, "_PADDING", 0x06)
    with pytest.raises(OSError, match="something else"):
        keccak_by_library()
    assert keccak.fastest()(b"abc").hex() == KNOWN[b"abc"]
