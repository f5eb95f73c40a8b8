"""What the documents point at exists: files, tests, commands."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)#:]+)(?:#[^)]*)?\)")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
MENTIONED = re.compile(r"docs/[\w/-]+\.md")


def functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    targets = LINK.findall(document.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (document.parent / target).exists()]
    assert missing == []


def test_tests_that_documents_name_exist() -> None:
    named = [
        (file, name)
        for document in DOCUMENTS
        for file, name in TEST.findall(document.read_text(encoding="utf-8"))
    ]
    assert named
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / file).exists() or name not in functions(ROOT / file)
    ]
    assert missing == []


def test_documents_that_the_code_names_exist() -> None:
    missing = {
        f"{path.relative_to(ROOT)}: {named}"
        for package in ("rollup", "circuits", "sequencer")
        for path in (ROOT / package).rglob("*.py")
        for named in MENTIONED.findall(path.read_text(encoding="utf-8"))
        if not (ROOT / named).exists()
    }
    assert missing == set()
