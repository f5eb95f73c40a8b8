"""A mirror of what a venue publishes, fetched while it lives and checked as it comes.

Nothing is written that does not follow from what is there already, so a mirror that stopped goes on
where it ended, and whoever answers can keep data back and cannot make it up.
"""

from collections.abc import Iterator
from typing import Final

import httpx

from rollup.availability.holder import Holder
from rollup.codec.strict import CodecError
from rollup.files import DATA_FILE, PUBLIC_FILE
from rollup.program.resource import Resource
from rollup.protocol.public_json import PUBLIC_BYTES_MAX, public_from_json
from rollup.protocol.published_data import DATA_BYTES_MAX, published_from_bytes
from sequencer.client import wire
from sequencer.client.errors import WrongAnswer
from sequencer.client.flow import OCTETS, OK, Ask, problem_of
from sequencer.client.http import TIMEOUT, Address, Body, headers_of, transport_error
from sequencer.mirror.folder import Mirror
from sequencer.mirror.following import Followed, refused_in

STATUS_BYTES_MAX: Final = 1 << 16


class Source(Resource):
    """A venue that is asked for its published files. ClientError where it does not give them."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        """`transport` is for tests."""
        self._http = httpx.Client(
            base_url=Address(url).url,
            transport=transport,
            timeout=TIMEOUT,
            trust_env=False,
            follow_redirects=False,
        )

    @property
    def proved(self) -> int:
        """The last batch that L1 took, as the venue says."""
        body = self._get(Ask("GET", "/v1/status", STATUS_BYTES_MAX))
        return wire.read(body, "status", wire.status).proved

    def files(self, number: int) -> tuple[bytes, bytes]:
        """`public.json` and `data.bin` of a proved batch."""
        path = f"/v1/batches/{number}"
        public = self._get(Ask("GET", f"{path}/{PUBLIC_FILE}", PUBLIC_BYTES_MAX))
        data = Ask("GET", f"{path}/{DATA_FILE}", DATA_BYTES_MAX, media_type=OCTETS)
        return public, self._get(data)

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def _get(self, ask: Ask) -> bytes:
        try:
            with self._http.stream(ask.method, ask.path, headers=headers_of(ask)) as response:
                body = Body(ask, response)
                for part in response.iter_bytes():
                    body.add(part)
                reply = body.reply()
        except httpx.HTTPError as error:
            raise transport_error(error, ask) from None
        if reply.status != OK:
            raise problem_of(reply)
        return reply.body


def fetch(source: Source, mirror: Mirror, holder: Holder) -> Iterator[Followed]:
    """Fetch the proved batches after the holder's last, each written once the holder took it in.
    ClientError or DataRefused."""
    for number in range(holder.number + 1, source.proved + 1):
        public, data = source.files(number)
        try:
            records = public_from_json(public), published_from_bytes(data)
        except CodecError as error:
            raise WrongAnswer(f"batch {number}: {error}") from None
        with refused_in(mirror.place(number)):
            holder.follow(*records)
        mirror.keep(number, public, data)
        yield Followed(number, len(records[1].leaves), len(data))
