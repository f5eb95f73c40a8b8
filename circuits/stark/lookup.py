"""LogUp in plain integers: what a message weighs, and what the lookup columns must obey.

A message m on bus b has the denominator alpha - (sum_k m_k beta^k + (b + 1) beta^W), with W at
least the widest payload, so that no two buses share a message. The messages of one lookup column
have the sum V / U, U the product of their denominators; the column f obeys U f = V. A running sum
over all fraction columns ends, on the last active row, at the group's terminal. Terminals and
public messages sum to zero exactly when every message is received as often as sent, but for a
soundness error that `circuits.soundness` states. The prover's kernels compute the same formulas on
whole columns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from circuits.stark.errors import Failure, VerificationError
from circuits.stark.shape import Shape
from rollup.field import extension
from rollup.field.extension import Element
from rollup.field.koalabear import P


@dataclass(frozen=True, slots=True)
class PublicMessage:
    """A message of the verifier itself on a bus: sent (+1) or received (-1), `count` times."""

    bus: int
    sign: int
    payload: tuple[int, ...]
    count: int = 1

    def encode(self) -> bytes:
        """Canonical bytes, 8 a number."""
        numbers = (self.bus, self.sign % P, self.count, len(self.payload), *self.payload)
        return b"".join(number.to_bytes(8, "little") for number in numbers)


@dataclass(frozen=True, slots=True)
class LookupChallenges:
    """alpha, and the powers 1, beta, ..., beta^W."""

    alpha: Element
    powers: tuple[Element, ...]

    def bus_constant(self, bus: int) -> Element:
        """alpha - (bus + 1) beta^W: the denominator of the message of zeros."""
        return extension.subtract(self.alpha, extension.scale(self.powers[-1], bus + 1))

    def denominator(self, bus: int, payload: Sequence[Element]) -> Element:
        """The denominator of a message whose elements lie in E."""
        total = extension.ZERO
        for value, power in zip(payload, self.powers, strict=False):
            total = extension.add(total, extension.multiply(value, power))
        return extension.subtract(self.bus_constant(bus), total)

    def public_denominator(self, message: PublicMessage) -> Element:
        """The denominator of a public message."""
        payload = [extension.embed(value) for value in message.payload]
        return self.denominator(message.bus, payload)


def lookup_challenges(alpha: Element, beta: Element, shape: Shape) -> LookupChallenges:
    """The record that a shape needs."""
    return LookupChallenges(alpha, tuple(extension.powers(beta, shape.fingerprint_power + 1)))


@dataclass(frozen=True, slots=True)
class Term:
    """One message of a lookup column: signed count and denominator."""

    count: Element
    denominator: Element


def fraction_defect(column: Element, terms: Sequence[Term]) -> Element:
    """U f - V for one or two terms: zero iff the column holds their sum (or U and V are zero)."""
    if len(terms) == 1:
        (term,) = terms
        product = extension.multiply(term.denominator, column)
        return extension.subtract(product, term.count)
    one, two = terms
    product = extension.multiply(extension.multiply(one.denominator, two.denominator), column)
    numerator = extension.add(
        extension.multiply(one.count, two.denominator),
        extension.multiply(two.count, one.denominator),
    )
    return extension.subtract(product, numerator)


def balance(
    challenges: LookupChallenges,
    messages: Iterable[PublicMessage],
    terminals: Iterable[Element],
) -> Element:
    """The sum of all fractions: zero if the buses balance.

    VerificationError if a public message meets a zero denominator.
    """
    total = extension.ZERO
    for terminal in terminals:
        total = extension.add(total, terminal)
    for message in messages:
        denominator = challenges.public_denominator(message)
        if denominator == extension.ZERO:
            raise VerificationError(Failure.DEGENERATE_CHALLENGE, f"bus {message.bus}")
        share = extension.scale(extension.inverse(denominator), message.sign * message.count)
        total = extension.add(total, share)
    return total
