"""The signature kernels against their plain twins, every intermediate value included."""

import random

import numpy as np
import pytest

from rollup.crypto import batched, curve, kernels, schnorr, septic_kernels
from rollup.crypto.curve import Point
from rollup.crypto.schnorr import SecretKey, Signature
from rollup.field import septic
from rollup.field.koalabear import P
from rollup.hash.poseidon import Digest
from tests.helpers.points import beside

EDGES = [0, 1, 2, P - 1, P - 2, 1 << 24, (1 << 24) - 1]


def random_element(generator: random.Random) -> septic.Element:
    return septic.element(
        [
            generator.choice(EDGES) if generator.random() < 0.3 else generator.randrange(P)
            for _ in range(7)
        ]
    )


def rows_of(values: list[tuple[int, ...]]) -> np.ndarray:
    return np.array(values, dtype=np.uint32)


def test_products_match_the_reference_at_the_edges() -> None:
    generator = random.Random(3)
    top = (P - 1,) * 7
    a = [top, top, (0,) * 7] + [random_element(generator) for _ in range(298)]
    b = [top, (1,) * 7, top] + [random_element(generator) for _ in range(298)]
    found = kernels.multiply_elements(rows_of(a), rows_of(b))
    assert [tuple(row) for row in found.tolist()] == list(map(septic.multiply, a, b))


