"""The demonstration's engine: real envelopes, signatures, batches, proofs and roots, step by step.

`run_demo` yields what happens as it happens; a command line renders it. The traders' wishes are a
feed's trades (a tape or a seeded process) and L1 is a mock; everything between is the real thing.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from queue import SimpleQueue
from threading import Thread
from time import perf_counter

from rollup.crypto.batched import verify_many
from rollup.crypto.envelope import ENVELOPE_BYTES, Destination
from rollup.crypto.salt import SaltKey
from rollup.hash.batched import compress_many
from rollup.l1.interface import Reverted
from rollup.l1.mock import MockL1
from rollup.oracle.package import SignedPackage
from rollup.ports import Pins, Verifier
from rollup.protocol.batch_codec import batch_to_bytes
from rollup.protocol.public import PublicInput
from sequencer.batches.artefacts import LockedFolder, VenueFolder
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.machine import Setup
from sequencer.batches.ports import Progress, ReportingProver
from sequencer.batches.replay import replay
from sequencer.batches.traded import traded_places
from sequencer.demo.events import (
    BatchClosed,
    DemoEvent,
    DemoOptions,
    ForgeryJudged,
    JournalReplayed,
    MarketReady,
    Posted,
    ProofPhase,
    Proved,
)
from sequencer.demo.forgery import (
    FORGERIES,
    flipped_judged,
    judged,
    last_judged,
    prices_judged,
)
from sequencer.demo.market import scene
from sequencer.demo.market.crowd import Crowd, Traffic, cancel_count
from sequencer.demo.market.dare import Dare
from sequencer.demo.market.feed import Feed, open_feed
from sequencer.demo.market.keys import KeySource
from sequencer.demo.market.tokens import spot_of, with_assets
from sequencer.demo.market.trade import Slice, WantedTrade
from sequencer.demo.market.trader import Trader
from sequencer.demo.on_evm import on_evm
from sequencer.demo.skip import skip_forgeries
from sequencer.demo.told import claimed, opened, withdrawn_assets
from sequencer.engine.event import VenueReason
from sequencer.oracle.signers import reports
from sequencer.service.answer import Answer
from sequencer.service.facts import Fact, Filled
from sequencer.service.venue import Venue


class DemoError(Exception):
    """The demonstration cannot go on: what was wanted and what came."""


def run_demo(
    options: DemoOptions,
    prover: ReportingProver,
    verifier: Verifier,
) -> Iterator[DemoEvent]:
    """Run everything; events as they happen. Raises TapeError, DemoError, the prover's errors."""
    feed = _feed(options)
    with VenueFolder(options.root).lock() as folder:
        stage = _prepare(options, verifier, feed, folder)
        with closing(stage.venue):
            yield _market_ready(options, stage, feed)
            yield from _acts(options, stage, feed, prover)
        yield _replayed(options, stage)
        if options.evm and stage.public is not None:
            yield from on_evm(stage.public, stage.proof, stage.verifier)


def _acts(
    options: DemoOptions, stage: "_Stage", feed: Feed, prover: ReportingProver
) -> Iterator[DemoEvent]:
    """Every batch of the feed, one in which the price falls, and the forgeries at the end."""
    traded, time = None, stage.setup.genesis.time
    for place, (part, later) in enumerate(feed.batches(options.batches)):
        if place == 1:
            scene.queue_top_up(stage.l1, *stage.top_up)
        closed = yield from _batch(options, stage, part, later, prover)
        traded, time = closed if closed.batch.fills else traded, part.time
    part = scene.fall(stage.venue.prices, time + feed.grid.window_ms)
    stage.crowd.leave()
    fallen = yield from _batch(options, stage, part, (), prover)
    if options.proves and (granted := fallen.outcome.public.withdrawals):
        yield claimed(stage.l1, scene.claim(stage.l1, granted))
    yield from _last_act(stage, traded, fallen)


def _batch(
    options: DemoOptions,
    stage: "_Stage",
    part: Slice,
    later: Sequence[WantedTrade],
    prover: ReportingProver,
) -> Generator[DemoEvent, None, ClosedBatch]:
    """One batch to its file, and to L1 if it is to be proved. Returns it."""
    closed = yield from _sequence(stage, part, later)
    if options.proves:
        _commit(stage, closed)
        yield from _prove_and_post(stage, closed, prover)
    return closed


@dataclass(slots=True)
class _TimedVerifier:
    """The verifier as L1 runs it, with a stopwatch."""

    verifier: Verifier
    milliseconds: float = 0.0

    @property
    def pins(self) -> Pins:
        return self.verifier.pins

    def verify(self, public: PublicInput, proof: bytes) -> None:
        start = perf_counter()
        try:
            self.verifier.verify(public, proof)
        finally:
            self.milliseconds = 1000 * (perf_counter() - start)


@dataclass(slots=True)
class _Stage:
    """All that a demonstration keeps between its steps."""

    setup: Setup
    folder: LockedFolder
    keys: KeySource
    clock: scene.Clock
    verifier: _TimedVerifier
    l1: MockL1
    venue: Venue
    crowd: Crowd
    top_up: tuple[Trader, Trader]
    public: PublicInput | None = None
    proof: bytes = b""


