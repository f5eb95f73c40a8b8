"""What a mock stores as bytes: one canonical JSON with its version.

Sorted keys, no spaces, ASCII; any other bytes are refused, so that a file that was damaged or
edited is never half-read.
"""

import json
from typing import TypeVar

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.forms import Form
from rollup.codec.strict import CodecError
from rollup.protocol.rejection import Rejected

STATE_BYTES_MAX = 2**28

T = TypeVar("T")


def to_bytes(form: Form[T], version: int, content: T) -> bytes:
    """The one encoding."""
    value = {"version": version, "content": form.write(content)}
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def from_bytes(form: Form[T], version: int, data: bytes, name: str) -> T:
    """What these bytes hold. Raises CodecError, naming what was wanted and what came; `name` is
    what it is of."""
    if len(data) > STATE_BYTES_MAX:
        raise CodecError(f"{name}: wanted at most {STATE_BYTES_MAX} bytes, got {len(data)}")
    try:
        value = shallow_json.loads(data.decode("ascii"))
    except ValueError as error:
        raise CodecError(f"{name}: not JSON in ASCII ({str(error)[:80]})") from error
    node = Node(value, name)
    node.require_version(version)
    try:
        found = form.read(node.record(("version", "content"))["content"])
    except Rejected as refusal:
        raise CodecError(f"{name}: {refusal}") from refusal
    if to_bytes(form, version, found) != data:
        raise CodecError(f"{name}: not the canonical encoding (sorted keys, no spaces, ASCII)")
    return found
