"""A viewing key is told as soon as L1 has queued it: again and again until the venue has seen the
entry, no longer than is wanted, and never so that an entry is queued twice for it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rollup.harness.served import Served
from rollup.hash.poseidon import Digest
from rollup.program.exit_codes import ExitCode
from rollup.protocol.viewing_key import viewing_key_to_bytes
from sequencer.client import account_cli, keystore
from sequencer.client.errors import OrderRefused, TransportError, VenueProblem
from sequencer.client.flow import Ask, Reply
from sequencer.client.session import Session
from sequencer.client.slots import ForgetfulStore
from sequencer.client.telling import tell_ahead
from tests.helpers.played_venue import (
    FAST,
    LOST_ANSWER,
    LOST_REQUEST,
    OK,
    RESTART,
    PlayedVenue,
    play,
)
from tests.helpers.served import served as listening
from tests.helpers.serving import serving
from tests.unit.rollup.l1.test_stored import fresh

KEY: Digest = (1, 2, 3, 4, 5, 6, 7, 8)
TOLD = [viewing_key_to_bytes(KEY)]
OWNER = bytes(range(1, 21))
WORD = "correct horse"


@dataclass
class Late(PlayedVenue):
    """A venue that sees the entry after so many waits of its client."""

    waits: int = 0
    is_between: bool = False

    def close(self) -> None:
        super().close()
        self.waits -= 1
        if self.waits <= 0:
            self.refuses_key, self.is_between = None, False

    def reply(self, ask: Ask) -> Reply:
        if self.is_between and ask.body is not None:
            problem = {"code": "between-batches", "detail": "", "status": 503}
            return Reply(503, "application/problem+json", json.dumps(problem).encode(), 0.1)
        return super().reply(ask)


def session() -> Session:
    """Of nobody: telling a key takes no trading key."""
    return Session(None, ForgetfulStore(), lambda: 0.0, FAST)


@pytest.mark.parametrize("reason", ["account-missing", "viewing-key"])
def test_it_is_told_again_until_the_venue_has_seen_the_entry(reason: str) -> None:
    venue, start = Late(refuses_key=reason, waits=3), PlayedVenue().time
    play(tell_ahead(session(), 5, KEY, 60), venue)
    assert venue.viewing_keys == TOLD and len(venue.receipts) == 4
    assert venue.time - start == 750, "a quarter of a window between two tries"
    assert set(venue.asks) == {"/v1/keys", "/v1/status", "/v1/envelopes"}, "nothing private"


def test_after_the_time_is_over_it_is_given_up_with_the_venues_reason() -> None:
    venue = Late(refuses_key="viewing-key", waits=9)
    with pytest.raises(OrderRefused, match="viewing-key"):
        play(tell_ahead(session(), 5, KEY, 1), venue)
    assert len(venue.receipts) == 5 and not venue.viewing_keys


def test_without_time_it_is_told_once() -> None:
    venue = Late(refuses_key="account-missing", waits=9)
    with pytest.raises(OrderRefused, match="account-missing"):
        play(tell_ahead(session(), 5, KEY, 0), venue)
    assert len(venue.receipts) == 1


def test_what_no_waiting_mends_is_given_up_at_once() -> None:
    venue = Late(refuses_key="account-out-of-bounds", waits=9)
    with pytest.raises(OrderRefused, match="account-out-of-bounds"):
        play(tell_ahead(session(), 5, KEY, 60), venue)
    assert len(venue.receipts) == 1


def test_between_two_batches_it_waits_for_the_next_one() -> None:
    venue = Late(is_between=True, waits=8)
    play(tell_ahead(session(), 5, KEY, 60), venue)
    assert venue.viewing_keys == TOLD
    shut = Late(is_between=True, waits=99)
    with pytest.raises(OrderRefused, match="between-batches"):
        play(tell_ahead(session(), 5, KEY, 1), shut)


@pytest.mark.parametrize("fault", [LOST_REQUEST, LOST_ANSWER, RESTART])
def test_whatever_is_lost_it_is_told(fault: str) -> None:
    venue = PlayedVenue()
    play(tell_ahead(session(), 5, KEY, 60), venue, [OK, OK, fault])
    assert venue.viewing_keys == TOLD


def test_a_venue_that_forgot_what_it_said_is_told_again() -> None:
    """What it had said may have been that it has not seen the entry."""
    venue = Late(remembers=False, refuses_key="viewing-key", waits=1)
    play(tell_ahead(session(), 5, KEY, 60), venue, [OK, OK, LOST_ANSWER])
    assert venue.viewing_keys == TOLD


def test_a_venue_that_is_not_there_and_one_with_another_problem_are_said() -> None:
    with pytest.raises(TransportError):
        play(tell_ahead(session(), 5, KEY, 60), PlayedVenue(), [LOST_REQUEST] * 99)
    busy = ["busy"] * 99
    with pytest.raises(VenueProblem, match="busy"):
        play(tell_ahead(session(), 5, KEY, 60), PlayedVenue(), [OK, OK, *busy])


@pytest.fixture
def l1() -> Served:
    return Served(fresh())


@pytest.fixture
def played() -> PlayedVenue:
    return PlayedVenue()


@pytest.fixture
def where(l1: Served, played: PlayedVenue, tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """Options: an L1 and a venue behind real sockets, and the password of every file."""

    async def answer(request: Request) -> Response:
        body = await request.body() if request.method == "POST" else None
        reply = played.reply(Ask(request.method, request.url.path, 1 << 30, body))
        return Response(reply.body, reply.status, media_type=reply.media_type)

    word = tmp_path / "password"
    word.write_text(WORD)
    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    with serving(l1) as url, listening(app) as (host, port):
        yield (
            *("--l1", url, "--url", f"http://{host}:{port}", "--password-file", str(word)),
            *("--amount", "1000", "--mint"),
        )


def made(path: Path) -> Path:
    keystore.create(path, OWNER, WORD, keystore.WORK_LEAST)
    return path


def key_of(path: Path) -> bytes:
    return viewing_key_to_bytes(keystore.viewing_key_in(path, WORD))


def run(command: click.Command, *arguments: object, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(command, [*map(str, arguments), "--json"])
    assert done.exit_code == code, done.output
    record: dict[str, Any] = json.loads(done.stdout)
    return record


def said(command: click.Command, *arguments: object) -> str:
    """What people are warned of."""
    done = CliRunner().invoke(command, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    return done.stderr


def test_the_first_deposit_and_a_rotation_tell_the_venue_the_key_that_they_queued(
    where: tuple[str, ...], tmp_path: Path, played: PlayedVenue, l1: Served
) -> None:
    file, new = made(tmp_path / "trader.json"), made(tmp_path / "next.json")
    record = run(account_cli.deposit, "--account", file, *where)
    assert record["told"] is True and played.viewing_keys == [key_of(file)]
    again = run(account_cli.deposit, "--account", file, *where)
    assert "told" not in again and len(played.viewing_keys) == 1, "it brings no key"
    rotated = run(account_cli.account, "rotate", file, new, *where)
    assert rotated["told"] is True and played.viewing_keys == [key_of(file), key_of(new)]
    assert len(l1.l1.queue) == 3


def test_where_the_venue_does_not_take_it_that_is_said_and_the_entry_stays_queued(
    where: tuple[str, ...], tmp_path: Path, played: PlayedVenue, l1: Served
) -> None:
    played.refuses_key = "account-missing"
    file = made(tmp_path / "trader.json")
    record = run(account_cli.deposit, "--account", file, *where, "--tell-within", "0.2")
    assert (record["told"], record["reason"]) == (False, "account-missing")
    assert len(l1.l1.queue) == 1 and keystore.describe(file).account == record["account"]
    url, word = where[3], where[5]
    ask = ("tell", file, "--url", url, "--password-file", word)
    run(account_cli.account, *ask, code=ExitCode.REFUSED_BY_PEER)
    played.refuses_key = None
    assert run(account_cli.account, *ask) == {"file": str(file), "told": True}
    assert played.viewing_keys == [key_of(file)]


def test_a_venue_that_is_not_there_keeps_nobody_from_depositing(
    where: tuple[str, ...], tmp_path: Path, l1: Served
) -> None:
    file = made(tmp_path / "trader.json")
    away = ("--url", "http://127.0.0.1:1")
    text = said(account_cli.deposit, "--account", file, *where, *away)
    assert "was not told its viewing key (unreachable)" in text and len(l1.l1.queue) == 1
    assert f"crypsis account tell {file}" in text and "everybody to read" in text
    new = made(tmp_path / "next.json")
    record = run(account_cli.account, "rotate", file, new, *where, *away)
    assert (record["told"], record["reason"]) == (False, "unreachable")
    assert len(l1.l1.queue) == 2 and keystore.describe(new).account == record["account"]


def test_a_wrong_password_is_heard_of_before_anything_is_queued(
    where: tuple[str, ...], tmp_path: Path, l1: Served
) -> None:
    file = made(tmp_path / "trader.json")
    (tmp_path / "password").write_text("another word")
    refused = run(account_cli.deposit, "--account", file, *where, code=ExitCode.BAD_INPUT)
    assert "wrong password" in refused["error"]
    assert not l1.l1.queue and keystore.describe(file).account is None


def test_who_wants_it_queues_without_a_password_and_tells_nobody(
    where: tuple[str, ...], tmp_path: Path, played: PlayedVenue
) -> None:
    file = made(tmp_path / "trader.json")
    (tmp_path / "password").unlink()
    text = said(account_cli.deposit, "--account", file, *where, "--tell-within", "0")
    assert not played.asks and not text
