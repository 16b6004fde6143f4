"""The buttons of the demo; outside of a demo they do not exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboards.web.demo.control import ask
from dashboards.web.demo.words import as_query, sentence, told
from dashboards.web.rendering import environment
from dashboards.web.visit import Posting, Visit, Visiting, our_path

router = APIRouter()

ACTIONS: Final = frozenset({"rush_hour", "sweep", "pull_broker", "unplug_scale"})


@router.post("/demo/{action}")
def act(visit: Posting, action: str) -> Response:
    """Let something happen. With htmx the answer is a sentence in place, else a page that leads back."""
    control = _control(visit)
    if action not in ACTIONS:
        raise HTTPException(404)
    said = told(ask(control, action))
    if visit.request.headers.get("hx-request"):
        return _answer(visit, "demo/said.html", said)
    return visit.redirect(f"/demo/said?{as_query(said, back=visit.form.get('next', '/'))}")


@router.get("/demo/said")
def said_page(visit: Visiting) -> Response:
    """Tell a browser without script what its button did, and lead back."""
    _control(visit)
    query = visit.request.query_params
    return _answer(visit, "demo/said_page.html", query, back=our_path(query.get("next", "/")))


def _control(visit: Visit) -> str:
    """Return the socket of the demo. Raises HTTPException 404 when this is none."""
    control = visit.settings.demo_control
    if control is None:
        raise HTTPException(404)
    return control


def _answer(visit: Visit, template: str, said: Mapping[str, str], *, back: str = "/") -> Response:
    place_name = environment(visit.language).filters["place_name"]
    text, well = sentence(said, gettext=visit.gettext, place_name=place_name)
    return visit.render(template, text=text, well=well, back=back)
