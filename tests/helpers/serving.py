"""A mock L1 on a real socket, in a thread of the test."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rollup.harness.dispatch import answers_under_test, contract_answers
from rollup.harness.http import CONTRACT_PATH, TEST_PATH, application, listen, server
from rollup.harness.people import compress_cached
from rollup.harness.served import Served


@contextmanager
def serving(served: Served) -> Iterator[str]:
    """The URL at which it answers; `/test` is under it."""
    bound = listen(0)
    running = server(
        application(
            {
                CONTRACT_PATH: contract_answers(served),
                TEST_PATH: answers_under_test(compress_cached),
            }
        )
    )
    thread = threading.Thread(target=lambda: asyncio.run(running.serve(sockets=[bound])))
    thread.start()
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join(20)
        bound.close()
        assert not thread.is_alive()


def under_test(url: str) -> str:
    return url + TEST_PATH
