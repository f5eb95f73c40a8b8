"""Lies about who may give an account another key, and about whose key signs afterwards."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from circuits.statement.replay import replay
from circuits.tables.header.air import TABLE as HEADERS
from rollup.protocol import transition
from rollup.protocol.account import Header
from rollup.protocol.actions import Actions
from rollup.protocol.batch import Batch, Fill
from rollup.protocol.deposit import DepositOutcome, QueueEntry
from rollup.protocol.ledger import Ledger
from rollup.protocol.market import Governance
from rollup.protocol.order import Side
from rollup.protocol.outcome import Outcome
from rollup.protocol.public import ConsumedDeposit
from rollup.protocol.rejection import Reason
from tests.helpers.lies import Liar, forge
from tests.helpers.statement import claims_broken_by, claims_broken_in, denied, small_witness
from tests.helpers.venue import (
    BTC_PRICE,
    OTHER_KEY,
    buy,
    credit,
    owner,
    register,
    rotate,
    sell,
    viewing,
)

FIRST = 3
"""The next entry of the queue: the liar's venue has consumed three registrations."""


def judged(liar: Liar, outcome: DepositOutcome) -> None:
    """Let every entry have this outcome."""
    liar.bend("judge", lambda *_, **__: outcome)


def trade(liar: Liar, *entries: QueueEntry, key: int = 1) -> Batch:
    """Trader 1 buys of trader 2, by a key of this number."""
    orders = (buy(1, 100, slot=1), sell(2, 100, slot=1))
    signed = (liar.venue.signed(orders[0], key), liar.venue.signed(orders[1]))
    return liar.venue.assemble(entries, signed, (Fill(0, 1, BTC_PRICE, 100, Side.BUY),))


def changed(column: Any, place: int, value: Any) -> Any:
    forged = column.copy()
    forged[place] = value
    return forged


def row_of(records: Any, account: int) -> int:
    (place,) = np.flatnonzero(records.account.account == account)
    return int(place)


@pytest.mark.parametrize("key", [1, OTHER_KEY + 1])
def test_honest_rotations_are_proved(liar: Liar, key: int) -> None:
    """One that trades by its new key, one that its stranger wants, one of a new account."""
    entries = [
        rotate(FIRST, 2 if key == 1 else 1, 5),
        rotate(FIRST + 1, 3, 5, owner(2)),
        register(FIRST + 2, 4, 5),
        rotate(FIRST + 3, 4, 5),
        rotate(FIRST + 4, 9, 5),
    ]
    batch = liar.venue.batch(entries) if key == 1 else trade(liar, *entries, key=key)
    outcome = liar.outcome(batch)
    assert [step.outcome for step in outcome.steps.deposits] == [
        DepositOutcome.CREDITED,
        DepositOutcome.NOT_OWNER,
        DepositOutcome.CREDITED,
        DepositOutcome.CREDITED,
        DepositOutcome.ACCOUNT_MISSING,
    ]
    assert claims_broken_by(outcome) == set()


@pytest.mark.parametrize("said", ["renewed", "told", "viewing_uses"])
def test_a_header_of_no_account_says_nothing(liar: Liar, said: str) -> None:
    """It would stand for a header that nobody hashed."""
    witness = small_witness(liar.outcome(liar.venue.batch([rotate(FIRST, 1, 5)])))
    assert not witness.failures()
    trace, names = witness.traces["header"], HEADERS.columns.names()
    (row, *_) = np.flatnonzero(trace[:, names.index("active")] == 0)
    trace[row, names.index(said)] = 1
    assert "header.padding-is-silent" in denied(witness.failures())


# Who rotates.


def test_another_owner_rotates(liar: Liar) -> None:
    batch = liar.venue.batch([rotate(FIRST, 1, 5, owner(2))])
    assert liar.outcome(batch).steps.deposits[0].outcome is DepositOutcome.NOT_OWNER
    judged(liar, DepositOutcome.CREDITED)
    assert "deposit.is-owner" in liar.claims(batch)


def test_another_owner_says_that_the_account_is_his(liar: Liar) -> None:
    """He claims to be in the header, whose row says otherwise."""
    batch = liar.venue.batch([rotate(FIRST, 1, 5, owner(2))])
    judged(liar, DepositOutcome.CREDITED)
    outcome = liar.outcome(batch)
    records = replay(outcome)
    claimed = replace(records.deposit, holder=records.deposit.owner)
    claims = claims_broken_in(replace(records, deposit=claimed), outcome.public)
    assert "deposit.owner" in claims


