"""The call a program makes for the answer a page shows, ready to be pasted into a shell (pure)."""

from __future__ import annotations

import shlex
from typing import Final
from urllib.parse import quote, urlencode

KEY_VARIABLE: Final = "KEY"
"""Where the reader is to put an API key: pages never show one."""


def availability_url(base: str, sku: str, store: str) -> str:
    """Return the address of an answer; `base` is the address of the site, such as http://127.0.0.1:8080."""
    return f"{base.rstrip('/')}/v1/availability/{quote(sku, safe='')}?{urlencode({'store': store})}"


def curl(url: str) -> str:
    """Return the command that asks for the answer at an address."""
    return f'curl -H "Authorization: Bearer ${KEY_VARIABLE}" \\\n  {shlex.quote(url)}'
