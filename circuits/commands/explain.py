"""`crypsis verify --explain`: what a proof shows and what it does not, in plain sentences.

Every sentence names what it rests on: a rule or claim of docs/spec, or a page. A test holds that
they exist.
"""

from dataclasses import dataclass
from textwrap import fill

from circuits.commands.statement import WIDTH
from circuits.soundness.report import round_down
from rollup.ports import Pins


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, and the rules, claims or pages that say it in full."""

    sentence: str
    sources: tuple[str, ...]

    def to_record(self) -> dict[str, object]:
        """For JSON."""
        return {"sentence": self.sentence, "sources": list(self.sources)}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is shown and what is not."""

    shown: tuple[Said, ...]
    not_shown: tuple[Said, ...]

    def to_record(self) -> dict[str, object]:
        """For JSON."""
        return {
            "shown": [said.to_record() for said in self.shown],
            "not_shown": [said.to_record() for said in self.not_shown],
        }


SHOWN = (
    Said(
        "The state under the new root is the state under the old root, changed by this batch and "
        "by nothing else.",
        ("batch.old-root", "batch.new-root", "batch.root-after"),
    ),
    Said(
        "The queue entries listed were consumed in order, each credited, paid or refused as "
        "it says; an exit that is refused could not be paid by any batch of this state.",
        ("dep.queue", "deposit.queue", "deposit.one-outcome", "forced.barred", "account.barred"),
    ),
    Said(
        "Every order that traded was signed by the key of its account, for this venue and chain, "
        "and had not expired: in this batch, or in the one since which it rests on its terms under "
        "that key.",
        (
            "signature.sum",
            "order.signed",
            "order.message",
            "order.expiry",
            "slot.expiry",
            "slot.key-mark",
        ),
    ),
    Said(
        "What was signed acted once: it took its slot past all generations that acted before. "
        "What is in a slot after the batch was signed for it, and an order that was to be filled "
        "at once or not at all is in none.",
        ("order.generation", "order.slot-access", "order.rests", "slot.rests", "slot.kept"),
    ),
    Said(
        "Every fill is inside the limits, what was left and the fee caps of both orders, and "
        "inside the price band of its market.",
        ("fill.limit", "fill.left", "fill.fee-cap", "fill.band"),
    ),
    Said(
        "Cash and size move only between the two sides of a fill or a takeover, or size becomes "
        "cash where a market has ended; fees go to the fee account, and to the backstop what an "
        "order leaves of a liquidation and what who is due and healthy pays for being looked at; "
        "the total under custody changes by the credited deposits, the withdrawals, the exits "
        "that are paid and what the "
        "estate paid, all listed, alone.",
        (
            "fill.cash",
            "fill.position",
            "takeover.cash-kept",
            "batch.fees",
            "batch.rests",
            "account.refreshed",
            "dep.credited",
        ),
    ),
    Said(
        "Nobody owes lots of an asset, and what all have of one together is what L1 holds for "
        "them: the custody that follows from deposits, withdrawals and what the estate took. It "
        "counts for its price less a haircut, or for nothing; for nothing in new debt under the "
        "debt stop, and where dollars leave its account.",
        (
            "asset.held",
            "position.asset-not-owed",
            "asset.custody",
            "asset.stopped",
            "asset.borrowed",
        ),
    ),
    Said(
        "Cash or an asset left an account only where the key of the account signed for it, in a "
        "batch that closes its step, above initial margin; a withdrawal goes to the owner of its "
        "account.",
        ("signature.sum", "order.signed", "outflow.signed", "outflow.step-closed", "outflow.owner"),
    ),
    Said(
        "Only accounts below maintenance margin were liquidated, of no more than they needed, for "
        "the fee of the market or for all that was left, and none ends with a debt.",
        (
            "account.liquidatable",
            "account.needed",
            "takeover.fee",
            "account.exhausted",
            "account.liquidated-equity",
        ),
    ),
    Said(
        "What they lost went to orders that were signed, and what such an order paid less is the "
        "backstop's; to the backstop, at the price of the batch; or, only where the backstop could "
        "take no lot more, to positions of the other side, in the order of their triggers, and of "
        "an asset to the estate: as many lots as are listed.",
        ("fill.taken", "fill.rest", "batch.backstop", "market.full", "delev.order", "estate.told"),
    ),
    Said(
        "A reduce-only order left its account with less, and on the same side; so did every order "
        "of the backstop, at the oracle price or a better one. No batch adds to an open interest "
        "beyond its cap.",
        ("fill.reduce-only", "account.backstop", "market.trade", "market.open-interest-cap"),
    ),
    Said(
        "A key was exchanged only by the owner of its account, at L1, and the old one signed "
        "nothing in the batch.",
        ("dep.rotated", "deposit.is-owner", "account.rotated-key"),
    ),
    Said(
        "Every fill and every margin is at the price less the market's funding, which follows from "
        "the market book before, governance, prices and premium rates: longs pay shorts, by whole "
        "quanta. A premium rate is that of all trades of the hours before.",
        ("fill.moved", "funding.claim", "funding.rate", "book.after", "market.rate"),
    ),
    Said(
        "After a batch that closes its step every account of the book, touched or not, meets "
        "maintenance margin at the prices of the batch. A batch that leaves its step open says so, "
        "and prices and parameters stand until one closes it; of a step that is open for more than "
        "a minute only so many batches in a row do little for it.",
        ("trigger.closed", "trigger.step", "trigger.terms", "trigger.stalled", "batch.progress"),
    ),
    Said(
        "Where a price is held back orders that meet only shrink what both sides hold, and where "
        "there is none they do not trade; no cash leaves who holds a perpetual there.",
        ("oracle.no-price-no-trade", "oracle.held-back", "out.steady", "market.missing-untraded"),
    ),
    Said(
        "Where a market has ended its price and funding stand for good and nothing trades. What is "
        "settled there is all that an account has of it, for exactly what it is worth and no fee, "
        "and is counted, so that it is paid by those who owe lots of it.",
        ("end.stands", "market.ended-untraded", "takeover.settled-whole", "end.conserved"),
    ),
    Said(
        "Every account whose risk grew meets initial margin at the prices of the batch.",
        ("margin.initial", "account.initial"),
    ),
    Said(
        "A batch that was made anew has no fill.",
        ("batch.redo", "fill.redo"),
    ),
    Said(
        "Prices are the lower median of all reports given, each signed by another of the "
        "registered signers for the one moment that the rule names, within a step of the prices "
        "before; a market without a quorum keeps its price. This is checked beside the proof.",
        ("oracle.slot", "oracle.quorum", "oracle.median", "oracle.step", "oracle.missing"),
    ),
    Said(
        "The proof is of the circuit of the shape class that the public input names, so the batch "
        "holds no more trades, takeovers and orders than that class takes.",
        ("public.class", "batch.class", "fill.place", "takeover.place", "signature.place"),
    ),
    Said(
        "The proof is of this public input alone: every member of it is bound by its digest.",
        ("public.digest", "docs/soundness/protocol.md"),
    ),
)

