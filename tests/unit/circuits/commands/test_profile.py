"""The profile of a proof: every phase beside a floor that the machine's own figures give."""

import pytest

from circuits.commands.bench import circuit
from circuits.commands.profile import Ceilings, Work, work_by_phase
from circuits.commands.text import profile_text
from circuits.stark.parameters import FAST
from circuits.stark.shape import shape_of


def test_every_phase_of_a_proof_has_its_work_counted() -> None:
    shape = shape_of(circuit(1 << 13), FAST)
    work = work_by_phase(shape)
    assert list(work) == ["main", "lookup", "quotient", "opening", "batch", "folds", "queries"]
    assert all(each.products or each.hashes for each in work.values())


def test_work_grows_with_the_rows() -> None:
    small, large = (work_by_phase(shape_of(circuit(1 << log2), FAST)) for log2 in (15, 16))
    for phase in ("main", "lookup", "quotient", "opening"):
        assert small[phase].products < large[phase].products
        assert small[phase].moved < large[phase].moved


def test_the_floor_is_the_larger_of_arithmetic_and_traffic() -> None:
    ceilings = Ceilings(products=10, hashes=5, moved=2)
    assert ceilings.floor_s(Work(10, 5, 2)) == pytest.approx(2)
    assert ceilings.floor_s(Work(10, 5, 8)) == pytest.approx(4)


def test_the_text_names_the_gap() -> None:
    phase = {
        "wall_s": 1.0,
        "cpu_s": 2.0,
        "system_s": 0.1,
        "products": 1e6,
        "permutations": 1e6,
        "bytes": 2**20,
        "floor_s": 0.5,
    }
    rates = ("products", "permutations", "bytes")
    record = {"phases": {"main": phase}, **{f"{rate}_per_cpu_second": 1e9 for rate in rates}}
    assert "4.0x" in profile_text(record)
    assert "1.500" in profile_text(record)
