"""The proof and its bytes.

A proof begins with the version of the proof system. Every length that follows is of the shape, so
the encoding is a plain concatenation and has one form: decoding checks the version, the total
length, then that every field element is canonical. Integers are little-endian; a base-field element
has 4 bytes, an element of E its five coefficients, low first."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from circuits.stark.errors import Failure, VerificationError
from circuits.stark.parameters import CHUNKS, FOLD_LOG2, PROTOCOL_VERSION
from circuits.stark.shape import Shape
from circuits.stark.stacks import ELEMENT_BYTES, Phase
from rollup.field.extension import DEGREE, Element
from rollup.field.koalabear import P

VERSION_BYTES = PROTOCOL_VERSION.to_bytes(4, "little")
"""What every proof begins with. A proof of version 2 begins with a root."""

NONCE_BYTES = 8
FIBRE_WIDTH = DEGREE << FOLD_LOG2

Digests = tuple[bytes, ...]
Row = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """One leaf of one tree: its row, its salt, the path upwards."""

    row: Row
    salt: bytes
    path: Digests


@dataclass(frozen=True, slots=True)
class Layer:
    """A committed layer of the low-degree test; `nonce` is the work before its fold challenge."""

    root: bytes
    nonce: int


@dataclass(frozen=True, slots=True)
class Query:
    """All that one queried position opens: `trees` by phase, `layers` by depth of folding."""

    trees: tuple[Opening, ...]
    layers: tuple[Opening, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof, in the order of its bytes.

    `here` are the columns of all stacks at zeta, stack by stack, `after` those of the stacks that
    are opened in the row below. `tops` holds, for each phase and then each layer, the one tree
    layer at which paths end."""

    main_root: bytes
    lookup_root: bytes
    terminals: tuple[Element, ...]
    quotient_root: bytes
    here: tuple[Element, ...]
    after: tuple[Element, ...]
    chunks: tuple[Element, ...]
    batch_nonce: int
    layers: tuple[Layer, ...]
    final: tuple[Element, ...]
    query_nonce: int
    tops: tuple[Digests, ...]
    queries: tuple[Query, ...]


def tree_depth(shape: Shape, layer: int | None) -> int:
    """log2 of the leaves of a phase's tree (layer None), or of a layer's."""
    return shape.log2_domain - (0 if layer is None else FOLD_LOG2 * (layer + 1))


def top_log2(shape: Shape, layer: int | None) -> int:
    """log2 of the nodes of the tree layer that the proof carries whole."""
    return min(shape.parameters.tree_top_log2, tree_depth(shape, layer))


def encode(proof: Proof) -> bytes:
    """The bytes of a proof."""
    parts: list[bytes] = [VERSION_BYTES, proof.main_root, proof.lookup_root]
    parts += [encode_elements(proof.terminals), proof.quotient_root]
    parts += [encode_elements(values) for values in (proof.here, proof.after, proof.chunks)]
    parts += [_nonce(proof.batch_nonce)]
    parts += [part for layer in proof.layers for part in (layer.root, _nonce(layer.nonce))]
    parts += [encode_elements(proof.final), _nonce(proof.query_nonce)]
    parts += [digest for top in proof.tops for digest in top]
    for query in proof.queries:
        for opening in (*query.trees, *query.layers):
            parts += [struct.pack(f"<{len(opening.row)}I", *opening.row)]
            parts += [opening.salt, *opening.path]
    return b"".join(parts)


def encode_elements(elements: Iterable[Element]) -> bytes:
    """Elements of E, 20 bytes each."""
    flat = [coefficient for element in elements for coefficient in element]
    return struct.pack(f"<{len(flat)}I", *flat)


def _nonce(value: int) -> bytes:
    return value.to_bytes(NONCE_BYTES, "little")


def decode(data: bytes, shape: Shape) -> Proof:
    """The proof that the bytes are. Raises VerificationError for any others."""
    if data[: len(VERSION_BYTES)] != VERSION_BYTES:
        detail = f"it does not begin with {PROTOCOL_VERSION}"
        raise VerificationError(Failure.PROTOCOL_VERSION, detail)
    wanted = encoded_length(shape)
    if len(data) != wanted:
        raise VerificationError(Failure.MALFORMED, f"{len(data)} bytes where {wanted} are wanted")
    return _read(_Reader(data, shape.parameters.digest_bytes), shape)


