"""A batch whose proof is valid, and an order that its operator receipted and left out of it."""

import json
from dataclasses import replace
from pathlib import Path

from rollup.crypto.address_key import AddressKey
from rollup.protocol.receipt import Receipt, SignedReceipt, envelope_hash
from rollup.protocol.receipt_json import list_from_ndjson, signed_to_json
from tests.helpers.program import Demo, Done, crypsis

OK, INVALID = 0, 1


def check(demo: Demo, receipt: Receipt, folder: Path) -> Done:
    """What the receipt, signed by the venue, proves beside the first batch's public files."""
    key = AddressKey((demo.target / "private" / "receipts.key").read_bytes())
    mine = folder / "receipt.json"
    mine.write_bytes(signed_to_json(SignedReceipt(receipt, key.sign(receipt.digest()))))
    public, genesis = demo.batch(1) / "public" / "public.json", demo.target / "genesis.json"
    given = ("--chain", folder / "list", "--public", public, "--genesis", genesis)
    return crypsis("receipt", "check", mine, *given, "--json")


def test_a_valid_proof_does_not_hide_a_dropped_order(demo: Demo, tmp_path: Path) -> None:
    """The venue of the demonstration, had it given this receipt and gone on as it did."""
    bundle = demo.batch(1) / "public"
    verified = crypsis("verify", bundle, "--json")
    assert verified.code == OK
    journal = demo.target / "private" / "journal"
    done = crypsis("receipt", "publish", journal, "--batch", 1, "-o", tmp_path / "list")
    assert done.code == OK, done.stderr
    listed = list_from_ndjson((tmp_path / "list").read_bytes())
    assert len(listed) > 50
    assert json.loads((bundle / "public.json").read_bytes())["receipts"] == (
        listed[-1].digest().hex()
    )

    assert check(demo, listed[40], tmp_path).code == OK
    dropped = replace(listed[40], envelope=envelope_hash(b"an order that nobody matched"))
    found = check(demo, dropped, tmp_path)
    assert (found.code, found.json["misconduct"]) == (INVALID, "dropped")
    assert found.json["public_digest"] == verified.json["public_digest"]
