"""The state hash and Keccak in plain integers."""

import pytest

from rollup.field.koalabear import P
from rollup.hash import constants, poseidon, sparse
from rollup.hash.keccak import keccak256

DIGEST = tuple(range(8))


def test_the_published_vector_comes_out() -> None:
    assert poseidon.permute(constants.VECTOR_INPUT) == constants.VECTOR_OUTPUT


def test_the_matrix_is_circulant_and_has_no_zero() -> None:
    for row in range(constants.WIDTH):
        assert poseidon.MDS_ROWS[row][0] == constants.MDS_FIRST_COLUMN[row]
        assert poseidon.MDS_ROWS[row][row] == constants.MDS_FIRST_COLUMN[0]
    assert all(all(row) for row in poseidon.MDS_ROWS)


def test_compression_feeds_its_input_forward() -> None:
    image = poseidon.permute((*DIGEST, *DIGEST))
    expected = tuple((image[i] + DIGEST[i]) % P for i in range(8))
    assert poseidon.compress(DIGEST, DIGEST) == expected


def test_a_chain_binds_type_length_and_version() -> None:
    start = (5, 2, poseidon.HASH_VERSION, 0, 0, 0, 0, 0)
    blocks = [DIGEST, DIGEST[::-1]]
    by_hand = poseidon.compress(poseidon.compress(start, blocks[0]), blocks[1])
    assert poseidon.chain(5, blocks) == by_hand
    others = {poseidon.chain(4, blocks), poseidon.chain(5, blocks[:1]), poseidon.chain(5, [])}
    assert by_hand not in others


def test_states_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="16 elements"):
        poseidon.permute(range(15))
    with pytest.raises(ValueError, match="two digests"):
        poseidon.compress(DIGEST, DIGEST[:7])


def full_round(state: list[int], added: tuple[int, ...]) -> list[int]:
    cubed = [pow(s + c, 3, P) for s, c in zip(state, added, strict=True)]
    return [sum(m * s for m, s in zip(row, cubed, strict=True)) % P for row in poseidon.MDS_ROWS]


def test_sparse_partial_rounds_leave_the_permutation_as_it_is() -> None:
    rounds = sparse.sparse_rounds()
    state = list(constants.VECTOR_INPUT)
    for published in constants.ROUND_CONSTANTS[:4]:
        state = full_round(state, published)
    for r in range(constants.PARTIAL_ROUNDS):
        u = pow(state[0] + rounds.constants[r], 3, P)
        first = sparse.CORNER * u + sum(
            a * b for a, b in zip(rounds.rows[r], state[1:], strict=True)
        )
        rest = [(x + c * u) % P for x, c in zip(state[1:], rounds.columns[r], strict=True)]
        state = [first % P, *rest]
    last = [sum(a * b for a, b in zip(row, state[1:], strict=True)) % P for row in rounds.last]
    state = full_round([state[0], *last], rounds.next_constants)
    for published in constants.ROUND_CONSTANTS[25:]:
        state = full_round(state, published)
    assert tuple(state) == constants.VECTOR_OUTPUT


def test_keccak_pads_as_ethereum_does() -> None:
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak256(b"").hex() == empty
