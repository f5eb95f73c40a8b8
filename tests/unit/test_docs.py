"""What the documents point at exists: files, tests, commands."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)#:]+)(?:#[^)]*)?\)")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
PYTHON_FILE = re.compile(r"`((?:[\w-]+/)+\w+\.py)`")
MODULE = re.compile(r"`((?:rollup|circuits|sequencer)(?:\.\w+)+)")
PACKAGES = ("rollup", "circuits", "sequencer")
MENTIONED = re.compile(r"docs/[\w/-]+\.md")


def functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    targets = LINK.findall(document.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (document.parent / target).exists()]
    assert missing == []


def exists(module: str) -> bool:
    """Whether a dotted name leads to a module, or to something of one."""
    path = ROOT.joinpath(*module.split(".")[:2])
    return path.is_dir() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_and_modules_that_a_document_names_are_where_it_says(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    rooms = [ROOT, *(ROOT / package for package in PACKAGES)]
    files = [f for f in PYTHON_FILE.findall(text) if not any((r / f).is_file() for r in rooms)]
    modules = [module for module in MODULE.findall(text) if not exists(module)]
    assert files + modules == []


@pytest.mark.parametrize("package", ["circuits", "sequencer"])
def test_the_floor_plan_is_that_of_the_import_contracts(package: str) -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    plan = re.findall(rf"^{package} +(.+ \| .+)$", text, re.MULTILINE)
    floors = [re.split(r", ?", floor.strip()) for floor in plan[0].split(" | ")]
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = configuration["tool"]["importlinter"]["contracts"]
    (contract,) = [c for c in contracts if c.get("containers") == [package]]
    layers = [re.split(r" \| ", layer) for layer in reversed(contract["layers"])]
    assert [sorted(floor) for floor in floors] == [sorted(layer) for layer in layers]


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
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for named in MENTIONED.findall(path.read_text(encoding="utf-8"))
        if not (ROOT / named).exists()
    }
    assert missing == set()
