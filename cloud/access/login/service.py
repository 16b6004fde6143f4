"""People are let in by password or PIN and known by their session. Times here are wall time unless they say otherwise.

Each function is a transaction of its own on a connection that is in none. Logging in insists on that: a wrong try must
be counted whatever the caller does next.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import psycopg
from psycopg.pq import TransactionStatus

from cloud.access.login import model, passwords, repository
from cloud.access.login.model import Person, PersonRefused, Session
from cloud.access.login.repository import Link
from cloud.access.login.throttling import RULES, Key, Tries, after_wrong, keys_of_login, keys_of_pin, wait_s
from cloud.errors import Problem

logger = logging.getLogger(__name__)

TRIES_KEPT = timedelta(days=1)
"""Wall time after which wrong tries are forgotten; by the rules all of them are forgiven well before."""

BUSY_WAIT_S = 2.0
"""Wall seconds after which somebody comes again who met too many others at the door."""

PIN_DRAWS_MAX = 10
"""So often another PIN is drawn when somebody else has the same: with 1,000 of them one draw in a thousand hits one."""


class LoginRefused(Problem):
    """This lets nobody in.

    `field` is what was typed, password or pin; `code` is wrong_password or wrong_pin: whether there is such a log-in
    name it does not say.
    """

    status = 401

    def __init__(self, field: str, code: str) -> None:
        super().__init__(field=field)
        self.field = field
        self.code = code


class LoginThrottled(Problem):
    """Wait before the next try to log in.

    `retry_after_s` is how long, in wall seconds; `code` why: login_throttled after too many wrong tries, login_busy
    when too many people log in at this moment.
    """

    status = 429
    retryable = True

    def __init__(self, retry_after_s: float, code: str = "login_throttled") -> None:
        super().__init__(headers={"Retry-After": str(math.ceil(retry_after_s))})
        self.retry_after_s = retry_after_s
        self.code = code


def create_person(
    connection: Link, *, login: str, name: str, role: str, stores: Sequence[str], password: str, at: datetime
) -> Person:
    """Let somebody in from now on and return who it is. `stores` {*} means all; `at` is shop time.

    Raises PersonRefused naming the field: also when somebody has this log-in name already, disabled or not.
    """
    kept = model.check_login(login)
    called, role_known, known = model.check_name(name), model.check_role(role), model.check_stores(stores)
    hashed = passwords.hash_password(model.check_password(password, login=kept))
    with connection.transaction():
        person_id = repository.add_person(
            connection, login=kept, name=called, role=role_known, stores=known, password_hash=hashed, at=at
        )
    if person_id is None:
        raise PersonRefused("login", "login_taken", f"found {kept!r}, which somebody has already")
    return Person(person_id=person_id, login=kept, name=called, role=role_known, stores=frozenset(known))


def set_password(connection: Link, login: str, password: str, *, keep: str | None = None) -> None:
    """Give somebody another password; their sessions end, but the one with the token `keep`, and so does their PIN.

    Raises PersonRefused when there is no such log-in or the password will not do.
    """
    kept = model.login_form(login)
    hashed = passwords.hash_password(model.check_password(password, login=kept))
    with connection.transaction():
        person_id = _known(repository.set_password(connection, _searchable(kept), hashed), kept)
        repository.end_sessions(connection, person_id, but=model.token_digest(keep) if keep else None)


def disable_person(connection: Link, login: str, *, at: datetime) -> None:
    """Let somebody in no more and end their sessions; `at` is shop time. Raises PersonRefused for an unknown log-in."""
    kept = model.login_form(login)
    with connection.transaction():
        person_id = _known(repository.disable(connection, _searchable(kept), at=at), kept)
        repository.end_sessions(connection, person_id)


def enable_person(connection: Link, login: str) -> None:
    """Let somebody in again, with the password they had. Raises PersonRefused for an unknown log-in."""
    kept = model.login_form(login)
    with connection.transaction():
        _known(repository.enable(connection, _searchable(kept)), kept)


def people(link: Link) -> list[Person]:
    """Return everybody, the disabled too, by log-in name."""
    with link.transaction():
        return repository.people(link)


def set_language(link: Link, person_id: int, language: str | None) -> None:
    """Keep the language somebody reads; None: what their browser asks for. Raises PersonRefused for no language tag."""
    checked = model.check_language(language)
    with link.transaction():
        repository.set_language(link, person_id, checked)


def log_in(link: Link, login: str, password: str, *, address: str, wall_at: datetime) -> str:
    """Return the token of a new session. `address` is where the browser is, as its connection says.

    Raises LoginRefused, in the same time whether the log-in exists or not, or LoginThrottled.
    """
    kept = model.login_form(login)
    keys = keys_of_login(kept, address)
    counted = _count(link, keys, wall_at=wall_at)
    found = _verified(link, kept, password, counted)
    token = _let_in_by_password(link, found, password, counted, wall_at=wall_at) if found else None
    if token is None:
        _tell_refused(counted, by="password", address=address, wall_at=wall_at)
        raise LoginRefused("password", "wrong_password")
    logger.info("logged in", extra={"event": "logged_in", "by": "password", "login": kept, "address": address})
    return token


def make_pin(connection: Link, login: str, *, wall_at: datetime, lasts: timedelta = model.PIN_LASTS) -> str:
    """Return six digits that let somebody in until the time is over, instead of an earlier PIN of theirs.

    Raises PersonRefused for a log-in that is unknown or disabled, ValueError for more than a day.
    """
    if not timedelta() < lasts <= model.PIN_LASTS_MAX:
        raise ValueError(f"lasts: found {lasts}, expected at most {model.PIN_LASTS_MAX}")
    kept = model.login_form(login)
    with connection.transaction():
        found = repository.credentials(connection, _searchable(kept))
        person_id, salt = _known(found.person_id if found else None, kept), repository.epoch(connection)
    for _ in range(PIN_DRAWS_MAX):
        pin = model.make_pin_text()
        digest = passwords.pin_digest(pin, salt=salt)
        try:
            with connection.transaction():
                repository.put_pin(connection, person_id, digest, wall_at=wall_at, expires_at=wall_at + lasts)
        except psycopg.errors.UniqueViolation:
            continue
        return pin
    raise LoginThrottled(BUSY_WAIT_S, "login_busy")


def log_in_by_pin(link: Link, pin: str, *, address: str, wall_at: datetime) -> str:
    """Return the token of a new session for whom the PIN was made. It can be used again until its time is over.

    Raises LoginRefused, or LoginThrottled: wrong PINs of all people, from everywhere, are counted together.
    """
    counted = _count(link, keys_of_pin(), wall_at=wall_at)
    try:
        with link.transaction():
            salt = repository.epoch(link)
        digest = passwords.pin_digest(pin if model.is_pin(pin) else "", salt=salt)
    except passwords.HashingBusy as error:
        raise _busy(link, counted) from error
    token = model.make_token()
    with link.transaction():
        person_id = repository.hold_by_pin(link, digest, wall_at=wall_at)
        if person_id is not None:
            _begin(link, person_id, token, counted, wall_at=wall_at)
    if person_id is None:
        _tell_refused(counted, by="pin", address=address, wall_at=wall_at)
        raise LoginRefused("pin", "wrong_pin")
    logger.info("logged in", extra={"event": "logged_in", "by": "pin", "person_id": person_id, "address": address})
    return token


def session_of(link: Link, token: str, *, wall_at: datetime, prolong: bool = True) -> Session | None:
    """Return whom the token stands for; None when it is unknown, over, or the person is disabled.

    Its use prolongs a session; that is written down once a minute at most. Without `prolong` it is only looked at.
    """
    digest = model.token_digest(token)
    if digest is None:
        return None
    with link.transaction():
        found = repository.session(link, digest)
        if found is None or not model.is_live(made_at=found.made_at, seen_at=found.seen_at, wall_at=wall_at):
            return None
        if prolong and wall_at - found.seen_at >= model.SESSION_SEEN_EVERY:
            repository.seen(link, digest, wall_at=wall_at)
    return Session(person=found.person, csrf=model.csrf_of(token))


def log_out(link: Link, token: str) -> None:
    """End the session, if there is one."""
    digest = model.token_digest(token)
    if digest is not None:
        with link.transaction():
            repository.end_session(link, digest)


def forget(link: Link, *, wall_at: datetime) -> None:
    """Forget sessions and PINs that are over, and wrong tries that are forgiven. Part of the caller's transaction."""
    repository.forget_sessions(
        link, seen_before=wall_at - model.SESSION_IDLE, made_before=wall_at - model.SESSION_LASTS
    )
    repository.forget_pins(link, wall_at=wall_at)
    repository.forget_tries(link, before=wall_at - TRIES_KEPT)


