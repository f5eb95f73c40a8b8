"""Whose a viewing key is that was told: an account's as it stands, or that of an entry that L1 has
queued and no batch has consumed yet."""

from collections.abc import Callable, Sequence
from typing import Final

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.protocol.availability import viewing_commitment
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.rejection import Reason
from sequencer.engine.command import TellAhead, TellKey, Told
from sequencer.engine.core import CoreState

QUEUE_AHEAD: Final = 1_024
"""Queue entries that are gone through for a key, those of the next 16 batches at most: a key that
fits none is refused after little work, and is told again when its entry has come nearer."""

QueueFrom = Callable[[int, int], Sequence[QueueEntry]]
"""Queue entries that L1 has, as far as the venue has seen: from an index on, so many at most."""


def as_told(
    command: Told, core: CoreState, queue_from: QueueFrom, compress_many: CompressMany
) -> Told | Reason:
    """The command that tells a key as things are now, whatever it was when it was told first.
    VIEWING_KEY if neither the account's header commits to it nor an entry that waits; of an account
    that is not there ACCOUNT_MISSING."""
    account, key = command.account, command.key
    holder = core.ledger.holders.get(account)
    viewing = viewing_commitment(key, compress_many)
    if holder is not None and holder.header.viewing == viewing:
        return TellKey(account, key, command.receipt)
    last = _last_bringing(queue_from(core.deposits_consumed, QUEUE_AHEAD), account, viewing)
    if last is not None:
        return TellAhead(account, key, viewing, last, command.receipt)
    return Reason.ACCOUNT_MISSING if holder is None else Reason.VIEWING_KEY


def _last_bringing(queued: Sequence[QueueEntry], account: int, viewing: Digest) -> int | None:
    """Index of the last entry that brings an account this commitment. The last, since an earlier
    one may be a stranger's, which is refused."""
    found = [
        entry.index
        for entry in queued
        if entry.account == account and entry.has_key and entry.viewing_words == viewing
    ]
    return found[-1] if found else None
