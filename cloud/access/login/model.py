"""People, roles and rights, and how the secrets of a log-in look (pure)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from cloud.access.model import ALL_STORES
from cloud.errors import Problem

Role = Literal["staff", "installer", "manager", "developer", "loss_prevention", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

Right = Literal[
    "shelves:see", "tasks:work", "availability:see", "losses:see", "system:see", "devices:fit", "people:edit"
]
RIGHTS: tuple[Right, ...] = get_args(Right)

_ALL: frozenset[Right] = frozenset({"shelves:see", "availability:see"})

RIGHTS_OF: Mapping[Role, frozenset[Right]] = {
    "staff": _ALL | {"tasks:work"},
    "installer": _ALL | {"system:see", "devices:fit"},
    "manager": _ALL | {"tasks:work", "losses:see", "system:see"},
    "developer": _ALL,
    "loss_prevention": _ALL | {"losses:see"},
    "admin": frozenset(RIGHTS),
}
"""What each role may do, in the stores its person knows."""

LOGIN_CHARACTERS_MAX = 64
NAME_CHARACTERS_MAX = 200

PASSWORD_CHARACTERS_MIN = 8
"""The least NIST SP 800-63B-4, section 3.1.1.2, lets any password have; where nothing but the password protects a
log-in it asks for 15. It also asks for a block list as below, and for neither composition rules nor regular changes."""

PASSWORD_CHARACTERS_MAX = 256
"""NIST asks for 64 at least; the limit keeps a form from being a load."""

_FIRST_GUESSED = """password password1 passw0rd 12345678 123456789 1234567890 11111111 00000000 88888888 66666666
    87654321 qwertyui qwertyuiop qwerty123 1qaz2wsx 1q2w3e4r abcd1234 abc12345 iloveyou a1234567 a12345678 a123456789
    woaini1314 5201314520 asdfghjk asdfghjkl football baseball princess sunshine superman trustno1"""

PASSWORDS_BLOCKED = frozenset(_FIRST_GUESSED.split())
"""What a guesser tries first, of what is long enough; throttling keeps him from trying many more."""

SESSION_IDLE = timedelta(hours=12)
"""Wall time after which a session nobody used is over: a shift."""

SESSION_LASTS = timedelta(days=30)
"""Wall time after which a session is over however much it was used."""

SESSION_SEEN_EVERY = timedelta(minutes=1)
"""Wall time in which the use of a session is written down once: a page asks many times a minute."""

SESSIONS_MAX = 100
"""So many sessions one person has at most; the one unused for longest ends first."""

PIN_LASTS = timedelta(minutes=15)
PIN_LASTS_MAX = timedelta(days=1)
"""Wall time a PIN holds at most: six digits are no match for an attacker with patience."""

PIN_DIGITS = 6

_NO_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories that stand in no name: control characters, halves of pairs, ends of lines. Joiners do."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class PersonRefused(Problem):
    """A person cannot be kept like this.

    `field` names what is wrong (login, name, role, stores, password, language), `code` how; the page says it in the
    reader's language.
    """

    status = 422

    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}", field=field)
        self.field = field
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may log in. `stores` {*} means all; `language` is None until one was chosen."""

    person_id: int
    login: str
    name: str
    role: Role
    stores: frozenset[str]
    language: str | None = None
    disabled: bool = False

    def may(self, right: Right) -> bool:
        """Tell whether the person's role covers this."""
        return right in RIGHTS_OF[self.role]

    def knows(self, store: str) -> bool:
        """Tell whether the person belongs to this store; any other does not exist for them."""
        return ALL_STORES in self.stores or store in self.stores


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who a browser's token stands for; `csrf` is what its forms must carry."""

    person: Person
    csrf: str


def login_form(typed: str) -> str:
    """Return a log-in name as it is kept and compared: trimmed, small letters, one form of each Unicode character.

    After RFC 8265, section 3.3 (UsernameCaseMapped), with NFKC so that full-width letters of a Chinese keyboard count
    as the same. Doing it twice changes nothing.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", typed).casefold()).strip()


def is_login(login: str) -> bool:
    """Tell whether this, in its kept form, can be anybody's log-in name."""
    return 0 < len(login) <= LOGIN_CHARACTERS_MAX and login.isprintable()


