"""The calls by which one book is kept of several chains: home's side of its outposts.

Spec: docs/spec/25-chains.md.
"""

from collections.abc import Sequence

from rollup.l1.attesting import require_said
from rollup.l1.checks import (
    require_address,
    require_amount,
    require_asset,
    require_deposit,
)
from rollup.l1.elsewhere import InboxTaken, Outpost, OutpostAnnounced, OutpostBook, SentOut
from rollup.l1.exits import ExitingL1
from rollup.l1.interface import (
    Address,
    DepositQueued,
    Revert,
    Reverted,
)
from rollup.protocol.checkpoint import InboxEntry, InboxHead, Link, OutboxEntry
from rollup.protocol.committee import Attestation
from rollup.protocol.rejection import Rejected


class OutpostsL1(ExitingL1):
    """A contract that is home to outposts on other chains."""

    def announce_outpost(self, sender: Address, outpost: Outpost) -> int:
        """Let an outpost be heard once the governance delay is over; returns from when on."""
        self._require_live()
        if sender != self._deployment.governor:
            raise Reverted(Revert.NOT_GOVERNOR, "only the governor announces an outpost")
        link = self._link(outpost)
        for mark, _ in outpost.caps:
            require_asset(mark, self.governance)
        valid_from = self._clock() + self._deployment.governance_delay
        self._state.elsewhere.books[outpost.chain] = OutpostBook.opened(link, outpost, valid_from)
        self._state.events.append(OutpostAnnounced(outpost, valid_from))
        return valid_from

    def _link(self, outpost: Outpost) -> Link:
        genesis = self._deployment.genesis
        if outpost.chain in self._state.elsewhere.books:
            raise Reverted(Revert.BAD_OUTPOST, f"chain {outpost.chain} has an outpost")
        try:
            return Link(genesis.chain, genesis.venue, outpost.chain, outpost.address)
        except Rejected as error:
            raise Reverted(Revert.BAD_OUTPOST, error.detail) from error

    def take_in_from(
        self,
        sender: Address,
        chain: int,
        entries: Sequence[InboxEntry],
        attestation: Attestation,
    ) -> int:
        """Take the next deposits of an outpost, as its committee attests to them; returns how many
        it has taken. Anybody can."""
        self._require_live()
        require_address(sender)
        book = self._state.elsewhere.book(chain, self._clock())
        head = book.require_follow(entries)
        book.require_caps(entries)
        genesis = self._deployment.genesis
        link = Link(genesis.chain, genesis.venue, chain, book.outpost.address)
        said = InboxHead(link, book.taken + len(entries), head)
        require_said(self.governance.committee, said.encode(), attestation)
        for entry in entries:
            self._take_in(book, entry)
        return book.taken

    def _take_in(self, book: OutpostBook, entry: InboxEntry) -> None:
        """Queue a deposit that an outpost took, or owe it to whoever made it: no entry is refused,
        or it would stop all behind it."""
        state, chain = self._state, book.outpost.chain
        book.take(entry)
        vault = state.vault_of(entry.asset)
        try:
            least = self._deployment.least_deposit
            require_deposit(entry.amount, entry.asset, least, self.governance)
            queued = state.queue.credit(entry.owner, entry.account, entry.amount, entry.asset)
            vault.require_room(entry.amount)
        except Reverted:
            vault.owe(entry.owner, entry.amount)
            state.keep(vault)
            state.events.append(InboxTaken(chain, entry, is_queued=False))
            return
        vault.queued += entry.amount
        state.keep(vault)
        state.elsewhere.came.add(queued.index)
        state.queue.append(queued, self._clock())
        state.events += [InboxTaken(chain, entry, is_queued=True), DepositQueued(queued)]

    def send(self, sender: Address, chain: int, asset: int, amount: int) -> OutboxEntry:
        """Let so much of the sender's pending balance out through an outpost that has it."""
        require_address(sender)
        require_asset(asset, self.governance)
        require_amount(amount, asset)
        book = self._state.elsewhere.book(chain, self._clock())
        vault = self._state.vault_of(asset)
        pending = vault.pending.get(sender, 0)
        if amount > pending:
            raise Reverted(Revert.BALANCE_TOO_SMALL, f"{amount} of {pending} pending")
        entry = book.send(sender, asset, amount)
        vault.disown(sender, amount)
        self._state.events.append(SentOut(chain, entry))
        return entry
