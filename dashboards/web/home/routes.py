"""The way in: the first page of a role, and the switch of language."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from cloud.access.login import service as logins
from cloud.access.login.model import Role
from cloud.shelves import service as shelves
from dashboards.web.language import as_language
from dashboards.web.visit import LANGUAGE_COOKIE, Sending, Visiting

router = APIRouter()

FIRST_PAGE: dict[Role, str] = {
    "staff": "restock",
    "installer": "system",
    "manager": "map",
    "developer": "availability",
    "loss_prevention": "map",
    "admin": "map",
}


@router.get("/")
def home(visit: Visiting) -> Response:
    """Lead to the first page of the person's role, in the person's first store."""
    with visit.parts.writes.connection() as link:
        known = [one.store for one in shelves.stores(link) if visit.person.knows(one.store)]
    if not known:
        return visit.render("home/no_store.html")
    return visit.redirect(f"/stores/{known[0]}/{FIRST_PAGE[visit.person.role]}")


@router.post("/language")
def choose_language(visit: Sending) -> Response:
    """Speak another language from now on, also on the person's other devices."""
    language = as_language(visit.form.get("language"))
    response = visit.redirect(visit.form.get("next", "/"))
    if language is None:
        return response
    if visit.session is not None:
        with visit.parts.writes.connection() as link:
            logins.set_language(link, visit.person.person_id, language)
    visit.set_cookie(response, LANGUAGE_COOKIE, language)
    return response
