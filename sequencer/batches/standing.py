"""Where a machine stands between two batches, as bytes: what a restart goes on from.

    standing = version (2) || number (4) || time (8) || deposits consumed (4) || queue head (32)
               || next place in time (8) || custody total (8) || accounts flagged (4)
               || salt of globals (16)
               || salt of markets (16) || state root (32)
               || length (2), market book || frontiers (2 of 2 bytes for each of its markets)
               || tallies (for each: premium, volume, open interest, of 8 bytes)
               || length (2), governance
               || count (4), accounts by index:  index, header, cash, whether it is below
                                                 maintenance (1), root of its slots, salt;
                                                 whether the last batch opened it (1);
                                                 whether its viewing key was told (1), that key or
                                                 zeros (32);
                                                 count (2), positions: market (2), size (8), trigger
                                                 (2);
                                                 count (2), slots: slot, generation, and the order
                                                 that rests there (sequencer.batches.slot_bytes)
               || count (4), keys told ahead, by account and commitment: account, viewing key (32),
                                                 commitment (32), last queue entry (4)
               || count (4), (account, slot, lowest generation that the slot still accepts)
               || count (4), live orders:        0 resting or 1 waiting, place in time, length
                                                 (2), the order as submitted

Numbers are little-endian. Resting orders come market by market, bids, then asks, in the order in
which they would trade; waiting ones in the order in which they go on. What core and committed state
both hold is written once: they must agree, or nothing is written. What is left of a live order is
what its slot holds of it, or all. Digests of the trees are left
out: they are hashed again from the leaves, and must give the root, so that reading proves what was
read.
"""

import struct
from collections.abc import Iterator
from typing import Final

from rollup.codec.strict import CodecError
from rollup.hash.keccak import DIGEST_BYTES
from rollup.hash.poseidon import Digest
from rollup.protocol.account import Account, Header
from rollup.protocol.availability import require_viewing_keys, viewing_commitment
from rollup.protocol.batch import Globals, MarketsState
from rollup.protocol.constants import DIGEST_LENGTH
from rollup.protocol.encoding import point_of
from rollup.protocol.governance_codec import governance_from_bytes
from rollup.protocol.holding import Holding
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook
from rollup.protocol.market_book_codec import book_from_bytes
from rollup.protocol.positions import Positions
from rollup.protocol.rejection import Rejected
from rollup.protocol.slot import SlotState
from rollup.protocol.state import State
from rollup.protocol.tally import Tally
from rollup.protocol.units import require_digest
from sequencer.batches.machine import Machine, Setup, Standing
from sequencer.batches.slot_bytes import SLOT, slot_bytes, slot_of
from sequencer.batches.standing_orders import order_parts, read_orders
from sequencer.batches.standing_reader import COUNT, LENGTH, Reader, StandingError
from sequencer.engine.book import Book, BookError
from sequencer.engine.command import TellAhead
from sequencer.engine.core import CoreState
from sequencer.engine.holder import Holder, seats_of
from sequencer.engine.ledger import Ledger
from sequencer.engine.telling import tell_ahead
from sequencer.intake.wire import WireError

VERSION: Final = 9

_HEAD: Final = struct.Struct(f"<HIQI{DIGEST_BYTES}sQQI4I4I8I")
_FRONTIERS: Final = struct.Struct("<HH")
_TALLY: Final = struct.Struct("<qQQ")
_ACCOUNT: Final = struct.Struct("<I20s14I8IBq?8I4I??8IH")
_POSITION: Final = struct.Struct("<HqH")
_AHEAD: Final = struct.Struct("<I8I8II")
_UNTOLD: Final = (0,) * DIGEST_LENGTH


def standing_to_bytes(standing: Standing) -> bytes:
    """The one encoding. StandingError in the middle of a batch, or if core and committed state
    differ, which is a defect."""
    core, state = standing.core, standing.state
    _require_boundary(core, state)
    governance, book = core.ledger.governance.encode(), state.book.encode()
    return b"".join(
        (
            _HEAD.pack(
                VERSION,
                core.number,
                core.time,
                core.deposits_consumed,
                core.queue_head,
                core.sequence,
                state.globals.total,
                state.globals.flagged,
                *state.globals.salt,
                *state.markets.salt,
                *state.root,
            ),
            LENGTH.pack(len(book)),
            book,
            *(_FRONTIERS.pack(*pair) for pair in state.markets.frontiers),
            *map(_tally_bytes, state.markets.tallies),
            LENGTH.pack(len(governance)),
            governance,
            *_account_parts(core, state),
            COUNT.pack(len(core.ahead)),
            *_ahead_parts(core),
            *order_parts(core),
        )
    )


