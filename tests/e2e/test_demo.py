"""Orders in, proofs out, a new root: through the command, at `fast`, nothing replaced."""

from collections.abc import Callable

import pytest

from rollup.harness import some_evm
from rollup.harness.some_evm import IN_PROCESS, NODE
from rollup.installed import installed_chain_proofs, installed_verifier
from rollup.l1.evm.chain import GAS_MAX
from rollup.ports import VerificationError
from rollup.protocol.public_json import public_from_json
from sequencer.demo.events import EvmAbsent, EvmReady, EvmTrial, VenueLeft
from sequencer.demo.market.calibration import TAPE_FILE
from sequencer.demo.on_evm import LIES, on_evm
from tests.helpers.feeds import data_folder
from tests.helpers.program import Demo, crypsis

PRICE_LIES = {
    "unsigned price": "price-differs",
    "stale reports": "report-slot",
    "one signer twice": "report-repeated",
    "short quorum": "report-quorum",
    "malleated signature": "report-signature",
}

_OTHER = {NODE: "_in_process", IN_PROCESS: "_node"}
"""What opens the other EVM, by each one's name."""


def test_every_batch_is_proved_and_accepted(demo: Demo) -> None:
    batches = demo.record["batches"]
    assert [batch["batch"] for batch in batches] == [1, 2]
    for batch in batches:
        assert batch["accepted"] and batch["reverted"] == ""
        assert batch["parameter_set"] == "fast" and batch["bits"] >= 100
        assert batch["trades_matched"] == batch["trades_wanted"]
    assert [batch["fills"] > 0 for batch in batches] == [True, False]
    assert len({batch["root"] for batch in batches} | {demo.record["genesis_root"]}) == 3


def test_who_dared_is_liquidated_in_the_last_batch(demo: Demo) -> None:
    assert [batch["liquidated"] for batch in demo.record["batches"]] == [0, 1]
    fallen = demo.record["batches"][-1]
    assert fallen["taken"] > fallen["liquidation_fees"] > 0


def test_the_venue_refused_what_it_had_to(demo: Demo) -> None:
    first = demo.record["batches"][0]
    assert set(first["deposits_refused"]) == {
        "account-missing",
        "key-non-canonical",
        "key-off-curve",
    }
    assert {"envelope-not-authentic", "order-signature", "replayed"} <= set(first["refused"])


def test_every_forgery_is_refused_with_a_reason(demo: Demo) -> None:
    verdicts = {each["name"]: each["refused_by"] for each in demo.record["forgeries"]}
    assert verdicts["inflated balance"] == "rules"
    assert verdicts["over-filled order"] == "rules"
    assert verdicts["flipped proof byte"] == "verifier"
    assert verdicts["spared fee"] == verdicts["too much taken"] == "rules"
    assert verdicts["skipped account"] == verdicts["lowered counter"] == "rules"
    reasons = {each["name"]: each["reason"] for each in demo.record["forgeries"]}
    assert {name: reasons[name] for name in PRICE_LIES} == PRICE_LIES
    assert reasons["skipped account"] == "skipped" and reasons["lowered counter"] == "old-root"
    assert all(each["reason"] for each in demo.record["forgeries"])


def test_contracts_verify_the_last_proof_and_refuse_what_is_changed(demo: Demo) -> None:
    found = demo.record["evm"]
    if "lacks" in found:
        pytest.skip(found["lacks"])
    proof, *forged = found["trials"]
    assert proof["proved"] and proof["on_chain"] == proof["in_python"] == ""
    assert (
        sum(each["calldata"] for each in proof["transactions"])
        > demo.record["batches"][-1]["proof_bytes"]
    )
    assert all(0 < each["gas"] <= GAS_MAX for each in proof["transactions"])
    assert [each["name"] for each in forged] == ["of a query", "of the opening"]
    for each in forged:
        assert not each["proved"] and each["transactions"][-1]["gas"] is None


