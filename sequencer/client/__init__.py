"""The client of a venue: a core without input or output, and what drives it over HTTP.

`from sequencer.client import Venue, Keystore`; docs/client.md shows a bot.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sequencer.client.aio import AsyncVenue
    from sequencer.client.connection import Settings
    from sequencer.client.errors import (
        ClientError,
        Misbehaviour,
        NotOnLot,
        NotOnTick,
        OrderRefused,
        TransportError,
        VenueProblem,
        WrongAnswer,
    )
    from sequencer.client.keystore import Keystore
    from sequencer.client.terms import Terms
    from sequencer.client.venue import Venue

__all__ = [
    "AsyncVenue",
    "ClientError",
    "Keystore",
    "Misbehaviour",
    "NotOnLot",
    "NotOnTick",
    "OrderRefused",
    "Settings",
    "Terms",
    "TransportError",
    "Venue",
    "VenueProblem",
    "WrongAnswer",
]

_HOMES = {
    **dict.fromkeys(__all__, "errors"),
    "AsyncVenue": "aio",
    "Keystore": "keystore",
    "Settings": "connection",
    "Terms": "terms",
    "Venue": "venue",
}
"""The module of each name, loaded when the name is asked for: the list of commands imports this
package for its help, and must not pay for HTTP, TLS and a curve."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
