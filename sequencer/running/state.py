"""The state folder of a venue: what it was begun with is pinned there, and gone on with.

    venue.toml               the venue file as it was at the beginning; written last
    roles.json               who speaks for the venue at L1, and the seed of development prices
    genesis.json, private/   as the sequencer's own folder has them, with the viewing keys of fee
                             account and backstop
    private/oracle/          keys of development signers, where the venue has its own
    reports/                 what the signers signed, as long as batches may take it
    outposts.json            which chains it has outposts on; outpost-N.json is that of chain N

Genesis is what L1 was deployed with, so a venue file that says something else later is refused.
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from rollup.codec.fields import Node
from rollup.codec.shallow_json import loads
from rollup.codec.strict import CodecError
from rollup.crypto.address_key import AddressKey
from rollup.crypto.salt import SaltKey
from rollup.files import PRIVATE_FOLDER, read_bounded, write_whole
from rollup.l1.interface import Address
from rollup.protocol.committee import Committee
from rollup.protocol.constants import OWNER_BYTES
from rollup.protocol.genesis import Genesis
from rollup.protocol.market import Governance, Market
from rollup.protocol.oracle import Feed, OracleTerms
from sequencer.batches.artefacts import ArtefactError, LockedFolder
from sequencer.demo.market.keys import KeySource
from sequencer.oracle.keys import COUNT, write_keys
from sequencer.running.members import write_members
from sequencer.running.outposts import write_chains
from sequencer.service.venue_file import (
    VENUE_BYTES_MAX,
    VenueFile,
    lacks_signers,
    venue_from_toml,
    with_committee,
    with_signers,
)

ORACLE_FOLDER: Final = "oracle"
COMMITTEE_FOLDER: Final = "committee"
REPORTS_FOLDER: Final = "reports"
PINNED_FILE: Final = "venue.toml"
ROLES_FILE: Final = "roles.json"
ROLES_BYTES_MAX: Final = 4096
ROLES_VERSION: Final = 1
FREE: Final = ("memory", "lag_batches", "provers", "swings")
"""Members of a venue file that are no part of genesis or of L1's deployment: they may change."""


class VenueDiffers(ArtefactError):
    """The venue file says something else than the venue was begun with."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Addresses at L1, and the seed of the development prices."""

    operator: Address
    governor: Address
    seed: int
    is_insecure: bool


@dataclass(frozen=True, slots=True)
class Begun:
    """A venue that a folder holds; `file` as it is to be run now."""

    file: VenueFile
    genesis: Genesis
    roles: Roles
    salt_key: SaltKey


def oracle_keys(root: Path) -> Path:
    """Where the keys of a venue's own development signers are, if it has any."""
    return root / PRIVATE_FOLDER / ORACLE_FOLDER


def committee_keys(root: Path) -> Path:
    """Where the keys of a venue's own development members are, if it has any."""
    return root / PRIVATE_FOLDER / COMMITTEE_FOLDER


def is_begun(root: Path) -> bool:
    """Whether a venue was begun in a folder, whole."""
    return (root / PINNED_FILE).exists()


def begin(
    folder: LockedFolder,
    text: str,
    keys: KeySource,
    seed: int,
    now: int,
    members: int = 0,
    outposts: int = 0,
) -> None:
    """Begin a venue in an empty folder: its genesis is now, on the grid of its clock.

    ArtefactError if another program's venue is in it. What a crash left of a beginning is replaced:
    the venue file is written last, and L1 is deployed after it. An example of a venue file that has
    no signers gets development signers, whose keys are in the folder, and one without a committee
    so many `members`. So many `outposts` are on the chains whose numbers follow the venue's.
    """
    if folder.journal.exists():
        raise ArtefactError(f"{folder.root}: a venue of another program is in it")
    if lacks_signers(text):
        drawn = write_keys(oracle_keys(folder.root), keys.oracle_materials(COUNT))
        text = with_signers(text, [key.address for key in drawn])
    if members:
        drawn_members = write_members(committee_keys(folder.root), keys.member_materials(members))
        proofs = {each.key: each.prove_possession() for each in drawn_members}
        text = with_committee(text, proofs)
    file = venue_from_toml(text.encode("utf-8"))
    start = now // file.interval_ms * file.interval_ms
    receipts = keys.receipt_material()
    own = keys.own_headers()
    genesis = file.genesis(start, *own, AddressKey(receipts).address)
    folder.start(genesis, keys.salt_material(), receipts, keys.own_viewing_keys())
    roles = Roles(keys.address("operator"), keys.address("governor"), seed, keys.is_insecure)
    write_whole(folder.root / ROLES_FILE, _roles_record(roles))
    if outposts:
        numbers = range(file.chain + 1, file.chain + 1 + outposts)
        write_chains(folder.root, numbers)
    write_whole(folder.root / PINNED_FILE, text.encode("utf-8"))


