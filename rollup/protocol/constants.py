"""Every bound and count of the protocol, in one place, each with its reason.

Bounds named `X_BITS` mean 0 <= x < 2**X_BITS. Spec: docs/spec/01-numbers.md.
"""

from typing import Final

PROTOCOL_VERSION: Final = 12
"""Version of the public input and of the batch file; any change of meaning raises it."""

SIGNATURE_SCHEME: Final = 1
"""Schnorr over the septic curve. Signed in every order, so a second scheme cannot be confused."""

MARKETS_MAX: Final = 64
"""Markets of a venue at a time, and so positions of an account: what an account row of 64 positions
costs a batch stays below a tenth of what the smallest shape class takes."""

MARKET_BITS: Final = 16
"""A market number: so many that none need be used twice. In this version it is the market's place
in governance."""

STEP_PATIENCE_MS: Final = 60_000
"""How long a step may be open, in batch time, before its batches must make progress: a minute, in
which a crash that no batch holds is dealt with ten times over."""

STALLED_MAX: Final = MARKETS_MAX
"""Batches in a row without progress that an old step may have: each market may need a zone of
deleveraging of its own, which can fill a batch and touch few accounts."""

ACCOUNT_LEAF_VERSION: Final = 3
"""Version 2 is a fold over the positions that are not empty (ADR 0016); version 1 had four. Version
3 has each position's trigger, and says in the flags whether the account is below maintenance."""

MARKETS_LEAF_VERSION: Final = 3
"""Version 3 has each market's tally beside its frontiers (ADR 0025). Version 2 was a fold over the
frontiers of the listed markets (ADR 0018), version 1 a chain over a digest of prices."""

PUBLISHED_VERSION: Final = 1
"""Of what is published of a leaf, and of the commitment to all of it
(rollup.protocol.availability)."""

BUCKET_NUMBER_BITS: Final = 16
"""Width of a biased bucket number, and so of a trigger: buckets of a thousandth of the listing
price reach from 16 of these prices below nothing to some fifty above it."""

BUCKET_OFFSETS: Final = (2**14, 2**16 - 2**14)
"""Bias of the bucket numbers of longs and of shorts. The side value of a long is its price less
what it requires, mostly above zero; that of a short mostly below."""

COUNTERS: Final = 8
"""Counters in a leaf of the trigger tree: one block of a chain."""

COUNTER_MAX: Final = 2**30
"""As many accounts as there are: each has one position in a market at most, with one trigger."""

TRIGGER_BITS: Final = MARKET_BITS + 1 + BUCKET_NUMBER_BITS - 3
"""Depth of the trigger tree: market, side, and all of a bucket number that does not say which
counter of its leaf it is."""

SAFETY_MAX: Final = 2**12 - 1
"""Largest safety of an account, in buckets: four thousand of a thousandth of the listing price. An
account that is safer by more is looked at early, which costs a refresh."""

REFRESH_FEE_BITS: Final = 13
"""What a refresh may cost, in quanta: less than a cent, and much more than its proof. One limb."""

LADDER_BITS: Final = 45
"""Where risk grew, sum |size| x bucket is below 2**45. Since a bucket number has 16 bits, no sum of
side values passes 2**61 for as long as its market lives, whatever prices do; and cash stays below
2**63. 35 billion dollars at the listing price, if a bucket is a thousandth of it."""

ACCOUNT_BITS: Final = 30
"""An account index is one field element (p > 2**30) and the depth of the account tree."""

SLOT_BITS: Final = 8
"""256 orders of an account can rest at once; the depth of its slot tree."""

GENERATION_BITS: Final = 26
"""A slot can be renewed 67 million times; 26 bits are two range-checked limbs."""

GENERATION_END: Final = 2**GENERATION_BITS - 1
"""What is signed has a lower generation: the slot's is one above it, of as many bits."""

PRICE_BITS: Final = 30
"""A price is one field element; zero is excluded because it would make a position free to take."""

PEG_BITS: Final = 20
"""The offset of a pegged order from the oracle price, of either sign: within half a million ticks,
so that both together stay a price."""

