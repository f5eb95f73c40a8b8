"""Closing a batch: new leaves, and both trees opened against the old and closed against the new.

All hashing of a batch happens here (and in the order messages), one batched call a level, so that a
batch costs about fifty calls whatever its size. Spec: docs/spec/03-state.md.
"""

from collections.abc import Mapping, Sequence

from rollup.hash.many import CompressMany
from rollup.hash.poseidon import ZERO_DIGEST, Digest
from rollup.protocol.account import (
    Account,
    account_leaves,
    header_digests,
)
from rollup.protocol.assets import USDC, mark_of
from rollup.protocol.availability import data_commitment
from rollup.protocol.batch import Batch, Globals, MarketsState
from rollup.protocol.constants import ACCOUNT_BITS, PROTOCOL_VERSION, SLOT_BITS, TRIGGER_BITS
from rollup.protocol.counting import (
    Frontiers,
    counted_again,
    frontiers_before,
    is_closed,
    require_frontiers_follow,
    sweep_of,
)
from rollup.protocol.deleveraging import (
    is_flagged,
    require_swept,
    require_whole,
    staying,
    zone_seats,
)
from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.ended import ending_markets
from rollup.protocol.exits import barred_exits
from rollup.protocol.ledger import Entry, Ledger
from rollup.protocol.margin import triggers_of
from rollup.protocol.outcome import (
    Outcome,
    Steps,
    TouchedAccount,
    TouchedTriggers,
)
from rollup.protocol.progress import is_dealt_with, progress_of, spent
from rollup.protocol.public import (
    ConsumedDeposit,
    EstateTaken,
    GrantedWithdrawal,
    PublicInput,
)
from rollup.protocol.publishing import publish_accounts, told_keys
from rollup.protocol.rejection import Reason, Rejected
from rollup.protocol.roots import fresh_slots_root, state_roots
from rollup.protocol.slot import slot_leaves
from rollup.protocol.slot_steps import TouchedSlot
from rollup.protocol.tally import ended_again
from rollup.protocol.units import Salt
from rollup.tree.multi import OpeningError, Pair, Update, update

SLOT_TREE_OFFSET = 1
"""Tree 0 is the account tree; the slot tree of account i is tree i + 1."""

TRIGGER_TREE = (1 << ACCOUNT_BITS) + 1
"""The trigger tree has the number after that of the last slot tree."""


def close(batch: Batch, ledger: Ledger, steps: Steps, compress_many: CompressMany) -> Outcome:
    """The outcome of a batch whose steps are done. Rejects openings that the old root denies."""
    fresh = fresh_slots_root(compress_many)
    slots, slot_trees = _close_slots(batch, ledger, fresh, compress_many)
    after = _accounts_after(batch, ledger, slot_trees, fresh, steps)
    backstop = batch.governance.backstop_account
    told = told_keys(batch, dict(zip(ledger.accounts, after, strict=True)), compress_many)
    accounts = _close_accounts(ledger, after, slots, steps, backstop, told, compress_many)
    leaves = {account.index: _leaf_pair(account) for account in accounts}
    tree = _update(ACCOUNT_BITS, leaves, batch.pre.account_siblings, compress_many)
    frontiers = frontiers_before(batch.pre.markets.frontiers, steps.terms)
    triggers, counted = _close_triggers(batch, accounts, frontiers, steps, compress_many)
    globals_ = _globals_after(batch, steps, accounts)
    closed = is_closed(batch.frontiers, globals_.flagged, steps.terms)
    ending = ending_markets(batch.governance, batch.book) if closed else ()
    tallies = ended_again(steps.tallies, ending)
    markets = MarketsState(batch.frontiers, tallies, batch.salts.markets)
    if (steps.outflows or batch.exits) and not closed:
        raise Rejected(Reason.OUTFLOW_STEP, "the batch leaves its step open, so no cash leaves")
    exempt = {each.index for each in accounts if each.exempt}
    asked = (batch, ledger, steps.terms, steps.steady, exempt)
    barred = barred_exits(*asked, closed=closed)
    market_digests = [state.digest(compress_many) for state in (batch.pre.markets, markets)]
    globals_digests = [state.digest(compress_many) for state in (batch.pre.globals, globals_)]
    old_root, new_root = state_roots(
        tree.roots[0], market_digests, counted.roots[0], globals_digests, compress_many
    )
    if old_root != batch.old_root:
        raise Rejected(Reason.OLD_ROOT, "the openings do not lead to the batch's old root")
    done = spent(accounts, steps.deleveraged, (frontiers, batch.frontiers))
    progress = progress_of(done, batch.shape_class, closed=closed)
    published = publish_accounts(accounts, compress_many)
    (right,) = compress_many([counted.roots[0][1]], [globals_digests[1]])
    beside = (market_digests[1], right)
    commitment = data_commitment([each.digest for each in published], beside, compress_many)
    said = {"closed": closed, "progress": progress is not None}
    return Outcome(
        public=_public_input(batch, globals_, new_root, commitment, steps, **said),
        steps=steps,
        accounts=accounts,
        account_nodes=tree.nodes,
        slot_nodes=slot_trees.nodes,
        triggers=triggers,
        trigger_nodes=counted.nodes,
        frontiers_before=frontiers,
        accounts_root_before=tree.roots[0][0],
        accounts_root_after=tree.roots[0][1],
        triggers_root_before=counted.roots[0][0],
        triggers_root_after=counted.roots[0][1],
        markets_before=batch.pre.markets,
        markets_after=markets,
        globals_before=batch.pre.globals,
        globals_after=globals_,
        spent=done,
        progress=progress,
        barred=barred,
        published=published,
    )


