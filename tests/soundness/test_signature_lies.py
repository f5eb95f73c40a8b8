"""Each test tells one lie about a signature and expects exactly the claims it breaks."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.tables.ladder import trace as ladder
from circuits.tables.schedule import LADDER_LEAD, LADDER_ROWS
from rollup.crypto import curve, kernels, schnorr
from rollup.crypto.curve import Point
from rollup.crypto.schnorr import Signature
from rollup.field import septic
from rollup.field.koalabear import P
from rollup.field.septic import DEGREE
from rollup.hash.poseidon import Digest, chain
from rollup.protocol.encoding import TypeCode
from rollup.protocol.order import Order, order_blocks
from tests.helpers.lies import SIGNATURE, forge
from tests.helpers.signatures import (
    BLINDED,
    HEIGHTS,
    NOW,
    PLACES,
    Bench,
    Signed,
    an_order,
    bench_of,
    bench_with,
    circuit,
    digest_of,
    honest,
    honest_records,
    honestly_hashed,
    records_of,
    secrets,
    sign,
    terms_of,
    with_base,
)

VICTIM = 2
"""The row that lies are told about: an order of account 2."""

STAND_IN = PLACES - 1
"""A place without an order."""

UNSIGNED = {"order.signed", "signature.tree"}
"""What an action breaks that is not what was signed: neither side of that message is answered."""

AUTHORITY = {"order.authority", "signature.authority"}
"""The same of who speaks for it."""

HALVES = ("high", "low")
"""Digits of a round."""


def ladder_row(signature: int, step: int) -> int:
    """The row of a round."""
    return LADDER_LEAD + signature * LADDER_ROWS + step


def message_words(order: Order) -> list[int]:
    """The 16 elements that are hashed and signed."""
    return [word for block in order_blocks(order) for word in block]


def digest_of_words(words: list[int]) -> Digest:
    """Their digest, whatever they are."""
    return chain(TypeCode.ORDER, [words[:8], words[8:]])


def forged_signature(signature: Signature) -> Bench:
    """The victim's order with this signature instead of its own."""
    return bench_of(with_signature(honest_records(), signature))


def with_signature(records: Signed, signature: Signature) -> Signed:
    """The same, but for the victim's signature."""
    given = records.signatures
    nonce, response = given.nonce.copy(), given.response.copy()
    nonce[VICTIM] = (*signature.r.x, *signature.r.y)
    response[VICTIM] = schnorr.response_bytes(signature.s)
    return records._replace(signatures=replace(given, nonce=nonce, response=response))


def with_key(records: Signed, *words: int) -> Signed:
    """The same, but for the key that the victim's signature is checked with, and its mark."""
    key, mark = records.signatures.key.copy(), records.actions.key_mark.copy()
    key[VICTIM], mark[VICTIM] = words, words[0]
    actions = replace(records.actions, key_mark=mark)
    return Signed(actions, replace(records.signatures, key=key))


def with_action(records: Signed, **members: int) -> Signed:
    """The same, but for what the victim's action is said to be; its signature is of what it was."""
    changed = {}
    for name, value in members.items():
        changed[name] = getattr(records.actions, name).copy()
        changed[name][VICTIM] = value
    return records._replace(actions=replace(records.actions, **changed))


@pytest.mark.parametrize("count", [0, 1, 5, PLACES])
def test_honest_signatures_satisfy_every_claim(count: int) -> None:
    assert honest(count).broken() == set()


def test_a_forged_response_is_refused() -> None:
    true = sign(VICTIM, digest_of(an_order(VICTIM)))
    forged = Signature(true.r, (true.s + 1) % curve.ORDER)
    assert forged_signature(forged).broken() == SIGNATURE


def test_a_response_above_the_group_order_is_admitted_as_the_rules_admit_it() -> None:
    true = sign(VICTIM, digest_of(an_order(VICTIM)))
    assert forged_signature(Signature(true.r, true.s + curve.ORDER)).broken() == set()


def test_the_signature_of_another_order_is_refused() -> None:
    assert forged_signature(sign(0, digest_of(an_order(0)))).broken() == SIGNATURE


