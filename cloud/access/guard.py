"""The door of every route: the key in the Authorization header, and the scope the route asks for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from cloud.access.model import Caller, Scope
from cloud.errors import KeyRejected, ScopeMissing, UnknownStore
from cloud.parts import PartsOf

_bearer = HTTPBearer(auto_error=False, scheme_name="ApiKey", description="an API key: `lsk_…`")


async def _caller(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)], parts: PartsOf
) -> Caller:
    if credentials is None:
        raise KeyRejected("found no API key, expected it as 'Authorization: Bearer lsk_…'")
    return await parts.keys.caller(credentials.credentials, at=parts.clock.now())


CallerOf = Annotated[Caller, Depends(_caller)]


class Needs:
    """A dependency that gives the caller when its key covers a scope. Raises KeyRejected or ScopeMissing."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def __call__(self, caller: CallerOf) -> Caller:
        """Return the caller."""
        if not caller.may(self._scope):
            raise ScopeMissing(f"this needs the scope {self._scope}", scope=self._scope)
        return caller


def check_store(caller: Caller, store: str) -> None:
    """Raise UnknownStore when the key does not cover the store: whether it exists is not the caller's business."""
    if not caller.knows(store):
        raise UnknownStore(f"no store {store!r} is known to this key", store=store)
