"""The operator is gone with all that it had: owners leave with what was published, on the mock and
on contracts, and take exactly what was theirs."""

from collections.abc import Mapping

import pytest

from rollup.availability.holder import Holder
from rollup.availability.rebuild import rebuild
from rollup.hash.poseidon import Digest
from rollup.l1.escape import LeafOpening, payout
from rollup.l1.exit_file import exit_from_bytes, exit_to_bytes
from rollup.l1.interface import Revert, Reverted
from rollup.protocol.genesis import BACKSTOP_ACCOUNT, Genesis
from rollup.protocol.market_book import MarketBook
from rollup.protocol.public_json import public_from_json, public_to_json
from rollup.protocol.published_data import published_from_bytes
from tests.helpers import venue
from tests.helpers.exits import frozen_on
from tests.helpers.published import (
    MAKER,
    RESTING,
    SILENT,
    TRADER,
    PublishedVenue,
    traded,
    viewing_key,
)

KEYS: Mapping[int, Digest | None] = {
    0: None,
    TRADER: viewing_key(venue.OTHER_KEY + TRADER),
    MAKER: viewing_key(MAKER),
    SILENT: viewing_key(SILENT),
    RESTING: viewing_key(RESTING),
}
"""What each owner has kept."""

Mirror = list[tuple[bytes, bytes]]
"""Of each batch `public.json` and `data.bin`."""


def mirrored(place: PublishedVenue) -> Mirror:
    return [(public_to_json(public), data.encode()) for public, data in place.batches]


def left_with(
    mirror: Mirror, genesis: Genesis, suite: venue.Suite, index: int
) -> tuple[LeafOpening, MarketBook]:
    """What an owner makes of files and a key, through the file that an escape takes."""
    holder = Holder(genesis, suite.compress_many)
    holder.follow_all((public_from_json(a), published_from_bytes(b)) for a, b in mirror)
    header = holder.header(index)
    leaf = rebuild(holder, index, header, KEYS[index], suite.compress_many)
    return exit_from_bytes(exit_to_bytes(leaf, holder.book))


def due(place: PublishedVenue) -> dict[int, int]:
    """What each account is worth, as the operator knew it: all of what is under custody."""
    state, governance = place.venue.state, place.venue.genesis.governance
    worth = {
        index: payout(account, state.book, governance).amount
        for index, account in state.accounts.items()
        if index != BACKSTOP_ACCOUNT
    }
    assert sum(worth.values()) == state.globals.total
    assert len(set(worth.values())) == len(worth) and all(worth.values())
    return worth


def test_all_leave_the_mock_with_what_was_published() -> None:
    place = traded()
    mirror, genesis, worth = mirrored(place), place.venue.genesis, due(place)
    l1 = frozen_on(place.venue.state, genesis)
    del place
    for index in KEYS:
        leaf, book = left_with(mirror, genesis, venue.TOY, index)
        owner = leaf.account.header.owner
        assert l1.escape(owner, leaf, book).amount == worth[index]
        assert l1.withdraw(owner) == worth[index]
    assert (l1.custody, l1.exits.debts, l1.funds) == (0, 0, 0)


def test_all_leave_the_contracts_with_what_was_published() -> None:
    """With the hash of production, which the contracts have."""
    pytest.importorskip("eth_abi", reason="eth-abi is of the extra `evm`")
    pytest.importorskip("rollup.l1.evm.revm", reason="pyrevm has no wheel for this Python")
    from tests.helpers.exits_contract import Ended

    suite = venue.real()
    place = traded(suite)
    mirror, genesis, worth = mirrored(place), place.venue.genesis, due(place)
    state, ended = place.venue.state, Ended(genesis.governance)
    ended.keep((state.globals.total,))
    ended.prove(state.root, state.book)
    ended.end()
    del place, state
    for index in KEYS:
        leaf, book = left_with(mirror, genesis, suite, index)
        ended.escape(leaf, book)
        owner = leaf.account.header.owner
        assert ended.numbers("pending(uint256,address)", 0, owner) == (worth[index],)
    assert ended.numbers("ledger(uint256)", 0)[0] == ended.numbers("ended()")[2] == 0


def test_with_the_files_of_an_earlier_batch_nobody_leaves() -> None:
    """A mirror that stopped is good for the root that it stopped at, and L1 says so."""
    place = traded()
    l1 = frozen_on(place.venue.state, place.venue.genesis)
    mirror = mirrored(place)
    for end in range(1, len(mirror)):
        leaf, book = left_with(mirror[:end], place.venue.genesis, venue.TOY, RESTING)
        with pytest.raises(Reverted) as caught:
            l1.escape(leaf.account.header.owner, leaf, book)
        assert caught.value.reason in (Revert.WRONG_LEAF, Revert.BOOK_BEFORE)
    leaf, book = left_with(mirror, place.venue.genesis, venue.TOY, RESTING)
    assert l1.escape(leaf.account.header.owner, leaf, book).amount == 300 * venue.DOLLARS
