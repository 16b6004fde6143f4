"""SQL of people, sessions, PINs and wrong tries. Nothing here commits; a person is locked before what is theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.rows import TupleRow, class_row

from cloud.access.login.model import Person, Role
from cloud.access.login.throttling import Key, Tries

Link = Connection[TupleRow]

PEOPLE = """SELECT person_id, login, name, role, stores, language, disabled_at IS NOT NULL AS disabled
            FROM person ORDER BY login"""

ADD_PERSON = """INSERT INTO person (login, name, role, stores, password_hash, made_at)
                VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (login) DO NOTHING RETURNING person_id"""

CREDENTIALS = "SELECT person_id, login, password_hash FROM person WHERE login = %s AND disabled_at IS NULL"

# Whoever lets a person in holds the row, so that a change of password or a switching off meanwhile is not missed.
HOLD_UNCHANGED = """SELECT person_id FROM person
                      WHERE person_id = %s AND password_hash = %s AND disabled_at IS NULL FOR NO KEY UPDATE"""

HOLD_BY_PIN = """SELECT p.person_id FROM person p JOIN login_pin l USING (person_id)
                 WHERE l.digest = %s AND l.expires_at > %s AND p.disabled_at IS NULL FOR NO KEY UPDATE OF p"""

PIN_HOLDS = "SELECT EXISTS (SELECT FROM login_pin WHERE person_id = %s AND digest = %s)"

CHANGE_HASH = "UPDATE person SET password_hash = %s WHERE login = %s RETURNING person_id"

REHASH = "UPDATE person SET password_hash = %s WHERE person_id = %s"

DISABLE = "UPDATE person SET disabled_at = coalesce(disabled_at, %s) WHERE login = %s RETURNING person_id"

ENABLE = "UPDATE person SET disabled_at = NULL WHERE login = %s RETURNING person_id"

SET_LANGUAGE = "UPDATE person SET language = %s WHERE person_id = %s"

ADD_SESSION = (
    "INSERT INTO session (digest, person_id, made_at, seen_at) VALUES (%(digest)s, %(person)s, %(at)s, %(at)s)"
)

END_OLDEST = """DELETE FROM session WHERE digest IN
                (SELECT digest FROM session WHERE person_id = %s ORDER BY seen_at DESC, digest OFFSET %s)"""

SESSION = """SELECT p.person_id, p.login, p.name, p.role, p.stores, p.language, s.made_at, s.seen_at
             FROM session s JOIN person p USING (person_id) WHERE s.digest = %s AND p.disabled_at IS NULL"""

SEEN = "UPDATE session SET seen_at = %(at)s WHERE digest = %(digest)s AND seen_at < %(at)s"

END_SESSION = "DELETE FROM session WHERE digest = %s"

END_SESSIONS = "DELETE FROM session WHERE person_id = %s AND digest IS DISTINCT FROM %s"

EPOCH = "SELECT epoch FROM database_epoch"

PUT_PIN = """INSERT INTO login_pin (person_id, digest, made_at, expires_at) VALUES (%s, %s, %s, %s)
             ON CONFLICT (person_id) DO UPDATE SET digest = EXCLUDED.digest, made_at = EXCLUDED.made_at,
                 expires_at = EXCLUDED.expires_at"""

DROP_PIN = "DELETE FROM login_pin WHERE person_id = %s"

BEGIN_TRIES = """INSERT INTO login_attempt (scope, subject, level, counted_at) VALUES (%s, %s, 0, %s)
                 ON CONFLICT DO NOTHING"""

LOCK_TRIES = (
    """SELECT level, counted_at, blocked_until FROM login_attempt WHERE scope = %s AND subject = %s FOR UPDATE"""
)

PUT_TRIES = """UPDATE login_attempt SET level = %s, counted_at = %s, blocked_until = %s
               WHERE scope = %s AND subject = %s"""

# One try was no wrong one; a block that another one set meanwhile stays.
TAKE_BACK = """UPDATE login_attempt SET level = greatest(level - 1, 0),
                   blocked_until = CASE WHEN blocked_until = %s THEN NULL ELSE blocked_until END
               WHERE scope = %s AND subject = %s"""

DROP_TRIES = "DELETE FROM login_attempt WHERE scope = %s AND subject = %s"

# What somebody is at work with is left for the next round.
FORGET_SESSIONS = """DELETE FROM session WHERE digest IN (SELECT digest FROM session
                     WHERE seen_at <= %s OR made_at <= %s FOR UPDATE SKIP LOCKED)"""

FORGET_PINS = """DELETE FROM login_pin WHERE person_id IN (SELECT person_id FROM login_pin
                 WHERE expires_at <= %s FOR UPDATE SKIP LOCKED)"""

FORGET_TRIES = """DELETE FROM login_attempt WHERE (scope, subject) IN (SELECT scope, subject FROM login_attempt
                  WHERE counted_at <= %s FOR UPDATE SKIP LOCKED)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a password is checked against."""

    person_id: int
    login: str
    password_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A session that was found, and the person's row beside it; whether it still holds is for the model to say."""

    person_id: int
    login: str
    name: str
    role: Role
    stores: list[str]
    language: str | None
    made_at: datetime
    seen_at: datetime

    @property
    def person(self) -> Person:
        """Whose session it is."""
        return Person(
            person_id=self.person_id, login=self.login, name=self.name, role=self.role, stores=frozenset(self.stores),
            language=self.language,
        )  # fmt: skip


