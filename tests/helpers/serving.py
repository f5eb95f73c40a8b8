"""A mock L1, or an outpost, on a real socket, in a thread of the test."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rollup.harness.dispatch import Answer, Answering, answers_under_test, contract_answers
from rollup.harness.http import CONTRACT_PATH, TEST_PATH, application, listen, server
from rollup.harness.people import compress_cached
from rollup.harness.served import Served
from rollup.l1.outpost_methods import OUTPOST_METHODS


@contextmanager
def answering(endpoints: Mapping[str, Answer]) -> Iterator[str]:
    """The URL at which endpoints answer."""
    bound = listen(0)
    running = server(application(endpoints))
    thread = threading.Thread(target=lambda: asyncio.run(running.serve(sockets=[bound])))
    thread.start()
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join(20)
        bound.close()
        assert not thread.is_alive()


@contextmanager
def serving(served: Served) -> Iterator[str]:
    """The URL at which it answers; `/test` is under it."""
    test = answers_under_test(compress_cached)
    with answering({CONTRACT_PATH: contract_answers(served), TEST_PATH: test}) as url:
        yield url


@contextmanager
def serving_outpost(served: Answering) -> Iterator[str]:
    """The URL at which an outpost answers."""
    with answering({CONTRACT_PATH: contract_answers(served, OUTPOST_METHODS)}) as url:
        yield url


def under_test(url: str) -> str:
    return url + TEST_PATH
