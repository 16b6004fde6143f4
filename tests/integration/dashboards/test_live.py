"""Live updates from a real database through a real server: the same bytes for all, nothing lost, nothing twice."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cloud.access.login import service as logins
from cloud.access.login.model import Role
from cloud.shelves import service as shelves
from contract.clock import ManualClock
from dashboards.web.language import Language
from dashboards.web.live.delta import Delta, Drawn
from database.connection import connect
from database.embedded import EmbeddedServer
from database.migrate import migrate
from tests.fakes.event_stream import Page
from tests.fakes.live_store import PlainRenderer
from tests.fixtures.database import MIGRATED_AT
from tests.integration.cloud.shop import STORE, Shop
from tests.integration.dashboards.streaming import PATIENCE_S, Stream, log_in, patiently, served

pytestmark = pytest.mark.database


class Loud(PlainRenderer):
    """Draws parts so large that a few of them fill every buffer between server and page."""

    def draw(self, store: str, language: Language, delta: Delta) -> Drawn:
        parts = {f"tile:{one.position}": f"{one.units}".ljust(200_000) for one in delta.positions}
        return Drawn(parts=parts, now=())


@pytest.fixture(autouse=True)
def plain_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.web.app.Templates", PlainRenderer)


@pytest.fixture
def port(shop: Shop) -> Iterator[int]:
    with served(shop.settings, shop.clock) as port:
        yield port


@pytest.fixture
def streams() -> Iterator[ExitStack]:
    """Closes the streams a test opened, before the server stops."""
    with ExitStack() as stack:
        yield stack


def _here(shop: Shop) -> Page:
    """Return a page that was loaded just now."""
    with connect(shop.url) as link:
        return Page(shelves.heads(link, STORE).to_id())


def _open(streams: ExitStack, port: int, token: str, page: Page, *, buffer: int | None = None) -> Stream:
    stream = Stream(port, token, page=page, buffer=buffer)
    streams.callback(stream.close)
    return stream


def test_every_page_of_a_language_is_sent_the_same_bytes(shop: Shop, port: int, streams: ExitStack) -> None:
    token = log_in(shop)
    opened = [_open(streams, port, token, _here(shop)) for _ in range(5)]
    for stream in opened:
        stream.until(lambda page: page.down is not None)
    before = [len(stream.raw) for stream in opened]
    shop.load("p-tea", "tea", 7, kind="pick", moved=1)
    for stream in opened:
        stream.until(lambda page: page.parts.get("tile:p-tea") == "en 7")
    assert len({stream.raw[begun:] for stream, begun in zip(opened, before, strict=True)}) == 1


def test_one_log_in_opens_no_pages_without_end(
    shop: Shop, port: int, streams: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.web.live.hub.PAGES_A_LOGIN_MAX", 2)
    token, another = log_in(shop), log_in(shop)
    first, _ = (_open(streams, port, token, _here(shop)) for _ in range(2))
    first.until(lambda page: page.down is not None)
    refused = _open(streams, port, token, _here(shop)).answer
    assert (refused.status, refused.headers["Retry-After"]) == (429, "10")
    assert _open(streams, port, another, _here(shop)).answer.status == 200
    first.close()
    patiently(lambda: _open(streams, port, token, _here(shop)).answer.status == 200)


def test_a_stream_says_how_it_is_to_be_treated(shop: Shop, port: int, streams: ExitStack) -> None:
    answer = _open(streams, port, log_in(shop), _here(shop)).answer
    assert answer.headers.get_content_type() == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.headers["Content-Encoding"] is None, "what is compressed is gathered first"


def test_what_happens_while_a_page_is_away_is_told_when_it_comes_back_and_nothing_twice(
    shop: Shop, port: int, streams: ExitStack
) -> None:
    token, page = log_in(shop), _here(shop)
    for units in range(7, 1, -1):
        stream = _open(streams, port, token, page)
        shop.load("p-tea", "tea", units, kind="pick", moved=1)
        stream.until(lambda page, units=units: page.parts.get("tile:p-tea") == f"en {units}")  # type: ignore[misc]
        stream.close()
        shop.load("p-gum", "gum", units + 10, kind="pick", moved=1)
    stream = _open(streams, port, token, page)
    stream.until(lambda page: page.parts.get("tile:p-gum") == "en 12")
    shop.work()
    shop.work(after_s=20)  # low for long enough to be told
    stream.until(lambda page: any("task:" in one for one in page.now))
    with connect(shop.url) as link:
        happened = [f"<li>{one.key}</li>" for one in shelves.happenings(link, STORE, limit=100)]
    assert sorted(page.now) == sorted(happened)
    assert page.reloads == 0


def test_a_page_that_does_not_read_is_let_go_and_shows_the_present_when_it_is_back(
    shop: Shop, streams: ExitStack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("dashboards.web.app.Templates", Loud)
    caplog.set_level("INFO", logger="dashboards.web.live")
    token = log_in(shop)
    with served(shop.settings, shop.clock) as port:
        page, other = _here(shop), _here(shop)
        asleep = _open(streams, port, token, page, buffer=4096)
        awake = _open(streams, port, token, other)
        for units in range(40):
            shop.load("p-tea", "tea", units)
            awake.until(lambda page, units=units: page.parts.get("tile:p-tea", "").strip() == str(units))  # type: ignore[misc]
            if "slow page let go" in caplog.messages:
                break
        assert caplog.messages.count("slow page let go") == 1
        assert asleep.read_to_the_end().parts["tile:p-tea"].strip() != str(units), "what it could not take is not sent"
        assert _open(streams, port, token, page).until(lambda page: page.parts == other.parts)
        streams.close()


def test_a_restart_of_the_database_is_told_and_what_came_after_it_too(
    tmp_path: Path, streams: ExitStack
) -> None:  # fmt: skip
    server = EmbeddedServer(tmp_path / "postgres")
    server.start()
    try:
        migrate(server.url, at=MIGRATED_AT)
        shop = Shop(server.url, tmp_path)
        token, page = log_in(shop), _here(shop)
        with served(shop.settings, ManualClock()) as port, streams:
            stream = _open(streams, port, token, page)
            stream.until(lambda page: page.down is not None)
            server.stop()
            stream.until(lambda page: page.down == "en database away")
            server.start()
            shop.connection.close()
            shop.connection = connect(server.url)
            shop.load("p-tea", "tea", 5)
            stream.until(lambda page: page.parts.get("tile:p-tea") == "en 5" and page.down != "en database away")
            assert page.reloads == 0
            assert not stream.ended, "the page kept its one connection all the time"
        shop.connection.close()
    finally:
        server.stop()


def test_whoever_logs_out_is_told_nothing_more(
    shop: Shop, streams: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr("dashboards.web.live.hub.LOGINS_EVERY_S", 0.2)
    gone, stays = log_in(shop), log_in(shop)
    with served(shop.settings, shop.clock) as port, streams:
        watching, other = _open(streams, port, gone, _here(shop)), _open(streams, port, stays, _here(shop))
        watching.until(lambda page: page.down is not None)
        logins.log_out(shop.connection, gone)
        watching.read_to_the_end()
        shop.load("p-tea", "tea", 7)
        other.until(lambda page: page.parts.get("tile:p-tea") == "en 7")
        assert "tile:p-tea" not in watching.page.parts


def test_a_quiet_stream_is_kept_alive(
    shop: Shop, streams: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr("dashboards.web.live.hub.BEAT_EVERY_S", 0.1)
    with served(shop.settings, shop.clock) as port, streams:
        stream = _open(streams, port, log_in(shop), _here(shop))
        stream.until(lambda page: stream.raw.count(b"event: beat") >= 3)


def test_watching_does_not_prolong_a_log_in(shop: Shop) -> None:
    token = log_in(shop)
    before = shop.rows("SELECT seen_at FROM session")
    late = shop.rows("SELECT seen_at + interval '11 hours' FROM session")[0][0]
    assert logins.session_of(shop.connection, token, wall_at=late, prolong=False) is not None
    assert shop.rows("SELECT seen_at FROM session") == before
    assert logins.session_of(shop.connection, token, wall_at=late) is not None
    assert shop.rows("SELECT seen_at FROM session") != before


def test_a_stream_is_for_those_who_may_see_the_store(shop: Shop, port: int) -> None:
    assert _status(port, f"/stores/{STORE}/live", "") == 303
    assert _status(port, "/stores/another/live", log_in(shop)) == 404
    assert _status(port, f"/stores/{STORE}/live?probe=1", log_in(shop)) == 204


def test_pages_that_are_left_are_forgotten(shop: Shop, port: int, streams: ExitStack) -> None:
    token = log_in(shop)
    for _ in range(3):
        stream = _open(streams, port, token, _here(shop))
        stream.until(lambda page: page.down is not None)
        stream.close()
    asking = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
    patiently(lambda: shop.rows(asking)[0][0] == 1)


def _status(port: int, path: str, token: str, role: Role = "staff") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("GET", path, headers={"Cookie": f"liveshelf_session={token}"})
        return connection.getresponse().status
    finally:
        connection.close()
