"""The application: the routes of the table, every error a problem, limits around all of it."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp

from sequencer.api.door import Door
from sequencer.api.handlers import Context
from sequencer.api.limits import LOG, Limits
from sequencer.api.metrics import Metrics
from sequencer.api.openapi import describe
from sequencer.api.problems import Code, Problem
from sequencer.api.routes import ROUTES, Route

_OF_STATUS = {404: Code.NOT_FOUND, 405: Code.METHOD}


def make_app(door: Door) -> ASGIApp:
    """What a server runs."""
    measured = Metrics(door)
    routes = [
        StarletteRoute(each.path, _answered(each, measured), methods=[each.method])
        for each in ROUTES
    ]
    handlers = {HTTPException: _http_exception}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    app.state.context = Context(door, measured, describe(ROUTES))
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
