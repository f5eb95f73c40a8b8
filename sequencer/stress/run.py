"""The run: a batch in so many minutes, from envelopes to roots, and to proofs if they are wanted.

Nothing between traders and L1 is simulated: orders are signed and sealed, prices are signed and
judged, batches go through journal and rules, proofs through L1's verifier, and at the end the
journal must give the same roots.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from time import perf_counter

from rollup.l1.interface import Reverted
from rollup.ports import Verifier
from rollup.protocol.batch_codec import batch_to_bytes
from rollup.protocol.deposit import DepositOutcome
from rollup.protocol.holding import Holding
from rollup.protocol.margin import excess, value
from rollup.protocol.outcome import Steps
from rollup.protocol.pricing import PriceKind
from rollup.protocol.takeover import Route
from rollup.protocol.tally import net_settled
from rollup.protocol.terms import MarketTerms, batch_terms
from sequencer.batches.artefacts import VenueFolder
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.ports import ReportingProver
from sequencer.batches.replay import replay
from sequencer.stress.figures import BatchFigures, Figures, ProofFigures
from sequencer.stress.queue import compare
from sequencer.stress.stage import Stage, StressOptions, make_stage


class StressError(Exception):
    """The run cannot go on: what was wanted and what came."""


def run_stress(
    options: StressOptions, prover: ReportingProver, verifiers: Sequence[Verifier]
) -> Iterator[Figures]:
    """Run everything; the figures so far after each batch, and once more when the journal was
    replayed. Raises TapeError, StressError, the prover's errors."""
    start, _ = options.span
    with VenueFolder(options.root).lock() as folder:
        stage = make_stage(options, verifiers, folder)
        figures = _figures(options, stage, start)
        yield figures
        with closing(stage.venue):
            for number in range(1, len(stage.times) + 1):
                row = _batch(stage, number)
                figures.batches.append(row)
                if options.proves:
                    row.proof = _proved(stage, row, prover)
                else:
                    stage.venue.forget_unproved()
                yield figures
            root = stage.venue.root
        done = [closed.header.new_root for closed in replay(folder.journal, stage.setup)]
        if done[-1:] != [root]:
            raise StressError(f"the journal replays {len(done)} batches to another root")
        figures.replayed = len(done)
        yield figures


def _figures(options: StressOptions, stage: Stage, start: int) -> Figures:
    return Figures(
        files=tuple(each.path for each in options.files),
        markets=stage.setup.genesis.governance.markets,
        start=start,
        every=options.every,
        windows=len(stage.times),
        accounts=options.accounts,
        seed=options.seed,
        shape_class=options.shape_class.name,
        crash_class=None if options.crash_class is None else options.crash_class.name,
        proves=options.proves,
        backstop_start=options.backstop_quanta,
    )


def _batch(stage: Stage, number: int) -> BatchFigures:
    """One batch from its reports to its file."""
    begun, venue, time = perf_counter(), stage.venue, stage.time(number)
    held = {index: each.holding for index, each in venue.core.ledger.holders.items()}
    venue.open_batch(time, stage.reports(time))
    terms = batch_terms(venue.core.ledger.governance, venue.core.book_now)
    venue.submit(stage.envelopes(time, terms))
    closed = venue.close_batch()
    venue.take_facts()
    row = _row(stage, closed, terms, perf_counter() - begun)
    steps = closed.outcome.steps
    row.queue = compare(steps, stage.entries, held, closed.batch.governance.backstop_account)
    stage.entries.follow(steps)
    return row


