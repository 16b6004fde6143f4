"""The buttons of the demo, on a site that was given a demo to talk to and on one that was not."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cloud.shop import Shop
from tests.integration.dashboards.visitor import PATH, LogIn, Visitor, opened

SWEPT = {"ok": True, "said": "sweep_began", "facts": {"shelf": "b1-s1", "units": 8}}


class Demo:
    """Stands for the demo: takes one line after the other and answers `answer`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answer: Any = SWEPT
        self.asked: list[Any] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            wire, _ = self._listener.accept()
            with wire, wire.makefile("rb") as lines:
                line = lines.readline()
                if not line:
                    return
                self.asked.append(json.loads(line))
                wire.sendall(json.dumps(self.answer).encode() + b"\n")

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as last:
            last.connect(str(self.path))
        self._thread.join()
        self._listener.close()


@pytest.fixture
def demo() -> Iterator[Demo]:
    with tempfile.TemporaryDirectory(prefix="ls-") as folder:  # the path of a socket must be short
        demo = Demo(Path(folder) / "c.sock")
        yield demo
        demo.close()


@pytest.fixture
def visitor(shop: Shop, demo: Demo) -> Iterator[Visitor]:
    with opened(shop, demo_control=str(demo.path)) as log_in:
        yield log_in("developer")


def test_a_button_says_in_place_what_it_did(visitor: Visitor, demo: Demo) -> None:
    answer = visitor.post("/demo/sweep", status=200, htmx=True)
    assert "Somebody is clearing Bay 1 · Shelf 1." in answer.text
    assert "<html" not in answer.text
    assert demo.asked == [{"do": "sweep"}]


def test_without_script_a_button_leads_to_what_it_did_and_back(visitor: Visitor) -> None:
    told = visitor.post("/demo/sweep", next=f"{PATH}/map?as=table").headers["location"]
    page = visitor.get(told)
    assert "Somebody is clearing Bay 1 · Shelf 1." in page
    assert f'href="{PATH}/map?as=table"' in page


def test_what_did_not_work_is_a_sentence_too(visitor: Visitor, demo: Demo) -> None:
    demo.answer = {"ok": False, "said": "broker_away", "facts": {}}
    assert "The broker is away already." in visitor.post("/demo/pull_broker", status=200, htmx=True).text


@pytest.mark.parametrize("answer", [None, [], {"ok": True}, "x" * 200])
def test_a_demo_that_talks_nonsense_is_told_in_a_sentence(visitor: Visitor, demo: Demo, answer: object) -> None:
    demo.answer = answer
    assert "The demo does not answer." in visitor.post("/demo/sweep", status=200, htmx=True).text


def test_a_demo_that_hangs_does_not_hold_the_pages(
    visitor: Visitor, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.web.demo.control._asking", threading.Semaphore(0))
    assert "Others are trying it" in visitor.post("/demo/sweep", status=200, htmx=True).text
    assert demo.asked == []


def test_there_are_only_the_buttons_one_sees(visitor: Visitor, demo: Demo) -> None:
    visitor.post("/demo/state", status=404)
    assert demo.asked == []


def test_a_button_needs_the_token_of_the_form(visitor: Visitor, demo: Demo) -> None:
    assert visitor.client.post("/demo/sweep").status_code == 403
    assert demo.asked == []


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"])
def test_the_way_back_never_leads_elsewhere(visitor: Visitor, back: str) -> None:
    assert "elsewhere" not in visitor.client.get("/demo/said", params={"said": "sweep_began", "next": back}).text


def test_every_page_of_the_store_shows_the_buttons(visitor: Visitor) -> None:
    page = visitor.get("map")
    for action in ("rush_hour", "sweep", "pull_broker", "unplug_scale"):
        assert f'action="/demo/{action}"' in page


def test_outside_of_a_demo_there_are_no_buttons(log_in: LogIn) -> None:
    admin = log_in("admin")
    assert "/demo/" not in admin.get("map")
    admin.post("/demo/sweep", status=404)
    admin.get("/demo/said", status=404)