def test_a_new_header_says_whose_the_account_is(liar: Liar) -> None:
    batch = liar.venue.batch([rotate(FIRST, 1, 5, owner(2))])
    judged(liar, DepositOutcome.CREDITED)
    outcome = liar.outcome(batch)
    records = replay(outcome)
    uses = records.header.renewed
    header = replace(records.header, owner_uses=uses)
    deposit = replace(records.deposit, holder=records.deposit.owner)
    claims = claims_broken_in(replace(records, header=header, deposit=deposit), outcome.public)
    assert claims == {"header.renewed-owns-not"}


def test_the_operator_rotates_by_itself(liar: Liar) -> None:
    """A deposit touches the account; its header is exchanged on the side."""
    batch = replace(liar.venue.batch([credit(FIRST, 1, 5)]), viewing_keys=())
    own = replace(rotate(FIRST, 1, 5).header(), viewing=viewing(1))

    def exchanged(step: Any, _: Governance, ledger: Ledger, entry: QueueEntry, *__: int) -> Any:
        ledger.accounts[entry.account].header = own
        return step

    liar.after("apply_deposit", exchanged)
    assert liar.claims(batch) == {"account.header-kept"}


def test_the_operator_rotates_as_if_it_had_been_asked(liar: Liar) -> None:
    batch = replace(liar.venue.batch([credit(FIRST, 1, 5)]), viewing_keys=())
    own = rotate(FIRST, 1, 5).header()

    def exchanged(step: Any, _: Governance, ledger: Ledger, entry: QueueEntry, *__: int) -> Any:
        account = ledger.accounts[entry.account]
        account.header, account.rotated = own, True
        return step

    liar.after("apply_deposit", exchanged)
    assert {"header.renewed", "account.header-renewed"} & liar.claims(batch)


def test_a_rotation_that_is_not_in_the_queue(liar: Liar) -> None:
    outcome = liar.outcome(liar.venue.batch([rotate(FIRST, 1, 5)]))
    queued = ConsumedDeposit(credit(FIRST, 1, 5), DepositOutcome.CREDITED)
    lie = forge(outcome, public=forge(outcome.public, deposits=(queued,)))
    assert claims_broken_by(lie) == {"deposit.queue", "public.message"}


def test_a_rotation_to_another_key_than_was_queued(liar: Liar) -> None:
    batch = liar.venue.batch([rotate(FIRST, 1, 5)])
    own = replace(rotate(FIRST, 3, 5).header(), owner=owner(1))

    def exchanged(account: Any, entry: QueueEntry) -> None:
        account.header, account.rotated = own, True

    liar.bend("_rotate", exchanged)
    assert {"header.renewed", "deposit.rotation"} <= liar.claims(batch)


def test_a_rotation_that_changes_the_owner(liar: Liar) -> None:
    batch = liar.venue.batch([rotate(FIRST, 1, 5)])
    told = rotate(FIRST, 1, 5).header()
    stolen = Header(owner(2), told.key, told.viewing)

    def exchanged(account: Any, entry: QueueEntry) -> None:
        account.header, account.rotated = stolen, True

    liar.bend("_rotate", exchanged)
    assert {"header.renewed", "deposit.rotation"} <= liar.claims(batch)


def test_a_rotation_that_is_credited_and_forgotten(liar: Liar) -> None:
    """The operator takes the entry and keeps the old key in the leaf."""
    batch = liar.venue.batch([rotate(FIRST, 1, 5)])
    liar.bend("_rotate", lambda *_: None)
    assert "deposit.rotation" in liar.claims(batch)


def test_an_owner_refused_as_a_stranger(liar: Liar) -> None:
    batch = liar.venue.batch([rotate(FIRST, 1, 5)])
    judged(liar, DepositOutcome.NOT_OWNER)
    assert liar.claims(batch) == {"deposit.is-not-owner"}


