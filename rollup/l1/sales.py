"""The calls of the contract that are about its estate: what batches give it, and who buys.

Spec: docs/spec/19-estate.md.
"""

from rollup.l1.deployment import Deployment
from rollup.l1.interface import (
    Address,
    DepositQueued,
    EstateCovered,
    EstateSold,
    EstateTook,
    Revert,
    Reverted,
)
from rollup.l1.state import ContractState
from rollup.protocol.constants import AMOUNT_BITS
from rollup.protocol.public import PublicInput

Wanted = tuple[Address, int, int, int]
"""Who buys, the mark of the asset, lots, and the most quanta that they may cost."""


def take_in(state: ContractState, public: PublicInput, now: int) -> None:
    """What a batch that is proved gives the estate, at its prices."""
    for each in public.estate:
        price = public.price_of(each.asset)
        state.estate.take(each.asset, each.lots, price, now)
        state.events.append(EstateTook(public.number, each.asset, each.lots, price))


def buy(state: ContractState, deployment: Deployment, now: int, wanted: Wanted) -> int:
    """Sell lots for what they cost now; what it brings beyond what is lacking is the backstop's."""
    sender, asset, lots, most = wanted
    cost = state.estate.cost(asset, lots, now, deployment.estate_sale_ms)
    if cost > most:
        raise Reverted(Revert.COST_ABOVE_LIMIT, f"{lots} lots cost {cost}, not {most}")
    vault, (far, elsewhere) = state.vault_of(asset), state.not_here(asset)
    vault.require_here(lots, vault.funds - (vault.queued - far), elsewhere)
    state.vault.take(sender, cost)
    state.estate.sold(asset, lots, cost)
    vault.sell(sender, lots)
    state.events.append(EstateSold(sender, asset, lots, cost))
    endow(state, deployment, now)
    return cost


def endow(state: ContractState, deployment: Deployment, now: int) -> None:
    """A surplus comes to the backstop by an entry of the queue, once it is enough for one and there
    is room, one that is more than an entry can bring waits as well; and to its owner where the
    venue is frozen. The entry is its owner's too: whoever an entry is of gets it back."""
    surplus, vault = state.estate.surplus, state.vault
    owner = deployment.genesis.backstop_header.owner
    if state.exits.is_frozen:
        state.estate.surplus = 0
        vault.owe(owner, surplus)
        return
    if not deployment.least_deposit <= surplus < 1 << AMOUNT_BITS:
        return
    backstop = deployment.genesis.governance.backstop_account
    try:
        entry = state.queue.credit(owner, backstop, surplus)
        vault.require_room(surplus)
    except Reverted:
        return
    state.estate.surplus = 0
    vault.queued += surplus
    state.queue.append(entry, now)
    state.events.append(DepositQueued(entry))


def cover(state: ContractState, sender: Address, amount: int) -> None:
    """Take money for what the estate lacks, and no more."""
    lacks = state.estate.lacks
    if amount > lacks:
        raise Reverted(Revert.NOTHING_TO_COVER, f"{lacks} quanta are lacking, not {amount}")
    state.vault.take(sender, amount)
    state.estate.pay(amount)
    state.events.append(EstateCovered(sender, amount))
