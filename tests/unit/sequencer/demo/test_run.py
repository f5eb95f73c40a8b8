"""The demonstration with a prover that proves nothing: everything else is real."""

import stat
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from rollup.crypto.batched import verify_many
from rollup.crypto.salt import SaltKey
from rollup.files import write_whole
from rollup.harness import anvil as node_program
from rollup.harness import some_evm
from rollup.hash.batched import compress_many
from rollup.hash.keccak import keccak256
from rollup.ports import Pins, VerificationError
from rollup.protocol.batch_codec import batch_from_bytes
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import public_to_json
from rollup.protocol.shape_class import CLASS_M
from rollup.protocol.transition import apply_batch
from sequencer.batches.artefacts import ArtefactError, VenueFolder
from sequencer.batches.branches import Source
from sequencer.batches.entries import JournalError, ReceiptEntry, identity_of
from sequencer.batches.machine import Setup
from sequencer.batches.replay import replay, require_bundles
from sequencer.demo.events import (
    BatchClosed,
    BatchOpened,
    Claimed,
    DemoEvent,
    DemoOptions,
    EvmAbsent,
    ForgeryJudged,
    JournalReplayed,
    MarketReady,
    Posted,
    ProofPhase,
    Proved,
)
from sequencer.demo.market.tape.error import TapeError
from sequencer.demo.run import DemoError, run_demo
from sequencer.engine.command import CloseBatch
from tests.helpers.feeds import START_MS, bar, table, ticker, trade, written
from tests.helpers.readable import readable_in, reads


class Failure(Enum):
    WRONG = "WRONG"


class StandIn:
    """Prover and verifier for tests only: a proof is a hash of the public input, ten times."""

    pins = Pins(bytes(32), bytes(32), b"", b"", "none", "S")

    def prove(self, batch: bytes, folder: Path, progress: Callable[[str], None]) -> PublicInput:
        progress("applying")
        outcome = apply_batch(
            batch_from_bytes(batch), compress_many=compress_many, verify_many=verify_many
        )
        data = public_to_json(outcome.public)
        (folder / "public").mkdir(parents=True, exist_ok=True)
        write_whole(folder / "private" / "meta.json", b'{"bits": 0}', 0o600)
        write_whole(folder / "public" / "public.json", data)
        write_whole(folder / "public" / "proof.bin", keccak256(data) * 10)
        return outcome.public

    def verify(self, public: PublicInput, proof: bytes) -> None:
        if proof != keccak256(public_to_json(public)) * 10:
            raise VerificationError(Failure.WRONG, "not the hash")


def run(options: DemoOptions) -> list[DemoEvent]:
    return list(run_demo(options, StandIn(), StandIn()))


def options(root: Path, **members: Any) -> DemoOptions:
    return DemoOptions(**{"root": root, "batches": 2, "traders": 10, "trades": 40} | members)


def of(events: list[DemoEvent], kind: type) -> list[DemoEvent]:
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("venue")


@pytest.fixture(scope="module")
def events(root: Path) -> list[DemoEvent]:
    return run(options(root, insecure_seed=7))


def test_it_tells_the_whole_story_in_order(events: list[DemoEvent]) -> None:
    batch = [BatchOpened, BatchClosed, ProofPhase, Proved, Posted]
    last = [Claimed, *[ForgeryJudged] * 14]
    story = [MarketReady, *batch, *batch, *batch, *last, JournalReplayed]
    assert [type(event) for event in events] == story


def test_every_wanted_trade_happens_and_strangers_are_turned_away(events: list[DemoEvent]) -> None:
    *trading, fallen = of(events, BatchClosed)
    assert isinstance(fallen, BatchClosed) and fallen.fills == 0
    for place, event in enumerate(trading):
        assert isinstance(event, BatchClosed)
        dared_and_spot = 2 * int(place == 0)
        assert 0 < event.matched == event.wanted == event.fills - dared_and_spot <= 40
        assert event.refused == {
            "margin": 1,
            "order-signature": 1,
            "envelope-not-authentic": 1,
            "replayed": 1,
        }


