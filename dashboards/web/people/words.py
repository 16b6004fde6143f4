"""What is wrong with a field about a person, in words."""

from __future__ import annotations

from cloud.access.login.model import (
    LOGIN_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
    PersonRefused,
)
from dashboards.web.visit import Visit


def _(text: str) -> str:
    """Mark a text for the catalogue; it is translated when it is shown."""
    return text


BUSY = _("Many people are logging in just now. Try again in a moment.")

WORDS: dict[str, tuple[str, int]] = {
    "login_missing": (_("Enter a log-in name."), 0),
    "login_unusable": (_("A log-in name has at most %(n)s characters, all of them visible."), LOGIN_CHARACTERS_MAX),
    "login_taken": (_("Somebody has this log-in name already."), 0),
    "name_missing": (_("Enter what the person is called."), 0),
    "name_unusable": (_("A name has at most %(n)s characters, all of them visible."), NAME_CHARACTERS_MAX),
    "role_unknown": (_("Choose a role."), 0),
    "stores_missing": (_("Choose at least one store."), 0),
    "password_too_short": (_("A password has at least %(n)s characters."), PASSWORD_CHARACTERS_MIN),
    "password_too_long": (_("A password has at most %(n)s characters."), PASSWORD_CHARACTERS_MAX),
    "password_too_common": (_("This is among the first that are guessed. Choose another."), 0),
}


def refused(visit: Visit, problem: PersonRefused) -> str:
    """Return what is wrong, in the language of the page."""
    text, number = WORDS.get(problem.code, (_("This cannot be kept. Choose another."), 0))
    return visit.gettext(text) % {"n": number}
