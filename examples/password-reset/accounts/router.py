"""Finds the handler for a request and turns every outcome into a response."""

from __future__ import annotations

import traceback
from typing import Callable, Mapping

from . import handlers
from .app import App
from .web import HttpError, Request, Response

Handler = Callable[[App, Request], Response]

ROUTES: Mapping[str, Mapping[str, Handler]] = {
    "/health": {"GET": handlers.health},
    "/register": {"POST": handlers.register},
    "/login": {"POST": handlers.login},
    "/me": {"GET": handlers.me},
    "/logout": {"POST": handlers.logout},
}


def respond(app: App, request: Request) -> Response:
    try:
        return _handler(request)(app, request)
    except HttpError as error:
        return error.response
    except Exception:
        traceback.print_exc()
        return Response(500, {"error": "internal error"})


def _handler(request: Request) -> Handler:
    methods = ROUTES.get(request.path)
    if methods is None:
        raise HttpError(404, "no such path")
    if request.method not in methods:
        raise HttpError(405, "method not allowed", {"Allow": ", ".join(methods)})
    return methods[request.method]
