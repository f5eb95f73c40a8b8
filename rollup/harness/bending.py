"""What a scenario changes in a batch: members of public input or header, entries, and proofs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rollup.harness.books import Closed
from rollup.harness.estate import estate_of
from rollup.harness.oracle import oracle_proof
from rollup.harness.people import START, address, digest_of, key_words, viewing_words
from rollup.harness.reports import BENDS
from rollup.harness.scenario import ScenarioError
from rollup.harness.stage import Stage, pins_of
from rollup.hash.keccak import keccak256
from rollup.ports import Pins
from rollup.protocol.deposit import NO_KEY, NO_VIEWING, DepositOutcome, EntryKind, QueueEntry
from rollup.protocol.header import BatchHeader
from rollup.protocol.market_book import MarketBook
from rollup.protocol.public import ConsumedDeposit, GrantedWithdrawal, PublicInput


def bent_public(stage: Stage, public: PublicInput, changes: Mapping[str, Any]) -> PublicInput:
    """The public input with some members changed, as the scenario's words say."""
    changed: dict[str, Any] = {}
    for name, value in changes.items():
        if name == "time":
            changed[name] = START + value
        elif name in ("old_root", "new_root", "data_commitment"):
            changed[name] = digest_of(value)
        elif name == "receipts":
            changed[name] = keccak256(value.encode())
        elif name in ("prices", "premium_rates"):
            changed[name] = tuple(value)
        elif name == "book_before":
            changed[name] = bent_book(stage, public.book_before, value)
        elif name == "reports":
            changed[name] = BENDS[value](public.reports)
        elif name == "governance":
            changed[name] = stage.governance(value)
        elif name in ("withdrawals", "estate"):
            changed[name] = (granted if name == "withdrawals" else estate_of)(value)
        elif name == "deposits":
            changed[name] = DEPOSITS[value](public.deposits)
        elif name == "deposits_before":
            changed[name] = value
            changed["deposits"] = _moved(public.deposits, value)
        else:
            changed[name] = value
    return replace(public, **changed)


def granted(said: Sequence[Sequence[Any]]) -> tuple[GrantedWithdrawal, ...]:
    """Withdrawals as a scenario says them: who may claim how much, and of which asset if not of
    USDC."""
    return tuple(GrantedWithdrawal(address(owner), *what) for owner, *what in said)


def bent_book(stage: Stage, book: MarketBook, changes: Mapping[str, Any]) -> MarketBook:
    """The market book with another `hour`, another step, other parameters, or another member of
    every market: a list of them."""
    changed = dict(changes)
    hour = book.hour + changed.pop("hours", 0)
    step = {name: changed.pop(name, getattr(book, name)) for name in ("open_since", "stalled")}
    if "governance" in changed:
        step["governance"] = stage.governance(changed.pop("governance")).digest()
    markets = tuple(
        replace(entry, **{name: values[place] for name, values in changed.items()})
        for place, entry in enumerate(book.markets)
    )
    return replace(book, hour=hour, markets=markets, **step)


def bent_header(stage: Stage, header: BatchHeader, changes: Mapping[str, Any]) -> BatchHeader:
    """The header with some members changed."""
    changed: dict[str, Any] = {}
    for name, value in changes.items():
        if name == "time":
            changed[name] = START + value
        elif name in ("old_root", "new_root"):
            changed[name] = digest_of(value)
        elif name == "governance" and value in stage.governances:
            changed[name] = stage.governance(value).digest()
        elif name in ("governance", "receipts", "queue_head", "public"):
            changed[name] = keccak256(value.encode())
        else:
            changed[name] = value
    return replace(header, **changed)


def bent_entries(entries: Sequence[QueueEntry], first: int, how: str) -> Sequence[QueueEntry]:
    """Entries that are not those of the queue: one fewer, one more, or another last one."""
    if how == "fewer":
        return entries[:-1]
    if how == "other":
        return (*entries[:-1], replace(entries[-1], amount=entries[-1].amount - 1 or 2))
    if how == "more":
        index = first + len(entries)
        sender = address("stranger")
        return (*entries, QueueEntry(index, EntryKind.CREDIT, 0, sender, NO_KEY, NO_VIEWING, 7))
    if how == "swapped":
        one, two, *rest = entries
        return (replace(two, index=one.index), replace(one, index=two.index), *rest)
    raise ScenarioError(f"entries cannot be bent so that they are {how!r}")


def proof_for(stage: Stage, closed: Closed, public: PublicInput, kind: str) -> bytes:
    """The bytes that are brought as proof of a public input."""
    pins = stage.pins_for(public)
    honest = oracle_proof(pins, public)
    if kind in ("circuit", "fixed_root", "parameters", "shape"):
        return oracle_proof(pins_of(pins, {kind: "another"}), public)
    kinds: Mapping[str, Callable[[], bytes]] = {
        "honest": lambda: honest,
        "of what the header says": lambda: oracle_proof(
            stage.pins_for(closed.public), closed.public
        ),
        "of another chain": lambda: oracle_proof(pins, replace(public, chain=1)),
        "of another venue": lambda: oracle_proof(pins, replace(public, venue=1)),
        "of the other class": lambda: oracle_proof(_other(stage.pins, pins), public),
        "first byte flipped": lambda: bytes([honest[0] ^ 1]) + honest[1:],
        "last byte flipped": lambda: honest[:-1] + bytes([honest[-1] ^ 1]),
        "cut short": lambda: honest[:-1],
        "one byte more": lambda: honest + b"\0",
        "empty": lambda: b"",
    }
    if kind in kinds:
        return kinds[kind]()
    if kind.startswith("of "):
        other = stage.batch(kind.removeprefix("of ")).public
        return oracle_proof(stage.pins_for(other), other)
    raise ScenarioError(f"no proof is {kind!r}")


def _other(all_pins: Sequence[Pins], pins: Pins) -> Pins:
    """The first pins that are for another class."""
    return next(each for each in all_pins if each != pins)


Deposits = tuple[ConsumedDeposit, ...]


def _entry(**changes: Any) -> Callable[[Deposits], Deposits]:
    def bend(deposits: Deposits) -> Deposits:
        first, *rest = deposits
        return (replace(first, entry=replace(first.entry, **changes)), *rest)

    return bend


def _outcome(outcome: DepositOutcome) -> Callable[[Deposits], Deposits]:
    return lambda deposits: (replace(deposits[0], outcome=outcome), *deposits[1:])


def _moved(deposits: Deposits, first: int) -> Deposits:
    return tuple(
        replace(each, entry=replace(each.entry, index=index))
        for index, each in enumerate(deposits, first)
    )


DEPOSITS: Mapping[str, Callable[[Deposits], Deposits]] = {
    "none": lambda deposits: (),
    "last left out": lambda deposits: deposits[:-1],
    "first with another amount": _entry(amount=6),
    "first of another owner": _entry(owner=address("stranger")),
    "first with another account": _entry(account=2),
    "first of another asset": _entry(asset=4),
    "first of USDC": _entry(asset=0),
    "first of no asset": _outcome(DepositOutcome.ASSET_UNKNOWN),
    "first with another key": _entry(key_words=key_words("stranger")),
    "first with another commitment": _entry(viewing_words=viewing_words("non-canonical")),
    "first is a credit": _entry(kind=EntryKind.CREDIT, key_words=NO_KEY, viewing_words=NO_VIEWING),
    "first refused": _outcome(DepositOutcome.KEY_OFF_CURVE),
    "first credited": _outcome(DepositOutcome.CREDITED),
}
"""What a scenario can say of the deposits."""
