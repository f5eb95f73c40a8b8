"""How what is said between chains is bent: entries that are not those of a word, and words that are
of another link. Deposits and payouts are bent alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from rollup.harness.people import address
from rollup.protocol.checkpoint import ENTRIES_MAX

Entries = Sequence[Any]
"""All of an inbox, or all of an outbox."""

NOBODYS_HEAD: Final = b"\1" * 32

BENT_ENTRIES: Final[Mapping[str, Callable[[Entries], Entries]]] = {
    "gap": lambda entries: [replace(each, index=each.index + 1) for each in entries],
    "swapped": lambda entries: entries[::-1],
    "repeated": lambda entries: [entries[0], *entries],
    "left-out": lambda entries: entries[:-1],
    "crowd": lambda entries: [replace(entries[0], index=n) for n in range(ENTRIES_MAX + 1)],
    "amount": lambda entries: [replace(each, amount=each.amount + 1) for each in entries],
    "account": lambda entries: [replace(each, account=each.account + 1) for each in entries],
    "owner": lambda entries: [replace(each, owner=address("eve")) for each in entries],
}
"""Entries that are brought and are not those that the committee attests to."""

OTHER_WORDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "home": lambda said: replace(said, link=replace(said.link, home=said.link.home + 1)),
    "venue": lambda said: replace(said, link=replace(said.link, venue=said.link.venue + 1)),
    "chain": lambda said: replace(said, link=replace(said.link, chain=said.link.chain + 1)),
    "address": lambda said: replace(said, link=replace(said.link, address=address("eve"))),
    "head": lambda said: replace(said, head=NOBODYS_HEAD),
}
"""Words of another outpost or venue, or of another chain of entries."""
