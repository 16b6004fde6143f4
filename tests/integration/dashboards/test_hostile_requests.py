"""Requests no browser of a well-meaning person sends: every one is answered, none as a mistake of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from dashboards.web.visit import LANGUAGE_COOKIE, SESSION_COOKIE, VISITOR_COOKIE
from tests.integration.cloud.shop import STORE, Shop
from tests.integration.dashboards.visitor import PASSWORD, PATH, LogIn, Visitor

pytestmark = pytest.mark.database

ODD = (
    "\x00", "'\"><script>", "%", "\u202e\u200f\u2028\x1b\ufffd", "9" * 40, "x" * 10_000, "a\r\nSet-Cookie: x=y",
    "%(n)s{{ 7*7 }}",
)  # fmt: skip
"""Values nobody expects in a field, a query or a path."""

AWAY = (
    "https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "\\\\elsewhere.example",
    "/\t/elsewhere.example",
    "/\n/elsewhere.example", "/ /elsewhere.example", "javascript:alert(1)//elsewhere.example", " //elsewhere.example",
    "/\r\nSet-Cookie: elsewhere.example=1", "elsewhere.example", "///elsewhere.example", "/\\/elsewhere.example",
)  # fmt: skip
"""What must not become an address a browser is sent to."""

FRAGMENTS = (
    "map?as={}", "map?as=table&show={}", "restock?about={}", "losses?about={}", "availability?search={}",
    "availability-list?search={}", "availability/{}", "availability-answer/{}", "shelves/{}", "shelves/{}/fresh",
    "shelves/{}/weights.json", "shelves/b1-s1/weights.json?span={}", "live?probe=1&lang={}", "live?probe=1&after={}",
    "labels?bay={}", "labels?bay=9&shelves={}", "labels?bay=9&places={}", "labels?bay=9&address={}",
)  # fmt: skip


def test_odd_values_in_addresses_are_answered(site: Visitor) -> None:
    paths = [f"{PATH}/{one}" for one in FRAGMENTS]
    paths += ["/people/{}", "/people/1?saved={}", "/account?saved={}", "/login?next={}", "/demo/said?said={}", "/{}"]
    for path in paths:
        for odd in ODD:
            answer = site.client.get(path.format(_quoted(odd)))
            assert answer.status_code < 500, f"{path} {odd!r}"
            assert "<script>" not in answer.text.replace('<script src="', "").replace('<script type="', "")


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def test_odd_values_in_forms_are_answered(shop: Shop, site: Visitor) -> None:
    doors = {
        "/login": ("login", "password", "next"),
        "/login/pin": ("pin",),
        "/language": ("language", "next"),
        "/account/password": ("new", "again"),
        "/people/new": ("login", "name", "role", "store:*", "password"),
        "/people/1/password": ("password",),
        f"{PATH}/tasks/none/done": ("units", "step", "nothing", "sure"),
        f"{PATH}/losses/none/done": ("units",),
    }
    for path, names in doors.items():
        for odd in ODD:
            answer = site.client.post(path, data={"csrf": site.csrf, **dict.fromkeys(names, odd)})
            assert answer.status_code < 500, f"{path} {odd!r}"
            assert "\n" not in answer.headers.get("location", "")


def test_no_form_and_no_address_sends_a_browser_elsewhere(site: Visitor) -> None:
    for away in AWAY:
        _stays_here(site, away)


def _stays_here(site: Visitor, away: str) -> None:
    answers = [
        site.client.get("/login", params={"next": away}),
        site.client.post("/language", data={"csrf": site.csrf, "language": "en", "next": away}),
        site.client.post("/language", data={"csrf": site.csrf, "language": away, "next": away}),
    ]
    for answer in answers:
        assert answer.status_code == 303
        assert answer.headers["location"] == "/", repr(away)
        assert "elsewhere" not in answer.headers.get("set-cookie", "")


def test_the_way_back_after_the_log_in_is_the_page_that_was_asked_for(site: Visitor) -> None:
    page = f"{PATH}/availability/50%25%20off%3F%2Fn%23%E4%B9%8C?x=1%262&y=%20"
    site.client.cookies.clear()
    back = site.client.get(page).headers["location"]
    form = site.client.get(back).text
    token = form.partition('name="csrf" value="')[2].partition('"')[0]
    asked = form.partition('name="next" value="')[2].partition('"')[0].replace("&amp;", "&")
    fields = {"csrf": token, "login": "admin-0", "password": PASSWORD, "next": asked}
    answer = site.client.post("/login", data=fields)
    assert answer.headers["location"].lower() == page.lower().replace("%2f", "/")


FORMS: dict[str, tuple[bytes, str, int]] = {
    "a file": (
        b'--x\r\nContent-Disposition: form-data; name="csrf"; filename="a"\r\n\r\nb\r\n--x--\r\n',
        "multipart/form-data; boundary=x", 400,
    ),
    "an odd charset": (
        b'--x\r\nContent-Disposition: form-data; name="next"\r\n\r\n\\ud800\r\n--x--\r\n',
        "multipart/form-data; boundary=x; charset=unicode_escape", 400,
    ),
    "JSON": (b'{"csrf": 1}', "application/json", 400),
    "no type": (b"csrf=1", "", 400),
    "a thousand fields": (b"&".join(b"f%d=1" % n for n in range(1_001)), "application/x-www-form-urlencoded", 400),
    "too large": (b"csrf=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
    "NUL": (b"csrf=%00", "application/x-www-form-urlencoded", 400),
    "broken UTF-8": (b"csrf=%ff%fe\xff\xfe&%ff=1", "application/x-www-form-urlencoded", 403),
    "broken escapes": (b"csrf=%zz%&&&===&", "application/x-www-form-urlencoded; charset=utf-7", 403),
    "nothing": (b"", "multipart/form-data", 403),
}  # fmt: skip


def test_a_form_no_page_of_ours_sends_is_refused_in_words(site: Visitor) -> None:
    for form, (body, kind, status) in FORMS.items():
        for path in ("/login", f"{PATH}/tasks/none/done"):
            answer = site.client.post(path, content=body, headers={"Content-Type": kind} if kind else {})
            assert answer.status_code == status, f"{form} to {path}"
            assert "<h1>" in answer.text


def test_a_body_without_end_is_not_kept(site: Visitor) -> None:
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1_000):
            sent += 1
            yield b"x" * 10_000

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert site.client.post("/login", content=body(), headers=kind).status_code == 413


COOKIES: tuple[str, ...] = (
    f"{VISITOR_COOKIE}=%00; {LANGUAGE_COOKIE}=xx", f'{VISITOR_COOKIE}="a\\012b"; {SESSION_COOKIE}="\\000"',
    f"{VISITOR_COOKIE}={'v' * 9_000}; {SESSION_COOKIE}={'s' * 9_000}", f"{SESSION_COOKIE}=;;;=;{VISITOR_COOKIE}",
    f"{VISITOR_COOKIE}=é\xff; {LANGUAGE_COOKIE}=zh-Hans\xff", f"{SESSION_COOKIE}={'A' * 43}; {SESSION_COOKIE}=b",
    "; ".join(f"c{n}=x" for n in range(3_000)),
)  # fmt: skip
"""What no cookie of ours looks like."""


def test_odd_cookies_are_a_visitor_without_any(site: Visitor) -> None:
    for cookie in COOKIES:
        _is_nobody(site, cookie)


def _is_nobody(site: Visitor, cookie: str) -> None:
    site.client.cookies.clear()
    answer = site.client.get("/login", headers={b"Cookie": cookie.encode("latin-1")})
    assert answer.status_code == 200
    given = answer.headers["set-cookie"]
    assert re.fullmatch(rf"{VISITOR_COOKIE}=[\w-]{{32}}; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax", given)
    assert site.client.get(f"{PATH}/map", headers={b"Cookie": cookie.encode("latin-1")}).status_code == 303


ODD_HEADERS: tuple[dict[str, str], ...] = (
    {"Accept-Language": "*;q=x, zh;q=nan, -, en-" + "x" * 999},
    {"Accept-Language": ",".join(["tlh;q=0.9"] * 2_000)},
    {"Accept-Language": "zh_Hans@@;q=1;q=2, ../../etc/passwd"}, {"Sec-Fetch-Site": "\xff"}, {"Host": "["},
    {"Host": "a'b\"<script>"}, {"Host": ""}, {"HX-Request": "\xff"}, {"Last-Event-ID": "\xff" * 500},
    {"Last-Event-ID": "e." + "9" * 19 + ".1"}, {"Cookie": "\xff"}, {"X-CSRF-Token": "\xff"},
)  # fmt: skip
"""What no browser sends, or one in a language we do not speak."""


def test_odd_headers_are_answered(site: Visitor) -> None:
    for headers in ODD_HEADERS:
        _is_answered(site, headers)


def _is_answered(site: Visitor, headers: dict[str, str]) -> None:
    sent = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    for path in (f"{PATH}/availability/tea", f"{PATH}/live?probe=1", "/login", "/no/such"):
        answer = site.client.get(path, headers=sent)
        assert answer.status_code < 500, path
        assert "<script>" not in answer.text
    assert site.client.post("/language", data={"language": "en"}, headers=sent).status_code < 500


PATHS: tuple[str, ...] = (
    "//", "//login", "/login//", "/./login", "/static/../../../../etc/passwd", "/static/0/../../pages.py",
    "/static/0/..%2f..%2fvisit.py", "/static/0/%2e%2e/%2e%2e/visit.py", "/static/0//etc/passwd", "/static/0/%00",
    "/static/0/..%5c..%5cvisit.py", "/static/0/" + "a" * 5_000, "/static/0/css", "/static/0/.", "/static//",
    f"/stores/{STORE}%2f..%2fother/map", "/stores//map", "/v1", "/v1x", "/%2e%2e/%2e%2e/etc/passwd", "/login%00",
    "/%ff%fe", "/people/1e3", "/people/１", "/people/-1", "/people/99999999999999999999",
)  # fmt: skip
"""Addresses of nothing, or of what nobody is to see."""


def test_odd_paths_lead_nowhere(site: Visitor) -> None:
    for path in PATHS:
        answer = site.client.get(path)
        assert answer.status_code in {303, 307, 401, 404, 405, 422}, path
        assert "import" not in answer.text
        assert "root:" not in answer.text


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE", "TRACE"])
def test_other_methods_do_nothing(site: Visitor, method: str) -> None:
    for path in (
        "/login",
        "/",
        f"{PATH}/map",
        f"{PATH}/live",
        f"{PATH}/tasks/none/take",
        "/people/1/disable",
        "/static/0/icon.svg",
    ):
        answer = site.client.request(method, path)
        assert answer.status_code == 405, path
        assert answer.headers["allow"] in {"GET", "POST", "GET, POST", "POST, GET"}


def test_cookies_are_for_encrypted_connections_where_there_is_one(log_in: LogIn) -> None:
    visitor = log_in("staff")
    visitor.client.base_url = visitor.client.base_url.copy_with(scheme="https")
    visitor.client.cookies.clear()
    page = visitor.client.get("/login")
    token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    assert page.headers["set-cookie"].endswith("; Secure")
    answer = visitor.client.post("/login", data={"csrf": token, "login": "staff-0", "password": PASSWORD})
    session = answer.headers["set-cookie"]
    assert re.fullmatch(
        rf"{SESSION_COOKIE}=[\w-]{{43}}; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax; Secure", session
    )


def test_a_language_cookie_is_one_of_ours(site: Visitor) -> None:
    answer = site.post("/language", language="zh-Hans", next="/account")
    assert answer.headers["set-cookie"].startswith(f"{LANGUAGE_COOKIE}=zh-Hans;")
    for odd in ("zh", "../x", "en\r\nSet-Cookie: a=b", ""):
        assert "set-cookie" not in site.post("/language", language=odd).headers
