"""When L1 held and proved a batch: what was seen, and nothing that was not."""

from sequencer.api.milestones import KEPT, Milestones, Times


def test_a_time_is_that_of_the_first_look_that_saw_it() -> None:
    found = Milestones(0, 0)
    found.see(100, 0, 0)
    found.see(200, 2, 0)
    found.see(300, 2, 1)
    found.see(400, 3, 1)
    assert found.of(1) == Times(200, 300)
    assert found.of(2) == Times(200, None)
    assert found.of(3) == Times(400, None)
    assert found.of(4) == Times()


def test_what_was_so_before_the_first_look_has_no_time() -> None:
    found = Milestones(7, 5)
    found.see(100, 8, 6)
    assert found.of(5) == Times()
    assert found.of(6) == Times(None, 100)
    assert found.of(7) == Times()
    assert found.of(8) == Times(100, None)


def test_what_l1_forgot_is_forgotten_and_seen_anew() -> None:
    found = Milestones(0, 0)
    found.see(100, 3, 2)
    found.see(200, 1, 1)
    assert found.of(1) == Times(100, 100)
    assert found.of(2) == found.of(3) == Times()
    found.see(300, 2, 1)
    assert found.of(2) == Times(300, None)


def test_memory_is_bounded_however_far_l1_is() -> None:
    found = Milestones(0, 0)
    found.see(100, 10 * KEPT, 10 * KEPT)
    assert found.of(9 * KEPT) == Times()
    assert found.of(9 * KEPT + 1) == found.of(10 * KEPT) == Times(100, 100)
    found.see(200, 10 * KEPT + 1, 10 * KEPT)
    assert found.of(9 * KEPT + 1) == Times(None, 100)
