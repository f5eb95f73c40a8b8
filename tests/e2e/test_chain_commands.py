"""The contracts as a user deploys and calls them: a real batch of the demonstration, on a node."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("eth_account", reason="the extra `evm` brings it")

from eth_account import Account

from rollup.harness.anvil import anvil_node
from rollup.harness.contract_file import read_contract
from rollup.harness.on_chain import caller_of
from rollup.l1.evm.artefact import CODE_BYTES_MAX
from rollup.l1.evm.chain import RAW_BYTES_MAX
from rollup.l1.evm.contract import EvmL1
from rollup.l1.evm.node_chain import NodeChain
from rollup.l1.evm.rpc import HttpNode, text
from rollup.l1.evm.tools import anvil
from rollup.protocol.deposit import EntryKind, QueueEntry
from rollup.protocol.header import header_of
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import public_from_json
from tests.helpers.program import Demo, Done, crypsis

KEY = b"\x42" * 32
OPERATOR = Account.from_key(KEY).address
MS = 1000
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class OnChain:
    """A deployed venue, the node it is on, and a batch that is closed on it."""

    node: HttpNode
    l1: EvmL1
    folder: Path
    bundle: Path
    public: PublicInput
    deployed: dict[str, Any]

    def call(self, command: str, *arguments: object) -> Done:
        signed = ("--node", self.node.url, "--key", self.folder / "key", "--confirmations", 1)
        contract = ("--contract", self.folder / "contract.json")
        return crypsis("l1", command, "--json", *signed, *contract, *arguments)


@pytest.fixture(scope="module")
def on_chain(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnChain]:
    """Everything up to the proof: the queue of the demonstration, and the header of its batch."""
    if anvil() is None:
        pytest.skip("anvil is not installed: make contracts-tools")
    folder, bundle = tmp_path_factory.mktemp("chain"), demo.batch(1) / "public"
    public = public_from_json((bundle / "public.json").read_bytes())
    (folder / "key").write_text(f"0x{KEY.hex()}\n")
    with anvil_node(public.chain, timestamp=public.time // MS) as node:
        node.ask("anvil_setBalance", OPERATOR, hex(10**20))
        chain = NodeChain(node, lambda: public.time // MS)
        done = _deployed(node, folder, demo.target / "genesis.json")
        assert done.code == 0, done.stdout + done.stderr
        contract = read_contract(folder / "contract.json")
        l1 = caller_of(chain, contract, lambda what, receipt: None)
        for deposit in public.deposits:
            _queue(l1, deposit.entry)
        head = l1.queue_head(len(public.deposits))
        assert head is not None
        header = header_of(public, head)
        assert l1.commit_header(contract.deployment.operator, header).is_taken
        yield OnChain(node, l1, folder, bundle, public, done.json)


def _deployed(node: HttpNode, folder: Path, genesis: Path) -> Done:
    terms = (
        *("--interval-ms", 1, "--governance-delay-ms", HOUR_MS),
        *("--proof-deadline-ms", HOUR_MS, "--least-deposit", 1),
    )
    signed = ("--node", node.url, "--key", folder / "key", "--confirmations", 1)
    files = ("--genesis", genesis, "--out", folder / "contract.json")
    return crypsis("l1", "deploy", "--json", *signed, *files, "--parameters", "fast", *terms)


def _queue(l1: EvmL1, entry: QueueEntry) -> None:
    l1.mint(entry.owner, entry.amount, entry.asset)
    money = (entry.amount, entry.asset)
    if entry.kind is EntryKind.REGISTER:
        made = l1.register(entry.owner, entry.key_words, entry.viewing_words, *money)
    else:
        made = l1.credit(entry.owner, entry.account, *money)
    assert made == entry


def test_what_is_deployed_is_written_and_fits_any_chain(on_chain: OnChain) -> None:
    contract = read_contract(on_chain.folder / "contract.json")
    assert on_chain.deployed["contract"] == contract.address.hex()
    assert on_chain.deployed["verifiers"] == [each.hex() for each in contract.facts]
    for address in (contract.address, *contract.facts):
        code = on_chain.node.ask("eth_getCode", text(address), "latest")
        assert 2 < len(code) <= 2 + 2 * CODE_BYTES_MAX
    gas = [each["gas"] for each in on_chain.deployed["transactions"]]
    assert sum(gas) == on_chain.deployed["gas"] and max(gas) <= 1 << 24


def test_a_batch_without_its_proof_is_refused_and_costs_nothing(on_chain: OnChain) -> None:
    done = on_chain.call("post", on_chain.bundle)
    assert (done.code, done.json["reason"]) == (5, "proof")
    assert on_chain.l1.proved_number == 0


def test_a_proof_that_is_none_is_refused_by_the_contract(on_chain: OnChain, tmp_path: Path) -> None:
    """A byte of the last query is another one: the opening is good, the query is not."""
    proof = bytearray((on_chain.bundle / "proof.bin").read_bytes())
    proof[-1_000] ^= 1
    (tmp_path / "proof.bin").write_bytes(proof)
    (tmp_path / "public.json").write_bytes((on_chain.bundle / "public.json").read_bytes())
    done = on_chain.call("verify", tmp_path)
    assert done.code == 1 and "query 82" in done.json["error"], done.stdout
    assert on_chain.call("post", on_chain.bundle).json["reason"] == "proof"


def test_a_batch_is_verified_whole_and_then_taken(on_chain: OnChain) -> None:
    verified = on_chain.call("verify", on_chain.bundle)
    assert verified.code == 0, verified.stdout + verified.stderr
    assert len(verified.json["transactions"]) >= 3
    assert max(each["gas"] for each in verified.json["transactions"]) <= 1 << 24
    assert _largest(on_chain.node) <= RAW_BYTES_MAX
    again = on_chain.call("verify", on_chain.bundle)
    assert again.json["transactions"] == []
    posted = on_chain.call("post", on_chain.bundle)
    assert posted.code == 0, posted.stdout + posted.stderr
    l1, public = on_chain.l1, on_chain.public
    assert (l1.proved_number, l1.root) == (1, public.new_root)
    assert l1.custody == public.total and l1.queued == 0
    for refund in public.refunds:
        assert l1.withdraw(refund.entry.owner, refund.entry.asset) == refund.entry.amount


def _largest(node: HttpNode) -> int:
    """Bytes of the longest transaction that the node has mined."""
    head = int(node.ask("eth_blockNumber"), 16)
    blocks = (node.ask("eth_getBlockByNumber", hex(place), True) for place in range(head + 1))
    hashes = [each["hash"] for block in blocks for each in block["transactions"]]
    return max(len(node.ask("eth_getRawTransactionByHash", each)) // 2 - 1 for each in hashes)


def test_status_is_read_by_anybody(on_chain: OnChain) -> None:
    contract = ("--contract", on_chain.folder / "contract.json")
    done = crypsis("l1", "status", "--json", "--node", on_chain.node.url, *contract)
    assert done.code == 0, done.stdout + done.stderr
    found = done.json
    assert (found["proved_number"], found["head_number"]) == (1, 1)
    assert found["queue"] == found["consumed"] == len(on_chain.public.deposits)
    bond = crypsis("l1", "bond", "status", "--json", "--node", on_chain.node.url, *contract)
    assert bond.code == 0, bond.stdout + bond.stderr
    assert (bond.json["stands"], bond.json["least"]) == (found["bond"], str(10**10))


def test_a_key_is_never_in_a_message(on_chain: OnChain, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY.hex()} and more")
    signed = ("--node", on_chain.node.url, "--key", tmp_path / "key")
    contract = ("--contract", on_chain.folder / "contract.json")
    done = crypsis("l1", "post", *signed, *contract, on_chain.bundle)
    assert done.code == 3 and KEY.hex() not in done.stdout + done.stderr


def test_the_bill_has_every_call_and_the_parts_of_a_proof(on_chain: OnChain) -> None:
    done = crypsis("l1", "gas", "--json", "--bundle", on_chain.bundle, "--parameters", "fast")
    assert done.code == 0, done.stdout + done.stderr
    bills = json.loads(done.stdout)["bills"]
    assert {"register", "credit", "commitHeader", "post", "withdraw", "begin"} <= {
        each["transaction"] for each in bills
    }
    assert all(0 < each["gas"] <= each["gas_next_fork"] for each in bills)
