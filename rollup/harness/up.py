"""`crypsis l1 up`: a mock L1 from a genesis or from its file, served until it is told to stop."""

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollup.codec.strict import CodecError
from rollup.files import read_bounded
from rollup.harness.devnet import devnet_deployment, devnet_genesis
from rollup.harness.dispatch import answers_under_test, contract_answers
from rollup.harness.http import CONTRACT_PATH, LOOPBACK, TEST_PATH, application, listen, server
from rollup.harness.people import compress_cached
from rollup.harness.served import Served, wall_clock
from rollup.installed import installed_exit_verifier, installed_verifier, installed_verifiers
from rollup.l1.deployment import Deployment
from rollup.l1.interface import Address
from rollup.l1.private_exit import EXIT_CLASS, ExitVerifier
from rollup.ports import Pins, Verifier, pins_digest
from rollup.protocol.encoding import hex_digest
from rollup.protocol.genesis import GENESIS_BYTES_MAX, Genesis, genesis_from_json

if TYPE_CHECKING:
    from rollup.harness.on_chain import ServedChain
    from rollup.l1.evm.chain import Receipt


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What the command was told; `parameters` and `shape_classes` are for a fresh contract. `chain`
    is where the contract is on an EVM: `anvil`, or the URL of a development node."""

    port: int
    state: Path | None
    genesis: Path | None
    operator: Address | None
    governor: Address | None
    parameters: str
    shape_classes: tuple[str, ...]
    interval_ms: int
    governance_delay: int
    proof_deadline_ms: int
    least_deposit: int
    chain: str | None = None
    private_exits: bool = False


class InUse(OSError):
    """Another process serves this file."""


def up(
    options: UpOptions, heard: Callable[[dict[str, Any], str], None], say: Callable[[str], None]
) -> None:
    """Serve until a signal; `heard` is told where, once calls are taken, and `say` what
    transactions cost on a chain."""
    with alone(options.state), listen(options.port) as bound, _served(options, say) as served:
        record = record_of(served, bound.getsockname()[1])
        app = application(
            {
                CONTRACT_PATH: contract_answers(served),
                TEST_PATH: answers_under_test(compress_cached),
            }
        )
        heard(record, banner(record, options.chain or options.state))
        asyncio.run(server(app).serve(sockets=[bound]))


@contextmanager
def _served(options: UpOptions, say: Callable[[str], None]) -> "Iterator[Served | ServedChain]":
    if options.chain is None:
        found = (_verifiers_of, compress_cached, _exit_verifier_of)
        yield Served.started(options.state, lambda: _fresh(options), *found)
        return
    from rollup.harness.on_chain import (  # noqa: PLC0415  # libraries of the extra `evm`
        ServedChain,
        create_venue,
        development_chain,
    )

    def paid(what: str, receipt: "Receipt") -> None:
        say(f"gas {receipt.gas:>9,} {what}")

    with development_chain(options.chain) as chain:
        yield ServedChain(create_venue(chain, _fresh(options), compress_cached, paid))


def record_of(served: "Served | ServedChain", port: int) -> dict[str, Any]:
    """What a client needs to know, for machines."""
    deployment = served.l1.deployment
    url = f"http://{LOOPBACK}:{port}"
    return {
        "url": f"{url}/",
        "test_url": f"{url}{TEST_PATH}",
        "chain": deployment.genesis.chain,
        "venue": deployment.genesis.venue,
        "operator": deployment.operator.hex(),
        "governor": deployment.governor.hex(),
        "genesis_root": hex_digest(deployment.root),
        "pins": pins_digest(deployment.pins).hex(),
        "pins_by_class": {each.shape_class: each.digest().hex() for each in deployment.pins},
        "parameters": deployment.pins[0].parameter_set,
        "proved_number": served.l1.proved_number,
        "head_number": served.l1.head_number,
        "time": served.l1.now(),
    }


def banner(record: dict[str, Any], state: Path | str | None) -> str:
    """The same for people."""
    classes = ", ".join(record["pins_by_class"])
    lines = (
        ("L1", f"{record['url']}   JSON-RPC 2.0, methods l1_* and dev_*"),
        ("Under test", f"{record['test_url']}   crypsis l1 check --target {record['test_url']}"),
        ("Chain, venue", f"{record['chain']}, {record['venue']}"),
        ("Operator", record["operator"]),
        ("Governor", record["governor"]),
        ("Genesis root", record["genesis_root"]),
        ("Pins", f"{record['pins']} ({record['parameters']}/{classes})"),
        ("Batches", f"{record['proved_number']} proved, {record['head_number']} held"),
        ("State", "in memory only" if state is None else str(state)),
    )
    return "\n".join(f"{name:<13} {value}" for name, value in lines)


def _fresh(options: UpOptions) -> Deployment:
    genesis = (
        devnet_genesis(wall_clock()) if options.genesis is None else read_genesis(options.genesis)
    )
    verifiers = installed_verifiers(options.parameters, options.shape_classes)
    exits = exit_pins_of(options.parameters, options.private_exits)
    return devnet_deployment(
        genesis,
        (*(each.pins for each in verifiers), *exits),
        compress_cached,
        options.operator,
        options.governor,
        options.interval_ms,
        options.governance_delay,
        options.proof_deadline_ms,
        options.least_deposit,
    )


def read_genesis(path: Path) -> Genesis:
    """The genesis in a file. CodecError, with its name, for anything else."""
    try:
        return genesis_from_json(read_bounded(path, GENESIS_BYTES_MAX))
    except CodecError as error:
        raise CodecError(f"{path}: {error}") from error


def _verifiers_of(deployment: Deployment) -> list[Verifier]:
    """The installed verifiers that a deployment pins."""
    return [_verifier_of(each) for each in deployment.pins if each.shape_class != EXIT_CLASS]


def _exit_verifier_of(deployment: Deployment) -> ExitVerifier | None:
    """The installed verifier of private exits, if the deployment pins one. CodecError where what is
    pinned is another."""
    for pins in deployment.pins:
        if pins.shape_class == EXIT_CLASS:
            verifier = installed_exit_verifier(pins.parameter_set)
            _require_pinned_one(pins, verifier.pins)
            return verifier
    return None


def exit_pins_of(parameters: str, are_wanted: bool) -> tuple[Pins, ...]:
    """Pins of private exits, where they are wanted."""
    return (installed_exit_verifier(parameters).pins,) if are_wanted else ()


def _verifier_of(pins: Pins) -> Verifier:
    """The installed verifier that is pinned. CodecError where none is it."""
    try:
        verifier = installed_verifier(pins.parameter_set, pins.shape_class)
    except ValueError as error:
        raise CodecError(f"the contract's verifier: {error}") from error
    _require_pinned_one(pins, verifier.pins)
    return verifier


def _require_pinned_one(pins: Pins, found: Pins) -> None:
    if found != pins:
        raise CodecError(
            f"the contract pins {pins.digest().hex()}, the verifier installed here is "
            f"{found.digest().hex()}: no proof of it would be accepted"
        )


@contextmanager
def alone(state: Path | None) -> Iterator[None]:
    """Hold a state file's lock, so that two processes cannot write it over one another."""
    if state is None:
        yield
        return
    lock = state.with_name(f".{state.name}.lock")
    handle = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUse(error.errno, "another process serves it", str(state)) from error
        yield
    finally:
        os.close(handle)
