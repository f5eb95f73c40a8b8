"""The long lists of a batch file, read whole where all is as it should be (rollup.codec.whole).

None where it is not: `rollup.protocol.batch_codec` then reads them member by member. Bounds are
those of the records, which refuse what is outside of them. Private.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import fields
from struct import Struct
from typing import Any, Final

from rollup.codec import whole
from rollup.hash.poseidon import Digest
from rollup.protocol.account import Account, Header
from rollup.protocol.batch import AccountOpening, Fill, SlotOpening
from rollup.protocol.constants import (
    COUNTERS,
    DIGEST_LENGTH,
    MARKETS_MAX,
    OWNER_BYTES,
    SALT_LENGTH,
    SIGNATURE_BYTES,
)
from rollup.protocol.deposit import KEY_WORDS
from rollup.protocol.encoding import point_of
from rollup.protocol.order import Order, Side, SignedOrder, TimeInForce
from rollup.protocol.positions import Positions
from rollup.protocol.slot_codec import RESTING, SLOT_NUMBERS, slot_of_row
from rollup.protocol.trade_codec import FILL_NUMBERS, ORDER_FLAGS, ORDER_NUMBERS
from rollup.protocol.triggers import TriggerOpening
from rollup.protocol.units import Salt

_DIGEST: Final = Struct(f"<{DIGEST_LENGTH}I")
_SALT: Final = Struct(f"<{SALT_LENGTH}I")
_KEY: Final = Struct(f"<{KEY_WORDS}I")

_SIDES: Final = {int(side): side for side in Side}
_TIMES: Final = {int(time): time for time in TimeInForce}

_FILL: Final[Mapping[str, type]] = {**dict.fromkeys(FILL_NUMBERS, int), "taker": int}
_ORDER_KINDS: Final[Mapping[str, type]] = {
    **dict.fromkeys(ORDER_NUMBERS, int),
    **dict.fromkeys(ORDER_FLAGS, bool),
    "side": int,
    "time_in_force": int,
}
_ORDER: Final[Mapping[str, type]] = {
    **{member.name: _ORDER_KINDS[member.name] for member in fields(Order)},
    "signature": bytes,
    "path": type(None),
}
_SIDE, _TIME = tuple(_ORDER).index("side"), tuple(_ORDER).index("time_in_force")

ACCOUNT: Final[Mapping[str, type]] = {
    "header": dict,
    "cash": int,
    "positions": list,
    "triggers": list,
    "below": bool,
    "slots_root": bytes,
    "salt": bytes,
}
"""Members of an account's record, and what each is."""

HEADER: Final[Mapping[str, type]] = {"owner": bytes, "key": bytes, "viewing": bytes, "scheme": int}
"""The same of a header."""

OPENING: Final = ("index", "account")
"""Members of an opened place's record; `account` may be nothing."""


def orders(values: Sequence[Any]) -> list[SignedOrder] | None:
    """Signed orders. Rejected by their own bounds, the first first."""
    found = whole.columns(values, _ORDER)
    if found is None or not whole.have_length(found[-2], SIGNATURE_BYTES):
        return None
    *members, signatures, _ = found  # an order of a bundle has them read member by member
    members[_SIDE] = tuple(map(_SIDES.get, members[_SIDE]))
    members[_TIME] = tuple(map(_TIMES.get, members[_TIME]))
    if None in members[_SIDE] or None in members[_TIME]:
        return None
    return list(map(SignedOrder, map(Order, *members), signatures))


def fills(values: Sequence[Any]) -> list[Fill] | None:
    """Fills. Rejected by their own bounds, the first first."""
    found = whole.columns(values, _FILL)
    if found is None:
        return None
    *numbers, takers = found
    sides = tuple(map(_SIDES.get, takers))
    return None if None in sides else list(map(Fill, *numbers, sides))


def digests(values: Sequence[Any]) -> list[Digest] | None:
    """Digests: their bounds are for whatever record takes them."""
    found = whole.words(values, _DIGEST)
    return None if found is None else [(a, b, c, d, e, f, g, h) for a, b, c, d, e, f, g, h in found]


def slots(values: Sequence[Any]) -> list[SlotOpening] | None:
    """Opened slots. Rejected by their own bounds."""
    lengths = (SLOT_NUMBERS, SLOT_NUMBERS + len(RESTING))
    if not all(type(row) is list and len(row) in lengths for row in values):
        return None
    if not whole.are(itertools.chain.from_iterable(values), int):
        return None
    return [slot_of_row(row) for row in values]


def triggers(values: Sequence[Any]) -> list[TriggerOpening] | None:
    """Opened leaves of triggers. Rejected by their own bounds."""
    found = whole.rows(values, 1 + COUNTERS)
    if found is None:
        return None
    return [TriggerOpening(index, tuple(counters)) for index, *counters in found]


def salts(values: Sequence[Any]) -> list[Salt] | None:
    """Salts: their bounds are for whatever record takes them."""
    found = whole.words(values, _SALT)
    return None if found is None else [(a, b, c, d) for a, b, c, d in found]


def openings(values: Sequence[Any]) -> list[AccountOpening] | None:
    """Opened accounts, and places where none is. Rejected by their own bounds, the first first."""
    found = whole.records(values, OPENING)
    if found is None or not whole.are(found[0], int):
        return None
    parts = _accounts([account for account in found[1] if account is not None])
    if parts is None:
        return None
    present = map(_account, *parts)
    return [
        AccountOpening(index, None if account is None else next(present))
        for index, account in zip(*found, strict=True)
    ]


def _accounts(values: Sequence[Any]) -> list[Sequence[Any]] | None:
    """What accounts are made from: columns, in the order that `_account` takes them."""
    found = whole.columns(values, ACCOUNT)
    if found is None:
        return None
    headers, cash, positions, triggers, below, roots, account_salts = found
    headed = whole.columns(headers, HEADER)
    if headed is None or not _are_held(positions) or not _are_triggers(triggers):
        return None
    owners, keys, viewing, schemes = headed
    words = whole.words(keys, _KEY), digests(viewing), digests(roots), salts(account_salts)
    if any(column is None for column in words) or not whole.have_length(owners, OWNER_BYTES):
        return None
    points, seen, slots_roots, read_salts = (column or () for column in words)
    whose = (owners, points, seen, schemes)
    return [*whose, cash, positions, triggers, below, slots_roots, read_salts]


def _account(
    owner: bytes,
    key: Sequence[int],
    viewing: Digest,
    scheme: int,
    cash: int,
    positions: Sequence[Sequence[int]],
    triggers: Sequence[int],
    below: bool,
    slots_root: Digest,
    salt: Salt,
) -> Account:
    header = Header(owner, point_of(key), viewing, scheme)
    held = Positions(tuple([(market, size) for market, size in positions]))
    return Account(header, cash, held, slots_root, salt, tuple(triggers), below)


def _are_held(values: Sequence[list[Any]]) -> bool:
    """Whether each account has pairs of numbers, no more than there are markets."""
    fit = max(map(len, values), default=0) <= MARKETS_MAX
    return fit and whole.rows(list(itertools.chain.from_iterable(values)), 2) is not None


def _are_triggers(values: Sequence[list[Any]]) -> bool:
    """Whether each account has numbers, no more than it can have positions."""
    fit = max(map(len, values), default=0) <= MARKETS_MAX
    return fit and whole.are(itertools.chain.from_iterable(values), int)
