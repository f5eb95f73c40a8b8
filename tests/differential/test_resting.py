"""What the rules let happen in slots can be proved: random lives of orders, several in a slot."""

from random import Random

import pytest

from rollup.protocol.batch import Batch
from rollup.protocol.constants import GENERATION_BITS
from rollup.protocol.order import Order, TimeInForce
from rollup.protocol.rejection import Rejected
from tests.helpers.statement import small_witness
from tests.helpers.venue import (
    BTC_PRICE,
    USDC,
    Match,
    Venue,
    buy,
    cancel,
    real,
    sell,
    transfer,
)

TRADERS = (1, 2, 3)
SLOTS = (0, 1, 2, 3, 255)
LAST = (1 << GENERATION_BITS) - 2


class Life:
    """A venue, and what its traders may still sign."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.venue = Venue(suite=real()).with_traders(*[10**6 * USDC] * 3)
        self.next = {(account, slot): 0 for account in TRADERS for slot in SLOTS}
        self.resting: list[Order] = []

    @property
    def now(self) -> int:
        """When the next batch ends."""
        return self.venue.state.globals.time + 1_000

    def left(self, order: Order) -> int:
        """Lots of an order."""
        stored = self.venue.state.slot(order.account, order.slot)
        return stored.left if self.venue.rests(order) else order.size

    def generation(self, key: tuple[int, int]) -> int:
        """A generation that may act in a slot, and once the last there is."""
        stored = self.next[key]
        found = (
            LAST
            if key[1] == 255 and self.random.random() < 0.1
            else stored + self.random.randrange(3)
        )
        self.next[key] = min(found, LAST) + 1
        return min(found, LAST)

    def order(self, account: int, *, buys: bool) -> Order:
        """A new order of anywhere."""
        slot = self.random.choice(SLOTS)
        make = buy if buys else sell
        kinds = (TimeInForce.GOOD_TILL_EXPIRY, TimeInForce.IMMEDIATE_OR_CANCEL)
        return make(
            account,
            self.random.choice((1, 7, 500)),
            slot=slot,
            generation=self.generation((account, slot)),
            expiry=self.now + self.random.choice((4_000, 10**9)),
            time_in_force=kinds[self.random.random() < 0.2],
        )

    def live(self) -> list[Order]:
        """What rests, in time."""
        return [order for order in self.resting if order.expiry >= self.now]

    def side(self, account: int, *, buys: bool) -> Order:
        """An order that rests, or a new one."""
        found = [o for o in self.live() if o.account == account and (o.side == 0) == buys]
        if found and self.random.random() < 0.7:
            return self.random.choice(found)
        return self.order(account, buys=buys)

    def batch(self) -> Batch:
        """Some of everything; much of it the rules refuse."""
        matches = []
        for _ in range(self.random.randrange(1, 4)):
            buyer, seller = self.random.sample(TRADERS, 2)
            pair = self.side(buyer, buys=True), self.side(seller, buys=False)
            most = min(map(self.left, pair))
            matches.append(Match(*pair, self.random.choice((1, most)), BTC_PRICE))
        key = self.random.choice(TRADERS), self.random.choice(SLOTS)
        cancels = [cancel(key[0], slot=key[1], generation=max(self.next[key] - 1, 0))]
        account, slot = self.random.choice(TRADERS), self.random.choice(SLOTS)
        paid = transfer(account, 0, 7, slot=slot, generation=self.generation((account, slot)))
        placed = [self.order(a, buys=self.random.random() < 0.5) for a in TRADERS[:2]]
        lapsing = [(o.account, o.slot) for o in self.resting if self.random.random() < 0.1]
        return self.venue.batch(
            matches=matches,
            cancels=cancels if self.random.random() < 0.4 else [],
            outflows=[paid] if self.random.random() < 0.4 else [],
            placed=placed[: self.random.randrange(3)],
            lapsed=lapsing,
        )

    def step(self) -> bool:
        """A batch, proved if the rules take it."""
        known = [*self.resting]
        before = dict(self.next)
        batch = self.batch()
        try:
            outcome = self.venue.run(batch)
        except Rejected:
            self.next = before
            return False
        assert small_witness(outcome).failures() == []
        signed = [each.order for each in batch.orders]
        self.resting = [order for order in (*known, *signed) if self.venue.rests(order)]
        return True


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_rules_take_is_proved(seed: int) -> None:
    life = Life(seed)
    taken = sum(life.step() for _ in range(40))
    assert taken >= 12 and life.venue.state.globals.number == taken + 1
