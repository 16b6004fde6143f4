"""The form of a request as fields. Ours are short and hold no files, so anything else is refused before it is kept."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

from cloud.errors import Problem

FORM_TYPE: Final = "application/x-www-form-urlencoded"

FORM_BYTES_MAX: Final = 64 * 1024
"""A form of ours has a few hundred bytes; one that names every store of a chain, some thousand."""

FIELDS_MAX: Final = 1_000


class FormUnreadable(Problem):
    """This is no form of ours."""

    status = 400
    code = "form_unreadable"


class FormTooLarge(Problem):
    """A form of ours is never so large."""

    status = 413
    code = "form_too_large"


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form as browsers send it (WHATWG URL, section 5.1); of a field given twice the last.

    A request without a body is a form without fields. Raises FormUnreadable or FormTooLarge.
    """
    body = await _body(request)
    if not body:
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        raise FormUnreadable
    try:
        fields = parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError as error:
        raise FormUnreadable from error
    if any("\x00" in name or "\x00" in value for name, value in fields):
        raise FormUnreadable  # nobody types it, and the database cannot keep it
    return dict(fields)


async def _body(request: Request) -> bytes:
    """Return the body. Of one that is too large no more is held than shows it."""
    held = bytearray()
    async for chunk in request.stream():
        held += chunk
        if len(held) > FORM_BYTES_MAX:
            raise FormTooLarge
    return bytes(held)
