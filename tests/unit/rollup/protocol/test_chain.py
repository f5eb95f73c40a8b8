"""What joins batches: each link is asked for, and a batch that lacks one is named."""

from dataclasses import replace
from functools import cache

import pytest

from rollup.hash.keccak import keccak256
from rollup.protocol.chain import (
    ChainBroken,
    GovernanceChange,
    Link,
    governance_changes,
    require_chained,
    require_consecutive,
)
from rollup.protocol.public import PublicInput
from rollup.protocol.receipt import RECEIPTS_START
from tests.helpers.venue import GOVERNANCE, TOY, Venue, credit


@cache
def chain() -> tuple[PublicInput, ...]:
    """Three batches that join, the second with deposits."""
    venue = Venue(TOY).with_traders(10**12, 10**12)
    deposits = [credit(2, 1, 5), credit(3, 2, 7)]
    batches = ((), deposits, ())
    return tuple(venue.run(venue.batch(entries)).public for entries in batches)


def test_batches_that_follow_each_other_join() -> None:
    require_chained(chain())
    require_chained(chain()[:1])
    require_chained(())


LIES = [
    ({"venue": 8}, Link.VENUE),
    ({"chain": 1}, Link.VENUE),
    ({"number": 3}, Link.NUMBER),
    ({"number": 5}, Link.NUMBER),
    ({"old_root": (1,) * 8}, Link.OLD_ROOT),
    ({"deposits_before": 5}, Link.DEPOSITS),
    ({"total": 2 * 10**12 + 13}, Link.TOTAL),
]


@pytest.mark.parametrize(("changes", "link"), LIES)
def test_a_batch_that_does_not_join_is_named_with_its_link(
    changes: dict[str, object], link: Link
) -> None:
    first, second, third = chain()
    with pytest.raises(ChainBroken) as caught:
        require_chained([first, second, replace(third, **changes)])  # type: ignore[arg-type]
    assert caught.value.link is link
    assert caught.value.number == changes.get("number", 4)


@pytest.mark.parametrize("later", [0, 1])
def test_time_rises(later: int) -> None:
    first, second, third = chain()
    with pytest.raises(ChainBroken) as caught:
        require_chained([first, second, replace(third, time=second.time - later)])
    assert caught.value.link is Link.CLOCK


def test_a_batch_left_out_swapped_or_doubled_does_not_join() -> None:
    first, second, third = chain()
    for wrong in ([first, third], [second, first, third], [first, second, second, third]):
        with pytest.raises(ChainBroken) as caught:
            require_chained(wrong)
        assert caught.value.link is Link.NUMBER


def test_numbers_in_any_order_are_a_run() -> None:
    require_consecutive([4, 2, 3])
    for wrong in ([1, 3], [1, 1, 2]):
        with pytest.raises(ChainBroken):
            require_consecutive(wrong)


def test_a_step_that_is_left_open_goes_on() -> None:
    first, second, third = chain()
    left = replace(second, closed=False, progress=False)
    goes_on = replace(third, book_before=left.book_after)
    require_chained([first, left, goes_on])
    assert goes_on.begins_open and not goes_on.book_after.is_open
    for lie in ([first, left, third], [first, second, goes_on]):
        with pytest.raises(ChainBroken) as caught:
            require_chained(lie)
        assert caught.value.link is Link.BOOK


def test_a_change_of_governance_joins_and_is_named() -> None:
    first, second, third = chain()
    other = replace(GOVERNANCE, clock_ahead_ms=1)
    after = replace(second, governance=other)
    changed = [first, after, replace(third, governance=other, book_before=after.book_after)]
    require_chained(changed)
    assert list(governance_changes(changed)) == [GovernanceChange(3, other.digest())]
    assert not list(governance_changes(chain()))


def test_parameters_that_no_state_can_go_on_under_do_not_join() -> None:
    """In other buckets triggers mean other prices: a step would close over whoever was skipped."""
    first, second, third = chain()
    coarser = replace(GOVERNANCE.markets[0], bucket=GOVERNANCE.markets[0].bucket + 1)
    other = replace(GOVERNANCE, markets=(coarser, *GOVERNANCE.markets[1:]))
    other_first = replace(first, governance=other)
    for lie in (
        [first, second, replace(third, governance=other)],
        [other_first, replace(second, book_before=other_first.book_after)],
    ):
        with pytest.raises(ChainBroken) as caught:
            require_chained(lie)
        assert caught.value.link is Link.GOVERNANCE


HEADS = [keccak256(bytes((place,))) for place in range(2)]


def with_heads(*heads: bytes) -> list[PublicInput]:
    return [replace(public, receipts=head) for public, head in zip(chain(), heads, strict=True)]


@pytest.mark.parametrize(
    "heads",
    [
        (RECEIPTS_START, RECEIPTS_START, HEADS[0]),
        (RECEIPTS_START, HEADS[0], HEADS[0]),
        (HEADS[0], HEADS[0], HEADS[1]),
    ],
)
def test_the_head_of_the_receipts_may_stay_or_move(heads: tuple[bytes, ...]) -> None:
    require_chained(with_heads(*heads))


@pytest.mark.parametrize(
    "heads",
    [(HEADS[0], HEADS[1], HEADS[0]), (HEADS[0], HEADS[1], RECEIPTS_START)],
    ids=["to one that it left", "to the start"],
)
def test_the_head_of_the_receipts_never_comes_back(heads: tuple[bytes, ...]) -> None:
    with pytest.raises(ChainBroken) as caught:
        require_chained(with_heads(*heads))
    assert caught.value.link is Link.RECEIPTS
    assert caught.value.number == 4
