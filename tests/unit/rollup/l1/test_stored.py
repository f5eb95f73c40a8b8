"""A mock L1 as bytes: all of it comes back, and nothing that is not its one encoding."""

import json

import pytest

from rollup.codec.strict import CodecError
from rollup.harness.oracle import OracleDeployment
from rollup.harness.people import ALL_PINS, START, deployment
from rollup.harness.random_calls import ACTIONS, Books, Walk
from rollup.harness.targets import LocalTarget
from rollup.l1.canonical_file import STATE_BYTES_MAX
from rollup.l1.development import LocalL1
from rollup.l1.queue import QueueLimits
from rollup.l1.stored import Stored, stored_from_bytes, stored_to_bytes
from tests.helpers.seed import draws

LIMITS = QueueLimits(accounts=100, entries=1000)


def fresh() -> LocalL1:
    made = LocalTarget().deploy(OracleDeployment(deployment(), ALL_PINS, START, LIMITS))
    assert isinstance(made, LocalL1)
    return made


def lived(seed: int, steps: int = 120) -> LocalL1:
    """An L1 after a life of random calls."""
    l1 = fresh()
    books = Books(deployment().genesis, deployment().root)
    way = Walk(fresh(), l1, draws(seed), books)
    for _ in range(steps):
        way.random.choice(ACTIONS)(way)
    return l1


def stored(l1: LocalL1) -> Stored:
    return Stored(l1.deployment, l1.checkpoint(), l1.clock.ahead_ms)


@pytest.mark.parametrize("seed", range(5))
def test_all_that_a_contract_stores_comes_back_and_goes_on_alike(seed: int) -> None:
    l1 = lived(seed)
    found = stored_from_bytes(stored_to_bytes(stored(l1)))
    again = fresh()
    again.clock.ahead_ms = found.ahead_ms
    again.revert_to(found.state)
    assert (found.deployment, again.now(), again.view()) == (l1.deployment, l1.now(), l1.view())
    for room in ("headers", "schedule", "queue", "vault", "given", "exits"):
        one, other = getattr(l1.checkpoint(), room), getattr(again.checkpoint(), room)
        assert vars(one) == vars(other), room
    books = Books(deployment().genesis, deployment().root)
    way = Walk(again, l1, draws(seed + 100), books)
    for action in ACTIONS[1:8]:
        action(way)


def test_a_state_has_one_encoding() -> None:
    data = stored_to_bytes(stored(lived(1)))
    assert stored_to_bytes(stored_from_bytes(data)) == data
    assert data == json.dumps(json.loads(data), sort_keys=True, separators=(",", ":")).encode()


def damaged(data: bytes) -> dict[str, bytes]:
    value = json.loads(data)
    other = {**value, "version": 1}
    more = {**value, "more": 1}
    used = {**value, "content": {**value["content"], "ahead_ms": "0"}}
    return {
        "cut short": data[:-1],
        "with an end of line": data + b"\n",
        "empty": b"",
        "not ASCII": b"\xff" + data,
        "with spaces": json.dumps(value, sort_keys=True).encode(),
        "of another version": json.dumps(other, sort_keys=True, separators=(",", ":")).encode(),
        "with more": json.dumps(more, sort_keys=True, separators=(",", ":")).encode(),
        "of another type": json.dumps(used, sort_keys=True, separators=(",", ":")).encode(),
        "deep": b"[" * 100,
    }


@pytest.mark.parametrize("how", damaged(b'{"content":{},"version":2}'))
def test_any_other_bytes_are_refused(how: str) -> None:
    data = damaged(stored_to_bytes(stored(fresh())))[how]
    with pytest.raises(CodecError, match=r"^l1"):
        stored_from_bytes(data)


def test_what_is_too_long_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollup.l1.canonical_file.STATE_BYTES_MAX", 10)
    assert STATE_BYTES_MAX == 2**28
    with pytest.raises(CodecError, match="at most 10 bytes"):
        stored_from_bytes(stored_to_bytes(stored(fresh())))
