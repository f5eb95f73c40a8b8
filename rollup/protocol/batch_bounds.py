"""Bounds of the lists of a batch: how many, in which order, each only once.

All raise Rejected.
"""

from collections.abc import Sequence
from itertools import pairwise

from rollup.protocol.constants import (
    ACCOUNT_BITS,
    DEPOSITS_MAX,
    QUEUE_BITS,
    SLOT_BITS,
)
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.shape_class import LARGEST
from rollup.protocol.units import require_bounds, require_digest, require_tuple_of


def require_slot_keys(name: str, keys: object) -> None:
    """Pairs of an account and a slot, as many as a batch opens at most."""
    require_tuple_of(name, keys, tuple)
    if not isinstance(keys, tuple) or any(len(pair) != 2 for pair in keys):
        raise Rejected(Reason.MALFORMED, f"{name} must be pairs of an account and a slot")
    for account, slot in keys:
        require_bounds("account", account, 0, 1 << ACCOUNT_BITS, Reason.ACCOUNT_OUT_OF_BOUNDS)
        require_bounds("slot", slot, 0, 1 << SLOT_BITS, Reason.SLOT_OUT_OF_BOUNDS)
    require_count(f"slots of {name}", len(keys), LARGEST.slots)


def require_exits(exits: object) -> None:
    """Indices of queue entries, rising."""
    require_tuple_of("exits", exits, int)
    if not isinstance(exits, tuple):
        raise Rejected(Reason.MALFORMED, "exits must be a tuple")
    for index in exits:
        require_bounds("exit", index, 0, 1 << QUEUE_BITS, Reason.NUMBER_OUT_OF_BOUNDS)
    require_count("exits", len(exits), DEPOSITS_MAX)
    require_rising("exit", [(index,) for index in exits])


def require_viewing_keys(keys: object) -> None:
    """Pairs of an account and its key, rising."""
    require_tuple_of("viewing_keys", keys, tuple)
    if not isinstance(keys, tuple) or any(len(pair) != 2 for pair in keys):
        raise Rejected(Reason.MALFORMED, "viewing_keys must be pairs of an account and a key")
    account_end = 1 << ACCOUNT_BITS
    for account, key in keys:
        require_bounds("account", account, 0, account_end, Reason.ACCOUNT_OUT_OF_BOUNDS)
        require_digest("viewing key", key)
    require_count("viewing keys", len(keys), LARGEST.accounts)
    require_rising("viewing key", [(account,) for account, _ in keys])


def require_count(name: str, count: int, most: int) -> None:
    """TOO_MANY if there are more than that."""
    if count > most:
        raise Rejected(Reason.TOO_MANY, f"a batch has at most {most} {name}, not {count}")


def require_rising(name: str, keys: Sequence[tuple[int, ...]]) -> None:
    """OPENED_TWICE unless each is above the one before."""
    for place, (before, after) in enumerate(pairwise(keys), start=1):
        if before >= after:
            raise Rejected(Reason.OPENED_TWICE, f"{name} opening {place} must be above the last")
