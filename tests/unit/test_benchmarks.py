"""What benchmarks are measured with: batches that the rules accept, and a chart that is SVG."""

from xml.etree import ElementTree

from benchmarks.batches import trading_batches
from benchmarks.chart import chart
from rollup.protocol.batch_codec import batch_from_bytes
from rollup.protocol.shape_class import ShapeClass
from rollup.protocol.transition import apply_batch
from tests.helpers.venue import real

SMALL = ShapeClass("small", trades=3, orders=6, accounts=100)


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


def test_the_chart_is_well_formed() -> None:
    drawn = chart([(10, 0.9), (10_000, 95.0)], [(1_000, 8.0), (10**7, 9.0)], 1_000)
    assert len(ElementTree.fromstring(drawn).findall(".//{*}circle")) == 4
