"""Every bus of the statement, in one place: what a message on it means, who sends, who receives.

A digest is 8 elements, a coordinate of the curve 7. Identifier 0 is left to the engine's mask ring.
"""

from circuits.air.bus import RANGE, Bus


def _vector(name: str, length: int) -> tuple[str, ...]:
    return tuple(f"{name}{i}" for i in range(length))


_HEADER = (*_vector("owner", 6), *_vector("x", 7), *_vector("y", 7), *_vector("viewing", 8))
"""Owner, trading key and viewing commitment."""

HASH = Bus("HASH", 2, (*_vector("in", 16), *_vector("out", 8)))
"""out = compress(in). Sent by poseidon as often as it is asked for, received by whoever asks."""

NODE = Bus("NODE", 3, ("tree", "depth", "index", *_vector("old", 8), *_vector("new", 8)))
"""A touched node of a tree, before and after the batch. Tree 0 is the account tree, account + 1 the
slot tree of that account, TRIGGER_TREE that of the triggers, BUNDLE_TREE + k what signature k is
for. Sent by the parent (for roots: batch, account, signature), received by the child."""

MEMORY = Bus("MEMORY", 4, ("account", "word", "ts", "v0", "v1", "v2", "v3"))
"""The value of a word since time ts. An access receives the previous message and sends the next.

Word CASH_WORD: (cash in three packed pairs, exists). POSITION_WORD + m: (position in market m in
two packed pairs, how often an order of the account met another one there in the batch, which of the
backstop's are not counted, and how often one, or the account as the backstop, took lots of a
liquidated account). SLOT_WORD + s: (generation, lots left in two packed pairs, 0). Biased, 13-bit
limbs."""

BASE = Bus("BASE", 5, ("window", "byte", *_vector("x", 7), *_vector("y", 7)))
"""byte * 256^window * G + S_window, an entry of the fixed-base table. Sent by base."""

WINDOW = Bus("WINDOW", 6, ("signature", "digit", *_vector("x", 7), *_vector("y", 7)))
"""S - digit * P for the key P of a signature. Sent by ladder, and of digit 0 by signature; received
by ladder."""

CHALLENGE = Bus("CHALLENGE", 7, ("signature", "element", "value"))
"""24 bits of a signature's challenge, element 4 the most significant."""

COMB_END = Bus("COMB_END", 8, ("signature", *_vector("x", 7), *_vector("y", 7)))
"""s * G + K for some s. Sent by comb, received by exit; the statement has no such message."""

LADDER_END = Bus("LADDER_END", 9, ("signature", *_vector("x", 7), *_vector("y", 7)))
"""s * G - c * P of a signature, its R. Sent by ladder, received by signature."""

KEY = Bus("KEY", 10, ("account", *_vector("x", 7), *_vector("y", 7), "backstop"))
"""The trading key in an account's header, and 1 if the account is the backstop's. Sent by header,
received by signature."""

ORDER = Bus(
    "ORDER",
    11,
    (
        "account",
        "slot",
        "generation",
        "market",
        "side",
        "price_low",
        "price_high",
        "max_fee",
        "pegged",
        "reduce_only",
        "when_clamped",
        "backstop",
    ),
)
"""The terms of an order in time, under the key of its account. Sent once for each fill it takes
part in, by order if it was signed in the batch and by slot if it rested before, received by fill.

generation: that of its slot while it rests there, one above the signed one. How much is left of it
the slot's word says. Price in packed pairs. backstop: 1 if it is an order of the backstop."""

REGISTER = Bus("REGISTER", 12, ("account", *_HEADER))
"""An account comes into being with this header. Sent by deposit, received by header."""

FEES = Bus("FEES", 13, (*_vector("fees", 4), *_vector("rests", 4)))
"""All fees of the batch as four sums of 13-bit limbs, and all that takeovers by orders leave to the
backstop. Sent once by fill, received by batch."""

DEPOSIT = Bus(
    "DEPOSIT",
    14,
    (
        "index",
        "kind",
        "account",
        "asset",
        "of_asset",
        *_vector("amount", 3),
        *_HEADER,
        "known",
        "canonical",
        "outcome",
    ),
)
"""An entry of the L1 queue with its public outcome. Sent by the verifier, received by deposit.

asset: its mark, 0 for USDC; of_asset: 1 unless it is; amount: 62 bits in packed pairs; x and y: the
queued words mod p; known: 1 for USDC and for a listed asset; canonical: 1 if all words were below
p, or nobody asks because the asset is not known; outcome: code of the protocol's
DepositOutcome."""

