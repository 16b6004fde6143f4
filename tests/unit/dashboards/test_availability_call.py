"""The command beside an answer is one that works, whatever the SKU is called."""

from __future__ import annotations

import shlex
from urllib.parse import parse_qs, unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from dashboards.web.availability.call import availability_url, curl


def test_the_command_asks_the_host_the_visitor_uses_and_shows_no_key() -> None:
    url = availability_url("http://10.0.0.5:8080/", "COLA-330", "corner-shop")
    assert curl(url) == (
        "curl -H \"Authorization: Bearer $KEY\" \\\n  'http://10.0.0.5:8080/v1/availability/COLA-330?store=corner-shop'"
    )


@given(st.text(min_size=1).filter(lambda text: text.isprintable()), st.text(min_size=1))
def test_any_sku_reaches_the_api_as_it_is(sku: str, store: str) -> None:
    url = availability_url("http://shop", sku, store)
    assert shlex.split(curl(url).replace("\\\n", ""))[-1] == url
    parts = urlsplit(url)
    assert unquote(parts.path.removeprefix("/v1/availability/")) == sku
    assert parse_qs(parts.query, keep_blank_values=True)["store"] == [store]
