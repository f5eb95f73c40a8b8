"""What is fuzzed: everything that reads bytes from strangers.

A target has seeds (bytes that are good), and `run`: it returns a short name of what became of the
bytes, so that new outcomes can be told from known ones, and raises whatever should never be raised.
"""

import gzip
import hashlib
import json
import tempfile
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from circuits.stark.errors import VerificationError
from circuits.stark.parameters import INSECURE_TEST
from circuits.stark.proof import VERSION_BYTES
from circuits.stark.verifier import verify
from rollup.codec.strict import CodecError, decode, encode
from rollup.crypto import envelope
from rollup.crypto.address_key import SignatureError, signer_of
from rollup.crypto.answer import (
    ResponseKey,
    open_action_answer,
    seal_action_answer,
    seal_question_answer,
)
from rollup.crypto.chain_key import ChainKey
from rollup.crypto.envelope import (
    ActionPath,
    CancelAction,
    Destination,
    EnvelopeError,
    OpeningKey,
    OrderAction,
    OutflowAction,
)
from rollup.crypto.hpke import Exported
from rollup.crypto.plain_recovery import plain_signer_of
from rollup.oracle.gateway import packages_from_gateway
from rollup.oracle.package import (
    PackageError,
    SignedPackage,
    packages_from_bytes,
    packages_to_bytes,
)
from rollup.protocol.batch_codec import batch_from_bytes, batch_to_bytes
from rollup.protocol.bundle import BundlePath
from rollup.protocol.cancel import CancelOrder, SignedCancel
from rollup.protocol.misconduct import NotSigned
from rollup.protocol.order import Side
from rollup.protocol.public_json import public_from_json, public_to_json
from rollup.protocol.published_data import published_from_bytes
from rollup.protocol.receipt_json import (
    list_from_ndjson,
    list_to_ndjson,
    signed_from_json,
    signed_to_json,
)
from rollup.protocol.rejection import Rejected
from sequencer.batches.entries import (
    Identity,
    JournalError,
    ReceiptEntry,
    RedoEntry,
    RootEntry,
    content_to_bytes,
)
from sequencer.batches.journal import _framed, read
from sequencer.demo.market.tape.error import TapeError
from sequencer.demo.market.tape.tape import open_tape
from sequencer.engine.command import Cancel, CloseBatch, OpenBatch, Submit, TellAhead, TellKey
from sequencer.intake.wire import WireError, command_from_bytes, command_to_bytes
from tests.helpers import feeds
from tests.helpers.malice import an_instance, honest_proof, key_of
from tests.helpers.oracle import reports
from tests.helpers.published import traded
from tests.helpers.receipts import SIGNER, chain, sign
from tests.helpers.venue import GOVERNANCE, PRICES, START, Match, Venue, buy, credit, register, sell
from tests.strategies import venues

Run = Callable[[bytes], str]


class Broken(AssertionError):
    """A property that fuzzing found to be false."""


@dataclass(frozen=True)
class Target:
    """One reader of bytes."""

    name: str
    seeds: Callable[[], Sequence[bytes]]
    run: Run
    is_text: bool = False


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise Broken(what)


def refused(error: Exception) -> str:
    """A name of a refusal: its kind and its words, numbers left out."""
    said = getattr(error, "detail", None) or str(error)
    words = "".join(c for c in said[:60] if not c.isdigit())
    return f"{type(error).__name__}: {words.split(',')[0][:40]}"


# The verifier.


def run_verifier(data: bytes) -> str:
    """Only VerificationError, and nothing but the honest proof is accepted."""
    instance = an_instance()
    known = instance.known
    try:
        verify(instance.circuit, key_of(), *known, INSECURE_TEST, data)
    except VerificationError as error:
        return error.reason.name
    _require(data == honest_proof(), "another proof than the honest one was accepted")
    return "accepted"


def run_verifier_full_length(data: bytes) -> str:
    """The same with version, length and words mended, so that the mutation gets past the codec."""
    honest = honest_proof()
    mended = bytearray((data + honest[len(data) :])[: len(honest)])
    for place in range(3, len(honest), 4):
        if mended[place - 3 : place + 1] != honest[place - 3 : place + 1]:
            mended[place] &= 0x3F
    mended[: len(VERSION_BYTES)] = VERSION_BYTES
    return run_verifier(bytes(mended))


# The codecs.


@cache
def _venue() -> Venue:
    return Venue().with_traders(10**12, 10**12)


