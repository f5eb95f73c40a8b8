"""What a verifier of openings, work and folds refuses, in plain integers."""

import pytest

from circuits.pcs.fold import fold_values
from circuits.pcs.grinding import NONCE_LIMIT, check_grinding
from circuits.pcs.merkle_verify import NODE_TAG, leaf_digest, leaf_tag, node, opening_root
from circuits.poly.reference import evaluate
from rollup.field import extension
from rollup.field.koalabear import P, omega
from rollup.hash.keccak import keccak256
from tests.helpers.fields import random_element

LAYOUT = (2, 3, 32)
SHORT = (2, 3, 26)
ROW = (3, 4, 5)
SALT = bytes(range(16))
PATH = (bytes(32), bytes([7]) * 32)
SHORT_PATH = tuple(digest[:26] for digest in PATH)
HONEST = {"layout": LAYOUT, "index": 1, "row": ROW, "salt": SALT, "path": PATH}


def test_a_leaf_is_its_tag_its_row_its_salt() -> None:
    row = bytes([3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0])
    assert leaf_digest(2, ROW, SALT) == keccak256(leaf_tag(2, True) + row + SALT)
    assert leaf_digest(2, ROW, b"") == keccak256(leaf_tag(2, False) + row)
    assert leaf_digest(2, ROW[:2], b"") == keccak256(leaf_tag(2, False) + row[:8])
    assert leaf_digest(2, ROW, SALT, 26) == leaf_digest(2, ROW, SALT)[:26]


def test_a_node_of_cut_digests_has_them_in_places_of_32_bytes() -> None:
    left, right = (keccak256(side)[:26] for side in (b"left", b"right"))
    gap = bytes(6)
    assert node(left, right) == keccak256(NODE_TAG + left + gap + right + gap)[:26]
    whole = [digest + gap for digest in (left, right)]
    assert node(*whole) == keccak256(NODE_TAG + b"".join(whole))
    assert node(left, right) != node(right, left)


@pytest.mark.parametrize(("layout", "path"), [(LAYOUT, PATH), (SHORT, SHORT_PATH)])
def test_a_path_climbs_left_and_right(
    layout: tuple[int, int, int], path: tuple[bytes, ...]
) -> None:
    leaf = leaf_digest(2, ROW, SALT, layout[2])
    expected = node(path[1], node(leaf, path[0]))
    assert len(expected) == layout[2]
    assert opening_root(layout, 2, ROW, SALT, path) == expected
    assert opening_root(layout, 2, ROW, SALT, path[:1]) == node(leaf, path[0])


def test_no_two_kinds_of_input_start_alike() -> None:
    tags = {leaf_tag(depth, salted) for depth in range(25) for salted in (False, True)}
    assert len(tags) == 50
    assert NODE_TAG not in tags
    assert {len(tag) for tag in tags} == {len(NODE_TAG)}


@pytest.mark.parametrize(
    "change",
    [
        {"index": -1},
        {"index": 4},
        {"row": (3, 4)},
        {"row": (3, 4, 5, 0)},
        {"row": (3, P, 5)},
        {"row": (3, -1, 5)},
        {"salt": bytes(15)},
        {"path": (bytes(31), bytes(32))},
        {"path": SHORT_PATH},
        {"path": (*PATH, bytes(32))},
        {"layout": SHORT},
        {"layout": (2, 4, 32)},
        {"layout": (1, 3, 32)},
    ],
)
def test_openings_of_another_shape_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        opening_root(**{**HONEST, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [{"index": 0}, {"row": (4, 3, 5)}, {"salt": bytes(16)}, {"salt": b""}, {"path": PATH[::-1]}],
)
def test_another_opening_has_another_root(change: dict[str, object]) -> None:
    forged = {**HONEST, **change}
    assert opening_root(**HONEST) != opening_root(**forged)  # type: ignore[arg-type]


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
