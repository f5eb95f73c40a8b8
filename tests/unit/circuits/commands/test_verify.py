"""`crypsis verify` of one bundle and of folders: what it finds, says and refuses.

Proofs here are stand-ins: a proof is valid if it is the digest of its public input. Real ones are
verified in tests/e2e.
"""

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from circuits.commands.explain import JOINED, NOT_SHOWN, SHOWN, explanation, explanation_text
from circuits.commands.statement import (
    WIDTH,
    Verified,
    chain_record,
    chain_text,
    statement_record,
    statement_text,
    utc,
)
from circuits.commands.verify import sets_of_length, verify_folder
from circuits.stark.errors import Failure
from circuits.stark.parameters import PARAMETER_SETS
from circuits.stark.proof import encoded_length
from circuits.stark.shape import shape_of
from circuits.statement.circuit import circuit
from circuits.statement.pinned import packaged_circuit
from circuits.verify import PROOF_BYTES_MAX, StarkVerifier, StarkVerifiers
from rollup.ports import Pins, VerificationError
from rollup.program.cli import CommandError, ExitCode, Output
from rollup.protocol.constants import (
    CASH_BITS,
    CHAIN_BITS,
    NUMBER_BITS,
    PREMIUM_RATE_BITS,
    PROTOCOL_VERSION,
    QUEUE_BITS,
    STALLED_MAX,
    TIME_BITS,
)
from rollup.protocol.pricing import PriceKind, Pricing
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import public_to_json
from rollup.protocol.shape_class import CLASS_S, SHAPE_CLASSES
from sequencer.oracle.signers import reports
from tests.helpers.ended import ended
from tests.helpers.oracle import KEYS, STRANGER
from tests.helpers.venue import GOVERNANCE, PRICES, TOY, Venue, credit

ROOT = Path(__file__).resolve().parents[4]
FOREVER = (1 << TIME_BITS) - 1
STANDING = Pricing(PRICES, (PriceKind.MISSING,) * 2)
CLAMPED = Pricing(PRICES, (PriceKind.CLAMPED,) * 2)


@dataclass(frozen=True)
class StandIn:
    """A verifier of digests, and the verifiers of class S."""

    pins: Pins = StarkVerifier("fast", "S").pins
    bits: float = 102.67
    shape_classes: tuple[str, ...] = ("S",)

    def of(self, shape_class: str) -> "StandIn | None":
        return self if shape_class in self.shape_classes else None

    def verify(self, public: PublicInput, proof: bytes) -> None:
        if proof != public.digest():
            raise VerificationError(Failure.MALFORMED, "not the digest")


@cache
def chain() -> tuple[PublicInput, ...]:
    """Three batches that join."""
    venue = Venue(TOY).with_traders(10**12, 10**12)
    batches = ((), [credit(2, 1, 5), credit(3, 9, 7)], ())
    return tuple(venue.run(venue.batch(entries, reported=False)).public for entries in batches)


def bundle(folder: Path, public: PublicInput, proof: bytes | None = None) -> Path:
    folder.mkdir(parents=True)
    (folder / "public.json").write_bytes(public_to_json(public))
    (folder / "proof.bin").write_bytes(public.digest() if proof is None else proof)
    return folder


def target(folder: Path, *publics: PublicInput) -> Path:
    """A folder of batches like that of a venue."""
    for place, public in enumerate(publics):
        bundle(folder / "batches" / f"{place:06d}" / "public", public)
    return folder


def record(capsys: pytest.CaptureFixture[str], folder: Path, **options: bool) -> dict[str, object]:
    """What `--json` says of a folder that is accepted."""
    verify_folder(Output(as_json=True), folder, StandIn(), **options)  # type: ignore[arg-type]
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict) and found["valid"] is True
    return found


def refusal(folder: Path) -> CommandError:
    with pytest.raises(CommandError) as caught:
        verify_folder(Output(), folder, StandIn())  # type: ignore[arg-type]
    return caught.value


