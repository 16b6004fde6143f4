"""People are let in, thrown out and kept waiting, on a real database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from argon2 import PasswordHasher
from psycopg import Connection
from psycopg.rows import TupleRow

from cloud.access.login import model, passwords, service
from cloud.access.login.model import SESSIONS_MAX, Person, PersonRefused, csrf_of
from cloud.access.login.service import LoginRefused, LoginThrottled
from cloud.retention import forget
from database.connection import connect
from tests.fixtures.database import MIGRATED_AT

pytestmark = pytest.mark.database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PASSWORD = "a quiet teapot"
TILL = "192.0.2.7"
ELSEWHERE = "198.51.100.9"

Link = Connection[TupleRow]


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real Argon2id with the least of costs: what these tests are about takes no time."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture
def link(database_url: str) -> Iterator[Link]:
    with connect(database_url) as connection:
        yield connection


@pytest.fixture
def li(link: Link) -> Person:
    return add(link, "li")


def add(link: Link, login: str, *, password: str = PASSWORD, role: str = "staff") -> Person:
    return service.create_person(
        link, login=login, name=f"{login} of the shop", role=role, stores=["corner"], password=password, at=MIGRATED_AT
    )


def enter(link: Link, login: str = "li", password: str = PASSWORD, *, at: datetime = NOON, address: str = TILL) -> str:
    return service.log_in(link, login, password, address=address, wall_at=at)


def by_pin(link: Link, pin: str, *, at: datetime = NOON) -> str:
    return service.log_in_by_pin(link, pin, address=TILL, wall_at=at)


def fail(link: Link, times: int, login: str = "li", *, at: datetime = NOON, address: str = TILL) -> None:
    for _ in range(times):
        with pytest.raises(LoginRefused):
            enter(link, login, "not it", at=at, address=address)


def who(link: Link, token: str, *, at: datetime = NOON) -> str | None:
    session = service.session_of(link, token, wall_at=at)
    return session.person.login if session else None


def later(**time: float) -> datetime:
    return NOON + timedelta(**time)


def count(link: Link, table: str) -> int:
    with link.transaction():
        row = link.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_somebody_with_the_right_password_is_known_by_the_token(link: Link, li: Person) -> None:
    token = enter(link)
    session = service.session_of(link, token, wall_at=later(seconds=5))
    assert session is not None
    assert (session.person, session.csrf) == (li, csrf_of(token))
    assert enter(link) != token


@pytest.mark.usefixtures("li")
def test_a_log_in_name_may_be_typed_in_any_case_and_width(link: Link) -> None:
    assert who(link, enter(link, "  LI ")) == "li"
    assert who(link, enter(link, "Ｌｉ")) == "li", "as a Chinese keyboard may write it"


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("li", "not it"), ("li", ""), ("li", PASSWORD + "x" * 1000), ("wang", PASSWORD), ("", PASSWORD),
        ("l\x00i", PASSWORD), ("\ud800", "\ud800"), ("x" * 100_000, PASSWORD),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("li")
def test_whoever_is_wrong_is_told_nothing_more(link: Link, login: str, password: str) -> None:
    with pytest.raises(LoginRefused) as refused:
        enter(link, login, password)
    assert (refused.value.field, refused.value.code) == ("password", "wrong_password")


def test_an_unknown_name_costs_a_hash_too(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str | None] = []
    verify = passwords.verify

    def watched(hashed: str | None, password: str) -> bool:
        compared.append(hashed)
        return verify(hashed, password)

    monkeypatch.setattr(passwords, "verify", watched)
    fail(link, 1, "nobody")
    assert compared == [None], "compared with the hash of a password nobody has"


def test_only_hashes_are_kept(link: Link, li: Person) -> None:
    token, pin = enter(link), service.make_pin(link, li.login, wall_at=NOON)
    with link.transaction():
        kept = link.execute("SELECT p::text, s::text, l::text FROM person p, session s, login_pin l").fetchall()
    assert len(kept) == 1
    text = " ".join(str(cell) for cell in kept[0])
    assert "$argon2id$" in text
    assert not [secret for secret in (PASSWORD, token, token.encode().hex(), pin.encode().hex()) if secret in text]


def test_two_people_cannot_have_one_log_in_name(link: Link, li: Person) -> None:
    service.disable_person(link, li.login, at=MIGRATED_AT)
    with pytest.raises(PersonRefused) as refused:
        add(link, " Li")
    assert (refused.value.field, refused.value.code) == ("login", "login_taken")


def test_a_hash_of_other_costs_is_made_anew_when_its_person_comes(link: Link, li: Person) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    assert passwords.needs_rehash(cheap)
    with link.transaction():
        link.execute("UPDATE person SET password_hash = %s", (cheap,))
    assert who(link, enter(link)) == li.login
    with link.transaction():
        row = link.execute("SELECT password_hash FROM person").fetchone()
    assert row is not None
    assert not passwords.needs_rehash(row[0])
    assert who(link, enter(link)) == li.login


@pytest.mark.usefixtures("li")
def test_a_session_ends_twelve_hours_after_its_last_use(link: Link) -> None:
    token = enter(link)
    assert who(link, token, at=later(hours=11)) == "li"
    assert who(link, token, at=later(hours=22)) == "li"
    assert who(link, token, at=later(hours=34)) is None


@pytest.mark.usefixtures("li")
def test_a_session_ends_after_thirty_days_however_much_it_is_used(link: Link) -> None:
    token = enter(link)
    for half_days in range(1, 90):
        known = who(link, token, at=later(hours=8 * half_days))
        assert (known == "li") == (8 * half_days < 30 * 24)


@pytest.mark.usefixtures("li")
def test_the_use_of_a_session_is_written_once_a_minute(link: Link) -> None:
    token = enter(link)

    def version() -> tuple[object, ...] | None:
        with link.transaction():
            return link.execute("SELECT xmin::text, seen_at FROM session").fetchone()

    first = version()
    who(link, token, at=later(seconds=59))
    assert version() == first
    who(link, token, at=later(seconds=61))
    assert version() != first


@pytest.mark.usefixtures("li")
def test_a_log_out_ends_this_session_alone(link: Link) -> None:
    here, there = enter(link), enter(link)
    service.log_out(link, here)
    service.log_out(link, "no token of ours")
    assert (who(link, here), who(link, there)) == (None, "li")
    assert who(link, "no token of ours") is None


def test_a_new_password_ends_the_other_sessions_and_the_pin(link: Link, li: Person) -> None:
    here, there, pin = enter(link), enter(link), service.make_pin(link, "li", wall_at=NOON)
    service.set_password(link, " LI", "another teapot", keep=here)
    assert (who(link, here), who(link, there)) == (li.login, None)
    with pytest.raises(LoginRefused):
        by_pin(link, pin)
    fail(link, 1)
    assert who(link, enter(link, password="another teapot")) == li.login


def test_a_disabled_person_is_out_at_once_and_may_be_let_in_again(link: Link, li: Person) -> None:
    token, pin = enter(link), service.make_pin(link, "li", wall_at=NOON)
    service.disable_person(link, "li", at=MIGRATED_AT)
    assert who(link, token) is None
    with pytest.raises(LoginRefused):
        enter(link)
    with pytest.raises(LoginRefused):
        by_pin(link, pin)
    assert [person.disabled for person in service.people(link)] == [True]
    service.enable_person(link, "li")
    assert service.people(link) == [li]
    assert who(link, token) is None
    assert who(link, enter(link)) == "li"


def test_somebody_unknown_cannot_be_changed(link: Link) -> None:
    for change in (
        lambda: service.set_password(link, "wang", PASSWORD),
        lambda: service.disable_person(link, "wang", at=MIGRATED_AT),
        lambda: service.enable_person(link, "wang\x00"),
        lambda: service.make_pin(link, "wang", wall_at=NOON),
    ):
        with pytest.raises(PersonRefused) as refused:
            change()
        assert (refused.value.field, refused.value.code) == ("login", "login_unknown")


def test_the_language_somebody_chose_is_theirs_on_every_device(link: Link, li: Person) -> None:
    service.set_language(link, li.person_id, "zh-Hans")
    session = service.session_of(link, enter(link), wall_at=NOON)
    assert session is not None
    assert session.person.language == "zh-Hans"
    with pytest.raises(PersonRefused):
        service.set_language(link, li.person_id, "'; --")


@pytest.mark.usefixtures("li")
def test_the_oldest_session_gives_way_to_one_too_many(link: Link) -> None:
    first = enter(link)
    with link.transaction():
        link.execute(
            "INSERT INTO session SELECT sha256(n::text::bytea), person_id, %s, %s"
            " FROM person, generate_series(1, %s) n",
            (NOON, later(seconds=1), SESSIONS_MAX - 1),
        )
    assert who(link, first) == "li"
    newest = enter(link, at=later(seconds=2))
    assert (who(link, first, at=later(seconds=3)), who(link, newest, at=later(seconds=3))) == (None, "li")
    assert count(link, "session") == SESSIONS_MAX


@pytest.mark.usefixtures("li")
def test_after_five_wrong_passwords_even_the_right_one_waits(link: Link) -> None:
    fail(link, 5)
    with pytest.raises(LoginThrottled) as throttled:
        enter(link, at=later(seconds=10))
    assert throttled.value.retry_after_s == pytest.approx(20)
    assert throttled.value.headers["Retry-After"] == "20"
    assert who(link, enter(link, at=later(seconds=30))) == "li"
    fail(link, 4, at=later(seconds=31))
    assert who(link, enter(link, at=later(seconds=31))) == "li", "the count began anew"


@pytest.mark.usefixtures("li")
def test_the_log_tells_of_a_guesser_and_never_what_was_typed(link: Link, caplog: pytest.LogCaptureFixture) -> None:
    fail(link, 5, "typed here: a quiet teapot")
    told = [(record.levelname, record.__dict__["event"], record.__dict__["address"]) for record in caplog.records]
    assert told == [("INFO", "login_refused", TILL)] * 4 + [("WARNING", "login_throttled", TILL)]
    assert "teapot" not in str([record.__dict__ for record in caplog.records])


@pytest.mark.usefixtures("li")
def test_a_try_while_waiting_does_not_prolong_the_wait(link: Link) -> None:
    fail(link, 5)
    for second in range(1, 30):
        with pytest.raises(LoginThrottled):
            enter(link, at=later(seconds=second))
    assert who(link, enter(link, at=later(seconds=30))) == "li"


@pytest.mark.usefixtures("li")
def test_each_wrong_password_after_a_wait_doubles_the_next_up_to_a_quarter_of_an_hour(link: Link) -> None:
    fail(link, 4)
    at, waits = NOON, []
    for _ in range(8):
        fail(link, 1, at=at)
        with pytest.raises(LoginThrottled) as throttled:
            enter(link, at=at)
        waits.append(round(throttled.value.retry_after_s))
        at += timedelta(seconds=throttled.value.retry_after_s)
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


@pytest.mark.usefixtures("li")
def test_a_guesser_elsewhere_keeps_nobody_out(link: Link) -> None:
    fail(link, 5, address=ELSEWHERE)
    assert who(link, enter(link, address=TILL)) == "li"
    add(link, "wang")
    assert who(link, enter(link, "wang", address=ELSEWHERE)) == "wang"


@pytest.mark.usefixtures("li")
def test_one_address_that_tries_many_names_must_wait_too(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "verify", lambda hashed, given: hashed is not None and given == PASSWORD)
    for number in range(50):
        fail(link, 1, f"name-{number}", address=ELSEWHERE)
    with pytest.raises(LoginThrottled):
        enter(link, address=ELSEWHERE)
    assert who(link, enter(link, address=TILL)) == "li"
    assert who(link, enter(link, address=ELSEWHERE, at=later(seconds=30))) == "li"
    fail(link, 1, "name-51", address=ELSEWHERE, at=later(seconds=31))
    with pytest.raises(LoginThrottled):
        enter(link, address=ELSEWHERE, at=later(seconds=60))


def test_the_wait_outlives_a_restart_and_holds_in_every_process(database_url: str, link: Link, li: Person) -> None:
    fail(link, 5)
    with connect(database_url) as other, pytest.raises(LoginThrottled):
        enter(other, li.login)


def test_tries_made_at_once_do_not_pass_the_limit_together(database_url: str, link: Link, li: Person) -> None:
    outcomes: list[str] = []

    def attempt() -> None:
        with connect(database_url) as own:
            try:
                enter(own, li.login, "not it")
            except (LoginRefused, LoginThrottled) as error:
                outcomes.append(error.code)

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["login_throttled"] * 7 + ["wrong_password"] * 5
    assert count(link, "session") == 0


@pytest.mark.usefixtures("li")
def test_a_wrong_try_counts_whatever_the_caller_does_next(database_url: str) -> None:
    for _ in range(5):
        with pytest.raises(LoginRefused), connect(database_url) as own:
            enter(own, password="not it")
    with connect(database_url) as own, pytest.raises(LoginThrottled):
        enter(own)


@pytest.mark.usefixtures("li")
def test_a_connection_in_the_middle_of_something_lets_nobody_in(link: Link) -> None:
    link.execute("SELECT 1")
    with pytest.raises(psycopg.ProgrammingError):
        enter(link)


@pytest.mark.usefixtures("li")
def test_whoever_met_too_many_at_the_door_has_made_no_wrong_try(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(hashed: str | None, password: str) -> bool:
        raise passwords.HashingBusy

    with monkeypatch.context() as crowd:
        crowd.setattr(passwords, "verify", busy)
        for _ in range(20):
            with pytest.raises(LoginThrottled) as sent_away:
                enter(link)
            assert sent_away.value.code == "login_busy"
    assert who(link, enter(link)) == "li"


@pytest.mark.usefixtures("li")
def test_a_password_changed_while_it_is_looked_at_lets_nobody_in(
    database_url: str, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = passwords.verify

    def verify_slowly(hashed: str | None, password: str) -> bool:
        right = verify(hashed, password)
        with connect(database_url) as office:
            service.set_password(office, "li", "another teapot")
        return right

    monkeypatch.setattr(passwords, "verify", verify_slowly)
    with pytest.raises(LoginRefused):
        enter(link)
    assert count(link, "session") == 0


@pytest.mark.usefixtures("li")
def test_somebody_disabled_while_their_pin_is_looked_at_is_not_let_in(
    database_url: str, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin, pin_digest = service.make_pin(link, "li", wall_at=NOON), passwords.pin_digest

    def digest_slowly(typed: str, *, salt: str) -> bytes:
        with connect(database_url) as office:
            service.disable_person(office, "li", at=MIGRATED_AT)
        return pin_digest(typed, salt=salt)

    monkeypatch.setattr(passwords, "pin_digest", digest_slowly)
    with pytest.raises(LoginRefused):
        by_pin(link, pin)
    assert count(link, "session") == 0


def test_a_pin_lets_its_person_in_until_its_time_is_over(link: Link, li: Person) -> None:
    add(link, "wang")
    pin, other = service.make_pin(link, "li", wall_at=NOON), service.make_pin(link, "wang", wall_at=NOON)
    assert len(pin) == 6
    assert pin.isdecimal()
    assert who(link, by_pin(link, pin)) == li.login
    assert who(link, by_pin(link, pin, at=later(minutes=14))) == li.login, "a second phone"
    assert who(link, by_pin(link, other)) == "wang"
    with pytest.raises(LoginRefused) as refused:
        by_pin(link, pin, at=later(minutes=15))
    assert (refused.value.field, refused.value.code) == ("pin", "wrong_pin")


@pytest.mark.usefixtures("li")
def test_a_new_pin_replaces_the_one_before(link: Link) -> None:
    old, new = service.make_pin(link, "li", wall_at=NOON), service.make_pin(link, "li", wall_at=NOON)
    with pytest.raises(LoginRefused):
        by_pin(link, old if old != new else "")
    assert who(link, by_pin(link, new)) == "li"


@pytest.mark.usefixtures("li")
def test_two_people_never_have_the_same_pin(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    add(link, "wang")
    drawn = iter(["000001", "000001", "000002"])
    monkeypatch.setattr(model, "make_pin_text", lambda: next(drawn))
    assert service.make_pin(link, "li", wall_at=NOON) == "000001"
    assert service.make_pin(link, "wang", wall_at=NOON) == "000002"


def test_a_pin_for_longer_than_a_day_is_not_made(link: Link) -> None:
    with pytest.raises(ValueError, match="expected at most 1 day"):
        service.make_pin(link, "li", wall_at=NOON, lasts=timedelta(days=2))


@pytest.mark.usefixtures("li")
def test_wrong_pins_are_counted_together_and_a_right_one_clears_no_way(link: Link) -> None:
    pin = service.make_pin(link, "li", wall_at=NOON)
    for wrong in ("", "12345", "１２３４５６", "not it"):
        with pytest.raises(LoginRefused):
            by_pin(link, wrong)
    assert who(link, by_pin(link, pin)) == "li"
    with pytest.raises(LoginRefused):
        by_pin(link, "x")
    with pytest.raises(LoginThrottled) as throttled:
        by_pin(link, pin)
    assert throttled.value.retry_after_s == pytest.approx(30)
    assert who(link, enter(link)) == "li", "a password is not a PIN"
    assert who(link, by_pin(link, pin, at=later(seconds=30))) == "li"


@pytest.mark.usefixtures("li")
def test_what_is_over_is_forgotten(link: Link) -> None:
    token = enter(link)
    service.make_pin(link, "li", wall_at=NOON)
    fail(link, 1)

    def left(at: datetime) -> tuple[int, int, int]:
        forget(link, at=MIGRATED_AT, wall_at=at)
        return count(link, "session"), count(link, "login_pin"), count(link, "login_attempt")

    assert left(NOON) == (1, 1, 2)
    assert left(later(minutes=15)) == (1, 0, 2)
    assert left(later(hours=12)) == (0, 0, 2)
    assert left(later(hours=24)) == (0, 0, 0)
    assert who(link, token) is None
