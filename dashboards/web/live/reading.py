"""What live pages read of the database, all of one moment a look; a page that is up to date costs one short query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from cloud.access.login import service as logins
from cloud.parts import Parts
from cloud.shelves import service as shelves
from cloud.shelves.model import Heads
from cloud.shelves.service import Link
from dashboards.web.live.delta import Delta, Look, Weight
from dashboards.web.map.overview import overview
from dashboards.web.visit import wall_now

WAIT_S = 1.0
"""Wall seconds a look waits for a connection: shorter than a request, so that a database that went is soon known."""

WEIGHTS_MAX = 500
"""A plot that missed more weights than this reads itself anew: the topic `weights` says so."""

POSITIONS_MAX = 400
"""When more places than this changed, the page itself is smaller than what would be told: it loads anew."""

NOW_MAX = 30


class Reading:
    """Looks at the database with the connections pages use (`Source`)."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def look(self, store: str, told: Iterable[Heads], *, conditions: bool) -> Look:
        """Return the store as it is now and what changed since each of `told`. Raises one of DATABASE_ERRORS."""
        at = self._parts.clock.now()
        with self._parts.writes.connection(timeout=WAIT_S) as link, link.transaction():
            shelves.one_snapshot(link)
            heads = shelves.heads(link, store)
            found = {since: _delta(link, store, since, heads, at) for since in told if _reaches(since, heads)}
            seen = shelves.conditions(link, store, at=at) if conditions else None
        deltas = {since: delta for since, delta in found.items() if delta is not None}
        return Look(heads=heads, deltas=deltas, conditions=seen)

    def ended(self, watching: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return which of these (token, store) may no longer see the store. Raises one of DATABASE_ERRORS.

        To watch is not to use: an open page does not prolong its log-in.
        """
        over: set[tuple[str, str]] = set()
        with self._parts.writes.connection(timeout=WAIT_S) as link:
            for token, store in watching:
                session = logins.session_of(link, token, wall_at=wall_now(), prolong=False)
                if session is None or not (session.person.may("shelves:see") and session.person.knows(store)):
                    over.add((token, store))
        return over


def _reaches(since: Heads, heads: Heads) -> bool:
    """Tell whether a page's id is one of this database: of its epoch, and not of its future."""
    return since.epoch == heads.epoch and since.load_id <= heads.load_id and since.change <= heads.change


def _delta(link: Link, store: str, since: Heads, heads: Heads, at: datetime) -> Delta | None:
    """Return what changed between two heads; None when that is too much to tell."""
    if since == heads:
        return Delta()
    touched = shelves.touched_since(link, store, since.change)
    weights = _weights(link, store, since, heads)
    news = Delta(
        happenings=tuple(reversed(shelves.happenings(link, store, since, NOW_MAX))),
        topics=touched.topics | ({"weights"} if weights is None else set()),
        weights=weights or (),
    )
    changed = shelves.positions(
        link, store, at=at, after_load=since.load_id, only=touched.positions, skus=touched.skus
    )  # fmt: skip
    if not (changed or touched.topics):
        return news
    everything = shelves.positions(link, store, at=at)
    tasks = shelves.tasks_on_page(link, store, at=at)
    names = touched.positions | {one.position for one in (everything if touched.everything else changed)}
    if len(names) > POSITIONS_MAX:
        return None
    return replace(
        news,
        positions=tuple(one for one in everything if one.position in names),
        tasks=tuple(task for task in tasks if task.position in names),
        overview=overview(everything, tasks, shelves.orders_on_page(link, store, at=at)),
    )


def _weights(link: Link, store: str, since: Heads, heads: Heads) -> tuple[Weight, ...] | None:
    if since.load_id == heads.load_id:
        return ()
    found = shelves.weights_loaded(link, store, since.load_id, heads.load_id)
    return tuple(found) if len(found) <= WEIGHTS_MAX else None
