"""A batch, a public input and a genesis each have one encoding; all other bytes are refused."""

import json
from dataclasses import replace

import pytest

from rollup.codec.strict import CodecError, decode, encode
from rollup.protocol.batch import Batch
from rollup.protocol.batch_codec import BATCH_BYTES_MAX, batch_from_bytes, batch_to_bytes
from rollup.protocol.genesis import Genesis, genesis_from_json, genesis_to_json
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import public_from_json, public_to_json
from rollup.protocol.rejection import Reason
from tests.helpers.venue import Match, Venue, buy, credit, genesis, refusal, register, sell

RICH = 10**12


POSITIONS = ("pre", "accounts", 1, "account", "positions")


@pytest.fixture(scope="module")
def venue() -> Venue:
    return Venue().with_traders(RICH, RICH)


@pytest.fixture(scope="module")
def batch(venue: Venue) -> Batch:
    deposits = [register(2, 3, 17), credit(3, 9, 2**62 - 1)]
    return venue.batch(deposits, [Match(buy(1, 1000), sell(2, 1000), 500)])


@pytest.fixture(scope="module")
def public(venue: Venue, batch: Batch) -> PublicInput:
    return venue.apply(batch).public


def test_a_batch_comes_back_from_its_bytes(batch: Batch) -> None:
    data = batch_to_bytes(batch)
    assert batch_from_bytes(data) == batch
    assert batch_to_bytes(batch_from_bytes(data)) == data


def test_a_batch_file_with_one_byte_more_or_less_is_refused(batch: Batch) -> None:
    data = batch_to_bytes(batch)
    for wrong in (data + b"\0", data[:-1], b"", b"\0" + data):
        with pytest.raises(CodecError):
            batch_from_bytes(wrong)
    with pytest.raises(CodecError, match=f"at most {BATCH_BYTES_MAX} bytes"):
        batch_from_bytes(bytes(BATCH_BYTES_MAX + 1))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("version",), 1, r"batch\.version: wanted version 12, got 1"),
        (("number",), "7", r"batch\.number: wanted an integer, got text of 1"),
        (("number",), True, r"batch\.number: wanted an integer, got true or false"),
        (("number",), 2**40, "number-out-of-bounds"),
        (("old_root",), bytes(31), r"batch\.old_root: wanted 32 bytes, got 31 bytes"),
        (("old_root",), b"\xff" * 32, "word-out-of-bounds"),
        (("prices",), [1], "price-count"),
        (("prices",), [1, 2, 3], "price-count"),
        (("prices",), [1] * 65, r"batch\.prices: wanted at most 64 members, got 65"),
        (("pre", "markets", "frontiers"), [], "frontier-count"),
        (("pre", "markets", "frontiers"), [[1]], r"frontiers\[0\]: wanted"),
        (("frontiers",), [[1, 2]], "frontier-count"),
        (("pre", "triggers"), [[0, 1]], r"triggers\[0\]: wanted"),
        ((*POSITIONS,), [[0, 1], [0, 1]], "position-order"),
        ((*POSITIONS,), [[1, 1], [0, 1]], "position-order"),
        ((*POSITIONS,), [[0, 0]], "position-empty"),
        ((*POSITIONS,), [[2**16, 1]], "market-out-of-bounds"),
        ((*POSITIONS,), [[0, 2**40]], "position-out-of-bounds"),
        ((*POSITIONS,), [5], "wanted a list, got a number"),
        ((*POSITIONS,), [[0, 1, 2]], "at most 2 members, got 3"),
        ((*POSITIONS,), [[m, 1] for m in range(65)], "wanted at most 64 members, got 65"),
        (("fills", 0, "taker"), 2, r"batch\.fills\[0\]\.taker: wanted a side, got a number"),
        (("fills", 0, "size"), 0, "size-out-of-bounds"),
        (("orders", 0, "reduce_only"), 0, r"reduce_only: wanted true or false, got a number"),
        (("deposits", 0, "kind"), 9, "wanted a kind of queue entry, got a number"),
        (("deposits", 0, "owner"), bytes(19), "wanted 20 bytes, got 19 bytes"),
        (("pre", "accounts", 0, "account"), 5, "wanted a record, got a number"),
        (("pre", "slots", 0), [1, 2], "wanted 3 numbers, or 13"),
        (("pre", "slots", 0), [1, 2, 3, 4], "wanted 3 numbers, or 13"),
        (("pre", "slots", 0), [1, 2, 3, 0, 2, *[1] * 8], "side of a resting order must be 0 or 1"),
        (("pre", "slots", 0), [1, 2, 3, 0, 1, 5, 0, *[1] * 6], "size-out-of-bounds"),
        (("resting",), [[1]], r"batch\.resting\[0\]: wanted"),
        (("lapsed",), [[1, 1], [1, 0]], "opened-twice"),
        (("cancels",), [5], "wanted a record, got a number"),
        (("fills",), {}, r"batch\.fills: wanted a list, got a record"),
        (("governance", "markets", 0, "band_fraction"), 999, "band-too-wide"),
    ],
)
def test_a_wrong_member_is_named_with_what_was_wanted(
    batch: Batch, path: tuple[str | int, ...], value: object, message: str
) -> None:
    content = decode(batch_to_bytes(batch), BATCH_BYTES_MAX, "batch")
    place: object = content
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]
    place[path[-1]] = value  # type: ignore[index]
    with pytest.raises(CodecError, match=message):
        batch_from_bytes(encode(content))