def _close_triggers(
    batch: Batch,
    accounts: Sequence[TouchedAccount],
    frontiers: Frontiers,
    steps: Steps,
    compress_many: CompressMany,
) -> tuple[tuple[TouchedTriggers, ...], Update]:
    """Touched and swept leaves of triggers, and their tree from its old to its new root."""
    require_frontiers_follow(frontiers, batch.frontiers, steps.terms)
    require_swept(steps.zones, batch.frontiers, steps.terms)
    require_whole(accounts, steps.deleveraged, steps.zones)
    passed = dict.fromkeys(sweep_of(frontiers, batch.frontiers), Reason.SKIPPED)
    zone = dict.fromkeys(zone_seats(steps.zones, steps.terms), Reason.DELEVERAGED_ORDER)
    triggers = counted_again(
        batch,
        [(account.before, account.after) for account in accounts],
        passed | zone,
        staying(accounts, steps.zones),
        compress_many,
    )
    leaves = {leaf.index: _leaf_pair(leaf) for leaf in triggers}
    siblings = batch.pre.trigger_siblings
    return triggers, _update(TRIGGER_BITS, leaves, siblings, compress_many, TRIGGER_TREE)


def _leaf_pair(touched: TouchedSlot | TouchedAccount | TouchedTriggers) -> Pair:
    return touched.leaf_before, touched.leaf_after


def _update(
    depth: int,
    leaves: Mapping[int, Pair],
    siblings: Sequence[Digest],
    compress_many: CompressMany,
    offset: int = 0,
) -> Update:
    """A tree update whose wrong number of siblings is a refusal."""
    try:
        return update(depth, leaves, siblings, compress_many, offset)
    except OpeningError as error:
        raise Rejected(Reason.SIBLING_COUNT, f"tree of depth {depth}: {error}") from error


def _close_slots(
    batch: Batch, ledger: Ledger, fresh: Digest, compress_many: CompressMany
) -> tuple[tuple[TouchedSlot, ...], Update]:
    """Touched slots in the order of the openings, and their trees from old to new roots."""
    openings = batch.pre.slots
    before = [opening.state for opening in openings]
    after = [ledger.slots[opening.account, opening.slot] for opening in openings]
    leaves = slot_leaves([*before, *after], compress_many)
    keys = [(opening.account, opening.slot) for opening in openings]
    slots = tuple(
        TouchedSlot(*key, old, new, ledger.left.get(key, new.left), leaf_old, leaf_new)
        for key, old, new, leaf_old, leaf_new in zip(
            keys, before, after, leaves[: len(before)], leaves[len(before) :], strict=True
        )
    )
    addressed = {slot.account << SLOT_BITS | slot.slot: _leaf_pair(slot) for slot in slots}
    siblings = batch.pre.slot_siblings
    trees = _update(SLOT_BITS, addressed, siblings, compress_many, SLOT_TREE_OFFSET)
    _require_slot_roots(ledger, trees, fresh)
    return slots, trees


def _require_slot_roots(ledger: Ledger, trees: Update, fresh: Digest) -> None:
    """Opened slots lead to the root in their account's old leaf; a new account's are all fresh."""
    for index, (old, _) in trees.roots.items():
        before = ledger.accounts[index].before
        wanted = fresh if before is None else before.slots_root
        if old != wanted:
            where = ledger.place(index)
            raise Rejected(Reason.SLOTS_ROOT, f"{where}: its opened slots do not lead to its leaf")


def _accounts_after(
    batch: Batch, ledger: Ledger, slot_trees: Update, fresh: Digest, steps: Steps
) -> list[Account | None]:
    """The opened accounts as the batch leaves them, each with its new triggers and salt."""
    return [
        _account_after(entry, slot_trees.roots.get(index), fresh, salt, steps, index)
        for (index, entry), salt in zip(ledger.accounts.items(), batch.salts.accounts, strict=True)
    ]


