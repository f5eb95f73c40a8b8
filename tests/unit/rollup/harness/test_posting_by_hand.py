"""`crypsis l1 post` on a node, of a venue with a committee: with its word, without one, and with
every word that is none. And `crypsis l1 announce` there, by a governor who signs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("eth_account", reason="the extra `evm` brings it")

from click.testing import CliRunner
from eth_account import Account

from rollup.harness.anvil import anvil_node
from rollup.harness.books import Books, Choice, Closed
from rollup.harness.cli import l1 as commands
from rollup.harness.committee import attestation_of, committee_of, member, names_of, possession_of
from rollup.harness.contract_file import ContractFile
from rollup.harness.evm_target import TEST_CHAIN, EvmTarget
from rollup.harness.oracle import OracleDeployment, oracle_proof
from rollup.harness.people import (
    ALL_PINS,
    GOVERNANCE,
    PINS,
    START,
    address,
    compress_cached,
    deployment,
)
from rollup.installed import installed_chain_proofs
from rollup.l1.committee_files import PublicMember, attestation_to_bytes, member_to_bytes
from rollup.l1.development import DevelopmentL1
from rollup.l1.evm.contract import EvmL1
from rollup.l1.evm.node_chain import NodeChain
from rollup.l1.evm.tools import anvil
from rollup.l1.queue import FULL
from rollup.protocol.committee import Attestation
from rollup.protocol.public_json import public_to_json

KEY = b"\x43" * 32
SENDER = bytes.fromhex(Account.from_key(KEY).address[2:])
NAMES = names_of({"of": ["ann", "ben", "cleo"]})
COMMITTEE = committee_of({"threshold": 2, "of": NAMES}, replace)


@dataclass(frozen=True)
class OnNode:
    """A contract with a committee, and a batch whose header is held and whose proof is brought."""

    url: str
    l1: DevelopmentL1
    folder: Path
    closed: Closed

    def call(self, command: str, *words: object) -> dict[str, Any]:
        """What a command says that signs, with its exit code."""
        place = ("--node", self.url, "--key", self.folder / "key", "--confirmations", 1)
        line = (command, *words, *place, "--contract", self.folder / "contract.json", "--json")
        done = CliRunner().invoke(commands, [str(each) for each in line])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        record = json.loads(done.stdout) if done.stdout.startswith("{") else {"error": done.stderr}
        return {"exit_code": done.exit_code, **record}

    def post(self, word: Attestation | None) -> dict[str, Any]:
        if word is None:
            return self.call("post", self.folder)
        file = self.folder / "word.json"
        file.write_bytes(attestation_to_bytes(word))
        return self.call("post", self.folder, "--attestation", file)

    def word(self, *by: str, **bent: Any) -> Attestation:
        digest = self.closed.public.digest()
        return attestation_of({"by": by, **bent}, COMMITTEE, digest)


@pytest.fixture(scope="module")
def on_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnNode]:
    if anvil() is None:
        pytest.skip("anvil is not installed: make contracts-tools")
    folder = tmp_path_factory.mktemp("node")
    (folder / "key").write_text(KEY.hex())
    with anvil_node(TEST_CHAIN, timestamp=1) as node:
        node.ask("anvil_setBalance", f"0x{SENDER.hex()}", hex(10**20))
        statement = installed_chain_proofs().statement
        target = EvmTarget(NodeChain(node, lambda: 1), statement, compress_cached)
        held = replace(GOVERNANCE, committee=COMMITTEE)
        proofs = tuple(possession_of(NAMES, "honest"))
        genesis = replace(deployment().genesis, governance=held, possession=proofs)
        root = genesis.state(compress_cached).root
        made = replace(deployment(), genesis=genesis, root=root, operator=SENDER, governor=SENDER)
        l1 = target.deploy(OracleDeployment(made, ALL_PINS, START, FULL))
        assert isinstance(l1, EvmL1)
        _write_contract(l1, folder / "contract.json")
        closed = _closed(l1, Books(genesis, root))
        (folder / "public.json").write_bytes(public_to_json(closed.public))
        (folder / "proof.bin").write_bytes(b"brought before")
        yield OnNode(node.url, l1, folder, closed)


def _write_contract(l1: EvmL1, path: Path) -> None:
    facts = tuple(l1._facts[each.shape_class].address for each in ALL_PINS)  # type: ignore[attr-defined]
    venue = l1._venue
    ContractFile(venue.address, TEST_CHAIN, 0, venue.unit, venue.deployment, facts).write(path)


def _closed(l1: EvmL1, books: Books) -> Closed:
    """A batch as far as it is before it is posted."""
    tip, now = books.head(l1), l1.warp(1)
    closed = books.close(tip, Choice(now, False, tip.governance_for(l1, now), ()))
    assert l1.commit_header(SENDER, closed.header).is_taken
    l1._facts[PINS.shape_class].bring(closed.public, oracle_proof(PINS, closed.public), SENDER)
    return closed


def test_a_batch_is_posted_with_its_committees_word_and_with_no_other(on_node: OnNode) -> None:
    bare = on_node.post(None)
    assert bare["exit_code"] == 2, bare
    assert "batch 1 wants the word of 2 of 3 members: --attestation FILE" in bare["error"]
    few = on_node.post(on_node.word(NAMES[0]))
    assert (few["exit_code"], few["reason"]) == (1, "threshold")
    forged = on_node.post(on_node.word(NAMES[0], named=NAMES[:2]))
    assert (forged["exit_code"], forged["reason"]) == (1, "signature")
    beyond = on_node.post(on_node.word(*NAMES[:2], bits=0b1011))
    assert (beyond["exit_code"], beyond["reason"]) == (1, "signers")
    of_another = attestation_of({"by": NAMES[:2]}, COMMITTEE, b"\5" * 32)
    other = on_node.post(of_another)
    assert (other["exit_code"], other["reason"]) == (1, "signature")
    assert "did not sign this batch" in other["error"]
    (on_node.folder / "word.json").write_bytes(b"{}")
    none = on_node.call("post", on_node.folder, "--attestation", on_node.folder / "word.json")
    assert none["exit_code"] == 3 and "word.json" in none["error"]
    assert on_node.l1.proved_number == 0, "nothing of it was sent"
    done = on_node.post(on_node.word(*NAMES[1:]))
    assert done["exit_code"] == 0, done
    assert on_node.l1.proved_number == 1 and done["gas"] > 0


def test_a_governor_who_signs_announces_another_committee(on_node: OnNode) -> None:
    files: list[object] = []
    for name in ("ann", "dave"):
        (proof,) = possession_of([name], "honest")
        path = on_node.folder / f"{name}.json"
        path.write_bytes(member_to_bytes(PublicMember(member(name).key, proof)))
        files += ["--possession", path]
    said = on_node.call("announce", "--threshold", 2, *files)
    assert said["exit_code"] == 0, said
    named = committee_of({"threshold": 2, "of": ["ann", "dave"]}, replace)
    last = on_node.l1.parameters[-1]
    assert last.governance.committee == named
    assert (last.number, last.valid_from) == (said["number"], said["valid_from"])
    both = on_node.call("announce", "--no-committee", "--sender", address("eve").hex())
    assert both["exit_code"] == 2 and "without --sender" in both["error"]
