"""The distinguisher on made-up notes: it finds what is there, and nothing where nothing is."""

from collections.abc import Sequence
from math import isclose, sqrt
from random import Random

import pytest

from sequencer.leak.advantage import QUANTILE, Advantage
from sequencer.leak.distinguisher import Verdict, distinguish, parts_of
from sequencer.leak.features import Noted
from sequencer.leak.table import KINDS_MAX, table_of

WORLDS = [0, 1] * 100


def verdict(notes: Sequence[dict[str, Noted]], seed: int = 1) -> Verdict:
    table = table_of(notes, WORLDS)
    return distinguish(table, parts_of(table, seed), seed)


def noise(random: Random) -> dict[str, Noted]:
    """Numbers, bits and texts that depend on no world."""
    numbers: dict[str, Noted] = {f"number{n}@1": random.randrange(2**31) for n in range(30)}
    bits: dict[str, Noted] = {f"bit{n}@2": random.randrange(2) for n in range(60)}
    return numbers | bits | {"text@1": random.choice("abc"), "unique@1": (random.random().hex(),)}


def noted(
    seed: int, world_says: str, tell: Sequence[Noted], truth: float
) -> list[dict[str, Noted]]:
    """Noise, and one thing more that says which world it is, so often."""
    random = Random(seed)
    return [
        noise(random) | {world_says: tell[world ^ (random.random() >= truth)]} for world in WORLDS
    ]


def test_noise_is_not_told_apart() -> None:
    coins = [verdict([noise(Random(1000 * seed + n)) for n in range(200)]) for seed in range(20)]
    assert all(each.advantage.is_none for each in coins)
    assert abs(sum(each.advantage.value for each in coins)) / len(coins) < 0.1


@pytest.mark.parametrize("tell", [(0, 1), ("x", "y"), ((1, 2), (2, 1)), (7, 2**40)])
def test_what_copies_the_world_is_always_found(tell: Sequence[Noted]) -> None:
    found = verdict(noted(3, "planted@2", tell, 1.0))
    assert (found.advantage.value, found.feature) == (1, "planted")
    assert found.rule.startswith("planted of batch 2")


def test_what_says_the_world_four_times_in_five_is_found_among_noise() -> None:
    for seed in range(10):
        found = verdict(noted(seed, "planted@1", (0, 1), 0.8), seed)
        assert found.feature == "planted" and not found.advantage.is_none
        low, high = found.advantage.interval
        assert low < 0.6 < high


def test_a_shift_of_numbers_that_never_come_twice_is_found_by_a_threshold() -> None:
    random = Random(5)
    notes = [noise(random) | {"shifted@1": random.gauss(0, 1e6).__int__()} for _ in WORLDS]
    for world, each in zip(WORLDS, notes, strict=True):
        each["shifted@1"] = int(str(each["shifted@1"])) + 4_000_000 * world
    found = verdict(notes)
    assert found.feature == "shifted" and found.advantage.value > 0.85


def test_many_weak_hints_are_found_together() -> None:
    """None of forty bits says much: each is right in three of five."""
    random = Random(6)
    notes: list[dict[str, Noted]] = [
        {f"hint{n}@1": world ^ (random.random() >= 0.6) for n in range(40)} for world in WORLDS
    ]
    found = verdict(notes)
    assert found.rule.endswith("over all") and found.advantage.value > 0.5


def test_runs_that_are_all_alike_leave_a_coin() -> None:
    found = verdict([{"same@1": 5, "also@2": (1, "a")} for _ in WORLDS])
    assert found.feature is None and found.advantage.is_none and found.advantage.asked == 100


def test_the_runs_asked_about_are_none_that_were_told() -> None:
    table = table_of([{"number@1": n} for n in range(200)], WORLDS)
    parts = parts_of(table, 4)
    asked, told = set(parts.ask.tolist()), set(parts.told.tolist())
    assert not asked & told and len(asked) == 100 and len(told) == 100
    assert sum(int(table.worlds[row]) for row in asked) == 50
    assert parts_of(table, 5).ask.tolist() != parts.ask.tolist()


def test_a_tuple_is_looked_at_whole_and_place_by_place() -> None:
    notes: list[dict[str, Noted]] = [{"pair@3": (n, 1)} for n in range(199)] + [{"pair@3": (3,)}]
    columns = table_of(notes, WORLDS).columns
    assert [each.name for each in columns] == [
        "pair of batch 3",
        "pair of batch 3, place 0",
        "pair of batch 3, place 1",
    ]
    assert {each.feature for each in columns} == {"pair"}
    assert columns[0].numbers is None and columns[1].numbers is not None
    assert int(columns[1].kinds.max()) < KINDS_MAX


@pytest.mark.parametrize(("right", "asked"), [(0, 10), (5, 10), (10, 10), (61, 100), (400, 700)])
def test_wilsons_interval_ends_where_the_share_is_z_deviations_away(right: int, asked: int) -> None:
    """Its definition: ends are the p with |s - p| = z sqrt(p (1 - p) / n)."""
    low, high = Advantage(right, asked).interval
    assert -1 <= low <= Advantage(right, asked).value <= high <= 1
    for end in (low, high):
        p = (end + 1) / 2
        away = abs(right / asked - p)
        assert isclose(away, QUANTILE * sqrt(p * (1 - p) / asked), abs_tol=1e-12)


def test_an_interval_holds_a_coin_as_often_as_it_says() -> None:
    random = Random(9)
    coins = [sum(random.random() < 0.5 for _ in range(200)) for _ in range(4000)]
    missed = sum(not Advantage(right, 200).is_none for right in coins)
    assert missed <= 14  # 4 are expected of a thousandth each; 15 or more come once in 20,000
    assert not Advantage(20, 20).is_none and not Advantage(0, 20).is_none