def test_the_signature_of_another_message_is_refused() -> None:
    other = replace(an_order(VICTIM), price=1)
    assert forged_signature(sign(VICTIM, digest_of(other))).broken() == SIGNATURE


def test_a_signature_for_another_account_with_the_same_key_is_refused() -> None:
    """Accounts 2 and 3 share a key; what account 3 signed does not trade for account 2."""
    moved = replace(an_order(VICTIM), account=3)
    signature = sign(VICTIM, digest_of(moved))
    assert forged_signature(signature).broken() == SIGNATURE


@pytest.mark.parametrize("member", ["chain", "venue"])
def test_a_signature_for_another_venue_is_refused(member: str) -> None:
    moved = replace(an_order(VICTIM), **{member: 1})
    signature = sign(VICTIM, digest_of(moved))
    assert forged_signature(signature).broken() == SIGNATURE


def test_an_order_signed_by_a_key_that_is_not_the_accounts_is_refused() -> None:
    stranger = secrets()[7]
    signature = schnorr.sign(stranger, digest_of(an_order(VICTIM)), bytes(32))
    records = with_signature(honest_records(), signature)
    key = stranger.public
    assert bench_of(with_key(records, *key.x, *key.y)).broken() == {"signature.key"}


def test_a_key_off_the_curve_belongs_to_no_account() -> None:
    """Off the curve the group law proves nothing; the deposit table registers no such key."""
    records = honest_records()
    *words, last = (int(word) for word in records.signatures.key[VICTIM])
    assert "signature.key" in bench_of(with_key(records, *words, last ^ 1)).broken()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account", 3),
        ("slot", 200),
        ("generation", 1),
        ("market", 3),
        ("side", 1),
        ("price", 1),
        ("size", 7),
        ("expiry", NOW + 77),
        ("max_fee", 8000),
    ],
)
def test_terms_changed_after_signing_are_refused(name: str, value: int) -> None:
    """Whoever changes the terms and hashes them honestly has no signature for them."""
    records = with_action(honest_records(), **{name: value})
    whose = AUTHORITY if name == "account" else set()
    assert bench_of(records).broken() == UNSIGNED | whose
    assert bench_of(honestly_hashed(records)).broken() == SIGNATURE | whose


def test_terms_that_do_not_hash_to_the_signed_message_are_refused() -> None:
    bench = honest().with_cells("order", VICTIM, max_fee=(8000,))
    fills = terms_of(bench.records.actions)
    fills[VICTIM] = (*fills[VICTIM][:-5], 8000, *fills[VICTIM][-4:])
    assert bench.broken(fills=fills) == {"order.message"}


def test_a_fill_on_terms_nobody_signed_is_refused() -> None:
    fills = terms_of(honest_records().actions)
    fills[VICTIM] = (*fills[VICTIM][:-5], 8000, *fills[VICTIM][-4:])
    assert honest().broken(fills=fills) == {"order.offered"}


def test_a_flag_that_nobody_knows_cannot_be_signed_for() -> None:
    """The circuit hashes no such flag, so an order that carries it has another digest."""
    message = message_words(an_order(VICTIM))
    message[14] += 64
    digest = digest_of_words(message)
    records = with_signature(honest_records(), sign(VICTIM, digest))
    records = with_action(records, flags=int(records.actions.flags[VICTIM]) + 64)
    assert bench_of(records).broken() == SIGNATURE
    root = records.signatures.root.copy()
    root[VICTIM] = digest
    lie = records._replace(signatures=replace(records.signatures, root=root))
    assert bench_of(lie).broken() == UNSIGNED


@pytest.mark.parametrize("name", ["reduce_only", "pegged", "when_clamped"])
def test_a_mark_cannot_be_dropped_or_added(name: str) -> None:
    """What was signed without it is offered with it, or the other way round."""
    signed = replace(an_order(VICTIM), price=600_000)
    shown = replace(signed, **{name: not getattr(signed, name)})
    records = honest_records()
    orders = [an_order(a) for a in range(len(records.actions.account))]
    signatures = [sign(o.account, digest_of(o)) for o in orders]
    orders[VICTIM], signatures[VICTIM] = shown, sign(VICTIM, digest_of(signed))
    assert bench_of(records_of(orders, signatures)).broken() == SIGNATURE


