"""The outposts of a devnet, on chains beside its own: each a process, and a relay that carries the
committee's words between them and L1."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollup.codec.fields import Node
from rollup.codec.shallow_json import loads
from rollup.codec.strict import CodecError
from rollup.files import read_bounded, write_whole
from rollup.l1.elsewhere import Outpost
from rollup.l1.elsewhere_forms import OUTPOSTS_MAX
from rollup.l1.interface import Address
from rollup.l1.remote import RemoteL1
from rollup.l1.remote_outpost import RemoteOutpost
from sequencer.batches.artefacts import GENESIS_FILE
from sequencer.running.kept_process import KeptProcess, ServingProcess

OUTPOSTS_FILE: Final = "outposts.json"
"""Of a devnet's folder: numbers of the chains that its outposts are on."""

OUTPOSTS_BYTES_MAX: Final = 1 << 16
OUTPOSTS_VERSION: Final = 1

QUICK: Final = (
    ("ahead_ms = 60000 ", "ahead_ms = 2000 "),
    ("governance_delay_ms = 604800000 ", "governance_delay_ms = 3000 "),
)
"""What a venue file of a devnet with outposts says instead of the example, whose outposts would be
heard a week after they are announced."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RunningOutpost:
    """An outpost that answers: where, on which chain, and the contract's address there."""

    url: str
    chain: int
    address: Address


def with_quick_governance(text: str) -> str:
    """An example of a venue file whose governance is heard after a few seconds. ValueError for a
    text that does not say what the example does."""
    for old, new in QUICK:
        if old not in text:
            raise ValueError(f"the example says no more {old!r}")
        text = text.replace(old, new, 1)
    return text


def write_chains(root: Path, chains: Sequence[int]) -> None:
    """Keep which chains a devnet has outposts on."""
    record = {"version": OUTPOSTS_VERSION, "chains": list(chains)}
    write_whole(root / OUTPOSTS_FILE, (json.dumps(record) + "\n").encode("ascii"))


def read_chains(root: Path) -> list[int]:
    """The same, read; none where there is no such file. CodecError if it is damaged."""
    path = root / OUTPOSTS_FILE
    if not path.exists():
        return []
    try:
        node = Node(loads(read_bounded(path, OUTPOSTS_BYTES_MAX).decode("ascii")), OUTPOSTS_FILE)
        record = node.record(("version", "chains"))
        node.require_version(OUTPOSTS_VERSION)
        return [each.integer() for each in record["chains"].items(OUTPOSTS_MAX)]
    except ValueError as error:
        raise CodecError(f"{path}: {error}") from error


class OutpostProcess(ServingProcess):
    """One mock outpost. It is on its port and its file whenever it is started again."""

    words = ("l1", "outpost", "up")
    name = "an outpost"

    def __init__(self, state: Path, chain: int, least: int, say: Say) -> None:
        """`state` is the devnet's folder; `least` the least deposit in quanta."""
        super().__init__(say)
        self._given = (
            *("--genesis", str(state / GENESIS_FILE)),
            *("--chain", str(chain), "--least", str(least)),
        )
        self._kept = ("--state", str(state / f"outpost-{chain}.json"))

    def _arguments(self) -> Sequence[str]:
        return ("--port", str(self._port), *self._given, *self._kept)


class ChainOutpostProcess(OutpostProcess):
    """The contract of an outpost on an anvil, which ends with it."""

    name = "an outpost on a chain"
    starts_again = False

    def _arguments(self) -> Sequence[str]:
        return ("--port", str(self._port), *self._given, "--on", "anvil")


class RelayProcess(KeptProcess):
    """One relay. It says what it brought."""

    words = ("l1", "relay")
    name = "the relay"

    def __init__(self, l1: str, outposts: Sequence[str], members: Sequence[str], say: Say) -> None:
        super().__init__(say)
        self._given = (
            *("--l1", l1),
            *(word for url in outposts for word in ("--outpost", url)),
            *(word for url in members for word in ("--member", url)),
        )

    def _overhear(self, line: str) -> None:
        self._say(f"relay: {line}")

    def _arguments(self) -> Sequence[str]:
        return self._given

    def _is_ready(self, record: dict[str, object]) -> bool:
        """Whatever it says but an error comes before its first round."""
        return "error" not in record


def own_outposts(
    state: Path, least: int, on_chain: bool, stack: ExitStack, say: Say
) -> list[RunningOutpost]:
    """The outposts that a devnet was begun with, running."""
    kind = ChainOutpostProcess if on_chain else OutpostProcess
    found = []
    for chain in read_chains(state):
        process = stack.enter_context(kind(state, chain, least, say))
        with RemoteOutpost(process.url) as outpost:
            found.append(RunningOutpost(process.url, chain, outpost.link.address))
    return found


def announce(l1: str, governor: Address, outposts: Sequence[RunningOutpost]) -> None:
    """Have L1 hear of each outpost that it was not told of."""
    with RemoteL1(l1) as home:
        known = home.outposts
        for each in outposts:
            if each.chain not in known:
                with RemoteOutpost(each.url) as outpost:
                    caps = outpost.deployment.caps
                home.announce_outpost(governor, Outpost(each.chain, each.address, caps))
