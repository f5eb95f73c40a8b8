"""`crypsis order bundle`: many orders and cancels of a file, and what is told of each."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rollup.codec.strict import CodecError
from rollup.program.exit_codes import ExitCode
from rollup.protocol.receipt_json import signed_from_json
from sequencer.client import cli
from sequencer.client.bundle_file import ACTIONS_MAX, FILE_BYTES_MAX, Wanted, wanted_of
from sequencer.client.terms import Terms
from tests.helpers.played_venue import PlayedVenue
from tests.unit.sequencer.client.test_cli import account, played, said, url

__all__ = ["account", "played", "url"]

BUY = {"market": "BTC-PERP", "side": "buy", "size": "0.01", "price": "61800.5"}
NOWHERE = ("--url", "http://127.0.0.1:1")


def lines(*records: object) -> bytes:
    return "\n".join(map(json.dumps, records)).encode()


def bundle(data: bytes, *arguments: object, file: str | Path = "-") -> Result:
    given = ("bundle", str(file), *map(str, arguments))
    return CliRunner().invoke(cli.order, given, input=data)


# What a file says.


def test_a_file_has_the_words_of_the_commands() -> None:
    every = {
        **BUY,
        "price": "@-20.5",
        "size": 3,
        "time_in_force": "ioc",
        "post_only": True,
        "reduce_only": False,
        "pegged": True,
        "when_clamped": True,
        "lasts": 60,
        "replaces": "4/9",
    }
    wanted = wanted_of(lines(BUY, every, {"cancel": "3/17"}))
    plain = Terms("BTC-PERP", "buy", "61800.5", "0.01", "gtt")
    marked = Terms(
        "BTC-PERP",
        "buy",
        "-20.5",
        "3",
        "ioc",
        post_only=True,
        pegged=True,
        when_clamped=True,
        expires=timedelta(seconds=60),
        replaces=(4, 9),
    )
    assert wanted == [
        Wanted("line 1", plain),
        Wanted("line 2", marked),
        Wanted("line 3", "3/17"),
    ]


def test_a_list_says_the_same_and_empty_lines_count() -> None:
    records = [BUY, {"cancel": "0/1"}]
    listed = wanted_of(b"\n " + json.dumps(records, indent=1).encode())
    lined = wanted_of(b"\n\n" + lines(*records).replace(b"\n", b"\r\n\n") + b"\n")
    assert [each.what for each in listed] == [each.what for each in lined]
    assert [each.place for each in listed] == ["record 1", "record 2"]
    assert [each.place for each in lined] == ["line 3", "line 5"]


BAD: list[tuple[bytes, str]] = [
    (b"", "1 to 512 orders and cancels are wanted, 0 came"),
    (b"[]", "1 to 512 orders and cancels are wanted, 0 came"),
    (b"\xff", "UTF-8"),
    (lines(BUY) + b"\n{", "line 2: JSON is wanted"),
    (b"[{]", "the list: JSON is wanted"),
    (b"[" * 100, "the list: JSON is wanted"),
    (lines(BUY, [BUY]), "line 2: wanted a record"),
    (lines(BUY, 5), "line 2: wanted a record"),
    (lines(BUY, {}), "line 2: market is missing"),
    (lines({**BUY, "prize": 1}), "line 1: 'prize' is unknown here"),
    (b'{"cancel": "1/1", "cancel": "1/2"}', "line 1: a member is there twice"),
    (lines({"cancel": "1/1", "side": "buy"}), "line 1: 'side' is unknown here"),
    (lines({"cancel": "1"}), "line 1.cancel: wanted SLOT/GENERATION"),
    (lines({"cancel": "03/1"}), "line 1.cancel: wanted SLOT/GENERATION"),
    (lines({"cancel": 3}), "line 1.cancel: wanted text"),
    (lines(BUY, {"cancel": "3/1"}, {"cancel": "3/1"}), "line 3: line 2 ends 3/1 already"),
    (lines({**BUY, "side": "long"}), "line 1.side: wanted one of buy, sell"),
    (lines({**BUY, "side": ["buy"]}), "line 1.side: wanted one of buy, sell"),
    (lines({**BUY, "price": 1.5}), "line 1.price: wanted text"),
    (lines({**BUY, "price": "1e3"}), "line 1.price: wanted a number"),
    (lines({**BUY, "price": "-1"}), "line 1.price: wanted a number"),
    (lines({**BUY, "price": -1}), "line 1.price: wanted a number"),
    (lines({**BUY, "size": True}), "line 1.size: wanted text"),
    (lines({**BUY, "size": "9" * 41}), "line 1.size: wanted text"),
    (lines({**BUY, "time_in_force": "fok"}), "line 1.time_in_force: wanted one of gtt, ioc"),
    (lines({**BUY, "post_only": 1}), "line 1.post_only: wanted true or false"),
    (lines({**BUY, "lasts": 0}), "line 1.lasts: wanted seconds"),
    (lines({**BUY, "lasts": 2**33}), "line 1.lasts: wanted seconds"),
    (lines({**BUY, "lasts": "9"}), "line 1.lasts: wanted an integer"),
    (lines({**BUY, "replaces": "9"}), "line 1.replaces: wanted SLOT/GENERATION"),
    (lines({**BUY, "replaces": "3/1"}, {"cancel": "3/1"}), "line 2: line 1 ends 3/1 already"),
    (lines(*[{**BUY, "replaces": "3/1"}] * 2), "line 2: line 1 ends 3/1 already"),
    (lines(*[BUY] * (ACTIONS_MAX + 1)), "1 to 512 orders and cancels are wanted, 513 came"),
    (json.dumps([BUY] * (ACTIONS_MAX + 1)).encode(), "the list: wanted at most 512 members"),
]


@pytest.mark.parametrize(("data", "told"), BAD, ids=[told[:48] for _, told in BAD])
def test_what_is_no_action_is_told_with_its_line_and_nobody_is_asked(
    data: bytes, told: str, account: Path
) -> None:
    with pytest.raises(CodecError) as caught:
        wanted_of(data)
    assert told in str(caught.value)
    done = bundle(data, *NOWHERE, "--account", account)
    assert done.exit_code == ExitCode.BAD_INPUT
    assert f"standard input: {caught.value}" in done.output


# What becomes of it.


def where(url: str, account: Path) -> tuple[object, ...]:
    return ("--url", url, "--account", account)


def test_a_file_is_placed_and_each_has_its_receipt(
    url: str, account: Path, played: PlayedVenue, tmp_path: Path
) -> None:
    file, kept = tmp_path / "quotes.jsonl", tmp_path / "receipts"
    file.write_bytes(lines(BUY, {**BUY, "side": "sell", "price": "61900"}))
    done = said(bundle(b"", *where(url, account), "--receipts", kept, "--json", file=file))
    first, second = done["orders"]
    assert (first["place"], first["action"], first["side"]) == ("line 1", "place", "buy")
    assert (second["place"], second["price"], second["status"]) == ("line 2", "61900.0", "live")
    assert len(played.live) == 2
    actions = list(played.signed.values())
    assert [each.path.place for each in actions] == [0, 1]  # type: ignore[union-attr]
    assert actions[0].signature == actions[1].signature
    receipts = sorted(
        signed_from_json(each.read_bytes()).receipt.sequence for each in kept.iterdir()
    )
    assert receipts == sorted(first["receipts"] + second["receipts"]) and len(receipts) == 2


def test_orders_are_ended_and_others_placed_and_a_table_tells(
    url: str, account: Path, played: PlayedVenue
) -> None:
    (old,) = said(bundle(lines(BUY), *where(url, account), "--json"))["orders"]
    done = bundle(lines(BUY, {"cancel": old["id"]}, BUY), *where(url, account))
    assert done.exit_code == 0, done.output
    header, *rows = (line.split() for line in done.stdout.splitlines())
    assert header[:3] == ["place", "action", "id"] and header[-1] == "receipt"
    assert [row[2] for row in rows] == ["place", "cancel", "place"]
    assert rows[1][3] == old["id"] and "cancelled" in rows[1]
    assert len({row[-1] for row in rows}) == 3 and len(played.live) == 2


@pytest.mark.parametrize(
    ("wrong", "code", "told"),
    [
        ({**BUY, "price": "61800.55"}, "not-on-tick", "the nearest is 61800.5"),
        ({**BUY, "market": "DOGE-PERP"}, "unknown", "a market of BTC-PERP, ETH-PERP"),
        ({**BUY, "size": "0"}, "out-of-range", "size: 0.00001 to"),
    ],
)
def test_what_no_order_can_be_is_told_with_its_line_and_nothing_is_sent(
    url: str, account: Path, played: PlayedVenue, wrong: object, code: str, told: str
) -> None:
    done = said(bundle(lines(BUY, wrong), *where(url, account), "--json"), ExitCode.USAGE)
    assert done["code"] == code and told in done["error"]
    assert done["error"].startswith("standard input: line 2: ") and not played.live


def test_an_order_of_a_file_replaces_one(url: str, account: Path, played: PlayedVenue) -> None:
    (old,) = said(bundle(lines(BUY), *where(url, account), "--json"))["orders"]
    new = {**BUY, "price": "61800.4", "replaces": old["id"]}
    first, second = said(bundle(lines(new, BUY), *where(url, account), "--json"))["orders"]
    assert first["id"].split("/")[0] == old["id"].split("/")[0] != second["id"].split("/")[0]
    assert len(played.live) == 2
    unknown = bundle(lines({**BUY, "replaces": "9/9"}), *where(url, account))
    assert unknown.exit_code == ExitCode.REFUSED_BY_PEER and "line 1: 9/9" in unknown.stderr


def test_an_order_that_does_not_live_is_told_with_its_line_and_nothing_is_sent(
    url: str, account: Path, played: PlayedVenue
) -> None:
    data = json.dumps([BUY, {"cancel": "9/9"}]).encode()
    done = bundle(data, *where(url, account))
    assert done.exit_code == ExitCode.REFUSED_BY_PEER and not played.live
    assert "standard input: record 2: 9/9: no such order lives" in done.stderr


def test_what_the_venue_refuses_is_exit_5_and_the_others_stand(
    url: str, account: Path, played: PlayedVenue
) -> None:
    count = [0]

    def change(data: bytes) -> bytes:
        count[0] += 1
        if count[0] != 3:  # the first tells the viewing key
            return data
        return b'{"v":2,"rows":[],"more":false,"reason":"margin"}'

    played.change_answer = change
    done = bundle(lines(BUY, BUY, BUY), *where(url, account), "--json")
    orders: list[dict[str, Any]] = said(done, ExitCode.REFUSED_BY_PEER)["orders"]
    assert [each["status"] for each in orders] == ["live", "refused", "live"]
    assert orders[1]["reason"] == "margin"


def test_70_actions_are_two_bundles(url: str, account: Path, played: PlayedVenue) -> None:
    done = said(bundle(lines(*[BUY] * 70), *where(url, account), "--json"))
    assert len(done["orders"]) == len(played.live) == 70
    assert len({each.signature for each in played.signed.values()}) == 2


def test_a_file_that_is_none_or_too_large_is_refused(account: Path, tmp_path: Path) -> None:
    missing = bundle(b"", *NOWHERE, "--account", account, file=tmp_path / "none")
    assert missing.exit_code == ExitCode.BAD_INPUT
    large = bundle(bytes(FILE_BYTES_MAX + 1), *NOWHERE, "--account", account)
    assert large.exit_code == ExitCode.BAD_INPUT and "more than" in large.output