HEADER = Bus("HEADER", 15, ("account", *_vector("digest", 8), "created", "keyed", "backstop"))
"""The header that an account's leaf commits to, to be opened; created: 1 if the batch made the
account; keyed: 1 if its key may sign; backstop: 1 if the account is the backstop's. Sent by
account, received by header."""

SUMS = 29
"""Columns of the five sums of a CHAIN message (circuits.tables.position.sums)."""

CHAIN = Bus(
    "CHAIN",
    16,
    (
        "account",
        "least",
        "count",
        "safety",
        "shrinks",
        "liquidated",
        "exhausted",
        "exempt",
        "clear",
        "paid_out",
        "dealt",
        *_vector("old", 8),
        *_vector("new", 8),
        *_vector("key", 8),
        *_vector("published", 8),
        *_vector("sum", SUMS),
    ),
)
"""An account's leaves as far as their positions are opened: the next market is `least` or above,
`count` positions are in the sums since they were limbs (plus 1; 0: they are limbs and no position
follows), old and new are the digests so far. safety: how many buckets below the price the triggers
are; shrinks: no position may grow; liquidated: lots may be taken of them; exhausted: for less than
the whole fee; exempt: they may stay where others are deleveraged, and are not; clear: they may not
be of a side that is deleveraged; paid_out: their prices must be fresh and unclamped, and if it is
2, assets count for nothing over initial margin; dealt: they are counted as progress; key: what the
new leaf is published under; published: the digest of what is published of it so far. Sent by
account, then handed on by position and total, and received by account."""

RISK_NUMBERS = 19
"""Elements of a market's terms that concern positions (circuits.tables.position.columns)."""

HOUR_NUMBERS = 18
"""Elements of what concerns a market's tally (circuits.tables.market.hour)."""

MARKET = Bus(
    "MARKET",
    17,
    (
        "market",
        *_vector("risk", RISK_NUMBERS),
        *_vector("band", 4),
        "taker_fee",
        "maker_fee",
        *_vector("funding", 3),
        *_vector("price", 2),
        *_vector("near", 4),
        *_vector("net", 6),
        *_vector("clip", 2),
        *_vector("lot_fee", 3),
        "steady",
        "missing",
        "asset",
        "idle",
        "ended",
        "ends",
        *_vector("estate", 4),
        *_vector("least", 2),
        *_vector("hour", HOUR_NUMBERS),
    ),
)
"""Terms of a listed market. Sent by the verifier, one each, received by market.

risk: what a lot adds to the sums, in balanced limbs: 3 each of long and short over maintenance
margin, long and short over initial margin, 2 of the bucket, 3 of what a lot is worth; then the
biased bucket numbers of long and short. band: low and high in packed pairs; funding: F in balanced
limbs; price: the oracle's, as a packed pair; near: least price at which an order buys lots of a
liquidated account and highest at which one sells them, in packed pairs; net: what such an account
gets for a lot and what one costs it, its fee paid and but for F, in limbs; clip: the lowest and the
highest price that count whole towards a premium; lot_fee: what liquidation costs a lot, in limbs;
steady: 1 if the price is fresh and unclamped; missing: 1 if no quorum gave one, or the market is of
an asset and over; asset: 1 if its
lots are a token that L1 holds; idle: 1 if they count for nothing; ended: 1 if the market is over
and positions there become cash; ends: 1 if it is over with the step that this batch closes; estate:
limbs of how many lots the estate takes; least: the least order, as a packed pair. hour: limbs of
the price (3), of the clip (3), of the impact notional (4), of the cap on open interest (4); whether
the tally starts again, whether a premium rate is proved, and its two balanced digits."""

RISK = Bus(
    "RISK",
    18,
    (
        "market",
        *_vector("risk", RISK_NUMBERS),
        *_vector("zoned", 2),
        *_vector("zone", 2),
        "steady",
        "asset",
        "idle",
        *_vector("least", 2),
    ),
)
"""The same numbers of one market for a position; of longs and shorts, whether somebody is
deleveraged, and down to which trigger. Sent by market, received by position."""

