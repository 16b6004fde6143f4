"""How much one load takes on."""

from __future__ import annotations

from gateway.pace import FIRST_MESSAGES, LOAD_S, Pace


def test_quick_loads_grow_up_to_what_the_settings_allow() -> None:
    pace = Pace(1_000)
    for _ in range(10):
        pace.done(pace.messages, LOAD_S / 10)
    assert pace.messages == 1_000


def test_a_load_that_took_too_long_is_followed_by_one_that_does_not() -> None:
    pace = Pace(1_000)
    pace.done(FIRST_MESSAGES, 8 * LOAD_S)
    assert pace.messages == FIRST_MESSAGES // 8


def test_a_message_that_takes_longer_than_a_load_may_is_taken_alone() -> None:
    pace = Pace(1_000)
    pace.done(1, 100 * LOAD_S)
    assert pace.messages == 1


def test_a_few_messages_on_a_quiet_line_say_nothing_about_many() -> None:
    pace = Pace(1_000)
    for _ in range(100):
        pace.done(1, 0.01)
    assert pace.messages == FIRST_MESSAGES
