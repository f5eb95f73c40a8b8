"""What commands that call an L1 at an address share: their options, and what goes wrong as a
message with its exit code."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollup.program.cli import CommandError, ExitCode
from rollup.protocol.constants import OWNER_BYTES

if TYPE_CHECKING:
    from rollup.harness.stage import Target
    from rollup.l1.evm.view import EvmView
    from rollup.l1.remote import RemoteL1


PORT = 8645
MOCK, PYREVM, ANVIL = "mock", "pyrevm", "anvil"
"""L1s that need no address: the model, an EVM in this process, and a node that is started."""

DEFAULT_URL = f"http://127.0.0.1:{PORT}/"


class Hex(click.ParamType[bytes]):
    """So many bytes in lower-case hex."""

    name = "hex"

    def __init__(self, length: int) -> None:
        self._length = length

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        """The bytes, or what is wanted instead."""
        if isinstance(value, bytes):
            return value
        text = str(value)
        if not re.fullmatch(rf"[0-9a-f]{{{2 * self._length}}}", text):
            self.fail(f"wanted {self._length} bytes in lower-case hex", param, ctx)
        return bytes.fromhex(text)


l1_option = click.option("--l1", default=DEFAULT_URL, show_default=True, help="Of the L1.")
sender_option = click.option("--sender", type=Hex(OWNER_BYTES), required=True, help="Who calls.")


@contextmanager
def remote_l1(url: str) -> "Iterator[RemoteL1]":
    """The L1 at an address."""
    from rollup.l1.remote import RemoteL1

    with RemoteL1(url) as remote:
        yield remote


@contextmanager
def known_errors() -> Iterator[None]:
    """What an L1 or the way to it answers, as messages with exit codes."""
    from rollup.l1.connection import NoAnswerInTime, RemoteError, Unreachable
    from rollup.l1.interface import Reverted

    try:
        yield
    except Reverted as error:
        record = {"error": str(error), "reason": error.reason.value}
        raise CommandError(ExitCode.REFUSED_BY_PEER, f"L1 reverts: {error}", record) from error
    except Unreachable as error:
        raise CommandError(ExitCode.UNREACHABLE, str(error)) from error
    except NoAnswerInTime as error:
        raise CommandError(ExitCode.TIMEOUT, str(error)) from error
    except RemoteError as error:
        raise CommandError(ExitCode.REFUSED_BY_PEER, str(error)) from error


@contextmanager
def looked_at(l1: str, node: str | None, contract: Path | None) -> "Iterator[RemoteL1 | EvmView]":
    """The L1 at an address, or the contract on a node."""
    if node is None or contract is None:
        with remote_l1(l1) as remote:
            yield remote
        return
    from rollup.harness.on_chain import viewed

    with viewed(node, contract) as found:
        yield found


@contextmanager
def target_of(target: str) -> "Iterator[Target]":
    """What is held to the suite: one by name, or what answers at an address."""
    from rollup.harness.targets import LocalTarget, RemoteTarget

    if target == MOCK:
        yield LocalTarget()
        return
    from rollup.l1.evm.rpc import is_node

    if target in (PYREVM, ANVIL) or is_node(target):
        from rollup.harness.evm_target import evm_target
        from rollup.harness.people import compress_cached

        with evm_target(target, compress_cached) as chain:
            yield chain
        return
    with remote_l1(target) as remote:
        yield RemoteTarget(remote)
