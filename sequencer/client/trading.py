"""What a trader does, as flows: place, cancel, renew, wait. The blocking and the asyncio venue have
the same names and run these.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from rollup.codec.strict import CodecError
from rollup.files import PROOF_FILE, PUBLIC_FILE
from rollup.ports import Verifier
from rollup.private import Private
from rollup.protocol.cancel import CancelOrder
from rollup.protocol.order import Order
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import PUBLIC_BYTES_MAX, public_from_json
from rollup.protocol.rejection import Rejected
from sequencer.client import wire
from sequencer.client.bundling import Signable
from sequencer.client.errors import OrderRefused, OutOfRange, TimedOut, Unknown, WrongAnswer
from sequencer.client.flow import Ask, Flow, Wait
from sequencer.client.orders import OwnOrder, State
from sequencer.client.session import Parcel, Session
from sequencer.client.signing import bundled_actions
from sequencer.client.slots import Key
from sequencer.client.telling import tell_if_untold
from sequencer.client.terms import Checked, Terms, checked, expiry_of

PROOF_BYTES_MAX: Final = 1 << 24
POLL_S: Final = 1.0
UNTIL: Final = ("filled", "ended", "verified")
CANCELLED: Final = "cancelled"


@dataclass(frozen=True, slots=True, repr=False)
class Bundle(Private):
    """What `crypsis verify` reads of one batch, as the venue serves it; `proof` is what it is only
    to who verifies it."""

    number: int
    public: PublicInput
    public_json: bytes
    proof: bytes


class Trader:
    """One account that trades. `verifier` checks every bundle that is fetched, if there is one."""

    def __init__(self, session: Session, verifier: Verifier | None = None) -> None:
        self.session = session
        self.verifier = verifier
        self.dead_man_ms: int | None = None
        self._verified: dict[int, Bundle] = {}

    def connect(self) -> Flow[None]:
        """Learn what is public, and what the account has already; tell the venue its viewing key
        where that lacks it, now or, between two batches, before the first order."""
        yield from self.session.load()
        if self.session.key is not None:
            yield from self.session.refresh()
            if self.session.status.closes_at is not None:
                yield from tell_if_untold(self.session)

    def place(self, wanted: Sequence[Terms]) -> Flow[list[OwnOrder]]:
        """Send orders, up to 64 in one request and under one signature, and say what became of
        each: none raises for the venue's refusal. All are checked before the first is sent."""
        return (yield from self.cancel_and_place((), wanted))

    def cancel_and_place(
        self, ending: Sequence[OwnOrder], wanted: Sequence[Terms]
    ) -> Flow[list[OwnOrder]]:
        """End orders and send others, the cancels first, 64 of all of them in one request and under
        one signature. Each acts by itself. The new ones are returned, as `place` does; those that
        should end had ended before, or end, or an error is raised. The name of an order that
        should end is free for a new one."""
        session = self.session
        if wanted:
            yield from tell_if_untold(session)
        orders = self._prepare(wanted, ending)
        cancels = [order for order in ending if not order.is_final]
        parcels = self.parcels(cancels, orders)
        yield from session.deliver(parcels)
        placed = parcels[len(cancels) :]
        if (
            any(parcel.answer is None or parcel.answer.more for parcel in placed)
            or any(order.state is State.SENT or self._is_in_doubt(order) for order in orders)
            or not all(order.is_final for order in cancels)
        ):
            yield from session.refresh()
        return orders

    def parcels(self, ending: Sequence[OwnOrder], orders: Sequence[OwnOrder]) -> list[Parcel]:
        """Cancels, then orders, signed together. A cancel ends an order whether or not it has
        arrived: its generation is used up either way."""
        session, owner = self.session, self.session.owner
        to = session.keys.destination
        about: list[tuple[OwnOrder, Signable]] = [
            (each, CancelOrder(to.chain, to.venue, owner.account, *each.key)) for each in ending
        ]
        about += [(each, each.order) for each in orders if each.order is not None]
        actions = bundled_actions([what for _, what in about], owner, session.signer)
        return [Parcel(action, own) for action, (own, _) in zip(actions, about, strict=True)]

    def order(self, terms: Terms) -> Flow[OwnOrder]:
        """Send one order. OrderRefused if the venue refuses it."""
        (order,) = yield from self.place([terms])
        if order.state is State.REFUSED:
            raise OrderRefused(order.reason or "refused", order.digest)
        return order

    def cancel(self, orders: Sequence[OwnOrder]) -> Flow[list[OwnOrder]]:
        """End orders. Those that had ended before are as they were; afterwards none of them lives,
        or an error was raised."""
        yield from self.cancel_and_place(orders, ())
        return list(orders)

    def cancel_all(self) -> Flow[list[OwnOrder]]:
        """End every order of the account that lives or may, also those of an earlier run."""
        yield from self.session.refresh()
        return (yield from self.cancel(self.session.book.live))

    def cancel_all_after(self, seconds: float | None) -> Flow[list[OwnOrder]]:
        """A dead man's switch out of what the venue enforces: expiries. From now on no order lasts
        longer than `seconds`; those that would are replaced now, and `renew` keeps them alive. None
        takes it away for orders to come."""
        if seconds is None:
            self.dead_man_ms = None
            return []
        least = self.session.status.interval_ms
        if seconds * 1000 < 2 * least:
            raise OutOfRange(
                f"at least two windows of {least} ms are wanted: orders end with windows"
            )
        self.dead_man_ms = int(seconds * 1000)
        return (yield from self.renew())

    def renew(self) -> Flow[list[OwnOrder]]:
        """Replace orders of which less than half of the switch's time is left, and those that
        outlast it: cancel, hear how much was left, place that much anew. It costs the place in the
        queue."""
        if self.dead_man_ms is None:
            raise Unknown("there is no dead man's switch to renew: call cancel_all_after first")
        yield from self.session.refresh()
        now = self.session.now
        due = [order for order in self.session.book.live if self._is_due(order, now)]
        yield from self.cancel(due)
        again = [
            terms
            for order in due
            if order.reason == CANCELLED and (terms := _terms_again(order)) is not None
        ]
        return (yield from self.place(again)) if again else []

    def until(self, order: OwnOrder, state: str, timeout: float | None = None) -> Flow[OwnOrder]:
        """Wait until an order is `filled`, `ended`, or `verified`: ended, and every batch in which
        it traded proved on L1 and its bundle fetched, and verified here where there is a verifier.

        OrderRefused if it ends otherwise, TimedOut after `timeout` seconds.
        """
        require_known(state)
        pause = min(POLL_S, self.session.status.interval_ms / 4000)
        waited = 0.0
        yield from self.session.refresh()
        while not (yield from self.reached(order, state)):
            if timeout is not None and waited >= timeout:
                raise too_late(order, timeout)
            yield Wait(pause)
            waited += pause
            yield from self.session.refresh()
        return order

    def bundle(self, number: int) -> Flow[Bundle | None]:
        """The bundle of a batch, None while it is not proved. Its public input must be the one that
        the venue named, and keep what receipts promised. WrongAnswer, Misbehaviour,
        VerificationError."""
        if number in self._verified:
            return self._verified[number]
        session, path = self.session, f"/v1/batches/{number}"
        info = yield from session.get(path, wire.batch)
        if info.life != "proved":
            return None
        data = yield from session.exchange(
            lambda: Ask("GET", f"{path}/{PUBLIC_FILE}", PUBLIC_BYTES_MAX)
        )
        public = _public(data)
        to = session.keys.destination
        if (public.chain, public.venue, public.number) != (to.chain, to.venue, number):
            raise WrongAnswer(f"the public input of batch {number} of this venue is wanted")
        if info.public is not None and public.digest() != info.public:
            raise WrongAnswer(f"batch {number} has another public input than the venue named")
        if session.receipts is not None:
            session.receipts.judge(public)
        proof = yield from session.exchange(
            lambda: Ask("GET", f"{path}/{PROOF_FILE}", PROOF_BYTES_MAX, media_type="*/*")
        )
        if self.verifier is not None:
            self.verifier.verify(public, proof)
        self._verified[number] = Bundle(number, public, data, proof)
        return self._verified[number]

    def reached(self, order: OwnOrder, state: str) -> Flow[bool]:
        """Whether it is so, as far as was heard, and asked for where no stream can tell it.
        OrderRefused if it never will be."""
        if order.state is State.SENT or self.session.book.has_gap:
            yield from self.session.refresh()
        if not order.is_final:
            return False
        if state == "ended" or (state == "filled" and order.state is State.FILLED):
            return True
        batches = {fill.batch for fill in order.fills if not fill.is_void}
        if state == "filled" or not batches:
            raise OrderRefused(order.reason or order.state.value, order.digest)
        for number in sorted(batches):
            if (yield from self.bundle(number)) is None:
                return False
        return True

    def _prepare(self, wanted: Sequence[Terms], ending: Sequence[OwnOrder] = ()) -> list[OwnOrder]:
        """Orders with slots and generations of their own. Nothing is taken unless all are."""
        book = self.session.book
        ready = [checked(terms, self.session.markets) for terms in wanted]
        names = [terms.client_id for terms in wanted if terms.client_id is not None]
        leaving = {order.key for order in ending}
        for terms in wanted:
            book.require_free(terms.client_id, leaving | {terms.replaces})
            if terms.replaces in leaving:
                raise OutOfRange("an order that should end cannot be replaced as well")
        if len(set(names)) != len(names):
            raise OutOfRange("two orders of one request have the same client id")
        book.require_live([each.replaces for each in wanted if each.replaces is not None])
        taken: list[tuple[Key, Key | None]] = []
        try:
            orders = []
            for each in ready:
                replaced = each.terms.replaces
                slots = book.slots
                key = slots.take() if replaced is None else slots.take_again(replaced)
                taken.append((key, replaced))
                orders.append(self._order(each, key))
        except Exception:
            for key, replaced in taken:
                book.give_back(key, replaced)
            raise
        for order in orders:
            book.add(order)
        return orders

    def _order(self, each: Checked, key: Key) -> OwnOrder:
        session, (slot, generation) = self.session, key
        to = session.keys.destination
        try:
            order = Order(
                chain=to.chain,
                venue=to.venue,
                account=session.owner.account,
                slot=slot,
                generation=generation,
                market=each.number,
                side=each.side,
                price=each.ticks,
                size=each.lots,
                expiry=expiry_of(each.terms, session.now, self.dead_man_ms),
                max_fee=each.max_fee,
                time_in_force=each.time_in_force,
                reduce_only=each.terms.reduce_only,
                post_only=each.terms.post_only,
                pegged=each.terms.pegged,
                when_clamped=each.terms.when_clamped,
            )
        except Rejected as refusal:
            raise OutOfRange(str(refusal)) from None
        return OwnOrder(
            key,
            each.market,
            each.side,
            each.ticks,
            each.lots,
            order.expiry,
            each.terms.client_id,
            order,
            each.terms.pegged,
            each.terms.replaces,
            remaining=each.lots,
        )

    def _is_in_doubt(self, order: OwnOrder) -> bool:
        """Whether what it replaced was not heard to have ended."""
        old = None if order.replaces is None else self.session.book.orders.get(order.replaces)
        return old is not None and not old.is_final and order.state is not State.REFUSED

    def _is_due(self, order: OwnOrder, now: int) -> bool:
        life = self.dead_man_ms or 0
        return order.expiry > now + life or order.expiry < now + life // 2


def require_known(state: str) -> None:
    """Unknown for what no order is waited for."""
    if state not in UNTIL:
        raise Unknown(f"one of {', '.join(UNTIL)} is wanted, not {state[:40]!r}")


def too_late(order: OwnOrder, timeout: float | None) -> TimedOut:
    """An order was waited for in vain."""
    return TimedOut(f"the order is {order.state.value} after {timeout} s")


def _terms_again(order: OwnOrder) -> Terms | None:
    """What is left of a cancelled order, on the same terms; None for one that an earlier run
    placed, of which the venue does not tell all terms."""
    was = order.order
    if was is None or order.remaining == 0:
        return None
    return Terms(
        market=order.market.symbol,
        side=order.side.name.lower(),
        price=order.price,
        size=order.remaining_size,
        post_only=was.post_only,
        reduce_only=was.reduce_only,
        pegged=was.pegged,
        when_clamped=was.when_clamped,
        client_id=order.client_id,
        expires=timedelta.max,
        max_fee=was.max_fee,
    )


def _public(data: bytes) -> PublicInput:
    try:
        return public_from_json(data)
    except (CodecError, Rejected) as error:
        raise WrongAnswer(f"public.json: {error}") from None