def test_a_missing_and_an_unknown_member_are_named(batch: Batch) -> None:
    content = decode(batch_to_bytes(batch), BATCH_BYTES_MAX, "batch")
    assert isinstance(content, dict)
    with pytest.raises(CodecError, match="batch: 'surprise' is unknown here"):
        batch_from_bytes(encode({**content, "surprise": 1}))
    del content["fills"]
    with pytest.raises(CodecError, match="batch: fills is missing"):
        batch_from_bytes(encode(content))


def test_a_public_input_comes_back_from_its_json(public: PublicInput) -> None:
    data = public_to_json(public)
    assert public_from_json(data) == public
    assert data == json.dumps(
        json.loads(data), sort_keys=True, separators=(",", ":"), ensure_ascii=True
    ).encode("ascii")


def test_a_record_of_another_version_is_refused_by_its_number(
    batch: Batch, public: PublicInput
) -> None:
    """Not by a member that the other version lacks."""
    old = json.loads(public_to_json(public))
    del old["redo"]
    with pytest.raises(CodecError, match=r"public\.version: wanted version 12, got 1"):
        public_from_json(json.dumps({**old, "version": 1}).encode())
    content = decode(batch_to_bytes(batch), BATCH_BYTES_MAX, "batch")
    assert isinstance(content, dict)
    del content["redo"]
    with pytest.raises(CodecError, match=r"batch\.version: wanted version 12, got 1"):
        batch_from_bytes(encode({**content, "version": 1}))
    for none in (True, "2", None):
        with pytest.raises(CodecError, match=r"public\.version: wanted version 12, got none"):
            public_from_json(json.dumps({**old, "version": none}).encode())


def test_public_json_in_any_other_form_is_refused(public: PublicInput) -> None:
    data = public_to_json(public)
    content = json.loads(data)
    wrong = [
        data + b"\n",
        b" " + data,
        json.dumps(content, sort_keys=True).encode(),
        json.dumps(content, separators=(",", ":")).encode()[:-1] + b',"version":4}',
        data.replace(b'"number":2', b'"number":2.0'),
        data.replace(b'"number":2', b'"number":02'),
        data.replace(b'"total":"', b'"total":"0'),
        data.replace(b'"register"', b'"REGISTER"'),
        data.replace(b'"register"', b'"\\u0072egister"'),
        data.replace(public.old_root[0].to_bytes(4, "little").hex().encode(), b"ffffffff"),
        b"\xff\xfe" + data,
        b"[" * 100_000,
        b"null",
        b"",
    ]
    for bytes_ in wrong:
        assert bytes_ != data
        with pytest.raises(CodecError):
            public_from_json(bytes_)


def test_every_one_byte_change_of_public_json_is_refused_or_says_something_else(
    public: PublicInput,
) -> None:
    data = public_to_json(public)
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        try:
            other = public_from_json(changed)
        except CodecError:
            continue
        assert other != public


def test_large_amounts_are_decimal_text(public: PublicInput) -> None:
    content = json.loads(public_to_json(public))
    assert content["deposits"][1]["amount"] == str(2**62 - 1)
    assert content["deposits"][1]["outcome"] == "account_missing"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 1}, Reason.MALFORMED),
        ({"number": 0}, Reason.NUMBER_OUT_OF_BOUNDS),
        ({"deposits_before": 3}, Reason.DEPOSIT_ORDER),
        ({"total": 16}, Reason.TOTAL_OUT_OF_BOUNDS),
        ({"total": 2**64}, Reason.TOTAL_OUT_OF_BOUNDS),
        ({"prices": (1, 1, 2)}, Reason.PRICE_COUNT),
        ({"prices": (1,)}, Reason.PRICE_COUNT),
        ({"prices": (1, 0)}, Reason.PRICE_OUT_OF_BOUNDS),
        ({"new_root": (0,) * 7}, Reason.MALFORMED),
    ],
)
def test_a_public_input_out_of_bounds_cannot_be_made(
    public: PublicInput, changes: dict[str, object], reason: Reason
) -> None:
    assert refusal(lambda: replace(public, **changes)) is reason  # type: ignore[arg-type]


def test_a_genesis_comes_back_from_its_file() -> None:
    start = genesis()
    assert genesis_from_json(genesis_to_json(start).encode()) == start


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"venue": 7', '"venue": -7', "identifier-out-of-bounds"),
        ('"venue": 7', '"venue": 7, "venue": 7', "a key appears twice"),
        ('"venue": 7', '"vonue": 7', "venue is missing"),
        ('"fee_account": 0', '"fee_account": 1', "fee-account-missing"),
        ('"band_fraction": 400', '"band_fraction": 500', "band-too-wide"),
        ('"prices": [', '"prices": [1,', "at most 2 members, got 3"),
        ('"key_x": "', '"key_x": "0', "hex digits"),
        ("{", "", "not JSON"),
    ],
)
def test_a_wrong_genesis_file_is_refused_by_name(old: str, new: str, message: str) -> None:
    text = genesis_to_json(genesis())
    assert old in text
    with pytest.raises(CodecError, match=message):
        genesis_from_json(text.replace(old, new, 1).encode())


def test_the_fee_accounts_key_is_on_the_curve() -> None:
    start: Genesis = genesis()
    key = start.fee_header.key
    header = replace(start.fee_header, key=key._replace(x=key.y))
    assert refusal(lambda: replace(start, fee_header=header)) is Reason.MALFORMED
