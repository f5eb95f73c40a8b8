"""`crypsis verify`: one proof bundle, or a folder of bundles that must join.

Circuit, pins and parameters come from the package and the command line, never from a bundle; of
the shape classes that the package has, or that are asked for, a bundle says which it is of. Plain
Python, like the verifier itself: no numpy and no numba on the import path.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from circuits.commands.explain import explanation, explanation_text
from circuits.commands.statement import (
    Verified,
    chain_record,
    chain_text,
    statement_record,
    statement_text,
)
from circuits.stark import errors
from circuits.stark.errors import Failure
from circuits.stark.parameters import PARAMETER_SETS
from circuits.stark.proof import encoded_length
from circuits.stark.shape import shape_of
from circuits.statement.pinned import packaged_circuit
from circuits.verify import PROOF_BYTES_MAX, StarkVerifier, StarkVerifiers
from rollup.codec.strict import CodecError
from rollup.crypto.plain_recovery import plain_signer_of
from rollup.files import PROOF_FILE, PUBLIC_FILE, PUBLIC_FOLDER, FileTooLarge, read_bounded
from rollup.native.memory import collector_paused
from rollup.ports import VerificationError
from rollup.program.cli import CommandError, ExitCode, Output
from rollup.protocol.chain import ChainBroken, require_chained
from rollup.protocol.pricing import PriceRefused, Pricing, require_priced
from rollup.protocol.public import PublicInput
from rollup.protocol.public_json import PUBLIC_BYTES_MAX, public_from_json
from rollup.protocol.rejection import Rejected
from rollup.protocol.shape_class import SHAPE_CLASSES
from rollup.protocol.steps import require_step_kept

BUNDLES = (f"*/{PUBLIC_FOLDER}/{PUBLIC_FILE}", f"*/*/{PUBLIC_FOLDER}/{PUBLIC_FILE}")
"""Where a folder of batches has its bundles, and a folder that has such a folder."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder with a public input that has been read, and a proof that has not."""

    folder: Path
    public: PublicInput

    @property
    def proof_file(self) -> Path:
        """Where the proof is."""
        return self.folder / PROOF_FILE


def verify_folder(
    console: Output, folder: Path, verifiers: StarkVerifiers, *, explain: bool = False
) -> None:
    """Verify what the folder holds and say what it shows; CommandError says why it does not."""
    bundle = bundle_at(folder)
    if bundle is not None:
        chain = [verify_bundle(_read(bundle), verifiers)]
        record, text = statement_record(chain[0]), statement_text(chain[0])
    else:
        chain = _verify_chain(console, folder, verifiers)
        record, text = chain_record(chain), chain_text(chain)
    if explain:
        bits = min(each.bits for each in chain)
        said = explanation(chain[0].pins, bits, is_chain=bundle is None)
        record["explanation"] = said.to_record()
        text = f"{text}\n\n{explanation_text(said)}"
    console.result(record, text)


def bundle_at(folder: Path) -> Path | None:
    """The one bundle that a folder is or has; None if it may hold several batches."""
    for place in (folder, folder / PUBLIC_FOLDER):
        if (place / PUBLIC_FILE).exists() or (place / PROOF_FILE).exists():
            return place
    return None


def bundles_in(folder: Path) -> list[Path]:
    """The bundles of all batches in a folder. CommandError if there is none."""
    if not folder.is_dir():
        raise CommandError(ExitCode.BAD_INPUT, f"{folder}: no such folder")
    for pattern in BUNDLES:
        found = sorted(file.parent for file in folder.glob(pattern))
        if found:
            return found
    wanted = f"{PUBLIC_FILE}, or several at */{PUBLIC_FOLDER}/{PUBLIC_FILE}"
    raise CommandError(ExitCode.BAD_INPUT, f"{folder}: a folder with {wanted} is wanted")


def _verify_chain(console: Output, folder: Path, verifiers: StarkVerifiers) -> list[Verified]:
    """Every batch in the folder by its number, then that they join."""
    bundles = sorted(map(_read, bundles_in(folder)), key=lambda bundle: bundle.public.number)
    verified: list[Verified] = []
    for bundle in bundles:
        console.progress(
            f"batch {bundle.public.number}: {len(verified)} of {len(bundles)} verified"
        )
        verified.append(verify_bundle(bundle, verifiers))
    _require_chained(folder, [each.public for each in verified])
    return verified


