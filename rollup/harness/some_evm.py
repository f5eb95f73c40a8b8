"""An EVM of this machine, whichever there is: a node, or one in this process."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from rollup.harness.anvil import anvil_node
from rollup.l1.connection import Unreachable
from rollup.l1.evm.chain import Chain
from rollup.l1.evm.node_chain import NodeChain
from rollup.l1.evm.tools import anvil

CHAIN: Final = 31337
START: Final = 1
"""Timestamp of every block: what is done here does not depend on time."""

NODE: Final = "anvil"
IN_PROCESS: Final = "revm"

CODING: Final = "eth_abi"
MACHINE: Final = "pyrevm"


class NoEvm(Exception):
    """None is here; says what is lacking, and how to get it."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An EVM by its name, NODE or IN_PROCESS, and a new chain on it."""

    name: str
    chain: Chain


@contextmanager
def some_evm() -> Iterator[Engine]:
    """An anvil that is started, where it is installed and starts; else revm in this process, where
    its package is. NoEvm where neither is."""
    if find_spec(CODING) is None:
        raise NoEvm("no eth-abi is installed (pip install 'crypsis[evm]' brings it)")
    with ExitStack() as stack:
        engine = _node(stack) or _in_process()
        if engine is None:
            raise NoEvm(
                "no node runs here (make contracts-tools installs one, with npm), and no pyrevm is "
                "installed (it is for Python below 3.13)"
            )
        yield engine


def _node(stack: ExitStack) -> Engine | None:
    if anvil() is None:
        return None
    try:
        node = stack.enter_context(anvil_node(CHAIN, START))
    except (Unreachable, OSError):  # it is there, and this machine does not run it
        return None
    return Engine(NODE, NodeChain(node, lambda: START))


def _in_process() -> Engine | None:
    if find_spec(MACHINE) is None:
        return None
    from rollup.l1.evm.revm_chain import RevmChain  # noqa: PLC0415  # an EVM not all have

    return Engine(IN_PROCESS, RevmChain())
