"""Lies about bundles: whose action it is, where it stands under a root, and whether that is signed.

The honest batch: signature 0 is of five actions of the maker, of which four act; 1 is of an order
alone; 2 is of two orders of somebody else.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from circuits.statement.witness import Witness
from circuits.tables.records import Records
from circuits.tables.signature import trace as signature_trace
from rollup.crypto import schnorr
from rollup.hash.kernels import compress_many
from rollup.hash.many import compress_many as compress_digests
from rollup.protocol.bundle import BUNDLE_TREE, bundle_digests
from rollup.protocol.order import POST_ONLY_FLAG
from rollup.protocol.rejection import Reason
from tests.helpers.bundles import (
    OFFERS,
    OTHER,
    QUOTES,
    bundle_witness,
    bundled_outcome,
    bundled_records,
    bundled_venue,
    with_bundle,
)
from tests.helpers.lies import SIGNATURE
from tests.helpers.signatures import (
    PLACES,
    Signed,
    an_order,
    bench_of,
    bench_with,
    digest_of,
    honest_records,
    records_of,
    sign,
)
from tests.helpers.statement import claims_broken_by, claims_broken_in, denied

QUOTE, ALONE, OFFER, OTHER_OFFER, CANCEL = 0, 1, 4, 5, 6
"""Rows of actions: the maker's first quote, that which is signed alone, ..."""

OF_MAKER, OF_OTHER = 0, 2
"""Their signatures."""


@pytest.fixture
def records() -> Records:
    return bundled_records()


def changed(records: Records, table: str, row: int, **values: Any) -> Records:
    """Records with members of one row of a table changed."""
    members = {}
    for name, value in values.items():
        members[name] = getattr(getattr(records, table), name).copy()
        members[name][row] = value
    return replace(records, **{table: replace(getattr(records, table), **members)})


def claims(records: Records) -> set[str]:
    """What the circuit says against them."""
    return claims_broken_in(records, bundled_outcome().public)


UNDER = {"order.signed", "tree.children-opened"}
"""An action that is not the leaf which it says that it is."""

AUTHORITY = {"order.authority", "signature.authority"}


def row_of(records: Records, signature: int, depth: int, place: int) -> int:
    """The row of tree that holds a node of a bundle."""
    tree = records.tree
    own = (tree.tree == BUNDLE_TREE + signature) & (tree.depth == depth) & (tree.index == place)
    (row,) = np.flatnonzero(own)
    return int(row)


def test_honest_bundles_break_nothing(records: Records) -> None:
    assert claims(records) == set()
    assert records.order.signature.tolist() == [0, 1, 0, 0, 2, 2, 0]
    assert records.signature.actions.tolist() == [4, 1, 2]


# Whose it is, and where it stands.


@pytest.mark.parametrize(("depth", "place"), [(3, 0), (1, 0), (1, 1)])
def test_an_action_with_the_path_of_another_bundle(
    records: Records, depth: int, place: int
) -> None:
    lie = changed(records, "order", QUOTE, signature=OF_OTHER, depth=depth, place=place)
    assert claims(lie) == UNDER | AUTHORITY


@pytest.mark.parametrize(
    "where", [{"place": 5}, {"place": 1 << 20}, {"depth": 2}, {"depth": 4}, {"depth": 0}]
)
def test_an_action_elsewhere_in_its_bundle(records: Records, where: dict[str, int]) -> None:
    assert claims(changed(records, "order", QUOTE, **where)) == UNDER


def test_an_action_in_a_bundle_that_another_account_signed() -> None:
    """Its digest is a leaf under what was signed; only not by its account."""
    venue = bundled_venue()
    signed = venue.bundled(QUOTES, by=OTHER)
    batch = with_bundle(venue.batch(placed=QUOTES), signed)
    assert venue.refusal(batch) is Reason.ORDER_SIGNATURE
    venue.suite = replace(venue.suite, verify_many=lambda keys, *_: [True] * len(keys))
    outcome = venue.apply(batch)
    assert claims_broken_by(outcome) == SIGNATURE
    records, header = replay(outcome), bundled_records().header
    key = header.key[header.account == OTHER]
    lie = changed(records, "signature", 0, account=OTHER, key=key)
    assert claims_broken_in(lie, outcome.public) == {"header.key", "signature.key"} | AUTHORITY