@pytest.mark.parametrize("price", [1 << 20, 1 << 26, (1 << 30) - 1])
def test_an_offset_that_is_too_large(price: int) -> None:
    """A trader may sign it, and no order record holds it: with it a limit could wrap."""
    order = forge(replace(an_order(VICTIM), price=600_000, pegged=True), price=price)
    records = honest_records()
    orders = [an_order(a) for a in range(len(records.actions.account))]
    orders[VICTIM] = order
    signatures = [sign(o.account, digest_of(o)) for o in orders]
    assert bench_of(records_of(orders, signatures)).broken() == {"order.peg"}


def test_an_expired_order_is_refused() -> None:
    late = replace(an_order(VICTIM), expiry=NOW - 1)
    orders = [late if a == VICTIM else an_order(a) for a in range(5)]
    bench = bench_of(records_of(orders, [sign(o.account, digest_of(o)) for o in orders]))
    assert bench.broken() == {"order.expiry"}


def test_a_slot_that_is_the_address_of_cash_is_refused() -> None:
    """Slot -16 mod p is memory word 0. A trader may sign it; the row may not hold it."""
    words = message_words(an_order(VICTIM))
    words[4] = P - 16
    signature = sign(VICTIM, digest_of_words(words))
    records = with_action(with_signature(honest_records(), signature), slot=P - 16)
    assert bench_of(honestly_hashed(records)).broken() == {"order.bounds"}


@pytest.mark.parametrize(
    "name",
    [
        *("active", "outflow", "cancel", "side", "immediate"),
        *("reduce_only", "post_only", "pegged", "when_clamped"),
    ],
)
def test_a_flag_that_is_no_bit_is_refused(name: str) -> None:
    assert "order.flags" in honest().with_cells("order", VICTIM, **{name: 2}).broken()


def test_a_signature_below_the_ladder_is_refused() -> None:
    """There any R and s would do: nobody comes to R by them."""
    bench = honest(PLACES)
    matrix = bench.traces["signature"].copy()
    matrix[PLACES + 1] = matrix[VICTIM]
    names = circuit().table("signature").table.columns.names()
    matrix[PLACES + 1, names.index("zeros")] = 0
    moved = replace(bench, traces={**bench.traces, "signature": matrix})
    claims = {"signature.place", "signature.key", "signature.authority", "signature.tree"}
    assert moved.broken() == claims


def test_a_row_without_a_signature_speaks_for_nobody() -> None:
    lie = honest().with_cells("signature", STAND_IN, actions=1)
    assert lie.broken() == {"signature.padding-is-silent", "signature.authority"}


@pytest.mark.parametrize("flag", ["active", "bundled"])
def test_a_flag_of_a_signature_that_is_no_bit_is_refused(flag: str) -> None:
    assert "signature.flags" in honest().with_cells("signature", VICTIM, **{flag: 2}).broken()


def test_a_row_without_an_order_offers_none() -> None:
    bench = honest()
    lie = bench.with_cells("order", STAND_IN, uses=1)
    nothing = (0, 0, 1, *(0,) * 9)
    assert lie.broken(fills=[*terms_of(bench.records.actions), nothing]) == {"order.unused"}


def test_a_challenge_that_is_not_the_hash_is_refused() -> None:
    """The classic forgery: choose c and s, then R = s * G - c * P."""
    secret = secrets()[VICTIM]
    parts, s = (1, 2, 3, 4, 5), 99
    nonce = schnorr.ladder(secret.public, schnorr.join_parts(parts), s)
    bench = _with_parts(forged_signature(Signature(nonce, s)), parts)
    assert bench.broken() == {"signature.challenge"}