@pytest.mark.parametrize(
    ("outcome", "claim"),
    [
        (DepositOutcome.KEY_OFF_CURVE, "deposit.key-off-curve"),
        (DepositOutcome.ACCOUNT_MISSING, "deposit.account"),
        (DepositOutcome.CASH_OVERFLOW, "deposit.cash"),
        (DepositOutcome.ACCOUNT_EXISTS, "deposit.kind"),
        (DepositOutcome.KEY_NON_CANONICAL, "deposit.queue"),
    ],
)
def test_a_good_rotation_refused(liar: Liar, outcome: DepositOutcome, claim: str) -> None:
    batch = liar.venue.batch([rotate(FIRST, 1, 5)])
    judged(liar, outcome)
    assert claim in liar.claims(batch)


def test_a_rotation_of_an_account_that_does_not_exist(liar: Liar) -> None:
    batch = liar.venue.batch([rotate(FIRST, 9, 5)])
    assert liar.outcome(batch).steps.deposits[0].outcome is DepositOutcome.ACCOUNT_MISSING
    judged(liar, DepositOutcome.CREDITED)
    assert "deposit.account" in liar.claims(batch)


def test_an_account_rotated_twice_in_one_batch(liar: Liar) -> None:
    """Which key signs in between would be the operator's choice."""
    entries = [rotate(FIRST, 1, 5), rotate(FIRST + 1, 1, 5)]
    batch = liar.venue.batch(entries)
    assert liar.refusal(batch) is Reason.ROTATED_TWICE

    def again(account: Any, entry: QueueEntry) -> None:
        account.header, account.rotated = entry.header(), True

    liar.bend("_rotate", again)
    assert "deposit.rotation" in liar.claims(batch)


# Whose key signs.


def old_key(liar: Liar) -> Outcome:
    """The account is rotated and trades all the same by an order of the key that it had."""
    batch = trade(liar, rotate(FIRST, 1, 5))
    assert liar.refusal(batch) is Reason.ORDER_SIGNATURE
    honest = transition.authorise

    def authorise(batch: Batch, ledger: Ledger, *given: Any) -> Any:
        account = ledger.accounts[1]
        new, account.header = account.header, account.opened
        steps = honest(batch, ledger, *given)
        account.header = new
        return steps

    liar.bend("authorise", authorise)
    liar.monkeypatch.setattr(
        Actions, "_key", lambda self, account: self._ledger.accounts[account].opened.key
    )
    return liar.outcome(batch)


def test_an_order_of_the_old_key_after_the_rotation(liar: Liar) -> None:
    outcome = old_key(liar)
    assert {"signature.key", "header.key"} <= claims_broken_by(outcome)


def test_the_old_header_hands_out_its_key(liar: Liar) -> None:
    """And says that it may: its account says otherwise."""
    outcome = old_key(liar)
    records = replay(outcome)
    header = records.header
    (old,) = np.flatnonzero((header.account == 1) & (header.renewed == 0))
    (new,) = np.flatnonzero(header.renewed == 1)
    uses = changed(changed(header.key_uses, old, 1), new, 0)
    silent = replace(records, header=replace(header, key_uses=uses))
    assert "header.keyed" in claims_broken_in(silent, outcome.public)
    keyed = changed(header.keyed, old, 1)
    said = replace(records, header=replace(header, key_uses=uses, keyed=keyed))
    claims = claims_broken_in(said, outcome.public)
    assert {"header.opened", "account.header-opened"} <= claims
    account = replace(records.account, keyed=changed(records.account.keyed, row_of(records, 1), 1))
    both = replace(said, account=account)
    assert claims_broken_in(both, outcome.public) == {"account.rotated-key"}


def test_a_liquidated_or_flagged_account_signs_by_its_new_key(liar: Liar) -> None:
    """A stranger asks to rotate it, so that its header is open: what counts is who signs."""
    batch = liar.venue.batch([rotate(FIRST, 1, 5)])
    outcome = liar.outcome(batch)
    records = replay(outcome)
    place = row_of(records, 1)
    for name, claim in (
        ("liquidated", "account.liquidated-unsigned"),
        ("below", "account.below-trades-not"),
    ):
        account = replace(records.account, rekeyed=changed(records.account.rekeyed, place, 1))
        if name == "below":
            flags = (account.below[0], changed(account.below[1], place, 1))
            account = replace(account, below=flags)
        else:
            account = replace(account, liquidated=changed(account.liquidated, place, 1))
        assert claim in claims_broken_in(replace(records, account=account), outcome.public)
