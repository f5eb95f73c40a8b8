"""Private exits in scenarios: what is asked for, how it is bent, and what its proof is of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from rollup.field.koalabear import P
from rollup.harness.difference import Difference
from rollup.harness.oracle import oracle_proof
from rollup.harness.people import EXIT_PINS, PINS, address, compress_cached, digest_of
from rollup.harness.scenario import Step
from rollup.harness.stage import Stage
from rollup.hash.poseidon import Digest
from rollup.l1 import interface as l1
from rollup.l1.escape import LeafOpening, payout
from rollup.l1.private_exit import AMOUNT_LIMB_BITS, ExitStatement, PrivateExit, nullifier_of
from rollup.protocol.constants import OWNER_BYTES
from rollup.protocol.encoding import hex_digest
from rollup.protocol.market_book import MarketBook

Act = Callable[[], Sequence[l1.Event]]
BOOK: Final = "book"
"""What is bent is the book beside it, to a better price."""


def _more(quanta: int) -> Callable[[PrivateExit], PrivateExit]:
    return lambda wanted: replace(wanted, amount=wanted.amount + quanta)


def _renamed(wanted: PrivateExit) -> PrivateExit:
    """The same nullifier to every hash that takes words modulo p."""
    first, *others = wanted.nullifier
    nullifier: Digest = (first + P, *others)  # type: ignore[assignment]
    return replace(wanted, nullifier=nullifier)


BENT_EXITS: Final[Mapping[str, Callable[[PrivateExit], PrivateExit]]] = {
    "": lambda wanted: wanted,
    BOOK: lambda wanted: wanted,
    "recipient": lambda wanted: replace(wanted, recipient=address("mallory")),
    "nobody": lambda wanted: replace(wanted, recipient=bytes(OWNER_BYTES)),
    "no address": lambda wanted: replace(wanted, recipient=address("short")),
    "a quantum more": _more(1),
    "a quantum less": _more(-1),
    "more by p": _more(P),
    "more by 2^64": _more(1 << 64),
    "more than anybody has": _more(1 << AMOUNT_LIMB_BITS),
    "nullifier": lambda wanted: replace(wanted, nullifier=digest_of("another nullifier")),
    "a word of p more": _renamed,
}
"""What a liar asks for, by what of it is another."""


def dearer(book: MarketBook) -> MarketBook:
    """A book with a better price of the first market."""
    first, *others = book.markets
    return replace(book, markets=(replace(first, price=first.price + 1), *others))


def _statement(
    stage: Stage, leaf: LeafOpening, book: MarketBook, wanted: PrivateExit
) -> ExitStatement:
    root = leaf.root(compress_cached)
    of_venue = (stage.books.genesis.chain, stage.books.genesis.venue)
    return ExitStatement(*of_venue, root, book, stage.l1.governance, wanted)


def _proof(kind: str, honest: ExitStatement, asked: ExitStatement) -> bytes:
    """The test proof of the account's exit; of a false statement, the one that is asked for, as no
    prover has one; or of another one."""
    made: Mapping[str, Callable[[], bytes]] = {
        "honest": lambda: oracle_proof(EXIT_PINS, honest),
        "of what is asked": lambda: oracle_proof(EXIT_PINS, asked),
        "of another chain": lambda: oracle_proof(EXIT_PINS, replace(honest, chain=1)),
        "of another venue": lambda: oracle_proof(EXIT_PINS, replace(honest, venue=1)),
        "of the pins of batches": lambda: oracle_proof(PINS, honest),
        "nothing": lambda: b"",
    }
    return made[kind]()


def _escape_privately(stage: Stage, step: Step) -> Act:
    sender, batch = address(step["escape_privately"]), step["of"]
    leaf, book = stage.leaves_of(batch).opening(step["account"]), stage.batch(batch).tip.book
    amount = payout(leaf.account, book, stage.l1.governance).amount
    nullifier = nullifier_of(leaf.index, leaf.account.salt, compress_cached)
    honest = _statement(stage, leaf, book, PrivateExit(nullifier, amount, address(step["to"])))
    bend = step.get("bend", "")
    wanted, shown = BENT_EXITS[bend](honest.wanted), dearer(book) if bend == BOOK else book
    proof = _proof(step.get("proof", "honest"), honest, _statement(stage, leaf, shown, wanted))

    def act() -> Sequence[l1.Event]:
        paid = stage.l1.escape_privately(sender, wanted, shown, proof)
        if paid != step.get("pays", paid):
            raise Difference(f"it pays {paid}, wanted {step['pays']}")
        return [l1.EscapedPrivately(wanted.nullifier, wanted.recipient, wanted.amount)]

    return act


PRIVATE_EXIT_VERBS: Final[Mapping[str, Callable[[Stage, Step], Act]]] = {
    "escape_privately": _escape_privately,
}


def says_nullifiers(stage: Stage, _: object) -> list[int | str]:
    """Which accounts a nullifier is spent of, or the nullifier of none that a batch left."""
    names = {
        nullifier_of(index, account.salt, compress_cached): index
        for leaves in stage.leaves.values()
        for index, account in leaves.accounts.items()
    }
    spent = [names.get(each, hex_digest(each)) for each in stage.l1.exits.nullifiers]
    return sorted(spent, key=str)
