"""A mock L1 as bytes: everything it stores and where its clock stands, in one canonical JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rollup.codec.forms import INTEGER, Form, many, optional, pairs, record
from rollup.codec.strict import CodecError
from rollup.l1.bond_forms import BOND
from rollup.l1.canonical_file import from_bytes, to_bytes
from rollup.l1.deployment import Deployment
from rollup.l1.elsewhere_forms import ELSEWHERE
from rollup.l1.forms import (
    ADDRESS,
    DEPLOYMENT,
    ENTRIES_MAX,
    ESTATE,
    EVENTS,
    EXITS,
    GOVERNANCE,
    HASH,
    LIMITS,
    QUEUE,
    REFUSED,
    REPORT,
    ROOT,
    TAIL,
    VAULT,
    VAULTS,
)
from rollup.l1.given import SLOTS_MAX, GivenReport, GivenReports
from rollup.l1.headers import Head, HeaderChain
from rollup.l1.interface import Address, HeaderRefused, HeldHeader
from rollup.l1.queue import DepositQueue, QueueLimits
from rollup.l1.schedule import Schedule, Scheduled
from rollup.l1.state import ContractState
from rollup.protocol.deposit import QueueEntry
from rollup.protocol.market import Governance
from rollup.protocol.oracle import REPORTS_MAX

FORMAT_VERSION = 11


@dataclass(frozen=True, slots=True)
class Stored:
    """What a mock L1 goes on from: `ahead_ms` is how far its clock was moved."""

    deployment: Deployment
    state: ContractState
    ahead_ms: int


def stored_to_bytes(stored: Stored) -> bytes:
    """The one encoding."""
    return to_bytes(STORED, FORMAT_VERSION, stored)


def stored_from_bytes(data: bytes) -> Stored:
    """What these bytes hold. Raises CodecError, naming what was wanted and what came."""
    return from_bytes(STORED, FORMAT_VERSION, data, "l1")


def _headers(
    proved: Head,
    tail: Sequence[HeldHeader],
    digests: Mapping[int, bytes],
    refused: Sequence[HeaderRefused],
    refusal: HeaderRefused | None,
    redo_until: int,
) -> HeaderChain:
    chain = HeaderChain(proved)
    chain.tail = list(tail)
    chain.digests = dict(digests)
    chain.refused = {each.digest: each for each in refused}
    chain.refusal = refusal
    chain.redo_until = redo_until
    return chain


def _scheduled(governance: Governance, number: int, valid_from: int) -> Scheduled:
    return Scheduled(governance, governance.digest(), number, valid_from)


def _queue(
    limits: QueueLimits,
    entries: Sequence[QueueEntry],
    times: Sequence[int],
    registered: Sequence[Address],
    rotating: Sequence[Address],
    exiting: Sequence[Address],
) -> DepositQueue:
    if len(times) != len(entries):
        raise CodecError(f"l1: {len(entries)} queue entries have {len(times)} times")
    return DepositQueue.restored(limits, entries, times, registered, rotating, exiting)


def _state(**rooms: object) -> ContractState:
    rooms["events"] = list(rooms["events"])  # type: ignore[call-overload]
    rooms["assets"] = dict(rooms["assets"])  # type: ignore[call-overload]
    return ContractState(**rooms)  # type: ignore[arg-type]


def _in_order(addresses: Form[Sequence[Address]]) -> Form[Sequence[Address]]:
    """A set has no order of its own, and its encoding has one."""
    return Form(lambda value: addresses.write(sorted(value)), addresses.read)


HEAD = record(Head, number=INTEGER, time=INTEGER, root=ROOT, deposits=INTEGER)
REFUSALS: Form[Mapping[bytes, HeaderRefused]] = Form(
    lambda refused: many(REFUSED, ENTRIES_MAX).write(list(refused.values())),
    many(REFUSED, ENTRIES_MAX).read,  # type: ignore[arg-type]
)
HEADERS = record(
    _headers,
    proved=HEAD,
    tail=TAIL,
    digests=pairs(INTEGER, HASH, ENTRIES_MAX),
    refused=REFUSALS,
    refusal=optional(REFUSED),
    redo_until=INTEGER,
)
SCHEDULED = record(_scheduled, governance=GOVERNANCE, number=INTEGER, valid_from=INTEGER)
SCHEDULE = record(Schedule.restored, entries=many(SCHEDULED, ENTRIES_MAX), used=INTEGER)
GIVEN_REPORT = record(GivenReport, report=REPORT, signer=ADDRESS, at=INTEGER)
_GIVEN = many(GIVEN_REPORT, SLOTS_MAX * REPORTS_MAX)
GIVEN_REPORTS: Form[GivenReports] = Form(
    lambda given: _GIVEN.write(given.all), lambda node: GivenReports.restored(_GIVEN.read(node))
)
STATE = record(
    _state,
    headers=HEADERS,
    schedule=SCHEDULE,
    book=HASH,
    queue=record(
        _queue,
        limits=LIMITS,
        entries=QUEUE,
        times=many(INTEGER, ENTRIES_MAX),
        registered=_in_order(many(ADDRESS, ENTRIES_MAX)),
        rotating=_in_order(many(ADDRESS, ENTRIES_MAX)),
        exiting=_in_order(many(ADDRESS, ENTRIES_MAX)),
    ),
    vault=VAULT,
    assets=VAULTS,
    estate=ESTATE,
    given=GIVEN_REPORTS,
    exits=EXITS,
    elsewhere=ELSEWHERE,
    bond=BOND,
    events=EVENTS,
)
STORED = record(Stored, deployment=DEPLOYMENT, state=STATE, ahead_ms=INTEGER)
