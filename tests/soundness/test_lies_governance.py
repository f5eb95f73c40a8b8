"""A lie that no proof shows: parameters that no state can go on under.

The circuit knows one batch and its terms, and cannot know in which buckets the triggers of an old
leaf were counted. So whoever takes a series of proofs, L1 or `crypsis verify`, asks.
"""

from dataclasses import replace

import pytest

from rollup.protocol.chain import ChainBroken, Link, require_joined
from tests.helpers.keeper import Scan
from tests.helpers.market_books import terms_at
from tests.helpers.skipped import NEEDY, fallen_book
from tests.helpers.statement import claims_broken_by
from tests.helpers.venue import GOVERNANCE, PRICES


def test_a_step_closes_over_an_account_whose_triggers_are_in_other_buckets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In finer buckets the number of the price stays above the trigger that it has passed."""
    book = fallen_book(monkeypatch)
    venue = book.venue
    fallen, venue.prices = venue.prices, PRICES
    last = venue.run(venue.batch())
    first, *others = GOVERNANCE.markets
    finer = replace(GOVERNANCE, markets=(replace(first, bucket=first.bucket - 20), *others))
    venue.genesis, venue.prices = replace(venue.genesis, governance=finer), fallen
    lie = book.as_it_is(venue.batch())
    assert lie.public.closed
    scan = Scan(venue.state, terms_at(venue.prices, finer))
    assert NEEDY in scan.unhealthy() and NEEDY not in [each.index for each in lie.accounts]
    assert claims_broken_by(lie) == set()
    with pytest.raises(ChainBroken) as caught:
        require_joined(last.public, lie.public)
    assert caught.value.link is Link.GOVERNANCE
