"""The contract and the rules together: deposits, trades and a redo, from genesis to L1's root."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

from rollup.protocol.deposit import QueueEntry
from rollup.protocol.header import header_of
from rollup.protocol.public import PublicInput
from tests.helpers.l1 import BEHIND, OPERATOR, World, proof_of
from tests.helpers.venue import USDC, Match, Venue, buy, sell


def run(world: World, venue: Venue, *matches: Match, redo: bool = False) -> PublicInput:
    """The next batch by the rules, consuming what is queued."""
    entries: Sequence[QueueEntry] = world.l1.queue[venue.state.globals.deposits_consumed :]
    public = venue.run(replace(venue.batch(entries, matches), redo=redo)).public
    world.now = max(world.now, public.time)
    return public


def commit(world: World, public: PublicInput) -> bool:
    head = world.l1.queue_head(public.deposits_before + len(public.deposits))
    assert head is not None
    return world.l1.commit_header(OPERATOR, header_of(public, head)).is_taken


def test_registration_deposit_trade_and_redo_end_to_end(world: World) -> None:
    venue = Venue()
    world.register(1, 1000 * USDC)
    world.register(2, 1000 * USDC)
    first = run(world, venue)
    assert commit(world, first)
    world.l1.post_batch(OPERATOR, first, proof_of(first))
    assert world.l1.custody == 2000 * USDC

    before = deepcopy(venue.state)
    late = run(world, venue, Match(buy(1, 10), sell(2, 10), 10))
    world.pass_time(BEHIND + 1)
    assert not commit(world, late)

    venue.state = before
    redo = run(world, venue, redo=True)
    assert redo.time == late.time and redo.new_root != late.new_root
    assert commit(world, redo)
    after = venue.run(venue.batch(matches=[Match(buy(1, 10), sell(2, 10), 10)], step=BEHIND + 2))
    world.now = after.public.time
    assert commit(world, after.public)
    for public in (redo, after.public):
        world.l1.post_batch(OPERATOR, public, proof_of(public))
    assert world.l1.root == venue.state.root
    assert world.l1.funds == world.l1.owed == 2000 * USDC
