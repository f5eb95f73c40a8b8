"""What benchmarks measure with: batches and orders that the rules accept, tables, charts."""

import ast
import asyncio
import json
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from benchmarks import crash_book, engine, load, network, peaks, restart
from benchmarks.batches import trading_batches
from benchmarks.chart import chart
from benchmarks.older import OLD_COMMIT
from benchmarks.whole_batch import Run
from rollup.native.memory import MemoryMode
from rollup.protocol.batch_codec import batch_from_bytes
from rollup.protocol.order import Side
from rollup.protocol.shape_class import SHAPE_CLASSES, ShapeClass
from rollup.protocol.transition import apply_batch
from sequencer.stress.candles import MINUTE_MS
from tests.helpers.candles import START_MS, fall, write
from tests.helpers.venue import real

SMALL = ShapeClass(
    "S", trades=3, orders=6, slots=6, accounts=100, positions=256, triggers=64, nodes=4000
)


def test_batches_follow_each_other_and_keep_the_rules() -> None:
    suite, root = real(), None
    counts = []
    for data in trading_batches(5, range(1, 5), SMALL):
        batch = batch_from_bytes(data)
        assert root is None or batch.old_root == root
        outcome = apply_batch(
            batch, compress_many=suite.compress_many, verify_many=suite.verify_many
        )
        root = outcome.public.new_root
        counts.append(len(batch.fills))
    assert counts == [3, 2]


def test_a_batch_in_a_large_book_keeps_the_rules() -> None:
    suite = real()
    (data,) = trading_batches(2, (77, 9_000_001), SMALL, book=10_000_000)
    batch = batch_from_bytes(data)
    apply_batch(batch, compress_many=suite.compress_many, verify_many=suite.verify_many)
    (alone,) = trading_batches(2, (77, 9_000_001), SMALL)
    same = batch_from_bytes(alone).pre.account_siblings
    changed = sum(a != b for a, b in zip(batch.pre.account_siblings, same, strict=True))
    assert changed > 40


def test_lines_of_peaks_are_those_of_the_performance_page() -> None:
    """Each set a figure, rounded up."""
    runs = [Run(1.0, 1.0, round(gib * 2**30), "") for gib in (0.31, 0.39, 1.0, 9.99)]
    wanted = "| peak memory, class S, low, GiB | 0.4 | 0.4 | 1.0 | 10.0 |"
    assert peaks.line("S", MemoryMode.LOW, runs) == wanted
    page = (Path(__file__).resolve().parents[2] / "docs" / "performance.md").read_text()
    for shape_class in SHAPE_CLASSES:
        for mode in peaks.MODES:
            assert f"\n{peaks.line(shape_class, mode, [])[:-2]}" in page


def test_the_chart_is_well_formed() -> None:
    drawn = chart([(10, 0.9), (10_000, 95.0)], [(1_000, 8.0), (10**7, 9.0)], 1_000)
    assert len(ElementTree.fromstring(drawn).findall(".//{*}circle")) == 4


def test_the_engine_takes_every_order_in_batches_that_close_on_the_way() -> None:
    """Three batches of eight orders: the rules judge each, and no order is refused."""
    found = engine.measure(
        ShapeClass(
            "S", trades=4, orders=8, slots=8, accounts=100, positions=256, triggers=64, nodes=4000
        ),
        24,
        group=8,
    )
    assert set(found) == set(load.PARTS)
    assert all(seconds > 0 for seconds in found.values())


def test_orders_of_the_engine_cross_and_no_slot_is_used_twice() -> None:
    orders = engine.crossing_orders(200)
    assert len({(order.account, order.slot) for order in orders}) == 200
    for sell, buy in zip(orders[::2], orders[1::2], strict=True):
        assert (sell.side, buy.side, sell.size) == (Side.SELL, Side.BUY, buy.size)
        assert sell.price <= buy.price and sell.account != buy.account


def test_of_several_runs_the_one_with_the_least_cpu_counts() -> None:
    line = json.dumps({"submit_s": 1.0, "answers_s": 0.5, "close_s": 0.5})
    slow = load.parsed(line, 100)
    fast = load.Measured(100, 0.5, 0.25, 0.25)
    assert slow.rate == 50 and load.least([slow, fast]) is fast
    assert fast.record()["orders_per_cpu_s"] == 100


@pytest.mark.parametrize("line", ["[]", "{}", '{"submit_s": 1.0}', "no record"])
def test_anything_else_is_no_measurement(line: str) -> None:
    with pytest.raises(ValueError, match=r"record|Expecting"):
        load.parsed(line, 100)