def _count(link: Link, keys: Sequence[Key], *, wall_at: datetime) -> Mapping[Key, Tries]:
    """Count a try as wrong before it is looked at, so that tries made at once cannot pass the limit together.

    Returns the counts with it; a right one is taken back. Raises LoginThrottled when no try is allowed now.
    """
    if link.info.transaction_status != TransactionStatus.IDLE:
        raise psycopg.ProgrammingError("a try to log in needs a connection that is in no transaction")
    with link.transaction():
        held = repository.lock_tries(link, keys, wall_at=wall_at)
        waits_s = _longest_wait_s(held, wall_at=wall_at)
        if waits_s:
            raise LoginThrottled(waits_s)
        counted = {key: after_wrong(tries, RULES[key.scope], at=wall_at) for key, tries in held.items()}
        repository.put_tries(link, counted)
    return counted


def _longest_wait_s(tries: Mapping[Key, Tries], *, wall_at: datetime) -> float:
    return max(wait_s(one, RULES[key.scope], at=wall_at) for key, one in tries.items())


def _tell_refused(counted: Mapping[Key, Tries], *, by: str, address: str, wall_at: datetime) -> None:
    """Write down a wrong try, and a warning when it was one too many; never what was typed, it may be a password."""
    waits_s = round(_longest_wait_s(counted, wall_at=wall_at))
    if waits_s:
        logger.warning(
            "too many wrong tries to log in",
            extra={"event": "login_throttled", "by": by, "address": address, "wait_s": waits_s},
        )
    else:
        logger.info("wrong try to log in", extra={"event": "login_refused", "by": by, "address": address})


