"""Whatever happens between a venue and its L1, there is a next step: crashes, lateness,
reorganisations and new parameters in any order, and never a dead end. Its receipts bind it all the
while, and prove nothing against it."""

import tempfile
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.l1.bond import RECEIPTS_MAX
from rollup.l1.interface import Revert, Reverted
from rollup.protocol.chain import require_chained
from rollup.protocol.header import BatchHeader
from rollup.protocol.misconduct import Signer, judge_list, judge_pair, judge_promise
from rollup.protocol.public import PublicInput
from rollup.protocol.receipt import SignedReceipt
from sequencer.batches.artefacts import BatchFolder
from sequencer.batches.receipts import ReceiptChain, published
from sequencer.batches.replay import replay
from sequencer.batches.standing import standing_to_bytes
from sequencer.engine.core import CoreError
from sequencer.engine.event import VenueReason
from sequencer.service.facts import Fact
from tests.helpers import venue as small
from tests.helpers.l1 import DELAY, GOVERNOR, STRANGER
from tests.helpers.machines import described, replayed
from tests.helpers.oracle import listing
from tests.helpers.running import SETUP, Running

SIGNER = Signer.of(SETUP.genesis)
RICH = 10**6 * small.USDC
PRICES = (*small.PRICES, 77_777, 88_888)
"""Of the two markets there are, and of those that may be added."""
BEHIND = small.GOVERNANCE.clock_behind_ms

HAPPENINGS = (
    *("trade", "trade", "close", "close", "headers", "proof", "proof"),
    *("restart", "late", "wait", "register", "remember", "reorganise", "announce"),
    *("refused_opening", "crash_in_a_redo", "swing", "swing"),
    *("restart", "end_in_order", "lose_the_store"),
)
plans = st.lists(st.sampled_from(HAPPENINGS), max_size=25)


