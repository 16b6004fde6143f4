"""One thing the doctor looked at, and what it found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`ok`: as it should be. `warn`: LiveShelf runs, somebody should look. `fail`: it does not run, or says what is not
    true. `hint` says what to do about it.
    """

    subject: str
    verdict: Verdict
    said: str
    hint: str = ""
