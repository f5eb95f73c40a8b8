"""The contract of a venue beside the suite: what nothing is created or called with, its clock, and
how large its code is."""

from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("pyrevm", reason="pyrevm has no wheel for this Python")

from rollup.harness.oracle import oracle_proof
from rollup.harness.people import GOVERNOR, OPERATOR, PINS, address, deployment
from rollup.harness.stage import Stage, governance_of
from rollup.hash.keccak import keccak256
from rollup.l1.connection import RefusedByPeer
from rollup.l1.evm.abi import Interface
from rollup.l1.evm.artefact import CODE_BYTES_MAX, FOLDER, INITCODE_BYTES_MAX, artefact
from rollup.l1.evm.chain import CallReverted
from rollup.l1.evm.contract import REVERTED, EvmL1
from rollup.l1.evm.deploy import Surroundings, create_token, deploy_venue, prepare
from rollup.l1.evm.revm_chain import RevmChain
from rollup.l1.evm.workshop import Workshop
from rollup.l1.interface import Revert
from rollup.l1.queue import FULL, QueueLimits
from rollup.oracle.package import packages_to_bytes
from rollup.protocol.assets import USDC
from rollup.protocol.public import PublicInput
from tests.helpers.odd_tokens import OddTarget, played

ROLLUP = Interface(artefact("Rollup").abi)
MALFORMED = keccak256(b"Malformed()")[:4]
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
ASSETS = governance_of({"markets": [{"like": 0}, {"like": 1}, {"asset": "A"}, {"asset": "B"}]})


@pytest.mark.parametrize("name", NAMES)
def test_every_contract_fits_what_a_chain_takes(name: str) -> None:
    made = artefact(name)
    assert 0 < made.runtime <= CODE_BYTES_MAX
    assert made.runtime <= len(made.code) <= INITCODE_BYTES_MAX


def test_the_contract_fits_with_the_most_that_it_is_created_with() -> None:
    markets = [{"like": 0}, *({"asset": f"A{n}"} for n in range(63))]
    governance = governance_of({"markets": markets})
    assert len(artefact("Rollup").code) + len(governance.encode()) + 64 * 64 + 8 * 1024 < (
        INITCODE_BYTES_MAX
    )


@pytest.fixture
def workshop() -> Workshop:
    return Workshop(RevmChain(1_700_000_000))


def around(workshop: Workshop, **changes: Any) -> Surroundings:
    tokens = {USDC: create_token(workshop, "USDC", 6)}
    return replace(Surroundings(tokens), **changes)


@pytest.mark.parametrize("unit", [1, 1000])
def test_its_time_is_the_chains_in_milliseconds(workshop: Workshop, unit: int) -> None:
    venue = deploy_venue(workshop, deployment(), around(workshop, unit=unit))
    said = workshop.chain.read(venue.address, ROLLUP.call("time"))
    assert ROLLUP.answer("time", said) == (1_700_000_000 * unit,)


@pytest.mark.parametrize(
    "changes",
    [
        {"unit": 0},
        {"unit": 1001},
        {"limits": QueueLimits(FULL.accounts + 1, FULL.entries)},
        {"limits": QueueLimits(FULL.accounts, FULL.entries + 1)},
        {"tokens": {USDC: (b"\x77" * 20, 1)}},
        {"tokens": {USDC: (bytes(20), 1)}},
    ],
)
def test_nothing_is_created_with_what_cannot_be(
    workshop: Workshop, changes: dict[str, Any]
) -> None:
    with pytest.raises(RefusedByPeer, match=MALFORMED.hex()):
        deploy_venue(workshop, deployment(), around(workshop, **changes))


def test_nothing_is_created_without_a_contract_that_hashes(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    surroundings = around(workshop)
    prepare(workshop)
    monkeypatch.setattr("rollup.l1.evm.deploy.prepare", lambda _: b"\x77" * 20)
    with pytest.raises(RefusedByPeer, match=MALFORMED.hex()):
        deploy_venue(workshop, deployment(), surroundings)


def test_no_token_has_units_of_nothing(workshop: Workshop) -> None:
    token, _ = create_token(workshop, "USDC", 6)
    with pytest.raises(RefusedByPeer, match=MALFORMED.hex()):
        deploy_venue(workshop, deployment(), around(workshop, tokens={USDC: (token, 0)}))


@pytest.fixture(scope="module")
def target() -> OddTarget:
    return OddTarget()


def announce(target: OddTarget, number: int, *tokens: tuple[bytes, int]) -> bytes:
    """What the governor's call was refused with; nothing if it was not."""
    calldata = ROLLUP.call("announceGovernance", ASSETS.encode(), number, list(tokens), b"")
    try:
        target.chain.send(target.venue, calldata, address(GOVERNOR))
    except CallReverted as error:
        return error.data
    return b""


def test_every_asset_that_is_listed_has_a_token_of_its_own_for_ever(target: OddTarget) -> None:
    played(target, "{ wait = 1 },")
    usdc, first, second, third = (target._token(n) for n in range(4))
    usdc = (target.made[0], 1)
    for wrong in (
        (),
        (first,),
        (first, second, third),
        (first, first),
        (first, usdc),
        (first, (second[0], 0)),
        (first, (b"\x77" * 20, 1)),
        (first, (bytes(20), 1)),
    ):
        assert announce(target, 5, *wrong) == MALFORMED, wrong
    assert announce(target, 5, first, second) == b""
    assert announce(target, 6, first, second) == MALFORMED
    assert announce(target, 6) == b""
    said = target.chain.read(target.venue, ROLLUP.call("vault", 4))
    assert ROLLUP.answer("vault", said)[4] == ("0x" + second[0].hex(), 1)


POSTED = """
  { register = "alice", amount = 50 },
  { wait = 1000 },
  { close = "first" }, { commit = "first" },
"""


def parts(public: PublicInput) -> list[bytes]:
    reports = packages_to_bytes(tuple(public.reports))
    book = public.book_before.encode()
    return [public.encode(), public.governance.encode(), book, reports, b""]


def post(target: OddTarget, *arguments: bytes) -> bytes:
    try:
        calldata = ROLLUP.call("post", *arguments)
        target.chain.send(target.venue, calldata, address(OPERATOR))
    except CallReverted as error:
        return error.data
    return b""


def batch(world: Stage) -> PublicInput:
    return world.batch("first").public


def test_a_batch_is_its_canonical_bytes_and_no_others(target: OddTarget) -> None:
    world = played(target, POSTED)
    good = parts(batch(world))
    proof = REVERTED + bytes(31) + bytes([list(Revert).index(Revert.PROOF)])
    assert post(target, *good) == proof
    for place in range(4):
        for bent in (good[place] + b"\0", good[place][:-1], good[place][:-1] + b"\xff"):
            assert post(target, *good[:place], bent, *good[place + 1 :]) == MALFORMED


def test_a_batch_is_posted_once(target: OddTarget) -> None:
    world = played(target, POSTED)
    public = batch(world)
    assert isinstance(world.l1, EvmL1)
    world.l1.post_batch(address(OPERATOR), public, oracle_proof(PINS, public))
    number = REVERTED + bytes(31) + bytes([list(Revert).index(Revert.WRONG_NUMBER)])
    assert post(target, *parts(public)) == number