def test_who_dared_is_liquidated_when_the_price_falls(events: list[DemoEvent]) -> None:
    *before, fallen = of(events, BatchClosed)
    opened = of(events, BatchOpened)
    assert isinstance(fallen, BatchClosed)
    assert fallen.liquidated == 1 and fallen.taken > 20 * fallen.liquidation_fees > 0
    assert not any(each.liquidated for each in before if isinstance(each, BatchClosed))
    first, last = opened[-2], opened[-1]
    assert isinstance(first, BatchOpened) and isinstance(last, BatchOpened)
    assert last.prices[0] == pytest.approx(first.prices[0] * 0.955, rel=1e-4)
    assert last.prices[2] == last.prices[0] < first.prices[2] == first.prices[0]
    assert (last.prices[1], last.prices[3]) == (first.prices[1], first.prices[3])


def test_what_is_withdrawn_is_claimed_at_l1(events: list[DemoEvent]) -> None:
    *before, last = of(events, BatchClosed)
    (claimed,) = of(events, Claimed)
    assert isinstance(last, BatchClosed) and isinstance(claimed, Claimed)
    assert claimed.quanta == last.withdrawn == 50_000_000
    assert claimed.assets == last.withdrawn_assets == {"WETH": "10"}
    assert claimed.assets_under_custody == {"WBTC": "1", "WETH": "0"}
    assert not any(each.withdrawn for each in before if isinstance(each, BatchClosed))


def test_deposits_that_cannot_be_credited_are_refused_and_the_venue_goes_on(
    events: list[DemoEvent],
) -> None:
    first, second, _ = of(events, BatchOpened)
    assert isinstance(first, BatchOpened) and isinstance(second, BatchOpened)
    assert first.credited == 17
    assert first.credited_assets == {"WBTC": "1", "WETH": "10"}
    assert first.refused == {
        "key-off-curve": 1,
        "key-non-canonical": 1,
        "account-missing": 1,
    }
    assert (second.credited, second.refused) == (1, {})


def test_everybody_tells_a_viewing_key_in_the_first_batch(
    events: list[DemoEvent], root: Path
) -> None:
    """What was refused at the queue has none."""
    folder = VenueFolder(root)
    for number in (1, 2, 3):
        batch = batch_from_bytes(folder.batch(number).batch_file.read_bytes())
        told = [account for account, _ in batch.viewing_keys]
        opened = [each.index for each in batch.pre.accounts]
        missing = {each.account for each in batch.deposits} if number == 1 else set()
        untold = [each for each in opened if each not in told]
        assert set(untold) <= missing and len(told) >= 4
        if number == 1:
            assert len(told) == 16, "ten, the four beside them, fee account and backstop"


def test_nobody_reads_a_published_leaf_with_what_l1_shows(
    events: list[DemoEvent], root: Path
) -> None:
    assert readable_in(root) == {1: [], 2: [], 3: []}
    folder = VenueFolder(root)
    batch = batch_from_bytes(folder.batch(3).batch_file.read_bytes())
    fallen = apply_batch(batch, compress_many=compress_many, verify_many=verify_many)
    assert len(fallen.published) > 3
    keys = folder.read_viewing_keys()
    assert all(reads(fallen, account, key, compress_many) for account, key in keys.items())


def test_l1_takes_every_batch(events: list[DemoEvent]) -> None:
    closed = of(events, BatchClosed)
    for batch, posted in zip(closed, of(events, Posted), strict=True):
        assert isinstance(posted, Posted) and isinstance(batch, BatchClosed)
        assert posted.accepted and posted.root == batch.new_root


def test_every_forgery_is_refused_with_its_reason(events: list[DemoEvent]) -> None:
    judged = [
        (event.name, event.refused_by, event.reason)
        for event in events
        if isinstance(event, ForgeryJudged)
    ]
    assert judged == [
        ("inflated balance", "rules", "old-root"),
        ("over-filled order", "rules", "overfilled"),
        ("unsigned price", "verifier", "price-differs"),
        ("stale reports", "verifier", "report-slot"),
        ("one signer twice", "verifier", "report-repeated"),
        ("short quorum", "verifier", "report-quorum"),
        ("malleated signature", "verifier", "report-signature"),
        ("spared fee", "rules", "takeover-fee"),
        ("too much taken", "rules", "takeover-size"),
        ("withdrawal twice", "rules", "generation-dead"),
        ("withdrawal of more", "rules", "order-signature"),
        ("skipped account", "rules", "skipped"),
        ("lowered counter", "rules", "old-root"),
        ("flipped proof byte", "verifier", "WRONG"),
    ]