def _require_boundary(core: CoreState, state: State) -> None:
    if core.work is not None:
        raise StandingError("a state between two batches is wanted")
    committed = (state.globals.number, state.globals.time, state.globals.deposits_consumed)
    if committed != (core.number, core.time, core.deposits_consumed):
        raise StandingError("core and committed state are not after the same batch")
    if core.market_book != state.book or len(state.markets.frontiers) != len(state.book.markets):
        raise StandingError("core and committed state have other market books")
    if core.total != state.globals.total:
        raise StandingError("core and committed state have other custody")
    if core.tallies != state.markets.tallies:
        raise StandingError("core and committed state have other tallies")
    if core.ledger.holders.keys() != state.accounts.keys():
        raise StandingError("core and committed state have other accounts")
    resting = sum(len(book) for book in core.books)
    if len(core.live) != resting + len(core.waiting):
        raise StandingError("an order lives that neither rests nor waits")


def _account_parts(core: CoreState, state: State) -> Iterator[bytes]:
    slots: dict[int, dict[int, SlotState]] = {index: {} for index in state.accounts}
    for (index, slot), stored in state.slots.items():
        slots[index][slot] = stored
    yield COUNT.pack(len(state.accounts))
    for index, account in sorted(state.accounts.items()):
        holder, used = core.ledger.holders[index], slots[index]
        committed = (account.header, Holding(account.cash, account.positions), used)
        if committed != (holder.header, holder.holding, holder.slots):
            raise StandingError("core and committed state differ about an account")
        yield _account_bytes(index, account, holder.viewing_key, index in core.cover)
        places = zip(account.positions, account.triggers, strict=True)
        yield from (_POSITION.pack(*position, trigger) for position, trigger in places)
        yield LENGTH.pack(len(used))
        yield from (slot_bytes(slot, used[slot]) for slot in sorted(used))


def _account_bytes(index: int, account: Account, key: Digest | None, opened: bool) -> bytes:
    header = account.header
    return _ACCOUNT.pack(
        index,
        header.owner,
        *header.key.x,
        *header.key.y,
        *header.viewing,
        header.scheme,
        account.cash,
        account.below,
        *account.slots_root,
        *account.salt,
        opened,
        key is not None,
        *(key or _UNTOLD),
        len(account.positions.held),
    )


def _ahead_parts(core: CoreState) -> Iterator[bytes]:
    for (account, viewing), each in sorted(core.ahead.items(), key=lambda item: item[0]):
        yield _AHEAD.pack(account, *each.key, *viewing, each.last)


def _tally_bytes(tally: Tally) -> bytes:
    return _TALLY.pack(tally.premium, tally.volume, tally.open_interest)


def machine_from_bytes(data: bytes, setup: Setup) -> Machine:
    """The machine that stood so. StandingError for bytes that are not the one encoding of a state,
    and for what does not hash to the root that it names."""
    try:
        standing = _read(Reader(data), setup)
    except (Rejected, CodecError, WireError, BookError) as error:
        raise StandingError(f"a state within bounds is wanted: {error}") from error
    if standing_to_bytes(standing) != data:
        raise StandingError("the one encoding of a state is wanted")
    return Machine(setup, standing)


def _read(reader: Reader, setup: Setup) -> Standing:
    version, number, time, consumed, queue_head, sequence, *words = reader.unpack(_HEAD)
    total, flagged, *words = words
    if version != VERSION:
        raise StandingError(f"a state of version {VERSION} is wanted, {version} came")
    book = book_from_bytes(reader.take(reader.length()))
    frontiers = tuple(_read_frontiers(reader) for _ in book.markets)
    tallies = tuple(Tally(*reader.unpack(_TALLY)) for _ in book.markets)
    governance = governance_from_bytes(reader.take(reader.length()))
    ledger = Ledger(governance, setup.shape_class, setup.crash_class)
    a, b, c, d, *words = words
    globals_ = Globals(number, time, total, consumed, (a, b, c, d), flagged)
    (a, b, c, d), root = words[:4], tuple(words[4:])
    markets = MarketsState(frontiers, tallies, (a, b, c, d))
    cover: set[int] = set()
    accounts = dict(_read_accounts(reader, ledger, cover))
    _require_fitting(ledger, setup)
    state = _committed(accounts, ledger, markets, globals_, book, setup)
    if state.root != root:
        raise StandingError("a state does not hash to the root that it names")
    core = CoreState(
        chain=setup.genesis.chain,
        venue=setup.genesis.venue,
        ledger=ledger,
        number=number,
        time=time,
        deposits_consumed=consumed,
        queue_head=queue_head,
        books=_books(ledger.governance),
        market_book=book,
        tallies=tallies,
        total=total,
        sequence=sequence,
        cover=frozenset(cover),
    )
    _read_ahead(reader, core, setup)
    read_orders(reader, core)
    reader.require_end()
    return Standing(core, state)


