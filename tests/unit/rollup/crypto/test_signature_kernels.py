"""The signature kernels against their plain twins, every intermediate value included."""

import random
from itertools import pairwise

import numpy as np
import pytest

from rollup.crypto import batched, curve, kernels, schnorr, septic_kernels
from rollup.crypto.curve import Point
from rollup.crypto.lanes import Lanes
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


def points_of(lanes: Lanes) -> list[list[int]]:
    point = lanes.point.copy()
    septic_kernels.leave(point)
    return point.T.tolist()


def test_lanes_add_double_and_mark_exceptions() -> None:
    g, d = curve.GENERATOR, curve.double(curve.GENERATOR)
    lanes = Lanes.start(septic_kernels.enter(np.array([kernels.words(p) for p in (d, g, g, g, g)])))
    others = (g, g, curve.negate(g), beside(g, 1), beside(g, 2))
    lanes.add(septic_kernels.enter(np.array([kernels.words(p) for p in others])))
    assert lanes.exceptional[:5].tolist() == [0, 1, 1, 0, 1]
    assert points_of(lanes)[0] == [*curve.add(d, g).x, *curve.add(d, g).y]
    run, inverses = septic.subtract(g.x, d.x), lanes.inverses.copy()
    septic_kernels.leave(inverses)
    assert septic.multiply(tuple(inverses[:, 0].tolist()), run) == septic.ONE
    assert not inverses[:, 1:3].any()
    lanes = Lanes.start_alike(kernels.words(g), 32)
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
        np.array([schnorr.response_bytes(signature.s)], dtype=np.uint8),
        np.array([parts], dtype=np.uint32),
    )
    table = schnorr.ladder_table(secret.public)
    minus = curve.negate(secret.public)
    for step, (before, entry) in enumerate(pairwise(table)):
        assert tuple(trace.table[0, step].tolist()) == added(before, minus, entry)
    digits = iter(schnorr.challenge_digits(schnorr.join_parts(parts)))
    total, rows = curve.LADDER_START, iter(trace.digits[0].tolist())
    sums = iter(trace.octets[0].tolist())
    for octets in schnorr.round_bytes(signature.s):
        for _ in range(curve.ROUND_DIGITS):
            row = next(rows)
            for at in range(0, kernels.DIGIT_ADDITION, kernels.DOUBLING_WORDS):
                total = curve.double(total)
                assert tuple(row[at + 7 : at + 21]) == (*total.x, *total.y)
            before, entry = total, table[next(digits)]
            total = curve.add(total, entry)
            assert tuple(row[kernels.DIGIT_ADDITION :]) == added(before, entry, total)
        for window, octet in zip(curve.LADDER_WINDOWS, octets, strict=True):
            before, entry = total, schnorr.comb_table()[window][octet]
            total = curve.add(total, entry)
            assert tuple(next(sums)) == added(before, entry, total)
    assert total == signature.r and tuple(trace.end[0].tolist()) == (*total.x, *total.y)
    assert trace.exceptional.tolist() == [0]


def added(left: Point, right: Point, total: Point) -> tuple[int, ...]:
    """The words of an addition."""
    run, rise = septic.subtract(right.x, left.x), septic.subtract(right.y, left.y)
    slope = septic.multiply(rise, septic.inverse(run))
    return (*left.x, *left.y, *right.x, *right.y, *slope, *total.x, *total.y)


def test_the_slope_of_a_doubling_is_that_of_the_tangent() -> None:
    """Of all doublings of a digit: 2 y slope = 3 x^2 + 45."""
    keys = np.array([kernels.words(curve.GENERATOR)])
    trace = kernels.trace_many(keys, np.zeros((1, 28), np.uint8), np.zeros((1, 5), np.uint32))
    row, before = trace.digits[0, 0].tolist(), curve.LADDER_START
    for at in range(0, kernels.DIGIT_ADDITION, kernels.DOUBLING_WORDS):
        tangent = septic.add(septic.scale(septic.square(before.x), 3), (45, 0, 0, 0, 0, 0, 0))
        assert septic.multiply(tuple(row[at : at + 7]), septic.scale(before.y, 2)) == tangent
        before = curve.double(before)


def test_a_comb_passes_through_the_references_points() -> None:
    scalar = 3**100
    rows = kernels.trace_combs(np.array([schnorr.response_bytes(scalar)], np.uint8))[0].tolist()
    total = curve.COMB_START
    for window, octet in enumerate(schnorr.response_bytes(scalar)):
        before, entry = total, schnorr.comb_table()[window][octet]
        total = curve.add(total, entry)
        assert tuple(rows[window]) == added(before, entry, total)
    assert total == schnorr.comb(scalar) and tuple(rows[28][:14]) == (*total.x, *total.y)


def test_a_walk_in_one_kernel_ends_where_the_traced_one_does() -> None:
    """Entries off the curve, and one that the first step meets: the same end, the same marks. The
    traced walk is Python over additions and doublings."""
    generator = random.Random(11)
    keys = [(*random_element(generator), *random_element(generator)) for _ in range(20)]
    entries, _ = kernels._window_table(septic_kernels.enter(rows_of(keys)), None)
    lanes = entries.shape[2]
    met = Lanes.start_alike(kernels.LADDER_START, lanes)
    for _ in range(curve.DIGIT_BITS):
        met.double()
    entries[:, :, 5] = met.point[:, 5]
    digits, octets = (
        np.array([[generator.randrange(most) for _ in range(30)] for _ in range(lanes)], np.uint8)
        for most in (16, 256)
    )
    found, traced = (
        kernels._ladder(entries, digits, octets, rows) for rows in ((None, None), ([], []))
    )
    assert all(np.array_equal(one, two) for one, two in zip(found, traced, strict=True))
    assert found[1][5] == 1 and found[1].sum() < lanes
    response = octets[:, : curve.BYTES]
    found, traced = (kernels._comb(response, rows) for rows in (None, []))
    assert all(np.array_equal(one, two) for one, two in zip(found, traced, strict=True))


def test_generated_secrets_know_their_public_points() -> None:
    for secret in batched.generate_secrets(3):
        assert secret.public == curve.multiply(secret.reveal(), curve.GENERATOR)
