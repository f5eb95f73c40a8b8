"""What a transaction is billed: its calldata, and what it executes."""

from dataclasses import dataclass
from typing import Final

TRANSACTION_GAS: Final = 21_000


@dataclass(frozen=True, slots=True)
class Prices:
    """What calldata costs: standard tokens, and the floor that execution hides under (EIP-7623;
    EIP-7976 is the next fork's)."""

    zero: int = 4
    other: int = 16
    floor_zero: int = 10
    floor_other: int = 40


OSAKA: Final = Prices()
AMSTERDAM: Final = Prices(floor_zero=64, floor_other=64)


def bill(calldata: bytes, execution: int, prices: Prices = OSAKA) -> int:
    """Gas of a transaction with this calldata that executes so much."""
    zeros = calldata.count(0)
    others = len(calldata) - zeros
    standard = prices.zero * zeros + prices.other * others + execution
    return TRANSACTION_GAS + max(standard, prices.floor_zero * zeros + prices.floor_other * others)
