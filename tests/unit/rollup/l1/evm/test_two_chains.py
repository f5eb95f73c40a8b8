"""Two nodes, one book: a deposit on one chain is withdrawn on the other, as far as it is there."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from rollup.harness.anvil import anvil_node
from rollup.harness.books import Books, Choice, queued_after
from rollup.harness.committee import committee_of, member, names_of, possession_of, word_of
from rollup.harness.evm_target import TEST_CHAIN, EvmTarget
from rollup.harness.oracle import OracleDeployment, oracle_proof
from rollup.harness.people import (
    ALL_PINS,
    START,
    address,
    compress_cached,
    deployment,
    key_words,
    viewing_words,
)
from rollup.installed import installed_chain_proofs
from rollup.l1.development import DevelopmentL1
from rollup.l1.elsewhere import Outpost
from rollup.l1.evm.deploy import create_token
from rollup.l1.evm.node_chain import NodeChain
from rollup.l1.evm.outpost_contract import EvmOutpost, deploy_outpost
from rollup.l1.evm.tools import anvil
from rollup.l1.evm.workshop import Workshop
from rollup.l1.interface import Revert, Reverted
from rollup.l1.outpost import OutpostDeployment
from rollup.l1.queue import FULL
from rollup.l1.relay import Member, Relay, Sight
from rollup.protocol.checkpoint import Link
from rollup.protocol.committee import Committee, availability_message
from rollup.protocol.public import GrantedWithdrawal

FAR_CHAIN = TEST_CHAIN + 1
DAY = 86_400_000
SAID = {"threshold": 2, "of": ["ann", "ben", "cleo"]}
NAMES = names_of(SAID)
COMMITTEE = committee_of(SAID, replace)
CAPS, LEASTS = ((0, 10_000),), ((0, 5),)
ALICE, BOB = address("alice"), address("bob")


@pytest.fixture(scope="module")
def nodes() -> Iterator[tuple[NodeChain, NodeChain]]:
    """Home's chain and the other, each with real precompiles."""
    if anvil() is None:
        pytest.skip("anvil is not installed: make contracts-tools")
    with ExitStack() as stack:
        made = [stack.enter_context(anvil_node(each, 1)) for each in (TEST_CHAIN, FAR_CHAIN)]
        home, far = (NodeChain(node, lambda: START) for node in made)
        yield home, far


def home_on(chain: NodeChain) -> DevelopmentL1:
    possession = tuple(possession_of(NAMES, "honest"))
    plain = deployment()
    governance = replace(plain.genesis.governance, committee=COMMITTEE)
    genesis = replace(plain.genesis, governance=governance, possession=possession)
    root = genesis.state(compress_cached).root
    asked = OracleDeployment(replace(plain, genesis=genesis, root=root), ALL_PINS, START, FULL)
    target = EvmTarget(chain, installed_chain_proofs().statement, compress_cached)
    return target.deploy(asked)


def outpost_on(chain: NodeChain) -> EvmOutpost:
    workshop = Workshop(chain)
    genesis = deployment().genesis
    link = Link(genesis.chain, genesis.venue, FAR_CHAIN, bytes(20))
    proofs = tuple(possession_of(NAMES, "honest"))
    made = OutpostDeployment(link, COMMITTEE, proofs, CAPS, LEASTS)
    return deploy_outpost(workshop, made, {0: create_token(workshop, "USDC", 6)})


def batch(home: DevelopmentL1, books: Books, *withdrawals: GrantedWithdrawal) -> None:
    """A batch of all that is queued, which pays these, proved by the oracle in a verifier's place
    and attested to by the committee."""
    home.warp(1)
    tip, now = books.head(home), home.now()
    governance, entries = tip.governance_for(home, now), queued_after(home, tip)
    closed = books.close(tip, Choice(now, False, governance, entries, withdrawals=withdrawals))
    operator = deployment().operator
    assert home.commit_header(operator, closed.header).is_taken
    public = closed.public
    word = word_of({"by": ["ann", "ben"]}, COMMITTEE, availability_message(public.digest()))
    pins = {each.shape_class: each for each in ALL_PINS}[public.shape_class]
    home.post_batch(operator, public, oracle_proof(pins, public), word)


def refusal(call: object, *arguments: object) -> Revert:
    with pytest.raises(Reverted) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.reason


def test_a_deposit_on_one_chain_is_withdrawn_on_the_other(
    nodes: tuple[NodeChain, NodeChain],
) -> None:
    home, outpost = home_on(nodes[0]), outpost_on(nodes[1])
    books = Books(home.deployment.genesis, home.deployment.root)  # type: ignore[attr-defined]
    home.announce_outpost(address("governor"), Outpost(FAR_CHAIN, outpost.address, CAPS))
    home.mint(ALICE, 100)
    home.register(ALICE, key_words("alice"), viewing_words(), 100)
    home.warp(DAY)
    sight = Sight(home, outpost)
    members = [(member(name).key, Member(member(name), sight).sign) for name in NAMES]
    relay = Relay(sight, members, address("eve"))

    outpost.mint(BOB, 40)
    outpost.deposit(BOB, 1, 40)
    entries, taken = sight.coming(), sight.inbox_head(1)
    assert relay.take_in(COMMITTEE) == 1
    assert taken is not None
    word = word_of({"by": ["ann", "ben"]}, COMMITTEE, taken.encode())
    again = (address("eve"), FAR_CHAIN, entries, word)
    assert refusal(home.take_in_from, *again) is Revert.ENTRIES_DIFFER

    batch(home, books, GrantedWithdrawal(ALICE, 130))
    assert refusal(home.withdraw, ALICE) is Revert.FUNDS_ELSEWHERE
    assert refusal(home.send, ALICE, FAR_CHAIN, 0, 41) is Revert.NOT_ELSEWHERE
    home.send(ALICE, FAR_CHAIN, 0, 30)
    assert home.withdraw(ALICE) == 100
    assert refusal(outpost.withdraw, ALICE) is Revert.NOTHING_TO_WITHDRAW
    assert relay.tell()
    assert not relay.tell()
    assert outpost.withdraw(ALICE) == 30
    assert (home.funds, outpost.funds(), home.custody) == (0, 10, 10)
    assert outpost.root == home.root
    assert home.outposts[FAR_CHAIN].elsewhere == {0: 10}


def test_committees_are_the_same_bytes_on_both_chains(nodes: tuple[NodeChain, NodeChain]) -> None:
    outpost = outpost_on(nodes[1])
    assert (outpost.committee, outpost.serial) == (COMMITTEE, 0)
    with pytest.raises(Reverted) as caught:
        outpost.succeed(
            BOB,
            Committee(1, COMMITTEE.keys[:1]),
            (),
            word_of({"by": ["ann", "ben"]}, COMMITTEE, b"anything else"),
        )
    assert caught.value.reason is Revert.ATTESTATION
