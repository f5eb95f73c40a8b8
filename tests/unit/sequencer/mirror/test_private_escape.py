"""`crypsis da escape`: a key file and an exit file in, a recipient paid by an L1 over a socket."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from circuits.exit.prover import StarkExitProver
from circuits.exit.verifier import StarkExitVerifier
from rollup import installed
from rollup.harness import up
from rollup.harness.people import address
from rollup.harness.served import Served
from rollup.installed import installed_exit_prover, installed_exit_verifier
from rollup.l1.escape import Payout
from rollup.l1.exit_file import exit_to_bytes
from rollup.program.exit_codes import ExitCode
from sequencer.client import keystore
from sequencer.mirror.cli import da
from tests.helpers.private_venue import PEOPLE, RECIPIENT, SET, Venue, end, mock, played, secret_of
from tests.helpers.serving import serving

WORTH = 4_204_000 - 2 * 600_000 + 250_000


@pytest.fixture
def venue() -> Venue:
    return played(mock(), [])


@pytest.fixture
def url(venue: Venue) -> Iterator[str]:
    with serving(Served(venue.l1)) as found:  # type: ignore[arg-type]
        yield found


@pytest.fixture(autouse=True)
def prover(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of these sources, whatever is installed."""
    monkeypatch.setattr(installed, "installed_exit_prover", StarkExitProver)


def key_file(folder: Path, name: str) -> Path:
    secret = secret_of(name)
    record = {
        "version": 3,
        "account": 77,
        "owner": "01" * 20,
        "public_key": keystore.public_bytes(secret).hex(),
        "secret_key": secret.to_bytes().hex(),
        "viewing_key": bytes(range(32)).hex(),
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(record))
    return path


def exit_file(folder: Path, venue: Venue) -> Path:
    path = folder / "account-77.exit.json"
    path.write_bytes(exit_to_bytes(PEOPLE.opening(77), venue.book))
    return path


def said(*arguments: object, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(da, ["escape", *(str(each) for each in arguments), "--json"])
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.output.splitlines()[-1])
    return found


def test_an_account_is_paid_to_a_fresh_address(tmp_path: Path, venue: Venue, url: str) -> None:
    end(venue)
    file, keys = exit_file(tmp_path, venue), key_file(tmp_path, "bob")
    arguments = (file, "--keys", keys, "--to", RECIPIENT.hex(), "--l1", url)
    told = said(*arguments)
    assert (told["amount"], told["recipient"]) == (str(WORTH), RECIPIENT.hex())
    assert told["proof_bytes"] > 50_000
    assert venue.l1.pending[RECIPIENT] == WORTH
    again = said(*arguments, code=ExitCode.REFUSED_BY_PEER)
    assert again["reason"] == "escaped"


def test_what_cannot_be_is_said_before_anything_is_proved(
    tmp_path: Path, venue: Venue, url: str
) -> None:
    file, keys = exit_file(tmp_path, venue), key_file(tmp_path, "bob")
    to = ("--to", RECIPIENT.hex(), "--l1", url)
    lives = said(file, "--keys", keys, *to, code=ExitCode.REFUSED_BY_PEER)
    assert "the venue lives" in lives["error"]
    end(venue)
    stolen = said(file, "--keys", key_file(tmp_path, "mallory"), *to, code=ExitCode.BAD_INPUT)
    assert "not that of the account" in stolen["error"]
    file.write_bytes(file.read_bytes()[:-3])
    assert "exit:" in said(file, "--keys", keys, *to, code=ExitCode.BAD_INPUT)["error"]


def test_nothing_is_proved_that_l1_would_refuse_or_that_pays_nothing(
    tmp_path: Path, venue: Venue, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_: str) -> None:
        pytest.fail("a prover was asked for")

    monkeypatch.setattr(installed, "installed_exit_prover", nobody)
    end(venue)
    file, keys = exit_file(tmp_path, venue), key_file(tmp_path, "bob")
    to = ("--to", RECIPIENT.hex(), "--l1", url)
    nobodys = ("escape", str(file), "--keys", str(keys), "--to", "00" * 20, "--l1", url)
    assert "nobody" in CliRunner().invoke(da, nobodys).output
    first, *others = venue.book.markets
    dearer = replace(venue.book, markets=(replace(first, price=first.price + 1), *others))
    file.write_bytes(exit_to_bytes(PEOPLE.opening(77), dearer))
    other = said(file, "--keys", keys, *to, code=ExitCode.ROOTS_DIFFER)
    assert "market book" in other["error"]
    file.write_bytes(exit_to_bytes(PEOPLE.opening(77), venue.book))
    monkeypatch.setattr("rollup.l1.exit_asked.payout", lambda *_: Payout(0))
    poor = said(file, "--keys", keys, *to, code=ExitCode.BAD_INPUT)
    assert "worth nothing" in poor["error"]
    venue.l1.escape(address("bob"), PEOPLE.opening(77), venue.book)
    spent = said(file, "--keys", keys, *to, code=ExitCode.REFUSED_BY_PEER)
    assert spent["reason"] == "escaped"


def test_what_is_packaged_offers_prover_and_verifier() -> None:
    verifier = installed_exit_verifier(SET)
    assert verifier.pins == StarkExitVerifier(SET).pins
    assert isinstance(installed_exit_prover(SET), StarkExitProver)


@pytest.mark.parametrize("are_wanted", [False, True])
def test_an_l1_that_is_served_pins_exits_where_they_are_wanted(
    are_wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up, "installed_exit_verifier", StarkExitVerifier)
    options = up.UpOptions(
        0, None, None, None, None, SET, ("S",), 1, 10**7, 10**7, 5, private_exits=are_wanted
    )
    made = up._fresh(options)
    assert [each.shape_class for each in made.pins] == ["S", *(["X"] if are_wanted else [])]
    found = up._exit_verifier_of(made)
    assert (found is not None) is are_wanted
    assert made.entries_least == up._fresh(replace(options, private_exits=False)).entries_least
