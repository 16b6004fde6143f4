"""Hide the password of the broker when the file is shown, and put it back when the text comes back (pure)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

HIDDEN = "***"
_PASSWORD = re.compile(r"(?P<before>mqtts?://[^\s/@:\"']*:)(?P<password>[^\s\"']*)(?=@)")


def without_secret(text: str) -> str:
    """Return the text with every password of a broker hidden, in comments too."""
    return _PASSWORD.sub(lambda found: found["before"] + HIDDEN, text)


def with_secret(text: str, broker: str) -> str:
    """Return the text with the address of the agent's own broker whole again where its password is hidden.

    Another scheme, user, host or port than the agent's gets no password: whoever sends a file could have it sent to
    themselves.
    """
    hidden = re.escape(without_secret(broker))
    return re.sub(rf"{hidden}(?=/?(?:[\s\"']|$))", lambda _: broker, text)


def is_hidden(broker: str) -> bool:
    """Tell whether the password of an address is one that was hidden."""
    return urlsplit(broker).password == HIDDEN
