"""Header: one row opens the header of a touched account, where its owner or its key is needed.

That is where an order or an outflow of the account acts, or where a deposit registered it.
Height: one row an account that needs it, padded. Degree: 2.
Buses: HEADER, HASH, KEY, OWNER, REGISTER.
Claims: docs/spec/claims/header.md. Spec: docs/spec/03-state.md.
"""

from circuits.air.builder import Builder
from circuits.air.layout import Layout, bit, cell, cells, many
from circuits.air.table import Table
from circuits.gadgets.buses import HEADER, KEY, OWNER, REGISTER
from circuits.gadgets.hash import request_chain
from rollup.protocol.constants import SIGNATURE_SCHEME
from rollup.protocol.encoding import TypeCode

DIGEST = 8

HEADER_BLOCKS = 4
"""Blocks of 8 elements of the chain (rollup.protocol.encoding)."""


class Columns(Layout):
    """The columns."""

    active = bit()
    created = bit()
    account = cell()
    key_uses = cell()  # orders and outflows of this batch signed with the account's key
    owner_uses = cell()  # withdrawals of this batch, which go to the owner
    owner = cells(6)
    key_x = cells(7)
    key_y = cells(7)
    viewing = cells(DIGEST)
    digests = many(HEADER_BLOCKS, cells(DIGEST))  # chaining values, the header's digest last


def constraints(air: Builder, row: Columns) -> None:
    """One header."""
    air.require_bit(row.active, "header.flags")
    air.require_bit(row.created, "header.flags")
    # Lie: a padding row hands out keys or takes registrations of accounts nobody opened.
    air.require_zero(row.created * (1 - row.active), "header.padding-is-silent")
    air.require_zero(row.key_uses * (1 - row.active), "header.padding-is-silent")
    air.require_zero(row.owner_uses * (1 - row.active), "header.padding-is-silent")
    # Lie: the header of another account, or one that no leaf commits to.
    wanted = (row.account, *row.digests[-1], row.created)
    air.receive(HEADER, wanted, row.active, claim="header.opened")
    # Lie: an order is checked against a key that is not the account's; the owner is exchanged.
    words = (*row.owner, *row.key_x, *row.key_y, SIGNATURE_SCHEME, *row.viewing, 0, 0, 0)
    blocks = [words[i : i + DIGEST] for i in range(0, len(words), DIGEST)]
    request_chain(air, TypeCode.HEADER, blocks, row.digests, row.active, claim="header.hashed")
    # Lie: a signature is checked with one account's key and spent for another.
    key = [row.account, *row.key_x, *row.key_y]
    air.send(KEY, key, row.key_uses, claim="header.key")
    # Lie: a withdrawal to somebody who does not own the account.
    air.send(OWNER, [row.account, *row.owner], row.owner_uses, claim="header.owner")
    # Lie: an account appears without a registration in the L1 queue, or with another key.
    registration = [row.account, *row.owner, *row.key_x, *row.key_y, *row.viewing]
    air.receive(REGISTER, registration, row.created, claim="header.registered")


TABLE = Table(name="header", columns=Columns, constraints=constraints)
