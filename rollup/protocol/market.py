"""Markets and governance: the venue's parameters, which L1 holds as one digest.

Spec: docs/spec/01-numbers.md and 06-margin.md.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from rollup.hash.keccak import keccak256
from rollup.protocol.committee import NO_COMMITTEE, Committee
from rollup.protocol.constants import (
    ACCOUNT_BITS,
    BUCKET_BITS,
    COLLATERAL_DECIMALS,
    FEE_RATE_BITS,
    FEE_SCALE,
    FRACTION_SCALE,
    FUNDING_CAP_MAX,
    IMPACT_BITS,
    INTEREST_HOURS,
    MARKETS_MAX,
    OPEN_INTEREST_BITS,
    ORACLE_PRICE_BITS,
    REFRESH_FEE_BITS,
    SIZE_BITS,
    TIME_BITS,
)
from rollup.protocol.oracle import Feed, OracleTerms
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.units import require_bounds, require_flag, require_tuple_of

GOVERNANCE_TAG = b"crypsis-governance-6"
"""Domain and version of the digest."""

SYMBOL_LENGTH_MAX = 16

TICK_ALLOWANCE = 10
"""What rounding moves a lot's value at most, in ten-thousandths: one tick, at the least price,
which is 2**10 ticks (rollup.protocol.oracle)."""

LISTING_BUCKETS_MAX = 1 << 13
"""Buckets below a listing price, at most: so a price can grow sixfold before triggers, which have
16 bits, would leave their range."""


ABSENT_OF_ASSETS: Final = (
    "funding_cap",
    "interest",
    "impact_notional",
    "open_interest_cap",
    "least_order",
)
"""Members of a market that are 0 where it is an asset."""

ABSENT_OF_IDLE: Final = ("liquidation_fee", "bucket")
"""And where nothing of it counts."""


class MarketKind(IntEnum):
    """What a market's lots are: claims on a price (PERP), of either sign, which sum to zero; or a
    token that L1 holds (ASSET), never below zero, which sum to what it holds."""

    PERP = 0
    ASSET = 1


@dataclass(frozen=True, slots=True)
class Market:
    """One market: its scale, its risk, its fees and its funding.

    A lot at a tick is one quantum of collateral: price_decimals + size_decimals = 6 (ADR 0002).
    Fractions, which are haircuts of an asset, and the liquidation fee are of FRACTION_SCALE, fee
    rates of FEE_SCALE. `bucket` is a
    count of ticks; `funding_cap` bounds the funding of an hour and `interest` is the part of eight
    hours that flows whatever the trades are, both of FEE_SCALE. A premium is measured against
    `impact_notional` at least, in quanta: so much has to be traded or held to move funding by what
    it pays. No batch adds to more than `open_interest_cap` lots held. `least_order`, in lots, is
    the least that a batch leaves of a position which it makes larger or turns round; 0 for none.
    A market that is `delisted` ends with the first step that closes (rollup.protocol.ended).
    """

    symbol: str
    price_decimals: int
    size_decimals: int
    initial_fraction: int
    maintenance_fraction: int
    band_fraction: int
    taker_fee: int
    maker_fee: int
    liquidation_fee: int
    bucket: int
    funding_cap: int
    interest: int
    impact_notional: int
    open_interest_cap: int
    kind: MarketKind = MarketKind.PERP
    least_order: int = 0
    delisted: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.kind, MarketKind):
            raise Rejected(Reason.MALFORMED, "kind must be a MarketKind")
        require_flag("delisted", self.delisted)
        _require_symbol(self.symbol)
        for name in ("price_decimals", "size_decimals"):
            scale = getattr(self, name)
            require_bounds(name, scale, 0, COLLATERAL_DECIMALS + 1, Reason.MARKET_SCALE)
        if self.price_decimals + self.size_decimals != COLLATERAL_DECIMALS:
            raise Rejected(
                Reason.MARKET_SCALE,
                f"price_decimals + size_decimals must be {COLLATERAL_DECIMALS}, "
                f"not {self.price_decimals} + {self.size_decimals}",
            )
        for name in ("initial_fraction", "maintenance_fraction", "band_fraction"):
            fraction = getattr(self, name)
            require_bounds(name, fraction, 1, FRACTION_SCALE + 1, Reason.FRACTION_OUT_OF_BOUNDS)
        for name in ("taker_fee", "maker_fee"):
            rate = getattr(self, name)
            require_bounds(name, rate, 0, 1 << FEE_RATE_BITS, Reason.FEE_RATE_OUT_OF_BOUNDS)
        if self.is_asset:
            self._require_safe_asset()
            return
        self._require_bucket()
        least_end = 1 << SIZE_BITS
        require_bounds("least_order", self.least_order, 0, least_end, Reason.SIZE_OUT_OF_BOUNDS)
        self._require_safe_fractions()
        self._require_safe_liquidation()
        self._require_safe_funding()
        self._require_measures()

    @property
    def is_asset(self) -> bool:
        """Whether its lots are a token that L1 holds."""
        return self.kind is MarketKind.ASSET

    @property
    def is_idle(self) -> bool:
        """Whether its lots count for nothing: an asset whose haircuts are the whole of it."""
        return self.is_asset and self.maintenance_fraction == FRACTION_SCALE

    def _require_safe_asset(self) -> None:
        """Its fractions are haircuts. There is nothing to fund, and no cap on what people bring of
        it. Where the haircuts are the whole, there is nothing to liquidate either, and no bucket
        that its price could leave; else they are held to what a long's margins are."""
        for name in ABSENT_OF_ASSETS + (ABSENT_OF_IDLE if self.is_idle else ()):
            if getattr(self, name) != 0:
                raise Rejected(Reason.ASSET_TERMS, f"{name} of such an asset must be 0")
        if not self.is_idle:
            self._require_bucket()
            self._require_safe_fractions()
            self._require_safe_liquidation()
        elif self.initial_fraction != FRACTION_SCALE:
            detail = "where nothing counts over maintenance margin, nothing does over initial"
            raise Rejected(Reason.HAIRCUT, detail)

    def _require_bucket(self) -> None:
        require_bounds("bucket", self.bucket, 1, 1 << BUCKET_BITS, Reason.BUCKET_OUT_OF_BOUNDS)

    def _require_safe_fractions(self) -> None:
        """maintenance <= initial, and the band narrower than their difference.

        Otherwise two colluding accounts could trade at the edge of the band and withdraw the gain
        before the loser can be liquidated.
        """
        gap = self.initial_fraction - self.maintenance_fraction
        if gap < 0:
            raise Rejected(
                Reason.MARGIN_CROSSED,
                f"maintenance {self.maintenance_fraction} must not exceed "
                f"initial {self.initial_fraction}",
            )
        if self.band_fraction >= gap:
            raise Rejected(
                Reason.BAND_TOO_WIDE,
                f"band {self.band_fraction} must be below initial - maintenance = {gap}",
            )

    def _require_safe_liquidation(self) -> None:
        """The fee leaves more than a tick of the maintenance margin that pays it (theorem T)."""
        fee, end = self.liquidation_fee, FRACTION_SCALE + 1
        require_bounds("liquidation_fee", fee, 0, end, Reason.FRACTION_OUT_OF_BOUNDS)
        if fee + TICK_ALLOWANCE >= self.maintenance_fraction:
            raise Rejected(
                Reason.LIQUIDATION_FEE_TOO_HIGH,
                f"liquidation_fee {fee} + {TICK_ALLOWANCE} must be below "
                f"maintenance {self.maintenance_fraction}",
            )

    def _require_safe_funding(self) -> None:
        """The cap is at most twice the least fee, so that nobody gains by opening a position for
        the moment of the charge and closing it; and the interest is a rate within the cap."""
        reason, least = Reason.FUNDING_TOO_HIGH, min(self.taker_fee, self.maker_fee)
        cap_end = min(2 * least, FUNDING_CAP_MAX) + 1
        require_bounds("funding_cap", self.funding_cap, 0, cap_end, reason)
        require_bounds("interest", self.interest, 0, INTEREST_HOURS * self.funding_cap + 1, reason)

    def _require_measures(self) -> None:
        """What a premium is measured against is never 0, and some lots may be held."""
        impact, lots = Reason.IMPACT_OUT_OF_BOUNDS, Reason.OPEN_INTEREST_OUT_OF_BOUNDS
        require_bounds("impact_notional", self.impact_notional, 1, 1 << IMPACT_BITS, impact)
        end = 1 << OPEN_INTEREST_BITS
        require_bounds("open_interest_cap", self.open_interest_cap, 1, end, lots)


