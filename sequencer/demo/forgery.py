"""Forged batches for the last act of the demonstration: each breaks one rule and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from rollup.protocol.account import Account
from rollup.protocol.batch import Batch

USDC = 10**6
INFLATION = 1_000_000 * USDC


@dataclass(frozen=True, slots=True)
class Forgery:
    """A lie about a batch: its name, one sentence, and how to tell it."""

    name: str
    sentence: str
    forge: Callable[[Batch], Batch]


def inflate_balance(batch: Batch) -> Batch:
    """The batch with a million dollars more in one account: the last one that existed before it."""
    richer = max(opening.index for opening in batch.pre.accounts if opening.account is not None)
    accounts = tuple(
        replace(opening, account=_richer(opening.account))
        if opening.index == richer and opening.account is not None
        else opening
        for opening in batch.pre.accounts
    )
    return replace(batch, pre=replace(batch.pre, accounts=accounts))


def _richer(account: Account) -> Account:
    return replace(account, cash=account.cash + INFLATION)


def overfill_order(batch: Batch) -> Batch:
    """The batch with one fill larger than what its order has left."""
    fill = batch.fills[0]
    size = max(batch.orders[index].order.size for index in (fill.buy, fill.sell)) + 1
    return replace(batch, fills=(replace(fill, size=size), *batch.fills[1:]))


FORGERIES = (
    Forgery(
        "inflated balance",
        "an account starts the batch with a million dollars that it does not have",
        inflate_balance,
    ),
    Forgery(
        "over-filled order",
        "an order is filled for one lot more than its trader signed",
        overfill_order,
    ),
)


def flip_byte(proof: bytes) -> tuple[bytes, int]:
    """The proof with one bit of one byte in its middle changed, and where."""
    place = len(proof) // 2
    return proof[:place] + bytes((proof[place] ^ 1,)) + proof[place + 1 :], place
