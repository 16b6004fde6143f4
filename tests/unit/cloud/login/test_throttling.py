"""How long somebody who was wrong too often waits."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.access.login.throttling import (
    RULES,
    Rule,
    Tries,
    after_wrong,
    keys_of_login,
    keys_of_pin,
    place_of,
    wait_s,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NONE = Tries(level=0.0, counted_at=NOON)
DAY_S = 86_400.0

rules = st.sampled_from(list(RULES.values()))
pauses_s = st.lists(st.floats(min_value=0.0, max_value=2 * DAY_S), max_size=80)


def wrong(times: int, rule: Rule, *, at: datetime = NOON, tries: Tries = NONE) -> Tries:
    for _ in range(times):
        tries = after_wrong(tries, rule, at=at)
    return tries


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_wait_begins_with_the_last_free_try_and_doubles_up_to_a_quarter_of_an_hour(rule: Rule) -> None:
    waits = [wait_s(wrong(times, rule), rule, at=NOON) for times in range(rule.free + 8)]
    assert waits == [0.0] * rule.free + [30.0, 60.0, 120.0, 240.0, 480.0, 900.0, 900.0, 900.0]


def test_a_log_in_has_5_tries_a_pin_5_and_an_address_50() -> None:
    assert {scope: rule.free for scope, rule in RULES.items()} == {"login": 5, "address": 50, "pin": 5}


@given(rule=rules, pauses=pauses_s, later=st.floats(min_value=-DAY_S, max_value=DAY_S))
def test_nobody_ever_waits_longer_than_a_quarter_of_an_hour(rule: Rule, pauses: list[float], later: float) -> None:
    tries, at = NONE, NOON
    for pause in pauses:
        at += timedelta(seconds=pause)
        tries = after_wrong(tries, rule, at=at)
        assert wait_s(tries, rule, at=at) <= 900.0
    assert 0.0 <= wait_s(tries, rule, at=at + timedelta(seconds=later)) <= 900.0, "even if the clock is set back"
    assert wait_s(tries, rule, at=at + timedelta(seconds=900)) == 0.0


@given(rule=rules, pauses=pauses_s)
def test_another_wrong_try_never_shortens_the_wait(rule: Rule, pauses: list[float]) -> None:
    tries, at = NONE, NOON
    for pause in pauses:
        at += timedelta(seconds=pause)
        before, tries = wait_s(tries, rule, at=at), after_wrong(tries, rule, at=at)
        assert wait_s(tries, rule, at=at) >= before


@given(rule=rules, times=st.integers(min_value=0, max_value=200), quiet_s=st.floats(min_value=0.0, max_value=DAY_S))
def test_quiet_time_forgives(rule: Rule, times: int, quiet_s: float) -> None:
    busy, at = wrong(times, rule), NOON + timedelta(seconds=quiet_s)
    assert after_wrong(busy, rule, at=at).level <= after_wrong(busy, rule, at=NOON).level
    forgiven_by = NOON + timedelta(seconds=rule.level_max * rule.forgives_one_every_s)
    assert after_wrong(busy, rule, at=forgiven_by).level == pytest.approx(1.0)


@given(rule=rules, times=st.integers(min_value=0, max_value=200))
def test_a_clock_set_back_forgives_nothing_and_counts_nothing_twice(rule: Rule, times: int) -> None:
    tries = wrong(times, rule)
    assert after_wrong(tries, rule, at=NOON - timedelta(days=1)).level == after_wrong(tries, rule, at=NOON).level


def guesses(rule: Rule, days: int) -> int:
    """Count what somebody gets to try who tries again the moment it is allowed."""
    tries, at = NONE, NOON
    for made in itertools.count():
        at += timedelta(seconds=wait_s(tries, rule, at=at))
        if at >= NOON + timedelta(days=days):
            return made
        tries = after_wrong(tries, rule, at=at)
    raise AssertionError


def test_a_guesser_who_never_rests_finds_no_pin_in_a_day_but_by_a_chance_of_one_in_nine_thousand() -> None:
    assert guesses(RULES["pin"], days=1) <= 10**6 / 9_000


def test_a_guesser_who_never_rests_gets_a_hundred_tries_a_day_at_one_log_in() -> None:
    assert guesses(RULES["login"], days=30) <= 30 * 100


def test_a_guesser_at_many_log_ins_gets_no_more_than_a_few_hundred_tries_a_day_from_an_address() -> None:
    assert guesses(RULES["address"], days=30) <= 30 * 400


def test_forty_people_behind_one_address_may_mistype_all_day() -> None:
    rule, tries = RULES["address"], NONE
    for minute in range(0, 24 * 60, 6):
        tries = after_wrong(tries, rule, at=NOON + timedelta(minutes=minute))
        assert tries.blocked_until is None


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("fe80::1%eth0", "fe80::"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_addresses_of_one_place_count_as_one(address: str, place: str) -> None:
    assert place_of(address) == place


def test_what_is_counted_apart() -> None:
    here = keys_of_login("li", "192.0.2.7")
    assert [key.scope for key in here] == ["address", "login"], "in the order they are locked"
    assert here == keys_of_login("li", "::ffff:192.0.2.7")
    assert here[0] == keys_of_login("wang", "192.0.2.7")[0]
    assert here[1] != keys_of_login("wang", "192.0.2.7")[1]
    assert here[1] != keys_of_login("li", "192.0.2.8")[1]
    assert keys_of_pin() == keys_of_pin()


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_name_from_any_address_can_be_counted(login: str, address: str) -> None:
    assert all(len(key.subject) == 32 for key in keys_of_login(login + "\ud800", address))