def _require_symbol(symbol: object) -> None:
    if not isinstance(symbol, str):
        raise Rejected(Reason.MALFORMED, f"symbol must be text, not {type(symbol).__name__}")
    fits = 1 <= len(symbol) <= SYMBOL_LENGTH_MAX and symbol.isascii()
    if not (fits and all(c.isupper() or c.isdigit() or c == "-" for c in symbol)):
        raise Rejected(
            Reason.MALFORMED,
            f"symbol must be 1 to {SYMBOL_LENGTH_MAX} of A-Z, 0-9 and '-', not {symbol[:40]!r}",
        )


@dataclass(frozen=True, slots=True)
class Governance:
    """All parameters that change only through L1, after a delay. Market k is markets[k].

    Fees go to `fee_account`; `backstop_account` takes over what liquidated accounts hold, and is
    paid `refresh_fee` quanta by whoever comes due and is healthy; 0: nothing. Where there is a
    `committee`, L1 takes no batch that it did not attest to hold (rollup.protocol.committee).

    Clock rule, when L1 takes a header: -clock_behind_ms <= batch time - L1 time <= clock_ahead_ms.
    """

    markets: tuple[Market, ...]
    fee_account: int
    backstop_account: int
    clock_behind_ms: int
    clock_ahead_ms: int
    oracle: OracleTerms
    refresh_fee: int = 0
    committee: Committee = NO_COMMITTEE

    def __post_init__(self) -> None:
        require_tuple_of("markets", self.markets, Market)
        require_bounds("market count", len(self.markets), 1, MARKETS_MAX + 1, Reason.MARKET_COUNT)
        symbols = {market.symbol for market in self.markets}
        if len(symbols) != len(self.markets):
            raise Rejected(Reason.MALFORMED, "two markets have the same symbol")
        self._require_accounts()
        for name in ("clock_behind_ms", "clock_ahead_ms"):
            bound = getattr(self, name)
            require_bounds(name, bound, 0, 1 << TIME_BITS, Reason.TIME_OUT_OF_BOUNDS)
        end, reason = 1 << REFRESH_FEE_BITS, Reason.REFRESH_FEE_OUT_OF_BOUNDS
        require_bounds("refresh_fee", self.refresh_fee, 0, end, reason)
        if not isinstance(self.oracle, OracleTerms):
            raise Rejected(Reason.MALFORMED, "oracle must be OracleTerms")
        if not isinstance(self.committee, Committee):
            raise Rejected(Reason.MALFORMED, "committee must be a Committee")
        if len(self.oracle.feeds) != len(self.markets):
            raise Rejected(Reason.ORACLE, "every market has one feed, and no feed is without one")
        for number, (market, feed) in enumerate(zip(self.markets, self.oracle.feeds, strict=True)):
            _require_safe_step(number, market, feed)
            _require_buckets(number, market, feed)

    def _require_accounts(self) -> None:
        """Accounts of the venue's own, and two of them: what the backstop has is no fee."""
        account_end, reason = 1 << ACCOUNT_BITS, Reason.ACCOUNT_OUT_OF_BOUNDS
        for name in ("fee_account", "backstop_account"):
            require_bounds(name, getattr(self, name), 0, account_end, reason)
        if self.fee_account == self.backstop_account:
            raise Rejected(reason, "fee_account and backstop_account must be two")

    def encode(self) -> bytes:
        """Canonical bytes, field by field: tag, then each number as 8 bytes big-endian, the oracle
        and the committee last.

        A symbol is 16 bytes, ASCII, filled up with zero bytes.
        """
        parts = [GOVERNANCE_TAG, len(self.markets).to_bytes(8, "big")]
        for market in self.markets:
            parts.append(market.symbol.encode("ascii").ljust(SYMBOL_LENGTH_MAX, b"\0"))
            numbers = (
                market.price_decimals,
                market.size_decimals,
                market.initial_fraction,
                market.maintenance_fraction,
                market.band_fraction,
                market.taker_fee,
                market.maker_fee,
                market.liquidation_fee,
                market.bucket,
                market.funding_cap,
                market.interest,
                market.impact_notional,
                market.open_interest_cap,
                int(market.kind),
                market.least_order,
                int(market.delisted),
            )
            parts.extend(number.to_bytes(8, "big") for number in numbers)
        tail = (
            self.fee_account,
            self.backstop_account,
            self.clock_behind_ms,
            self.clock_ahead_ms,
            self.refresh_fee,
        )
        parts.extend(number.to_bytes(8, "big") for number in tail)
        parts += (self.oracle.encode(), self.committee.encode())
        return b"".join(parts)

    def digest(self) -> bytes:
        """The 32 bytes that L1 holds."""
        return keccak256(self.encode())


