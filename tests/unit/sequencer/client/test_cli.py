"""The commands of a trader, against a venue that a test plays behind a real socket."""

import json
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rollup.codec import shallow_json
from rollup.crypto.schnorr import SecretKey
from rollup.program.exit_codes import ExitCode
from rollup.protocol.receipt import RECEIPTS_START
from rollup.protocol.receipt_json import signed_from_json, signed_to_json
from sequencer.client import account_cli, cli, keystore, watching
from sequencer.client.flow import Ask
from tests.helpers.played_venue import ACCOUNT, INTERVAL, START, PlayedVenue, sign
from tests.helpers.served import served

OWNER = "ab" * 20
VIEWING_KEY = bytes(range(32))


@pytest.fixture
def played() -> PlayedVenue:
    return PlayedVenue()


@pytest.fixture
def url(played: PlayedVenue) -> Iterator[str]:
    async def answer(request: Request) -> Response:
        body = await request.body() if request.method == "POST" else None
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
        "owner": OWNER,
        "public_key": keystore.public_bytes(secret).hex(),
        "secret_key": secret.to_bytes().hex(),
        "viewing_key": VIEWING_KEY.hex(),
    }
    path = tmp_path / "account.json"
    path.write_text(json.dumps(record))
    return path


def run(command: click.Command, *arguments: object, **options: Any) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments], **options)


def said(result: Result, code: int = 0) -> dict[str, Any]:
    assert result.exit_code == code, result.output
    record = json.loads(result.stdout)
    assert isinstance(record, dict)
    return record


def test_an_order_is_placed_listed_and_cancelled(
    url: str, account: Path, played: PlayedVenue, tmp_path: Path
) -> None:
    where = ("--url", url, "--account", account, "--json")
    kept = ("--receipts", tmp_path / "receipts")
    placed = said(run(cli.order, "place", "BTC-PERP", "buy", "0.01", "@61800.5", *where, *kept))
    (order,) = placed["orders"]
    assert (order["price"], order["size"], order["status"]) == ("61800.5", "0.01000", "live")
    (receipt,) = (tmp_path / "receipts").iterdir()
    assert signed_from_json(receipt.read_bytes()).receipt.sequence == order["receipts"][0]
    assert receipt.stat().st_mode & 0o777 == 0o600
    (listed,) = said(run(cli.order, "list", *where))["orders"]
    assert listed["id"] == order["id"]
    assert said(run(cli.order, "cancel", "9/9", *where), ExitCode.REFUSED_BY_PEER)
    (ended,) = said(run(cli.order, "cancel", order["id"], *where))["orders"]
    assert ended["reason"] == "cancelled" and not played.live


def test_an_order_takes_the_place_of_another(url: str, account: Path, played: PlayedVenue) -> None:
    where = ("--url", url, "--account", account, "--json")
    place = (cli.order, "place", "BTC-PERP", "buy", "0.01")
    (old,) = said(run(*place, "@61800.5", *where))["orders"]
    (new,) = said(run(*place, "@61800.9", "--replaces", old["id"], *where))["orders"]
    slot, generation = new["id"].split("/")
    assert old["id"].split("/")[0] == slot and list(played.live) == [(int(slot), int(generation))]
    assert run(*place, "@1", "--replaces", "bid", *where).exit_code == ExitCode.USAGE
    gone = run(*place, "@1", "--replaces", old["id"], *where)
    assert gone.exit_code == ExitCode.REFUSED_BY_PEER and len(played.live) == 1


def test_an_order_is_pegged_and_marked(url: str, account: Path, played: PlayedVenue) -> None:
    where = ("--url", url, "--account", account, "--json")
    marks = ("--pegged", "--when-clamped", "--reduce-only")
    placed = said(run(cli.order, "place", "BTC-PERP", "buy", "0.01", "@-20.5", *marks, *where))
    (order,) = placed["orders"]
    assert (order["price"], order["pegged"]) == ("-20.5", True)
    (action,) = played.signed.values()
    assert (action.price, action.flags) == (2**19 - 205, 4 + 16 + 32)
    assert run(cli.order, "place", "BTC-PERP", "buy", "0.01", "@-20.5", *where).exit_code == 2


def test_all_orders_are_cancelled_at_once(url: str, account: Path, played: PlayedVenue) -> None:
    where = ("--url", url, "--account", account)
    for _ in range(2):
        assert run(cli.order, "place", "BTC-PERP", "sell", 1, 1, *where).exit_code == 0
    assert len(said(run(cli.order, "cancel", "--all", *where, "--json"))["orders"]) == 2
    assert not played.live
    for wrong in ((), ("--all", "1/1")):
        assert run(cli.order, "cancel", *wrong, *where).exit_code == ExitCode.USAGE


