"""A venue whose batches are published, and nothing of it kept but that: what an owner has left once
the operator is gone."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rollup.availability.holder import Holder
from rollup.hash.poseidon import Digest
from rollup.protocol.account import Account
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.outcome import Outcome
from rollup.protocol.public import PublicInput
from rollup.protocol.published_data import PublishedData, published_data
from tests.helpers.venue import (
    DOLLARS,
    OTHER_KEY,
    TOY,
    Match,
    Suite,
    Venue,
    buy,
    credit,
    register,
    rotate,
    sell,
)

TRADER, MAKER, SILENT, RESTING = 1, 2, 3, 4
"""Who trades and then rotates its keys; who trades with it; whose viewing key the venue is never
told; and who is never touched again."""

Published = tuple[PublicInput, PublishedData]


def viewing_key(account: int) -> Digest:
    """The viewing key of a test account: fixed, and known to everybody."""
    return (account, 8, 7, 6, 5, 4, 3, 2)


@dataclass
class PublishedVenue:
    """A venue, what its batches published, and the viewing keys that it was told."""

    suite: Suite = TOY
    venue: Venue = field(init=False)
    batches: list[Published] = field(default_factory=list)
    told: dict[int, Digest] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.venue = Venue(suite=self.suite)

    def batch(self, deposits: Sequence[QueueEntry] = (), **parts: Any) -> Outcome:
        """One more batch, applied and published."""
        made = self.venue.batch([self._viewed(entry) for entry in deposits], **parts)
        opened = [each.index for each in made.pre.accounts]
        keys = tuple((index, self.told[index]) for index in opened if index in self.told)
        outcome = self.venue.run(replace(made, viewing_keys=keys))
        data = published_data(outcome, self.suite.compress_many)
        self.batches.append((outcome.public, data))
        return outcome

    def holder(self, batches: Sequence[Published] | None = None) -> Holder:
        """Who followed all of it, or these batches."""
        holder = Holder(self.venue.genesis, self.suite.compress_many)
        holder.follow_all(self.batches if batches is None else batches)
        return holder

    def account(self, index: int) -> Account:
        """An account as the operator knows it."""
        return self.venue.state.accounts[index]

    def _viewed(self, entry: QueueEntry) -> QueueEntry:
        """The entry with the commitment to a viewing key, where it brings one."""
        if not entry.has_key:
            return entry
        number = entry.account + OTHER_KEY * (entry.account in self.told)
        if entry.account != SILENT:
            self.told[entry.account] = viewing_key(number)
        words = viewing_commitment(viewing_key(number), self.suite.compress_many)
        return replace(entry, viewing_words=words)


def traded(suite: Suite = TOY) -> PublishedVenue:
    """Five batches: four register, two of them trade in both markets, the trader rotates its keys,
    the maker trades with who is silent, and nothing happens in the last one."""
    place = PublishedVenue(suite)
    amounts = enumerate((5_000, 70_000, 9_000, 300))
    place.batch([register(n, n + 1, amount * DOLLARS) for n, amount in amounts])
    place.batch(matches=[_met(TRADER, MAKER, 0, 1_000), _met(MAKER, TRADER, 1, 500)])
    place.batch([rotate(4, TRADER, 20 * DOLLARS)])
    place.venue.keys[TRADER] = OTHER_KEY + TRADER
    place.batch([credit(5, MAKER, DOLLARS)], matches=[_met(MAKER, SILENT, 0, 300, slot=2)])
    place.batch()
    return place


def _met(buyer: int, seller: int, market: int, size: int, slot: int | None = None) -> Match:
    """Two orders that meet, each in a slot of its own."""
    price = (600_000, 250_000)[market]
    terms = {"market": market, "slot": market if slot is None else slot, "price": price}
    return Match(buy(buyer, size, **terms), sell(seller, size, **terms), size, price)
