"""MockL1 accepts a batch only if everything about it holds, and changes nothing otherwise."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum

import pytest

from rollup.l1.interface import (
    BatchAccepted,
    DepositRefunded,
    GovernanceEnacted,
    Revert,
    Reverted,
    Withdrawn,
)
from rollup.l1.mock import Deployment, MockL1
from rollup.ports import Pins, VerificationError
from rollup.protocol.deposit import DepositOutcome, QueueEntry
from rollup.protocol.public import ConsumedDeposit, PublicInput
from tests.helpers.venue import START, USDC, Match, Venue, buy, owner, public_key, sell, viewing

OPERATOR, GOVERNOR, STRANGER = owner(1001), owner(1002), owner(1003)
PINS = Pins(b"\x01" * 32, "fast", "S")
DELAY = 86_400_000


class Refusal(Enum):
    FORGED = "the proof is not for this public input"


@dataclass
class StubVerifier:
    """Accepts a proof that is the new root it was told about, as the real one would."""

    pins: Pins = PINS
    proved: dict[bytes, PublicInput] = field(default_factory=dict)

    def verify(self, public: PublicInput, proof: bytes) -> None:
        if self.proved.get(proof) != public:
            raise VerificationError(Refusal.FORGED)


@dataclass
class World:
    """A venue, its L1, and a clock that follows the batches."""

    venue: Venue = field(default_factory=Venue)
    verifier: StubVerifier = field(default_factory=StubVerifier)
    now: int = START

    def __post_init__(self) -> None:
        deployment = Deployment(
            genesis=self.venue.genesis,
            root=self.venue.state.root,
            pins=PINS,
            operator=OPERATOR,
            governor=GOVERNOR,
            governance_delay=DELAY,
        )
        self.l1 = MockL1(deployment, self.verifier, lambda: self.now)

    def register(self, account: int, amount: int, **words: tuple[int, ...]) -> QueueEntry:
        key = public_key(account)
        for gift in {max(amount, 1), 1}:
            self.l1.mint(owner(account), gift)
        return self.l1.register(
            owner(account),
            words.get("key_words", (*key.x, *key.y)),
            words.get("viewing_words", viewing(account)),
            amount,
        )

    def prove(self, *matches: Match, count: int | None = None) -> tuple[PublicInput, bytes]:
        """The next batch, consuming the queue (or `count` of it), with a proof of it."""
        waiting = self.l1.queue[self.l1.consumed :][:count]
        outcome = self.venue.run(self.venue.batch(waiting, matches))
        proof = b"proof %d" % outcome.public.number
        self.verifier.proved[proof] = outcome.public
        self.now = outcome.public.time
        return outcome.public, proof

    def snapshot(self) -> tuple[object, ...]:
        l1 = self.l1
        counters = (l1.custody, l1.queued, dict(l1.pending), l1.funds, dict(l1.wallets))
        return (l1.root, l1.number, l1.time, l1.consumed, len(l1.events), counters)


@pytest.fixture
def world() -> World:
    return World()


def revert(world: World, call: Callable[[], object]) -> Revert:
    """The reason a call reverts for; it must have changed nothing."""
    before = world.snapshot()
    with pytest.raises(Reverted) as caught:
        call()
    assert world.snapshot() == before
    return caught.value.reason


def solvent(world: World) -> bool:
    return world.l1.funds >= world.l1.owed


def test_registration_deposit_trade_and_batches_end_to_end(world: World) -> None:
    world.register(1, 1000 * USDC)
    world.register(2, 1000 * USDC)
    public, proof = world.prove()
    world.l1.post_batch(OPERATOR, public, proof)
    assert world.l1.custody == 2000 * USDC
    public, proof = world.prove(Match(buy(1, 10), sell(2, 10), 10))
    world.l1.post_batch(OPERATOR, public, proof)
    assert world.l1.root == world.venue.state.root
    assert isinstance(world.l1.events[-1], BatchAccepted)
    assert solvent(world)


def test_an_empty_batch_advances_the_root(world: World) -> None:
    world.l1.post_batch(OPERATOR, *world.prove())
    assert world.l1.number == 1


def test_accounts_are_numbered_by_first_registration(world: World) -> None:
    assert [world.register(i, 1).account for i in (7, 3, 7)] == [1, 2, 1]


def test_a_refused_deposit_can_be_withdrawn_once(world: World) -> None:
    world.register(1, 50, key_words=(2**32 - 1,) * 14)
    public, proof = world.prove()
    assert public.refunds[0].outcome is DepositOutcome.KEY_NON_CANONICAL
    assert revert(world, lambda: world.l1.withdraw(owner(1))) is Revert.NOTHING_TO_WITHDRAW
    world.l1.post_batch(OPERATOR, public, proof)
    assert isinstance(world.l1.events[-1], DepositRefunded)
    assert world.l1.custody == 0
    assert world.l1.withdraw(owner(1)) == 50
    assert world.l1.wallets[owner(1)] == 51
    assert world.l1.events[-1] == Withdrawn(owner(1), 50)
    assert revert(world, lambda: world.l1.withdraw(owner(1))) is Revert.NOTHING_TO_WITHDRAW
    assert world.l1.funds == world.l1.owed == 0


def test_a_refused_registration_keeps_its_index_and_may_be_tried_again(world: World) -> None:
    world.register(1, 5, key_words=(1,) * 14)
    world.register(1, 6)
    world.register(1, 7)
    public, proof = world.prove()
    assert [d.outcome for d in public.deposits] == [
        DepositOutcome.KEY_OFF_CURVE,
        DepositOutcome.CREDITED,
        DepositOutcome.ACCOUNT_EXISTS,
    ]
    world.l1.post_batch(OPERATOR, public, proof)
    assert (world.l1.custody, world.l1.pending[owner(1)]) == (6, 12)


def test_a_donated_unit_breaks_nothing(world: World) -> None:
    world.l1.mint(STRANGER, 1)
    world.l1.donate(STRANGER, 1)
    world.register(1, 5)
    world.l1.post_batch(OPERATOR, *world.prove())
    assert world.l1.funds == world.l1.owed + 1


def test_a_batch_may_leave_entries_in_the_queue(world: World) -> None:
    world.register(1, 5)
    world.register(2, 6)
    world.l1.post_batch(OPERATOR, *world.prove(count=1))
    assert (world.l1.consumed, world.l1.queued, world.l1.custody) == (1, 6, 5)
    world.l1.post_batch(OPERATOR, *world.prove())
    assert (world.l1.consumed, world.l1.queued, world.l1.custody) == (2, 0, 11)


def test_only_the_operator_posts(world: World) -> None:
    public, proof = world.prove()
    assert revert(world, lambda: world.l1.post_batch(STRANGER, public, proof)) is (
        Revert.NOT_OPERATOR
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"circuit": b"\x02" * 32}, Revert.PIN_CIRCUIT),
        ({"parameter_set": "insecure-test"}, Revert.PIN_PARAMETERS),
        ({"shape_class": "M"}, Revert.PIN_SHAPE),
    ],
)
def test_another_circuit_parameter_set_or_shape_is_refused(
    world: World, changes: dict[str, object], reason: Revert
) -> None:
    public, proof = world.prove()
    world.verifier.pins = replace(PINS, **changes)  # type: ignore[arg-type]
    assert revert(world, lambda: world.l1.post_batch(OPERATOR, public, proof)) is reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"chain": 1}, Revert.WRONG_VENUE),
        ({"venue": 1}, Revert.WRONG_VENUE),
        ({"number": 2}, Revert.WRONG_NUMBER),
        ({"old_root": (1,) * 8}, Revert.OLD_ROOT),
        ({"new_root": (1,) * 8}, Revert.PROOF),
        ({"total": 1}, Revert.TOTAL),
        ({"time": START}, Revert.CLOCK_NOT_ADVANCED),
        ({"deposits_before": 1}, Revert.DEPOSITS_SKIPPED),
        ({"prices": (1, 1, 1, 1)}, Revert.PROOF),
    ],
)
def test_another_public_input_is_refused(
    world: World, changes: dict[str, object], reason: Revert
) -> None:
    public, proof = world.prove()
    other = replace(public, **changes)  # type: ignore[arg-type]
    assert revert(world, lambda: world.l1.post_batch(OPERATOR, other, proof)) is reason


def test_a_flipped_proof_byte_is_refused_with_the_verifiers_reason(world: World) -> None:
    public, proof = world.prove()
    with pytest.raises(Reverted, match="proof: the proof is not for this public input"):
        world.l1.post_batch(OPERATOR, public, proof[:-1] + b"?")


def test_a_batch_is_accepted_once(world: World) -> None:
    public, proof = world.prove()
    world.l1.post_batch(OPERATOR, public, proof)
    again = revert(world, lambda: world.l1.post_batch(OPERATOR, public, proof))
    assert again is Revert.WRONG_NUMBER


def test_the_batch_clock_stays_near_the_l1_clock(world: World) -> None:
    public, proof = world.prove()
    world.now = public.time + 60_001
    assert revert(world, lambda: world.l1.post_batch(OPERATOR, public, proof)) is (
        Revert.CLOCK_BEHIND
    )
    world.now = public.time - 5_001
    assert revert(world, lambda: world.l1.post_batch(OPERATOR, public, proof)) is Revert.CLOCK_AHEAD
    world.now = public.time - 5_000
    world.l1.post_batch(OPERATOR, public, proof)


def test_a_deposit_not_in_the_queue_is_refused(world: World) -> None:
    world.register(1, 5)
    public, proof = world.prove()
    entry = replace(public.deposits[0].entry, amount=6)
    forged = replace(public, deposits=(ConsumedDeposit(entry, DepositOutcome.CREDITED),), total=6)
    assert revert(world, lambda: world.l1.post_batch(OPERATOR, forged, proof)) is (
        Revert.DEPOSIT_NOT_QUEUED
    )


def test_a_deposit_beyond_the_queue_is_refused(world: World) -> None:
    world.register(1, 5)
    public, proof = world.prove()
    extra = replace(public.deposits[0].entry, index=1)
    deposits = (*public.deposits, ConsumedDeposit(extra, DepositOutcome.ACCOUNT_EXISTS))
    forged = replace(public, deposits=deposits)
    assert revert(world, lambda: world.l1.post_batch(OPERATOR, forged, proof)) is (
        Revert.DEPOSIT_NOT_QUEUED
    )


def test_a_deposit_credited_though_it_must_be_refused_needs_another_proof(world: World) -> None:
    world.register(1, 5, key_words=(1,) * 14)
    public, proof = world.prove()
    credited = ConsumedDeposit(public.deposits[0].entry, DepositOutcome.CREDITED)
    forged = replace(public, deposits=(credited,), total=5)
    assert revert(world, lambda: world.l1.post_batch(OPERATOR, forged, proof)) is Revert.PROOF


def test_parameters_other_than_the_governance_digest_are_refused(world: World) -> None:
    public, proof = world.prove()
    other = replace(public, governance=replace(public.governance, clock_ahead_ms=10**9))
    assert revert(world, lambda: world.l1.post_batch(OPERATOR, other, proof)) is Revert.GOVERNANCE


def test_governance_changes_by_the_governor_after_a_delay(world: World) -> None:
    old = world.venue.genesis.governance
    new = replace(old, clock_behind_ms=1)
    assert revert(world, world.l1.enact_governance) is Revert.NOTHING_ANNOUNCED
    announce = world.l1.announce_governance
    assert revert(world, lambda: announce(STRANGER, new.digest())) is Revert.NOT_GOVERNOR
    assert revert(world, lambda: announce(GOVERNOR, b"short")) is Revert.BAD_DIGEST
    valid_from = announce(GOVERNOR, new.digest())
    assert valid_from == world.now + DELAY
    world.now = valid_from - 1
    assert revert(world, world.l1.enact_governance) is Revert.DELAY_NOT_OVER
    assert world.l1.governance_digest == old.digest()
    world.now = valid_from
    world.l1.enact_governance()
    assert world.l1.governance_digest == new.digest()
    assert world.l1.events[-1] == GovernanceEnacted(new.digest())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((b"short", (0,) * 14, (0,) * 8, 0), Revert.BAD_ADDRESS),
        ((STRANGER, (0,) * 13, (0,) * 8, 0), Revert.BAD_WORDS),
        ((STRANGER, (2**32,) * 14, (0,) * 8, 0), Revert.BAD_WORDS),
        ((STRANGER, (0,) * 14, (-1,) * 8, 0), Revert.BAD_WORDS),
        ((STRANGER, (0,) * 14, (0,) * 8, -1), Revert.BAD_AMOUNT),
        ((STRANGER, (0,) * 14, (0,) * 8, 2**62), Revert.BAD_AMOUNT),
        ((STRANGER, (0,) * 14, (0,) * 8, 1), Revert.BALANCE_TOO_SMALL),
    ],
)
def test_a_malformed_registration_reverts(
    world: World, arguments: tuple[bytes, tuple[int, ...], tuple[int, ...], int], reason: Revert
) -> None:
    assert revert(world, lambda: world.l1.register(*arguments)) is reason


def test_a_credit_needs_an_assigned_account_money_and_an_amount(world: World) -> None:
    world.register(1, 5)
    credit = world.l1.credit
    assert revert(world, lambda: credit(owner(1), 2, 1)) is Revert.UNKNOWN_ACCOUNT
    assert revert(world, lambda: credit(owner(1), 1, 0)) is Revert.BAD_AMOUNT
    assert revert(world, lambda: credit(owner(1), 1, 2)) is Revert.BALANCE_TOO_SMALL
    assert credit(owner(1), 1, 1).index == 1


def test_the_total_never_outgrows_its_word(world: World) -> None:
    for account in range(1, 5):
        world.register(account, 2**62 - 1)
    world.l1.mint(STRANGER, 2**62 - 1)
    call = lambda: world.l1.register(STRANGER, (0,) * 14, (0,) * 8, 2**62 - 1)  # noqa: E731
    assert revert(world, call) is Revert.CUSTODY_FULL
