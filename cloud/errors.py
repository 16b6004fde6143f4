"""Problems an API answer can name: each knows its status, its stable code and the facts that go with it."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg_pool import PoolTimeout

from contract.errors import LiveShelfError

DATABASE_ERRORS: tuple[type[Exception], ...] = (PoolTimeout, psycopg.OperationalError)
"""What a request meets when the database is away."""


class Problem(LiveShelfError):
    """Something went wrong.

    `status` is the HTTP status, `code` a stable word for programs, the docstring of the class the title for people.
    `facts` are further members of the RFC 9457 answer, `headers` go with it.
    """

    status: int = 500
    code: str = "internal_error"

    def __init__(self, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **facts: object) -> None:
        super().__init__(detail)
        self.headers = dict(headers or {})
        self.facts = facts

    @property
    def title(self) -> str:
        """The kind of problem, the same for all its occurrences."""
        return (type(self).__doc__ or "").split("\n", maxsplit=1)[0].rstrip(".")


class KeyRejected(Problem):
    """The API key is missing, unknown, expired or revoked."""

    status = 401
    code = "key_rejected"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class ScopeMissing(Problem):
    """The API key does not cover this."""

    status = 403
    code = "scope_missing"


class UnknownStore(Problem):
    """This key knows no such store."""

    status = 404
    code = "unknown_store"


class UnknownSku(Problem):
    """The store has no such SKU."""

    status = 404
    code = "unknown_sku"


class UnknownPosition(Problem):
    """The store's planogram has no such position."""

    status = 404
    code = "unknown_position"


class UnknownTask(Problem):
    """There is no such task."""

    status = 404
    code = "unknown_task"


class UnknownOrder(Problem):
    """There is no such replenishment order."""

    status = 404
    code = "unknown_order"


class UnknownDevice(Problem):
    """There is no such device."""

    status = 404
    code = "unknown_device"


class CommandTooLarge(Problem):
    """The command does not fit one message to a device."""

    status = 422
    code = "command_too_large"


class AnswerUnusable(Problem):
    """The device answered what nobody can use."""

    status = 502
    code = "answer_unusable"


class DeviceSilent(Problem):
    """The device did not answer in time."""

    status = 504
    code = "device_silent"
    retryable = True


class LinkAway(Problem):
    """Devices cannot be asked: there is no connection to their broker."""

    status = 503
    code = "link_away"
    retryable = True

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": "2"})


class IdempotencyKeyMissing(Problem):
    """A request that writes needs an Idempotency-Key header."""

    status = 400
    code = "idempotency_key_missing"


class IdempotencyKeyReused(Problem):
    """This Idempotency-Key was used for another request."""

    status = 422
    code = "idempotency_key_reused"


class RequestInProgress(Problem):
    """A request with this Idempotency-Key is still being carried out."""

    status = 409
    code = "request_in_progress"
    retryable = True

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": "1"})


class StaleState(Problem):
    """Somebody was faster: the thing is no longer in the state this needs."""

    status = 409
    code = "stale_state"


class ChangesPruned(Problem):
    """The changes asked for are no longer kept.

    The fact `oldest` is the first number that is.
    """

    status = 410
    code = "changes_pruned"


class DatabaseAway(Problem):
    """The database does not answer."""

    status = 503
    code = "database_away"
    retryable = True

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": "1"})