def _with_parts(bench: Bench, parts: tuple[int, ...], digest: tuple[int, ...] = ()) -> Bench:
    """The victim's row and ladder for other challenge parts, and for a digest they are said to be
    parts of (by default one whose elements are the parts themselves)."""
    signatures = bench.signatures
    low, high = signatures.low.copy(), signatures.high.copy()
    low[VICTIM], high[VICTIM] = parts, 0
    elements = [array.copy() for array in signatures.challenge]
    elements[-1][VICTIM, :5] = digest or parts
    if digest:
        inverse = pow(1 << 24, -1, P)
        high[VICTIM] = [(e - lo) * inverse % P for e, lo in zip(digest, parts, strict=True)]
    steps = kernels.trace_many(signatures.key, signatures.response, low)
    changed = replace(
        signatures,
        low=low,
        high=high,
        challenge=tuple(elements),
        digits=kernels.digits_of_parts(low),
        steps=steps,
    )
    return bench_with(bench.records, changed)


def test_the_second_decomposition_of_a_challenge_element_is_refused() -> None:
    """An element below 2^24 - 1 is also low + 2^24 * 127 mod p, with low one more: another c."""
    message, secret = digest_of(an_order(VICTIM)), secrets()[VICTIM]
    nonce = 10**40
    r = schnorr.times_generator(nonce)
    while True:
        digest = schnorr.challenge_digest(r, secret.public, message)[:5]
        small = [j for j, element in enumerate(digest) if element < (1 << 24) - 1]
        if small:
            break
        nonce, r = nonce + 1, curve.add(r, curve.GENERATOR)
    parts = list(schnorr.challenge_parts(digest))
    parts[small[0]] += 1
    c = schnorr.join_parts(parts)
    s = (nonce + c * secret.reveal()) % curve.ORDER
    bench = _with_parts(forged_signature(Signature(r, s)), tuple(parts), tuple(digest))
    assert bench.broken() == {"signature.canonical"}


def test_a_high_part_above_127_is_refused() -> None:
    bench = honest()
    digest = bench.cells("signature", VICTIM, "challenge.4")
    parts = list(schnorr.challenge_parts(digest))
    parts[0] ^= 1
    lie = _with_parts(bench, tuple(parts), digest[:5])
    assert lie.broken() == {"signature.canonical"} | SIGNATURE


def test_a_nonce_off_the_curve_is_refused() -> None:
    """No ladder ends there, since all its points are on the curve."""
    true = sign(VICTIM, digest_of(an_order(VICTIM)))
    bent = Point((true.r.x[0] ^ 1, *true.r.x[1:]), true.r.y)
    assert forged_signature(Signature(bent, true.s)).broken() == SIGNATURE


def test_bytes_out_of_their_order_are_refused() -> None:
    true = sign(VICTIM, digest_of(an_order(VICTIM)))
    octets = true.s.to_bytes(curve.BYTES, "little")
    for swapped in ((14, 15), (0, 15), (3, 4)):
        places = list(range(curve.BYTES))
        first, second = swapped
        places[first], places[second] = second, first
        s = int.from_bytes(bytes(octets[i] for i in places), "little")
        assert s != true.s
        assert forged_signature(Signature(true.r, s)).broken() == SIGNATURE


def test_a_response_of_thirty_bytes_says_what_one_of_twenty_eight_says() -> None:
    """The ladder has room for two bytes more, which no signature's bytes hold: s + 2^10 N is the
    same scalar, so what is proved is that there is a signature."""
    bench = honest()
    signatures = bench.signatures
    responses = np.pad(signatures.response, ((0, 0), (0, 2)))
    s = int.from_bytes(signatures.response[VICTIM].tobytes(), "little") + (curve.ORDER << 10)
    assert s >> (8 * curve.BYTES)
    responses[VICTIM] = list(s.to_bytes(30, "little"))
    changed = replace(
        signatures,
        octets=kernels.octets_by_rounds(responses),
        steps=kernels.trace_many(signatures.key, responses, signatures.low),
    )
    traces = {**bench.traces, "ladder": ladder.build(changed, HEIGHTS["ladder"], BLINDED)}
    assert with_base(replace(bench, traces=traces)).broken() == set()


def ladder_columns(*names: str) -> list[int]:
    """The columns that begin with one of these names."""
    found = circuit().table("ladder").table.columns.names()
    return [i for i, name in enumerate(found) if name.startswith(names)]


def with_rows(bench: Bench, columns: list[int], source: int, rows: range) -> Bench:
    """The victim's rounds with these columns of another signature's."""
    matrix = bench.traces["ladder"].copy()
    for step in rows:
        row = ladder_row(source, step)
        matrix[ladder_row(VICTIM, step), columns] = matrix[row, columns]
    return replace(bench, traces={**bench.traces, "ladder": matrix})


