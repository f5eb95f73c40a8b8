"""A venue put together for a program: its folder, its L1, provers, daemon, door."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollup.crypto.batched import verify_many
from rollup.files import PRIVATE_FOLDER
from rollup.hash.batched import compress_many
from rollup.installed import installed_verifiers
from rollup.l1.deployment import Deployment, entry_wait_of, freeze_after_of
from rollup.l1.remote import RemoteL1
from rollup.protocol.genesis import Genesis
from rollup.protocol.shape_class import SHAPE_CLASSES, entries_least
from sequencer.api.door import Door
from sequencer.batches.artefacts import GENESIS_FILE, LockedFolder, VenueFolder
from sequencer.batches.machine import Setup
from sequencer.batches.ports import L1Pending
from sequencer.batches.prover import class_options
from sequencer.batches.resident import ResidentProver
from sequencer.demo.market.keys import KeySource
from sequencer.oracle.folder import ReportFolder
from sequencer.running.accounts import DARING_DOLLARS, KeyFile, bonded, fund_backstop, funded
from sequencer.running.l1_process import ChainProcess, L1Process
from sequencer.running.member_link import MemberOverHttp
from sequencer.running.members import MemberProcess, key_files
from sequencer.running.outposts import RelayProcess, RunningOutpost, announce, own_outposts
from sequencer.running.signer_process import SignerProcess
from sequencer.running.state import (
    PINNED_FILE,
    REPORTS_FOLDER,
    Begun,
    begin,
    committee_keys,
    go_on,
    is_begun,
    oracle_keys,
)
from sequencer.service.collecting import Collector
from sequencer.service.courier import Courier, CourierThread, FarL1
from sequencer.service.daemon import Daemon, Terms
from sequencer.service.proving import ProofThreads
from sequencer.service.venue import Venue
from sequencer.service.venue_file import VenueFile

ACCOUNTS_FOLDER: Final = "accounts"
L1_FILE: Final = "l1.json"
DARING_SHARE: Final = 3
"""One in so many of a crowd takes all the leverage it gets."""

LOOKS_MAX: Final = 5
"""Of a start that finds that L1 holds another branch of its journal."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a program was asked to run. Without `l1` it starts a mock of its own, and funds accounts
    there: `accounts` for whoever uses it and `crowd` for its crowd. `text` is the venue file for a
    folder without a venue, `file` what a venue that is there has to be of. `reports` is where
    signers leave reports, if not in the folder; without `l1`, development signers are started too.
    `shows_accounts` says that the page shows the accounts to whoever is on this machine. `on_chain`
    that its own L1 is the contracts on a chain, which begins and ends with the program.
    `publishes` that it serves what its batches publish to whoever asks. `members` are addresses of
    a committee's; without `l1` a new venue gets `committee` members of its own, which run too, and
    outposts on so many `chains` but its own."""

    state: Path
    text: str | None = None
    file: VenueFile | None = None
    l1: str | None = None
    reports: Path | None = None
    l1_port: int = 0
    accounts: int = 0
    crowd: int = 0
    seed: int | None = None
    insecure_seed: int | None = None
    proves: bool = True
    shows_accounts: bool = False
    on_chain: bool = False
    publishes: bool = False
    members: tuple[str, ...] = ()
    committee: int = 0
    chains: int = 1


@dataclass(frozen=True, slots=True)
class Running:
    """A venue that runs, and the key files of its accounts."""

    door: Door
    file: VenueFile
    genesis: Genesis
    seed: int
    is_insecure: bool
    l1: str
    outposts: list[RunningOutpost]
    accounts: list[KeyFile]
    crowd: list[KeyFile]
    daring: list[KeyFile]


def now_ms() -> int:
    """The clock of a real venue."""
    return time.time_ns() // 1_000_000


@contextmanager
def running(plan: Plan, say: Say, detail: Say) -> Iterator[Running]:
    """A venue from genesis on, or from where it was, until the block ends. `detail` gets the
    provers' progress."""
    with ExitStack() as stack:
        folder = stack.enter_context(VenueFolder(plan.state).lock())
        begun = _begun(plan, folder)
        url = plan.l1 or stack.enter_context(_own_l1(plan, begun, say)).url
        courier = Courier(stack.enter_context(RemoteL1(url)), deployment_of(begun), now_ms)
        far = FarL1(courier)
        venue = stack.enter_context(closing(_venue(begun, folder, far, courier)))
        stack.callback(CourierThread(courier).stop)
        own, crowd, daring = ([], [], []) if plan.l1 else _accounts(plan, begun, url)
        known = (*own, *crowd, *daring)
        venue.own_keys.add({each.account: each.viewing_key for each in known})
        proving = _proving(plan, begun.file, stack, detail)
        if not plan.l1:
            stack.enter_context(_own_signers(plan, begun, say))
        outposts = _own_outposts(plan, begun, url, stack, say)
        urls = plan.members or _own_members(plan, url, outposts, stack, say)
        if outposts:
            there = [each.url for each in outposts]
            stack.enter_context(RelayProcess(url, there, urls, say))
        collecting = _collecting(urls, venue, stack)
        daemon = _daemon(plan, begun, venue, far, proving, say, collecting)
        door = stack.enter_context(closing(Door(daemon)))
        roles = begun.roles
        said = (roles.seed, roles.is_insecure, url, outposts)
        yield Running(door, begun.file, begun.genesis, *said, own, crowd, daring)