def go_on(folder: LockedFolder, file: VenueFile | None) -> Begun:
    """The venue of a folder. VenueDiffers if a venue file that is given is not what it was begun
    with; ArtefactError or CodecError if a file of it is missing or damaged."""
    pinned = pinned_file(folder.root)
    if file is not None:
        differences = differing(pinned, file)
        if differences:
            listed = "".join(f"\n  {each}" for each in differences)
            raise VenueDiffers(
                f"{folder.root}: the venue was begun with another venue file:{listed}\n"
                "Markets and clock bounds change by an announcement at L1; the rest never does."
            )
    genesis = folder.read_genesis()
    return Begun(file or pinned, genesis, _read_roles(folder.root), folder.read_salt_key())


def pinned_file(root: Path) -> VenueFile:
    """The venue file that a venue was begun with."""
    return venue_from_toml(_read(root / PINNED_FILE, VENUE_BYTES_MAX))


def differing(pinned: VenueFile, now: VenueFile) -> list[str]:
    """What a venue file says otherwise, a line each; members that may change are left out."""
    found = []
    for each in fields(VenueFile):
        old, new = getattr(pinned, each.name), getattr(now, each.name)
        if each.name in FREE or old == new:
            continue
        if isinstance(old, Governance):
            found += _governance(old, new)
        else:
            found.append(_line(each.name, old, new))
    return found


def _governance(old: Governance, new: Governance) -> list[str]:
    found = [
        _line(name, getattr(old, name), getattr(new, name))
        for name in ("clock_behind_ms", "clock_ahead_ms", "refresh_fee")
        if getattr(old, name) != getattr(new, name)
    ]
    found += _oracle(old.oracle, new.oracle)
    found += _committee(old.committee, new.committee)
    symbols = ([m.symbol for m in old.markets], [m.symbol for m in new.markets])
    if symbols[0] != symbols[1]:
        return [*found, _line("markets", ", ".join(symbols[0]), ", ".join(symbols[1]))]
    for place, market in enumerate(old.markets):
        found += _members(market.symbol, market, new.markets[place])
        found += _members(market.symbol, old.oracle.feeds[place], new.oracle.feeds[place])
    return found


def _oracle(old: OracleTerms, new: OracleTerms) -> list[str]:
    """But for the feeds, which are told with their markets."""
    pairs = [
        (name, getattr(old, name), getattr(new, name)) for name in ("quorum", "slot_ms", "lag_ms")
    ]
    was, now = (", ".join(each.hex() for each in terms.signers) for terms in (old, new))
    pairs.append(("signers", was, now))
    return [_line(*pair) for pair in pairs if pair[1] != pair[2]]


def _committee(old: Committee, new: Committee) -> list[str]:
    was, now = (", ".join(key.hex()[:16] for key in each.keys) for each in (old, new))
    pairs = [("members", was, now), ("threshold", old.threshold, new.threshold)]
    return [_line(*pair) for pair in pairs if pair[1] != pair[2]]


def _members(symbol: str, old: Market | Feed, new: Market | Feed) -> list[str]:
    pairs = [(each.name, getattr(old, each.name), getattr(new, each.name)) for each in fields(old)]
    return [_line(f"{symbol} {name}", was, now) for name, was, now in pairs if was != now]


def _line(name: str, old: object, new: object) -> str:
    return f"{name}: begun with {old}, the file has {new}"


def _roles_record(roles: Roles) -> bytes:
    record = {
        "version": ROLES_VERSION,
        "operator": roles.operator.hex(),
        "governor": roles.governor.hex(),
        "seed": roles.seed,
        "insecure": roles.is_insecure,
    }
    return (json.dumps(record, indent=2) + "\n").encode("ascii")


def _read_roles(root: Path) -> Roles:
    path = root / ROLES_FILE
    try:
        value = loads(_read(path, ROLES_BYTES_MAX).decode("ascii"))
        record = Node(value, ROLES_FILE).record(
            ("version", "operator", "governor", "seed", "insecure")
        )
        return Roles(
            record["operator"].hexadecimal(OWNER_BYTES),
            record["governor"].hexadecimal(OWNER_BYTES),
            record["seed"].integer(),
            record["insecure"].boolean(),
        )
    except ValueError as error:
        raise CodecError(f"{path}: {error}") from error


def _read(path: Path, limit: int) -> bytes:
    try:
        return read_bounded(path, limit)
    except OSError as error:
        raise ArtefactError(f"{path}: {error.strerror or type(error).__name__}") from error