def test_one_bundle_says_all_that_was_verified(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    public = chain()[1]
    said = record(capsys, bundle(tmp_path / "one", public))
    parameters, pins = PARAMETER_SETS["fast"], StandIn.pins
    wanted = {
        "chain": public.chain,
        "venue": public.venue,
        "batch": public.number,
        "time": public.time,
        "time_utc": "2024-08-07 03:06:43.000 UTC",
        "public_digest": public.digest().hex(),
        "book_before": public.book_before.digest().hex(),
        "book_after": public.book_after.digest().hex(),
        "governance_digest": GOVERNANCE.digest().hex(),
        "deposits_before": 2,
        "deposits_credited": 1,
        "deposits_refused": 1,
        "total": "2000000000005",
        "redo": False,
        "pins_digest": pins.digest().hex(),
        "circuit_digest": pins.circuit.hex(),
        "fixed_root": pins.fixed_root.hex(),
        "parameter_set": "fast",
        "shape_class": "S",
        "queries": parameters.queries,
        "blowup": 4,
        "grinding_query": parameters.grinding_query,
        "grinding_batch": parameters.grinding_batch,
        "grinding_fold": parameters.grinding_fold,
        "bits": 102.6,
        "proof_bytes": 32,
    }
    assert {name: said[name] for name in wanted} == wanted
    value = json.loads(public_to_json(public))
    for name in ("old_root", "new_root", "receipts"):
        assert said[name] == value[name]


def test_the_head_of_the_receipts_is_said_of_a_batch_and_of_the_last_of_many() -> None:
    heads = [bytes((place,)) * 32 for place in range(1, 4)]
    publics = [replace(each, receipts=head) for each, head in zip(chain(), heads, strict=True)]
    found = [Verified(public, STANDING, StandIn().pins, 100.0, 1, 1) for public in publics]
    assert f"receipts    {heads[0].hex()}" in statement_text(found[0]).splitlines()
    assert f"receipts    {heads[2].hex()}" in chain_text(found).splitlines()
    assert statement_record(found[0])["receipts"] == heads[0].hex()
    assert chain_record(found)["receipts"] == heads[2].hex()


def test_since_when_a_step_is_open_is_said_from_the_batch_that_opens_it() -> None:
    """The record said so a batch late: nothing of the batch that left somebody below maintenance,
    and of the one that closed the step that it was open."""
    first, second, third = chain()
    opens = replace(second, closed=False)
    goes_on = replace(third, closed=False, book_before=opens.book_after)
    closes = replace(third, book_before=opens.book_after)
    for public, since in ((first, 0), (opens, opens.time), (goes_on, opens.time), (closes, 0)):
        verified = Verified(public, STANDING, StandIn().pins, 100.0, 1, 1)
        said = statement_record(verified)
        assert (said["closed"], said["open_since"]) == (public.closed, since)
        assert ("open since" in statement_text(verified)) is not public.closed


@pytest.mark.parametrize("below", ["", "batches"])
def test_a_venues_folder_and_its_folder_of_batches_are_verified_whole(
    tmp_path: Path, below: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = record(capsys, target(tmp_path / "target", *chain()) / below)
    assert (said["first"], said["last"], said["joined"]) == (2, 4, True)
    assert [batch["batch"] for batch in said["batches"]] == [2, 3, 4]  # type: ignore[attr-defined]


def test_folders_are_taken_by_number_and_not_by_name(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    said = record(capsys, target(tmp_path, *chain()[::-1]))
    assert [batch["batch"] for batch in said["batches"]] == [2, 3, 4]  # type: ignore[attr-defined]


def test_the_folder_of_one_batch_is_one_bundle(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    bundle(tmp_path / "public", chain()[0])
    assert record(capsys, tmp_path)["batch"] == 2


def test_progress_names_the_batch_under_way(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    verify_folder(Output(verbosity=1), target(tmp_path, *chain()), StandIn())  # type: ignore[arg-type]
    said = capsys.readouterr().err.splitlines()
    assert said == [f"batch {2 + done}: {done} of 3 verified" for done in range(3)]


def test_quiet_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (bundle(tmp_path / "one", chain()[0]), target(tmp_path / "all", *chain())):
        verify_folder(Output(verbosity=-1), folder, StandIn(), explain=True)  # type: ignore[arg-type]
    assert capsys.readouterr() == ("", "")


def test_valid_proofs_of_batches_that_do_not_join_exit_7(tmp_path: Path) -> None:
    first, second, third = chain()
    gap = refusal(target(tmp_path / "gap", first, third))
    assert gap.exit_code == ExitCode.ROOTS_DIFFER
    assert (gap.record["reason"], gap.record["batch"]) == ("NUMBER", 4)
    assert gap.record["valid"] is False and gap.record["proofs_valid"] is True
    twice = refusal(target(tmp_path / "twice", first, second, second))
    assert twice.exit_code == ExitCode.ROOTS_DIFFER
    other = replace(second, old_root=(1,) * 8)
    assert refusal(target(tmp_path / "root", first, other)).record["reason"] == "OLD_ROOT"


def test_an_invalid_proof_in_a_folder_is_named_and_exits_1(tmp_path: Path) -> None:
    """Also where the batches would not join: what is not proved joins nothing."""
    first, second, third = chain()
    folder = target(tmp_path, first, third)
    bad = bundle(folder / "batches" / "bad" / "public", second, b"no proof")
    found = refusal(folder)
    assert found.exit_code == ExitCode.INVALID
    assert found.record["batch"] == 3 and found.record["file"] == str(bad / "proof.bin")
    assert f"{bad}/proof.bin (batch 3)" in found.message


def test_redo_and_changes_of_governance_are_shown(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    first, second, third = chain()
    other = replace(GOVERNANCE, clock_ahead_ms=1)
    third = replace(third, redo=True, governance=other)
    folder = target(tmp_path, first, second, third)
    said = record(capsys, folder)
    assert said["redo"] == [4]
    digest = other.digest().hex()
    assert said["governance_changes"] == [{"batch": 4, "governance_digest": digest}]
    verify_folder(Output(), folder, StandIn())  # type: ignore[arg-type]
    text = capsys.readouterr().out
    assert f"from batch 4 on another:\n            {digest}\n" in text
    assert "\nredo        4\n" in text
    one = statement_text(Verified(third, STANDING, StandIn.pins, 100, 1, 1))
    assert "redo        yes" in one


def priced() -> tuple[PublicInput, ...]:
    """The three batches, each with reports that move both prices."""
    found: list[PublicInput] = []
    for public in chain():
        book = found[-1].book_after if found else public.book_before
        wanted = (book.prices[0] + 100, book.prices[1] - 10)
        slot = GOVERNANCE.oracle.slot(public.time)
        signed = [each for key in KEYS for each in reports(key, GOVERNANCE, wanted, slot)]
        ordered = sorted(signed, key=lambda each: each.package.points[0].feed)
        found.append(replace(public, book_before=book, prices=wanted, reports=tuple(ordered)))
    return tuple(found)


def test_prices_and_whose_word_they_are_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    public = priced()[0]
    said = record(capsys, bundle(tmp_path / "one", public))
    assert said["prices"] == [
        {"market": "BTC", "price": 600_100, "funding": 0, "kind": "fresh"},
        {"market": "ETH", "price": 249_990, "funding": 0, "kind": "fresh"},
    ]
    slot = GOVERNANCE.oracle.slot(public.time)
    signers = [key.address.hex() for key in KEYS]
    assert said["oracle"] == {"slot": slot, "reports": 6, "quorum": 2, "signers": signers}
    verify_folder(Output(), tmp_path / "one", StandIn())  # type: ignore[arg-type]
    text = capsys.readouterr().out
    assert "prices      BTC 60,010.0, ETH 2,499.90\n" in text
    assert "signed      6 reports of 2024-08-07 03:06:41.000 UTC, quorum 2 of 3\n" in text


def test_markets_without_a_fresh_price_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verify_folder(Output(), bundle(tmp_path / "one", chain()[0]), StandIn())  # type: ignore[arg-type]
    assert "prices      BTC 60,000.0 (missing), ETH 2,500.00 (missing)\n" in capsys.readouterr().out
    verify_folder(Output(), target(tmp_path / "venue", *chain()), StandIn())  # type: ignore[arg-type]
    assert "prices      signed; missing in 2, 3, 4\n" in capsys.readouterr().out
    verify_folder(Output(), target(tmp_path / "fresh", *priced()), StandIn())  # type: ignore[arg-type]
    assert "prices      signed; all fresh\n" in capsys.readouterr().out


def _price_lies() -> dict[str, tuple[PublicInput, str]]:
    """Bundles whose proof is valid, and whose prices nobody signed."""
    honest = priced()[1]
    first, *rest = honest.reports
    late = replace(honest, time=honest.time + 60_000)
    of_another = replace(first, signature=honest.reports[-1].signature)
    stranger = reports(STRANGER, GOVERNANCE, honest.prices, first.package.time)[0]
    return {
        "another slot": (late, "REPORT_SLOT"),
        "no reports": (replace(honest, reports=()), "PRICE_MOVED"),
        "one of three": (replace(honest, reports=(first, *rest[2:])), "REPORT_QUORUM"),
        "one twice": (replace(honest, reports=(first, *honest.reports)), "REPORT_REPEATED"),
        "another order": (replace(honest, reports=honest.reports[::-1]), "REPORT_ORDER"),
        "a stranger's": (replace(honest, reports=(stranger, *rest)), "REPORT_SIGNER"),
        "another's signature": (replace(honest, reports=(of_another, *rest)), "REPORT_SIGNER"),
        "no signature": (
            replace(honest, reports=(replace(first, signature=bytes(65)), *rest)),
            "REPORT_SIGNATURE",
        ),
        "another price": (
            replace(honest, prices=(honest.prices[0] + 1, *honest.prices[1:])),
            "PRICE_DIFFERS",
        ),
    }


@pytest.mark.parametrize("name", _price_lies())
def test_a_valid_proof_at_prices_that_nobody_signed_is_refused_by_its_reason(
    tmp_path: Path, name: str
) -> None:
    public, reason = _price_lies()[name]
    found = refusal(bundle(tmp_path / "one", public))
    assert found.exit_code == ExitCode.INVALID
    assert found.record["reason"] == reason and found.record["batch"] == public.number
    assert str(found.record["file"]).endswith("public.json")
    everything = [*priced()]
    everything[1] = public
    found = refusal(target(tmp_path / "venue", *everything))
    assert found.exit_code == ExitCode.INVALID and found.record["reason"] == reason


@pytest.mark.parametrize(
    "changes", [{"price": 600_201}, {"funding": 1}, {"carry": 1}, {"step": 100}], ids=str
)
def test_batches_whose_market_books_do_not_go_on_from_each_other_do_not_join(
    tmp_path: Path, changes: dict[str, int]
) -> None:
    first, second, third = priced()
    left = second.book_after
    first_market, *others = left.markets
    elsewhere = replace(left, markets=(replace(first_market, **changes), *others))
    found = refusal(target(tmp_path, first, second, replace(third, book_before=elsewhere)))
    assert found.exit_code == ExitCode.ROOTS_DIFFER and found.record["reason"] == "BOOK"


def _held_open(**changes: Any) -> PublicInput:
    """A batch that goes on with an open step and does nothing for it, two minutes later."""
    _, second, third = chain()
    opens = replace(second, closed=False, progress=False)
    book = replace(opens.book_after, stalled=changes.pop("stalled", 0))
    idle = {"closed": False, "progress": False, "reports": (), "time": opens.time + 120_000}
    return replace(third, book_before=book, **{**idle, **changes})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"stalled": STALLED_MAX}, "STEP_STALLED"),
        ({"governance": replace(GOVERNANCE, clock_ahead_ms=1)}, "STEP_GOVERNANCE"),
    ],
    ids=["stands still", "other parameters"],
)
def test_a_valid_proof_of_a_batch_that_holds_its_step_open_is_refused(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    found = refusal(bundle(tmp_path / "one", _held_open(**changes)))
    assert found.exit_code == ExitCode.INVALID and found.record["reason"] == reason


def test_markets_that_have_ended_are_named(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    """Their price is no warning: it stands for good."""
    venue = ended()
    public = venue.run(venue.batch(reported=False)).public
    said = record(capsys, bundle(tmp_path / "one", public))
    assert said["ended"] == ["BTC"]
    prices = {each["market"]: each["kind"] for each in said["prices"]}  # type: ignore[attr-defined]
    assert prices["BTC"] == "ended"
    pricing = Pricing(public.prices, (PriceKind.ENDED, PriceKind.FRESH))
    verified = Verified(public, pricing, StandIn().pins, 100.0, 1, 1)
    told = " ".join(statement_text(verified).split())
    assert "BTC: price and funding stand for good; what is held of it becomes cash" in told
    assert chain_record([verified])["not_fresh"] == []
    assert "ended" not in statement_text(Verified(chain()[1], STANDING, StandIn().pins, 1.0, 1, 1))


def test_how_an_open_step_moves_is_said(tmp_path: Path) -> None:
    public = _held_open(stalled=STALLED_MAX - 1)
    verify_folder(Output(), bundle(tmp_path / "one", public), StandIn())  # type: ignore[arg-type]
    verified = Verified(public, STANDING, StandIn().pins, 100.0, 1, 1)
    said = " ".join(statement_text(verified).split())
    assert f"little was done for it, {STALLED_MAX} batches in a row stand still" in said
    moving = replace(public, progress=True)
    said = statement_text(Verified(moving, STANDING, StandIn().pins, 100.0, 1, 1))
    assert "much was done for it" in " ".join(said.split()) and "stand still" not in said


def test_a_folder_without_batches_and_no_folder_are_bad_input(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        found = refusal(folder)
        assert found.exit_code == ExitCode.BAD_INPUT and str(folder) in found.message


def test_a_public_input_of_another_version_is_refused_by_path_and_version(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "old", chain()[0])
    file = folder / "public.json"
    value = {**json.loads(file.read_bytes()), "version": 1}
    del value["redo"]
    file.write_text(json.dumps(value, sort_keys=True, separators=(",", ":")))
    found = refusal(folder)
    assert found.exit_code == ExitCode.INVALID
    assert found.message.startswith(f"invalid: {file}: MALFORMED: ")
    assert f"wanted version {PROTOCOL_VERSION}, got 1" in found.message


@pytest.mark.parametrize("shape_class", SHAPE_CLASSES)
@pytest.mark.parametrize("name", PARAMETER_SETS)
def test_a_proof_of_another_set_or_class_is_called_so(
    tmp_path: Path, name: str, shape_class: str
) -> None:
    """By its length, which no other set has; two classes of a set may have it in common, where
    their tables are in as many groups."""
    shape = shape_of(packaged_circuit(SHAPE_CLASSES[shape_class]), PARAMETER_SETS[name])
    length = encoded_length(shape)
    called = sets_of_length(length)
    assert f"{name}/{shape_class}" in called and {each.split("/")[0] for each in called} == {name}
    assert sets_of_length(length + 1) == []
    found = refusal(bundle(tmp_path / "other", chain()[0], bytes(length)))
    assert found.exit_code == ExitCode.INVALID and found.record["reason"] == "OTHER_PARAMETERS"
    assert f"these are the bytes of a proof of {' or '.join(called)}; " in found.message
    assert found.message.endswith("--parameters and the public input say fast/S")


@pytest.mark.parametrize("name", PARAMETER_SETS)
def test_a_proof_of_version_2_is_called_so_whatever_its_length(tmp_path: Path, name: str) -> None:
    """It began with a root, and had up to two megabytes."""
    verifiers = StarkVerifiers(name, ["S"])
    length = encoded_length(shape_of(packaged_circuit(CLASS_S), PARAMETER_SETS[name]))
    for number, size in enumerate((length, 2_026_996, 3)):
        folder = bundle(tmp_path / str(number), chain()[0], bytes(range(1, 9)) * (size // 8 + 1))
        with pytest.raises(CommandError) as caught:
            verify_folder(Output(), folder, verifiers)
        assert caught.value.exit_code == ExitCode.INVALID
        assert caught.value.record["reason"] == "PROTOCOL_VERSION"
        assert Failure.PROTOCOL_VERSION.value in caught.value.message


def test_every_reason_of_the_verifier_is_on_the_page_of_the_format() -> None:
    page = (ROOT / "docs" / "soundness" / "proof-format.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE)
    assert sorted(listed) == sorted(each.name for each in Failure)


def test_no_proof_of_any_set_and_class_is_too_long_to_be_read() -> None:
    """Half a MiB, says the bound's text."""
    for shape_class in SHAPE_CLASSES.values():
        for parameters in PARAMETER_SETS.values():
            length = encoded_length(shape_of(packaged_circuit(shape_class), parameters))
            assert 16 * length < PROOF_BYTES_MAX


def test_a_batch_names_its_class_and_its_proof_is_checked_with_that_circuit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a class that is not accepted it says so, before any proof is read."""
    named = replace(chain()[1], shape_class="R")
    folder = bundle(tmp_path / "one", named)
    found = refusal(folder)
    assert found.exit_code == ExitCode.INVALID and found.record["reason"] == "OTHER_CLASS"
    assert "the batch is of shape class R; accepted is S" in found.message
    both = StandIn(shape_classes=("S", "R"))
    verify_folder(Output(), folder, both)  # type: ignore[arg-type]
    assert "class       R" in capsys.readouterr().out


def test_a_chain_says_how_many_batches_are_of_each_class(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = chain()
    folder = target(tmp_path, first, replace(second, shape_class="R"), third)
    both = StandIn(shape_classes=("S", "R"))
    verify_folder(Output(as_json=True), folder, both)  # type: ignore[arg-type]
    said = json.loads(capsys.readouterr().out)
    assert said["shape_classes"] == {"R": 1, "S": 2}
    verify_folder(Output(), folder, both)  # type: ignore[arg-type]
    assert "classes     R: 1 of 3, S: 2 of 3" in capsys.readouterr().out


def test_a_verifier_is_of_the_class_that_a_public_input_names() -> None:
    """Lie: a proof of one class under the name of another, which the other's verifier is asked."""
    for name, asked in (("R", "S"), ("S", "M"), ("Z", "S")):
        with pytest.raises(VerificationError) as caught:
            StarkVerifier("fast", asked).verify(replace(chain()[1], shape_class=name), b"")
        assert caught.value.reason is Failure.WRONG_KEY
    assert StarkVerifiers("fast").shape_classes == ("S", "M", "R")
    assert StarkVerifiers("fast").of("Z") is None and StarkVerifiers("fast", ["S"]).of("R") is None


def largest() -> PublicInput:
    """The public input with the longest numbers."""
    rates = (1 - (1 << PREMIUM_RATE_BITS),) * 2
    most = replace(chain()[2], number=(1 << NUMBER_BITS) - 1, time=FOREVER, premium_rates=rates)
    identifier = (1 << CHAIN_BITS) - 1
    return replace(
        most,
        chain=identifier,
        venue=identifier,
        total=(1 << CASH_BITS) - 1,
        deposits_before=(1 << QUEUE_BITS) - 1,
    )


def test_no_line_is_wider_than_80_columns() -> None:
    texts = []
    for name in PARAMETER_SETS:
        wide = Verified(largest(), CLAMPED, StarkVerifier(name, "M").pins, 100.04, 2**23, 10**6)
        redone = [replace(wide, public=replace(wide.public, redo=True))] * 30
        texts += [statement_text(wide), chain_text(redone)]
        texts.append(explanation_text(explanation(wide.pins, 100.04, is_chain=True)))
    assert [line for text in texts for line in text.splitlines() if len(line) > WIDTH] == []


def test_times_are_utc_to_the_millisecond_and_never_fail() -> None:
    assert utc(1_723_000_000_007) == "2024-08-07 03:06:40.007 UTC"
    assert utc(0) == "1970-01-01 00:00:00.000 UTC"
    assert utc(FOREVER) == f"{FOREVER} ms after 1970"


def test_every_sentence_of_the_explanation_rests_on_a_rule_a_claim_or_a_page() -> None:
    claims = {
        each.claim
        for table in circuit().tables
        for each in (*table.graph.constraints, *table.graph.interactions)
    }
    pages = (ROOT / "docs" / "spec").glob("*.md")
    rules = {
        rule
        for page in pages
        for rule in re.findall(r"^\*\*([a-z0-9.-]+)\*\*", page.read_text(), re.MULTILINE)
    }
    said = explanation(StandIn.pins, 102.6, is_chain=True)
    assert set(said.shown) >= {*SHOWN, JOINED} and said.not_shown == NOT_SHOWN
    for each in (*said.shown, *said.not_shown):
        assert each.sources
        for source in each.sources:
            assert source in claims | rules or (ROOT / source).is_file(), source


def test_explain_tells_of_joining_only_where_batches_were_joined(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    folder = target(tmp_path, *chain())
    for place, is_chain in ((folder, True), (folder / "batches" / "000000", False)):
        said = record(capsys, place, explain=True)["explanation"]
        assert (JOINED.to_record() in said["shown"]) is is_chain  # type: ignore[index]
        assert len(said["not_shown"]) == len(NOT_SHOWN)  # type: ignore[index]
