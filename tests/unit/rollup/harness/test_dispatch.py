"""JSON-RPC 2.0: what is answered to requests, and to what is none."""

import json
from pathlib import Path
from typing import Any

import pytest

from rollup.harness import served as served_module
from rollup.harness.dispatch import BATCH_MAX, Answer, contract_answers, handle
from rollup.harness.oracle import TEST_DEPLOY
from rollup.harness.people import address, key_words, viewing_words
from rollup.harness.scenario import MODIFIERS
from rollup.harness.served import Served
from rollup.l1.methods import METHODS
from tests.unit.rollup.l1.test_stored import fresh

ROOT = Path(__file__).resolve().parents[4]
SENDER = address("alice").hex()


@pytest.fixture
def answer() -> Answer:
    return contract_answers(Served(fresh()))


def request(method: str, identifier: object = 1, **params: object) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identifier, "method": method, "params": params}


def asked(answer: Answer, value: object) -> Any:
    answered = handle(json.dumps(value).encode(), answer)
    return None if answered is None else json.loads(answered)


def code(answered: Any) -> int:
    assert set(answered) == {"jsonrpc", "id", "error"}
    return int(answered["error"]["code"])


def test_a_property_is_answered_under_the_requests_id(answer: Answer) -> None:
    for identifier in (7, "seven", None):
        answered = asked(answer, request("l1_custody", identifier))
        assert answered == {"jsonrpc": "2.0", "id": identifier, "result": "0"}


def test_every_method_without_arguments_is_answered(answer: Answer) -> None:
    for name, method in METHODS.items():
        if not method.parameters:
            assert "result" in asked(answer, request(name)), name


def test_every_method_and_step_is_in_the_document() -> None:
    text = (ROOT / "docs" / "l1.md").read_text(encoding="utf-8")
    said = {*MODIFIERS, *(name for names in MODIFIERS.values() for name in names)}
    assert [name for name in (*METHODS, TEST_DEPLOY, *said) if f"`{name}`" not in text] == []


def test_a_revert_is_an_error_with_its_reason(answer: Answer) -> None:
    answered = asked(answer, request("l1_withdraw", sender=SENDER, asset=0))
    assert answered["error"]["code"] == 3
    assert answered["error"]["data"] == {
        "reason": "nothing-to-withdraw",
        "detail": "no pending balance",
    }


def test_a_whole_registration_goes_through(answer: Answer) -> None:
    assert asked(answer, request("dev_mint", owner=SENDER, amount="5", asset=0))["result"] is None
    words = {"key_words": key_words("alice"), "viewing_words": viewing_words()}
    answered = asked(answer, request("l1_register", sender=SENDER, amount="5", asset=0, **words))
    assert (answered["result"]["account"], answered["result"]["amount"]) == (1, "5")
    assert asked(answer, request("l1_queued"))["result"] == "5"
    assert asked(answer, request("l1_accounts"))["result"] == [[SENDER, 1]]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff", -32700),
        (b"[" * 50, -32700),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"l1_root"}', -32700),
        (b"[]", -32600),
        (b"1", -32600),
        (b"{}", -32600),
        (b'{"id":1,"method":"l1_root"}', -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"l1_root"}', -32600),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"l1_root"}', -32600),
        (b'{"jsonrpc":"2.0","id":[],"method":"l1_root"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"l1_root","more":1}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"l1_rootless"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"test_deploy"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"l1_root","params":[]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"l1_root","params":{"x":1}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"l1_withdraw"}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"l1_withdraw","params":{"sender":"0X"}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"l1_queue_head","params":{"count":NaN}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"dev_warp","params":{"milliseconds":-1}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"dev_reorg","params":{"mark":1}}', -32602),
    ],
)
def test_what_is_no_request_is_refused_by_its_kind(
    answer: Answer, body: bytes, wanted: int
) -> None:
    answered = handle(body, answer)
    assert answered is not None and code(json.loads(answered)) == wanted


def test_requests_that_come_together_are_answered_in_order(answer: Answer) -> None:
    together = [request("l1_custody", 1), request("l1_nothing", 2), request("l1_now", 3)]
    answers = asked(answer, together)
    assert [each["id"] for each in answers] == [1, 2, 3]
    assert code(answers[1]) == -32601
    assert code(asked(answer, [request("l1_now")] * (BATCH_MAX + 1))) == -32600


def test_a_notification_is_carried_out_in_silence(answer: Answer) -> None:
    told = request("dev_mint", owner=SENDER, amount="5", asset=0)
    del told["id"]
    assert asked(answer, told) is None
    assert asked(answer, [told]) is None
    assert asked(answer, request("l1_wallets"))["result"] == [[SENDER, "10"]]


def test_an_error_inside_is_told_by_its_kind_alone(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(served_module.LocalL1, "now", fails)
    answered = asked(answer, request("l1_now"))
    assert answered["error"] == {"code": -32603, "message": "internal error (ZeroDivisionError)"}


def test_a_call_whose_file_cannot_be_written_has_not_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = Served(fresh(), tmp_path / "l1.json")
    answer = contract_answers(served)
    assert "result" in asked(answer, request("dev_mint", owner=SENDER, amount="5", asset=0))
    before, kept = served.l1.view(), (tmp_path / "l1.json").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(served_module, "write_whole", full)
    minted = request("dev_mint", owner=SENDER, amount="5", asset=0)
    for told in (minted, request("dev_warp", milliseconds=5)):
        now = served.l1.now()
        assert code(asked(answer, told)) == -32603
        assert (served.l1.view(), served.l1.now()) == (before, now)
    assert (tmp_path / "l1.json").read_bytes() == kept