def _require_safe_step(number: int, market: Market, feed: Feed) -> None:
    """What one step moves a lot's value stays below its maintenance margin: theorem T's first
    inequality, step + cap x (1 + step) + allowance < maintenance, exact and in whole numbers.

    So an account that meets maintenance at one step's prices is not below zero at the next one's. A
    delisted perpetual is exempt: its price moves once more, by no more than its last terms allowed,
    which kept this. A delisted asset goes on counting, and its haircut may move.
    """
    if market.delisted and not market.is_asset:
        return
    funding = market.funding_cap * (FRACTION_SCALE + feed.step)
    moved = (feed.step + TICK_ALLOWANCE) * FEE_SCALE + funding
    if moved >= market.maintenance_fraction * FEE_SCALE:
        raise Rejected(
            Reason.STEP_TOO_WIDE,
            f"market {number}: a step of {feed.step}, with funding of {market.funding_cap} and "
            f"{TICK_ALLOWANCE} for roundings, must stay below "
            f"maintenance {market.maintenance_fraction}",
        )


def _require_buckets(number: int, market: Market, feed: Feed) -> None:
    """A listing price lies well inside what numbers of buckets can say; where nothing counts there
    are none."""
    if market.is_idle:
        return
    most = market.bucket * LISTING_BUCKETS_MAX
    if feed.listing_price > most:
        raise Rejected(
            Reason.BUCKET_OUT_OF_BOUNDS,
            f"market {number}: buckets of {market.bucket} ticks are for a listing price of at most "
            f"{most}",
        )


