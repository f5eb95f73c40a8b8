"""The statement of a batch as the contract makes it is the one that the verifier absorbs."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

import pytest

from circuits.evm import layout
from circuits.evm.facts import FACT_TAG, fact_of, statement_bytes, statement_of
from circuits.stark.lookup import PublicMessage
from circuits.statement.inputs import hours_of
from rollup.hash.keccak import keccak256
from rollup.l1.interface import Revert
from rollup.ports import Pins
from rollup.protocol.assets import assets_of
from rollup.protocol.deposit import DepositOutcome, EntryKind
from rollup.protocol.public import PublicInput
from rollup.protocol.rejection import Reason, Rejected
from tests.helpers.contracts import Probe
from tests.helpers.public_inputs import any_deposits, any_digest, any_public, parts_of
from tests.helpers.seed import draws

PINS = Pins(keccak256(b"circuit"), b"\x07" * 24, b"parameters", b"shape", "set", "S")


@pytest.fixture(scope="module")
def probe() -> Probe:
    return Probe("StatementProbe")


def _hold(probe: Probe, public: PublicInput) -> bytes | None:
    """The statement that both make; None where a market is in no bucket, and both refuse."""
    try:
        wanted = statement_of(public)
    except Rejected as refused:
        assert refused.reason is Reason.PRICE_OUTSIDE_BUCKETS
        assert probe.refusal("statement", *parts_of(public)) is Revert.PROOF
        return None
    assert probe.ask("statement", *parts_of(public)) == wanted
    return wanted


def test_the_layout_is_that_of_the_circuit() -> None:
    assert layout.FILE.read_text() == layout.text()


def test_any_statement(probe) -> None:
    """Markets of every kind among them: what is asked of each is met on some of them."""
    rng, seen, answers, found = draws(31), set(), set(), 0
    for _ in range(150):
        public = any_public(rng)
        if _hold(probe, public) is not None:
            found += 1
            seen |= set(_kinds_of(public))
            exits = (each for each in public.deposits if each.entry.kind is EntryKind.EXIT)
            answers |= {each.outcome for each in exits}
    assert found > 50
    assert len(seen) == len(KINDS)
    assert {DepositOutcome.CREDITED, DepositOutcome.EXIT_BARRED} <= answers


KINDS: dict[str, Callable[[PublicInput, int], bool]] = {
    "idle": lambda public, n: public.terms[n].is_idle,
    "asset that counts": lambda public, n: public.terms[n].is_asset and public.terms[n].bucket > 0,
    "settled": lambda public, n: public.terms[n].is_settled,
    "asset that is over": lambda public, n: public.terms[n].is_asset and public.terms[n].is_ended,
    "ends with the step": lambda public, n: n in public.ending,
    "clamped": lambda public, n: public.book.markets[n].clamped,
    "missing": lambda public, n: public.book.markets[n].missing,
    "F below zero": lambda public, n: public.terms[n].funding < 0,
    "debt stop": lambda public, n: public.book.debt_stop and public.terms[n].is_asset,
    "rated": lambda public, n: hours_of(public)[n].is_rated,
    "rate below zero": lambda public, n: hours_of(public)[n].premium_rate < 0,
    "new": lambda public, n: n >= len(public.book_before.markets),
    "open step": lambda public, n: public.begins_open,
    "taken by the estate": lambda public, n: public.taken_of(n + 1) > 0,
}


def _kinds_of(public: PublicInput) -> Iterator[str]:
    for name, holds in KINDS.items():
        if any(holds(public, market) for market in range(len(public.governance.markets))):
            yield name


def test_gas_of_a_batch_of_the_smallest_class(probe) -> None:
    """Two perpetuals, two assets and 40 entries: read, priced into a book, and stated."""
    rng = draws(34)
    public = any_public(rng, markets=4, is_calm=True)
    while len(assets_of(public.governance)) != 2:
        public = any_public(rng, markets=4, is_calm=True)
    entries = any_deposits(rng, public.governance, public.deposits_before, 40)
    refused = tuple(replace(each, outcome=DepositOutcome.CASH_OVERFLOW) for each in entries)
    public = replace(public, deposits=refused, withdrawals=(), estate=(), total=10**12)
    assert _hold(probe, public) is not None
    assert probe.gas < 800_000


def test_the_largest_statement(probe) -> None:
    public = any_public(draws(32), markets=64, many=64, is_calm=True)
    assert _hold(probe, public) is not None


def test_what_a_transcript_absorbs() -> None:
    """The bytes, by hand."""
    message = PublicMessage(14, -1, (5, 6))
    numbers = (2, 1, 2, 1, 14, 0x7F00_0000, 1, 2, 5, 6)
    encoded = b"".join(number.to_bytes(8, "little") for number in numbers)
    assert statement_bytes(b"d" * 32, (1, 2), (message,)) == b"d" * 32 + encoded


def test_fact(probe) -> None:
    statement = statement_of(_plain())
    root = PINS.fixed_root + bytes(8)
    wanted = keccak256(
        FACT_TAG + PINS.circuit + keccak256(PINS.parameters) + root + keccak256(statement)
    )
    parts = (PINS.circuit, keccak256(PINS.parameters), root)
    assert fact_of(PINS, statement) == wanted == probe.ask("fact", *parts, statement)
    others = [(b"\1" * 32, *parts[1:]), (parts[0], b"\1" * 32, root), (*parts[:2], b"\1" * 32)]
    facts = {probe.ask("fact", *each, statement) for each in others}
    assert len(facts | {wanted, probe.ask("fact", *parts, statement + b"\0")}) == 5


def _plain() -> PublicInput:
    """One whose every list has something, whose markets are in buckets, and whose total has room to
    be another."""
    rng = draws(33)
    while True:
        public = any_public(rng, markets=4, is_calm=True)
        has_all = public.premium_rates and public.reports and public.deposits
        has_room = public.withdrawn < public.total_before < 1 << 63
        if has_all and has_room and public.withdrawals and public.estate and not public.closed:
            try:
                statement_of(public)
            except Rejected:
                continue
            return public


Change = Callable[[PublicInput], Any]


def _first_deposit(public: PublicInput) -> Any:
    first, *rest = public.deposits
    outcome = DepositOutcome((first.outcome + 1) % len(DepositOutcome) or 1)
    return (replace(first, outcome=outcome), *rest)


def _moved(public: PublicInput) -> Any:
    return tuple(
        replace(each, entry=replace(each.entry, index=each.entry.index + 1))
        for each in public.deposits
    )


CHANGES: dict[str, Change] = {
    "shape_class": lambda public: "Z",
    "chain": lambda public: public.chain ^ 1,
    "venue": lambda public: public.venue ^ 1,
    "number": lambda public: public.number ^ 2,
    "time": lambda public: public.time ^ 1,
    "governance": lambda public: replace(
        public.governance, refresh_fee=public.governance.refresh_fee ^ 1
    ),
    "old_root": lambda public: any_digest(draws(1)),
    "new_root": lambda public: any_digest(draws(2)),
    "data_commitment": lambda public: any_digest(draws(3)),
    "receipts": lambda public: bytes(32),
    "closed": lambda public: not public.closed,
    "progress": lambda public: not public.progress,
    "book_before": lambda public: replace(
        public.book_before,
        markets=tuple(replace(m, funding=m.funding ^ 1) for m in public.book_before.markets),
    ),
    "reports": lambda public: (),
    "prices": lambda public: (public.prices[0] ^ 1, *public.prices[1:]),
    "premium_rates": lambda public: (
        0 if public.premium_rates[0] else 1,
        *public.premium_rates[1:],
    ),
    "redo": lambda public: not public.redo,
    "total": lambda public: public.total ^ 1,
    "deposits_before": lambda public: public.deposits_before + 1,
    "deposits": _first_deposit,
    "withdrawals": lambda public: public.withdrawals[1:],
    "estate": lambda public: public.estate[1:],
}
ONLY_NAMED = {"shape_class", "receipts"}
"""What the circuit does not read: it is in the digest alone."""


def test_every_member_has_a_change() -> None:
    """But the version, which has one value."""
    assert {*CHANGES, "version"} == {each.name for each in fields(PublicInput)}


@pytest.mark.parametrize("member", CHANGES)
def test_every_member_is_in_the_statement(probe, member) -> None:
    public = _plain()
    changed = {member: CHANGES[member](public)}
    if member == "deposits_before":
        changed["deposits"] = _moved(public)
    other = _hold(probe, replace(public, **changed))
    plain = _hold(probe, public)
    assert other is not None and plain is not None
    assert other[:32] != plain[:32]
    assert (other[32:] == plain[32:]) is (member in ONLY_NAMED)
