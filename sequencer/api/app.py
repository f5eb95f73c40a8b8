"""The application: the routes of the table, every error a problem, limits around all of it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp

from sequencer.api.door import Door
from sequencer.api.handlers import Context
from sequencer.api.limits import LOG, Limits
from sequencer.api.metrics import Metrics
from sequencer.api.openapi import describe
from sequencer.api.private_stream import private_stream
from sequencer.api.problems import Code, Problem
from sequencer.api.public_stream import public_stream
from sequencer.api.routes import ROUTES, Route
from sequencer.api.sockets import Places, endpoint

STREAMS: Final = (
    ("public", "/v1/stream", public_stream),
    ("private", "/v1/private/stream", private_stream),
)
"""WebSockets, which OpenAPI cannot describe: docs/api.md does."""

_OF_STATUS = {404: Code.NOT_FOUND, 405: Code.METHOD}


def make_app(door: Door, more: Sequence[BaseRoute] = (), *, publishes: bool = False) -> ASGIApp:
    """What a server runs: the API, and what is served beside it; what batches publish if
    `publishes`, since that tells whoever asks which accounts each of them touched."""
    measured = Metrics(door)
    routes = [
        StarletteRoute(each.path, _answered(each, measured), methods=[each.method])
        for each in ROUTES
    ]
    places = Places()
    streams = [
        WebSocketRoute(path, endpoint(name, stream, places, same_origin=name == "private"))
        for name, path, stream in STREAMS
    ]
    handlers = {HTTPException: _http_exception}
    app = Starlette(routes=[*routes, *streams, *more], exception_handlers=handlers)
    app.router.redirect_slashes = False
    app.state.context = Context(door, measured, describe(ROUTES), publishes)
    return Limits(app, measured)


def _answered(route: Route, measured: Metrics) -> Callable[[Request], Awaitable[Response]]:
    """A handler whose time is measured and whose failures become problems.

    Of one that nobody foresaw only its kind is logged: a traceback could show what is private.
    """

    async def handler(request: Request) -> Response:
        try:
            with measured.seconds.labels(route.path).time():
                return await route.handler(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody hears it
        except Problem as error:
            problem = error
        except Exception as error:
            LOG.error("%s %s failed: %s", route.method, route.path, type(error).__name__)
            problem = Problem(Code.INTERNAL, "it was logged")
        measured.problems.labels(problem.code.value).inc()
        return problem.response()

    return handler


async def _http_exception(request: Request, error: Exception) -> Response:
    """What the router refuses: no such path, or another method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    code = _OF_STATUS.get(status, Code.INTERNAL)
    response = Problem(code, f"{request.method} is not for this path").response()
    response.headers.update(headers or {})
    return response
