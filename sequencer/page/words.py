"""What the page says, in one place: every sentence with where it is told in full.

Tests hold the members against `PublicInput`, the sources against the documents, and what is not
said against what `crypsis verify --explain` does not show.
"""

from dataclasses import dataclass
from typing import Final

PUBLIC: Final = "docs/spec/08-public-input.md"
L1: Final = "docs/spec/09-l1.md"
RECEIPTS: Final = "docs/spec/11-receipts.md"
API: Final = "docs/api.md"
SEQUENCER: Final = "docs/sequencer.md"
SOUNDNESS: Final = "docs/soundness/README.md"
ZERO_KNOWLEDGE: Final = "docs/soundness/zero-knowledge.md"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the public input: its name there, a title, what it is, what it tells."""

    name: str
    title: str
    what: str
    learns: str


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, and the rules or pages that say it in full. `mock_only` ones are of a mock L1."""

    sentence: str
    sources: tuple[str, ...]
    mock_only: bool = False


MEMBERS: Final = (
    Member(
        "version",
        "Version",
        "Which form of public input this is.",
        "which rules to read it by.",
    ),
    Member(
        "shape_class",
        "Shape class",
        "How much the batch may hold, and so which circuit its proof is of. A venue may have a "
        "class for crashes, which opens more accounts.",
        "where a venue has two, that many more accounts came due in a batch of the crash class "
        "than the other opens, most of them above maintenance. Not how many, nor whose.",
    ),
    Member(
        "chain",
        "Chain",
        "The L1 that holds the money. Every order is signed for it.",
        "where the venue lives; the same in every batch.",
    ),
    Member(
        "venue",
        "Venue",
        "Which of the venues on that chain. Every order is signed for it.",
        "nothing more; the same in every batch.",
    ),
    Member(
        "number",
        "Number",
        "The batch's number: one more than the last, without gaps.",
        "how many batches there were, not how full they were: an empty one counts too.",
    ),
    Member(
        "time",
        "Time",
        "The end of the batch's window. Batches end by the clock, never because one is full.",
        "when it ended, and by the gap before it that the venue was away or its proofs lagged.",
    ),
    Member(
        "governance",
        "Parameters",
        "Markets, margins, price bands, fees and clock bounds. L1 holds their digest, and they "
        "change only after an announcement there.",
        "the rules everybody trades under; nothing of who trades.",
    ),
    Member(
        "old_root",
        "Old root",
        "A hash of every account, market and slot before the batch.",
        "nothing of what is under it: each leaf is hashed with a fresh secret salt.",
    ),
    Member(
        "new_root",
        "New root",
        "The same hash after the batch. It differs even if nobody traded: the clock is in it.",
        "nothing of what is under it, nor whether anything but the clock changed.",
    ),
    Member(
        "data_commitment",
        "What is published",
        "A hash of what owners rebuild accounts from, without the operator: each leaf touched.",
        "nothing by itself. In the data: which accounts, how many positions of each, and all of "
        "one whose viewing key the venue was not told.",
    ),
    Member(
        "receipts",
        "Head of the receipts",
        "The digest of the last receipt that the operator signed before the batch was closed. Each "
        "receipt holds the digest of the one before it, so this one stands for all.",
        "whether an envelope was taken since the batch before: then it moved. Whoever saw "
        "envelopes pass can confirm a guess of which were taken, and in which order; not what was "
        "in them.",
    ),
    Member(
        "closed",
        "Step closed",
        "Whether nobody in the whole book, touched or not, is left below maintenance margin at the "
        "batch's prices. While it is not so, the next batch keeps these prices, and the venue's "
        "parameters.",
        "that more accounts came due than a batch or the backstop could take, and for how long. "
        "Not which, nor how many.",
    ),
    Member(
        "progress",
        "Progress",
        "Whether the batch closes its step, or did much of what keeps it open. Of a step that is "
        "open for more than a minute only so many batches in a row may do little.",
        "roughly how many accounts came due, by how many batches it takes. Not which.",
    ),
    Member(
        "book_before",
        "The market book before",
        "What the batch before left of the markets: prices, from which a price moves no further "
        "than a step, and whether each was held back or missing, or its market has ended, so that "
        "it stands for good; funding, which longs pay shorts; since when a step is open, for how "
        "many batches in a row little was done for it, and whether assets count for no new debt. "
        "L1 holds its digest beside the root.",
        "what was public with that batch already.",
    ),
    Member(
        "reports",
        "Signed reports of prices",
        "Packages of an oracle, each signed by a signer that governance registers, all of "
        "the one moment that the rule names. Whoever verifies checks them; the proof does not.",
        "what each signer said of each market, and who said nothing.",
    ),
    Member(
        "prices",
        "Oracle prices",
        "One price for each market, by which margins and bands of this batch were judged: the "
        "lower median of the reports, or the price before where there are none.",
        "the prices. The proof takes them as given; the reports show where they come from.",
    ),
    Member(
        "premium_rates",
        "Premium rates",
        "In the first batch of an hour, by how much each market traded above its oracle price in "
        "the hours before, proved of all its trades; funding follows from it. Else there are none.",
        "that average, in millionths, and nothing of what was traded; of a thin hour it is coarse, "
        "because it tells of single trades.",
    ),
    Member(
        "redo",
        "Made anew",
        "Whether L1 refused the batch's first header, so that it was made anew without orders.",
        "if yes: that everything matched in it before was voided.",
    ),
    Member(
        "total",
        "Custody total",
        "USDC that L1 holds for all accounts together after the batch.",
        "the sum, and how it moves with deposits. Not how it is divided among accounts.",
    ),
    Member(
        "deposits_before",
        "Queue entries before",
        "How many entries of L1's deposit queue were consumed before this batch.",
        "that no entry was left out: batches take them in L1's order.",
    ),
    Member(
        "deposits",
        "Deposits",
        "The queue entries that this batch consumed, each credited, or refused with its reason; an "
        "exit is paid to its owner, or refused because no batch of this state could pay it.",
        "who brought in how much, for which account and when: L1's queue is public anyway.",
    ),
    Member(
        "withdrawals",
        "Withdrawals",
        "What this batch paid out of accounts, to be claimed at L1 by their owners.",
        "which owner took out how much, and when. Not what is left, and nothing of transfers.",
    ),
    Member(
        "estate",
        "The estate",
        "Lots of assets that were taken of liquidated accounts at the oracle's price because the "
        "backstop could carry no more. L1 sells them, and lacks the price until then.",
        "that accounts with assets were liquidated, and of how much together. Not which.",
    ),
)