ORACLE_PRICE_BITS: Final = 29
"""An oracle price: with funding below 2**28 either way, what a lot is worth stays below 2**30."""

FUNDING_BITS: Final = 28
"""-2**28 <= F <= 2**28, in ticks."""

SIZE_BITS: Final = 40
"""Order and fill sizes in lots: 1..2**40 - 1. Four limbs, the top one a bit."""

POSITION_LIMIT: Final = 2**40
"""-POSITION_LIMIT <= position < POSITION_LIMIT: biased by it, a position is 41 bits, so that its
value at a 30-bit price stays below 2**70."""

POSITION_BITS: Final = 41
"""Width of a position biased by POSITION_LIMIT."""

CASH_LIMIT: Final = 2**63
"""-CASH_LIMIT <= cash < CASH_LIMIT, in quanta: nine trillion dollars either way."""

CASH_BITS: Final = 64
"""Width of cash biased by CASH_LIMIT, and of the total under custody."""

CUSTODY_BITS: Final = 62
"""Lots of an asset under custody: some 2**22 accounts that hold as many as one may."""

NOTIONAL_BITS: Final = 52
"""price x size of one fill: 4.5 billion dollars. Four full limbs, so a column sum of products of
limbs cannot wrap the field."""

MOVED_BITS: Final = 62
"""-2**62 <= size x (price - F) < 2**62 of one fill: more would leave the bounds of cash."""

AMOUNT_BITS: Final = 62
"""One deposit. Below CASH_LIMIT, so a first deposit cannot overflow an account."""

OUTFLOW_BITS: Final = 53
"""What one withdrawal or transfer takes out: 9 billion dollars. The bits that an order's size and
highest fee have together, so that one table of the circuit reads both from the same cells."""

ESTATE_BITS: Final = 51
"""Lots of one asset that the estate takes in a batch: 2**11 takeovers of less than 2**40 each."""

TIME_BITS: Final = 52
"""Milliseconds since 1970: good for 142,000 years, and four full limbs."""

EXPIRY_BITS: Final = 43
"""Expiry of an order or an outflow, in milliseconds since 1970: good until the year 2248, and short
enough that a slot's leaf holds it and the highest fee in two elements."""

TAKEOVER_FEE_BITS: Final = 62
"""What an account pays for one takeover. Below CASH_LIMIT, as what it comes from is."""

REST_BITS: Final = 46
"""What one takeover by an order leaves to the backstop, as the fee of a fill: 70 million dollars.
More lots are several takeovers."""

FEE_RATE_BITS: Final = 13
"""A fee rate in units of 1/FEE_SCALE: at most 0.82 %, one limb."""

FEE_SCALE: Final = 10**6
"""Fee rates are counted in millionths of the notional."""

FRACTION_SCALE: Final = 10**4
"""Margin, band and liquidation fractions are counted in ten-thousandths."""

BUCKET_BITS: Final = 21
"""A bucket, in ticks: a 16-bit number of it, whose least part is a price, stays below 2**37."""

DEBT_STOP_PART: Final = 4
"""Nobody takes new debt against assets while what they count for is more than one part in so many
of the USDC under custody: what can be owed against them is then at most a quarter of it."""

FUNDING_CAP_MAX: Final = 500
"""Funding of an hour, in millionths of the price: at most 0.05 %."""

INTEREST_HOURS: Final = 8
"""Interest is said for eight hours, as venues say it; its share of an hour is an eighth. So is a
premium rate."""

VOLUME_BITS: Final = 64
"""size x price of an hour's fills of a market: 18 trillion dollars, two orders above what any
market trades in a day. More is refused, so that a sum never wraps."""

PREMIUM_LIMIT: Final = 2**63
"""-PREMIUM_LIMIT <= premium < PREMIUM_LIMIT: below 0.07 of the volume, since what is counted of a
fill is clipped at 2**16 / 10**6 of its price; so a volume in bounds has a premium in bounds."""

PREMIUM_BITS: Final = 64
"""Width of a premium biased by PREMIUM_LIMIT."""

