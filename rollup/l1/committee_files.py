"""What a committee's people hand each other as files: a member's public key with its proof of
possession, the word of enough members for a batch, and parameters of a venue as its governor
announces them.

JSON in ASCII; nothing in them is secret. Spec: docs/spec/24-committee.md.
"""

import json
from dataclasses import dataclass
from typing import Final, TypeVar

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.forms import Form, fixed, record
from rollup.codec.strict import CodecError
from rollup.l1.forms import ATTESTATION, GOVERNANCE
from rollup.protocol.committee import MEMBER_KEY_BYTES, MEMBER_SIGNATURE_BYTES, Attestation
from rollup.protocol.market import Governance
from rollup.protocol.rejection import Rejected

WORD_BYTES_MAX: Final = 1 << 12
"""Of a file with a key or a word."""

PARAMETERS_BYTES_MAX: Final = 1 << 16

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class PublicMember:
    """What a governor is told of a member: its public key, and the proof that it has the secret."""

    key: bytes
    possession: bytes


PUBLIC_MEMBER: Final = record(
    PublicMember, key=fixed(MEMBER_KEY_BYTES), possession=fixed(MEMBER_SIGNATURE_BYTES)
)


def member_to_bytes(member: PublicMember) -> bytes:
    """A member's public file."""
    return _written(PUBLIC_MEMBER, member)


def member_from_bytes(data: bytes) -> PublicMember:
    """The same, read; whether the proof holds is not asked. CodecError if it is none."""
    return _read("member", PUBLIC_MEMBER, data, WORD_BYTES_MAX)


def attestation_to_bytes(attestation: Attestation) -> bytes:
    """A committee's word for one batch."""
    return _written(ATTESTATION, attestation)


def attestation_from_bytes(data: bytes) -> Attestation:
    """The same, read; whether it holds is not asked. CodecError if it is none."""
    return _read("attestation", ATTESTATION, data, WORD_BYTES_MAX)


def parameters_to_bytes(governance: Governance) -> bytes:
    """A venue's parameters, as they stand in its genesis file."""
    return _written(GOVERNANCE, governance)


def parameters_from_bytes(data: bytes) -> Governance:
    """The same, read. CodecError if they are none, or none that could be in force."""
    return _read("parameters", GOVERNANCE, data, PARAMETERS_BYTES_MAX)


def _written(form: Form[Record], found: Record) -> bytes:
    return json.dumps(form.write(found), indent=2, sort_keys=True).encode("ascii") + b"\n"


def _read(name: str, form: Form[Record], data: bytes, most: int) -> Record:
    if len(data) > most:
        raise CodecError(f"{name}: wanted at most {most} bytes, got {len(data)}")
    try:
        return form.read(Node(shallow_json.loads(data.decode("ascii")), name))
    except Rejected as refusal:
        raise CodecError(f"{name}: {refusal}") from refusal
    except CodecError:
        raise
    except ValueError as error:
        raise CodecError(f"{name}: not JSON in ASCII ({str(error)[:80]})") from error