@cache
def _batch_bytes() -> bytes:
    deposits = [register(2, 3, 17), credit(3, 9, 2**62 - 1)]
    return batch_to_bytes(_venue().batch(deposits, [Match(buy(1, 1000), sell(2, 1000), 500)]))


@cache
def _public_bytes() -> bytes:
    return public_to_json(_venue().apply(batch_from_bytes(_batch_bytes())).public)


def run_batch(data: bytes) -> str:
    """A batch has one encoding; other bytes are CodecError or Rejected."""
    try:
        batch = batch_from_bytes(data)
    except (CodecError, Rejected) as error:
        return refused(error)
    _require(batch_to_bytes(batch) == data, "a batch with two encodings")
    return "a batch"


def run_batch_content(data: bytes) -> str:
    """Mutated content, rightly encoded: the first bytes choose a member, the rest replace it."""
    content = decode(_batch_bytes(), 2**20, "batch")
    place: Any = content
    steps = list(data[:6])
    path: list[tuple[Any, Any]] = []
    for step in steps:
        if isinstance(place, dict) and place:
            key: Any = sorted(place)[step % len(place)]
        elif isinstance(place, list) and place:
            key = step % len(place)
        else:
            break
        path.append((place, key))
        place = place[key]
    if not path:
        return "nothing chosen"
    owner, key = path[-1]
    rest = data[6:]
    number = int.from_bytes(rest[1:9], "big", signed=bool(rest[:1] and rest[0] & 1 and rest[1:]))
    kinds = (number, rest, [], {}, None, True, "text", [place, place], abs(number) % 2**31)
    owner[key] = kinds[(rest[0] if rest else 0) % len(kinds)]
    try:
        return run_batch(encode(content))
    except CodecError as error:
        return refused(error)


def run_public(data: bytes) -> str:
    """A public input has one encoding; other bytes are CodecError or Rejected."""
    try:
        public = public_from_json(data)
    except (CodecError, Rejected) as error:
        return refused(error)
    _require(public_to_json(public) == data, "a public input with two encodings")
    return "a public input"


def run_public_content(data: bytes) -> str:
    """The same, rewritten canonically where it is JSON at all."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return "no JSON"
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return run_public(text.encode("ascii"))


@cache
def _published() -> Sequence[bytes]:
    return [data.encode() for _, data in traded().batches]


def run_published(data: bytes) -> str:
    """What a batch publishes has one encoding; other bytes are CodecError alone."""
    try:
        published = published_from_bytes(data)
    except CodecError as error:
        return refused(error)
    _require(published.encode() == data, "published data with two encodings")
    return "published data"


def run_command(data: bytes) -> str:
    """A command has one encoding; other bytes are WireError."""
    try:
        command = command_from_bytes(data)
    except WireError as error:
        return refused(error)
    _require(command_to_bytes(command) == data, "a command with two encodings")
    return type(command).__name__


# The journal.


IDENTITY = Identity(venues.CHAIN, venues.VENUE, bytes(range(32)))
CHAIN_KEY = ChainKey(bytes(32))


_PATH = BundlePath(5, ((1, 2, 3, 4, 5, 6, 7, 8),) * 3)


def _commands() -> list[bytes]:
    return [
        command_to_bytes(command)
        for command in (
            OpenBatch(
                1,
                2**52 - 1,
                (1, 2, 3, 2**30 - 1),
                (venues.registration(0, 1, 5), venues.credit(1, 2**30 - 1, 2**62 - 1)),
            ),
            OpenBatch(9, 1, (1, 1, 1, 1), redo=True, attempt=7, governance=venues.GOVERNANCE),
            Submit(venues.order(1, Side.SELL, 7, 2**40 - 1, immediate=True)),
            Submit(replace(venues.order(1, Side.BUY, 7, 1), path=_PATH)),
            Cancel(SignedCancel(CancelOrder(7, 9, 1, 2, 3), bytes(84), _PATH)),
            TellKey(5, (1, 2, 3, 4, 5, 6, 7, 8)),
            TellAhead(5, (1, 2, 3, 4, 5, 6, 7, 8), (8, 7, 6, 5, 4, 3, 2, 1), 9),
            CloseBatch(),
        )
    ]


def _notes() -> list[bytes]:
    notes = (
        RootEntry(1, bytes(32)),
        RedoEntry(1, bytes(32), 0),
        ReceiptEntry(2**48 - 1, bytes(32)),
    )
    return [content_to_bytes(note) for note in notes]


def _journal(bodies: Sequence[bytes]) -> bytes:
    """A journal of these bodies, every link right."""
    data = link = IDENTITY.encode()
    for body in bodies:
        framed, link = _framed(CHAIN_KEY, link, body)
        data += framed
    return data


def run_journal(data: bytes) -> str:
    """Only JournalError, and entries that are written as they were read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        path.write_bytes(data)
        try:
            entries = list(read(path, IDENTITY, CHAIN_KEY))
        except JournalError as error:
            return refused(error)
    _require(len(data) >= len(IDENTITY.encode()), "a journal without a header")
    return f"{len(entries)} entries"


