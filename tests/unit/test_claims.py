"""Every claim of the circuit has its sentence in docs/spec/claims, and every sentence its claim."""

import re
from pathlib import Path

import pytest

from circuits.air.circuit import Placed
from circuits.exit.circuit import exit_circuit
from circuits.statement.circuit import circuit

CLAIMS = Path(__file__).resolve().parents[2] / "docs" / "spec" / "claims"
LINE = re.compile(r"^- `([a-z0-9.-]+)`: (.+)$")


def every_table() -> dict[str, Placed]:
    """The tables of the statement, and those that the exit circuit has beside them."""
    placed = (*exit_circuit().tables, *circuit().tables)
    return {each.name: each for each in placed}


def claims_of_the_circuit() -> dict[str, set[str]]:
    """Claims by table: those of its constraints and those of its messages."""
    return {
        placed.name: {each.claim for each in placed.graph.constraints}
        | {each.claim for each in placed.graph.interactions}
        for placed in every_table().values()
    }


def sentences(table: str) -> list[tuple[str, str]]:
    """(claim, sentence) of every line of a table's page."""
    lines = (CLAIMS / f"{table}.md").read_text(encoding="utf-8").splitlines()
    return [(found[1], found[2]) for line in lines if (found := LINE.match(line))]


@pytest.mark.parametrize("table", every_table())
def test_claims_and_sentences_are_the_same(table: str) -> None:
    in_code, in_prose = claims_of_the_circuit()[table], [claim for claim, _ in sentences(table)]
    assert in_code - set(in_prose) == set(), "claims without a sentence"
    assert set(in_prose) - in_code == set(), "sentences without a claim"
    assert len(in_prose) == len(set(in_prose)), "a claim has two sentences"


@pytest.mark.parametrize("table", every_table())
def test_claims_are_named_after_their_table(table: str) -> None:
    strangers = {c for c in claims_of_the_circuit()[table] if not c.startswith(f"{table}.")}
    assert strangers == set()


def test_every_page_of_claims_belongs_to_a_table() -> None:
    pages = {page.stem for page in CLAIMS.glob("*.md")}
    assert pages == set(every_table())
