"""One order dropped, and proved to be: by a trader who has its receipt and what is public."""

import json
import shutil
import subprocess
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from rollup.program.cli import root
from rollup.protocol.public_json import public_to_json
from rollup.protocol.receipt import RECEIPTS_START, SignedReceipt, envelope_hash
from rollup.protocol.receipt_json import list_from_ndjson, list_to_ndjson, signed_to_json
from sequencer.service.venue import Venue
from tests.helpers import venue as small
from tests.helpers.blocked import BASE, without_extras
from tests.helpers.receipts import relinked
from tests.helpers.running import Running

RICH = 10**12
CURVE = BASE | {"coincurve", "_cffi_backend"}


def drop(venue: Venue, envelope: bytes) -> SignedReceipt:
    """A cheating operator's answer: the receipt that an honest one would give, while chain, journal
    and book never hear of the envelope."""
    receipt = copy(venue._receipts).take(envelope_hash(envelope))
    return SignedReceipt(receipt, venue._notary._key.sign(receipt.digest()))


class Trader:
    """Somebody with a folder of public files and of its own receipts, and nothing of the venue."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder

    def keep(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def check(self, receipt: SignedReceipt) -> subprocess.CompletedProcess[str]:
        """`crypsis receipt check`, where nothing that runs a venue is installed."""
        mine = self.keep("receipt.json", signed_to_json(receipt))
        options = {"chain": "receipts.ndjson", "public": "public.json", "genesis": "genesis.json"}
        named = [
            text for option, name in options.items() for text in (f"--{option}", self.folder / name)
        ]
        return without_extras("receipt", "check", mine, *named, "--json", allowed=CURVE)


@pytest.mark.parametrize("others", [0, 1], ids=["it alone", "one that comes after it stays"])
@pytest.mark.parametrize("later", [0, 1], ids=["under its batch", "under the next one"])
def test_a_dropped_order_is_proved_from_public_files_and_its_receipt(
    tmp_path: Path, others: int, later: int
) -> None:
    running = Running(tmp_path / "target")
    for account in (1, 2):
        running.world.register(account, RICH)
    running.batch()
    running.open()
    (honest,) = running.submit(small.sell(1, 10))
    dropped = drop(running.venue, running.envelope(small.buy(2, 10)))
    kept = running.submit(*(small.sell(1, 5, slot=1 + k) for k in range(others)))
    held = running.close()
    for _ in range(later):
        running.open()
        running.submit(small.sell(1, 5, slot=9))
        held = running.close()
    assert running.venue.commit_headers() is None
    on_l1 = running.world.l1.tail[-1].header
    running.stop()

    trader = Trader(tmp_path / "trader")
    trader.keep("public.json", public_to_json(held.outcome.public))
    trader.keep("genesis.json", (tmp_path / "target" / "genesis.json").read_bytes())
    wanted = ["--batch", str(held.batch.number), "-o", str(trader.folder / "receipts.ndjson")]
    journal = str(tmp_path / "target" / "private" / "journal")
    done = CliRunner().invoke(root, ["receipt", "publish", journal, *wanted])
    assert done.exit_code == 0, done.output
    shutil.rmtree(tmp_path / "target")

    found = trader.check(dropped)
    assert found.returncode == 1, found.stderr
    record = json.loads(found.stdout)
    assert (record["misconduct"], record["sequence"]) == ("dropped", 2)
    assert record["public_digest"] == on_l1.public.hex(), "it rests on what L1 holds"
    for answer in (honest, *kept):
        assert answer.receipt is not None
        assert trader.check(answer.receipt).returncode == 0

    require_no_way_out(trader, dropped)


def require_no_way_out(trader: Trader, dropped: SignedReceipt) -> None:
    """No other list leads to the head that L1 holds: none with the order in it, and none at all."""
    published = list_from_ndjson((trader.folder / "receipts.ndjson").read_bytes())
    later = [replace(each, sequence=each.sequence + 1) for each in published[1:]]
    with_it = relinked([published[0], dropped.receipt, *later])
    assert with_it[0].previous == RECEIPTS_START
    for receipts in (with_it, with_it[:2], published[:-1], []):
        trader.keep("receipts.ndjson", list_to_ndjson(receipts))
        assert trader.check(dropped).returncode == 3