def run_journal_entry(data: bytes) -> str:
    """One entry of any content under a right link."""
    return run_journal(_journal([*_commands(), data]))


# Receipts.


def run_receipt(data: bytes) -> str:
    """A signed receipt has one encoding (but for an end of line); other bytes are CodecError."""
    try:
        signed = signed_from_json(data)
    except CodecError as error:
        return refused(error)
    _require(signed_to_json(signed) == data.removesuffix(b"\n"), "a receipt with two encodings")
    try:
        SIGNER.require(signed)
    except NotSigned as error:
        return type(error).__name__
    return "a receipt"


def run_receipts(data: bytes) -> str:
    """Only CodecError, and receipts that are written as they mean."""
    try:
        found = list_from_ndjson(data)
    except CodecError as error:
        return refused(error)
    _require(list_from_ndjson(list_to_ndjson(found)) == found, "a list with two meanings")
    return f"{len(found)} receipts"


# Envelopes.


@cache
def _opening() -> OpeningKey:
    return OpeningKey.generate()


HERE = Destination(7, 9)
GOOD_UNTIL = 1_723_161_600_000


@cache
def _sealed() -> bytes:
    order = OrderAction(5, 6, 7, 1, 1, 618_003, 2**39, 2**51, 500, 9, bytes(range(84)))
    return _opening().sealing_key().seal(order, HERE, GOOD_UNTIL)


def run_envelope(data: bytes) -> str:
    """Only EnvelopeError; nothing but what was sealed opens."""
    try:
        _opening().open(data, HERE, GOOD_UNTIL)
    except EnvelopeError as error:
        return error.reason.name
    _require(data == _sealed(), "an envelope that nobody sealed was opened")
    return "opened"


def run_plaintext(data: bytes) -> str:
    """What a stranger sealed: only EnvelopeError, and one encoding."""
    try:
        good_until = envelope.good_until_of(data)
        action = envelope.decode(data)
    except EnvelopeError as error:
        return error.reason.name
    _require(envelope.encode(action, good_until) == data, "an action with two encodings")
    return type(action).__name__


def _plaintexts() -> list[bytes]:
    order = OrderAction(5, 6, 7, 1, 1, 618_003, 2**39, 2**51, 500, 9, bytes(range(84)))
    cancel = CancelAction(5, 6, 7, bytes(range(84)))
    outflow = OutflowAction(5, 6, 7, 1, 8, 3, 618_003, 2**51, bytes(range(84)))
    question = envelope.QuestionAction(5, 6, bytes(range(32)), bytes(range(84)))
    viewing_key = envelope.ViewingKeyAction(5, bytes(range(32)))
    path = ActionPath(5, (bytes(range(32)),) * 3)
    bundled = (replace(order, path=path), replace(cancel, path=path))
    padding = envelope.PaddingAction()
    actions = (order, cancel, outflow, question, viewing_key, padding, *bundled)
    return [envelope.encode(action, GOOD_UNTIL) for action in actions]


# Answers, as a trader's client reads them.


@cache
def _response() -> ResponseKey:
    return ResponseKey.generate()


@cache
def _answering() -> Exported:
    padding = envelope.PaddingAction()
    return _opening().sealing_key().seal_answerable(padding, HERE, GOOD_UNTIL)[1]


@cache
def _answers() -> tuple[bytes, bytes]:
    """To an action, and to a question."""
    asked = seal_question_answer(b"an answer", _response().public_bytes, HERE)
    return seal_action_answer(b"an answer", _answering()), asked


def run_answer(data: bytes) -> str:
    """Only EnvelopeError; nothing but what the venue sealed opens, nor one kind as the other."""
    openings = (
        lambda: open_action_answer(data, _answering()),
        lambda: _response().open(data, HERE),
    )
    told = []
    for open_it, sealed in zip(openings, _answers(), strict=True):
        try:
            open_it()
        except EnvelopeError as error:
            told.append(error.reason.name)
            continue
        _require(data == sealed, "an answer that nobody sealed was opened")
        told.append("opened")
    return " ".join(told)


# Signed prices.


