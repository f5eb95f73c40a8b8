"""Whatever happens to a venue, every order and cancel that has a receipt, and the signature of its
account, comes to one end on the stream of its owner, and to no other until that is told to be void;
and nothing that its account did not sign is on a stream at all."""

import tempfile
from pathlib import Path
from random import Random

import pytest

from rollup.crypto.envelope import PaddingAction
from rollup.protocol.cancel import CancelOrder, SignedCancel, cancel_digests
from rollup.protocol.order import Order, SignedOrder, TimeInForce, message_digest
from sequencer.client.travelling import cancel_action, order_action
from sequencer.service.facts import TERMINAL, ChangedHands, Fact, Lives, Voided
from tests.helpers import venue as small
from tests.helpers.running import HERE, WINDOW_MS, Running
from tests.helpers.seed import draws

RICH = 10**6 * small.USDC
BEHIND = small.GOVERNANCE.clock_behind_ms
LIVES = 60
STEPS = 30
SLOTS = 6

HAPPENINGS = (
    *("orders",) * 6,
    *("cancels",) * 2,
    *("close",) * 4,
    *("headers", "headers", "proof", "late", "restart", "strangers"),
    *("remember", "reorganise", "register"),
)


class Ledger:
    """What owners were told, by receipt, and whether any of it contradicts itself."""

    def __init__(self) -> None:
        self.owners: dict[int, int] = {}
        """Of every receipt of an action that its account signed: that account."""
        self.ended: dict[int, int] = {}
        """How often its owner had been told of void batches when a receipt came to its end."""
        self.lives: set[int] = set()
        self.voided: dict[int, int] = {}
        self.again = self.handed_on = 0

    def hear(self, facts: list[tuple[int, Fact]]) -> None:
        for account, fact in facts:
            if isinstance(fact, ChangedHands):
                self.handed_on += 1
                gone = [receipt for receipt, owner in self.owners.items() if owner == account]
                for receipt in gone:
                    del self.owners[receipt]
                    self.ended.pop(receipt, None)
            elif isinstance(fact, Voided):
                self.voided[account] = self.voided.get(account, 0) + 1
            else:
                self._told(account, fact)

    def _told(self, account: int, fact: Fact) -> None:
        receipt = fact.receipt
        assert self.owners[receipt] == account, "told to somebody else"
        epoch = self.voided.get(account, 0)
        assert self.ended.get(receipt) != epoch, f"{fact!r} after the end"
        self.again += receipt in self.ended
        if isinstance(fact, TERMINAL):
            self.ended[receipt] = epoch
        else:
            self.ended.pop(receipt, None)
        if isinstance(fact, Lives):
            self.lives.add(receipt)


