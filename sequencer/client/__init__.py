"""The client of a venue: a core without input or output, and what drives it over HTTP.

`from sequencer.client import Venue, Keystore`; docs/client.md shows a bot.
"""

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
