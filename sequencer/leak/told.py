"""What an observer of one run learned: of each batch, and of all of them together.

Nothing here is guessed. What is said follows from published files; what a batch's numbers may mean
beside that is in docs/spec/26-leaks.md.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.genesis import Genesis
from sequencer.leak.observer import Observation


@dataclass(frozen=True, slots=True)
class Told:
    """One batch. `accounts` are those of traders that it opened, each with how many positions it
    has afterwards; `opened` and `given_up` are those which have more or fewer than when they were
    last seen; `clear` are those that anybody reads. `backstop` says that the backstop was opened
    and nobody deposited for it: somebody was liquidated or paid for having come due, or it traded.
    `pair` says that two accounts were opened with nothing else to open them: each traded with the
    other, or paid it, and everybody knows. Neither is said of a batch that opened every account of
    the venue: decoys were among them. `sources` are the accounts that withdrawals can be from,
    in their order: one where an owner has one that the batch opened. `entries` and `withdrawals`
    are counts; `envelopes` says that at least one came; `hour` are the premium rates, where an hour
    was charged."""

    number: int
    time: int
    interval: int
    shape_class: str
    begins_open: bool
    closed: bool
    progress: bool
    redo: bool
    envelopes: bool
    entries: int
    withdrawals: int
    accounts: dict[int, int]
    opened: tuple[int, ...]
    given_up: tuple[int, ...]
    backstop: bool
    pair: bool
    sources: tuple[tuple[int, ...], ...]
    clear: tuple[int, ...]
    hour: tuple[int, ...]
    proof_bytes: int | None
    data_bytes: int | None

    def to_record(self) -> dict[str, object]:
        """As JSON has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Sums:
    """All batches of a run, of which `blind` came without published data. `seen` counts in how many
    batches each trader's account was opened; `open_steps` are the steps that were left open, each
    as how many batches it took and how many accounts they opened; `attributed` counts withdrawals
    of which everybody knows the account; `proof_sizes` are by class."""

    batches: int
    blind: int
    seen: Counter[int]
    pairs: int
    opened: int
    given_up: int
    backstop: int
    open_steps: tuple[tuple[int, int], ...]
    withdrawals: int
    attributed: int
    clear: tuple[int, ...]
    quiet: int
    proof_sizes: dict[str, tuple[int, ...]]

    def to_record(self) -> dict[str, object]:
        """As JSON has it."""
        return {**asdict(self), "seen": dict(sorted(self.seen.items()))}


class Notebook:
    """What the observer wrote down of a run so far."""

    def __init__(self, genesis: Genesis) -> None:
        own = genesis.governance
        self._backstop = own.backstop_account
        self._own = {own.fee_account, own.backstop_account}
        self._held: dict[int, int] = {}

    def note(self, seen: Observation) -> Told:
        """What the next batch told."""
        public = seen.public
        held = {e.index: e.positions for e in seen.leaves if e.index not in self._own}
        before = {index: self._held.get(index, 0) for index in held}
        self._held |= held
        is_covered = len(held) == len(self._held)
        backstop = self._opens_backstop(seen) and not is_covered
        return Told(
            number=public.number,
            time=public.time,
            interval=public.time - seen.time_before,
            shape_class=public.shape_class,
            begins_open=public.begins_open,
            closed=public.closed,
            progress=public.progress,
            redo=public.redo,
            envelopes=public.receipts != seen.receipts_before,
            entries=len(public.deposits),
            withdrawals=len(public.withdrawals),
            accounts=held,
            opened=tuple(each for each in held if held[each] > before[each]),
            given_up=tuple(each for each in held if held[each] < before[each]),
            backstop=backstop,
            pair=len(held) == 2 and not (is_covered or backstop or _has_other_cause(seen)),
            sources=tuple(_sources(seen, each.owner) for each in public.withdrawals),
            clear=tuple(sorted(seen.clear)),
            hour=public.premium_rates,
            proof_bytes=seen.proof_bytes,
            data_bytes=seen.data_bytes,
        )

    def _opens_backstop(self, seen: Observation) -> bool:
        credited = {
            each.entry.account
            for each in seen.public.deposits
            if each.outcome is DepositOutcome.CREDITED
        }
        opened = {each.index for each in seen.leaves}
        return self._backstop in opened - credited


def _sources(seen: Observation, owner: bytes) -> tuple[int, ...]:
    """The accounts of an owner that a batch opened."""
    return tuple(index for index, whose in sorted(seen.owners.items()) if whose == owner)


def _has_other_cause(seen: Observation) -> bool:
    """Whether an account may have been opened for an entry, a withdrawal, or positions of a market
    that has ended."""
    public = seen.public
    return bool(public.deposits or public.withdrawals or public.book_before.ended)


def sums_of(batches: Sequence[Told]) -> Sums:
    """What the batches come to."""
    sizes: dict[str, set[int]] = {}
    for each in batches:
        if each.proof_bytes is not None:
            sizes.setdefault(each.shape_class, set()).add(each.proof_bytes)
    return Sums(
        batches=len(batches),
        blind=sum(each.data_bytes is None for each in batches),
        seen=Counter(index for each in batches for index in each.accounts),
        pairs=sum(each.pair for each in batches),
        opened=sum(len(each.opened) for each in batches),
        given_up=sum(len(each.given_up) for each in batches),
        backstop=sum(each.backstop for each in batches),
        open_steps=tuple(_open_steps(batches)),
        withdrawals=sum(each.withdrawals for each in batches),
        attributed=sum(len(found) == 1 for each in batches for found in each.sources),
        clear=tuple(sorted({index for each in batches for index in each.clear})),
        quiet=sum(not each.envelopes for each in batches),
        proof_sizes={name: tuple(sorted(found)) for name, found in sizes.items()},
    )


def _open_steps(batches: Iterable[Told]) -> list[tuple[int, int]]:
    """Of each step that its first batch left open: how many batches, and how many accounts they
    opened."""
    steps: list[list[Told]] = []
    for each in batches:
        if each.begins_open and steps:
            steps[-1].append(each)
        else:
            steps.append([each])
    left_open = [step for step in steps if not step[0].closed]
    return [(len(step), len({n for each in step for n in each.accounts})) for step in left_open]
