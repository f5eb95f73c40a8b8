"""A node of an EVM chain on this machine, started and ended by us: anvil, of Osaka's rules."""

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rollup.l1.connection import RemoteError, Unreachable
from rollup.l1.evm.rpc import HttpNode
from rollup.l1.evm.tools import anvil
from rollup.program.children import started

HOST: Final = "127.0.0.1"
HARDFORK: Final = "osaka"
START_SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.02
BLOCK_GAS: Final = 1 << 30
"""Far more than a block of blocks that hold one transaction needs: so that its base fee, which is
set to nothing, never rises."""


class NoAnvil(RemoteError):
    """The program is not installed."""


@contextmanager
def anvil_node(chain: int, timestamp: int | None = None) -> Iterator[HttpNode]:
    """A node with its own port, until the block ends. `timestamp` is that of its first block, in
    whatever unit the contracts take; without one it keeps the machine's clock.

    It mines each transaction at once, sends for whoever is named as sender, at no price, and holds
    transactions to the gas cap of EIP-7825, which it does only where it is told to.
    """
    program = anvil()
    if program is None:
        raise NoAnvil("anvil is wanted: `make contracts-tools` installs it, with npm")
    port = _free_port()
    command = [*_ends_with_us(), str(program), *_arguments(chain, port)]
    if timestamp is not None:
        command += ["--timestamp", str(timestamp)]
    with started(command, apart=True) as process, HttpNode(f"http://{HOST}:{port}") as node:
        _await(node, process.poll)
        yield node


def _arguments(chain: int, port: int) -> list[str]:
    return [
        *("--host", HOST, "--port", str(port)),
        *("--hardfork", HARDFORK, "--chain-id", str(chain)),
        *("--enable-tx-gas-limit", "--gas-limit", str(BLOCK_GAS)),
        *("--block-base-fee-per-gas", "0", "--gas-price", "0", "--disable-min-priority-fee"),
        *("--auto-impersonate", "--no-request-size-limit", "--silent"),
    ]


def _ends_with_us() -> list[str]:
    """Where we are killed, the kernel ends it: it is no `crypsis`, which looks for that itself."""
    helper = shutil.which("setpriv")
    return [] if helper is None else [helper, "--pdeathsig", "TERM"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _await(node: HttpNode, ended: Callable[[], int | None]) -> None:
    """Until it answers. Unreachable if it ends instead, or takes too long."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            node.ask("eth_chainId")
            return
        except Unreachable:
            if ended() is not None or time.monotonic() > until:
                raise
        time.sleep(POLL_SECONDS)
