"""Static files under an address that changes with their content, so that a browser fetches each once."""

from __future__ import annotations

import mimetypes

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, RedirectResponse, Response

from dashboards.web.rendering import STATIC_FOLDER, static

router = APIRouter()

FOR_EVER = "public, max-age=31536000, immutable"
mimetypes.add_type("text/javascript", ".js")


@router.get("/static/{version}/{path:path}")
def static_file(version: str, path: str) -> Response:
    """Return a file. Its version only makes the address new: a page from before an update still finds its files."""
    del version
    found = STATIC_FOLDER / path
    try:
        found = found.resolve()
        known = found.is_relative_to(STATIC_FOLDER.resolve()) and found.is_file()
    except (OSError, ValueError):  # no file system takes such a name
        known = False
    if not known:
        raise HTTPException(404)
    return FileResponse(found, headers={"Cache-Control": FOR_EVER})


@router.get("/favicon.ico")
def favicon() -> Response:
    """Lead browsers that ask here to the icon."""
    return RedirectResponse(static("icon.svg"))