def run_package(data: bytes) -> str:
    """Only PackageError; what is read is written again byte for byte."""
    try:
        found = SignedPackage.decode(data)
    except PackageError:
        return "refused"
    _require(found.encode() == data, "a package has two encodings")
    return "read"


def run_packages(data: bytes) -> str:
    """Only PackageError; a list of packages has one encoding."""
    try:
        found = packages_from_bytes(data)
    except PackageError:
        return "refused"
    _require(packages_to_bytes(found) == data, "a list of packages has two encodings")
    return "read"


def run_gateway(data: bytes) -> str:
    """Only CodecError, whatever a provider's gateway serves."""
    try:
        return f"{len(packages_from_gateway(data))} packages"
    except CodecError:
        return "refused"


def run_recovery(data: bytes) -> str:
    """Both recoveries say the same of a digest and a signature."""
    found = []
    for recover in (plain_signer_of, signer_of):
        try:
            found.append(recover(data[:32].ljust(32, b"\0"), data[32:]))
        except SignatureError:
            found.append(None)
    _require(found[0] == found[1], "the plain recovery and the library differ")
    return "refused" if found[0] is None else "recovered"


def _reports() -> list[SignedPackage]:
    return reports(GOVERNANCE, PRICES, START)


def _served() -> bytes:
    (report, *_) = _reports()
    row = {
        "dataPoints": [{"dataFeedId": "BTC", "value": 60000.5, "decimals": 8}],
        "timestampMilliseconds": report.package.time,
        "signature": b64encode(report.signature).decode(),
    }
    return json.dumps({"BTC": [row]}).encode()


def _signed_digest() -> bytes:
    (report, *_) = _reports()
    return report.package.digest() + report.signature


# Recorded feeds.


def _feeds() -> list[bytes]:
    frames = (feeds.ticker("50000.00", "50000.10"), feeds.trade(), feeds.trade(X="NA"))
    bars = [feeds.bar(feeds.START_MS, ("1.5", "2", "1", "1.2"), "10", "5", 60_000)]
    rows = [[1, "61800.3", "0.006", 10, 11, feeds.START_MS, "false"]]
    plain = [b"".join(frames), feeds.table(bars), feeds.table(rows)]
    with tempfile.TemporaryDirectory() as folder:
        packed = feeds.zipped(Path(folder) / "feed", ("BTCUSDT", plain[1])).read_bytes()
    return [*plain, gzip.compress(plain[0], mtime=0), packed]


def run_feed(data: bytes) -> str:
    """Only TapeError, and trades that can be wanted."""
    with tempfile.TemporaryDirectory() as folder:
        path = feeds.written(Path(folder) / "BTCUSDT", data)
        try:
            trades = list(open_tape(path).trades())
        except TapeError as error:
            return refused(error)
    _require(all(t.price > 0 and t.size > 0 and t.mid > 0 for t in trades), "nothing traded")
    return "a tape"


TARGETS = (
    Target("verifier", lambda: [honest_proof()], run_verifier),
    Target("verifier-inside", lambda: [honest_proof()], run_verifier_full_length),
    Target("batch", lambda: [_batch_bytes()], run_batch),
    Target("batch-content", lambda: [bytes(range(16)), b"\x09" * 20], run_batch_content),
    Target("public", lambda: [_public_bytes()], run_public, is_text=True),
    Target("public-content", lambda: [_public_bytes()], run_public_content, is_text=True),
    Target("published", _published, run_published),
    Target("command", _commands, run_command),
    Target("journal", lambda: [_journal(_commands())], run_journal),
    Target("journal-entry", lambda: [*_commands(), *_notes()], run_journal_entry),
    Target("receipt", lambda: [signed_to_json(sign(chain("ab")[1]))], run_receipt, is_text=True),
    Target("receipts", lambda: [list_to_ndjson(chain("ab"))], run_receipts, is_text=True),
    Target("envelope", lambda: [_sealed()], run_envelope),
    Target("plaintext", _plaintexts, run_plaintext),
    Target("answer", lambda: [*_answers()], run_answer),
    Target("feed", _feeds, run_feed),
    Target("package", lambda: [each.encode() for each in _reports()], run_package),
    Target("packages", lambda: [packages_to_bytes(tuple(_reports()))], run_packages),
    Target("gateway", lambda: [_served()], run_gateway, is_text=True),
    Target("recovery", lambda: [_signed_digest()], run_recovery),
)


def digest(data: bytes) -> str:
    """A name for an input."""
    return hashlib.sha256(data).hexdigest()[:16]
