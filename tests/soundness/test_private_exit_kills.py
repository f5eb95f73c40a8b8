"""Drop any constraint or message of the tables of a private exit, and a forgery gets through.

The kill matrix searches for them as it does in the tables of batches; what it cannot find is forged
here by hand, or follows from the others for a reason that is said.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from random import Random

import numpy as np
import pytest

from circuits.air.graph import MODULUS as P
from circuits.exit.holding import Columns as Holding
from circuits.exit.inputs import EXIT_PUBLICS
from circuits.exit.leaf import equity_gap
from circuits.exit.witness import ExitWitness, _Opened, _path
from circuits.tables.tree import trace as tree
from rollup.hash.batched import compress_many
from rollup.protocol.encoding import limbs
from tests.helpers import refill
from tests.helpers.private_exits import Escaping, account_of, book_of, governed, some_escape
from tests.helpers.rows import Source
from tests.soundness import kill_matrix, test_lies_private_exit
from tests.soundness.kill_matrix import Search
from tests.soundness.test_lies_private_exit import Forged, digits, put, shift_totals

LIMB, PAIR = 2**13, 2**26
LIES = test_lies_private_exit.__name__.replace(".", "/") + ".py"
HERE = __name__.replace(".", "/") + ".py"
SPLIT = f"{HERE}::test_a_word_split_into_other_limbs_is_a_larger_position"

ROW = f"{HERE}::test_a_part_of_a_position_is_no_block_of_the_leaf"
SIGN = (
    "follows: what a sum is worth comes from 0 by steps that all else fixes modulo p, and the row "
    "of the account takes limbs and sign as they are, so that no other sign adds anything"
)
UPPER = (
    "follows: the upper pair is a word of the leaf and its own upper limb has two bits, so that "
    "this one is below 2^15 in size, and no product of it wraps"
)

BY_HAND: dict[str, dict[int, tuple[str, str]]] = {
    "exit": {44: ("exit.path", f"{LIES}::test_a_tree_that_is_not_under_the_root")},
    "holding": {
        1: ("holding.flags", ROW),
        4: ("holding.flags", SIGN),
        25: ("holding.bounds", SPLIT),
        26: ("holding.bounds", SPLIT),
        27: ("holding.bounds", UPPER),
        28: ("holding.bounds", SPLIT),
        46: ("holding.start", f"{LIES}::test_a_sum_that_starts_with_something"),
        47: ("holding.end", f"{LIES}::test_positions_worth_more_on_the_way_back"),
    },
}
"""Items that the search may leave, by their place: the claim; the forgery, or why there is none."""


@cache
def witnesses() -> tuple[ExitWitness, ...]:
    """Accounts with positions of either side, one of them below zero, one of sizes at the ends."""
    random, governance = Random(6), governed()
    sizes = {0: PAIR, 1: -PAIR, 2: -PAIR - 1, 63: -1}
    account = account_of(random, sizes, 0)
    ends = Escaping.of(account, governance, book_of(governance, random), random)
    return tuple(each.witness() for each in (some_escape(3, 5), some_escape(5, 4, -1), ends))


def sources(name: str) -> tuple[Source, ...]:
    """Rows of one table to forge in."""
    found = []
    for each in witnesses():
        placed = each.circuit.table(name)
        found.append(
            Source(placed.table, placed.graph, each.traces[name], each.known[1], each.blinded)
        )
    return tuple(found)


@pytest.mark.parametrize("name", BY_HAND)
def test_whatever_is_dropped_lets_a_forgery_through(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kill_matrix, "sources", sources)
    monkeypatch.setitem(
        refill.REFILLS, "exit", lambda row, _: refill.put(row.carries, equity_gap(row))
    )
    search = Search(name)
    claims = {place: search.matrix.claims[place] for place in BY_HAND[name]}
    assert claims == {place: claim for place, (claim, _) in BY_HAND[name].items()}
    search.wanted -= BY_HAND[name].keys()
    matrix = search.run()
    assert set(matrix.left()) <= BY_HAND[name].keys(), [matrix.label(k) for k in matrix.left()]


def test_whatever_is_dropped_of_the_comb_but_its_ends_lets_a_forgery_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its ends are of a whole scalar: `comb.start` is forged in `tables/test_comb.py`, `comb.end`
    in `test_the_end_of_a_comb_that_nobody_ran`."""
    monkeypatch.setattr(kill_matrix, "sources", sources)
    search = Search("comb")
    ends = {"comb.start", "comb.end"}
    search.wanted = {item for item, claim in enumerate(search.matrix.claims) if claim not in ends}
    search.run()
    assert len(search.wanted) == 23
    assert search.wanted <= search.matrix.killed.keys()


