"""Accesses of the memory bus: take the last value of a word, put the next one.

Along one word, timestamps rise by 1 to 2^13 an access, and account and slot tables start and end it
exactly once. So the accesses of a word form one chain from the old leaf to the new one.
"""

from collections.abc import Sequence
from typing import Any

from circuits.air.builder import Builder
from circuits.air.expr import Operand
from circuits.air.layout import LIMB_BITS
from circuits.gadgets.buses import MEMORY


def require_access(
    air: Builder,
    word: tuple[Operand, Operand],
    times: tuple[Any, Any],
    values: tuple[Sequence[Operand], Sequence[Operand]],
    count: Operand,
    claim: str,
) -> None:
    """Where `count` is 1, change the word (account, word) at time times[1] from values[0], which it
    has since times[0] < times[1], to values[1]; four elements each.

    The caller range-checks the limbs of values[1]: whoever reads a word relies on that.
    """
    previous, now = times
    before, after = values
    # Lie: a value from the future, or two accesses that both follow the same one.
    air.range_check((now - previous - 1, LIMB_BITS), count, claim=claim)
    # Lie: a value that the word does not have, or one that nobody reads on.
    air.receive(MEMORY, (*word, previous, *before), count, claim=claim)
    air.send(MEMORY, (*word, now, *after), count, claim=claim)
