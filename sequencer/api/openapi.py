"""The description of the API, OpenAPI 3.1, out of the table that its routes are made of."""

from collections import defaultdict
from importlib.metadata import version
from typing import Final

from sequencer.api.limits import OCTETS
from sequencer.api.problems import KINDS, PROBLEM_TYPE, Code
from sequencer.api.routes import Parameter, Route
from sequencer.api.schemas import PROBLEM

OPENAPI_VERSION: Final = "3.1.0"
_EVERYWHERE: Final = (Code.BUSY, Code.INTERNAL)


def describe(routes: tuple[Route, ...]) -> dict[str, object]:
    """The whole description, as an object to write as JSON."""
    paths: dict[str, dict[str, object]] = defaultdict(dict)
    for route in routes:
        paths[route.path][route.method.lower()] = _operation(route)
    return {
        "openapi": OPENAPI_VERSION,
        "info": {
            "title": "crypsis sequencer",
            "version": version("crypsis"),
            "description": "A private venue: orders come sealed, and so do answers to owners.",
        },
        "paths": dict(paths),
        "components": {"schemas": {"Problem": PROBLEM}},
    }


def _operation(route: Route) -> dict[str, object]:
    operation: dict[str, object] = {
        "operationId": route.name,
        "summary": route.summary,
        "responses": {"200": _success(route), **_problems(route)},
    }
    if route.parameters:
        operation["parameters"] = [_parameter(each) for each in route.parameters]
    if route.body_max:
        octets = {"type": "string", "format": "binary", "maxLength": route.body_max}
        operation["requestBody"] = {"required": True, "content": {OCTETS: {"schema": octets}}}
    return operation


def _success(route: Route) -> dict[str, object]:
    shape = {"type": "string"} if route.schema is None else route.schema
    return {"description": route.summary, "content": {route.media_type: {"schema": shape}}}


def _problems(route: Route) -> dict[str, object]:
    """One response a status; the names of its problems stand in the description."""
    by_status: dict[int, list[Code]] = defaultdict(list)
    for code in (*route.problems, *_EVERYWHERE):
        by_status[KINDS[code].status].append(code)
    return {
        str(status): {
            "description": ", ".join(f"`{code.value}`" for code in codes),
            "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, codes in sorted(by_status.items())
    }


def _parameter(parameter: Parameter) -> dict[str, object]:
    shape: dict[str, object] = {
        "type": "integer",
        "minimum": parameter.least,
        "maximum": parameter.most,
    }
    if parameter.default is not None:
        shape["default"] = parameter.default
    is_required = parameter.where == "path"
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": is_required,
        "schema": shape,
    }
