"""The witness of an exit: from an opened leaf and a secret key to the traces of all tables.

Nothing is checked here, so that a forged opening gives a forged witness, and `check` says which
claim it breaks. All of it is private.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from circuits.air.check import Failure, check
from circuits.air.circuit import Circuit
from circuits.air.trace import U32, Trace, put
from circuits.exit.holding import Columns as HoldingColumns
from circuits.exit.holding import signed, worth
from circuits.exit.inputs import exit_messages, exit_values
from circuits.exit.leaf import SHIFT_BACK, equity_gap
from circuits.exit.leaf import Columns as LeafColumns
from circuits.gadgets.balanced import balanced
from circuits.gadgets.integer import PACKED_BITS, fill_carries
from circuits.stark.lookup import PublicMessage
from circuits.statement.witness import Traces, fill_lookups
from circuits.tables.account.columns import LEAF_BLOCKS
from circuits.tables.base.air import EVERY_WINDOW
from circuits.tables.comb import trace as comb
from circuits.tables.position.sums import SUM_BITS
from circuits.tables.records import TreeRecords
from circuits.tables.signature_records import U8
from circuits.tables.signatures import apart
from circuits.tables.tree import trace as tree
from rollup.crypto import curve, kernels
from rollup.field import septic
from rollup.hash.batched import compress_many, digest_rows
from rollup.hash.poseidon import Digest, chain_start, fold_start
from rollup.l1.escape import LeafOpening
from rollup.l1.private_exit import ExitStatement
from rollup.private import Private
from rollup.protocol.account import leaf_blocks
from rollup.protocol.constants import (
    ACCOUNT_LEAF_VERSION,
    CASH_BITS,
    CASH_LIMIT,
    MARKETS_MAX,
)
from rollup.protocol.encoding import Block, TypeCode, header_blocks, limbs, owner_words


@dataclass(frozen=True, slots=True, repr=False)
class ExitWitness(Private):
    """All that a proof is made from: a trace a table, and what the verifier knows."""

    circuit: Circuit
    traces: Traces
    statement: ExitStatement
    blinded: int

    @property
    def known(self) -> tuple[bytes, tuple[int, ...], tuple[PublicMessage, ...]]:
        """What the verifier knows as well, in the order in which both sides take it."""
        statement = self.statement
        return statement.digest(), exit_values(statement), exit_messages(statement)

    def failures(self) -> list[Failure]:
        """Every claim that the traces break, by table and row; none if the statement holds."""
        return check(self.circuit, self.traces, *self.known[1:], self.blinded)


@dataclass(frozen=True, slots=True, repr=False)
class _Opened(Private):
    """An account with all that is hashed of it: chaining values of header and leaf, the digest
    last, and of the leaf those after each position by its market."""

    leaf: LeafOpening
    header: tuple[Digest, ...]
    chain: tuple[Digest, ...]

    @classmethod
    def of(cls, leaf: LeafOpening) -> "_Opened":
        own = leaf.account.header
        blocks = header_blocks(own.owner, own.key, own.scheme, own.viewing)
        header = _chained(chain_start(TypeCode.HEADER, len(blocks)), blocks)
        start = fold_start(TypeCode.ACCOUNT, ACCOUNT_LEAF_VERSION)
        return cls(leaf, header, _chained(start, leaf_blocks(leaf.account, header[-1])))

    @property
    def before_positions(self) -> Digest:
        """The leaf as far as its block of cash."""
        return self.chain[LEAF_BLOCKS - 1]


def _chained(state: Digest, blocks: Sequence[Block]) -> tuple[Digest, ...]:
    found = []
    for block in blocks:
        (state,) = compress_many([state], [block])
        found.append(state)
    return tuple(found)


def build_exit(
    leaf: LeafOpening, secret: int, statement: ExitStatement, circuit: Circuit, blinded: int
) -> ExitWitness:
    """The witness; `secret` is the scalar of the key in the leaf's header. ValueError where its
    comb meets an exceptional addition, which one in 2^55 keys does."""
    opened, height = _Opened.of(leaf), {each.name: each.height for each in circuit.tables}
    scalar = np.frombuffer(secret.to_bytes(curve.BYTES, "little"), dtype=np.uint8)[None]
    combs = _combs(scalar)
    holding = _Holding(opened, statement, Trace(HoldingColumns, height["holding"], blinded))
    traces: Traces = {
        "tree": tree.build(_path(opened), height["tree"], blinded),
        "comb": comb.build(scalar, combs, height["comb"], blinded),
        "holding": holding.build(),
        "exit": _exit(opened, holding.total, combs, Trace(LeafColumns, height["exit"], blinded)),
    }
    fill_lookups(traces, exit_values(statement), circuit, blinded, base_windows=EVERY_WINDOW)
    return ExitWitness(circuit, traces, statement, blinded)


def _combs(scalar: U8) -> U32:
    """The comb of one scalar, (1, 29, 49)."""
    combs = kernels.trace_combs(scalar)
    if not _is_chain(combs[0]):
        raise ValueError("the comb of this key meets two points that begin alike")
    return combs


def _is_chain(rows: U32) -> bool:
    """Whether no addition of the comb meets two x that begin alike."""
    gaps = apart(rows, rows[:, kernels.ADDITION_OTHER :])[:-1]
    return bool(np.all(gaps.any(axis=1)))


def _path(opened: _Opened) -> TreeRecords:
    """The nodes above the leaf, the root first; before and after are one."""
    leaf = opened.leaf
    nodes = list(_climb(leaf.index, opened.chain[-1], leaf.path))[::-1]
    index, left, right, node = zip(*nodes, strict=True)
    levels = len(nodes)
    steps = np.array([leaf.index >> level & 1 for level in range(levels)][::-1], dtype=np.int64)
    twice = {
        name: (digest_rows(each), digest_rows(each))
        for name, each in (("left", left), ("right", right), ("node", node))
    }
    return TreeRecords(
        tree=np.zeros(levels, dtype=np.int64),
        depth=np.arange(levels),
        index=np.array(index, dtype=np.int64),
        **twice,
        left_touched=1 - steps,
        right_touched=steps,
    )


def _climb(
    index: int, node: Digest, path: Sequence[Digest]
) -> Iterator[tuple[int, Digest, Digest, Digest]]:
    """Place, children and digest of each node from the leaf's parent up."""
    for sibling in path:
        left, right = (sibling, node) if index & 1 else (node, sibling)
        (node,) = compress_many([left], [right])
        index >>= 1
        yield index, left, right, node


