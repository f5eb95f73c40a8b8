"""The public side of an exit: the public vector, and the prices as messages.

Plain Python and no table: with the packaged circuit this is all that a verifier loads. Chain,
venue, book and recipient are in neither: the digest of the statement says them, and the transcript
absorbs it first, so that a proof is of one recipient. Spec: docs/spec/23-private-exit.md.
"""

from typing import Final

from circuits.air.layout import limb_widths
from circuits.air.publics import PublicLayout
from circuits.exit.buses import PRICE
from circuits.gadgets.balanced import balanced
from circuits.stark.lookup import PublicMessage
from circuits.tables.position.sums import SUM_BITS
from rollup.field.koalabear import P
from rollup.l1.private_exit import AMOUNT_LIMB_BITS, ExitStatement
from rollup.protocol.constants import DIGEST_LENGTH, MARKETS_MAX
from rollup.protocol.encoding import limbs

if AMOUNT_LIMB_BITS != SUM_BITS:
    raise TypeError("an exit pays another width than positions are worth")

EXIT_PUBLICS: Final = PublicLayout(
    (
        ("root", DIGEST_LENGTH),
        ("nullifier", DIGEST_LENGTH),
        ("amount", len(limb_widths(SUM_BITS))),
    )
)
"""The public vector; the amount in quanta as limbs of 13 bits."""

EXIT_MESSAGES_MAX: Final = MARKETS_MAX
"""Messages of the verifier at most: what soundness counts."""


def exit_values(statement: ExitStatement) -> tuple[int, ...]:
    """The public vector of an exit."""
    wanted = statement.wanted
    return EXIT_PUBLICS.flatten(
        {
            "root": statement.root,
            "nullifier": wanted.nullifier,
            "amount": limbs(wanted.amount, SUM_BITS),
        }
    )


def exit_messages(statement: ExitStatement) -> tuple[PublicMessage, ...]:
    """What a lot of every listed perpetual is worth. ValueError for a worth beyond 2^31, which no
    book has that a proof led to."""
    return tuple(
        PublicMessage(PRICE.identifier, 1, (market, *(digit % P for digit in balanced(value))))
        for market, value in statement.values()
    )