def _require_chained(folder: Path, publics: Sequence[PublicInput]) -> None:
    try:
        require_chained(publics)
    except ChainBroken as broken:
        record = {
            "valid": False,
            "proofs_valid": True,
            "reason": broken.link.name,
            "batch": broken.number,
            "detail": broken.detail,
            "file": str(folder),
        }
        message = f"{folder}: every proof is valid, but the batches do not join: {broken}"
        raise CommandError(ExitCode.ROOTS_DIFFER, message, record) from broken


def _read(folder: Path) -> Bundle:
    """The bundle in a folder. CommandError if its public input is not one."""
    file = folder / PUBLIC_FILE
    try:
        return Bundle(folder, public_from_json(read_bounded(file, PUBLIC_BYTES_MAX)))
    except (CodecError, FileTooLarge) as error:
        detail = str(error).removeprefix(f"{PUBLIC_FILE}: ").removeprefix(f"{file}: ")
        raise _invalid(file, Failure.MALFORMED.name, detail) from error


@collector_paused()
def verify_bundle(bundle: Bundle, verifiers: StarkVerifiers) -> Verified:
    """A bundle whose proof is valid for its public input, and whose prices are what its reports
    give. CommandError if it is not."""
    verifier = _verifier_of(bundle, verifiers)
    start = perf_counter()
    file, number = bundle.proof_file, bundle.public.number
    try:
        proof = read_bounded(file, PROOF_BYTES_MAX)
        verifier.verify(bundle.public, proof)
    except FileTooLarge as error:
        detail = str(error).removeprefix(f"{file}: ")
        raise _invalid(file, Failure.MALFORMED.name, detail, number) from error
    except VerificationError as error:
        reason, detail = error.reason.name, str(error)
        if error.reason is Failure.MALFORMED:
            others = sets_of_length(len(proof))
            if others:
                reason = "OTHER_PARAMETERS"
                asked = f"{verifier.pins.parameter_set}/{verifier.pins.shape_class}"
                detail = (
                    f"these are the bytes of a proof of {' or '.join(others)}; "
                    f"--parameters and the public input say {asked}"
                )
        raise _invalid(file, reason, detail, number) from error
    milliseconds = round((perf_counter() - start) * 1000)
    pricing = _priced(bundle)
    _require_step_kept(bundle)
    return Verified(bundle.public, pricing, verifier.pins, verifier.bits, len(proof), milliseconds)


def _verifier_of(bundle: Bundle, verifiers: StarkVerifiers) -> StarkVerifier:
    """The verifier of the class that a bundle names. CommandError where none is accepted."""
    named = bundle.public.shape_class
    found = verifiers.of(named)
    if found is None:
        accepted = ", ".join(verifiers.shape_classes)
        detail = f"the batch is of shape class {named}; accepted is {accepted}"
        file = bundle.folder / PUBLIC_FILE
        raise _invalid(file, "OTHER_CLASS", detail, bundle.public.number)
    return found


def _priced(bundle: Bundle) -> Pricing:
    """How the batch came by its prices. CommandError unless signed reports give them."""
    try:
        return require_priced(bundle.public, plain_signer_of)
    except PriceRefused as refused:
        file, number = bundle.folder / PUBLIC_FILE, bundle.public.number
        raise _invalid(file, refused.fault.name, refused.detail, number) from refused


def _require_step_kept(bundle: Bundle) -> None:
    """CommandError where the batch goes on with a step that stands still, or at other terms."""
    try:
        require_step_kept(bundle.public)
    except Rejected as refused:
        file, number = bundle.folder / PUBLIC_FILE, bundle.public.number
        raise _invalid(file, refused.reason.name, refused.detail, number) from refused


def sets_of_length(length: int) -> list[str]:
    """The parameter sets and shape classes whose proofs have so many bytes, as "fast/S"."""
    found = []
    for shape_class in SHAPE_CLASSES.values():
        for parameters in PARAMETER_SETS.values():
            try:
                shape = shape_of(packaged_circuit(shape_class), parameters)
            except errors.VerificationError:
                continue  # a class too tall for the set has no proofs
            if encoded_length(shape) == length:
                found.append(f"{parameters.name}/{shape_class.name}")
    return found


def _invalid(file: Path, reason: str, detail: str, batch: int | None = None) -> CommandError:
    """The refusal of a bundle, by the file at fault."""
    record: dict[str, object] = {"valid": False, "reason": reason, "detail": detail}
    where = str(file) if batch is None else f"{file} (batch {batch})"
    if batch is not None:
        record["batch"] = batch
    record["file"] = str(file)
    return CommandError(ExitCode.INVALID, f"invalid: {where}: {reason}: {detail}", record)