SAYS: Final = (
    "The state under the old root, changed by exactly the deposits that L1 queued, by trades that "
    "both owners signed, by withdrawals and transfers that their owners signed, and by exits that "
    "owners asked L1 for, is the state "
    "under the new root. Every fill kept the limits, sizes "
    "and fee caps of both orders and the price band, and every account that was touched satisfies "
    "the margin rule."
)

WAITING: Final = (
    "The first batch closes by the clock, L1 holds its header, and its proof follows. Until then "
    "nothing on this page has been proved."
)

UNPROVED: Final = (
    "This venue was started without proofs: batches close and L1 holds their headers, and no "
    "header shows that the rules were kept."
)

LIVES: Final = (
    "Sequenced: takes orders. Batched: its window is over. Held: L1 holds its header, so its "
    "content is fixed. Proved: L1 verified its proof."
)

STAGES: Final = {
    "sequenced": "It takes orders until its window is over. Nothing of it is public yet but its "
    "number, its prices and its end.",
    "batched": "Its window is over and its content is on the operator's disk. L1 does not hold its "
    "header yet, so nobody but the operator is sure of its content.",
    "held": "L1 holds its header: no other content can be proved under this number. Whether that "
    "content keeps the rules is not shown yet, and its public input comes with the proof.",
}

SILENT: Final = (
    Said("That L1 accepted it: a proof knows nothing of L1's clock and queue.", (L1,)),
    Said(
        "That L1 holds in dollars all that accounts are owed: it may lack what the estate paid for "
        "assets that are not sold yet, and L1 says how much.",
        ("estate.lacks",),
    ),
    Said(
        "That the batches before it were proved, or that none follows.",
        ("public.chain", "state.genesis"),
    ),
    Said(
        "That a step which is left open will be closed, or when: an operator that goes on has to, "
        "one that stops need not.",
        ("docs/spec/15-triggers.md",),
    ),
    Said(
        "That matching was by price, then time, or that no order was left out.",
        ("docs/spec/04-orders.md", SOUNDNESS),
    ),
    Said("That an order was left unfilled whose cancel no batch carried.", (SEQUENCER,)),
    Said(
        "That the signers of its prices told the truth, or that no report of theirs was left out, "
        "but for a quorum that somebody gave L1 before the batch's header.",
        ("oracle.withheld", "docs/spec/12-prices.md"),
    ),
    Said("Who knows what: the operator sees every order.", (SOUNDNESS,)),
    Said(
        "That the argument behind it was reviewed outside this project: it was not.",
        ("docs/soundness/protocol.md",),
    ),
)