def test_the_viewing_key_is_told_by_the_first_command_and_by_hand_as_often_as_one_likes(
    url: str, account: Path, played: PlayedVenue
) -> None:
    where = ("--url", url, "--account", account)
    first = run(cli.position, *where)
    assert first.exit_code == 0 and "viewing key" not in first.stderr
    assert played.viewing_keys == [VIEWING_KEY]
    assert run(cli.order, "list", *where).exit_code == 0
    assert played.viewing_keys == [VIEWING_KEY], "once is enough"
    told = said(run(account_cli.account, "tell", account, "--url", url, "--json"))
    assert told == {"file": str(account), "told": True}
    assert played.viewing_keys == [VIEWING_KEY] * 2


def test_who_is_published_for_everybody_is_told_so_and_trades(
    url: str, account: Path, played: PlayedVenue
) -> None:
    played.refuses_key = "viewing-key"
    where = ("--url", url, "--account", account)
    done = run(cli.order, "place", "BTC-PERP", "buy", "0.01", "@5", *where)
    assert done.exit_code == 0 and len(played.live) == 1
    assert "everybody can read" in done.stderr and "crypsis account tell" in done.stderr
    refused = run(account_cli.account, "tell", account, "--url", url, "--json")
    assert said(refused, ExitCode.REFUSED_BY_PEER)["reason"] == "viewing-key"
    assert VIEWING_KEY.hex() not in done.output + refused.output


@pytest.mark.parametrize("numbers", [("many", "@1"), ("1", "@high"), ("0x1", "@1")])
def test_what_is_no_number_is_wrong_usage_and_nobody_is_asked(
    numbers: tuple[str, str], account: Path
) -> None:
    where = ("--url", "http://127.0.0.1:1", "--account", account)
    done = run(cli.order, "place", "BTC-PERP", "buy", *numbers, *where)
    assert done.exit_code == ExitCode.USAGE and "a number like" in done.output


@pytest.mark.parametrize("name", ["abc", "3", "3/", "/4", "3/x", "-3/4", "03/4", "3/4/5", "1000/1"])
def test_what_is_no_order_id_is_wrong_usage_and_nobody_is_asked(name: str, account: Path) -> None:
    where = ("--url", "http://127.0.0.1:1", "--account", account)
    done = run(cli.order, "cancel", *where, "--", "3/4", name)
    assert done.exit_code == ExitCode.USAGE and "SLOT/GENERATION is wanted" in done.output


def test_positions_and_fills_are_shown_for_people_and_for_programs(
    url: str, account: Path, played: PlayedVenue
) -> None:
    where = ("--url", url, "--account", account)
    assert run(cli.order, "place", "BTC-PERP", "buy", "0.001", "5.0", *where).exit_code == 0
    (key,) = played.live
    played.fill(key, 40)
    held = said(run(cli.position, *where, "--json"))
    assert held["cash"] == "-1.500000" and held["positions"]["ETH-PERP"] == "0.0025"
    (fill,) = said(run(cli.fills, *where, "--json"))["fills"]
    assert (fill["side"], fill["size"], fill["void"]) == ("buy", "0.00040", False)
    assert (fill["fee"], fill["time"]) == ("0.000001", START + INTERVAL)
    assert "ETH-PERP         0.0025" in run(cli.position, *where).stdout
    header, row = run(cli.fills, *where).stdout.splitlines()
    assert header.split()[:4] == ["batch", "time", "order", "market"] and "BTC-PERP" in row
    assert "2027-01-15 08:00:01.000" in row and "0.000001" in row


def test_a_key_without_a_password_is_called_insecure(url: str, account: Path) -> None:
    done = run(cli.position, "--url", url, "--account", account)
    assert "for test money alone" in done.stderr


@pytest.mark.parametrize(
    ("price", "name", "told"),
    [
        ("@61800.55", "not-on-tick", "the nearest is 61800.5"),
        ("0", "out-of-range", "price: 0.1 to"),
    ],
)
def test_a_refusal_here_is_wrong_usage_and_has_its_name(
    url: str, account: Path, price: str, name: str, told: str
) -> None:
    where = ("--url", url, "--account", account, "--json")
    done = run(cli.order, "place", "BTC-PERP", "buy", "0.01", price, *where)
    refused = said(done, ExitCode.USAGE)
    assert refused["code"] == name and told in refused["error"]


def test_what_a_venue_refuses_is_exit_5_with_its_reason(
    url: str, account: Path, played: PlayedVenue
) -> None:
    played.used, played.next_generation = dict.fromkeys(range(256), 2**26 - 1), 1
    where = ("--url", url, "--account", account, "--json")
    refused = said(
        run(cli.order, "place", "BTC-PERP", "buy", 1, "@5", *where), ExitCode.REFUSED_BY_PEER
    )
    assert refused["reason"] == "generation-used"


