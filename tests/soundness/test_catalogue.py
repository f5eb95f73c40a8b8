"""The catalogue is whole, and every test that the documents of soundness name exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "soundness").glob("*.md"))
COUNTS = {"T": 14, "F": 12, "S": 11, "L": 10, "A": 12, "Z": 6}
ATTACKS = {"A": 10, "B": 10, "H": 11, "M": 12, "D": 5}
"""On the book, by round."""

NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


@cache
def functions(path: Path) -> set[str]:
    """Tests defined in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_item_is_there_with_a_test_or_a_reason() -> None:
    text = (ROOT / "docs" / "soundness" / "catalogue.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z]\d+) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    wanted = {f"{letter}{k + 1}" for letter, count in COUNTS.items() for k in range(count)}
    assert {item for item, _, _ in rows} == wanted and len(rows) == len(wanted)
    assert all(NAMED.search(tests) or "cannot occur: " in tests for _, _, tests in rows)


def test_every_attack_on_the_book_is_there_with_a_test_or_a_reason() -> None:
    text = (ROOT / "docs" / "soundness" / "catalogue.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| book ([A-Z]\d+) \| (.+) \| (.*) \| (.+) \|$", text, re.MULTILINE)
    wanted = {f"{letter}{k + 1}" for letter, count in ATTACKS.items() for k in range(count)}
    assert {item for item, *_ in rows} == wanted and len(rows) == len(wanted)
    assert all(NAMED.search(tests) or "cannot occur: " in tests for *_, tests in rows)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_named_test_exists(page: Path) -> None:
    named = NAMED.findall(page.read_text(encoding="utf-8"))
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).exists() or (name and name not in functions(ROOT / path))
    ]
    assert not missing
