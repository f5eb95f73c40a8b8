"""Forests against the plainest tree there is, and multi-openings that admit no second reading."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.hash import many
from rollup.hash.poseidon import Digest, compress
from rollup.tree.forest import Forest, empty_roots
from rollup.tree.multi import OpeningError, parents, sibling_addresses, update
from tests.helpers.venue import toy_compress, toy_compress_many

DEPTH = 4
EMPTY: Digest = (7, 0, 0, 0, 0, 0, 0, 0)


def leaf(number: int) -> Digest:
    return (number, 1, 1, 1, 1, 1, 1, 1)


def plain_root(leaves: dict[int, Digest], depth: int) -> Digest:
    level = [leaves.get(i, EMPTY) for i in range(1 << depth)]
    while len(level) > 1:
        level = [toy_compress(level[i], level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


contents = st.dictionaries(st.integers(0, 15), st.integers(0, 99).map(leaf), max_size=16)
changes = st.dictionaries(st.integers(0, 15), st.integers(100, 199).map(leaf), min_size=1)


@given(contents, changes)
def test_a_forest_has_the_root_of_the_plain_tree(
    content: dict[int, Digest], change: dict[int, Digest]
) -> None:
    forest = Forest(DEPTH, EMPTY, toy_compress_many)
    forest.set_leaves(content)
    assert forest.root() == plain_root(content, DEPTH)
    forest.set_leaves(change)
    assert forest.root() == plain_root({**content, **change}, DEPTH)


@given(contents, changes)
def test_a_multi_opening_leads_to_both_roots(
    content: dict[int, Digest], change: dict[int, Digest]
) -> None:
    forest = Forest(DEPTH, EMPTY, toy_compress_many)
    forest.set_leaves(content)
    addresses = sorted(change)
    pairs = {address: (forest.node(0, address), change[address]) for address in addresses}
    result = update(DEPTH, pairs, forest.siblings(addresses), toy_compress_many)
    after = plain_root({**content, **change}, DEPTH)
    assert result.roots == {0: (plain_root(content, DEPTH), after)}
    forest.adopt(change, result.nodes)
    assert forest.root() == after
    for level in range(DEPTH):
        for address in range(1 << DEPTH - level):
            forest.node(level, address)
    assert len({(n.depth, n.index) for n in result.nodes}) == len(result.nodes)


@settings(max_examples=30)
@given(contents, changes, st.data())
def test_a_sibling_more_less_or_other_is_noticed(
    content: dict[int, Digest], change: dict[int, Digest], data: st.DataObject
) -> None:
    forest = Forest(DEPTH, EMPTY, toy_compress_many)
    forest.set_leaves(content)
    addresses = sorted(change)
    pairs = {address: (forest.node(0, address), change[address]) for address in addresses}
    siblings = forest.siblings(addresses)
    with pytest.raises(OpeningError):
        update(DEPTH, pairs, (*siblings, EMPTY), toy_compress_many)
    if siblings:
        with pytest.raises(OpeningError):
            update(DEPTH, pairs, siblings[:-1], toy_compress_many)
        place = data.draw(st.integers(0, len(siblings) - 1))
        lie = (*siblings[:place], leaf(999), *siblings[place + 1 :])
        assert update(DEPTH, pairs, lie, toy_compress_many).roots[0][0] != forest.root()


def test_trees_of_a_forest_are_opened_together() -> None:
    forest = Forest(2, EMPTY, toy_compress_many)
    forest.set_leaves({4 * 5 + 1: leaf(1), 4 * 9 + 3: leaf(2)})
    addresses = [4 * 5 + 1, 4 * 9 + 2]
    pairs = {address: (forest.node(0, address), leaf(8)) for address in addresses}
    result = update(2, pairs, forest.siblings(addresses), toy_compress_many, tree_offset=1)
    assert result.roots[5] == (plain_root({1: leaf(1)}, 2), plain_root({1: leaf(8)}, 2))
    assert result.roots[9] == (
        plain_root({3: leaf(2)}, 2),
        plain_root({2: leaf(8), 3: leaf(2)}, 2),
    )
    assert {(n.tree, n.depth, n.index) for n in result.nodes} == {
        (6, 1, 0),
        (10, 1, 1),
        (6, 0, 0),
        (10, 0, 0),
    }
    forest.adopt(dict.fromkeys(addresses, leaf(8)), result.nodes, tree_offset=1)
    assert forest.root(5) == result.roots[5][1]


def test_nothing_touched_is_nothing_opened() -> None:
    assert update(DEPTH, {}, (), toy_compress_many).roots == {}
    assert list(sibling_addresses([], DEPTH)) == []


def test_parents_say_which_children_are_touched() -> None:
    assert parents([0, 1, 2, 7]) == [(0, True, True), (1, True, False), (3, False, True)]


def test_siblings_come_level_by_level() -> None:
    assert list(sibling_addresses([1, 6], 3)) == [(0, 0), (0, 7), (1, 1), (1, 2)]


def test_empty_roots_are_empty_trees() -> None:
    assert empty_roots(3, EMPTY, toy_compress_many)[3] == plain_root({}, 3)


def test_the_plain_compression_of_many_is_the_compression_of_each() -> None:
    left, right = [leaf(1), leaf(2)], [leaf(3), leaf(4)]
    assert many.compress_many(left, right) == [
        compress(a, b) for a, b in zip(left, right, strict=True)
    ]
    assert many.compress_many([], []) == []
    with pytest.raises(ValueError, match="zip"):
        many.compress_many(left, right[:1])
