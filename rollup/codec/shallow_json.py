"""JSON: our one encoding of a value, and what comes from outside, which is refused before it is
parsed where it nests deeper than any format of ours.

The parser of the standard library recurses in C, and some libraries lift the interpreter's
recursion limit; deep nesting would then end the process instead of raising an error.
"""

import json
import re
from collections.abc import Callable
from typing import Any

DEPTH_MAX = 16
"""No format of ours nests deeper than 5."""

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.?)*+"?|[\[{\]}]', re.DOTALL)
"""A string, be it closed or not, or a bracket outside of strings. Nothing in it backtracks and no
string fails to match, so that a text is walked over once, whatever is in it."""


def nesting(text: str) -> int:
    """How deep the arrays and objects of a JSON text nest; in time linear in its length."""
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        start = text[token.start()]
        if start != '"':
            depth += 1 if start in "[{" else -1
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


def canonical(value: object) -> bytes:
    """The one encoding of a value: sorted keys, no spaces, ASCII, no end of line."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode("ascii")
