"""Bundles at the door, with real envelopes and signatures: each action comes alone, shows its path,
and is a command by itself; the signature of all of them is verified once.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.crypto.batched import sign, verify_many
from rollup.crypto.curve import Point
from rollup.crypto.envelope import (
    Action,
    ActionPath,
    CancelAction,
    EnvelopeReason,
    OrderAction,
)
from rollup.crypto.remembered import RememberedSignatures
from rollup.field.koalabear import P
from rollup.hash.batched import compress_many
from rollup.hash.poseidon import Digest
from rollup.protocol.bundle import ACTIONS_MAX, BundlePath, bundle_digests, bundle_levels
from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.order import Order, Side, SignedOrder
from rollup.protocol.rejection import Reason
from sequencer.client.bundling import Signable, digests_of
from sequencer.client.signing import Signer, TradingKey, bundled_actions, order_action
from sequencer.client.travelling import path_of_action
from sequencer.engine.command import Cancel, Signed, Submit
from sequencer.engine.event import VenueReason
from sequencer.intake.admission import Admission, Verdict
from sequencer.intake.signatures import signatures_hold
from sequencer.intake.wire import WireError, command_from_bytes, command_to_bytes
from tests.strategies import venues
from tests.unit.sequencer.intake.test_admission import KEY, NOW, SECRETS, sealed, state

BY = Signer(sign, compress_many)
OWNER, OTHER = TradingKey(1, SECRETS[0]), TradingKey(2, SECRETS[1])
ORDERS = [venues.order(1, Side.BUY, 618_000 + k, 10, slot=k).order for k in range(5)]
CANCELS = [CancelOrder(venues.CHAIN, venues.VENUE, 1, 10 + k, 0) for k in range(3)]
MIXED: list[Signable] = [ORDERS[0], CANCELS[0], ORDERS[1], CANCELS[1], ORDERS[2]]


class Counted:
    """Verifies for real, and keeps how many signatures each call was given."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(
        self, keys: Sequence[Point], messages: Sequence[Digest], signed: Sequence[bytes]
    ) -> list[bool]:
        self.calls.append(len(signed))
        return list(verify_many(keys, messages, signed))


def door(counted: Counted | None = None) -> Admission:
    """A door as a venue has it: what it verifies is remembered."""
    verify = RememberedSignatures(Counted() if counted is None else counted)
    return Admission(KEY, state(), lambda *_: (), compress_many=compress_many, verify_many=verify)


def bundled(
    wanted: Sequence[Signable], key: TradingKey = OWNER
) -> list[OrderAction | CancelAction]:
    return bundled_actions(wanted, key, BY)


def verdicts(actions: Sequence[Action], at: Admission | None = None) -> list[Verdict]:
    return (at or door()).admit([sealed(each) for each in actions], NOW)


def verdict(action: Action) -> Verdict:
    (found,) = verdicts([action])
    return found


def commands_of(actions: Sequence[OrderAction | CancelAction]) -> list[Signed]:
    """The commands that a door that took all of them made of them."""
    found = [each.command for each in verdicts(actions)]
    assert all(isinstance(each, Submit | Cancel) for each in found)
    return [each for each in found if isinstance(each, Submit | Cancel)]


def whats(commands: Sequence[Signed]) -> list[object]:
    return [
        each.signed.order if isinstance(each, Submit) else each.signed.cancel  # type: ignore[union-attr]
        for each in commands
    ]


def test_each_action_of_a_bundle_is_a_command_and_one_signature_is_verified() -> None:
    counted = Counted()
    actions = bundled(MIXED)
    assert len({each.signature for each in actions}) == 1
    found = [each.command for each in verdicts(actions, door(counted))]
    assert [type(each) for each in found] == [Submit, Cancel, Submit, Cancel, Submit]
    assert whats(found) == MIXED  # type: ignore[arg-type]
    paths = [each.signed.path for each in found]  # type: ignore[union-attr]
    assert [(path.place, path.depth) for path in paths] == [(k, 3) for k in range(5)]  # type: ignore[union-attr]
    assert counted.calls == [1]


def test_an_action_of_a_bundle_comes_alone_in_any_order_and_the_others_need_not_come() -> None:
    counted, actions = Counted(), bundled(MIXED)
    at = door(counted)
    for place in (3, 0, 4):
        (found,) = verdicts([actions[place]], at)
        assert whats([found.command]) == [MIXED[place]]  # type: ignore[list-item]
    assert counted.calls == [1]


@pytest.mark.parametrize("count", [1, 2, 3, 63, 64])
def test_bundles_of_every_size_are_admitted(count: int) -> None:
    wanted = [replace(ORDERS[0], slot=slot) for slot in range(count)]
    actions = bundled(wanted)
    depths = {None if each.path is None else len(each.path.siblings) for each in actions}
    assert depths == {(count - 1).bit_length() or None}
    assert whats(commands_of(actions)) == wanted


