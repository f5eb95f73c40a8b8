"""What traders of a run sign and seal: in order, each alone in its envelope, signed together."""

from rollup.crypto.batched import verify_many
from rollup.crypto.envelope import (
    Action,
    CancelAction,
    Destination,
    OpeningKey,
    OrderAction,
    OutflowAction,
    ViewingKeyAction,
)
from rollup.crypto.schnorr import SecretKey
from rollup.hash.batched import compress_many
from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.order import Order, Side, SignedOrder
from rollup.protocol.outflow import NO_RECEIVER, Outflow, OutflowKind, SignedOutflow
from sequencer.client.travelling import path_of_action
from sequencer.demo.market.keys import KeySource, seal_intents
from sequencer.demo.market.trader import Intent
from sequencer.engine.command import Cancel, PayOut, Signed, Submit
from sequencer.intake.signatures import signatures_hold
from tests.strategies import venues

HERE = Destination(venues.CHAIN, venues.VENUE)
OPENING = OpeningKey.generate()
SECRETS = {account: SecretKey(1_000 + account) for account in (1, 2, 3)}


def order(account: int, slot: int) -> Order:
    return venues.order(account, Side.BUY, 618_000, 10, slot=slot).order


def cancel(account: int, slot: int) -> CancelOrder:
    return CancelOrder(venues.CHAIN, venues.VENUE, account, slot, 0)


def withdrawal(account: int) -> Outflow:
    place = (venues.CHAIN, venues.VENUE, account, 99, 0)
    return Outflow(*place, OutflowKind.WITHDRAWAL, NO_RECEIVER, 5, venues.EXPIRY_MS)


def sealed(intents: list[Intent]) -> list[Action]:
    keys = KeySource(insecure_seed=3)
    until = venues.START_MS + 1
    envelopes = seal_intents(
        intents, SECRETS, OPENING.sealing_key(), HERE, keys, compress_many, until
    )
    return [OPENING.open(each, HERE, until).action() for each in envelopes]


def command(intent: Intent, action: Action) -> Signed:
    """The intent as the door would have it, with what came."""
    if isinstance(intent, Order) and isinstance(action, OrderAction):
        return Submit(SignedOrder(intent, action.signature, path_of_action(action.path)))
    if isinstance(intent, CancelOrder) and isinstance(action, CancelAction):
        return Cancel(SignedCancel(intent, action.signature, path_of_action(action.path)))
    assert isinstance(intent, Outflow) and isinstance(action, OutflowAction)
    return PayOut(SignedOutflow(intent, action.signature))


def test_each_account_signs_once_what_it_wants_and_every_intent_keeps_its_place() -> None:
    told = ViewingKeyAction(2, bytes(32))
    intents: list[Intent] = [
        order(1, 0),
        order(2, 0),
        cancel(1, 1),
        withdrawal(1),
        told,
        order(1, 2),
        order(3, 0),
        cancel(2, 5),
    ]
    actions = sealed(intents)
    assert actions[4] == told
    signed = [(i, a) for i, a in zip(intents, actions, strict=True) if a != told]
    commands = [command(*each) for each in signed]
    keys = [SECRETS[intent.account].public for intent, _ in signed]
    assert all(signatures_hold(commands, keys, compress_many, verify_many))
    paths = [None if isinstance(c, PayOut) else c.signed.path for c in commands]
    places = [None if path is None else path.place for path in paths]
    assert places == [0, 0, 1, None, 2, None, 1]
    assert len({command.signed.signature for command in commands}) == 4


def test_a_signature_is_for_64_at_most() -> None:
    actions = sealed([order(1, slot) for slot in range(65)])
    signatures = [each.signature for each in actions if isinstance(each, OrderAction)]
    assert len(set(signatures[:64])) == 1 and len(set(signatures)) == 2
    assert isinstance(actions[64], OrderAction) and actions[64].path is None


def test_nothing_is_wanted_and_nothing_sealed() -> None:
    assert sealed([]) == []
