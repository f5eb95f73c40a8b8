"""Decimals for people, ticks and lots for the venue: exactly, or not at all.

What others' clients do to 0.0003 (round it, cut it, round a sell up) is not done here: a price
between two ticks is refused with the nearest one named, and a float is refused as such, since 0.1
is none.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Final

from rollup.protocol.constants import COLLATERAL_DECIMALS, PEG_BITS, PRICE_BITS, SIZE_BITS
from rollup.protocol.market import Market
from rollup.protocol.order import PEG_BIAS
from sequencer.client.errors import NotOnLot, NotOnTick, OutOfRange

Number = Decimal | str | int
"""What a price or a size may be given as. A bool is none."""

_TEXT: Final = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,30})?", re.ASCII)
_EXPONENT_MAX: Final = 30
"""Beyond it no price and no size has a digit; it bounds the work on what somebody typed."""


def ticks_of(price: Number, market: Market) -> int:
    """A price in ticks. NotOnTick, OutOfRange, TypeError for a float, ValueError for no number."""
    return _steps("price", price, market.price_decimals, PRICE_BITS, NotOnTick)


def offset_of(away: Number, market: Market) -> int:
    """How far from the oracle's price, below zero too, as a pegged order signs it. Errors as of
    `ticks_of`."""
    number = exact(away, signed=True)
    if not number:
        return PEG_BIAS
    name, decimals = "distance from the oracle's price", market.price_decimals
    ticks = _steps(name, abs(number), decimals, PEG_BITS - 1, NotOnTick)
    return PEG_BIAS + (ticks if number > 0 else -ticks)


def lots_of(size: Number, market: Market) -> int:
    """A size in lots. NotOnLot, OutOfRange, TypeError for a float, ValueError for no number."""
    return _steps("size", size, market.size_decimals, SIZE_BITS, NotOnLot)


def price_of(ticks: int, market: Market) -> Decimal:
    """A price for people."""
    return decimal_of(ticks, market.price_decimals)


def size_of(lots: int, market: Market) -> Decimal:
    """A size or position for people."""
    return decimal_of(lots, market.size_decimals)


def cash_of(quanta: int) -> Decimal:
    """USDC for people."""
    return decimal_of(quanta, COLLATERAL_DECIMALS)


def decimal_of(steps: int, decimals: int) -> Decimal:
    """`steps` x 10^-decimals, exactly: nobody's decimal context has a say in it."""
    digits = tuple(int(digit) for digit in str(abs(steps)))
    return Decimal((int(steps < 0), digits, -decimals))


def exact(value: Number, *, signed: bool = False) -> Decimal:
    """A number as it was given, of any sign if so `signed`. TypeError for a float or a bool,
    ValueError for no plain number."""
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int):
        wanted = "a Decimal, a text like '0.0003' or an int is wanted"
        raise TypeError(f"{wanted}, not a {type(value).__name__}")
    digits = value.removeprefix("-") if signed and isinstance(value, str) else value
    if isinstance(digits, str) and not _TEXT.fullmatch(digits):
        raise ValueError(f"a number like '0.0003' is wanted, not {str(value)[:40]!r}")
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError("a finite number is wanted")
    return number


def steps_of(name: str, value: Number, decimals: int, bits: int) -> int:
    """A number above zero in steps of 10^-decimals, below 2^bits. OutOfRange between two steps and
    out of bounds, TypeError for a float, ValueError for no number."""

    def off_grid(came: Decimal, nearest: Decimal, step: Decimal) -> Exception:
        wanted = f"a multiple of {step} is wanted, as {nearest}"
        return OutOfRange(f"{name}: {wanted}, not {_shown(came)}")

    return _steps(name, value, decimals, bits, off_grid)


def _steps(
    name: str,
    value: Number,
    decimals: int,
    bits: int,
    off_grid: Callable[[Decimal, Decimal, Decimal], Exception],
) -> int:
    number = exact(value)
    step = decimal_of(1, decimals)
    most = decimal_of((1 << bits) - 1, decimals)
    if not step <= number <= most:
        raise OutOfRange(f"{name}: {step} to {most} is wanted, not {_shown(number)}")
    if number.as_tuple().exponent < -_EXPONENT_MAX:  # type: ignore[operator]  # it is finite
        raise OutOfRange(f"{name}: at most {_EXPONENT_MAX} decimals are wanted")
    scaled = Fraction(number) * Fraction(10) ** decimals
    if scaled.denominator != 1:
        nearest = min((floor(scaled), ceil(scaled)), key=lambda each: abs(each - scaled))
        raise off_grid(number, decimal_of(nearest, decimals), step)
    return int(scaled)


def _shown(number: Decimal) -> str:
    return f"{number:.6g}" if abs(number.adjusted()) > _EXPONENT_MAX else str(number)