KEYED = ("key.", "window.")


def test_a_window_table_of_another_key_is_refused() -> None:
    lie = with_rows(honest(), ladder_columns(*KEYED), 0, range(LADDER_ROWS))
    claims = {"ladder.key", "signature.ladder-key", "ladder.served", "ladder.entry"}
    assert lie.broken() == claims


def test_entries_of_another_key_are_refused() -> None:
    """The victim's key, but what is served comes of another one's."""
    lie = with_rows(honest(), ladder_columns("window."), 0, range(LADDER_ROWS))
    assert lie.broken() == {"ladder.windows", "ladder.served", "ladder.entry"}


def test_another_key_further_on_is_refused() -> None:
    """Entries of the signer's key up to one, then of a key that he has the secret of."""
    bench, key = honest(), secrets()[7].public
    minus = curve.negate(key)
    row = ladder_row(VICTIM, 4)
    x, y = (bench.cells("ladder", row, f"window.{c}") for c in "xy")
    entry = Point(x, y)  # type: ignore[arg-type]
    for step in range(5, LADDER_ROWS):
        before, entry = entry, curve.add(entry, minus)
        run = septic.subtract(minus.x, before.x)
        slope = septic.multiply(septic.subtract(minus.y, before.y), septic.inverse(run))
        cells = {"key.x": key.x, "key.y": key.y, "window.x": entry.x, "window.y": entry.y}
        cells |= {"window.slope": slope, "window.apart": (pow(run[0], -1, P), 0)}
        bench = bench.with_cells("ladder", ladder_row(VICTIM, step), **cells)
    assert bench.broken() == {"ladder.same-key", "ladder.served", "ladder.entry"}


@pytest.mark.parametrize("step", range(LADDER_ROWS))
@pytest.mark.parametrize("columns", ["window.x", "window.y", "window.slope", "window.apart"])
def test_a_wrong_entry_of_a_window_table_is_refused(step: int, columns: str) -> None:
    bench, row = honest(), ladder_row(VICTIM, step)
    old = bench.cells("ladder", row, columns)
    lie = bench.with_cells("ladder", row, **{columns: ((old[0] + 1) % P, *old[1:])})
    assert "ladder.windows" in lie.broken()


@pytest.mark.parametrize("row", [0, LADDER_LEAD + PLACES * LADDER_ROWS])
def test_an_entry_from_a_row_that_has_none_is_refused(row: int) -> None:
    """Above and below the signatures a row is that of digit 0 of signature 0, and its key is
    anybody's: an entry from there would be any point of the signer's."""
    forged = curve.double(curve.GENERATOR)
    bench = honest()
    x, y = (tuple(bench.cells("ladder", row, f"window.{c}")) for c in "xy")
    assert (x, y) == ((0,) * DEGREE, (0,) * DEGREE)
    cells = {"window.x": forged.x, "window.y": forged.y, "window_uses": 1}
    lie = bench.with_cells("ladder", row, **cells)
    used = ladder_row(0, 3)
    digit = bench.cells("ladder", used, "high.digit")[0]
    entry = {"high.digit": 0, "high.added.x": forged.x, "high.added.y": forged.y}
    lie = lie.with_cells("ladder", used, **entry)
    served = "ladder.served" if digit else "signature.served"
    assert {"ladder.entry", served} <= lie.broken()


def test_an_entry_for_the_digit_zero_that_is_not_counted_is_refused() -> None:
    bench = honest()
    zeros = bench.cells("signature", STAND_IN, "zeros")[0]
    assert zeros == curve.DIGITS
    lie = bench.with_cells("signature", STAND_IN, zeros=zeros - 1)
    assert lie.broken() == {"signature.served", "ladder.entry"}


