"""What a scenario expects to read of L1, in the scenario's own words."""

from collections.abc import Callable, Mapping
from typing import Any

from rollup.harness.at_outpost import says_there
from rollup.harness.bonds import says_bond
from rollup.harness.difference import Difference
from rollup.harness.estate import says_estate
from rollup.harness.exits import says_exits
from rollup.harness.outposts import says_outposts
from rollup.harness.people import START, address
from rollup.harness.private_exits import says_nullifiers
from rollup.harness.stage import Stage
from rollup.l1.given import reports_digest
from rollup.l1.vault import Vault
from rollup.protocol.assets import symbol_of
from rollup.protocol.deposit import QUEUE_START, extend_queue
from rollup.protocol.encoding import hex_digest
from rollup.protocol.market_book import MarketBook

NEVER = "never"
NOTHING = "none"
GENESIS = "genesis"


def require_expected(stage: Stage, expected: Mapping[str, Any]) -> None:
    """Difference at the first thing that L1 says otherwise."""
    for name, wanted in expected.items():
        came = SAYS[name](stage, wanted)
        if came != wanted:
            raise Difference(f"{name} is {came!r}, wanted {wanted!r}")


def _property(name: str) -> Callable[[Stage, Any], Any]:
    return lambda stage, wanted: getattr(stage.l1, name)


def _ledger(name: str) -> Callable[[Stage, Any], Any]:
    """Whose what is, by the names that are expected; others by their address."""

    def says(stage: Stage, wanted: Mapping[str, int]) -> Mapping[str, int]:
        known = {address(person): person for person in wanted}
        ledger = stage.l1.view()[name]
        found = dict(ledger) if isinstance(ledger, Mapping) else {}
        return {known.get(owner, owner.hex()): amount for owner, amount in found.items()}

    return says


def _assets(stage: Stage, wanted: Mapping[str, Mapping[str, int]]) -> Mapping[str, Any]:
    """What is asked of the ledger of each asset, by its symbol: its counters by name, and who has
    how much by his."""
    symbols = {mark: symbol_of(stage.l1.governance, mark) for mark in stage.l1.assets}
    ledgers = {symbols[mark]: ledger for mark, ledger in stage.l1.assets.items()}
    return {name: _of_ledger(ledgers.get(name, Vault()), wanted[name]) for name in wanted}


