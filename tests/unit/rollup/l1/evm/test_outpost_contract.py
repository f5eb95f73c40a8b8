"""The outpost's contract does what the mock does: every test of the mock is played on both, on a
machine in this process and on a node, and what one answers, says and keeps the other does."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import pytest

pytest.importorskip("pyrevm", reason="pyrevm has no wheel for this Python")

from rollup.crypto.bls import aggregate
from rollup.harness.anvil import anvil_node
from rollup.l1.evm.artefact import CODE_BYTES_MAX, artefact
from rollup.l1.evm.bls_calls import PrecompileCall, possession_calls, signed_calls
from rollup.l1.evm.chain import Chain
from rollup.l1.evm.deploy import create_token
from rollup.l1.evm.node_chain import NodeChain
from rollup.l1.evm.outpost_contract import EvmOutpost, deploy_outpost
from rollup.l1.evm.revm_chain import RevmChain
from rollup.l1.evm.tools import anvil
from rollup.l1.evm.workshop import Workshop
from rollup.l1.interface import Revert, Reverted
from rollup.l1.outpost import MockOutpost, OutpostDeployment
from rollup.protocol.checkpoint import Link, Succession
from rollup.protocol.committee import Attestation
from tests.helpers import chains, venue
from tests.helpers.chains import COMMITTEE, possession
from tests.unit.rollup.l1 import test_outposts as of_mock

FAR_CHAIN = chains.FAR_CHAIN
signed = lru_cache(maxsize=1024)(signed_calls)
possessed = lru_cache(maxsize=64)(possession_calls)
really = lru_cache(maxsize=1024)(chains.really)


class Twin:
    """An outpost on a chain and the mock beside it: each call is made of both."""

    def __init__(self, contract: EvmOutpost, mock: MockOutpost) -> None:
        self.contract, self.mock = contract, mock

    def __getattr__(self, name: str) -> Any:
        return getattr(self.mock, name)

    def mint(self, owner: bytes, amount: int) -> None:
        self.mock.mint(owner, amount)
        self.contract.mint(owner, amount)

    def deposit(self, *call: Any) -> Any:
        return self._both("deposit", *call)

    def hear(self, sender: bytes, said: Any, entries: Any, word: Attestation) -> Any:
        self._tell(said.encode(), word)
        return self._both("hear", sender, said, entries, word)

    def succeed(self, sender: bytes, committee: Any, proofs: Any, word: Attestation) -> Any:
        link, serial = self.mock.link, self.mock.serial + 1
        self._tell(Succession(link, serial, committee.encode()).encode(), word)
        for key, proof in zip(committee.keys, proofs, strict=False):
            tell(self.contract._chain, possessed(key, proof))
        return self._both("succeed", sender, committee, proofs, word)

    def withdraw(self, *call: Any) -> Any:
        return self._both("withdraw", *call)

    def reclaim(self, *call: Any) -> Any:
        return self._both("reclaim", *call)

    def _tell(self, message: bytes, word: Attestation) -> None:
        keys = b"".join(self.mock.committee.signers(word.signers))
        tell(self.contract._chain, signed(keys, message, word.signature))

    def _both(self, name: str, *call: Any) -> Any:
        calls = [partial(getattr(each, name), *call) for each in (self.contract, self.mock)]
        came, wanted = map(outcome, calls)
        assert came == wanted
        self.require_same()
        if isinstance(wanted, Revert):
            raise Reverted(wanted)
        return wanted

    def require_same(self) -> None:
        """All that can be read is the same."""
        contract, mock = self.contract, self.mock
        for name in ("standing", "root", "committee", "serial", "inbox", "events"):
            assert getattr(contract, name) == getattr(mock, name), name
        heads = range(-1, len(mock.inbox) + 2)
        assert [*map(contract.inbox_head, heads)] == [*map(mock.inbox_head, heads)]
        ledger = mock.ledgers[0]
        assert (contract.custody(), contract.funds()) == (ledger.custody, ledger.funds)
        for owner in (of_mock.ALICE, of_mock.BOB, of_mock.STRANGER):
            assert contract.pending(owner) == ledger.pending.get(owner, 0)
            assert contract.wallet(owner) == ledger.wallets.get(owner, 0)


def outcome(call: Callable[[], object]) -> object:
    """What a call answers, or why it reverts."""
    try:
        return call()
    except Reverted as error:
        return error.reason


def tell(chain: Chain, calls: list[PrecompileCall]) -> None:
    if isinstance(chain, RevmChain):
        chain.tell(calls)


@pytest.fixture(scope="module", params=["revm", "anvil"])
def chain(request: pytest.FixtureRequest) -> Iterator[Chain]:
    """A chain of whose number outposts are."""
    if request.param == "revm":
        yield RevmChain()
        return
    if anvil() is None:
        pytest.skip("anvil is not installed: make contracts-tools")
    with anvil_node(FAR_CHAIN, 1) as node:
        yield NodeChain(node, lambda: venue.START)


@pytest.fixture
def pair(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> chains.Pair:
    """Home in the mock, and the outpost twice. Members sign really."""
    number = 1 if isinstance(chain, RevmChain) else FAR_CHAIN
    for key, proof in zip(COMMITTEE.keys, possession(), strict=True):
        tell(chain, possessed(key, proof))
    workshop = Workshop(chain)
    tokens = {0: create_token(workshop, "USDC", 6)}
    caps, leasts = ((0, chains.CAP),), ((0, chains.LEAST),)
    link = Link(venue.CHAIN, venue.VENUE, number, bytes(20))
    made = OutpostDeployment(link, COMMITTEE, possession(), caps, leasts)
    contract = deploy_outpost(workshop, made, tokens)
    monkeypatch.setattr(chains, "LINK", contract.link)
    monkeypatch.setattr(chains, "ADDRESS", contract.address)
    monkeypatch.setattr(chains, "FAR_CHAIN", number)
    monkeypatch.setattr(of_mock, "LINK", contract.link)
    monkeypatch.setattr(of_mock, "FAR_CHAIN", number)
    found = chains.Pair(really, aggregate)
    found.outpost = Twin(contract, found.outpost)  # type: ignore[assignment]
    found.world.register(1, 100)
    found.world.batch()
    return found


PLAYED = [
    of_mock.test_a_deposit_here_is_withdrawn_there_as_far_as_money_is_there,
    of_mock.test_no_more_is_counted_there_than_the_cap,
    of_mock.test_a_checkpoint_is_later_than_the_last,
    of_mock.test_the_outbox_is_paid_in_order_and_once,
    of_mock.test_no_false_checkpoint_pays_what_is_not_there,
    of_mock.test_a_deposit_there_is_held_to_what_the_outpost_knows,
    of_mock.test_the_committee_changes_by_the_word_of_the_one_before_it,
    of_mock.test_after_the_end_what_home_never_took_goes_back,
    of_mock.test_an_entry_that_came_elsewhere_is_reclaimed_where_its_money_is,
]


@pytest.mark.parametrize("play", PLAYED, ids=lambda play: play.__name__.removeprefix("test_"))
def test_the_contract_does_what_the_mock_does(
    pair: chains.Pair, play: Callable[[chains.Pair], None]
) -> None:
    play(pair)


@pytest.mark.parametrize("lie", of_mock.LIES)
def test_too_few_members_attest_to_nothing(
    pair: chains.Pair, lie: Callable[[chains.Pair, bytes], Attestation]
) -> None:
    of_mock.test_too_few_members_attest_to_nothing(pair, lie)


@pytest.mark.parametrize("name", ["venue", "address"])
def test_what_is_said_of_another_outpost_is_not_said_of_this(pair: chains.Pair, name: str) -> None:
    changes = {"venue": venue.VENUE + 1, "address": b"\x0e" * 20}
    other = replace(chains.LINK, **{name: changes[name]})
    of_mock.test_what_is_said_of_another_outpost_is_not_said_of_this(pair, other)


def test_it_fits_a_chain() -> None:
    assert artefact("Outpost").runtime <= CODE_BYTES_MAX
