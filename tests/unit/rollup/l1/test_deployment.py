"""A venue that could not live is not deployed."""

import pytest

from rollup.l1.interface import Revert, Reverted
from rollup.l1.mock import MockL1
from tests.helpers.l1 import AHEAD, BEHIND, StubVerifier, deployment
from tests.helpers.venue import START, toy_compress_many


def deploy(**changes: object) -> MockL1:
    return MockL1(deployment(**changes), [StubVerifier()], lambda: START, toy_compress_many)


def test_the_state_root_is_the_one_of_genesis() -> None:
    deployed = deploy()
    assert deployed.root == deployment().genesis.state(toy_compress_many).root
    assert (deployed.head_number, deployed.proved_number, deployed.tail) == (0, 0, ())
    assert (deployed.refusal, deployed.redo_until) == (None, 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"root": (1,) * 8}, Revert.GENESIS_ROOT),
        ({"operator": b"short"}, Revert.BAD_ADDRESS),
        ({"governor": b""}, Revert.BAD_ADDRESS),
        ({"governance_delay": AHEAD}, Revert.DELAY_TOO_SHORT),
        ({"proof_deadline_ms": 0}, Revert.BAD_DEPLOYMENT),
        ({"interval_ms": 0}, Revert.BAD_DEPLOYMENT),
        ({"interval_ms": BEHIND + AHEAD + 2}, Revert.INTERVAL_TOO_LONG),
        ({"proof_deadline_ms": 2**52}, Revert.BAD_DEPLOYMENT),
        ({"least_deposit": 0}, Revert.BAD_DEPLOYMENT),
        ({"least_deposit": 2**62}, Revert.BAD_DEPLOYMENT),
    ],
)
def test_a_deployment_that_no_venue_could_live_with_is_refused(
    changes: dict[str, object], reason: Revert
) -> None:
    with pytest.raises(Reverted) as caught:
        deploy(**changes)
    assert caught.value.reason is reason


def test_a_delay_just_above_the_clock_bound_is_enough() -> None:
    assert deploy(governance_delay=AHEAD + 1).proved_number == 0
