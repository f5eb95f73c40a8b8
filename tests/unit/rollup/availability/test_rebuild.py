"""An account from what is published and its viewing key: the very account, or nothing."""

from dataclasses import replace

import pytest

from rollup.availability.fault import DataRefused, Fault
from rollup.availability.holder import Holder
from rollup.availability.rebuild import account_of, read_account, rebuild
from rollup.hash.poseidon import Digest
from rollup.l1.leaf_of import leaf_of
from rollup.protocol.account import Header, header_digests, leaf_blocks
from rollup.protocol.availability import OpenLeaf, publish
from rollup.protocol.encoding import fold_accounts
from rollup.protocol.rejection import Rejected
from tests.helpers.exits import random_state
from tests.helpers.published import (
    MAKER,
    RESTING,
    SILENT,
    TRADER,
    PublishedVenue,
    traded,
    viewing_key,
)
from tests.helpers.venue import OTHER_KEY, toy_compress_many

KEYS = {
    TRADER: viewing_key(OTHER_KEY + TRADER),
    MAKER: viewing_key(MAKER),
    SILENT: viewing_key(SILENT),
    RESTING: viewing_key(RESTING),
}


@pytest.fixture(scope="module")
def place() -> PublishedVenue:
    return traded()


@pytest.fixture(scope="module")
def holder(place: PublishedVenue) -> Holder:
    return place.holder()


def refused(holder: Holder, index: int, header: Header, key: Digest | None) -> Fault:
    with pytest.raises(DataRefused) as caught:
        rebuild(holder, index, header, key, toy_compress_many)
    return caught.value.fault


def test_each_owner_rebuilds_what_the_operator_had(place: PublishedVenue, holder: Holder) -> None:
    """Touched in the last batch or in the first; with positions and without; rotated or not."""
    held = {}
    for index, key in KEYS.items():
        found = rebuild(holder, index, holder.header(index), key, toy_compress_many)
        assert found == leaf_of(place.venue.state, index)
        assert found.root(toy_compress_many) == holder.root
        held[index] = len(found.account.positions.held)
    assert held == {TRADER: 2, MAKER: 2, SILENT: 1, RESTING: 0}


def test_a_leaf_of_an_untold_key_is_read_without_it(place: PublishedVenue, holder: Holder) -> None:
    for index in (0, SILENT):
        found = rebuild(holder, index, holder.header(index), None, toy_compress_many)
        assert found == leaf_of(place.venue.state, index)
    for index in (TRADER, MAKER, RESTING):
        assert refused(holder, index, holder.header(index), None) is Fault.VIEWING_KEY


def test_somebody_elses_key_reads_nothing(holder: Holder) -> None:
    for index in KEYS:
        header = holder.header(index)
        for other, key in KEYS.items():
            if other != index:
                assert refused(holder, index, header, key) is Fault.VIEWING_KEY
    old = viewing_key(TRADER)
    assert refused(holder, TRADER, holder.header(TRADER), old) is Fault.VIEWING_KEY


def test_another_key_gives_no_account_even_if_the_header_is_said_to_fit(holder: Holder) -> None:
    for index in (TRADER, MAKER, RESTING):
        published, header = holder.last(index).leaf, holder.header(index)
        assert read_account(published, header, KEYS[SILENT], toy_compress_many) is None
        assert read_account(published, header, KEYS[index], toy_compress_many) is not None


def test_another_header_gives_no_account(holder: Holder) -> None:
    header = holder.header(MAKER)
    other = replace(header, owner=b"\x01" * 20)
    assert refused(holder, MAKER, other, KEYS[MAKER]) is Fault.HEADER


def test_an_account_that_nothing_was_published_of_is_refused(holder: Holder) -> None:
    assert refused(holder, 9, holder.header(MAKER), KEYS[MAKER]) is Fault.ACCOUNT


def test_an_older_leaf_is_not_that_of_the_last_root(place: PublishedVenue) -> None:
    """Which is why the last one of each account is kept."""
    early = place.holder(place.batches[:2])
    found = rebuild(early, TRADER, early.header(TRADER), viewing_key(TRADER), toy_compress_many)
    assert found.root(toy_compress_many) == early.root
    assert found.account != place.account(TRADER)


def test_any_account_is_read_as_it_was_published() -> None:
    """Any cash, any sizes, flags, salts and triggers."""
    for seed in range(20):
        accounts = random_state(_random(seed), 4).accounts
        for index, account in accounts.items():
            (digest,) = header_digests([account.header], toy_compress_many)
            blocks = leaf_blocks(account, digest)
            leaf = fold_accounts([blocks], toy_compress_many)[0]
            opened = OpenLeaf(index, leaf, viewing_key(index), blocks[1:])
            (published,) = publish([opened], toy_compress_many)
            given = (published.leaf, account.header, viewing_key(index), toy_compress_many)
            assert read_account(*given) == account


def test_a_leaf_that_holds_no_account_is_refused(place: PublishedVenue, holder: Holder) -> None:
    """No proof is for one; but who reads does not rely on that."""
    header, account = holder.header(MAKER), place.account(MAKER)
    (digest,) = header_digests([header], toy_compress_many)
    _, slots, cash, *positions = leaf_blocks(account, digest)
    wrong_cash = (cash[0] + 2**26, *cash[1:])
    wrong_flags = (*cash[:3], 2, *cash[4:])
    swapped = (positions[1], positions[0])
    filled = ((*positions[0][:7], 1), positions[1])
    wrongs = (
        (slots, wrong_cash, *positions),
        (slots, wrong_flags, *positions),
        (slots, cash, *swapped),
        (slots, cash, positions[0], positions[0]),
    )
    for blocks in wrongs:
        leaf = fold_accounts([(digest, *blocks)], toy_compress_many)[0]  # type: ignore[list-item]
        opened = OpenLeaf(MAKER, leaf, KEYS[MAKER], blocks)  # type: ignore[arg-type]
        (published,) = publish([opened], toy_compress_many)
        with pytest.raises(Rejected):
            read_account(published.leaf, header, KEYS[MAKER], toy_compress_many)
    assert account_of(header, (slots, cash, *filled)) == account  # type: ignore[arg-type]
    leaf = fold_accounts([(digest, slots, cash, *filled)], toy_compress_many)[0]  # type: ignore[list-item]
    opened = OpenLeaf(MAKER, leaf, KEYS[MAKER], (slots, cash, *filled))  # type: ignore[arg-type]
    (published,) = publish([opened], toy_compress_many)
    assert read_account(published.leaf, header, KEYS[MAKER], toy_compress_many) is None


def _random(seed: int) -> "object":
    from random import Random

    return Random(seed)