def _of_ledger(ledger: Vault, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for name, each in wanted.items():
        value = getattr(ledger, name)
        if isinstance(each, Mapping):
            known = {address(person): person for person in each}
            value = {known.get(owner, owner.hex()): n for owner, n in value.items() if n}
        found[name] = value
    return found


def _named(stage: Stage, digest: bytes | None) -> str:
    """The batch of a header, by the scenario's name for it."""
    if digest is None:
        return NOTHING
    names = [name for name, closed in stage.closed.items() if closed.header.digest() == digest]
    return names[-1] if names else digest.hex()


def _root(stage: Stage, wanted: Any) -> str:
    root = stage.l1.root
    names = [name for name, closed in stage.closed.items() if closed.public.new_root == root]
    if root == stage.books.root:
        return GENESIS
    return names[-1] if names else hex_digest(root)


def _of_book(stage: Stage, name: str) -> list[int] | str:
    """One number of each market in the book that L1 has the digest of: that of the batch whose root
    is proved, or its digest where it is another."""
    book = stage.books.tips[stage.l1.root].book
    if stage.l1.book != book.digest():
        return stage.l1.book.hex()
    return [getattr(entry, name) for entry in book.markets]


def _of_step(stage: Stage, said: Callable[[MarketBook], int]) -> int | str:
    """What the book that L1 has the digest of says of its step, or its digest where it is
    another."""
    book = stage.books.tips[stage.l1.root].book
    return said(book) if stage.l1.book == book.digest() else stage.l1.book.hex()


def _open_since(book: MarketBook) -> int:
    """Since when the step is open, from the start; 0 if it is closed."""
    return book.open_since - START if book.is_open else 0


def _refusal(stage: Stage, wanted: Any) -> str:
    refusal = stage.l1.refusal
    return NOTHING if refusal is None else _named(stage, refusal.digest)


def _redo_until(stage: Stage, wanted: Any) -> int | str:
    until = stage.l1.redo_until
    return until - START if until else NEVER


def _given(stage: Stage, wanted: Any) -> list[list[int]]:
    """By slot, from the start, how many reports are held; none where the digest is not theirs."""
    found = []
    for slot, digest in sorted(stage.l1.given.items()):
        reports = stage.l1.given_reports(slot)
        found.append([slot - START, len(reports) if reports_digest(reports) == digest else 0])
    return found


def _governance(stage: Stage, governance: object) -> str:
    names = [name for name, known in stage.governances.items() if known == governance]
    return names[0] if names else "other"


def _governance_for(stage: Stage, wanted: list[list[Any]]) -> list[list[Any]]:
    return [
        [number, at, _governance(stage, stage.l1.governance_for(number, START + at))]
        for number, at, _ in wanted
    ]


def _wants_redo(stage: Stage, wanted: list[list[Any]]) -> list[list[Any]]:
    return [[number, at, stage.l1.wants_redo(number, START + at)] for number, at, _ in wanted]


def _headers(stage: Stage, wanted: Mapping[str, str]) -> Mapping[str, str]:
    return {number: _named(stage, stage.l1.header_digest(int(number))) for number in wanted}


def _queue_heads(stage: Stage, wanted: Any) -> int:
    """How many heads of the queue's chain are right, and none behind the last."""
    head, right = QUEUE_START, 0
    for count, entry in enumerate((*stage.l1.queue, None)):
        if stage.l1.queue_head(count) != head:
            return right
        right = count + 1
        head = head if entry is None else extend_queue(head, entry)
    return right if stage.l1.queue_head(right) is None else right + 1


SAYS: Mapping[str, Callable[[Stage, Any], Any]] = {
    **{
        name: _property(name)
        for name in (
            "head_number",
            "proved_number",
            "custody",
            "queued",
            "funds",
            "owed",
            "consumed",
        )
    },
    **{name: _ledger(name) for name in ("pending", "wallets", "accounts")},
    "assets": _assets,
    "estate": says_estate,
    "exits": says_exits,
    "nullifiers": says_nullifiers,
    "outposts": says_outposts,
    "there": says_there,
    "bond": says_bond,
    "custody_of": lambda stage, wanted: _of_book(stage, "custody"),
    "prices": lambda stage, wanted: _of_book(stage, "price"),
    "funding": lambda stage, wanted: _of_book(stage, "funding"),
    "carry": lambda stage, wanted: _of_book(stage, "carry"),
    "clamped": lambda stage, wanted: _of_book(stage, "clamped"),
    "missing": lambda stage, wanted: _of_book(stage, "missing"),
    "ended": lambda stage, wanted: _of_book(stage, "ended"),
    "open_since": lambda stage, wanted: _of_step(stage, _open_since),
    "stalled": lambda stage, wanted: _of_step(stage, lambda book: book.stalled),
    "entries": lambda stage, wanted: len(stage.l1.queue),
    "events": lambda stage, wanted: len(stage.l1.events),
    "tail": lambda stage, wanted: [_named(stage, held.digest) for held in stage.l1.tail],
    "taken_at": lambda stage, wanted: [held.taken_at - START for held in stage.l1.tail],
    "root": _root,
    "refusal": _refusal,
    "redo_until": _redo_until,
    "governance": lambda stage, wanted: _governance(stage, stage.l1.governance),
    "given": _given,
    "governance_for": _governance_for,
    "wants_redo": _wants_redo,
    "headers": _headers,
    "queue_heads": _queue_heads,
}
"""What can be expected, and how L1 is asked for it."""
