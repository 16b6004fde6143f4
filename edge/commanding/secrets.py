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
    """Return the text with the password of the broker the agent has where it is hidden."""
    password = urlsplit(broker).password
    if password is None:
        return text
    return _PASSWORD.sub(
        lambda found: found["before"] + (password if found["password"] == HIDDEN else found["password"]), text
    )
