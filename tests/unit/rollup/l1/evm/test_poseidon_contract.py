"""Poseidon on an EVM: chains and paths as the rules hash them, of canonical elements alone."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.field.koalabear import P
from rollup.hash.poseidon import Digest, compress
from rollup.l1.evm.artefact import artefact
from rollup.protocol.constants import ACCOUNT_BITS
from rollup.protocol.encoding import digest_bytes

revm = pytest.importorskip("rollup.l1.evm.revm", reason="pyrevm has no wheel for this Python")

element = st.one_of(st.sampled_from((0, 1, P - 1, P - 2)), st.integers(0, P - 1))
digest = st.tuples(*[element] * 8)


@pytest.fixture(scope="module")
def ask() -> "Ask":
    return Ask()


class Ask:
    def __init__(self) -> None:
        self.machine = revm.Machine()
        self.address = self.machine.deploy(artefact("Poseidon16").code)
        self.gas = 0

    def raw(self, data: bytes) -> bytes | None:
        outcome = self.machine.read(self.address, data)
        self.gas = outcome.execution
        if not outcome.succeeded:
            assert outcome.data == b""
            return None
        found: bytes = outcome.data
        return found

    def climb(self, start: Digest, bits: int, others: Sequence[Digest]) -> bytes | None:
        words = b"".join(map(digest_bytes, others))
        return self.raw(digest_bytes(start) + bits.to_bytes(32, "big") + words)


def climbed(start: Digest, bits: int, others: Sequence[Digest]) -> bytes:
    node = start
    for place, other in enumerate(others):
        node = compress(other, node) if bits >> place & 1 else compress(node, other)
    return digest_bytes(node)


@settings(max_examples=25, deadline=None)
@given(digest, st.lists(digest, max_size=6), st.randoms(use_true_random=False))
def test_it_compresses_as_the_rules_do(
    ask: Ask, start: Digest, others: list[Digest], random: object
) -> None:
    bits = random.randrange(1 << len(others))  # type: ignore[attr-defined]
    assert ask.climb(start, bits, others) == climbed(start, bits, others)


@pytest.mark.parametrize("value", [0, 1, P - 1])
def test_the_ends_of_what_an_element_can_be(ask: Ask, value: int) -> None:
    same: Digest = (value,) * 8  # type: ignore[assignment]
    assert ask.climb(same, 5, [same] * 3) == climbed(same, 5, [same] * 3)


def test_a_path_of_the_account_tree_costs_less_than_800_000_gas(ask: Ask) -> None:
    start: Digest = (1, 2, 3, 4, 5, 6, 7, 8)
    path = [(P - 1 - place, 2, 3, 4, 5, 6, 7, P - 8) for place in range(ACCOUNT_BITS)]
    bits = 0x2AAAAAAA
    assert ask.climb(start, bits, path) == climbed(start, bits, path)
    assert ask.gas < 800_000
    ask.climb(start, 0, path[:1])
    assert ask.gas < 27_500


def test_what_is_not_canonical_is_refused(ask: Ask) -> None:
    good = digest_bytes(range(8))
    bits = bytes(32)
    assert ask.raw(good + bits + good) is not None
    for place in range(8):
        for value in (P, P + 1, 2**32 - 1):
            words = [*range(8)]
            words[place] = value
            assert ask.raw(digest_bytes(words) + bits + good) is None
            assert ask.raw(good + bits + digest_bytes(words)) is None


def test_calldata_of_another_length_and_bits_of_nothing_are_refused(ask: Ask) -> None:
    good, bits = digest_bytes(range(8)), bytes(32)
    one, two = (1).to_bytes(32, "big"), (2).to_bytes(32, "big")
    for wrong in (b"", good, good + bits[:-1], good + bits + good[:-1], good + bits + good + b"\0"):
        assert ask.raw(wrong) is None
    assert ask.raw(good + one) is None and ask.raw(good + two + good) is None
    assert ask.raw(good + bits + good * 257) is None