def test_65_actions_are_two_signatures_and_the_last_is_signed_alone() -> None:
    wanted = [replace(ORDERS[0], slot=slot) for slot in range(ACTIONS_MAX + 1)]
    actions = bundled(wanted)
    assert len({each.signature for each in actions[:-1]}) == 1
    assert actions[-1].path is None and actions[-1].signature != actions[0].signature
    counted = Counted()
    assert all(each.command for each in verdicts(actions, door(counted)))
    assert counted.calls == [2]


def test_nothing_is_bundled_into_nothing() -> None:
    assert bundled([]) == []


def test_each_envelope_has_its_answer_and_a_copy_of_it_is_one() -> None:
    """A bundled envelope is remembered as any other; another one around the same action opens."""
    at = door()
    first, second = (sealed(each) for each in bundled(ORDERS[:2]))
    found = at.admit([first, first, second], NOW)
    assert [each.reason for each in found] == [None, VenueReason.REPLAYED, None]
    assert len({each.envelope for each in found if each.envelope is not None}) == 2
    assert len({each.answering for each in found if each.answering is not None}) == 2


# Lies.


def refused(action: Action) -> Verdict:
    found = verdict(action)
    assert found.reason is Reason.ORDER_SIGNATURE and found.command is None
    return found


def test_an_action_with_another_ones_path_is_refused() -> None:
    first, second = bundled(ORDERS[:2])
    refused(replace(first, path=second.path))
    others = bundled(ORDERS[:3])
    refused(replace(first, path=others[0].path))
    refused(replace(first, path=others[0].path, signature=others[1].signature[::-1]))


@pytest.mark.parametrize("level", range(3))
def test_a_bent_sibling_is_refused(level: int) -> None:
    action = bundled(ORDERS)[1]
    assert action.path is not None
    siblings = list(action.path.siblings)
    siblings[level] = bytes((siblings[level][0] ^ 1,)) + siblings[level][1:]
    refused(replace(action, path=ActionPath(action.path.place, tuple(siblings))))


@pytest.mark.parametrize("change", [{"price": 1}, {"slot": 9}, {"generation": 1}, {"flags": 8}])
def test_every_member_is_signed_in_a_bundle_too(change: dict[str, int]) -> None:
    refused(replace(bundled(ORDERS)[2], **change))  # type: ignore[arg-type]


def test_a_leaf_of_another_account_does_not_act() -> None:
    """Account 2 signs a tree in which a leaf is of account 1: it takes the key of account 1."""
    own, stolen = bundled([replace(ORDERS[0], account=2), ORDERS[1]], OTHER)
    assert verdict(own).command is not None
    refused(stolen)
    refused(replace(stolen, account=2))


def test_the_signature_of_a_bundle_is_of_no_action_alone_and_none_alone_of_a_bundle() -> None:
    first, _ = bundled(ORDERS[:2])
    refused(replace(first, path=None))
    alone = order_action(ORDERS[0], OWNER, BY)
    refused(replace(alone, path=first.path))


def test_an_order_is_no_cancel_in_a_bundle_either() -> None:
    first, _ = bundled([ORDERS[0], CANCELS[0]])
    refused(CancelAction(1, ORDERS[0].slot, 0, first.signature, first.path))


def test_a_root_is_no_bundle_and_a_node_no_action() -> None:
    """Whoever signs the root as if it were the message, or shows a node in the place of a leaf."""
    digests = digests_of(ORDERS[:2], compress_many)
    (root,) = bundle_levels(digests, compress_many)[-1]
    signature = sign(OWNER.secret, root, None).to_bytes()
    first, _ = bundled(ORDERS[:2])
    refused(replace(first, signature=signature))
    inner = bundled(ORDERS[:4])[0]
    assert inner.path is not None
    refused(replace(inner, path=ActionPath(0, inner.path.siblings[1:])))


def test_a_refused_action_is_told_the_digest_of_its_bundle_as_the_venue_computed_it() -> None:
    first, second = bundled(ORDERS[:2])
    found = refused(replace(first, signature=order_action(ORDERS[0], OWNER, BY).signature))
    (root,) = bundle_levels(digests_of(ORDERS[:2], compress_many), compress_many)[-1]
    assert [found.digest] == bundle_digests([root], compress_many)
    assert verdict(second).digest is None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (ActionPath(2, (bytes(32),)), Reason.MALFORMED),
        (ActionPath(255, (bytes(32),) * 6), Reason.MALFORMED),
        (ActionPath(0, (P.to_bytes(4, "little") + bytes(28),)), Reason.WORD_OUT_OF_BOUNDS),
        (ActionPath(0, (bytes(28) + b"\xff" * 4,)), Reason.WORD_OUT_OF_BOUNDS),
    ],
    ids=["place 2 of 2", "place 255 of 64", "the first word is p", "the last word is above"],
)
def test_a_path_that_there_cannot_be_is_refused_with_its_reason(
    path: ActionPath, reason: Reason
) -> None:
    for action in bundled([ORDERS[0], CANCELS[0]]):
        found = verdict(replace(action, path=path))
        assert (found.command, found.reason) == (None, reason)


