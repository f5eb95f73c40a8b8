"""What commands read of a committee's files: the word for a batch, and members' public keys with
proofs of possession. What is wrong with one is said before anybody is called."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from rollup.crypto.bls import is_possessed
from rollup.files import read_bounded
from rollup.l1.committee import FAULT_DETAILS
from rollup.l1.committee_files import (
    PARAMETERS_BYTES_MAX,
    WORD_BYTES_MAX,
    PublicMember,
    attestation_from_bytes,
    member_from_bytes,
    parameters_from_bytes,
)
from rollup.program.cli import CommandError, ExitCode, input_file
from rollup.protocol.committee import (
    Attestation,
    Committee,
    attested,
    availability_message,
)
from rollup.protocol.market import Governance
from rollup.protocol.public import PublicInput
from rollup.protocol.rejection import Rejected

Record = TypeVar("Record")


def word_for(public: PublicInput, path: Path | None) -> Attestation | None:
    """The committee's word in a file, which holds for a batch; None where there is no committee,
    and none is wanted. Usage error where a file is lacking or too many; CommandError (INVALID) for
    a word that L1 would refuse."""
    committee = public.governance.committee
    if not committee:
        if path is not None:
            detail = f"the parameters of batch {public.number} have no committee"
            raise click.UsageError(f"--attestation: {detail}")
        return None
    if path is None:
        wanted = f"{committee.threshold} of {len(committee.keys)} members"
        detail = f"batch {public.number} wants the word of {wanted}: --attestation FILE"
        raise click.UsageError(f"{detail}, which crypsis sequencer attest writes")
    word = _read(path, WORD_BYTES_MAX, attestation_from_bytes)
    fault = attested(committee, availability_message(public.digest()), word)
    if fault is not None:
        text = f"{path}: no word for batch {public.number}: {FAULT_DETAILS[fault]}"
        raise CommandError(ExitCode.INVALID, text, {"error": text, "reason": fault.value})
    return word


def members_in(paths: Sequence[Path]) -> Sequence[PublicMember]:
    """Members by their public files, by rising key, each of whom has shown that the secret is
    known. CommandError (INVALID) for one who has not, usage error for one who comes twice."""
    found: dict[bytes, PublicMember] = {}
    for path in paths:
        member = _read(path, WORD_BYTES_MAX, member_from_bytes)
        if not is_possessed(member.key, member.possession):
            text = f"{path}: the proof of possession does not hold for the key"
            raise CommandError(ExitCode.INVALID, text)
        if member.key in found:
            raise click.UsageError(f"{path}: the same key came before")
        found[member.key] = member
    return [found[key] for key in sorted(found)]


def proofs_for(committee: Committee, members: Sequence[PublicMember]) -> tuple[bytes, ...]:
    """A proof of possession for each key of a committee, in their order. Usage error where one is
    lacking, or of nobody's."""
    proofs = {each.key: each.possession for each in members}
    lacking = [key for key in committee.keys if key not in proofs]
    if lacking:
        of = f"{len(lacking)} of {len(committee.keys)} members, {lacking[0].hex()[:16]}... first"
        raise click.UsageError(f"no proof of possession is here of {of}: --possession FILE")
    if len(proofs) > len(committee.keys):
        (first, *_) = sorted(proofs.keys() - set(committee.keys))
        raise click.UsageError(f"{first.hex()[:16]}... is no member of this committee")
    return tuple(proofs[key] for key in committee.keys)


def committee_of(members: Sequence[PublicMember], threshold: int) -> Committee:
    """So many of these members. Usage error where there is no such committee."""
    try:
        return Committee(threshold, tuple(each.key for each in members))
    except Rejected as refusal:
        raise click.UsageError(f"--threshold: {refusal}") from refusal


def parameters_in(path: Path) -> Governance:
    """The parameters in a file."""
    return _read(path, PARAMETERS_BYTES_MAX, parameters_from_bytes)


def _read(path: Path, most: int, read: Callable[[bytes], Record]) -> Record:
    with input_file(path):
        return read(read_bounded(path, most))
