"""What the proof system offers for chains, beside what a whole proof shows (tests/e2e)."""

import pytest

pytest.importorskip("eth_abi", reason="the extra `evm` brings it")

from circuits.evm.facts import fact_of
from circuits.evm.refusals import MALFORMED, NO_QUERY, NO_TREE, REFUSED, selector
from circuits.on_chain import StarkOnChain
from circuits.stark.errors import Failure
from rollup.installed import installed_chain_proofs, installed_verifier
from rollup.ports import VerificationError
from tests.helpers.venue import Venue


def words(*numbers: int) -> bytes:
    return b"".join(each.to_bytes(32, "big") for each in numbers)


def test_it_is_what_is_installed() -> None:
    assert isinstance(installed_chain_proofs(), StarkOnChain)


def test_each_refusal_is_said_in_the_words_of_the_verifier_and_where() -> None:
    said = StarkOnChain().refusal
    for place, failure in enumerate(Failure):
        assert said(selector(REFUSED) + words(place, NO_QUERY, NO_TREE)) == failure.value
    path = list(Failure).index(Failure.MERKLE_PATH)
    found = said(selector(REFUSED) + words(path, 7, 2))
    assert found == f"{Failure.MERKLE_PATH.value}: query 7, tree 2"
    assert "could not read" in said(selector(MALFORMED))


@pytest.mark.parametrize(
    "data", [b"", b"\1\2\3\4", selector(REFUSED), selector(REFUSED) + words(len(Failure), 0, 0)]
)
def test_what_is_no_refusal_is_said_as_it_came(data: bytes) -> None:
    assert StarkOnChain().refusal(data) == f"the contract refused with {data.hex() or 'no word'}"


def test_a_proof_of_another_form_has_no_parts() -> None:
    venue = Venue()
    public = venue.apply(venue.batch()).public
    for proof in (b"", b"none", bytes(200_000)):
        with pytest.raises(VerificationError):
            StarkOnChain().parts(public, proof, "fast")


def test_a_statement_is_about_its_public_input_alone() -> None:
    venue = Venue()
    public = venue.apply(venue.batch()).public
    statement = StarkOnChain().statement(public)
    assert statement[:32] == public.digest()
    pins = installed_verifier("fast").pins
    assert fact_of(pins, statement) != fact_of(installed_verifier("balanced").pins, statement)