TRADE = Bus(
    "TRADE",
    19,
    (
        "market",
        "kind",
        *_vector("band", 4),
        "taker_fee",
        "maker_fee",
        *_vector("funding", 3),
        *_vector("price", 2),
        *_vector("net", 3),
        "steady",
        *_vector("clip", 2),
    ),
)
"""Terms of one market for a fill: least and highest price, fees, funding, oracle price, whether
that is fresh and unclamped, and clip. Sent by market, received by fill.

kind: 0 of two orders, inside the band; 1 where an order buys lots of a liquidated account, 2 where
one sells them: then one edge of the band is a nearer one, and net is what the account gets for a
lot, or what one costs it; 3 of two orders of which the backstop's buys, 4 where that sells: then
one edge is the oracle price."""

TRADE_KINDS = 5
"""How many kinds of TRADE there are."""

TAKE = Bus("TAKE", 20, ("market", *_vector("value", 3), *_vector("lot_fee", 3), "ended"))
"""Value of a lot and liquidation fee of one market, and whether it is over. Sent by market,
received by takeover."""

LIQUIDATION = Bus("LIQUIDATION", 21, ("account", "market", "short", "standing"))
"""A position, of its old side, that may lose lots: of a liquidated account (standing 0, or 1 if it
is exhausted), or one that is deleveraged (2). Sent by position as often as it is asked for,
received by takeover."""

TRIGGER = Bus("TRIGGER", 22, ("side", "trigger", "taken"))
"""A position has (taken 1) or has no longer (0) this trigger. side: market * 2, plus 1 for shorts.
Sent by position, received by trigger as often as it is said."""

SWEEP = Bus("SWEEP", 23, ("side", "trigger"))
"""In the new state all counters of a side above this trigger, up to its old frontier, are zero.
Sent by market from the old frontier, carried down by trigger, received by market at the new one."""

FRONTIERS = Bus(
    "FRONTIERS",
    24,
    ("market", "listed", "lagging", "fallen", *_vector("old", 8), *_vector("new", 8)),
)
"""The markets leaf as far as its markets are opened: `market` is the next, listed is 1 if the last
one was there before the batch, lagging the sides so far whose frontier is above the price, fallen
by how many buckets frontiers came down so far. Sent by batch, then handed on by market, and
received by batch."""

FLAGGED = Bus("FLAGGED", 25, ("difference", "refreshed"))
"""How many more accounts are flagged `below` after the batch than before it, and the sum of
all refresh fees. Sent once by account, received by batch."""

OWNER = Bus("OWNER", 26, ("account", *_vector("owner", 6)))
"""The owner in an account's header, an L1 address. Sent by header, received by outflow and
deposit."""

OUTFLOW = Bus("OUTFLOW", 27, ("account", "cash"))
"""Cash (if `cash` is 1) or an asset may leave this account: its row meets initial margin, at prices
that are fresh and unclamped, and without its assets where cash does. Sent by account as often as it
is asked for, received by outflow."""

PAYOUT = Bus("PAYOUT", 28, (*_vector("owner", 6), "asset", *_vector("amount", 3)))
"""A withdrawal that L1 is told of. Sent by the verifier, received by outflow.

asset: its mark, 0 for USDC; amount: its lower 26 bits, 14 more, and the 13 above."""
NEEDED = Bus("NEEDED", 29, ("account", *_vector("relief", 3)))
"""A position of an account was reduced, and what one lot of its old side adds to the excess at most
if it goes, as sums of balanced limbs. Sent by position, received by account."""

STAYS = Bus("STAYS", 30, ("side", "trigger"))
"""A position of this side has this trigger after the batch, and may where others are deleveraged.
Sent by position, received by trigger as often as it is said."""

BACKSTOP = Bus(
    "BACKSTOP", 31, (*_vector("initial", 6), *_vector("excess", 6), *_vector("ladder", 4))
)
"""What the backstop has left over each margin as it ends the batch, and its ladder, in limbs. Sent
by account, received by market."""

ROTATION = Bus("ROTATION", 32, ("account", *_HEADER))
"""An account's owner gives it another key: it has this header from now on. Sent by deposit,
received by header."""