def test_private_files_are_private_and_public_ones_are_not(
    root: Path, events: list[DemoEvent]
) -> None:
    assert events
    modes = {
        path.relative_to(root).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in root.rglob("*")
    }
    assert modes["private"] == modes["batches/000002/private"] == 0o700
    for name in (
        "private/journal",
        "private/salt.key",
        "batches/000002/private/batch.msgpack",
        "batches/000002/private/meta.json",
    ):
        assert modes[name] == 0o600
    assert modes["batches/000001/public/proof.bin"] == 0o644
    assert not [name for name in modes if "/." in name or name.startswith(".")]


def setup_of(folder: VenueFolder) -> Setup:
    """What a replay starts from: only what lies in the folder."""
    return Setup(folder.read_genesis(), folder.read_salt_key(), compress_many, verify_many)


def test_the_journal_holds_no_more_than_the_venue_and_gives_the_same_roots(
    root: Path, events: list[DemoEvent]
) -> None:
    folder = VenueFolder(root)
    done = list(replay(folder.journal, setup_of(folder)))
    found = [closed.header.new_root for closed in done]
    assert found == [event.new_root for event in events if isinstance(event, BatchClosed)]
    assert require_bundles(folder, done) == len(done)


def test_a_replay_under_another_salt_key_reads_no_entry(
    root: Path, events: list[DemoEvent]
) -> None:
    assert events
    folder = VenueFolder(root)
    other = replace(setup_of(folder), salt_key=SaltKey(bytes(32)))
    with pytest.raises(JournalError, match="under this key"):
        list(replay(folder.journal, other))


def test_a_replay_of_a_cut_off_journal_names_the_byte(
    root: Path, events: list[DemoEvent], tmp_path: Path
) -> None:
    assert events
    folder = VenueFolder(root)
    data = folder.journal.read_bytes()
    cut = tmp_path / "journal"
    cut.write_bytes(data[:-5])
    with pytest.raises(JournalError, match="cut off, 5 bytes short"):
        list(replay(cut, setup_of(folder)))
    assert identity_of(folder.read_genesis()).encode() == data[:66]


def roots(found: list[DemoEvent]) -> list[object]:
    return [event.new_root for event in found if isinstance(event, BatchClosed)]


def commands(root: Path) -> list[object]:
    """What a journal has the machine do, but for the heads of the receipts."""
    folder = VenueFolder(root)
    setup = setup_of(folder)
    source = Source(folder.journal, setup)
    contents = [entry.content for entry in source.entries(source.survey().now)]
    kept = [each for each in contents if not isinstance(each, ReceiptEntry)]
    return [CloseBatch() if isinstance(each, CloseBatch) else each for each in kept]


def test_the_same_seed_gives_the_same_roots_and_commands(
    root: Path, events: list[DemoEvent], tmp_path: Path
) -> None:
    again = run(options(tmp_path, insecure_seed=7))
    assert roots(again) == roots(events)
    assert len(commands(root)) > 100
    assert commands(tmp_path) == commands(root)


def test_without_a_seed_by_name_keys_and_roots_are_fresh(tmp_path: Path) -> None:
    first, second = (run(options(tmp_path)) for _ in range(2))
    assert roots(first) != roots(second)
    assert isinstance(first[0], MarketReady) and not first[0].insecure


def test_a_feed_that_is_too_short_or_too_long_is_named(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="at least 1 batch"):
        run(options(tmp_path, batches=0))
    with pytest.raises(DemoError, match="never ends: a number of batches is wanted"):
        run(options(tmp_path, batches=None))
    feed = written(tmp_path / "feed", trade(), trade(START_MS + 1_500))
    with pytest.raises(DemoError, match="3 batches are wanted, the feed lasts for 2 of 1 s"):
        run(options(tmp_path, batches=3, data=feed))
    with pytest.raises(TapeError, match="holds no trade"):
        run(options(tmp_path, data=written(feed, ticker("1.0", "1.1"))))


