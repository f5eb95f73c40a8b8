"""The records of L1 as JSON: what its calls take and answer, and what a file of its state holds."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from rollup.codec.fields import Node
from rollup.codec.forms import (
    FLAG,
    INTEGER,
    WHOLE,
    Form,
    choice,
    fixed,
    hexadecimal,
    many,
    optional,
    pairs,
    record,
    union,
)
from rollup.codec.strict import CodecError
from rollup.hash.keccak import DIGEST_BYTES
from rollup.hash.poseidon import Digest
from rollup.l1 import interface as l1
from rollup.l1.committee import ANY_PROOF_BYTES, ANY_PROOFS_MAX
from rollup.l1.deployment import Deployment
from rollup.l1.elsewhere_forms import OUTPOST_EVENTS
from rollup.l1.escape import AssetPayout, LeafOpening, Payout, leaf_from_bytes
from rollup.l1.estate import Estate, Sale
from rollup.l1.freeze import Exits
from rollup.l1.given import SLOTS_MAX
from rollup.l1.interface import Address, Revert, Reverted
from rollup.l1.private_exit import PrivateExit
from rollup.l1.queue import QueueLimits
from rollup.l1.vault import Vault
from rollup.oracle.package import REPORT_BYTES, PackageError, SignedPackage
from rollup.ports import CLASSES_MAX, Pins
from rollup.protocol.committee import MEMBER_SIGNATURE_BYTES, Attestation
from rollup.protocol.constants import DIGEST_LENGTH, MARKETS_MAX
from rollup.protocol.deposit import KEY_WORDS, DepositOutcome, QueueEntry
from rollup.protocol.encoding import digest_bytes, words_of
from rollup.protocol.genesis import GENESIS_BYTES_MAX, Genesis, genesis_from_json, genesis_to_json
from rollup.protocol.governance_codec import governance_value, read_governance
from rollup.protocol.header import BatchHeader
from rollup.protocol.market import Governance
from rollup.protocol.market_book import MarketBook
from rollup.protocol.market_book_codec import book_from_bytes
from rollup.protocol.oracle import REPORTS_MAX
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import (
    PUBLIC_BYTES_MAX,
    entry_value,
    public_from_json,
    public_to_json,
    read_entry,
)
from rollup.protocol.rejection import Rejected

PROOF_BYTES_MAX = 2**23
"""No proof of ours is 8 MiB; L1 takes no more."""

ANY_ADDRESS_BYTES = 64
"""What is no address must still arrive, to be refused as such."""

ANY_REPORT_BYTES = 8 * REPORT_BYTES
"""A package of several feeds is no report, and must still arrive to be refused as such."""

ENCODED_BYTES_MAX = 2**14
"""A leaf with its path, or a market book, of as many positions and markets as there may be."""

WORDS_MAX = 2 * KEY_WORDS
ENTRIES_MAX = 10**6
"""Queue entries, headers and events of a mock L1: more is refused unread."""

PIN_BYTES_MAX = 4096
ANY_PINS_MAX = 8 * CLASSES_MAX
"""Pins of more classes than there may be must still arrive to be refused as such."""


def _read_digest(node: Node) -> Digest:
    a, b, c, d, e, f, g, h = words_of(node.hexadecimal(4 * DIGEST_LENGTH))
    return (a, b, c, d, e, f, g, h)


def _read_public(node: Node) -> PublicInput:
    try:
        return public_from_json(node.text(PUBLIC_BYTES_MAX).encode("ascii"))
    except UnicodeEncodeError:
        raise node.wrong("public.json, which is ASCII") from None


def _read_announced(node: Node) -> Governance:
    """Reverted where parameters would not be safe: what is announced is asked, whoever made it."""
    try:
        return read_governance(node)
    except Rejected as error:
        raise Reverted(Revert.GOVERNANCE_UNSAFE, str(error)) from error


def _read_genesis(node: Node) -> Genesis:
    return genesis_from_json(node.text(GENESIS_BYTES_MAX).encode())


def _read_report(node: Node) -> SignedPackage:
    try:
        return SignedPackage.decode(REPORT_HEX.read(node))
    except PackageError as error:
        raise CodecError(f"{node.path}: {error}") from error


def _read_leaf(node: Node) -> LeafOpening:
    return leaf_from_bytes(ENCODED.read(node))


def _read_book(node: Node) -> MarketBook:
    return book_from_bytes(ENCODED.read(node))


def _read_markets(node: Node) -> int:
    markets = [each.integer() for each in node.items(MARKETS_MAX)]
    if markets != sorted(set(markets)) or not set(markets) <= set(range(MARKETS_MAX)):
        raise node.wrong("markets that rise")
    return sum(1 << market for market in markets)


def _vault(
    pending: Mapping[Address, int], wallets: Mapping[Address, int], **counters: int
) -> Vault:
    """A ledger whose balances grow as it needs them."""
    return Vault(pending=defaultdict(int, pending), wallets=defaultdict(int, wallets), **counters)


def _exits(
    frozen_at: int | None,
    debts: int,
    reclaimed: Sequence[int],
    escaped: Sequence[int],
    nullifiers: Sequence[Digest],
) -> Exits:
    return Exits(frozen_at, debts, set(reclaimed), set(escaped), set(nullifiers))


def _estate(lacks: int, surplus: int, sales: Mapping[int, Sale]) -> Estate:
    return Estate(lacks, surplus, dict(sales))


ROOT: Form[Digest] = Form(lambda root: digest_bytes(root).hex(), _read_digest)
HASH = fixed(DIGEST_BYTES)
ADDRESS = hexadecimal(ANY_ADDRESS_BYTES)
PROOF = hexadecimal(PROOF_BYTES_MAX)
ENCODED = hexadecimal(ENCODED_BYTES_MAX)
WORDS = many(INTEGER, WORDS_MAX)
GOVERNANCE: Form[Governance] = Form(governance_value, read_governance)
GOVERNANCE_TO_JUDGE: Form[Governance] = Form(governance_value, _read_announced)
PUBLIC: Form[PublicInput] = Form(lambda public: public_to_json(public).decode(), _read_public)
GENESIS: Form[Genesis] = Form(genesis_to_json, _read_genesis)
ENTRY: Form[QueueEntry] = Form(entry_value, read_entry)
QUEUE = many(ENTRY, ENTRIES_MAX)
ATTESTATION = record(Attestation, signers=WHOLE, signature=fixed(MEMBER_SIGNATURE_BYTES))
POSSESSION = many(hexadecimal(ANY_PROOF_BYTES), ANY_PROOFS_MAX)

REPORT_HEX = hexadecimal(ANY_REPORT_BYTES)
REPORT: Form[SignedPackage] = Form(lambda report: report.encode().hex(), _read_report)
REPORTS = many(REPORT, REPORTS_MAX)
GIVEN = pairs(INTEGER, HASH, SLOTS_MAX)
MISSING: Form[int] = Form(
    lambda bits: [market for market in range(MARKETS_MAX) if bits >> market & 1], _read_markets
)

HEADER = record(
    BatchHeader,
    number=INTEGER,
    time=INTEGER,
    redo=FLAG,
    begins_open=FLAG,
    missing=MISSING,
    governance=HASH,
    old_root=ROOT,
    new_root=ROOT,
    receipts=HASH,
    deposits_before=INTEGER,
    deposits=INTEGER,
    queue_head=HASH,
    public=HASH,
)
HELD = record(l1.HeldHeader, header=HEADER, digest=HASH, taken_at=INTEGER)
TAIL = many(HELD, ENTRIES_MAX)
REFUSED = record(
    l1.HeaderRefused, number=INTEGER, time=INTEGER, digest=HASH, reason=choice(l1.Refusal)
)
VERDICT = record(l1.HeaderVerdict, refusal=optional(REFUSED))

ANNOUNCED = record(
    l1.GovernanceAnnounced, governance=GOVERNANCE, number=INTEGER, valid_from=INTEGER
)
PARAMETERS = many(ANNOUNCED, ENTRIES_MAX)

_ASSET_PAYOUT = {"asset": INTEGER, "lots": WHOLE, "kept": WHOLE, "price": INTEGER}
LEAF: Form[LeafOpening] = Form(lambda leaf: leaf.encode().hex(), _read_leaf)
BOOK: Form[MarketBook] = Form(lambda book: book.encode().hex(), _read_book)
PAYOUT = record(
    Payout,
    amount=WHOLE,
    covered=WHOLE,
    assets=many(record(AssetPayout, **_ASSET_PAYOUT), MARKETS_MAX),
)

WANTED_EXIT = record(PrivateExit, nullifier=ROOT, amount=WHOLE, recipient=ADDRESS)

EVENT = union(
    deposit_queued=(l1.DepositQueued, record(l1.DepositQueued, entry=ENTRY)),
    header_taken=(
        l1.HeaderTaken,
        record(l1.HeaderTaken, number=INTEGER, time=INTEGER, digest=HASH),
    ),
    header_refused=(l1.HeaderRefused, REFUSED),
    batch_accepted=(
        l1.BatchAccepted,
        record(l1.BatchAccepted, number=INTEGER, time=INTEGER, old_root=ROOT, new_root=ROOT),
    ),
    deposit_refunded=(
        l1.DepositRefunded,
        record(
            l1.DepositRefunded,
            index=INTEGER,
            owner=ADDRESS,
            asset=INTEGER,
            amount=WHOLE,
            outcome=choice(DepositOutcome),
        ),
    ),
    exit_answered=(
        l1.ExitAnswered,
        record(
            l1.ExitAnswered,
            index=INTEGER,
            owner=ADDRESS,
            amount=WHOLE,
            outcome=choice(DepositOutcome),
        ),
    ),
    withdrawal_granted=(
        l1.WithdrawalGranted,
        record(
            l1.WithdrawalGranted,
            number=INTEGER,
            place=INTEGER,
            owner=ADDRESS,
            asset=INTEGER,
            amount=WHOLE,
        ),
    ),
    withdrawn=(l1.Withdrawn, record(l1.Withdrawn, owner=ADDRESS, asset=INTEGER, amount=WHOLE)),
    estate_took=(
        l1.EstateTook,
        record(l1.EstateTook, number=INTEGER, asset=INTEGER, lots=WHOLE, price=WHOLE),
    ),
    estate_sold=(
        l1.EstateSold,
        record(l1.EstateSold, buyer=ADDRESS, asset=INTEGER, lots=WHOLE, paid=WHOLE),
    ),
    estate_covered=(
        l1.EstateCovered,
        record(l1.EstateCovered, sender=ADDRESS, amount=WHOLE),
    ),
    governance_announced=(l1.GovernanceAnnounced, ANNOUNCED),
    governance_enacted=(
        l1.GovernanceEnacted,
        record(l1.GovernanceEnacted, digest=HASH, number=INTEGER),
    ),
    reports_given=(
        l1.ReportsGiven,
        record(l1.ReportsGiven, slot=INTEGER, market=INTEGER, signers=INTEGER),
    ),
    frozen=(l1.Frozen, record(l1.Frozen, sender=ADDRESS, number=INTEGER, time=INTEGER)),
    entry_reclaimed=(
        l1.EntryReclaimed,
        record(l1.EntryReclaimed, index=INTEGER, owner=ADDRESS, asset=INTEGER, amount=WHOLE),
    ),
    account_escaped=(
        l1.AccountEscaped,
        record(l1.AccountEscaped, account=INTEGER, owner=ADDRESS, amount=WHOLE, nullifier=ROOT),
    ),
    escaped_privately=(
        l1.EscapedPrivately,
        record(l1.EscapedPrivately, nullifier=ROOT, recipient=ADDRESS, amount=WHOLE),
    ),
    asset_escaped=(
        l1.AssetEscaped,
        record(l1.AssetEscaped, account=INTEGER, owner=ADDRESS, **_ASSET_PAYOUT),
    ),
    **OUTPOST_EVENTS,
)
EVENTS = many(EVENT, ENTRIES_MAX)
PRICES: Form[tuple[int, ...]] = Form(
    list, lambda node: tuple(price.integer() for price in node.items(MARKETS_MAX))
)
MONEY = pairs(ADDRESS, WHOLE, ENTRIES_MAX)
VAULT = record(
    _vault,
    mark=INTEGER,
    custody=WHOLE,
    queued=WHOLE,
    pending=MONEY,
    funds=WHOLE,
    estate=WHOLE,
    wallets=MONEY,
)
SALE = record(Sale, lots=WHOLE, start=WHOLE, since=INTEGER)
ESTATE = record(_estate, lacks=WHOLE, surplus=WHOLE, sales=pairs(INTEGER, SALE, MARKETS_MAX))
_NUMBERS: Form[Collection[int]] = Form(
    lambda numbers: many(INTEGER, ENTRIES_MAX).write(sorted(numbers)),
    many(INTEGER, ENTRIES_MAX).read,
)
_DIGESTS: Form[Collection[Digest]] = Form(
    lambda digests: many(ROOT, ENTRIES_MAX).write(sorted(digests)),
    many(ROOT, ENTRIES_MAX).read,
)

EXITS = record(
    _exits,
    frozen_at=optional(INTEGER),
    debts=WHOLE,
    reclaimed=_NUMBERS,
    escaped=_NUMBERS,
    nullifiers=_DIGESTS,
)
VAULTS = pairs(INTEGER, VAULT, MARKETS_MAX)
INDICES = pairs(ADDRESS, INTEGER, ENTRIES_MAX)

PINS = record(
    Pins,
    circuit=hexadecimal(PIN_BYTES_MAX),
    fixed_root=hexadecimal(PIN_BYTES_MAX),
    parameters=hexadecimal(PIN_BYTES_MAX),
    shape=hexadecimal(PIN_BYTES_MAX),
    parameter_set=Form(str, lambda node: node.text(40)),
    shape_class=Form(str, lambda node: node.text(40)),
)
DEPLOYMENT = record(
    Deployment,
    genesis=GENESIS,
    root=ROOT,
    pins=many(PINS, ANY_PINS_MAX),
    operator=ADDRESS,
    governor=ADDRESS,
    interval_ms=INTEGER,
    governance_delay=INTEGER,
    proof_deadline_ms=INTEGER,
    least_deposit=WHOLE,
    estate_sale_ms=INTEGER,
    entry_wait_ms=INTEGER,
    entries_least=INTEGER,
    freeze_after_ms=INTEGER,
    bond_least=WHOLE,
)
LIMITS = record(QueueLimits, accounts=INTEGER, entries=INTEGER)