OPEN_INTEREST_BITS: Final = 40
"""Lots held of a market in all: below the cap that governance sets, which is a size."""

IMPACT_BITS: Final = 52
"""What governance says a premium is measured against at least: a notional."""

CLIP_FEES: Final = 4
"""A fill counts towards a premium up to as far from the oracle price as so many times what both its
sides pay in fees: half of INTEREST_HOURS, so that an hour's funding that somebody moves by trading
with himself brings him at most what he pays (docs/soundness/funding.md)."""

CLIP_BITS: Final = 27
"""How far from an oracle price a fill's counts: 0.066 of 2**29 ticks at most."""

PREMIUM_RATE_BITS: Final = 17
"""A premium rate lies within 2**17 millionths: CLIP_FEES x (taker's + maker's fee) is at most
65,528, and rounding down takes less than ten."""

PREMIUM_UNIT: Final = 10
"""Where an hour's volume was thin its premium rate is a multiple of so many millionths: there it
tells of single trades."""

CHAIN_BITS: Final = 30
"""Chain and venue identifiers are one field element each."""

NUMBER_BITS: Final = 30
"""A batch number is one field element; at one batch a second it lasts 34 years."""

SEQUENCE_BITS: Final = 48
"""Receipts of a venue: at a million a second it lasts nine years. Below 2**53, which JSON needs."""

QUEUE_BITS: Final = 30
"""The count of deposits consumed is one field element."""

DEPOSITS_MAX: Final = 64
"""Queue entries consumed by a batch, of whatever shape class."""

TRADES_LIMIT: Final = 1568
"""Fills of a batch of the largest shape class (rollup.protocol.shape_class). All classes share the
timestamps that follow from it, so that they share every table but for its height."""

OUTFLOWS_MAX: Final = 64
"""Withdrawals and transfers of a batch, of whatever shape class."""

COLLATERAL_DECIMALS: Final = 6
"""One USDC is 10**6 quanta."""

DEPOSIT_TIMESTAMP: Final = 1
"""Memory timestamp of the first deposit of a batch; 0 is the value before the batch."""

FILL_TIMESTAMP: Final = DEPOSIT_TIMESTAMP + DEPOSITS_MAX
"""Memory timestamp before the first fill. Fill j has the one after FILL_TIMESTAMP + 2 j, at which
orders are placed that it is the first to fill."""

TAKEOVER_TIMESTAMP: Final = FILL_TIMESTAMP + 2 * TRADES_LIMIT
"""Memory timestamp of the first takeover: after every fill of every class, which takes as many
takeovers as trades."""

CANCEL_TIMESTAMP: Final = TAKEOVER_TIMESTAMP + TRADES_LIMIT
"""Memory timestamp of all cancels, of which a slot has one a batch: after every takeover of every
class."""

OUTFLOW_TIMESTAMP: Final = CANCEL_TIMESTAMP + 1
"""Memory timestamp of the first withdrawal or transfer."""

FEE_TIMESTAMP: Final = OUTFLOW_TIMESTAMP + OUTFLOWS_MAX
"""Memory timestamp of the one credit of the batch's fees: after all else that cash does."""

REST_TIMESTAMP: Final = FEE_TIMESTAMP + 1
"""Memory timestamp of the one credit of what takeovers by orders leave to the backstop."""

PLACE_TIMESTAMP: Final = REST_TIMESTAMP + 1
"""Memory timestamp at which orders are placed that nothing filled. Below 2**13, so that the
distance between two timestamps is one limb."""

RESTING_PLACE: Final = 2**12
"""Place of the first order of a batch that rested before it: above those of all that are signed
in it."""

DIGEST_LENGTH: Final = 8
"""Field elements of a digest."""

SALT_LENGTH: Final = 4
"""Field elements of a salt: 124 bits nobody can guess."""

SEPTIC_LENGTH: Final = 7
"""Field elements of a coordinate of the signature curve."""

OWNER_BYTES: Final = 20
"""An L1 address."""

SIGNATURE_BYTES: Final = 84
"""R.x and R.y as 7 words of 4 bytes each, s as 28 bytes, all little-endian."""