def _feed(options: DemoOptions) -> Feed:
    """The feed, if it lasts as long as is wanted of it."""
    batches = options.batches
    if batches is not None and batches < 1:
        raise DemoError(f"at least 1 batch is wanted, not {batches}")
    feed = with_assets(open_feed(options.data, options.seed, options.shape_class, options.trades))
    if feed.windows is None and batches is None:
        raise DemoError("the synthetic market never ends: a number of batches is wanted")
    if feed.windows is not None and batches is not None and feed.windows < batches:
        raise DemoError(
            f"{feed.name}: {batches} batches are wanted, the feed lasts for {feed.windows} "
            f"of {feed.grid.window_ms / 1000:g} s"
        )
    return feed


def _prepare(options: DemoOptions, verifier: Verifier, feed: Feed, folder: LockedFolder) -> _Stage:
    """Genesis, L1, traders with queued deposits, and the venue with an empty journal."""
    keys = KeySource(options.insecure_seed)
    genesis = scene.make_genesis(keys, options.chain, options.venue, feed)
    material = keys.salt_material()
    folder.start(genesis, material, keys.receipt_material(), keys.own_viewing_keys())
    setup = Setup(genesis, SaltKey(material), compress_many, verify_many, options.shape_class)
    clock = scene.Clock(genesis.time)
    timed = _TimedVerifier(verifier)
    l1 = scene.deploy(genesis, keys, [timed], clock, feed.grid.window_ms)
    traders, others = scene.register_traders(l1, keys, options.traders, options.seed)
    scene.queue_refusable(l1, keys, traders[0])
    scene.queue_backstop(l1, keys, genesis.governance.backstop_account)
    venue = Venue(setup, folder, l1, keys.address(scene.OPERATOR))
    destination = Destination(options.chain, options.venue)
    daring, seller, holder = others
    dare = Dare(daring, seller, destination, genesis.governance.markets[0])
    spot = spot_of(holder, seller, destination, genesis.governance.markets)
    spot.queue(l1)
    window_ms = feed.grid.window_ms
    crowd = Crowd(
        traders, keys, venue.sealing_key, destination, options.seed, window_ms, dare, spot
    )
    return _Stage(
        setup=setup,
        folder=folder,
        keys=keys,
        clock=clock,
        verifier=timed,
        l1=l1,
        venue=venue,
        crowd=crowd,
        top_up=(traders[0], traders[1]),
    )


def _market_ready(options: DemoOptions, stage: _Stage, feed: Feed) -> MarketReady:
    markets = stage.setup.genesis.governance.markets
    return MarketReady(
        feed=feed.name,
        symbols=tuple(market.symbol for market in markets),
        prices=stage.setup.genesis.prices[: len(markets)],
        decimals=tuple(market.price_decimals for market in markets),
        traders=options.traders + scene.EXTRAS,
        queued=len(stage.l1.queue),
        root=stage.l1.root,
        insecure=stage.keys.is_insecure,
        divisors=feed.divisors,
        skipped=feed.skipped,
        window_ms=feed.grid.window_ms,
        windows=feed.windows,
        shape_class=options.shape_class.name,
        proves=options.proves,
    )


def _sequence(
    stage: _Stage, part: Slice, later: Sequence[WantedTrade]
) -> Generator[DemoEvent, None, ClosedBatch]:
    """One batch from envelopes to its file. Returns it."""
    begun = stage.venue.open_batch(part.time, _reports(stage, part))
    part = replace(part, prices=stage.venue.prices)
    stage.crowd.hear(stage.venue.take_facts())
    governance = stage.setup.genesis.governance
    yield opened(stage.venue.core.number + 1, part, governance, begun)
    start = perf_counter()
    traffic = stage.crowd.traffic(part, later)
    sealed = perf_counter()
    answers = stage.venue.submit(traffic.envelopes)
    matched = perf_counter()
    stage.crowd.observe(traffic, answers)
    closed = stage.venue.close_batch()
    end = perf_counter()
    facts = stage.venue.take_facts()
    stage.crowd.hear(facts)
    seconds = (sealed - start, matched - sealed, end - matched)
    yield _closed(stage, part, traffic, answers, facts, closed, seconds)
    return closed


def _reports(stage: _Stage, part: Slice) -> list[SignedPackage]:
    """What the signers sign of the prices that the feed has for a batch."""
    governance, slot = stage.setup.genesis.governance, stage.venue.slot(part.time)
    return [
        report
        for key in scene.signer_keys(stage.keys)
        for report in reports(key, governance, part.prices, slot)
    ]


def _commit(stage: _Stage, closed: ClosedBatch) -> None:
    """Hold the batch to its content at L1, as soon as it is closed."""
    stage.clock.now_ms = closed.batch.time
    wanted = stage.venue.commit_headers()
    if wanted is not None:
        raise DemoError(f"batch {wanted.number}: L1 refused its header: {wanted.reason}")


