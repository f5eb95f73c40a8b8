"""One signature for many actions: each is shown by its path, and acts once."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from rollup.protocol.batch import Batch
from rollup.protocol.batch_codec import batch_from_bytes, batch_to_bytes
from rollup.protocol.bundle import (
    ACTIONS_MAX,
    BUNDLE_TREE,
    BundlePath,
    bundle_levels,
    path_of,
    roots_of,
)
from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.order import Order, SignedOrder, message_digests
from rollup.protocol.rejection import Reason
from rollup.protocol.shape_class import CLASS_M, LARGEST
from tests.helpers.bundles import with_bundle
from tests.helpers.venue import (
    USDC,
    Match,
    Venue,
    buy,
    cancel,
    refusal,
    sell,
    toy_compress_many,
)

RICH = 1_000_000 * USDC
QUOTES = [buy(1, 10 + slot, slot=slot) for slot in range(5)]


@pytest.fixture
def venue() -> Venue:
    return Venue().with_traders(RICH, RICH, RICH)


def placed(venue: Venue, actions: Sequence[Order | CancelOrder] = QUOTES) -> Batch:
    """A batch in which the actions of one bundle come to rest."""
    orders = [each for each in actions if isinstance(each, Order)]
    cancels = [each for each in actions if isinstance(each, CancelOrder)]
    return with_bundle(venue.batch(placed=orders, cancels=cancels), venue.bundled(actions))


def test_a_bundle_has_one_signature(venue: Venue) -> None:
    batch = placed(venue)
    assert batch.signatures == 1
    outcome = venue.run(batch)
    authority = outcome.steps.authority
    (signature,) = authority.signatures
    assert (signature.account, signature.actions, authority.signed_by) == (1, 5, (0,) * 5)
    assert all(step.rests for step in outcome.steps.orders)
    root = [node for node in authority.nodes if node.depth == 0]
    assert [(node.tree, node.new) for node in root] == [(BUNDLE_TREE, signature.root)]


def test_nodes_are_those_above_what_acts(venue: Venue) -> None:
    """Of eight leaves two act, side by side: four nodes would be above others."""
    outcome = venue.apply(placed_of(venue, QUOTES, QUOTES[2:4]))
    nodes = outcome.steps.authority.nodes
    assert [(node.depth, node.index) for node in nodes] == [(2, 1), (1, 0), (0, 0)]
    assert [(n.left_touched, n.right_touched) for n in nodes] == [
        (True, True),
        (False, True),
        (True, False),
    ]


def placed_of(venue: Venue, actions: Sequence[Order], some: Sequence[Order]) -> Batch:
    return with_bundle(venue.batch(placed=some), venue.bundled(actions))


def test_the_rest_of_a_bundle_acts_later_and_what_acted_does_not_again(venue: Venue) -> None:
    venue.run(placed_of(venue, QUOTES, QUOTES[:2]))
    venue.run(placed_of(venue, QUOTES, QUOTES[3:]))
    again = placed_of(venue, QUOTES, QUOTES[:1])
    assert venue.refusal(again) is Reason.GENERATION_DEAD


def test_a_bundle_may_cancel_and_fill(venue: Venue) -> None:
    venue.run(placed(venue))
    actions = [cancel(1, slot=0), buy(1, 50, slot=1, generation=2), cancel(1, slot=2)]
    plain = venue.batch(
        matches=[Match(actions[1], sell(2, 50), 50)],  # type: ignore[arg-type]
        cancels=[actions[0], actions[2]],  # type: ignore[list-item]
    )
    batch = with_bundle(plain, venue.bundled(actions))  # type: ignore[arg-type]
    assert batch.signatures == 2
    outcome = venue.run(batch)
    assert outcome.steps.authority.signed_by == (0, 1, 0, 0)
    assert venue.state.slot(1, 0).order is None


def test_another_path_is_refused(venue: Venue) -> None:
    batch = placed(venue)
    first, second, *others = batch.orders
    swapped = (replace(first, path=second.path), replace(second, path=first.path), *others)
    assert venue.refusal(replace(batch, orders=swapped)) is Reason.ORDER_SIGNATURE
    assert first.path is not None
    sibling = (*first.path.siblings[:-1], (1,) * 8)
    bent = replace(first, path=replace(first.path, siblings=sibling))
    assert venue.refusal(replace(batch, orders=(bent, second, *others))) is Reason.ORDER_SIGNATURE
    assert venue.refusal(replace(batch, orders=(second, bent, *others))) is Reason.ORDER_SIGNATURE


def test_another_order_at_its_place_is_refused(venue: Venue) -> None:
    batch = placed(venue)
    first = batch.orders[0]
    other = replace(first, order=replace(first.order, price=first.order.price + 1))
    lie = replace(batch, orders=(other, *batch.orders[1:]))
    assert venue.refusal(lie) is Reason.ORDER_SIGNATURE


def test_the_signature_of_a_bundle_is_of_nothing_alone(venue: Venue) -> None:
    batch = placed(venue)
    alone = tuple(replace(each, path=None) for each in batch.orders)
    assert venue.refusal(replace(batch, orders=alone)) is Reason.ORDER_SIGNATURE
    single = venue.batch(placed=QUOTES[:1])
    path = placed(venue).orders[0].path
    bundled = replace(single, orders=(replace(single.orders[0], path=path),))
    assert venue.refusal(bundled) is Reason.ORDER_SIGNATURE


def test_a_bundle_is_one_accounts(venue: Venue) -> None:
    """Account 2 signs a tree in which a leaf is of account 1."""
    stolen = [sell(2, 5, slot=1), buy(1, 5, slot=7)]
    batch = with_bundle(venue.batch(placed=stolen), venue.bundled(stolen, by=2))
    assert venue.refusal(batch) is Reason.ORDER_SIGNATURE


def test_a_place_of_a_bundle_acts_once(venue: Venue) -> None:
    batch = placed(venue)
    twice = (*batch.orders, batch.orders[0])
    assert venue.refusal(replace(batch, orders=twice)) is Reason.ORDER_REPEATED


def test_a_path_of_another_bundle_is_refused(venue: Venue) -> None:
    """Of the same account, and as deep."""
    others = [buy(1, 99 + slot, slot=50 + slot) for slot in range(5)]
    plain = venue.batch(placed=[*QUOTES, *others])
    batch = with_bundle(with_bundle(plain, venue.bundled(QUOTES)), venue.bundled(others))
    venue.apply(batch)
    first, other = batch.orders[0], batch.orders[5]
    lies = ({"path": other.path}, {"signature": other.signature})
    for lie in lies:
        orders = (replace(first, **lie), *batch.orders[1:])  # type: ignore[arg-type]
        assert venue.refusal(replace(batch, orders=orders)) is Reason.ORDER_SIGNATURE


def test_a_root_is_signed_as_that_of_a_bundle(venue: Venue) -> None:
    """Whoever signs something that is a root, and not the digest of a bundle, signs no bundle."""
    digests = message_digests(QUOTES, venue.suite.compress_many)
    ((root,),) = bundle_levels(digests, venue.suite.compress_many)[-1:]
    batch = placed(venue)
    signature = venue.suite.sign(1, root)
    orders = tuple(replace(each, signature=signature) for each in batch.orders)
    assert venue.refusal(replace(batch, orders=orders)) is Reason.ORDER_SIGNATURE


def test_an_inner_node_is_no_order(venue: Venue) -> None:
    """A path that is shorter leads from a node as if it were an order; no order has its digest."""
    batch = placed(venue)
    first = batch.orders[0]
    assert first.path is not None
    short = replace(first.path, siblings=first.path.siblings[1:], place=0)
    lie = replace(batch, orders=(replace(first, path=short), *batch.orders[1:]))
    assert venue.refusal(lie) is Reason.ORDER_SIGNATURE


@pytest.mark.parametrize("count", [2, 3, 7, ACTIONS_MAX])
def test_every_path_leads_to_the_root(count: int) -> None:
    digests = [(place, *[0] * 7) for place in range(1, count + 1)]
    levels = bundle_levels(digests, toy_compress_many)  # type: ignore[arg-type]
    paths = [path_of(levels, place) for place in range(count)]
    roots = roots_of(digests, paths, toy_compress_many)  # type: ignore[arg-type]
    assert roots == levels[-1] * count


@pytest.mark.parametrize("count", [0, 1, ACTIONS_MAX + 1])
def test_a_bundle_is_of_2_to_64(count: int) -> None:
    with pytest.raises(ValueError, match="2 to 64"):
        bundle_levels([(0,) * 8] * count, toy_compress_many)


@pytest.mark.parametrize(
    ("place", "siblings"), [(2, ((0,) * 8,)), (0, ()), (0, ((0,) * 8,) * 7), (0, ((0,) * 7,))]
)
def test_a_path_out_of_bounds_cannot_be(place: int, siblings: tuple[tuple[int, ...], ...]) -> None:
    assert refusal(lambda: BundlePath(place, siblings)) is Reason.MALFORMED  # type: ignore[arg-type]


def test_a_bundle_is_read_as_it_was_written(venue: Venue) -> None:
    batch = placed(venue, [*QUOTES, cancel(1, slot=9)])
    assert batch_from_bytes(batch_to_bytes(batch)) == batch


@pytest.mark.parametrize("name", ["orders", "cancels"])
def test_a_batch_of_the_largest_class_holds_as_many_actions_as_slots(name: str) -> None:
    """More than it has signatures, where they are bundled."""
    count = LARGEST.slots
    accounts = -(-count // 256)
    venue = Venue().with_traders(*[RICH] * accounts)
    venue.shape_class = CLASS_M
    places = [(1 + k // 256, k % 256) for k in range(count)]
    actions: list[Order | CancelOrder] = [
        buy(a, 1, slot=slot) if name == "orders" else cancel(a, slot=slot) for a, slot in places
    ]
    signed: list[SignedOrder | SignedCancel] = []
    for first in range(0, count, ACTIONS_MAX):
        signed += venue.bundled(actions[first : first + ACTIONS_MAX])
    orders = [each for each in actions if isinstance(each, Order)]
    cancels = [each for each in actions if isinstance(each, CancelOrder)]
    batch = with_bundle(venue.batch(placed=orders, cancels=cancels), signed)
    assert batch.signatures == count // ACTIONS_MAX
    venue.apply(batch)
    assert batch_from_bytes(batch_to_bytes(batch)) == batch
