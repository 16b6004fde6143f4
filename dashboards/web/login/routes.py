"""The log-in page, by password or by PIN, and the way out."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from cloud.access.login import service as logins
from cloud.access.login.service import LoginRefused, LoginThrottled
from dashboards.web.login.words import throttled
from dashboards.web.visit import SESSION_COOKIE, Arriving, Posting, Sending, Visit, wall_now

router = APIRouter()


@router.get("/login")
def login_page(visit: Arriving, next: str = "/") -> Response:  # noqa: A002 - the name visitors see in the address
    """Show the form, or go on when somebody is logged in already."""
    if visit.session is not None:
        return visit.redirect(next)
    return visit.render("login/password.html", next=next, login="", errors={})


@router.post("/login")
def log_in(visit: Sending) -> Response:
    """Log in by name and password."""
    login, password = visit.form.get("login", ""), visit.form.get("password", "")
    back = visit.form.get("next", "/")
    errors = {}
    if not login.strip():
        errors["login"] = visit.gettext("Enter your log-in name.")
    if not password:
        errors["password"] = visit.gettext("Enter your password.")

    def attempt() -> str:
        with visit.parts.writes.connection() as link:
            return logins.log_in(link, login, password, address=visit.address, wall_at=wall_now())

    return _enter(visit, "login/password.html", attempt, errors, wrong="password", next=back, login=login)


@router.get("/login/pin")
def pin_page(visit: Arriving) -> Response:
    """Show the form for the PIN of a shared device."""
    if visit.session is not None:
        return visit.redirect("/")
    return visit.render("login/pin.html", pin="", errors={})


@router.post("/login/pin")
def log_in_by_pin(visit: Sending) -> Response:
    """Log in by PIN."""
    pin = "".join(visit.form.get("pin", "").split())
    errors = {}
    if len(pin) != 6 or not pin.isdecimal():
        errors["pin"] = visit.gettext("The PIN has six digits.")

    def attempt() -> str:
        with visit.parts.writes.connection() as link:
            return logins.log_in_by_pin(link, pin, address=visit.address, wall_at=wall_now())

    return _enter(visit, "login/pin.html", attempt, errors, wrong="pin", pin=pin)


@router.post("/logout")
def log_out(visit: Posting) -> Response:
    """End this session."""
    with visit.parts.writes.connection() as link:
        logins.log_out(link, visit.request.cookies.get(SESSION_COOKIE, ""))
    response = visit.redirect("/login")
    response.delete_cookie(SESSION_COOKIE)
    return response


def _enter(
    visit: Visit, template: str, attempt: Callable[[], str], errors: dict[str, str], *, wrong: str, **typed: str
) -> Response:
    """Make the attempt and go in, or show the form again with what is wrong and what was typed."""
    status = 422
    if not errors:
        try:
            token = attempt()
        except LoginRefused:
            errors, status = {wrong: _refused(visit, wrong)}, 403
        except LoginThrottled as error:
            errors, status = {wrong: throttled(visit, error)}, 429
        else:
            _end_before(visit)
            response = visit.redirect(typed.get("next", "/"))
            visit.set_cookie(response, SESSION_COOKIE, token)
            return response
    return visit.render(template, status=status, errors=errors, **typed)


def _end_before(visit: Visit) -> None:
    """End the session this browser had: it forgets its token now, so nobody could ever end it."""
    if visit.session is not None:
        with visit.parts.writes.connection() as link:
            logins.log_out(link, visit.request.cookies.get(SESSION_COOKIE, ""))


def _refused(visit: Visit, field: str) -> str:
    if field == "pin":
        return visit.gettext("This PIN is not right, or has expired.")
    return visit.gettext("Name and password do not fit together.")
