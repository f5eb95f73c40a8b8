"""The transcript: deterministic, bound to every byte and label, uniform where it must be."""

from circuits.pcs.transcript import Transcript
from rollup.field import extension


def fresh() -> Transcript:
    return Transcript("test")


def test_same_steps_give_the_same_challenges() -> None:
    drawn = []
    for _ in range(2):
        transcript = fresh()
        transcript.absorb("a", b"data")
        drawn.append((transcript.challenge("c"), transcript.indices("i", 10, 5), transcript.state))
    assert drawn[0] == drawn[1]


def test_every_difference_moves_the_state() -> None:
    states = set()
    for protocol, label, data in (
        ("test", "a", b"data"),
        ("other", "a", b"data"),
        ("test", "b", b"data"),
        ("test", "a", b"dato"),
        ("test", "a", b"data\x00"),
        ("test", "ad", b"ata"),
    ):
        transcript = Transcript(protocol)
        transcript.absorb(label, data)
        states.add(transcript.state)
    assert len(states) == 6


def test_a_challenge_moves_the_state_and_absorbing_does_not_equal_drawing() -> None:
    drawn, absorbed = fresh(), fresh()
    first = drawn.challenge("x")
    assert drawn.challenge("x") != first
    absorbed.absorb("x", b"")
    assert absorbed.state != fresh().state != drawn.state


def test_challenges_are_canonical_and_outside_the_base_field_when_asked() -> None:
    transcript = fresh()
    for _ in range(50):
        assert extension.is_canonical(transcript.challenge("c"))
        assert any(transcript.challenge_outside_base_field("z")[1:])


def test_indices_are_in_range_and_spread() -> None:
    drawn = fresh().indices("i", 3, 4000)
    assert len(drawn) == 4000
    counts = [drawn.count(value) for value in range(8)]
    assert sum(counts) == 4000
    assert all(380 < count < 630 for count in counts)