def _refused(answers: Sequence[Answer]) -> dict[str, int]:
    """How many were not taken, by reason: a copy is told what its original was told."""
    copies = [VenueReason.REPLAYED for answer in answers if answer.is_copy]
    reasons = [answer.reason for answer in answers if not answer.is_copy]
    return dict(Counter(each.value for each in (*reasons, *copies) if each is not None))


def _closed(
    stage: _Stage,
    part: Slice,
    traffic: Traffic,
    answers: Sequence[Answer],
    facts: Sequence[tuple[int, Fact]],
    closed: ClosedBatch,
    seconds: tuple[float, float, float],
) -> BatchClosed:
    takers = [fact for _, fact in facts if isinstance(fact, Filled) and not fact.is_maker]
    happened = Counter((fill.market, fill.price, fill.size) for fill in takers)
    wanted = Counter((t.market, t.price, t.size) for t in part.trades)
    steps = closed.outcome.steps
    folder = stage.venue.batch_folder(closed.batch.number)
    return BatchClosed(
        number=closed.batch.number,
        envelopes=len(traffic.envelopes),
        envelope_bytes=ENVELOPE_BYTES,
        cancels=cancel_count(traffic),
        refused=_refused(answers),
        orders=len(traded_places(closed.batch)),
        fills=len(closed.batch.fills),
        carried=len(closed.batch.resting),
        accounts=len(closed.outcome.accounts),
        wanted=len(part.trades),
        matched=(happened & wanted).total(),
        left_out=part.left_out,
        notional=sum(fill.notional for fill in steps.fills),
        liquidated=len(steps.liquidated),
        taken=sum(each.size * closed.batch.prices[each.market] for each in closed.batch.takeovers),
        liquidation_fees=sum(takeover.fee for takeover in closed.batch.takeovers),
        by_orders=sum(step.notional for step in steps.order_takeovers),
        withdrawn=closed.outcome.public.withdrawn,
        withdrawn_assets=withdrawn_assets(closed.outcome.public),
        funding=closed.outcome.public.funding_rates,
        old_root=closed.batch.old_root,
        new_root=closed.outcome.public.new_root,
        batch_bytes=folder.batch_file.stat().st_size,
        signing_s=seconds[0],
        sequencing_s=seconds[1],
        closing_s=seconds[2],
    )


def _prove_and_post(
    stage: _Stage, closed: ClosedBatch, prover: ReportingProver
) -> Iterator[DemoEvent]:
    """Prove in another process, then let L1 verify and decide."""
    number = closed.batch.number
    folder = stage.venue.batch_folder(number)
    data = batch_to_bytes(closed.batch)
    start = perf_counter()
    for line in _reporting(lambda progress: prover.prove(data, folder.path, progress)):
        yield ProofPhase(number, line)
    seconds = perf_counter() - start
    stage.public, stage.proof = folder.read_public(), folder.read_proof()
    if stage.public != closed.outcome.public:
        raise DemoError(f"batch {number}: the prover's public input is not the venue's")
    yield Proved(number, seconds, len(stage.proof), folder.path, folder.read_meta())
    reverted = ""
    try:
        stage.venue.post(stage.public, stage.proof)
    except Reverted as error:
        reverted = str(error)
    yield Posted(number, stage.verifier.milliseconds, stage.l1.root, stage.l1.custody, reverted)
    if reverted:
        raise DemoError(f"batch {number}: L1 reverted: {reverted}")


def _reporting(work: Callable[[Progress], object]) -> Iterator[str]:
    """What `work` reports while it runs in a thread; its exception, if it ends with one."""
    lines: SimpleQueue[str | BaseException | None] = SimpleQueue()

    def run() -> None:
        try:
            work(lines.put)
        except BaseException as error:
            lines.put(error)
        else:
            lines.put(None)

    Thread(target=run, daemon=True).start()
    while (line := lines.get()) is not None:
        if isinstance(line, BaseException):
            raise line
        yield line


def _last_act(
    stage: _Stage, traded: ClosedBatch | None, fallen: ClosedBatch
) -> Iterator[ForgeryJudged]:
    """Forged versions of the last batch that traded, of its prices, and of the last batch of all:
    each to be refused with a reason. Then its proof, if there is one."""
    if traded is not None:
        yield from judged(FORGERIES, traded.batch)
        yield from prices_judged(traded.outcome.public)
    yield from last_judged(fallen.batch)
    if fallen.batch.takeovers:
        lies = skip_forgeries(stage.folder.journal, stage.setup, fallen.batch)
        yield from judged(lies, fallen.batch)
    if stage.public is not None:
        yield flipped_judged(stage.public, stage.proof, stage.verifier)


def _replayed(options: DemoOptions, stage: _Stage) -> JournalReplayed:
    """The journal again, from nothing but genesis and salt key."""
    done = list(replay(stage.folder.journal, stage.setup))
    root = stage.l1.root if options.proves else stage.venue.root
    if len(done) != stage.venue.core.number or not done or done[-1].header.new_root != root:
        raise DemoError(f"the journal replays {len(done)} batches to another root")
    return JournalReplayed(stage.folder.journal, len(done), root)
