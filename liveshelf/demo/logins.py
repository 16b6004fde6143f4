"""Somebody of every role for the demo, each with a password made for this run."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from psycopg import Connection
from psycopg.rows import TupleRow

from cloud.access.login.model import ROLES, Role
from cloud.access.login.service import create_person, make_pin
from contract.ids import StoreId

NAMES: dict[Role, str] = {
    "staff": "Lin",
    "installer": "Ivo",
    "manager": "Maria",
    "developer": "Dev",
    "loss_prevention": "Lou",
    "admin": "Ada",
}

PIN_LASTS = timedelta(hours=8)
"""Wall time in which a phone can join: as long as one shows a demo around."""

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""No letter that looks like another one: people type these from a terminal into a phone."""

PARTS, LETTERS_A_PART = 3, 4
"""Twelve of 31 letters: 59 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIn:
    """What somebody types to log in, and who that is."""

    login: str
    role: Role
    password: str


def make_logins(connection: Connection[TupleRow], store: StoreId, *, at: datetime) -> list[LogIn]:
    """Make one person of each role, called as the role, and return how they log in; `at` is shop time."""
    made = [LogIn(login=role.replace("_", "-"), role=role, password=make_password()) for role in ROLES]
    for one in made:
        create_person(
            connection, login=one.login, name=NAMES[one.role], role=one.role, stores=[store], password=one.password,
            at=at,
        )  # fmt: skip
    return made


def make_phone_pin(connection: Connection[TupleRow], logins: Sequence[LogIn], *, wall_at: datetime) -> str:
    """Return a PIN by which a phone logs in as the person who refills shelves."""
    staff = next(one for one in logins if one.role == "staff")
    return make_pin(connection, staff.login, wall_at=wall_at, lasts=PIN_LASTS)


def keep_logins(path: Path, logins: Sequence[LogIn]) -> None:
    """Write the log-ins into a file only this user can read, for scripts that look at the pages."""
    path.touch(mode=0o600)
    path.write_text(json.dumps([asdict(one) for one in logins], indent=1), encoding="utf-8")


def make_password() -> str:
    """Return a new password such as `kfp7-mwnr-xtq3`."""
    parts = ("".join(secrets.choice(LETTERS) for _ in range(LETTERS_A_PART)) for _ in range(PARTS))
    return "-".join(parts)
