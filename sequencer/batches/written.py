"""The files of a closed batch that are there before L1 hears of it."""

from rollup.hash.many import CompressMany
from rollup.protocol.batch_codec import batch_to_bytes
from rollup.protocol.published_data import published_data
from sequencer.batches.artefacts import BatchFolder
from sequencer.batches.batcher import ClosedBatch


def ensure_written(folder: BatchFolder, closed: ClosedBatch, compress_many: CompressMany) -> None:
    """Write what is proved, and what owners rebuild their accounts from, unless they are there."""
    folder.ensure_batch(batch_to_bytes(closed.batch))
    folder.ensure_published(published_data(closed.outcome, compress_many).encode())
