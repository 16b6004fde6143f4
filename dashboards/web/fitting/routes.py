"""The wizard: one place, one screen a step. The page looks by itself; people only say what no scale can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from cloud.catalog import service as catalog
from cloud.catalog.model import CatalogLine
from cloud.commissioning import service as commissioning
from cloud.commissioning import story
from cloud.commissioning.asking import Offer
from cloud.commissioning.course import COMMON_MASSES_G, STEPS, Course
from cloud.commissioning.places import Place, place_after, place_named
from cloud.commissioning.repository import Kept, Link
from cloud.commissioning.story import Looked
from cloud.devices.fitting import FittingRefused
from contract.ids import is_name
from dashboards.web.demo.control import ask as ask_demo
from dashboards.web.fitting import acts, home, labels, sheets, words
from dashboards.web.fitting.acts import ACTS, Deed, Wrong
from dashboards.web.fitting.bench import bench
from dashboards.web.fitting.typed import Fields, grams
from dashboards.web.store_page import store_page
from dashboards.web.visit import Posting, Visit, Visiting, wall_now

router = APIRouter()
router.include_router(home.router)
router.include_router(labels.router)
router.include_router(sheets.router)

PRODUCTS_MAX = 8
"""So many products are offered at once: what fits a phone under a search field."""

SEARCH_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What a screen of the wizard shows beside the course: what plates read, what was typed, what is wrong with it."""

    looked: Looked
    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    search: str = ""


@router.get("/stores/{store}/fitting/{position}")
def place_page(
    visit: Visiting, store: str, position: str, *, bay: str = "", shelf: str = "", search: str = ""
) -> Response:
    """Show a place where its fitting stands: what a label leads to."""
    visit.needs("devices:fit", store)
    with visit.parts.writes.connection() as link:
        kept = commissioning.course(link, store, position) if is_name(position) else None
        where = _where(visit, link, store, position, bay=bay, shelf=shelf) if kept is None else None
        course = (
            kept.course
            if kept
            else commissioning.fresh(link, store, where, at=visit.parts.clock.now())
            if where
            else None
        )
    if course is None:
        return _unknown_place(visit, store, position, bay=bay, shelf=shelf)
    screen = Screen(looked=Looked(course=course), search=search[:SEARCH_MAX], typed={"search": search})
    return _page(visit, store, screen, begun=kept is not None)


@router.get("/stores/{store}/fitting/{position}/products")
def products(visit: Visiting, store: str, position: str, search: str = "", sku: str = "") -> Response:
    """Return the products a search finds, to choose one of."""
    visit.needs("devices:fit", store)
    del position
    with visit.parts.writes.connection() as link:
        found = _found(link, search)
    return visit.render("fitting/products.html", found=found, chosen=sku, search=search)


@router.post("/stores/{store}/fitting/{position}/look")
async def look(visit: Posting, store: str, position: str) -> Response:
    """Look at the plate once, and go on by what it reads."""
    visit.needs("devices:fit", store)
    kept, offers = await run_in_threadpool(_begun, visit, store, position)
    looked = Looked(course=kept.course)
    if kept.course.watches and await run_in_threadpool(_claimed, visit, store, kept):
        looked = await story.look(kept.course, bench(visit, store, offers))
        looked = await run_in_threadpool(_keep, visit, store, kept, looked)
    return await run_in_threadpool(_after_look, visit, store, looked)


@router.post("/stores/{store}/fitting/{position}/demo")
def let_the_demo(visit: Posting, store: str, position: str) -> Response:
    """Have the demo lay a mass on a plate, or press on it: outside of a demo there is no such thing."""
    visit.needs("devices:fit", store)
    control = visit.settings.demo_control
    plate, mass_g = visit.form.get("plate", ""), grams(visit.form.get("mass", "")) or 0.0
    if control is None or not is_name(plate):
        raise HTTPException(404)
    outcome = ask_demo(control, "lay_mass", plate=plate, mass_g=mass_g)
    if visit.by_htmx:
        return visit.render("fitting/demo_said.html", well=outcome.said == "mass_laid")
    return visit.redirect(f"/stores/{store}/fitting/{position}")