def test_adding_two_points_of_equal_x_is_refused() -> None:
    """Key -S meets the window offset S: with equal x any slope fits the line, and T[1] is free.

    Told on a stand-in, whose challenge is zero, so that nothing is wrong but that no cells show a
    difference.
    """
    key, minus = curve.negate(curve.WINDOW_OFFSET), curve.WINDOW_OFFSET
    bench = honest().with_cells("signature", STAND_IN, **{"key.x": key.x, "key.y": key.y})
    before, slope, shown = curve.WINDOW_OFFSET, (5, 4, 3, 2, 1, 0, 7), (0, 0)
    for step in range(LADDER_ROWS):
        if step:
            run = septic.subtract(minus.x, before.x)
            slope = septic.multiply(septic.subtract(minus.y, before.y), septic.inverse(run))
            shown = (pow(run[0], -1, P), 0)
        x = septic.subtract(septic.square(slope), septic.add(before.x, minus.x))
        y = septic.subtract(septic.multiply(slope, septic.subtract(minus.x, x)), minus.y)
        before = Point(x, y)
        cells = {"key.x": key.x, "key.y": key.y, "window.x": x, "window.y": y}
        cells |= {"window.slope": slope, "window.apart": shown}
        bench = bench.with_cells("ladder", ladder_row(STAND_IN, step), **cells)
    assert bench.broken() == {"ladder.windows"}


@pytest.mark.parametrize("place", ["high", "low"])
@pytest.mark.parametrize("step", [0, 7, 14])
def test_a_digit_of_another_value_is_refused(place: str, step: int) -> None:
    bench, row = honest(), ladder_row(VICTIM, step)
    digit = bench.cells("ladder", row, f"{place}.digit")[0]
    lie = bench.with_cells("ladder", row, **{f"{place}.digit": (digit + 1) % 16})
    served = "ladder.served" if digit else "signature.served"
    assert lie.broken() == {"ladder.digits", "ladder.entry", served}


@pytest.mark.parametrize("place", ["high", "low"])
def test_a_digit_that_is_no_digit_is_refused(place: str) -> None:
    lie = honest().with_cells("ladder", ladder_row(VICTIM, 7), **{f"{place}.digit": 16})
    assert "ladder.entry" in lie.broken()


def test_an_element_that_starts_with_more_than_its_digits_is_refused() -> None:
    bench, row = honest(), ladder_row(VICTIM, 6)
    value = bench.cells("ladder", row, "value")[0]
    lie = bench.with_cells("ladder", row, value=value + 1)
    assert lie.broken() == {"ladder.digits"}


def test_a_challenge_part_of_another_signature_is_refused() -> None:
    bench = honest()
    value = bench.cells("ladder", ladder_row(1, 2), "value")
    lie = bench.with_cells("ladder", ladder_row(VICTIM, 2), value=value)
    assert lie.broken() == {"ladder.digits", "ladder.challenge", "signature.challenge-part"}


@pytest.mark.parametrize("place", ["high", "low"])
@pytest.mark.parametrize("skipped", range(1, 3))
def test_a_doubling_that_is_skipped_is_refused(place: str, skipped: int) -> None:
    """The sum after a doubling said to be the one before it."""
    bench, row = honest(), ladder_row(VICTIM, 5)
    names = {f"{place}.slopes.{skipped}": f"{place}.slopes.{skipped - 1}"}
    names |= {f"{place}.doubled.{skipped}": f"{place}.doubled.{skipped - 1}"}
    cells = {name: bench.cells("ladder", row, other) for name, other in names.items()}
    assert "ladder.double" in bench.with_cells("ladder", row, **cells).broken()


def test_a_byte_of_the_other_window_is_refused() -> None:
    """byte * G + S_0 where byte * 256^15 G + S_15 is asked for, by its own number."""
    bench, row = honest(), ladder_row(VICTIM, 5)
    cells = {
        f"octets.1.{name}": bench.cells("ladder", row, f"octets.0.{name}")
        for name in ("byte", "added.x", "added.y")
    }
    lie = with_base(bench.with_cells("ladder", row, **cells))
    assert "ladder.base-entry" in lie.broken()


def test_the_end_of_another_signature_is_refused() -> None:
    """The victim's R, challenge and all, with the last sum of the signature above his."""
    bench = honest()
    matrix = bench.traces["ladder"].copy()
    columns = ladder_columns("x.", "y.")
    last = LADDER_ROWS - 1
    matrix[ladder_row(VICTIM, last), columns] = matrix[ladder_row(1, last), columns]
    lie = replace(bench, traces={**bench.traces, "ladder": matrix})
    assert lie.broken() == {"ladder.sum"} | SIGNATURE


