"""No generation twice: in one run, over restarts, after a lost file, beside another program."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.codec.strict import CodecError
from sequencer.client.errors import AccountBusy, NoFreeSlot
from sequencer.client.generations import BEGINNING_S, FileStore
from sequencer.client.slots import (
    BLOCK,
    GENERATION_END,
    SLOTS,
    ForgetfulStore,
    Key,
    Slots,
)

steps = st.lists(
    st.one_of(
        st.just(("take", 0, 0)),
        st.just(("restart", 0, 0)),
        st.tuples(
            st.sampled_from(["release", "hold", "learn", "skip"]),
            st.integers(0, 40),
            st.integers(1, 3_000),
        ),
    ),
    max_size=200,
)


class CrashedStore(ForgetfulStore):
    """Keeps what was reserved, and forgets everything else, as a disk does."""


@given(steps)
def test_no_generation_is_taken_twice_whatever_is_released_learnt_or_crashes(
    actions: list[tuple[str, int, int]],
) -> None:
    store = CrashedStore()
    slots, taken, seen = Slots(store), [], set()
    for name, number, generation in actions:
        if name == "take" and slots.free:
            key = slots.take()
            assert key not in seen
            seen.add(key)
            taken.append(key)
        elif name == "restart":
            slots = Slots(store)
        elif name == "release" and taken:
            slots.release(taken[number % len(taken)])
        elif name == "hold":
            slots.hold((number, generation))
        elif name == "learn":
            slots.learn((number, generation))
        elif name == "skip":
            slots.skip((number, generation))


@given(st.lists(st.integers(0, SLOTS - 1), max_size=300))
def test_two_orders_never_have_one_slot(releases: list[int]) -> None:
    slots, living = Slots(ForgetfulStore()), {}
    for release in releases:
        while slots.free and len(living) < 40:
            slot, generation = slots.take()
            assert slot not in living
            living[slot] = generation
        for old in (0, living.get(release, 0)):  # one that is gone long ago, and the one there
            slots.release((release, old))
        living.pop(release, None)


def test_a_late_word_about_an_old_order_frees_no_slot_of_a_new_one() -> None:
    slots = Slots(ForgetfulStore())
    first = slots.take()
    slots.release(first)
    keys = [slots.take() for _ in range(SLOTS)]
    again = next(key for key in keys if key[0] == first[0])
    slots.release(first)
    assert again != first and slots.free == 0


def test_256_orders_can_live_and_no_more() -> None:
    slots = Slots(ForgetfulStore())
    keys = {slots.take() for _ in range(SLOTS)}
    assert {slot for slot, _ in keys} == set(range(SLOTS))
    with pytest.raises(NoFreeSlot):
        slots.take()


def test_a_generation_that_the_venue_knows_is_not_taken() -> None:
    slots = Slots(ForgetfulStore())
    slots.learn((0, 70))
    assert slots.take() == (0, 71)


def test_a_slot_whose_generations_are_used_up_is_never_used_again() -> None:
    slots = Slots(ForgetfulStore(GENERATION_END - 1))
    keys: list[Key] = []
    with pytest.raises(NoFreeSlot):
        while True:
            keys.append(slots.take())
            slots.release(keys[-1])
    assert {generation for _, generation in keys} == {GENERATION_END - 1}
    assert len(keys) == SLOTS


def test_generations_are_reserved_before_the_first_is_used() -> None:
    store = ForgetfulStore()
    slots = Slots(store)
    for _ in range(3 * SLOTS):
        _, generation = slots.take()
        assert generation < store.first_free()
        slots.release((_, generation))


def test_nothing_is_taken_if_nothing_could_be_written(tmp_path: Path) -> None:
    class Full(ForgetfulStore):
        def reserve(self, end: int) -> None:
            raise OSError(28, "No space left on device")

    slots = Slots(Full())
    with pytest.raises(OSError):
        slots.take()


def test_a_restart_begins_above_everything_that_may_have_been_used(tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    store = FileStore(file)
    _, before = Slots(store).take()
    store.close()
    again = FileStore(file)
    _, after = Slots(again).take()
    again.close()
    assert after == before + BLOCK
    assert (tmp_path / "account.json.generations").stat().st_mode & 0o777 == 0o600


def test_without_a_file_it_begins_at_the_minutes_since_2026(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "account.json", clock=lambda: BEGINNING_S + 3_600)
    assert store.first_free() == 60
    store.close()
    early = FileStore(tmp_path / "other.json", clock=lambda: 0)
    assert early.first_free() == 1
    early.close()


def test_two_programs_do_not_trade_with_one_account(tmp_path: Path) -> None:
    one, other = FileStore(tmp_path / "a"), FileStore(tmp_path / "a")
    one.first_free()
    with pytest.raises(AccountBusy):
        other.first_free()
    one.close()
    other.first_free()
    other.close()


@pytest.mark.parametrize(
    "data", [b"", b"-1\n", b"0\n", b"9" * 30, b"1 2", b"\xff\n", b"99999999\n"]
)
def test_a_damaged_file_of_generations_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.generations").write_bytes(data)
    store = FileStore(tmp_path / "a")
    with pytest.raises(CodecError, match="generations"):
        store.first_free()
    store.close()
