"""One's own account: who one is here, and another password."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from cloud.access.login import model
from cloud.access.login import service as logins
from cloud.access.login.model import PersonRefused
from cloud.access.login.passwords import HashingBusy
from cloud.access.login.service import LoginRefused, LoginThrottled
from cloud.access.model import ALL_STORES
from dashboards.web.login.words import throttled
from dashboards.web.people.frame import all_stores, show
from dashboards.web.people.words import BUSY, refused
from dashboards.web.visit import SESSION_COOKIE, Posting, Visit, Visiting, wall_now

router = APIRouter()


@router.get("/account")
def account_page(visit: Visiting, saved: str = "") -> Response:
    """Show who one is here."""
    return _shown(visit, {}, saved=saved == "password")


@router.post("/account/password")
def change_password(visit: Posting) -> Response:
    """Change one's own password; every other session of the person ends."""
    current, new, again = (visit.form.get(name, "") for name in ("current", "new", "again"))
    errors = _wrong_new(visit, new, again)
    try:
        token = _let_in(visit, current)
    except LoginRefused:
        missing, wrong = visit.gettext("Enter the password you have now."), visit.gettext("This is not your password.")
        errors["current"] = wrong if current else missing
    except LoginThrottled as error:
        errors["current"] = throttled(visit, error)
    else:
        if not errors and (problem := _change(visit, new)) is not None:
            errors["new"] = problem
        if errors:
            with visit.parts.writes.connection() as link:
                logins.log_out(link, token)
    return _shown(visit, errors, status=422) if errors else visit.redirect("/account?saved=password")


def _wrong_new(visit: Visit, new: str, again: str) -> dict[str, str]:
    """Return what is wrong with the new password, by field."""
    errors: dict[str, str] = {}
    try:
        model.check_password(new, login=visit.person.login)
    except PersonRefused as problem:
        errors["new"] = refused(visit, problem)
    if new != again:
        errors["again"] = visit.gettext("This is not the same as the new password.")
    return errors


def _let_in(visit: Visit, current: str) -> str:
    """Return the token of a short session that shows that the password is known: wrong ones count as at the log-in."""
    if not current:
        raise LoginRefused("password", "wrong_password")
    with visit.parts.writes.connection() as link:
        return logins.log_in(link, visit.person.login, current, address=visit.address, wall_at=wall_now())


def _change(visit: Visit, new: str) -> str | None:
    """Change the password and end all sessions but this one; return what is wrong instead."""
    try:
        with visit.parts.writes.connection() as link:
            logins.set_password(link, visit.person.login, new, keep=visit.request.cookies.get(SESSION_COOKIE))
    except PersonRefused as problem:
        return refused(visit, problem)
    except HashingBusy:
        return visit.gettext(BUSY)
    return None


def _shown(visit: Visit, errors: dict[str, str], *, saved: bool = False, status: int = 200) -> Response:
    stores = [one.name for one in all_stores(visit) if visit.person.knows(one.store)]
    everywhere = ALL_STORES in visit.person.stores
    return show(
        visit, "people/account.html", status=status, errors=errors, saved=saved, stores=stores, everywhere=everywhere
    )
