"""What the blocking and the asyncio venue share: how a session is made of what a bot gives."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from rollup.ports import Verifier
from rollup.protocol.receipt import SignedReceipt
from sequencer.client.amounts import Number
from sequencer.client.flow import Policy
from sequencer.client.keystore import Keystore
from sequencer.client.orders import Fill, Liquidation
from sequencer.client.outflows import Incoming, OwnOutflow
from sequencer.client.session import Session
from sequencer.client.signing import Signer, fast_signer
from sequencer.client.slots import ForgetfulStore, GenerationStore, Key
from sequencer.client.terms import Terms, checked
from sequencer.client.trading import Trader
from sequencer.client.view import MarketView, balance_of, market_view, positions_of


@dataclass(frozen=True, slots=True)
class Settings:
    """How to connect. `receipt_signer` is the L1 address that genesis names, to be sure whose
    receipts these are; `verifier` checks the proof of every bundle that is fetched; `signer` is by
    default the fastest that is installed. Without `streams` the venue is asked again and again."""

    receipt_signer: bytes | None = None
    verifier: Verifier | None = None
    policy: Policy | None = None
    signer: Signer | None = None
    streams: bool = True
    clock: Callable[[], float] = time.monotonic


def trader_of(account: Keystore | None, settings: Settings) -> Trader:
    """A trader that has not asked anything yet."""
    key = None if account is None else account.trading_key
    store: GenerationStore = ForgetfulStore() if account is None else account.generations
    signer = settings.signer or fast_signer()
    session = Session(key, store, settings.clock, signer, settings.policy, settings.receipt_signer)
    return Trader(session, settings.verifier)


def terms_of(
    market: str,
    side: str,
    price: Number,
    size: Number,
    time_in_force: str,
    post_only: bool,
    reduce_only: bool,
    pegged: bool,
    when_clamped: bool,
    client_id: str | None,
    expires: timedelta | int | None,
    max_fee: int | None,
    replaces: Key | None,
) -> Terms:
    """An order's terms in the order of the call."""
    return Terms(
        market,
        side,
        price,
        size,
        time_in_force,
        post_only,
        reduce_only,
        pegged,
        when_clamped,
        client_id,
        expires,
        max_fee,
        replaces,
    )


class Known:
    """What is known without asking: as of the last answer."""

    def __init__(self, trader: Trader, account: Keystore | None, url: str | None = None) -> None:
        """`url` is where streams are to be had, None where they are not."""
        self._trader = trader
        self._account = account
        self._url = url

    @property
    def markets(self) -> dict[str, MarketView]:
        """All markets, by symbol."""
        return {each.symbol: market_view(each) for each in self._trader.session.markets}

    def check(self, terms: Terms) -> None:
        """Raise the Refusal that placing an order with these terms would, where no such order can
        be. Nothing is asked or sent."""
        checked(terms, self._trader.session.markets)

    @property
    def receipts(self) -> tuple[SignedReceipt, ...]:
        """Every receipt that this connection was given, by sequence."""
        book = self._trader.session.receipts
        return () if book is None else book.all()

    @property
    def now(self) -> int:
        """The venue's time in ms since 1970, as far as it can be known here."""
        return self._trader.session.now

    @property
    def is_told(self) -> bool:
        """Whether the venue has the account's viewing key. Until then batches publish what the
        account holds for everybody to read."""
        return self._trader.session.told.is_told

    def _positions(self) -> dict[str, Decimal]:
        return positions_of(self._trader.session)

    def _balance(self) -> Decimal:
        return balance_of(self._trader.session)

    def _fills(self) -> tuple[Fill, ...]:
        return tuple(self._trader.session.book.fills)

    def _liquidations(self) -> tuple[Liquidation, ...]:
        return tuple(self._trader.session.book.liquidations)

    def _outflows(self) -> tuple[OwnOutflow, ...]:
        return tuple(self._trader.session.book.outflows.values())

    def _incoming(self) -> tuple[Incoming, ...]:
        return tuple(self._trader.session.book.incoming)

    def _release(self) -> None:
        """Let another program have the account."""
        if self._account is not None:
            self._account.close()
