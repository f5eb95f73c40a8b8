"""What traders do in one of two worlds, and the public story that both have.

Spec: docs/spec/26-leaks.md.
"""

from dataclasses import dataclass

from rollup.private import Private
from rollup.protocol.order import Side


@dataclass(frozen=True, slots=True, repr=False)
class Deal(Private):
    """Two orders that meet: `lots` of `market` at `price`, in ticks. The buyer takes."""

    buyer: int
    seller: int
    lots: int
    price: int
    market: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Retracted(Private):
    """An order that rests, and that its account cancels in the same batch."""

    account: int
    side: Side
    lots: int
    price: int
    market: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Taken(Private):
    """A withdrawal of `amount` quanta of USDC to the owner of an account."""

    account: int
    amount: int


Act = Deal | Retracted | Taken
Behaviour = tuple[tuple[Act, ...], ...]
"""What is done in each batch after the first, in which everybody registers."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One batch of the public story: how many ms after the last one it ends, and the price of each
    market in ticks."""

    after_ms: int
    prices: tuple[int, ...]
