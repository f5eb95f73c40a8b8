"""Telling the venue the account's viewing key, as a flow.

Each batch publishes what it leaves of every account that it touches, under the account's viewing
key. The venue must know the key for that: an account of which it does not is published under what
L1 shows of the key, for everybody to read. The venue sees what accounts hold anyway, so telling it
hides from all others and shows it nothing.

A key that an entry of L1's queue brings is told before a batch takes the entry: then that batch
publishes under it already.
"""

from typing import Final

from rollup.hash.poseidon import Digest
from sequencer.client.errors import KeyFileError, OrderRefused, VenueProblem
from sequencer.client.flow import Flow, Wait
from sequencer.client.session import Parcel, Session
from sequencer.client.signing import viewing_key_action

PAUSE_S: Final = (0.1, 1.0)
"""Least and most between two tries: a quarter of a window, so that one comes while the batch is
open that takes the entry, if none came before."""

BETWEEN_BATCHES: Final = "between-batches"
UNHEARD: Final = "unheard"
"""It was told, and the venue no longer knows what it said: it is told again."""

NOT_YET: Final = ("account-missing", "viewing-key", BETWEEN_BATCHES, UNHEARD)
"""What comes of a key whose entry the venue has not seen; the first two of a wrong key as well."""


def tell(session: Session) -> Flow[None]:
    """Tell it, whatever the venue has. OrderRefused with the venue's reason where the account's
    header commits to another one, KeyFileError where the key file has none."""
    owner = session.owner
    if owner.viewing_key is None:
        raise KeyFileError(
            "the key file has no viewing key: give the account the key of a new one (crypsis "
            "account rotate)"
        )
    parcel = Parcel(viewing_key_action(owner.account, owner.viewing_key))
    yield from session.deliver([parcel])
    if parcel.answer is None:  # the venue no longer knows what it said: ask it what it has
        yield from session.refresh()
        return
    session.told.reason = parcel.answer.reason
    session.told.is_told = parcel.answer.reason is None
    if parcel.answer.reason is not None:
        raise OrderRefused(parcel.answer.reason)


def tell_if_untold(session: Session) -> Flow[None]:
    """Tell it where that may still help. That the venue refuses it keeps nobody from trading: what
    the account holds is published in the clear then, and `session.told` says why."""
    key, told = session.key, session.told
    if key is None or key.viewing_key is None or told.is_told or told.reason is not None:
        return
    try:
        yield from tell(session)
    except OrderRefused:
        return


def tell_ahead(session: Session, account: int, key: Digest, seconds: float) -> Flow[None]:
    """Tell the viewing key that an account has, or that an entry of L1's queue brings it, again and
    again for so many seconds where the venue has not seen the entry. It takes no trading key, and
    what the session knows of its own account stays.

    OrderRefused with what the venue said last, and whatever else keeps it from being asked."""
    yield from session.load_keys()
    least, most = PAUSE_S
    pause = max(least, min(session.status.interval_ms / 4000, most))
    waited = 0.0
    while (reason := (yield from _told(session, account, key))) is not None:
        if reason not in NOT_YET or waited >= seconds:
            raise OrderRefused(reason)
        yield Wait(pause)
        waited += pause


def _told(session: Session, account: int, key: Digest) -> Flow[str | None]:
    """Tell it once; why the venue did not take it, None if it did."""
    parcel = Parcel(viewing_key_action(account, key))
    try:
        yield from session.deliver([parcel])
    except VenueProblem as problem:
        if problem.code != BETWEEN_BATCHES:
            raise
        return problem.code
    return UNHEARD if parcel.answer is None else parcel.answer.reason
