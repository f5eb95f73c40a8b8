"""Forgeries for the last act of the demonstration: each breaks one rule and nothing else."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from rollup.crypto.address_key import signer_of
from rollup.crypto.batched import verify_many
from rollup.crypto.signature_form import ORDER, signature_parts
from rollup.hash.batched import compress_many
from rollup.ports import VerificationError, Verifier
from rollup.protocol.account import Account
from rollup.protocol.batch import Batch
from rollup.protocol.constants import RESTING_PLACE
from rollup.protocol.pricing import PriceRefused, require_priced
from rollup.protocol.public import PublicInput
from rollup.protocol.rejection import Rejected
from rollup.protocol.transition import apply_batch
from sequencer.demo.events import ForgeryJudged

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
    size = max(_most(batch, place) for place in (fill.buy, fill.sell)) + 1
    return replace(batch, fills=(replace(fill, size=size), *batch.fills[1:]))


def _most(batch: Batch, place: int) -> int:
    """Lots that an order may have filled: all that was signed, or what was left of it."""
    if place < RESTING_PLACE:
        return batch.orders[place].order.size
    key = batch.resting[place - RESTING_PLACE]
    (found,) = (each.state for each in batch.pre.slots if (each.account, each.slot) == key)
    return found.left


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


def spare_half_the_fee(batch: Batch) -> Batch:
    """The batch with a friend who pays half for being liquidated."""
    first, *others = batch.takeovers
    return replace(batch, takeovers=(replace(first, fee=first.fee // 2), *others))


def take_too_much(batch: Batch) -> Batch:
    """The batch in which a liquidated account loses more than it has."""
    first, *others = batch.takeovers
    return replace(batch, takeovers=(replace(first, size=first.size * 1_000), *others))


LIQUIDATION_FORGERIES = (
    Forgery(
        "spared fee",
        "a liquidated account pays half of what everybody pays",
        spare_half_the_fee,
    ),
    Forgery(
        "too much taken",
        "the backstop takes a thousand times what it may of a liquidated account",
        take_too_much,
    ),
)


def pay_twice(batch: Batch) -> Batch:
    """The batch that pays a signed withdrawal two times."""
    return replace(batch, outflows=(*batch.outflows, batch.outflows[0]))


def pay_more(batch: Batch) -> Batch:
    """The batch that pays a quantum more than was signed."""
    first, *others = batch.outflows
    more = replace(first, outflow=replace(first.outflow, amount=first.outflow.amount + 1))
    return replace(batch, outflows=(more, *others))


OUTFLOW_FORGERIES = (
    Forgery("withdrawal twice", "one signature takes money out two times", pay_twice),
    Forgery("withdrawal of more", "more is taken out than its trader signed", pay_more),
)


@dataclass(frozen=True, slots=True)
class PriceForgery:
    """A lie about prices, which a proof does not show: its name, one sentence, how to tell it."""

    name: str
    sentence: str
    forge: Callable[[PublicInput], PublicInput]


def unsigned_price(public: PublicInput) -> PublicInput:
    """A tick more in the first market."""
    first, *others = public.prices
    return replace(public, prices=(first + 1, *others))


def stale_reports(public: PublicInput) -> PublicInput:
    """The same reports for a batch that is a slot later."""
    return replace(public, time=public.time + public.governance.oracle.slot_ms)


def one_signer_twice(public: PublicInput) -> PublicInput:
    """The first report counts double."""
    return replace(public, reports=(public.reports[0], *public.reports))


def short_quorum(public: PublicInput) -> PublicInput:
    """The first report alone."""
    return replace(public, reports=public.reports[:1])


def malleated(public: PublicInput) -> PublicInput:
    """The first report with the second signature that anybody could make out of its own."""
    first, *others = public.reports
    r, s, parity = signature_parts(first.signature)
    halves = r.to_bytes(32, "big") + (ORDER - s).to_bytes(32, "big")
    other = replace(first, signature=halves + bytes((28 - parity,)))
    return replace(public, reports=(other, *others))


PRICE_FORGERIES = (
    PriceForgery("unsigned price", "a price is a tick above what reports give", unsigned_price),
    PriceForgery("stale reports", "reports are of the slot before the rule's", stale_reports),
    PriceForgery("one signer twice", "a signer's report counts for two", one_signer_twice),
    PriceForgery("short quorum", "one signer alone makes a price", short_quorum),
    PriceForgery("malleated signature", "a signature that its signer did not make", malleated),
)


def flip_byte(proof: bytes) -> tuple[bytes, int]:
    """The proof with one bit of one byte in its middle changed, and where."""
    place = len(proof) // 2
    return proof[:place] + bytes((proof[place] ^ 1,)) + proof[place + 1 :], place


def judged(forgeries: Sequence[Forgery], batch: Batch) -> Iterator[ForgeryJudged]:
    """What the rules say of lies about a batch."""
    for forgery in forgeries:
        refused_by = reason = detail = ""
        try:
            apply_batch(forgery.forge(batch), compress_many=compress_many, verify_many=verify_many)
        except Rejected as error:
            refused_by, reason, detail = "rules", error.reason.value, error.detail
        yield ForgeryJudged(forgery.name, forgery.sentence, refused_by, reason, detail)


def last_judged(batch: Batch) -> Iterator[ForgeryJudged]:
    """What the rules say of lies about who is liquidated and who is paid in a batch."""
    if batch.takeovers:
        yield from judged(LIQUIDATION_FORGERIES, batch)
    if batch.outflows:
        yield from judged(OUTFLOW_FORGERIES, batch)


def prices_judged(public: PublicInput) -> Iterator[ForgeryJudged]:
    """What whoever verifies says of lies about the prices of a batch."""
    for lie in PRICE_FORGERIES:
        refused_by = reason = detail = ""
        try:
            require_priced(lie.forge(public), signer_of)
        except PriceRefused as error:
            refused_by, reason, detail = "verifier", error.fault.value, error.detail
        yield ForgeryJudged(lie.name, lie.sentence, refused_by, reason, detail)


def flipped_judged(public: PublicInput, proof: bytes, verifier: Verifier) -> ForgeryJudged:
    """What the verifier says of a proof with one bit changed."""
    forged, place = flip_byte(proof)
    refused_by = reason = detail = ""
    try:
        verifier.verify(public, forged)
    except VerificationError as error:
        refused_by, reason, detail = "verifier", str(error.reason.value), error.detail
    sentence = f"one bit of byte {place} of the proof is changed"
    return ForgeryJudged("flipped proof byte", sentence, refused_by, reason, detail)