JOINED = Said(
    "The batches follow each other: number, root, time, queue, total and market book of each go on "
    "from the one before it, under parameters that its markets and triggers can go on under.",
    ("public.chain", "gov.continues"),
)

NOT_SHOWN = (
    Said(
        "That L1 accepted it. L1 alone knows its queue, its clock, the governance in force, the "
        "classes that it pins and the root before.",
        ("docs/spec/09-l1.md",),
    ),
    Said(
        "That L1 holds in dollars all that accounts are owed: it may lack what the estate paid for "
        "assets that it has not sold yet. L1 says how much that is.",
        ("estate.lacks", "estate.waiting"),
    ),
    Said(
        "That the state under the first old root was itself reached by valid batches, or that no "
        "batch follows the last.",
        ("public.chain", "state.genesis"),
    ),
    Said(
        "That a step which is open will be closed, or when: an operator that goes on has to, one "
        "that stops need not.",
        ("docs/spec/15-triggers.md", "docs/soundness/book.md"),
    ),
    Said(
        "That orders were matched by price and time, or that none was left out, nor a cancel; or "
        "that what ended did so for a reason. Whoever holds a receipt can ask for the list under "
        "the head of the receipts.",
        ("docs/spec/04-orders.md", "docs/soundness/README.md", "receipt.answer"),
    ),
    Said(
        "That the signers told the truth; that no report of theirs was left out, nor the batch's "
        "time chosen, so that a median came out as the operator likes, or a market without a "
        "quorum (L1 asks for any quorum that it was given before the header, and for a time on "
        "the grid); or that the first market book before was that of a batch before.",
        ("oracle.withheld", "oracle.time", "docs/spec/12-prices.md"),
    ),
    Said(
        "Who knows what: the operator sees every order and every balance.",
        ("docs/soundness/README.md",),
    ),
    Said(
        "That the proof system is sound beyond its argument, which nobody outside the project has "
        "reviewed.",
        ("docs/soundness/protocol.md",),
    ),
)


def explanation(pins: Pins, bits: float, *, is_chain: bool) -> Explanation:
    """What a valid proof by these pins shows, or a chain of them, and what it does not."""
    error = Said(
        f"All this but for an error of 2^-{round_down(bits)} a round, by the theorem that the "
        f"parameter set {pins.parameter_set} is computed with.",
        ("docs/soundness/README.md",),
    )
    return Explanation((*SHOWN, *([JOINED] if is_chain else []), error), NOT_SHOWN)


def explanation_text(said: Explanation) -> str:
    """The sentences, each with its sources, in lines of at most 80 columns."""
    return "\n".join(
        (
            "What this shows:",
            *map(_paragraph, said.shown),
            "",
            "What this does not show:",
            *map(_paragraph, said.not_shown),
        )
    )


def _paragraph(said: Said) -> str:
    text = f"{said.sentence} [{', '.join(said.sources)}]"
    return fill(
        text, WIDTH, initial_indent="  * ", subsequent_indent="    ", break_on_hyphens=False
    )