def people(link: Link) -> list[Person]:
    """Return everybody, the disabled too, by log-in name."""
    rows = link.execute(PEOPLE).fetchall()
    return [
        Person(
            person_id=person_id, login=login, name=name, role=role, stores=frozenset(stores), language=language,
            disabled=disabled,
        )
        for person_id, login, name, role, stores, language, disabled in rows
    ]  # fmt: skip


def add_person(
    link: Link, *, login: str, name: str, role: Role, stores: Sequence[str], password_hash: str, at: datetime
) -> int | None:
    """Keep a new person and return their number; None when somebody has the log-in name already."""
    row = link.execute(ADD_PERSON, (login, name, role, list(stores), password_hash, at)).fetchone()
    return None if row is None else int(row[0])


def credentials(link: Link, login: str) -> Credentials | None:
    """Return what the password of somebody who is not disabled is checked against."""
    with link.cursor(row_factory=class_row(Credentials)) as cursor:
        return cursor.execute(CREDENTIALS, (login,)).fetchone()


def hold_unchanged(link: Link, person_id: int, password_hash: str) -> bool:
    """Hold the person's row; False when password or right to enter were changed since."""
    return link.execute(HOLD_UNCHANGED, (person_id, password_hash)).fetchone() is not None


def hold_by_pin(link: Link, digest: bytes, *, wall_at: datetime) -> int | None:
    """Hold the row of the person this PIN lets in and return their number; None when it lets nobody in."""
    row = link.execute(HOLD_BY_PIN, (digest, wall_at)).fetchone()
    # Waiting for the row, another PIN may have replaced this one.
    if row is None or link.execute(PIN_HOLDS, (row[0], digest)).fetchone() != (True,):
        return None
    return int(row[0])


def set_password(link: Link, login: str, password_hash: str) -> int | None:
    """Give a person another password and return their number; None when there is no such log-in."""
    return _number(link, CHANGE_HASH, (password_hash, login))


def rehash(link: Link, person_id: int, password_hash: str) -> None:
    """Keep the same password with the costs of today."""
    link.execute(REHASH, (password_hash, person_id))


def disable(link: Link, login: str, *, at: datetime) -> int | None:
    """Let a person in no more and return their number; None when there is no such log-in."""
    return _number(link, DISABLE, (at, login))


def enable(link: Link, login: str) -> int | None:
    """Let a person in again and return their number; None when there is no such log-in."""
    return _number(link, ENABLE, (login,))


