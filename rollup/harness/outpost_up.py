"""`crypsis l1 outpost up`: an outpost of a venue, on another chain than its home, served until it
is told to stop."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rollup.codec.strict import CodecError
from rollup.harness.dispatch import contract_answers
from rollup.harness.http import CONTRACT_PATH, LOOPBACK, application, listen, server
from rollup.harness.served_outpost import ServedChainOutpost, ServedOutpost
from rollup.harness.up import alone, read_genesis
from rollup.hash.keccak import keccak256
from rollup.l1.outpost import OutpostDeployment
from rollup.l1.outpost_methods import OUTPOST_METHODS
from rollup.protocol.assets import USDC, assets_of
from rollup.protocol.checkpoint import Link
from rollup.protocol.constants import OWNER_BYTES
from rollup.protocol.genesis import Genesis

if TYPE_CHECKING:
    from rollup.l1.evm.chain import Receipt

CAP_DOLLARS: Final = 10**9
"""The most that may be there of USDC, where nothing else is said."""

CAP_LOTS: Final = 10**9
LEAST_LOTS: Final = 1
"""The most and the least deposit of each asset, where nothing else is said. What is too little for
a place in home's queue, home owes to whoever deposited it."""

ADDRESS_TAG: Final = b"crypsis-mock-outpost"


@dataclass(frozen=True, slots=True)
class OutpostOptions:
    """What the command was told; all but `port` and `state` are for a fresh contract. `number` is
    its chain's. `caps` are by mark, in quanta or lots, of what has another one than the default.
    `on` is where the contract is on an EVM: `anvil`, or the URL of a development node."""

    port: int
    state: Path | None
    genesis: Path
    number: int
    caps: Mapping[int, int]
    least_deposit: int
    on: str | None = None


def outpost_up(
    options: OutpostOptions,
    heard: Callable[[dict[str, Any], str], None],
    say: Callable[[str], None],
) -> None:
    """Serve until a signal; `heard` is told where, once calls are taken, and `say` what
    transactions cost on a chain."""
    with alone(options.state), listen(options.port) as bound, _served(options, say) as served:
        record = _record(served, bound.getsockname()[1])
        heard(record, _banner(record, options.on or options.state))
        app = application({CONTRACT_PATH: contract_answers(served, OUTPOST_METHODS)})
        asyncio.run(server(app).serve(sockets=[bound]))


def outpost_deployment(options: OutpostOptions, genesis: Genesis) -> OutpostDeployment:
    """An outpost of the venue of a genesis, which hears its committee, for all that it lists."""
    governance = genesis.governance
    if not governance.committee:
        detail = "the venue has no committee, and an outpost believes one"
        raise CodecError(f"{options.genesis}: {detail}")
    bounds = {USDC: (CAP_DOLLARS * 10**6, options.least_deposit)}
    bounds |= dict.fromkeys(assets_of(governance), (CAP_LOTS, LEAST_LOTS))
    unknown = sorted(set(options.caps) - set(bounds))
    if unknown:
        raise CodecError(f"{options.genesis}: no asset is listed under the mark {unknown[0]}")
    return OutpostDeployment(
        _link(genesis, options.number),
        governance.committee,
        tuple(genesis.possession),
        tuple((mark, options.caps.get(mark, cap)) for mark, (cap, _) in bounds.items()),
        tuple((mark, least) for mark, (_, least) in bounds.items()),
    )


def _link(genesis: Genesis, number: int) -> Link:
    """With the address of a mock; a chain gives another one."""
    numbers = (genesis.chain, genesis.venue, number)
    named = ADDRESS_TAG + b"".join(each.to_bytes(8, "big") for each in numbers)
    return Link(*numbers, keccak256(named)[-OWNER_BYTES:])


@contextmanager
def _served(
    options: OutpostOptions, say: Callable[[str], None]
) -> Iterator[ServedOutpost | ServedChainOutpost]:
    def deploy() -> OutpostDeployment:
        return outpost_deployment(options, read_genesis(options.genesis))

    if options.on is None:
        yield ServedOutpost.started(options.state, deploy)
        return
    from rollup.harness.on_chain import (  # noqa: PLC0415  # libraries of the extra `evm`
        create_outpost,
        development_chain,
    )

    def paid(what: str, receipt: "Receipt") -> None:
        say(f"gas {receipt.gas:>9,} {what}")

    with development_chain(options.on, options.number) as chain:
        symbols = read_genesis(options.genesis).governance
        yield ServedChainOutpost(create_outpost(chain, deploy(), symbols, paid))


def _record(served: ServedOutpost | ServedChainOutpost, port: int) -> dict[str, Any]:
    """What a client needs to know, for machines."""
    outpost = served.outpost
    link, deployment = outpost.link, outpost.deployment
    return {
        "url": f"http://{LOOPBACK}:{port}/",
        "home": link.home,
        "venue": link.venue,
        "chain": link.chain,
        "address": link.address.hex(),
        "members": len(outpost.committee.keys),
        "threshold": outpost.committee.threshold,
        "caps": {str(mark): str(cap) for mark, cap in deployment.caps},
        "leasts": {str(mark): str(least) for mark, least in deployment.leasts},
        "deposits": len(outpost.inbox),
    }


def _banner(record: dict[str, Any], state: Path | str | None) -> str:
    """The same for people."""
    caps = ", ".join(f"{cap} of {mark}" for mark, cap in record["caps"].items())
    lines = (
        ("Outpost", f"{record['url']}   JSON-RPC 2.0, methods outpost_* and dev_mint"),
        ("Chain", f"{record['chain']}, of venue {record['venue']} of chain {record['home']}"),
        ("Address", record["address"]),
        ("Committee", f"{record['threshold']} of {record['members']}"),
        ("At the most", f"{caps} (quanta or lots, by mark)"),
        ("Deposits", str(record["deposits"])),
        ("State", "in memory only" if state is None else str(state)),
    )
    return "\n".join(f"{name:<13} {value}" for name, value in lines)
