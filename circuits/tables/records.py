"""What the traces are filled from: a batch as columns of numbers, one record class a table.

`circuits.statement.replay` makes these from an `Outcome` of the rules; each
`tables/<name>/trace.py` reads one (`build(records, height, blinded) -> uint32[height, width]`).
Arrays are int64 of shape (n,) unless said, n the number of used rows; numbers of 64 bits are
uint64; field elements are int64 or uint32, canonical.
Nothing here is checked: a test may forge any number, and the constraints must notice.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from circuits.tables.signature_records import SignatureRecords
from circuits.tables.slot_records import SlotRecords
from rollup.private import Private

I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
U32 = NDArray[np.uint32]

BUY, SELL = 0, 1
"""Index of a side everywhere: column 0 the buyer, column 1 the seller."""


@dataclass(frozen=True, slots=True, repr=False)
class CashAccess(Private):
    """Accesses of cash words. Cash is biased by 2^63 (uint64)."""

    account: I64
    previous_ts: I64
    before: U64
    after: U64
    existed: I64  # the word's exists bit before and after
    exists: I64


@dataclass(frozen=True, slots=True, repr=False)
class PositionAccess(Private):
    """Accesses of position words. Positions are biased by 2^40 (41 bits)."""

    previous_ts: I64
    before: I64
    after: I64


@dataclass(frozen=True, slots=True, repr=False)
class SlotAccess(Private):
    """Accesses of slot words by fills, which leave the generation as it is."""

    previous_ts: I64
    left_before: I64
    left_after: I64


@dataclass(frozen=True, slots=True, repr=False)
class FillSide(Private):
    """One side of every fill: what its order says, what the fill does to the account."""

    taken: I64  # 1 if it is no order, but an account that is liquidated
    account: I64
    slot: I64
    generation: I64  # of the slot while the order rests there, one above the signed one
    limit: I64  # order's price
    pegged: I64  # 1 if that is its offset from the oracle's
    reduce_only: I64  # as signed
    when_clamped: I64
    backstop: I64  # 1 if it is an order of the backstop
    max_fee: I64
    fee: I64  # quanta, rounded up; of a liquidated account what is the backstop's
    traded: I64  # how often orders of the account had met others in the market
    took: I64  # and taken of liquidated accounts
    cash: CashAccess
    position: PositionAccess
    slot_access: SlotAccess


@dataclass(frozen=True, slots=True, repr=False)
class FillRecords(Private):
    """Table fill. Row j has timestamp FILL_TIMESTAMP + 2 j + 1."""

    market: I64
    price: I64
    size: I64
    taker: I64  # 0 the buyer, 1 the seller
    notional: I64  # price * size
    moved: U64  # size * (price - funding), biased by 2^62
    rate: tuple[I64, I64]  # fee rate of (buyer, seller), as the taker side says
    band_low: I64  # terms of the fill's market
    band_high: I64
    taker_fee: I64
    maker_fee: I64
    funding: I64  # (n, 3) balanced limbs
    oracle: I64  # the market's price
    net: I64  # (n, 3) limbs of what a liquidated account gets or gives for a lot, but for F
    steady: I64  # 1 if the market's price is fresh and unclamped
    waived: I64  # what is less than whole of the backstop's
    exhausted: I64  # 1 if the liquidated account is
    clip_low: I64  # lowest and highest price that count whole towards the premium
    clip_high: I64
    sides: tuple[FillSide, FillSide]


@dataclass(frozen=True, slots=True, repr=False)
class TakeoverHolder(Private):
    """One of the two accounts of every takeover: what is done to its cash and its position."""

    cash: CashAccess
    position: PositionAccess
    took: I64  # how often it took lots there before


@dataclass(frozen=True, slots=True, repr=False)
class TakeoverRecords(Private):
    """Table takeover. Row j has timestamp TAKEOVER_TIMESTAMP + j."""

    account: I64
    market: I64
    short: I64  # 1 if the lots were owed
    exhausted: I64  # of the account
    take: I64  # (n, 6) value of a lot, balanced limbs; liquidation fee of a lot, limbs
    size: I64
    fee: I64
    waived: I64  # (n, 6) limbs of size x fee of a lot - fee
    closes: I64  # 1 if the taker loses as many lots of the other side
    estate: I64  # 1 if there is no taker: the lots leave the state
    taker_account: I64
    settled: I64  # 1 if nobody takes the lots, since their market has ended; zeros as taker
    standing: I64  # of the taker, where it is not the backstop: 0, 1, 2 as on LIQUIDATION
    liquidated: TakeoverHolder
    taker: TakeoverHolder


@dataclass(frozen=True, slots=True, repr=False)
class OutflowRecords(Private):
    """Table outflow. Row j has timestamp OUTFLOW_TIMESTAMP + j."""

    transfer: I64  # 1 if it goes to another account
    account: I64
    receiver: I64  # 0 for a withdrawal
    asset: I64  # mark of what leaves, 0 for USDC
    amount: I64  # quanta or lots, below 2^53
    owner: I64  # (n, 6) limbs of 27 bits, low first
    payer: CashAccess  # of cash, or of the position of an asset, biased by 2^40
    payee: CashAccess  # all 0 for a withdrawal
    counts: tuple[I64, I64]  # (n, 2) of who pays and is paid: fills and takes in the asset's market


@dataclass(frozen=True, slots=True, repr=False)
class DepositRecords(Private):
    """Table deposit. Row i has timestamp DEPOSIT_TIMESTAMP + i and queue index first + i."""

    index: I64
    kind: I64  # as in rollup.protocol.deposit
    asset: I64  # mark of what it is of, 0 for USDC
    amount: I64  # quanta or lots, below 2^62
    owner: I64  # (n, 6) limbs of 27 bits, low first
    key_words: I64  # (n, 14) as queued: below 2^32, perhaps not canonical
    viewing: I64  # (n, 8)
    outcome: I64  # code of the deposit outcome: 0 is credited
    holder: I64  # (n, 6) limbs of the account's owner before the entry, zeros where nobody asks
    cash: CashAccess
    position: PositionAccess  # where it is of an asset, and its position is looked at


@dataclass(frozen=True, slots=True, repr=False)
class OrderRecords(Private):
    """Table order: what was signed. The distinct orders of the batch, in
    its order; then its outflows, with the receiver as price and the amount in size and max_fee;
    then its cancels, with zeros as terms."""

    outflow: I64  # 1 if it is one
    cancel: I64
    account: I64
    slot: I64
    generation: I64
    market: I64
    side: I64
    price: I64
    size: I64
    expiry: I64
    max_fee: I64
    flags: I64
    uses: I64  # sides of fills that name this order: its ORDER messages
    rests: I64  # 1 if it is in its slot as the batch ends
    ts: I64  # when it takes its slot
    previous_ts: I64
    stored_generation: I64  # what the slot has until then
    stored_left: I64
    signature: I64  # number of its signature
    key_mark: I64  # first element of the key that signed it
    depth: I64  # of its leaf in the tree of the signature, 0 if it was signed alone
    place: I64
    chain: int
    venue: int
    time: int  # of the batch, which no order's expiry may lie before
    backstop: int  # the account of governance's backstop


@dataclass(frozen=True, slots=True, repr=False)
class AccountRecords(Private):
    """Table account: every touched account, by rising index. Cash is biased."""

    account: I64
    existed: I64
    exists: I64
    rotated: I64  # 1 if its owner gave it another key
    keyed: I64  # 1 if the key that it had may sign, 0 if it was rotated
    rekeyed: I64  # 1 if it was rotated, and the other key may sign
    header: U32  # (n, 8) digest of the header that was opened
    new_header: U32  # (n, 8) digest of the one that it is closed with
    viewing_key: U32  # (n, 8) what that is published under
    cash: tuple[U64, U64]  # before, after: the values in the leaves
    salt: tuple[U32, U32]  # (n, 4) before, after
    slots_root: tuple[U32, U32]  # (n, 8) before, after
    slots_touched: I64  # 1 if the slot tree was opened
    last_ts: I64  # last timestamp of the cash word
    below: tuple[I64, I64]  # flags before, after
    safety: I64  # the cap where nothing is held
    shrinks: I64  # 1 if no position of it grew
    liquidated: I64  # 1 if anything was taken over
    exhausted: I64  # 1 if it paid less than a whole liquidation fee
    paid_out: I64  # 1 if anything left by an outflow
    cash_out: I64  # 1 if cash did
    outflows: I64  # how many
    barred: I64  # of an exit that was refused the place of its bar in ExitBar, plus 1; else 0
    barred_amount: I64  # what it asked for
    due: I64  # 1 if a position shows that it was due
    dues: I64  # how many do
    refreshed: I64  # the fee that it pays for that
    dealt: I64  # 1 if it was due, or is below maintenance no more
    relief: I64  # (n, 3) digits of what a lot adds to it at most if it goes, where it was needed
    exempt: I64  # 1 if it may stay where others are deleveraged
    clear: I64  # 1 if it takes: the backstop, neither liquidated nor flagged
    told: I64  # sides that are deleveraged, for the backstop: multiplicity of its BACKSTOP message
    backstop: int  # the account that takes
    refresh_fee: int  # of a market's governance


@dataclass(frozen=True, slots=True, repr=False)
class HeaderRecords(Private):
    """Table header: every header that is opened, then those that came in place of one."""

    account: I64
    created: I64  # 1 if the batch made the account
    renewed: I64  # 1 if it came in place of the one that was opened
    keyed: I64  # 1 if its key may sign
    owner: I64  # (n, 6)
    key: U32  # (n, 14)
    viewing: I64  # (n, 8)
    told: I64  # 1 if the venue knows the viewing key
    viewing_key: I64  # (n, 8) that, or else the commitment to it
    viewing_uses: I64  # 1 if it is the header that the account is closed with
    backstop: I64  # 1 if the account is the backstop's
    key_uses: I64  # orders, outflows and cancels signed by the key
    mark_uses: I64  # orders that rested under it and trade
    owner_uses: I64  # withdrawals to the owner, and entries that ask who it is


@dataclass(frozen=True, slots=True, repr=False)
class PositionRecords(Private):
    """Table position: every opened position, those of one account together and in the order of its
    chain. Sizes are biased by 2^40."""

    owner: I64  # row of the account whose chain it is in
    account: I64
    market: I64
    before: I64
    after: I64
    trigger: tuple[I64, I64]  # biased, 0 where nothing is held
    last_ts: I64  # last timestamp of its word
    traded: I64  # how often orders of the account met others in the market
    took: I64  # and took of liquidated accounts
    takeovers: I64  # takeovers of it: multiplicity of its LIQUIDATION message
    needed: I64  # 1 for the one of its account of which the last lot was needed
    closed_out: I64  # 1 if takeovers left nothing of it
    due: I64  # 1 for the one that shows that its account was due
    unsteady: I64  # 1 for the one that bars an exit of its account
    deleveraged: I64  # 1 if it is
    behind: I64  # 1 if it stays, for its old trigger was not passed; of one that is neither
    came: I64  # 1 if it stays, for its side held nothing before; exempt nor deleveraged
    stays: I64  # 1 if its new trigger is in a zone


@dataclass(frozen=True, slots=True, repr=False)
class MarketRecords(Private):
    """Table market: every listed market, with the numbers that the verifier sends of it."""

    market: I64
    risk: I64  # (n, 19) balanced limbs, bucket numbers
    trade: I64  # (n, 23) packed band, fees, balanced funding, packed price, near, net, and clip
    least: I64  # (n, 2) the least order, a packed pair
    lot_fee: I64  # (n, 3) limbs of the liquidation fee of a lot
    steady: I64  # 1 if the price is fresh and unclamped
    missing: I64  # 1 if no quorum gave it
    asset: I64  # 1 if its lots are a token that L1 holds
    idle: I64  # 1 if they count for nothing
    ended: I64  # 1 if it is over, and positions there become cash
    ends: I64  # 1 if it is over with the step that the batch closes
    estate: I64  # (n, 4) limbs of how many the estate takes
    hour: I64  # (n, 18) what concerns its tally, as MARKET has it
    tally: tuple[U64, U64]  # (n, 3) premium (biased by 2^63), volume, open interest; before, after
    counted: I64  # (n, 6, 4) sums of limbs, as TALLY has them
    trade_uses: I64  # (n, 5) how often TRADE is asked for, by kind
    take_uses: I64  # takeovers
    asset_uses: I64  # outflows of the asset
    listed: I64  # 1 if it was before the batch
    frontier: tuple[I64, I64]  # (n, 2) of longs and shorts, before and after
    zoned: I64  # (n, 2) 1 where somebody of the side is deleveraged
    zone: I64  # (n, 2) the lowest trigger that is, where it is
    full: I64  # (n, 2) why the backstop takes no more there: 0 initial, 1 excess, 2 ladder
    backstop: I64  # (16,) limbs of what the backstop ends with: initial, excess, ladder


@dataclass(frozen=True, slots=True, repr=False)
class TriggerRecords(Private):
    """Table trigger: every touched or swept leaf of the trigger tree, by rising index."""

    index: I64
    old: I64  # (n, 8) counters before
    left: I64  # (n, 8) positions that left each trigger
    taken: I64  # (n, 8) and that took it
    swept: I64  # (n, 8) 1 where a frontier or deleveraging came down over the counter
    staying: I64  # (n, 8) positions that may have the trigger there; 0 elsewhere


@dataclass(frozen=True, slots=True, repr=False)
class TreeRecords(Private):
    """Table tree: touched inner nodes of the account tree (0), of slot trees (account + 1) and of
    the trigger tree."""

    tree: I64
    depth: I64  # of the node itself; the root is 0
    index: I64
    left: tuple[U32, U32]  # (n, 8) left child before, after
    right: tuple[U32, U32]
    node: tuple[U32, U32]  # the node's own digest before, after
    left_touched: I64
    right_touched: I64


@dataclass(frozen=True, slots=True, repr=False)
class BatchRecords(Private):
    """Table batch: one row. Digests are uint32 (8,), salts uint32 (4,), pairs (before, after)."""

    chain: int
    venue: int
    number: int  # of this batch; the globals before hold number - 1
    time: tuple[int, int]
    total: tuple[int, int]  # custody in quanta
    deposits_consumed: tuple[int, int]
    accounts_root: tuple[U32, U32]
    triggers_root: tuple[U32, U32]
    flagged: tuple[int, int]  # accounts below maintenance
    markets_salt: tuple[U32, U32]
    globals_salt: tuple[U32, U32]
    fee_account: int
    fees: int  # sum of all fees of the batch, in quanta
    fee_sums: I64  # (4,) the same as sums of the 13-bit limbs of every fee
    credited: int  # sum of credited deposits
    cash: CashAccess  # (1,) the fee account's cash at FEE_TIMESTAMP
    backstop: int  # the account that takes
    refreshed: int  # sum of all refresh fees
    rested: int  # 1 if there are takeovers by orders, or such fees
    rests: int  # sum of what the first leave to it
    rest_sums: I64  # (4,)
    rest_cash: CashAccess  # (1,) its cash at REST_TIMESTAMP; zeros if there are none
    spent: tuple[int, ...]  # what was done for the step
    progress_by: int | None  # as in rollup.protocol.progress
    progress_over: int  # by how much more than wanted


@dataclass(frozen=True, slots=True, repr=False)
class Records(Private):
    """Everything the traces of one batch are filled from. The lookup tables (poseidon, range, base)
    and the signature tables follow from these."""

    tree: TreeRecords
    order: OrderRecords
    signature: SignatureRecords
    fill: FillRecords
    takeover: TakeoverRecords
    outflow: OutflowRecords
    account: AccountRecords
    header: HeaderRecords
    position: PositionRecords
    market: MarketRecords
    trigger: TriggerRecords
    slot: SlotRecords
    deposit: DepositRecords
    batch: BatchRecords
