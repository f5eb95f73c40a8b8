"""The rules give one outcome on plain integers and on the kernels, signatures included."""

from collections.abc import Sequence

import pytest

from rollup.crypto import schnorr
from rollup.crypto.curve import Point
from rollup.hash import many
from rollup.hash.poseidon import Digest
from rollup.protocol.outcome import Outcome
from rollup.protocol.rejection import Reason
from tests.helpers.venue import USDC, Match, Suite, Venue, buy, credit, real, sell, trader_key


def plain_verify_many(
    keys: Sequence[Point], messages: Sequence[Digest], signatures: Sequence[bytes]
) -> list[bool]:
    parsed = [schnorr.Signature.from_bytes(signature) for signature in signatures]
    return schnorr.verify_many(keys, messages, parsed)


def plain_sign(account: int, message: Digest) -> bytes:
    return schnorr.sign(trader_key(account), message, bytes(32)).to_bytes()


PLAIN = Suite(many.compress_many, plain_verify_many, plain_sign)


def trade(suite: Suite) -> tuple[Venue, Outcome]:
    venue = Venue(suite=suite).with_traders(1000 * USDC, 1000 * USDC)
    match = Match(buy(1, 1000), sell(2, 1000), 500)
    return venue, venue.run(venue.batch([credit(2, 1, 5)], [match]))


def test_plain_and_kernel_outcomes_are_equal() -> None:
    _, plain = trade(PLAIN)
    _, kernel = trade(real())
    assert kernel == plain


@pytest.mark.parametrize("suite", [PLAIN, real()], ids=["plain", "kernels"])
def test_both_refuse_a_signature_by_another_key(suite: Suite) -> None:
    venue, _ = trade(suite)
    honest = venue.batch(matches=[Match(buy(1, 500, generation=2), sell(2, 500, generation=2), 1)])
    forged = (venue.signed(honest.orders[0].order, by=2), honest.orders[1])
    assert venue.refusal(venue.assemble((), forged, honest.fills)) is Reason.ORDER_SIGNATURE
