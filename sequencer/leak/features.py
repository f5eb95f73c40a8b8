"""What an observer notes of a batch: a fixed list, each entry with a name and what it tells.

A feature is a whole number, a text or a tuple of these; it never leaves out what it was read of: if
the files show it, an entry has it. Spec: docs/spec/26-leaks.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rollup.hash.poseidon import Digest
from rollup.protocol.header import missing_of
from rollup.protocol.published_data import PublishedData
from sequencer.leak.observer import Observation

Atom = int | str
Noted = Atom | tuple[Atom, ...]

ABSENT: Final = -1
"""Noted of a file that is not there."""


@dataclass(frozen=True, slots=True)
class Feature:
    """`tells` is what an observer makes of it, in one sentence."""

    name: str
    tells: str
    read: Callable[[Observation], Noted]


def _deposits(seen: Observation) -> Noted:
    return tuple(
        f"{each.entry.kind.name} {each.entry.account} {each.entry.asset} {each.entry.amount} "
        f"{each.outcome.name}"
        for each in seen.public.deposits
    )


def _withdrawals(seen: Observation) -> Noted:
    return tuple(
        f"{each.owner.hex()} {each.asset} {each.amount}" for each in seen.public.withdrawals
    )


def _book(seen: Observation) -> Noted:
    book = seen.public.book_after
    flags = (
        f"{each.funding} {each.clamped:d}{each.missing:d}{each.ended:d} {each.custody}"
        for each in book.markets
    )
    return (int(book.debt_stop), book.stalled, *flags)


def _positions(seen: Observation) -> Noted:
    """Each published leaf's count, as data.bin says it in clear."""
    return tuple(each.positions for each in seen.leaves)


def _clear(seen: Observation) -> Noted:
    return tuple(
        f"{index} {account.cash} {list(account.positions.held)} {account.triggers}"
        for index, account in sorted(seen.clear.items())
    )


def _low_bits(digest: Digest) -> tuple[int, ...]:
    return tuple(word & 1 for word in digest)


def _digests(seen: Observation) -> Noted:
    """Lowest bits: what a lucky or a broken hash would show."""
    public, data = seen.public, seen.data
    beside = () if data is None else data.beside
    found = (public.new_root, public.data_commitment, *beside)
    return tuple(bit for digest in found for bit in _low_bits(digest))


def _leaf_bits(seen: Observation) -> Noted:
    return tuple(bit for each in seen.leaves for bit in _low_bits(each.leaf))


def _word_bits(seen: Observation) -> Noted:
    return tuple(word & 1 for each in seen.leaves for word in each.words)


def _words(seen: Observation) -> Noted:
    return tuple(word for each in seen.leaves for word in each.words)


def _is_sorted(data: PublishedData | None) -> int:
    order = [] if data is None else [each.index for each in data.leaves]
    return int(order == sorted(order))


def _count(number: int | None) -> int:
    return ABSENT if number is None else number


FEATURES: Final = (
    Feature(
        "class",
        "Whether more accounts came due than the ordinary class opens, where a venue has two.",
        lambda seen: seen.public.shape_class,
    ),
    Feature("proof-bytes", "The class and the parameter set.", lambda s: _count(s.proof_bytes)),
    Feature(
        "interval",
        "How long the batch was open, in ms: the operator's clock, not what was traded.",
        lambda seen: seen.public.time - seen.time_before,
    ),
    Feature("prices", "What the signers reported.", lambda seen: seen.public.prices),
    Feature(
        "missing",
        "Of which markets nobody reported a price.",
        lambda seen: missing_of(seen.public),
    ),
    Feature(
        "premium-rates",
        "How far from the oracle's price an hour's trades were, in sum, by market; in a thin hour "
        "that is one trade.",
        lambda seen: seen.public.premium_rates,
    ),
    Feature(
        "book",
        "Funding so far, which prices stand still, custody of assets, and whether new debt is "
        "stopped.",
        _book,
    ),
    Feature(
        "closed",
        "Whether everybody is above maintenance margin; if not, more came due than fits a batch.",
        lambda seen: int(seen.public.closed),
    ),
    Feature(
        "open-step",
        "Whether it goes on with an open step: how many batches do says about how many came due.",
        lambda seen: int(seen.public.begins_open),
    ),
    Feature(
        "progress",
        "Whether the batch closed its step or spent a quarter of its room on who came due.",
        lambda seen: int(seen.public.progress),
    ),
    Feature(
        "redo",
        "Whether L1 refused a header and the batch was made anew, without fills.",
        lambda seen: int(seen.public.redo),
    ),
    Feature(
        "custody",
        "What accounts are owed together in USDC: deposits less withdrawals, no trade.",
        lambda seen: seen.public.total,
    ),
    Feature(
        "deposits",
        "Who put in, rotated keys or asked for an exit, how much, and what became of it.",
        _deposits,
    ),
    Feature("withdrawals", "Which owner gets how much.", _withdrawals),
    Feature(
        "estate",
        "That an account with assets was liquidated, and for how many lots nobody else bid.",
        lambda seen: tuple(f"{each.asset} {each.lots}" for each in seen.public.estate),
    ),
    Feature(
        "receipts",
        "Whether any envelope came since the last batch.",
        lambda seen: int(seen.public.receipts != seen.receipts_before),
    ),
    Feature("digests", "Nothing: each of them is salted.", _digests),
    Feature("data-bytes", "How many leaves and positions.", lambda s: _count(s.data_bytes)),
    Feature("leaves", "How many accounts the batch opened.", lambda seen: len(seen.leaves)),
    Feature(
        "accounts",
        "Who acted, or was acted on: an account's number is an L1 address to everybody.",
        lambda seen: tuple(each.index for each in seen.leaves),
    ),
    Feature(
        "positions",
        "In how many markets each of them holds something afterwards.",
        _positions,
    ),
    Feature(
        "order",
        "Nothing as long as leaves come by rising account.",
        lambda seen: _is_sorted(seen.data),
    ),
    Feature("leaf-bits", "Nothing: each leaf is salted anew.", _leaf_bits),
    Feature("word-bits", "Nothing: each word has a pad of its own.", _word_bits),
    Feature("words", "Nothing: each word has a pad of its own.", _words),
    Feature(
        "repeated",
        "Nothing as long as no pad comes twice: how many words are those of the leaf before.",
        lambda seen: seen.repeated,
    ),
    Feature(
        "clear",
        "Cash, positions and triggers of each account whose viewing key the venue was not told.",
        _clear,
    ),
)
"""In the order in which they are tried."""

FEATURE_NAMES: Final = tuple(each.name for each in FEATURES)
