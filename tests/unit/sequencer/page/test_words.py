"""What the page says is complete, and told in full where it says so."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from circuits.commands.explain import NOT_SHOWN
from rollup.protocol.public import PublicInput
from sequencer.page import words as said
from sequencer.page.words import KNOWS, MEMBERS, SILENT, TRUST, UNKNOWN, Said, words
from sequencer.service.public_view import Life

ROOT = Path(__file__).resolve().parents[4]
RULE = re.compile(r"\*\*([a-z0-9-]+\.[a-z0-9-]+)\*\*")
EVERYTHING = (*SILENT, *KNOWS, *UNKNOWN, *TRUST)


def test_every_member_of_the_public_input_is_told_in_plain_words_in_its_order() -> None:
    assert [member.name for member in MEMBERS] == [field.name for field in fields(PublicInput)]
    for member in MEMBERS:
        assert member.title and member.what.endswith(".") and member.learns.endswith(".")
        assert member.learns[0].islower(), "it follows `An observer learns:`"


@pytest.mark.parametrize("each", EVERYTHING, ids=lambda each: each.sentence[:40])
def test_every_sentence_names_pages_or_rules_that_exist(each: Said) -> None:
    rules = {
        rule
        for page in (ROOT / "docs" / "spec").glob("*.md")
        for rule in RULE.findall(page.read_text(encoding="utf-8"))
    }
    assert each.sentence.endswith(".") and each.sources
    missing = [name for name in each.sources if name not in rules and not (ROOT / name).is_file()]
    assert missing == []


def test_the_page_hides_nothing_that_verify_says_is_not_shown() -> None:
    """Whoever adds a sentence to `verify --explain` finds this page wanting."""
    on_the_page = {source for each in (*SILENT, *TRUST) for source in each.sources}
    assert [each.sentence for each in NOT_SHOWN if not on_the_page & set(each.sources)] == []


def test_a_mock_is_called_a_mock_and_nothing_else_is() -> None:
    def mocks(*, mock: bool) -> list[object]:
        return [each for each in words(mock=mock)["trust"] if "mock" in each["sentence"]]  # type: ignore[attr-defined]

    assert len(mocks(mock=True)) == 1
    assert mocks(mock=False) == []


def test_every_stage_before_the_proof_is_explained() -> None:
    assert set(said.STAGES) == {life.value for life in Life} - {Life.PROVED.value}
    for life in Life:
        assert f"{life.value.capitalize()}: " in said.LIVES


STILL_MISSING = (
    ("leave a withdrawal out", "README.md", "assets leave by a withdrawal alone"),
    ("Receipts bind", "docs/sequencer.md", "not that they were matched in it"),
    (
        "Price-time priority",
        "docs/sequencer.md",
        "an operator that leaves it out could fill what it cancels",
    ),
    ("invented", "docs/sequencer.md", "Nobody should trade money at such prices"),
    ("plain HTTP", "docs/api.md", "The server speaks plain HTTP"),
    ("One operator", "docs/soundness/README.md", "It can also refuse service"),
    ("mock", "docs/l1.md", "It takes a sender's word for who it is"),
    ("2^108", "docs/soundness/README.md", "2^108"),
)
"""A part of a sentence on the page, and what the document that says it in full has for it."""


@pytest.mark.parametrize(("part", "document", "text"), STILL_MISSING)
def test_what_the_page_calls_missing_is_still_missing(part: str, document: str, text: str) -> None:
    """Whoever builds one of these changes the document, and finds the page wanting."""
    (sentence,) = [each for each in TRUST if part in each.sentence]
    assert document in sentence.sources
    flat = " ".join((ROOT / document).read_text(encoding="utf-8").split())
    assert text in flat