def require_prices(prices: object, governance: Governance) -> None:
    """Refuse unless there is one price for each market that is listed, in their order."""
    if not isinstance(prices, tuple):
        raise Rejected(Reason.MALFORMED, "prices must be a tuple")
    if len(prices) != len(governance.markets):
        raise Rejected(
            Reason.PRICE_COUNT,
            f"{len(governance.markets)} markets are listed, but there are {len(prices)} prices",
        )
    for market, price in enumerate(prices):
        require_price_bounds(f"price of market {market}", price)


def require_last_prices(prices: object) -> None:
    """Refuse unless these can be the prices of some batch before: of the markets listed then, which
    may be more or fewer than now."""
    require_tuple_of("prices", prices, int)
    if not isinstance(prices, tuple):
        raise Rejected(Reason.MALFORMED, "prices must be a tuple")
    require_bounds("prices", len(prices), 1, MARKETS_MAX + 1, Reason.PRICE_COUNT)
    for market, price in enumerate(prices):
        require_price_bounds(f"last price of market {market}", price)


def require_price_bounds(name: str, price: object) -> None:
    """Refuse unless 1 <= price < 2**29: an oracle price."""
    require_bounds(name, price, 1, 1 << ORACLE_PRICE_BITS, Reason.PRICE_OUT_OF_BOUNDS)
