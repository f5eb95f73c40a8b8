"""What a venue sends a member, and what the member answers: one batch by POST, a signature in JSON.

POST /v1/attestations   length of public.json (8 bytes, big-endian) || public.json || data.bin
200 {"key", "signature"}   in hex
409 with `wanted`          batches before it are lacking, this is the first; null: come later
400, 422                   it is no batch, or none that follows: do not come again
"""

from typing import Final

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.strict import CodecError
from rollup.protocol.public_json import PUBLIC_BYTES_MAX
from rollup.protocol.published_data import DATA_BYTES_MAX

ATTESTATIONS_PATH: Final = "/v1/attestations"
LENGTH_BYTES: Final = 8
CANDIDATE_BYTES_MAX: Final = LENGTH_BYTES + PUBLIC_BYTES_MAX + DATA_BYTES_MAX
ANSWER_BYTES_MAX: Final = 1 << 12
NUMBER_MAX: Final = 1 << 40


def candidate_to_bytes(public: bytes, data: bytes) -> bytes:
    """A batch as it is sent."""
    return len(public).to_bytes(LENGTH_BYTES, "big") + public + data


def candidate_from_bytes(body: bytes) -> tuple[bytes, bytes]:
    """`public.json` and `data.bin` of a batch that was sent. CodecError if it is none."""
    length = int.from_bytes(body[:LENGTH_BYTES], "big")
    rest = body[LENGTH_BYTES:]
    if len(body) < LENGTH_BYTES or length > min(len(rest), PUBLIC_BYTES_MAX):
        raise CodecError("candidate: its length, public.json and data.bin are wanted")
    return rest[:length], rest[length:]


def wanted_from_json(body: bytes) -> int | None:
    """The batch that a member lacks, by its refusal. CodecError if it says nothing of the kind."""
    record = _node(body).record(("code", "status", "detail", "wanted"))
    if record["wanted"].value is None:
        return None
    number = record["wanted"].integer()
    if not 0 < number < NUMBER_MAX:
        raise CodecError("a number of a batch is wanted")
    return number


def _node(body: bytes) -> Node:
    try:
        return Node(shallow_json.loads(body.decode("ascii")), "answer")
    except ValueError as error:
        raise CodecError("answer: JSON in ASCII is wanted") from error