def test_a_leaf_that_acts_twice(records: Records) -> None:
    """A cancel, which a second time changes nothing that a word shows."""
    order, (place,) = records.order, np.flatnonzero(records.slot.slot == 9)
    columns = {
        name: np.append(value, value[CANCEL])
        for name in order.__slots__
        if isinstance(value := getattr(order, name), np.ndarray)
    }
    twice = replace(records, order=replace(order, **columns))
    ts = int(order.ts[CANCEL])
    twice = changed(twice, "order", -1, ts=ts + 1, previous_ts=ts, stored_left=0)
    twice = changed(twice, "slot", place, last_ts=ts + 1)
    assert claims(twice) == UNDER | AUTHORITY
    said = int(records.signature.actions[OF_MAKER]) + 1
    assert claims(changed(twice, "signature", OF_MAKER, actions=said)) == UNDER


def test_the_rules_take_a_leaf_once() -> None:
    venue = bundled_venue()
    signed = venue.bundled(OFFERS)
    batch = with_bundle(venue.batch(placed=OFFERS), signed)
    path = signed[0].path
    lie = replace(batch, orders=(batch.orders[0], replace(batch.orders[1], path=path)))
    assert venue.refusal(lie) is Reason.ORDER_SIGNATURE


# By whose word.


def test_an_action_by_no_signature(records: Records) -> None:
    assert claims(changed(records, "order", QUOTE, signature=9)) == UNDER | AUTHORITY


@pytest.mark.parametrize("said", [0, 3, 5])
def test_more_or_fewer_actions_than_are_said(records: Records, said: int) -> None:
    assert "order.authority" in claims(changed(records, "signature", OF_MAKER, actions=said))


@pytest.mark.parametrize("row", [QUOTE, ALONE, CANCEL])
def test_an_action_under_the_mark_of_another_key(records: Records, row: int) -> None:
    mark = int(records.signature.key[OF_OTHER, 0])
    assert claims(changed(records, "order", row, key_mark=mark)) == AUTHORITY


def test_an_order_that_rests_under_the_mark_of_another_key(records: Records) -> None:
    """As above, and the leaf has it: whoever has that key could be rid of the order."""
    mark = int(records.signature.key[OF_MAKER, 0])
    lie = changed(records, "order", OFFER, key_mark=mark)
    assert claims(lie) == {"order.rests", "slot.rests"} | AUTHORITY


@pytest.mark.parametrize("row", [QUOTE, CANCEL])
def test_an_action_said_to_be_the_backstops(row: int) -> None:
    assert forged("order", row, backstop=(1,)) >= AUTHORITY


def test_a_signature_said_to_be_the_backstops() -> None:
    lie = forged("signature", OF_MAKER, backstop=(1,))
    assert lie == {"signature.key", "header.key"} | AUTHORITY


# What was signed.


def test_a_term_changed_after_signing(records: Records) -> None:
    flags = int(records.order.flags[OFFER]) ^ POST_ONLY_FLAG
    assert claims(changed(records, "order", OFFER, flags=flags)) == UNDER
    lie = changed(records, "order", QUOTE, price=int(records.order.price[QUOTE]) - 1)
    assert claims(lie) == UNDER | {"order.offered", "fill.order"}


@pytest.mark.parametrize(("row", "bundled"), [(OF_MAKER, 0), (ALONE, 1)])
def test_a_signature_of_an_action_for_a_root_and_the_other_way_round(
    records: Records, row: int, bundled: int
) -> None:
    """The type of a message is in its digest."""
    assert claims(changed(records, "signature", row, bundled=bundled)) == SIGNATURE


def test_a_root_that_nobody_signed() -> None:
    """The signature is of the bundle of another order: all else is right."""
    honest, victim = honest_records(), 2
    signed = signature_trace.prepare(bundle_of(honest, victim, honest).signatures, PLACES)
    assert bench_with(bundle_of(honest, victim, honest), signed).broken() == set()
    orders = [an_order(account) for account in range(5)]
    orders[victim] = replace(orders[victim], price=7)
    other = records_of(orders, [sign(o.account, digest_of(o)) for o in orders])
    lie = bundle_of(other, victim, honest)
    assert bench_with(lie, signed).broken() == {"signature.message"}
    assert bench_of(lie).broken() == SIGNATURE


