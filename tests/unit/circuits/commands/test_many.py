"""Many batches: whoever proves them, they are joined by number, root and queue, or refused."""

import pickle
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

import pytest

from circuits.commands.many import (
    ClusterError,
    cluster_workers,
    prove_all,
)
from circuits.prove import Bundle
from rollup.ports import VerificationError
from rollup.protocol.batch_codec import batch_from_bytes, batch_to_bytes
from rollup.protocol.chain import ChainBroken, require_chained
from rollup.protocol.rejection import Reason, Rejected
from tests.helpers.venue import TOY, Match, Venue, buy, sell


class RulesAlone(Executor):
    """Workers that apply a batch and prove nothing."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        del fn, kwargs
        future: Future[Any] = Future()
        try:
            outcome = Venue(TOY).apply(batch_from_bytes(args[0]))
        except Rejected as refusal:
            future.set_exception(refusal)
        else:
            future.set_result(Bundle(outcome.public, b"", {}))
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


def prove(files: list[bytes]) -> list[int]:
    done: list[Bundle] = []
    publics = prove_all(RulesAlone(), files, "fast", "S", done.append)
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


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"crypsis\[cluster\]"), cluster_workers("tcp://x:1"):
        pass
