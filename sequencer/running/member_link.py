"""A member of the committee, by HTTP, as the venue asks it."""

from typing import Final

import httpx

from rollup.codec.strict import CodecError
from rollup.l1.words import signed_from_json
from rollup.program.resource import Resource
from sequencer.client.http import Address
from sequencer.mirror.attesting import (
    ANSWER_BYTES_MAX,
    ATTESTATIONS_PATH,
    candidate_to_bytes,
    wanted_from_json,
)
from sequencer.service.collecting import MemberFails

OCTETS: Final = "application/octet-stream"
TIMEOUT: Final = httpx.Timeout(60.0, connect=5.0)
"""A member hashes and writes a batch, and goes through all that it holds where L1 went back."""

DETAIL_MAX: Final = 200


class MemberOverHttp(Resource):
    """Implements `sequencer.service.collecting.MemberLink` at an address."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        """Refusal for what is no address; `transport` is for tests."""
        self._url = Address(url).url
        self._http = httpx.Client(
            base_url=self._url,
            transport=transport,
            timeout=TIMEOUT,
            trust_env=False,
            follow_redirects=False,
        )

    @property
    def name(self) -> str:
        """Its address."""
        return self._url

    def sign(self, public: bytes, data: bytes) -> tuple[bytes, bytes]:
        """Its word for a batch. MemberFails."""
        status, body = self._posted(candidate_to_bytes(public, data))
        try:
            if status == httpx.codes.OK:
                signed = signed_from_json(body)
                return signed.key, signed.signature
            wanted = wanted_from_json(body) if status == httpx.codes.CONFLICT else None
        except CodecError as error:
            raise MemberFails(str(error)[:DETAIL_MAX]) from None
        raise MemberFails(f"it answered {status}", wanted)

    def close(self) -> None:
        """Let the connection go."""
        self._http.close()

    def _posted(self, content: bytes) -> tuple[int, bytes]:
        headers = {"content-type": OCTETS, "accept-encoding": "identity"}
        try:
            with self._http.stream(
                "POST", ATTESTATIONS_PATH, content=content, headers=headers
            ) as response:
                body = b""
                for part in response.iter_bytes():
                    body += part
                    if len(body) > ANSWER_BYTES_MAX:
                        raise MemberFails("it answered too much")
                return response.status_code, body
        except httpx.HTTPError as error:
            raise MemberFails(f"it is not reached ({type(error).__name__})") from None