def test_the_table_names_both_and_their_ratio() -> None:
    before, after = load.Measured(100, 2.0, 0.0, 1.0), load.Measured(100, 0.5, 0.3, 0.2)
    record = {
        "shape_class": "M",
        OLD_COMMIT: before.record(),
        "now": after.record(),
        "ratio": 3.0,
        "ratios": [3.0],
    }
    said = load.text(record)
    assert "33 orders a CPU-second" in said and "100 now (3.00 x" in said
    assert "submit 20000 -> 5000" in said


def test_the_older_driver_drives_the_same_orders() -> None:
    """It cannot be imported here: it is written for another commit's modules. So its text is held
    to the present one's."""
    old = ast.parse(load.OLD_SCRIPT.read_text("utf-8"))
    now = ast.parse(Path(engine.__file__).read_text("utf-8"))

    def body(tree: ast.Module) -> list[str]:
        functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
        plain = [n for n in functions["crossing_orders"].body if not isinstance(n, ast.Expr)]
        return [ast.unparse(statement) for statement in plain]

    assert body(old) == body(now)


def test_orders_over_http_use_every_slot_once_and_some_of_them_meet() -> None:
    orders = network.mixed_orders([3, 4], 512, 1_000, 99, 7, 9)
    assert len({(order.account, order.slot) for order in orders}) == 512
    assert {(order.chain, order.venue, order.expiry) for order in orders} == {(7, 9, 99)}
    meeting = [order for order in orders if order.price == 1_000]
    assert len(meeting) == 512 * 2 // network.CROSSING_EVERY
    assert {order.side for order in meeting} == set(Side)
    with pytest.raises(ValueError, match="at most 512 orders have a slot, not 513"):
        network.mixed_orders([3, 4], 513, 1_000, 99, 7, 9)


def test_what_was_sent_is_summed_up() -> None:
    sent = [network.Sent(0.1 * place, 16) for place in range(1, 11)]
    proved = [{"time": 1_000, "proved_at": 4_000}, {"time": 2_000, "proved_at": 9_000}]
    record = network.summary(sent, 2.0, [*proved, {"time": 3_000, "proved_at": None}])
    assert (record["receipts"], record["orders_per_s"]) == (160, 80.0)
    assert record["p50_ms"] == pytest.approx(550) and record["p99_ms"] > 990
    assert (record["batches_proved"], record["proving_lag_max_s"]) == (2, 7.0)
    assert "2 batches, p50 5.0 s, most 7.0 s" in network.text(record)
    assert "none proved" in network.text(network.summary(sent, 2.0, []))


def test_a_group_that_comes_between_two_batches_is_sent_again_and_counts_its_receipts() -> None:
    answers = iter(
        [
            httpx.Response(503, json={"code": "between-batches"}),
            httpx.Response(200, json={"answers": [{"outcome": "received"}, {"outcome": "x"}]}),
        ]
    )
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return next(answers)

    async def send() -> network.Sent:
        transport = httpx.MockTransport(answer)
        async with httpx.AsyncClient(transport=transport, base_url="http://venue") as client:
            return await network.send(client, b"two envelopes")

    assert asyncio.run(send()).receipts == 1
    assert bodies == [b"two envelopes"] * 2


def test_restarts_are_measured_on_a_venue_that_goes_on() -> None:
    first, second = restart.measure([6, 7])
    assert (first["batches"], second["batches"]) == (6, 7)
    assert first["journal_bytes"] < second["journal_bytes"]
    assert all(second[name] > 0 for name in second)


def test_a_book_that_crashes_closes_its_steps_in_several_batches(tmp_path: Path) -> None:
    """Two markets fall by 4 % a minute; class S takes from 128 positions a batch."""
    prices = ("btc_1m.csv", 7_400), ("eth_1m.csv", 190)
    files = [write(tmp_path / name, fall(first, 0.04, 4)) for name, first in prices]
    town = crash_book.make_town(files, START_MS, 300, backstop=10**6, shape="S")
    steps = [town.step(START_MS + minute * MINUTE_MS) for minute in range(1, 5)]
    assert max(step.batches for step in steps) > 1
    longest = max(steps, key=lambda step: step.batches)
    assert longest.venue_ms == (longest.batches - 1) * crash_book.GAP_MS
    assert longest.takeovers > 128 and len(longest.accounts) > 100
    assert sum(step.deleveraged for step in steps) > 0
    health = town.health()
    assert (health["due"], health["conserved"]) == (0, True)
    assert health["least_equity"] == 0