@pytest.mark.parametrize(
    ("step", "columns", "claims"),
    [
        (0, "high.doubled.0", {"ladder.start", "ladder.double"}),
        (0, "doubled_y", {"ladder.start", "ladder.double"}),
        (5, "high.doubled.0", {"ladder.joined", "ladder.double"}),
        (5, "doubled_y", {"ladder.joined", "ladder.double"}),
        (5, "high.slopes.0", {"ladder.joined"}),
        *((5, f"{place}.slopes.{i}", {"ladder.double"}) for place in HALVES for i in (1, 2)),
        *((5, f"{place}.slopes.3", {"ladder.double", "ladder.line"}) for place in HALVES),
        *((5, f"{place}.doubled.{i}", {"ladder.double"}) for place in HALVES for i in (1, 2)),
        *((5, f"{place}.added.slope", {"ladder.line", "ladder.sum"}) for place in HALVES),
        *((5, f"{place}.added.apart", {"ladder.line"}) for place in HALVES),
        *((5, f"{place}.added.x", {"ladder.line", "ladder.entry"}) for place in HALVES),
        *((5, f"{place}.added.y", {"ladder.line", "ladder.entry"}) for place in HALVES),
        *((5, f"octets.{i}.added.slope", {"ladder.line", "ladder.sum"}) for i in (0, 1)),
        *((5, f"octets.{i}.added.apart", {"ladder.line"}) for i in (0, 1)),
        *((5, f"octets.{i}.added.x", {"ladder.line", "ladder.base-entry"}) for i in (0, 1)),
        *((5, f"octets.{i}.added.y", {"ladder.line", "ladder.base-entry"}) for i in (0, 1)),
        *((5, f"octets.{i}.byte", {"ladder.base-entry", "base.entry"}) for i in (0, 1)),
        *((5, f"between.{i}", {"ladder.sum"}) for i in range(3)),
        (5, "x", {"ladder.sum", "ladder.joined"}),
        (5, "y", {"ladder.sum", "ladder.joined"}),
        (14, "x", {"ladder.sum", "ladder.end", "signature.sum"}),
        (14, "y", {"ladder.sum", "ladder.end", "signature.sum"}),
    ],
)
def test_a_wrong_cell_on_the_way_is_refused(step: int, columns: str, claims: set[str]) -> None:
    bench, row = honest(), ladder_row(VICTIM, step)
    old = bench.cells("ladder", row, columns)
    lie = bench.with_cells("ladder", row, **{columns: ((old[0] + 1) % P, *old[1:])})
    assert claims <= lie.broken()


def test_the_row_of_zeros_below_the_base_table_is_no_entry() -> None:
    """(0, 0) as the entry of byte 0 in window 0, from the row that lies just below the table."""
    bench = honest()
    zero = [0] * DEGREE
    cells = {"octets.0.byte": 0, "octets.0.added.x": zero, "octets.0.added.y": zero}
    lie = bench.with_cells("ladder", ladder_row(VICTIM, 0), **cells)
    served = with_base(lie)
    matrix = served.traces["base"].copy()
    matrix[len(curve.LADDER_WINDOWS) * curve.BYTE_VALUES] = 1
    assert "ladder.base-entry" in replace(served, traces={**served.traces, "base": matrix}).broken()


def test_native_verification_and_the_circuit_refuse_the_same_signatures() -> None:
    rng = np.random.default_rng(11)
    message, key = digest_of(an_order(VICTIM)), secrets()[VICTIM].public
    true = sign(VICTIM, message)
    for _ in range(6):
        octets = bytearray(true.to_bytes())
        place = int(rng.integers(0, len(octets)))
        octets[place] ^= 1 << int(rng.integers(0, 8))
        try:
            bent = Signature.from_bytes(bytes(octets))
        except schnorr.MalformedSignature:
            continue
        broken = forged_signature(bent).broken()
        assert not schnorr.verify(key, message, bent)
        assert "signature.sum" in broken
