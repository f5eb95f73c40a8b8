"""The whole state, for who runs the venue: accounts, slots, triggers, their trees, and the rest.

It opens the part that a batch will touch and takes over the batch's outcome. It judges nothing:
the rules are in transition.py.
"""

from collections.abc import Collection, Mapping

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import Digest
from rollup.protocol.account import (
    EMPTY_LEAF,
    Account,
    account_leaves,
    header_digests,
)
from rollup.protocol.batch import (
    AccountOpening,
    Globals,
    MarketsState,
    PartialState,
    SlotOpening,
)
from rollup.protocol.closing import SLOT_TREE_OFFSET, TRIGGER_TREE
from rollup.protocol.constants import ACCOUNT_BITS, SLOT_BITS, TRIGGER_BITS
from rollup.protocol.market_book import MarketBook
from rollup.protocol.outcome import Outcome
from rollup.protocol.roots import Beside, state_roots
from rollup.protocol.slot import FRESH_SLOT, SlotState, slot_leaves
from rollup.protocol.triggers import (
    NO_COUNTERS,
    Counters,
    Seat,
    TriggerOpening,
    counted,
    leaf_of,
    place_of,
    trigger_leaves,
)
from rollup.tree.forest import Forest


class State:
    """All accounts and slots with their trees, and the public market book, after some batch."""

    def __init__(
        self,
        accounts: Mapping[int, Account],
        markets: MarketsState,
        globals_: Globals,
        book: MarketBook,
        compress_many: CompressMany,
        slots: Mapping[tuple[int, int], SlotState] | None = None,
    ) -> None:
        """A state of these accounts and slots, by (account, slot); none were used at genesis.

        Raises ValueError if an account names another root of its slots.
        """
        self.accounts = dict(accounts)
        self.slots: dict[tuple[int, int], SlotState] = dict(slots or {})
        self.markets = markets
        self.globals = globals_
        self.book = book
        self._compress_many = compress_many
        fresh = slot_leaves([FRESH_SLOT], compress_many)[0]
        self._slot_trees = Forest(SLOT_BITS, fresh, compress_many)
        self._account_tree = Forest(ACCOUNT_BITS, EMPTY_LEAF, compress_many)
        self._set_slots()
        present = list(self.accounts.values())
        headers = header_digests([account.header for account in present], compress_many)
        leaves = account_leaves(present, headers, compress_many)
        self._account_tree.set_leaves(dict(zip(self.accounts, leaves, strict=True)))
        self.counters: dict[int, Counters] = counted(present)
        no_counters = trigger_leaves([NO_COUNTERS], compress_many)[0]
        self._trigger_tree = Forest(TRIGGER_BITS, no_counters, compress_many)
        leaves = trigger_leaves(list(self.counters.values()), compress_many)
        self._trigger_tree.set_leaves(dict(zip(self.counters, leaves, strict=True)))
        self.root = self._state_root()

    def _set_slots(self) -> None:
        places = [account << SLOT_BITS | slot for account, slot in self.slots]
        leaves = slot_leaves(list(self.slots.values()), self._compress_many)
        self._slot_trees.set_leaves(dict(zip(places, leaves, strict=True)))
        for index, account in self.accounts.items():
            if account.slots_root != self._slot_trees.root(index):
                raise ValueError("an account's slots have another root than it names")

    def roots(self) -> tuple[Digest, Digest, Digest, Digest]:
        """Of accounts, markets, triggers and globals: what the state root is made of."""
        markets = self.markets.digest(self._compress_many)
        globals_ = self.globals.digest(self._compress_many)
        return self._account_tree.root(), markets, self._trigger_tree.root(), globals_

    @property
    def beside(self) -> Beside:
        """What stands beside the account tree."""
        _, markets, triggers, globals_ = self.roots()
        (right,) = self._compress_many([triggers], [globals_])
        return markets, right

    def _state_root(self) -> Digest:
        accounts, markets, triggers, globals_ = ([root] for root in self.roots())
        return state_roots(accounts, markets, triggers, globals_, self._compress_many)[0]

    def path(self, account: int) -> tuple[Digest, ...]:
        """The siblings of an account's leaf, from the leaf up, one a level."""
        return self._account_tree.siblings([account])

    def slot(self, account: int, slot: int) -> SlotState:
        """The state of one slot; fresh if it was never used."""
        return self.slots.get((account, slot), FRESH_SLOT)

    def count(self, seat: Seat) -> int:
        """How many positions have a trigger."""
        return self.counters.get(leaf_of(*seat), NO_COUNTERS)[place_of(seat.trigger)]

    def open_triggers(
        self, leaves: Collection[int]
    ) -> tuple[tuple[TriggerOpening, ...], tuple[Digest, ...]]:
        """Leaves of triggers with the siblings of their paths; leaf 0 where none is wanted."""
        indices = sorted(leaves) or [0]
        openings = (TriggerOpening(i, self.counters.get(i, NO_COUNTERS)) for i in indices)
        return tuple(openings), self._trigger_tree.siblings(indices)

    def open(self, touched: Mapping[int, Collection[int]]) -> PartialState:
        """The part of the state that a batch touches: account index to the slots it uses. The
        leaves of triggers that it counts and sweeps are for rollup.protocol.openings to find."""
        indices = sorted(touched)
        triggers, trigger_siblings = self.open_triggers(())
        slots = sorted((index, slot) for index in indices for slot in touched[index])
        addresses = [index << SLOT_BITS | slot for index, slot in slots]
        return PartialState(
            book=self.book,
            markets=self.markets,
            globals=self.globals,
            accounts=tuple(AccountOpening(i, self.accounts.get(i)) for i in indices),
            slots=tuple(SlotOpening(i, slot, self.slot(i, slot)) for i, slot in slots),
            account_siblings=self._account_tree.siblings(indices),
            slot_siblings=self._slot_trees.siblings(addresses),
            triggers=triggers,
            trigger_siblings=trigger_siblings,
        )

    def adopt(self, outcome: Outcome) -> None:
        """Become the state after a batch that was applied to this one.

        Raises ValueError if the outcome starts from another root.
        """
        if outcome.public.old_root != self.root:
            raise ValueError("the outcome starts from another state root")
        slots = [slot for account in outcome.accounts for slot in account.slots]
        leaves = {slot.account << SLOT_BITS | slot.slot: slot.leaf_after for slot in slots}
        self._slot_trees.adopt(leaves, outcome.slot_nodes, SLOT_TREE_OFFSET)
        self._account_tree.adopt(
            {account.index: account.leaf_after for account in outcome.accounts},
            outcome.account_nodes,
        )
        self._trigger_tree.adopt(
            {leaf.index: leaf.leaf_after for leaf in outcome.triggers},
            outcome.trigger_nodes,
            TRIGGER_TREE,
        )
        self.counters.update({leaf.index: leaf.after for leaf in outcome.triggers})
        self.slots.update({(slot.account, slot.slot): slot.after for slot in slots})
        self.accounts.update({a.index: a.after for a in outcome.accounts if a.after is not None})
        self.markets, self.globals = outcome.markets_after, outcome.globals_after
        self.root, self.book = outcome.public.new_root, outcome.public.book_after
