"""A venue put together for a program: its folder, a mock L1 in this process, prover, daemon, door.

The mock L1 lives in memory, so its venue ends with the process: a folder that has one already is
refused, because no L1 knows it any more.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rollup.crypto.address_key import AddressKey
from rollup.crypto.batched import verify_many
from rollup.crypto.salt import SaltKey
from rollup.files import PRIVATE_FOLDER
from rollup.hash.batched import compress_many
from rollup.installed import installed_verifier
from rollup.l1.deployment import Deployment
from rollup.l1.mock import MockL1
from rollup.protocol.genesis import Genesis
from rollup.protocol.shape_class import SHAPE_CLASSES
from sequencer.api.door import Door
from sequencer.batches.artefacts import ArtefactError, LockedFolder, VenueFolder
from sequencer.batches.machine import Setup
from sequencer.batches.resident import ResidentProver
from sequencer.demo.market.keys import KeySource
from sequencer.running.accounts import KeyFile, fund
from sequencer.service.daemon import Daemon, Terms
from sequencer.service.prices import DevelopmentPrices
from sequencer.service.proving import ProofThread
from sequencer.service.venue import Venue
from sequencer.service.venue_file import VenueFile

ACCOUNTS_FOLDER = "accounts"
OPERATOR = "operator"
GOVERNOR = "governor"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a program was asked to run. `crowd` accounts are funded beside `accounts`."""

    file: VenueFile
    state: Path
    accounts: int = 10
    crowd: int = 0
    seed: int = 1
    insecure_seed: int | None = None
    proves: bool = True


@dataclass(frozen=True, slots=True)
class Running:
    """A venue that runs, and the key files of its accounts."""

    door: Door
    genesis: Genesis
    accounts: list[KeyFile]
    crowd: list[KeyFile]


def now_ms() -> int:
    """The clock of a real venue and of its mock L1."""
    return time.time_ns() // 1_000_000


@contextmanager
def running(
    plan: Plan, say: Callable[[str], None], detail: Callable[[str], None]
) -> Iterator[Running]:
    """A venue from genesis on, until the block ends. `detail` gets the prover's progress."""
    with VenueFolder(plan.state).lock() as folder:
        if folder.journal.exists():
            raise ArtefactError(
                f"{plan.state}: an empty folder is wanted, a venue is in it; "
                "its mock L1 ended with the process that ran it"
            )
        setup, l1, keys = _begin(plan, folder)
        venue = Venue(setup, folder, l1, keys.address(OPERATOR))
        with closing(venue):
            funded = fund(
                l1,
                keys,
                plan.accounts + plan.crowd,
                plan.file.least_deposit,
                plan.state / PRIVATE_FOLDER / ACCOUNTS_FOLDER,
            )
            prover = ResidentProver(
                plan.file.parameters, shape_class=plan.file.shape_class, retries=0
            )
            proving = ProofThread(prover, detail) if plan.proves else None
            daemon = _daemon(plan, venue, l1, proving, setup.genesis.time, say)
            with prover, closing(Door(daemon)) as door:
                if plan.proves:
                    prover.start()  # it gets warm while the first batch takes orders
                own, crowd = funded[: plan.accounts], funded[plan.accounts :]
                yield Running(door, setup.genesis, own, crowd)


def _begin(plan: Plan, folder: LockedFolder) -> tuple[Setup, MockL1, KeySource]:
    """Genesis now, on the grid of the clock, and the contract that knows it."""
    file, keys = plan.file, KeySource(plan.insecure_seed)
    start = now_ms() // file.interval_ms * file.interval_ms
    receipts = keys.receipt_material()
    signer = AddressKey(receipts).address
    genesis = file.genesis(start, keys.header("fee-account"), signer)
    material = keys.salt_material()
    folder.start(genesis, material, receipts)
    shape_class = SHAPE_CLASSES[file.shape_class]
    setup = Setup(genesis, SaltKey(material), compress_many, verify_many, shape_class)
    return setup, _deploy(file, genesis, keys), keys


def _deploy(file: VenueFile, genesis: Genesis, keys: KeySource) -> MockL1:
    verifier = installed_verifier(file.parameters, file.shape_class)
    deployment = Deployment(
        genesis=genesis,
        root=genesis.state(compress_many).root,
        pins=verifier.pins,
        operator=keys.address(OPERATOR),
        governor=keys.address(GOVERNOR),
        governance_delay=file.governance_delay_ms,
        proof_deadline_ms=file.proof_deadline_ms,
        least_deposit=file.least_deposit,
    )
    return MockL1(deployment, verifier, now_ms, compress_many)


def _daemon(
    plan: Plan,
    venue: Venue,
    l1: MockL1,
    proving: ProofThread | None,
    start: int,
    say: Callable[[str], None],
) -> Daemon:
    file = plan.file
    return Daemon(
        venue,
        l1,
        proving,
        DevelopmentPrices(file.prices, file.swings, plan.seed),
        Terms(file.interval_ms, file.lag_batches, file.proof_deadline_ms),
        now_ms,
        say,
        start=start,
    )
