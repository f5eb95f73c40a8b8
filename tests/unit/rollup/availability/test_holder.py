"""Who holds what is published has the tree; every lie about it is refused, and changes nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from rollup.availability.fault import DataRefused, Fault
from rollup.availability.holder import Holder
from rollup.field.koalabear import P
from rollup.hash.poseidon import Digest
from rollup.protocol.public import PublicInput
from rollup.protocol.published_data import PublishedData
from tests.helpers.published import MAKER, RESTING, SILENT, TRADER, PublishedVenue, traded

LIED = 1
"""The batch that is lied about: two accounts trade in it."""


@pytest.fixture(scope="module")
def place() -> PublishedVenue:
    return traded()


@pytest.fixture
def before(place: PublishedVenue) -> Holder:
    """Who followed all batches before the one that is lied about."""
    return place.holder(place.batches[:LIED])


def fault(call: Callable[[], object]) -> Fault:
    with pytest.raises(DataRefused) as caught:
        call()
    assert str(caught.value).startswith(caught.value.fault.value)
    return caught.value.fault


def told(holder: Holder) -> tuple[object, ...]:
    """All that a holder says."""
    paths = tuple(holder.path(index) for index in (TRADER, MAKER, RESTING, 2**30 - 1))
    lasts = tuple((holder.last(index), holder.header(index)) for index in holder.accounts)
    return holder.number, holder.root, holder.book, holder.beside, paths, lasts


def refused(holder: Holder, public: PublicInput, data: PublishedData) -> Fault:
    """Why a batch is refused; nothing may have changed, and the true one is taken after it."""
    was = told(holder)
    found = fault(lambda: holder.follow(public, data))
    assert told(holder) == was
    return found


def changed(digest: tuple[int, ...], at: int = 3) -> Digest:
    words = list(digest)
    words[at] = (words[at] + 1) % P
    a, b, c, d, e, f, g, h = words
    return (a, b, c, d, e, f, g, h)


def with_leaf(data: PublishedData, place: int, **members: object) -> PublishedData:
    leaf = replace(data.leaves[place], **members)  # type: ignore[arg-type]
    return replace(data, leaves=(*data.leaves[:place], leaf, *data.leaves[place + 1 :]))


def test_it_has_the_tree_of_the_operator_after_each_batch() -> None:
    place = PublishedVenue()
    story = traded()
    holder = Holder(place.venue.genesis, place.suite.compress_many)
    assert holder.root == place.venue.state.root
    for public, data in story.batches:
        holder.follow(public, data)
        assert (holder.number, holder.root) == (public.number, public.new_root)
    state = story.venue.state
    assert (holder.root, holder.book) == (state.root, state.book)
    assert holder.beside == state.beside
    for index in (*state.accounts, 77, 2**29):
        assert holder.path(index) == state.path(index)


def test_it_has_the_last_leaf_and_header_of_each(place: PublishedVenue) -> None:
    holder = place.holder()
    assert holder.accounts == (0, TRADER, MAKER, SILENT, RESTING)
    numbers = {index: holder.last(index).number for index in holder.accounts}
    assert numbers == {0: 5, TRADER: 3, MAKER: 4, SILENT: 4, RESTING: 1}
    for index, account in place.venue.state.accounts.items():
        assert holder.header(index) == account.header
    for ask in (holder.last, holder.header):
        assert fault(lambda ask=ask: ask(99)) is Fault.ACCOUNT  # type: ignore[misc]


def test_one_word_more_is_refused(place: PublishedVenue, before: Holder) -> None:
    public, data = place.batches[LIED]
    for at in range(3):
        for word in range(len(data.leaves[at].words)):
            words = list(data.leaves[at].words)
            words[word] = (words[word] + 1) % P
            lie = with_leaf(data, at, words=tuple(words))
            assert refused(before, public, lie) is Fault.COMMITMENT
    before.follow(public, data)


def test_a_leaf_left_out_or_put_in_is_refused(place: PublishedVenue, before: Holder) -> None:
    public, data = place.batches[LIED]
    for at in range(3):
        fewer = replace(data, leaves=data.leaves[:at] + data.leaves[at + 1 :])
        assert refused(before, public, fewer) is Fault.COMMITMENT
    more = replace(data, leaves=(*data.leaves, place.batches[0][1].leaves[RESTING]))
    assert refused(before, public, more) is Fault.COMMITMENT
    other = with_leaf(data, 2, index=SILENT)
    assert refused(before, public, other) is Fault.COMMITMENT


def test_another_digest_is_refused(place: PublishedVenue, before: Holder) -> None:
    public, data = place.batches[LIED]
    for name in ("markets", "right"):
        lie = replace(data, **{name: changed(getattr(data, name))})
        assert refused(before, public, lie) is Fault.COMMITMENT
    lie = with_leaf(data, 1, leaf=changed(data.leaves[1].leaf))
    assert refused(before, public, lie) is Fault.COMMITMENT


def test_data_of_another_batch_is_refused(place: PublishedVenue, before: Holder) -> None:
    public, data = place.batches[LIED]
    for other, (next_public, next_data) in enumerate(place.batches):
        if other != LIED:
            assert refused(before, public, next_data) is Fault.NUMBER
            lie = replace(next_data, number=data.number)
            assert refused(before, public, lie) is Fault.COMMITMENT
            assert refused(before, next_public, next_data) is Fault.NUMBER


def test_lies_that_the_public_input_goes_along_with_have_another_root(
    place: PublishedVenue, before: Holder
) -> None:
    """As they are where no proof is: the commitment is that to the lie."""
    public, data = place.batches[LIED]
    lies = (
        with_leaf(data, 1, leaf=changed(data.leaves[1].leaf)),
        replace(data, leaves=data.leaves[:-1]),
        replace(data, markets=changed(data.markets)),
        replace(data, leaves=()),
    )
    for lie in lies:
        commitment = lie.commitment(place.suite.compress_many)
        forged = replace(public, data_commitment=commitment)
        assert refused(before, forged, lie) is Fault.LEAVES
    before.follow(public, data)
    assert before.root == public.new_root


def test_a_public_input_that_does_not_follow_is_refused(
    place: PublishedVenue, before: Holder
) -> None:
    public, data = place.batches[LIED]
    entries = public.book_before.markets
    book = replace(public.book_before, markets=(replace(entries[0], price=7), *entries[1:]))
    for lie, why in (
        (replace(public, old_root=changed(public.old_root)), Fault.ROOT),
        (replace(public, new_root=changed(public.new_root)), Fault.LEAVES),
        (replace(public, venue=public.venue + 1), Fault.VENUE),
        (replace(public, book_before=book), Fault.ROOT),
    ):
        assert refused(before, lie, data) is why


def test_it_follows_up_to_the_first_that_is_refused(place: PublishedVenue) -> None:
    holder = Holder(place.venue.genesis, place.suite.compress_many)
    first, second, *rest = place.batches
    assert fault(lambda: holder.follow_all([first, *rest])) is Fault.NUMBER
    assert holder.number == 1
    holder.follow_all([second, *rest])
    assert holder.number == 5
