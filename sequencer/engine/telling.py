"""Viewing keys that the core is told: of accounts as they are, and ahead, of what L1 has queued.

A key that was told ahead waits for an entry that brings its account the commitment to it, so that
the very batch which consumes the entry publishes under the key. The account's present key stays
until then. Keys wait under account and commitment and not under the entry's index: what others
queue beside it neither takes a key away nor puts another in its place.
"""

from dataclasses import dataclass

from rollup.hash.poseidon import Digest
from rollup.private import Private
from rollup.protocol.deposit import QueueEntry
from sequencer.engine.command import TellAhead, TellKey, Told
from sequencer.engine.core_error import CoreError
from sequencer.engine.event import Event, KeyTold
from sequencer.engine.ledger import Ledger


@dataclass(frozen=True, slots=True, repr=False)
class Ahead(Private):
    """A viewing key that waits, and the index of the last queue entry that it may be of."""

    key: Digest
    last: int


KeysAhead = dict[tuple[int, tuple[int, ...]], Ahead]
"""By account and viewing commitment."""


def tell(ahead: KeysAhead, ledger: Ledger, command: Told, consumed: int) -> list[Event]:
    """Take a key, of an account or ahead; `consumed` entries of the queue are. CoreError for one
    that nobody has, or will have."""
    if isinstance(command, TellAhead):
        tell_ahead(ahead, command, consumed)
    else:
        _tell_now(ledger, command)
    return [KeyTold(command.account, command.receipt)]


def _tell_now(ledger: Ledger, command: TellKey) -> None:
    """From now on the account has this viewing key. Admission has seen that its header commits to
    it, which no rotation can have changed since: the queue is consumed as a batch opens."""
    holder = ledger.holders.get(command.account)
    if holder is None:
        raise CoreError("a viewing key of an account that is there is wanted")
    holder.viewing_key = command.key


def tell_ahead(ahead: KeysAhead, command: TellAhead, consumed: int) -> None:
    """Keep a key for an entry of the queue. CoreError where that is one of the `consumed`: nothing
    would ever take the key."""
    if command.last < consumed:
        raise CoreError(f"a queue entry from {consumed} on is wanted, not {command.last}")
    ahead[command.account, command.viewing] = Ahead(command.key, command.last)


def take_ahead(ahead: KeysAhead, ledger: Ledger, entry: QueueEntry) -> None:
    """What was told ahead of a credited entry, which brought its account a viewing commitment, is
    the account's key now."""
    found = ahead.get((entry.account, entry.viewing_words))
    if found is not None:
        ledger.holders[entry.account].viewing_key = found.key


def forget_consumed(ahead: KeysAhead, consumed: int) -> None:
    """Of `consumed` entries no key waits any more: they took theirs, were refused, or went with a
    reorganisation of L1."""
    for place in [place for place, each in ahead.items() if each.last < consumed]:
        del ahead[place]
