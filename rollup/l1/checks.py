"""Checks of what a caller hands in: addresses, amounts, words, and the prices of a batch."""

from collections.abc import Mapping, Sequence
from typing import Final

from rollup.crypto.plain_recovery import plain_signer_of
from rollup.l1.interface import Revert, Reverted
from rollup.ports import Pins
from rollup.protocol.assets import USDC, is_known, market_of
from rollup.protocol.constants import (
    AMOUNT_BITS,
    DIGEST_LENGTH,
    OUTFLOW_BITS,
    OWNER_BYTES,
    SIZE_BITS,
)
from rollup.protocol.deposit import KEY_WORDS
from rollup.protocol.market import Governance
from rollup.protocol.pricing import PriceFault, PriceRefused, require_priced
from rollup.protocol.public import PublicInput
from rollup.protocol.rejection import Rejected
from rollup.protocol.steps import require_moving

WORD_END = 2**32

PRICE_REVERTS: Final[Mapping[PriceFault, Revert]] = {
    PriceFault.REPORT_SLOT: Revert.REPORT_SLOT,
    PriceFault.REPORT_FEED: Revert.REPORT_FEED,
    PriceFault.REPORT_SIGNATURE: Revert.REPORT_SIGNATURE,
    PriceFault.REPORT_SIGNER: Revert.REPORT_SIGNER,
    PriceFault.REPORT_REPEATED: Revert.REPORT_REPEATED,
    PriceFault.REPORT_ORDER: Revert.REPORT_ORDER,
    PriceFault.REPORT_QUORUM: Revert.REPORT_QUORUM,
    PriceFault.PRICE_MOVED: Revert.PRICE_MOVED,
    PriceFault.PRICE_UNCLAMPED: Revert.PRICE_UNCLAMPED,
    PriceFault.PRICE_DIFFERS: Revert.PRICE_DIFFERS,
    PriceFault.STEP_REPORTS: Revert.STEP_REPORTS,
}


def require_address(address: object) -> None:
    """Revert unless it is 20 bytes."""
    if not isinstance(address, bytes) or len(address) != OWNER_BYTES:
        raise Reverted(Revert.BAD_ADDRESS, f"an address is {OWNER_BYTES} bytes")


def require_amount(amount: object, asset: int = USDC) -> None:
    """Revert unless it is from 1 to 2^62 - 1 quanta, or 2^40 - 1 lots of an asset."""
    bits = AMOUNT_BITS if asset == USDC else SIZE_BITS
    if type(amount) is not int or not 1 <= amount < 1 << bits:
        raise Reverted(Revert.BAD_AMOUNT, f"from 1 to 2^{bits} - 1, not {amount}")


def require_wanted(amount: object) -> None:
    """Revert unless a batch can grant so much: 1 to 2^53 - 1 quanta."""
    if type(amount) is not int or not 1 <= amount < 1 << OUTFLOW_BITS:
        raise Reverted(Revert.BAD_AMOUNT, f"from 1 to 2^{OUTFLOW_BITS} - 1, not {amount}")


def require_asset(asset: object, governance: Governance) -> None:
    """Revert unless it is the mark of USDC or of an asset that is listed."""
    if type(asset) is not int or not is_known(governance, asset):
        raise Reverted(Revert.UNKNOWN_ASSET, f"no asset is listed under the mark {asset}")


def require_taken(asset: int, governance: Governance) -> None:
    """Revert where it is an asset that is delisted: it has ended, or is about to. What is queued
    already the venue refuses, and it goes back."""
    if asset != USDC and governance.markets[market_of(asset)].delisted:
        raise Reverted(Revert.DELISTED_ASSET, f"no more is taken of the asset {asset}")


def require_deposit(amount: int, asset: int, least: int, governance: Governance) -> None:
    """Revert unless it may be deposited, and is enough to pay for a place in the queue, `least`
    quanta: of an asset as many lots as are worth that at its first price, in quanta a lot."""
    require_asset(asset, governance)
    require_taken(asset, governance)
    require_amount(amount, asset)
    if asset != USDC:
        least = -(-least // governance.oracle.feeds[market_of(asset)].listing_price)
    if amount < least:
        raise Reverted(Revert.AMOUNT_TOO_SMALL, f"{least} at least, not {amount}")


def require_words(name: str, words: Sequence[int], count: int) -> None:
    """Revert unless there are `count` words of 32 bits."""
    if len(words) != count or not all(type(w) is int and 0 <= w < WORD_END for w in words):
        raise Reverted(Revert.BAD_WORDS, f"a {name} is {count} words of 32 bits")


def require_keys(
    key_words: Sequence[int], viewing_words: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A key and a viewing commitment as words."""
    require_words("key", key_words, KEY_WORDS)
    require_words("viewing commitment", viewing_words, DIGEST_LENGTH)
    return tuple(key_words), tuple(viewing_words)


def require_book(public: PublicInput, before: bytes) -> None:
    """Revert unless a batch starts from the market book that the last proved batch left, and its
    signed reports lead on."""
    came = public.book_before.digest()
    if came != before:
        detail = f"the market book before is {before.hex()}, not {came.hex()}"
        raise Reverted(Revert.BOOK_BEFORE, detail)
    try:
        require_priced(public, plain_signer_of)
    except PriceRefused as refused:
        raise Reverted(PRICE_REVERTS[refused.fault], refused.detail) from refused


def require_step(public: PublicInput) -> None:
    """Revert where a batch goes on with an old step that stands still. That it goes on at the
    parameters of the step its header was held to."""
    try:
        require_moving(public.book_after)
    except Rejected as refused:
        raise Reverted(Revert.STEP_STALLED, refused.detail) from refused


def require_pinned(pinned: Pins, found: Pins) -> None:
    """A verifier is for what was deployed, byte by byte."""
    checks = (
        (Revert.PIN_CIRCUIT, pinned.circuit, found.circuit),
        (Revert.PIN_FIXED, pinned.fixed_root, found.fixed_root),
        (Revert.PIN_PARAMETERS, pinned.parameters, found.parameters),
        (Revert.PIN_SHAPE, pinned.shape, found.shape),
    )
    for reason, want, got in checks:
        if want != got:
            raise Reverted(
                reason,
                f"{want.hex()} ({pinned.parameter_set}/{pinned.shape_class}) is pinned, "
                f"the verifier has {got.hex()} ({found.parameter_set}/{found.shape_class})",
            )
