"""What every route says of its errors in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from cloud.errors import (
    AnswerUnusable,
    ChangesPruned,
    CommandTooLarge,
    DatabaseAway,
    DeviceSilent,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    KeyRejected,
    LinkAway,
    Problem,
    RequestInProgress,
    ScopeMissing,
    StaleState,
    UnknownDevice,
    UnknownOrder,
    UnknownPosition,
    UnknownSku,
    UnknownStore,
    UnknownTask,
)

PROBLEM_MEDIA_TYPE = "application/problem+json"


class ProblemBody(BaseModel):
    """An error as RFC 9457 has it; `code` is for programs, `detail` for people, further members are facts."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:liveshelf:problem:unknown_sku"])
    title: str
    status: int
    detail: str
    code: str = Field(description="a stable word for programs")
    request_id: str = Field(description="stands in our logs and in the X-Request-Id header too")


class InvalidRequest(Problem):
    """The request is not of the form this needs."""

    status = 422
    code = "invalid_request"


READ_PROBLEMS: tuple[Problem, ...] = (KeyRejected(), ScopeMissing(), InvalidRequest(), DatabaseAway())
WRITE_PROBLEMS: tuple[Problem, ...] = (
    IdempotencyKeyMissing(), *READ_PROBLEMS, IdempotencyKeyReused(), RequestInProgress(),
)  # fmt: skip
STORE = UnknownStore()
SKU = UnknownSku()
POSITION = UnknownPosition()
TASK = UnknownTask()
ORDER = UnknownOrder()
STALE = StaleState()
DEVICE = UnknownDevice()
ANSWERS: tuple[Problem, ...] = (CommandTooLarge(), AnswerUnusable(), DeviceSilent(), LinkAway())
"""What may come of asking a device."""
CHANGES_PRUNED = ChangesPruned("after: found 17, expected 4710 or more", oldest=4711)


def body_of(problem: Problem, request_id: str) -> dict[str, Any]:
    """Return the JSON body of a problem."""
    return {
        "type": f"urn:liveshelf:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": str(problem),
        "code": problem.code,
        "request_id": request_id,
        **problem.facts,
    }


def responses(*problems: Problem) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of a route, each with an example per code."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for problem in sorted(problems, key=lambda one: (one.status, one.code)):
        media = {"schema": {"$ref": "#/components/schemas/ProblemBody"}, "examples": {}}
        response = by_status.setdefault(
            problem.status, {"description": problem.title, "content": {PROBLEM_MEDIA_TYPE: media}}
        )
        example = {"summary": problem.title, "value": body_of(problem, "req_4f6d1c0a2b3e4d5f")}
        response["content"][PROBLEM_MEDIA_TYPE]["examples"][problem.code] = example
    return by_status