class Life:
    """A venue to which things happen; `settle` is the operator's way on."""

    def __init__(self, root: Path) -> None:
        self.running = Running(root, snapshot_every=2)
        self.world = self.running.world
        for account in (1, 2):
            self.world.register(account, RICH)
        self.running.batch()
        self.checkpoint = self.world.l1.checkpoint()
        self.account = 3
        self.slot = 0
        self.taker_fee = 500
        self.announced = 0
        self.receipts: list[SignedReceipt] = []

    def do(self, step: str) -> None:
        getattr(self, step)()

    def trade(self) -> None:
        if self.running.venue.core.work is None:
            self.running.open(PRICES)
        self.slot = (self.slot + 1) % 250
        generation = 1 + self.running.venue.core.sequence
        terms = {"slot": self.slot, "generation": generation}
        answers = self.running.submit(small.sell(1, 2, **terms), small.buy(2, 2, **terms))
        assert {answer.reason for answer in answers} <= {None, VenueReason.SLOT_BUSY}
        self.receipts += [answer.receipt for answer in answers if answer.receipt is not None]

    def close(self) -> None:
        if self.running.venue.core.work is not None:
            self.running.close()

    def headers(self) -> None:
        """As the operator must: bring them, prove what is overdue, make anew what L1 refuses."""
        for _ in range(99):
            try:
                wanted = self.running.venue.commit_headers()
            except Reverted as error:
                assert error.reason is Revert.PROOF_OVERDUE
                self.running.post(self.running.venue.unproved[0])
                continue
            if wanted is None:
                return
            self.running.venue.redo(wanted)
        raise AssertionError("making batches anew does not come to an end")

    def proof(self) -> None:
        self.headers()
        if self.running.venue.unproved:
            self.running.post(self.running.venue.unproved[0])

    def restart(self) -> None:
        """It comes back the same as from the whole journal, and owners' streams go on."""
        told = self.told()
        self.running.restart()
        self.require_whole()
        assert self.told() == told and not self.running.venue.remarks

    def end_in_order(self) -> None:
        told = self.told()
        self.running.stop()
        self.running.start()
        self.require_whole()
        assert self.told() == told and not self.running.venue.remarks

    def lose_the_store(self) -> None:
        """Facts are numbered anew then; nothing else depends on it."""
        self.running.crash()
        for left in self.running.folder.journal.parent.glob("store.sqlite*"):
            left.unlink()
        self.running.start()
        self.require_whole()

    def told(self) -> dict[int, tuple[Fact, ...]]:
        history = self.running.venue.history
        pages = {account: history.since(account, 0, 10**6) for account in (1, 2)}
        assert all(page.first == 0 and not page.has_more for page in pages.values())
        return {account: page.facts for account, page in pages.items()}

    def require_whole(self) -> None:
        venue = self.running.venue
        whole = replayed(self.running.folder, SETUP)
        assert described(venue._machine) == described(whole)
        assert (venue.core.work is not None) or (
            standing_to_bytes(venue._machine.standing) == standing_to_bytes(whole.standing)
        )
        chain = ReceiptChain(SETUP.genesis)
        list(chain.replay(self.running.folder.journal, self.running.entries()))
        assert (chain.sequence, chain.head) == (venue._receipts.sequence, venue._receipts.head)

    def late(self) -> None:
        self.world.pass_time(BEHIND + 1)

    def wait(self) -> None:
        self.world.pass_time(DELAY)

    def register(self) -> None:
        self.world.register(self.account, RICH)
        self.account += 1

    def announce(self) -> None:
        """Dearer or cheaper, and every third time one more market."""
        self.taker_fee = 1_000 - self.taker_fee + 1
        self.announced += 1
        now = self.world.l1.governance_for(2**30 - 1, 2**52 - 1)
        markets = (replace(now.markets[0], taker_fee=self.taker_fee), *now.markets[1:])
        if self.announced % 3 == 0 and len(markets) < 4:
            markets += (replace(small.ETH_MARKET, symbol=f"M{len(markets)}"),)
        number = self.world.l1.head_number + 1
        self.world.l1.announce_governance(GOVERNOR, listing(now, markets), number)

    def refused_opening(self) -> None:
        """The operator's clock stands still."""
        if self.running.venue.core.work is None:
            with pytest.raises(CoreError):
                self.running.venue.open_batch(self.running.venue.core.time)

    def crash_in_a_redo(self) -> None:
        """The process dies before the redone batches' files are written."""
        try:
            wanted = self.running.venue.commit_headers()
        except Reverted as error:
            assert error.reason is Revert.PROOF_OVERDUE
            return
        if wanted is None:
            return
        dead = patch.object(BatchFolder, "write_batch", side_effect=KeyboardInterrupt)
        with dead, suppress(KeyboardInterrupt):
            self.running.venue.redo(wanted)
        self.running.restart()

    def reorganise(self) -> None:
        """Back to the last checkpoint, and the venue learns of it as it brings something."""
        self.world.l1.revert_to(self.checkpoint)
        if self.running.venue.unproved and self.account % 2:
            with suppress(Reverted):
                self.running.post(self.running.venue.unproved[0])
        self.headers()

    def swing(self) -> None:
        """L1 goes back to the branch that it left last, and so on: one, then the other."""
        here = self.world.l1.checkpoint()
        self.world.l1.revert_to(self.checkpoint)
        self.headers()
        self.checkpoint = here

    def remember(self) -> None:
        self.checkpoint = self.world.l1.checkpoint()

    def settle(self) -> None:
        """All that waits is brought to L1, and then a trade: the venue lives."""
        self.close()
        self.headers()
        while self.running.venue.unproved:
            self.running.post(self.running.venue.unproved[0])
        self.running.open(PRICES)
        self.trade()
        closed = self.running.close()
        self.headers()
        while self.running.venue.unproved:
            self.running.post(self.running.venue.unproved[0])
        assert closed.batch.fills
        assert self.world.l1.head_number == self.running.venue.core.number
        assert self.world.l1.funds >= self.world.l1.owed
        replayed = list(replay(self.running.folder.journal, SETUP))
        assert replayed[-1].header.new_root == self.world.l1.root
        self.judge([each.outcome.public for each in replayed])
        self.challenge([each.header for each in replayed])

    def challenge(self, headers: list[BatchHeader]) -> None:
        """Nor does L1 find anything, whichever header it holds somebody shows beside a receipt."""
        l1, found = self.world.l1, set()
        for header in headers:
            assert l1.header_digest(header.number) == header.digest()
            held = published(self.running.folder.journal, header.number, 1)[-RECEIPTS_MAX:]
            for signed in self.receipts:
                calls = (
                    lambda s=signed, h=header: l1.challenge_window(STRANGER, s, h),
                    lambda s=signed, h=header, r=held: l1.challenge_place(STRANGER, s, h, r),
                    lambda s=signed: l1.challenge_pair(STRANGER, self.receipts[-1], s),
                )
                for call in calls:
                    with pytest.raises(Reverted) as caught:
                        call()  # type: ignore[no-untyped-call]
                    found.add(caught.value.reason)
        assert found <= {Revert.NO_MISCONDUCT, Revert.EVIDENCE_DIFFERS}
        assert Revert.NO_MISCONDUCT in found

    def judge(self, publics: list[PublicInput]) -> None:
        """Every receipt ever given is in its place under its batch's head and under the last one,
        and no two prove anything."""
        require_chained(publics)
        of_number = {public.number: public for public in publics}
        last = publics[-1]
        for signed in self.receipts:
            promised = of_number[signed.receipt.batch]
            assert judge_promise(signed, promised, SIGNER) is None
            assert judge_pair(self.receipts[0], signed, SIGNER) is None
            for public in (promised, last):
                held = published(self.running.folder.journal, public.number, 1)
                assert judge_list(signed, held, public, SIGNER) is None
        for one, other in pairwise(self.receipts):
            assert judge_pair(one, other, SIGNER) is None


@settings(max_examples=60, deadline=None)
@given(plans)
def test_there_is_always_a_next_step(plan: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Path(folder) / "target")
        for step in plan:
            life.do(step)
        life.settle()
        life.running.stop()
