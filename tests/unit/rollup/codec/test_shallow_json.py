"""Deep JSON is refused before the parser sees it, whatever the interpreter's recursion limit."""

import re
import sys
from pathlib import Path

import pytest

from rollup.codec import shallow_json


def test_values_and_their_nesting() -> None:
    assert shallow_json.loads('{"a":[1,{"b":"]}[["}]}') == {"a": [1, {"b": "]}[["}]}
    assert shallow_json.nesting('{"a":[1,{"b":"]}[["}]}') == 3
    assert shallow_json.nesting(r'["\"[[[["]') == 1


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, '["]",' * 100_000, '["' + "[" * 100_000]
)
def test_deep_nesting_is_a_value_error_even_with_a_lifted_recursion_limit(text: str) -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    try:
        with pytest.raises(ValueError):
            shallow_json.loads(text)
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize("end", ["", "\\", '"', "["])
def test_a_string_that_never_ends_is_walked_over_once(end: str) -> None:
    """A search begun anew at every escaped quote would take hours."""
    text = '"' + '\\"' * 2**20 + end
    assert shallow_json.nesting(text) == 0
    assert shallow_json.nesting("[" + text + "]") == 1


def test_every_reader_of_json_from_outside_counts_its_brackets_first() -> None:
    own = {
        "rollup/codec/shallow_json.py",
        "circuits/commands/warm.py",  # the list of kernels that it wrote itself
        "rollup/native/array_file.py",  # arrays that it wrote itself, under a checksum
        "circuits/stark/lowered.py",  # the package's own circuits, under a checksum
        "rollup/l1/evm/artefact.py",  # the package's own contracts
        "rollup/l1/evm/compiler.py",  # what the pinned compiler writes
    }
    root = Path(__file__).parents[4]
    modules = [
        path for room in ("rollup", "circuits", "sequencer") for path in (root / room).rglob("*.py")
    ]
    bare = re.compile(r"\bjson\.loads?\(")
    readers = {
        path.relative_to(root).as_posix()
        for path in modules
        if bare.search(path.read_text(encoding="utf-8").replace("shallow_json.", ""))
    }
    assert readers == own