def deployment_of(begun: Begun) -> Deployment:
    """What the contract of a venue is created with."""
    file = begun.file
    verifiers = installed_verifiers(file.parameters, file.shape_classes)
    entry_wait = entry_wait_of(file.interval_ms)
    waits = (file.governance_delay_ms, entry_wait, file.proof_deadline_ms)
    return Deployment(
        genesis=begun.genesis,
        root=begun.genesis.state(compress_many).root,
        pins=tuple(each.pins for each in verifiers),
        operator=begun.roles.operator,
        governor=begun.roles.governor,
        interval_ms=file.interval_ms,
        governance_delay=file.governance_delay_ms,
        proof_deadline_ms=file.proof_deadline_ms,
        least_deposit=file.least_deposit,
        entry_wait_ms=entry_wait,
        entries_least=entries_least(file.shape_classes),
        freeze_after_ms=freeze_after_of(*waits),
    )


def l1_arguments(begun: Begun, folder: Path) -> list[str]:
    """What `crypsis l1 up` is told to create the contract of a venue. It takes private exits too:
    what they ask of a sequencer is nothing."""
    file = begun.file
    dollars = f"{file.least_deposit // 10**6}.{file.least_deposit % 10**6:06d}"
    return [
        *("--genesis", str(folder / GENESIS_FILE)),
        *("--operator", begun.roles.operator.hex()),
        *("--governor", begun.roles.governor.hex()),
        *("--parameters", file.parameters),
        *class_options(file.shape_classes),
        *("--interval-ms", str(file.interval_ms)),
        *("--governance-delay-ms", str(file.governance_delay_ms)),
        *("--proof-deadline-ms", str(file.proof_deadline_ms)),
        *("--least-deposit", dollars),
        "--private-exits",
    ]


def _begun(plan: Plan, folder: LockedFolder) -> Begun:
    if not is_begun(plan.state) and plan.text is not None:
        seed = 1 if plan.seed is None else plan.seed
        keys = KeySource(plan.insecure_seed)
        begin(folder, plan.text, keys, seed, now_ms(), plan.committee, plan.chains - 1)
    return go_on(folder, plan.file)


def _own_l1(plan: Plan, begun: Begun, say: Say) -> L1Process:
    arguments = l1_arguments(begun, plan.state)
    if plan.on_chain:
        return ChainProcess(arguments, plan.l1_port, say)
    return L1Process([*arguments, "--state", str(plan.state / L1_FILE)], plan.l1_port, say)


def reports_of(plan: Plan) -> Path:
    """Where a venue reads reports."""
    return plan.state / REPORTS_FOLDER if plan.reports is None else plan.reports


def signer_arguments(begun: Begun, state: Path) -> list[str]:
    """What `crypsis oracle run` is told for the development signers of a venue."""
    return [
        *("--keys", str(oracle_keys(state))),
        *("--reports", str(state / REPORTS_FOLDER)),
        *("--config", str(state / PINNED_FILE)),
        *("--seed", str(begun.roles.seed)),
    ]