def _books(governance: Governance) -> tuple[Book, ...]:
    return tuple(Book() for _ in governance.markets)


def _require_fitting(ledger: Ledger, setup: Setup) -> None:
    """Rejected unless every viewing key is the one that its account's header commits to: with
    another one no batch could be closed."""
    told = [each for each in ledger.holders.values() if each.viewing_key is not None]
    keys = [each.viewing_key for each in told if each.viewing_key is not None]
    require_viewing_keys([each.header for each in told], keys, setup.compress_many)


def _committed(
    accounts: dict[int, Account],
    ledger: Ledger,
    markets: MarketsState,
    globals_: Globals,
    book: MarketBook,
    setup: Setup,
) -> State:
    slots = {
        (index, slot): stored
        for index, holder in ledger.holders.items()
        for slot, stored in holder.slots.items()
    }
    try:
        return State(accounts, markets, globals_, book, setup.compress_many, slots)
    except ValueError as error:
        raise StandingError(str(error)) from error


def _read_accounts(
    reader: Reader, ledger: Ledger, cover: set[int]
) -> Iterator[tuple[int, Account]]:
    """Every account, once the ledger holds it too, and the cover if the last batch opened it."""
    for _ in range(reader.count()):
        index, owner, *words, count = reader.unpack(_ACCOUNT)
        key, viewing, (scheme, cash, below) = words[:14], words[14:22], words[22:25]
        root, (p, q, r, s), (opened, is_told, *told) = words[25:33], words[33:37], words[37:]
        places = [_read_position(reader) for _ in range(count)]
        positions = Positions(tuple((market, size) for market, size, _ in places))
        triggers = tuple(trigger for _, _, trigger in places)
        a, b, c, d, e, f, g, h = viewing
        header = Header(owner, point_of(key), (a, b, c, d, e, f, g, h), scheme)
        a, b, c, d, e, f, g, h = root
        slots_root, salt = (a, b, c, d, e, f, g, h), (p, q, r, s)
        cover.update([index] * opened)
        yield index, Account(header, cash, positions, slots_root, salt, triggers, below)
        slots = dict(slot_of(reader.unpack(SLOT)) for _ in range(reader.length()))
        counted = seats_of(positions, triggers)
        held = (header, Holding(cash, positions), slots, counted, below)
        a, b, c, d, e, f, g, h = told
        viewing_key = (a, b, c, d, e, f, g, h) if is_told else None
        require_digest("viewing key", (a, b, c, d, e, f, g, h))
        ledger.holders[index] = Holder(*held, viewing_key)
        ledger.index.put(index, ledger.holders[index])


def _read_position(reader: Reader) -> tuple[int, int, int]:
    market, size, trigger = reader.unpack(_POSITION)
    return market, size, trigger


def _read_frontiers(reader: Reader) -> tuple[int, int]:
    long, short = reader.unpack(_FRONTIERS)
    return long, short


def _read_ahead(reader: Reader, core: CoreState, setup: Setup) -> None:
    """The keys that were told ahead, each of which fits its commitment, or no batch could be closed
    once that is the account's."""
    for _ in range(reader.count()):
        account, a, b, c, d, e, f, g, h, *viewing, last = reader.unpack(_AHEAD)
        key = (a, b, c, d, e, f, g, h)
        command = TellAhead(account, key, viewing_commitment(key, setup.compress_many), last)
        if list(command.viewing) != viewing or last < core.deposits_consumed:
            raise StandingError("a viewing key of an entry that waits is wanted")
        tell_ahead(core.ahead, command, core.deposits_consumed)
