"""What a frame is made from: how a store changed since a page last heard of it, and who looks and who draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from cloud.shelves.model import Conditions, Happening, Heads, PositionView, TaskView
from dashboards.web.language import Language
from dashboards.web.map.overview import Overview

Weight = tuple[str, int, float]
"""A plate, when it was weighed (shop milliseconds since 1970), and its grams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What changed: places and tasks as they stand now, what happened (newest last), topics whose lists changed.

    `overview` has the figures of the whole store; None when nothing changed that they could tell of.
    """

    positions: tuple[PositionView, ...] = ()
    tasks: tuple[TaskView, ...] = ()
    overview: Overview | None = None
    happenings: tuple[Happening, ...] = ()
    topics: frozenset[str] = frozenset()
    weights: tuple[Weight, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a store, all of one moment.

    `deltas` says by how far a page was what changed since then; where it was in another database, or ahead of this
    one, or too much has changed, there is no delta. `conditions` is None when it was not asked for.
    """

    heads: Heads
    deltas: Mapping[Heads, Delta]
    conditions: Conditions | None


class Source(Protocol):
    """The database, seen from here. Called in a thread."""

    def look(self, store: str, told: Iterable[Heads], *, conditions: bool) -> Look:
        """Return the store as it is now and what changed since each of `told`. Raises one of DATABASE_ERRORS."""
        ...

    def ended(self, logins: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return which of these (token, store) may no longer see the store. Raises one of DATABASE_ERRORS."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A delta as HTML: inner HTML by part key, and list items of what happened, newest last."""

    parts: Mapping[str, str]
    now: tuple[str, ...]


class Renderer(Protocol):
    """The templates, seen from here. Called in a thread; it asks nobody anything."""

    def draw(self, store: str, language: Language, delta: Delta) -> Drawn:
        """Return what changed, as the pages show it."""
        ...

    def down(self, store: str, language: Language, conditions: Conditions) -> str:
        """Return the banner that says what is down; nothing when all is well."""
        ...

    def database_away(self, language: Language) -> str:
        """Return the banner that says that the database does not answer."""
        ...
