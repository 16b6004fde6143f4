"""Everybody who may log in, for administrators: add, shut out and let in again, give another password."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import APIRouter
from starlette.responses import Response

from cloud.access.login import model
from cloud.access.login import service as logins
from cloud.access.login.model import ROLES, Person, PersonRefused
from cloud.access.login.passwords import HashingBusy
from cloud.access.model import ALL_STORES
from cloud.errors import Problem
from dashboards.web.people import account
from dashboards.web.people.frame import all_stores, show
from dashboards.web.people.words import BUSY, refused
from dashboards.web.visit import SESSION_COOKIE, Posting, Visit, Visiting

router = APIRouter()
router.include_router(account.router)


class UnknownPerson(Problem):
    """There is no such person."""

    status = 404
    code = "unknown_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The form of a new person as it was sent. A password is never shown again."""

    login: str = ""
    name: str = ""
    role: str = ""
    stores: frozenset[str] = frozenset()
    password: str = field(default="", repr=False)


@router.get("/people")
def people_page(visit: Visiting) -> Response:
    """Show everybody; those who are shut out stand last."""
    visit.needs("people:edit")
    with visit.parts.writes.connection() as link:
        people = sorted(logins.people(link), key=lambda one: (one.disabled, one.name.casefold(), one.login))
    names = {one.store: one.name for one in all_stores(visit)}
    return show(visit, "people/list.html", people=people, store_names=names)


@router.get("/people/new")
def new_person_page(visit: Visiting) -> Response:
    """Show the form for a new person."""
    visit.needs("people:edit")
    return _new(visit, Typed(), {})


@router.post("/people/new")
def add_person(visit: Posting) -> Response:
    """Let somebody in from now on."""
    visit.needs("people:edit")
    typed = _typed(visit)
    errors = _wrong(visit, typed)
    if not errors:
        try:
            with visit.parts.writes.connection() as link:
                person = logins.create_person(
                    link, login=typed.login, name=typed.name, role=typed.role, stores=sorted(typed.stores),
                    password=typed.password, at=visit.parts.clock.now(),
                )  # fmt: skip
        except PersonRefused as problem:
            errors[problem.field] = refused(visit, problem)
        except HashingBusy:
            errors["password"] = visit.gettext(BUSY)
        else:
            return visit.redirect(f"/people/{person.person_id}?saved=added")
    return _new(visit, typed, errors, status=422)


@router.get("/people/{person_id}")
def person_page(visit: Visiting, person_id: int, saved: str = "") -> Response:
    """Show one person."""
    visit.needs("people:edit")
    return _one(visit, person_id, {}, saved=saved)


@router.post("/people/{person_id}/password")
def set_password(visit: Posting, person_id: int) -> Response:
    """Give somebody another password; their sessions end, but the one that asks."""
    visit.needs("people:edit")
    person, password = _person(visit, person_id), visit.form.get("password", "")
    try:
        with visit.parts.writes.connection() as link:
            mine = visit.request.cookies.get(SESSION_COOKIE) if person.login == visit.person.login else None
            logins.set_password(link, person.login, password, keep=mine)
    except PersonRefused as problem:
        return _one(visit, person_id, {"password": refused(visit, problem)}, status=422)
    except HashingBusy:
        return _one(visit, person_id, {"password": visit.gettext(BUSY)}, status=422)
    return visit.redirect(f"/people/{person_id}?saved=password")


@router.post("/people/{person_id}/disable")
def disable(visit: Posting, person_id: int) -> Response:
    """Let somebody in no more; nobody shuts themselves out, so that somebody always can."""
    visit.needs("people:edit")
    person = _person(visit, person_id)
    if person.person_id == visit.person.person_id:
        return _one(visit, person_id, {"disable": visit.gettext("You cannot shut yourself out.")}, status=422)
    with visit.parts.writes.connection() as link:
        logins.disable_person(link, person.login, at=visit.parts.clock.now())
    return visit.redirect(f"/people/{person_id}?saved=disabled")


@router.post("/people/{person_id}/enable")
def enable(visit: Posting, person_id: int) -> Response:
    """Let somebody in again."""
    visit.needs("people:edit")
    person = _person(visit, person_id)
    with visit.parts.writes.connection() as link:
        logins.enable_person(link, person.login)
    return visit.redirect(f"/people/{person_id}?saved=enabled")


def _typed(visit: Visit) -> Typed:
    form = visit.form
    known = {one.store for one in all_stores(visit)} | {ALL_STORES}
    stores = {store for store in known if f"store:{store}" in form}
    return Typed(
        login=form.get("login", ""), name=form.get("name", ""), role=form.get("role", ""), stores=frozenset(stores),
        password=form.get("password", ""),
    )  # fmt: skip


def _wrong(visit: Visit, typed: Typed) -> dict[str, str]:
    """Return everything that is wrong with the form, by field."""
    checks: tuple[Callable[[], object], ...] = (
        lambda: model.check_login(typed.login),
        lambda: model.check_name(typed.name),
        lambda: model.check_role(typed.role),
        lambda: model.check_stores(sorted(typed.stores)),
        lambda: model.check_password(typed.password, login=model.login_form(typed.login)),
    )
    errors: dict[str, str] = {}
    for check in checks:
        try:
            check()
        except PersonRefused as problem:
            errors[problem.field] = refused(visit, problem)
    return errors


def _new(visit: Visit, typed: Typed, errors: dict[str, str], *, status: int = 200) -> Response:
    stores = all_stores(visit)
    return show(visit, "people/new.html", status=status, typed=typed, errors=errors, stores=stores, roles=ROLES)


def _one(visit: Visit, person_id: int, errors: dict[str, str], *, saved: str = "", status: int = 200) -> Response:
    names = {one.store: one.name for one in all_stores(visit)}
    return show(
        visit, "people/person.html", status=status, one=_person(visit, person_id), errors=errors, saved=saved,
        store_names=names,
    )  # fmt: skip


def _person(visit: Visit, person_id: int) -> Person:
    """Return one person. Raises UnknownPerson."""
    with visit.parts.writes.connection() as link:
        found = next((one for one in logins.people(link) if one.person_id == person_id), None)
    if found is None:
        raise UnknownPerson
    return found
