"""What is said to somebody who must wait before the next try."""

from __future__ import annotations

from cloud.access.login.service import LoginThrottled
from dashboards.web.visit import Visit


def throttled(visit: Visit, error: LoginThrottled) -> str:
    """Return why a try was not looked at, and how long to wait."""
    if error.code == "login_busy":
        return visit.gettext("Many people are logging in just now. Try again in a moment.")
    seconds = max(1, round(error.retry_after_s))
    told = visit.ngettext(
        "Too many wrong tries. Wait %(n)s second.", "Too many wrong tries. Wait %(n)s seconds.", seconds
    )
    return told % {"n": seconds}
