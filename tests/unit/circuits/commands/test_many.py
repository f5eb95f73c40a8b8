"""Many batches: whoever proves them, they are joined by number, root and queue, or refused."""

import os
import pickle
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from typing import Any

import pytest

from circuits.commands.many import (
    GIVEN,
    BatchFile,
    NotProved,
    Workers,
    local_workers,
    prove_all,
)
from circuits.prove import Bundle
from rollup.hash.batched import compress_many
from rollup.native.jit import THREADS_VARIABLE
from rollup.ports import Pins, VerificationError
from rollup.protocol.batch import Batch
from rollup.protocol.batch_codec import batch_from_bytes, batch_to_bytes
from rollup.protocol.chain import ChainBroken, require_chained
from rollup.protocol.public import PublicInput
from rollup.protocol.published_data import published_data
from rollup.protocol.rejection import Reason, Rejected
from tests.helpers.venue import TOY, Match, Venue, buy, sell

PROOF = b"a proof"


class AnythingButEmpty:
    """A verifier that accepts one proof."""

    pins = Pins(b"", b"", b"", b"", "fast", "S")

    def of(self, shape_class: str) -> "AnythingButEmpty | None":
        return self if shape_class == "S" else None

    def verify(self, public: PublicInput, proof: bytes) -> None:
        del public
        if proof != PROOF:
            raise VerificationError(Reason.MALFORMED, "an empty proof")


@dataclass
class RulesAlone(Executor):
    """Workers that apply a batch, prove nothing, and may spoil what they send back."""

    spoil: Callable[[Bundle], object] = lambda bundle: bundle

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        del fn, kwargs
        future: Future[Any] = Future()
        try:
            outcome = Venue(TOY).apply(batch_from_bytes(args[0]))
        except Rejected as refusal:
            future.set_exception(refusal)
        else:
            future.set_result(self.spoil(Bundle(outcome.public, PROOF, {})))
        return future


@pytest.fixture(scope="module")
def chain() -> list[bytes]:
    """Three batches, each from the root of the one before."""
    venue = Venue(TOY).with_traders(10**12, 10**12)
    files = []
    for slot in range(3):
        match = Match(buy(1, 1_000, slot=slot), sell(2, 1_000, slot=slot), 1_000)
        batch = venue.batch([], [match])
        venue.run(batch)
        files.append(batch_to_bytes(batch))
    return files


def prove(files: list[bytes], workers: Executor | None = None) -> list[int]:
    done: list[Bundle] = []
    batches = [BatchFile.of(data) for data in files]
    try:
        publics = prove_all(
            Workers(workers or RulesAlone()), batches, "fast", AnythingButEmpty(), done.append
        )
    except NotProved:
        assert done == []
        raise
    assert {bundle.public.number for bundle in done} == {public.number for public in publics}
    return [public.number for public in publics]


def test_batches_may_come_in_any_order(chain: list[bytes]) -> None:
    assert prove(chain) == prove(chain[::-1]) == [2, 3, 4]


def test_a_missing_or_repeated_batch_is_refused_before_any_proof(chain: list[bytes]) -> None:
    for files in ([chain[0], chain[2]], [chain[0], chain[0]]):
        with pytest.raises(ChainBroken, match="does not follow"):
            prove(files)


def test_a_batch_from_another_root_is_refused(chain: list[bytes]) -> None:
    other = Venue(TOY).with_traders(10**12, 10**11)
    other.run(other.batch())
    with pytest.raises(ChainBroken, match="another root") as caught:
        prove([chain[0], batch_to_bytes(other.batch())])
    assert caught.value.number == 3


def test_a_batch_elsewhere_in_the_queue_is_refused(chain: list[bytes]) -> None:
    first, second = (Venue(TOY).apply(batch_from_bytes(data)).public for data in chain[:2])
    require_chained([first, second])
    with pytest.raises(ChainBroken, match="deposit queue"):
        require_chained([first, replace(second, deposits_before=5)])


def test_a_refused_batch_ends_it(chain: list[bytes]) -> None:
    late = replace(batch_from_bytes(chain[1]), time=1)
    with pytest.raises(Rejected) as caught:
        prove([chain[0], batch_to_bytes(late)])
    assert caught.value.reason is Reason.CLOCK_NOT_ADVANCED


def test_refusals_travel_between_processes() -> None:
    refusal = pickle.loads(pickle.dumps(Rejected(Reason.MARGIN, "account 3")))
    assert (refusal.reason, refusal.detail) == (Reason.MARGIN, "account 3")
    invalid = pickle.loads(pickle.dumps(VerificationError(Reason.MARGIN, "here")))
    assert (invalid.reason, invalid.detail) == (Reason.MARGIN, "here")


def test_all_that_a_batch_says_of_its_public_input_is_compared() -> None:
    assert {*GIVEN, "deposits", "shape_class"} == set(Batch.__slots__) & set(PublicInput.__slots__)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda bundle: None, "batch 2: a bundle is wanted"),
        (lambda bundle: replace(bundle, proof=b""), "batch 2: the worker's proof is invalid"),
        (
            lambda bundle: replace(bundle, public=replace(bundle.public, number=9)),
            "batch 2: the worker's proof is about another batch",
        ),
        (
            lambda bundle: replace(bundle, public=replace(bundle.public, old_root=(1,) * 8)),
            "batch 2: the worker's proof is about another batch",
        ),
        (
            lambda bundle: replace(bundle, public=replace(bundle.public, receipts=b"\1" * 32)),
            "batch 2: the worker's proof is about another batch",
        ),
        (
            lambda bundle: replace(bundle, public=replace(bundle.public, shape_class="R")),
            "batch 2: the worker's proof is about another batch",
        ),
    ],
    ids=[
        "no bundle",
        "no proof",
        "another number",
        "another state",
        "another head",
        "another class",
    ],
)
def test_a_bundle_of_a_worker_is_verified_before_it_counts(
    chain: list[bytes], spoil: Callable[[Bundle], object], message: str
) -> None:
    with pytest.raises(NotProved, match=message):
        prove(chain[:1], RulesAlone(spoil))


def test_what_a_worker_says_is_published_is_what_the_proof_commits_to(chain: list[bytes]) -> None:
    """By the hash of production, which is what holds it to that."""
    outcomes = [Venue(TOY).apply(batch_from_bytes(data)) for data in chain[:2]]
    mine, other = (published_data(outcome, compress_many) for outcome in outcomes)

    def publishing(data: bytes) -> RulesAlone:
        said = mine.commitment(compress_many)
        return RulesAlone(
            lambda bundle: replace(
                bundle, public=replace(bundle.public, data_commitment=said), published=data
            )
        )

    assert prove(chain[:1], publishing(mine.encode())) == [2]
    for lie in (other.encode(), replace(other, number=2).encode(), mine.encode()[:-1], b"none"):
        with pytest.raises(NotProved, match="batch 2: the worker's published data is of another"):
            prove(chain[:1], publishing(lie))


def test_more_workers_than_batches_leave_no_core_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.delenv(THREADS_VARIABLE, raising=False)
    with local_workers(256, 2) as pool:
        assert pool.executor.submit(os.getenv, THREADS_VARIABLE).result() == "4"