def quiet_feed(path: Path) -> Path:
    """A symbol that nothing synthetic stands beside: trades in windows 1, 2 and 4 of 5."""
    ticks = ("2000.00", "2000.01", "2000.00", "2000.02", "2000.02")
    times = (0, 1_000, 1_999, 3_500, 4_999)
    lines = [
        trade(START_MS + time, price, "0.5", "ETHUSDT", m=bool(place % 2))
        for place, (time, price) in enumerate(zip(times, ticks, strict=True))
    ]
    return written(path, *lines[:3], ticker("1.0", "1.0", "ETHUSDT"), *lines[3:])


def test_windows_join_up_and_an_empty_one_is_a_batch(tmp_path: Path) -> None:
    feed = quiet_feed(tmp_path / "feed")
    found = run(options(tmp_path / "venue", batches=None, data=feed))
    ready, *_, replayed = found
    assert isinstance(ready, MarketReady) and isinstance(replayed, JournalReplayed)
    assert (ready.windows, ready.skipped) == (5, {"locked or crossed book ticker": 1})
    assert replayed.batches == 6
    opened = [event.time for event in found if isinstance(event, BatchOpened)]
    assert opened == [START_MS - 1 + 1_000 * (k + 1) for k in range(6)]
    closed = [event for event in found if isinstance(event, BatchClosed)]
    assert [event.fills for event in closed] == [3, 2, 0, 1, 1, 0]
    assert all(event.matched == event.wanted and event.left_out == 0 for event in closed)
    assert all(posted.accepted for posted in found if isinstance(posted, Posted))


def test_the_last_act_forges_the_last_batch_that_traded(tmp_path: Path) -> None:
    lines = [trade(START_MS + time, "2000.01", "0.5", "ETHUSDT") for time in (0, 2_500)]
    feed = written(tmp_path / "feed", *lines)
    found = run(options(tmp_path / "venue", batches=2, data=feed))
    assert [event.fills for event in found if isinstance(event, BatchClosed)] == [3, 0, 0]
    judged = [event.reason for event in found if isinstance(event, ForgeryJudged)]
    prices = ["price-differs", "report-slot", "report-repeated", "report-quorum"]
    liquidations = ["takeover-fee", "takeover-size"]
    outflows = ["generation-dead", "order-signature"]
    last = [*liquidations, *outflows, "skipped", "old-root", "WRONG"]
    wanted = ["old-root", "overfilled", *prices, "report-signature", *last]
    assert judged == wanted


def test_a_busy_window_is_thinned_and_says_how_much(tmp_path: Path) -> None:
    lines = [trade(START_MS + n, "2000.01", "0.5", "ETHUSDT") for n in range(100)]
    feed = written(tmp_path / "feed", *lines)
    found = run(options(tmp_path / "venue", batches=1, data=feed))
    closed, _ = (event for event in found if isinstance(event, BatchClosed))
    assert (closed.wanted, closed.matched, closed.left_out) == (40, 40, 60)


def test_bars_trade_at_their_prices_but_where_they_fall_beyond_a_step(tmp_path: Path) -> None:
    hour = 3_600_000
    rows = [
        bar(START_MS, ("2000.01", "2040.0", "1990.0", "2030.0"), "40.0", "20.0", hour),
        bar(START_MS + hour, ("2030.0", "2031.0", "1000.0", "1010.0"), "90.0", "10.0", hour),
    ]
    feed = written(tmp_path / "ETHUSDT-1h.csv", table(rows))
    found = run(options(tmp_path / "venue", batches=None, data=feed, proves=False))
    closed = [event for event in found if isinstance(event, BatchClosed)]
    counts = [(event.wanted, event.matched) for event in closed]
    assert counts == [(1, 1)] * 6 + [(1, 0)] * 2 + [(0, 0)]