def set_language(link: Link, person_id: int, language: str | None) -> None:
    """Keep the language a person reads."""
    link.execute(SET_LANGUAGE, (language, person_id))


def add_session(link: Link, person_id: int, digest: bytes, *, sessions_max: int, wall_at: datetime) -> None:
    """Keep a new session and end those above the limit, the one unused for longest first. The person's row is held."""
    link.execute(ADD_SESSION, {"digest": digest, "person": person_id, "at": wall_at})
    link.execute(END_OLDEST, (person_id, sessions_max))


def session(link: Link, digest: bytes) -> SessionRow | None:
    """Return the session of somebody who is not disabled, live or not."""
    with link.cursor(row_factory=class_row(SessionRow)) as cursor:
        return cursor.execute(SESSION, (digest,)).fetchone()


def seen(link: Link, digest: bytes, *, wall_at: datetime) -> None:
    """Note that a session was used."""
    link.execute(SEEN, {"digest": digest, "at": wall_at})


def end_session(link: Link, digest: bytes) -> None:
    """End one session."""
    link.execute(END_SESSION, (digest,))


def end_sessions(link: Link, person_id: int, *, but: bytes | None = None) -> None:
    """End a person's sessions but one, and their PIN."""
    link.execute(END_SESSIONS, (person_id, but))
    link.execute(DROP_PIN, (person_id,))


def epoch(link: Link) -> str:
    """Return the identity of this database."""
    row = link.execute(EPOCH).fetchone()
    assert row is not None, "migrations write it"
    return str(row[0])


def put_pin(link: Link, person_id: int, digest: bytes, *, wall_at: datetime, expires_at: datetime) -> None:
    """Give a person a PIN instead of an earlier one. Raises UniqueViolation when somebody else has the same."""
    link.execute(PUT_PIN, (person_id, digest, wall_at, expires_at))


def lock_tries(link: Link, keys: Sequence[Key], *, wall_at: datetime) -> dict[Key, Tries]:
    """Return the wrong tries of each key; nobody else counts them meanwhile. Keys come in the order of their scopes."""
    found: dict[Key, Tries] = {}
    for key in keys:
        link.execute(BEGIN_TRIES, (key.scope, key.subject, wall_at))
        with link.cursor(row_factory=class_row(Tries)) as cursor:
            tries = cursor.execute(LOCK_TRIES, (key.scope, key.subject)).fetchone()
        found[key] = tries or Tries(level=0.0, counted_at=wall_at)
    return found


def put_tries(link: Link, tries: Mapping[Key, Tries]) -> None:
    """Keep how often somebody was wrong."""
    for key, one in tries.items():
        link.execute(PUT_TRIES, (one.level, one.counted_at, one.blocked_until, key.scope, key.subject))


def take_back(link: Link, key: Key, counted: Tries) -> None:
    """Take back the try that made the count this: it was not a wrong one."""
    link.execute(TAKE_BACK, (counted.blocked_until, key.scope, key.subject))


def drop_tries(link: Link, key: Key) -> None:
    """Forgive all wrong tries of a key."""
    link.execute(DROP_TRIES, (key.scope, key.subject))


def forget_sessions(link: Link, *, seen_before: datetime, made_before: datetime) -> None:
    """Forget sessions not used since, and those begun before."""
    link.execute(FORGET_SESSIONS, (seen_before, made_before))


def forget_pins(link: Link, *, wall_at: datetime) -> None:
    """Forget PINs that have run out."""
    link.execute(FORGET_PINS, (wall_at,))


def forget_tries(link: Link, *, before: datetime) -> None:
    """Forget wrong tries counted last before that time."""
    link.execute(FORGET_TRIES, (before,))


def _number(link: Link, statement: str, values: tuple[object, ...]) -> int | None:
    row = link.execute(statement.encode(), values).fetchone()
    return None if row is None else int(row[0])
