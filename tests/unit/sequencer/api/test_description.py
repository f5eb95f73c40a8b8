"""Requests that the description allows, and such that it does not, drawn by schemathesis: every
answer is as described, and none says that something failed inside."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi import checks as openapi

from sequencer.api.app import make_app
from sequencer.api.door import Door
from sequencer.api.routes import ROUTES, Route
from tests.helpers.daemon import INTERVAL_MS, Simulation

EXAMPLES = 15
CHECKS = [
    not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_schema_conformance,
    openapi.response_headers_conformance,
]
"""Not those that judge whether a request should have been taken: a body of the right type is seldom
a whole number of envelopes, and a number within bounds seldom a batch."""


CASES = [
    (route, mode)
    for route in ROUTES
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or route.parameters or route.body_max
]
"""What takes nothing cannot be given anything wrong."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    """A venue with two proved batches and an open one."""
    simulation = Simulation(tmp_path_factory.mktemp("api") / "target")
    simulation.pass_time(2 * INTERVAL_MS + 300)
    door = Door(simulation.daemon)
    yield schemathesis.openapi.from_asgi("/openapi.json", make_app(door))
    assert door.failure is None
    door.close()


@pytest.mark.parametrize(("route", "mode"), CASES, ids=lambda each: each.name.lower())
def test_every_answer_is_as_described_and_none_is_a_failure(
    api: BaseSchema, route: Route, mode: GenerationMode
) -> None:
    operation = api[route.path][route.method]

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    check()