def check_login(typed: str) -> str:
    """Return a new log-in name in its kept form. Raises PersonRefused."""
    login = login_form(typed)
    if not login:
        raise PersonRefused("login", "login_missing", f"found none, expected 1 to {LOGIN_CHARACTERS_MAX} characters")
    if not is_login(login):
        expected = f"expected at most {LOGIN_CHARACTERS_MAX} printable characters"
        raise PersonRefused("login", "login_unusable", f"found {login[:LOGIN_CHARACTERS_MAX]!r}, {expected}")
    return login


def check_name(typed: str) -> str:
    """Return a person's name, trimmed. Raises PersonRefused."""
    name = typed.strip()
    if not name:
        raise PersonRefused("name", "name_missing", "found none, expected what the person is called")
    if len(name) > NAME_CHARACTERS_MAX or any(unicodedata.category(sign) in _NO_TEXT for sign in name):
        expected = f"expected at most {NAME_CHARACTERS_MAX} characters in one line"
        raise PersonRefused("name", "name_unusable", f"found {name[:NAME_CHARACTERS_MAX]!r}, {expected}")
    return name


def check_role(given: str) -> Role:
    """Return the role of that name. Raises PersonRefused."""
    for role in ROLES:
        if role == given:
            return role
    raise PersonRefused("role", "role_unknown", f"found {given!r}, expected one of {', '.join(ROLES)}")


def check_stores(given: Sequence[str]) -> list[str]:
    """Return the stores, each once and in order. Raises PersonRefused when there are none."""
    if not given:
        raise PersonRefused("stores", "stores_missing", f"found none, expected store names, or {ALL_STORES} for all")
    return sorted(set(given))


def password_form(typed: str) -> str:
    """Return a password as it is hashed: NFKC, so that every keyboard gives the same (SP 800-63B-4, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", typed)


def check_password(typed: str, *, login: str) -> str:
    """Return a new password as it is hashed. Raises PersonRefused; `login` is the person's, in its kept form.

    Characters are counted as Unicode code points; spaces count and are kept.
    """
    password = password_form(typed)
    if len(password) < PASSWORD_CHARACTERS_MIN:
        raise PersonRefused("password", "password_too_short", f"expected at least {PASSWORD_CHARACTERS_MIN} characters")
    if len(password) > PASSWORD_CHARACTERS_MAX:
        raise PersonRefused("password", "password_too_long", f"expected at most {PASSWORD_CHARACTERS_MAX} characters")
    if password.casefold() in PASSWORDS_BLOCKED or login_form(password) == login:
        raise PersonRefused("password", "password_too_common", "expected one that is not among the first to be guessed")
    return password


def check_language(tag: str | None) -> str | None:
    """Return a language tag such as `en` or `zh-Hans`, or None for no choice. Raises PersonRefused."""
    if tag is None or _LANGUAGE.fullmatch(tag):
        return tag
    raise PersonRefused("language", "language_unknown", f"found {tag[:20]!r}, expected a tag such as zh-Hans")


def make_token() -> str:
    """Return the token of a new session: 256 random bits in base64."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> bytes | None:
    """Return what is kept of a token, or None when it cannot be one of ours.

    SHA-256 without salt is enough for 256 random bits, and a look-up by it tells nothing of the token by its time.
    """
    if not _TOKEN.fullmatch(token):
        return None
    return hashlib.sha256(token.encode()).digest()


def csrf_of(token: str) -> str:
    """Return what the forms of a session must carry, in hex: HMAC-SHA256 of `csrf` under the token (RFC 2104).

    Whoever can show it has read a page of that session; the token cannot be computed from it.
    """
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def make_pin_text() -> str:
    """Return six random digits."""
    return f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}"


def is_pin(typed: str) -> bool:
    """Tell whether these are six digits."""
    return len(typed) == PIN_DIGITS and typed.isascii() and typed.isdecimal()


def is_live(*, made_at: datetime, seen_at: datetime, wall_at: datetime) -> bool:
    """Tell whether a session that began and was last used then still holds."""
    return wall_at - seen_at < SESSION_IDLE and wall_at - made_at < SESSION_LASTS