def encoded_length(shape: Shape) -> int:
    """Bytes of every proof of this shape."""
    counter = _Counter(b"", shape.parameters.digest_bytes)
    _read(counter, shape)
    return counter.length


class _Reader:
    """Takes pieces off the front of a byte string of the right length."""

    def __init__(self, data: bytes, digest_bytes: int) -> None:
        self._data = data
        self._digest_bytes = digest_bytes
        self._position = 0

    def take(self, length: int) -> bytes:
        """The next bytes."""
        start = self._position
        self._position += length
        return self._data[start : self._position]

    def row(self, width: int) -> Row:
        """The next base-field values."""
        row = struct.unpack(f"<{width}I", self.take(4 * width))
        if max(row) >= P:
            detail = f"before byte {self._position}"
            raise VerificationError(Failure.NON_CANONICAL, detail)
        return row

    def elements(self, count: int) -> tuple[Element, ...]:
        """The next elements of E."""
        flat = iter(self.row(DEGREE * count))
        return tuple(zip(flat, flat, flat, flat, flat, strict=True))

    def nonce(self) -> int:
        """The next nonce; all 8-byte values are canonical."""
        return int.from_bytes(self.take(NONCE_BYTES), "little")

    def digests(self, count: int) -> Digests:
        """The next digests."""
        return tuple(self.digest() for _ in range(count))

    def digest(self) -> bytes:
        """The next digest, of as many bytes as the parameters keep."""
        return self.take(self._digest_bytes)


class _Counter(_Reader):
    """A reader that only counts: it measures the encoding with the code that decodes it."""

    def __init__(self, data: bytes, digest_bytes: int) -> None:
        super().__init__(data, digest_bytes)
        self.length = 0

    def take(self, length: int) -> bytes:
        self.length += length
        return b""

    def row(self, width: int) -> Row:
        self.take(4 * width)
        return ()

    def elements(self, count: int) -> tuple[Element, ...]:
        self.take(ELEMENT_BYTES * count)
        return ()


def _read(reader: _Reader, shape: Shape) -> Proof:
    reader.take(len(VERSION_BYTES))
    return Proof(
        main_root=reader.digest(),
        lookup_root=reader.digest(),
        terminals=reader.elements(len(shape.groups)),
        quotient_root=reader.digest(),
        here=reader.elements(shape.opened_here),
        after=reader.elements(shape.opened_below),
        chunks=reader.elements(CHUNKS),
        batch_nonce=reader.nonce(),
        layers=tuple(Layer(reader.digest(), reader.nonce()) for _ in range(shape.folds)),
        final=reader.elements(shape.final_coefficients),
        query_nonce=reader.nonce(),
        tops=tuple(reader.digests(1 << top_log2(shape, layer)) for layer in _trees(shape)),
        queries=tuple(_read_query(reader, shape) for _ in range(shape.parameters.queries)),
    )


def _trees(shape: Shape) -> list[int | None]:
    return [None] * len(Phase) + list(range(shape.folds))


def _read_query(reader: _Reader, shape: Shape) -> Query:
    trees = tuple(_read_opening(reader, shape, phase) for phase in Phase)
    layers = tuple(_read_fibre(reader, shape, layer) for layer in range(shape.folds))
    return Query(trees, layers)


def _read_opening(reader: _Reader, shape: Shape, phase: Phase) -> Opening:
    row = reader.row(shape.row_width(phase))
    salt = reader.take(shape.parameters.salt_bytes if shape.salted(phase) else 0)
    return Opening(row, salt, reader.digests(tree_depth(shape, None) - top_log2(shape, None)))


def _read_fibre(reader: _Reader, shape: Shape, layer: int) -> Opening:
    row = reader.row(FIBRE_WIDTH)
    return Opening(row, b"", reader.digests(tree_depth(shape, layer) - top_log2(shape, layer)))
