"""How the path of an action in its bundle is written: its place and its siblings, or nothing where
it was signed alone."""

from rollup.codec.fields import Node
from rollup.codec.strict import Value
from rollup.protocol.bundle import DEPTH_MAX, BundlePath
from rollup.protocol.constants import DIGEST_LENGTH
from rollup.protocol.encoding import digest_bytes, digest_of

WORD_BYTES = 4
"""Of a field element."""


def path_value(path: BundlePath | None) -> Value:
    """The row of a path."""
    return None if path is None else [path.place, *map(digest_bytes, path.siblings)]


def read_path(node: Node) -> BundlePath | None:
    """The path in a row. Raises CodecError on its shape, Rejected on its values."""
    if node.value is None:
        return None
    items = node.items(1 + DEPTH_MAX)
    if len(items) < 2:
        raise node.wrong("a place and siblings, or nothing")
    place, *siblings = items
    return BundlePath(
        place.integer(), tuple(digest_of(each.raw(WORD_BYTES * DIGEST_LENGTH)) for each in siblings)
    )
