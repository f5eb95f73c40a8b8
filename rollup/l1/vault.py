"""The money: what the contract holds of one token, and what it owes by its own counters."""

from collections import defaultdict
from dataclasses import dataclass, field

from rollup.l1.interface import Address, Revert, Reverted
from rollup.protocol.assets import USDC
from rollup.protocol.constants import CASH_BITS, CUSTODY_BITS
from rollup.protocol.deposit import EntryKind
from rollup.protocol.public import PublicInput


def _balances() -> defaultdict[Address, int]:
    return defaultdict(int)


@dataclass
class Vault:
    """The ledger of one token, USDC or an asset's, and beside it custody, deposits still queued,
    pending balances, and lots that the estate has. `mark` says which (rollup.protocol.assets); it
    counts quanta or lots.

    What it holds is never less than what it owes, but for what the estate lacks of USDC; a donated
    unit makes it more, and breaks nothing.
    """

    mark: int = USDC
    custody: int = 0
    queued: int = 0
    pending: defaultdict[Address, int] = field(default_factory=_balances)
    funds: int = 0
    estate: int = 0
    wallets: defaultdict[Address, int] = field(default_factory=_balances)

    @property
    def owed(self) -> int:
        """What is owed by the contract's own counters: of an asset never more than `funds`, of USDC
        never more than that and what the estate lacks."""
        return self.custody + self.queued + self.estate + sum(self.pending.values())

    def take(self, sender: Address, amount: int) -> None:
        """Money of the sender becomes the contract's."""
        self.spend(sender, amount)
        self.funds += amount

    def spend(self, sender: Address, amount: int) -> None:
        """Money of the sender leaves his wallet. Revert where it is not there."""
        held = self.wallets.get(sender, 0)
        if held < amount:
            raise Reverted(Revert.BALANCE_TOO_SMALL, f"{amount} of {held} held")
        self.wallets[sender] -= amount

    def enqueue(self, sender: Address, amount: int) -> None:
        """Money of the sender comes in with a queue entry."""
        self.require_room(amount)
        self.take(sender, amount)
        self.queued += amount

    def require_room(self, amount: int) -> None:
        """Revert where so much more could not be counted."""
        bits = CASH_BITS if self.mark == USDC else CUSTODY_BITS
        if self.custody + self.queued + amount >= 1 << bits:
            raise Reverted(Revert.CUSTODY_FULL, f"the total would not fit {bits} bits")

    def settle(self, public: PublicInput, stake: int) -> None:
        """Consumed deposits leave the queue: into custody, or back to their senders. Withdrawals,
        and exits that are paid, leave custody for their owners to claim; the stake of every exit is
        its sender's again."""
        entries = [each.entry for each in public.deposits if each.entry.asset == self.mark]
        for entry in entries:
            if entry.kind is EntryKind.EXIT:
                self.queued -= stake
                self.pending[entry.owner] += stake
            else:
                self.queued -= entry.amount
        if self.mark == USDC:
            self.custody = public.total
        else:
            self.custody += public.custody_change(self.mark)
            self.estate += public.taken_of(self.mark)
        for refund in public.refunds:
            if refund.entry.asset == self.mark:
                self.pending[refund.entry.owner] += refund.entry.amount
        for withdrawal in (*public.withdrawals, *public.exits):
            if withdrawal.asset == self.mark:
                self.pending[withdrawal.owner] += withdrawal.amount

    def require_covers(self, public: PublicInput) -> None:
        """Revert where a batch grants more, or gives more to the estate, than it leaves under
        custody."""
        granted, taken = public.withdrawn_of(self.mark), public.taken_of(self.mark)
        there = self.custody + public.credited_of(self.mark)
        if granted + taken > there:
            detail = f"asset {self.mark}: {granted} are granted, {taken} taken, of {there}"
            raise Reverted(Revert.GRANT_TOO_LARGE, detail)

    def require_here(self, amount: int, there: int, elsewhere: int) -> None:
        """Revert where more would leave than is `there`: the contract's own to pay with."""
        if amount > there:
            reason = Revert.FUNDS_ELSEWHERE if elsewhere else Revert.FUNDS_LACKING
            raise Reverted(reason, f"{amount} is wanted, {there} can be paid here now")

    def sell(self, buyer: Address, lots: int) -> None:
        """Lots of the estate become the buyer's."""
        self.estate -= lots
        self.funds -= lots
        self.wallets[buyer] += lots

    def give_back(self, sender: Address, amount: int) -> None:
        """Pay an entry of the queue back. It waits for nobody: what is queued pays nothing else."""
        self.queued -= amount
        self.hand_out(sender, amount)

    def hand_out(self, owner: Address, amount: int) -> None:
        """Money of the contract becomes the owner's."""
        self.funds -= amount
        self.wallets[owner] += amount

    def owe_back(self, owner: Address, amount: int) -> None:
        """An entry of the queue whose money is at an outpost is its sender's to claim."""
        self.queued -= amount
        self.owe(owner, amount)

    def owe(self, owner: Address, amount: int) -> None:
        """So much more is the owner's to claim."""
        if amount:
            self.pending[owner] += amount

    def release(self, owner: Address, lots: int, kept: int) -> None:
        """Lots of an asset leave custody: for their owner to claim, and to the estate."""
        self.custody -= lots + kept
        self.owe(owner, lots)
        self.estate += kept

    def disown(self, owner: Address, amount: int) -> None:
        """So much less is the owner's to claim."""
        self.pending[owner] -= amount
        if not self.pending[owner]:
            del self.pending[owner]

    def pay(self, sender: Address, far: int = 0, elsewhere: int = 0) -> int:
        """Pay out the sender's pending balance; returns what was paid. Where the estate lacks USDC,
        or money is at outposts, it may have to wait; what is queued here pays nobody. `far` of what
        is queued never came here, and `elsewhere` is all that is counted at outposts."""
        amount = self.pending.get(sender, 0)
        if amount == 0:
            raise Reverted(Revert.NOTHING_TO_WITHDRAW, "no pending balance")
        self.require_here(amount, self.funds - (self.queued - far) - self.estate, elsewhere)
        del self.pending[sender]
        self.hand_out(sender, amount)
        return amount
