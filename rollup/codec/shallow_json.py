"""JSON from outside, refused before it is parsed where it nests deeper than any format of ours.

The parser of the standard library recurses in C, and some libraries lift the interpreter's
recursion limit; deep nesting would then end the process instead of raising an error.
"""

import json
import re
from collections.abc import Callable
from typing import Any

DEPTH_MAX = 16
"""No format of ours nests deeper than 5."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(r"[\[{\]}]")


def nesting(text: str) -> int:
    """How deep the arrays and objects of a JSON text nest."""
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def loads(text: str, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """The value of a JSON text; `pairs` makes objects from their members.

    Raises ValueError where the text is not JSON, or nests deeper than DEPTH_MAX.
    """
    depth = nesting(text)
    if depth > DEPTH_MAX:
        raise ValueError(f"wanted at most {DEPTH_MAX} levels of nesting, got {depth}")
    return json.loads(text, object_pairs_hook=pairs)
