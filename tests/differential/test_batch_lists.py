"""Batch files whose lists are read whole, beside the same read member by member.

Every member of the first and the last record of each list is replaced by values of other kinds and
out of bounds: both readers refuse with the same words, or both find the same batch.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

import pytest

from rollup.codec.fields import Node
from rollup.codec.strict import CodecError, decode, encode
from rollup.field.koalabear import P
from rollup.protocol import batch_codec
from rollup.protocol.batch import Batch
from rollup.protocol.batch_codec import BATCH_BYTES_MAX, batch_from_bytes, batch_to_bytes
from rollup.protocol.encoding import digest_bytes
from tests.helpers.venue import Match, Venue, buy, register, sell

LISTS: tuple[tuple[str, ...], ...] = (
    ("orders",),
    ("fills",),
    ("pre", "accounts"),
    ("pre", "slots"),
    ("pre", "triggers"),
    ("pre", "account_siblings"),
    ("pre", "slot_siblings"),
    ("pre", "trigger_siblings"),
    ("salts", "accounts"),
)
WRONG: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 2, 2**40, 2**63, "x", b"", [], {}, [0], [[0, 1]], [[0, 0]]),
    *(bytes(16), bytes(32), digest_bytes((P,)) * 8, bytes(84), [[5, 1], [2, 1]], [[0, 1]] * 65),
)
Place = tuple[str | int, ...]


@pytest.fixture(scope="module")
def batch() -> Batch:
    venue = Venue().with_traders(10**12, 10**12, 10**12)
    venue.run(venue.batch([], [Match(buy(1, 1000), sell(2, 1000), 500)]))
    matches = [Match(buy(1, 1000), sell(3, 1000), 5), Match(buy(2, 1000, 1), sell(1, 990, 1), 7)]
    return venue.batch([register(3, 4, 17)], matches)


def member_by_member(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Batch:
    with monkeypatch.context() as patched:
        patched.setattr(batch_codec, "members", _one_by_one)
        return batch_from_bytes(data)


def _one_by_one(node: Node, most: int, _: object, one: Any) -> tuple[Any, ...]:
    return tuple(one(member) for member in node.items(most))


def outcome(read: Any) -> Batch | str:
    try:
        found = read()
    except CodecError as error:
        return str(error)
    assert isinstance(found, Batch)
    return found


def places(value: Any, path: Place) -> Iterator[Place]:
    """A record and all within it: of a list its first and last member."""
    yield path
    if isinstance(value, dict):
        for name, member in value.items():
            yield from places(member, (*path, name))
    elif isinstance(value, list):
        for index in sorted({0, len(value) - 1} & set(range(len(value)))):
            yield from places(value[index], (*path, index))


def at(content: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        content = content[step]
    return content


def test_both_ways_find_the_same_batch(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    data = batch_to_bytes(batch)
    assert batch_from_bytes(data) == member_by_member(data, monkeypatch) == batch


@pytest.mark.parametrize("path", LISTS, ids=".".join)
def test_both_ways_refuse_with_the_same_words(
    batch: Batch, path: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = decode(batch_to_bytes(batch), BATCH_BYTES_MAX, "batch")
    refused = 0
    for place in places(at(content, path), path):
        for wrong in WRONG:
            changed = deepcopy(content)
            at(changed, place[:-1])[place[-1]] = wrong
            data = encode(changed)
            found = outcome(lambda data=data: batch_from_bytes(data))
            assert found == outcome(lambda data=data: member_by_member(data, monkeypatch))
            refused += isinstance(found, str)
    assert refused


@pytest.mark.parametrize("path", LISTS[:3], ids=".".join)
def test_a_member_too_many_or_too_few_is_named_alike(
    batch: Batch, path: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = decode(batch_to_bytes(batch), BATCH_BYTES_MAX, "batch")
    for place in places(at(content, path), path):
        record = at(content, place)
        if not isinstance(record, dict):
            continue
        for name in ("surprise", *record):
            changed = deepcopy(content)
            if name in record:
                del at(changed, place)[name]
            else:
                at(changed, place)[name] = 1
            data = encode(changed)
            found = outcome(lambda data=data: batch_from_bytes(data))
            assert isinstance(found, str)
            assert found == outcome(lambda data=data: member_by_member(data, monkeypatch))