def _own_signers(plan: Plan, begun: Begun, say: Say) -> SignerProcess:
    return SignerProcess(signer_arguments(begun, plan.state), say)


def _own_outposts(
    plan: Plan, begun: Begun, l1: str, stack: ExitStack, say: Say
) -> list[RunningOutpost]:
    """The outposts that a devnet was begun with, running, and announced at L1."""
    if plan.l1:
        return []
    found = own_outposts(plan.state, begun.file.least_deposit, plan.on_chain, stack, say)
    announce(l1, begun.roles.governor, found)
    return found


def _own_members(
    plan: Plan, l1: str, outposts: Sequence[RunningOutpost], stack: ExitStack, say: Say
) -> tuple[str, ...]:
    """The members that a devnet was begun with, running; their addresses."""
    if plan.l1:
        return ()
    there = [each.url for each in outposts]
    keys = key_files(committee_keys(plan.state))
    started = [stack.enter_context(MemberProcess(key, plan.state, l1, there, say)) for key in keys]
    return tuple(each.url for each in started)


def _collecting(urls: Sequence[str], venue: Venue, stack: ExitStack) -> Collector | None:
    """Who asks the members at these addresses, until the venue ends."""
    if not urls:
        return None
    links = [stack.enter_context(MemberOverHttp(url)) for url in urls]
    collector = Collector(links, lambda number: venue.batch_folder(number).public)
    return stack.enter_context(closing(collector))


def _venue(begun: Begun, folder: LockedFolder, far: FarL1, courier: Courier) -> Venue:
    """The venue as its journal left it. A journal that L1 has another branch of asks for all its
    headers, which are looked up in between."""
    classes = (SHAPE_CLASSES[name] for name in begun.file.shape_classes)
    setup = Setup(begun.genesis, begun.salt_key, compress_many, verify_many, *classes)
    for _ in range(LOOKS_MAX):
        try:
            return Venue(setup, folder, far, begun.roles.operator)
        except L1Pending:
            courier.step()
            far.refresh()
    return Venue(setup, folder, far, begun.roles.operator)


def _accounts(plan: Plan, begun: Begun, url: str) -> tuple[list[KeyFile], ...]:
    """Accounts for whoever uses the venue, its crowd, and those of the crowd who dare: every third.
    The backstop gets its money too, and the operator's receipts their bond."""
    folder = plan.state / PRIVATE_FOLDER / ACCOUNTS_FOLDER
    keys, least = KeySource(plan.insecure_seed), begun.file.least_deposit
    with RemoteL1(url) as l1:
        own = funded(l1, keys, "account", plan.accounts, least, folder)
        daring = plan.crowd // DARING_SHARE
        crowd = funded(l1, keys, "crowd", plan.crowd - daring, least, folder)
        bold = funded(l1, keys, "daring", daring, least, folder, DARING_DOLLARS)
        fund_backstop(l1, keys, begun.genesis.governance.backstop_account, folder)
        bonded(l1, begun.roles.operator)
        return own, crowd, bold


def _proving(plan: Plan, file: VenueFile, stack: ExitStack, detail: Say) -> ProofThreads | None:
    """Provers that stay up, warm before the first batch closes if they can be."""
    if not plan.proves:
        return None
    provers = [
        stack.enter_context(
            ResidentProver(
                file.parameters,
                shape_classes=file.shape_classes,
                memory=file.memory,
                retries=0,
            )
        )
        for _ in range(file.provers)
    ]
    for prover in provers:
        prover.start()
    return ProofThreads(provers, detail)


def _daemon(
    plan: Plan,
    begun: Begun,
    venue: Venue,
    far: FarL1,
    proving: ProofThreads | None,
    say: Say,
    collecting: Collector | None,
) -> Daemon:
    file = begun.file
    return Daemon(
        venue,
        far,
        proving,
        ReportFolder(reports_of(plan), say),
        Terms(file.interval_ms, file.lag_batches, file.proof_deadline_ms),
        now_ms,
        say,
        start=begun.genesis.time,
        collecting=collecting,
    )