@pytest.mark.parametrize("engine", [NODE, IN_PROCESS])
def test_contracts_refuse_for_the_reason_for_which_python_does(
    demo: Demo, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On each EVM that is here, and both say the same of the same bytes."""
    monkeypatch.setattr(some_evm, _OTHER[engine], lambda *_: None)
    folder, verifier = demo.batch(2) / "public", installed_verifier("fast", "S")
    public = public_from_json((folder / "public.json").read_bytes())
    events = list(on_evm(public, (folder / "proof.bin").read_bytes(), verifier))
    if isinstance(events[0], EvmAbsent):
        pytest.skip(f"no {engine} here")
    ready, *trials, left = events
    assert isinstance(left, VenueLeft) and left.as_mock
    assert isinstance(ready, EvmReady) and ready.engine == engine
    parts = installed_chain_proofs().parts(public, (folder / "proof.bin").read_bytes(), "fast")
    _, *forged = trials
    for lie, trial in zip(LIES, forged, strict=True):
        assert isinstance(trial, EvmTrial)
        changed = lie.forge(parts)
        with pytest.raises(VerificationError) as refused:
            verifier.verify(public, changed.opening + b"".join(changed.queries))
        assert trial.on_chain.partition(": ")[0] == refused.value.reason.value
        assert trial.in_python == str(refused.value)
    assert all(isinstance(trial, EvmTrial) and trial.is_as_wanted for trial in trials)
    assert [trial.on_chain for trial in trials] == [
        each["on_chain"] for each in demo.record["evm"]["trials"]
    ]


def test_people_leave_a_venue_without_its_operator(demo: Demo) -> None:
    found = demo.record["evm"]
    if "lacks" in found:
        pytest.skip(found["lacks"])
    from rollup.harness.left_venue import BROUGHT, LATE, WON

    left = found["left_venue"]
    assert left["as_mock"]
    paid = {(each["who"], each["call"]): each["paid"] for each in left["exits"] if each["paid"]}
    got = [quanta for (_, call), quanta in paid.items() if call != "escape"]
    assert sum(got) == sum(BROUGHT.values()) + LATE
    assert paid["alice", "withdraw"] == BROUGHT["alice"] + WON
    assert [each["reason"] for each in left["exits"] if each["reason"]] == [
        "not-overdue",
        "not-owner",
        "wrong-leaf",
        "escaped",
    ]


def test_the_same_seed_gives_the_same_roots(demo: Demo, run_demo: Callable[..., Demo]) -> None:
    again = run_demo("--batches", 1, "--no-evm", seed=demo.seed)
    assert again.record["evm"] is None
    assert again.record["genesis_root"] == demo.record["genesis_root"]
    assert again.record["batches"][0]["root"] == demo.record["batches"][0]["root"]


def test_the_journal_replays_to_the_same_roots(demo: Demo) -> None:
    done = crypsis("replay", demo.target / "private" / "journal", "--json")
    assert done.code == 0
    roots = [batch["root"] for batch in done.json["batches"]]
    assert roots == [batch["root"] for batch in demo.record["batches"]]


def test_private_files_are_for_their_owner_only(demo: Demo) -> None:
    private = [demo.target / "private", *demo.target.glob("batches/*/private")]
    assert len(private) == 3
    for folder in private:
        assert folder.stat().st_mode & 0o077 == 0
        assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())


def test_a_bundle_holds_three_public_files_and_nothing_private(demo: Demo) -> None:
    for number in (1, 2):
        public = demo.batch(number) / "public"
        files = ["data.bin", "proof.bin", "public.json"]
        assert sorted(path.name for path in public.iterdir()) == files


def test_a_recorded_feed_is_replayed(run_demo: Callable[..., Demo]) -> None:
    feed = data_folder() / TAPE_FILE
    if not feed.exists():
        pytest.skip(f"no recorded feed at {feed}")
    batch, _ = run_demo("--batches", 1, "--data", feed).record["batches"]
    assert batch["accepted"]
    assert batch["trades_matched"] == batch["trades_wanted"] > 0
