"""Roles and rights, log-in names, passwords, tokens: what is decided without a database."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.access.login import model
from cloud.access.login.model import RIGHTS, RIGHTS_OF, ROLES, Person, PersonRefused, Right, Role

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def person(role: Role = "staff", *stores: str) -> Person:
    return Person(person_id=1, login="li", name="Li", role=role, stores=frozenset(stores))


@pytest.mark.parametrize(
    ("right", "roles"),
    [
        ("shelves:see", set(ROLES)),
        ("availability:see", set(ROLES)),
        ("tasks:work", {"staff", "manager", "admin"}),
        ("losses:see", {"manager", "loss_prevention", "admin"}),
        ("system:see", {"installer", "manager", "admin"}),
        ("people:edit", {"admin"}),
    ],
)
def test_who_may_do_what(right: Right, roles: set[Role]) -> None:
    assert {role for role in ROLES if person(role).may(right)} == roles


def test_every_role_has_its_rights_and_every_right_somebody() -> None:
    assert set(RIGHTS_OF) == set(ROLES)
    assert frozenset().union(*RIGHTS_OF.values()) == set(RIGHTS)


def test_somebody_knows_their_own_stores_or_all_of_them() -> None:
    assert person("staff", "north", "south").knows("south")
    assert not person("admin", "north").knows("south"), "a role is for its stores only"
    assert person("staff", "*").knows("one to come")


@given(st.text(max_size=80))
def test_a_log_in_name_in_its_kept_form_stays_as_it_is(typed: str) -> None:
    kept = model.login_form(typed)
    assert model.login_form(kept) == kept
    assert model.login_form(f"  {typed.upper().lower()}\t") == model.login_form(typed.upper().lower())


@given(st.text(alphabet=st.characters(max_codepoint=0x24F), max_size=80))
def test_a_log_in_name_is_the_same_in_small_letters_and_capitals(typed: str) -> None:
    assert model.login_form(typed.upper()) == model.login_form(typed.upper().lower())


@given(st.text(max_size=200))
def test_a_log_in_name_is_taken_as_kept_or_refused_with_a_reason(typed: str) -> None:
    try:
        kept = model.check_login(typed)
    except PersonRefused as refused:
        assert refused.field == "login"
        assert refused.code in {"login_missing", "login_unusable"}
    else:
        assert 1 <= len(kept) <= 64
        assert kept == model.login_form(typed)
        kept.encode()


@pytest.mark.parametrize(
    ("typed", "code"),
    [("", "login_missing"), (" \t", "login_missing"), ("x" * 65, "login_unusable"), ("l\x00i", "login_unusable"),
     ("l\ni", "login_unusable")],
)  # fmt: skip
def test_what_is_no_log_in_name_is_refused(typed: str, code: str) -> None:
    with pytest.raises(PersonRefused) as refused:
        model.check_login(typed)
    assert refused.value.code == code


def test_a_name_is_free_text() -> None:
    for name in ("李 Müller-O'Hara, Jr.", "Chef \U0001f469\u200d\U0001f373", "نرگس\u200cسادات"):
        assert model.check_name(f"  {name} ") == name
    for typed, code in (
        (" ", "name_missing"),
        ("\ud800", "name_unusable"),
        ("x" * 201, "name_unusable"),
        ("a\x1b[2J", "name_unusable"),
    ):
        with pytest.raises(PersonRefused) as refused:
            model.check_name(typed)
        assert refused.value.code == code


def test_a_role_nobody_knows_and_no_store_are_refused() -> None:
    assert model.check_role("loss_prevention") == "loss_prevention"
    assert model.check_stores(["b", "a", "b"]) == ["a", "b"]
    with pytest.raises(PersonRefused, match="role: found 'root', expected one of staff"):
        model.check_role("root")
    with pytest.raises(PersonRefused, match="stores: found none"):
        model.check_stores([])


@given(st.text(min_size=8, max_size=256))
def test_any_password_of_8_to_256_characters_will_do_but_the_first_guessed(typed: str) -> None:
    password = unicodedata.normalize("NFKC", typed)
    try:
        assert model.check_password(typed, login="li") == password
    except PersonRefused as refused:
        too_long, too_short = len(password) > 256, len(password) < 8
        common = password.casefold() in model.PASSWORDS_BLOCKED
        assert {"password_too_long": too_long, "password_too_short": too_short}.get(refused.code, common)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "password_too_short"), ("7 signs", "password_too_short"), ("密" * 7, "password_too_short"),
        ("x" * 257, "password_too_long"), ("PassWord", "password_too_common"), ("88888888", "password_too_common"),
        ("Li.Wang.7", "password_too_common"),
    ],
)  # fmt: skip
def test_a_password_that_will_not_do_is_refused(typed: str, code: str) -> None:
    with pytest.raises(PersonRefused) as refused:
        model.check_password(typed, login="li.wang.7")
    assert (refused.value.field, refused.value.code) == ("password", code)


def test_a_password_is_the_same_from_every_keyboard_and_keeps_its_spaces() -> None:
    composed, decomposed = "caf\u00e9 au lait", "cafe\u0301 au lait"
    assert model.check_password(composed, login="li") == model.check_password(decomposed, login="li")
    assert model.check_password(" eight ch ", login="li") == " eight ch "


def test_no_blocked_password_is_one_that_is_too_short_anyway() -> None:
    assert all(len(password) >= 8 and password == password.casefold() for password in model.PASSWORDS_BLOCKED)


@pytest.mark.parametrize("tag", [None, "en", "zh-Hans", "zh-Hant-HK"])
def test_a_language_is_a_tag(tag: str | None) -> None:
    assert model.check_language(tag) == tag


@pytest.mark.parametrize("tag", ["", "x", "en_GB", "en-", "en\n", "../zh"])
def test_what_is_no_language_tag_is_refused(tag: str) -> None:
    with pytest.raises(PersonRefused):
        model.check_language(tag)


def test_a_token_is_256_random_bits_and_known_by_its_digest() -> None:
    token, other = model.make_token(), model.make_token()
    assert token != other
    assert model.token_digest(token) == hashlib.sha256(token.encode()).digest()


@given(st.text(max_size=60))
def test_what_is_no_token_has_no_digest(typed: str) -> None:
    assert model.token_digest(f"{typed}!") is None
    assert model.token_digest(f"{model.make_token()}\n") is None


def test_the_forms_of_two_sessions_carry_different_proofs() -> None:
    token, other = model.make_token(), model.make_token()
    assert model.csrf_of(token) == hmac.digest(token.encode(), b"csrf", "sha256").hex()
    assert model.csrf_of(token) == model.csrf_of(token) != model.csrf_of(other)
    assert token not in model.csrf_of(token)


def test_a_pin_is_six_digits() -> None:
    assert all(model.is_pin(model.make_pin_text()) for _ in range(200))
    assert not [
        typed for typed in ("", "12345", "1234567", "12345a", "１２３４５６", " 12345", "12345²") if model.is_pin(typed)
    ]


@given(
    idle=st.timedeltas(min_value=timedelta(minutes=-5), max_value=timedelta(days=40)),
    age=st.timedeltas(min_value=timedelta(minutes=-5), max_value=timedelta(days=40)),
)
def test_a_session_lives_while_it_is_used_and_a_month_at_most(idle: timedelta, age: timedelta) -> None:
    live = model.is_live(made_at=NOON - age, seen_at=NOON - idle, wall_at=NOON)
    assert live == (idle < timedelta(hours=12) and age < timedelta(days=30))
