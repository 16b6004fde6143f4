"""Frames are events a browser understands, whatever stands in them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from cloud.shelves.model import Heads
from dashboards.web.live.frame import BEAT, OPENING, RELOAD, Frame, ShopTime, encode
from tests.fakes.event_stream import events

HTML = st.text()


@given(st.dictionaries(HTML, HTML), st.lists(HTML), HTML)
def test_a_frame_is_one_event_whatever_text_is_in_it(parts: dict[str, str], now: list[str], down: str) -> None:
    (event,) = events(encode(Frame(parts=parts, now=tuple(now), down=down), "e.1.2"))
    assert (event.name, event.last_id) == ("frame", "e.1.2")
    expected = {name: value for name, value in (("parts", parts), ("now", now)) if value}
    assert event.data == {**expected, "down": down}


def test_what_did_not_change_is_left_out() -> None:
    (event,) = events(encode(Frame(clock=ShopTime(1_000, 20.0)), "e.1.2"))
    assert event.data == {"clock": {"shop_ms": 1_000, "rate": 20.0}}


def test_a_banner_that_is_gone_is_told() -> None:
    (event,) = events(encode(Frame(down=""), "e.1.2"))
    assert event.data == {"down": ""}


def test_a_frame_without_an_id_leaves_the_browser_where_it_is() -> None:
    first, second = events(encode(Frame(down="x"), "e.1.2") + encode(Frame(down="y"), None))
    assert (first.last_id, second.last_id) == ("e.1.2", "e.1.2")


def test_neither_the_opening_nor_a_beat_moves_the_id() -> None:
    heard = list(events(OPENING + BEAT + RELOAD, "e.1.2"))
    assert [(event.name, event.last_id) for event in heard] == [("beat", "e.1.2"), ("reload", "e.1.2")]


def test_weights_are_plain_rows() -> None:
    (event,) = events(encode(Frame(weights=(("b1-s1-l1", 1_700_000_000_000, 412.5),)), "e.1.2"))
    assert json.dumps(event.data) == '{"weights": [["b1-s1-l1", 1700000000000, 412.5]]}'


@given(st.text("0123456789abcdef-", min_size=8, max_size=8), st.integers(0, 2**59), st.integers(0, 2**59))
def test_the_id_a_browser_sends_back_says_what_the_frame_said(epoch: str, load_id: int, change: int) -> None:
    heads = Heads(epoch=epoch, load_id=load_id, change=change)
    (event,) = events(encode(Frame(down=""), heads.to_id()))
    assert Heads.parse(event.last_id) == heads