@router.post("/stores/{store}/fitting/{position}/unit-weight")
def take_unit_weight(visit: Posting, store: str, position: str) -> Response:
    """Believe the unit weight that was measured although something speaks against it."""
    visit.needs("devices:fit", store)
    at, by = visit.parts.clock.now(), visit.person.name
    with visit.parts.writes.connection() as link, link.transaction():
        kept = commissioning.course(link, store, position) if is_name(position) else None
        if kept is not None and kept.course.decides and kept.course.unit is not None:
            with suppress(FittingRefused):
                commissioning.learn(link, kept.course, kept.course.unit, by=by, at=at)
            commissioning.change(link, store, position, acts.leave, by=by, at=at)
    return _told(visit, store, position)


@router.post("/stores/{store}/fitting/{position}/forget")
def forget(visit: Posting, store: str, position: str) -> Response:
    """Drop what is known of the fitting of a place; its planogram and its calibration stay as they are."""
    visit.needs("devices:fit", store)
    with visit.parts.writes.connection() as link:
        if is_name(position):
            commissioning.forget(link, store, position)
    return _elsewhere(visit, f"/stores/{store}/fitting")


@router.post("/stores/{store}/fitting/{position}/{act}")
def say(visit: Posting, store: str, position: str, act: str) -> Response:
    """Take what a person says: it is kept, and the device is asked by the next look."""
    visit.needs("devices:fit", store)
    changed = ACTS.get(act)
    if changed is None:
        raise HTTPException(404)
    kept, offers = _begun(visit, store, position)
    at, by = visit.parts.clock.now(), visit.person.name
    with visit.parts.writes.connection() as link:
        deed = Deed(form=visit.form, offers=offers, product=lambda sku: catalog.product(link, sku))
        try:
            commissioning.change(link, store, position, lambda course: changed(course, deed), by=by, at=at)
        except Wrong as wrong:
            return _again(visit, store, kept, wrong.errors)
        except FittingRefused as refused:
            return _again(visit, store, kept, words.placing(refused.field, refused.code))
    return _told(visit, store, position)


def _again(visit: Visit, store: str, kept: Kept, errors: Mapping[str, str]) -> Response:
    """Show the screen again with what was typed, and what is wrong beside its field."""
    capacity = f"{kept.course.capacity_g:.0f}"
    told = {name: visit.gettext(text).replace("%(n)s", capacity) for name, text in errors.items()}
    screen = Screen(looked=Looked(course=kept.course), typed=visit.form, errors=told)
    return _screen(visit, store, screen, status=422) if visit.by_htmx else _page(visit, store, screen, status=422)


def _told(visit: Visit, store: str, position: str) -> Response:
    """Answer what somebody said with the screen as it is now."""
    with visit.parts.writes.connection() as link:
        after = commissioning.course(link, store, position) if is_name(position) else None
    if not visit.by_htmx or after is None:
        return _elsewhere(visit, f"/stores/{store}/fitting/{quote(position, safe='')}")
    return _screen(visit, store, Screen(looked=Looked(course=after.course)))


def _elsewhere(visit: Visit, path: str) -> Response:
    """Lead the browser to another page, also when a script asked."""
    return Response(status_code=204, headers={"HX-Redirect": path}) if visit.by_htmx else visit.redirect(path)


def _where(visit: Visit, link: Link, store: str, position: str, *, bay: str = "", shelf: str = "") -> Place | None:
    """Return where a place is: by the planogram, by its name, or as somebody says."""
    if not is_name(position):
        return None
    known = commissioning.place(link, store, position, at=visit.parts.clock.now()) or place_named(position)
    said = Place(position=position, bay=bay, shelf=shelf) if is_name(bay) and is_name(shelf) else None
    return known or said


def _begun(visit: Visit, store: str, position: str) -> tuple[Kept, Sequence[Offer]]:
    """Return the course of a place, begun now if it was not, and the plates of the store. Raises HTTPException 404."""
    at = visit.parts.clock.now()
    with visit.parts.writes.connection() as link:
        kept = commissioning.course(link, store, position) if is_name(position) else None
        if kept is None:
            form = visit.form
            where = _where(visit, link, store, position, bay=form.get("bay", ""), shelf=form.get("shelf", ""))
            if where is None:
                raise HTTPException(404)
            kept = commissioning.begin(link, store, where, by=visit.person.name, at=at)
        return kept, commissioning.offers(link, store, at=at)


