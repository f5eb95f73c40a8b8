"""What a verifier of openings, work and folds refuses, in plain integers."""

import pytest

from circuits.pcs.fold import fold_values
from circuits.pcs.grinding import NONCE_LIMIT, check_grinding
from circuits.pcs.merkle_verify import NODE_TAG, leaf_digest, link_tag, node, opening_root
from circuits.poly.reference import evaluate
from rollup.field import extension
from rollup.field.koalabear import P, omega
from rollup.hash.keccak import keccak256
from tests.helpers.fields import random_element

LAYOUT = [(1, 2), (2, 3)]
ROWS = ((1, 2), (3, 4, 5))
SALT = bytes(range(16))
PATH = (bytes(32), bytes([7]) * 32)


def test_a_leaf_is_a_chain_over_sizes() -> None:
    first = keccak256(link_tag(1, False, False) + bytes([1, 0, 0, 0, 2, 0, 0, 0]))
    last = bytes([3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0])
    expected = keccak256(link_tag(2, True, True) + first + last + SALT)
    assert leaf_digest(LAYOUT, ROWS, SALT) == expected


def test_a_path_climbs_left_and_right() -> None:
    leaf = leaf_digest(LAYOUT, ROWS, SALT)
    expected = node(PATH[1], node(leaf, PATH[0]))
    assert opening_root(LAYOUT, 2, ROWS, SALT, PATH) == expected
    assert opening_root(LAYOUT, 2, ROWS, SALT, PATH[:1]) == node(leaf, PATH[0])


def test_no_two_kinds_of_input_start_alike() -> None:
    tags = {link_tag(size, p, s) for size in range(25) for p in (0, 1) for s in (0, 1)}
    assert len(tags) == 100
    assert NODE_TAG not in tags
    assert {len(tag) for tag in tags} == {len(NODE_TAG)}


@pytest.mark.parametrize(
    "change",
    [
        {"index": -1},
        {"index": 4},
        {"rows": ((1, 2),)},
        {"rows": ((1, 2), (3, 4))},
        {"rows": ((1, P), (3, 4, 5))},
        {"rows": ((1, -1), (3, 4, 5))},
        {"salt": bytes(15)},
        {"path": (bytes(31), bytes(32))},
        {"path": (*PATH, bytes(32))},
    ],
)
def test_openings_of_another_shape_are_refused(change: dict[str, object]) -> None:
    arguments = {"layout": LAYOUT, "index": 1, "rows": ROWS, "salt": SALT, "path": PATH, **change}
    with pytest.raises(ValueError):
        opening_root(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [{"index": 0}, {"rows": ((1, 3), (3, 4, 5))}, {"salt": bytes(16)}, {"path": PATH[::-1]}],
)
def test_another_opening_has_another_root(change: dict[str, object]) -> None:
    honest = {"layout": LAYOUT, "index": 1, "rows": ROWS, "salt": SALT, "path": PATH}
    forged = {**honest, **change}
    assert opening_root(**honest) != opening_root(**forged)  # type: ignore[arg-type]


def test_work_is_checked_bit_by_bit() -> None:
    state = keccak256(b"work")
    nonces = [nonce for nonce in range(4096) if check_grinding(state, 8, nonce)]
    assert 4 <= len(nonces) <= 36
    digest = keccak256(b"grinding" + state + nonces[0].to_bytes(8, "little"))
    assert digest[0] == 0
    assert check_grinding(state, 0, 0)
    assert not check_grinding(state, 0, NONCE_LIMIT)
    assert not check_grinding(state, 0, -1)
    with pytest.raises(ValueError, match="32 bytes"):
        check_grinding(b"", 0, 0)


def test_a_fold_is_the_combination_of_the_eighth_parts() -> None:
    coefficients = [random_element(k) for k in range(24)]
    x, challenge = 12345, random_element(99)
    values = [
        evaluate(coefficients, extension.embed(x * pow(omega(3), j, P) % P)) for j in range(8)
    ]
    folded = []
    for start in range(0, 24, 8):
        total = extension.ZERO
        for coefficient in reversed(coefficients[start : start + 8]):
            total = extension.add(extension.multiply(total, challenge), coefficient)
        folded.append(total)
    expected = evaluate(folded, extension.embed(pow(x, 8, P)))
    assert fold_values(values, x, challenge) == expected
    with pytest.raises(ValueError, match="8 values"):
        fold_values(values[:7], x, challenge)
