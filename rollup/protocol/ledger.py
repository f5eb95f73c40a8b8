"""The working state of one batch: what it opened, and what the accounts hold as it proceeds.

Reading an account or slot that was not opened is a refusal: a batch brings all that it touches.
"""

from dataclasses import dataclass, field

from rollup.private import Private
from rollup.protocol.account import Account, Header
from rollup.protocol.batch import PartialState
from rollup.protocol.holding import NOTHING, Holding
from rollup.protocol.positions import NO_POSITIONS, Positions
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.slot import SlotKey, SlotState


@dataclass(slots=True, repr=False)
class Entry(Private):
    """One opened account as the batch proceeds, with what it held before. `header` is None while it
    does not exist, `opened` is the one that it had first, `rotated` says that it has another since;
    `traded` are the markets in which something was filled, by orders of its own or not; `ordered`
    are those in which an order of its own was, and `exchanged` those in which it met another order,
    but for the backstop's; `signed` says that it placed an order or cancelled one;
    `took` are those in which it took lots as the backstop; `paid_out` says that something left it
    by its holder's word, and `cash_out` that USDC did; `barred` is what an exit asked for that was
    refused."""

    before: Account | None
    header: Header | None
    cash: int
    positions: Positions
    holding_before: Holding = NOTHING
    opened: Header | None = None
    rotated: bool = False
    touched: bool = False
    traded: set[int] = field(default_factory=set)
    ordered: set[int] = field(default_factory=set)
    exchanged: set[int] = field(default_factory=set)
    signed: bool = False
    took: set[int] = field(default_factory=set)
    paid_out: bool = False
    cash_out: bool = False
    barred: int | None = None

    @property
    def acted(self) -> set[int]:
        """Markets in which it bought or sold by its own doing."""
        return self.ordered | self.took

    @property
    def holding(self) -> Holding:
        """What it holds now."""
        return Holding(self.cash, self.positions)

    @property
    def markets(self) -> tuple[int, ...]:
        """Markets whose positions the batch opens: held before, or traded."""
        return tuple(sorted(self.traded.union(self.holding_before.positions.markets)))

    def set_position(self, market: int, size: int) -> None:
        """Replace the signed size held in one market."""
        self.positions = self.positions.put(market, size)
        self.traded.add(market)


class Ledger:
    """Opened accounts and slots of a batch, changed by its steps. `left` has what orders had left
    that lapsed."""

    def __init__(self, pre: PartialState) -> None:
        self.accounts = {o.index: _entry(o.account) for o in pre.accounts}
        self.slots = {(o.account, o.slot): o.state for o in pre.slots}
        self.left: dict[SlotKey, int] = {}
        self._slots_touched: set[SlotKey] = set()
        self._places = {index: place for place, index in enumerate(self.accounts)}

    def touch(self, index: int) -> Entry:
        """The account at an index, existing or not; refused unless the batch opened it."""
        entry = self.accounts.get(index)
        if entry is None:
            raise Rejected(Reason.OPENING_MISSING, "an account that is named is not opened")
        entry.touched = True
        return entry

    def existing(self, index: int, missing: Reason = Reason.ACCOUNT_MISSING) -> Entry:
        """The account at an index; refused if there is none."""
        entry = self.touch(index)
        if entry.header is None:
            raise Rejected(missing, "an account that is named does not exist")
        return entry

    def header(self, index: int) -> Header:
        """The header of an account; refused if there is none."""
        header = self.touch(index).header
        if header is None:
            raise Rejected(Reason.ACCOUNT_MISSING, "an account that is named does not exist")
        return header

    def slot(self, key: SlotKey) -> SlotState:
        """The slot at (account, slot); refused unless the batch opened it."""
        state = self.slots.get(key)
        if state is None:
            raise Rejected(Reason.OPENING_MISSING, "a slot that is named is not opened")
        self._slots_touched.add(key)
        return state

    def require_all_touched(self) -> None:
        """A batch opens nothing that it does not touch; but an account may be opened only to renew
        its triggers."""
        for place, entry in enumerate(self.accounts.values()):
            if not entry.touched and entry.before is None:
                raise Rejected(Reason.OPENING_EXCESS, f"account opening {place} is for nothing")
        for place, key in enumerate(self.slots):
            if key not in self._slots_touched:
                raise Rejected(Reason.OPENING_EXCESS, f"slot opening {place} is for nothing")

    def opened(self, listed: int) -> list[int]:
        """How many more lots of each market are held than before the batch: held lots are as many
        as those owed."""
        found = [0] * listed
        for entry in self.accounts.values():
            before = entry.holding_before.positions
            for market in entry.traded:
                found[market] += max(entry.positions[market], 0) - max(before[market], 0)
        return found

    def place(self, index: int) -> str:
        """Which opening an account has: what a refusal says instead of the account's index."""
        return f"account opening {self._places[index]}"


def _entry(account: Account | None) -> Entry:
    if account is None:
        return Entry(None, None, 0, NO_POSITIONS)
    held = Holding(account.cash, account.positions)
    return Entry(account, account.header, *held, held, account.header)
