"""One proof has one public input: whatever is changed in `public.json`, the proof is of another.

A batch at `fast` is proved once, with registrations that were refused (words of a key at or above
p, a key off the curve), because the circuit sees such words only mod p. Then every leaf and every
list of its public input is changed, one at a time.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from circuits.prove import StarkProver
from circuits.stark import binding
from circuits.verify import StarkVerifier
from rollup.codec.strict import CodecError
from rollup.field.koalabear import P
from rollup.ports import VerificationError
from rollup.protocol.batch_codec import batch_to_bytes
from rollup.protocol.deposit import DepositOutcome, EntryKind
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import public_from_json, public_to_json
from tests.helpers.malice import Deaf
from tests.helpers.trading import NON_CANONICAL, OFF_CURVE
from tests.helpers.venue import (
    USDC,
    Match,
    Venue,
    buy,
    credit,
    owner,
    real,
    register,
    rotate,
    sell,
    take_out,
)

WORD_HEX = 8
NAMES = {
    "kind": [kind.name.lower() for kind in EntryKind],
    "outcome": [outcome.name.lower() for outcome in DepositOutcome],
}

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Proved:
    """A public input with its proof, and one by a prover who does not bind its digest."""

    public: PublicInput
    proof: bytes
    unbound: bytes

    @property
    def value(self) -> Any:
        """The JSON of the public input, as Python has it."""
        return json.loads(public_to_json(self.public))


def batch() -> bytes:
    """The second batch of a venue: a fill, and entries of every kind and outcome but overflow."""
    venue = Venue(suite=real()).with_traders(*[1000 * USDC] * 2)
    first = venue.state.globals.deposits_consumed
    deposits = [
        register(first, 3, 500 * USDC),
        replace(register(first + 1, 4, 7), key_words=NON_CANONICAL),
        replace(register(first + 2, 5, 8), key_words=OFF_CURVE),
        register(first + 3, 1, 9),
        credit(first + 4, 2, 10),
        credit(first + 5, 77, 11),
        rotate(first + 6, 1, 12, owner(2)),
        credit(first + 7, 2, 10, 9),
        take_out(first + 8, 1, 7 * USDC),
        take_out(first + 9, 2, 7000 * USDC),
    ]
    matches = [Match(buy(1, 100), sell(2, 100), 100)]
    return batch_to_bytes(venue.batch(deposits, matches, exits=[first + 8]))


@pytest.fixture(scope="module")
def proved() -> Proved:
    prover = StarkProver("fast", "S")
    bundle = prover.prove_bundle(batch())
    with pytest.MonkeyPatch.context() as patches:
        deaf(patches)
        unbound = prover.prove_bundle(batch()).proof
    return Proved(bundle.public, bundle.proof, unbound)


def deaf(patches: pytest.MonkeyPatch) -> None:
    """From now on, neither side takes in the digest of the public input."""
    patches.setattr(Deaf, "unheard", frozenset({"public-digest"}))
    patches.setattr(binding, "Transcript", Deaf)


def encoded(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def refusal(value: Any, proof: bytes) -> str:
    """Who refuses a changed public input: its decoder, or the proof. Fails if neither does."""
    try:
        public = public_from_json(encoded(value))
    except CodecError:
        return "decoder"
    with pytest.raises(VerificationError):
        StarkVerifier("fast", "S").verify(public, proof)
    return "proof"


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Paths of all members: leaves, lists and records."""
    yield path
    members: Any = value.items() if isinstance(value, dict) else ()
    for key, member in enumerate(value) if isinstance(value, list) else members:
        yield from places(member, (*path, key))