def bundle_of(records: Signed, row: int, signed: Signed) -> Signed:
    """One signature as that of a bundle whose root is the digest of an action; what is signed is
    the root of others."""
    given = records.signatures
    (message,) = bundle_digests([tuple(signed.signatures.root[row].tolist())], compress_digests)
    made = sign(int(given.account[row]), message)
    bundled, nonce, response = given.bundled.copy(), given.nonce.copy(), given.response.copy()
    bundled[row] = 1
    nonce[row] = (*made.r.x, *made.r.y)
    response[row] = schnorr.response_bytes(made.s)
    given = replace(given, bundled=bundled, nonce=nonce, response=response)
    return records._replace(signatures=given)


# The tree between.


def test_another_sibling(records: Records) -> None:
    """The last leaves of the maker's tree are nobody's: one of them is said to be something."""
    row = row_of(records, OF_MAKER, 2, 2)
    assert records.tree.right[0][row].tolist() == [0] * 8
    lie = with_sibling(records, row)
    assert claims(lie) == {"tree.hash-before", "tree.hash-after"}
    node, root = row, row_of(records, OF_MAKER, 0, 0)
    while True:
        lie = rehashed(lie, node)
        if node == root:
            break
        parent = row_of(records, OF_MAKER, int(lie.tree.depth[node]) - 1, lie.tree.index[node] // 2)
        assert {"tree.node-from-parent", "tree.children-opened"} == claims(lie)
        lie = handed_up(lie, node, parent)
        node = parent
    assert claims(lie) == {"tree.node-from-parent", "signature.tree"}
    new = lie.tree.node[0][root]
    assert claims(changed(lie, "signature", OF_MAKER, root=new)) == SIGNATURE


def with_sibling(records: Records, row: int) -> Records:
    """The right child of a row with other words, before and after."""
    before, after = (side.copy() for side in records.tree.right)
    before[row], after[row] = range(8), range(8)
    return replace(records, tree=replace(records.tree, right=(before, after)))


def rehashed(records: Records, row: int) -> Records:
    """The node of a row as its children hash to."""
    tree = records.tree
    nodes = [node.copy() for node in tree.node]
    for node, left, right in zip(nodes, tree.left, tree.right, strict=True):
        node[row] = compress_many(left[row : row + 1], right[row : row + 1])[0]
    return replace(records, tree=replace(tree, node=(nodes[0], nodes[1])))


def handed_up(records: Records, row: int, parent: int) -> Records:
    """A parent with its child as it is."""
    tree = records.tree
    name = "right" if tree.index[row] % 2 else "left"
    sides = [side.copy() for side in getattr(tree, name)]
    for side, node in zip(sides, tree.node, strict=True):
        side[parent] = node[row]
    return replace(records, tree=replace(tree, **{name: tuple(sides)}))


def test_a_sibling_that_changes_on_the_way() -> None:
    row = row_of(bundled_records(), OF_MAKER, 2, 2)
    assert "tree.sibling-kept" in forged("tree", row, right_after=range(8))


@pytest.mark.parametrize("number", [1, OF_OTHER])
def test_a_node_in_the_tree_of_another_signature(records: Records, number: int) -> None:
    row = row_of(records, OF_MAKER, 2, 2)
    lie = changed(records, "tree", row, tree=BUNDLE_TREE + number)
    assert claims(lie) == {"tree.node-from-parent", "tree.children-opened", "order.signed"}


def test_an_inner_node_taken_for_an_action(records: Records) -> None:
    """It is under the root; only it is no digest of anything signed."""
    (action,) = np.flatnonzero((records.order.signature == OF_MAKER) & (records.order.place == 4))
    row = row_of(records, OF_MAKER, 2, 2)
    node = records.tree.node[0][row]
    lie = bent(bundle_witness(), "tree", row, active=[0], left_touched=[0])
    cells = {"message.1": node, "depth": [2], "place": [2]}
    lie = bent(lie, "order", int(action), **cells)
    assert denied(lie.failures()) == {"order.message"}


def bent(witness: Witness, table: str, row: int, **cells: Any) -> Witness:
    """The witness with other cells in a row, by the names of columns or of vectors of them."""
    matrix = witness.traces[table].copy()
    names = witness.circuit.table(table).table.columns.names()
    for name, values in cells.items():
        found = [i for i, n in enumerate(names) if n == name or n.startswith(f"{name}.")]
        matrix[row, found] = list(values)
    return replace(witness, traces={**witness.traces, table: matrix})


def forged(table: str, row: int, **cells: Any) -> set[str]:
    """The claims that break where cells of the honest witness are others."""
    return denied(bent(bundle_witness(), table, row, **cells).failures())
