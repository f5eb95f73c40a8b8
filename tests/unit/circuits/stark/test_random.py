"""The stream that blinds proofs."""

import numpy as np
import pytest
from Crypto.Cipher import ChaCha20

from circuits.stark.random import SEED_BYTES, FieldStream
from rollup.field.koalabear import P

SEED = bytes(range(SEED_BYTES))


def test_two_streams_differ_unless_the_test_fixes_the_seed() -> None:
    assert FieldStream().octets(32) != FieldStream().octets(32)
    again = [FieldStream(insecure_seed=SEED).elements(50).tolist() for _ in range(2)]
    assert again[0] == again[1]


def test_a_stream_never_repeats_itself() -> None:
    stream = FieldStream(insecure_seed=SEED)
    assert stream.octets(64) + stream.octets(64) == ChaCha20.new(key=SEED, nonce=bytes(8)).encrypt(
        bytes(128)
    )


def test_a_long_draw_goes_on_where_the_stream_stood() -> None:
    """In parts on several threads, from a place within a block of the cipher."""
    stream, count = FieldStream(insecure_seed=SEED), (3 << 20) + 13
    cipher = ChaCha20.new(key=SEED, nonce=bytes(8))
    assert stream.octets(77) + stream.octets(count) == cipher.encrypt(bytes(77 + count))
    assert stream.octets(5) == cipher.encrypt(bytes(5))


def test_elements_are_canonical_and_spread_over_the_field() -> None:
    values = FieldStream(insecure_seed=SEED).matrix(400, 250)
    assert values.shape == (400, 250)
    assert values.dtype == np.uint32
    assert int(values.max()) < P
    tenths = np.histogram(values, bins=10, range=(0, P))[0]
    expected = values.size / 10
    assert float(((tenths - expected) ** 2 / expected).sum()) < 40  # 9 degrees of freedom


def test_words_at_or_above_p_are_drawn_again_not_reduced() -> None:
    raw = ChaCha20.new(key=SEED, nonce=bytes(8)).encrypt(bytes(4 * 5000))
    words = np.frombuffer(raw, dtype="<u4") & np.uint32(2**31 - 1)
    kept = words[words < P][:2000]
    assert kept.tolist() == FieldStream(insecure_seed=SEED).elements(2000).tolist()
    assert (words[:2000] >= P).any()


def test_a_stream_does_not_show_its_key() -> None:
    assert SEED.hex() not in repr(FieldStream(insecure_seed=SEED))
    assert repr(FieldStream()) == "FieldStream(...)"


@pytest.mark.parametrize("seed", [b"", bytes(31)])
def test_a_short_seed_is_refused(seed: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        FieldStream(insecure_seed=seed)
