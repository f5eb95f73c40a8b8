"""Metrics for Prometheus, in a registry of their own. Nothing in them is of one account.

How many envelopes came, and how many did not open, is what anybody sees who watches the network;
how many were orders is not counted.
"""

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from sequencer.api.door import Door

SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Metrics:
    """What is counted, and how it is shown."""

    def __init__(self, door: Door) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.envelopes = Counter(
            "crypsis_envelopes",
            "Envelopes delivered, by what their sender was answered.",
            ("answer",),
            registry=self.registry,
        )
        self.problems = Counter(
            "crypsis_problems", "Requests that failed, by name.", ("code",), registry=self.registry
        )
        self.streams = Gauge(
            "crypsis_streams", "Streams that are open.", ("stream",), registry=self.registry
        )
        self.seconds = Histogram(
            "crypsis_request_seconds",
            "From a request's head to the end of its answer.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._watch(door)

    def _watch(self, door: Door) -> None:
        """Gauges that are read from the last view when somebody looks."""
        gauges = {
            "crypsis_batch_opened": ("Last batch opened.", lambda: door.view.opened),
            "crypsis_batch_held": ("Last batch held at L1.", lambda: door.view.held),
            "crypsis_batch_proved": ("Last batch proved.", lambda: door.view.proved),
            "crypsis_warnings": (
                "Bounds of L1 that draw near.",
                lambda: len(door.view.warnings),
            ),
            "crypsis_waiting_requests": ("Requests that wait for the venue.", lambda: door.waiting),
        }
        for name, (help_text, read) in gauges.items():
            Gauge(name, help_text, registry=self.registry).set_function(read)

    def text(self, accept: str) -> tuple[bytes, str]:
        """All of it, in the format that was asked for, and its media type."""
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type
