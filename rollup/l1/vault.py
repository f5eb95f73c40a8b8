"""The money: what the contract holds, and what it owes by its own counters."""

from collections import defaultdict

from rollup.l1.interface import Address, Revert, Reverted
from rollup.protocol.constants import CASH_BITS
from rollup.protocol.public import PublicInput


class Vault:
    """A token ledger, and beside it custody, deposits still queued, and pending balances.

    What it holds is never less than what it owes; a donated unit makes it more, and breaks nothing.
    """

    def __init__(self) -> None:
        self.custody = 0
        self.queued = 0
        self.pending: defaultdict[Address, int] = defaultdict(int)
        self.funds = 0
        self.wallets: defaultdict[Address, int] = defaultdict(int)

    @property
    def owed(self) -> int:
        """Quanta owed by the contract's own counters; never more than `funds`."""
        return self.custody + self.queued + sum(self.pending.values())

    def take(self, sender: Address, amount: int) -> None:
        """Money of the sender becomes the contract's."""
        held = self.wallets.get(sender, 0)
        if held < amount:
            raise Reverted(Revert.BALANCE_TOO_SMALL, f"{amount} quanta of {held} held")
        self.wallets[sender] -= amount
        self.funds += amount

    def enqueue(self, sender: Address, amount: int) -> None:
        """Money of the sender comes in with a queue entry."""
        if self.custody + self.queued + amount >= 1 << CASH_BITS:
            raise Reverted(Revert.CUSTODY_FULL, f"the total would not fit {CASH_BITS} bits")
        self.take(sender, amount)
        self.queued += amount

    def settle(self, public: PublicInput) -> None:
        """Consumed deposits leave the queue: into custody, or back to their senders. Withdrawals
        leave custody for their owners to claim."""
        self.queued -= sum(deposit.entry.amount for deposit in public.deposits)
        self.custody = public.total
        for refund in public.refunds:
            self.pending[refund.entry.owner] += refund.entry.amount
        for withdrawal in public.withdrawals:
            self.pending[withdrawal.owner] += withdrawal.amount

    def pay(self, sender: Address) -> int:
        """Pay out the sender's pending balance; returns the quanta paid."""
        amount = self.pending.get(sender, 0)
        if amount == 0:
            raise Reverted(Revert.NOTHING_TO_WITHDRAW, "no pending balance")
        del self.pending[sender]
        self.funds -= amount
        self.wallets[sender] += amount
        return amount
