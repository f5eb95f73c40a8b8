"""What a bot sees of its account: records in decimals, and orders that stay up to date."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rollup.private import Private
from rollup.protocol.market import Market
from rollup.protocol.receipt import SignedReceipt
from sequencer.client.amounts import cash_of, decimal_of, price_of, size_of
from sequencer.client.errors import Unknown
from sequencer.client.orders import Fill, OwnOrder
from sequencer.client.session import Session

Until = Callable[[OwnOrder, str, float | None], Any]


@dataclass(frozen=True, slots=True)
class MarketView:
    """A market as a trader needs it: its steps, and its terms as fractions of one."""

    symbol: str
    tick: Decimal
    lot: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    price_band: Decimal
    taker_fee: Decimal
    maker_fee: Decimal


@dataclass(frozen=True, slots=True, repr=False)
class PositionView(Private):
    """What is held of a market: above zero long, below it short."""

    symbol: str
    size: Decimal


class OrderView(Private):
    """An own order. What it shows is what the venue last told; `until` waits for more: a result
    with a blocking venue, an awaitable with an asyncio one."""

    __slots__ = ("_until", "record")

    def __init__(
        self, record: OwnOrder, until: Callable[[OwnOrder, str, float | None], Any]
    ) -> None:
        self.record = record
        self._until = until

    @property
    def id(self) -> tuple[int, int]:
        """(slot, generation): what the venue calls it."""
        return self.record.key

    @property
    def client_id(self) -> str | None:
        """The caller's own name for it."""
        return self.record.client_id

    @property
    def market(self) -> str:
        """The symbol."""
        return self.record.market.symbol

    @property
    def side(self) -> str:
        """`buy` or `sell`."""
        return self.record.side.name.lower()

    @property
    def price(self) -> Decimal:
        """The limit; of a pegged order how far from the oracle's price that is."""
        return self.record.price

    @property
    def pegged(self) -> bool:
        """Whether its limit follows the oracle's price."""
        return self.record.pegged

    @property
    def size(self) -> Decimal:
        """What was asked for."""
        return self.record.size

    @property
    def filled(self) -> Decimal:
        """What was traded, as far as the history was read."""
        return self.record.filled

    @property
    def remaining(self) -> Decimal:
        """What still wants to trade, or was left at its end."""
        return self.record.remaining_size

    @property
    def status(self) -> str:
        """`sent`, `live`, `filled`, `ended` or `refused`."""
        return self.record.state.value

    @property
    def reason(self) -> str | None:
        """Why it ended or was refused: the venue's own name."""
        return self.record.reason

    @property
    def expires(self) -> int:
        """The last batch time at which it may trade, in the venue's ms."""
        return self.record.expiry

    @property
    def fills(self) -> tuple[Fill, ...]:
        """Its trades, in order."""
        return tuple(self.record.fills)

    @property
    def receipts(self) -> tuple[SignedReceipt, ...]:
        """The venue's signed word that it took the envelope."""
        return tuple(self.record.receipts)

    def until(self, state: str, timeout: float | None = None) -> Any:
        """Wait until it is `filled`, `ended` or `verified`; see docs/client.md."""
        return self._until(self.record, state, timeout)


def market_view(market: Market) -> MarketView:
    """A market for people."""
    return MarketView(
        market.symbol,
        price_of(1, market),
        size_of(1, market),
        decimal_of(market.initial_fraction, 4),
        decimal_of(market.maintenance_fraction, 4),
        decimal_of(market.band_fraction, 4),
        decimal_of(market.taker_fee, 6),
        decimal_of(market.maker_fee, 6),
    )


def positions_of(session: Session) -> dict[str, Decimal]:
    """What is held, by symbol; a market without a position is there with zero."""
    if session.account is None:
        raise Unknown("the account has not been asked about: connect first")
    held = session.account.positions
    return {
        market.symbol: size_of(held.get(number, 0), market)
        for number, market in enumerate(session.markets)
    }


def balance_of(session: Session) -> Decimal:
    """Cash in USDC, below zero too."""
    if session.account is None:
        raise Unknown("the account has not been asked about: connect first")
    return cash_of(session.account.cash)