def test_what_is_no_path_on_the_wire_is_refused_there() -> None:
    with pytest.raises(Exception, match="1 to 6 siblings") as caught:
        sealed(replace(bundled(ORDERS)[0], path=ActionPath(0, ())))
    assert getattr(caught.value, "reason", None) is EnvelopeReason.MEMBER


# What is verified once.


def test_an_action_of_a_known_bundle_that_lies_is_refused_and_verified() -> None:
    """What held stands for one message under one key, and for no action beside it."""
    counted = Counted()
    at = door(counted)
    first, second = bundled(ORDERS[:2])
    assert verdicts([first], at)[0].command is not None
    lies = [
        replace(second, slot=9),
        replace(second, account=2),
        replace(second, path=first.path),
        replace(second, path=None),
    ]
    for lie in lies:
        assert verdicts([lie, lie], at)[0].reason is Reason.ORDER_SIGNATURE
    assert verdicts([second], at)[0].command is not None
    assert counted.calls == [1, 1, 1, 1, 1]


def test_a_rotated_key_is_verified_for_itself() -> None:
    """The account's key of now is part of what is known: what held under the old one does not."""
    counted = Counted()
    at = door(counted)
    actions = bundled(ORDERS[:2])
    assert verdicts(actions[:1], at)[0].command is not None
    rotated = state()
    holder = rotated.ledger.holders[1]
    holder.header = replace(holder.header, key=SECRETS[1].public)
    at.follow(rotated)
    assert verdicts(actions[1:], at)[0].reason is Reason.ORDER_SIGNATURE


def test_batches_made_anew_judge_bundles_the_same() -> None:
    commands = commands_of(bundled(MIXED))
    counted = Counted()
    own, strange = SECRETS[0].public, SECRETS[1].public
    keys = [own, own, strange, own, own]
    found = signatures_hold(commands, keys, compress_many, RememberedSignatures(counted))
    assert found == [True, True, False, True, True] and counted.calls == [2]


# In the journal.


def paths(depth: int) -> st.SearchStrategy[BundlePath]:
    words = st.tuples(*[st.integers(0, P - 1)] * 8)
    siblings = st.lists(words, min_size=depth, max_size=depth).map(tuple)
    return st.builds(BundlePath, st.integers(0, 2**depth - 1), siblings)  # type: ignore[arg-type]


def with_path(path: BundlePath | None) -> list[Signed]:
    signature = bytes(range(84))
    return [
        Submit(SignedOrder(ORDERS[0], signature, path), 7),
        Cancel(SignedCancel(CANCELS[0], signature, path), 2**48 - 1),
    ]


@given(st.integers(1, 6).flatmap(paths))
def test_a_command_of_a_bundle_has_one_encoding(path: BundlePath) -> None:
    for command, alone in zip(with_path(path), with_path(None), strict=True):
        data, start = command_to_bytes(command), command_to_bytes(alone)
        assert data[: len(start)] == start and data[len(start)] == path.place
        assert len(data) == len(start) + 1 + 32 * path.depth
        assert command_from_bytes(data) == command


@pytest.mark.parametrize(
    "path",
    [
        b"\0",
        bytes(32),
        bytes(34),
        bytes(1 + 7 * 32),
        b"\2" + bytes(32),
        b"\x40" + bytes(6 * 32),
        bytes(1) + P.to_bytes(4, "little") + bytes(28),
    ],
    ids=["no sibling", "no place", "a byte more", "seven", "place 2 of 2", "place 64 of 64", "p"],
)
def test_what_is_no_path_behind_a_command_is_refused(path: bytes) -> None:
    for command in with_path(None):
        with pytest.raises(WireError):
            command_from_bytes(command_to_bytes(command) + path)


def test_the_path_of_an_envelope_is_that_of_the_record() -> None:
    action = bundled(MIXED)[4]
    (command,) = commands_of([action])
    assert command.signed.path == path_of_action(action.path)  # type: ignore[union-attr]


def test_orders_of_another_venue_are_in_no_bundle_of_this_one() -> None:
    elsewhere = [replace(order, venue=venues.VENUE + 1) for order in ORDERS[:2]]
    for action in bundled(elsewhere):
        refused(action)


def test_two_bundles_and_orders_alone_of_one_request_keep_their_places() -> None:
    counted = Counted()
    alone = order_action(ORDERS[4], OWNER, BY)
    first, second = bundled(ORDERS[:2]), bundled(CANCELS[:2])
    strange = bundled([replace(ORDERS[0], account=2), replace(ORDERS[1], account=2)])
    sent: list[Action] = [first[0], strange[0], second[0], alone, first[1], second[1], strange[1]]
    found = verdicts(sent, door(counted))
    assert [each.reason is None for each in found] == [True, False, True, True, True, True, False]
    wanted: list[Order | CancelOrder] = [ORDERS[0], CANCELS[0], ORDERS[4], ORDERS[1], CANCELS[1]]
    assert whats([each.command for each in found if each.command is not None]) == wanted  # type: ignore[misc]
    assert counted.calls == [4]