def _claimed(visit: Visit, store: str, kept: Kept) -> bool:
    with visit.parts.writes.connection() as link:
        return commissioning.claim(link, store, kept, wall_at=wall_now())


def _keep(visit: Visit, store: str, kept: Kept, looked: Looked) -> Looked:
    """Keep what was found; when somebody changed the course meanwhile, theirs is shown."""
    at, by = visit.parts.clock.now(), visit.person.name
    with visit.parts.writes.connection() as link:
        course = commissioning.keep_looked(link, store, kept, looked, by=by, at=at)
        if course is not None:
            return replace(looked, course=course)
        theirs = commissioning.course(link, store, kept.course.position)
    return Looked(course=theirs.course if theirs else kept.course)


def _after_look(visit: Visit, store: str, looked: Looked) -> Response:
    """Answer with what the plate reads while the screen stays, with the whole screen when it changes."""
    if not visit.by_htmx:
        return visit.redirect(f"/stores/{store}/fitting/{looked.course.position}")
    screen = Screen(looked=looked)
    if visit.form.get("seen") != looked.course.mark():
        return _screen(visit, store, screen)
    if not looked.readings:
        return Response(status_code=204)
    with visit.parts.writes.connection() as link:
        return visit.render("fitting/live.html", **_context(visit, link, store, screen))


def _screen(visit: Visit, store: str, screen: Screen, *, status: int = 200) -> Response:
    with visit.parts.writes.connection() as link:
        response = visit.render("fitting/screen.html", status=status, **_context(visit, link, store, screen))
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#fit", "innerHTML"
    return response


def _page(visit: Visit, store: str, screen: Screen, *, status: int = 200, begun: bool = True) -> Response:
    with store_page(visit, store, "system", "devices:fit") as page:
        context = _context(visit, page.link, store, screen)
        return page.render("fitting/place.html", status=status, begun=begun, **context)


def _unknown_place(visit: Visit, store: str, position: str, *, bay: str, shelf: str) -> Response:
    """Ask where a place is whose name does not tell."""
    if not is_name(position):
        raise HTTPException(404)
    with store_page(visit, store, "system", "devices:fit") as page:
        return page.render("fitting/unknown_place.html", status=404, position=position, bay=bay, shelf=shelf)


def _context(visit: Visit, link: Link, store: str, screen: Screen) -> dict[str, Any]:
    """Return everything a screen may show."""
    course, at = screen.looked.course, visit.parts.clock.now()
    offers = commissioning.offers(link, store, at=at)
    sku = screen.typed.get("sku") or course.sku or course.planned
    return {
        "store": store, "course": course, "looked": screen.looked,
        "typed": Fields(screen.typed), "errors": Fields(screen.errors),
        "offers": offers, "free": story.free_offers(course, offers), "steps": STEPS, "words": words,
        "trouble": _trouble(course), "reading": screen.looked.readings.get(f"{course.device}/{course.plate}"),
        "product": catalog.product(link, sku) if sku else None, "chosen": sku,
        "found": _found(link, screen.search), "search": screen.search, "masses": COMMON_MASSES_G,
        "say": visit.gettext, "next_place": _next_place(link, store, course, at=at),
        "demo": visit.settings.demo_control is not None,
    }  # fmt: skip


def _trouble(course: Course) -> words.Words | None:
    trouble = course.trouble
    if trouble is None:
        return None
    return words.trouble_words(
        trouble.code, trouble.field, trouble.times, placed=course.placed and course.step == "wiring"
    )


def _next_place(link: Link, store: str, course: Course, *, at: Any) -> str | None:  # noqa: ANN401
    if course.step != "sheet":
        return None
    return place_after(course.position, [one.position for one in catalog.positions(link, store, at=at)])


def _found(link: Link, search: str) -> Sequence[CatalogLine]:
    text = search.replace("\x00", "").strip()[:SEARCH_MAX]
    return catalog.find_products(link, text, limit=PRODUCTS_MAX) if text else ()
