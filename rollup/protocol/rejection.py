"""Why the rules refuse: a closed list of reasons, and the one exception that carries them."""

from enum import StrEnum


class Reason(StrEnum):
    """Everything the rules can say no with. The value is stable: tests, logs and peers match it."""

    # A record that cannot exist.
    MALFORMED = "malformed"
    WORD_OUT_OF_BOUNDS = "word-out-of-bounds"
    ACCOUNT_OUT_OF_BOUNDS = "account-out-of-bounds"
    SLOT_OUT_OF_BOUNDS = "slot-out-of-bounds"
    GENERATION_OUT_OF_BOUNDS = "generation-out-of-bounds"
    MARKET_OUT_OF_BOUNDS = "market-out-of-bounds"
    PRICE_OUT_OF_BOUNDS = "price-out-of-bounds"
    SIZE_OUT_OF_BOUNDS = "size-out-of-bounds"
    POSITION_OUT_OF_BOUNDS = "position-out-of-bounds"
    POSITION_ORDER = "position-order"
    POSITION_EMPTY = "position-empty"
    TRIGGER_OUT_OF_BOUNDS = "trigger-out-of-bounds"
    COUNTER_OUT_OF_BOUNDS = "counter-out-of-bounds"
    CASH_OUT_OF_BOUNDS = "cash-out-of-bounds"
    AMOUNT_OUT_OF_BOUNDS = "amount-out-of-bounds"
    NOTIONAL_OUT_OF_BOUNDS = "notional-out-of-bounds"
    TIME_OUT_OF_BOUNDS = "time-out-of-bounds"
    FUNDING_OUT_OF_BOUNDS = "funding-out-of-bounds"
    FEE_RATE_OUT_OF_BOUNDS = "fee-rate-out-of-bounds"
    FRACTION_OUT_OF_BOUNDS = "fraction-out-of-bounds"
    IDENTIFIER_OUT_OF_BOUNDS = "identifier-out-of-bounds"
    NUMBER_OUT_OF_BOUNDS = "number-out-of-bounds"
    TOTAL_OUT_OF_BOUNDS = "total-out-of-bounds"
    VOLUME_OUT_OF_BOUNDS = "volume-out-of-bounds"
    PREMIUM_OUT_OF_BOUNDS = "premium-out-of-bounds"
    OPEN_INTEREST_OUT_OF_BOUNDS = "open-interest-out-of-bounds"

    # Governance that would not be safe.
    MARKET_COUNT = "market-count"
    MARKET_SCALE = "market-scale"
    MARGIN_CROSSED = "margin-crossed"
    BAND_TOO_WIDE = "band-too-wide"
    STEP_TOO_WIDE = "step-too-wide"
    LIQUIDATION_FEE_TOO_HIGH = "liquidation-fee-too-high"
    FUNDING_TOO_HIGH = "funding-too-high"
    REFRESH_FEE_OUT_OF_BOUNDS = "refresh-fee-out-of-bounds"
    BUCKET_OUT_OF_BOUNDS = "bucket-out-of-bounds"
    IMPACT_OUT_OF_BOUNDS = "impact-out-of-bounds"
    HAIRCUT = "haircut"
    ASSET_TERMS = "asset-terms"
    GOVERNANCE_CHANGED = "governance-changed"
    ORACLE = "oracle"
    COMMITTEE = "committee"

    # A batch that does not follow the state before it, or is not complete and exact.
    BATCH_NUMBER = "batch-number"
    CLOCK_NOT_ADVANCED = "clock-not-advanced"
    PRICE_COUNT = "price-count"
    PREMIUM_RATE_COUNT = "premium-rate-count"
    TALLY_COUNT = "tally-count"
    MARKET_ABSENT = "market-absent"
    TOO_MANY = "too-many"
    OLD_ROOT = "old-root"
    SLOTS_ROOT = "slots-root"
    SIBLING_COUNT = "sibling-count"
    OPENED_TWICE = "opened-twice"
    OPENING_MISSING = "opening-missing"
    OPENING_EXCESS = "opening-excess"
    SALT_COUNT = "salt-count"
    VIEWING_KEY = "viewing-key"
    DEPOSIT_ORDER = "deposit-order"
    ROTATED_TWICE = "rotated-twice"
    FEE_ACCOUNT_MISSING = "fee-account-missing"
    BACKSTOP_ACCOUNT_MISSING = "backstop-account-missing"
    REDO_FILLS = "redo-fills"
    PRICE_OUTSIDE_BUCKETS = "price-outside-buckets"

    # A step that is open, or triggers that the price has passed.
    STEP_PRICES = "step-prices"
    STEP_REPORTS = "step-reports"
    STEP_RISK = "step-risk"
    STEP_GOVERNANCE = "step-governance"
    STEP_STALLED = "step-stalled"
    MARKET_MISSING = "market-missing"
    MARKET_UNSTEADY = "market-unsteady"
    MARKET_ENDED = "market-ended"
    MARKET_LIVE = "market-live"
    FRONTIER_COUNT = "frontier-count"
    FRONTIER = "frontier"
    SKIPPED = "skipped"
    COUNTER = "counter"

    # An order that may not trade.
    ORDER_UNKNOWN = "order-unknown"
    ORDER_UNUSED = "order-unused"
    ORDER_REPEATED = "order-repeated"
    ORDER_VENUE = "order-venue"
    ORDER_EXPIRED = "order-expired"
    ORDER_SIGNATURE = "order-signature"
    ACCOUNT_MISSING = "account-missing"
    GENERATION_DEAD = "generation-dead"

    # A fill that is not fair.
    SELF_TRADE = "self-trade"
    SIDES = "sides"
    MARKETS_DIFFER = "markets-differ"
    PRICE_OUTSIDE_LIMIT = "price-outside-limit"
    PRICE_OUTSIDE_BAND = "price-outside-band"
    OVERFILLED = "overfilled"
    FEE_ABOVE_CAP = "fee-above-cap"
    REDUCE_ONLY = "reduce-only"
    LEAST_ORDER = "least-order"
    OPEN_INTEREST_FULL = "open-interest-full"

    # An asset that is not the venue's, or that somebody would owe.
    ASSET_UNKNOWN = "asset-unknown"
    ASSET_OWED = "asset-owed"
    ASSET_TAKEN = "asset-taken"
    ESTATE_ASSET = "estate-asset"
    CUSTODY_OUT_OF_BOUNDS = "custody-out-of-bounds"

    # Cash that may not leave its account.
    OUTFLOW_RECEIVER = "outflow-receiver"
    OUTFLOW_STEP = "outflow-step"
    OUTFLOW_MARKET = "outflow-market"
    EXIT_UNPAID = "exit-unpaid"
    EXIT_TWICE = "exit-twice"
    EXIT_PAYABLE = "exit-payable"

    # A liquidation that may not be, or not like this.
    NOT_LIQUIDATABLE = "not-liquidatable"
    LIQUIDATED_SIGNED = "liquidated-signed"
    LIQUIDATED_EQUITY = "liquidated-equity"
    BACKSTOP_SIGNED = "backstop-signed"
    BACKSTOP_PRICE = "backstop-price"
    BACKSTOP_LIQUIDATED = "backstop-liquidated"
    TAKEOVER_SIZE = "takeover-size"
    TAKEOVER_FEE = "takeover-fee"
    TAKEOVER_PRICE = "takeover-price"
    TAKEOVER_REST = "takeover-rest"
    TAKEOVER_UNSTEADY = "takeover-unsteady"
    TAKEOVER_UNNEEDED = "takeover-unneeded"
    TAKER_SIDE = "taker-side"
    TAKER_ORDERED = "taker-ordered"
    TAKER_STANDING = "taker-standing"
    BACKSTOP_NOT_FULL = "backstop-not-full"
    DELEVERAGED_ORDER = "deleveraged-order"

    # An account left in a state that the margin rule forbids.
    MARGIN = "margin"
    BELOW_RISK = "below-risk"
    BELOW_TRADED = "below-traded"
    LADDER = "ladder"


class Rejected(Exception):
    """A record, batch or action that breaks a rule. `reason` is the rule.

    `detail` says where and what was wanted; it shows no private value.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["Rejected"], tuple[Reason, str]]:
        """How it travels between processes."""
        return (type(self), (self.reason, self.detail))


class refusals_at:
    """Put the place (`fill 3`) in front of the detail of any refusal inside. No generator: each
    order, fill and account of a batch enters one."""

    __slots__ = ("_place",)

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Rejected):
            detail = f"{self._place}: {error.detail}" if error.detail else self._place
            raise Rejected(error.reason, detail) from None
