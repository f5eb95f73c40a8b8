"""Seen envelopes: remembered while they are good, and not a moment longer."""

from hypothesis import given
from hypothesis import strategies as st

from rollup.protocol.receipt import envelope_hash
from sequencer.intake.seen import MARK_BYTES, SeenEnvelopes, mark_of

LIFETIME = 600


def test_a_mark_is_of_the_whole_envelope() -> None:
    one, other = (mark_of(envelope_hash(b"a" * 303 + end)) for end in (b"a", b"b"))
    assert one != other
    assert len(one) == MARK_BYTES


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 60), st.integers(0, 9)), max_size=60))
def test_what_is_remembered_is_what_is_still_good(
    steps: list[tuple[int, int, int]],
) -> None:
    """Against all that ever came: a mark is known until its envelope is good no longer."""
    seen, ends, time = SeenEnvelopes(), dict[bytes, int](), 0
    for passed, good_for, name in steps:
        time += passed
        seen.forget_before(time)
        ends = {mark: end for mark, end in ends.items() if end >= time}
        mark = bytes((name,))
        if mark not in ends:
            ends[mark] = time + good_for
        seen.remember(mark, ends[mark])
        assert len(seen) == len(ends)
        assert all((bytes((each,)) in seen) == (bytes((each,)) in ends) for each in range(10))


def test_memory_does_not_grow_with_the_envelopes_of_the_past() -> None:
    seen = SeenEnvelopes()
    for time in range(20_000):
        seen.forget_before(time)
        seen.remember(mark_of(envelope_hash(time.to_bytes(8, "little"))), time + LIFETIME)
        assert len(seen) <= LIFETIME + 1
    seen.forget_before(20_000 + LIFETIME)
    assert len(seen) == 0