@pytest.mark.parametrize("count", [1, 16, 100])
def test_inverses_match_the_reference_and_zeros_mark_their_lane(count: int) -> None:
    generator = random.Random(count)
    values = [random_element(generator) for _ in range(count)]
    values[count // 2] = septic.ZERO
    planes = septic_kernels.enter(rows_of(values))
    marks = np.zeros(planes.shape[1], dtype=np.uint32)
    septic_kernels.invert_lanes(planes, np.zeros_like(planes), marks)
    septic_kernels.leave(planes)
    expected = [septic.inverse(a) if any(a) else septic.ZERO for a in values]
    assert [tuple(row) for row in planes.T[:count].tolist()] == expected
    assert marks[:count].tolist() == [int(not any(a)) for a in values]


def points_of(lanes: kernels.Lanes) -> list[list[int]]:
    point = lanes.point.copy()
    septic_kernels.leave(point)
    return point.T.tolist()


def test_lanes_add_double_and_mark_exceptions() -> None:
    g, d = curve.GENERATOR, curve.double(curve.GENERATOR)
    lanes = kernels.Lanes.start(
        septic_kernels.enter(np.array([kernels.words(p) for p in (d, g, g, g, g)]))
    )
    others = (g, g, curve.negate(g), beside(g, 1), beside(g, 2))
    lanes.add(septic_kernels.enter(np.array([kernels.words(p) for p in others])))
    assert lanes.exceptional[:5].tolist() == [0, 1, 1, 0, 1]
    assert points_of(lanes)[0] == [*curve.add(d, g).x, *curve.add(d, g).y]
    run, inverses = septic.subtract(g.x, d.x), lanes.inverses.copy()
    septic_kernels.leave(inverses)
    assert septic.multiply(tuple(inverses[:, 0].tolist()), run) == septic.ONE
    assert not inverses[:, 1:3].any()
    lanes = kernels.Lanes.start_alike(kernels.words(g), 32)
    lanes.double()
    assert points_of(lanes) == [[*d.x, *d.y]] * 32
    assert not lanes.exceptional.any()


def test_the_base_table_is_the_references() -> None:
    table = kernels.base_table()
    expected = [[(*p.x, *p.y) for p in window] for window in schnorr.comb_table()]
    assert np.array_equal(table, np.array(expected, dtype=np.uint32))


def test_multiples_of_the_generator_are_the_references() -> None:
    scalars = [1, 2, 255, 256, curve.ORDER - 1, 1 << 200]
    found = batched.multiples_of_generator(scalars)
    assert found == [curve.multiply(scalar, curve.GENERATOR) for scalar in scalars]
    for scalar in (0, curve.ORDER):
        with pytest.raises(ValueError, match=r"1\.\.N-1"):
            batched.multiples_of_generator([scalar])
    zero = np.zeros((1, 28), dtype=np.uint8)
    assert not kernels.multiply_generator(zero).any()


SECRETS = [SecretKey(10**20 + i) for i in range(5)]
MESSAGES: list[Digest] = [(i, 2, 3, 4, 5, 6, 7, 8) for i in range(5)]
ENTROPY = bytes(32)


def signed() -> list[Signature]:
    return batched.sign_many(SECRETS, MESSAGES, [ENTROPY] * 5)


def test_signatures_are_the_references() -> None:
    twins = [schnorr.sign(k, m, ENTROPY) for k, m in zip(SECRETS, MESSAGES, strict=True)]
    assert signed() == twins
    assert batched.sign(SECRETS[0], MESSAGES[0], ENTROPY) == twins[0]
    assert batched.sign_many([], []) == []


def test_verdicts_are_the_references() -> None:
    generator = random.Random(5)
    cases: list[tuple[Point, Digest, bytes]] = []
    for secret, message, signature in zip(SECRETS, MESSAGES, signed(), strict=True):
        key, data = secret.public, signature.to_bytes()
        cases.append((key, message, data))
        cases.append((key, MESSAGES[0][::-1], data))
        cases.append((SECRETS[0].public, message, data))
        flipped = bytearray(data)
        flipped[generator.randrange(84)] ^= 1 << generator.randrange(8)
        cases.append((key, message, bytes(flipped)))
        cases.append((Point(key.x, (key.y[0] ^ 1, *key.y[1:])), message, data))
        cases.append((Point((P, *key.x[1:]), key.y), message, data))
        cases.append((key, message, data[:-1]))
        cases.append((curve.WINDOW_OFFSET, message, data))
    answers = batched.verify_many(*map(list, zip(*cases, strict=True)))
    assert answers == [reference(*case) for case in cases]
    assert sum(answers) == 6  # the five, and the first again under its own key
    assert batched.verify(*cases[0])
    assert batched.verify_many([], [], []) == []
    with pytest.raises(ValueError, match="1, 0 and 0"):
        batched.verify_many([SECRETS[0].public], [], [])


def reference(key: Point, message: Digest, data: bytes) -> bool:
    try:
        return schnorr.verify(key, message, Signature.from_bytes(data))
    except schnorr.MalformedSignature:
        return False


def test_the_trace_passes_through_the_references_points() -> None:
    secret, message, signature = SECRETS[1], MESSAGES[1], signed()[1]
    parts = schnorr.challenge_parts(schnorr.challenge_digest(signature.r, secret.public, message))
    trace = kernels.trace_many(
        kernels.words(secret.public)[None],
        kernels.words(signature.r)[None],
        np.array([schnorr.response_bytes(signature.s)], dtype=np.uint8),
        np.array([parts], dtype=np.uint32),
    )
    table = schnorr.ladder_table(secret.public)
    assert [tuple(e) for e in trace.entries[0].tolist()] == [(*p.x, *p.y) for p in table]
    total = curve.LADDER_START
    for step, digit in enumerate(schnorr.challenge_digits(schnorr.join_parts(parts))):
        row = trace.ladder[0, step].tolist()
        once = curve.double(total)
        twice = curve.double(once)
        assert tuple(row[:14]) == (*total.x, *total.y)
        assert tuple(row[kernels.LADDER_X_1 :][:7]) == once.x
        assert tuple(row[kernels.LADDER_X_2 :][:7]) == twice.x
        assert tuple(row[kernels.LADDER_ENTRY :][:14]) == (*table[digit].x, *table[digit].y)
        run = septic.subtract(table[digit].x, twice.x)
        slope = septic.multiply(septic.subtract(table[digit].y, twice.y), septic.inverse(run))
        assert tuple(row[kernels.LADDER_SLOPE_3 :][:7]) == slope
        total = curve.add(twice, table[digit])
    assert tuple(trace.ladder[0, 60, :14].tolist()) == (*total.x, *total.y)
    end = schnorr.comb(signature.s)
    assert tuple(trace.comb[0, 28, :14].tolist()) == (*end.x, *end.y)
    assert tuple(trace.total[0].tolist()) == (*end.x, *end.y)
    assert trace.exceptional.tolist() == [0]


def test_a_walk_in_one_kernel_ends_where_the_traced_one_does() -> None:
    """Entries off the curve, and one that the first step meets: the same end, the same marks. The
    traced walk is Python over additions and doublings."""
    generator = random.Random(11)
    keys = [(*random_element(generator), *random_element(generator)) for _ in range(20)]
    entries, _ = kernels._window_table(septic_kernels.enter(rows_of(keys)), None)
    lanes = entries.shape[2]
    met = kernels.Lanes.start_alike(kernels.LADDER_START, lanes)
    met.double()
    met.double()
    entries[:, :, 5] = met.point[:, 5]
    digits = np.array(
        [[generator.randrange(4) for _ in range(curve.DIGITS)] for _ in range(lanes)], np.uint8
    )
    found, traced = (kernels._ladder(entries, digits, rows) for rows in (None, []))
    assert all(np.array_equal(one, two) for one, two in zip(found, traced, strict=True))
    assert found[1][5] == 1 and found[1].sum() < lanes
    response = np.array(
        [[generator.randrange(256) for _ in range(curve.BYTES)] for _ in range(lanes)], np.uint8
    )
    found, traced = (kernels._comb(response, rows) for rows in (None, []))
    assert all(np.array_equal(one, two) for one, two in zip(found, traced, strict=True))


def test_generated_secrets_know_their_public_points() -> None:
    for secret in batched.generate_secrets(3):
        assert secret.public == curve.multiply(secret.reveal(), curve.GENERATOR)
