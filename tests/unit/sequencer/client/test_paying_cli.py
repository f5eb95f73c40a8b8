"""`crypsis withdraw`, `transfer` and `claim`, against a played venue and a served L1."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rollup.crypto.schnorr import SecretKey
from rollup.harness.served import Served
from rollup.program.exit_codes import ExitCode
from sequencer.client import keystore, paying_cli
from sequencer.client.flow import Ask
from tests.helpers.played_venue import ACCOUNT, PlayedVenue
from tests.helpers.served import served
from tests.helpers.serving import serving
from tests.unit.rollup.l1.test_stored import fresh

OWNER = bytes(range(1, 21))
VIEWING_KEY = bytes(range(32))


@pytest.fixture
def played() -> PlayedVenue:
    return PlayedVenue()


@pytest.fixture
def url(played: PlayedVenue) -> Iterator[str]:
    """A venue whose batch closes whenever somebody asks."""

    async def answer(request: Request) -> Response:
        body = await request.body() if request.method == "POST" else None
        if played.closes:
            played.close()
        reply = played.reply(Ask(request.method, request.url.path, 1 << 30, body))
        return Response(reply.body, reply.status, media_type=reply.media_type)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    with served(app) as (host, port):
        yield f"http://{host}:{port}"


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """A development key file."""
    secret = SecretKey(1234567)
    record = {
        "version": 3,
        "account": ACCOUNT,
        "owner": OWNER.hex(),
        "public_key": keystore.public_bytes(secret).hex(),
        "secret_key": secret.to_bytes().hex(),
        "viewing_key": VIEWING_KEY.hex(),
    }
    path = tmp_path / "account.json"
    path.write_text(json.dumps(record))
    return path


def said(command: click.Command, *arguments: object, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(command, [*(str(each) for each in arguments), "--json"])
    assert done.exit_code == code, done.output
    record: dict[str, Any] = json.loads(done.stdout)
    return record


def test_a_withdrawal_is_paid_at_the_end_of_its_batch(
    url: str, account: Path, played: PlayedVenue
) -> None:
    paid = said(paying_cli.withdraw, "12.5", "--url", url, "--account", account)
    assert (paid["amount"], paid["receiver"], paid["status"]) == ("12.500000", None, "paid")
    assert paid["batch"] == 1 and len(paid["receipts"]) == 1
    assert [each.amount for each in played.paid] == [12_500_000]


def test_a_transfer_names_whom_it_pays(url: str, account: Path, played: PlayedVenue) -> None:
    paid = said(paying_cli.transfer, 7, "0.25", "--url", url, "--account", account)
    assert (paid["amount"], paid["receiver"]) == ("0.250000", 7)
    assert [(each.kind, each.receiver) for each in played.paid] == [(1, 7)]


def test_people_are_told_what_to_do_next(url: str, account: Path) -> None:
    where = ["12.5", "--url", url, "--account", str(account)]
    done = CliRunner().invoke(paying_cli.withdraw, where)
    assert done.exit_code == 0 and "crypsis claim" in done.output


@pytest.mark.parametrize("reason", ["shut", "margin"])
def test_what_the_venue_refuses_is_said_with_its_reason(
    url: str, account: Path, played: PlayedVenue, reason: str
) -> None:
    played.refuses = reason
    where = ("--url", url, "--account", account)
    record = said(paying_cli.withdraw, "12.5", *where, code=ExitCode.REFUSED_BY_PEER)
    assert record["reason"] == reason and not played.paid


def test_a_batch_that_does_not_end_is_waited_for_so_long_and_no_longer(
    url: str, account: Path, played: PlayedVenue
) -> None:
    played.closes = False
    where = ("--url", url, "--account", account, "--timeout", "0.3")
    done = CliRunner().invoke(paying_cli.withdraw, ["12.5", *map(str, where)])
    assert done.exit_code == ExitCode.TIMEOUT and not played.paid


@pytest.mark.parametrize("amount", ["0", "-1", "0.0000001", "many"])
def test_what_is_no_amount_is_wrong_usage(
    url: str, account: Path, played: PlayedVenue, amount: str
) -> None:
    where = ["--url", url, "--account", str(account), "--", amount]
    done = CliRunner().invoke(paying_cli.withdraw, where)
    assert done.exit_code == ExitCode.USAGE and not played.paid


def test_what_l1_has_for_an_owner_is_claimed_once(account: Path) -> None:
    l1 = Served(fresh())
    l1.l1.mint(OWNER, 12_500_000)
    l1.l1.donate(OWNER, 12_500_000)
    l1.l1.pending[OWNER] = 12_500_000
    with serving(l1) as url:
        where = ("--account", account, "--l1", url)
        claimed = said(paying_cli.claim, *where)
        assert claimed == {"owner": OWNER.hex(), "asset": "USDC", "amount": "12.500000"}
        again = said(paying_cli.claim, *where, code=ExitCode.REFUSED_BY_PEER)
    assert again["reason"] == "nothing-to-withdraw"