def _verified(link: Link, login: str, password: str, counted: Mapping[Key, Tries]) -> repository.Credentials | None:
    """Return who has this log-in name and password; None, in the same time, when nobody has."""
    with link.transaction():
        found = repository.credentials(link, _searchable(login))
    fits = len(password) <= model.PASSWORD_CHARACTERS_MAX
    hashed = found.password_hash if found is not None and fits else None
    try:
        right = passwords.verify(hashed, model.password_form(password) if fits else "")
    except passwords.HashingBusy as error:
        raise _busy(link, counted) from error
    return found if right else None


def _let_in_by_password(
    link: Link, found: repository.Credentials, password: str, counted: Mapping[Key, Tries], *, wall_at: datetime
) -> str | None:
    """Begin a session and return its token; None when the password was changed or the person disabled meanwhile."""
    rehashed = None
    if passwords.needs_rehash(found.password_hash):
        rehashed = passwords.hash_password(model.password_form(password))
    token = model.make_token()
    with link.transaction():
        if not repository.hold_unchanged(link, found.person_id, found.password_hash):
            return None
        if rehashed is not None:
            repository.rehash(link, found.person_id, rehashed)
        _begin(link, found.person_id, token, counted, wall_at=wall_at)
    return token


def _begin(link: Link, person_id: int, token: str, counted: Mapping[Key, Tries], *, wall_at: datetime) -> None:
    """Begin a session of a person whose row is held; the try was none of the wrong ones."""
    digest = model.token_digest(token)
    assert digest is not None, "it was made a moment ago"
    repository.add_session(link, person_id, digest, sessions_max=model.SESSIONS_MAX, wall_at=wall_at)
    # Only the log-in's own count begins anew: whoever has one right password, or one right PIN, could otherwise clear
    # the way for guessing those of others.
    for key, tries in counted.items():
        if key.scope == "login":
            repository.drop_tries(link, key)
        else:
            repository.take_back(link, key, tries)


def _busy(link: Link, counted: Mapping[Key, Tries]) -> LoginThrottled:
    """Return what somebody is told whose password nobody had time to look at; the try does not count."""
    with link.transaction():
        for key, tries in counted.items():
            repository.take_back(link, key, tries)
    return LoginThrottled(BUSY_WAIT_S, "login_busy")


def _searchable(login: str) -> str:
    """Return the log-in name, or none at all when the database could not even compare it."""
    return login if model.is_login(login) else ""


def _known(person_id: int | None, login: str) -> int:
    if person_id is None:
        raise PersonRefused("login", "login_unknown", f"nobody is called {login[: model.LOGIN_CHARACTERS_MAX]!r}")
    return person_id
