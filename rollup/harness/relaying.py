"""Who carries words between home and its outposts: asks members over HTTP, and brings what enough
of them sign. It has no say, and anybody can be one. Spec: docs/spec/25-chains.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from rollup.codec.strict import CodecError
from rollup.l1.connection import RemoteError
from rollup.l1.interface import Reverted
from rollup.l1.relay import Relay, Said, Sight, TooFewSigned
from rollup.l1.remote import RemoteL1
from rollup.l1.remote_home import SeenHome
from rollup.l1.remote_outpost import RemoteOutpost
from rollup.l1.words import (
    SAID_BYTES_MAX,
    WORDS_PATH,
    follows_from_json,
    said_to_json,
    signed_from_json,
)
from rollup.program.resource import Resource

TIMEOUT: Final = httpx.Timeout(60.0, connect=3.0)
ANSWER_BYTES_MAX: Final = 1 << 20
"""Who a member is, with the outposts that it follows: up to a thousand."""

SENDER: Final = b"\x7e" * 20
"""In whose name words are brought, where nothing else is said: nobody asks whose it is."""

CALLS_MAX: Final = 64
"""Calls to one outpost in one round, so that a long inbox does not keep the others waiting."""


class MemberFails(Exception):
    """A member was not asked, or gave no signature; says why."""


class NotAnnounced(Exception):
    """Home does not hear of an outpost."""


class MemberWords(Resource):
    """A member at an address, as a relay asks it."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        """`transport` is for tests. CodecError for what is no address."""
        self.url = url
        self.trouble = ""
        self._key: bytes | None = None
        base = _address(url)
        self._http = httpx.Client(
            base_url=base,
            transport=transport,
            timeout=TIMEOUT,
            trust_env=False,
            follow_redirects=False,
        )

    @property
    def key(self) -> bytes | None:
        """Its public key, as it says; None where it does not answer."""
        if self._key is None:
            try:
                status, body = self._asked("GET", b"")
                if status == httpx.codes.OK:
                    self._key = follows_from_json(body).key
            except (MemberFails, CodecError) as error:
                self.trouble = str(error)[:SAID_BYTES_MAX]
        return self._key

    def sign(self, said: Said) -> bytes | None:
        """Its signature; None where it gives none, and then `trouble` says why."""
        try:
            status, body = self._asked("POST", said_to_json(said))
            if status != httpx.codes.OK:
                raise MemberFails(f"it answered {status}")
            signed = signed_from_json(body)
        except (MemberFails, CodecError) as error:
            self.trouble = str(error)[:SAID_BYTES_MAX]
            return None
        return signed.signature if signed.key == self._key else None

    def close(self) -> None:
        """Let the connection go."""
        self._http.close()

    def _asked(self, verb: str, content: bytes) -> tuple[int, bytes]:
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        try:
            with self._http.stream(verb, WORDS_PATH, content=content, headers=headers) as response:
                body = b""
                for part in response.iter_bytes():
                    body += part
                    if len(body) > ANSWER_BYTES_MAX:
                        raise MemberFails("it answered too much")
                return response.status_code, body
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise MemberFails(f"it is not reached ({type(error).__name__})") from None


def _address(url: str) -> httpx.URL:
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise CodecError(f"{url}: an address is wanted ({error})") from error
    if found.scheme not in ("http", "https") or not found.host:
        raise CodecError(f"{url}: an address as http://127.0.0.1:8560 is wanted")
    return found


@dataclass(frozen=True, slots=True)
class Carried:
    """What a round brought of one outpost: so many deposits home, so many payouts there, and which
    proved batch the outpost heard of, if it heard. `trouble` is why it went no further, if it is
    any."""

    url: str
    chain: int | None = None
    taken: int = 0
    let_out: int = 0
    number: int | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Relaying:
    """A relay of one home and some outposts, with the members it asks."""

    home: RemoteL1
    outposts: Sequence[RemoteOutpost]
    members: Sequence[MemberWords]
    sender: bytes = SENDER

    def round(self) -> Iterator[Carried]:
        """Bring all that there is, outpost by outpost; one that is not reached stops no other."""
        for outpost in self.outposts:
            yield self._carried(outpost)

    def _carried(self, outpost: RemoteOutpost) -> Carried:
        done: dict[str, int | None] = {"taken": 0, "let_out": 0, "number": None}
        chain, trouble = None, ""
        try:
            chain = outpost.link.chain
            self._carry(outpost, done)
        except (RemoteError, NotAnnounced) as error:
            trouble = str(error)
        except TooFewSigned as error:
            trouble = f"{error}{self._silent()}"
        except Reverted as error:
            trouble = f"refused: {error}"
        return Carried(outpost.url, chain, trouble=trouble, **done)  # type: ignore[arg-type]

    def _carry(self, outpost: RemoteOutpost, done: dict[str, int | None]) -> None:
        """`done` has what was brought, also where it ends with an error."""
        if not Sight(SeenHome(self.home), outpost).is_announced():
            raise NotAnnounced("home was told of no such outpost: it is to be announced first")
        committee = self.home.governance.committee
        for _ in range(CALLS_MAX):
            taken = self._relay(outpost).take_in(committee)
            if not taken:
                break
            done["taken"] = (done["taken"] or 0) + taken
        for _ in range(CALLS_MAX):
            before = outpost.standing[1]
            if not self._relay(outpost).tell():
                break
            number, sent, _, _ = outpost.standing
            done["let_out"], done["number"] = (done["let_out"] or 0) + sent - before, number

    def _relay(self, outpost: RemoteOutpost) -> Relay:
        """With home as it is now."""
        named = [(each.key, each.sign) for each in self.members]
        known = [(key, sign) for key, sign in named if key is not None]
        return Relay(Sight(SeenHome(self.home), outpost), known, self.sender)

    def _silent(self) -> str:
        """Which members gave nothing, and why."""
        said = [f"; {each.url}: {each.trouble}" for each in self.members if each.trouble]
        for each in self.members:
            each.trouble = ""
        return "".join(said)