class Unused:
    """A prover and verifier that nobody may ask."""

    pins = StandIn.pins

    def prove(self, batch: bytes, folder: Path, progress: Callable[[str], None]) -> PublicInput:
        raise AssertionError("a proof was asked for")

    def verify(self, public: PublicInput, proof: bytes) -> None:
        raise AssertionError("a verdict was asked for")


def test_without_proofs_rules_journal_and_replay_are_the_same(
    events: list[DemoEvent], tmp_path: Path
) -> None:
    unproved = options(tmp_path, insecure_seed=7, proves=False)
    found = list(run_demo(unproved, Unused(), Unused()))
    batch = [BatchOpened, BatchClosed]
    story = [MarketReady, *batch, *batch, *batch, *[ForgeryJudged] * 13, JournalReplayed]
    assert [type(event) for event in found] == story
    assert roots(found) == roots(events)
    assert not list(tmp_path.rglob("proof.bin"))


def test_where_no_evm_is_the_act_is_a_plain_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(some_evm, "anvil", lambda: None)
    monkeypatch.setattr(some_evm, "MACHINE", "no_such_package")
    *_, replayed, absent = run(options(tmp_path, batches=1, evm=True))
    assert isinstance(replayed, JournalReplayed) and isinstance(absent, EvmAbsent)
    for word in ("make contracts-tools", "npm", "pyrevm", "Python below 3.13"):
        assert word in absent.lacks
    monkeypatch.setattr(some_evm, "CODING", "no_such_package")
    with pytest.raises(some_evm.NoEvm, match=r"pip install 'crypsis\[evm\]'"), some_evm.some_evm():
        pass


def test_without_proofs_no_evm_is_asked_for(tmp_path: Path) -> None:
    *_, last = run_demo(options(tmp_path, batches=1, evm=True, proves=False), Unused(), Unused())
    assert isinstance(last, JournalReplayed)


def test_a_node_that_does_not_start_gives_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that ends at once, one that the kernel does not take, and none: all the same."""
    alien = tmp_path / "anvil"
    alien.write_bytes(b"no program")
    alien.chmod(0o700)
    monkeypatch.setattr(some_evm, "MACHINE", "no_such_package")
    for program in (Path("/bin/false"), alien, tmp_path / "absent"):
        monkeypatch.setattr(some_evm, "anvil", lambda found=program: found)
        monkeypatch.setattr(node_program, "anvil", lambda found=program: found)
        with pytest.raises(some_evm.NoEvm, match="no node runs here"), some_evm.some_evm():
            pass


def test_a_batch_of_class_m_holds_more_and_replays_under_its_class(tmp_path: Path) -> None:
    large = options(tmp_path, batches=1, trades=None, shape_class=CLASS_M, proves=False)
    found = list(run_demo(large, Unused(), Unused()))
    closed, _ = (event for event in found if isinstance(event, BatchClosed))
    assert closed.fills - 2 == closed.wanted > 128
    assert isinstance(found[0], MarketReady)
    assert (found[0].shape_class, found[0].window_ms) == ("M", 12_250)
    assert isinstance(found[-1], JournalReplayed)


def test_artefacts_that_are_missing_or_wrong_are_named(tmp_path: Path) -> None:
    folder = VenueFolder(tmp_path)
    with pytest.raises(ArtefactError, match=r"genesis\.json: No such file"):
        folder.read_genesis()
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "salt.key").write_bytes(b"short")
    with pytest.raises(ArtefactError, match="32 bytes are wanted, 5 came"):
        folder.read_salt_key()
    (tmp_path / "genesis.json").write_bytes(b"{")
    with pytest.raises(ArtefactError, match=r"genesis\.json: genesis: not JSON"):
        folder.read_genesis()
    batch = folder.batch(1)
    batch.write_batch(b"x")
    meta = tmp_path / "batches" / "000001" / "private" / "meta.json"
    for content, wanted in ((b"{", "JSON is wanted"), (b"[]", "JSON object is wanted")):
        meta.write_bytes(content)
        with pytest.raises(ArtefactError, match=wanted):
            batch.read_meta()
