"""Header: one row opens the header of a touched account.

Its key checks what the account signed, its owner decides about entries of the L1 queue, and its
viewing commitment says which key reads what is published of it. If the owner gives the account
another key, its new header has a row of its own (`renewed`), whose keys count in the batch, and not
the old ones.
Height: one row an account, two if it is renewed, padded. Degree: 2.
Buses: HEADER, RENEWED, HASH, KEY, KEY_MARK, OWNER, REGISTER, ROTATION, VIEWING.
Claims: docs/spec/claims/header.md. Spec: docs/spec/03-state.md.
"""

from circuits.air.builder import Builder
from circuits.air.layout import Layout, bit, cell, cells, many
from circuits.air.table import Table
from circuits.gadgets.buses import (
    HEADER,
    KEY,
    KEY_MARK,
    OWNER,
    REGISTER,
    RENEWED,
    ROTATION,
    VIEWING,
)
from circuits.gadgets.hash import request_chain, request_hash
from rollup.hash.poseidon import chain_start, fold_start
from rollup.protocol.constants import ACCOUNT_LEAF_VERSION, SIGNATURE_SCHEME
from rollup.protocol.encoding import TypeCode

DIGEST = 8

HEADER_BLOCKS = 4
"""Blocks of 8 elements of the chain (rollup.protocol.encoding)."""


class Columns(Layout):
    """The columns."""

    active = bit()
    created = bit()
    renewed = bit()  # it comes in place of the account's other header
    keyed = cell()  # 1 if its key may sign in this batch
    account = cell()
    backstop = cell()  # 1 if it is the backstop's
    key_uses = cell()  # orders, outflows and cancels of this batch signed with its key
    mark_uses = cell()  # orders that rested before this batch and trade in it, under its key
    owner_uses = cell()  # withdrawals of this batch, which go to the owner, and rotations asked for
    owner = cells(6)
    key_x = cells(7)
    key_y = cells(7)
    viewing = cells(DIGEST)
    told = bit()  # the venue knows the viewing key
    viewing_key = cells(DIGEST)  # that, or else the commitment to it
    viewing_uses = cell()  # 1 if it is the header that the new leaf has
    digests = many(HEADER_BLOCKS, cells(DIGEST))  # chaining values, the header's digest last
    with_header = cells(DIGEST)  # chaining value of a leaf after its block, where it is renewed


def constraints(air: Builder, row: Columns) -> None:
    """One header."""
    for flag in (row.active, row.created, row.renewed):
        air.require_bit(flag, "header.flags")
    # Lie: a padding row hands out keys or takes registrations of accounts nobody opened.
    air.require_bit(row.told, "header.flags")
    uses = (row.key_uses, row.mark_uses, row.owner_uses, row.viewing_uses)
    for said in (row.created, row.renewed, row.told, *uses):
        air.require_zero(said * (1 - row.active), "header.padding-is-silent")
    opened = row.active - row.renewed
    # Lie: the header of another account, or one that no leaf commits to.
    wanted = (row.account, *row.digests[-1], row.created, row.keyed, row.backstop)
    air.receive(HEADER, wanted, opened, claim="header.opened")
    _renewed(air, row)
    _viewing(air, row)
    # Lie: an order is checked against a key that is not the account's; the owner is exchanged.
    words = (*row.owner, *row.key_x, *row.key_y, SIGNATURE_SCHEME, *row.viewing, 0, 0, 0)
    blocks = [words[i : i + DIGEST] for i in range(0, len(words), DIGEST)]
    request_chain(air, TypeCode.HEADER, blocks, row.digests, row.active, claim="header.hashed")
    _key(air, row)
    # Lie: a withdrawal to somebody who does not own the account.
    air.send(OWNER, [row.account, *row.owner], row.owner_uses, claim="header.owner")
    # Lie: an account appears without a registration in the L1 queue, or with another key.
    registration = [row.account, *row.owner, *row.key_x, *row.key_y, *row.viewing]
    air.receive(REGISTER, registration, row.created, claim="header.registered")


def _key(air: Builder, row: Columns) -> None:
    """What is signed, and what rests, is under the key that the account has now."""
    for uses in (row.key_uses, row.mark_uses):
        # Lie: something is signed by the key that an account had, or by a liquidated account's.
        # Lie: what rests under the key that an account had fills, though its owner exchanged it.
        air.require_zero(uses * (1 - row.keyed), "header.keyed")
    # Lie: a signature is checked with one account's key and spent for another.
    # Lie: the backstop's order passes for anybody's, and spends what liquidations need.
    key = [row.account, *row.key_x, *row.key_y, row.backstop]
    air.send(KEY, key, row.key_uses, claim="header.key")
    # Lie: an order fills that rests under another account's key, or none.
    mark = [row.account, row.key_x[0], row.backstop]
    air.send(KEY_MARK, mark, row.mark_uses, claim="header.key-mark")


def _renewed(air: Builder, row: Columns) -> None:
    """A header that comes in place of another is the owner's word, and what the new leaf has."""
    # Lie: a new header says whose the account is, so that somebody may give himself its key.
    air.require_zero(row.renewed * row.owner_uses, "header.renewed-owns-not")
    air.require_zero(row.renewed * row.created, "header.renewed-owns-not")
    # Lie: the operator gives an account another key, or an owner that it does not have.
    rotation = [row.account, *row.owner, *row.key_x, *row.key_y, *row.viewing]
    air.receive(ROTATION, rotation, row.renewed, claim="header.renewed")
    # Lie: the new leaf has another header than the one that was asked for.
    start = fold_start(TypeCode.ACCOUNT, ACCOUNT_LEAF_VERSION)
    claim = "header.renewed-leaf"
    request_hash(air, start, row.digests[-1], row.with_header, row.renewed, claim=claim)
    told = (row.account, *row.with_header, row.keyed, row.backstop)
    air.receive(RENEWED, told, row.renewed, claim=claim)


def _viewing(air: Builder, row: Columns) -> None:
    """What is published of the account is read with the key that its header commits to; where the
    venue does not know that, with the commitment."""
    # Lie: a leaf is published under a key of the operator's, which its owner cannot read.
    key = row.viewing_key
    start = chain_start(TypeCode.VIEWING, 1)
    request_hash(air, start, key, row.viewing, row.told, claim="header.viewing-key")
    with air.when(row.active - row.told):
        air.require_all_equal(key, row.viewing, "header.viewing-key")
    said = (row.account, row.renewed, *key)
    air.send(VIEWING, said, row.viewing_uses, claim="header.viewing")


TABLE = Table(name="header", columns=Columns, constraints=constraints)
