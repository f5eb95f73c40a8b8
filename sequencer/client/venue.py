"""A venue for a bot that blocks: every call returns when the venue has answered.

`AsyncVenue` (sequencer.client.aio) has the same names. For one thread at a time.
"""

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from typing import Self, TypeVar

import httpx

from rollup.hash.poseidon import Digest
from sequencer.client import paying, wire
from sequencer.client.amounts import Number, price_of
from sequencer.client.assets import CASH
from sequencer.client.connection import Known, Settings, terms_of, trader_of
from sequencer.client.errors import TransportError
from sequencer.client.flow import Ask, Flow, Reply, Wait
from sequencer.client.http import TIMEOUT, Address, Body, headers_of, transport_error
from sequencer.client.keystore import Keystore
from sequencer.client.options import AHEAD_S
from sequencer.client.orders import Fill, Liquidation, OwnOrder
from sequencer.client.outflows import Incoming, OwnOutflow
from sequencer.client.records import Status
from sequencer.client.sockets import Feed
from sequencer.client.streams import News, streams_of
from sequencer.client.telling import tell, tell_ahead
from sequencer.client.terms import Terms
from sequencer.client.trading import Bundle, Trader, require_known, too_late
from sequencer.client.view import OrderView

T = TypeVar("T")


class Venue(Known):
    """One account at one venue: `with Venue.connect(url, account=...) as venue`."""

    def __init__(
        self,
        http: httpx.Client,
        trader: Trader,
        account: Keystore | None,
        url: str | None = None,
    ) -> None:
        super().__init__(trader, account, url)
        self._http = http

    @classmethod
    def connect(
        cls,
        url: str,
        account: Keystore | None = None,
        settings: Settings | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> Self:
        """Learn the venue's keys, markets and time, and, with an account, what it holds and what of
        its orders lives. Without one only what is public can be asked. `transport` is for tests."""
        http = httpx.Client(
            base_url=Address(url).url,
            transport=transport,
            timeout=TIMEOUT,
            trust_env=False,
            follow_redirects=False,
        )
        settings = settings or Settings()
        streams = url if transport is None and settings.streams else None
        venue = cls(http, trader_of(account, settings), account, streams)
        try:
            venue._run(venue._trader.connect())
        except BaseException:
            venue.close()
            raise
        return venue

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let connection and account go. Orders stay: cancel_all ends them."""
        self._http.close()
        self._release()

    def prices(self) -> dict[str, Decimal]:
        """The oracle's prices, by symbol."""
        session = self._trader.session
        ticks = self._run(session.get("/v1/prices", wire.prices))
        return {
            market.symbol: price_of(ticks[number], market)
            for number, market in enumerate(session.markets)
            if number in ticks
        }

    def status(self) -> Status:
        """The venue's clock and how far it has come."""
        return self._run(self._trader.session.load_status())

    def order(
        self,
        market: str,
        side: str,
        price: Number,
        size: Number,
        *,
        time_in_force: str = "good-till-expiry",
        post_only: bool = False,
        reduce_only: bool = False,
        pegged: bool = False,
        when_clamped: bool = False,
        client_id: str | None = None,
        expires: timedelta | int | None = None,
        max_fee: int | None = None,
        replaces: OrderView | str | None = None,
    ) -> OrderView:
        """Place one order, with the members of `Terms`, in the place of a live one where it
        `replaces` that, given itself or by client id. Refusal before it is sent, OrderRefused by
        the venue, TransportError where nobody knows: then it is among `live_orders`, as `sent`."""
        terms = terms_of(
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
            None if replaces is None else self._record(replaces).key,
        )
        return self._view(self._run(self._trader.order(terms)))

    def place(self, orders: Sequence[Terms]) -> list[OrderView]:
        """Place several, 64 in one request and under one signature, each of them by itself: its
        status says what the venue made of it."""
        return [self._view(each) for each in self._run(self._trader.place(orders))]

    def cancel(self, *orders: OrderView | str) -> list[OrderView]:
        """End orders, given themselves or by client id, 64 under one signature. They may have
        filled before."""
        records = [self._record(each) for each in orders]
        return [self._view(each) for each in self._run(self._trader.cancel(records))]

    def cancel_and_place(
        self, ending: Sequence[OrderView | str], orders: Sequence[Terms]
    ) -> list[OrderView]:
        """End orders and place others, the cancels first, 64 of both in one request and under one
        signature. Each acts by itself: what should end may have filled before, and an order is
        placed all the same. The new orders, as `place` has them; those that end say so themselves,
        and their client ids are free at once."""
        records = [self._record(each) for each in ending]
        placed = self._run(self._trader.cancel_and_place(records, orders))
        return [self._view(each) for each in placed]

    def cancel_all(self) -> list[OrderView]:
        """End every order of the account, those of an earlier run too."""
        return [self._view(each) for each in self._run(self._trader.cancel_all())]

    def cancel_all_after(self, seconds: float | None) -> list[OrderView]:
        """A dead man's switch that the rules enforce: from now on no order outlives `seconds`,
        unless `renew` is called. The orders that it replaced. None takes it away."""
        return [self._view(each) for each in self._run(self._trader.cancel_all_after(seconds))]

    def renew(self) -> list[OrderView]:
        """Replace orders that have less than half of the switch's time left; call it that often."""
        return [self._view(each) for each in self._run(self._trader.renew())]

    def refresh(self) -> None:
        """Read what has happened since the last answer."""
        self._run(self._trader.session.refresh())

    def live_orders(self) -> list[OrderView]:
        """Orders that live, or may, as the venue has them now."""
        self.refresh()
        return [self._view(each) for each in self._trader.session.book.live]

    def positions(self) -> dict[str, Decimal]:
        """What the account holds now, by symbol: below zero is short."""
        self.refresh()
        return self._positions()

    def balance(self) -> Decimal:
        """Its cash now, in USDC."""
        self.refresh()
        return self._balance()

    def fills(self) -> tuple[Fill, ...]:
        """Its trades, as far back as the venue tells; void ones are marked."""
        self.refresh()
        return self._fills()

    def liquidations(self) -> tuple[Liquidation, ...]:
        """What the backstop took of it, as far back as the venue tells; void ones are marked."""
        self.refresh()
        return self._liquidations()

    def withdraw(
        self, amount: Number, timeout: float | None = None, *, asset: str = CASH
    ) -> OwnOutflow:
        """Take USDC or an asset out, to the account's owner, who claims it at L1 once the batch is
        proved. Returns once its batch has closed. OrderRefused if it is not paid, TimedOut."""
        return self._run(paying.withdraw(self._trader.session, amount, timeout, asset))

    def transfer(
        self, receiver: int, amount: Number, timeout: float | None = None, *, asset: str = CASH
    ) -> OwnOutflow:
        """Pay USDC or an asset to another account of the venue, by its number. As `withdraw`."""
        flow = paying.transfer(self._trader.session, receiver, amount, timeout, asset)
        return self._run(flow)

    def tell_viewing_key(self) -> None:
        """Tell the venue the account's viewing key, which connecting does by itself where the venue
        lacks it. OrderRefused where it is not the account's, KeyFileError where the key file has
        none."""
        self._run(tell(self._trader.session))

    def tell_viewing_key_ahead(
        self, account: int, viewing_key: Digest, timeout: float = AHEAD_S
    ) -> None:
        """Tell the viewing key that an entry of L1's queue brings an account, so that the batch
        which takes the entry publishes under it: again and again until the venue has seen the
        entry. OrderRefused if it has not after `timeout` seconds. It needs no account here."""
        flow = tell_ahead(self._trader.session, account, viewing_key, timeout)
        self._run(flow)

    def outflows(self) -> tuple[OwnOutflow, ...]:
        """Its withdrawals and transfers, as far back as the venue tells."""
        self.refresh()
        return self._outflows()

    def incoming(self) -> tuple[Incoming, ...]:
        """What other accounts paid it, as far back as the venue tells; void ones are marked."""
        self.refresh()
        return self._incoming()

    def bundle(self, number: int) -> Bundle | None:
        """A proved batch as `crypsis verify` reads it; None while it is not proved."""
        return self._run(self._trader.bundle(number))

    def watch(self, every: float | None = None) -> Generator[News, None, None]:
        """What happens, as it happens: own facts in their order, none lost and none twice, and
        status, prices and batches. Streams are opened anew where they break; where there are none
        the venue is asked instead. With `every`, also a `quiet` at least every so many seconds."""
        told_at = time.monotonic()
        with closing(self._looks()) as looks:
            for found in looks:
                yield from found
                if found:
                    told_at = time.monotonic()
                elif every is not None and time.monotonic() - told_at >= every:
                    yield News("quiet")
                    told_at = time.monotonic()

    def _looks(self) -> Generator[Sequence[News], None, None]:
        """The same, and nothing where nothing is new, several times a second."""
        session = self._trader.session
        feeds = [Feed(self._url, each, session, self._run) for each in streams_of(session)]
        try:
            while True:
                for feed in feeds:
                    yield feed.step()
        finally:
            for feed in feeds:
                feed.close()

    def _view(self, record: OwnOrder) -> OrderView:
        return OrderView(record, self._until)

    def _record(self, order: OrderView | str) -> OwnOrder:
        return self._trader.session.book.named(order) if isinstance(order, str) else order.record

    def _until(self, record: OwnOrder, state: str, timeout: float | None) -> OrderView:
        trader = self._trader
        if self._url is None:
            return self._view(self._run(trader.until(record, state, timeout)))
        require_known(state)
        end = None if timeout is None else time.monotonic() + timeout
        self.refresh()
        with closing(self._looks()) as looks:
            while not self._run(trader.reached(record, state)):
                is_new = False
                while not is_new:
                    if end is not None and time.monotonic() >= end:
                        raise too_late(record, timeout)
                    is_new = bool(next(looks))
        return self._view(record)

    def _run(self, flow: Flow[T]) -> T:
        reply: Reply | None = None
        failure: TransportError | None = None
        while True:
            try:
                step = flow.send(reply) if failure is None else flow.throw(failure)
            except StopIteration as end:
                result: T = end.value
                return result
            reply = failure = None
            if isinstance(step, Wait):
                time.sleep(step.seconds)
                continue
            try:
                reply = self._perform(step)
            except TransportError as error:
                failure = error

    def _perform(self, ask: Ask) -> Reply:
        try:
            with self._http.stream(
                ask.method, ask.path, content=ask.body, headers=headers_of(ask)
            ) as response:
                body = Body(ask, response)
                for part in response.iter_bytes():
                    body.add(part)
                return body.reply()
        except httpx.HTTPError as error:
            raise transport_error(error, ask) from None