KNOWS: Final = (
    Said(
        "Every deposit: owner's address, account number, asset, amount, when it came and whether "
        "it was credited. So who trades here at all, and with what they began.",
        (PUBLIC, "docs/spec/05-deposits.md"),
    ),
    Said("Every withdrawal: owner's address, asset and amount.", (PUBLIC, "out.withdrawal")),
    Said(
        "Of a venue that gives published data to everybody, as a devnet does: which accounts a "
        "batch opened and in how many markets each has a position; so who acted.",
        ("leak.known",),
    ),
    Said("The sum of all money, oracle prices, margins, fees: the whole public input.", (PUBLIC,)),
    Said(
        "When each batch ended, that one was made anew, and that its matches were voided.",
        (PUBLIC, "l1.redo"),
    ),
    Said(
        "When each proof came. Tables have one size, but rules and witness take longer where more "
        "traded: a patient observer with a clock may guess how busy a batch was.",
        (ZERO_KNOWLEDGE,),
    ),
    Said(
        "On the network: who speaks with the venue, when, and how many envelopes. Each has 432 "
        "bytes. Their count over all senders is public.",
        (SEQUENCER, API),
    ),
    Said(
        "Whoever holds two receipts: how many envelopes the venue took between them, padding among "
        "them.",
        (RECEIPTS,),
    ),
    Said("That a batch holds no more trades than its shape class takes.", ("batch.class",)),
)

UNKNOWN: Final = (
    Said("Any order: its market, side, price, size or expiry, or who sent it.", (PUBLIC,)),
    Said("Any fill: at what price, how much, which side was whose.", ("leak.hidden",)),
    Said("Any position or its direction, any account's cash, profit or margin.", (PUBLIC,)),
    Said(
        "How many orders or trades a batch has, but for what its proof's time lets one guess.",
        (PUBLIC, ZERO_KNOWLEDGE),
    ),
    Said(
        "Whether an envelope was an order, a cancel, a question, a viewing key or padding, and "
        "what became of it.",
        (SEQUENCER, API),
    ),
    Said("Open interest, volume, fees paid.", (PUBLIC,)),
)

TRUST: Final = (
    Said(
        "One operator runs the one sequencer. It can delay or refuse anybody's orders.",
        (SOUNDNESS,),
    ),
    Said("The operator sees every order, position and balance in plaintext.", (SOUNDNESS,)),
    Said(
        "Price-time priority is the operator's promise, not part of the proof. So is a cancel that "
        "it leaves out of a batch: it could fill that order, inside its limit, size and expiry.",
        (SEQUENCER,),
    ),
    Said(
        "L1 is a mock, no chain: that it holds headers and verified proofs is the word of whoever "
        "runs it. The proofs themselves you can check.",
        ("docs/l1.md",),
        mock_only=True,
    ),
    Said(
        "Who signs prices is for governance. Of a devnet the signers are the operator's own, and "
        "what they sign is invented.",
        (SEQUENCER, "oracle.terms"),
    ),
    Said(
        "An operator can leave a withdrawal out as it can an order. Its owner then asks L1 for "
        "USDC, and a batch pays it or proves that none could; assets leave by a withdrawal alone.",
        ("README.md",),
    ),
    Said(
        "Receipts bind the order in which envelopes were taken, not that they were matched in it; "
        "and nobody can force the operator to give one, or to list them.",
        (SEQUENCER, RECEIPTS),
    ),
    Said(
        "An operator can void what was matched but is not at L1 yet, in public and only all of it.",
        ("l1.option",),
    ),
    Said(
        "Signatures cost an attacker about 2^108, below the usual floor of 2^112, and the "
        "zero-knowledge argument is this project's own.",
        (SOUNDNESS,),
    ),
    Said(
        "This page came from the operator over plain HTTP. It can show you anything; check a proof "
        "with your own verifier.",
        (API,),
    ),
)

ACCOUNTS: Final = (
    "This program holds the keys of these accounts itself and was told to show them in the clear, "
    "to whoever reaches it on this machine. A real venue has no such view: an owner asks in a "
    "sealed envelope, signed with the account's key, and never types a key into an operator's page."
)


def words(*, mock: bool) -> dict[str, object]:
    """All of it, as the page reads it; `mock` says whether the venue's L1 is one."""

    def rows(said: tuple[Said, ...]) -> list[dict[str, object]]:
        return [
            {"sentence": each.sentence, "sources": list(each.sources)}
            for each in said
            if mock or not each.mock_only
        ]

    members = [
        {"name": each.name, "title": each.title, "what": each.what, "learns": each.learns}
        for each in MEMBERS
    ]
    return {
        "members": members,
        "says": SAYS,
        "waiting": WAITING,
        "unproved": UNPROVED,
        "lives": LIVES,
        "stages": STAGES,
        "silent": rows(SILENT),
        "knows": rows(KNOWS),
        "unknown": rows(UNKNOWN),
        "trust": rows(TRUST),
        "accounts": ACCOUNTS,
    }
