"""What a member of a committee is asked between chains, and what it answers: JSON over HTTP.

GET  /v1/words             {"key", "outposts"}: who it is, and which outposts it follows
POST /v1/words             one of `rollup.l1.outpost_forms.SAID`
200 {"key", "signature"}   it reads the same of both chains by itself, and signs
400                        it is nothing that is said between chains
404                        it follows no such outpost
409                        it reads something else: what time may mend
503                        it does not reach one of the two chains
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from rollup.codec import shallow_json
from rollup.codec.fields import Node
from rollup.codec.forms import Form, fixed, many, record
from rollup.codec.strict import CodecError
from rollup.l1.elsewhere_forms import OUTPOSTS_MAX
from rollup.l1.outpost_forms import LINK, SAID
from rollup.l1.relay import Said
from rollup.protocol.checkpoint import Link
from rollup.protocol.committee import MEMBER_KEY_BYTES, MEMBER_SIGNATURE_BYTES
from rollup.protocol.rejection import Rejected

WORDS_PATH: Final = "/v1/words"
SAID_BYTES_MAX: Final = 1 << 12

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Signed:
    """A member's word: its public key and its signature."""

    key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Follows:
    """Who a member is, and which outposts it reads."""

    key: bytes
    outposts: Sequence[Link]


_KEY = fixed(MEMBER_KEY_BYTES)
_SIGNED: Form[Signed] = record(Signed, key=_KEY, signature=fixed(MEMBER_SIGNATURE_BYTES))
_FOLLOWS: Form[Follows] = record(Follows, key=_KEY, outposts=many(LINK, OUTPOSTS_MAX))


def said_to_json(said: Said) -> bytes:
    """What a member is asked to sign."""
    return json.dumps(SAID.write(said)).encode("ascii")


def said_from_json(body: bytes) -> Said:
    """The same, read. CodecError if it is none."""
    return _read(SAID, body)


def signed_to_json(signed: Signed) -> bytes:
    """A member's answer."""
    return json.dumps(_SIGNED.write(signed)).encode("ascii")


def signed_from_json(body: bytes) -> Signed:
    """The same, read. CodecError if it is none."""
    return _read(_SIGNED, body)


def follows_to_json(follows: Follows) -> bytes:
    """Who a member says that it is."""
    return json.dumps(_FOLLOWS.write(follows)).encode("ascii")


def follows_from_json(body: bytes) -> Follows:
    """The same, read. CodecError if it is none."""
    return _read(_FOLLOWS, body)


def _read(form: Form[T], body: bytes) -> T:
    try:
        return form.read(Node(shallow_json.loads(body.decode("ascii")), "word"))
    except CodecError:
        raise
    except (Rejected, ValueError) as error:
        raise CodecError("word: JSON in ASCII of its form is wanted") from error
