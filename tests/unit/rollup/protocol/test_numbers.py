"""Bounds, limbs and hash layouts: the numbers that the circuit repeats."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.hash.many import compress_many
from rollup.hash.poseidon import ZERO_DIGEST, chain, compress
from rollup.protocol import constants as c
from rollup.protocol import encoding as e
from rollup.protocol.account import (
    EMPTY_LEAF,
    Account,
    Header,
    account_leaves,
    header_digests,
)
from rollup.protocol.batch import Globals, MarketsState
from rollup.protocol.encoding import TypeCode
from rollup.protocol.order import Side
from rollup.protocol.rejection import Reason
from rollup.protocol.roots import fresh_slots_root, state_roots
from rollup.protocol.shape_class import (
    CLASS_S,
    LARGEST,
    SHAPE_CLASSES,
    ShapeClass,
    shape_class_by_name,
)
from rollup.protocol.slot import RestingOrder, SlotState, slot_leaves
from rollup.protocol.tally import Tally
from rollup.protocol.triggers import NO_COUNTERS, trigger_leaves
from tests.helpers.venue import held, owner, public_key, refusal, viewing

HEADER = Header(owner=owner(5), key=public_key(5), viewing=viewing(5))
ACCOUNT = Account(
    header=HEADER,
    cash=-5,
    positions=held(1, -1, 0, 2**40 - 1),
    slots_root=(9, 8, 7, 6, 5, 4, 3, 2),
    salt=(11, 12, 13, 14),
    triggers=(0, 77, 2**16 - 1),
    below=True,
)


@pytest.mark.parametrize(
    ("bits", "widths"),
    [
        (30, [13, 13, 4]),
        (40, [13, 13, 13, 1]),
        (41, [13, 13, 13, 2]),
        (52, [13, 13, 13, 13]),
        (64, [13, 13, 13, 13, 12]),
    ],
)
def test_limbs_are_13_bits_and_the_top_one_takes_the_rest(bits: int, widths: list[int]) -> None:
    assert e.limbs((1 << bits) - 1, bits) == tuple((1 << width) - 1 for width in widths)
    for wrong in (-1, 1 << bits):
        with pytest.raises(ValueError, match="does not fit"):
            e.limbs(wrong, bits)


@given(st.integers(0, 2**64 - 1))
def test_limbs_and_packed_pairs_add_up_to_the_value(value: int) -> None:
    assert sum(limb << 13 * i for i, limb in enumerate(e.limbs(value, 64))) == value
    assert sum(pair << 26 * i for i, pair in enumerate(e.packed(value, 64))) == value
    assert len(e.packed(value, 64)) == 3


def test_a_header_is_hashed_as_specified() -> None:
    words = (*e.owner_words(owner(5)), *HEADER.key.x, *HEADER.key.y, 1, *viewing(5), 0, 0, 0)
    assert len(words) == 32
    assert sum(w << 27 * i for i, w in enumerate(e.owner_words(owner(5)))) == int.from_bytes(
        owner(5), "big"
    )
    expected = chain(TypeCode.HEADER, [words[i : i + 8] for i in range(0, 32, 8)])
    assert header_digests([HEADER], compress_many) == [expected]


def test_an_account_leaf_is_hashed_as_specified() -> None:
    header = chain(TypeCode.HEADER, e.header_blocks(HEADER.owner, HEADER.key, 1, HEADER.viewing))
    cash, mask = 2**63 - 5, 2**26 - 1
    held_lots = ((0, 1, 0), (1, -1, 77), (3, 2**40 - 1, 2**16 - 1))
    sizes = [(market, size + 2**40, trigger) for market, size, trigger in held_lots]
    blocks = [
        header,
        ACCOUNT.slots_root,
        (cash & mask, cash >> 26 & mask, cash >> 52, 1, 11, 12, 13, 14),
        *((market, size & mask, size >> 26, at, 0, 0, 0, 0) for market, size, at in sizes),
    ]
    expected: tuple[int, ...] = (TypeCode.ACCOUNT, 0, 3, 0, 0, 0, 0, 0)
    for block in blocks:
        expected = compress(expected, block)
    assert account_leaves([ACCOUNT], [header], compress_many) == [expected]


def test_a_leaf_of_version_1_is_another_one() -> None:
    """The lie: an account of four positions in one block, as the leaf was before."""
    header = header_digests([HEADER], compress_many)[0]
    new = replace(ACCOUNT, positions=held(1, -1), triggers=(0, 0), below=False)
    words = [part for size in (1, -1, 0, 0) for part in e.position_words(size)]
    old = (header, (*e.cash_words(-5), 0, *new.salt), tuple(words), new.slots_root)
    fixed = (header, new.slots_root, (*e.cash_words(-5), 0, *new.salt), tuple(words))
    leaf = account_leaves([new], [header], compress_many)[0]
    assert leaf not in {chain(TypeCode.ACCOUNT, old), chain(TypeCode.ACCOUNT, fixed)}


def test_leaves_of_different_numbers_of_positions_are_hashed_together() -> None:
    header = header_digests([HEADER], compress_many)[0]
    accounts = [
        replace(ACCOUNT, positions=held(*[7] * count), triggers=(3,) * count)
        for count in (0, 3, 1, 64)
    ]
    together = account_leaves(accounts, [header] * 4, compress_many)
    assert together == [account_leaves([a], [header], compress_many)[0] for a in accounts]
    assert len(set(together)) == 4


def test_leaves_of_many_accounts_keep_their_places() -> None:
    header = header_digests([HEADER], compress_many)[0]
    leaf = account_leaves([ACCOUNT], [header], compress_many)[0]
    mixed = account_leaves([None, ACCOUNT, None], [ZERO_DIGEST, header, header], compress_many)
    assert mixed == [EMPTY_LEAF, leaf, EMPTY_LEAF]


def test_a_slot_is_hashed_as_specified() -> None:
    order = RestingOrder(
        market=5,
        side=Side.SELL,
        price=3 * 2**26 + 7,
        left=2**39 + 11,
        expiry=2**42 + 13,
        max_fee=19,
        reduce_only=True,
        pegged=False,
        when_clamped=True,
        key_mark=23,
    )
    kind = 5 + 2**16 + 2**17 + 2**19 + 3 * 2**20
    words = (8, kind, 7, 11, 2**13, 13, 2**16 + 19 * 2**17, 23)
    expected = [chain(TypeCode.SLOT, [words]), chain(TypeCode.SLOT, [(8, *[0] * 7)])]
    assert slot_leaves([SlotState(8, order), SlotState(8)], compress_many) == expected


def test_markets_and_globals_are_hashed_as_specified() -> None:
    tallies = (Tally(-1, 2**26 + 3, 2**39 + 5), Tally(2**62, 2**64 - 1, 0))
    markets = MarketsState(((1, 2), (3, 2**16 - 1)), tallies, (5, 6, 7, 8))
    expected: tuple[int, ...] = (TypeCode.MARKETS, 0, 3, 0, 0, 0, 0, 0)
    top = 2**26 - 1
    for row, opened in (
        ((1, 2, top, top, 2**11 - 1, 3, 1, 0), (5, 2**13)),
        ((3, 2**16 - 1, 0, 0, 2**11 + 2**10, top, top, 2**12 - 1), (0, 0)),
    ):
        expected = compress(compress(expected, row), (*opened, 0, 0, 0, 0, 0, 0))
    assert markets.digest(compress_many) == compress(expected, (5, 6, 7, 8, 0, 0, 0, 0))
    globals_ = Globals(3, 2**26 + 1, 2**52 + 2**26 + 2, 9, (5, 6, 7, 8), 4)
    blocks = [(3, 1, 1, 2, 1, 1, 9, 4), (5, 6, 7, 8, 0, 0, 0, 0)]
    assert globals_.digest(compress_many) == chain(TypeCode.GLOBALS, blocks)


def test_counters_of_triggers_are_hashed_as_specified() -> None:
    counters = (0, 1, 2, 3, 4, 5, 6, 2**30)
    expected = chain(TypeCode.TRIGGERS, [counters])
    assert trigger_leaves([counters], compress_many) == [expected]
    assert trigger_leaves([NO_COUNTERS], compress_many) != [ZERO_DIGEST]


def test_the_state_root_is_a_tree_of_four() -> None:
    a, m, t, g = ((n,) * 8 for n in (1, 2, 3, 4))
    expected = compress(compress(a, m), compress(t, g))
    assert state_roots([a], [m], [t], [g], compress_many) == [expected]


def test_fresh_slots_are_hashed_like_any_other() -> None:
    level = slot_leaves([SlotState(0)], compress_many)[0]
    for _ in range(8):
        level = compress(level, level)
    assert fresh_slots_root(compress_many) == level


def test_leaves_of_two_types_or_lengths_never_start_alike() -> None:
    block = (1, 2, 3, 4, 5, 6, 7, 8)
    digests = {chain(code, [block] * count) for code in TypeCode for count in (1, 2)}
    assert len(digests) == 2 * len(TypeCode)


def test_messages_of_one_type_have_one_length() -> None:
    block = (0,) * 8
    with pytest.raises(ValueError, match="must have 1 blocks"):
        e.chain_many(TypeCode.SLOT, [[block], [block, block]], compress_many)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cash": 2**63}, Reason.CASH_OUT_OF_BOUNDS),
        ({"cash": -(2**63) - 1}, Reason.CASH_OUT_OF_BOUNDS),
        ({"positions": ((0, 1),)}, Reason.MALFORMED),
        ({"header": None}, Reason.MALFORMED),
    ],
)
def test_an_account_out_of_bounds_cannot_be_made(
    changes: dict[str, object], reason: Reason
) -> None:
    assert refusal(lambda: replace(ACCOUNT, **changes)) is reason  # type: ignore[arg-type]


def test_memory_timestamps_leave_room_for_every_step() -> None:
    assert c.DEPOSIT_TIMESTAMP == 1
    assert c.FILL_TIMESTAMP == 65
    assert c.TAKEOVER_TIMESTAMP == 65 + 2 * LARGEST.trades == 3201
    assert c.CANCEL_TIMESTAMP == 3201 + LARGEST.takeovers == 4769
    assert c.FEE_TIMESTAMP == c.OUTFLOW_TIMESTAMP + c.OUTFLOWS_MAX == 4834
    assert c.PLACE_TIMESTAMP == c.REST_TIMESTAMP + 1 == 4836 < 2**13
    assert LARGEST.orders <= c.RESTING_PLACE


def test_notional_and_sums_fit_their_bounds() -> None:
    worst_fee = -(-(2**c.NOTIONAL_BITS) * 2**c.FEE_RATE_BITS // c.FEE_SCALE)
    assert 2 * c.TRADES_LIMIT * worst_fee < c.CASH_LIMIT


def test_shape_classes_have_room_for_both_sides_of_a_fill() -> None:
    """A slot for each of them, and signatures for 1.3 sides at the least."""
    assert CLASS_S.orders + c.DEPOSITS_MAX + 1 <= CLASS_S.accounts
    for shape in SHAPE_CLASSES.values():
        assert 10 * shape.orders >= 13 * shape.trades
        assert shape.slots >= 2 * shape.trades
        assert shape_class_by_name(shape.name) is shape
        assert all(
            getattr(shape, n) <= getattr(LARGEST, n)
            for n in ("trades", "orders", "slots", "accounts", "positions")
        )
    with pytest.raises(ValueError, match="one of S, M, R, not 'L'"):
        shape_class_by_name("L")


@pytest.mark.parametrize(
    "members",
    [
        (0, 2, 18, 100, 256, 1, 60),
        (1569, 2, 18, 100, 256, 1, 60),
        (9, 19, 19, 100, 256, 1, 60),
        (9, 18, 17, 100, 256, 1, 60),
        (9, 18, 4097, 100, 256, 1, 60),
        (9, 18, 18, 64, 256, 1, 60),
        (9, 18, 18, 100, 255, 1, 60),
        (9, 18, 18, 300, 299, 1, 60),
        (9, 18, 18, 100, 256, 0, 60),
        (9, 18, 18, 100, 256, 1, 59),
    ],
)
def test_a_class_without_room_is_refused(members: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"trades|slots|accounts|positions|triggers|paths"):
        ShapeClass("X", *members)
