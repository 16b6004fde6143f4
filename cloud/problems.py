"""Every error an API answer can be, as RFC 9457 problem+json: ours, FastAPI's and the unexpected."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from cloud.documents import PROBLEM_MEDIA_TYPE, InvalidRequest, body_of
from cloud.errors import DATABASE_ERRORS, DatabaseAway, Problem
from cloud.parts import weeding

VALUE_SHOWN_MAX = 100
"""Of a wrong value so many characters are told back."""

CODE_OF_STATUS = {404: "no_such_path", 405: "method_not_allowed", 408: "body_too_slow", 413: "body_too_large"}


class HttpProblem(Problem):
    """The request does not fit any route."""

    def __init__(self, error: HTTPException) -> None:
        super().__init__(str(error.detail), headers=dict(error.headers or {}))
        self.status = error.status_code
        self.code = CODE_OF_STATUS.get(error.status_code, "http_error")


def answer(request: Request, problem: Problem) -> JSONResponse:
    """Return the problem as an answer."""
    body = body_of(problem, request.scope.get("request_id", ""))
    return JSONResponse(body, status_code=problem.status, media_type=PROBLEM_MEDIA_TYPE, headers=problem.headers)


def add_handlers(app: FastAPI) -> None:
    """Let the application answer every error as a problem."""
    app.add_exception_handler(Problem, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, _database)
    app.add_exception_handler(Exception, _unexpected)


def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return answer(request, error)


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return answer(request, HttpProblem(error))


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [_error(one) for one in error.errors()]
    first = errors[0] if errors else {"field": "body", "expected": "valid JSON"}
    return answer(request, InvalidRequest(f"{first['field']}: {first['expected']}", errors=errors))


def _error(one: dict[str, Any]) -> dict[str, str]:
    """Name the field as the caller wrote it, what was found there and what was expected."""
    field = ".".join(str(part) for part in one["loc"])
    return {"field": field, "found": repr(one.get("input"))[:VALUE_SHOWN_MAX], "expected": one["msg"]}


def _database(request: Request, error: Exception) -> JSONResponse:
    # The error may hold the address of the database: the log has it, the caller need not.
    said = answer(request, DatabaseAway())
    said.background = weeding(request, error)
    return said


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    del error  # logged by the server with its traceback
    return answer(request, Problem())