class Life:
    """A venue to which things happen."""

    def __init__(self, root: Path, random: Random) -> None:
        self.running, self.random, self.ledger = Running(root), random, Ledger()
        self.keys = [1, 2, 3]
        """Whose key each account has, from account 1 on, as the venue's state has it."""
        for key in self.keys:
            self.running.world.register(key, RICH)
        self.running.batch()
        self.checkpoint = self.running.world.l1.checkpoint()
        self.generation = 1
        self.wanted = 0

    @property
    def holders(self) -> dict[int, int]:
        """Accounts that there are, each with the number of its key."""
        found = {}
        for account, holder in self.running.venue.core.ledger.holders.items():
            keys = [key for key in range(1, 40) if small.public_key(key) == holder.header.key]
            found |= {account: keys[0]} if account and keys else {}
        return found

    def order(self, account: int) -> Order:
        choice, self.generation = self.random.choice, self.generation + 1
        terms = {
            "slot": self.random.randrange(SLOTS),
            "generation": self.generation if self.random.random() < 0.9 else 1,
            "price": small.BTC_PRICE + choice((-10, 0, 0, 10)),
            "expiry": self.running.venue.core.clock + choice((0, WINDOW_MS, 3 * WINDOW_MS)),
            "time_in_force": choice(tuple(TimeInForce)),
        }
        size = choice((1, 2, 3, 2**39))
        return choice((small.buy, small.sell))(account, size, **terms)

    def send(self, *actions: tuple[object, int]) -> None:
        """Actions, each with the account that signed it; 0 for one that nobody's account did."""
        venue = self.running.venue
        until = venue.core.clock + WINDOW_MS
        answers = venue.submit([venue.sealing_key.seal(each, HERE, until) for each, _ in actions])
        for answer, (_, account) in zip(answers, actions, strict=True):
            assert answer.receipt is not None
            if account:
                self.ledger.owners[answer.receipt.receipt.sequence] = account
                self.wanted += 1

    def orders(self) -> None:
        self.open()
        sent = []
        for _ in range(4):
            account, key = self.random.choice(list(self.holders.items()))
            order = self.order(account)
            signature = small.TOY.sign(key, message_digest(order, small.toy_compress_many))
            sent.append((order_action(SignedOrder(order, signature)), account))
        self.send(*sent)

    def cancels(self) -> None:
        self.open()
        account, key = self.random.choice(list(self.holders.items()))
        generation = self.random.choice((0, self.generation, self.generation + 1))
        slot = self.random.randrange(SLOTS)
        cancel = CancelOrder(small.CHAIN, small.VENUE, account, slot, generation)
        (digest,) = cancel_digests([cancel], small.toy_compress_many)
        signed = SignedCancel(cancel, small.TOY.sign(key, digest))
        self.send((cancel_action(signed), account))

    def strangers(self) -> None:
        """Padding, an order in another's name, and one of an account that there is not."""
        self.open()
        account = self.random.choice(list(self.holders))
        stolen, nobodys = self.order(account), self.order(77)
        signature = small.TOY.sign(39, message_digest(stolen, small.toy_compress_many))
        orders = [order_action(SignedOrder(each, signature)) for each in (stolen, nobodys)]
        self.send((PaddingAction(), 0), *((each, 0) for each in orders))

    def open(self) -> None:
        if self.running.venue.core.work is None:
            self.running.open()

    def close(self) -> None:
        if self.running.venue.core.work is not None:
            self.running.close()

    def headers(self) -> None:
        for _ in range(99):
            wanted = self.running.venue.commit_headers()
            if wanted is None:
                return
            self.running.venue.redo(wanted)
        raise AssertionError("making batches anew does not come to an end")

    def proof(self) -> None:
        self.headers()
        if self.running.venue.unproved:
            self.running.post(self.running.venue.unproved[0])

    def late(self) -> None:
        self.running.world.pass_time(BEHIND + 1)

    def restart(self) -> None:
        self.running.restart()

    def remember(self) -> None:
        self.checkpoint = self.running.world.l1.checkpoint()

    def reorganise(self) -> None:
        """Back to the last checkpoint, with somebody else at the end of the queue, sometimes."""
        here = self.running.world.l1.checkpoint()
        self.running.world.l1.revert_to(self.checkpoint)
        self.checkpoint = here
        if self.random.random() < 0.5:
            self.register()
        self.headers()

    def register(self) -> None:
        key = 1 + max((*self.keys, 3))
        if key < 39:
            self.keys.append(key)
            self.running.world.register(key, RICH)

    def step(self, name: str) -> None:
        getattr(self, name)()
        self.ledger.hear(self.running.venue.take_facts())

    def settle(self) -> None:
        """Until every order has come to its end."""
        self.step("close")
        self.step("headers")
        for _ in range(4):
            self.step("open")
            self.step("close")
        assert not self.running.venue.core.live
        missing = self.ledger.owners.keys() - self.ledger.ended.keys()
        assert not missing, f"receipts without an end: {sorted(missing)}"


@pytest.mark.parametrize("life", range(LIVES))
def test_every_receipt_of_an_authentic_action_comes_to_one_end(life: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lived = Life(Path(folder) / "target", draws(life))
        for _ in range(STEPS):
            lived.step(lived.random.choice(HAPPENINGS))
        lived.settle()
        lived.running.stop()
        assert lived.wanted > SLOTS


def test_ends_void_ends_and_other_owners_happen_in_these_lives() -> None:
    """So that the test above is about something: it sees redos, orders that live after one, and
    orders that end anew."""
    voided = lives = again = handed_on = 0
    for life in range(10):
        with tempfile.TemporaryDirectory() as folder:
            lived = Life(Path(folder) / "target", draws(life))
            for _ in range(STEPS):
                lived.step(lived.random.choice(HAPPENINGS))
            lived.settle()
            lived.running.stop()
        voided += sum(lived.ledger.voided.values())
        lives += len(lived.ledger.lives)
        again += lived.ledger.again
        handed_on += lived.ledger.handed_on
    assert voided > 20 and lives > 5 and again > 20 and handed_on > 0
