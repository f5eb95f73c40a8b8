"""Every claim in code has its sentence in docs/spec/claims, and every sentence its code."""

import re
from pathlib import Path

import pytest

from circuits.statement import circuit

CLAIMS = Path(__file__).resolve().parents[3] / "docs" / "spec" / "claims"
SENTENCE = re.compile(r"^- `([a-z_]+\.[a-z0-9-]+)`: \S.*\.$", re.MULTILINE)

TABLES = [placed.name for placed in circuit().tables]


def claims_in_code(table: str) -> set[str]:
    graph = circuit().table(table).graph
    return {part.claim for part in (*graph.constraints, *graph.interactions)}


@pytest.mark.parametrize("table", TABLES)
def test_every_claim_has_its_sentence_and_every_sentence_its_claim(table: str) -> None:
    text = (CLAIMS / f"{table}.md").read_text(encoding="utf-8")
    assert set(SENTENCE.findall(text)) == claims_in_code(table)


@pytest.mark.parametrize("table", TABLES)
def test_every_bullet_of_a_claims_page_is_a_sentence(table: str) -> None:
    lines = (CLAIMS / f"{table}.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("-") and not SENTENCE.match(line)] == []
