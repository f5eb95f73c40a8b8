"""The run: a batch a minute, from envelopes to roots, and to proofs if they are wanted.

Nothing between traders and L1 is simulated: orders are signed and sealed, prices are signed and
judged, batches go through journal and rules, proofs through L1's verifier, and at the end the
journal must give the same roots.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter

from rollup.l1.interface import Reverted
from rollup.ports import Pins, Verifier
from rollup.protocol.batch_codec import batch_to_bytes
from rollup.protocol.margin import value
from rollup.protocol.pricing import PriceKind
from rollup.protocol.public import PublicInput
from rollup.protocol.terms import MarketTerms, batch_terms
from sequencer.batches.artefacts import VenueFolder
from sequencer.batches.batcher import ClosedBatch
from sequencer.batches.ports import ReportingProver
from sequencer.batches.replay import replay
from sequencer.demo.run import DemoError
from sequencer.engine.event import DepositJudged, Event
from sequencer.stress.figures import BatchFigures, Figures, ProofFigures
from sequencer.stress.stage import Stage, StressOptions, make_stage
