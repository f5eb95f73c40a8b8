"""Signature: one row is one signature but for the long sum, and whom and what it speaks for.

Row k is signature k. It hashes the challenge, gives the ladder the key P of the account's leaf and
the challenge c, and takes back what the ladder comes to, s * G - c * P for some s: that is R, which
the challenge holds. Only then does it speak for actions (rows of order): one, whose digest is what
was signed, or, of a bundle, as many as the batch takes of the leaves under a root that was signed.
The tree of signature k has the number BUNDLE_TREE + k, and its inner nodes are rows of tree.

A row without a signature (active = 0) holds one all the same, of a key and a challenge nobody asked
about: the ladder is walked for every place, and `active` gates what is hashed, looked up and said.
Height: 4 rows a signature; the first fourth are used. Degree: 3. Buses: sends AUTHORITY, NODE,
LADDER_KEY, WINDOW and CHALLENGE; receives KEY, HASH and LADDER_END.
Claims: docs/spec/claims/signature.md. Spec: docs/spec/10-signatures.md.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from circuits.air.builder import Builder
from circuits.air.layout import Layout, bit, cell, cells, group, limbs, many
from circuits.air.table import Table
from circuits.gadgets.buses import (
    AUTHORITY,
    CHALLENGE,
    KEY,
    LADDER_END,
    LADDER_KEY,
    NODE,
    WINDOW,
)
from circuits.gadgets.hash import request_chain, request_hash
from circuits.tables.ladder.air import PointCells
from rollup.crypto import curve, schnorr
from rollup.hash.poseidon import chain_start
from rollup.protocol.bundle import BUNDLE_TREE
from rollup.protocol.encoding import TypeCode

DIGEST = 8
CHALLENGE_BLOCKS = 5

HIGH_BITS = 7
"""A field element is low + 2^24 high with high <= 127, since p - 1 = 127 * 2^24."""

HIGH_MAX = (1 << HIGH_BITS) - 1


class Part(Layout):
    """A digest element as low + 2^24 high; low is what remains, an expression."""

    high = limbs(HIGH_BITS)
    below_top = cell()  # 1 / (127 - high), or anything if low is 0


class Columns(Layout):
    """The columns."""

    active = bit()  # 1 on a signature
    actions = cell()  # how many rows of order act by it
    bundled = bit()  # what is signed is a root
    account = cell()
    backstop = cell()  # 1 if the account is the one that governance names, as its header says
    root = cells(DIGEST)  # of its tree, which is one leaf where it is no bundle
    message = cells(DIGEST)  # what was signed
    # The hash chain of the challenge, digest last.
    challenge = many(CHALLENGE_BLOCKS, cells(DIGEST))
    parts = many(schnorr.CHALLENGE_PARTS, group(Part))
    key = group(PointCells)  # P
    nonce = group(PointCells)  # R
    zeros = cell()  # digits of the challenge that are 0


class Fixed(Layout):
    """The fixed columns."""

    place = cell()  # 1 on the rows that have a ladder


def fixed_values(places: int, height: int) -> Mapping[str, Sequence[int]]:
    """The first `places` rows have a signature."""
    del height
    return {"place": [1] * places}


def constraints(air: Builder, row: Columns) -> None:
    """One signature."""
    for flag in (row.active, row.bundled):
        air.require_bit(flag, "signature.flags")
    # Lie: a signature below the rows that have a ladder, so that none is checked.
    air.require_zero(row.active * (1 - air.fixed.place), "signature.place")
    # Lie: a row without a signature speaks for an action.
    air.require_zero(row.actions * (1 - row.active), "signature.padding-is-silent")
    _message(air, row)
    _challenge(air, row)
    _curve(air, row)
    _speaks(air, row)


def _message(air: Builder, row: Columns) -> None:
    """What was signed: a digest of one action, or that of a bundle's root."""
    start = chain_start(TypeCode.BUNDLE, 1)
    # Lie: a root that nobody signed.
    # Lie: the signature of one action, whose digest passes for a root, or of a root for an action:
    # the type of a message is in its start.
    request_hash(air, start, row.root, row.message, row.bundled, claim="signature.message")
    with air.when(1 - row.bundled):
        air.require_all_equal(row.message, row.root, "signature.message")


def _challenge(air: Builder, row: Columns) -> None:
    """c = the low 24 bits of five elements of hash(R, P, message)."""
    words = (*row.nonce.x, *row.nonce.y, *row.key.x, *row.key.y, *row.message, 0, 0, 0, 0)
    blocks = [words[i : i + DIGEST] for i in range(0, len(words), DIGEST)]
    # Lie: the challenge leaves out the nonce, the key or the message, so that R follows from c.
    request_chain(
        air, TypeCode.CHALLENGE, blocks, row.challenge, row.active, claim="signature.challenge"
    )
    shift = 1 << schnorr.CHALLENGE_PART_BITS
    digest = row.challenge[-1]
    for j, part in enumerate(row.parts):
        high = part.high.value()
        low = digest[j] - high * shift
        # The ladder shows low < 2^24. Lie: a high part above 127.
        air.range_check(part.high, row.active, claim="signature.canonical")
        # Lie: the second decomposition, low + 2^24 high = element + p, which has high = 127.
        air.require_zero(low * (1 - (HIGH_MAX - high) * part.below_top), "signature.canonical")
        # Lie: the ladder multiplies by another challenge.
        air.send(CHALLENGE, [row.index, j, low], air.fixed.place, claim="signature.challenge-part")


def _curve(air: Builder, row: Columns) -> None:
    """s * G - c * P = R for the account's key P, which the ladder is told, and some s."""
    key, nonce, place = (*row.key.x, *row.key.y), (*row.nonce.x, *row.nonce.y), air.fixed.place
    # Lie: the key is not the one in the account's leaf.
    # Lie: an order of the backstop does not say so, and takes risk, just when it is needed.
    air.receive(KEY, [row.account, *key, row.backstop], row.active, claim="signature.key")
    # Lie: the ladder multiplies another key.
    air.send(LADDER_KEY, [row.index, *key], place, claim="signature.ladder-key")
    # Lie: an entry for the digit 0 that is not S.
    offset = (*curve.WINDOW_OFFSET.x, *curve.WINDOW_OFFSET.y)
    air.send(WINDOW, [row.index, 0, *offset], row.zeros, claim="signature.served")
    # Lie: R is another point than s * G - c * P, or one that is off the curve.
    air.receive(LADDER_END, [row.index, *nonce], place, claim="signature.sum")


def _speaks(air: Builder, row: Columns) -> None:
    """For the actions of its account, each of which is a leaf of its tree."""
    # Lie: an action of another account, for which a bundle of somebody else has a leaf.
    said = [row.index, row.account, row.key.x[0], row.backstop]
    air.send(AUTHORITY, said, row.actions, claim="signature.authority")
    # Lie: an action that is not under the root, or two for one leaf.
    tree = [BUNDLE_TREE + row.index, 0, 0]
    air.send(NODE, [*tree, *row.root, *row.root], row.active, claim="signature.tree")


def table(places: int) -> Table:
    """The table with room for so many signatures, which the ladder must have as well."""
    return Table("signature", Columns, constraints, Fixed, partial(fixed_values, places))
