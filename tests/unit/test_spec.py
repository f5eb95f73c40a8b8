"""The specification and the code name the same reasons, claims, rows and cells."""

import re
from enum import Enum
from pathlib import Path

import pytest

from circuits.statement.circuit import circuit
from circuits.tables.schedule import LADDER_LEAD, LADDER_ROWS, LADDER_STRIDE
from rollup.l1.interface import Refusal, Revert
from rollup.protocol.constants import ACCOUNT_LEAF_VERSION, MARKETS_LEAF_VERSION
from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.rejection import Reason
from rollup.protocol.shape_class import CLASS_S

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "spec"
CHAPTERS = {p.name: p.read_text(encoding="utf-8") for p in sorted(FOLDER.glob("[0-9]*.md"))}
OVERVIEW = CHAPTERS["00-overview.md"]
SPEC = "\n".join(CHAPTERS.values())
TOLD = "\n".join(
    path.read_text(encoding="utf-8")
    for folder, ending in (("tests", "*.py"), ("rollup/harness/scenarios", "*.toml"))
    for path in (ROOT / folder).rglob(ending)
)
SOURCES = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "rollup").rglob("*.py"))


@pytest.mark.parametrize("reason", [*Reason, *Revert, *Refusal])
def test_every_reason_is_in_the_specification(reason: Enum) -> None:
    assert f"`{reason.value}`" in SPEC


@pytest.mark.parametrize("reason", [*Reason, *Revert, *Refusal])
def test_every_reason_is_given_somewhere(reason: Enum) -> None:
    assert re.search(rf"\b{type(reason).__name__}\.{reason.name}\b", SOURCES)


@pytest.mark.parametrize("reason", [*Reason, *Revert, *Refusal])
def test_every_reason_is_named_in_a_test(reason: Enum) -> None:
    """As a member, or as what a scenario expects: in all tests but this one."""
    member = rf"\b{type(reason).__name__}\.{reason.name}\b"
    assert re.search(rf'{member}|"{reason.value}["@:]', TOLD)


def test_the_folds_start_where_the_chapter_on_hashes_says() -> None:
    chapter = CHAPTERS["02-hashes.md"]
    assert f"from (1, 0, version = {ACCOUNT_LEAF_VERSION}, 0" in chapter
    assert f"from (4, 0, version = {MARKETS_LEAF_VERSION}, 0" in chapter


@pytest.mark.parametrize("outcome", [o for o in DepositOutcome if o is not DepositOutcome.CREDITED])
def test_every_refusal_of_a_deposit_is_in_the_specification(outcome: DepositOutcome) -> None:
    assert f"`{outcome.name}`" in SPEC


def rules(text: str) -> list[str]:
    """Names of the rules in a text."""
    return re.findall(r"^\*\*([a-z0-9]+\.[a-z0-9-]+)\*\*", text, re.MULTILINE)


def claims() -> set[str]:
    """Every claim that has a sentence; `test_claims.py` holds these to the circuit."""
    pages = (FOLDER / "claims").glob("*.md")
    lines = [line for page in pages for line in page.read_text(encoding="utf-8").splitlines()]
    return {found[1] for line in lines if (found := re.match(r"- `([a-z0-9.-]+)`: ", line))}


def rows(text: str, heading: str) -> list[list[str]]:
    """The rows of the table whose first line is `heading`, as cells."""
    table = text.partition(f"{heading}\n|---")[2].partition("\n")[2].partition("\n\n")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def named(cell: str) -> set[str]:
    """What a cell names in backticks."""
    return set(re.findall(r"`([^`]+)`", cell))


def holders(text: str) -> list[list[str]]:
    return rows(text, "| rule | claims of the circuit | outside the circuit |")


INTERNAL = {
    claim for row in rows(OVERVIEW, "| claim | why it is there |") for claim in named(row[0])
}
"""Claims that no single rule asks for."""


def test_no_rule_is_named_twice() -> None:
    names = rules(SPEC)
    assert len(names) > 40
    assert len(names) == len(set(names))


def test_the_overview_links_every_chapter() -> None:
    linked = set(re.findall(r"\]\(([0-9]{2}-[a-z0-9-]+\.md)\)", OVERVIEW))
    assert linked == set(CHAPTERS) - {"00-overview.md"}


@pytest.mark.parametrize("chapter", [name for name, text in CHAPTERS.items() if rules(text)])
def test_a_chapter_says_of_each_of_its_rules_who_holds_it(chapter: str) -> None:
    text = CHAPTERS[chapter]
    held = holders(text)
    assert [row[0] for row in held] == rules(text)
    assert [row[0] for row in held if not named(row[1]) and not row[2]] == []


@pytest.mark.parametrize("chapter", [name for name, text in CHAPTERS.items() if rules(text)])
def test_a_rule_points_at_claims_that_exist(chapter: str) -> None:
    pointed = {claim for row in holders(CHAPTERS[chapter]) for claim in named(row[1])}
    assert pointed - claims() == set()


def test_every_claim_is_asked_for_by_a_rule_or_has_a_reason_of_its_own() -> None:
    pointed = {
        claim for text in CHAPTERS.values() for row in holders(text) for claim in named(row[1])
    }
    assert claims() - pointed == INTERNAL
    assert claims() >= INTERNAL
    assert all(row[1] for row in rows(OVERVIEW, "| claim | why it is there |"))


def test_the_chapter_on_signatures_counts_rows_and_cells_as_the_tables_do() -> None:
    chapter = CHAPTERS["10-signatures.md"]
    tables = {placed.name: placed for placed in circuit().tables}
    for name, used, stride in (
        ("ladder", LADDER_ROWS, LADDER_STRIDE),
        ("signature", 1, tables["signature"].height // CLASS_S.orders),
    ):
        cells = len(tables[name].table.columns.names())
        rows_ = f"{used} row{'s' if used > 1 else ''}"
        assert f"| {name} | {rows_} of {cells} cells ({stride} of height) |" in chapter
    places = (
        f"rows {LADDER_ROWS}k + {LADDER_LEAD} to\n{LADDER_ROWS}k + {LADDER_ROWS} of the ladder "
    )
    assert places + "and row k of signature" in chapter
    for name in ("order", "tree"):
        assert f"| {name} | 1 row of {len(tables[name].table.columns.names())} cells for" in chapter


def test_a_signature_starts_where_the_chapter_says() -> None:
    placed = next(each for each in circuit().tables if each.name == "ladder")
    fixed = placed.table.fixed_values(placed.height)
    starts = [row for row, bit in enumerate(fixed["starts"]) if bit]
    assert starts == [LADDER_LEAD + LADDER_ROWS * k for k in range(CLASS_S.orders)]
    assert [fixed["signature"][row] for row in starts] == list(range(CLASS_S.orders))
