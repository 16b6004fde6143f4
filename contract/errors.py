"""The root of every LiveShelf error, so that a program can tell ours from a bug."""

from __future__ import annotations

import re

_HOST_AND_PORT = re.compile(r"[^@=:]*(:[0-9]+)?")


class LiveShelfError(Exception):
    """Something LiveShelf knows how to say went wrong.

    `retryable` tells the caller what to do next: try the same again later, or tell a person.
    """

    retryable: bool = False

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").split("\n", maxsplit=1)[0])


class ConfigurationError(LiveShelfError):
    """A setting or an input file is wrong; the message names the place, what was found and what was expected."""


class PayloadError(LiveShelfError):
    """A message on the wire cannot be used."""


class UnreadableEnvelope(PayloadError):
    """The message is not the JSON object its topic asks for."""


class UnknownVersion(PayloadError):
    """The message speaks a version of the wire format this program does not know."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(f"v: found {found}, expected at most {known}")
        self.found = found
        self.known = known


class BadBody(PayloadError):
    """The envelope is good, its content is not: the message names the field."""


class HardwareError(LiveShelfError):
    """A sensor or its bus did not answer as its data sheet says."""

    retryable = True


def without_secret(text: str) -> str:
    """Return what was found in a setting, fit for a message.

    Where the password lies in an address that cannot be read nobody can tell, so only its scheme is repeated.
    """
    scheme, mark, rest = text.rpartition("://")
    if _HOST_AND_PORT.fullmatch(rest):
        return text
    return f"{scheme}://…" if mark and scheme.isalnum() else "…"
