"""Pins: each member pins, names do not, and no two sets of members have one digest."""

from dataclasses import replace

import pytest

from circuits.stark.parameters import FAST
from circuits.statement.pinned import pinned_key
from circuits.verify import StarkVerifier, pins_of
from rollup.ports import Pins, pins_digest
from rollup.protocol.shape_class import CLASS_M, CLASS_S

KEY = pinned_key(CLASS_S)
PINS = pins_of(KEY, FAST, CLASS_S)


def test_a_verifier_is_for_what_its_package_pins() -> None:
    assert StarkVerifier("fast", "S").pins == PINS
    assert PINS.circuit == KEY.circuit_digest and PINS.fixed_root == KEY.fixed_roots["fast"]


@pytest.mark.parametrize(
    "changes",
    [
        {"log2_blowup": 3},
        {"queries": 82},
        {"grinding_query": 19},
        {"grinding_batch": 15},
        {"grinding_fold": 9},
        {"salt_bytes": 15},
    ],
)
def test_two_parameter_sets_of_one_name_have_different_pins(changes: dict[str, int]) -> None:
    other = pins_of(KEY, replace(FAST, **changes), CLASS_S)  # type: ignore[arg-type]
    assert other != PINS and other.digest() != PINS.digest()
    assert other.parameter_set == PINS.parameter_set


def test_other_fixed_columns_under_one_circuit_digest_have_different_pins() -> None:
    bent = replace(KEY, fixed_roots={**KEY.fixed_roots, "fast": bytes(32)})
    other = pins_of(bent, FAST, CLASS_S)
    assert other.circuit == PINS.circuit
    assert other != PINS and other.digest() != PINS.digest()


def test_two_shape_classes_of_one_name_have_different_pins() -> None:
    for changes in ({"trades": 129}, {"orders": 255}, {"accounts": 513}):
        other = pins_of(KEY, FAST, replace(CLASS_S, **changes))  # type: ignore[arg-type]
        assert other.shape_class == "S"
        assert other != PINS and other.digest() != PINS.digest()
    assert StarkVerifier("fast", "M").pins.shape == CLASS_M.encode()


def test_every_pair_of_set_and_class_has_pins_of_its_own() -> None:
    found = {StarkVerifier(name, each).pins.digest() for name in KEY.fixed_roots for each in "SM"}
    assert len(found) == 2 * len(KEY.fixed_roots)


def test_the_name_of_a_parameter_set_pins_nothing() -> None:
    renamed = replace(PINS, parameter_set="another")
    assert renamed == PINS and renamed.digest() == PINS.digest()


def test_the_name_of_a_class_pins_since_public_inputs_name_it() -> None:
    renamed = replace(PINS, shape_class="another")
    assert renamed != PINS and renamed.digest() != PINS.digest()


def test_pins_of_several_classes_have_one_digest() -> None:
    small, refreshing = (StarkVerifier("fast", name).pins for name in "SR")
    found = [(small,), (refreshing,), (refreshing, small), (small, refreshing), (small, small)]
    digests = {pins_digest(each) for each in found} | {small.digest(), refreshing.digest()}
    assert len(digests) == len(found) + 2


def test_bytes_moved_from_one_member_to_the_next_are_other_pins() -> None:
    moved = Pins(b"a", b"bc", b"d", b"", "fast", "S"), Pins(b"ab", b"c", b"", b"d", "fast", "S")
    assert moved[0].digest() != moved[1].digest()