def _close_accounts(
    ledger: Ledger,
    after: Sequence[Account | None],
    slots: Sequence[TouchedSlot],
    steps: Steps,
    backstop: int,
    told: Mapping[int, Digest],
    compress_many: CompressMany,
) -> tuple[TouchedAccount, ...]:
    """Touched accounts in the order of the openings, with old and new leaves hashed together."""
    entries, liquidated = ledger.accounts, steps.liquidated
    headers = _headers(list(entries.values()), compress_many)
    old = [entry.before for entry in entries.values()]
    digests = [*(first for first, _ in headers), *(last for _, last in headers)]
    leaves = account_leaves([*old, *after], digests, compress_many)
    by_account: dict[int, list[TouchedSlot]] = {}
    for slot in slots:
        by_account.setdefault(slot.account, []).append(slot)
    return tuple(
        TouchedAccount(
            index=index,
            before=entry.before,
            after=after[place],
            opened=entry.opened,
            headers=headers[place],
            rotated=entry.rotated,
            leaf_before=leaves[place],
            leaf_after=leaves[place + len(entries)],
            slots=tuple(by_account.get(index, ())),
            markets=entry.markets,
            closing=steps.closings[index],
            liquidated=index in liquidated,
            exhausted=index in steps.exhausted,
            exempt=index == backstop
            or index in liquidated
            or is_flagged(entry.before, steps.closings[index]),
            dealt=is_dealt_with(entry.before, after[place], steps.terms),
            viewing_key=told.get(index),
        )
        for place, (index, entry) in enumerate(entries.items())
    )


def _account_after(
    entry: Entry,
    slots_roots: Pair | None,
    fresh: Digest,
    salt: Salt,
    steps: Steps,
    index: int,
) -> Account | None:
    """The account as the batch leaves it; None if it still does not exist."""
    if entry.header is None:
        return None
    unchanged = fresh if entry.before is None else entry.before.slots_root
    slots_root = unchanged if slots_roots is None else slots_roots[1]
    found = steps.closings[index]
    triggers = triggers_of(entry.positions, found.safety, steps.terms)
    return Account(
        entry.header, entry.cash, entry.positions, slots_root, salt, triggers, found.below
    )


def _headers(entries: Sequence[Entry], compress_many: CompressMany) -> list[tuple[Digest, Digest]]:
    """Digests of the first and the last header of each entry, zeros where there is no account. All
    but the rotated have one header, and one record of it."""
    first = [entry.opened for entry in entries if entry.opened is not None]
    last = [
        entry.header
        for entry in entries
        if entry.header is not None and entry.header is not entry.opened
    ]
    digests = header_digests([*first, *last], compress_many)
    opened, renewed = iter(digests[: len(first)]), iter(digests[len(first) :])

    def of(entry: Entry) -> tuple[Digest, Digest]:
        before = ZERO_DIGEST if entry.opened is None else next(opened)
        if entry.header is None:
            return before, ZERO_DIGEST
        return before, before if entry.header is entry.opened else next(renewed)

    return [of(entry) for entry in entries]


def _globals_after(batch: Batch, steps: Steps, accounts: Sequence[TouchedAccount]) -> Globals:
    """The new globals: custody grows by exactly what was credited and what the estate paid, and
    falls by what is withdrawn; flagged accounts are counted."""
    before, deposits = batch.pre.globals, steps.deposits
    done = [s for s in deposits if s.outcome is DepositOutcome.CREDITED and s.entry.asset == USDC]
    credited = sum(step.entry.brought for step in done)
    withdrawn = sum(each.amount for each in granted(steps) if each.asset == USDC)
    withdrawn += sum(step.entry.amount for step in done if step.is_exit)
    paid = steps.estate_paid
    return Globals(
        number=batch.number,
        time=batch.time,
        total=before.total + credited - withdrawn + paid,
        deposits_consumed=before.deposits_consumed + len(deposits),
        salt=batch.salts.globals,
        flagged=before.flagged + sum(_is_below(a.after) - _is_below(a.before) for a in accounts),
    )


def granted(steps: Steps) -> tuple[GrantedWithdrawal, ...]:
    """What owners may claim at L1, in the order of the outflows."""
    return tuple(
        GrantedWithdrawal(step.owner, step.signed.outflow.amount, step.signed.outflow.asset)
        for step in steps.outflows
        if step.signed.outflow.is_withdrawal
    )


def _is_below(account: Account | None) -> int:
    return int(account is not None and account.below)


def _public_input(
    batch: Batch,
    globals_: Globals,
    new_root: Digest,
    commitment: Digest,
    steps: Steps,
    *,
    closed: bool,
    progress: bool,
) -> PublicInput:
    deposits = steps.deposits
    return PublicInput(
        version=PROTOCOL_VERSION,
        shape_class=batch.shape_class.name,
        chain=batch.chain,
        venue=batch.venue,
        number=batch.number,
        time=batch.time,
        governance=batch.governance,
        old_root=batch.old_root,
        new_root=new_root,
        data_commitment=commitment,
        receipts=batch.receipts,
        closed=closed,
        progress=progress,
        book_before=batch.pre.book,
        reports=batch.reports,
        prices=batch.prices,
        premium_rates=batch.premium_rates,
        redo=batch.redo,
        total=globals_.total,
        deposits_before=batch.pre.globals.deposits_consumed,
        deposits=tuple(ConsumedDeposit(step.entry, step.outcome) for step in deposits),
        withdrawals=granted(steps),
        estate=tuple(EstateTaken(mark_of(m), lots) for m, lots in steps.estate.items()),
    )
