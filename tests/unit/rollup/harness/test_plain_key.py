"""The suite signs receipts by plain Python as a venue does by its library."""

from rollup.crypto.address_key import AddressKey
from rollup.harness.people import RECEIPT_KEY, receipt_key_of, receipt_material
from rollup.hash.keccak import keccak256


def test_a_plain_key_signs_as_a_venues_key_does() -> None:
    for place in range(8):
        name, digest = f"name {place}", keccak256(bytes((place,)))
        theirs, ours = AddressKey(receipt_material(name)), receipt_key_of(name)
        assert (ours.address, ours.sign(digest)) == (theirs.address, theirs.sign(digest))
    assert RECEIPT_KEY is receipt_key_of("receipts")