def at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def changed(value: Any, path: Path, new: Any) -> Any:
    """A copy of the value with one member replaced."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


def numbers(value: int) -> Iterator[int]:
    yield from (value + 1, value - 1, value + P, value - P)


def texts(name: str | int, text: str) -> Iterator[str]:
    """Another name, number, word by word another run of hex, or other letters."""
    if name in NAMES:
        yield from (other for other in NAMES[str(name)] if other != text)
    elif text.isdecimal() and name in ("total", "amount"):
        yield from map(str, numbers(int(text)))
    elif name in ("owner", "key_words", "viewing_words", "old_root", "new_root", "receipts"):
        yield from other_words(text)
    yield from (text + "A", text[:-1], text[::-1], text.swapcase(), "")


def other_words(text: str) -> Iterator[str]:
    """Each word of 4 bytes, little-endian, one more, one less, p more and p less."""
    for start in range(0, len(text), WORD_HEX):
        word = int.from_bytes(bytes.fromhex(text[start : start + WORD_HEX]), "little")
        for other in numbers(word):
            if 0 <= other < 1 << 32:
                written = other.to_bytes(4, "little").hex()
                yield text[:start] + written + text[start + WORD_HEX :]


def lists(members: list[Any]) -> Iterator[list[Any]]:
    """A member dropped, doubled, or swapped with the next; none at all."""
    for place in range(len(members)):
        yield members[:place] + members[place + 1 :]
        yield members[: place + 1] + members[place:]
        swapped = members.copy()
        swapped[place : place + 2] = reversed(swapped[place : place + 2])
        yield swapped
    yield []


def variants(path: Path, member: Any) -> Iterator[Any]:
    """Everything else that a member is tried as."""
    if isinstance(member, bool):
        yield from (not member, int(member), int(not member))
    elif isinstance(member, int):
        yield from numbers(member)
    elif isinstance(member, str):
        yield from texts(path[-1], member)
    elif isinstance(member, list):
        yield from lists(member)
    else:
        yield from ({k: v for k, v in member.items() if k != name} for name in member)
        yield {**member, "more": 0}


def test_the_untouched_public_input_is_accepted(proved: Proved) -> None:
    StarkVerifier("fast", "S").verify(proved.public, proved.proof)
    outcomes = {deposit.outcome for deposit in proved.public.deposits}
    assert outcomes == set(DepositOutcome) - {
        DepositOutcome.CASH_OVERFLOW,
        DepositOutcome.ASSET_OVERFLOW,
    }


def test_every_change_of_every_member_is_refused(proved: Proved) -> None:
    value = proved.value
    tried: list[str] = []
    for path in places(value):
        member = at(value, path)
        for new in variants(path, member):
            if type(new) is type(member) and new == member:
                continue
            tried.append(refusal(changed(value, path, new), proved.proof))
    assert tried.count("proof") > 450
    assert tried.count("decoder") > 450


def governance(**changes: int) -> Callable[[Any], None]:
    return lambda value: value["governance"].update(changes)


def swap_symbols(value: Any) -> None:
    first, second = value["governance"]["markets"]
    first["symbol"], second["symbol"] = second["symbol"], first["symbol"]


def rename(market: int) -> Callable[[Any], None]:
    return lambda value: value["governance"]["markets"][market].update(symbol="DOGE")


def other_scales(value: Any) -> None:
    """Ticks ten times finer, lots ten times coarser: the quantum stays, a price is another."""
    market = value["governance"]["markets"][0]
    market["price_decimals"] += 1
    market["size_decimals"] -= 1


def told(proved: Proved, lie: Callable[[Any], None]) -> PublicInput:
    """The public input with a lie in it."""
    value = proved.value
    lie(value)
    return public_from_json(encoded(value))


def other_receipts(value: Any) -> None:
    value["receipts"] = "01" + value["receipts"][2:]


def same_word_mod_p(value: Any) -> None:
    (refused,) = [d for d in value["deposits"] if d["outcome"] == "key_non_canonical"]
    word = (2**32 - 1 - P).to_bytes(4, "little").hex()
    assert refused["key_words"].startswith("ffffffff")
    refused["key_words"] = word + refused["key_words"][WORD_HEX:]


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param(swap_symbols, id="the two symbols swapped"),
        pytest.param(rename(0), id="another symbol of the first market"),
        pytest.param(rename(1), id="another symbol of the second market"),
        pytest.param(governance(clock_behind_ms=60_001), id="another bound behind the clock"),
        pytest.param(governance(clock_ahead_ms=5_001), id="another bound ahead of the clock"),
        pytest.param(other_receipts, id="another head of the receipts"),
        pytest.param(same_word_mod_p, id="a word of a refused key less p"),
    ],
)
def test_what_no_element_of_the_circuit_shows_is_bound_by_the_digest(
    proved: Proved, lie: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the digest in the transcript, one proof serves both; with it, one alone."""
    other = told(proved, lie)
    assert other != proved.public
    with monkeypatch.context() as patches:
        deaf(patches)
        StarkVerifier("fast", "S").verify(other, proved.unbound)
    with pytest.raises(VerificationError):
        StarkVerifier("fast", "S").verify(other, proved.proof)


def test_other_scales_show_in_how_a_price_came_to_be(
    proved: Proved, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same reports are then of another price, and this one is held back: the tables hear it."""
    other = told(proved, other_scales)
    assert proved.public.book_after.markets[0].is_steady
    assert other.book_after.markets[0].clamped
    with pytest.raises(VerificationError):
        StarkVerifier("fast", "S").verify(other, proved.proof)
    deaf(monkeypatch)
    with pytest.raises(VerificationError):
        StarkVerifier("fast", "S").verify(other, proved.unbound)