def test_no_venue_is_exit_4(account: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sequencer.client.connection.Policy", None)
    done = run(cli.position, "--url", "http://127.0.0.1:1", "--account", account)
    assert done.exit_code == ExitCode.UNREACHABLE


def test_a_fork_is_exit_1_and_shows_its_evidence(
    url: str, account: Path, played: PlayedVenue
) -> None:
    def one_sequence(item: dict[str, Any]) -> dict[str, Any]:
        receipt = signed_from_json(shallow_json.canonical(item["receipt"])).receipt
        again = sign(replace(receipt, sequence=1, previous=RECEIPTS_START))
        return {**item, "receipt": json.loads(signed_to_json(again))}

    where = ("--url", url, "--account", account, "--json")
    for _ in range(2):
        assert run(cli.order, "place", "BTC-PERP", "buy", 1, "@5", *where).exit_code == 0
    played.change_item = one_sequence
    done = said(run(cli.order, "cancel", "--all", *where), ExitCode.INVALID)
    assert done["code"] == "misbehaviour"
    one, other = (signed_from_json(each.encode()) for each in done["evidence"])
    assert one.receipt.sequence == other.receipt.sequence and one != other


def test_a_key_is_made_shown_and_listed_and_its_password_comes_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keystore.create, "__defaults__", (keystore.WORK_LEAST,))
    word, path = tmp_path / "word", tmp_path / "new.json"
    word.write_text("correct horse\n")
    under = ("--password-file", word)
    new = ("new", path, "--owner", f"0x{OWNER}", *under, "--json")
    made = said(run(account_cli.account, *new))
    assert made["account"] is None and made["owner"] == OWNER and not made["insecure"]
    assert said(run(account_cli.account, "show", path, "--json")) == made
    assert said(run(account_cli.account, "list", tmp_path, "--json"))["accounts"] == [made]
    keystore.register(path, 5)
    assert keystore.Keystore.open(path, "correct horse").account == 5
    again = run(account_cli.account, "new", path, "--owner", OWNER, "--password-file", word)
    assert again.exit_code == ExitCode.BAD_INPUT
    wrong = run(account_cli.account, "new", tmp_path / "x.json", "--owner", "5", *under)
    assert wrong.exit_code == ExitCode.USAGE


def test_a_short_password_is_wrong_usage_and_the_least_is_said_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keystore.create, "__defaults__", (keystore.WORK_LEAST,))
    word, path = tmp_path / "word", tmp_path / "new.json"
    word.write_text("7 chars\n")
    asked = (account_cli.account, "new", path, "--owner", OWNER)
    refused = said(run(*asked, "--password-file", word, "--json"), ExitCode.USAGE)
    assert refused["code"] == "password-too-short" and "at least 8 characters" in refused["error"]
    typed = run(*asked, input="7 chars\n7 chars\n")
    assert typed.exit_code == ExitCode.USAGE and not path.exists()
    assert "Password, of at least 8 characters:" in typed.output
    assert "8 characters or more" in run(account_cli.account, "new", "--help").output


def test_a_password_is_asked_for_twice_when_it_is_new_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keystore.create, "__defaults__", (keystore.WORK_LEAST,))
    path = tmp_path / "new.json"
    typed = "correct horse\ncorrect horse\n"
    done = run(account_cli.account, "new", path, "--owner", OWNER, input=typed)
    assert done.exit_code == 0 and "correct" not in done.output
    assert keystore.describe(path).account is None


def test_watch_draws_tables_on_a_terminal(
    url: str, account: Path, played: PlayedVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--url", url, "--account", account)
    assert run(cli.order, "place", "BTC-PERP", "sell", "0.01", "70000", *where).exit_code == 0
    drawn = StringIO()
    terminal = Console(file=drawn, force_terminal=True, width=100, color_system=None)
    monkeypatch.setattr(watching, "Console", lambda: terminal)
    done = run(cli.watch, *where, "--interval", "0.2", "--count", "2")
    assert done.exit_code == 0, done.output
    text = drawn.getvalue()
    for wanted in ("Batches", "Markets", "Orders, cash -1.500000 USDC", "running", "61800.3"):
        assert wanted in text
    (row,) = {line.strip() for line in text.splitlines() if "70000.0" in line}
    assert "sell" in row and "0.01000" in row and "live" in row
    (market,) = {line.strip() for line in text.splitlines() if "2543.84" in line}
    assert "ETH-PERP" in market and "0.0025" in market
    assert "{" not in text, "no JSON on a terminal"


def test_watch_without_an_account_draws_no_order(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = StringIO()
    terminal = Console(file=drawn, force_terminal=True, width=100, color_system=None)
    monkeypatch.setattr(watching, "Console", lambda: terminal)
    assert run(cli.watch, "--url", url, "--count", "1").exit_code == 0
    assert "BTC-PERP" in drawn.getvalue() and "Orders" not in drawn.getvalue()


def test_watch_gives_programs_a_line_a_look(url: str, account: Path) -> None:
    options = ("--interval", "0.2", "--count", "2", "--json")
    done = run(cli.watch, "--url", url, "--account", account, *options)
    looks = [json.loads(line) for line in done.stdout.splitlines()]
    assert [look["type"] for look in looks] == ["look", "look"]
    assert looks[0]["prices"] == {"BTC-PERP": "61800.3", "ETH-PERP": "2543.84"}
    assert looks[0]["orders"] == [] and looks[0]["cash"] == "-1.500000"
    bare = run(cli.watch, "--url", url, "--count", "1", "--json")
    assert "cash" not in json.loads(bare.stdout)