class _Holding:
    """The trace of holding while it is filled; `total` is what all positions are worth."""

    def __init__(self, opened: _Opened, statement: ExitStatement, trace: Trace) -> None:
        self._opened, self._trace = opened, trace
        self._values = dict(statement.values())
        account = opened.leaf.account
        sizes = zip(account.positions, account.triggers, strict=True)
        self._held = {market: (size, trigger) for (market, size), trigger in sizes}
        self.total = sum(
            size * self._values.get(market, 0) for market, (size, _) in self._held.items()
        )

    def build(self) -> U32:
        """The whole trace: markets first, then rows that hand on the end."""
        row = self._trace.row
        put(row.state, digest_rows([self._opened.chain[-1]] * self._trace.active))
        _put_signed(row.total, row.negative, self.total)
        state, total = self._opened.before_positions, 0
        places = iter(self._opened.chain[LEAF_BLOCKS:])
        for market in range(MARKETS_MAX):
            one = self._trace.rows(market, market + 1)
            put(one.state, digest_rows([state]))
            _put_signed(one.total, one.negative, total)
            if market in self._values:
                one.priced[...] = 1
                for cell, digit in zip(one.value, balanced(self._values[market]), strict=True):
                    cell[...] = digit
            if market in self._held:
                state = next(places)
                total += self._hold(one, market, state)
        self._trace.fill_rest()
        self._carry()
        return self._trace.finish()

    def _hold(self, one: Any, market: int, hashed: Digest) -> int:
        """Fill in a position; what it is worth."""
        size, trigger = self._held[market]
        one.held[...] = 1
        one.magnitude.fill(np.array([abs(size)]))
        one.short[...] = size < 0
        one.borrow[...] = size < 0 and abs(size) % (1 << PACKED_BITS) != 0
        one.trigger[...] = trigger
        put(one.hashed, digest_rows([hashed]))
        return size * self._values.get(market, 0)

    def _carry(self) -> None:
        """What each row carries into the next; the last has none below."""
        rows = self._trace.active
        row, below = self._trace.rows(0, rows - 1), self._trace.rows(1, rows)
        rise = signed(below.total, below.negative) - signed(row.total, row.negative)
        row.carries.fill(fill_carries(rise - worth(row)))
        last = self._trace.rows(rows - 1, rows)
        last.carries.fill([np.zeros(1, dtype=np.int64)] * len(last.carries))


def _put_signed(cells: Any, negative: Any, value: int) -> None:
    """A number of either sign as limbs of 78 bits."""
    for cell, limb in zip(cells, limbs(value % (1 << SUM_BITS), SUM_BITS), strict=True):
        cell[...] = limb
    negative[...] = value < 0


def _exit(opened: _Opened, total: int, combs: U32, trace: Trace) -> U32:
    """The trace of exit: one row, and zeros."""
    leaf = opened.leaf
    account, own, one = leaf.account, leaf.account.header, trace.rows(0, 1)
    *_, (_, _, _, accounts) = _climb(leaf.index, opened.chain[-1], leaf.path)
    (left,) = compress_many([accounts], [leaf.markets])
    vectors = (
        (one.owner, owner_words(own.owner)),
        (one.key_x, own.key.x),
        (one.key_y, own.key.y),
        (one.viewing, own.viewing),
        *zip(one.header, opened.header, strict=True),
        (one.slots_root, account.slots_root),
        (one.cash, limbs(account.cash + CASH_LIMIT, CASH_BITS)),
        (one.salt, account.salt),
        *zip(one.chain, opened.chain[:LEAF_BLOCKS], strict=True),
        (one.leaf, opened.chain[-1]),
        (one.accounts, accounts),
        (one.markets, leaf.markets),
        (one.left, left),
        (one.right, leaf.right),
    )
    for cells, values in vectors:
        for cell, value in zip(cells, values, strict=True):
            cell[...] = value
    one.account[...] = leaf.index
    one.below[...] = account.below
    _put_signed(one.total, one.total_negative, total)
    _put_signed(one.equity, one.negative, account.cash + total)
    one.carries.fill(fill_carries(equity_gap(one)))
    _put_authority(one, combs)
    trace.fill_rest()
    return trace.finish()


def _put_authority(one: Any, combs: U32) -> None:
    """The comb's end, and the line through it and what the comb started above."""
    end = combs[0, -1, : kernels.POINT]
    back = kernels.words(SHIFT_BACK)
    point = curve.point(tuple(int(word) for word in end))
    put((*one.end_x, *one.end_y), end[None])
    put(one.apart, apart(end[None], back[None]))
    for cell, value in zip(one.slope, _slope(point, SHIFT_BACK), strict=True):
        cell[...] = value


def _slope(left: curve.Point, right: curve.Point) -> tuple[int, ...]:
    """Of the line through two points whose x differ."""
    run, rise = septic.subtract(right.x, left.x), septic.subtract(right.y, left.y)
    return septic.multiply(rise, septic.inverse(run))