def _row(
    stage: Stage, closed: ClosedBatch, terms: Sequence[MarketTerms], seconds: float
) -> BatchFigures:
    batch, steps = closed.batch, closed.outcome.steps
    holders = stage.venue.core.ledger.holders
    holdings = [holder.holding for holder in holders.values()]
    kinds = () if stage.venue.selection is None else stage.venue.selection.pricing.kinds
    backstop = holders[batch.governance.backstop_account].holding
    liquidated = steps.liquidated
    taken = [each for each in batch.takeovers if each.route is Route.BACKSTOP]
    closed_lots = [each for each in batch.takeovers if each.route is Route.DELEVERAGED]
    row = BatchFigures(
        number=batch.number,
        shape_class=batch.shape_class.name,
        time=batch.time,
        prices=batch.prices,
        clamped=sum(kind is PriceKind.CLAMPED for kind in kinds),
        deposits=sum(each.outcome is DepositOutcome.CREDITED for each in steps.deposits),
        fills=len(batch.fills),
        volume=sum(fill.notional for fill in steps.fills),
        fees=steps.fees.amount,
        liquidated=len(liquidated),
        first_time=len(liquidated - stage.liquidated),
        takeovers=len(batch.takeovers),
        taken=sum(each.size * batch.prices[each.market] for each in taken),
        deleveraged=len(steps.deleveraged),
        closed=sum(each.size * batch.prices[each.market] for each in closed_lots),
        liquidation_fees=sum(each.fee for each in batch.takeovers) + _rests(closed),
        by_orders=sum(
            step.takeover.size * batch.prices[step.market] for step in steps.order_takeovers
        ),
        refreshed=_refreshed(closed),
        backstop=value(backstop, terms).equity,
        open_interest=_open_interest(holdings, len(terms)),
        due=sum(excess(holding, terms) < 0 for holding in holdings),
        is_closed=closed.outcome.public.closed,
        least=min(value(holding, terms).equity for holding in holdings),
        is_conserved=is_conserved(
            holdings, closed.outcome.public.total, len(terms), _settled(steps, terms)
        ),
        seconds=seconds,
        root=closed.outcome.public.new_root,
    )
    stage.liquidated |= liquidated
    return row


def _rests(closed: ClosedBatch) -> int:
    """What takeovers by orders left to the backstop."""
    return sum(each.rest for each in closed.batch.order_takeovers)


def _refreshed(closed: ClosedBatch) -> int:
    """Accounts that the batch opened for nothing but new triggers."""
    batch = closed.batch
    busy = {batch.governance.fee_account}
    busy.update(signed.order.account for signed in batch.orders)
    busy.update(signed.cancel.account for signed in batch.cancels)
    busy.update(account for account, _ in (*batch.resting, *batch.lapsed))
    busy.update(entry.account for entry in batch.deposits)
    for each in batch.order_takeovers:
        busy.update((each.account, batch.governance.backstop_account))
    for takeover in batch.takeovers:
        busy.update((takeover.account, batch.governance.backstop_account))
        if takeover.closes:
            busy.add(takeover.taker)
    return sum(account.index not in busy for account in closed.outcome.accounts)


def _settled(steps: Steps, terms: Sequence[MarketTerms]) -> list[tuple[int, int]]:
    """Of each market how many lots were settled since it ended, and what a lot is worth."""
    settled = net_settled(steps.tallies, terms)
    return [(lots, each.value) for lots, each in zip(settled, terms, strict=True)]


def is_conserved(
    holdings: Sequence[Holding],
    custody: int,
    markets: int,
    settled: Sequence[tuple[int, int]] = (),
) -> bool:
    """All cash together is what L1 has under custody and what settled lots were paid, and every
    market's sizes, with those that were settled, sum to nothing."""
    sizes = [lots for lots, _ in settled] or [0] * markets
    paid = sum(lots * value for lots, value in settled)
    for holding in holdings:
        for market, size in holding.positions.held:
            sizes[market] += size
    return sum(holding.cash for holding in holdings) == custody + paid and not any(sizes)


def _open_interest(holdings: Sequence[Holding], markets: int) -> tuple[int, ...]:
    """Lots of the long side, which are those of the short side, by market."""
    longs = [0] * markets
    for holding in holdings:
        for market, size in holding.positions.held:
            longs[market] += max(size, 0)
    return tuple(longs)


def _proved(stage: Stage, row: BatchFigures, prover: ReportingProver) -> ProofFigures:
    """Held at L1, proved by another process, verified by L1. StressError where L1 says no."""
    venue, number = stage.venue, row.number
    stage.clock.now_ms = row.time
    wanted = venue.commit_headers()
    if wanted is not None:
        raise StressError(f"batch {number}: L1 refused its header: {wanted.reason}")
    folder, (closed,) = venue.batch_folder(number), venue.unproved
    begun = perf_counter()
    prover.prove(batch_to_bytes(closed.batch), folder.path, lambda _: None)
    proved = perf_counter()
    public, proof, meta = folder.read_public(), folder.read_proof(), folder.read_meta()
    if public != closed.outcome.public:
        raise StressError(f"batch {number}: the prover's public input is not the venue's")
    try:
        venue.post(public, proof)
    except Reverted as error:
        raise StressError(f"batch {number}: L1 reverted: {error}") from error
    milliseconds = 1000 * (perf_counter() - proved)
    return ProofFigures(proved - begun, len(proof), milliseconds, meta["bits"])
