"""TidyTest: rules about the code itself that no linter checks (docs/guide.md)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("rollup", "circuits", "sequencer")
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 400
NUMBA_DOORS = {
    "rollup/native/jit.py",
    "rollup/native/kernel_cache.py",
    "rollup/native/simd.py",
    "rollup/native/aligned.py",
    "rollup/field/extension_simd.py",
    "rollup/hash/poseidon_simd.py",
    "circuits/pcs/keccak_kernel.py",
}
"""The decorator, and the vector types it works on: all else is Python that `kernel` compiles."""

LEFTOVERS = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")


def sources() -> Iterator[tuple[str, str, ast.Module]]:
    """(path from the root, text, syntax tree) of every module outside the tests."""
    for package in (*PACKAGES, "benchmarks"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "target" in path.relative_to(ROOT).parts:
                continue  # what a build left
            text = path.read_text(encoding="utf-8")
            yield path.relative_to(ROOT).as_posix(), text, ast.parse(text)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def long_functions() -> Iterator[str]:
    for name, _, tree in sources():
        for function in functions(tree):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{name}:{function.lineno} {function.name} has {lines} lines"


def long_files() -> Iterator[str]:
    for name, text, _ in sources():
        lines = text.count("\n")
        if lines > FILE_LINES_MAX:
            yield f"{name} has {lines} lines"


def modules_without_docstring() -> Iterator[str]:
    for name, text, tree in sources():
        if text.strip() and not ast.get_docstring(tree):
            yield name


def floats_in_the_protocol() -> Iterator[str]:
    for name, _, tree in sources():
        if not name.startswith("rollup/protocol/"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                yield f"{name}:{node.lineno} {node.value}"
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                yield f"{name}:{node.lineno} a division that gives a float"


def other_doors_to_numba() -> Iterator[str]:
    for name, _, tree in sources():
        for module in imported(tree):
            if module.split(".")[0] in {"numba", "llvmlite"} and name not in NUMBA_DOORS:
                yield f"{name} imports {module}"


def asserts() -> Iterator[str]:
    for name, _, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert):
                yield f"{name}:{node.lineno}: `python -O` removes it; raise instead"


def leftovers() -> Iterator[str]:
    for name, text, _ in sources():
        for number, line in enumerate(text.splitlines(), 1):
            if LEFTOVERS.search(line):
                yield f"{name}:{number} {line.strip()}"


@pytest.mark.parametrize(
    "findings",
    [
        long_functions,
        long_files,
        modules_without_docstring,
        floats_in_the_protocol,
        other_doors_to_numba,
        asserts,
        leftovers,
    ],
    ids=lambda findings: findings.__name__,
)
def test_the_tree_is_tidy(findings) -> None:  # type: ignore[no-untyped-def]
    assert list(findings()) == []
