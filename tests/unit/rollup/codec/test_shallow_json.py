"""Deep JSON is refused before the parser sees it, whatever the interpreter's recursion limit."""

import sys

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
