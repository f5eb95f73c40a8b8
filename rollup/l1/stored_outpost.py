"""A mock outpost as bytes: what it was created with and everything it stores."""

from dataclasses import dataclass

from rollup.codec.forms import record
from rollup.l1.canonical_file import from_bytes, to_bytes
from rollup.l1.outpost import OutpostDeployment, OutpostState
from rollup.l1.outpost_forms import OUTPOST_DEPLOYMENT, OUTPOST_STATE

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class StoredOutpost:
    """What a mock outpost goes on from."""

    deployment: OutpostDeployment
    state: OutpostState


_FORM = record(StoredOutpost, deployment=OUTPOST_DEPLOYMENT, state=OUTPOST_STATE)


def outpost_to_bytes(stored: StoredOutpost) -> bytes:
    """The one encoding."""
    return to_bytes(_FORM, FORMAT_VERSION, stored)


def outpost_from_bytes(data: bytes) -> StoredOutpost:
    """What these bytes hold. Raises CodecError, naming what was wanted and what came."""
    return from_bytes(_FORM, FORMAT_VERSION, data, "outpost")
