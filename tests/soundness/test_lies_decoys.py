"""Lies about decoys: an account that a batch opens for nothing is the one that it was.

A decoy is an account of the batch like any other; what stops these lies is that nothing on the
memory bus changed it. The rules look away here.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rollup.protocol.account import Header
from rollup.protocol.ledger import Entry, Ledger
from rollup.protocol.rejection import Reason, Rejected
from tests.helpers.lies import Liar
from tests.helpers.skipped import RICH
from tests.helpers.statement import claims_broken_by
from tests.helpers.venue import owner, public_key, real, viewing
from tests.unit.rollup.protocol.test_refreshing import book

NOBODY = 77
STRANGER = Header(owner(5), public_key(5), viewing(5))


@pytest.fixture
def liar(monkeypatch: pytest.MonkeyPatch) -> Liar:
    return Liar(book(suite=real()), monkeypatch)


def changing(liar: Liar, account: int, change: Callable[[Entry], None]) -> None:
    """Something happens to an account of which no step of the batch says anything."""

    def charge_refreshes(ledger: Ledger, *_: Any) -> dict[int, int]:
        change(ledger.accounts[account])
        return {}

    liar.bend("charge_refreshes", charge_refreshes)


def richer(entry: Entry) -> None:
    entry.cash += 1


def poorer(entry: Entry) -> None:
    entry.cash -= 1


def longer(entry: Entry) -> None:
    entry.positions = entry.positions.put(0, entry.positions[0] + 1)


def rekeyed(entry: Entry) -> None:
    assert entry.header is not None
    entry.header = replace(entry.header, owner=STRANGER.owner)


def begun(entry: Entry) -> None:
    entry.touched, entry.header = True, STRANGER


def touched(entry: Entry) -> None:
    entry.touched = True


def test_an_honest_decoy_breaks_nothing(liar: Liar) -> None:
    outcome = liar.outcome(liar.venue.batch(refreshed=[RICH]))
    (decoy,) = (each for each in outcome.accounts if each.index == RICH)
    assert decoy.before is not None and decoy.after is not None
    assert (decoy.after.cash, decoy.after.positions) == (decoy.before.cash, decoy.before.positions)
    assert decoy.after.salt != decoy.before.salt
    assert claims_broken_by(outcome) == set()


@pytest.mark.parametrize(
    ("change", "claim"),
    [
        (richer, "account.value-after"),
        (poorer, "account.value-after"),
        (longer, "position.value-after"),
        (rekeyed, "account.header-kept"),
    ],
)
def test_a_decoy_that_changes_a_leaf(
    liar: Liar, change: Callable[[Entry], None], claim: str
) -> None:
    changing(liar, RICH, change)
    assert claim in liar.claims(liar.venue.batch(refreshed=[RICH]))


def test_an_empty_leaf_decoyed_into_an_account(liar: Liar) -> None:
    batch = liar.venue.batch(refreshed=[NOBODY])
    with pytest.raises(Rejected) as refused:
        liar.outcome(batch)
    assert refused.value.reason is Reason.OPENING_EXCESS
    changing(liar, NOBODY, touched)
    assert claims_broken_by(liar.outcome(batch)) == set(), "an empty leaf may be opened"
    changing(liar, NOBODY, begun)
    assert {"account.header-opened", "account.value-before"} <= liar.claims(batch)