# A position word in other limbs.


def splits(place: int, size: int) -> Iterator[tuple[int, ...]]:
    """Limbs of which all but one are in range, and whose pairs are modulo p those of the size."""
    low, high = size % PAIR, size // PAIR
    lower, upper = (low % LIMB, low // LIMB), (high % LIMB, high // LIMB)
    over = pow(LIMB, -1, P)
    for other in range(LIMB):
        match place:
            case 0:
                yield ((low - LIMB * other) % P, other, *upper)
            case 1:
                yield (other, (low - other) * over % P, *upper)
            case _:
                yield (*lower, other, (high - other) * over % P)


def worth_modulo_p(value: tuple[int, ...], size: tuple[int, ...]) -> tuple[int, list[int]] | None:
    """What a lot of `value` times such a size comes to if columns are taken modulo p, and the
    carries; None where one of these does not fit."""
    total, carry, carries = 0, 0, []
    for column in range(6):
        terms = (value[j] * size[column - j] for j in range(3) if 0 <= column - j < 4)
        found = residue(sum(terms)) + carry
        limb, carry = (found % LIMB, found // LIMB) if column < 5 else (found, 0)
        total += limb << 13 * column
        carries.append(-carry)
        if not -(2**15) <= -carry < 2**15:
            return None
    return (total, carries[:5]) if abs(total) < 2**77 else None


def residue(value: int) -> int:
    """The one of either sign that is least in size."""
    return (value + P // 2) % P - P // 2


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_word_split_into_other_limbs_is_a_larger_position(place: int) -> None:
    """The leaf has pairs of limbs, and a pair has many: beyond 2^13 columns wrap, and the
    same word is worth more. A price below 2^25 leaves the top column to the carry."""
    random, governance, size = Random(2), governed(), 2**38 + 12_345_678
    book = book_of(governance, random)
    entry = replace(book.markets[6], price=20_000_001, funding=0)
    book = replace(book, markets=(*book.markets[:6], entry, *book.markets[7:]))
    escaping = Escaping.of(account_of(random, {6: size}, 0), governance, book, random)
    lie = Forged(escaping)
    row = lie.row("holding", 6)
    value = tuple(residue(int(cell.item())) for cell in row.value)
    honest = size * digits(row)
    tried = ((split, worth_modulo_p(value, split)) for split in splits(place, size))
    split, (claimed, carries) = next((s, w) for s, w in tried if w and w[0] > honest)
    put(row.magnitude, split)
    row.carries.fill([np.array([carry]) for carry in carries])
    shift_totals(lie, 7, claimed - honest)
    assert lie.broken() == {"holding.bounds"}
    assert lie.publics[EXIT_PUBLICS.find("amount")] == list(limbs(claimed, 78))


# A block that is folded in by a part.


def test_a_part_of_a_position_is_no_block_of_the_leaf() -> None:
    """With a `held` of 2 a block without lots is asked for twice, and what it comes to is no chain
    of blocks: a leaf that no account has, here in a tree of its own."""
    escaping = some_escape(4, 0)
    lie, opened = Forged(escaping), _Opened.of(escaping.leaf)
    row = lie.row("holding", 9)
    before = opened.before_positions
    nothing = (9, 0, 2**14, 0, 0, 0, 0, 0)
    (hashed,) = compress_many([before], [nothing])
    blended = tuple((2 * b - a) % P for a, b in zip(before, hashed, strict=True))
    row.held[...] = 2
    put(row.hashed, hashed)
    matrix = lie.witness.traces["holding"]
    after = Holding.bind(list(matrix[10 : len(matrix) - lie.witness.blinded].T))
    put(after.state, blended)
    _plant(lie, replace(opened, chain=(*opened.chain, blended)))
    assert lie.broken() == {"holding.flags"}


def _plant(lie: Forged, opened: _Opened) -> None:
    """Path and root of a leaf as it says it is."""
    heights = {placed.name: placed.height for placed in lie.witness.circuit.tables}
    lie.witness.traces["tree"] = tree.build(_path(opened), heights["tree"], lie.witness.blinded)
    row = lie.row("exit")
    path = _path(opened)
    put(row.leaf, opened.chain[-1])
    put(row.accounts, path.node[0][0])
    words = [tuple(int(cell.item()) for cell in cells) for cells in (row.accounts, row.markets)]
    (left,) = compress_many([words[0]], [words[1]])
    put(row.left, left)
    right = tuple(int(cell.item()) for cell in row.right)
    (root,) = compress_many([left], [right])
    lie.publics[EXIT_PUBLICS.find("root")] = list(root)