RENEWED = Bus("RENEWED", 33, ("account", *_vector("with_header", 8), "keyed", "backstop"))
"""The new leaf of an account starts with another header, after which its chaining value is this;
keyed: 1 if its key may sign; backstop: 1 if the account is the backstop's. Sent by account,
received by header."""

ASSET = Bus("ASSET", 34, ("asset",))
"""The mark of a listed asset. Sent by market as often as it is asked for, received by outflow."""

TALLY = Bus("TALLY", 35, ("market", "what", "limb"))
"""What a market's trades add up to, limb by limb: a limb is how often it is said. Sent by fill,
position and takeover, received by market, in one sum.

what: 0 the size of a fill at a price that counts whole, 1 above, 2 below; 3 the notional of the
first; and of a market that has ended the size of what is settled, of either sign, which takeover
sends; 4 how many lots more a position holds that is not below zero (taken back if less); 5 the size
of what the estate takes."""

DUE = Bus("DUE", 36, ("account",))
"""An account was due: the price has passed one of its old triggers. Sent by each position of which
that is so, received by account as often as it is said."""

SPENT = Bus("SPENT", 37, ("place",))
"""A row is spent on the step: a position that takeovers close out, or an account that they heal
(1), an account that is dealt with (2), a position of one (3). Sent by position and account,
received by batch as often as said."""

BARRED = Bus("BARRED", 38, ("account", *_vector("amount", 3)))
"""An exit of so much out of this account was refused, which its row shows a bar to. Sent by
account, received by deposit. amount: packed pairs of 62 bits."""

UNSTEADY = Bus("UNSTEADY", 39, ("account",))
"""A position of a perpetual that this account has, or had, is in a market whose price is clamped or
missing. Sent by position, received by account as often as it is said."""

VIEWING = Bus("VIEWING", 40, ("account", "renewed", *_vector("key", 8)))
"""What an account's new leaf is published under: the key that its header commits to, or the
commitment itself. renewed: 1 if that header came in place of another. Sent by header, received by
account."""

DATA = Bus("DATA", 41, ("place", *_vector("state", 8)))
"""The commitment to all that is published, after so many leaves. Sent by batch, then handed on by
each account, and received by batch."""

LADDER_KEY = Bus("LADDER_KEY", 42, ("signature", *_vector("x", 7), *_vector("y", 7)))
"""The key P that a signature is checked with. Sent by signature, received by ladder."""

SIGNED_OUTFLOW = Bus(
    "SIGNED_OUTFLOW",
    43,
    ("account", "asset", "kind", *_vector("receiver", 2), *_vector("amount", 3)),
)
"""A signed withdrawal or transfer in time, which used up its generation. Sent once by order,
received by outflow. Receiver in packed pairs; amount: 26, 14 and 13 bits."""

RESTING = Bus(
    "RESTING",
    44,
    ("account", "slot", "generation", "kind", "price", "expiry", "expiry_fee", "key_mark"),
)
"""A signed order that rests in its slot from now on, as the words of the slot's leaf; what is left
of it is the last value of the slot's word. Sent by order, received by slot."""

KEY_MARK = Bus("KEY_MARK", 45, ("account", "mark", "backstop"))
"""The first element of the trading key in an account's header, and 1 if the account is the
backstop's. Sent by header, received by slot."""

AUTHORITY = Bus("AUTHORITY", 46, ("signature", "account", "mark", "backstop"))
"""A signature of an account speaks for an action of it; mark: the first element of the key that
signed; backstop: 1 if the account is the backstop's. Sent by signature once for each action,
received by order."""

BUSES = (
    *(RANGE, HASH, NODE, MEMORY, BASE, WINDOW, CHALLENGE, LADDER_END, KEY, ORDER, REGISTER, FEES),
    *(DEPOSIT, HEADER, CHAIN, MARKET, RISK, TRADE, TAKE, LIQUIDATION, TRIGGER, SWEEP, FRONTIERS),
    *(FLAGGED, OWNER, OUTFLOW, PAYOUT, NEEDED, STAYS, BACKSTOP, ROTATION, RENEWED, ASSET, TALLY),
    *(DUE, SPENT, BARRED, UNSTEADY, VIEWING, DATA, LADDER_KEY, SIGNED_OUTFLOW, RESTING, KEY_MARK),
    AUTHORITY,
)
"""All buses of the statement, in order of identifier."""
