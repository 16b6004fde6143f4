"""Templates to HTML: one Jinja environment a language, the filters every page may use, addresses of static files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboards.web.language import TEXTS, Language
from dashboards.web.map.wrapping import wrap
from dashboards.web.shelf.chart import chart

TEMPLATE_FOLDER = Path(__file__).with_name("templates")
STATIC_FOLDER = Path(__file__).with_name("static")

_BAY = re.compile(r"^b(\d+)$")
_SHELF = re.compile(r"^b(\d+)-s(\d+)$")
_POSITION = re.compile(r"^b(\d+)-s(\d+)-p(\d+)$")


class Named(Protocol):
    """A thing that carries the name of its product in both languages."""

    @property
    def name(self) -> str:
        """The English name."""
        ...

    @property
    def name_zh(self) -> str:
        """The Chinese name, or nothing."""
        ...


@cache
def static_version() -> str:
    """Return a short hash over all static files: their addresses change with their content, so browsers keep them."""
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(STATIC_FOLDER.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(STATIC_FOLDER)).encode() + path.read_bytes())
    return digest.hexdigest()


def static(path: str) -> str:
    """Return the address of a static file."""
    return f"/static/{static_version()}/{path}"


@cache
def environment(language: Language) -> Environment:
    """Return the templates in a language. A name a template uses and nobody gave is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATE_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, extensions=["jinja2.ext.i18n"], auto_reload=False,
    )  # fmt: skip
    made.install_gettext_translations(TEXTS[language], newstyle=True)  # type: ignore[attr-defined]  # made by the extension
    made.globals.update(static=static, language=language)
    made.filters.update(_filters(language))
    return made


def render(language: Language, template: str, context: Mapping[str, Any]) -> str:
    """Return the HTML of a template."""
    return environment(language).get_template(template).render(context)


def macros(language: Language, template: str) -> Any:  # noqa: ANN401 - a Jinja module: its macros are its attributes
    """Return the macros of a template, to call from Python; each returns HTML."""
    return environment(language).get_template(template).module


def _filters(language: Language) -> dict[str, Callable[..., Any]]:
    texts = TEXTS[language]

    def product_name(thing: Named) -> str:
        """The product's name in the language of the page, where it has one."""
        return (thing.name_zh if language == "zh-Hans" else thing.name) or thing.name

    def place_name(place: str) -> str:
        """A bay, shelf or position in words: `b1-s2-p3` is 'Bay 1 · Shelf 2 · Place 3'; other names stay."""
        if match := _POSITION.match(place):
            bay, shelf, number = match.groups()
            return texts.gettext("Bay %(bay)s · Shelf %(shelf)s · Place %(place)s") % {
                "bay": bay, "shelf": shelf, "place": number,
            }  # fmt: skip
        if match := _SHELF.match(place):
            return texts.gettext("Bay %(bay)s · Shelf %(shelf)s") % {"bay": match[1], "shelf": match[2]}
        if match := _BAY.match(place):
            return texts.gettext("Bay %(bay)s") % {"bay": match[1]}
        return place

    return {
        "product_name": product_name, "place_name": place_name, "time": _time, "clock": _clock, "percent": _percent,
        "units_chart": chart, "wrapped": wrap,
    }  # fmt: skip


def _time(at: datetime) -> Markup:
    """A moment that the page keeps telling as 'three minutes ago'; without script it is the UTC time."""
    text = at.strftime("%H:%M:%S")
    return Markup('<time data-relative datetime="{}">{}</time>').format(at.isoformat(timespec="milliseconds"), text)


def _clock(at: datetime) -> Markup:
    """A moment as a time of day, which the page tells in the visitor's time zone."""
    text = at.strftime("%H:%M:%S")
    return Markup('<time data-clock datetime="{}">{}</time>').format(at.isoformat(timespec="milliseconds"), text)


def _percent(share: float) -> str:
    """A share of one in whole per cent, never rounded up to certainty."""
    return f"{min(99, round(share * 100)) if share < 1.0 else 100} %"
